/* SPDX-License-Identifier: Apache-2.0 */
#include "format/vocabulary.h"

struct state_row {
    const char *name;
    enum gw_rollup rollup;
    const char *meaning;
};

static const struct state_row state_rows[GW_N_STATES] = {
#define GW_STATE_ROW(id, number, text, rollup_, meaning_)                                          \
    [number] = {.name = text, .rollup = GW_ROLLUP_##rollup_, .meaning = meaning_},
    GW_STATE_LIST(GW_STATE_ROW)
#undef GW_STATE_ROW
};

static const char *const rollup_names[GW_N_ROLLUPS] = {
#define GW_ROLLUP_ROW(id, text) [GW_ROLLUP_##id] = text,
    GW_ROLLUP_LIST(GW_ROLLUP_ROW)
#undef GW_ROLLUP_ROW
};

static const char *const blame_names[GW_N_BLAME_KINDS] = {
#define GW_BLAME_ROW(id, text) [GW_BLAME_##id] = text,
    GW_BLAME_LIST(GW_BLAME_ROW)
#undef GW_BLAME_ROW
};

static const char *const function_kind_names[] = {
    [GW_FUNCTION_PYTHON] = "python",
    [GW_FUNCTION_C] = "c",
    [GW_FUNCTION_NATIVE] = "native",
};

static const struct state_row *row_of(unsigned state)
{
    return &state_rows[state < GW_N_STATES ? state : GW_STATE_UNKNOWN];
}

const char *gw_state_name(unsigned state)
{
    return row_of(state)->name;
}

const char *gw_state_meaning(unsigned state)
{
    return row_of(state)->meaning;
}

enum gw_rollup gw_state_rollup(unsigned state)
{
    return row_of(state)->rollup;
}

const char *gw_rollup_name(enum gw_rollup rollup)
{
    return rollup_names[rollup < GW_N_ROLLUPS ? rollup : GW_ROLLUP_UNKNOWN];
}

const char *gw_blame_name(enum gw_blame_kind kind)
{
    return blame_names[kind < GW_N_BLAME_KINDS ? kind : GW_BLAME_UNKNOWN];
}

const char *gw_function_kind_name(unsigned kind)
{
    return function_kind_names[kind <= GW_FUNCTION_NATIVE ? kind : GW_FUNCTION_PYTHON];
}
