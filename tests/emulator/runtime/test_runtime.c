/*
 * The CUDA runtime on the emulated driver: what nvcc's code of the host calls, spelled in C, and
 * the programs of tests/programs, which nvcc has compiled where there is one.
 */
#include <dirent.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/driver/lockstep_emulator.h"
#include "emulator/runtime/types.h"
#include "tests/support/test.h"

/* ---- As nvcc spells it ---- */

void **__cudaRegisterFatBinary(void *wrapper);
void __cudaRegisterFatBinaryEnd(void **handle);
void __cudaUnregisterFatBinary(void **handle);
void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name,
                            int thread_limit, void *thread, void *block, dim3 *block_size,
                            dim3 *grid_size, int *warp_size);
void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int is_extern,
                       size_t size, int is_constant, int is_global);
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, CUstream stream);
cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, CUstream *stream);
cudaError_t cudaLaunchKernel(const void *host, dim3 grid, dim3 block, void **arguments,
                             size_t shared, CUstream stream);
cudaError_t cudaLaunchCooperativeKernelMultiDevice(const struct cudaLaunchParams *launches,
                                                   unsigned count, unsigned flags);
cudaError_t cudaStreamCreate(CUstream *stream);
cudaError_t cudaStreamDestroy(CUstream stream);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            CUstream stream);
cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                         size_t width, size_t height, enum cudaMemcpyKind kind);
cudaError_t cudaMemcpy3D(const struct cudaMemcpy3DParms *copy);
cudaError_t cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device,
                           size_t bytes);
cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes, size_t offset,
                               enum cudaMemcpyKind kind);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaDeviceSetLimit(CUlimit limit, size_t value);
cudaError_t cudaThreadSynchronize(void);
cudaError_t cudaThreadGetLimit(size_t *value, CUlimit limit);
cudaError_t cudaThreadExit(void);
cudaError_t cudaStreamSetAttribute(CUstream stream, CUstreamAttrID attribute,
                                   const CUstreamAttrValue *value);
cudaError_t cudaStreamGetAttribute(CUstream stream, CUstreamAttrID attribute,
                                   CUstreamAttrValue *value);
cudaError_t cudaStreamCopyAttributes(CUstream to, CUstream from);
cudaError_t cudaGraphCreate(CUgraph *graph, unsigned flags);
cudaError_t cudaGraphDestroy(CUgraph graph);
cudaError_t cudaGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                           CUDA_GRAPH_INSTANTIATE_PARAMS *parameters);
cudaError_t cudaGraphExecDestroy(CUgraphExec exec);
cudaError_t cudaGetLastError(void);
cudaError_t cudaLogsRegisterCallback(CUlogsCallback function, void *data,
                                     CUlogsCallbackHandle *handle);
cudaError_t cudaLogsUnregisterCallback(CUlogsCallbackHandle handle);
cudaError_t cudaImportExternalMemory(void);
const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);

#define OK(call) assert_int_equal(call, cudaSuccess)

#define PTX_TEXT                                                                                   \
    ".version 8.0\n.target sm_70\n.address_size 64\n"                                              \
    ".visible .global .align 4 .u32 summand;\n"                                                    \
    ".visible .entry add(.param .u64 p) {\n"                                                       \
    ".reg .b64 %rd<3>; .reg .b32 %r<5>;\n"                                                         \
    "ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x;\n"                                               \
    "mul.wide.u32 %rd2, %r1, 4; add.u64 %rd1, %rd1, %rd2;\n"                                       \
    "ld.global.u32 %r2, [summand]; ld.global.u32 %r3, [%rd1];\n"                                   \
    "add.u32 %r4, %r2, %r3; st.global.u32 [%rd1], %r4;\n"                                          \
    "ret; }\n"

/* The smallest container that holds it, see emulator/ptx/fatbin.h. */
static const struct {
    struct {
        uint32_t magic;
        uint16_t version, header_size;
        uint64_t size;
    } header;
    struct {
        uint16_t kind, version;
        uint32_t header_size;
        uint64_t size;
        uint32_t compressed_size, options;
        uint16_t minor, major;
        uint32_t architecture, name_offset, name_length;
        uint64_t flags, reserved, decoded_size;
    } entry;
    char text[sizeof PTX_TEXT];
} container = {{0xBA55ED50, 1, 16, 64 + sizeof PTX_TEXT},
               {.kind = 1, .header_size = 64, .size = sizeof PTX_TEXT, .architecture = 70},
               PTX_TEXT};

/* Their addresses are the names of the kernel and of the variable. */
static char host_function, host_variable, unknown;

