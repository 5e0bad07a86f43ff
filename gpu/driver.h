/* The CUDA driver library: its table of functions, and its errors as sentences. */
#ifndef LOCKSTEP_GPU_DRIVER_H
#define LOCKSTEP_GPU_DRIVER_H

#include "common/status.h"
#include "gpu/cuda_api.h"
#include "gpu/emulator_api.h"

#include <stdbool.h>

struct driver {
    void *library;
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define DRIVER_MEMBER(member, name, parameters) enum cuda_result(*member) parameters;
    CUDA_DRIVER_FUNCTIONS(DRIVER_MEMBER)
    CUDA_DRIVER_FUNCTIONS_KNOWN(DRIVER_MEMBER)
#undef DRIVER_MEMBER
    bool emulated;
    struct emulator_functions emulator; /* NULL pointers unless emulated */
    int version;                        /* CUDA version that the driver offers, 12040 is 12.4 */
};

/* The first CUDA whose driver has every function of the table. */
enum { DRIVER_VERSION_OLDEST = 11040 };

/* Loads `path`, or the system's libcuda.so.1 for NULL, and calls cuInit. STATUS_NO_GPU when there
 * is no library or no device; STATUS_UNSUPPORTED when the driver is too old. */
enum status driver_load(struct driver *driver, const char *path, struct message *message);

/* True for the errors after which the context refuses every call. */
bool driver_error_sticky(enum cuda_result result);

/* Writes "<what> failed: CUDA_ERROR_… (its meaning); <what to do>" and returns the status that
 * fits: STATUS_NO_GPU or STATUS_FAILED. */
enum status driver_error(const struct driver *driver, enum cuda_result result, const char *what,
                         struct message *message);

#endif
