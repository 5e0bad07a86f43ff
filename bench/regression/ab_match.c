/* The rows that two builds have in common, each verified once. */
#include "bench/regression/ab_match.h"
#include "bench/regression/child.h"

#include <stdlib.h>
#include <string.h>

/* What one build says of one of its rows. */
struct found {
    struct ab_name name;
    size_t case_number;
    long row_number;
    char status[12], reason[400];
};

struct catalogue {
    struct found *list;
    size_t count;
};

static enum status found_add(struct catalogue *catalogue, const struct found *found,
                             struct message *message) {
    struct found *longer =
        realloc(catalogue->list, (catalogue->count + 1) * sizeof *catalogue->list);
    if (!longer)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows", catalogue->count);
    catalogue->list = longer;
    longer[catalogue->count++] = *found;
    return STATUS_OK;
}

/* Fills `text` with what stands up to the next tab and steps behind it. */
static void field_take(char **rest, char *text, size_t size) {
    const char *field = strsep(rest, "\t");
    snprintf(text, size, "%.*s", (int)size - 1, field ? field : "");
}

static void row_read(char *line, struct found *found) {
    char threads[24], *rest = line;
    field_take(&rest, found->name.implementation, sizeof found->name.implementation);
    field_take(&rest, found->name.device, sizeof found->name.device);
    field_take(&rest, threads, sizeof threads);
    field_take(&rest, found->name.mode, sizeof found->name.mode);
    field_take(&rest, found->status, sizeof found->status);
    field_take(&rest, found->reason, sizeof found->reason);
    found->name.threads = strtol(threads, NULL, 10);
}

static enum status case_read(struct child *child, size_t number, struct catalogue *catalogue,
                             struct message *message) {
    char request[64], *line;
    struct found found = {.case_number = number};
    long rows;
    snprintf(request, sizeof request, "open %zu verify", number);
    enum status status = child_ask(child, request, &line, message);
    if (status == STATUS_OK && sscanf(line, "rows %ld %255s", &rows, found.name.bench_case) != 2)
        status = message_set(message, STATUS_FAILED, "%s answers \"%.60s\" to \"%s\"", child->name,
                             line, request);
    for (long i = 0; status == STATUS_OK && i < rows; i++) {
        status = child_next(child, &line, message);
        found.row_number = i;
        if (status == STATUS_OK) {
            row_read(line, &found);
            status = found_add(catalogue, &found, message);
        }
    }
    return status;
}

/* Verifies every row of a build, in one process that was started already. */
static enum status catalogue_read(const struct ab_options *options, struct child *child,
                                  const struct progress *progress, struct catalogue *catalogue,
                                  struct message *message) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < child->cases && status == STATUS_OK; i++) {
        progress_show(progress, child->name, "verifying");
        status = case_read(child, i, catalogue, message);
        if (options->stop && options->stop(options->stop_argument))
            status = message_set(message, STATUS_INTERRUPTED, "interrupted");
    }
    progress_clear(progress);
    child_errors_print(child, stderr); /* a tuning file that is for another device */
    return status;
}

/* --- matching --------------------------------------------------------------------------------- */

static bool name_equal(const struct ab_name *a, const struct ab_name *b) {
    return strcmp(a->bench_case, b->bench_case) == 0 &&
           strcmp(a->implementation, b->implementation) == 0 && strcmp(a->device, b->device) == 0 &&
           strcmp(a->mode, b->mode) == 0 && a->threads == b->threads;
}

static const struct found *catalogue_find(const struct catalogue *catalogue,
                                          const struct ab_name *name) {
    for (size_t i = 0; i < catalogue->count; i++)
        if (name_equal(&catalogue->list[i].name, name))
            return &catalogue->list[i];
    return NULL;
}

/* A wrong result is not a row to compare: it ends the comparison. */
static enum status results_check(const struct ab_options *options, enum ab_side side,
                                 const struct catalogue *catalogue, struct message *message) {
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct found *found = &catalogue->list[i];
        if (strcmp(found->status, "wrong") == 0 || strcmp(found->status, "failed") == 0)
            return message_set(message, STATUS_WRONG, "%s: %s by %s: %s; nothing was compared",
                               options->names[side], found->name.bench_case,
                               found->name.implementation, found->reason);
    }
    return STATUS_OK;
}

