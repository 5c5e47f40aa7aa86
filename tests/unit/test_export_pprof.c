/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles unpacked again: the sums that must hold, and the rules of strict readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "export/export.h"
#include "export/pprof_samples.h"
#include "model/selection.h"
#include "pprof.pb-c.h"
#include "support/capture_text.h"

#define MS 1000000
#define PLAIN_BYTES ((size_t)1 << 20)

typedef Perftools__Profiles__Profile profile;
typedef Perftools__Profiles__Sample profile_sample;

/* Two processes; in the first a sub-interpreter too. Thread 1 waits behind two places of the
 * builder, nobody and somebody unknown; thread 4 is stopped for a while. */
static const char capture[] =
    "header rate=1000 cpus=2 realtime=1790000000000000000 monotonic=5000000000\n"
    "process 0 pid=100 python=3.12.1 exe=/usr/bin/python3.12\n"
    "process 1 pid=200 python=3.12.1 exe=/usr/bin/python3.12\n"
    "thread 0 tid=100 name=builder\nthread 1 tid=101 name=worker\n"
    "thread 2 tid=102 name=\"sub\\x1b\"\nthread 3 tid=103\n"
    "thread 4 process=1 tid=200 name=other\n"
    "gil 0\ngil 1 interpreter=1\ngil 2 process=1\n"
    "function 1 \"<module>\" /srv/app/main.py 1\n"
    "function 2 build \"/srv/app/bui\\nld.py\" 80\n"
    "stack 1 0 1 5\nstack 2 1 2 86\nstack 3 1 2 87\n"
    "block start=6000000000 ticks=10 dt=1000000\n"
    "track 0 0:gil-running:2 3:gil-queued:3 8:native:3\n"
    "track 1 0:gil-wait:1 7:gil-handoff:1 9:io-wait:0\n"
    "track 2 0:gil-running:1:1 6:sleep:1\n"
    "track 3 0:gil-wait:0:1 5:lock-wait:0\n"
    "holders 0 switches=1 interval=5000 0:0 5:unknown 6:0 8:nobody\n"
    "holders 1 switches=1 interval=5000 0:2 6:nobody\n"
    "block process=1 start=6000000000 ticks=10 dt=1000000\n"
    "track 4 0:gil-running:1:2 5:stopped:1\n"
    "holders 2 switches=1 interval=5000 0:4 5:nobody\n"
    "write\nend duration\n";

static struct gw_model *model_of(const char *text)
{
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};

    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, &diag), 0);
    return model;
}

static profile *profile_of(const struct gw_model *model, const char *value)
{
    const struct gw_export_options options = {.value = value};
    GW_AUTO_FREE char *packed = NULL;
    size_t n_packed = 0;
    FILE *out = open_memstream(&packed, &n_packed);

    assert_non_null(out);
    assert_int_equal(gw_exporter_find("pprof")->write(model, &options, out), 0);
    assert_int_equal(fclose(out), 0);

    GW_AUTO_FREE uint8_t *plain = malloc(PLAIN_BYTES);
    assert_non_null(plain);
    z_stream stream = {.next_in = (Bytef *)packed,
                       .avail_in = (uInt)n_packed,
                       .next_out = plain,
                       .avail_out = (uInt)PLAIN_BYTES};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    inflateEnd(&stream);
    profile *unpacked = perftools__profiles__profile__unpack(NULL, stream.total_out, plain);
    assert_non_null(unpacked);
    return unpacked;
}

static const char *text_of(const profile *p, int64_t index)
{
    assert_true(index >= 0 && (size_t)index < p->n_string_table);
    return p->string_table[index];
}

/* The text of a label, or NULL if it is not there. */
static const char *label_of(const profile *p, const profile_sample *sample, const char *key)
{
    for (size_t i = 0; i < sample->n_label; i++)
        if (strcmp(text_of(p, sample->label[i]->key), key) == 0)
            return text_of(p, sample->label[i]->str);
    return NULL;
}

static int64_t number_of(const profile *p, const profile_sample *sample, const char *key)
{
    for (size_t i = 0; i < sample->n_label; i++)
        if (strcmp(text_of(p, sample->label[i]->key), key) == 0)
            return sample->label[i]->num;
    return -1;
}

static int64_t sum_of(const profile *p, unsigned value)
{
    int64_t sum = 0;

    for (size_t i = 0; i < p->n_sample; i++)
        sum += p->sample[i]->value[value];
    return sum;
}

/* Of a thread in the line of its leaf frame. */
static int64_t value_at(const profile *p, const char *thread, int64_t line, unsigned value)
{
    int64_t sum = 0;

    for (size_t i = 0; i < p->n_sample; i++) {
        const profile_sample *sample = p->sample[i];
        if (strcmp(label_of(p, sample, "thread_name"), thread) == 0 &&
            p->location[sample->location_id[0] - 1]->line[0]->line == line)
            sum += sample->value[value];
    }
    return sum;
}

