/* A program that links PTX by nvJitLink, and loads what it is given as a cubin. */
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <sys/wait.h>
#include <unistd.h>

typedef void *nvJitLinkHandle;

/* Declared as NVIDIA documents them. */
extern int nvJitLinkCreate(nvJitLinkHandle *handle, uint32_t count, const char **options);
extern int nvJitLinkDestroy(nvJitLinkHandle *handle);
extern int nvJitLinkAddData(nvJitLinkHandle handle, int type, const void *data, size_t size,
                            const char *name);
extern int nvJitLinkAddFile(nvJitLinkHandle handle, int type, const char *path);
extern int nvJitLinkComplete(nvJitLinkHandle handle);
extern int nvJitLinkGetLinkedCubinSize(nvJitLinkHandle handle, size_t *size);
extern int nvJitLinkGetLinkedCubin(nvJitLinkHandle handle, void *bytes);
extern int nvJitLinkGetErrorLogSize(nvJitLinkHandle handle, size_t *size);
extern int nvJitLinkGetErrorLog(nvJitLinkHandle handle, char *text);
extern int nvJitLinkVersion(unsigned *major, unsigned *minor);
/* As programs call it that include NVIDIA's header. */
extern int __nvJitLinkComplete_13_0(nvJitLinkHandle handle);

typedef void *nvrtcProgram;
extern int nvrtcVersion(int *major, int *minor);
extern int nvrtcCreateProgram(nvrtcProgram *program, const char *source, const char *name,
                              int count, const char *const *headers, const char *const *names);
extern int nvrtcCompileProgram(nvrtcProgram program, int count, const char *const *options);
extern int nvrtcGetLTOIRSize(nvrtcProgram program, size_t *size);
extern int nvrtcGetLTOIR(nvrtcProgram program, char *bytes);
extern int nvrtcDestroyProgram(nvrtcProgram *program);

enum { MISSING_ARCH = 2, INVALID_INPUT = 3, NULL_INPUT = 10 };
enum { INPUT_PTX = 2, INPUT_LTOIR = 3, INPUT_LIBRARY = 6, INPUT_ANY = 10 };

static const char head[] = ".version 8.0\n.target sm_80\n.address_size 64\n";
static const char triple[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                             ".visible .func (.param .b32 r) triple(.param .b32 x) {\n"
                             ".reg .b32 %r<3>; ld.param.u32 %r1, [x]; mul.lo.u32 %r2, %r1, 3;\n"
                             "st.param.b32 [r], %r2; ret; }\n";
static const char kernel[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                             ".extern .func (.param .b32 r) triple(.param .b32 x);\n"
                             ".visible .entry apply(.param .u64 p) {\n"
                             ".reg .b64 %rd<3>; .reg .b32 %r<4>;\n"
                             "ld.param.u64 %rd1, [p]; ld.global.u32 %r1, [%rd1];\n"
                             "{ .param .b32 in; .param .b32 out; st.param.b32 [in], %r1;\n"
                             "call.uni (out), triple, (in); ld.param.b32 %r2, [out]; }\n"
                             "st.global.u32 [%rd1], %r2; ret; }\n";

static nvJitLinkHandle link_begin(void) {
    const char *options[] = {"-O3", "-arch=sm_80"};
    nvJitLinkHandle link;
    assert_int_equal(nvJitLinkCreate(&link, 2, options), 0);
    return link;
}

static void *linked(nvJitLinkHandle link) {
    size_t size = 0;
    assert_int_equal(nvJitLinkComplete(link), 0);
    assert_int_equal(nvJitLinkGetLinkedCubinSize(link, &size), 0);
    void *image = malloc(size);
    assert_non_null(image);
    assert_int_equal(nvJitLinkGetLinkedCubin(link, image), 0);
    assert_int_equal(((char *)image)[size - 1], 0);
    return image;
}

/* The kernel of one input calls the function of another, whose kind the library finds out. */
TEST_WITH_CONTEXT(inputs_become_one_image) {
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, kernel, sizeof kernel, "kernel"), 0);
    assert_int_equal(nvJitLinkAddData(link, INPUT_ANY, triple, strlen(triple), "triple"), 0);
    void *image = linked(link);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    assert_null(link);
    assert_int_equal(number_after(image, "apply", 14), 42);
    free(image);
}

