/* training.csv: a row an epoch. */
#include "bench/files/folder.h"
#include "bench/training/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct csv_column columns[] = {
    CSV_COLUMN(struct train_row, CSV_INTEGER, epoch),
    CSV_COLUMN(struct train_row, CSV_INTEGER, step),
    CSV_COLUMN(struct train_row, CSV_NUMBER, loss),
    CSV_COLUMN(struct train_row, CSV_NUMBER, accuracy),
    CSV_COLUMN(struct train_row, CSV_NUMBER, seconds),
    CSV_COLUMN(struct train_row, CSV_NUMBER, samples_per_s),
};
const struct csv_format train_csv = {columns, sizeof columns / sizeof columns[0],
                                     sizeof(struct train_row)};

static enum status csv_failed(const struct training *training) {
    return message_set(training->message, STATUS_IO,
                       "cannot write %s: %s; free some space or choose another folder by --out",
                       training->csv_path, strerror(errno));
}

/* What is there must be rows of training, for more will follow. */
static enum status csv_check(const struct training *training) {
    if (!training->options->load)
        return message_set(training->message, STATUS_INVALID,
                           "%s holds another training; give another --out, or --load its weights "
                           "to resume it",
                           training->csv_path);
    void *rows;
    size_t count;
    enum status status =
        csv_read(training->csv_path, &train_csv, &rows, &count, NULL, training->message);
    if (status == STATUS_OK)
        free(rows);
    return status;
}

enum status train_csv_open(struct training *training) {
    const char *out = training->options->out;
    char *path = training->csv_path;
    if (!out)
        return STATUS_OK;
    int length = snprintf(path, sizeof training->csv_path, "%s/training.csv", out);
    if (length < 0 || (size_t)length >= sizeof training->csv_path)
        return message_set(training->message, STATUS_INVALID,
                           "the name of the folder '%.64s…' is too long", out);
    enum status status = folder_make(out, training->message);
    bool exists = status == STATUS_OK && access(path, F_OK) == 0;
    if (exists)
        status = csv_check(training);
    if (status != STATUS_OK)
        return status;
    training->csv = fopen(path, "a");
    if (!training->csv || (!exists && csv_write_header(training->csv, &train_csv) != 0) ||
        fflush(training->csv) != 0)
        return csv_failed(training);
    return STATUS_OK;
}

enum status train_csv_add(const struct training *training, const struct train_row *row) {
    if (training->csv &&
        (csv_write_row(training->csv, &train_csv, row) != 0 || fflush(training->csv) != 0))
        return csv_failed(training);
    return STATUS_OK;
}

enum status train_csv_close(const struct training *training, enum status status) {
    bool closed = !training->csv || fclose(training->csv) == 0;
    return closed || status != STATUS_OK ? status : csv_failed(training);
}
