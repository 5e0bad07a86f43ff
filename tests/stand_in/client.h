/* A test's side of the stand-ins: their paths, their logs, and failures to order. */
#ifndef LOCKSTEP_TESTS_STAND_IN_CLIENT_H
#define LOCKSTEP_TESTS_STAND_IN_CLIENT_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The build defines STAND_IN_FOLDER. */
#define STAND_IN_CUDA STAND_IN_FOLDER "/libcuda.so.1"
#define STAND_IN_OLD_CUDA STAND_IN_FOLDER "/old/libcuda.so.1"
#define STAND_IN_CUBLAS STAND_IN_FOLDER "/libcublas.so.13"
#define STAND_IN_NCCL STAND_IN_FOLDER "/libnccl.so.2"
#define EMULATED_CUBLAS STAND_IN_FOLDER "/../../emulator/libcublas.so.13"
#define STAND_IN_NVML STAND_IN_FOLDER "/libnvidia-ml.so.1"
#define STAND_IN_OLD_NVML STAND_IN_FOLDER "/old/libnvidia-ml.so.1"
#define STAND_IN_NVTX STAND_IN_FOLDER "/libnvtx-injection.so"

struct stand_in {
    const char *(*log)(void);
    void (*clear)(void);
    int (*live)(void);
};

/* Ends the test program when the library is not there: the build makes it. */
static inline struct stand_in stand_in_attach(const char *path) {
    struct stand_in stand_in;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    void *log = dlsym(library, "stand_in_log"), *clear = dlsym(library, "stand_in_clear"),
         *live = dlsym(library, "stand_in_live");
    memcpy(&stand_in.log, &log, sizeof log);
    memcpy(&stand_in.clear, &clear, sizeof clear);
    memcpy(&stand_in.live, &live, sizeof live);
    return stand_in;
}

/* "<function>=<result>": its next call fails; NULL: all as usual. */
static inline void stand_in_order(const char *order) {
    unsetenv("LOCKSTEP_STAND_IN");
    if (order != NULL)
        setenv("LOCKSTEP_STAND_IN", order, 1);
}

#endif
