/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/priority.h"
#include "format/capture_writer.h"
#include "sample/descendants.h"
#include "sample/schedule.h"
#include "target/cpus.h"
#include "target/task.h"

#define WRITE_NS (GW_NS_PER_S / 2) /* a crash loses less than a second */
#define KEYFRAME_NS (60 * GW_NS_PER_S)
#define SHOW_NS (GW_NS_PER_S / 4)
#define ROOM_NS (GW_NS_PER_S / 5)
#define REALTIME_MAX_CPU 0.5 /* with a larger budget there may be no pause between ticks */

struct gw_recorder {
    struct gw_recorder_options options;
    struct gw_capture_writer *writer;
    struct gw_definitions definitions;
    struct gw_schedule schedule;
    struct gw_session *sessions[GW_MAX_PROCESSES];
    size_t n_sessions;
    struct gw_descendants descendants;
    struct gw_stopper *stopper;
    enum gw_priority priority;
    struct gw_room room; /* for SCHED_FIFO, which stays where it is */
    uint64_t started_ns, next_write_ns, next_keyframe_ns, next_show_ns, next_room_ns;
    uint64_t written_cpu_ns, written_stops, written_stopped_ns;
    uint64_t ticks, accounted_ticks;
    bool keyframe; /* messages under way are part of one */
    int output_error, stop_error;
};

/* --- output -------------------------------------------------------------------------------------
 */

static int write_header(struct gw_recorder *recorder)
{
    struct utsname name;
    Gilwait__Capture__Header header;
    gilwait__capture__header__init(&header);
    header.writer = (char[]){"gilwait " GW_VERSION};
    if (uname(&name) == 0)
        header.kernel = name.release;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    header.cpus = cpus > 0 ? (uint32_t)cpus : 0;
    header.realtime_ns = gw_clock_ns(CLOCK_REALTIME);
    header.monotonic_ns = gw_monotonic_ns();
    header.rate_hz = recorder->options.rate_hz;
    header.max_cpu = recorder->options.max_cpu;
    return gw_capture_writer_header(recorder->writer, &header);
}

static int sink(void *context, const Gilwait__Capture__Data *data)
{
    struct gw_recorder *recorder = context;
    return recorder->keyframe ? gw_capture_writer_keyframe(recorder->writer, data)
                              : gw_capture_writer_data(recorder->writer, data);
}

/* A write may leave the profiler's own figures over: they go with the next. */
static void write_session(struct gw_recorder *recorder, struct gw_session *session, bool everything)
{
    if (recorder->output_error)
        return;
    uint64_t cpu_ns = gw_own_cpu_ns(), stops = 0, stopped_ns = 0;
    if (recorder->stopper)
        gw_stopper_count(recorder->stopper, &stops, &stopped_ns);
    Gilwait__Capture__Quality quality;
    gilwait__capture__quality__init(&quality);
    quality.late = recorder->schedule.late;
    quality.own_cpu_ns = cpu_ns - recorder->written_cpu_ns;
    quality.max_rss_bytes = gw_own_max_rss_bytes();
    quality.rate_hz = gw_schedule_rate_hz(&recorder->schedule);
    quality.stops = (uint32_t)(stops - recorder->written_stops);
    quality.stopped_ns = stopped_ns - recorder->written_stopped_ns;
    recorder->output_error = gw_session_write(session, everything, &quality, sink, recorder);
    recorder->schedule.late = quality.late;
    recorder->written_cpu_ns = cpu_ns - quality.own_cpu_ns;
    recorder->written_stops = stops - quality.stops;
    recorder->written_stopped_ns = stopped_ns - quality.stopped_ns;
}

static void write_all(struct gw_recorder *recorder, uint64_t now_ns)
{
    recorder->keyframe = now_ns >= recorder->next_keyframe_ns;
    if (recorder->keyframe) {
        recorder->next_keyframe_ns = now_ns + KEYFRAME_NS;
        gw_definitions_rewind(&recorder->definitions);
        for (size_t i = 0; i < recorder->n_sessions; i++)
            gw_session_redefine(recorder->sessions[i]);
    }
    for (size_t i = 0; i < recorder->n_sessions; i++)
        write_session(recorder, recorder->sessions[i], false);
    recorder->keyframe = false;
    recorder->next_write_ns = now_ns + WRITE_NS;
}

