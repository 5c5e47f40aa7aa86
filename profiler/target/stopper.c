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

enum phase { FREE, ASKED, OVER };

struct worker {
    struct gw_stopper *stopper;
    pthread_t thread;
    sem_t asked;
    _Atomic enum phase phase;
    /* The asking thread's while the worker is not ASKED, else the worker's: */
    const void *owner;
    pid_t pid, tid;
    struct gw_stop stop;
};

struct gw_stopper {
    struct worker workers[GW_MAX_STOPS];
    unsigned n_workers;
    bool realtime;
    atomic_bool ends;
    _Atomic uint64_t stops, stopped_ns;
};

/* --- the worker ---------------------------------------------------------------------------------
 */

/* A dead thread stays a zombie until its tracer has waited for it. But the leader of a process that
 * we have started is waited for by who wants its exit status. */
static void bury(const struct worker *worker)
{
    struct gw_proc_stat stat;
    siginfo_t info;
    if (worker->tid == worker->pid && gw_proc_stat_read(worker->pid, 0, &stat) == 0 &&
        stat.ppid == getpid())
        return;
    waitid(P_PID, (id_t)worker->tid, &info, WEXITED | __WALL);
}

/* Wait for the stop. *signal: what the thread was about to get, to be handed on. */
static int await_stop(const struct worker *worker, int *signal)
{
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)worker->tid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) == 0)
            break;
        if (errno != EINTR || worker->stopper->ends)
            return errno == ECHILD ? -ESRCH : -errno; /* somebody else has buried it */
    }
    if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
        bury(worker);
        return -ESRCH;
    }
    bool is_event = info.si_status >> 8 == PTRACE_EVENT_STOP;
    *signal = is_event ? 0 : info.si_status & 0x7f;
    return 0;
}

static int read_call(int fd, struct gw_syscall *out)
{
    char line[LINE_ROOM];
    ssize_t len = gw_procfile_pread(fd, line, sizeof line);
    return len < 0 ? (int)len : gw_syscall_parse(gw_span_of(line, (size_t)len), out);
}

static int seize(const struct worker *worker)
{
    if (ptrace(PTRACE_SEIZE, worker->tid, NULL, NULL) ||
        ptrace(PTRACE_INTERRUPT, worker->tid, NULL, NULL))
        return -errno;
    return 0;
}

static void count(struct gw_stopper *stopper, uint64_t asked_ns, uint64_t woken_ns)
{
    uint64_t from_ns = woken_ns - WAKING_NS > asked_ns ? woken_ns - WAKING_NS : asked_ns;
    stopper->stopped_ns += gw_monotonic_ns() - from_ns;
    stopper->stops++;
}

/* The file is opened before, so that nothing but one read falls into the stop. */
static int stop_and_look(struct worker *worker, int fd)
{
    int signal = 0;
    uint64_t asked_ns = gw_monotonic_ns();
    int err = seize(worker);
    if (!err)
        err = await_stop(worker, &signal);
    if (err)
        return err;
    uint64_t woken_ns = gw_monotonic_ns();
    err = read_call(fd, &worker->stop.call);
    ptrace(PTRACE_DETACH, worker->tid, NULL, (void *)(intptr_t)signal);
    count(worker->stopper, asked_ns, woken_ns);
    return err;
}

static void serve(struct worker *worker)
{
    int fd = gw_procfile_open(worker->pid, worker->tid, "syscall");
    worker->stop.err = fd < 0 ? fd : stop_and_look(worker, fd);
    if (fd >= 0)
        close(fd);
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
        serve(worker);
        worker->phase = OVER;
    }
}

/* --- who asks -----------------------------------------------------------------------------------
 */

/* Only ends a wait; what is under way is let go when its worker ends. */
static void on_end(int number)
{
    (void)number;
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
    sigaction(SIGURG, &action, NULL);
    signal(SIGTSTP, SIG_IGN); /* whoever is stopped by us would stay so */
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

void gw_stopper_free(struct gw_stopper *stopper)
{
    if (!stopper)
        return;
    stopper->ends = true;
    for (unsigned i = 0; i < stopper->n_workers; i++) {
        struct worker *worker = &stopper->workers[i];
        const struct timespec pause = {.tv_nsec = 1000000};
        sem_post(&worker->asked);
        do /* a signal that comes just before the wait does not end it */
            pthread_kill(worker->thread, SIGURG);
        while (nanosleep(&pause, NULL) == 0 && pthread_tryjoin_np(worker->thread, NULL));
        sem_destroy(&worker->asked);
    }
    free(stopper);
}

bool gw_stopper_ask(struct gw_stopper *stopper, const void *owner, pid_t pid, pid_t tid,
                    uint64_t tag)
{
    for (unsigned i = 0; i < GW_MAX_STOPS; i++) {
        struct worker *worker = &stopper->workers[i];
        bool is_free = worker->phase == FREE || (worker->phase == OVER && !worker->owner);
        if (!is_free)
            continue;
        worker->owner = owner;
        worker->pid = pid;
        worker->tid = tid;
        worker->stop = (struct gw_stop){.tag = tag};
        worker->phase = ASKED;
        sem_post(&worker->asked);
        return true;
    }
    return false;
}

bool gw_stopper_take(struct gw_stopper *stopper, const void *owner, struct gw_stop *out)
{
    for (unsigned i = 0; i < GW_MAX_STOPS; i++) {
        struct worker *worker = &stopper->workers[i];
        if (worker->owner != owner || worker->phase != OVER)
            continue;
        *out = worker->stop;
        worker->phase = FREE;
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
