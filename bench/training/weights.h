/* A trained network on disk, with all that is needed to go on training.
 *
 * The file, all numbers little-endian:
 *   8 bytes   "lockMLP" and a zero
 *   u32       version, 1
 *   u32       layers (weight matrices)
 *   u32       activation of the hidden layers, as in enum activation_function
 *   u32       optimizer, as in enum optimizer_variant
 *   u64       epochs that were finished
 *   u64       steps that were taken (Adam's correction of its moments counts them)
 *   u64       sizes, layers + 1 of them
 *   f32       for each layer W [out, in], then b [out]
 *   f32       the first moments likewise, unless the optimizer is sgd
 *   f32       the second moments likewise, if the optimizer is adam
 *   u32       CRC-32 (as in zlib) of everything before it
 */
#ifndef LOCKSTEP_BENCH_TRAINING_WEIGHTS_H
#define LOCKSTEP_BENCH_TRAINING_WEIGHTS_H

#include "common/mlp_model.h"
#include "common/status.h"

#include <stdint.h>

/* In host memory, in the parameter layout of the model. */
struct weights {
    float *parameters;
    float *first_moment;  /* NULL for sgd */
    float *second_moment; /* NULL unless adam */
    int64_t epochs, steps;
};

/* Replaces the file in one step (common/files.h). */
enum status weights_save(const char *path, const struct mlp_model *model,
                         const struct weights *weights, struct message *message);

/* Reads a file into `weights`, whose buffers belong to the caller. Refused (STATUS_INVALID), with
 * nothing written: not such a file, damaged, truncated, too long, other layers or activation than
 * the model's. A file of another optimizer gives its parameters alone: the moments become zero,
 * `steps` 0, and *moments_lost true. */
enum status weights_load(const char *path, const struct mlp_model *model, struct weights *weights,
                         bool *moments_lost, struct message *message);

#endif
