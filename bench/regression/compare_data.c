/* A comparison for other programs: CSV and JSON. */
#include "bench/regression/compare.h"

#include <math.h>
#include <string.h>

/* --- CSV -------------------------------------------------------------------------------------- */

/* One line of the CSV output: its columns, in order. */
struct compare_line {
    struct row_key key;
    char verdict[24];
    double baseline_s, new_s, ratio, low, high, p;
    char reason[640];
};

#define KEY(kind, member)                                                                          \
    {                                                                                              \
#        member, kind, offsetof(struct compare_line, key.member),                                  \
            sizeof(((struct compare_line *)0)->key.member)                                         \
    }
#define LINE(kind, member) CSV_COLUMN(struct compare_line, kind, member)
static const struct csv_column line_columns[] = {
    KEY(CSV_TEXT, operation),     KEY(CSV_TEXT, variant),        KEY(CSV_TEXT, dtype),
    KEY(CSV_TEXT, shape),         KEY(CSV_TEXT, implementation), KEY(CSV_TEXT, device),
    KEY(CSV_COUNT, threads),      KEY(CSV_TEXT, mode),           LINE(CSV_TEXT, verdict),
    LINE(CSV_NUMBER, baseline_s), LINE(CSV_NUMBER, new_s),       LINE(CSV_NUMBER, ratio),
    LINE(CSV_NUMBER, low),        LINE(CSV_NUMBER, high),        LINE(CSV_NUMBER, p),
    LINE(CSV_TEXT, reason),
};
#undef KEY
#undef LINE
static const struct csv_format line_format = CSV_FORMAT(line_columns, struct compare_line);

static void line_fill(const struct compared_row *row, struct compare_line *line) {
    bool timed = row->pairing == PAIR_TIMED;
    const struct judgement *judgement = &row->judgement;
    *line = (struct compare_line){
        .key = *compared_row_key(row),
        .baseline_s = row->baseline ? row->baseline->median_s : NAN,
        .new_s = row->changed ? row->changed->median_s : NAN,
        .ratio = timed ? judgement->ratio.ratio : NAN,
        .low = timed ? judgement->ratio.low : NAN,
        .high = timed && isfinite(judgement->ratio.high) ? judgement->ratio.high : NAN,
        .p = timed ? judgement->p : NAN,
    };
    snprintf(line->verdict, sizeof line->verdict, "%s", compared_row_word(row));
    compared_row_reason(row, line->reason, sizeof line->reason);
}

void comparison_print_csv(const struct comparison_view *view, FILE *file) {
    const struct comparison *c = view->comparison;
    int failed = csv_write_header(file, &line_format);
    for (size_t i = 0; i < c->row_count && !failed; i++) {
        struct compare_line line;
        line_fill(&c->rows[i], &line);
        failed = csv_write_row(file, &line_format, &line);
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void add_number(cJSON *object, const char *name, double number) {
    cJSON_AddItemToObject(object, name,
                          isfinite(number) ? cJSON_CreateNumber(number) : cJSON_CreateNull());
}

static void add_key(cJSON *object, const struct row_key *key) {
    cJSON_AddStringToObject(object, "operation", key->operation);
    cJSON_AddStringToObject(object, "variant", key->variant);
    cJSON_AddStringToObject(object, "dtype", key->dtype);
    cJSON_AddStringToObject(object, "shape", key->shape);
    cJSON_AddStringToObject(object, "implementation", key->implementation);
    if (!*key->device)
        return;
    cJSON_AddStringToObject(object, "device", key->device);
    cJSON_AddNumberToObject(object, "threads", (double)key->threads);
    cJSON_AddStringToObject(object, "mode", key->mode);
}

static cJSON *row_to_json(const struct compared_row *row) {
    struct compare_line line;
    line_fill(row, &line);
    cJSON *object = cJSON_CreateObject();
    add_key(object, &line.key);
    cJSON_AddStringToObject(object, "verdict", line.verdict);
    add_number(object, "baseline_s", line.baseline_s);
    add_number(object, "new_s", line.new_s);
    add_number(object, "ratio", line.ratio);
    add_number(object, "low", line.low);
    add_number(object, "high", line.high);
    add_number(object, "p", line.p);
    cJSON_AddStringToObject(object, "reason", line.reason);
    return object;
}

static void add_counts(cJSON *root, const struct comparison *c) {
    cJSON *counts = cJSON_AddArrayToObject(root, "counts");
    for (size_t i = 0; i < c->count_count; i++) {
        const struct count_change *change = &c->counts[i];
        cJSON *object = cJSON_CreateObject();
        add_key(object, &change->key);
        cJSON_AddStringToObject(object, "kernel", change->kernel);
        cJSON_AddStringToObject(object, "counter", change->counter);
        add_number(object, "baseline", change->baseline);
        add_number(object, "new", change->changed);
        cJSON_AddBoolToObject(object, "worse", change->worse);
        cJSON_AddItemToArray(counts, object);
    }
    cJSON *kernels = cJSON_AddArrayToObject(root, "kernels_on_one_side");
    for (size_t i = 0; i < c->kernel_count; i++) {
        const struct counters_row *row = c->kernels[i].row;
        cJSON *object = cJSON_CreateObject();
        add_key(object, &row->key);
        cJSON_AddStringToObject(object, "kernel", row->kernel);
        cJSON_AddStringToObject(object, "grid", row->grid);
        cJSON_AddStringToObject(object, "block", row->block);
        cJSON_AddStringToObject(object, "side", c->kernels[i].added ? "new" : "baseline");
        cJSON_AddItemToArray(kernels, object);
    }
}

static void add_differences(cJSON *root, const struct comparison *c) {
    cJSON *list = cJSON_AddArrayToObject(root, "differences");
    for (size_t i = 0; i < c->difference_count; i++) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", c->differences[i].name);
        cJSON_AddStringToObject(object, "baseline", c->differences[i].baseline);
        cJSON_AddStringToObject(object, "new", c->differences[i].changed);
        cJSON_AddItemToArray(list, object);
    }
}

enum status comparison_print_json(const struct comparison_view *view, FILE *file,
                                  struct message *message) {
    const struct comparison *c = view->comparison;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "baseline", view->baseline);
    cJSON_AddStringToObject(root, "new", view->changed);
    cJSON_AddNumberToObject(root, "threshold", view->rule->verdict.threshold);
    cJSON_AddNumberToObject(root, "rows_vanished", (double)c->rows_vanished);
    cJSON_AddNumberToObject(root, "kernels_vanished", (double)c->kernels_vanished);
    cJSON_AddBoolToObject(root, "proves_nothing",
                          comparison_proves_nothing(c) || comparison_is_empty(c));
    add_differences(root, c);
    cJSON *rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < c->row_count; i++)
        cJSON_AddItemToArray(rows, row_to_json(&c->rows[i]));
    add_counts(root, c);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text)
        return message_set(message, STATUS_NO_MEMORY, "no memory to write %zu rows as JSON",
                           c->row_count);
    fprintf(file, "%s\n", text);
    cJSON_free(text);
    return STATUS_OK;
}
