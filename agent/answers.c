/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "export/exporters.h"

#define TARGETS_VERSION 1
#define DEFAULT_PROFILE_NS (10 * GW_NS_PER_S)

static const char plain[] = "text/plain; charset=utf-8";
static const char json[] = "application/json";

static void say(struct gw_http_answer *out, unsigned status, const char *text)
{
    out->status = status;
    out->type = plain;
    out->body = strdup(text);
    out->len = out->body ? strlen(out->body) : 0;
}

/* Everything but the health goes through a stream in memory. */
static FILE *begin(struct gw_http_answer *out, const char *type)
{
    FILE *stream = open_memstream(&out->body, &out->len);
    out->status = stream ? 200 : 500;
    out->type = type;
    return stream;
}

static void end(FILE *stream, struct gw_http_answer *out, int err)
{
    if (fclose(stream) == 0 && !err)
        return;
    free(out->body);
    out->body = NULL;
    say(out, 500, "no memory left\n");
}

/* --- health ----------------------------------------------------------------------------------- */

static void answer_healthy(struct gw_answers *answers, const struct gw_http_request *request,
                           struct gw_http_answer *out)
{
    (void)answers, (void)request;
    say(out, 200, "healthy\n");
}

static void answer_ready(struct gw_answers *answers, const struct gw_http_request *request,
                         struct gw_http_answer *out)
{
    (void)request;
    if (answers->ready)
        say(out, 200, "ready\n");
    else
        say(out, 503, "still taking up processes\n");
}

/* --- metrics ---------------------------------------------------------------------------------- */

static void answer_metrics(struct gw_answers *answers, const struct gw_http_request *request,
                           struct gw_http_answer *out)
{
    (void)request;
    FILE *stream = begin(out, "text/plain; version=0.0.4; charset=utf-8");
    if (!stream)
        return;
    answers->refresh(answers);
    gw_targets_settle(answers->targets, gw_monotonic_ns());
    gw_metrics_write(stream, answers->targets, answers->processes, &answers->state);
    end(stream, out, 0);
}

/* --- targets ---------------------------------------------------------------------------------- */

static json_t *process_json(const struct gw_process *process, const struct gw_target *target)
{
    json_t *row =
        json_pack("{s:i, s:i, s:s, s:s, s:s, s:s}", "pid", process->pid, "leader_pid",
                  process->leader, "python", process->version, "service", process->service, "state",
                  gw_verdict_name(process->verdict), "why", process->why);
    if (!row || !target)
        return row;
    char id[GW_TARGET_ID];
    gw_target_id(target, id);
    json_object_set_new(row, "id", json_string(id));
    json_object_set_new(row, "rate_hz", json_real(gw_schedule_rate_hz(&target->schedule)));
    json_object_set_new(row, "asked_hz", json_real(target->schedule.asked_hz));
    json_object_set_new(row, "threads",
                        json_integer((json_int_t)gw_session_n_threads(target->session)));
    json_object_set_new(row, "ticks", json_integer((json_int_t)gw_session_ticks(target->session)));
    json_object_set_new(row, "cpu_s", json_real((double)target->cpu_ns / (double)GW_NS_PER_S));
    return row;
}

/* Takes over `value`. */
static void answer_json(json_t *value, struct gw_http_answer *out)
{
    FILE *stream = value ? begin(out, json) : NULL;
    if (stream) {
        int err = json_dumpf(value, stream, JSON_INDENT(2));
        putc('\n', stream);
        end(stream, out, err);
    } else {
        say(out, 500, "no memory left\n");
    }
    json_decref(value);
}

static void answer_targets(struct gw_answers *answers, const struct gw_http_request *request,
                           struct gw_http_answer *out)
{
    (void)request;
    json_t *list = json_array();
    for (size_t i = 0; i < answers->processes->n; i++) {
        const struct gw_process *process = &answers->processes->items[i];
        if (process->is_python && process->service)
            json_array_append_new(
                list, process_json(process, gw_targets_of(answers->targets, process->pid)));
    }
    answer_json(json_pack("{s:i, s:o}", "schema_version", TARGETS_VERSION, "targets", list), out);
}

/* --- service discovery ------------------------------------------------------------------------ */

/* One group of Prometheus' http_sd_config for each target: where its profile can be had. */
static json_t *group_json(const struct gw_answers *answers, const struct gw_target *target)
{
    char id[GW_TARGET_ID], pid[16], address[64];
    gw_target_id(target, id);
    snprintf(pid, sizeof pid, "%d", target->pid);
    snprintf(address, sizeof address, strchr(answers->host, ':') ? "[%s]:%u" : "%s:%u",
             answers->host, answers->port);
    return json_pack("{s:[s], s:{s:s, s:s, s:s, s:s}}", "targets", address, "labels",
                     "__metrics_path__", "/debug/pprof/gil", "__param_target", id,
                     "__meta_gilwait_pid", pid, "service_name", target->service->name);
}

static void answer_sd(struct gw_answers *answers, const struct gw_http_request *request,
                      struct gw_http_answer *out)
{
    (void)request;
    json_t *list = json_array();
    for (size_t i = 0; i < answers->targets->n; i++)
        json_array_append_new(list, group_json(answers, answers->targets->items[i]));
    answer_json(list, out);
}

/* --- profiles --------------------------------------------------------------------------------- */

static void answer_pprof(struct gw_answers *answers, const struct gw_http_request *request,
                         struct gw_http_answer *out)
{
    const char *id = gw_http_query(request, "target"), *text = gw_http_query(request, "seconds");
    uint64_t window_ns = DEFAULT_PROFILE_NS;
    const struct gw_model *model;
    if (text && (!gw_duration_parse(text, &window_ns) || window_ns == 0 ||
                 window_ns > (uint64_t)(GW_MAX_RECENT_S * 1e9))) {
        say(out, 400, "seconds: a number up to 60\n");
        return;
    }
    struct gw_target *target = id ? gw_targets_find(answers->targets, id) : NULL;
    if (!target) {
        say(out, id ? 404 : 400,
            id ? "no such target; /targets lists them\n"
               : "say which: ?target=ID; /targets lists them\n");
        return;
    }
    int err = gw_target_recent(target, window_ns, &model);
    FILE *stream = err ? NULL : begin(out, "application/octet-stream");
    if (!stream) {
        say(out, 500, gw_error_sentence(err));
        return;
    }
    err = gw_exporter_pprof.write(model, &(struct gw_export_options){0}, stream);
    end(stream, out, err);
}

/* --- paths ------------------------------------------------------------------------------------ */

static const struct {
    const char *path;
    void (*answer)(struct gw_answers *answers, const struct gw_http_request *request,
                   struct gw_http_answer *out);
} paths[] = {
    {"/metrics", answer_metrics}, {"/targets", answer_targets},
    {"/sd", answer_sd},           {"/debug/pprof/gil", answer_pprof},
    {"/-/ready", answer_ready},   {GW_HEALTHY_PATH, answer_healthy},
};

void gw_answer(void *context, const struct gw_http_request *request, struct gw_http_answer *out)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(request->path, paths[i].path) == 0) {
            paths[i].answer(context, request, out);
            return;
        }
    say(out, 404, "there is: /metrics, /targets, /sd, /debug/pprof/gil, /-/ready, /-/healthy\n");
}
