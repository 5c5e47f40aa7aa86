/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/columns.h"
#include "base/exit_code.h"
#include "command.h"
#include "daemon.h"

static void print_help(FILE *out)
{
    fprintf(
        out,
        "Usage: gilwait-agent [--config FILE]\n"
        "       gilwait-agent discover [--dry-run] [--config FILE] [--json]\n"
        "       gilwait-agent check-config FILE\n"
        "Sample the Python processes of this host all the time, and serve what they lose to the\n"
        "GIL as metrics; or say which of them a configuration means, or what is wrong with it.\n\n"
        "  -c, --config FILE   configuration (default: profile every Python that may be read)\n"
        "      --dry-run       with discover: only look; this is all that it ever does\n"
        "      --json          with discover: for programs\n"
        "  -h, --help          this text\n"
        "  -V, --version       the version\n");
}

static int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int usage_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", GW_PROGRAM);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry '%s --help'.\n", GW_PROGRAM);
    va_end(args);
    return GW_EXIT_USAGE;
}

static int run_verb(int argc, char **argv, struct gw_agent_options *options)
{
    if (argc == 0)
        return gw_daemon_run(options->config_path);
    bool checks = strcmp(argv[0], "check-config") == 0;
    if (checks && argc > 1) {
        options->config_path = argv[1];
        argc--;
    }
    if (argc > 1)
        return usage_error("'%s' is one argument too many", argv[argc - 1]);
    if (checks)
        return gw_cmd_check_config(options);
    if (strcmp(argv[0], "discover") == 0)
        return gw_cmd_discover(options);
    return usage_error("unknown command '%s'", argv[0]);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'}, {"dry-run", no_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},         {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {0}};
    struct gw_agent_options options = {0};
    int letter;
    gw_columns_init();
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":c:hV", longs, NULL)) != -1) {
        switch (letter) {
        case 'c':
            options.config_path = optarg;
            break;
        case 'j':
            options.json = true;
            break;
        case 'n':
            break;
        case 'h':
            print_help(stdout);
            return GW_EXIT_OK;
        case 'V':
            printf("%s %s\n", GW_PROGRAM, GW_VERSION);
            return GW_EXIT_OK;
        case ':':
            return usage_error("%s needs a value", argv[optind - 1]);
        default:
            return usage_error("unknown option %s", argv[optind - 1]);
        }
    }
    return run_verb(argc - optind, argv + optind, &options);
}
