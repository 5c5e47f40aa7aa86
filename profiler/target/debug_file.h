/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols that a distribution has stripped from a file and keeps in another one. */
#ifndef GW_TARGET_DEBUG_FILE_H
#define GW_TARGET_DEBUG_FILE_H

#include <sys/types.h>

#include "target/elf_image.h"

/* Open the debug file of a file that process pid has mapped, where the process itself would find
 * it: /usr/lib/debug/.build-id/XX/REST.debug in its root ("Separate Debug Files" in GDB's manual).
 * NULL if there is none, or one of another build. Its addresses are those of the file; it has no
 * contents but symbols. */
struct gw_elf_image *gw_debug_file_open(pid_t pid, const struct gw_elf_image *image);

#endif
