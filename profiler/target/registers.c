/* SPDX-License-Identifier: Apache-2.0 */
#include "target/registers.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__x86_64__)
static void take(const struct user_regs_struct *from, struct gw_registers *out)
{
    const uint64_t values[] = {from->rax, from->rdx, from->rcx, from->rbx, from->rsi, from->rdi,
                               from->rbp, from->rsp, from->r8,  from->r9,  from->r10, from->r11,
                               from->r12, from->r13, from->r14, from->r15, from->rip};
    out->n = sizeof values / sizeof values[0];
    for (unsigned i = 0; i < out->n; i++)
        out->values[i] = values[i];
    out->sp = from->rsp;
    out->pc = from->rip;
}
#elif defined(__aarch64__)
static void take(const struct user_regs_struct *from, struct gw_registers *out)
{
    for (unsigned i = 0; i < 31; i++)
        out->values[i] = from->regs[i];
    out->values[31] = out->sp = from->sp;
    out->values[32] = out->pc = from->pc;
    out->n = GW_MAX_REGISTERS;
}
#endif

int gw_registers_read(pid_t tid, struct gw_registers *out)
{
    out->n = 0;
#if defined(__x86_64__) || defined(__aarch64__)
    struct user_regs_struct registers;
    struct iovec place = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, tid, (void *)(uintptr_t)NT_PRSTATUS, &place))
        return -errno;
    /* A 32-bit thread has fewer: none that is looked at is one (cpython/discover.h). */
    if (place.iov_len != sizeof registers)
        return -ENOSYS;
    take(&registers, out);
    return 0;
#else
    (void)tid;
    return -ENOSYS;
#endif
}
