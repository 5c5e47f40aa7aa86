/* SPDX-License-Identifier: Apache-2.0 */
#include "target/rmem.h"

#include <errno.h>
#include <sys/uio.h>

/* Pieces of one system call: the kernel takes up to 1024 (UIO_MAXIOV), but copies more than a few
 * of them to a buffer of its own; 256 keep our stack small and cost one call in four. */
#define BATCH 256

/* Hand out `copied` bytes to the ranges of one batch. Returns how many ranges are settled: all of
 * them, or up to and including the one at which the kernel had to stop. */
static size_t settle(struct gw_rmem_range *ranges, size_t n, size_t copied)
{
    for (size_t i = 0; i < n; i++) {
        if (copied < ranges[i].len) {
            ranges[i].got = copied;
            return i + 1;
        }
        ranges[i].got = ranges[i].len;
        copied -= ranges[i].len;
    }
    return n;
}

/* One system call for at most BATCH ranges. Returns how many are settled or an error. */
static ssize_t read_batch(pid_t pid, struct gw_rmem_range *ranges, size_t n)
{
    struct iovec local[BATCH], remote[BATCH];
    for (size_t i = 0; i < n; i++) {
        local[i] = (struct iovec){.iov_base = ranges[i].buf, .iov_len = ranges[i].len};
        remote[i] = (struct iovec){
            .iov_base = (void *)(uintptr_t)ranges[i].addr, /* NOLINT(performance-no-int-to-ptr) */
            .iov_len = ranges[i].len,
        };
    }
    ssize_t copied = process_vm_readv(pid, local, n, remote, n, 0);
    if (copied < 0 && errno == EFAULT)
        copied = 0;
    if (copied < 0)
        return -errno;
    return (ssize_t)settle(ranges, n, (size_t)copied);
}

static int live_readv(const struct gw_rmem *memory, struct gw_rmem_range *ranges, size_t n)
{
    for (size_t done = 0; done < n;) {
        size_t batch = n - done < BATCH ? n - done : BATCH;
        ssize_t settled = read_batch(memory->pid, ranges + done, batch);
        if (settled < 0)
            return (int)settled;
        done += (size_t)settled;
    }
    return 0;
}

static const struct gw_rmem_ops live_ops = {.readv = live_readv};

struct gw_rmem gw_rmem_of(pid_t pid)
{
    return (struct gw_rmem){.ops = &live_ops, .pid = pid};
}

int gw_rmem_readv(const struct gw_rmem *memory, struct gw_rmem_range *ranges, size_t n)
{
    return memory->ops->readv(memory, ranges, n);
}

ssize_t gw_rmem_read_some(const struct gw_rmem *memory, gw_raddr addr, void *buf, size_t len)
{
    struct gw_rmem_range range = {.addr = addr, .buf = buf, .len = len};
    int rc = gw_rmem_readv(memory, &range, 1);
    return rc < 0 ? rc : (ssize_t)range.got;
}

int gw_rmem_read(const struct gw_rmem *memory, gw_raddr addr, void *buf, size_t len)
{
    ssize_t got = gw_rmem_read_some(memory, addr, buf, len);
    if (got < 0)
        return (int)got;
    return (size_t)got == len ? 0 : -EFAULT;
}
