/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks as a tree: a stack is its leaf frame and the stack of its caller. Each distinct one has a
 * dense id; id 0 is the empty stack. Room is made outside of the tick.
 */
#ifndef GW_SAMPLE_STACKS_H
#define GW_SAMPLE_STACKS_H

#include <stddef.h>
#include <stdint.h>

struct gw_stack_node {
    uint32_t parent;
    uint32_t function;
    uint32_t line;
};

struct gw_stacks;
struct gw_stacks *gw_stacks_new(void); /* NULL when there is no memory */
void gw_stacks_free(struct gw_stacks *stacks);

/* Room for n more. 0, -ENOMEM or -GW_E_LIMIT (more than GW_MAX_IDS). */
int gw_stacks_reserve(struct gw_stacks *stacks, size_t n) __attribute__((warn_unused_result));

/* Id of the stack parent + frame; the parent's id if there is no room left: a cut is better than a
 * wrong caller. */
uint32_t gw_stacks_push(struct gw_stacks *stacks, uint32_t parent, uint32_t function,
                        uint32_t line);

uint32_t gw_stacks_count(const struct gw_stacks *stacks);
const struct gw_stack_node *gw_stacks_get(const struct gw_stacks *stacks, uint32_t id);

#endif
