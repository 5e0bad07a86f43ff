/* training.csv: a row an epoch. */
#include "bench/files/folder.h"
#include "bench/training/state.h"
#include "common/files.h"
#include "ranks/ranks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct csv_column columns[] = {
    CSV_COLUMN(struct train_row, CSV_COUNT, epoch),
    CSV_COLUMN(struct train_row, CSV_COUNT, step),
    CSV_COLUMN(struct train_row, CSV_NUMBER, loss),
    CSV_COLUMN(struct train_row, CSV_NUMBER, accuracy),
    CSV_COLUMN(struct train_row, CSV_NUMBER, seconds),
    CSV_COLUMN(struct train_row, CSV_NUMBER, samples_per_s),
};
const struct csv_format train_csv = CSV_FORMAT(columns, struct train_row);

static enum status csv_failed(const struct training *training) {
    return message_set(training->message, STATUS_IO,
                       "cannot write %s: %s; free some space or choose another folder by --out",
                       training->csv_path, strerror(errno));
}

/* How many of the rows stay. With saved weights those of the epochs behind them, and one more may
 * be there: of an epoch whose row was written and whose weights were not, which is trained
 * again. */
static enum status rows_judge(const struct training *training, const struct train_row *rows,
                              size_t count, size_t *kept) {
    const int64_t epochs = training->host.epochs;
    *kept = count;
    if (count > 0 && !training->options->load)
        return message_set(training->message, STATUS_INVALID,
                           "%s holds another training; give another --out, or --load its weights "
                           "to resume it",
                           training->csv_path);
    if (count > 0 && rows[count - 1].epoch == epochs + 1)
        *kept = count - 1;
    if (count == 0 || rows[count - 1].epoch <= epochs + 1)
        return STATUS_OK;
    return message_set(training->message, STATUS_INVALID,
                       "%s has rows up to epoch %" PRId64 ", and the weights of --load are of "
                       "epoch %" PRId64 "; give another --out, or newer weights",
                       training->csv_path, rows[count - 1].epoch, epochs);
}

/* The file is replaced as a whole, so its header is never half there, and a line that a killed
 * training cut is gone before the next row follows it. */
static enum status csv_begin(const struct training *training) {
    const char *path = training->csv_path;
    void *rows = NULL;
    size_t count = 0, kept = 0;
    int cut;
    enum status status = STATUS_OK;
    if (access(path, F_OK) == 0)
        status = csv_read(path, &train_csv, &rows, &count, &cut, training->message);
    if (status == STATUS_OK)
        status = rows_judge(training, rows, count, &kept);
    if (status == STATUS_OK)
        status = csv_replace(path, &train_csv, rows, kept, training->message);
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
    if (status == STATUS_OK)
        status = csv_begin(training);
    if (status != STATUS_OK)
        return status;
    training->csv = fopen(path, "a");
    return training->csv ? STATUS_OK : csv_failed(training);
}

/* The first rank alone has a folder and saves; any may be the one that is left to say so. */
void train_csv_keep(struct training *training) {
    const struct train_options *options = training->options;
    const char *save = options->save;
    if (training->csv)
        snprintf(training->kept, sizeof training->kept,
                 "%s keeps a row for each epoch that was done, %s%s", training->csv_path,
                 save ? "and the same command with --load goes on from the last one's weights in "
                      : "and no weights, for no --save was given",
                 save ? save : "");
    ranks_broadcast(options->ranks, training->kept, sizeof training->kept);
    ranks_keep(options->ranks, *training->kept ? training->kept : NULL);
}

enum status train_csv_add(const struct training *training, const struct train_row *row) {
    if (training->csv && (csv_write_row(training->csv, &train_csv, row) != 0 ||
                          fflush(training->csv) != 0 || !file_flush(fileno(training->csv))))
        return csv_failed(training);
    return STATUS_OK;
}

enum status train_csv_close(const struct training *training, enum status status) {
    bool closed = !training->csv || fclose(training->csv) == 0;
    return closed || status != STATUS_OK ? status : csv_failed(training);
}
