/* Named tensors and texts in one file, as PyTorch's safetensors reads and writes them
 * (https://huggingface.co/docs/safetensors, "Format").
 *
 *   8 bytes   length of the header, little-endian
 *   header    JSON: {"__metadata__": {NAME: TEXT, …},
 *                    NAME: {"dtype": "F32", "shape": [ROWS, COLUMNS],
 *                           "data_offsets": [BEGIN, END]},
 *                    …}, with spaces behind it
 *   data      the tensors, without gaps and in any order; offsets count from here
 *
 * What is written here also has the text "crc32": eight digits, the CRC-32 (as in zlib) of the
 * whole file while these digits are 0. A file without it, from another program, is read too.
 */
#ifndef LOCKSTEP_BENCH_TRAINING_SAFETENSORS_H
#define LOCKSTEP_BENCH_TRAINING_SAFETENSORS_H

#include "common/status.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum { SAFETENSORS_MAX = 256, SAFETENSORS_DIMENSIONS_MAX = 2 };

/* Floats in row-major order. */
struct safetensor {
    const char *name;
    int dimensions; /* 1: `shape[0]` elements */
    int64_t shape[SAFETENSORS_DIMENSIONS_MAX];
    const void *values; /* in a file that was read: at any address */
};

struct safetensors_text {
    const char *name, *text;
};

struct safetensors {
    struct safetensor tensors[SAFETENSORS_MAX];
    size_t count;
    cJSON *header;
};

/* The length of its values. */
size_t safetensor_bytes(const struct safetensor *tensor);

/* Replaces the file (common/files.h). Names and texts are plain: no quotes, no backslashes. */
enum status safetensors_write(const char *path, const struct safetensor *tensors, size_t count,
                              const struct safetensors_text *texts, size_t text_count,
                              struct message *message);

/* Takes apart the `size` bytes of a file, which must outlive `parsed`. The caller releases it after
 * STATUS_OK alone. STATUS_INVALID says what is wrong, and where:
 *
 * - a length or an offset beyond the end, or a checksum that is not the file's;
 * - bytes of two tensors or of none, or of another number than the shape's;
 * - a name twice, another dtype than F32, a text that is not a string. */
enum status safetensors_parse(const char *path, const char *bytes, size_t size,
                              struct safetensors *parsed, struct message *message);
void safetensors_release(struct safetensors *parsed);

/* NULL where there is none of that name. */
const struct safetensor *safetensors_find(const struct safetensors *parsed, const char *name);
const char *safetensors_text(const struct safetensors *parsed, const char *name);

#endif
