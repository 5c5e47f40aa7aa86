/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <stdio.h>
#include <string.h>

#include "cpython/command.h"

static bool name_by_unit(const char *cgroup, char *out)
{
    char unit[GW_MAX_SERVICE + 16];
    if (!gw_cgroup_unit(cgroup, unit, sizeof unit) || strncmp(unit, "user@", 5) == 0)
        return false;
    unit[strlen(unit) - strlen(".service")] = '\0';
    gw_text_from_bytes((const uint8_t *)unit, strlen(unit), out, GW_MAX_SERVICE);
    return true;
}

bool gw_service_told(const struct gw_config *config, const struct gw_proc_facts *facts, char *out)
{
    for (size_t i = 0; i < config->n_service_variables; i++)
        if (gw_proc_env(facts->pid, config->service_variables[i], out, GW_MAX_SERVICE) && *out)
            return true;
    return name_by_unit(facts->cgroup, out);
}

void gw_service_found(const struct gw_proc_facts *facts, char *out)
{
    if (gw_python_program(gw_span_of(facts->argv, facts->argv_len), out, GW_MAX_SERVICE))
        return;
    const char *slash = strrchr(facts->exe, '/');
    const char *name = slash ? slash + 1 : facts->exe;
    if (*name)
        gw_text_from_bytes((const uint8_t *)name, strlen(name), out, GW_MAX_SERVICE);
    else
        snprintf(out, GW_MAX_SERVICE, "pid %d", facts->pid);
}
