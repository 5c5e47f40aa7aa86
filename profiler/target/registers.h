/* SPDX-License-Identifier: Apache-2.0 */
/* The general registers of a thread that is stopped by ptrace(2). */
#ifndef GW_TARGET_REGISTERS_H
#define GW_TARGET_REGISTERS_H

#include <stdint.h>
#include <sys/types.h>

#include "target/maps.h"

/* By their DWARF numbers, as unwind tables have them: 0 to 16 (rax, rdx, rcx, rbx, rsi, rdi, rbp,
 * rsp, r8 to r15, rip) of x86-64 (System V ABI, AMD64 supplement 1.0, figure 3.36), 0 to 32 (x0 to
 * x30, sp, pc) of aarch64 (DWARF for the Arm 64-bit Architecture, 4.1). */
#define GW_MAX_REGISTERS 33u
struct gw_registers {
    unsigned n; /* 0: not known */
    gw_raddr sp, pc;
    uint64_t values[GW_MAX_REGISTERS];
};

/* Of a thread that this very thread of ours has stopped. 0, or -errno of ptrace, -ENOSYS on other
 * machines; n is 0 then. */
int gw_registers_read(pid_t tid, struct gw_registers *out) __attribute__((warn_unused_result));

#endif