TEST(a_function_that_nothing_defines_is_no_link) {
    static const char declared[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                                   ".extern .func triple(.param .b32 x);\n"
                                   ".visible .entry k() { ret; }\n";
    char said[512] = "";
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, kernel, sizeof kernel, "kernel"), 0);
    assert_int_equal(nvJitLinkComplete(link), INVALID_INPUT);
    assert_int_equal(nvJitLinkGetErrorLog(link, said), 0);
    assert_non_null(strstr(said, "'triple', which no input defines"));
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    link = link_begin();
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, declared, sizeof declared, "declared"), 0);
    assert_int_equal(nvJitLinkComplete(link), 0);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
}

/* Kernels that say nothing themselves have no more registers than the link allows. */
TEST_WITH_CONTEXT(a_link_limits_registers) {
    static const char kernels[] =
        ".version 8.0\n.target sm_80\n.address_size 64\n"
        ".visible .entry first() { ret; }\n.entry own() .maxnreg 12 { ret; }\n"
        ".entry last(.param .u64 p)\n{ ret; }\n";
    static const struct {
        const char *name;
        int registers;
    } wanted[] = {{"first", 10}, {"own", 12}, {"last", 10}};
    const char *options[] = {"-arch=sm_80", "-maxrregcount=10"};
    nvJitLinkHandle link;
    CUmodule module;
    CUfunction function;
    assert_int_equal(nvJitLinkCreate(&link, 2, options), 0);
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, kernels, sizeof kernels, "kernels"), 0);
    void *image = linked(link);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    OK(cuModuleLoadData(&module, image));
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        int registers = 0;
        OK(cuModuleGetFunction(&function, module, wanted[k].name));
        OK(cuFuncGetAttribute(&registers, CU_FUNC_ATTRIBUTE_NUM_REGS, function));
        assert_int_equal(registers, wanted[k].registers);
    }
    OK(cuModuleUnload(module));
    free(image);
}

/* Threads of a block write a word each, and read what the last block has written, twice. */
static const char meeting[] =
    ".version 8.0\n.target sm_80\n.address_size 64\n"
    ".extern .func (.param .b64 h) cudaCGGetIntrinsicHandle(.param .b32 scope);\n"
    ".extern .func (.param .b32 r) cudaCGSynchronize(.param .b64 h, .param .b32 flags);\n"
    ".func wait() { .reg .b64 %rd<2>;\n"
    "{ .param .b32 scope; .param .b64 h; st.param.b32 [scope], 1;\n"
    "call.uni (h), cudaCGGetIntrinsicHandle, (scope); ld.param.b64 %rd1, [h]; }\n"
    "{ .param .b64 h; .param .b32 flags; .param .b32 r; st.param.b64 [h], %rd1;\n"
    "st.param.b32 [flags], 0; call.uni (r), cudaCGSynchronize, (h, flags); } ret; }\n"
    ".visible .entry meet(.param .u64 p) { .reg .b64 %rd<9>; .reg .b32 %r<9>;\n"
    "ld.param.u64 %rd1, [p]; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;\n"
    "mad.lo.u32 %r4, %r1, %r2, %r3; mul.wide.u32 %rd2, %r4, 4; add.u64 %rd2, %rd1, %rd2;\n"
    "mov.u32 %r5, %nctaid.x; sub.u32 %r6, %r5, %r1; sub.u32 %r6, %r6, 1;\n"
    "mad.lo.u32 %r6, %r6, %r2, %r3; mul.wide.u32 %rd3, %r6, 4; add.u64 %rd3, %rd1, %rd3;\n"
    "st.global.u32 [%rd2], %r4; call.uni wait; ld.global.u32 %r7, [%rd3];\n"
    "call.uni wait; add.u32 %r7, %r7, 1000; st.global.u32 [%rd2], %r7; call.uni wait;\n"
    "ld.global.u32 %r8, [%rd3]; call.uni wait; st.global.u32 [%rd2], %r8; ret; }\n";

/* As Numba links kernels that wait for their grid. Blocks of a warp do not wait for each other by
 * chance. */
