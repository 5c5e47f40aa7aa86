/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a capture defines by id, shared by all processes in it, and how much of it has been
 * written already.
 */
#ifndef GW_SAMPLE_DEFINITIONS_H
#define GW_SAMPLE_DEFINITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strtab.h"
#include "capture.pb-c.h"
#include "cpython/code.h"
#include "sample/stacks.h"

struct gw_definitions {
    struct gw_strtab *strings;
    struct gw_functions *functions;
    struct gw_stacks *stacks;
    uint32_t n_processes, n_threads, n_gils; /* ids handed out */
    uint32_t strings_written, functions_written, stacks_written;
};

/* 0 or -ENOMEM; on failure nothing is left to free. */
int gw_definitions_init(struct gw_definitions *definitions) __attribute__((warn_unused_result));
void gw_definitions_fini(struct gw_definitions *definitions);

/* Room for what one second of sampling may add; outside of the tick. 0, -ENOMEM or -GW_E_LIMIT. */
int gw_definitions_reserve(struct gw_definitions *definitions) __attribute__((warn_unused_result));

/* Id of a string, 0 ("") when there is no room. */
uint32_t gw_definitions_string(struct gw_definitions *definitions, const char *text);

/* Arrays behind one message of definitions; reused from message to message. */
struct gw_definitions_message {
    Gilwait__Capture__Data data;
    Gilwait__Capture__Strings strings;
    Gilwait__Capture__Functions functions;
    Gilwait__Capture__Stacks stacks;
    char **texts;
    uint32_t *columns;
    size_t cap;
};

/* Fill message->data with definitions not written yet, about GW_CHUNK_TARGET bytes at most, and
 * count them as written. True if there were any: call again until there are none. On failure to
 * get memory false, and nothing is counted as written. The message borrows from both. */
bool gw_definitions_take(struct gw_definitions *definitions,
                         struct gw_definitions_message *message);
void gw_definitions_message_fini(struct gw_definitions_message *message);

/* All of it counts as not written: the next messages make a keyframe. */
void gw_definitions_rewind(struct gw_definitions *definitions);

#endif
