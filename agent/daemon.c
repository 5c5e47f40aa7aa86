/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "answers.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/priority.h"
#include "command.h"
#include "target/cpus.h"
#include "target/proc_facts.h"
#include "target/task.h"

#define CHORES_NS (GW_NS_PER_S / 5)
#define GOVERN_NS GW_NS_PER_S
#define SETTLE_NS (20 * GW_NS_PER_S) /* where nobody asks; GW_MAX_RECENT_S is forgotten */
#define SCAN_SHARE 0.25              /* of the budget that looking through the processes may take */
#define TRIM_NS (10 * GW_NS_PER_S)
#define REALTIME_MAX_CPU 0.5

struct daemon {
    const char *config_path;
    struct gw_config config;
    struct gw_processes processes;
    struct gw_targets targets;
    struct gw_answers answers;
    struct gw_http *http;
    struct gw_room room; /* for SCHED_FIFO, which stays where it is */
    enum gw_priority priority;
    int signal_fd;
    uint64_t next_chores_ns, next_govern_ns, next_settle_ns, next_scan_ns, next_trim_ns;
    uint64_t trimmed_closed;   /* targets let go when memory was last given back */
    uint64_t past_requests[6]; /* of servers that have been replaced */
    bool pending;              /* processes wait to be taken up */
    bool stop;
};

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", GW_PROGRAM);
    vfprintf(stderr, format, args);
    putc('\n', stderr);
    va_end(args);
}

static double wall_clock_s(void)
{
    return (double)gw_clock_ns(CLOCK_REALTIME) / (double)GW_NS_PER_S;
}

static void refresh(struct gw_answers *answers)
{
    struct daemon *daemon = (struct daemon *)((char *)answers - offsetof(struct daemon, answers));
    struct gw_agent_state *state = &answers->state;
    state->max_cpu = daemon->config.max_cpu;
    state->max_memory_bytes = daemon->config.max_memory_bytes;
    state->cpu_ns = gw_own_cpu_ns();
    state->resident_bytes = gw_proc_resident_bytes(getpid());
    for (size_t i = 0; i < 6; i++)
        state->requests[i] = daemon->past_requests[i] + gw_http_counts(daemon->http)[i];
}

/* --- configuration ---------------------------------------------------------------------------- */

static int open_http(struct daemon *daemon, const struct gw_config *config, struct gw_http **out,
                     struct gw_diag *diag)
{
    return gw_http_open(config->host, config->port, config->token, GW_HEALTHY_PATH, gw_answer,
                        &daemon->answers, out, diag);
}

static bool same_text(const char *one, const char *other)
{
    return one == other || (one && other && strcmp(one, other) == 0);
}

/* The old server stays if it listens on the same address. Its token is a borrowed text, so that a
 * new one means a new server, which can be had only once the old one has let go of the port. */
static int replace_http(struct daemon *daemon, struct gw_config *fresh, struct gw_diag *diag)
{
    struct gw_config *old = &daemon->config;
    struct gw_http *http = NULL;
    bool same_address = same_text(old->host, fresh->host) && old->port == fresh->port;
    if (same_address && same_text(old->token, fresh->token)) {
        char *token = fresh->token;
        fresh->token = old->token;
        old->token = token;
        return 0;
    }
    int err = same_address ? 0 : open_http(daemon, fresh, &http, diag);
    if (err)
        return err;
    for (size_t i = 0; i < 6; i++)
        daemon->past_requests[i] += gw_http_counts(daemon->http)[i];
    gw_http_close(daemon->http);
    daemon->http = http;
    return same_address ? open_http(daemon, fresh, &daemon->http, diag) : 0;
}

static void say_where(struct daemon *daemon)
{
    const char *host = daemon->config.host;
    daemon->answers.host = host;
    daemon->answers.port = gw_http_port(daemon->http);
    tell(strchr(host, ':') ? "listening on http://[%s]:%u/" : "listening on http://%s:%u/", host,
         daemon->answers.port);
}

static void reload(struct daemon *daemon)
{
    struct gw_config fresh;
    struct gw_diag diag = {0};
    int err = gw_config_read(daemon->config_path, &fresh, &diag);
    if (!err && (err = replace_http(daemon, &fresh, &diag)) != 0)
        gw_config_fini(&fresh);
    daemon->answers.state.reload_ok = !err;
    if (err) {
        gw_diag_print(GW_PROGRAM, &diag);
        tell("the configuration stays as it was");
        daemon->stop = daemon->stop || !daemon->http;
        return;
    }
    gw_config_fini(&daemon->config);
    daemon->config = fresh;
    daemon->answers.state.reload_s = wall_clock_s();
    gw_processes_reconsider(&daemon->processes);
    daemon->next_scan_ns = 0;
    tell("the configuration was read again");
    say_where(daemon);
}

