/* SPDX-License-Identifier: Apache-2.0 */
/* Sums by service, from captures written as text. */
#include "services.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/capture_text.h"

#define MS 1000000ull

static struct gw_model *read_text(const char *text)
{
    struct gw_model *model;
    struct gw_diag diag = {0};
    assert_int_equal(gw_model_read(capture_text_memfd(text), "text", &model, &diag), 0);
    return model;
}

/* A worker waits for 60 of 100 ms: 40 for build, 20 for nobody. */
static const char convoy[] =
    "header rate=100\n"
    "process 0 pid=100 python=3.12.1\nthread 0 tid=100 name=hog\nthread 1 tid=101 name=worker\n"
    "gil 0\nfunction 1 build /srv/app/s.py 80\nfunction 2 handle /srv/app/s.py 10\n"
    "stack 1 0 1 86\nstack 2 0 2 12\n"
    "block start=0 ticks=10 dt=10000000\n"
    "track 0 0:gil-running:1 4:io-wait:1\ntrack 1 0:gil-wait:2 6:gil-blocked:2\n"
    "holders 0 switches=3 0:0 4:nobody 6:1\n"
    "write\n";

static void test_sums(void **state)
{
    (void)state;
    struct gw_services all = {0};
    struct gw_service *service = gw_services_get(&all, "shop", NULL, 0);
    struct gw_model *model = read_text(convoy);
    assert_int_equal(gw_service_add(service, model, 1), 0);
    assert_int_equal(gw_service_add(service, model, 2), 0);
    assert_true(service->wait_ns == 2 * 60 * MS);
    assert_true(service->state_ns[GW_STATE_GIL_RUNNING] == 2 * 40 * MS);
    assert_true(service->state_ns[GW_STATE_GIL_BLOCKED] == 2 * 40 * MS);
    assert_true(service->observed_ns == 2 * 200 * MS);
    assert_int_equal(service->switches, 6);
    assert_int_equal(service->ticks, 20);
    assert_int_equal(service->n_blamed, 1);
    assert_string_equal(service->blamed[0].function, "build");
    assert_string_equal(service->blamed[0].file, "app/s.py");
    assert_true(service->blamed[0].ns == 2 * 40 * MS);
    assert_true(service->handoff_ns == 2 * 20 * MS);
    /* The law of blame. */
    assert_true(service->blamed[0].ns + service->other_blamed_ns + service->handoff_ns +
                    service->unknown_ns ==
                service->wait_ns);
    gw_model_free(model);
    gw_services_fini(&all);
}

static struct gw_model *blaming(unsigned number)
{
    char text[sizeof convoy + 32], *name;
    snprintf(text, sizeof text, "%s", convoy);
    name = strstr(text, "build");
    for (size_t i = 0; i < 5; i++, number /= 10)
        name[i] = (char)('0' + number % 10);
    return read_text(text);
}

/* Those that come when all places are taken are summed up together, until one has been idle. */
static void test_bounded_blame(void **state)
{
    (void)state;
    struct gw_services all = {0};
    struct gw_service *service = gw_services_get(&all, "shop", NULL, 0);
    for (unsigned i = 0; i < GW_MAX_BLAMED + 5; i++) {
        struct gw_model *model = blaming(i);
        assert_int_equal(gw_service_add(service, model, 1 + i), 0);
        gw_model_free(model);
    }
    assert_int_equal(service->n_blamed, GW_MAX_BLAMED);
    assert_true(service->other_blamed_ns == 5 * 40 * MS);
    struct gw_model *model = blaming(99);
    assert_int_equal(gw_service_add(service, model, 3600 * GW_NS_PER_S + 1), 0);
    gw_model_free(model);
    assert_int_equal(service->n_blamed, GW_MAX_BLAMED);
    assert_string_equal(service->blamed[0].function, "99000");
    assert_true(service->other_blamed_ns == 5 * 40 * MS);
    gw_services_fini(&all);
}

/* A moment is no reason for a series. */
static void test_small_blame(void **state)
{
    (void)state;
    struct gw_services all = {0};
    struct gw_service *service = gw_services_get(&all, "shop", NULL, 0);
    char text[sizeof convoy];
    snprintf(text, sizeof text, "%s", convoy);
    memcpy(strstr(text, "4:nobody"), "1:nobody", 8);
    struct gw_model *model = read_text(text);
    assert_int_equal(gw_service_add(service, model, 1), 0);
    assert_int_equal(service->n_blamed, 0);
    assert_true(service->other_blamed_ns == 10 * MS);
    gw_model_free(model);
    gw_services_fini(&all);
}

static void test_labels(void **state)
{
    (void)state;
    char team[] = "team", red[] = "r\"e\\d\n";
    const struct gw_label label = {.name = team, .value = red};
    struct gw_services all = {0};
    struct gw_service *plain = gw_services_get(&all, "shop", NULL, 0);
    struct gw_service *labelled = gw_services_get(&all, "shop", &label, 1);
    assert_string_equal(plain->labels, "service=\"shop\"");
    assert_string_equal(labelled->labels, "service=\"shop\",team=\"r\\\"e\\\\d\\n\"");
    assert_ptr_equal(gw_services_get(&all, "shop", NULL, 0), plain);
    assert_ptr_equal(gw_services_get(&all, "shop", &label, 1), labelled);
    gw_services_fini(&all);
}

static void test_bounded_services(void **state)
{
    (void)state;
    struct gw_services all = {0};
    char name[32];
    for (unsigned i = 0; i < GW_MAX_SERVICES; i++) {
        snprintf(name, sizeof name, "s%u", i);
        assert_string_equal(gw_services_get(&all, name, NULL, 0)->name, name);
    }
    struct gw_service *other = gw_services_get(&all, "one more", NULL, 0);
    assert_string_equal(other->name, "(other)");
    assert_ptr_equal(gw_services_get(&all, "and one", NULL, 0), other);
    assert_string_equal(gw_services_get(&all, "s7", NULL, 0)->name, "s7");
    gw_services_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_bounded_blame),
        cmocka_unit_test(test_small_blame),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_bounded_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
