/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the log of the exact reference to sums over a window of time, as JSON.
 *
 * usage: gilref_sum LOG START_NS END_NS PERIOD_NS
 *        gilref_sum --intervals LOG START_NS END_NS PERIOD_NS
 *        (CLOCK_MONOTONIC; LOG is /proc/PID/fd/N or a copy)
 *
 * --intervals prints lines "TID WHAT FROM_NS TO_NS" instead: what each thread did when.
 *
 * Per thread: seconds of its life in the window, and of them waiting for a GIL, holding one, and
 * asleep for I/O, a lock or a time; CPU seconds with and without a GIL. Per (waiter, holder): what
 * the one waited while the other held, null for a free GIL. All of it is counted, not sampled.
 *
 * sampling_sd_s is what no sampler can do better: the standard deviation of its wait if each period
 * of PERIOD_NS is looked at once, at a uniformly random instant. A period of length D of which the
 * thread waits the fraction f adds the variance D^2 f (1 - f).
 *
 * A drop that takes its time and is followed at once by wanting the GIL again is a forced one: from
 * the release on the thread waits. Any other drop is on the way to a call, during which the thread
 * does not want the GIL.
 */
#include "gilref.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between the end of a forced drop and the wish to have the GIL back lie some instructions (and
 * what the log itself takes); so does hardly a call that it is worth letting go of the GIL for. */
#define FORCED_CPU_NS 10000u
#define FOREVER UINT64_MAX
#define NOBODY UINT32_MAX

struct window {
    uint64_t start_ns, end_ns, period_ns;
};

struct blame {
    uint32_t holder; /* index of a thread or NOBODY */
    double ns;
};

struct thread {
    uint32_t tid;
    uint64_t begun_ns, ended_ns;
    double hold_ns, hold_cpu_ns, hold_asleep_ns, wait_ns, forced_drop_ns, other_drop_ns, native_ns;
    double asleep_ns[GWR_N_CLASSES];
    uint64_t n_waits, n_holds, n_forced, longest_wait_ns, longest_hold_ns;
    double variance;            /* of a sampled wait, of all periods before the present one */
    uint64_t period, waited_ns; /* the present period, and what it has of waits */
    struct blame *blame;
    size_t n_blame;
};

/* A change of who waits or holds. Of edges at one instant those that end something come first. */
enum edge_kind { EDGE_WAIT_ENDS, EDGE_HOLD_ENDS, EDGE_HOLD_BEGINS, EDGE_WAIT_BEGINS };

struct edge {
    uint64_t at_ns;
    uint32_t thread, gil;
    enum edge_kind kind;
};

struct sums {
    struct window window;
    struct thread *threads;
    size_t n_threads, cap_threads;
    struct edge *edges;
    size_t n_edges, cap_edges;
    uint64_t n_switches, lost;
    bool intervals; /* print them */
};

static void *grown(void *rows, size_t n, size_t *cap, size_t bytes)
{
    if (n < *cap)
        return rows;
    *cap = *cap ? 2 * *cap : 1024;
    rows = realloc(rows, *cap * bytes);
    if (!rows) {
        perror("gilref_sum");
        exit(1);
    }
    return rows;
}

/* --- intervals ---------------------------------------------------------------------------------
 */

