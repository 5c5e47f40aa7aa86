/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict_json.h"

#include "verdict.h"
#include "verdict_words.h"

static json_t *seconds(double ns)
{
    return json_real(ns / 1e9);
}

static json_t *lines_json(const struct gw_verdict_lines *lines)
{
    json_t *array = json_array();

    for (size_t i = 0; i < lines->n; i++)
        json_array_append_new(array, json_string(lines->text[i]));
    return array;
}

static json_t *bound_json(const struct gw_verdict *verdict)
{
    const struct gw_bound *bound = &verdict->bound;

    if (!gw_verdict_has_bound(verdict))
        return json_null();
    return json_pack("{s:[f, f], s:I, s:o, s:o, s:o, s:s}", "speed_up", 1.0, bound->speed_up,
                     "cpus", (json_int_t)bound->cpus, "cpu_s", seconds((double)bound->cpu_ns),
                     "demand_s", seconds(bound->demand_ns), "window_s",
                     seconds((double)bound->window_ns), "assumptions", GW_BOUND_ASSUMPTIONS);
}

/* Of those who lose time: what a wait takes, and would take with a smaller switch interval. */
static json_t *interval_json(const struct gw_latency *latency)
{
    if (latency->mean_wait_ns == 0)
        return json_null();
    json_t *json = json_pack(
        "{s:s, s:I, s:o, s:o}", "effect", gw_latency_effect_name(latency->effect), "waits",
        (json_int_t)latency->n_waits, "mean_wait_s", seconds((double)latency->mean_wait_ns),
        "interval_s", seconds((double)latency->interval_ns));
    json_t *then = json_null();
    if (latency->effect == GW_LATENCY_SHORTER)
        then = json_pack("{s:o, s:o, s:f, s:f}", "interval_s",
                         seconds((double)latency->then_interval_ns), "mean_wait_s",
                         seconds((double)latency->then_mean_wait_ns), "loss_share",
                         latency->then_loss, "switches_hz", latency->then_switches_hz);
    json_object_set_new(json, "smaller", then);
    return json;
}

json_t *gw_verdict_json(const struct gw_model *model, const struct gw_losses *losses)
{
    struct gw_verdict verdict;
    struct gw_verdict_words words = {0};
    json_t *json = NULL;
    int rc = gw_verdict_find(model, losses, &verdict);

    if (rc == 0)
        rc = gw_verdict_words_init(&words, model, losses, &verdict);
    if (rc == 0)
        json = json_pack(
            "{s:s, s:b, s:s, s:o, s:o, s:o, s:o}", "finding", gw_finding_name(verdict.finding),
            "gil", gw_finding_is_gil(verdict.finding), "sentence", words.sentence, "evidence",
            lines_json(&words.evidence), "remedies", lines_json(&words.remedies), "switch_interval",
            interval_json(&verdict.latency), "bound", bound_json(&verdict));
    gw_verdict_words_fini(&words);
    return json;
}