static void write_end(struct gw_recorder *recorder, enum gw_recorder_end reason)
{
    static const Gilwait__Capture__End__Reason reasons[] = {
        [GW_RECORDER_DURATION] = GILWAIT__CAPTURE__END__REASON__DURATION,
        [GW_RECORDER_SIGNAL] = GILWAIT__CAPTURE__END__REASON__SIGNAL,
        [GW_RECORDER_TARGET_ENDED] = GILWAIT__CAPTURE__END__REASON__TARGET_ENDED,
        [GW_RECORDER_OUTPUT] = GILWAIT__CAPTURE__END__REASON__OUTPUT,
    };
    Gilwait__Capture__End end;
    gilwait__capture__end__init(&end);
    end.reason = reasons[reason];
    end.monotonic_ns = gw_monotonic_ns();
    end.ticks = recorder->ticks;
    recorder->output_error = gw_capture_writer_end(recorder->writer, &end);
}

/* A process that is not sampled is listed once, with the reason. */
static void write_skipped(struct gw_recorder *recorder, pid_t pid, const char *reason)
{
    Gilwait__Capture__Data data;
    Gilwait__Capture__Process process;
    Gilwait__Capture__Process *processes[1] = {&process};
    struct gw_definitions_message message = {0};
    char exe[GW_MAX_STRING] = "";
    char link[32];
    struct gw_proc_stat stat;
    gilwait__capture__data__init(&data);
    gilwait__capture__process__init(&process);
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    ssize_t len = readlink(link, exe, sizeof exe - 1);
    exe[len > 0 ? len : 0] = '\0';
    process.id = recorder->definitions.n_processes++;
    process.pid = (uint32_t)pid;
    if (gw_proc_stat_read(pid, 0, &stat) == 0)
        process.parent_pid = (uint32_t)stat.ppid;
    process.status = GILWAIT__CAPTURE__PROCESS__STATUS__SKIPPED;
    process.exe = gw_definitions_string(&recorder->definitions, exe);
    process.reason = gw_definitions_string(&recorder->definitions, reason);
    process.first_seen_ns = gw_monotonic_ns();
    while (!recorder->output_error && gw_definitions_take(&recorder->definitions, &message))
        recorder->output_error = sink(recorder, &message.data);
    gw_definitions_message_fini(&message);
    data.n_processes = 1;
    data.processes = processes;
    if (!recorder->output_error)
        recorder->output_error = sink(recorder, &data);
}

/* --- targets -------------------------------------------------------------------------------------
 */

int gw_recorder_add(struct gw_recorder *recorder, pid_t pid, struct gw_diag *diag)
{
    if (recorder->n_sessions == GW_MAX_PROCESSES)
        return gw_diag_what(diag, -GW_E_LIMIT, "more than %u processes in one recording",
                            GW_MAX_PROCESSES);
    int err = gw_session_open(pid, recorder->options.rate_hz, &recorder->definitions,
                              &recorder->sessions[recorder->n_sessions], diag);
    if (err)
        return err;
    struct gw_session *session = recorder->sessions[recorder->n_sessions];
    if (recorder->options.native)
        err = gw_session_follow_native(session, recorder->options.native_mode);
    if (err) {
        gw_session_close(session);
        return err;
    }
    if (recorder->stopper)
        gw_session_allow_stops(session, recorder->stopper, recorder->options.max_stop);
    recorder->n_sessions++;
    gw_descendants_add_root(&recorder->descendants, pid);
    return 0;
}

void gw_recorder_follow(struct gw_recorder *recorder, pid_t pid)
{
    gw_descendants_note(&recorder->descendants, pid, true, gw_monotonic_ns());
    gw_descendants_add_root(&recorder->descendants, pid);
}

/* Let a target go; after an exec it is taken up again as what it is now. */
static void finish_session(struct gw_recorder *recorder, size_t at, enum gw_session_fate fate)
{
    struct gw_session *session = recorder->sessions[at];
    pid_t pid = gw_session_proc(session)->pid;
    uint64_t now_ns = gw_monotonic_ns();
    gw_session_mark_ended(session, now_ns);
    write_session(recorder, session, true);
    gw_session_close(session);
    recorder->sessions[at] = recorder->sessions[--recorder->n_sessions];
    if (fate == GW_SESSION_EXECED)
        gw_descendants_again(&recorder->descendants, pid, now_ns);
}

static bool is_sampled(const struct gw_recorder *recorder, pid_t pid)
{
    for (size_t i = 0; i < recorder->n_sessions; i++)
        if (gw_session_proc(recorder->sessions[i])->pid == pid)
            return true;
    return false;
}

