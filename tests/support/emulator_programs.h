/*
 * Real CUDA C programs on the emulated GPU: those of tests/data/kernels as nvcc compiles them for
 * compute_75 and compute_80, run through the driver API and compared with the same computation in
 * C. Where there is no nvcc the tests are skipped. PROGRAM_PTX is where the build puts the PTX.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_EMULATOR_PROGRAMS_H
#define LOCKSTEP_TESTS_SUPPORT_EMULATOR_PROGRAMS_H

#include "tests/support/emulator_driver.h"

#include <unistd.h>

/* One test, once for each target; the target is the test's initial state. */
#define PROGRAM_LISTED(test, file, target)                                                         \
    TEST_LISTED(list_##test##_##target, #test ", compute_" #target, test_##test, program_open,     \
                program_close, (void *)(file "." #target ".ptx"))
#define TEST_PROGRAM(test, file)                                                                   \
    static void test_##test(void **state);                                                         \
    PROGRAM_LISTED(test, file, 75)                                                                 \
    PROGRAM_LISTED(test, file, 80)                                                                 \
    static void test_##test(void **state)
/* What only compute_80 has. */
#define TEST_PROGRAM_80(test, file)                                                                \
    static void test_##test(void **state);                                                         \
    PROGRAM_LISTED(test, file, 80)                                                                 \
    static void test_##test(void **state)

struct program {
    CUcontext context;
    CUmodule module;
    bool compute_80;
};

static inline int program_open(void **state) {
    const char *file = *state;
    char path[600];
    struct program *program = calloc(1, sizeof *program);
    assert_non_null(program);
    snprintf(path, sizeof path, PROGRAM_PTX "/%s", file);
    program->compute_80 = strstr(file, ".80.") != NULL;
    OK(cuInit(0));
    OK(cuCtxCreate_v4(&program->context, NULL, 0, 0));
    if (access(path, R_OK) == 0)
        OK(cuModuleLoad(&program->module, path));
    *state = program;
    return 0;
}

static inline int program_close(void **state) {
    struct program *program = *state;
    OK(cuCtxDestroy_v2(program->context));
    free(program);
    return 0;
}

/* Skips the test when there was no nvcc to compile its kernels. */
static inline CUfunction program_kernel(void **state, const char *name) {
    const struct program *program = *state;
    CUfunction function = NULL;
    if (!program->module)
        skip();
    OK(cuModuleGetFunction(&function, program->module, name));
    return function;
}

/* `bytes` of device memory with a copy of `from`, or zeros. */
static inline CUdeviceptr device_buffer(const void *from, size_t bytes) {
    CUdeviceptr address = 0;
    OK(cuMemAlloc_v2(&address, bytes));
    if (from)
        OK(cuMemcpyHtoD_v2(address, from, bytes));
    else
        OK(cuMemsetD8_v2(address, 0, bytes));
    return address;
}

static inline void read_buffer(void *to, CUdeviceptr from, size_t bytes) {
    OK(cuCtxSynchronize());
    OK(cuMemcpyDtoH_v2(to, from, bytes));
}

/* Launches in one dimension; the parameters are pointers to the values. */
#define RUN(name, grid, block, shared, ...)                                                        \
    do {                                                                                           \
        void *run_parameters[] = {__VA_ARGS__};                                                    \
        OK(cuLaunchKernel(program_kernel(state, name), (grid), 1, 1, (block), 1, 1, (shared),      \
                          NULL, run_parameters, NULL));                                            \
        OK(cuCtxSynchronize());                                                                    \
    } while (0)

/* The same sequence everywhere. */
static inline uint32_t random_next(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

#endif