/* Length of the part of [from, to) in the window. */
static uint64_t inside(const struct window *window, uint64_t from_ns, uint64_t to_ns)
{
    if (from_ns < window->start_ns)
        from_ns = window->start_ns;
    if (to_ns > window->end_ns)
        to_ns = window->end_ns;
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

/* The part of an amount that lies in the window, if it is spread evenly over [from, to). */
static double share(const struct window *window, uint64_t from_ns, uint64_t to_ns, double amount)
{
    if (to_ns <= from_ns)
        return from_ns >= window->start_ns && from_ns < window->end_ns ? amount : 0;
    return amount * (double)inside(window, from_ns, to_ns) / (double)(to_ns - from_ns);
}

static void add_edges(struct sums *sums, uint32_t thread, uint32_t gil, bool waits,
                      uint64_t from_ns, uint64_t to_ns)
{
    if (!inside(&sums->window, from_ns, to_ns))
        return;
    for (int end = 0; end < 2; end++) {
        sums->edges = grown(sums->edges, sums->n_edges, &sums->cap_edges, sizeof *sums->edges);
        sums->edges[sums->n_edges++] = (struct edge){
            .at_ns = end ? to_ns : from_ns,
            .thread = thread,
            .gil = gil,
            .kind = waits ? (end ? EDGE_WAIT_ENDS : EDGE_WAIT_BEGINS)
                          : (end ? EDGE_HOLD_ENDS : EDGE_HOLD_BEGINS),
        };
    }
}

static void raise_to(uint64_t *longest, uint64_t ns)
{
    if (ns > *longest)
        *longest = ns;
}

static void tell(const struct sums *sums, uint32_t thread, const char *what, uint64_t from_ns,
                 uint64_t to_ns)
{
    if (sums->intervals && inside(&sums->window, from_ns, to_ns))
        printf("%u %s %lu %lu\n", sums->threads[thread].tid, what, from_ns, to_ns);
}

/* --- one thread --------------------------------------------------------------------------------
 */

/* Where the walk through a thread's events stands. */
struct walk {
    struct sums *sums;
    uint32_t index;
    bool holds;
    uint32_t gil; /* that it holds */
    uint64_t acquired_ns, acquired_cpu_ns;
    uint64_t free_ns, free_cpu_ns;                    /* without the GIL since, and CPU time then */
    uint64_t released_ns, dropped_ns, dropped_cpu_ns; /* the last drop, 0: none */
};

static struct thread *of(const struct walk *walk)
{
    return &walk->sums->threads[walk->index];
}

static void end_period(const struct window *window, struct thread *thread)
{
    double waited = (double)thread->waited_ns;
    thread->variance += waited * ((double)window->period_ns - waited);
    thread->waited_ns = 0;
}

/* The waits of a thread come in the order of time. */
static void add_sampled(const struct window *window, struct thread *thread, uint64_t from_ns,
                        uint64_t to_ns)
{
    if (from_ns < window->start_ns)
        from_ns = window->start_ns;
    if (to_ns > window->end_ns)
        to_ns = window->end_ns;
    while (from_ns < to_ns) {
        uint64_t period = (from_ns - window->start_ns) / window->period_ns;
        uint64_t end_ns = window->start_ns + (period + 1) * window->period_ns;
        if (period != thread->period)
            end_period(window, thread);
        thread->period = period;
        thread->waited_ns += (end_ns < to_ns ? end_ns : to_ns) - from_ns;
        from_ns = end_ns < to_ns ? end_ns : to_ns;
    }
}

static void add_wait(struct walk *walk, uint32_t gil, uint64_t from_ns, uint64_t to_ns, bool ended)
{
    const struct window *window = &walk->sums->window;
    struct thread *thread = of(walk);
    thread->wait_ns += (double)inside(window, from_ns, to_ns);
    add_sampled(window, thread, from_ns, to_ns);
    tell(walk->sums, walk->index, "wait", from_ns, to_ns);
    add_edges(walk->sums, walk->index, gil, true, from_ns, to_ns);
    if (ended && to_ns >= window->start_ns && to_ns < window->end_ns)
        thread->n_waits++;
}

/* The thread wants the GIL from then on; returns since when it waits. */
static uint64_t end_drop(struct walk *walk, uint64_t want_ns, uint64_t cpu_ns)
{
    const struct window *window = &walk->sums->window;
    struct thread *thread = of(walk);
    uint64_t from_ns = want_ns;
    if (walk->dropped_ns) {
        double drop_ns = (double)inside(window, walk->free_ns, walk->dropped_ns);
        bool forced = walk->released_ns && cpu_ns - walk->dropped_cpu_ns < FORCED_CPU_NS;
        if (forced) {
            thread->forced_drop_ns += drop_ns;
            thread->n_forced += inside(window, walk->released_ns, walk->released_ns + 1);
            from_ns = walk->released_ns;
        } else {
            thread->other_drop_ns += drop_ns;
            tell(walk->sums, walk->index, "drop", walk->free_ns, walk->dropped_ns);
        }
    }
    walk->released_ns = walk->dropped_ns = 0;
    return from_ns;
}

static void take_acquired(struct walk *walk, const struct gwr_event *event)
{
    const struct window *window = &walk->sums->window;
    struct thread *thread = of(walk);
    uint64_t from_ns = end_drop(walk, event->from_ns, event->cpu_ns);
    if (from_ns == event->from_ns) /* else it only waited since it was free */
        thread->native_ns += share(window, walk->free_ns, event->from_ns,
                                   (double)(event->cpu_ns - walk->free_cpu_ns));
    add_wait(walk, event->gil, from_ns, event->at_ns, true);
    raise_to(&thread->longest_wait_ns, inside(window, from_ns, event->at_ns));
    walk->holds = true;
    walk->gil = event->gil;
    walk->acquired_ns = event->at_ns;
    walk->acquired_cpu_ns = event->more_ns;
}

static void add_hold(struct walk *walk, uint64_t to_ns, bool ended)
{
    const struct window *window = &walk->sums->window;
    struct thread *thread = of(walk);
    uint64_t ns = inside(window, walk->acquired_ns, to_ns);
    thread->hold_ns += (double)ns;
    thread->n_holds += ended && to_ns >= window->start_ns && to_ns < window->end_ns;
    raise_to(&thread->longest_hold_ns, ns);
    tell(walk->sums, walk->index, "hold", walk->acquired_ns, to_ns);
    add_edges(walk->sums, walk->index, walk->gil, false, walk->acquired_ns, to_ns);
}

static void take_released(struct walk *walk, const struct gwr_event *event)
{
    if (walk->holds) {
        add_hold(walk, event->at_ns, true);
        of(walk)->hold_cpu_ns += share(&walk->sums->window, walk->acquired_ns, event->at_ns,
                                       (double)(event->cpu_ns - walk->acquired_cpu_ns));
    }
    walk->holds = false;
    walk->free_ns = walk->released_ns = event->at_ns;
    walk->free_cpu_ns = event->cpu_ns;
    walk->dropped_ns = 0;
}

static void take_call(struct walk *walk, const struct gwr_event *event)
{
    struct thread *thread = of(walk);
    uint64_t wall = event->at_ns - event->from_ns, awake = event->cpu_ns + event->more_ns;
    double asleep = share(&walk->sums->window, event->from_ns, event->at_ns,
                          wall > awake ? (double)(wall - awake) : 0);
    static const char *const names[] = {"io", "lock", "sleep"};
    if (event->gil == GWR_NO_GIL && event->class < GWR_N_CLASSES)
        tell(walk->sums, walk->index, names[event->class], event->from_ns, event->at_ns);
    if (event->gil != GWR_NO_GIL)
        thread->hold_asleep_ns += asleep;
    else if (event->class < GWR_N_CLASSES)
        thread->asleep_ns[event->class] += asleep;
    if (event->from_ns > walk->dropped_ns) /* what the GIL was let go for */
        walk->released_ns = 0;
}

static void take_event(struct walk *walk, const struct gwr_event *event)
{
    switch (event->kind) {
    case GWR_ACQUIRED:
        take_acquired(walk, event);
        break;
    case GWR_RELEASED:
        take_released(walk, event);
        break;
    case GWR_DROPPED:
        walk->released_ns = event->from_ns;
        walk->dropped_ns = event->at_ns;
        walk->dropped_cpu_ns = event->cpu_ns;
        break;
    case GWR_CALL:
        take_call(walk, event);
        break;
    case GWR_ENDED:
        of(walk)->ended_ns = event->at_ns;
        if (!walk->holds)
            of(walk)->native_ns += share(&walk->sums->window, walk->free_ns, event->at_ns,
                                         (double)(event->cpu_ns - walk->free_cpu_ns));
        break;
    default:
        break;
    }
}

/* What is under way where the log ends goes on to the end of the window. */
static void take_unfinished(struct walk *walk, const struct gwr_block *block)
{
    struct thread *thread = of(walk);
    if (thread->ended_ns != FOREVER)
        return;
    if (walk->holds) {
        add_hold(walk, FOREVER, false);
    } else if (block->wants_ns) {
        uint64_t from_ns = end_drop(walk, block->wants_ns, walk->dropped_cpu_ns);
        add_wait(walk, block->wants_gil, from_ns, FOREVER, false);
    } else if (block->calls_ns && block->calls_class < GWR_N_CLASSES) {
        thread->asleep_ns[block->calls_class] +=
            (double)inside(&walk->sums->window, block->calls_ns, FOREVER);
    }
}

static struct walk begin_walk(struct sums *sums, uint32_t tid, const struct gwr_event *first)
{
    sums->threads =
        grown(sums->threads, sums->n_threads, &sums->cap_threads, sizeof *sums->threads);
    sums->threads[sums->n_threads] =
        (struct thread){.tid = tid, .begun_ns = first->at_ns, .ended_ns = FOREVER};
    return (struct walk){.sums = sums,
                         .index = (uint32_t)sums->n_threads++,
                         .free_ns = first->at_ns,
                         .free_cpu_ns = first->cpu_ns};
}

/* --- who waited for whom -----------------------------------------------------------------------
 */

static int by_gil_and_time(const void *a_in, const void *b_in)
{
    const struct edge *a = a_in, *b = b_in;
    if (a->gil != b->gil)
        return a->gil < b->gil ? -1 : 1;
    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

static void charge(struct thread *waiter, uint32_t holder, double ns)
{
    for (size_t i = 0; i < waiter->n_blame; i++)
        if (waiter->blame[i].holder == holder) {
            waiter->blame[i].ns += ns;
            return;
        }
    size_t cap = waiter->n_blame;
    if ((cap & (cap - 1)) == 0) { /* full at each power of two */
        waiter->blame = realloc(waiter->blame, (cap ? 2 * cap : 1) * sizeof *waiter->blame);
        if (!waiter->blame)
            exit(1);
    }
    waiter->blame[waiter->n_blame++] = (struct blame){holder, ns};
}

static void sweep(struct sums *sums)
{
    uint32_t *waiters = calloc(sums->n_threads + 1, sizeof *waiters);
    size_t n_waiters = 0;
    uint32_t holder = NOBODY, last_holder = NOBODY;
    if (!waiters)
        exit(1);
    qsort(sums->edges, sums->n_edges, sizeof *sums->edges, by_gil_and_time);
    for (size_t i = 0; i < sums->n_edges; i++) {
        const struct edge *edge = &sums->edges[i];
        if (i == 0 || edge->gil != edge[-1].gil) {
            n_waiters = 0;
            holder = last_holder = NOBODY;
        } else {
            uint64_t ns = inside(&sums->window, edge[-1].at_ns, edge->at_ns);
            for (size_t w = 0; ns && w < n_waiters; w++)
                charge(&sums->threads[waiters[w]], holder, (double)ns);
        }
        switch (edge->kind) {
        case EDGE_WAIT_BEGINS:
            waiters[n_waiters++] = edge->thread;
            break;
        case EDGE_WAIT_ENDS:
            for (size_t w = 0; w < n_waiters; w++)
                if (waiters[w] == edge->thread) {
                    waiters[w] = waiters[--n_waiters];
                    break;
                }
            break;
        case EDGE_HOLD_BEGINS:
            holder = edge->thread;
            sums->n_switches += holder != last_holder && last_holder != NOBODY &&
                                inside(&sums->window, edge->at_ns, edge->at_ns + 1);
            last_holder = holder;
            break;
        case EDGE_HOLD_ENDS:
            if (holder == edge->thread)
                holder = NOBODY;
            break;
        }
    }
    free(waiters);
}

/* --- reading and printing ----------------------------------------------------------------------
 */

static const struct gwr_block *block_at(const struct gwr_log *log, size_t i)
{
    return (const void *)((const char *)log + i * GWR_BLOCK_BYTES);
}

static const struct gwr_log *map_log(const char *path, size_t *n_blocks)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) < 0 || (size_t)stat.st_size < GWR_BLOCK_BYTES) {
        fprintf(stderr, "gilref_sum: cannot read %s: %s\n", path, strerror(errno));
        exit(1);
    }
    const struct gwr_log *log = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (log == MAP_FAILED || log->magic != GWR_MAGIC) {
        fprintf(stderr, "gilref_sum: %s is no log of the reference\n", path);
        exit(1);
    }
    size_t room = (size_t)stat.st_size / GWR_BLOCK_BYTES - 1;
    *n_blocks = log->n_blocks < room ? log->n_blocks : room;
    return log;
}

