/* SPDX-License-Identifier: Apache-2.0 */
/* A target's own table of offsets: what validates is used to read a process of that version. */
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "support/image_builder.h"
#include "support/walk_all.h"

#define FIRST_MINOR 13u
#define N_MINORS 3u

/* A process with one thread in two frames; made once, as nothing is written to it. */
static struct image *image_of(unsigned minor)
{
    static struct image images[N_MINORS];
    static bool made[N_MINORS];
    struct image *image = &images[minor - FIRST_MINOR];
    if (made[minor - FIRST_MINOR])
        return image;
    made[minor - FIRST_MINOR] = true;
    struct image_thread thread;
    image_init(image, minor, EM_X86_64);
    image_thread(image, image_interpreter(image, 0), 1, 1, &thread);
    struct image_code code = image_code(image, "f", "file.py", 1, 4);
    image_push(image, &thread, &code, 1, IMAGE_IN_CHUNK);
    image_push(image, &thread, &code, 2, IMAGE_OUTSIDE);
    return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_python python = {.machine = EM_X86_64};
    struct gw_layout *layout = &python.layout;
    if (gw_layout_from_debug_offsets(gw_span_of(data, size), python.machine, layout))
        return 0;
    if (layout->extent[GW_S_tstate] > GW_MAX_TSTATE_BYTES ||
        layout->extent[GW_S_frame] > GW_MAX_FRAME_BYTES ||
        layout->extent[GW_S_code] > GW_MAX_CODE_BYTES ||
        layout->extent[GW_S_gil] > GW_MAX_GIL_BYTES)
        abort();
    struct image *image = image_of((layout->python_hex >> 16) & 0xff);
    python.runtime = image->python.runtime;
    walk_all(&image->fake, &python);
    return 0;
}
