/* A program that links PTX by nvJitLink, and loads what it is given as a cubin. */
#include "tests/support/emulator_driver.h"

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

enum { MISSING_ARCH = 2, INVALID_INPUT = 3, NULL_INPUT = 10 };
enum { INPUT_PTX = 2, INPUT_LTOIR = 3, INPUT_ANY = 10 };

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
static void inputs_become_one_image(void **state) {
    (void)state;
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkAddData(link, INPUT_PTX, kernel, sizeof kernel, "kernel"), 0);
    assert_int_equal(nvJitLinkAddData(link, INPUT_ANY, triple, strlen(triple), "triple"), 0);
    void *image = linked(link);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
    assert_null(link);
    assert_int_equal(number_after(image, "apply", 14), 42);
    free(image);
}

static void files_are_inputs(void **state) {
    static const char path[] = TEST_PTX "/core.ptx";
    (void)state;
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

static void other_inputs_are_refused_by_name(void **state) {
    char text[512];
    size_t size = 0;
    (void)state;
    nvJitLinkHandle link = link_begin();
    assert_int_equal(nvJitLinkGetErrorLogSize(link, &size), 0);
    assert_int_equal(size, 1);
    assert_int_equal(nvJitLinkAddData(link, INPUT_LTOIR, head, sizeof head, "part.ltoir"),
                     INVALID_INPUT);
    assert_int_equal(nvJitLinkAddData(link, INPUT_ANY, "\177ELF", 4, NULL), INVALID_INPUT);
    assert_int_equal(nvJitLinkAddData(link, INPUT_LTOIR, head, sizeof head, "part.ltoir"),
                     INVALID_INPUT);
    assert_int_equal(nvJitLinkGetErrorLogSize(link, &size), 0);
    assert_in_range(size, 2, sizeof text);
    assert_int_equal(nvJitLinkGetErrorLog(link, text), 0);
    assert_non_null(strstr(text, "part.ltoir is an input of type 3"));
    assert_int_equal(nvJitLinkComplete(link), INVALID_INPUT);
    assert_int_equal(nvJitLinkDestroy(&link), 0);
}

static void wrong_calls_are_errors(void **state) {
    const char *option = "-O3";
    nvJitLinkHandle link = NULL;
    size_t size;
    unsigned major = 0, minor = 1;
    (void)state;
    assert_int_equal(nvJitLinkCreate(&link, 1, &option), MISSING_ARCH);
    assert_int_equal(nvJitLinkCreate(NULL, 1, &option), NULL_INPUT);
    assert_int_equal(nvJitLinkDestroy(&link), NULL_INPUT);
    assert_int_equal(nvJitLinkAddData(NULL, INPUT_PTX, head, sizeof head, NULL), NULL_INPUT);
    assert_int_equal(nvJitLinkComplete(NULL), NULL_INPUT);
    assert_int_equal(nvJitLinkGetLinkedCubinSize(NULL, &size), NULL_INPUT);
    assert_int_equal(nvJitLinkVersion(&major, &minor), 0);
    assert_int_equal(major, 13);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_CONTEXT(inputs_become_one_image),
        WITH_CONTEXT(files_are_inputs),
        cmocka_unit_test(other_inputs_are_refused_by_name),
        cmocka_unit_test(wrong_calls_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
