/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a session, shared by session.c, roster.c, watch.c, tick.c,
 * look_stack.c, judge.c and encode.c and nobody else. */
#ifndef GW_SAMPLE_SESSION_STATE_H
#define GW_SAMPLE_SESSION_STATE_H

#include <time.h>

#include "base/idmap.h"
#include "cpython/ccall.h"
#include "cpython/code.h"
#include "cpython/frames.h"
#include "cpython/gil.h"
#include "cpython/threads.h"
#include "sample/session.h"
#include "target/stopper.h"
#include "target/task.h"

/* Holders that are no slot of a thread. */
#define GW_NO_HOLDER UINT32_MAX
#define GW_UNKNOWN_HOLDER (UINT32_MAX - 1)

/* Thread states one OS thread may have: one per interpreter it visits. */
#define GW_TSTATES_PER_THREAD 4u

struct gw_thread {
    bool used;    /* the slot is taken, */
    bool alive;   /* and the thread is being observed */
    bool defined; /* its definition was written since it last changed */
    bool seen;    /* by the roster under way */
    uint32_t id;  /* in the capture */
    pid_t tid, ns_tid;
    bool is_main;
    bool named; /* by Python itself */
    char *name; /* owned */
    uint64_t first_seen_ns;
    struct gw_task task;

    struct gw_tstate tstates[GW_TSTATES_PER_THREAD];
    uint32_t n_tstates;
    uint32_t current; /* the one it runs under, as far as known */

    /* The last look at it. */
    struct gw_schedstat first_sched, sched;
    bool has_sched;
    bool moved;                         /* the line changed since the thread was judged, */
    uint64_t queued_ns, ran_ns, slices; /* and by so much */
    uint64_t read_tick, unread;         /* when the line was last read, and see gw_growth */
    bool asleep;          /* it slept: while its schedstat line stays, nothing of it changes */
    int last_cpu;         /* where it was seen to run, -1: not known */
    bool late;            /* to be looked at in this tick in spite of that */
    uint32_t still_ticks; /* it slept through so many looks at its line, */
    bool far;             /* and is watched with others now: see struct gw_watch */
    uint32_t cond_gil;    /* among gw_gil_state.n_in_cond of this one, UINT32_MAX: of none */
    enum gw_run_origin origin;
    bool stop_asked;     /* a stop of it is under way, see stops.h */
    bool in_cond;        /* when last seen asleep it was in the GIL's condition variable */
    bool free_run;       /* the last look found it runnable without the GIL, */
    bool counted;        /* and took it for one that the condition variable counts */
    uint64_t run_cpu_ns; /* its CPU time when the present run began */
    struct gw_gil_words slept_for; /* the GIL when it was last seen asleep for it */
    uint64_t called_ns;            /* when it was last seen asleep for anything but the GIL */
    uint64_t held_ns;              /* gw_gil_state.contested_ns when it last held it */
    struct gw_stack_guess guess;
    struct gw_frame frames[GW_MAX_FRAMES];
    uint32_t nodes[GW_MAX_FRAMES]; /* stack ids from the root to each frame */
    uint32_t n_frames, omitted;
    uint32_t stack;
    struct gw_ccall ccall; /* what the stack ends in */
    bool boundary;
    bool lost; /* its stack could not be read */

    struct gw_track track;
    uint64_t ended_tick; /* first tick at which it was no more; UINT64_MAX */
};

struct gw_gil_state {
    gw_raddr addr;
    uint32_t id;         /* in the capture */
    int64_t interpreter; /* lowest id of the interpreters that share it */
    bool defined;
    uint32_t wrefs_at;
    struct gw_gil_words before, after;
    struct gw_gil_words held; /* the words of the tick before */
    uint64_t contested_ns;    /* for about that long the present hold has kept others waiting */
    uint32_t n_in_cond;       /* threads last seen asleep in its condition variable */
    uint8_t copy[GW_MAX_GIL_BYTES], copy_after[GW_MAX_GIL_BYTES];
    bool readable, seen;
    uint64_t written_switches;            /* switch_number when the last block was written */
    uint32_t holder_before, holder_after; /* slots of threads, or GW_NO_HOLDER ... */
    struct gw_track track;                /* holders */
};

/* A thread's part in the tick under way. */
struct gw_look {
    uint32_t thread;
    struct gw_stack_image image, second; /* the second one is read later, of running threads */
    struct gw_syscall call;
    enum gw_syscall_class class;
    bool has_image, has_second;
    bool ours;      /* runnable, and its CPU is the one we run on: */
    unsigned place; /* of enum gw_entry_flag, what that tells */
    struct gw_evidence evidence;
};

/* Slots of threads by how they are watched: the near ones' schedstat lines are read in each tick.
 * The far ones have slept for long; together they are watched by the CPU clock of the process. */
struct gw_watch {
    uint32_t *near, *far; /* GW_MAX_THREADS each */
    uint32_t n_near, n_far;
    uint32_t *holders; /* likewise: seen asleep with a GIL */
    uint32_t n_holders;
    bool stale; /* threads came or went: sort them anew */
    bool has_clock, has_rest;
    clockid_t clock;  /* CPU time of the process */
    uint64_t rest_ns; /* that, less the CPU time of the near ones, when the far ones were read */
    uint32_t in_vain; /* the far ones were read so often in a row, and none had moved */
};

