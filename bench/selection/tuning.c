/* See bench/selection/tuning.h. */
#include "bench/selection/tuning.h"
#include "bench/operations/operations.h"
#include "common/files.h"
#include "common/words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define TEXT(member) CSV_COLUMN(struct tuning_row, CSV_TEXT, member)
#define COUNT(member) CSV_COLUMN(struct tuning_row, CSV_COUNT, member)
#define NUMBER(member) CSV_COLUMN(struct tuning_row, CSV_NUMBER, member)
static const struct csv_column columns[] = {
    TEXT(device),     TEXT(capability),    TEXT(variant),    TEXT(dtype),   TEXT(shape),
    TEXT(tile),       COUNT(splits),       NUMBER(median_s), NUMBER(low_s), NUMBER(high_s),
    TEXT(model_tile), COUNT(model_splits), NUMBER(model_s),  TEXT(driver),  TEXT(date),
    TEXT(commit),     TEXT(broken),
};
#undef TEXT
#undef COUNT
#undef NUMBER
static const struct csv_format tuning_csv = CSV_FORMAT(columns, struct tuning_row);

enum { TUNING_BYTES_MAX = 1 << 26 };

/* --- reading ---------------------------------------------------------------------------------- */

/* The problem of a row, as far as a choice depends on it; false where the row names none. */
static bool row_problem(const struct tuning_row *row, struct gemm_problem *problem,
                        struct message *why) {
    const struct operation *operation = operation_tunable();
    int variant = operation_variant_find(operation, row->variant);
    struct bench_case bench_case = {.operation = operation, .variant = variant};
    enum dtype dtype;
    if (variant < 0) {
        (void)message_set(why, STATUS_INVALID, "there is no variant '%s'", row->variant);
        return false;
    }
    if (!dtype_find(row->dtype, &dtype)) {
        (void)message_set(why, STATUS_INVALID, "there is no dtype '%s'", row->dtype);
        return false;
    }
    if (case_shape_parse(row->shape, &bench_case, why) != STATUS_OK)
        return false;
    if (case_batch(&bench_case) > 1) {
        (void)message_set(why, STATUS_INVALID, "batches are not tuned, and '%s' is one",
                          row->shape);
        return false;
    }
    *problem = (struct gemm_problem){.variant = (enum gemm_variant)variant,
                                     .dtype = dtype,
                                     .m = bench_case.sizes[0],
                                     .n = bench_case.sizes[1],
                                     .k = bench_case.sizes[2]};
    return true;
}

/* Whether tile and splits are a choice that the problem can be run with. */
static bool choice_read(const struct gemm_problem *problem, const char *tile, int64_t splits,
                        struct gemm_choice *choice, struct message *why) {
    if (!gemm_tile_find(tile, &choice->tile)) {
        (void)message_set(why, STATUS_INVALID, "there is no tile '%s'", tile);
        return false;
    }
    choice->splits = splits >= 1 && splits <= GEMM_SPLITS_MAX ? (int)splits : 0;
    if (choice->splits >= 1 && gemm_choice_launchable(problem, *choice))
        return true;
    (void)message_set(why, STATUS_INVALID, "%s in %lld splits cannot run %lldx%lldx%lld in %s",
                      tile, (long long)splits, (long long)problem->m, (long long)problem->n,
                      (long long)problem->k, dtype_name(problem->dtype));
    return false;
}

static bool times_are_sound(const struct tuning_row *row) {
    return row->low_s > 0.0 && row->low_s <= row->median_s && row->median_s <= row->high_s &&
           isfinite(row->high_s) && (isnan(row->model_s) || row->model_s > 0.0);
}

static bool row_check(const struct tuning_row *row, struct message *why) {
    struct gemm_problem problem;
    struct gemm_choice choice;
    if (!row_problem(row, &problem, why) ||
        !choice_read(&problem, row->tile, row->splits, &choice, why) ||
        !choice_read(&problem, row->model_tile, row->model_splits, &choice, why))
        return false;
    if (times_are_sound(row))
        return true;
    (void)message_set(why, STATUS_INVALID,
                      "median_s, low_s and high_s are %.9g, %.9g and %.9g: no median and the "
                      "interval around it",
                      row->median_s, row->low_s, row->high_s);
    return false;
}

static enum status checksum_read(const char *path, uint32_t *checksum, struct message *message) {
    char *bytes;
    size_t size;
    enum status status = file_read(path, TUNING_BYTES_MAX, &bytes, &size, message);
    if (status == STATUS_OK)
        *checksum = (uint32_t)crc32_z(0, (const unsigned char *)bytes, size);
    free(bytes);
    return status;
}

enum status tuning_read(const char *path, struct tuning_file *file, struct message *message) {
    *file = (struct tuning_file){0};
    if ((size_t)snprintf(file->path, sizeof file->path, "%s", path) >= sizeof file->path)
        return message_set(message, STATUS_INVALID, "the path %.80s… is too long", path);
    void *rows = NULL;
    enum status status = csv_read(path, &tuning_csv, &rows, &file->row_count, NULL, message);
    file->rows = rows;
    if (status == STATUS_OK)
        status = checksum_read(path, &file->checksum, message);
    for (size_t i = 0; i < file->row_count && status == STATUS_OK; i++) {
        struct message why;
        if (!row_check(&file->rows[i], &why)) /* below the header, and lines count from 1 */
            status = message_set(message, STATUS_INVALID, "%s:%zu: %.400s", path, i + 2, why.text);
    }
    if (status != STATUS_OK)
        tuning_release(file);
    return status;
}

void tuning_release(struct tuning_file *file) {
    free(file->rows);
    *file = (struct tuning_file){0};
}

