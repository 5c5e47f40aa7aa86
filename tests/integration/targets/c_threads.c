/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads made by C that have a thread state and no Python frame; loaded by nasty.py. Built by the
 * test with nothing but the C compiler, so CPython's functions are declared here: they are the same
 * in all versions (Include/pystate.h, Include/ceval.h).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <unistd.h>

int PyGILState_Ensure(void);
void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *state);

static sem_t has_state;

static void make_state(const char *name)
{
    pthread_setname_np(pthread_self(), name);
    PyGILState_Ensure();
    sem_post(&has_state);
}

/* Has let go of the GIL and sleeps. */
static void *idle(void *unused)
{
    (void)unused;
    make_state("c-idle");
    PyEval_SaveThread();
    for (;;)
        pause();
}

/* Ends and leaves its thread state behind. */
static void *leave(void *unused)
{
    (void)unused;
    make_state("c-leave");
    PyEval_SaveThread();
    return NULL;
}

/* Holds the GIL half of the time, asleep. */
static void *hold(void *unused)
{
    (void)unused;
    make_state("c-hold");
    for (;;) {
        usleep(20000);
        void *state = PyEval_SaveThread();
        usleep(20000);
        PyEval_RestoreThread(state);
    }
}

/* The thread has a name and a state by the end of the call, which keeps no GIL. */
int start_c_thread(int kind);
int start_c_thread(int kind)
{
    static void *(*const bodies[])(void *) = {idle, leave, hold};
    pthread_t thread;
    sem_init(&has_state, 0, 0);
    int err = pthread_create(&thread, NULL, bodies[kind], NULL);
    if (err)
        return err;
    while (sem_wait(&has_state))
        continue;
    return bodies[kind] == leave ? pthread_join(thread, NULL) : 0;
}
