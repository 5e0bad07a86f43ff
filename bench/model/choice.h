/* The GPUs that a list of names means. */
#ifndef LOCKSTEP_BENCH_MODEL_CHOICE_H
#define LOCKSTEP_BENCH_MODEL_CHOICE_H

#include "bench/model/limits.h"

enum { GPU_CHOICE_MAX = 64 };

struct gpu_choice {
    const struct model_gpu *gpus[GPU_CHOICE_MAX];
    int count;
};

/* `names` are joined by commas, or "all". `described` is a GPU beside those of gpus.def, or NULL;
 * it has to outlive the choice.
 *
 * STATUS_INVALID: a name is not known, and the message names those that are; or there are none. */
enum status gpu_choice_read(const char *names, const struct model_gpu *described,
                            struct gpu_choice *choice, struct message *message);

bool gpu_choice_has(const struct gpu_choice *choice, const struct model_gpu *gpu);

/* A GPU that a file describes: a JSON object with the columns of gpus.def by name. */
struct gpu_description {
    struct model_gpu gpu; /* points to the two texts */
    char name[32], title[64];
};

/* STATUS_INVALID: the file is no such object, lacks values, which the message names, or has one
 * that is not known or cannot be. */
enum status gpu_description_read(const char *path, struct gpu_description *description,
                                 struct message *message);

#endif
