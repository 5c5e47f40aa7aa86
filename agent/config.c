/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config_listen.h"
#include "config_rule.h"
#include "yaml_file.h"

#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 9847
#define DEFAULT_MAX_CPU 0.02
#define DEFAULT_MAX_RATE_HZ 100
#define DEFAULT_MAX_MEMORY (128ull << 20)
#define DEFAULT_MIN_AGE_NS (2 * GW_NS_PER_S)
#define DEFAULT_SCAN_NS (5 * GW_NS_PER_S)
#define LEAST_SCAN_NS (GW_NS_PER_S / 10)

/* What telemetry calls a service by: OpenTelemetry's and Datadog's own variables. */
static const char *const default_service_variables[] = {"OTEL_SERVICE_NAME", "DD_SERVICE"};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static int add_service_variable(struct gw_config *config, const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    config->service_variables[config->n_service_variables++] = copy;
    return 0;
}

static void forget_service_variables(struct gw_config *config)
{
    while (config->n_service_variables)
        free(config->service_variables[--config->n_service_variables]);
}

int gw_config_init(struct gw_config *config)
{
    *config = (struct gw_config){
        .host = strdup(DEFAULT_HOST),
        .port = DEFAULT_PORT,
        .max_cpu = DEFAULT_MAX_CPU,
        .max_rate_hz = DEFAULT_MAX_RATE_HZ,
        .max_memory_bytes = DEFAULT_MAX_MEMORY,
        .scan_ns = DEFAULT_SCAN_NS,
        .min_age_ns = DEFAULT_MIN_AGE_NS,
    };
    int err = config->host ? 0 : -ENOMEM;
    for (size_t i = 0; !err && i < LENGTH(default_service_variables); i++)
        err = add_service_variable(config, default_service_variables[i]);
    return err;
}

void gw_config_fini(struct gw_config *config)
{
    forget_service_variables(config);
    for (size_t i = 0; i < config->n_rules; i++)
        gw_rule_fini(&config->rules[i]);
    free(config->rules);
    free(config->host);
    free(config->token);
    *config = (struct gw_config){0};
}

/* What the functions of the keys get: the configuration, which therefore comes first, and what has
 * to be seen together with other keys. */
struct reading {
    struct gw_config config;
    yaml_node_t *listen;
};

/* --- keys of the file ------------------------------------------------------------------------- */

static int take_listen(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct reading *reading = context;
    struct gw_config *config = &reading->config;
    const char *text = gw_yaml_text(yaml, value, "listen");
    char *host;
    if (!text)
        return -GW_E_BAD_DATA;
    if (!gw_listen_parse(text, &host, &config->port))
        return gw_yaml_refuse(yaml, value,
                              "listen: '%s' is no ADDRESS:PORT: give 127.0.0.1:9847 or [::1]:9847",
                              text);
    free(config->host);
    config->host = host;
    reading->listen = value;
    return 0;
}

static int take_token_file(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    const char *path = gw_yaml_text(yaml, value, "token_file");
    int err = path ? gw_token_read(path, &config->token) : -GW_E_BAD_DATA;
    if (!path || err == -ENOMEM)
        return err;
    if (err == -GW_E_BAD_DATA)
        return gw_yaml_refuse(yaml, value,
                              "token_file: the first line of %s has to be 16 to 256 printable "
                              "characters",
                              path);
    return err ? gw_yaml_refuse(yaml, value, "token_file: cannot read %s: %s", path,
                                gw_error_sentence(err))
               : 0;
}

static int take_max_cpu(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    return gw_yaml_percent(yaml, value, "max_cpu", &config->max_cpu);
}

static int take_max_rate(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    return gw_yaml_number(yaml, value, "max_rate", GW_MIN_RATE_HZ, GW_MAX_AGENT_RATE_HZ,
                          &config->max_rate_hz);
}

static int take_max_memory(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    return gw_yaml_size(yaml, value, "max_memory", &config->max_memory_bytes);
}

static int take_scan_interval(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    int err = gw_yaml_duration(yaml, value, "scan_interval", &config->scan_ns);
    if (!err && config->scan_ns < LEAST_SCAN_NS)
        return gw_yaml_refuse(yaml, value, "scan_interval: less than 0.1 s");
    return err;
}

static int take_min_age(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    return gw_yaml_duration(yaml, value, "min_age", &config->min_age_ns);
}