TEST_WITH_CONTEXT(the_grid_meets_without_machine_code) {
    enum { BLOCKS = 5, THREADS = 32, WORDS = BLOCKS * THREADS };
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, meeting, sizeof meeting, "meeting"), 0);
    for (int k = 0; k < 2; k++)
        assert_int_equal(nvJitLinkAddData(link, INPUT_LIBRARY, "!<arch>", 7, "libcudadevrt.a"), 0);
    void *image = linked(link);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    int values[WORDS];
    CUmodule module;
    CUfunction function;
    CUdeviceptr memory;
    void *parameters[] = {&memory};
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleGetFunction(&function, module, "meet"));
    OK(cuMemAlloc_v2(&memory, sizeof values));
    OK(cuLaunchCooperativeKernel(function, BLOCKS, 1, 1, THREADS, 1, 1, 0, NULL, parameters));
    OK(cuMemcpyDtoH_v2(values, memory, sizeof values));
    for (int k = 0; k < WORDS; k++)
        assert_int_equal(values[k], 1000 + k);
    OK(cuMemFree_v2(memory));
    OK(cuModuleUnload(module));
    free(image);
}

/* ---- Link-time optimisation, by NVIDIA's library ---- */

static bool has_nvrtc(void) {
    int major, minor;
    const bool is_there = nvrtcVersion(&major, &minor) == 0;
    if (!is_there)
        print_message("skipped: there is no NVRTC here\n");
    return is_there;
}

/* Intermediate code of a source, which is the caller's to free. */
static char *intermediate_code(const char *source, size_t *size) {
    static const char *const options[] = {"--gpu-architecture=sm_80", "-dlto", "-rdc=true"};
    nvrtcProgram program;
    assert_int_equal(nvrtcCreateProgram(&program, source, "part.cu", 0, NULL, NULL), 0);
    assert_int_equal(nvrtcCompileProgram(program, 3, options), 0);
    assert_int_equal(nvrtcGetLTOIRSize(program, size), 0);
    char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(nvrtcGetLTOIR(program, bytes), 0);
    assert_int_equal(nvrtcDestroyProgram(&program), 0);
    return bytes;
}

static void intermediate_code_add(nvJitLinkHandle link, const char *source) {
    size_t size;
    char *bytes = intermediate_code(source, &size);
    assert_int_equal(nvJitLinkAddData(link, INPUT_LTOIR, bytes, size, "part.ltoir"), 0);
    free(bytes);
}

/* In a process of its own, which must not have looked for NVIDIA's library yet: no test before it
 * needs that. */
TEST(a_missing_library_is_said_when_it_is_needed) {
    const char *options[] = {"-arch=sm_80", "-lto"};
    char text[512] = "";
    nvJitLinkHandle link = NULL;
    int status = -1;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const bool is_said =
            setenv("LOCKSTEP_NVJITLINK", "/no/such/library", 1) == 0 &&
            nvJitLinkCreate(&link, 2, options) == 0 &&
            nvJitLinkAddData(link, INPUT_PTX, triple, sizeof triple, "triple") == 0 &&
            nvJitLinkAddData(link, INPUT_LTOIR, head, sizeof head, "part") == INVALID_INPUT &&
            nvJitLinkGetErrorLog(link, text) == 0 && strstr(text, "LOCKSTEP_NVJITLINK");
        _exit(is_said ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A kernel calls another intermediate code's function, which calls one of an input of PTX. */
TEST_WITH_CONTEXT(intermediate_code_becomes_ptx) {
    const char *options[] = {"-arch=sm_80", "-lto", "-maxrregcount=10"};
    nvJitLinkHandle link;
    char said[1200];
    if (!has_nvrtc()) {
        skip();
        return;
    }
    assert_int_equal(nvJitLinkCreate(&link, 3, options), 0);
    intermediate_code_add(link, "extern \"C\" __device__ int more(int);"
                                "extern \"C\" __global__ void apply(int *x) { *x = more(*x); }");
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, triple, strlen(triple), "triple"), 0);
    intermediate_code_add(link,
                          "extern \"C\" __device__ int triple(int);"
                          "extern \"C\" __device__ int more(int x) { return triple(x) + 7; }");
    char *image = linked(link);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    (void)lockstepEmulatorMessage(said, sizeof said);
    assert_null(strstr(said, "cuGetExportTable")); /* NVIDIA's library does without */
    assert_non_null(strstr(image, ".maxnreg 10"));
    assert_int_equal(number_after(image, "apply", 14), 49);
    free(image);
}

