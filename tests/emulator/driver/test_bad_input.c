/* What a program can do wrong, each with the driver's own error code and a line that says what and
 * where (docs/emulator.md, "Errors"). The library is configured by main(). */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include "emulator/driver/lockstep_emulator.h"

#include <dlfcn.h>
#include <pthread.h>

#define HEAD ".version 8.0\n.target sm_75\n.address_size 64\n"
#define KERNEL(body)                                                                               \
    HEAD ".visible .entry k(.param .u64 p) {\n.reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred "      \
         "%p<9>;\n" body "\nret; }\n"

/* The last line that the emulator said contains `wanted`. */
static void expect_said(const char *wanted) {
    char text[2000] = "";
    size_t (*message)(char *, size_t);
    void *symbol = dlsym(RTLD_DEFAULT, "lockstepEmulatorMessage");
    assert_non_null(symbol);
    memcpy(&message, &symbol, sizeof message);
    (void)message(text, sizeof text);
    if (!strstr(text, wanted))
        fail_msg("wanted '%s' in: %s", wanted, text);
}

/* ---- Loading ---- */

TEST_WITH_CONTEXT(broken_modules_are_refused_with_their_place) {
    static const struct {
        const char *text;
        CUresult code;
        const char *place, *what;
    } modules[] = {
        {KERNEL("add.u32 %r1, ;"), CUDA_ERROR_INVALID_PTX, "6:", "operand"},
        {KERNEL("mov.u32 %r1, %r77;"), CUDA_ERROR_INVALID_PTX, "6:", "%r77"},
        {KERNEL("bra NOWHERE;"), CUDA_ERROR_INVALID_PTX, "6:", "NOWHERE"},
        {HEAD ".extern .func f();\n.visible .entry k() {\ncall f;\nret; }\n",
         CUDA_ERROR_INVALID_PTX, "6:", "'f'"},
        {HEAD ".visible .entry k() {\n", CUDA_ERROR_INVALID_PTX, "5:", "end of the text"},
        {"\x7f"
         "ELF\x02\x01\x01",
         CUDA_ERROR_NO_BINARY_FOR_GPU, "", ""},
        {"no PTX at all", CUDA_ERROR_INVALID_IMAGE, "", ""},
    };
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        char log[1024] = "";
        CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
        void *values[] = {log, pointer_of(sizeof log)};
        CUmodule module = NULL;
        const CUresult code = cuModuleLoadDataEx(&module, modules[i].text, 2, options, values);
        if (code != modules[i].code ||
            strncmp(log, modules[i].place, strlen(modules[i].place)) != 0 ||
            !strstr(log, modules[i].what))
            fail_msg("%s\nis %s, not %s %s '%s': %s", modules[i].text, error_name(code),
                     error_name(modules[i].code), modules[i].place, modules[i].what, log);
        assert_null(module);
    }
    OK(cuCtxSynchronize());
}

/* Other kernels of the module run, and so does the context. */
TEST_WITH_CONTEXT(kernels_that_need_what_is_lacking_are_not_launched) {
    static const char *const modules[] = {
        KERNEL("frobnicate.u32 %r1, %r2;"),
        KERNEL("add.u33 %r1, %r1, %r1;"),
    };
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        CUmodule module;
        CUfunction function;
        CUdeviceptr none = 0;
        void *parameters[] = {&none};
        OK(cuModuleLoadData(&module, modules[i]));
        OK(cuModuleGetFunction(&function, module, "k"));
        EXPECT(CUDA_ERROR_NOT_SUPPORTED,
               cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
        OK(cuModuleUnload(module));
    }
    OK(cuCtxSynchronize());
}

TEST_WITH_MODULE(missing_symbols_are_not_found) {
    const struct fixture *fixture = *state;
    CUfunction function;
    CUdeviceptr address;
    size_t bytes;
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&function, fixture->module, "nobody"));
    expect_said("nobody");
    EXPECT(CUDA_ERROR_NOT_FOUND,
           cuModuleGetGlobal_v2(&address, &bytes, fixture->module, "nothing"));
    expect_said("nothing");
    OK(cuCtxSynchronize());
}

