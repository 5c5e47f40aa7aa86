/* SPDX-License-Identifier: Apache-2.0 */
#include "services.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/label.h"

/* A function has a series of its own once it has caused this much at one time; one whose series has
 * not grown for so long makes place for another. */
#define SERIES_NS (GW_NS_PER_S / 50)
#define STALE_NS (3600 * GW_NS_PER_S)

/* --- services --------------------------------------------------------------------------------- */

void gw_label_value(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || *text == '"')
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static char *render_labels(const char *name, const struct gw_label *labels, size_t n)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs("service=\"", out);
    gw_label_value(out, name);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "\",%s=\"", labels[i].name);
        gw_label_value(out, labels[i].value);
    }
    putc('"', out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void service_free(struct gw_service *service)
{
    if (!service)
        return;
    for (size_t i = 0; i < service->n_blamed; i++) {
        free(service->blamed[i].function);
        free(service->blamed[i].file);
    }
    free(service->name);
    free(service->labels);
    free(service);
}

/* Takes over labels. */
static struct gw_service *add_service(struct gw_services *all, const char *name, char *labels)
{
    struct gw_service *service = calloc(1, sizeof *service);
    struct gw_service **items = realloc(all->items, (all->n + 1) * sizeof *items);
    if (items)
        all->items = items;
    if (service) {
        service->labels = labels;
        service->name = strdup(name);
    } else {
        free(labels);
    }
    if (!items || !service || !service->name) {
        service_free(service);
        return NULL;
    }
    all->items[all->n++] = service;
    return service;
}

struct gw_service *gw_services_get(struct gw_services *all, const char *name,
                                   const struct gw_label *labels, size_t n_labels)
{
    char *rendered = render_labels(name, labels, n_labels);
    if (!rendered)
        return NULL;
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->items[i]->labels, rendered) != 0)
            continue;
        free(rendered);
        return all->items[i];
    }
    if (all->n < GW_MAX_SERVICES)
        return add_service(all, name, rendered);
    free(rendered);
    /* The last place is that of all the others. */
    if (all->n > GW_MAX_SERVICES)
        return all->items[GW_MAX_SERVICES];
    rendered = render_labels("(other)", NULL, 0);
    return rendered ? add_service(all, "(other)", rendered) : NULL;
}

void gw_services_fini(struct gw_services *all)
{
    for (size_t i = 0; i < all->n; i++)
        service_free(all->items[i]);
    free(all->items);
    *all = (struct gw_services){0};
}

/* --- blame ------------------------------------------------------------------------------------ */

static struct gw_blamed *find_blamed(struct gw_service *service, const char *function,
                                     const char *file)
{
    for (size_t i = 0; i < service->n_blamed; i++)
        if (strcmp(service->blamed[i].function, function) == 0 &&
            strcmp(service->blamed[i].file, file) == 0)
            return &service->blamed[i];
    return NULL;
}

/* A free row, or that of a function which has not been blamed for long; NULL if there is none. */
static struct gw_blamed *find_place(struct gw_service *service, uint64_t now_ns)
{
    if (service->n_blamed < GW_MAX_BLAMED)
        return &service->blamed[service->n_blamed++];
    struct gw_blamed *oldest = &service->blamed[0];
    for (size_t i = 1; i < GW_MAX_BLAMED; i++)
        if (service->blamed[i].grown_ns < oldest->grown_ns)
            oldest = &service->blamed[i];
    if (now_ns - oldest->grown_ns < STALE_NS)
        return NULL;
    free(oldest->function);
    free(oldest->file);
    return oldest;
}

/* Takes over both texts. */
static void blame(struct gw_service *service, char *function, char *file, uint64_t ns,
                  uint64_t now_ns)
{
    struct gw_blamed *row = find_blamed(service, function, file);
    if (row) {
        row->ns += ns;
        row->grown_ns = now_ns;
    } else if (ns >= SERIES_NS && (row = find_place(service, now_ns))) {
        *row = (struct gw_blamed){.function = function, .file = file, .ns = ns, .grown_ns = now_ns};
        return;
    } else {
        service->other_blamed_ns += ns;
    }
    free(function);
    free(file);
}

static char *escaped(const char *text)
{
    char *out = NULL;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    if (!file)
        return NULL;
    gw_label_text(file, text, NULL);
    if (fclose(file) == 0)
        return out;
    free(out);
    return NULL;
}

static int blame_function(struct gw_service *service, const struct gw_model *model,
                          uint32_t function, uint64_t ns, uint64_t now_ns)
{
    const struct gw_model_function *row = &model->functions[function];
    char *name = escaped(function ? gw_model_text(model, row->name) : "(no Python frame)");
    char *file = escaped(gw_label_short_path(gw_model_text(model, row->file)));
    if (name && file) {
        blame(service, name, file, ns, now_ns);
        return 0;
    }
    service->other_blamed_ns += ns;
    free(name);
    free(file);
    return -ENOMEM;
}

static int add_blame(struct gw_service *service, const struct gw_model *model, uint64_t now_ns)
{
    uint64_t *by_function = calloc(model->n_functions + 1, sizeof *by_function);
    if (!by_function)
        return -ENOMEM;
    int err = 0;
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (pair->kind == GW_BLAME_HELD)
            by_function[gw_model_leaf(model, pair->holder_stack)->function] += pair->ns;
        else if (pair->kind == GW_BLAME_HANDOFF)
            service->handoff_ns += pair->ns;
        else
            service->unknown_ns += pair->ns;
    }
    for (uint32_t i = 0; i < model->n_functions; i++) {
        int rc = by_function[i] ? blame_function(service, model, i, by_function[i], now_ns) : 0;
        err = rc ? rc : err;
    }
    free(by_function);
    return err;
}

int gw_service_add(struct gw_service *service, const struct gw_model *model, uint64_t now_ns)
{
    for (size_t i = 0; i < model->n_threads; i++) {
        const struct gw_model_thread *thread = &model->threads[i];
        service->wait_ns += thread->wait_ns;
        service->observed_ns += thread->wall_ns;
        for (size_t state = 0; state < GW_N_STATES; state++)
            service->state_ns[state] += thread->state_ns[state];
    }
    for (size_t i = 0; i < model->n_gils; i++)
        service->switches += model->gils[i].switches;
    service->ticks += model->quality.ticks;
    return add_blame(service, model, now_ns);
}