/* The kernel is PTX, and calls a function of intermediate code, which calls one of PTX. */
TEST_WITH_CONTEXT(ptx_calls_intermediate_code) {
    static const char more[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                               ".visible .func (.param .b32 r) more(.param .b32 x) {\n"
                               ".reg .b32 %r<3>; ld.param.u32 %r1, [x]; add.u32 %r2, %r1, 5;\n"
                               "st.param.b32 [r], %r2; ret; }\n";
    const char *options[] = {"-arch=sm_80", "-lto"};
    nvJitLinkHandle link;
    if (!has_nvrtc()) {
        skip();
        return;
    }
    assert_int_equal(nvJitLinkCreate(&link, 2, options), 0);
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, kernel, strlen(kernel), "kernel"), 0);
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, more, strlen(more), "more"), 0);
    intermediate_code_add(link, "extern \"C\" __device__ int more(int);"
                                "extern \"C\" __device__ int triple(int x) { return more(3 * x); }"
                                "extern \"C\" __global__ void other(int *x) { *x = triple(*x); }");
    char *image = linked(link);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    assert_null(strstr(image, "lockstep"));
    assert_int_equal(number_after(image, "apply", 14), 47);
    assert_int_equal(number_after(image, "other", 14), 47);
    free(image);
}

TEST(what_nvidia_refuses_is_said) {
    const char *options[] = {"-arch=sm_80", "-lto", "-ptx"};
    char text[512];
    nvJitLinkHandle link;
    if (!has_nvrtc()) {
        skip();
        return;
    }
    assert_int_equal(nvJitLinkCreate(&link, 3, options), 0);
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, kernel, sizeof kernel, "kernel"), 0);
    assert_int_not_equal(nvJitLinkAddData(link, INPUT_LTOIR, "no code", 8, "broken.ltoir"), 0);
    assert_int_equal(nvJitLinkGetErrorLog(link, text), 0);
    assert_non_null(strstr(text, "asked for PTX"));
    assert_non_null(strstr(text, "broken.ltoir"));
    assert_null(strchr(text, '\n'));
    assert_int_equal(nvJitLinkDestroy(&link), 0);
}

TEST_WITH_CONTEXT(files_are_inputs) {
    static const char path[] = TEST_PTX "/core.ptx";
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkAddFile(link, INPUT_PTX, "/no/such/file"), INVALID_INPUT);
    assert_int_not_equal(nvJitLinkAddFile(link, INPUT_PTX, "/"), 0);
    assert_int_equal(nvJitLinkAddFile(link, INPUT_PTX, path), 0);
    void *image = linked(link);
    CUmodule module;
    OK(cuModuleLoadData(&module, image));
    OK(cuModuleUnload(module));
    free(image);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
}

TEST(other_inputs_are_refused_by_name) {
    char text[512];
    size_t size = 0;
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkGetErrorLogSize(link, &size), 0);
    assert_int_equal(size, 1);
    assert_int_equal(nvJitLinkAddData(link, INPUT_LTOIR, head, sizeof head, "part.ltoir"),
                     INVALID_INPUT);
    assert_int_equal(nvJitLinkAddData(link, INPUT_ANY, "\177ELF", 4, NULL), INVALID_INPUT);
    assert_int_equal(nvJitLinkAddData(link, INPUT_LIBRARY, "!<arch>", 7, "libmine.a"),
                     INVALID_INPUT);
    assert_int_equal(nvJitLinkAddData(link, INPUT_LTOIR, head, sizeof head, "part.ltoir"),
                     INVALID_INPUT);
    assert_int_equal(nvJitLinkGetErrorLogSize(link, &size), 0);
    assert_in_range(size, 2, sizeof text);
    assert_int_equal(nvJitLinkGetErrorLog(link, text), 0);
    assert_non_null(strstr(text, "part.ltoir is an input of type 3"));
    assert_int_equal(nvJitLinkComplete(link), INVALID_INPUT);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
}

TEST(wrong_calls_are_errors) {
    const char *option = "-O3";
    nvJitLinkHandle link = NULL;
    size_t size;
    unsigned major = 0, minor = 1;
    assert_int_equal(nvJitLinkCreate(&link, 1, &option), MISSING_ARCH);
    assert_int_equal(nvJitLinkCreate(NULL, 1, &option), NULL_INPUT);
    assert_int_equal(nvJitLinkDestroy(&link), NULL_INPUT);
    assert_int_equal(nvJitLinkAddData(NULL, INPUT_PTX, head, sizeof head, NULL), NULL_INPUT);
    assert_int_equal(nvJitLinkComplete(NULL), NULL_INPUT);
    assert_int_equal(__nvJitLinkComplete_13_0(NULL), NULL_INPUT);
    assert_int_equal(nvJitLinkGetLinkedCubinSize(NULL, &size), NULL_INPUT);
    assert_int_equal(nvJitLinkVersion(&major, &minor), 0);
    assert_int_equal(major, 13);
}