/* What the CUDA runtime asks first. */
TEST_WITH_CONTEXT(private_tables_are_refused_with_the_reason) {
    const CUuuid identifier = {.bytes = {0x6b, (char)0xd5, (char)0xfb, 0x6c}};
    const void *table = &identifier;
    EXPECT(CUDA_ERROR_NOT_FOUND, cuGetExportTable(&table, &identifier));
    assert_null(table);
    expect_said("link it with nvcc -cudart shared");
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGetExportTable(NULL, &identifier));
}

/* ---- Launching ---- */

static CUfunction load(const char *text) {
    CUmodule module;
    CUfunction function;
    OK(cuModuleLoadData(&module, text));
    OK(cuModuleGetFunction(&function, module, "k"));
    return function;
}

static CUresult launch(CUfunction function, unsigned threads, unsigned shared, void **parameters) {
    return cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, shared, NULL, parameters, NULL);
}

/* Programs may not look at what the second call returns. */
TEST_WITH_CONTEXT(calls_on_what_is_gone_are_told_by_name) {
    CUstream stream;
    CUevent event;
    CUgraph graph;
    CUmodule module;
    OK(cuStreamCreate(&stream, 0));
    OK(cuStreamDestroy_v2(stream));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2(stream));
    expect_said("cuStreamDestroy: 0x");
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(stream));
    expect_said("cuStreamSynchronize: 0x");
    expect_said("is no stream of the current context (destroyed?)");
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuMemsetD8Async(0, 0, 4, stream));
    expect_said("cuMemsetD8Async: 0x");
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuMemcpyDtoHAsync_v2(&event, 0, 4, stream));
    expect_said("cuMemcpyDtoHAsync: 0x");
    OK(cuEventCreate(&event, 0));
    OK(cuEventDestroy_v2(event));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventDestroy_v2(event));
    expect_said("cuEventDestroy: 0x");
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(event));
    expect_said("is no event (destroyed?)");
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventSynchronize(event));
    expect_said("cuEventSynchronize: 0x");
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventRecord(event, NULL));
    expect_said("cuEventRecord: 0x");
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphDestroy(graph));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(graph));
    expect_said("is no graph (destroyed?)");
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexObjectDestroy(77));
    expect_said("cuTexObjectDestroy: 0x4d is no texture object (destroyed?)");
    OK(cuModuleLoadData(&module, HEAD));
    OK(cuModuleUnload(module));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(module));
    expect_said("cuModuleUnload: 0x");
}

/* Programs do so at their end. */
TEST_WITH_CONTEXT(what_has_gone_with_its_context_may_be_destroyed) {
    CUcontext context;
    CUevent event;
    OK(cuCtxCreate_v2(&context, 0, 0));
    OK(cuEventCreate(&event, 0));
    OK(cuCtxDestroy_v2(context));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexObjectDestroy(78));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventDestroy_v2(event));
    expect_said("0x4e is no texture");
}

TEST_WITH_CONTEXT(impossible_launches_say_why) {
    CUfunction function = load(KERNEL(""));
    uint64_t value = 0;
    size_t few = 4;
    void *parameters[] = {&value}, *missing[] = {NULL};
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &value, CU_LAUNCH_PARAM_BUFFER_SIZE, &few,
                     CU_LAUNCH_PARAM_END};
    OK(launch(function, 1024, 48 << 10, parameters));
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch(function, 1025, 0, parameters));
    expect_said("launch of k: grid 1x1x1 of blocks 1025x1x1");
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch(function, 32, (48 << 10) + 4, parameters));
    expect_said("49156 of dynamic shared memory");
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch(function, 32, 0, NULL));
    expect_said("it takes 1 parameter and none were given");
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch(function, 32, 0, missing));
    expect_said("the pointer to parameter 0 is NULL");
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
    expect_said("its parameters take 8 bytes, the buffer has 4");
    OK(cuCtxSynchronize());
}

