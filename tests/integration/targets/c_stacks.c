/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An extension module whose C stacks are known. What it needs of Python.h is declared here, for not
 * every interpreter comes with its headers: layouts of the stable ABI (Include/moduleobject.h,
 * methodobject.h, 3.8 to 3.15).
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct {
    ssize_t references;
    void *type;
} PyObject;

typedef struct {
    const char *name;
    PyObject *(*function)(PyObject *self, PyObject *argument);
    int flags;
    const char *doc;
} PyMethodDef;

typedef struct {
    PyObject base;
    void *init;
    ssize_t index;
    void *copy;
    const char *name, *doc;
    ssize_t size;
    PyMethodDef *methods;
    void *slots, *traverse, *clear, *free;
} PyModuleDef;

#define METH_O 0x0008
#define PYTHON_API_VERSION 1013

extern PyObject *PyModule_Create2(PyModuleDef *definition, int api_version);
extern PyObject *PyLong_FromLong(long value);
extern PyObject *PyObject_CallObject(PyObject *callable, PyObject *arguments);
extern long PyLong_AsLong(PyObject *number);
extern void *PyEval_SaveThread(void);
extern void PyEval_RestoreThread(void *state);

#define APART __attribute__((noinline, noclone))
/* Behind a call, so that it is none in place of a return. */
#define GO_ON(value) __asm__ volatile("" : "+r"(value))

static APART __attribute__((used)) long innermost(long fd)
{
    char byte;
    long got = read((int)fd, &byte, 1);
    GO_ON(got);
    return got;
}

/* Larger than one piece of the stack that a profiler may read. */
static APART long middle(long fd)
{
    volatile char room[40000];
    room[0] = room[sizeof room - 1] = 0;
    long got = innermost(fd);
    GO_ON(got);
    return got + room[0];
}

static APART long outermost(long fd)
{
    long got = middle(fd);
    GO_ON(got);
    return got;
}

/* A chain of multiplications takes as long wherever its code lies. */
static inline __attribute__((always_inline)) long multiply(long n)
{
    unsigned long product = 1;
    for (long i = 0; i < n; i++) {
        product = product * 6364136223846793005ul + 1;
        GO_ON(product);
    }
    return (long)product;
}

/* One computes three parts of the time, the other two. */
static APART long long_part(long n)
{
    return multiply(3 * n);
}

static APART long short_part(long n)
{
    return multiply(2 * n);
}

static APART long computes(long n)
{
    long done = long_part(n) + short_part(n);
    GO_ON(done);
    return done;
}

static APART long naps(long us)
{
    long rc = usleep((useconds_t)us);
    GO_ON(rc);
    return rc;
}

/* How much room it makes is not to be seen in its code. */
static APART long with_room(long fd)
{
    volatile char *room = __builtin_alloca((size_t)fd * 100);
    room[0] = 0;
    long got = innermost(fd);
    GO_ON(got);
    return got + room[0];
}

/* Its unwind table has an expression (the stack pointer and 32), as those of PLTs have. */
#if defined(__x86_64__)
extern long by_expression(long fd) __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
        ".type by_expression, @function\n"
        "by_expression:\n"
        ".cfi_startproc\n"
        "subq $24, %rsp\n"
        ".cfi_escape 0x0f, 0x02, 0x77, 0x20\n" /* DW_CFA_def_cfa_expression, DW_OP_breg7 32 */
        "call innermost\n"
        "addq $24, %rsp\n"
        ".cfi_def_cfa %rsp, 8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size by_expression, . - by_expression\n"
        ".popsection\n");
#else
static APART long by_expression(long fd)
{
    long got = innermost(fd);
    GO_ON(got);
    return got;
}
#endif

/* As a C++ compiler would name int shop::index(int). */
static APART long cxx_index(long fd) __asm__("_ZN4shop5indexEi");
static APART long cxx_index(long fd)
{
    long got = innermost(fd);
    GO_ON(got);
    return got;
}

/* Keeps the GIL while it is blocked. */
static PyObject *keep(PyObject *self, PyObject *fd)
{
    (void)self;
    return PyLong_FromLong(outermost(PyLong_AsLong(fd)));
}

static PyObject *keep_cxx(PyObject *self, PyObject *fd)
{
    (void)self;
    return PyLong_FromLong(cxx_index(PyLong_AsLong(fd)));
}

static PyObject *compute(PyObject *self, PyObject *n)
{
    (void)self;
    return PyLong_FromLong(computes(PyLong_AsLong(n)));
}

static PyObject *nap(PyObject *self, PyObject *us)
{
    (void)self;
    return PyLong_FromLong(naps(PyLong_AsLong(us)));
}

static PyObject *keep_room(PyObject *self, PyObject *fd)
{
    (void)self;
    return PyLong_FromLong(with_room(PyLong_AsLong(fd)));
}

static PyObject *keep_expression(PyObject *self, PyObject *fd)
{
    (void)self;
    return PyLong_FromLong(by_expression(PyLong_AsLong(fd)));
}

static PyObject *let_go(PyObject *self, PyObject *fd)
{
    (void)self;
    long number = PyLong_AsLong(fd);
    void *state = PyEval_SaveThread();
    long got = outermost(number);
    PyEval_RestoreThread(state);
    return PyLong_FromLong(got);
}

static APART PyObject *calls_python(PyObject *callable)
{
    PyObject *result = PyObject_CallObject(callable, NULL);
    GO_ON(result);
    return result;
}

static PyObject *call_back(PyObject *self, PyObject *callable)
{
    (void)self;
    return calls_python(callable);
}

static PyMethodDef methods[] = {
    {"compute", compute, METH_O, NULL},
    {"nap", nap, METH_O, NULL},
    {"keep", keep, METH_O, NULL},
    {"keep_cxx", keep_cxx, METH_O, NULL},
    {"keep_room", keep_room, METH_O, NULL},
    {"keep_expression", keep_expression, METH_O, NULL},
    {"let_go", let_go, METH_O, NULL},
    {"call_back", call_back, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    .base = {1, NULL}, .name = "c_stacks", .size = -1, .methods = methods};

__attribute__((visibility("default"))) PyObject *PyInit_c_stacks(void)
{
    return PyModule_Create2(&definition, PYTHON_API_VERSION);
}
