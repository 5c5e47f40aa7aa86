/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "export/firefox_writer.h"

/* Version of the format, and of the one that Firefox itself makes, which goes with it. */
#define PROCESSED_VERSION 48
#define GECKO_VERSION 27

static json_t *categories(void)
{
    static const char *const colors[GW_N_ROLLUPS] = {
        [GW_ROLLUP_RUNNING] = "green",     [GW_ROLLUP_GIL_WAIT] = "red",
        [GW_ROLLUP_IO_WAIT] = "lightblue", [GW_ROLLUP_IDLE] = "transparent",
        [GW_ROLLUP_CPU_WAIT] = "orange",   [GW_ROLLUP_STOPPED] = "brown",
        [GW_ROLLUP_UNKNOWN] = "grey",
    };
    json_t *array =
        json_pack("[{s:s, s:s, s:[s]}]", "name", "code", "color", "grey", "subcategories", "Other");

    for (int i = 0; array && i < GW_N_ROLLUPS; i++) {
        json_t *one = json_pack("{s:s, s:s, s:[s]}", "name", gw_rollup_name((enum gw_rollup)i),
                                "color", colors[i], "subcategories", "Other");
        if (json_array_append_new(array, one) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *marker_field(const char *key, const char *label, const char *format)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "key", key, "label", label, "format", format,
                     "searchable", 1);
}

/* Where markers of waits are shown, and how. */
static json_t *marker_schema(void)
{
    return json_pack("[{s:s, s:s, s:s, s:s, s:[s, s, s], s:[o, o, o, o]}]", "name",
                     GW_FIREFOX_MARKER, "chartLabel", "{marker.data.holder}", "tableLabel",
                     "{marker.data.holder}: {marker.data.holderPlace}", "tooltipLabel",
                     "waits for {marker.data.holder}", "display", "marker-chart", "marker-table",
                     "timeline-overview", "data", marker_field("place", "Waits in", "string"),
                     marker_field("holder", "Holder of the GIL", "string"),
                     marker_field("holderTid", "Thread of the holder", "integer"),
                     marker_field("holderPlace", "Holder is in", "string"));
}

void gw_firefox_put_meta(struct gw_firefox_writer *w)
{
    const struct gw_model *model = w->model;

    fputs("\"meta\":{\"interval\":", w->out);
    gw_firefox_put_ms(w, model->tick_ns);
    fputs(",\"startTime\":", w->out);
    gw_firefox_put_ms(w, model->realtime_ns + (model->start_ns - model->monotonic_ns));
    fprintf(w->out,
            ",\"profilingStartTime\":0,\"profilingEndTime\":%" PRIu64
            ".%06u,\"logicalCPUs\":%" PRIu32
            ",\"version\":%d,\"preprocessedProfileVersion\":%d,\"categories\":",
            (model->end_ns - model->start_ns) / 1000000,
            (unsigned)((model->end_ns - model->start_ns) % 1000000), model->cpus, GECKO_VERSION,
            PROCESSED_VERSION);
    gw_firefox_put_json(w, categories());
    fputs(",\"markerSchema\":", w->out);
    gw_firefox_put_json(w, marker_schema());
    fputs(",\"importedFrom\":", w->out);
    gw_firefox_put_json(w, gw_json_text(model, model->writer));
    fputs(",\"oscpu\":", w->out);
    gw_firefox_put_json(w, json_sprintf("Linux %s", gw_model_text(model, model->kernel)));
    fputs(",\"product\":\"gilwait\",\"platform\":\"Linux\",\"abi\":\"\",\"misc\":\"\",\"toolkit\":"
          "\"\","
          "\"processType\":0,\"stackwalk\":0,\"debug\":false,\"symbolicated\":true,"
          "\"sampleUnits\":{\"time\":\"ms\",\"eventDelay\":\"ms\",\"threadCPUDelta\":\"ns\"},"
          "\"extensions\":{\"id\":[],\"name\":[],\"baseURL\":[],\"length\":0}}",
          w->out);
}
