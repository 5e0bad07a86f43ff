/* What a file of weights says, whatever its format. For weights.c and weights_former.c only. */
#ifndef LOCKSTEP_BENCH_TRAINING_WEIGHTS_FILE_H
#define LOCKSTEP_BENCH_TRAINING_WEIGHTS_FILE_H

#include "common/mlp_model.h"
#include "common/status.h"

#include <stdint.h>

enum { WEIGHTS_PARAMETERS, WEIGHTS_FIRST_MOMENT, WEIGHTS_SECOND_MOMENT, WEIGHTS_KINDS };
enum { WEIGHTS_WEIGHT, WEIGHTS_BIAS, WEIGHTS_PARTS };
enum { WEIGHTS_UNKNOWN = -1 };

struct weights_file {
    char layers[256]; /* "784-128-10"; empty: unknown */
    int hidden;       /* enum activation_function, or unknown */
    int optimizer;    /* enum optimizer_variant, or unknown: then there are no moments */
    int64_t epochs, steps;
    int64_t seed; /* or unknown */
    /* The floats of each tensor, at any address; NULL where the file has none. */
    const void *values[WEIGHTS_KINDS][MLP_LAYERS_MAX][WEIGHTS_PARTS];
};

/* How many moments an optimizer keeps. */
static inline int weights_moments(int optimizer) {
    return optimizer == OPTIMIZER_ADAM ? 2 : optimizer == OPTIMIZER_SGD_MOMENTUM ? 1 : 0;
}

/* Whether the bytes are of the format of earlier versions. */
bool weights_former_is(const char *bytes, size_t size);

/* Takes them apart; they must outlive `file`. STATUS_INVALID: damaged, truncated or too long. */
enum status weights_former_parse(const char *path, const char *bytes, size_t size,
                                 struct weights_file *file, struct message *message);

#endif