struct order {
    uint32_t tid;
    uint32_t block;
};

static int by_tid_and_block(const void *a_in, const void *b_in)
{
    const struct order *a = a_in, *b = b_in;
    if (a->tid != b->tid)
        return a->tid < b->tid ? -1 : 1;
    return (a->block > b->block) - (a->block < b->block);
}

static void read_log(struct sums *sums, const struct gwr_log *log, size_t n_blocks)
{
    struct order *order = calloc(n_blocks + 1, sizeof *order);
    struct walk walk = {0};
    const struct gwr_block *last = NULL;
    if (!order)
        exit(1);
    for (size_t i = 0; i < n_blocks; i++)
        order[i] = (struct order){block_at(log, i + 1)->tid, (uint32_t)i + 1};
    qsort(order, n_blocks, sizeof *order, by_tid_and_block);
    for (size_t i = 0; i < n_blocks; i++) {
        const struct gwr_block *block = block_at(log, order[i].block);
        uint32_t n = __atomic_load_n(&block->n, __ATOMIC_ACQUIRE);
        for (uint32_t e = 0; e < n && e < GWR_BLOCK_EVENTS; e++) {
            if (block->events[e].kind == GWR_BEGUN) { /* a number may be given to a later thread */
                if (last)
                    take_unfinished(&walk, last);
                walk = begin_walk(sums, block->tid, &block->events[e]);
            } else if (walk.sums) {
                take_event(&walk, &block->events[e]);
            }
            last = block;
        }
    }
    if (last)
        take_unfinished(&walk, last);
    free(order);
}

