/* SPDX-License-Identifier: Apache-2.0 */
#include "consider.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/idmap.h"
#include "cpython/discover.h"
#include "service.h"
#include "target/maps.h"
#include "target/proc_facts.h"

/* A process that is no Python may load one later, ever less likely. */
#define FIRST_PAUSE_NS (GW_NS_PER_S)
#define LAST_PAUSE_NS (300 * GW_NS_PER_S)
#define UNABLE_PAUSE_NS (60 * GW_NS_PER_S) /* a right may be given */

/* --- texts ------------------------------------------------------------------------------------ */

static int set_text(char **out, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*out);
    *out = copy;
    return 0;
}

static int explain(struct gw_process *process, enum gw_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int explain(struct gw_process *process, enum gw_verdict verdict, const char *format, ...)
{
    char why[GW_MAX_WHY];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    process->verdict = verdict;
    return set_text(&process->why, why);
}

static uint64_t pause_ns(uint32_t looks)
{
    uint64_t pause = FIRST_PAUSE_NS << (looks < 16 ? looks : 16);
    return pause < LAST_PAUSE_NS ? pause : LAST_PAUSE_NS;
}

/* --- rules ------------------------------------------------------------------------------------ */

static bool read_variable(const void *context, const char *name, char *out, size_t cap)
{
    const struct gw_proc_facts *facts = context;
    return gw_proc_env(facts->pid, name, out, cap);
}

void gw_user_name(uid_t uid, char *out, size_t cap)
{
    const struct passwd *entry = getpwuid(uid);
    if (entry)
        snprintf(out, cap, "%s", entry->pw_name);
    else
        snprintf(out, cap, "%u", uid);
}

static size_t find_rule(const struct gw_process *process, const struct gw_config *config,
                        const struct gw_proc_facts *facts)
{
    char user[64], unit[256] = "", container[GW_CONTAINER_ID + 1] = "";
    gw_user_name(facts->uid, user, sizeof user);
    gw_cgroup_unit(facts->cgroup, unit, sizeof unit);
    gw_cgroup_container(facts->cgroup, container);
    struct gw_rule_subject subject = {
        .exe = facts->exe,
        .command = facts->command,
        .user = user,
        .cgroup = facts->cgroup,
        .unit = unit,
        .container = container,
        .python = process->version,
        .age_ns = facts->age_ns,
        .variable = read_variable,
        .context = facts,
    };
    size_t found = gw_rules_find(config->rules, config->n_rules, &subject);
    return found < config->n_rules ? found : GW_NO_RULE;
}

static int name_service(struct gw_process *process, const struct gw_config *config,
                        const struct gw_proc_facts *facts)
{
    char name[GW_MAX_SERVICE];
    const struct gw_rule *rule = process->rule == GW_NO_RULE ? NULL : &config->rules[process->rule];
    process->service_told = true;
    if (rule && rule->service)
        return set_text(&process->service, rule->service);
    process->service_told = gw_service_told(config, facts, name);
    if (!process->service_told)
        gw_service_found(facts, name);
    return set_text(&process->service, name);
}

/* A rule may ask for an age that the process has not reached: decide again when it has. */
static uint64_t next_birthday_ns(const struct gw_config *config, uint64_t age_ns, uint64_t now_ns)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < config->n_rules; i++) {
        uint64_t min_age_ns = config->rules[i].min_age_ns;
        if (min_age_ns > age_ns && now_ns + min_age_ns - age_ns < next)
            next = now_ns + min_age_ns - age_ns;
    }
    return next;
}

static int apply_rule(struct gw_process *process, const struct gw_config *config)
{
    if (process->rule == GW_NO_RULE)
        return explain(process, GW_VERDICT_PROFILE, "no rule matches");
    const struct gw_rule *rule = &config->rules[process->rule];
    enum gw_verdict verdict = rule->ignore ? GW_VERDICT_IGNORE : GW_VERDICT_PROFILE;
    if (rule->name)
        return explain(process, verdict, "rule %s", rule->name);
    return explain(process, verdict, "rule %zu", process->rule + 1);
}