static void try_descendant(struct gw_recorder *recorder, struct gw_descendant *item,
                           uint64_t now_ns)
{
    struct gw_diag diag = {0};
    if (is_sampled(recorder, item->pid)) { /* as the program it was before an exec, for a moment */
        gw_descendant_may_start(item, now_ns);
        return;
    }
    int err = gw_recorder_add(recorder, item->pid, &diag);
    bool starting = err == -GW_E_NOT_PYTHON || err == -GW_E_NO_THREADS || err == -GW_E_LAYOUT;
    if (starting && gw_descendant_may_start(item, now_ns))
        return;
    item->settled = true;
    if (err && gw_error_class(err) != GW_CLASS_GONE)
        write_skipped(recorder, item->pid, diag.why[0] ? diag.why : gw_error_sentence(err));
}

/* What is still being tried when the recording ends is listed like what was given up before. */
static void list_unsettled(struct gw_recorder *recorder)
{
    for (size_t i = 0; i < recorder->descendants.n; i++) {
        const struct gw_descendant *item = &recorder->descendants.items[i];
        if (!item->settled && !item->patient)
            write_skipped(recorder, item->pid, "no Python had started in it");
    }
}

static void follow_descendants(struct gw_recorder *recorder, uint64_t now_ns)
{
    struct gw_descendant *item;
    size_t i = 0;
    if (gw_descendants_update(&recorder->descendants, recorder->options.children, now_ns))
        while ((item = gw_descendants_due(&recorder->descendants, &i, now_ns)))
            try_descendant(recorder, item, now_ns);
}

/* --- the loop ------------------------------------------------------------------------------------
 */

int gw_recorder_new(const struct gw_recorder_options *options, struct gw_recorder **out)
{
    struct gw_recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return -ENOMEM;
    recorder->options = *options;
    gw_task_allow_files();
    if (gw_definitions_init(&recorder->definitions)) {
        free(recorder);
        return -ENOMEM;
    }
    *out = recorder;
    return 0;
}

int gw_recorder_open(struct gw_recorder *recorder, int fd)
{
    int err = gw_capture_writer_new(fd, &recorder->writer);
    return err ? err : write_header(recorder);
}

static void show_progress(struct gw_recorder *recorder, uint64_t now_ns,
                          void (*show)(const struct gw_recorder_progress *progress))
{
    struct gw_recorder_progress progress = {
        .elapsed_s = (double)(now_ns - recorder->started_ns) / (double)GW_NS_PER_S,
        .duration_s = (double)recorder->options.duration_ns / (double)GW_NS_PER_S,
        .ticks = recorder->ticks,
        .bytes = gw_capture_writer_bytes(recorder->writer),
        .n_processes = recorder->n_sessions,
        .rate_hz = gw_schedule_rate_hz(&recorder->schedule),
    };
    for (size_t i = 0; i < recorder->n_sessions; i++)
        progress.n_threads += gw_session_n_threads(recorder->sessions[i]);
    recorder->next_show_ns = now_ns + SHOW_NS;
    show(&progress);
}

static void tick_all(struct gw_recorder *recorder, uint64_t now_ns)
{
    uint64_t gap_ns = gw_schedule_tick(&recorder->schedule, now_ns);
    for (size_t i = 0; i < recorder->n_sessions;) {
        struct gw_session *session = recorder->sessions[i];
        enum gw_session_fate fate = gw_session_tick(session, now_ns, gap_ns);
        recorder->ticks++;
        if (fate == GW_SESSION_GOES_ON)
            fate = gw_session_tend(session, now_ns);
        if (fate == GW_SESSION_GOES_ON) {
            if (gw_session_is_full(session))
                write_session(recorder, session, false);
            i++;
        } else {
            finish_session(recorder, i, fate);
        }
    }
}

static void wait_until(uint64_t at_ns)
{
    if (gw_monotonic_ns() >= at_ns)
        return; /* the kernel would set up a timer all the same */
    struct timespec at = {.tv_sec = (time_t)(at_ns / GW_NS_PER_S),
                          .tv_nsec = (long)(at_ns % GW_NS_PER_S)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL); /* a signal ends it early */
}

/* Most ticks since the last call took the CPU from a thread of a target. */
static bool displaces(struct gw_recorder *recorder)
{
    uint64_t displaced = 0, ticks = recorder->ticks - recorder->accounted_ticks;
    for (size_t i = 0; i < recorder->n_sessions; i++)
        displaced += gw_session_take_displaced(recorder->sessions[i]);
    recorder->accounted_ticks = recorder->ticks;
    return 4 * displaced > 3 * ticks;
}

