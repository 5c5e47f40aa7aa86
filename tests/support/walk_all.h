/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a session reads of CPython in one tick, for fuzzers: any result will do that keeps to
 * the contracts. */
#ifndef GW_TESTS_WALK_ALL_H
#define GW_TESTS_WALK_ALL_H

#include "cpython/discover.h"
#include "support/fake_rmem.h"

/* Lists the threads, walks the stack of each of them twice, locates its code, reads its GIL. Aborts
 * when a contract is broken. */
void walk_all(struct fake_rmem *fake, const struct gw_python *python);

#endif
