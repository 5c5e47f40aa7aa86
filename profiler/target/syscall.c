/* SPDX-License-Identifier: Apache-2.0 */
#include "target/syscall.h"

#include <elf.h>
#include <stddef.h>

#include "base/error.h"
#include "target/scan.h"

#define N_ARGS 6

static bool parse_hex(struct gw_span *text, uint64_t *out)
{
    return gw_scan_char(text, ' ') && gw_scan_hex(text, out);
}

static bool parse_call(struct gw_span *text, struct gw_syscall *call)
{
    int64_t nr;
    if (!gw_scan_i64(text, &nr))
        return false;
    call->kind = nr < 0 ? GW_SYSCALL_OUTSIDE : GW_SYSCALL_INSIDE;
    if (call->kind == GW_SYSCALL_INSIDE) {
        call->nr = nr;
        for (size_t i = 0; i < N_ARGS; i++)
            if (!parse_hex(text, &call->args[i]))
                return false;
    }
    return parse_hex(text, &call->sp) && parse_hex(text, &call->pc);
}

int gw_syscall_parse(struct gw_span text, struct gw_syscall *out)
{
    static const char running[] = "running";
    struct gw_syscall call = {.kind = GW_SYSCALL_RUNNING};
    size_t word = sizeof running - 1;
    if (text.len >= word && memcmp(text.at, running, word) == 0)
        gw_span_skip(&text, word);
    else if (!parse_call(&text, &call))
        return -GW_E_BAD_DATA;
    if (!gw_scan_char(&text, '\n'))
        return -GW_E_BAD_DATA;
    *out = call;
    return 0;
}

/* A call that may sleep: its number on x86-64 and on aarch64 (-1: not there) and its class. A call
 * that is not listed is OTHER. */
struct row {
    short x86_64, aarch64;
    enum gw_syscall_class class;
};

#define ROW(name, x86_64, aarch64, class)                                                          \
    {                                                                                              \
        x86_64, aarch64, GW_SYSCALL_##class                                                        \
    }
static const struct row rows[] = {
    ROW(futex, 202, 98, FUTEX),
    ROW(futex_waitv, 449, 449, FUTEX),
    ROW(futex_wait, 455, 455, FUTEX),
    /* readiness */
    ROW(poll, 7, -1, IO),
    ROW(ppoll, 271, 73, IO),
    ROW(select, 23, -1, IO),
    ROW(pselect6, 270, 72, IO),
    ROW(epoll_wait, 232, -1, IO),
    ROW(epoll_pwait, 281, 22, IO),
    ROW(epoll_pwait2, 441, 441, IO),
    ROW(io_uring_enter, 426, 426, IO),
    ROW(io_getevents, 208, 4, IO),
    ROW(io_pgetevents, 333, 292, IO),
    ROW(io_submit, 209, 2, IO),
    /* sockets */
    ROW(connect, 42, 203, IO),
    ROW(accept, 43, 202, IO),
    ROW(accept4, 288, 242, IO),
    ROW(recvfrom, 45, 207, IO),
    ROW(recvmsg, 47, 212, IO),
    ROW(recvmmsg, 299, 243, IO),
    ROW(sendto, 44, 206, IO),
    ROW(sendmsg, 46, 211, IO),
    ROW(sendmmsg, 307, 269, IO),
    ROW(shutdown, 48, 210, IO),
    /* contents of files, pipes, terminals */
    ROW(read, 0, 63, IO),
    ROW(write, 1, 64, IO),
    ROW(pread64, 17, 67, IO),
    ROW(pwrite64, 18, 68, IO),
    ROW(readv, 19, 65, IO),
    ROW(writev, 20, 66, IO),
    ROW(preadv, 295, 69, IO),
    ROW(pwritev, 296, 70, IO),
    ROW(preadv2, 327, 286, IO),
    ROW(pwritev2, 328, 287, IO),
    ROW(sendfile, 40, 71, IO),
    ROW(splice, 275, 76, IO),
    ROW(tee, 276, 77, IO),
    ROW(vmsplice, 278, 75, IO),
    ROW(copy_file_range, 326, 285, IO),
    ROW(readahead, 187, 213, IO),
    ROW(fadvise64, 221, 223, IO),
    ROW(fsync, 74, 82, IO),
    ROW(fdatasync, 75, 83, IO),
    ROW(sync, 162, 81, IO),
    ROW(syncfs, 306, 267, IO),
    ROW(sync_file_range, 277, 84, IO),
    ROW(msync, 26, 227, IO),
    ROW(fallocate, 285, 47, IO),
    ROW(truncate, 76, 45, IO),
    ROW(ftruncate, 77, 46, IO),
    ROW(lseek, 8, 62, IO),
    ROW(ioctl, 16, 29, IO),
    /* file locks: fcntl sleeps in F_SETLKW and F_OFD_SETLKW only */
    ROW(flock, 73, 32, IO),
    ROW(fcntl, 72, 25, IO),
    /* names and attributes of files: slow disks, network file systems, opening a FIFO */
    ROW(open, 2, -1, IO),
    ROW(openat, 257, 56, IO),
    ROW(openat2, 437, 437, IO),
    ROW(creat, 85, -1, IO),
    ROW(close, 3, 57, IO),
    ROW(stat, 4, -1, IO),
    ROW(fstat, 5, 80, IO),
    ROW(lstat, 6, -1, IO),
    ROW(newfstatat, 262, 79, IO),
    ROW(statx, 332, 291, IO),
    ROW(statfs, 137, 43, IO),
    ROW(fstatfs, 138, 44, IO),
    ROW(getdents, 78, -1, IO),
    ROW(getdents64, 217, 61, IO),
    ROW(access, 21, -1, IO),
    ROW(faccessat, 269, 48, IO),
    ROW(faccessat2, 439, 439, IO),
    ROW(readlink, 89, -1, IO),
    ROW(readlinkat, 267, 78, IO),
    ROW(unlink, 87, -1, IO),
    ROW(unlinkat, 263, 35, IO),
    ROW(rename, 82, -1, IO),
    ROW(renameat, 264, 38, IO),
    ROW(renameat2, 316, 276, IO),
    ROW(link, 86, -1, IO),
    ROW(linkat, 265, 37, IO),
    ROW(symlink, 88, -1, IO),
    ROW(symlinkat, 266, 36, IO),
    ROW(mkdir, 83, -1, IO),
    ROW(mkdirat, 258, 34, IO),
    ROW(rmdir, 84, -1, IO),
    ROW(chdir, 80, 49, IO),
    /* message queues */
    ROW(msgsnd, 69, 189, IO),
    ROW(msgrcv, 70, 188, IO),
    ROW(mq_timedsend, 242, 182, IO),
    ROW(mq_timedreceive, 243, 183, IO),
    /* time and signals */
    ROW(nanosleep, 35, 101, SLEEP),
    ROW(clock_nanosleep, 230, 115, SLEEP),
    ROW(pause, 34, -1, SLEEP),
    ROW(rt_sigtimedwait, 128, 137, SLEEP),
    ROW(rt_sigsuspend, 130, 133, SLEEP),
    /* children: clone sleeps only as vfork */
    ROW(wait4, 61, 260, CHILD),
    ROW(waitid, 247, 95, CHILD),
    ROW(vfork, 58, -1, CHILD),
    ROW(clone, 56, 220, CHILD),
    ROW(clone3, 435, 435, CHILD),
};
#undef ROW