static void launch_add(uint32_t *device) {
    dim3 grid, block;
    size_t shared;
    CUstream stream;
    void *arguments[] = {&device};
    assert_int_equal(__cudaPushCallConfiguration((dim3){1, 1, 1}, (dim3){8, 1, 1}, 0, NULL), 0);
    OK(__cudaPopCallConfiguration(&grid, &block, &shared, &stream));
    OK(cudaLaunchKernel(&host_function, grid, block, arguments, shared, stream));
}

/* One device is a list of devices, too. */
static void launch_add_over_devices(uint32_t *device) {
    void *arguments[] = {&device};
    struct cudaLaunchParams launch = {
        .func = &host_function, .gridDim = {1, 1, 1}, .blockDim = {8, 1, 1}, .args = arguments};
    OK(cudaStreamCreate(&launch.stream));
    OK(cudaLaunchCooperativeKernelMultiDevice(&launch, 1, 0));
    OK(cudaStreamDestroy(launch.stream));
}

/* A program's kernels are of every context of the device. */
static void launch_add_in_another_context(uint32_t *device) {
    CUcontext context;
    assert_int_equal(cuCtxCreate_v4(&context, NULL, 0, 0), CUDA_SUCCESS);
    launch_add(device);
    assert_int_equal(cuCtxDestroy_v2(context), CUDA_SUCCESS);
}

static void check_refused(dim3 grid, dim3 block, size_t shared, cudaError_t error,
                          const char *said) {
    char last[1200];
    uint32_t *none = NULL;
    void *arguments[] = {&none};
    assert_int_equal(cudaLaunchKernel(&host_function, grid, block, arguments, shared, NULL), error);
    assert_int_equal(cudaGetLastError(), error);
    lockstepEmulatorMessage(last, sizeof last);
    assert_non_null(strstr(last, said));
}

/* What the library found last. */
static void check_found(cudaError_t error, cudaError_t expected, const char *said) {
    char last[1200];
    assert_int_equal(error, expected);
    assert_int_equal(cudaGetLastError(), expected);
    lockstepEmulatorMessage(last, sizeof last);
    assert_non_null(strstr(last, said));
}

/* Each is told of: a program may not look at the error. */
static void check_launches_refused(void) {
    const dim3 one = {1, 1, 1};
    check_refused(one, (dim3){2048, 1, 1}, 0, cudaErrorInvalidConfiguration, "blocks 2048x1x1");
    check_refused((dim3){0, 1, 1}, one, 0, cudaErrorInvalidConfiguration, "grid 0x1x1");
    check_refused(one, one, 1 << 20, cudaErrorInvalidValue, "1048576 of dynamic");
    void *arguments[] = {NULL};
    const CUstream no_stream = (CUstream)(void *)&unknown;
    check_found(cudaLaunchKernel(&host_function, one, one, arguments, 0, no_stream),
                cudaErrorInvalidResourceHandle, "is no stream of the current context");
    check_refused(one, one, (size_t)1 << 32, cudaErrorInvalidValue, "4294967295 of dynamic");
}

