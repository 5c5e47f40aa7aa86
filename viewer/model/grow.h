/* SPDX-License-Identifier: Apache-2.0 */
/* Growing a plain array that somebody else frees with free(3). */
#ifndef GW_MODEL_GROW_H
#define GW_MODEL_GROW_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Make the array behind `array` (a pointer to the pointer to its elements) hold at least n
 * elements of `size` bytes; new ones are zero. Returns 0 or -ENOMEM (nothing changed). */
static inline int gw_grow(void *array, size_t *cap, size_t n, size_t size)
{
    unsigned char *old;

    if (n <= *cap)
        return 0;
    memcpy(&old, array, sizeof old);
    size_t larger = n + n / 2 + 16;
    unsigned char *fresh = reallocarray(old, larger, size);
    if (!fresh)
        return -ENOMEM;
    memset(fresh + *cap * size, 0, (larger - *cap) * size);
    memcpy(array, &fresh, sizeof fresh);
    *cap = larger;
    return 0;
}

/* For an array `x` beside its `cap_x` in the structure behind `owner`. */
#define GW_GROW(owner, x, n) gw_grow(&(owner)->x, &(owner)->cap_##x, n, sizeof *(owner)->x)

#endif
