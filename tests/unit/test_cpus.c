/* SPDX-License-Identifier: Apache-2.0 */
#include "target/cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"

#define MS 1000000ull

/* Parsing */

/* Of Linux 6.18, with a gap where a CPU is offline. */
static const char good[] = "cpu  307272 27493 27961 470319 1739 0 14234 328 0 0\n"
                           "cpu0 128981 9883 12200 266052 210 0 8216 166 0 0\n"
                           "cpu3 178290 17609 15760 204267 1528 0 6018 161 0 0\n"
                           "intr 9171213 0 34 1 0\n"
                           "cpu5 1 2 3 4 5\n";

static int parse(const char *text, struct gw_cpus *out)
{
    return gw_cpus_parse(gw_span_of(text, strlen(text)), out);
}

/* Idle time of all CPUs but for the first n. */
static uint64_t idle_from(const struct gw_cpus *cpus, size_t n)
{
    uint64_t sum = 0;
    for (; n < GW_MAX_CPUS; n++)
        sum += cpus->idle[n];
    return sum;
}

static void idle_times_are_taken(void **state)
{
    (void)state;
    struct gw_cpus cpus;
    memset(&cpus, 0xff, sizeof cpus); /* nothing is left of what was there */
    assert_int_equal(parse(good, &cpus), 0);
    assert_int_equal(cpus.idle[0], 266052);
    assert_int_equal(cpus.idle[1], 0);
    assert_int_equal(cpus.idle[2], 0);
    assert_int_equal(cpus.idle[3], 204267);
    assert_int_equal(idle_from(&cpus, 4), 0); /* the lines of CPUs come first */
}

static void other_forms_of_the_lines(void **state)
{
    (void)state;
    struct gw_cpus cpus;
    assert_int_equal(parse("cpu0 1 2 3 4\n", &cpus), 0); /* fields of old kernels */
    assert_int_equal(cpus.idle[0], 4);
    assert_int_equal(parse("cpu 1 2 3 4 5\n", &cpus), 0); /* the sum alone */
    assert_int_equal(idle_from(&cpus, 0), 0);
    assert_int_equal(parse("cpu1 1 2 3 4294967301 5\n", &cpus), 0); /* the counter goes round */
    assert_int_equal(cpus.idle[1], 5);
    static const char many[] = "cpu1023 1 2 3 7 5\ncpu1024 1 2 3 8 5\ncpu99999999999 1 2 3 9 5\n";
    assert_int_equal(parse(many, &cpus), 0);
    assert_int_equal(cpus.idle[1023], 7);
    assert_int_equal(idle_from(&cpus, 0), 7);
}

/* Cut anywhere: what is whole counts, and nothing is read too far. */
static void cut_text(void **state)
{
    (void)state;
    struct gw_cpus cpus;
    const char *cpu0 = strstr(good, "cpu0"), *cpu3 = strstr(good, "cpu3");
    const char *intr = strstr(good, "intr");
    for (size_t len = 0; len < sizeof good; len++) {
        char *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, good, len);
        assert_int_equal(gw_cpus_parse(gw_span_of(exact, len), &cpus),
                         len < (size_t)(cpu0 - good) ? -GW_E_BAD_DATA : 0);
        free(exact);
        assert_int_equal(cpus.idle[0], len < (size_t)(cpu3 - good) ? 0 : 266052);
        assert_int_equal(idle_from(&cpus, 1), len < (size_t)(intr - good) ? 0 : 204267);
    }
}

static void garbage(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n",
        "cpu",
        "cpu\n",
        "cpu0\n",
        "cpu0 1 2 3\n",
        "cpu0 1 2 3 4",
        "cpu0 1 2 x 4\n",
        "cpu0 1 2 3 x\n",
        "cpu0 1 2 -3 4\n",
        "cpu0 1 2 3 -4\n",
        "CPU0 1 2 3 4\n",
        " cpu0 1 2 3 4\n",
        "cpux 1 2 3 4\n",
        "cpu-1 1 2 3 4\n",
        "intr 1 2 3 4\n",
        "cpu0 1 2 3 18446744073709551616\n",
        "cpu0 1 2 3\n4\n",
    };
    struct gw_cpus cpus;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], &cpus), -GW_E_BAD_DATA);
        assert_int_equal(idle_from(&cpus, 0), 0);
    }
    assert_int_equal(parse("cpu0 1 2 3 4\ncpu1 1 x\ncpu2 1 2 3 4\n", &cpus), 0);
    assert_int_equal(idle_from(&cpus, 0), 4); /* up to the first line that is none */
}

/* Choosing, among four CPUs. Between two looks 100 clock ticks pass. */

struct choice {
    const char *what;
    uint32_t idle[4]; /* in these 100 ticks */
    unsigned allowed; /* a bit for each */
    int own, chosen;
};

