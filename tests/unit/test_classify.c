/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample/classify.h"

#define STATE(name) GW_STATE_##name

struct row {
    const char *what;
    struct gw_evidence evidence;
    struct gw_judgement expected;
};

/* A thread asleep in a system call, by what the call waits for. */
#define IN_CALL(class) .kernel = GW_SYSCALL_INSIDE, .call = GW_SYSCALL_##class
#define IN_FUTEX(of) IN_CALL(FUTEX), .futex = GW_GIL_FUTEX_##of
#define RUNNABLE .kernel = GW_SYSCALL_RUNNING
#define HELD .holds_before = true, .holds_after = true
#define TOOK_IT .holds_after = true
#define LET_GO .holds_before = true

/* Certain at once; `woken`: what it is from the moment it may run and has no CPU. */
#define IS(state, woken)                                                                           \
    {                                                                                              \
        .on_cpu = STATE(state), .queued = STATE(woken)                                             \
    }
#define EITHER(state, without_cpu)                                                                 \
    {                                                                                              \
        .on_cpu = STATE(state), .queued = STATE(without_cpu), .doubt = true                        \
    }
#define EITHER_SOFT(state, without_cpu)                                                            \
    {                                                                                              \
        .on_cpu = STATE(state), .queued = STATE(without_cpu), .doubt = true, .soft = true          \
    }

