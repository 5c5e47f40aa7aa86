/* SPDX-License-Identifier: Apache-2.0 */
#include "target/stopper.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/priority.h"
#include "base/span.h"
#include "target/proc.h"
#include "target/procfile.h"

#define STACK_BYTES ((size_t)256 << 10)
#define LINE_ROOM 256
/* Between the stop of a thread and the instant at which we run: waking up. */
#define WAKING_NS 50000u
/* At most so long we go on before we suspend ourselves. */
#define SUSPEND_MS 500

enum phase { FREE, ASKED, OVER, RETIRED };

struct worker {
    struct gw_stopper *stopper;
    pthread_t thread;
    sem_t asked;
    _Atomic enum phase phase;
    bool is_stuck;     /* with a zombie: after this stop it makes no other */
    const void *owner; /* the asking thread's; so is the rest while the worker is not ASKED */
    pid_t pid, tid;
    struct gw_stop stop;
    struct room *room; /* allocated at the first stop that needs one */
};

/* Where a standing thread is copied to. */
struct room {
    struct gw_standing standing;
    struct gw_rmem_range ranges[GW_MAX_STOP_RANGES];
    uint8_t stack[GW_MAX_STOP_STACK];
    uint8_t bytes[GW_MAX_STOP_BYTES];
};

struct gw_stopper {
    struct worker workers[GW_MAX_STOPS];
    unsigned n_workers;
    bool realtime;
    uint64_t started_ns;
    atomic_bool ends;
    _Atomic uint64_t stops, stopped_ns;
};

/* --- the worker ---------------------------------------------------------------------------------
 */

/* A dead thread stays a zombie until its tracer has waited for it. But the leader of a process that
 * we have started is waited for by who wants its exit status: false, it stays with this worker. */
static bool bury(const struct worker *worker, pid_t tid)
{
    struct gw_proc_stat stat;
    siginfo_t info;
    if (tid == worker->pid && gw_proc_stat_read(worker->pid, 0, &stat) == 0 &&
        stat.ppid == getpid())
        return false;
    waitid(P_PID, (id_t)tid, &info, WEXITED | __WALL);
    return true;
}

/* Wait for what becomes of the one thread that this worker traces. One that calls execve gets the
 * number of its process meanwhile. */
static int await(const struct worker *worker, siginfo_t *info)
{
    while (waitid(P_ALL, 0, info, WSTOPPED | WEXITED | WNOWAIT | __WALL | __WNOTHREAD))
        if (errno != EINTR || worker->stopper->ends)
            return errno == ECHILD ? -ESRCH : -errno; /* somebody else has buried it */
    return 0;
}

static bool has_stopped(const siginfo_t *info)
{
    return info->si_code == CLD_TRAPPED || info->si_code == CLD_STOPPED;
}

/* What the thread was about to get is handed on. A thread that is killed just then cannot be let go
 * any more. False: the worker is stuck with it. */
static bool let_go(const struct worker *worker, siginfo_t *info)
{
    bool is_event = info->si_status >> 8 == PTRACE_EVENT_STOP;
    uintptr_t signal = is_event ? 0 : (uintptr_t)info->si_status & 0x7f;
    pid_t tid = info->si_pid;
    if (ptrace(PTRACE_DETACH, tid, NULL, (void *)signal) == 0)
        return true;
    if (waitid(P_PID, (id_t)tid, info, WEXITED | WNOWAIT | __WALL | __WNOTHREAD))
        return true;
    return bury(worker, tid);
}

static int read_call(int fd, struct gw_syscall *out)
{
    char line[LINE_ROOM];
    ssize_t len = gw_procfile_pread(fd, line, sizeof line);
    return len < 0 ? (int)len : gw_syscall_parse(gw_span_of(line, (size_t)len), out);
}

/* One that sleeps tells nothing of why it could run, and its call would be disturbed. */
static bool is_runnable(int fd)
{
    struct gw_syscall call;
    return read_call(fd, &call) == 0 && call.kind == GW_SYSCALL_RUNNING;
}

static void look_at_standing(const struct worker *worker)
{
    struct room *room = worker->room;
    struct gw_rmem memory = gw_rmem_of(worker->pid);
    room->standing.stack = gw_span_of(room->stack, 0);
    if (gw_registers_read(worker->tid, &room->standing.registers))
        return;
    ssize_t got =
        gw_rmem_read_some(&memory, room->standing.registers.sp, room->stack, sizeof room->stack);
    room->standing.stack = gw_span_of(room->stack, got > 0 ? (size_t)got : 0);
    gw_rmem_readv(&memory, room->ranges, room->standing.n_ranges);
}

