/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a process, from outside and without a stop: process_vm_readv(2). A const ops
 * struct, so that a test can put a map of byte ranges in its place.
 */
#ifndef GW_TARGET_RMEM_H
#define GW_TARGET_RMEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/maps.h"

/* One piece of a batched read. */
struct gw_rmem_range {
    gw_raddr addr;
    void *buf;
    size_t len;
    size_t got; /* out: bytes read, 0..len; less than len: the rest is not mapped */
};

struct gw_rmem;

struct gw_rmem_ops {
    /* Fill ranges in order, `got` of each; see gw_rmem_readv. */
    int (*readv)(const struct gw_rmem *memory, struct gw_rmem_range *ranges, size_t n);
};

struct gw_rmem {
    const struct gw_rmem_ops *ops;
    pid_t pid;  /* for the live one */
    void *data; /* for substitutes */
};

/* The memory of a live process; pid in our namespace. Nothing is opened. */
struct gw_rmem gw_rmem_of(pid_t pid);

/* Read all ranges with as few system calls as can be (one per 1024 ranges if all are mapped; a
 * range that is not ends the kernel's copy, so one more call for each such range). Unreadable
 * bytes are data: got < len. Returns 0, -ESRCH, -EPERM or -ENOMEM. Allocates nothing. */
int gw_rmem_readv(const struct gw_rmem *memory, struct gw_rmem_range *ranges, size_t n);

/* Read exactly len bytes: 0, or -EFAULT if a part is not mapped (buf then holds rubbish), -ESRCH,
 * -EPERM. */
int gw_rmem_read(const struct gw_rmem *memory, gw_raddr addr, void *buf, size_t len)
    __attribute__((warn_unused_result));

/* Read up to len bytes: bytes read (possibly 0), or an error. */
ssize_t gw_rmem_read_some(const struct gw_rmem *memory, gw_raddr addr, void *buf, size_t len);

#endif
