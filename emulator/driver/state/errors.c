/* The names and meanings of CUDA's results. */
#include "emulator/driver/state/errors.h"

static const struct driver_error errors[] = {
#define DRIVER_ERROR(name, value, text) {name, #name, text},
#include "emulator/driver/state/errors.def"
#undef DRIVER_ERROR
};

const struct driver_error *driver_error_find(CUresult code) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return &errors[i];
    return NULL;
}