static void count(struct gw_stopper *stopper, uint64_t asked_ns, uint64_t woken_ns)
{
    uint64_t from_ns = woken_ns - WAKING_NS > asked_ns ? woken_ns - WAKING_NS : asked_ns;
    stopper->stopped_ns += gw_monotonic_ns() - from_ns;
    stopper->stops++;
}

/* The file is opened before, so that nothing but one read falls into the stop. False: the worker is
 * of no use any more. */
static bool stop_and_look(struct worker *worker, int fd)
{
    struct gw_stop *stop = &worker->stop;
    siginfo_t info = {0};
    uint64_t asked_ns = gw_monotonic_ns();
    stop->err = is_runnable(fd) ? 0 : -EAGAIN;
    if (!stop->err && ptrace(PTRACE_SEIZE, worker->tid, NULL, NULL))
        stop->err = -errno;
    if (stop->err)
        return true;
    ptrace(PTRACE_INTERRUPT, worker->tid, NULL, NULL); /* where it fails the thread has ended */
    stop->err = await(worker, &info);
    if (stop->err)
        return stop->err == -ESRCH;
    if (!has_stopped(&info)) {
        stop->err = -ESRCH;
        return bury(worker, info.si_pid);
    }
    stop->at_ns = gw_monotonic_ns();
    stop->err = info.si_pid == worker->tid ? read_call(fd, &stop->call) : -ESRCH;
    if (stop->standing && !stop->err)
        look_at_standing(worker);
    bool is_free = let_go(worker, &info);
    count(worker->stopper, asked_ns, stop->at_ns);
    return is_free;
}

static bool serve(struct worker *worker)
{
    int fd = gw_procfile_open(worker->pid, worker->tid, "syscall");
    if (fd < 0) {
        worker->stop.err = fd;
        return true;
    }
    bool goes_on = stop_and_look(worker, fd);
    close(fd);
    return goes_on;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    gw_priority_raise(worker->stopper->realtime);
    for (;;) {
        while (sem_wait(&worker->asked) && errno == EINTR && !worker->stopper->ends)
            ;
        if (worker->stopper->ends)
            return NULL;
        worker->is_stuck = !serve(worker);
        worker->phase = OVER;
        if (worker->is_stuck)
            return NULL;
    }
}

/* --- who asks -----------------------------------------------------------------------------------
 */

/* Only ends a wait; what is under way is let go when its worker ends. */
static void on_end(int number)
{
    (void)number;
}

static volatile sig_atomic_t suspend_requested;

static void on_suspend(int number)
{
    (void)number;
    suspend_requested = 1;
}

static bool is_busy(const struct gw_stopper *stopper)
{
    for (unsigned i = 0; i < stopper->n_workers; i++)
        if (stopper->workers[i].phase == ASKED)
            return true;
    return false;
}

void gw_stopper_suspend(struct gw_stopper *stopper)
{
    if (!suspend_requested)
        return;
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < SUSPEND_MS && is_busy(stopper); i++)
        nanosleep(&pause, NULL);
    suspend_requested = 0;
    raise(SIGSTOP);
}

static int start_worker(struct gw_stopper *stopper, struct worker *worker)
{
    pthread_attr_t attributes;
    sigset_t all, former;
    worker->stopper = stopper;
    if (sem_init(&worker->asked, 0, 0) || pthread_attr_init(&attributes))
        return -ENOMEM;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    sigdelset(&all, SIGURG);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    int err = pthread_create(&worker->thread, &attributes, work, worker);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    pthread_attr_destroy(&attributes);
    return -err;
}

int gw_stopper_new(bool realtime, struct gw_stopper **out)
{
    struct sigaction action = {.sa_handler = on_end}; /* no SA_RESTART: it ends the wait */
    struct gw_stopper *stopper = calloc(1, sizeof *stopper);
    if (!stopper)
        return -ENOMEM;
    stopper->realtime = realtime;
    stopper->started_ns = gw_monotonic_ns();
    sigaction(SIGURG, &action, NULL);
    sigaction(SIGTSTP, &(struct sigaction){.sa_handler = on_suspend}, NULL);
    for (int err; stopper->n_workers < GW_MAX_STOPS; stopper->n_workers++) {
        err = start_worker(stopper, &stopper->workers[stopper->n_workers]);
        if (err) {
            gw_stopper_free(stopper);
            return err;
        }
    }
    *out = stopper;
    return 0;
}