static const struct row rows[] = {
    {"nothing could be read", {.unreadable = true}, IS(UNKNOWN, UNKNOWN)},
    {"runnable before there is a GIL", {.no_gil = true, RUNNABLE}, EITHER(NATIVE, CPU_WAIT)},
    {"back from a call before there is a GIL",
     {.no_gil = true, RUNNABLE, .origin = GW_RUN_OTHER, .back = true},
     EITHER(NATIVE, CPU_WAIT)},
    {"asleep in a read before there is a GIL",
     {.no_gil = true, IN_CALL(IO)},
     IS(IO_WAIT, CPU_WAIT)},
    {"nothing could be read of the holder", {.unreadable = true, HELD}, IS(UNKNOWN, UNKNOWN)},

    {"holder, runnable", {HELD, RUNNABLE}, EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder at a boundary", {HELD, RUNNABLE, .boundary = true}, EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder, had waited",
     {HELD, RUNNABLE, .origin = GW_RUN_WAITER},
     EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder that lets go, runnable", {LET_GO, RUNNABLE}, EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder asleep in a read", {HELD, IN_CALL(IO)}, IS(GIL_BLOCKED, GIL_QUEUED)},
    {"holder asleep for a time", {HELD, IN_CALL(SLEEP)}, IS(GIL_BLOCKED, GIL_QUEUED)},
    {"holder asleep on another lock", {HELD, IN_FUTEX(NONE)}, IS(GIL_BLOCKED, GIL_QUEUED)},
    {"holder in a page fault", {HELD, .kernel = GW_SYSCALL_OUTSIDE}, IS(GIL_BLOCKED, GIL_QUEUED)},
    /* It slept when its system call was read, but had let go of the GIL by then: as the holder it
     * had been running. */
    {"holder that lets go and reads", {LET_GO, IN_CALL(IO)}, EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder that lets go and sleeps", {LET_GO, IN_CALL(SLEEP)}, EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder that was made to drop it",
     {LET_GO, IN_FUTEX(DROPPED)},
     EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder that waits for it again", {LET_GO, IN_FUTEX(WAIT)}, EITHER(GIL_RUNNING, GIL_QUEUED)},
    {"holder about to drop it", {HELD, IN_FUTEX(LOCK)}, IS(GIL_BLOCKED, GIL_QUEUED)},
    {"holder that is not counted",
     {HELD, RUNNABLE, .left_out = true, .forced = true, .back = true},
     EITHER(GIL_RUNNING, GIL_QUEUED)},

    {"asleep for the GIL", {IN_FUTEX(WAIT)}, IS(GIL_WAIT, GIL_HANDOFF)},
    {"asleep for the GIL, gets it", {TOOK_IT, IN_FUTEX(WAIT)}, IS(GIL_WAIT, GIL_HANDOFF)},
    {"asleep on the GIL's mutex", {IN_FUTEX(LOCK)}, IS(GIL_WAIT, GIL_HANDOFF)},
    {"asleep on the GIL's mutex, gets it", {TOOK_IT, IN_FUTEX(LOCK)}, IS(GIL_WAIT, GIL_HANDOFF)},
    {"asleep for the GIL, not counted",
     {IN_FUTEX(WAIT), .left_out = true},
     IS(GIL_WAIT, GIL_HANDOFF)},
    {"asleep in drop_gil", {IN_FUTEX(DROPPED)}, IS(GIL_HANDOFF, GIL_HANDOFF)},
    {"asleep for the GIL, by 3.15's word",
     {IN_FUTEX(WAIT), .gil_requested = true},
     IS(GIL_WAIT, GIL_HANDOFF)},

    {"asleep on another lock", {IN_FUTEX(NONE)}, IS(LOCK_WAIT, CPU_WAIT)},
    {"asleep on a socket", {IN_CALL(IO)}, IS(IO_WAIT, CPU_WAIT)},
    {"asleep for a child", {IN_CALL(CHILD)}, IS(IO_WAIT, CPU_WAIT)},
    {"asleep in some other call", {IN_CALL(OTHER)}, IS(IO_WAIT, CPU_WAIT)},
    {"asleep for a time", {IN_CALL(SLEEP)}, IS(SLEEP, CPU_WAIT)},
    {"asleep in a page fault", {.kernel = GW_SYSCALL_OUTSIDE}, IS(IO_WAIT, CPU_WAIT)},
    /* The futex range counts for futex calls only. */
    {"a read whose argument looks like the GIL",
     {IN_CALL(IO), .futex = GW_GIL_FUTEX_WAIT},
     IS(IO_WAIT, CPU_WAIT)},
    {"a read whose argument looks like the GIL's mutex",
     {IN_CALL(IO), .futex = GW_GIL_FUTEX_LOCK},
     IS(IO_WAIT, CPU_WAIT)},
    {"asleep at a boundary", {IN_CALL(IO), .boundary = true}, IS(IO_WAIT, CPU_WAIT)},
    {"asleep, had held", {IN_CALL(SLEEP), .origin = GW_RUN_HOLDER}, IS(SLEEP, CPU_WAIT)},
    {"asleep, was made to drop the GIL",
     {IN_CALL(SLEEP), .origin = GW_RUN_HOLDER, .forced = true},
     IS(SLEEP, CPU_WAIT)},
    {"asleep, woke for a moment", {IN_CALL(SLEEP), .back = true}, IS(SLEEP, CPU_WAIT)},

    {"runnable in C code", {RUNNABLE}, EITHER(NATIVE, CPU_WAIT)},
    /* A waiter is in the wait, or has had the GIL since. */
    {"runnable, had waited", {RUNNABLE, .origin = GW_RUN_WAITER}, EITHER_SOFT(NATIVE, GIL_HANDOFF)},
    {"runnable, had waited, not counted",
     {RUNNABLE, .origin = GW_RUN_WAITER, .left_out = true},
     EITHER(NATIVE, CPU_WAIT)},
    {"runnable, had waited, not counted though it ran for moments only",
     {RUNNABLE, .origin = GW_RUN_WAITER, .left_out = true, .back = true, .forced = true},
     EITHER(NATIVE, CPU_WAIT)},
    /* A holder lets go by force or for a call. */
    {"runnable, had held", {RUNNABLE, .origin = GW_RUN_HOLDER}, EITHER(NATIVE, CPU_WAIT)},
    {"runnable, had held, for moments",
     {RUNNABLE, .origin = GW_RUN_HOLDER, .back = true},
     EITHER(NATIVE, CPU_WAIT)},
    {"runnable, was made to drop it",
     {RUNNABLE, .origin = GW_RUN_HOLDER, .forced = true},
     EITHER_SOFT(NATIVE, GIL_HANDOFF)},
    {"runnable, was made to drop it, not counted",
     {RUNNABLE, .origin = GW_RUN_HOLDER, .forced = true, .left_out = true},
     EITHER_SOFT(NATIVE, GIL_HANDOFF)},
    /* What comes back from a call asks for the GIL. */
    {"runnable, back from a call", {RUNNABLE, .back = true}, EITHER_SOFT(NATIVE, GIL_HANDOFF)},
    {"runnable, back from a call, not counted",
     {RUNNABLE, .back = true, .left_out = true},
     EITHER(NATIVE, CPU_WAIT)},
    {"runnable, back for long, once made to drop the GIL",
     {RUNNABLE, .forced = true},
     EITHER(NATIVE, CPU_WAIT)},
    {"runnable, where the GIL it slept for has not changed hands",
     {RUNNABLE, .still_waits = true},
     EITHER(GIL_HANDOFF, GIL_HANDOFF)},
    {"runnable at a boundary, not counted",
     {RUNNABLE, .boundary = true, .left_out = true},
     EITHER(GIL_HANDOFF, GIL_HANDOFF)},
    {"runnable, has it a moment later", {TOOK_IT, RUNNABLE}, EITHER(GIL_HANDOFF, GIL_HANDOFF)},
    {"runnable at a boundary", {RUNNABLE, .boundary = true}, EITHER(GIL_HANDOFF, GIL_HANDOFF)},
    {"runnable in take_gil by 3.15's word",
     {RUNNABLE, .gil_requested = true},
     EITHER(GIL_HANDOFF, GIL_HANDOFF)},
    {"runnable, counted by the condition variable",
     {RUNNABLE, .counted = true},
     EITHER(GIL_HANDOFF, GIL_HANDOFF)},
    {"runnable at a boundary, had waited",
     {RUNNABLE, .boundary = true, .origin = GW_RUN_WAITER},
     EITHER(GIL_HANDOFF, GIL_HANDOFF)},
};

static void each_combination(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct gw_judgement *expected = &rows[i].expected;
        struct gw_judgement is = gw_classify(&rows[i].evidence);
        if (is.on_cpu != expected->on_cpu || is.queued != expected->queued ||
            is.doubt != expected->doubt || is.soft != expected->soft)
            fail_msg("%s: is %s/%s doubt %d soft %d, not %s/%s doubt %d soft %d", rows[i].what,
                     gw_state_name(is.on_cpu), gw_state_name(is.queued), is.doubt, is.soft,
                     gw_state_name(expected->on_cpu), gw_state_name(expected->queued),
                     expected->doubt, expected->soft);
    }
}

