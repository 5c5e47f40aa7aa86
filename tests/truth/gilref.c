/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exact reference: preloaded into a CPython, it logs every wait for a GIL, every hold, every
 * hand-over and every sleep outside the GIL, with the clocks of the thread itself.
 *
 * CPython reaches its condition variables and mutexes through the PLT, so a preloaded library sees
 * every call. A GIL shows itself when it is made (create_gil in Python/ceval_gil.c, ceval_gil.h up
 * to 3.11: mutex, switch_mutex, cond, switch_cond are initialised in this order and lie as in
 * struct _gil_runtime_state of Include/internal/pycore_gil.h). From then on: lock of mutex by a
 * thread without it     it wants the GIL (take_gil) signal of switch_cond                    it has
 * the GIL signal of cond                           it has let go of the GIL (drop_gil) unlock of
 * mutex or switch_mutex after    drop_gil has ended
 *
 * Only x86-64: sizes of pthread_cond_t and pthread_mutex_t, and the symbol versions below.
 */
#include "gilref.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The library is loaded into targets with older libraries than this machine's: only what glibc has
 * always had may be asked for. */
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dlvsym, dlvsym@GLIBC_2.2.5");

#define EXPORT __attribute__((visibility("default")))
#define COND_BYTES 48u
#define MUTEX_BYTES 40u
#define MAX_GILS 64u
#define MAX_INITS 256u
#define SHORT_DROP_NS 1000u /* drops that are shorter are not worth an event */

/* --- clocks ------------------------------------------------------------------------------------
 */

static uint64_t to_ns(struct timespec at)
{
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static uint64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return to_ns(at);
}

static uint64_t cpu_time(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return to_ns(at);
}

/* --- GILs --------------------------------------------------------------------------------------
 */

struct gil {
    char *cond, *mutex, *switch_cond, *switch_mutex;
};

static struct gil gils[MAX_GILS];
static _Atomic uint32_t n_gils;
static void *mutex_inits[MAX_INITS]; /* a ring of the mutexes made last */
static _Atomic uint32_t n_mutex_inits;

static bool was_made(const char *mutex)
{
    for (uint32_t i = 0; i < MAX_INITS; i++)
        if (mutex_inits[i] == mutex)
            return true;
    return false;
}

/* create_gil makes cond after both mutexes, so its address tells all four. */
static void note_cond_init(char *cond)
{
    uint32_t n = atomic_load(&n_gils);
    struct gil gil = {.cond = cond,
                      .mutex = cond + COND_BYTES,
                      .switch_cond = cond + COND_BYTES + MUTEX_BYTES,
                      .switch_mutex = cond + 2 * COND_BYTES + MUTEX_BYTES};
    if (!was_made(gil.mutex) || !was_made(gil.switch_mutex))
        return;
    for (uint32_t i = 0; i < n; i++)
        if (gils[i].cond == cond) /* made anew, after a fork */
            return;
    if (n == MAX_GILS)
        return;
    gils[n] = gil;
    atomic_store(&n_gils, n + 1);
}

#define FIND(field)                                                                                \
    static uint32_t find_##field(const void *object)                                               \
    {                                                                                              \
        uint32_t n = atomic_load_explicit(&n_gils, memory_order_acquire);                          \
        for (uint32_t i = 0; i < n; i++)                                                           \
            if (gils[i].field == object)                                                           \
                return i;                                                                          \
        return GWR_NO_GIL;                                                                         \
    }
FIND(cond)
FIND(mutex)
FIND(switch_cond)
FIND(switch_mutex)

/* --- the log -----------------------------------------------------------------------------------
 */

struct thread {
    struct gwr_block *block;
    bool begun, ended, in_call;
    uint32_t holds; /* number of a GIL */
    uint64_t want_ns, want_cpu_ns;
    uint64_t acquired_ns; /* in take_gil, to be logged when that is over; 0: not */
    bool releases;        /* likewise in drop_gil, at released_ns */
    uint64_t released_ns; /* drop_gil is under way, 0: not */
    int schedstat;
};

static __thread struct thread self = {.holds = GWR_NO_GIL, .schedstat = -1};
static struct gwr_log *theLog;
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;

