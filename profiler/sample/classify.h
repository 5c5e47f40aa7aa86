/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was seen of one thread in one tick to its state. A pure function: no reads, no memory.
 *
 * What a tick can see of a thread that is not asleep is only "runnable": on a CPU, or queued for
 * one. Which of the two shows when schedstat next changes (history.h); until then a judgement holds
 * both answers.
 */
#ifndef GW_SAMPLE_CLASSIFY_H
#define GW_SAMPLE_CLASSIFY_H

#include <stdbool.h>

#include "cpython/gil.h"
#include "format/vocabulary.h"
#include "target/task.h"

/* How the thread's present run on the CPU (or in its queue) began. */
enum gw_run_origin {
    GW_RUN_OTHER,
    GW_RUN_HOLDER, /* it held the GIL when last seen before */
    GW_RUN_WAITER, /* it slept for the GIL when last seen before */
};

struct gw_evidence {
    bool unreadable;   /* the kernel would not say */
    bool no_gil;       /* its process has none: Python is not up yet, or has ended */
    bool holds_before; /* it held its GIL when memory was read, */
    bool holds_after;  /* and when the thread's kernel files had been read */
    enum gw_syscall_kind kernel;
    enum gw_syscall_class call; /* of GW_SYSCALL_INSIDE */
    enum gw_gil_futex futex;    /* of GW_SYSCALL_FUTEX */
    bool boundary;              /* stands where only the eval breaker lets go of the GIL */
    bool in_c;                  /* is in C code that Python code called: it was not made to let go */
    bool gil_requested;         /* 3.15: inside take_gil by the thread state's own word */
    bool still_waits;           /* it slept for the GIL, which has not changed hands since */
    bool counted;  /* the GIL's condition variable counts more waiters than sleep on it, and
                      this thread is the likeliest of the rest */
    bool left_out; /* it is none of those counted, and the GIL is not free for it to take */
    bool forced;   /* its last hold, while others waited, was long enough to be ended by force */
    enum gw_run_origin origin;
    bool fresh; /* it may have slept since it was last looked at, or shortly before */
    bool back;  /* it slept for something else, and has run for moments only since it woke */
};

struct gw_judgement {
    enum gw_state on_cpu; /* the state, if it was on a CPU or asleep */
    enum gw_state queued; /* the state, if it was runnable without a CPU */
    bool doubt;           /* which of the two is not known yet */
    bool soft;            /* queued rests on the run's origin only: it does not outlive proof that
                             the thread ran without the GIL */
    bool ask;             /* whether it wants the GIL is not known; where in the kernel it is would
                             tell, if it was woken and has no CPU yet */
};

struct gw_judgement gw_classify(const struct gw_evidence *evidence);

/* What a stop told of a thread that has not had a CPU since. */
enum gw_told {
    GW_TOLD_NOTHING,
    GW_TOLD_WANTS_GIL, /* it was woken from the wait for the GIL */
    GW_TOLD_ELSEWHERE, /* it was woken from something else, or is in its own code */
};

/* By the call it stood in, its class, and for a futex where in the GIL's locks it lies. A pure
 * function too. */
enum gw_told gw_classify_stop(const struct gw_syscall *call, enum gw_syscall_class class,
                              enum gw_gil_futex futex);

#endif