static void print_thread(const struct sums *sums, const struct thread *thread, bool first)
{
    uint64_t life = inside(&sums->window, thread->begun_ns, thread->ended_ns);
    printf(
        "%s\n  {\"tid\": %u, \"wall_s\": %.9f, \"wait_s\": %.9f, \"forced_drop_s\": %.9f, "
        "\"other_drop_s\": %.9f, \"hold_s\": %.9f, \"hold_cpu_s\": %.9f, "
        "\"hold_asleep_s\": %.9f, \"native_s\": %.9f, \"io_s\": %.9f, \"lock_s\": %.9f, "
        "\"sleep_s\": %.9f, \"waits\": %lu, \"holds\": %lu, \"forced\": %lu, "
        "\"sampling_sd_s\": %.9f, \"longest_wait_s\": %.9f, \"longest_hold_s\": %.9f, \"blame\": [",
        first ? "" : ",", thread->tid, (double)life / 1e9, (thread->wait_ns) / 1e9,
        thread->forced_drop_ns / 1e9, thread->other_drop_ns / 1e9, thread->hold_ns / 1e9,
        thread->hold_cpu_ns / 1e9, thread->hold_asleep_ns / 1e9, thread->native_ns / 1e9,
        thread->asleep_ns[GWR_IO] / 1e9, thread->asleep_ns[GWR_LOCK] / 1e9,
        thread->asleep_ns[GWR_SLEEP] / 1e9, thread->n_waits, thread->n_holds, thread->n_forced,
        sqrt(thread->variance) / 1e9, (double)thread->longest_wait_ns / 1e9,
        (double)thread->longest_hold_ns / 1e9);
    for (size_t i = 0; i < thread->n_blame; i++) {
        const struct blame *blame = &thread->blame[i];
        printf("%s[", i ? ", " : "");
        if (blame->holder == NOBODY)
            printf("null");
        else
            printf("%u", sums->threads[blame->holder].tid);
        printf(", %.9f]", blame->ns / 1e9);
    }
    printf("]}");
}