#define N_BITS 11
#define N_KINDS (3 * 5 * 4 * 3)

static struct gw_evidence evidence_number(unsigned n)
{
    unsigned kinds = n >> N_BITS;
    return (struct gw_evidence){
        .holds_before = n & 1,
        .holds_after = n >> 1 & 1,
        .boundary = n >> 2 & 1,
        .gil_requested = n >> 3 & 1,
        .counted = n >> 4 & 1,
        .unreadable = n >> 5 & 1,
        .still_waits = n >> 6 & 1,
        .left_out = n >> 7 & 1,
        .forced = n >> 8 & 1,
        .back = n >> 9 & 1,
        .fresh = n >> 10 & 1,
        .kernel = (enum gw_syscall_kind)(kinds % 3),
        .call = (enum gw_syscall_class)(kinds / 3 % 5),
        .futex = (enum gw_gil_futex)(kinds / 15 % 4),
        .origin = (enum gw_run_origin)(kinds / 60),
    };
}

/* What the origin of a run tells by itself, of a thread that is runnable without the GIL. */
static bool may_want_the_gil(const struct gw_evidence *evidence)
{
    switch (evidence->origin) {
    case GW_RUN_HOLDER:
        return evidence->forced;
    case GW_RUN_WAITER:
        return !evidence->left_out;
    case GW_RUN_OTHER:
        return evidence->back && !evidence->left_out;
    }
    return false;
}

static void check_laws(const struct gw_evidence *evidence)
{
    struct gw_judgement is = gw_classify(evidence);
    bool holds = evidence->holds_before && !evidence->unreadable;
    /* One holder: only who holds the GIL is in a state that says so, and always is. */
    assert_int_equal(gw_state_holds_gil(is.on_cpu), holds);
    assert_int_equal(gw_state_holds_gil(is.queued), holds);
    if (evidence->unreadable)
        assert_int_equal(is.on_cpu, GW_STATE_UNKNOWN);
    else if (!holds)
        assert_int_equal(is.doubt, evidence->kernel == GW_SYSCALL_RUNNING);
    assert_true(is.on_cpu < GW_N_STATES && is.queued < GW_N_STATES);
    /* Without a CPU nobody is on one. */
    assert_true(is.queued != GW_STATE_GIL_RUNNING && is.queued != GW_STATE_NATIVE);
    /* Soft is what may have been in C code, and waits for the GIL by its origin alone. */
    if (is.on_cpu == GW_STATE_NATIVE)
        assert_int_equal(is.soft, may_want_the_gil(evidence));
    else
        assert_false(is.soft);
    if (is.soft)
        assert_true(is.doubt && is.queued == GW_STATE_GIL_HANDOFF);
    else if (is.on_cpu == GW_STATE_NATIVE)
        assert_int_equal(is.queued, GW_STATE_CPU_WAIT);
    /* Proof that it wants the GIL outdoes whatever its origin and its being left out say. */
    bool proven = evidence->holds_after || evidence->boundary || evidence->gil_requested ||
                  evidence->still_waits || evidence->counted;
    if (proven && is.doubt && !holds)
        assert_true(is.on_cpu == GW_STATE_GIL_HANDOFF && is.queued == GW_STATE_GIL_HANDOFF);
    /* A stop could tell more of those that are runnable without a proof, and may have been woken;
     * that the condition variable counts one is none. */
    bool sure = holds || evidence->unreadable || evidence->holds_after || evidence->boundary ||
                evidence->gil_requested || evidence->still_waits;
    assert_int_equal(is.ask, !sure && evidence->kernel == GW_SYSCALL_RUNNING && evidence->fresh);
    /* Who sleeps for the GIL does so in its condition variable or on its mutex. */
    if (is.on_cpu == GW_STATE_GIL_WAIT)
        assert_true(evidence->futex == GW_GIL_FUTEX_WAIT || evidence->futex == GW_GIL_FUTEX_LOCK);
}

