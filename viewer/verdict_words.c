/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict_words.h"

#include <errno.h>
#include <stdlib.h>

#include "model/label.h"
#include "number.h"
#include "verdict_lines.h"

/* From this share of their time on, what threads lose to the GIL is most of a problem. */
#define MUCH 0.2
/* A process that uses less than this share of a CPU may just have nothing to do. */
#define LITTLE_CPU 0.02

static void put_innocent(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_verdict *verdict = at->verdict;

    fputs("The GIL is not your problem: ", out);
    switch (verdict->finding) {
    case GW_FINDING_ALL_CPUS:
        fputs("the threads keep all CPUs busy.", out);
        break;
    case GW_FINDING_HOT_THREAD:
        fputs("one thread, `", out);
        gw_label_thread(out, at->model, verdict->hot_thread, NULL);
        fputs("`, keeps one CPU busy, and no other wants to run meanwhile.", out);
        break;
    case GW_FINDING_IDLE:
        fputs("the threads have nothing to do.", out);
        break;
    case GW_FINDING_LOCK:
        fputs("the threads wait for a lock of the program's own.", out);
        break;
    case GW_FINDING_IO:
        fputs("the threads wait for I/O", out);
        fputs(gw_share(verdict->cpu_ns, verdict->window_ns) < LITTLE_CPU
                  ? ", or for somebody to ask something of them."
                  : ".",
              out);
        break;
    default:
        fputs("little time is lost to it, and nothing else stands out.", out);
        break;
    }
}

static void put_starved(FILE *out, const struct gw_verdict_case *at)
{
    if (at->losses->n_sufferers == 0)
        fputs("The GIL is not your problem: the threads wait for a CPU. The machine or the "
              "container is short of them.",
              out);
    else
        fputs("The GIL is not the first problem: its holder itself waits for a CPU while the "
              "others wait "
              "for the GIL. The machine or the container is short of CPUs.",
              out);
}

static void put_thread(FILE *out, const struct gw_verdict_case *at, uint32_t thread)
{
    putc('`', out);
    gw_label_thread(out, at->model, thread, NULL);
    putc('`', out);
}

static void put_gil(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_losses *losses = at->losses;
    size_t n = losses->n_sufferers;

    fputs(gw_estimate_share(&losses->estimate) >= MUCH ? "The GIL is the problem"
                                                       : "The GIL is part of the problem",
          out);
    fputs(at->verdict->finding == GW_FINDING_CONVOY ? ", in a convoy: " : ": ", out);
    switch (at->verdict->finding) {
    case GW_FINDING_BLOCKED_HOLDER:
        if (losses->n_holders == 1)
            put_thread(out, at, losses->first);
        else
            fputs("a thread", out);
        fputs(" sleeps with it in ", out);
        gw_place_put(out, at->model, &at->verdict->place);
        fputs(", which is almost always a bug.", out);
        break;
    case GW_FINDING_IN_TURN:
        fprintf(out, "%zu threads want to run Python code at once, and it lets one.", n);
        break;
    case GW_FINDING_CONVOY:
        fprintf(out, "%zu I/O thread%s ", n, n == 1 ? " pays" : "s pay");
        gw_number_length(out, at->verdict->latency.mean_wait_ns);
        fputs(" per call because ", out);
        put_thread(out, at, losses->first);
        fputs(" never lets go by itself.", out);
        break;
    case GW_FINDING_CULPRIT:
        fprintf(out, "%zu thread%s for it while ", n, n == 1 ? " waits" : "s wait");
        put_thread(out, at, losses->first);
        fputs(losses->n_holders == 1 ? " has it." : " or one of a few others has it.", out);
        break;
    default:
        fputs("threads wait for it, but who held it meanwhile could not be told.", out);
        break;
    }
}

static bool put_sentence(FILE *out, const struct gw_verdict_case *at)
{
    if (at->verdict->finding == GW_FINDING_NOTHING)
        fputs("There is nothing to tell: no thread was observed.", out);
    else if (at->verdict->finding == GW_FINDING_NO_GIL)
        fputs("The GIL is not your problem: none is at work here.", out);
    else if (at->verdict->finding == GW_FINDING_STARVED)
        put_starved(out, at);
    else if (gw_finding_is_gil(at->verdict->finding))
        put_gil(out, at);
    else
        put_innocent(out, at);
    return true;
}

/* The line in *text (free it), or NULL there if there is nothing to say. 0 or -ENOMEM. */
static int write_line(gw_verdict_line *put, const struct gw_verdict_case *at, char **text)
{
    size_t size = 0;

    *text = NULL;
    FILE *out = open_memstream(text, &size);
    if (!out)
        return -ENOMEM;
    bool said = put(out, at);
    int rc = fclose(out) == 0 ? 0 : -ENOMEM;
    if (rc < 0 || !said) {
        free(*text);
        *text = NULL;
    }
    return rc;
}

static int write_lines(gw_verdict_line *const *puts, const struct gw_verdict_case *at,
                       struct gw_verdict_lines *lines)
{
    int rc = 0;

    for (; rc == 0 && *puts && lines->n < GW_VERDICT_LINES; puts++) {
        rc = write_line(*puts, at, &lines->text[lines->n]);
        lines->n += lines->text[lines->n] != NULL;
    }
    return rc;
}

int gw_verdict_words_init(struct gw_verdict_words *words, const struct gw_model *model,
                          const struct gw_losses *losses, const struct gw_verdict *verdict)
{
    const struct gw_verdict_case at = {.model = model, .losses = losses, .verdict = verdict};

    *words = (struct gw_verdict_words){0};
    int rc = write_line(put_sentence, &at, &words->sentence);
    if (rc == 0)
        rc = write_lines(gw_verdict_evidence, &at, &words->evidence);
    if (rc == 0)
        rc = write_lines(gw_verdict_remedies, &at, &words->remedies);
    return rc;
}

void gw_verdict_words_fini(struct gw_verdict_words *words)
{
    free(words->sentence);
    for (size_t i = 0; i < GW_VERDICT_LINES; i++) {
        free(words->evidence.text[i]);
        free(words->remedies.text[i]);
    }
    *words = (struct gw_verdict_words){0};
}