static void open_log(void)
{
    size_t bytes = (size_t)GWR_BLOCK_BYTES * (GWR_MAX_BLOCKS + 1);
    int fd = (int)syscall(SYS_memfd_create, "gilref", 1u /* MFD_CLOEXEC */);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
        abort();
    /* Out of the way of programs that count on low numbers. */
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 700);
    if (high >= 0) {
        close(fd);
        fd = high;
    }
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (map == MAP_FAILED)
        abort();
    theLog = map;
    theLog->magic = GWR_MAGIC;
}

static struct gwr_block *begin_block(void)
{
    uint32_t n = __atomic_fetch_add(&theLog->n_blocks, 1, __ATOMIC_RELAXED);
    if (n >= GWR_MAX_BLOCKS)
        return NULL;
    struct gwr_block *block = (void *)((char *)theLog + (size_t)(n + 1) * GWR_BLOCK_BYTES);
    block->tid = (uint32_t)syscall(SYS_gettid);
    return block;
}

static void append(struct gwr_event event)
{
    struct gwr_block *block = self.block;
    if (!block || block->n == GWR_BLOCK_EVENTS) {
        self.block = begin_block();
        if (!self.block) {
            self.block = block;
            __atomic_fetch_add(&theLog->lost, 1, __ATOMIC_RELAXED);
            return;
        }
        block = self.block;
    }
    block->events[block->n] = event;
    __atomic_store_n(&block->n, block->n + 1, __ATOMIC_RELEASE);
}

static void end_thread(void *unused)
{
    (void)unused;
    append((struct gwr_event){.at_ns = now(), .kind = GWR_ENDED, .cpu_ns = cpu_time()});
    if (self.schedstat >= 0)
        close(self.schedstat);
    self.schedstat = -1;
    self.ended = true;
}

static bool begin_thread(void)
{
    if (self.begun)
        return !self.ended;
    if (!theLog)
        return false;
    self.begun = true;
    append((struct gwr_event){.at_ns = now(), .kind = GWR_BEGUN, .cpu_ns = cpu_time()});
    __cxa_thread_atexit_impl(end_thread, NULL, &__dso_handle);
    return true;
}

/* The child's log is its own. The parent's threads, and what they held, are not there. */
static void after_fork(void)
{
    uint32_t holds = self.holds;
    open_log();
    self = (struct thread){.holds = holds, .schedstat = -1};
    begin_thread();
    if (holds != GWR_NO_GIL) {
        uint64_t at = now(), cpu = cpu_time();
        append((struct gwr_event){.at_ns = at,
                                  .from_ns = at,
                                  .cpu_ns = cpu,
                                  .more_ns = cpu,
                                  .kind = GWR_ACQUIRED,
                                  .gil = holds});
    }
}

__attribute__((constructor)) static void start(void)
{
    open_log();
    pthread_atfork(NULL, NULL, after_fork);
}

/* --- the real functions ------------------------------------------------------------------------
 */

static void *resolve(const char *name, const char *version)
{
    void *found = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
    return found ? found : dlsym(RTLD_NEXT, name);
}

/* Declares real_NAME, looked up at its first call. */
#define REAL(name, version)                                                                        \
    static __typeof__(&name) real_##name(void)                                                     \
    {                                                                                              \
        static __typeof__(&name) found;                                                            \
        if (!found)                                                                                \
            found = (__typeof__(&name))resolve(#name, version);                                    \
        return found;                                                                              \
    }
REAL(pthread_mutex_init, NULL)
REAL(pthread_mutex_lock, NULL)
REAL(pthread_mutex_unlock, NULL)
REAL(pthread_cond_init, "GLIBC_2.3.2")
REAL(pthread_cond_signal, "GLIBC_2.3.2")

/* --- the GIL -----------------------------------------------------------------------------------
 */

EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    mutex_inits[atomic_fetch_add(&n_mutex_inits, 1) % MAX_INITS] = mutex;
    return real_pthread_mutex_init()(mutex, attributes);
}

EXPORT int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes)
{
    note_cond_init((char *)cond);
    return real_pthread_cond_init()(cond, attributes);
}

/* Reading CPU time is a system call, after which another thread may run first. Nowhere may that
 * look like a wait, or keep the mutex of the GIL, which others would wait for then: so a wait
 * begins behind that call, and what happens under the mutex is logged when it is unlocked. */
