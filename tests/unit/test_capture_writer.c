/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in comes out again; and outputs that cannot take it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "format/capture_reader.h"
#include "format/capture_writer.h"

static Gilwait__Capture__Header header_message(void)
{
    static char writer[] = "gilwait 0.1.0", kernel[] = "6.1.0";
    Gilwait__Capture__Header header;

    gilwait__capture__header__init(&header);
    header.writer = writer;
    header.kernel = kernel;
    header.rate_hz = 1000;
    header.realtime_ns = 1u << 31;
    return header;
}

/* Data with one string of len times `letter`. */
static int write_string(struct gw_capture_writer *writer, bool keyframe, char letter, size_t len)
{
    Gilwait__Capture__Data data = GILWAIT__CAPTURE__DATA__INIT;
    Gilwait__Capture__Strings strings = GILWAIT__CAPTURE__STRINGS__INIT;
    char *value = malloc(len + 1);
    uint64_t seed = (uint64_t)letter;

    assert_non_null(value);
    /* Letters that do not compress, unless all are to be the same. */
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        value[i] = letter == '?' ? (char)(' ' + (seed >> 40) % 64) : letter;
    }
    value[len] = 0;
    strings.first_id = 1;
    strings.values = &value;
    strings.n_values = 1;
    data.strings = &strings;
    int rc = keyframe ? gw_capture_writer_keyframe(writer, &data)
                      : gw_capture_writer_data(writer, &data);
    free(value);
    return rc;
}

static void assert_next_string(struct gw_capture_reader *reader, enum gw_chunk_kind kind,
                               char first, size_t len)
{
    struct gw_chunk chunk;

    assert_int_equal(gw_capture_reader_next(reader, &chunk), 1);
    assert_int_equal(chunk.kind, kind);
    assert_non_null(chunk.data);
    assert_null(chunk.header);
    assert_int_equal(chunk.data->strings->first_id, 1);
    assert_int_equal(strlen(chunk.data->strings->values[0]), len);
    if (first)
        assert_int_equal(chunk.data->strings->values[0][0], first);
}

static void test_round_trip(void **state)
{
    int fd = memfd_create("capture", MFD_CLOEXEC);
    int again = dup(fd);
    struct gw_capture_writer *writer;
    Gilwait__Capture__Header header = header_message();
    Gilwait__Capture__End end = GILWAIT__CAPTURE__END__INIT;

    (void)state;
    end.reason = GILWAIT__CAPTURE__END__REASON__SIGNAL;
    end.ticks = 42;
    assert_int_equal(gw_capture_writer_new(fd, &writer), 0);
    assert_int_equal(gw_capture_writer_header(writer, &header), 0);
    assert_int_equal(write_string(writer, false, 'a', 100000), 0);
    assert_int_equal(write_string(writer, true, '?', 100000), 0);
    assert_int_equal(write_string(writer, false, 'b', 3), 0);
    assert_int_equal(gw_capture_writer_end(writer, &end), 0);
    uint64_t bytes = gw_capture_writer_bytes(writer);
    assert_int_equal(gw_capture_writer_free(writer), 0);
    assert_int_equal(lseek(again, 0, SEEK_END), bytes);
    /* The letters that repeat were compressed. */
    assert_in_range(bytes, 60000, 100500);
    assert_int_equal(lseek(again, 0, SEEK_SET), 0);

    struct gw_capture_reader *reader;
    struct gw_chunk chunk;
    assert_int_equal(gw_capture_reader_new(again, &reader), 0);
    assert_int_equal(gw_capture_reader_next(reader, &chunk), 1);
    assert_int_equal(chunk.kind, GW_CHUNK_HEADER);
    assert_string_equal(chunk.header->writer, "gilwait 0.1.0");
    assert_int_equal(chunk.header->realtime_ns, 1u << 31);
    assert_next_string(reader, GW_CHUNK_DATA, 'a', 100000);
    assert_next_string(reader, GW_CHUNK_KEYFRAME, 0, 100000);
    assert_next_string(reader, GW_CHUNK_DATA, 'b', 3);
    assert_int_equal(gw_capture_reader_next(reader, &chunk), 1);
    assert_int_equal(chunk.end->ticks, 42);
    assert_int_equal(chunk.end->reason, GILWAIT__CAPTURE__END__REASON__SIGNAL);
    assert_int_equal(gw_capture_reader_next(reader, &chunk), 0);
    assert_int_equal(gw_capture_reader_offset(reader), bytes);
    gw_capture_reader_free(reader);
}

static void test_too_large_a_message_is_refused_and_nothing_written(void **state)
{
    struct gw_capture_writer *writer;

    (void)state;
    assert_int_equal(gw_capture_writer_new(open("/dev/null", O_WRONLY), &writer), 0);
    assert_int_equal(write_string(writer, false, '?', GW_MAX_CHUNK_PAYLOAD), -GW_E_LIMIT);
    assert_int_equal(gw_capture_writer_bytes(writer), 16);
    assert_int_equal(write_string(writer, false, '?', GW_MAX_CHUNK_PAYLOAD - 16), 0);
    assert_int_equal(gw_capture_writer_free(writer), 0);
}

static void test_a_full_disk_is_told_and_remembered(void **state)
{
    struct gw_capture_writer *writer = NULL;
    const struct rlimit small = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    char path[] = "/tmp/gilwait-test-XXXXXX";

    (void)state;
    assert_int_equal(gw_capture_writer_new(open("/dev/full", O_WRONLY), &writer), -ENOSPC);

    /* As a disk that takes part of a chunk. */
    signal(SIGXFSZ, SIG_IGN);
    int fd = mkstemp(path);
    unlink(path);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(gw_capture_writer_new(fd, &writer), 0);
    assert_int_equal(write_string(writer, false, 'b', 3), 0);
    assert_int_equal(write_string(writer, false, '?', 5000), -EFBIG);
    assert_int_equal(write_string(writer, false, 'b', 3), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(write_string(writer, false, 'b', 3), -EFBIG);
    assert_int_equal(gw_capture_writer_bytes(writer), 1000);
    assert_int_equal(gw_capture_writer_free(writer), -EFBIG);
}

static void test_a_closed_pipe_is_told(void **state)
{
    struct gw_capture_writer *writer = NULL;
    int ends[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(gw_capture_writer_new(ends[1], &writer), -EPIPE);
    assert_int_equal(gw_capture_writer_free(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_too_large_a_message_is_refused_and_nothing_written),
        cmocka_unit_test(test_a_full_disk_is_told_and_remembered),
        cmocka_unit_test(test_a_closed_pipe_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
