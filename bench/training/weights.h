/* A trained network on disk, with all that is needed to resume its training.
 *
 * The file is safetensors (bench/training/safetensors.h). Its tensors are those of a PyTorch
 * Sequential of Linear, activation, Linear, …, so layer l from 0 has the number 2 l:
 *
 *   0.weight [out, in], 0.bias [out], 2.weight …      the parameters
 *   first_moment.0.weight …                           unless the optimizer is sgd
 *   second_moment.0.weight …                          if the optimizer is adam
 *
 * Its texts:
 *
 *   format       "pt", for whoever looks for PyTorch's layout
 *   layers       "784-128-10"
 *   activation   of the hidden layers
 *   optimizer    "adam", "sgd" or "sgd_momentum"
 *   epochs       that were finished
 *   steps        that were taken: Adam's correction of its moments counts them
 *   seed         of the weights at the start and of the samples' order
 *   crc32        of the file
 *
 * A file of another program may have the parameters alone. The format of earlier versions is read
 * too (bench/training/weights_former.c).
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
    uint64_t seed;
};

/* Replaces the file in one step (common/files.h). */
enum status weights_save(const char *path, const struct mlp_model *model,
                         const struct weights *weights, struct message *message);

/* Reads a file into `weights`, whose buffers belong to the caller.
 *
 * STATUS_INVALID, with nothing written: not such a file, damaged, truncated, too long, or of other
 * layers or another activation than the model's.
 *
 * A file of another optimizer, or of another program, gives its parameters alone. The moments
 * become zero, `steps` 0, and *moments_lost true. `seed` stays where the file names none. */
enum status weights_load(const char *path, const struct mlp_model *model, struct weights *weights,
                         bool *moments_lost, struct message *message);

#endif
