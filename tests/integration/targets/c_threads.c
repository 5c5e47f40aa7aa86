/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads made by C that have a thread state and no Python frame; loaded by nasty.py. Built by the
 * test with nothing but the C compiler, so CPython's functions are declared here: they are the same
 * in all versions (Include/pystate.h, Include/ceval.h).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

int PyGILState_Ensure(void);
void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *state);

/* Has let go of the GIL and sleeps. */
static void *idle(void *unused)
{
    (void)unused;
    PyGILState_Ensure();
    PyEval_SaveThread();
    for (;;)
        pause();
}

/* Ends and leaves its thread state behind. */
static void *leave(void *unused)
{
    (void)unused;
    PyGILState_Ensure();
    PyEval_SaveThread();
    return NULL;
}

/* Holds the GIL half of the time, asleep. */
static void *hold(void *unused)
{
    (void)unused;
    PyGILState_Ensure();
    for (;;) {
        usleep(20000);
        void *state = PyEval_SaveThread();
        usleep(20000);
        PyEval_RestoreThread(state);
    }
}

int start_c_thread(int kind);
int start_c_thread(int kind)
{
    static void *(*const bodies[])(void *) = {idle, leave, hold};
    static const char *const names[] = {"c-idle", "c-leave", "c-hold"};
    pthread_t thread;
    int err = pthread_create(&thread, NULL, bodies[kind], NULL);
    if (!err)
        pthread_setname_np(thread, names[kind]); /* fails if it has ended by now */
    return err;
}