/* Kernels that can never end do, and the context tells of it until it is gone. */
TEST_WITH_CONTEXT(kernels_that_never_end_are_stopped) {
    static const struct {
        const char *text;
        CUresult code;
        const char *what;
    } kernels[] = {
        {KERNEL("AGAIN: bra AGAIN;"), CUDA_ERROR_LAUNCH_TIMEOUT,
         "the budget of 200000 warp instructions is spent"},
        {KERNEL("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 32;\n"
                "@%p1 bar.sync 1, 64;\n@!%p1 bar.sync 2, 64;"),
         CUDA_ERROR_LAUNCH_TIMEOUT, "deadlock"},
        {KERNEL("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16;\n"
                "@%p1 bra LOW;\nbar.warp.sync 0xffffffff;\nbra DONE;\n"
                "LOW: shfl.sync.idx.b32 %r2, %r1, 0, 31, 0xffffffff;\nDONE:"),
         CUDA_ERROR_LAUNCH_TIMEOUT, "deadlock"},
        {HEAD ".func f(.param .b64 x) {\n.reg .b64 %rd<2>; .param .b64 y;\n"
              "ld.param.b64 %rd1, [x]; st.param.b64 [y], %rd1; call f, (y);\nret; }\n"
              ".visible .entry k(.param .u64 p) {\n.reg .b64 %rd<2>; .param .b64 y;\n"
              "ld.param.b64 %rd1, [p]; st.param.b64 [y], %rd1; call f, (y);\nret; }\n",
         CUDA_ERROR_HARDWARE_STACK_ERROR, "stack"},
    };
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        uint64_t value = 0;
        void *parameters[] = {&value};
        CUcontext context;
        OK(cuCtxCreate_v4(&context, NULL, 0, 0));
        OK(launch(load(kernels[i].text), 64, 0, parameters));
        EXPECT(kernels[i].code, cuCtxSynchronize());
        expect_said(kernels[i].what);
        EXPECT(kernels[i].code, cuCtxSynchronize());
        OK(cuCtxDestroy_v2(context));
    }
    OK(cuCtxSynchronize());
}

/* ---- Two threads: one launches for as long as it can, the other takes the module away. ---- */

struct launcher {
    CUcontext context;
    CUfunction function;
    unsigned launches; /* atomic */
    CUresult status;
};

static void *launch_until_refused(void *data) {
    struct launcher *launcher = data;
    CUdeviceptr address = 0;
    int value = 0;
    void *parameters[] = {&address, &value};
    launcher->status = cuCtxPushCurrent_v2(launcher->context);
    if (launcher->status == CUDA_SUCCESS)
        launcher->status = cuMemAlloc_v2(&address, sizeof value);
    while (launcher->status == CUDA_SUCCESS) {
        launcher->status =
            cuLaunchKernel(launcher->function, 64, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL);
        __atomic_fetch_add(&launcher->launches, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

TEST_WITH_CONTEXT(a_module_may_go_while_another_thread_launches) {
    enum { TURNS = 20 };
    const struct fixture *fixture = *state;
    for (int turn = 0; turn < TURNS; turn++) {
        CUmodule module;
        pthread_t thread;
        struct launcher launcher = {.context = fixture->context};
        OK(cuModuleLoad(&module, TEST_PTX "/driver.ptx"));
        OK(cuModuleGetFunction(&launcher.function, module, "store_at"));
        assert_int_equal(pthread_create(&thread, NULL, launch_until_refused, &launcher), 0);
        while (__atomic_load_n(&launcher.launches, __ATOMIC_RELAXED) < 5)
            ;
        OK(cuModuleUnload(module));
        assert_int_equal(pthread_join(thread, NULL), 0);
        EXPECT(CUDA_ERROR_INVALID_HANDLE, launcher.status);
    }
    OK(cuCtxSynchronize());
}

int main(void) {
    if (setenv("LOCKSTEP_EMULATOR", "budget=200000;threads=2", 1) != 0)
        return 1;
    return tests_run(NULL, NULL);
}
