/* Bars of the rungs of a ladder. */
#include "bench/report/ladder.h"
#include "bench/files/format.h"
#include "bench/operations/operations.h"
#include "bench/report/drawing/work.h"
#include "common/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIGURE_WIDTH = 860, RUNG_HEIGHT = 44 };

struct rung {
    const char *name;
    const struct implementation *implementation; /* NULL: from outside this build, as by --add */
    const struct result *row;
    double amount; /* seconds, or counted work: the less the better */
};

/* The rungs that ran in one case on one device. */
struct ladder {
    const struct result *first; /* of the case's rows on the device */
    struct rung rungs[SERIES_MAX];
    int count;
    double best; /* the least amount */
};

static bool is_counted(const struct ladder *ladder) {
    return strcmp(ladder->first->status, "emulated") == 0;
}

/* --- choosing the case ------------------------------------------------------------------------ */

static bool same_place(const struct result *a, const struct result *b) {
    return strcmp(a->key.operation, b->key.operation) == 0 &&
           strcmp(a->key.device, b->key.device) == 0;
}

/* NaN where the row says nothing that rungs could be compared by. */
static double amount_of(const struct report_data *data, const struct result *row) {
    struct work work;
    if (report_work_find(data, row, &work))
        return work_total(&work);
    return result_is_measured(row) && strcmp(row->verified, "yes") == 0 ? row->median_s : NAN;
}

/* The implementation's row in the case, on as many threads as it ran; NULL when there is none. */
static const struct result *row_find(const struct report_data *data, const struct result *first,
                                     const char *implementation, double *amount) {
    const struct result *found = NULL;
    for (size_t i = 0; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        if (!row_key_same_case(&row->key, &first->key) || !same_place(row, first) ||
            strcmp(row->key.mode, first->key.mode) != 0 ||
            strcmp(row->key.implementation, implementation) != 0 ||
            (found && row->key.threads <= found->key.threads))
            continue;
        double here = amount_of(data, row);
        if (isnan(here))
            continue;
        *amount = here;
        found = row;
    }
    return found;
}

/* Adds the rung when it ran in the case. */
static void rung_add(const struct report_data *data, const char *name,
                     const struct implementation *implementation, struct ladder *ladder) {
    struct rung rung = {.name = name, .implementation = implementation};
    if (ladder->count < SERIES_MAX)
        rung.row = row_find(data, ladder->first, name, &rung.amount);
    if (!rung.row)
        return;
    ladder->rungs[ladder->count++] = rung;
    ladder->best = fmin(ladder->best, rung.amount);
}

static bool is_rung(const struct ladder *ladder, const char *name) {
    for (int i = 0; i < ladder->count; i++)
        if (strcmp(ladder->rungs[i].name, name) == 0)
            return true;
    return false;
}

/* The operation's own in the order of its table. Where they make a ladder, those from outside stand
 * behind them in the order in which they ran. */
static void ladder_fill(const struct report_data *data, const struct result *first,
                        const struct operation *operation, struct ladder *ladder) {
    *ladder = (struct ladder){.first = first, .best = INFINITY};
    for (int i = 0; i < operation->implementation_count; i++)
        if (operation->implementations[i].kind != KIND_YARDSTICK)
            rung_add(data, operation->implementations[i].name, &operation->implementations[i],
                     ladder);
    for (size_t i = 0; i < data->result_count && ladder->count >= RUNGS_LEAST; i++) {
        const struct result *row = &data->results[i];
        if (row_key_same_case(&row->key, &first->key) && same_place(row, first) &&
            operation_implementation_find(operation, row->key.implementation) < 0 &&
            !is_rung(ladder, row->key.implementation))
            rung_add(data, row->key.implementation, NULL, ladder);
    }
}

/* Whether every size of "1024x1024x1024" is the same. */
static bool is_square(const char *shape) {
    long side = 0;
    for (const char *c = shape; *c;) {
        char *end;
        long size = strtol(c, &end, 10);
        if (end == c || (*end != '\0' && *end != 'x') || (side && size != side))
            return false;
        side = size;
        c = *end ? end + 1 : end;
    }
    return side > 0;
}

/* More rungs, then a square, then more work to do; the earlier of equals. */
static bool is_better(const struct ladder *ladder, const struct ladder *than) {
    bool square = is_square(ladder->first->key.shape);
    if (ladder->count != than->count)
        return ladder->count > than->count;
    if (than->first && square != is_square(than->first->key.shape))
        return square;
    return than->first && ladder->first->flops > than->first->flops;
}

static bool adds_something(const struct ladder *ladder) {
    for (int i = 0; i < ladder->count; i++)
        if (ladder->rungs[i].implementation && ladder->rungs[i].implementation->adds)
            return true;
    return false;
}

/* The ladder of the operation on the device of result `first`. */
static void ladder_choose(const struct report_data *data, size_t first,
                          const struct operation *operation, struct ladder *chosen) {
    *chosen = (struct ladder){0};
    for (size_t i = first; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        if (!same_place(row, &data->results[first]) || isnan(amount_of(data, row)))
            continue;
        struct ladder ladder;
        ladder_fill(data, row, operation, &ladder);
        if (is_better(&ladder, chosen))
            *chosen = ladder;
    }
}

/* --- drawing ---------------------------------------------------------------------------------- */

static double percent_of(const struct ladder *ladder, const struct rung *rung) {
    return 100.0 * ladder->best / rung->amount;
}