static void join(struct worker *worker)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (pthread_tryjoin_np(worker->thread, NULL)) {
        pthread_kill(worker->thread,
                     SIGURG); /* one that comes just before a wait does not end it */
        nanosleep(&pause, NULL);
    }
    sem_destroy(&worker->asked);
    free(worker->room);
}

/* All are told before the first is waited for: one may wait for a thread that another one holds. */
void gw_stopper_free(struct gw_stopper *stopper)
{
    if (!stopper)
        return;
    stopper->ends = true;
    for (unsigned i = 0; i < stopper->n_workers; i++)
        sem_post(&stopper->workers[i].asked);
    for (unsigned i = 0; i < stopper->n_workers; i++)
        join(&stopper->workers[i]);
    signal(SIGTSTP, SIG_DFL);
    free(stopper);
}

static struct worker *free_worker(struct gw_stopper *stopper)
{
    for (unsigned i = 0; i < GW_MAX_STOPS; i++) {
        struct worker *worker = &stopper->workers[i];
        if (worker->phase == FREE || (worker->phase == OVER && !worker->owner && !worker->is_stuck))
            return worker;
    }
    return NULL;
}

static void set_off(struct worker *worker, const void *owner, pid_t pid, pid_t tid,
                    struct gw_stop stop)
{
    worker->owner = owner;
    worker->pid = pid;
    worker->tid = tid;
    worker->stop = stop;
    worker->phase = ASKED;
    sem_post(&worker->asked);
}

bool gw_stopper_ask(struct gw_stopper *stopper, const void *owner, pid_t pid, pid_t tid,
                    uint64_t tag)
{
    struct worker *worker = free_worker(stopper);
    if (worker)
        set_off(worker, owner, pid, tid, (struct gw_stop){.tag = tag});
    return worker;
}

/* Lay out copies of the ranges. False: there is no room for them. */
static bool lay_out(struct room *room, const struct gw_rmem_range *ranges, size_t n)
{
    size_t used = 0;
    if (n > GW_MAX_STOP_RANGES)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].len > GW_MAX_STOP_BYTES - used)
            return false;
        room->ranges[i] = (struct gw_rmem_range){
            .addr = ranges[i].addr, .buf = room->bytes + used, .len = ranges[i].len};
        used += ranges[i].len;
    }
    room->standing.registers.n = 0;
    room->standing.ranges = room->ranges;
    room->standing.n_ranges = n;
    return true;
}

bool gw_stopper_ask_standing(struct gw_stopper *stopper, const void *owner, pid_t pid, pid_t tid,
                             uint64_t tag, const struct gw_rmem_range *ranges, size_t n)
{
    struct worker *worker = free_worker(stopper);
    if (!worker)
        return false;
    if (!worker->room)
        worker->room = calloc(1, sizeof *worker->room);
    if (!worker->room || !lay_out(worker->room, ranges, n))
        return false;
    set_off(worker, owner, pid, tid,
            (struct gw_stop){.tag = tag, .standing = &worker->room->standing});
    return true;
}

bool gw_stopper_take(struct gw_stopper *stopper, const void *owner, struct gw_stop *out)
{
    for (unsigned i = 0; i < GW_MAX_STOPS; i++) {
        struct worker *worker = &stopper->workers[i];
        if (worker->owner != owner || worker->phase != OVER)
            continue;
        *out = worker->stop;
        worker->phase = worker->is_stuck ? RETIRED : FREE;
        return true;
    }
    return false;
}

void gw_stopper_forget(struct gw_stopper *stopper, const void *owner)
{
    for (unsigned i = 0; i < GW_MAX_STOPS; i++)
        if (stopper->workers[i].owner == owner)
            stopper->workers[i].owner = NULL;
}

void gw_stopper_count(const struct gw_stopper *stopper, uint64_t *stops, uint64_t *stopped_ns)
{
    *stops = stopper->stops;
    *stopped_ns = stopper->stopped_ns;
}

uint64_t gw_stopper_started_ns(const struct gw_stopper *stopper)
{
    return stopper->started_ns;
}
