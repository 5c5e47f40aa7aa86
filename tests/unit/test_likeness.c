/* SPDX-License-Identifier: Apache-2.0 */
#include "likeness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/capture_text.h"

static const char one_tick[] = "block start=0 ticks=1 dt=1000000\ntrack 0 0:io-wait\n";

/* A process like this, with one thread of this name. */
static struct gw_model *make(const char *process, const char *thread, const char *rest)
{
    struct gw_model *model;
    char text[512];

    snprintf(
        text, sizeof text,
        "header rate=1000\nprocess 0 pid=1 %s\nthread 0 tid=1 name=%s\n%swrite\nend duration\n",
        process, thread, rest);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    return model;
}

static int compare(struct gw_model *before, struct gw_model *after, struct gw_diag *diag)
{
    const struct gw_likeness_side sides[] = {{before, "a.gilwait"}, {after, "b.gilwait"}};
    int rc;

    *diag = (struct gw_diag){0};
    rc = gw_likeness_check(&sides[0], &sides[1], diag);
    gw_model_free(before);
    gw_model_free(after);
    return rc;
}

static void alike(void **state)
{
    (void)state;
    struct gw_diag diag;
    assert_int_equal(compare(make("python=3.12.1", "worker-1", one_tick),
                             make("python=3.12.11", "worker-2", one_tick), &diag),
                     0);
    assert_int_equal(compare(make("", "worker-1", one_tick), /* its version is not known */
                             make("python=3.12.1", "worker-1", one_tick), &diag),
                     0);
}

static void other_python(void **state)
{
    (void)state;
    struct gw_diag diag;
    assert_int_equal(compare(make("python=3.1.5", "worker-1", one_tick),
                             make("python=3.12.1", "worker-1", one_tick), &diag),
                     -GW_E_UNLIKE);
    assert_string_equal(diag.what, "cannot compare b.gilwait with a.gilwait");
    assert_string_equal(diag.why, "one is of Python 3.12.1, the other of 3.1.5");
    assert_int_equal(compare(make("python=3.14.0", "worker-1", one_tick),
                             make("python=3.14.0 ft=1", "worker-1", one_tick), &diag),
                     -GW_E_UNLIKE);
    assert_string_equal(diag.why, "one is of Python 3.14.0 free-threaded, the other of 3.14.0");
    /* A version that tries to speak to the terminal is not printed. */
    assert_int_equal(compare(make("python=\"3.\\x1b[31m\"", "worker-1", one_tick),
                             make("python=3.12.1", "worker-1", one_tick), &diag),
                     -GW_E_UNLIKE);
    assert_null(strchr(diag.why, '\x1b'));
}

static void no_common_thread(void **state)
{
    (void)state;
    struct gw_diag diag;
    assert_int_equal(compare(make("", "worker-1", one_tick), make("", "http-1", one_tick), &diag),
                     -GW_E_UNLIKE);
    assert_non_null(strstr(diag.why, "name"));
    assert_true(diag.fix[0] != 0);
}

static void nothing_sampled(void **state)
{
    (void)state;
    struct gw_diag diag;
    assert_int_equal(compare(make("", "worker-1", one_tick), make("", "worker-1", ""), &diag),
                     -GW_E_UNLIKE);
    assert_string_equal(diag.why, "nothing was sampled in b.gilwait");
    assert_int_equal(compare(make("", "worker-1", ""), make("", "worker-1", one_tick), &diag),
                     -GW_E_UNLIKE);
    assert_string_equal(diag.why, "nothing was sampled in a.gilwait");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike),
        cmocka_unit_test(other_python),
        cmocka_unit_test(no_common_thread),
        cmocka_unit_test(nothing_sampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
