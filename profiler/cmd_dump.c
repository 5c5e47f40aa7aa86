/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit_code.h"
#include "base/limits.h"
#include "options.h"
#include "running_stacks.h"

#define DUMP_SCHEMA_VERSION 1
#define TICK_NS 1000000ull
/* A runnable thread's state shows when it next runs: so many ticks are waited for at most. */
#define MAX_TICKS (GW_DOUBT_NS / TICK_NS + 50)

static void print_help(void)
{
    printf(
        "Usage: gilwait dump -p PID [--native[=all] [--stop]] [--json]\n"
        "Print every Python thread as it is now: its state, its stack (innermost frame first),\n"
        "and for one that waits for the GIL, who holds it. The process is not stopped, unless\n"
        "told to.\n\n"
        "  -p, --pid PID   process to look at\n"
        "      --native    for threads that sleep: the C functions they are in, below the Python\n"
        "                  frames; =all: with those inside of the interpreter\n"
        "      --stop      with --native: also stop threads that run, one at a time for an "
        "instant\n"
        "      --json      as JSON on standard output\n"
        "  -h, --help      this text\n");
}

/* --- looking -------------------------------------------------------------------------------------
 */

/* Ticks before the one that is shown: by then it is known where each waiter sleeps. */
#define WARM_UP 10u