static void test_value_types_in_order(void **state)
{
    (void)state;
    static const char *const types[] = {"samples",  "wall",      "cpu",
                                        "gil_hold", "gil_blame", "gil_wait"};
    struct gw_model *model = model_of(capture);
    profile *p = profile_of(model, NULL);

    assert_int_equal(p->n_sample_type, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(text_of(p, p->sample_type[i]->type), types[i]);
        assert_string_equal(text_of(p, p->sample_type[i]->unit), i ? "nanoseconds" : "count");
    }
    assert_string_equal(text_of(p, p->default_sample_type), "gil_wait");
    assert_int_equal(p->time_nanos, 1790000001000000000);
    assert_int_equal(p->duration_nanos, 10 * MS);
    assert_int_equal(p->period, MS);
    assert_string_equal(text_of(p, p->period_type->type), "wall");
    assert_int_equal(p->n_comment, 1);
    assert_non_null(strstr(text_of(p, p->comment[0]), "20 ticks"));
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

/* The law of blame, and the sums of the model. */
static void test_sums(void **state)
{
    (void)state;
    struct gw_model *model = model_of(capture);
    profile *p = profile_of(model, NULL);
    uint64_t ticks = 0, wall = 0;
    int64_t nobody = 0;

    for (size_t i = 0; i < model->n_threads; i++) {
        ticks += model->threads[i].ticks;
        wall += model->threads[i].wall_ns;
    }
    for (size_t i = 0; i < p->n_sample; i++)
        if (label_of(p, p->sample[i], "gil_holder") &&
            !label_of(p, p->sample[i], "gil_holder_thread"))
            nobody += p->sample[i]->value[GW_PPROF_GIL_WAIT];
    assert_int_equal(sum_of(p, GW_PPROF_GIL_WAIT), gw_model_total_wait_ns(model));
    assert_int_equal(sum_of(p, GW_PPROF_GIL_WAIT), 14 * MS);
    assert_int_equal(nobody, 2 * MS);
    assert_int_equal(sum_of(p, GW_PPROF_GIL_BLAME) + nobody, sum_of(p, GW_PPROF_GIL_WAIT));
    assert_int_equal(sum_of(p, GW_PPROF_SAMPLES), ticks);
    assert_int_equal(sum_of(p, GW_PPROF_WALL), wall);
    assert_int_equal(sum_of(p, GW_PPROF_CPU), (3 + 2 + 6 + 5) * MS);
    assert_int_equal(sum_of(p, GW_PPROF_GIL_HOLD), (8 + 6 + 5) * MS);
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

static void test_each_side_is_in_its_own_stack(void **state)
{
    (void)state;
    struct gw_model *model = model_of(capture);
    profile *p = profile_of(model, NULL);

    assert_int_equal(value_at(p, "worker", 5, GW_PPROF_GIL_WAIT), 9 * MS);
    assert_int_equal(value_at(p, "worker", 5, GW_PPROF_SAMPLES), 9);
    assert_int_equal(value_at(p, "worker", 5, GW_PPROF_GIL_BLAME), 0);
    assert_int_equal(value_at(p, "builder", 86, GW_PPROF_GIL_BLAME), 3 * MS);
    assert_int_equal(value_at(p, "builder", 87, GW_PPROF_GIL_BLAME), 4 * MS);
    assert_int_equal(value_at(p, "builder", 86, GW_PPROF_GIL_WAIT), 0);
    assert_int_equal(value_at(p, "thread 103", 0, GW_PPROF_GIL_WAIT), 5 * MS);
    assert_int_equal(value_at(p, "sub\\x1b", 5, GW_PPROF_GIL_BLAME), 5 * MS);
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

static void test_labels(void **state)
{
    (void)state;
    struct gw_model *model = model_of(capture);
    profile *p = profile_of(model, NULL);
    int64_t behind[3] = {0};

    for (size_t i = 0; i < p->n_sample; i++) {
        const profile_sample *sample = p->sample[i];
        const char *holder = label_of(p, sample, "gil_holder");
        bool is_thread_3 = number_of(p, sample, "thread_id") == 103;
        bool waits = sample->value[GW_PPROF_GIL_WAIT] > 0;
        assert_int_equal(holder != NULL, waits);
        assert_int_equal(number_of(p, sample, "pid"),
                         number_of(p, sample, "thread_id") == 200 ? 200 : 100);
        if (waits)
            assert_int_equal(number_of(p, sample, "interpreter_id"), is_thread_3 ? 1 : 0);
        if (!waits || is_thread_3)
            continue;
        size_t kind = strcmp(holder, "build") == 0 ? 0 : strcmp(holder, "unknown") == 0 ? 1 : 2;
        if (kind == 0)
            assert_string_equal(label_of(p, sample, "gil_holder_thread"), "builder");
        if (kind == 2)
            assert_string_equal(holder, "no holder (handoff)");
        behind[kind] += sample->value[GW_PPROF_GIL_WAIT];
    }
    assert_int_equal(behind[0], 7 * MS);
    assert_int_equal(behind[1], MS);
    assert_int_equal(behind[2], MS);
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

static void check_sample(const profile *p, const profile_sample *sample)
{
    assert_int_equal(sample->n_value, p->n_sample_type);
    assert_true(sample->n_location_id > 0);
    for (size_t i = 0; i < sample->n_location_id; i++)
        assert_true(sample->location_id[i] > 0 && sample->location_id[i] <= p->n_location);
    for (size_t i = 0; i < sample->n_label; i++) {
        const Perftools__Profiles__Label *label = sample->label[i];
        assert_string_not_equal(text_of(p, label->key), "");
        assert_int_equal(label->str != 0, label->num_unit == 0);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(sample->label[j]->key, label->key);
    }
}

/* Parca's validator is the strictest: ids in sequence, nothing points to nothing. */
static void check_rules(const profile *p)
{
    assert_true(p->n_string_table > 0);
    assert_string_equal(p->string_table[0], "");
    for (size_t i = 0; i < p->n_mapping; i++)
        assert_int_equal(p->mapping[i]->id, i + 1);
    for (size_t i = 0; i < p->n_function; i++) {
        assert_int_equal(p->function[i]->id, i + 1);
        assert_string_not_equal(text_of(p, p->function[i]->name), "");
    }
    for (size_t i = 0; i < p->n_location; i++) {
        const Perftools__Profiles__Location *location = p->location[i];
        assert_int_equal(location->id, i + 1);
        assert_true(location->mapping_id > 0 && location->mapping_id <= p->n_mapping);
        assert_int_equal(location->n_line, 1);
        assert_true(location->line[0]->function_id > 0);
        assert_true(location->line[0]->function_id <= p->n_function);
    }
    for (size_t i = 0; i < p->n_sample; i++)
        check_sample(p, p->sample[i]);
}

static void test_rules_of_strict_readers(void **state)
{
    (void)state;
    struct gw_model *model = model_of(capture);
    profile *p = profile_of(model, NULL);

    check_rules(p);
    assert_int_equal(p->n_mapping, 2);
    assert_string_equal(text_of(p, p->mapping[0]->filename), "/usr/bin/python3.12");
    assert_string_equal(text_of(p, p->function[0]->name), "(no Python frame)");
    assert_string_equal(text_of(p, p->function[1]->name), "<module>");
    assert_string_equal(text_of(p, p->function[2]->filename), "/srv/app/bui\\nld.py");
    assert_int_equal(p->function[2]->start_line, 80);
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

static void test_one_value_alone(void **state)
{
    (void)state;
    struct gw_model *model = model_of(capture);
    profile *p = profile_of(model, "gil_blame");

    check_rules(p);
    assert_int_equal(p->n_sample_type, 1);
    assert_string_equal(text_of(p, p->sample_type[0]->type), "gil_blame");
    assert_string_equal(text_of(p, p->default_sample_type), "gil_blame");
    assert_int_equal(sum_of(p, 0), 12 * MS);
    for (size_t i = 0; i < p->n_sample; i++)
        assert_true(p->sample[i]->value[0] > 0);
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

static bool has_comment(const profile *p, const char *words)
{
    for (size_t i = 0; i < p->n_comment; i++)
        if (strstr(text_of(p, p->comment[i]), words))
            return true;
    return false;
}

static void test_some_threads_of_a_part(void **state)
{
    (void)state;
    const struct gw_selection selection = {
        .from = {.given = true, .ns = 2 * MS}, .threads = {"builder"}, .n_threads = 1};
    struct gw_model *model = NULL;

    assert_int_equal(
        gw_selection_read(capture_text_memfd(capture), "test", &selection, &model, NULL), 0);
    profile *p = profile_of(model, NULL);
    check_rules(p);
    for (size_t i = 0; i < p->n_sample; i++)
        assert_string_equal(label_of(p, p->sample[i], "thread_name"), "builder");
    assert_int_equal(sum_of(p, GW_PPROF_WALL), 8 * MS);
    assert_int_equal(sum_of(p, GW_PPROF_GIL_BLAME), 5 * MS);
    assert_int_equal(sum_of(p, GW_PPROF_GIL_WAIT), 0);
    assert_int_equal(p->duration_nanos, 8 * MS);
    assert_int_equal(p->time_nanos, 1790000001000000000 + 2 * MS);
    assert_true(has_comment(p, "part of the recording: 0.002 s to 0.010 s of 0.010 s"));
    assert_true(has_comment(p, "only threads that match builder"));
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

static void test_nothing_recorded_is_a_profile_too(void **state)
{
    (void)state;
    struct gw_model *model = model_of("header\nprocess 0 pid=100 python=3.12.1\nwrite\n");
    profile *p = profile_of(model, NULL);

    check_rules(p);
    assert_int_equal(p->n_sample, 0);
    assert_int_equal(p->n_sample_type, 6);
    assert_int_equal(p->period, 0);
    assert_int_equal(p->n_comment, 2);
    assert_non_null(strstr(text_of(p, p->comment[1]), "incomplete"));
    perftools__profiles__profile__free_unpacked(p, NULL);
    gw_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_types_in_order),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_each_side_is_in_its_own_stack),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_rules_of_strict_readers),
        cmocka_unit_test(test_one_value_alone),
        cmocka_unit_test(test_some_threads_of_a_part),
        cmocka_unit_test(test_nothing_recorded_is_a_profile_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