static int decide(struct gw_process *process, const struct gw_config *config,
                  const struct gw_proc_facts *facts, uint64_t now_ns)
{
    process->rule = find_rule(process, config, facts);
    process->look_ns = next_birthday_ns(config, facts->age_ns, now_ns);
    int err = name_service(process, config, facts);
    if (err)
        return err;
    const struct gw_rule *rule = process->rule == GW_NO_RULE ? NULL : &config->rules[process->rule];
    if ((rule && rule->ignore) || facts->age_ns >= config->min_age_ns)
        return apply_rule(process, config);
    uint64_t old_enough_ns = now_ns + config->min_age_ns - facts->age_ns;
    if (old_enough_ns < process->look_ns)
        process->look_ns = old_enough_ns;
    return explain(process, GW_VERDICT_WAIT, "younger than %g s",
                   (double)config->min_age_ns / (double)GW_NS_PER_S);
}

/* --- what it is ------------------------------------------------------------------------------- */

static bool is_named_python(const struct gw_proc_facts *facts)
{
    const char *end = facts->command + strcspn(facts->command, " ");
    const char *name = end;
    while (name > facts->command && name[-1] != '/')
        name--;
    return strncmp(name, "python", 6) == 0;
}

/* A number that stands for the files whose code a process has mapped: as long as it is the same,
 * nobody need look into them again. 0 if it cannot be told. */
static uint64_t mapped_code(pid_t pid)
{
    struct gw_maps maps;
    uint64_t sum = 0;
    if (gw_maps_read(pid, &maps))
        return 0;
    for (size_t i = 0; i < maps.n; i++)
        if (maps.items[i].inode && (maps.items[i].perms & GW_MAP_EXEC))
            sum = gw_mix64(sum ^ gw_mix64(maps.items[i].inode) ^ maps.items[i].dev);
    gw_maps_free(&maps);
    return sum;
}

static int note_no_python(struct gw_process *process, uint64_t now_ns)
{
    process->is_python = false;
    process->verdict = GW_VERDICT_NOT_PYTHON;
    process->look_ns = now_ns + pause_ns(process->looks++);
    return 0;
}

static int note_unable(struct gw_process *process, const struct gw_config *config,
                       const struct gw_proc_facts *facts, int err, const struct gw_diag *diag,
                       uint64_t now_ns)
{
    process->is_python = true;
    int name_err = name_service(process, config, facts);
    if (name_err)
        return name_err;
    if (err == -GW_E_NO_THREADS) {
        process->look_ns = now_ns + pause_ns(process->looks++);
        return explain(process, GW_VERDICT_WAIT, "its interpreter is still starting");
    }
    process->look_ns = now_ns + UNABLE_PAUSE_NS;
    if (gw_error_class(err) == GW_CLASS_DENIED)
        return explain(process, GW_VERDICT_UNABLE,
                       "not permitted: run the agent as root, or give it CAP_SYS_PTRACE and "
                       "CAP_DAC_READ_SEARCH");
    if (diag->what[0])
        return explain(process, GW_VERDICT_UNABLE, "%.120s: %.120s", diag->what,
                       diag->why[0] ? diag->why : gw_error_sentence(err));
    return explain(process, GW_VERDICT_UNABLE, "%s", gw_error_sentence(err));
}

/* Whether an error says that there is a Python. Of a process that may not be read nobody knows;
 * then its name has to do. */
static bool tells_python(int err, const struct gw_proc_facts *facts)
{
    switch (-err) {
    case GW_E_VERSION:
    case GW_E_ARCH:
    case GW_E_LAYOUT:
    case GW_E_NO_THREADS:
        return true;
    default:
        return gw_error_class(err) == GW_CLASS_DENIED && is_named_python(facts);
    }
}

int gw_consider(struct gw_process *process, const struct gw_config *config, uint64_t now_ns)
{
    struct gw_proc_facts facts;
    uint64_t code = process->is_python ? 0 : mapped_code(process->pid);
    if (code && code == process->code)
        return note_no_python(process, now_ns);
    process->code = code;
    if (gw_proc_facts_read(process->pid, &facts) || facts.kernel_thread || facts.zombie ||
        facts.start_ticks != process->start_ticks)
        return note_no_python(process, now_ns);
    process->uid = facts.uid;
    if (!process->version[0]) {
        struct gw_rmem memory = gw_rmem_of(process->pid);
        struct gw_diag diag = {0};
        struct gw_python python;
        int err = gw_discover(process->pid, &memory, &python, &diag);
        if (err == -ENOMEM)
            return err;
        if (err && !tells_python(err, &facts))
            return note_no_python(process, now_ns);
        int text_err = set_text(&process->exe, facts.exe);
        if (text_err)
            return text_err;
        if (err)
            return note_unable(process, config, &facts, err, &diag, now_ns);
        memcpy(process->version, python.version, sizeof process->version);
    }
    process->is_python = true;
    return decide(process, config, &facts, now_ns);
}