struct gw_stops {
    struct gw_stopper *stopper; /* the recorder's; NULL: nothing may be stopped */
    double budget;              /* share of the time */
    uint32_t n_asked;           /* under way */
};

struct gw_session {
    struct gw_proc proc;
    struct gw_rmem memory;
    struct gw_python python;
    struct gw_definitions *definitions;
    struct gw_codes *codes;
    struct gw_ccalls *ccalls;
    struct gw_stack_scratch *scratch;
    struct gw_thread_list list;
    uint32_t process_id;
    pid_t parent_pid; /* when it was taken up: a dead process has none */
    bool process_defined;
    uint64_t first_seen_ns, ended_ns;

    struct gw_thread **threads; /* slots, GW_MAX_THREADS of them; allocated as needed */
    uint32_t n_threads;
    struct gw_idmap by_tid;    /* tid in the target's namespace -> slot, for the roster */
    struct gw_idmap by_tstate; /* thread state address -> slot */
    struct gw_gil_state gils[GW_MAX_INTERPRETERS];
    uint32_t n_gils;
    struct gw_watch watch;
    struct gw_stops stops;
    struct gw_native_stacks *native; /* NULL: not asked for */
    struct gw_native_stops *native_stops;
    struct gw_history *history;
    uint64_t random;

    /* The tick's room. */
    struct gw_look *looks;
    uint32_t n_looks;
    struct gw_rmem_range *ranges;
    size_t cap_ranges, n_ranges; /* n: of the first read */
    uint8_t *arena;
    size_t arena_bytes, arena_used;
    gw_raddr heads[GW_MAX_INTERPRETERS];
    struct gw_location locations[GW_MAX_FRAMES];
    struct gw_walk walk, first_walk, seen_walk;
    bool seen_in_image; /* seen_walk, as gw_stack_seen_in_image */
    struct gw_idmap met; /* callers and callees that are known to meet, by gw_look_stack */
    bool roster_due;
    bool stopped;
    uint64_t next_roster_ns, next_names_ns, next_fate_ns, next_tend_ns, next_still_ns;
    uint64_t start_retry_ns, next_start_ns; /* for the thread of a new thread state */
    bool any_unnamed;
    uint64_t unnamed_asked_ns, unnamed_pause_ns; /* when they were asked for, and the next pause */
    uint64_t last_tick_ns;
    int own_cpu;           /* the one this tick runs on */
    struct gw_task own;    /* the thread that makes the ticks: only its sched file is ever open */
    uint64_t last_work_ns; /* how long the last tick took */
    uint64_t displaced;    /* ticks that took the CPU from one of its threads, until taken */
    uint32_t torn_stack;   /* id of the stack that stands for a lost one */

    /* Since the last block. */
    uint32_t torn, dropped;
    uint32_t displacing; /* as `displaced` */
    uint64_t ticks;
};

/* roster.c: bring threads and GILs into line with the target's lists: all of them, or only find
 * what is new. May allocate. */
int gw_roster_update(struct gw_session *session, uint64_t now_ns, bool all);
/* Ask for the names of all threads, or of those that have none from Python yet. True: some still
 * have none. */
bool gw_roster_name_threads(struct gw_session *session, bool all);
void gw_roster_free(struct gw_session *session);
/* The thread is gone, or is no Python thread any more, from this tick on. */
void gw_roster_end_thread(struct gw_thread *thread, uint64_t tick);

/* watch.c: room for GW_MAX_THREADS; -ENOMEM. */
int gw_watch_init(struct gw_session *session);
void gw_watch_free(struct gw_session *session);
/* Start the looks of a tick: all threads that moved since the last one, or that do not sleep.
 * Returns how many lines of schedstat changed; the first look at a thread is no sign that it
 * moved. */
uint32_t gw_watch_find_looks(struct gw_session *session);
/* Add those that the GILs give away: who slept and now holds one, or held one asleep and does not
 * any more. */
void gw_watch_add_late_looks(struct gw_session *session);
/* Look at a thread in this tick. */
void gw_watch_add_look(struct gw_session *session, uint32_t slot);
/* The thread has been judged. */
void gw_watch_note(struct gw_session *session, uint32_t slot);

/* tick.c */
/* Slot of the thread that holds a GIL by its words; GW_NO_HOLDER, GW_UNKNOWN_HOLDER. */
uint32_t gw_session_holder(const struct gw_session *session, const struct gw_gil_words *words);

/* look_stack.c: read the stack of a look's thread into thread->stack. */
void gw_look_stack(struct gw_session *session, struct gw_look *look);
/* The same from an image that was made while the thread stood still: its stack id if it was in
 * Python code, and in *in_c, if it was in C functions below its innermost frame. 0 if the image does
 * not have all of it. Changes nothing of the thread. */
uint32_t gw_look_stack_standing(struct gw_session *session, uint32_t slot,
                                const struct gw_stack_image *image, uint32_t *in_c);

/* judge.c: turn the looks of a tick into entries of the history. */
void gw_judge_looks(struct gw_session *session);
/* After a roster: for holders that the last tick could not name. */
void gw_judge_adopt_holders(struct gw_session *session);
/* Index of the GIL that a thread needs for Python code. */
uint32_t gw_session_thread_gil(const struct gw_session *session, const struct gw_thread *thread);

/* Index of the GIL at an address, UINT32_MAX if it is none of ours. */
uint32_t gw_session_gil(const struct gw_session *session, gw_raddr addr);

#endif