/* Tick until the tick that is shown is beyond doubt; nothing is written, so all are kept. */
static size_t look(struct gw_session *session, struct gw_snapshot_thread *threads, size_t cap)
{
    bool settled = false;
    size_t n = 0;
    for (unsigned i = 0; i < MAX_TICKS && !settled && !gw_session_is_full(session); i++) {
        uint64_t now_ns = gw_monotonic_ns();
        if (gw_session_tick(session, now_ns, 0) != GW_SESSION_GOES_ON)
            break;
        if (gw_session_tend(session, now_ns) != GW_SESSION_GOES_ON)
            break;
        if (i >= WARM_UP)
            n = gw_session_snapshot(session, WARM_UP, threads, cap, &settled);
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
    return n < cap ? n : cap;
}

/* --- text ----------------------------------------------------------------------------------------
 */

static void print_frame(const struct gw_definitions *definitions, const struct gw_stack_node *node)
{
    const struct gw_function *function = gw_functions_get(definitions->functions, node->function);
    const char *name = gw_strtab_text(definitions->strings, function->name);
    const char *file = gw_strtab_text(definitions->strings, function->file);
    if (!*name)
        name = "[unknown]";
    if (function->kind == GW_CODE_NATIVE)
        printf(*file ? "    %s [%s]\n" : "    %s\n", name, file);
    else if (*file)
        printf("    %s (%s:%u)\n", name, file, node->line);
    else
        printf("    %s%s\n", name, function->kind == GW_CODE_C ? " [C]" : "");
}

static const char *name_of_tid(const struct gw_snapshot_thread *threads, size_t n, pid_t tid)
{
    for (size_t i = 0; i < n; i++)
        if (threads[i].tid == tid)
            return threads[i].name;
    return "";
}

static uint32_t stack_of_tid(const struct gw_snapshot_thread *threads, size_t n, pid_t tid)
{
    for (size_t i = 0; i < n; i++)
        if (threads[i].tid == tid)
            return threads[i].stack;
    return 0;
}

/* ", waits for 4712 "report-builder" in build (server.py:86) → json.dumps" */
static void print_holder(const struct gw_definitions *definitions,
                         const struct gw_snapshot_thread *threads, size_t n,
                         const struct gw_snapshot_thread *waiter)
{
    if (!gw_state_wants_gil(waiter->state))
        return;
    if (waiter->blame == GW_BLAME_HANDOFF) {
        printf(", nobody holds the GIL (handoff)");
        return;
    }
    if (!waiter->waits_for) {
        printf(", holder unknown");
        return;
    }
    printf(", waits for %d \"%s\"", waiter->waits_for, name_of_tid(threads, n, waiter->waits_for));
    uint32_t stack = stack_of_tid(threads, n, waiter->waits_for);
    if (!stack)
        return;
    const struct gw_stack_node *leaf = gw_stacks_get(definitions->stacks, stack);
    const struct gw_function *called = gw_functions_get(definitions->functions, leaf->function);
    while (called->kind == GW_CODE_NATIVE && leaf->parent) {
        leaf = gw_stacks_get(definitions->stacks, leaf->parent);
        called = gw_functions_get(definitions->functions, leaf->function);
    }
    if (called->kind == GW_CODE_C)
        leaf = gw_stacks_get(definitions->stacks, leaf->parent);
    const struct gw_function *function = gw_functions_get(definitions->functions, leaf->function);
    printf(" in %s (%s:%u)", gw_strtab_text(definitions->strings, function->name),
           gw_strtab_text(definitions->strings, function->file), leaf->line);
    if (called->kind == GW_CODE_C)
        printf(" → %s", gw_strtab_text(definitions->strings, called->name));
}

static void print_text(const struct gw_session *session, const struct gw_definitions *definitions,
                       const struct gw_snapshot_thread *threads, size_t n)
{
    const struct gw_proc *proc = gw_session_proc(session);
    printf("Process %d: CPython %s, %s\n", proc->pid, gw_session_python(session)->version,
           proc->exe);
    for (size_t i = 0; i < n; i++) {
        printf("\nThread %d \"%s\": %s", threads[i].tid, threads[i].name,
               gw_state_name(threads[i].state));
        if (gw_state_holds_gil(threads[i].state))
            printf(", HOLDS THE GIL");
        if (threads[i].stood)
            printf(", stopped for an instant");
        print_holder(definitions, threads, n, &threads[i]);
        putchar('\n');
        for (uint32_t id = threads[i].stack; id;) {
            const struct gw_stack_node *node = gw_stacks_get(definitions->stacks, id);
            print_frame(definitions, node);
            id = node->parent;
        }
        if (!threads[i].stack)
            printf("    [no Python frame]\n");
    }
}

/* --- JSON ----------------------------------------------------------------------------------------
 */

static const char *const kind_names[] = {
    [GW_CODE_PYTHON] = "python",
    [GW_CODE_C] = "c",
    [GW_CODE_NATIVE] = "native",
};

static json_t *json_stack(const struct gw_definitions *definitions, uint32_t stack)
{
    json_t *frames = json_array();
    for (uint32_t id = stack; id;) {
        const struct gw_stack_node *node = gw_stacks_get(definitions->stacks, id);
        const struct gw_function *function =
            gw_functions_get(definitions->functions, node->function);
        json_array_append_new(frames,
                              json_pack("{s:s, s:s, s:s, s:i}", "function",
                                        gw_strtab_text(definitions->strings, function->name),
                                        "kind", kind_names[function->kind], "file",
                                        gw_strtab_text(definitions->strings, function->file),
                                        "line", (int)node->line));
        id = node->parent;
    }
    return frames;
}

static json_t *json_thread(const struct gw_definitions *definitions,
                           const struct gw_snapshot_thread *thread)
{
    json_t *out =
        json_pack("{s:i, s:s, s:s, s:o}", "tid", (int)thread->tid, "name", thread->name, "state",
                  gw_state_name(thread->state), "stack", json_stack(definitions, thread->stack));
    json_object_set_new(out, "waits_for",
                        thread->waits_for ? json_integer(thread->waits_for) : json_null());
    if (thread->stood)
        json_object_set_new(out, "stopped_for_stack", json_true());
    if (thread->ns_tid != thread->tid)
        json_object_set_new(out, "ns_tid", json_integer(thread->ns_tid));
    return out;
}

static int print_json(const struct gw_session *session, const struct gw_definitions *definitions,
                      const struct gw_snapshot_thread *threads, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_thread(definitions, &threads[i]));
    json_t *out = json_pack("{s:i, s:i, s:s, s:o}", "schema_version", DUMP_SCHEMA_VERSION, "pid",
                            (int)gw_session_proc(session)->pid, "python",
                            gw_session_python(session)->version, "threads", list);
    int failed = json_dumpf(out, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(out);
    return failed;
}

/* --------------------------------------------------------------------------------------------------
 */

struct arguments {
    pid_t pid;
    bool json, native, stop;
    enum gw_native_mode mode;
};

static int dump_session(struct gw_session *session, const struct gw_definitions *definitions,
                        const struct arguments *arguments)
{
    struct gw_snapshot_thread *threads = calloc(GW_MAX_THREADS, sizeof *threads);
    if (!threads)
        return GW_EXIT_FAILURE;
    size_t n = look(session, threads, GW_MAX_THREADS);
    int failed = 0;
    if (n == 0) {
        fprintf(stderr, "%s: the target was gone before it could be read\n", GW_PROGRAM);
        free(threads);
        return GW_EXIT_GONE;
    }
    int err = arguments->stop ? gw_running_stacks_find(session, threads, n) : 0;
    if (err)
        fprintf(stderr, "%s: --stop: cannot start its threads: %s; nothing was stopped\n",
                GW_PROGRAM, gw_error_sentence(err));
    if (arguments->json)
        failed = print_json(session, definitions, threads, n);
    else
        print_text(session, definitions, threads, n);
    free(threads);
    if (fflush(stdout) || failed) {
        fprintf(stderr, "%s: cannot write to standard output\n", GW_PROGRAM);
        return GW_EXIT_FAILURE;
    }
    return GW_EXIT_OK;
}

static int dump_pid(const struct arguments *arguments)
{
    struct gw_definitions definitions;
    struct gw_session *session;
    struct gw_diag diag = {0};
    int err = gw_definitions_init(&definitions);
    if (err)
        return GW_EXIT_FAILURE;
    err = gw_session_open(arguments->pid, (double)GW_NS_PER_S / TICK_NS, &definitions, &session,
                          &diag);
    if (err) {
        gw_diag_print(GW_PROGRAM, &diag);
        gw_definitions_fini(&definitions);
        return gw_exit_from_error(err);
    }
    int code = GW_EXIT_FAILURE;
    if (arguments->native && gw_session_follow_native(session, arguments->mode))
        fprintf(stderr, "%s: there is no memory for native stacks\n", GW_PROGRAM);
    else
        code = dump_session(session, &definitions, arguments);
    gw_session_close(session);
    gw_definitions_fini(&definitions);
    return code;
}

int gw_cmd_dump(int argc, char **argv)
{
    static const struct option longs[] = {
        {"pid", required_argument, NULL, 'p'}, {"native", optional_argument, NULL, 'n'},
        {"stop", no_argument, NULL, 's'},      {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},      {0}};
    struct arguments arguments = {0};
    int letter;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":p:h", longs, NULL)) != -1) {
        switch (letter) {
        case 'p':
            if (!gw_parse_pid(optarg, &arguments.pid))
                return gw_usage_error("dump", "'%s' is no process id", optarg);
            break;
        case 'j':
            arguments.json = true;
            break;
        case 's':
            arguments.stop = true;
            break;
        case 'n':
            arguments.native = true;
            if (!gw_parse_native(optarg, &arguments.mode))
                return gw_usage_error("dump", "--native=%s: it is --native or --native=all",
                                      optarg);
            break;
        case 'h':
            print_help();
            return GW_EXIT_OK;
        case ':':
            return gw_usage_error("dump", "%s needs a value", argv[optind - 1]);
        default:
            return gw_usage_error("dump", "unknown option %s", argv[optind - 1]);
        }
    }
    if (optind < argc)
        return gw_usage_error("dump", "'%s' is one argument too many", argv[optind]);
    if (arguments.stop && !arguments.native)
        return gw_usage_error("dump", "--stop goes with --native");
    if (!arguments.pid)
        return gw_usage_error("dump", "say which process: -p PID");
    return dump_pid(&arguments);
}
