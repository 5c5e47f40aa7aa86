/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), the checksum of chunks: polynomial 0x1EDC6F41, reflected, all ones in and
 * out, as in RFC 3720 (section 12.1). */
#ifndef GW_FORMAT_CRC32C_H
#define GW_FORMAT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Checksum of `bytes` continuing from `crc`, the checksum of what came before (0 at the start). */
uint32_t gw_crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
