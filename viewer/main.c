/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/columns.h"
#include "base/exit_code.h"
#include "command.h"

struct command {
    const char *verb;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    {"report", gw_cmd_report, "a capture in words and tables, or as JSON"},
    {"summary", gw_cmd_summary, "a capture in one sentence"},
    {"html", gw_cmd_html, "a capture as a page with flame graphs"},
    {"export", gw_cmd_export, "a capture in other formats"},
    {"check", gw_cmd_check, "a capture against limits, for a CI job"},
    {"diff", gw_cmd_diff, "what changed between two captures"},
    {"top", gw_cmd_top, "live: who waits for the GIL, and for whom"},
};

static void print_help(FILE *out)
{
    fprintf(out, "Usage: gilwait-view COMMAND [OPTION]... FILE\n"
                 "Read captures of gilwait. The same commands are there as 'gilwait COMMAND'.\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-8s %s\n", commands[i].verb, commands[i].summary);
    fprintf(out, "\n'gilwait-view COMMAND --help' tells the options of each.\n");
}

int main(int argc, char **argv)
{
    /* A closed pipe is an error of the write, told as such and not by a signal. */
    signal(SIGPIPE, SIG_IGN);
    gw_columns_init();
    if (argc < 2) {
        print_help(stderr);
        return GW_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return GW_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("gilwait-view %s\n", GW_VERSION);
        return GW_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].verb) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "gilwait-view: unknown command '%s'\nTry 'gilwait-view --help'.\n", argv[1]);
    return GW_EXIT_USAGE;
}