static void print_sums(struct sums *sums)
{
    bool first = true;
    printf("{\"start_ns\": %lu, \"end_ns\": %lu, \"lost\": %lu, \"switches\": %lu, \"threads\": [",
           sums->window.start_ns, sums->window.end_ns, sums->lost, sums->n_switches);
    for (size_t i = 0; i < sums->n_threads; i++) {
        const struct thread *thread = &sums->threads[i];
        if (!inside(&sums->window, thread->begun_ns, thread->ended_ns))
            continue;
        end_period(&sums->window, &sums->threads[i]);
        print_thread(sums, thread, first);
        first = false;
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    size_t n_blocks;
    bool intervals = argc > 1 && strcmp(argv[1], "--intervals") == 0;
    char **words = argv + intervals;
    if (argc - intervals != 5) {
        fprintf(stderr, "usage: gilref_sum [--intervals] LOG START_NS END_NS PERIOD_NS\n");
        return 2;
    }
    struct sums sums = {.window = {strtoull(words[2], NULL, 10), strtoull(words[3], NULL, 10),
                                   strtoull(words[4], NULL, 10)},
                        .intervals = intervals};
    if (!sums.window.period_ns)
        sums.window.period_ns = 1;
    const struct gwr_log *log = map_log(words[1], &n_blocks);
    sums.lost = log->lost;
    read_log(&sums, log, n_blocks);
    sweep(&sums);
    if (!intervals)
        print_sums(&sums);
    for (size_t i = 0; i < sums.n_threads; i++)
        free(sums.threads[i].blame);
    free(sums.threads);
    free(sums.edges);
    return 0;
}
