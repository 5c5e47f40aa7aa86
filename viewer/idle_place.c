/* SPDX-License-Identifier: Apache-2.0 */
#include "idle_place.h"

#include <string.h>

/* End of the file's path, and the function without the names around it: qualified names are there
 * from CPython 3.11 on only. Lib/threading.py, Lib/concurrent/futures/thread.py (which waits in
 * SimpleQueue.get, in C), Lib/multiprocessing/pool.py of the versions in use. */
static const struct {
    const char *file, *function;
} places[] = {
    {"/threading.py", "wait"},
    {"/threading.py", "join"},
    {"/threading.py", "_wait_for_tstate_lock"},
    {"/threading.py", "_shutdown"},
    {"/concurrent/futures/thread.py", "_worker"},
    {"/multiprocessing/pool.py", "worker"},
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool gw_idle_place(const struct gw_model *model, uint32_t stack)
{
    const struct gw_model_function *function =
        &model->functions[gw_model_leaf(model, stack)->function];
    const char *name = gw_model_text(model, function->name);
    const char *file = gw_model_text(model, function->file);
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(dot ? dot + 1 : name, places[i].function) == 0 &&
            ends_with(file, places[i].file))
            return true;
    return false;
}