static enum gw_recorder_end record(struct gw_recorder *recorder, const volatile sig_atomic_t *stop,
                                   void (*show)(const struct gw_recorder_progress *progress))
{
    uint64_t end_ns = recorder->options.duration_ns
                          ? recorder->started_ns + recorder->options.duration_ns
                          : UINT64_MAX;
    for (;;) {
        uint64_t due_ns = recorder->schedule.due_ns;
        wait_until(due_ns < end_ns ? due_ns : end_ns);
        uint64_t now_ns = gw_monotonic_ns();
        if (*stop)
            return GW_RECORDER_SIGNAL;
        if (recorder->stopper)
            gw_stopper_suspend(recorder->stopper);
        if (now_ns >= end_ns)
            return GW_RECORDER_DURATION;
        if (now_ns >= due_ns)
            tick_all(recorder, now_ns);
        follow_descendants(recorder, now_ns);
        if (recorder->priority == GW_PRIORITY_REALTIME && now_ns >= recorder->next_room_ns) {
            gw_room_find(&recorder->room, now_ns);
            recorder->next_room_ns = now_ns + ROOM_NS;
        }
        if (now_ns >= recorder->next_write_ns)
            write_all(recorder, now_ns);
        if (recorder->output_error)
            return GW_RECORDER_OUTPUT;
        if (!recorder->n_sessions && !gw_descendants_pending(&recorder->descendants))
            return GW_RECORDER_TARGET_ENDED;
        if (show && now_ns >= recorder->next_show_ns)
            show_progress(recorder, now_ns, show);
        if (gw_schedule_wants_account(&recorder->schedule, now_ns))
            gw_schedule_account(&recorder->schedule, now_ns, gw_own_cpu_ns(), displaces(recorder));
    }
}

/* Behind the raise of our own priority, which the stopper's threads share. */
static void start_stopper(struct gw_recorder *recorder)
{
    if (recorder->options.max_stop <= 0)
        return;
    recorder->stop_error =
        gw_stopper_new(recorder->priority == GW_PRIORITY_REALTIME, &recorder->stopper);
    if (recorder->stop_error)
        return;
    for (size_t i = 0; i < recorder->n_sessions; i++)
        gw_session_allow_stops(recorder->sessions[i], recorder->stopper,
                               recorder->options.max_stop);
}

enum gw_recorder_end gw_recorder_run(struct gw_recorder *recorder,
                                     const volatile sig_atomic_t *stop,
                                     void (*show)(const struct gw_recorder_progress *progress))
{
    uint64_t seed;
    uint64_t now_ns = gw_monotonic_ns();
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
        seed = now_ns;
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* the default of 50 us would shift every tick */
    gw_schedule_init(&recorder->schedule, recorder->options.rate_hz, recorder->options.max_cpu,
                     now_ns, seed);
    recorder->started_ns = now_ns;
    recorder->next_write_ns = now_ns + WRITE_NS;
    recorder->next_keyframe_ns = now_ns + KEYFRAME_NS;
    recorder->written_cpu_ns = gw_own_cpu_ns();
    double max_cpu = recorder->options.max_cpu;
    recorder->priority = gw_priority_raise(!recorder->options.no_realtime && max_cpu > 0 &&
                                           max_cpu <= REALTIME_MAX_CPU);
    start_stopper(recorder);
    enum gw_recorder_end end = record(recorder, stop, show);
    gw_priority_reset();
    while (recorder->n_sessions) {
        struct gw_session *session = recorder->sessions[--recorder->n_sessions];
        write_session(recorder, session, true);
        gw_session_close(session);
    }
    list_unsettled(recorder);
    if (recorder->output_error)
        return GW_RECORDER_OUTPUT;
    write_end(recorder, end);
    return recorder->output_error ? GW_RECORDER_OUTPUT : end;
}

int gw_recorder_stop_error(const struct gw_recorder *recorder)
{
    return recorder->stop_error;
}

uint64_t gw_recorder_ticks(const struct gw_recorder *recorder)
{
    return recorder->ticks;
}

int gw_recorder_free(struct gw_recorder *recorder)
{
    if (!recorder)
        return 0;
    int err = recorder->output_error;
    for (size_t i = 0; i < recorder->n_sessions; i++)
        gw_session_close(recorder->sessions[i]);
    gw_stopper_free(recorder->stopper);
    gw_definitions_fini(&recorder->definitions);
    int close_err = gw_capture_writer_free(recorder->writer);
    free(recorder);
    return err ? err : close_err;
}