/* --- writing ---------------------------------------------------------------------------------- */

void tuning_row_begin(struct tuning_row *row, const struct gpu_properties *gpu,
                      const char *driver) {
    *row = (struct tuning_row){.model_s = (double)NAN};
    snprintf(row->device, sizeof row->device, "%s", gpu->name);
    snprintf(row->capability, sizeof row->capability, "%d.%d", gpu->capability / 10,
             gpu->capability % 10);
    snprintf(row->driver, sizeof row->driver, "%s", driver);
}

static bool same_device(const struct tuning_row *one, const struct tuning_row *other) {
    return strcmp(one->device, other->device) == 0 &&
           strcmp(one->capability, other->capability) == 0;
}

enum status tuning_put(struct tuning_file *file, const struct tuning_row *row,
                       struct message *message) {
    for (size_t i = 0; i < file->row_count; i++)
        if (same_device(&file->rows[i], row) && strcmp(file->rows[i].variant, row->variant) == 0 &&
            strcmp(file->rows[i].dtype, row->dtype) == 0 &&
            strcmp(file->rows[i].shape, row->shape) == 0) {
            file->rows[i] = *row;
            return STATUS_OK;
        }
    struct tuning_row *larger = realloc(file->rows, (file->row_count + 1) * sizeof *larger);
    if (!larger)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows of %s",
                           file->row_count + 1, file->path);
    file->rows = larger;
    file->rows[file->row_count++] = *row;
    return STATUS_OK;
}

enum status tuning_write(const struct tuning_file *file, struct message *message) {
    return csv_replace(file->path, &tuning_csv, file->rows, file->row_count, message);
}

/* --- in use ----------------------------------------------------------------------------------- */

/* The rows of the GPU as the decision wants them. Rows were checked when they were read. */
static enum status entries_take(struct tuning_use *use, const struct tuning_row *gpu,
                                struct message *message) {
    const struct tuning_file *file = &use->file;
    use->entries = calloc(file->row_count + 1, sizeof *use->entries);
    if (!use->entries)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows of %s",
                           file->row_count, file->path);
    size_t count = 0;
    for (size_t i = 0; i < file->row_count; i++) {
        const struct tuning_row *row = &file->rows[i];
        struct tuning_entry *entry = &use->entries[count];
        struct gemm_problem problem;
        if (!same_device(row, gpu) || !row_problem(row, &problem, message) ||
            !choice_read(&problem, row->tile, row->splits, &entry->choice, message))
            continue;
        entry->variant = problem.variant;
        entry->dtype = problem.dtype;
        entry->m = problem.m;
        entry->n = problem.n;
        entry->k = problem.k;
        if (count++ == 0)
            use->first = *row;
    }
    use->tuning = (struct tuning){use->entries, count};
    return STATUS_OK;
}

static void note_write(struct tuning_use *use, const struct tuning_row *gpu) {
    const struct tuning_file *file = &use->file;
    const struct tuning_row *first = &use->first;
    if (use->tuning.count > 0)
        snprintf(use->note, sizeof use->note,
                 "tuning: %s of %.200s (CRC-32 %08x), the first measured %.23s on %.200s, "
                 "driver %.63s, commit %.40s",
                 COUNTED(use->tuning.count, "shape"), file->path, file->checksum, first->date,
                 first->device, *first->driver ? first->driver : "unknown", first->commit);
    else if (!gpu)
        snprintf(use->note, sizeof use->note,
                 "warning: %.200s is not used: there is no GPU that it could be for", file->path);
    else
        snprintf(use->note, sizeof use->note,
                 "warning: %.200s is ignored: it holds %s%.200s, and the GPU is %.200s of compute "
                 "capability %.15s; `lockstep tune` measures it",
                 file->path, file->row_count ? "measurements of " : "no measurement",
                 file->row_count ? file->rows[0].device : "", gpu->device, gpu->capability);
}

enum status tuning_use_open(const char *path, const struct gpu_properties *gpu,
                            struct tuning_use **use, struct message *message) {
    struct tuning_use *opened = calloc(1, sizeof *opened);
    struct tuning_row here;
    *use = NULL;
    if (!opened)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %s", path);
    enum status status = tuning_read(path, &opened->file, message);
    if (status == STATUS_IO) /* the user named a wrong file */
        status = STATUS_INVALID;
    if (gpu)
        tuning_row_begin(&here, gpu, "");
    if (status == STATUS_OK && gpu)
        status = entries_take(opened, &here, message);
    if (status != STATUS_OK) {
        tuning_use_close(opened);
        return status;
    }
    note_write(opened, gpu ? &here : NULL);
    *use = opened;
    return STATUS_OK;
}

void tuning_use_close(struct tuning_use *use) {
    if (!use)
        return;
    tuning_release(&use->file);
    free(use->entries);
    free(use);
}

void tuning_use_to_json(const struct tuning_use *use, cJSON *object) {
    char checksum[16];
    cJSON *tuning = cJSON_AddObjectToObject(object, "tuning");
    snprintf(checksum, sizeof checksum, "%08x", use->file.checksum);
    cJSON_AddStringToObject(tuning, "file", use->file.path);
    cJSON_AddStringToObject(tuning, "crc32", checksum);
    cJSON_AddNumberToObject(tuning, "shapes_used", (double)use->tuning.count);
    if (use->tuning.count == 0)
        return;
    cJSON_AddStringToObject(tuning, "measured_on", use->first.device);
    cJSON_AddStringToObject(tuning, "measured", use->first.date);
    cJSON_AddStringToObject(tuning, "driver", use->first.driver);
    cJSON_AddStringToObject(tuning, "commit", use->first.commit);
}
