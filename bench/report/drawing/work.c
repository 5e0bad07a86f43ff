/* Adding up counters.csv. */
#include "bench/report/drawing/work.h"

#include <math.h>
#include <string.h>

/* The columns that name a row; counters.csv has no device, threads and mode. */
static bool is_row_of(const struct csv_table *table, size_t row, const struct row_key *key) {
    const struct {
        const char *column, *value;
    } names[] = {{"operation", key->operation},
                 {"variant", key->variant},
                 {"dtype", key->dtype},
                 {"shape", key->shape},
                 {"implementation", key->implementation}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t column = csv_table_column(table, names[i].column);
        if (column == table->column_count ||
            strcmp(csv_table_field(table, row, column), names[i].value) != 0)
            return false;
    }
    return true;
}

/* NaN where there is no such column or no number in it. */
static double count_of(const struct csv_table *table, size_t row, const char *name) {
    size_t column = csv_table_column(table, name);
    double number = NAN;
    struct message message;
    if (column == table->column_count ||
        csv_table_number(table, row, column, &number, &message) != STATUS_OK)
        return NAN;
    return number;
}

bool report_work_find(const struct report_data *data, const struct result *row, struct work *work) {
    const struct csv_table *table = &data->counters;
    *work = (struct work){0};
    if (strcmp(row->status, "emulated") != 0 || strcmp(row->verified, "yes") != 0)
        return false;
    for (size_t r = 0; r < table->row_count; r++) {
        if (!is_row_of(table, r, &row->key))
            continue;
        work->instructions += count_of(table, r, "warp_instructions");
        work->sectors += count_of(table, r, "global_load_sectors") +
                         count_of(table, r, "global_store_sectors") +
                         count_of(table, r, "global_atomic_sectors");
        work->wavefronts += count_of(table, r, "shared_wavefronts");
    }
    return work_total(work) > 0.0;
}

double work_total(const struct work *work) {
    return work->instructions + work->sectors + work->wavefronts;
}

void work_format(double count, char *text, size_t size) {
    static const char *const units[] = {"", " k", " M", " G", " T"};
    size_t unit = 0;
    for (; count >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        count /= 1000.0;
    snprintf(text, size, "%.3g%s", count, units[unit]);
}
