/* Images of code: what cuModuleLoadData and its kin are given. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CODE_IMAGE_H
#define LOCKSTEP_EMULATOR_DRIVER_CODE_IMAGE_H

#include <stddef.h>

#include "emulator/driver/state/state.h"

/* The PTX in an image. */
struct image_ptx {
    const char *text;
    size_t length;
    char *owned; /* what to free */
};

/* The image is PTX, a fat binary or its wrapper; `message` says what is wrong with it. */
CUresult image_open(const void *image, struct image_ptx *ptx, char *message, size_t size);
/* A whole file with a NUL behind it; the caller frees it. */
CUresult image_read_file(const char *path, char **contents, size_t *size);

#endif
