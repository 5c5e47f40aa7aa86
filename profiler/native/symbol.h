/* SPDX-License-Identifier: Apache-2.0 */
/* The names of functions as people write them. */
#ifndef GW_NATIVE_SYMBOL_H
#define GW_NATIVE_SYMBOL_H

/* A symbol without what compilers and linkers append (".constprop.0", ".cold", "@@GLIBC_2.34"),
 * and demangled: C++ and Rust. One that cannot be demangled stays. In new memory; NULL if there is
 * none. */
char *gw_symbol_readable(const char *symbol);

#endif
