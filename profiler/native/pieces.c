/* SPDX-License-Identifier: Apache-2.0 */
#include "native/pieces.h"

#include "target/elf_image.h"

/* An entry of the table of .eh_frame_hdr, in the file's addresses: where a piece begins, and the
 * frame description entry that is of it. */
struct entry {
    uint64_t start, description;
};

static bool read_entry(const struct gw_object *object, uint32_t i, struct entry *out)
{
    uint64_t header = object->unwind_header - object->bias;
    int32_t offsets[2];
    if (gw_elf_read(object->image,
                    header + GW_UNWIND_HEADER_BYTES + (uint64_t)GW_UNWIND_ENTRY_BYTES * i, offsets,
                    sizeof offsets) != sizeof offsets)
        return false;
    out->start = header + (uint64_t)(int64_t)offsets[0];
    out->description = header + (uint64_t)(int64_t)offsets[1];
    return true;
}

/* Length, pointer to the common entry, first address and number of addresses; the last two as 32
 * bits relative to their place (DW_EH_PE_pcrel | DW_EH_PE_sdata4), as nearly everybody has them:
 * then the first address is that of the table. */
static bool read_length(const struct gw_object *object, const struct entry *entry, uint64_t *len)
{
    uint32_t words[4];
    if (gw_elf_read(object->image, entry->description, words, sizeof words) != sizeof words ||
        entry->description + 8 + (uint64_t)(int64_t)(int32_t)words[2] != entry->start)
        return false;
    *len = words[3];
    return true;
}

struct gw_piece gw_piece_at(const struct gw_object *object, uint64_t value)
{
    const struct gw_piece none = {value, value + 1};
    uint32_t low = 0, high = object->unwind_header ? object->n_unwind_entries : 0;
    struct entry entry, found = {0};
    uint64_t len;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (!read_entry(object, middle, &entry))
            return none;
        if (entry.start <= value) {
            found = entry;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || !read_length(object, &found, &len) || value - found.start >= len)
        return none;
    return (struct gw_piece){found.start, found.start + len};
}
