/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/internals.h"

#include <stddef.h>
#include <string.h>

/* The first row whose text the symbol begins with. */
static const struct {
    const char *start;
    enum gw_internal_role role;
} roles[] = {
    {"_PyEval_EvalFrameDefault", GW_INTERNAL_EVAL},
    {"_TAIL_CALL_", GW_INTERNAL_EVAL}, /* 3.14 on, where it was built with tail calls */
    {"take_gil", GW_INTERNAL_CALL},
    {"drop_gil", GW_INTERNAL_CALL},
    {"eval_frame_handle_pending", GW_INTERNAL_CALL},
    {"handle_eval_breaker", GW_INTERNAL_CALL},
    {"Py", GW_INTERNAL_CALL},
    {"_Py", GW_INTERNAL_CALL},
    {"_call_function_trampoline", GW_INTERNAL_CALL},
    {"_vectorcall_", GW_INTERNAL_CALL},
    {"call_function", GW_INTERNAL_CALL},
    {"cfunction_", GW_INTERNAL_CALL},
    {"classmethoddescr_", GW_INTERNAL_CALL},
    {"do_call_core", GW_INTERNAL_CALL},
    {"function_code_fastcall", GW_INTERNAL_CALL},
    {"method_call", GW_INTERNAL_CALL},
    {"method_vectorcall", GW_INTERNAL_CALL},
    {"methoddescr_call", GW_INTERNAL_CALL},
    {"object_vacall", GW_INTERNAL_CALL},
    {"slot_", GW_INTERNAL_CALL},
    {"trampoline_call", GW_INTERNAL_CALL},
    {"type_call", GW_INTERNAL_CALL},
    {"vectorcall_", GW_INTERNAL_CALL},
    {"wrap_", GW_INTERNAL_CALL},
    {"wrapperdescr_", GW_INTERNAL_CALL},
    {"wrapper_call", GW_INTERNAL_CALL},
};

enum gw_internal_role gw_internal_role(const char *symbol)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strncmp(symbol, roles[i].start, strlen(roles[i].start)) == 0)
            return roles[i].role;
    return GW_INTERNAL_NONE;
}
