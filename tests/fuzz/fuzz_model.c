/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a DATA message in an otherwise whole capture: the checksum is right, so that the
 * bytes reach the model. Whatever they say, the sums must hold and the reports can be made. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/chunk.h"
#include "model/model.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_file_head head = {.major = GW_CAPTURE_MAJOR};
    struct gw_model *model = NULL;
    int fd = memfd_create("capture", MFD_CLOEXEC);

    memcpy(head.magic, GW_CAPTURE_MAGIC, sizeof head.magic);
    put(fd, &head, sizeof head);
    put_chunk(fd, GW_CHUNK_HEADER, data, 0);
    put_chunk(fd, GW_CHUNK_DATA, data, size);
    put_chunk(fd, GW_CHUNK_END, data, 0);
    if (lseek(fd, 0, SEEK_SET) != 0 || gw_model_read(fd, "fuzz", &model, NULL) < 0)
        return 0;
    if (gw_model_check(model, NULL) < 0)
        abort();
    make_reports(model);
    gw_model_free(model);
    return 0;
}
