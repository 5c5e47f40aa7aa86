/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a capture file, taken apart chunk by chunk. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/capture_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("capture", MFD_CLOEXEC);
    struct gw_capture_reader *reader = NULL;
    struct gw_chunk chunk;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    if (gw_capture_reader_new(fd, &reader) < 0)
        return 0;
    while (gw_capture_reader_next(reader, &chunk) > 0)
        if (gw_capture_reader_offset(reader) > size)
            abort();
    gw_capture_reader_free(reader);
    return 0;
}