static void take_signals(struct daemon *daemon)
{
    struct signalfd_siginfo info;
    while (read(daemon->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload(daemon);
        else
            daemon->stop = true;
    }
}

/* --- chores ----------------------------------------------------------------------------------- */

static void scan(struct daemon *daemon)
{
    uint64_t began_ns = gw_monotonic_ns(), began_cpu_ns = gw_own_cpu_ns();
    int err = gw_processes_scan(&daemon->processes, &daemon->config, began_ns);
    uint64_t now_ns = gw_monotonic_ns(), cpu_ns = gw_own_cpu_ns() - began_cpu_ns;
    double least_ns = (double)cpu_ns / (SCAN_SHARE * daemon->config.max_cpu);
    uint64_t pause_ns = daemon->config.scan_ns;
    if (pause_ns < (uint64_t)least_ns)
        pause_ns = (uint64_t)least_ns;
    if (err)
        tell("cannot look through the processes: %s", gw_error_sentence(err));
    daemon->answers.state.scans++;
    daemon->answers.state.scan_ns += cpu_ns;
    daemon->next_scan_ns = now_ns + pause_ns;
    daemon->pending = true;
}

static void follow(struct daemon *daemon, uint64_t now_ns)
{
    bool full = gw_proc_resident_bytes(getpid()) > daemon->config.max_memory_bytes;
    daemon->pending =
        gw_targets_follow(&daemon->targets, &daemon->processes, &daemon->config, full, now_ns);
    if (!daemon->pending)
        daemon->answers.ready = true;
    daemon->next_govern_ns = now_ns; /* who is new takes part at once */
}

/* What a target leaves behind in the heap is free but in pieces, between those of others: without
 * this each thousand that come and go would cost some hundred MiB. */
static void give_memory_back(struct daemon *daemon, uint64_t now_ns)
{
    if (now_ns < daemon->next_trim_ns || daemon->trimmed_closed == daemon->targets.totals.closed)
        return;
    malloc_trim(0);
    daemon->trimmed_closed = daemon->targets.totals.closed;
    daemon->next_trim_ns = now_ns + TRIM_NS;
}

static void do_chores(struct daemon *daemon, uint64_t now_ns)
{
    daemon->next_chores_ns = now_ns + CHORES_NS;
    if (now_ns >= daemon->next_scan_ns)
        scan(daemon);
    if (daemon->pending)
        follow(daemon, now_ns);
    gw_targets_write(&daemon->targets, now_ns);
    if (now_ns >= daemon->next_govern_ns) {
        gw_targets_govern(&daemon->targets, daemon->config.max_cpu, now_ns, gw_own_cpu_ns());
        daemon->next_govern_ns = now_ns + GOVERN_NS;
    }
    if (now_ns >= daemon->next_settle_ns) {
        gw_targets_settle(&daemon->targets, now_ns);
        daemon->next_settle_ns = now_ns + SETTLE_NS;
    }
    give_memory_back(daemon, now_ns);
    if (daemon->priority == GW_PRIORITY_REALTIME)
        gw_room_find(&daemon->room, now_ns);
    gw_http_run(daemon->http);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Ticks have to be on time; nothing else has, and must not keep a CPU from others. */
static void raise_priority(struct daemon *daemon)
{
    daemon->priority = gw_priority_raise(daemon->config.max_cpu <= REALTIME_MAX_CPU);
}

/* Sleep until the time, or until somebody wants something: true then. */
static bool wait_until(struct daemon *daemon, uint64_t at_ns)
{
    struct pollfd fds[] = {{.fd = gw_http_fd(daemon->http), .events = POLLIN},
                           {.fd = daemon->signal_fd, .events = POLLIN}};
    uint64_t now_ns = gw_monotonic_ns();
    uint64_t left_ns = at_ns > now_ns ? at_ns - now_ns : 0;
    struct timespec left = {.tv_sec = (time_t)(left_ns / GW_NS_PER_S),
                            .tv_nsec = (long)(left_ns % GW_NS_PER_S)};
    return ppoll(fds, 2, &left, NULL) > 0;
}

static void run(struct daemon *daemon)
{
    raise_priority(daemon);
    while (!daemon->stop) {
        uint64_t due_ns = gw_targets_due_ns(&daemon->targets);
        /* With processes to take up there are chores at once, but for ticks that are due before. */
        uint64_t chores_ns = daemon->pending ? 0 : daemon->next_chores_ns;
        bool called = wait_until(daemon, due_ns < chores_ns ? due_ns : chores_ns);
        uint64_t now_ns = gw_monotonic_ns();
        if (now_ns >= due_ns)
            gw_targets_tick(&daemon->targets, now_ns);
        if (!called && now_ns < chores_ns)
            continue;
        gw_priority_reset();
        if (called) {
            gw_http_run(daemon->http);
            take_signals(daemon);
        }
        if (now_ns >= chores_ns && !daemon->stop)
            do_chores(daemon, now_ns);
        raise_priority(daemon);
    }
    gw_priority_reset();
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start(struct daemon *daemon, struct gw_diag *diag)
{
    int err = gw_config_read(daemon->config_path, &daemon->config, diag);
    if (err)
        return err;
    daemon->signal_fd = open_signals();
    if (daemon->signal_fd < 0)
        return gw_diag_what(diag, -errno, "cannot wait for signals");
    err = open_http(daemon, &daemon->config, &daemon->http, diag);
    if (err)
        return err;
    gw_task_allow_files();
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* the default of 50 us would shift every tick */
    /* A session's large buffers are given back when it ends, instead of being kept in the heap. */
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    daemon->answers.targets = &daemon->targets;
    daemon->answers.processes = &daemon->processes;
    daemon->answers.refresh = refresh;
    daemon->answers.state.start_s = daemon->answers.state.reload_s = wall_clock_s();
    daemon->answers.state.reload_ok = true;
    say_where(daemon);
    return 0;
}

int gw_daemon_run(const char *config_path)
{
    struct gw_diag diag = {0};
    struct daemon *daemon = calloc(1, sizeof *daemon);
    if (!daemon)
        return GW_EXIT_FAILURE;
    daemon->config_path = config_path;
    daemon->signal_fd = -1;
    int err = start(daemon, &diag);
    if (err)
        gw_diag_print(GW_PROGRAM, &diag);
    else
        run(daemon);
    gw_http_close(daemon->http);
    gw_targets_fini(&daemon->targets);
    gw_processes_fini(&daemon->processes);
    gw_config_fini(&daemon->config);
    if (daemon->signal_fd >= 0)
        close(daemon->signal_fd);
    free(daemon);
    return err ? GW_EXIT_FAILURE : GW_EXIT_OK;
}