static const struct choice choices[] = {
    {"all of them busy", {0, 0, 0, 0}, 0xf, 0, -1},
    {"all of them idle", {100, 100, 100, 100}, 0xf, 0, -1},
    {"another one is idle", {0, 0, 100, 0}, 0xf, 0, 2},
    {"the last one is idle", {0, 0, 0, 100}, 0xf, 1, 3},
    {"the first one is idle", {100, 0, 0, 0}, 0xf, 3, 0},
    {"ours is the idle one", {0, 0, 100, 0}, 0xf, 2, -1},
    {"the most idle of two", {0, 60, 90, 0}, 0xf, 0, 2},
    {"ours is idle enough", {80, 100, 100, 100}, 0xf, 0, -1},
    {"a quarter less, all but", {20, 44, 0, 0}, 0xf, 0, -1},
    {"more than a quarter less", {20, 46, 0, 0}, 0xf, 0, 1},
    {"the idle one is not allowed", {0, 0, 100, 0}, 0xb, 0, -1},
    {"the most idle of those allowed", {0, 50, 100, 40}, 0xb, 0, 1},
    {"ours is not allowed any more", {0, 100, 0, 0}, 0xe, 0, 1},
    {"none is allowed", {0, 100, 100, 100}, 0, 0, -1},
    {"ours is not known", {0, 100, 0, 0}, 0xf, -1, -1},
    {"ours is out of range", {0, 100, 0, 0}, 0xf, GW_MAX_CPUS, -1},
};

static int choose(const struct choice *choice, uint32_t before)
{
    struct gw_cpus first = {0}, second = {0};
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    for (size_t i = 0; i < 4; i++) {
        /* What they did before is another matter: the busiest now was the most idle. */
        first.idle[i] = before + 1000 * (100 - choice->idle[i]);
        second.idle[i] = first.idle[i] + choice->idle[i];
        if (choice->allowed >> i & 1)
            CPU_SET(i, &allowed);
    }
    return gw_cpus_choose(&first, &second, &allowed, choice->own, 100);
}

static void idlest_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        int chosen = choose(&choices[i], 0);
        if (chosen != choices[i].chosen)
            fail_msg("%s: CPU %d, not %d", choices[i].what, chosen, choices[i].chosen);
    }
}

static void counters_go_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        for (uint32_t before = UINT32_MAX - 110000; before > UINT32_MAX / 2; before += 1000)
            assert_int_equal(choose(&choices[i], before), choices[i].chosen);
}

/* Moving */

static struct gw_room room;

static void room_is_found(void **state)
{
    (void)state;
    cpu_set_t before, after;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    uint64_t now_ns = gw_monotonic_ns();
    room.last_ns = 0;
    for (int i = 0; i < 20; i++) {
        gw_room_find(&room, now_ns += 200 * MS);
        assert_true(room.last_ns == now_ns);
        assert_true(idle_from(&room.last, 0) > 0);
        assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
        assert_true(CPU_EQUAL(&before, &after)); /* free to be moved again */
        assert_true(CPU_ISSET((size_t)sched_getcpu(), &before));
    }
}

/* Be on the first of two CPUs, and look for room when the second is said to have been idle. */
static bool moves(size_t from, size_t to)
{
    cpu_set_t both, after;
    uint64_t now_ns = gw_monotonic_ns();
    CPU_ZERO(&both);
    CPU_SET(from, &both);
    assert_int_equal(sched_setaffinity(0, sizeof both, &both), 0);
    CPU_SET(to, &both);
    assert_int_equal(sched_setaffinity(0, sizeof both, &both), 0);
    room.last_ns = 0;
    gw_room_find(&room, now_ns);
    room.last.idle[to] -= 1000;
    gw_room_find(&room, now_ns + 200 * MS);
    bool moved = sched_getcpu() == (int)to;
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&both, &after));
    return moved;
}

/* The scheduler may move the test as well, but not often. */
static void mover_goes_to_the_idle_one(void **state)
{
    (void)state;
    cpu_set_t allowed;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    if (CPU_COUNT(&allowed) < 2) {
        print_message("skipped: only one CPU here\n");
        skip();
    }
    size_t own = (size_t)sched_getcpu(), other = 0;
    int n = 0;
    while (other == own || !CPU_ISSET(other, &allowed))
        other++;
    for (int i = 0; i < 10; i++)
        n += moves(own, other) + moves(other, own);
    assert_int_equal(sched_setaffinity(0, sizeof allowed, &allowed), 0);
    assert_in_range(n, 16, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_times_are_taken),
        cmocka_unit_test(other_forms_of_the_lines),
        cmocka_unit_test(cut_text),
        cmocka_unit_test(garbage),
        cmocka_unit_test(idlest_is_chosen),
        cmocka_unit_test(counters_go_round),
        cmocka_unit_test(room_is_found),
        cmocka_unit_test(mover_goes_to_the_idle_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