static void absence_add(struct ab *ab, const struct found *found, const char *binary,
                        const char *what) {
    struct ab_absence *absence = &ab->absences[ab->absence_count++];
    absence->name = found->name;
    snprintf(absence->reason, sizeof absence->reason, "%s %.60s%s%s", what, binary,
             *found->reason ? ": " : "", found->reason);
}

/* Rows of `side` that the other lacks, or that one of them skips. */
static void rows_match(struct ab *ab, const struct catalogue *own, const struct catalogue *others) {
    const char *const *names = ab->options.names;
    for (size_t i = 0; i < own->count; i++) {
        const struct found *base = &own->list[i];
        const struct found *changed = catalogue_find(others, &base->name);
        if (!changed)
            absence_add(ab, base, names[AB_BASELINE], "only in");
        else if (strcmp(base->status, "ready") != 0)
            absence_add(ab, base, names[AB_BASELINE], "skipped by");
        else if (strcmp(changed->status, "ready") != 0)
            absence_add(ab, changed, names[AB_NEW], "skipped by");
        else
            ab->rows[ab->row_count++] =
                (struct ab_row){.name = base->name,
                                .case_number = {base->case_number, changed->case_number},
                                .row_number = {base->row_number, changed->row_number},
                                .judgement.verdict = VERDICT_CANNOT_TELL};
    }
    for (size_t i = 0; i < others->count; i++)
        if (!catalogue_find(own, &others->list[i].name))
            absence_add(ab, &others->list[i], names[AB_NEW], "only in");
}

static enum status catalogues_match(struct ab *ab, const struct catalogue *catalogues,
                                    struct message *message) {
    size_t most = catalogues[AB_BASELINE].count + catalogues[AB_NEW].count;
    ab->rows = calloc(most + 1, sizeof *ab->rows);
    ab->absences = calloc(most + 1, sizeof *ab->absences);
    if (!ab->rows || !ab->absences)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows", most);
    rows_match(ab, &catalogues[AB_BASELINE], &catalogues[AB_NEW]);
    if (ab->row_count > 0)
        return STATUS_OK;
    return message_set(
        message, STATUS_INVALID, "%s and %s have no row in common that both can run%s%s",
        ab->options.names[AB_BASELINE], ab->options.names[AB_NEW], ab->absence_count ? ": " : "",
        ab->absence_count ? ab->absences[0].reason : "");
}

enum status ab_child_start(const struct ab_options *options, int side, struct child *child,
                           struct message *message) {
    return child_start(child, options->names[side], options->binaries[side], options->words[side],
                       options->word_counts[side], message);
}

/* A process of each build, to see that there are two before either begins to work. */
static enum status builds_start(const struct ab_options *options, struct child *children,
                                int *started, struct message *message) {
    enum status status = STATUS_OK;
    for (*started = 0; *started < AB_SIDES && status == STATUS_OK; *started += status == STATUS_OK)
        status = ab_child_start(options, *started, &children[*started], message);
    return status;
}

enum status ab_match(struct ab *ab, const struct progress *progress, struct message *message) {
    struct catalogue catalogues[AB_SIDES] = {0};
    struct child *children = calloc(AB_SIDES, sizeof *children);
    int started = 0;
    if (!children)
        return message_set(message, STATUS_NO_MEMORY, "no memory for two processes");
    enum status status = builds_start(&ab->options, children, &started, message);
    for (int side = 0; side < AB_SIDES && status == STATUS_OK; side++) {
        status =
            catalogue_read(&ab->options, &children[side], progress, &catalogues[side], message);
        if (status == STATUS_OK)
            status = results_check(&ab->options, (enum ab_side)side, &catalogues[side], message);
    }
    for (int side = 0; side < started; side++)
        child_end(&children[side]);
    free(children);
    if (status == STATUS_OK)
        status = catalogues_match(ab, catalogues, message);
    for (int side = 0; side < AB_SIDES; side++)
        free(catalogues[side].list);
    return status;
}
