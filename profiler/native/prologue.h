/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the frame pointer of a function is, by what the function does to its stack pointer: for
 * code that was built with frame pointers (as that of Fedora and Ubuntu is) an unwind table speaks
 * of the frame pointer alone, and of a sleeping thread only the stack pointer is known. x86-64
 * only.
 */
#ifndef GW_NATIVE_PROLOGUE_H
#define GW_NATIVE_PROLOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a function of which len bytes lie before the instruction that it is at: how far its frame
 * pointer is above its stack pointer there. False if it sets none, or where that is not the same on
 * every way through it, as far as can be seen. Allocates nothing. */
bool gw_prologue_frame_pointer(const uint8_t *code, size_t len, uint64_t *above_sp);

/* Whether the code that ends there ends with a call, so that it can be returned to. */
bool gw_prologue_ends_in_call(const uint8_t *code, size_t len);

#endif
