/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_rmem.h"

#include <stdlib.h>
#include <string.h>

#include "base/span.h"

static struct fake_range *find_range(struct fake_rmem *fake, gw_raddr addr)
{
    for (size_t i = 0; i < fake->n; i++)
        if (addr >= fake->ranges[i].addr && addr - fake->ranges[i].addr < fake->ranges[i].len)
            return &fake->ranges[i];
    return NULL;
}

/* Copies up to the first byte that is not mapped, as the kernel does. */
static void read_one(struct fake_rmem *fake, struct gw_rmem_range *range)
{
    uint8_t *out = range->buf;
    range->got = 0;
    while (range->got < range->len) {
        gw_raddr addr = range->addr + range->got;
        struct fake_range *from = find_range(fake, addr);
        if (!from)
            return;
        size_t offset = (size_t)(addr - from->addr);
        size_t n = from->len - offset;
        if (n > range->len - range->got)
            n = range->len - range->got;
        memcpy(out + range->got, from->bytes + offset, n);
        range->got += n;
    }
}

static int fake_readv(const struct gw_rmem *memory, struct gw_rmem_range *ranges, size_t n)
{
    struct fake_rmem *fake = memory->data;
    fake->n_reads++;
    if (fake->error)
        return fake->error;
    for (size_t i = 0; i < n; i++) {
        read_one(fake, &ranges[i]);
        fake->n_ranges_read++;
        if (fake->after_range)
            fake->after_range(fake);
    }
    return 0;
}

static const struct gw_rmem_ops fake_ops = {.readv = fake_readv};

void fake_rmem_init(struct fake_rmem *fake)
{
    *fake = (struct fake_rmem){.memory = {.ops = &fake_ops, .pid = 1, .data = fake}};
}

void fake_rmem_fini(struct fake_rmem *fake)
{
    for (size_t i = 0; i < fake->n; i++)
        free(fake->ranges[i].bytes);
    fake->n = 0;
}

uint8_t *fake_rmem_map(struct fake_rmem *fake, gw_raddr addr, size_t len)
{
    uint8_t *bytes = calloc(len ? len : 1, 1);
    if (!bytes || fake->n == FAKE_RMEM_RANGES)
        abort();
    fake->ranges[fake->n++] = (struct fake_range){.addr = addr, .bytes = bytes, .len = len};
    return bytes;
}

void fake_rmem_map_words(struct fake_rmem *fake, gw_raddr addr, size_t len, const uint8_t *data,
                         size_t size)
{
    uint8_t *bytes = fake_rmem_map(fake, addr, len);
    struct gw_span input = gw_span_of(data, size);
    uint16_t index;
    uint64_t word;
    while (gw_span_copy(&input, &index, sizeof index) && gw_span_u64(&input, &word))
        if (index < len / sizeof word)
            memcpy(bytes + index * sizeof word, &word, sizeof word);
}

void fake_rmem_put(struct fake_rmem *fake, gw_raddr addr, const void *bytes, size_t len)
{
    struct fake_range *range = find_range(fake, addr);
    if (!range || len > range->len - (size_t)(addr - range->addr))
        abort();
    memcpy(range->bytes + (addr - range->addr), bytes, len);
}

void fake_rmem_put_u8(struct fake_rmem *fake, gw_raddr addr, uint8_t value)
{
    fake_rmem_put(fake, addr, &value, sizeof value);
}

void fake_rmem_put_u32(struct fake_rmem *fake, gw_raddr addr, uint32_t value)
{
    fake_rmem_put(fake, addr, &value, sizeof value);
}

void fake_rmem_put_u64(struct fake_rmem *fake, gw_raddr addr, uint64_t value)
{
    fake_rmem_put(fake, addr, &value, sizeof value);
}
