/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "base/exit_code.h"
#include "command.h"
#include "model/label.h"
#include "select_options.h"
#include "summary.h"

static void print_help(void)
{
    printf("Usage: gilwait summary [OPTION]... FILE\n"
           "Tell in one sentence who waits for the GIL in a capture and because of whom.\n"
           "\n"
           "      --from TIME, --to TIME\n"
           "                 only what was recorded between them: 5 (seconds from the start), 1m,\n"
           "                 or -5 (from the end)\n"
           "      --thread NAME\n"
           "                 only threads of this name ('worker-*' in quotes) or tid: what they\n"
           "                 wait and make others wait; may be given several times\n"
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
    if (model->part.given) {
        fputs("From ", stdout);
        gw_label_part(stdout, model);
        fputs(": ", stdout);
    }
    puts(sentence);
    free(sentence);
    return 0;
}

int gw_cmd_summary(int argc, char **argv)
{
    static const struct option options[] = {
        {"strict", no_argument, NULL, 's'},
        GW_SELECT_ALL,
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct gw_selection selection = {0};
    struct gw_model *model;
    bool strict = false;
    int letter, code = GW_EXIT_OK;

    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (gw_select_option(argv[0], letter, &selection, &code)) {
            if (code != GW_EXIT_OK)
                return code;
            continue;
        }
        if (letter == 'h')
            print_help();
        if (letter != 's')
            return letter == 'h' ? GW_EXIT_OK : GW_EXIT_USAGE;
        strict = true;
    }
    const char *path = gw_command_path(argv[0], argc, argv);
    code = path ? gw_command_select(argv[0], path, &selection, &model) : GW_EXIT_USAGE;
    if (code != GW_EXIT_OK)
        return code;
    int rc = write_summary(model);
    code = rc < 0 ? gw_command_fail(argv[0], rc, "cannot make the summary")
                  : gw_command_end(argv[0], model, strict, stdout);
    gw_model_free(model);
    return code;
}
