/* The functions of the interface that are not here. They are there by name, since a program that is
 * linked to be bound at once would not start without them, though it may never call them. */
#include "emulator/runtime/runtime.h"

#include <stdio.h>

enum lacking_index {
#define LACKING(name) LACKING_##name,
#include "emulator/runtime/lacking.def"
#undef LACKING
    LACKING_COUNT
};

static cudaError_t lack(enum lacking_index index, const char *name) {
    static bool said[LACKING_COUNT];
    if (!__atomic_exchange_n(&said[index], true, __ATOMIC_RELAXED))
        fprintf(stderr, "lockstep emulator: %s is not supported: cudaErrorNotSupported\n", name);
    return runtime_fail(cudaErrorNotSupported);
}

/* Their parameters are never looked at, so these need none. */
#define LACKING(name)                                                                              \
    RUNTIME_API cudaError_t(name)(void);                                                           \
    cudaError_t(name)(void) {                                                                      \
        return lack(LACKING_##name, #name);                                                        \
    }
#include "emulator/runtime/lacking.def"
#undef LACKING
