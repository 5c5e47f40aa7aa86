/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/exit_code.h"
#include "options.h"

struct command {
    const char *verb;
    int (*run)(int argc, char **argv); /* NULL: a verb of gilwait-view */
    const char *summary;
};

static const struct command commands[] = {
    {"record", gw_cmd_record, "record a running process"},
    {"run", gw_cmd_run, "launch a program and record it"},
    {"top", NULL, "live: who waits for the GIL, and for whom"},
    {"dump", gw_cmd_dump, "print every thread of a process: state, stack, who it waits for"},
    {"doctor", gw_cmd_doctor, "check permissions, kernel and target, each with the fix"},
    {"report", NULL, "a capture in words and tables"},
    {"html", NULL, "a capture as a page with flame graphs"},
    {"export", NULL, "a capture in other formats: collapsed, pprof"},
    {"summary", NULL, "a capture in one sentence"},
    {"check", NULL, "a capture against limits, for a CI job"},
    {"diff", NULL, "what changed between two captures"},
};

static void print_help(FILE *out)
{
    fprintf(out, "Usage: gilwait COMMAND [OPTION]...\n"
                 "Which threads of a Python lose how much time to the GIL, in which code, and\n"
                 "because of which code of which other thread.\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-8s %s\n", commands[i].verb, commands[i].summary);
    fprintf(out, "\n'gilwait COMMAND --help' tells the options of each. Start with:\n"
                 "  gilwait record -p PID\n");
}

int main(int argc, char **argv)
{
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
        printf("gilwait %s\n", GW_VERSION);
        return GW_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].verb) != 0)
            continue;
        return commands[i].run ? commands[i].run(argc - 1, argv + 1) : gw_exec_viewer(argv + 1);
    }
    fprintf(stderr, "gilwait: unknown command '%s'\nTry 'gilwait --help'.\n", argv[1]);
    return GW_EXIT_USAGE;
}
