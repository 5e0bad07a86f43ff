/* What the tests of the emulated driver share. They are linked to build/emulator/libcuda.so.1. */
#ifndef LOCKSTEP_TESTS_SUPPORT_EMULATOR_DRIVER_H
#define LOCKSTEP_TESTS_SUPPORT_EMULATOR_DRIVER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "tests/support/cmocka.h"

/* The folder of the kept PTX and fat binaries. Tests run in the root of the repository. */
#define TEST_PTX "tests/data/ptx"

static inline const char *error_name(CUresult code) {
    const char *name = NULL;
    return cuGetErrorName(code, &name) == CUDA_SUCCESS ? name : "a code without a name";
}

#define EXPECT(code, call)                                                                         \
    do {                                                                                           \
        CUresult expect_status = (call);                                                           \
        if (expect_status != (code))                                                               \
            fail_msg("%s: %s instead of %s", #call, error_name(expect_status), error_name(code));  \
    } while (0)

#define OK(call) EXPECT(CUDA_SUCCESS, call)

/* A number where the API wants a pointer, and a device address that the host may use. */
static inline void *pointer_of(uint64_t number) {
    return (void *)(uintptr_t)number; // NOLINT(performance-no-int-to-ptr)
}

/* A file of TEST_PTX with a NUL behind it; the caller frees it. */
static inline char *read_test_file(const char *name) {
    char path[512];
    snprintf(path, sizeof path, TEST_PTX "/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    char *contents = malloc((size_t)size + 1);
    assert_non_null(contents);
    assert_int_equal(fread(contents, 1, (size_t)size, file), size);
    contents[size] = '\0';
    assert_int_equal(fclose(file), 0);
    return contents;
}

/* What one thread of an image's kernel makes of the number that it is given the address of. */
static inline int number_after(const void *image, const char *kernel, int number) {
    CUmodule module;
    CUfunction function;
    CUdeviceptr memory;
    void *parameters[] = {&memory};
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&function, module, kernel));
    OK(cuMemAlloc_v2(&memory, sizeof number));
    OK(cuMemcpyHtoD_v2(memory, &number, sizeof number));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    OK(cuMemcpyDtoH_v2(&number, memory, sizeof number));
    OK(cuMemFree_v2(memory));
    OK(cuModuleUnload(module));
    return number;
}

/* A context of its own for each test, so that a kernel that breaks one leaves the next test alone.
 */
struct fixture {
    CUcontext context;
    CUmodule module;
};

static inline int fixture_open(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    OK(cuInit(0));
    OK(cuCtxCreate_v4(&fixture->context, NULL, 0, 0));
    *state = fixture;
    return 0;
}

static inline int fixture_open_module(void **state) {
    fixture_open(state);
    struct fixture *fixture = *state;
    char *ptx = read_test_file("driver.ptx");
    OK(cuModuleLoadData(&fixture->module, ptx));
    free(ptx);
    return 0;
}

static inline int fixture_close(void **state) {
    struct fixture *fixture = *state;
    OK(cuCtxDestroy_v2(fixture->context));
    free(fixture);
    return 0;
}

static inline CUfunction find_function(void **state, const char *name) {
    const struct fixture *fixture = *state;
    CUfunction function = NULL;
    OK(cuModuleGetFunction(&function, fixture->module, name));
    return function;
}

/* A test with the fixture. */
#define TEST_WITH_CONTEXT(test) TEST_BETWEEN(test, fixture_open, fixture_close)
#define TEST_WITH_MODULE(test) TEST_BETWEEN(test, fixture_open_module, fixture_close)

#endif