static void want(uint32_t gil)
{
    self.want_cpu_ns = cpu_time();
    self.released_ns = 0;
    self.want_ns = now();
    if (self.block) {
        self.block->wants_gil = gil;
        self.block->wants_ns = self.want_ns;
    }
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    uint32_t gil = find_mutex(mutex);
    if (gil != GWR_NO_GIL && begin_thread() && self.holds == GWR_NO_GIL)
        want(gil);
    return real_pthread_mutex_lock()(mutex);
}

EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
    uint32_t gil = find_switch_cond(cond);
    if (gil != GWR_NO_GIL && begin_thread() && self.holds == GWR_NO_GIL) {
        self.acquired_ns = now();
        self.holds = gil;
    }
    gil = find_cond(cond);
    if (gil != GWR_NO_GIL && gil == self.holds) {
        self.released_ns = now();
        self.releases = true;
        self.holds = GWR_NO_GIL;
    }
    return real_pthread_cond_signal()(cond);
}

static void log_acquired(uint32_t gil)
{
    uint64_t at = self.acquired_ns;
    self.acquired_ns = 0;
    if (self.block)
        self.block->wants_ns = 0;
    append((struct gwr_event){.at_ns = at,
                              .from_ns = self.want_ns ? self.want_ns : at,
                              .cpu_ns = self.want_cpu_ns,
                              .more_ns = cpu_time(),
                              .kind = GWR_ACQUIRED,
                              .gil = gil});
    /* A new block may have begun meanwhile. */
    self.block->wants_ns = 0;
    self.want_ns = 0;
}

static void log_released(uint32_t gil, uint64_t unlocked_ns)
{
    uint64_t cpu = cpu_time();
    if (self.releases)
        append((struct gwr_event){
            .at_ns = self.released_ns, .cpu_ns = cpu, .kind = GWR_RELEASED, .gil = gil});
    self.releases = false;
    if (unlocked_ns - self.released_ns > SHORT_DROP_NS)
        append((struct gwr_event){.at_ns = unlocked_ns,
                                  .from_ns = self.released_ns,
                                  .cpu_ns = cpu,
                                  .kind = GWR_DROPPED,
                                  .gil = gil});
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    bool any = self.acquired_ns || self.released_ns;
    uint32_t gil = any ? find_mutex(mutex) : GWR_NO_GIL;
    if (self.released_ns && gil == GWR_NO_GIL)
        gil = find_switch_mutex(mutex);
    int result = real_pthread_mutex_unlock()(mutex);
    if (gil == GWR_NO_GIL)
        return result;
    uint64_t unlocked_ns = now();
    if (self.acquired_ns)
        log_acquired(gil);
    else
        log_released(gil, unlocked_ns);
    return result;
}

/* --- calls that sleep --------------------------------------------------------------------------
 */

/* Time the thread was runnable without a CPU: second word of /proc/PID/task/TID/schedstat. */
static uint64_t queued_time(void)
{
    char text[128];
    if (self.schedstat < 0)
        self.schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    ssize_t got = syscall(SYS_pread64, self.schedstat, text, sizeof text - 1, 0);
    if (got <= 0)
        return 0;
    text[got] = 0;
    char *second = strchr(text, ' ');
    return second ? strtoull(second, NULL, 10) : 0;
}

struct call {
    bool counts;
    uint64_t from_ns, cpu_ns, queued_ns;
    enum gwr_class class;
};

static struct call enter(enum gwr_class class)
{
    struct call call = {.class = class};
    int error = errno;
    if (begin_thread() && !self.in_call) {
        self.in_call = call.counts = true;
        call.queued_ns = queued_time();
        call.cpu_ns = cpu_time();
        call.from_ns = now();
        if (self.holds == GWR_NO_GIL)
            self.released_ns = 0;
        self.block->calls_class = class;
        self.block->calls_cpu_ns = call.cpu_ns;
        self.block->calls_queued_ns = call.queued_ns;
        self.block->calls_ns = call.from_ns;
    }
    errno = error;
    return call;
}

