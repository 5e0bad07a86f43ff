/* The file of measured choices: which tile and which split of k was the fastest for a product on a
 * GPU. `lockstep tune` writes it, `--tuning FILE` reads it, docs/csv.md has its columns.
 *
 * A file may hold rows of several GPUs, one a GPU, variant, dtype and shape; only those of the GPU
 * at hand are used. Times are seconds of one product, hot.
 */
#ifndef LOCKSTEP_BENCH_SELECTION_TUNING_H
#define LOCKSTEP_BENCH_SELECTION_TUNING_H

#include "bench/files/csv.h"
#include "bench/operations/operation.h"
#include "gpu/gpu.h"
#include "kernels/gemm/gemm.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct tuning_row {
    char device[GPU_NAME_BYTES], capability[16]; /* "9.0" */
    char variant[8], dtype[8], shape[64], tile[16];
    int64_t splits;
    double median_s, low_s, high_s; /* low … high: the 95% interval of the median */
    char model_tile[16];            /* what counted work would have chosen … */
    int64_t model_splits;
    double model_s; /* … and its median; NaN where it could not be timed */
    char driver[64], date[24], commit[128]; /* date: 2026-11-23T04:00:00Z */
    char broken[512]; /* the choices that broke, which the fastest was not compared with:
                         "64x64/1 32x32/8"; empty where none did */
};

struct tuning_file {
    char path[2048];
    uint32_t checksum; /* CRC-32 of the file */
    struct tuning_row *rows;
    size_t row_count;
};

/* Reads and checks a file. STATUS_IO when it cannot be read; STATUS_INVALID names file and line
 * where it is not such a file, is cut off, or has a choice that could not be launched. */
enum status tuning_read(const char *path, struct tuning_file *file, struct message *message);
void tuning_release(struct tuning_file *file);

/* Takes the place of the row of the same GPU, variant, dtype and shape, or comes last. */
enum status tuning_put(struct tuning_file *file, const struct tuning_row *row,
                       struct message *message);

/* Replaces the file in one step (common/files.h). */
enum status tuning_write(const struct tuning_file *file, struct message *message);

/* The device, the capability as text, and the driver where it is known. */
void tuning_row_begin(struct tuning_row *row, const struct gpu_properties *gpu, const char *driver);

/* --- in use ----------------------------------------------------------------------------------- */

/* What --tuning brought to the devices: the file and, of its rows, those of the GPU at hand. */
struct tuning_use {
    struct tuning_file file;
    struct tuning_entry *entries;
    struct tuning tuning; /* what the device carries; 0 entries: nothing is used, as `note` says */
    struct tuning_row first; /* of those in use */
    char note[1200];         /* one line for people: what is used, or a warning */
};

/* Reads the file for a GPU; NULL for none. On success *use is the caller's to tuning_use_close().
 */
enum status tuning_use_open(const char *path, const struct gpu_properties *gpu,
                            struct tuning_use **use, struct message *message);
void tuning_use_close(struct tuning_use *use); /* NULL is allowed */

/* Adds "tuning" to what environment.json says: path, checksum, whether it is used, device, date. */
void tuning_use_to_json(const struct tuning_use *use, cJSON *object);

#endif