/* The runtime refuses some of these by itself. Each has a size of its own. */
TEST(refused_copies_and_launches_are_told_of) {
    static char bytes[64];
    const dim3 one = {1, 1, 1};
    const cudaError_t value = cudaErrorInvalidValue;
    void *memory;
    OK(cudaMalloc(&memory, sizeof bytes));
    check_found(cudaMemcpy(NULL, memory, 4, cudaMemcpyDeviceToHost), value,
                "copy of 4 bytes: the destination is no address (NULL)");
    check_found(cudaMemcpyAsync(memory, NULL, 5, cudaMemcpyHostToDevice, NULL), value,
                "copy of 5 bytes: the source is no address (NULL)");
    check_found(cudaMemcpy(NULL, memory, 6, cudaMemcpyDeviceToDevice), value,
                "copy of 6 bytes: the destination is no address (NULL)");
    check_found(cudaMemcpy(NULL, memory, 7, cudaMemcpyDefault), value,
                "copy of 7 bytes: the destination is no address (NULL)");
    check_found(cudaMemcpy(bytes, NULL, 8, cudaMemcpyHostToHost), value,
                "copy of 8 bytes: the source is no address (NULL)");
    check_found(cudaMemcpy(memory, (char *)memory + 32, 11, cudaMemcpyHostToHost), value,
                "copy of 11 bytes from host to host: the destination, ");
    check_found(cudaMemcpy(bytes, memory, 12, cudaMemcpyHostToHost), value,
                "copy of 12 bytes from host to host: the source, ");
    OK(cudaMemcpy(bytes, bytes + 32, 13, cudaMemcpyHostToHost));
    check_found(cudaMemcpy2D(memory, 16, bytes, 16, 17, 2, cudaMemcpyHostToDevice),
                cudaErrorInvalidPitchValue, "copy of rows of 17 bytes: rows of the destination");
    check_found(cudaMemcpy(memory, bytes, 9, (enum cudaMemcpyKind)9),
                cudaErrorInvalidMemcpyDirection, "copy: 9 is no kind of copy");
    const struct cudaMemcpy3DParms box = {.srcPtr = {bytes, 4, 4, 1},
                                          .dstPtr = {memory, 4, 4, 1},
                                          .extent = {4, 1, 1},
                                          .kind = (enum cudaMemcpyKind)8};
    check_found(cudaMemcpy3D(&box), cudaErrorInvalidMemcpyDirection, "copy: 8 is no kind of copy");
    check_found(cudaMemcpy3D(NULL), value, "copy: what is to be copied is described at no address");
    check_found(cudaMemcpyPeer(memory, 7, memory, 0, 4), cudaErrorInvalidDevice,
                "copy from device 0 to device 7: one of them is none");
    check_found(cudaMemcpyToSymbol(&unknown, bytes, 4, 0, (enum cudaMemcpyKind)7),
                cudaErrorInvalidMemcpyDirection, "copy: 7 is no kind of copy");
    check_found(cudaMemcpyToSymbol(&unknown, bytes, 4, 0, cudaMemcpyHostToDevice),
                cudaErrorInvalidSymbol, "the program has registered no variable");
    check_found(
        cudaMemcpyAsync(memory, bytes, 10, cudaMemcpyHostToDevice, (CUstream)(void *)&unknown),
        cudaErrorInvalidResourceHandle, "is no stream of the current context");
    check_found(cudaLaunchKernel(&unknown, one, one, NULL, 0, NULL), cudaErrorInvalidDeviceFunction,
                "launch: the program has registered no kernel");
    OK(cudaFree(memory));
}

TEST(a_registered_kernel_is_launched) {
    struct {
        unsigned magic, version;
        const void *image;
        void *more;
    } wrapper = {0x466243b1, 1, &container, NULL};
    uint32_t values[8] = {0, 1, 2, 3, 4, 5, 6, 7}, summand = 10, *device = NULL;
    void *memory;
    void **handle = __cudaRegisterFatBinary(&wrapper);
    assert_non_null(handle);
    __cudaRegisterFunction(handle, &host_function, NULL, "add", -1, NULL, NULL, NULL, NULL, NULL);
    __cudaRegisterVar(handle, &host_variable, NULL, "summand", 0, sizeof summand, 0, 0);
    __cudaRegisterFatBinaryEnd(handle);
    OK(cudaMalloc(&memory, sizeof values));
    device = memory;
    OK(cudaMemcpy(device, values, sizeof values, cudaMemcpyHostToDevice));
    OK(cudaMemcpyToSymbol(&host_variable, &summand, sizeof summand, 0, cudaMemcpyHostToDevice));
    launch_add(device);
    launch_add_over_devices(device);
    launch_add_in_another_context(device);
    OK(cudaDeviceSynchronize());
    OK(cudaMemcpy(values, device, sizeof values, cudaMemcpyDeviceToHost));
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(values[i], 3 * summand + i);
    check_launches_refused();
    __cudaUnregisterFatBinary(handle);
    void *arguments[] = {&device};
    assert_int_equal(
        cudaLaunchKernel(&host_function, (dim3){1, 1, 1}, (dim3){1, 1, 1}, arguments, 0, NULL),
        cudaErrorInvalidDeviceFunction);
    assert_int_equal(cudaGetLastError(), cudaErrorInvalidDeviceFunction);
    OK(cudaFree(device));
}

TEST(errors_are_kept_until_they_are_read) {
    dim3 grid, block;
    size_t shared;
    CUstream stream;
    assert_int_equal(__cudaPopCallConfiguration(&grid, &block, &shared, &stream),
                     cudaErrorMissingConfiguration);
    assert_int_equal(cudaMemcpyToSymbol(&unknown, &unknown, 1, 0, cudaMemcpyHostToDevice),
                     cudaErrorInvalidSymbol);
    assert_int_equal(cudaGetLastError(), cudaErrorInvalidSymbol);
    OK(cudaGetLastError());
    assert_string_equal(cudaGetErrorName(cudaErrorLaunchFailure), "cudaErrorLaunchFailure");
    assert_string_equal(cudaGetErrorName((cudaError_t)12345), "unrecognized error code");
    assert_true(strlen(cudaGetErrorString(cudaErrorInvalidSymbol)) > 0);
    assert_true(strlen(cudaGetErrorString(cudaErrorLaunchFailure)) > 0);
}