static int take_service_variable(struct gw_yaml *yaml, yaml_node_t *item, void *context)
{
    struct gw_config *config = context;
    const char *name = gw_yaml_text(yaml, item, "a name in service_variables");
    if (!name)
        return -GW_E_BAD_DATA;
    if (strchr(name, '='))
        return gw_yaml_refuse(yaml, item, "'%s' is no name of a variable", name);
    if (config->n_service_variables == GW_MAX_VARIABLES)
        return gw_yaml_refuse(yaml, item, "more than %u service_variables", GW_MAX_VARIABLES);
    return add_service_variable(config, name);
}

static int take_service_variables(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    forget_service_variables(context);
    return gw_yaml_sequence(yaml, value, "service_variables", take_service_variable, context);
}

static int take_rule(struct gw_yaml *yaml, yaml_node_t *item, void *context)
{
    struct gw_config *config = context;
    if (config->n_rules == GW_MAX_RULES)
        return gw_yaml_refuse(yaml, item, "more than %u rules", GW_MAX_RULES);
    /* What is read of a rule before an error in it is freed with the others. */
    return gw_config_read_rule(yaml, item, &config->rules[config->n_rules++]);
}

static int take_rules(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_config *config = context;
    config->rules = calloc(GW_MAX_RULES, sizeof *config->rules);
    return config->rules ? gw_yaml_sequence(yaml, value, "rules", take_rule, config) : -ENOMEM;
}

static const struct gw_yaml_key config_keys[] = {
    {"listen", take_listen},         {"token_file", take_token_file},
    {"max_cpu", take_max_cpu},       {"max_rate", take_max_rate},
    {"max_memory", take_max_memory}, {"scan_interval", take_scan_interval},
    {"min_age", take_min_age},       {"service_variables", take_service_variables},
    {"rules", take_rules},
};

/* --- the file --------------------------------------------------------------------------------- */

static int read_document(struct gw_yaml *yaml, struct reading *reading)
{
    yaml_node_t *root = gw_yaml_root(yaml);
    /* A file of comments only is an empty document: all defaults. */
    int err = root ? gw_yaml_mapping(yaml, root, "the configuration", config_keys,
                                     LENGTH(config_keys), reading)
                   : 0;
    if (!err && reading->listen && !reading->config.token &&
        !gw_listen_is_loopback(reading->config.host))
        return gw_yaml_refuse(yaml, reading->listen,
                              "listen: %s can be reached from elsewhere: name a token_file as well",
                              reading->config.host);
    return err;
}

int gw_config_parse(struct gw_span text, const char *path, struct gw_config *out,
                    struct gw_diag *diag)
{
    struct gw_yaml yaml;
    struct reading reading = {0};
    int err = gw_yaml_parse(text, path, diag, &yaml);
    if (err)
        return err;
    err = gw_config_init(&reading.config);
    if (!err)
        err = read_document(&yaml, &reading);
    gw_yaml_fini(&yaml);
    if (err == -ENOMEM)
        gw_diag_what(diag, err, "cannot read %s", path);
    if (err)
        gw_config_fini(&reading.config);
    else
        *out = reading.config;
    return err;
}

static int refuse_file(struct gw_diag *diag, int err, const char *path)
{
    gw_diag_fix(diag, "name a file that may be read with --config, or leave that out");
    return gw_diag_what(diag, err, "cannot read %s", path);
}

static ssize_t read_all(int fd, uint8_t *room, size_t cap)
{
    size_t len = 0;
    ssize_t got;
    while (len < cap && (got = read(fd, room + len, cap - len)) != 0) {
        if (got < 0)
            return -errno;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

int gw_config_read(const char *path, struct gw_config *out, struct gw_diag *diag)
{
    if (!path) {
        int err = gw_config_init(out);
        if (err)
            gw_config_fini(out);
        return err ? gw_diag_what(diag, err, "cannot make a configuration") : 0;
    }
    GW_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return refuse_file(diag, -errno, path);
    GW_AUTO_FREE uint8_t *text = malloc(GW_MAX_CONFIG_BYTES + 1);
    if (!text)
        return refuse_file(diag, -ENOMEM, path);
    ssize_t len = read_all(fd, text, GW_MAX_CONFIG_BYTES + 1);
    if (len < 0)
        return refuse_file(diag, (int)len, path);
    if (len > (ssize_t)GW_MAX_CONFIG_BYTES) {
        gw_diag_why(diag, "it is larger than %u bytes", GW_MAX_CONFIG_BYTES);
        return refuse_file(diag, -GW_E_LIMIT, path);
    }
    return gw_config_parse(gw_span_of(text, (size_t)len), path, out, diag);
}
