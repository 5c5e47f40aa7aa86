/* SPDX-License-Identifier: Apache-2.0 */
/* Damage of every kind: cut at each byte, each byte changed, foreign and hostile chunks. What the
 * reader gives out before it says so is what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "format/capture_reader.h"
#include "support/capture_text.h"

#define MAX_BYTES 4096u
#define MAX_CHUNKS 8u

struct bytes {
    uint8_t at[MAX_BYTES];
    size_t len;
};

/* The chunks of a capture, packed again so that they can be compared. */
struct content {
    uint8_t kind[MAX_CHUNKS];
    uint32_t crc[MAX_CHUNKS];
    uint64_t end_offset[MAX_CHUNKS];
    size_t n;
    int result; /* of the last read: 0 at a clean end */
    uint64_t offset;
};

static int bytes_fd(const struct bytes *bytes)
{
    int fd = memfd_create("capture", MFD_CLOEXEC);

    assert_int_equal(write(fd, bytes->at, bytes->len), (ssize_t)bytes->len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static uint32_t message_crc(const ProtobufCMessage *message)
{
    uint8_t packed[MAX_BYTES];

    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof packed);
    return gw_crc32c(0, packed, protobuf_c_message_pack(message, packed));
}

static struct content read_all(const struct bytes *bytes)
{
    struct content content = {0};
    struct gw_capture_reader *reader = NULL;
    struct gw_chunk chunk;

    content.result = gw_capture_reader_new(bytes_fd(bytes), &reader);
    if (content.result < 0)
        return content;
    while ((content.result = gw_capture_reader_next(reader, &chunk)) > 0) {
        const ProtobufCMessage *message = chunk.header ? &chunk.header->base
                                          : chunk.data ? &chunk.data->base
                                                       : &chunk.end->base;
        assert_true(content.n < MAX_CHUNKS);
        content.kind[content.n] = (uint8_t)chunk.kind;
        content.crc[content.n] = message_crc(message);
        content.end_offset[content.n++] = gw_capture_reader_offset(reader);
    }
    content.offset = gw_capture_reader_offset(reader);
    /* It stays where it stopped. */
    assert_int_equal(gw_capture_reader_next(reader, &chunk), content.result);
    gw_capture_reader_free(reader);
    return content;
}

static struct bytes small_capture(void)
{
    static const char text[] = "header rate=1000 kernel=6.1.0\n"
                               "process 0 pid=1 exe=/usr/bin/python3 python=3.12.1\n"
                               "thread 0 tid=1 name=MainThread\nthread 1 tid=2 name=worker\n"
                               "gil 0\nfunction 1 f /srv/app/f.py 1\nstack 1 0 1 3\nwrite\n"
                               "block start=5 ticks=200 dt=1000000\n"
                               "track 0 0:gil-running:1\ntrack 1 0:gil-wait:1 3:io-wait:1\n"
                               "holders 0 0:0\nwrite\nend duration\n";
    struct bytes bytes;
    int fd = capture_text_memfd(text);
    ssize_t n = read(fd, bytes.at, sizeof bytes.at);

    assert_true(n > 100 && n < (ssize_t)sizeof bytes.at);
    bytes.len = (size_t)n;
    close(fd);
    return bytes;
}

/* All chunks of `part` are the first ones of `whole`. */
static void assert_beginning(const struct content *part, const struct content *whole)
{
    assert_true(part->n <= whole->n);
    for (size_t i = 0; i < part->n; i++) {
        assert_int_equal(part->kind[i], whole->kind[i]);
        assert_int_equal(part->crc[i], whole->crc[i]);
    }
}

static void test_cut_at_every_byte(void **state)
{
    const struct bytes whole = small_capture();
    const struct content content = read_all(&whole);

    (void)state;
    assert_int_equal(content.result, 0);
    assert_int_equal(content.n, 4);
    for (size_t len = 0; len < whole.len; len++) {
        struct bytes part = whole;
        part.len = len;
        struct content got = read_all(&part);
        size_t expected = 0;
        bool clean = len == 16;
        while (expected < content.n && content.end_offset[expected] <= len)
            clean |= content.end_offset[expected++] == len;
        assert_beginning(&got, &content);
        assert_int_equal(got.n, expected);
        assert_int_equal(got.result, clean ? 0 : -GW_E_TRUNCATED);
    }
}

static void test_every_byte_changed(void **state)
{
    const struct bytes whole = small_capture();
    const struct content content = read_all(&whole);
    static const uint8_t flips[] = {0x01, 0x80, 0xff};

    (void)state;
    for (size_t at = 0; at < whole.len; at++)
        for (size_t i = 0; i < sizeof flips; i++) {
            struct bytes part = whole;
            part.at[at] ^= flips[i];
            struct content got = read_all(&part);
            assert_beginning(&got, &content);
            /* Only flags and reserved bytes of the file's head mean nothing. */
            if (at < 10 || at >= 16)
                assert_true(got.result < 0);
            for (size_t c = 0; c < content.n; c++)
                if (at >= 16 && at >= content.end_offset[c])
                    assert_true(got.n > c);
        }
}

static void append_chunk(struct bytes *bytes, uint8_t kind, uint8_t codec, const void *payload,
                         size_t len)
{
    struct gw_chunk_head head = {.payload_len = (uint32_t)len, .kind = kind, .codec = codec};

    assert_true(bytes->len + sizeof head + len <= sizeof bytes->at);
    head.crc = gw_chunk_crc(head, payload);
    memcpy(bytes->at + bytes->len, &head, sizeof head);
    memcpy(bytes->at + bytes->len + sizeof head, payload, len);
    bytes->len += sizeof head + len;
}

static void test_unknown_kinds_are_skipped(void **state)
{
    struct bytes bytes = small_capture();

    (void)state;
    append_chunk(&bytes, 77, 9, "whatever", 8);
    append_chunk(&bytes, GW_CHUNK_DATA, GW_CODEC_NONE, "", 0);
    struct content content = read_all(&bytes);
    assert_int_equal(content.result, 0);
    assert_int_equal(content.n, 5);
    assert_int_equal(content.kind[4], GW_CHUNK_DATA);
    assert_int_equal(content.offset, bytes.len);
}

static void test_a_codec_of_later_days_is_told(void **state)
{
    struct bytes bytes = small_capture();

    (void)state;
    append_chunk(&bytes, GW_CHUNK_DATA, 9, "whatever", 8);
    struct content content = read_all(&bytes);
    assert_int_equal(content.n, 4);
    assert_int_equal(content.result, -GW_E_CODEC);
}

static void test_bytes_that_are_no_message(void **state)
{
    struct bytes bytes = small_capture();

    (void)state;
    append_chunk(&bytes, GW_CHUNK_DATA, GW_CODEC_NONE, "\xff\xff\xff\xff", 4);
    assert_int_equal(read_all(&bytes).result, -GW_E_BAD_DATA);
    bytes = small_capture();
    append_chunk(&bytes, GW_CHUNK_DATA, GW_CODEC_ZSTD, "no frame", 8);
    assert_int_equal(read_all(&bytes).result, -GW_E_BAD_DATA);
}

static void test_a_length_beyond_the_limit(void **state)
{
    struct bytes bytes = small_capture();
    const struct gw_chunk_head head = {.payload_len = GW_MAX_CHUNK_PAYLOAD + 1,
                                       .kind = GW_CHUNK_DATA};

    (void)state;
    memcpy(bytes.at + bytes.len, &head, sizeof head);
    bytes.len += sizeof head;
    assert_int_equal(read_all(&bytes).result, -GW_E_BAD_DATA);
}

/* A few bytes that unpack to 2 MiB, and a message of so many parts that they fill memory. */
static void test_bombs(void **state)
{
    size_t len = (size_t)2 << 20;
    uint8_t *zeros = calloc(1, len);
    uint8_t frame[2048];

    (void)state;
    assert_non_null(zeros);
    size_t packed = ZSTD_compress(frame, sizeof frame, zeros, len, 3);
    assert_false(ZSTD_isError(packed));
    struct bytes bytes = small_capture();
    append_chunk(&bytes, GW_CHUNK_DATA, GW_CODEC_ZSTD, frame, packed);
    assert_int_equal(read_all(&bytes).result, -GW_E_BAD_DATA);

    /* Field 8 (blocks), an empty message, again and again: two bytes become 200. */
    for (size_t i = 0; i + 1 < GW_MAX_CHUNK_PAYLOAD; i += 2)
        zeros[i] = 8u << 3 | 2u;
    packed = ZSTD_compress(frame, sizeof frame, zeros, GW_MAX_CHUNK_PAYLOAD, 3);
    assert_false(ZSTD_isError(packed));
    bytes = small_capture();
    append_chunk(&bytes, GW_CHUNK_DATA, GW_CODEC_ZSTD, frame, packed);
    assert_int_equal(read_all(&bytes).result, -GW_E_BAD_DATA);
    free(zeros);
}

static void test_heads_of_files(void **state)
{
    struct bytes bytes = small_capture();

    (void)state;
    bytes.at[8] = GW_CAPTURE_MAJOR + 1;
    assert_int_equal(read_all(&bytes).result, -GW_E_FORMAT_VERSION);
    bytes = (struct bytes){.at = "GIF89a, and so on for a while", .len = 29};
    assert_int_equal(read_all(&bytes).result, -GW_E_NOT_CAPTURE);
    bytes.len = 1;
    assert_int_equal(read_all(&bytes).result, -GW_E_NOT_CAPTURE);
    bytes.len = 0;
    assert_int_equal(read_all(&bytes).result, -GW_E_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_unknown_kinds_are_skipped),
        cmocka_unit_test(test_a_codec_of_later_days_is_told),
        cmocka_unit_test(test_bytes_that_are_no_message),
        cmocka_unit_test(test_a_length_beyond_the_limit),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_heads_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
