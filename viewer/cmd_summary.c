/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "base/exit_code.h"
#include "command.h"
#include "summary.h"

static void print_help(void)
{
    printf("Usage: gilwait summary [--strict] FILE\n"
           "Tell in one sentence who waits for the GIL in a capture and because of whom.\n"
           "\n"
           "      --strict   exit with status 3 if the capture is incomplete\n"
           "  -h, --help     this help\n");
}

static int write_summary(const struct gw_model *model)
{
    struct gw_losses *losses = gw_losses_new(model);
    char *sentence = losses ? gw_summary_text(model, losses) : NULL;

    gw_losses_free(losses);
    if (!sentence)
        return -ENOMEM;
    puts(sentence);
    free(sentence);
    return 0;
}

int gw_cmd_summary(int argc, char **argv)
{
    static const struct option options[] = {
        {"strict", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct gw_model *model;
    bool strict = false;
    int letter;

    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'h')
            print_help();
        if (letter != 's')
            return letter == 'h' ? GW_EXIT_OK : GW_EXIT_USAGE;
        strict = true;
    }
    const char *path = gw_command_path(argv[0], argc, argv);
    int code = path ? gw_command_open(argv[0], path, &model) : GW_EXIT_USAGE;
    if (code != GW_EXIT_OK)
        return code;
    int rc = write_summary(model);
    code = rc < 0 ? gw_command_fail(argv[0], rc, "cannot make the summary")
                  : gw_command_end(argv[0], model, strict, stdout);
    gw_model_free(model);
    return code;
}
