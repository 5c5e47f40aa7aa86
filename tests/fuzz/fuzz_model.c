/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a DATA message in an otherwise whole capture: the checksum is right, so that the
 * bytes reach the model. Whatever they say, the sums must hold and the reports can be made, of all
 * of it and of the middle of it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/chunk.h"
#include "model/selection.h"
#include "model/timeline.h"
#include "report_json.h"
#include "report_text.h"

static void make_reports(const struct gw_model *model)
{
    const struct gw_report_options options = {.top = 0};
    FILE *out = fopen("/dev/null", "w");
    json_t *report = gw_report_json(model, 0);

    if (!out || !report || gw_report_text(model, &options, out) < 0)
        abort();
    json_decref(report);
    fclose(out);
}

/* What the spans of threads sum to is what the states do. */
static void check_timeline(const struct gw_model *model, struct gw_timeline *timeline)
{
    uint64_t ns = 0;

    if (gw_timeline_finish(timeline) < 0)
        abort();
    for (size_t i = 0; i < timeline->n; i++)
        if (timeline->spans[i].thread != GW_NO_THREAD)
            ns += timeline->spans[i].end_ns - timeline->spans[i].begin_ns;
    for (size_t i = 0; i < model->n_slices; i++)
        ns -= model->slices[i].ns;
    if (ns != 0)
        abort();
}

static void put(int fd, const void *bytes, size_t len)
{
    if (write(fd, bytes, len) != (ssize_t)len)
        abort();
}

static void put_chunk(int fd, uint8_t kind, const uint8_t *payload, size_t len)
{
    struct gw_chunk_head head = {.payload_len = (uint32_t)len, .kind = kind};

    head.crc = gw_chunk_crc(head, payload);
    put(fd, &head, sizeof head);
    put(fd, payload, len);
}

static void check(const struct gw_model *model)
{
    if (gw_model_check(model, NULL) < 0)
        abort();
    make_reports(model);
}

/* fd is taken over. */
static void check_middle(int fd, const struct gw_model *whole)
{
    uint64_t third_ns = (whole->end_ns - whole->start_ns) / 3;
    const struct gw_selection selection = {.from = {.given = true, .ns = third_ns},
                                           .to = {.given = true, .from_end = true, .ns = third_ns},
                                           .threads = {"?*"},
                                           .n_threads = whole->n_threads > 1};
    struct gw_model *part = NULL;

    if (lseek(fd, 0, SEEK_SET) != 0)
        abort();
    if (gw_selection_read(fd, "fuzz", &selection, &part, NULL) < 0)
        return;
    check(part);
    gw_model_free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_file_head head = {.major = GW_CAPTURE_MAJOR};
    struct gw_timeline timeline = {0};
    struct gw_model *model = NULL;
    int fd = memfd_create("capture", MFD_CLOEXEC);

    memcpy(head.magic, GW_CAPTURE_MAGIC, sizeof head.magic);
    put(fd, &head, sizeof head);
    put_chunk(fd, GW_CHUNK_HEADER, data, 0);
    put_chunk(fd, GW_CHUNK_DATA, data, size);
    put_chunk(fd, GW_CHUNK_END, data, 0);
    int again = dup(fd);
    if (again < 0 || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    const struct gw_selection all = {.timeline = &timeline};
    if (gw_selection_read(fd, "fuzz", &all, &model, NULL) < 0) {
        gw_timeline_fini(&timeline);
        close(again);
        return 0;
    }
    check(model);
    check_timeline(model, &timeline);
    gw_timeline_fini(&timeline);
    check_middle(again, model);
    gw_model_free(model);
    return 0;
}