/* Older and newer names of the same. */
static void count_line(void *data, CUlogLevel level, char *message, size_t length) {
    (void)level, (void)length;
    *(unsigned *)data += strstr(message, "CUDA_ERROR_INVALID_VALUE") != NULL;
}

TEST(the_log_is_the_drivers) {
    CUlogsCallbackHandle handle;
    unsigned lines = 0;
    OK(cudaLogsRegisterCallback(count_line, &lines, &handle));
    assert_int_equal(cudaFree(&lines), cudaErrorInvalidValue);
    assert_int_equal(lines, 1);
    OK(cudaLogsUnregisterCallback(handle));
    assert_int_equal(cudaLogsUnregisterCallback(handle), cudaErrorInvalidValue);
    assert_int_equal(cudaGetLastError(), cudaErrorInvalidValue);
}

TEST(other_names_do_the_same) {
    CUstreamAttrValue value = {.syncPolicy = CU_SYNC_POLICY_YIELD}, copied = {.syncPolicy = 0};
    CUDA_GRAPH_INSTANTIATE_PARAMS parameters = {.result_out = CUDA_GRAPH_INSTANTIATE_ERROR};
    CUstream from, to;
    CUgraph graph;
    CUgraphExec exec;
    size_t stack = 0;
    void *memory;
    OK(cudaDeviceSetLimit(CU_LIMIT_STACK_SIZE, 2048));
    OK(cudaThreadGetLimit(&stack, CU_LIMIT_STACK_SIZE));
    assert_int_equal(stack, 2048);
    OK(cudaStreamCreate(&from));
    OK(cudaStreamCreate(&to));
    OK(cudaStreamSetAttribute(from, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    OK(cudaStreamCopyAttributes(to, from));
    OK(cudaStreamGetAttribute(to, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &copied));
    assert_int_equal(copied.syncPolicy, CU_SYNC_POLICY_YIELD);
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphInstantiateWithParams(&exec, graph, &parameters));
    assert_int_equal(parameters.result_out, CUDA_GRAPH_INSTANTIATE_SUCCESS);
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(graph));
    OK(cudaThreadSynchronize());
    OK(cudaMalloc(&memory, 4));
    OK(cudaThreadExit());
    assert_int_equal(cudaFree(memory), cudaErrorInvalidValue);
    (void)cudaGetLastError();
}

TEST(what_is_lacking_is_there_by_name) {
    assert_int_equal(cudaImportExternalMemory(), cudaErrorNotSupported);
    assert_int_equal(cudaGetLastError(), cudaErrorNotSupported);
}

/* ---- Programs ---- */

static int run(const char *folder, const char *program, const char *configuration) {
    char path[1024];
    char *words[] = {path, NULL};
    pid_t process;
    int status = -1;
    assert_in_range(snprintf(path, sizeof path, "%s/%s", folder, program), 1, sizeof path - 1);
    assert_int_equal(setenv("LD_LIBRARY_PATH", RUNTIME_LIBRARY, 1), 0);
    assert_int_equal(setenv("LOCKSTEP_EMULATOR", configuration, 1), 0);
    assert_int_equal(posix_spawn(&process, path, NULL, NULL, words, environ), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs all programs of a folder with each configuration, up to NULL; returns how many there are. */
static size_t run_all(const char *path, const char *const configurations[]) {
    size_t count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strchr(entry->d_name, '.'))
            continue;
        for (size_t i = 0; configurations[i]; i++)
            if (run(path, entry->d_name, configurations[i]) != 0)
                fail_msg("%s with '%s'", entry->d_name, configurations[i]);
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    return count;
}

/* With the usual checks, and with every check that holds for a right program. */
TEST(programs_of_the_runtime_end_as_on_a_gpu) {
    static const char *const any[] = {"", "check=memory,barrier;device=h100;time=host", "devices=2",
                                      NULL};
    static const char *const hopper[] = {"device=h100",
                                         "device=h100;check=memory,race,init,barrier",
                                         "device=h100;devices=2;check=leak", NULL};
    const size_t count = run_all(RUNTIME_PROGRAMS, any);
    if (count == 0) {
        print_message(
            "skipped: tests/programs is not compiled, for want of nvcc or for a sanitizer\n");
        skip();
        return;
    }
    assert_in_range(count, 3, 1000);
    assert_in_range(run_all(HOPPER_PROGRAMS, hopper), 1, 1000);
}