/* What must hold for any evidence whatever. */
static void laws_of_all_combinations(void **state)
{
    (void)state;
    for (unsigned n = 0; n < N_KINDS << N_BITS; n++) {
        struct gw_evidence evidence = evidence_number(n);
        check_laws(&evidence);
    }
}

/* What a sleeping thread is does not depend on how its last run began. */
static void origin_is_for_the_runnable(void **state)
{
    (void)state;
    for (unsigned n = 0; n < N_KINDS << N_BITS; n++) {
        struct gw_evidence evidence = evidence_number(n);
        if (evidence.kernel == GW_SYSCALL_RUNNING)
            continue;
        struct gw_judgement is = gw_classify(&evidence);
        evidence.left_out = evidence.forced = evidence.back = evidence.still_waits = false;
        evidence.origin = GW_RUN_OTHER;
        struct gw_judgement plain = gw_classify(&evidence);
        assert_true(is.on_cpu == plain.on_cpu && is.queued == plain.queued &&
                    is.doubt == plain.doubt && is.soft == plain.soft);
    }
}

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_PRIVATE_WAIT_BITSET 0x189

static void what_a_stop_tells(void **state)
{
    (void)state;
    static const struct {
        enum gw_syscall_kind kind;
        enum gw_syscall_class class;
        uint64_t operation;
        enum gw_gil_futex futex;
        enum gw_told expected;
    } cases[] = {
        {GW_SYSCALL_INSIDE, GW_SYSCALL_FUTEX, FUTEX_WAIT, GW_GIL_FUTEX_WAIT, GW_TOLD_WANTS_GIL},
        {GW_SYSCALL_INSIDE, GW_SYSCALL_FUTEX, FUTEX_PRIVATE_WAIT_BITSET, GW_GIL_FUTEX_LOCK,
         GW_TOLD_WANTS_GIL},
        {GW_SYSCALL_INSIDE, GW_SYSCALL_FUTEX, FUTEX_WAIT, GW_GIL_FUTEX_NONE, GW_TOLD_ELSEWHERE},
        {GW_SYSCALL_INSIDE, GW_SYSCALL_FUTEX, FUTEX_WAKE, GW_GIL_FUTEX_WAIT, GW_TOLD_NOTHING},
        {GW_SYSCALL_INSIDE, GW_SYSCALL_IO, FUTEX_WAIT, GW_GIL_FUTEX_WAIT, GW_TOLD_ELSEWHERE},
        {GW_SYSCALL_OUTSIDE, GW_SYSCALL_OTHER, FUTEX_WAIT, GW_GIL_FUTEX_NONE, GW_TOLD_ELSEWHERE},
        {GW_SYSCALL_RUNNING, GW_SYSCALL_OTHER, FUTEX_WAIT, GW_GIL_FUTEX_NONE, GW_TOLD_NOTHING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gw_syscall call = {.kind = cases[i].kind, .args = {0, cases[i].operation}};
        assert_int_equal(gw_classify_stop(&call, cases[i].class, cases[i].futex),
                         cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_combination),
        cmocka_unit_test(laws_of_all_combinations),
        cmocka_unit_test(origin_is_for_the_runnable),
        cmocka_unit_test(what_a_stop_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
