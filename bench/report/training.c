/* Loss and accuracy over epochs. */
#include "bench/report/training.h"

#include <math.h>
#include <stdlib.h>

enum { EPOCH, LOSS, ACCURACY, COLUMNS };
static const char *const names[COLUMNS] = {"epoch", "loss", "accuracy"};

struct epoch {
    double values[COLUMNS];
};

static enum status epochs_read(const struct csv_table *table, struct epoch *epochs,
                               struct message *message) {
    enum status status = STATUS_OK;
    for (int c = 0; c < COLUMNS; c++) {
        size_t column = csv_table_column(table, names[c]);
        if (column == table->column_count)
            return message_set(
                message, STATUS_INVALID,
                "%s:1: there is no column '%s': this is not a training.csv of lockstep",
                table->path, names[c]);
        for (size_t row = 0; row < table->row_count && status == STATUS_OK; row++)
            status = csv_table_number(table, row, column, &epochs[row].values[c], message);
    }
    return status;
}

static void figure_write(struct script *script, const struct epoch *epochs, size_t count) {
    FILE *file = script->file;
    double first = epochs[0].values[EPOCH], last = epochs[count - 1].values[EPOCH];
    if (!figure_new(script, "training", "training: loss and test accuracy over epochs"))
        return;
    script_data_begin(script);
    fputs("# epoch, loss, test accuracy in percent\n", file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%.9g %.9g %.9g\n", epochs[i].values[EPOCH], epochs[i].values[LOSS],
                100.0 * epochs[i].values[ACCURACY]);
    script_data_end(script);
    struct panel_grid grid = panel_grid_make(script, 2);
    figure_begin(script, grid.width, grid.height);
    for (int p = 0; p < 2; p++) {
        struct panel panel = panel_grid_place(&grid, p);
        panel_begin(script, &panel, p ? "test accuracy" : "training loss", "epoch",
                    p ? "% of the test images" : "mean loss of a sample");
        fprintf(file, "    set xrange [%.9g:%.9g]; set xtics %.0f\n", first - 0.5, last + 0.5,
                ceil((last - first + 1.0) / 10.0));
        fputs("    set offsets 0, 0, graph 0.08, graph 0.08\n", file);
        fprintf(file, "    plot $data using 1:%d with linespoints linestyle %d\n", p + 2,
                2 * p + 1);
        fputs("    unset offsets\n", file);
    }
    figure_end(script);
}

enum status report_training_write(struct script *script, struct message *message) {
    const struct csv_table *table = &script->data->training;
    if (table->row_count == 0)
        return STATUS_OK;
    struct epoch *epochs = calloc(table->row_count, sizeof *epochs);
    if (!epochs)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu epochs", table->row_count);
    enum status status = epochs_read(table, epochs, message);
    if (status == STATUS_OK)
        figure_write(script, epochs, table->row_count);
    free(epochs);
    return status;
}