/* Calls whose class depends on their arguments, as rows above. */
struct special_numbers {
    short poll, ppoll, select, pselect6, restart;
};
static const struct special_numbers x86_64_special = {
    .poll = 7,
    .ppoll = 271,
    .select = 23,
    .pselect6 = 270,
    .restart = 219,
};
static const struct special_numbers aarch64_special = {
    .poll = -1,
    .ppoll = 73,
    .select = -1,
    .pselect6 = 72,
    .restart = 128,
};

/* Linux's uapi/linux/futex.h; the flags are FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME. */
#define FUTEX_FLAGS 0x180u
#define FUTEX_OP_WAIT 0u
#define FUTEX_OP_WAIT_BITSET 9u

bool gw_syscall_futex_waits(const struct gw_syscall *call)
{
    uint64_t op = call->args[1] & ~(uint64_t)FUTEX_FLAGS;
    return op == FUTEX_OP_WAIT || op == FUTEX_OP_WAIT_BITSET;
}

static enum gw_syscall_class classify_restart(const struct gw_syscall *call)
{
    const uint64_t *args = call->args;
    /* Nothing is mapped below vm.mmap_min_addr; a clock id is. */
    bool address = args[0] >= 4096 && args[0] % sizeof(uint32_t) == 0;
    if (address && gw_syscall_futex_waits(call) && args[3] != 0)
        return GW_SYSCALL_FUTEX;
    if (address && args[1] > 0 && args[1] <= UINT16_MAX)
        return GW_SYSCALL_IO;
    return GW_SYSCALL_SLEEP;
}

/* How CPython 3.8 to 3.10 sleep is select on no descriptor; the count is an int to the kernel. */
static bool waits_on_nothing(const struct special_numbers *special, const struct gw_syscall *call)
{
    if (call->nr == special->select || call->nr == special->pselect6)
        return (uint32_t)call->args[0] == 0;
    if (call->nr == special->poll || call->nr == special->ppoll)
        return (uint32_t)call->args[1] == 0;
    return false;
}

enum gw_syscall_class gw_syscall_classify(unsigned machine, const struct gw_syscall *call)
{
    if (call->kind != GW_SYSCALL_INSIDE || (machine != EM_X86_64 && machine != EM_AARCH64))
        return GW_SYSCALL_OTHER;
    bool x86_64 = machine == EM_X86_64;
    const struct special_numbers *special = x86_64 ? &x86_64_special : &aarch64_special;
    if (call->nr == special->restart)
        return classify_restart(call);
    if (waits_on_nothing(special, call))
        return GW_SYSCALL_SLEEP;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (call->nr == (x86_64 ? rows[i].x86_64 : rows[i].aarch64))
            return rows[i].class;
    return GW_SYSCALL_OTHER;
}
