/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that is a handful of byte ranges: a struct gw_rmem for tests and fuzzers. What is not
 * in a range is not mapped. Running out of memory or of ranges, or a write outside of them, is a
 * mistake of the test and aborts it.
 */
#ifndef GW_TESTS_FAKE_RMEM_H
#define GW_TESTS_FAKE_RMEM_H

#include <stddef.h>
#include <stdint.h>

#include "target/rmem.h"

#define FAKE_RMEM_RANGES 64

struct fake_range {
    gw_raddr addr;
    uint8_t *bytes; /* owned */
    size_t len;
};

struct fake_rmem {
    struct gw_rmem memory; /* what the code under test is given: &fake.memory */
    struct fake_range ranges[FAKE_RMEM_RANGES];
    size_t n;
    int error;      /* not 0: every read fails with it, as when the process has ended */
    size_t n_reads; /* batched reads so far */
    size_t n_ranges_read;
    /* Called, if set, after each range has been copied: what the process does while it is read. */
    void (*after_range)(struct fake_rmem *fake);
    void *context; /* for after_range */
};

/* An empty process. It may not be moved afterwards: memory points back to it. */
void fake_rmem_init(struct fake_rmem *fake);
void fake_rmem_fini(struct fake_rmem *fake);

/* Map len zero bytes at addr; ranges may not overlap, but may touch. Returns them, borrowed. */
uint8_t *fake_rmem_map(struct fake_rmem *fake, gw_raddr addr, size_t len);

/* The same, filled from a fuzzer's input: records of {u16 index of a word, u64 word}. Few bytes
 * make a large sparse memory this way; words outside of it and what is left over are left out. */
void fake_rmem_map_words(struct fake_rmem *fake, gw_raddr addr, size_t len, const uint8_t *data,
                         size_t size);

/* Write into one mapped range. */
void fake_rmem_put(struct fake_rmem *fake, gw_raddr addr, const void *bytes, size_t len);
void fake_rmem_put_u8(struct fake_rmem *fake, gw_raddr addr, uint8_t value);
void fake_rmem_put_u32(struct fake_rmem *fake, gw_raddr addr, uint32_t value);
void fake_rmem_put_u64(struct fake_rmem *fake, gw_raddr addr, uint64_t value);

#endif