static void leave(struct call *call)
{
    int error = errno;
    if (!call->counts || self.ended)
        return;
    uint64_t at = now();
    uint64_t cpu = cpu_time() - call->cpu_ns, queued = queued_time() - call->queued_ns;
    self.in_call = false;
    self.block->calls_ns = 0;
    append((struct gwr_event){.at_ns = at,
                              .from_ns = call->from_ns,
                              .cpu_ns = cpu,
                              .more_ns = queued,
                              .kind = GWR_CALL,
                              .class = (uint16_t)call->class,
                              .gil = self.holds});
    errno = error;
}

/* NAME(parameters) with these arguments sleeps for CLASS. */
#define SLEEPS(type, name, class, parameters, arguments)                                           \
    REAL(name, NULL)                                                                               \
    EXPORT type name parameters                                                                    \
    {                                                                                              \
        __attribute__((cleanup(leave), unused)) struct call call = enter(class);                   \
        return real_##name() arguments;                                                            \
    }

extern ssize_t __read_chk(int, void *, size_t, size_t);
extern ssize_t __recv_chk(int, void *, size_t, size_t, int);
extern ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
extern int __poll_chk(struct pollfd *, nfds_t, int, size_t);

SLEEPS(ssize_t, read, GWR_IO, (int fd, void *to, size_t n), (fd, to, n))
SLEEPS(ssize_t, write, GWR_IO, (int fd, const void *from, size_t n), (fd, from, n))
SLEEPS(ssize_t, recv, GWR_IO, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
SLEEPS(ssize_t, send, GWR_IO, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags))
SLEEPS(ssize_t, recvfrom, GWR_IO,
       (int fd, void *to, size_t n, int flags, struct sockaddr *peer, socklen_t *bytes),
       (fd, to, n, flags, peer, bytes))
SLEEPS(int, accept4, GWR_IO, (int fd, struct sockaddr *peer, socklen_t *bytes, int flags),
       (fd, peer, bytes, flags))
SLEEPS(int, accept, GWR_IO, (int fd, struct sockaddr *peer, socklen_t *bytes), (fd, peer, bytes))
SLEEPS(int, connect, GWR_IO, (int fd, const struct sockaddr *peer, socklen_t bytes),
       (fd, peer, bytes))
SLEEPS(int, poll, GWR_IO, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
SLEEPS(int, ppoll, GWR_IO, /* select.poll from 3.15 on */
       (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
       (fds, n, timeout, mask))
SLEEPS(int, epoll_wait, GWR_IO, (int fd, struct epoll_event *events, int n, int timeout),
       (fd, events, n, timeout))
SLEEPS(int, select, n ? GWR_IO : GWR_SLEEP,
       (int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout),
       (n, in, out, other, timeout))
SLEEPS(ssize_t, __read_chk, GWR_IO, (int fd, void *to, size_t n, size_t room), (fd, to, n, room))
SLEEPS(ssize_t, __recv_chk, GWR_IO, (int fd, void *to, size_t n, size_t room, int flags),
       (fd, to, n, room, flags))
SLEEPS(ssize_t, __recvfrom_chk, GWR_IO,
       (int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *peer,
        socklen_t *bytes),
       (fd, to, n, room, flags, peer, bytes))
SLEEPS(int, __poll_chk, GWR_IO, (struct pollfd * fds, nfds_t n, int timeout, size_t room),
       (fds, n, timeout, room))
SLEEPS(int, sem_wait, GWR_LOCK, (sem_t * lock), (lock))
SLEEPS(int, sem_timedwait, GWR_LOCK, (sem_t * lock, const struct timespec *until), (lock, until))
SLEEPS(int, sem_clockwait, GWR_LOCK, (sem_t * lock, clockid_t clock, const struct timespec *until),
       (lock, clock, until))
SLEEPS(int, clock_nanosleep, GWR_SLEEP,
       (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
       (clock, flags, time, left))
SLEEPS(int, nanosleep, GWR_SLEEP, (const struct timespec *time, struct timespec *left),
       (time, left))
SLEEPS(int, sigtimedwait, GWR_SLEEP,
       (const sigset_t *signals, siginfo_t *info, const struct timespec *time),
       (signals, info, time))
SLEEPS(int, usleep, GWR_SLEEP, (useconds_t us), (us))