/* Two blocks: the best, and the others. */
static void data_write(struct script *script, const struct ladder *ladder) {
    script_data_begin(script);
    for (int best = 1; best >= 0; best--) {
        fputs(best ? "# the best: %, rung, from, to\n"
                   : "\n\n# the others: %, rung, from, to\nNaN 0 0 0\n",
              script->file);
        for (int i = 0; i < ladder->count; i++)
            if ((ladder->rungs[i].amount == ladder->best) == (best == 1))
                fprintf(script->file, "%.9g %d %.2f %.2f\n", percent_of(ladder, &ladder->rungs[i]),
                        i, i - 0.36, i + 0.06);
    }
    script_data_end(script);
}

static void rung_name(const struct ladder *ladder, const struct rung *rung, char *name,
                      size_t size) {
    if (row_key_is_cpu(&ladder->first->key))
        snprintf(name, size, "%s, %s", rung->name, COUNTED(rung->row->key.threads, "thread"));
    else
        snprintf(name, size, "%s", rung->name);
}

static double names_width(const struct ladder *ladder) {
    size_t longest = 0;
    for (int i = 0; i < ladder->count; i++) {
        char name[96];
        rung_name(ladder, &ladder->rungs[i], name, sizeof name);
        longest = strlen(name) > longest ? strlen(name) : longest;
    }
    return 7.2 * (double)longest + 24.0;
}

static void names_write(FILE *file, const struct ladder *ladder) {
    fputs("    set ytics scale 0 (", file);
    for (int i = 0; i < ladder->count; i++) {
        char name[96];
        rung_name(ladder, &ladder->rungs[i], name, sizeof name);
        fputs(i ? ", " : "", file);
        script_text(file, name);
        fprintf(file, " %.2f", i - 0.15);
    }
    fputs(")\n", file);
}

/* What the rung adds to the one before it; the first of all is described. */
static void words_write(const struct rung *rung, char *words, size_t size) {
    const struct implementation *implementation = rung->implementation;
    if (!implementation)
        snprintf(words, size, "from outside this build");
    else
        snprintf(words, size, "%s%s", implementation->adds ? "+ " : "",
                 implementation->adds ? implementation->adds : implementation->summary);
}

/* At the end of a bar its number, below it what the rung adds; the first of all is described. */
static void labels_write(FILE *file, const struct ladder *ladder) {
    for (int i = 0; i < ladder->count; i++) {
        const struct rung *rung = &ladder->rungs[i];
        char amount[32], label[96], words[200];
        if (is_counted(ladder))
            work_format(rung->amount, amount, sizeof amount);
        else
            format_seconds(rung->amount, amount, sizeof amount);
        double percent = percent_of(ladder, rung);
        snprintf(label, sizeof label, "%.*f%%, %s", percent < 9.95 ? 1 : 0, percent, amount);
        words_write(rung, words, sizeof words);
        fputs("    set label ", file);
        script_text(file, label);
        fprintf(file, " at %.9g,%.2f left offset 0.6,0\n    set label ", percent, i - 0.15);
        script_text(file, words);
        fprintf(file, " at 0,%.2f left offset 0.4,0 textcolor rgb '#555555'\n", i + 0.27);
    }
}

static void title_write(const struct ladder *ladder, char *title, size_t size) {
    const struct row_key *key = &ladder->first->key;
    bool counted = is_counted(ladder);
    snprintf(title, size, "%s ladder, %s: %s %s %s%s%s, %s", key->operation,
             counted ? "emulated GPU" : key->device, key->variant, key->dtype, key->shape,
             counted ? "" : ", ", counted ? "" : key->mode,
             counted ? "% of the least counted work" : "% of the fastest");
}

static void ladder_write(struct script *script, const struct ladder *ladder) {
    const struct row_key *key = &ladder->first->key;
    FILE *file = script->file;
    char name[64], title[400];
    snprintf(name, sizeof name, "%s-ladder-%s", key->operation, key->device);
    title_write(ladder, title, sizeof title);
    if (!figure_new(script, name, title))
        return;
    data_write(script, ladder);
    const struct panel panel = {.left = names_width(ladder),
                                .right = FIGURE_WIDTH - 24.0,
                                .top = FIGURE_HEAD,
                                .bottom = FIGURE_HEAD + RUNG_HEIGHT * ladder->count};
    figure_begin(script, FIGURE_WIDTH, panel.bottom + 58.0);
    panel_begin(script, &panel, "",
                is_counted(ladder)
                    ? "% of the least work: warp instructions + sectors of global memory + "
                      "wavefronts of shared memory (no time)"
                    : "% of the fastest: its median time over the rung's",
                "");
    fprintf(file,
            "    set xrange [0:120]; set xtics 0,20,100; set yrange [%.1f:-0.5]; unset grid; "
            "set grid xtics\n",
            ladder->count - 0.5);
    names_write(file, ladder);
    labels_write(file, ladder);
    fputs("    plot $data index 0 using 1:2:(0):1:3:4 with boxxyerror @ladder_best, \\\n"
          "         $data index 1 using 1:2:(0):1:3:4 with boxxyerror @ladder_rung\n",
          file);
    figure_end(script);
}

void report_ladder_write(struct script *script) {
    const struct report_data *data = script->data;
    for (size_t i = 0; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        const struct operation *operation = operation_find(row->key.operation);
        size_t before = 0;
        while (!same_place(&data->results[before], row))
            before++;
        if (before < i || !operation)
            continue;
        struct ladder ladder;
        ladder_choose(data, i, operation, &ladder);
        if (ladder.first && ladder.count >= RUNGS_LEAST && adds_something(&ladder))
            ladder_write(script, &ladder);
    }
}
