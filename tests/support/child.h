/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the test's own to look at from outside. */
#ifndef GW_TESTS_CHILD_H
#define GW_TESTS_CHILD_H

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Start a child that runs body(data) and then waits for ever. It dies with the thread that started
 * it; the pipe makes sure of that before either of the two goes on. */
static inline pid_t child_start(void (*body)(void *data), void *data)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        if (write(ready[1], &byte, 1) != 1)
            _exit(1); /* the parent is gone already */
        close(ready[1]);
        if (body)
            body(data);
        for (;;)
            pause();
    }
    close(ready[1]);
    if (pid < 0 || read(ready[0], &byte, 1) != 1)
        abort(); /* a test would go on with kill(-1) */
    close(ready[0]);
    return pid;
}

/* Kill it and take its exit status, so that nothing of it is left. */
static inline void child_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static inline void child_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Wait until condition holds; gives up after some seconds, and the assertion that follows fails. */
#define CHILD_AWAIT(condition)                                                                     \
    for (int naps_ = 0; naps_ < 5000 && !(condition); naps_++)                                     \
    child_nap()

#endif
