/* A program that compiles for sm_80 while it runs, and loads what it is given as a cubin. */
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <sys/wait.h>
#include <unistd.h>

typedef void *nvrtcProgram;

/* Declared as NVIDIA documents them. */
extern int nvrtcCreateProgram(nvrtcProgram *program, const char *source, const char *name,
                              int count, const char *const *headers, const char *const *names);
extern int nvrtcCompileProgram(nvrtcProgram program, int count, const char *const *options);
extern int nvrtcGetCUBINSize(nvrtcProgram program, size_t *size);
extern int nvrtcGetCUBIN(nvrtcProgram program, char *bytes);
extern int nvrtcDestroyProgram(nvrtcProgram *program);
extern int nvrtcVersion(int *major, int *minor);
extern const char *nvrtcGetErrorString(int result);

static const char source[] = "extern \"C\" __global__ void triple(int *x) { *x *= 3; }";

/* In a process of its own, which must not have looked for the library yet: so this is the first. */
TEST(a_missing_library_is_an_error) {
    int status = -1, major, minor;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const bool is_said = setenv("LOCKSTEP_NVRTC", "/no/such/library", 1) == 0 &&
                             nvrtcVersion(&major, &minor) == 11 &&
                             strstr(nvrtcGetErrorString(11), "missing");
        _exit(is_said ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

TEST_WITH_CONTEXT(a_cubin_is_ptx) {
    static const char *const options[] = {"--gpu-architecture=sm_80"};
    nvrtcProgram program;
    size_t size = 0;
    int major = 0, minor = 0;
    char said[1200];
    if (nvrtcVersion(&major, &minor) != 0) {
        print_message("skipped: there is no NVRTC here\n");
        skip();
        return;
    }
    assert_int_equal(nvrtcCreateProgram(&program, source, "triple.cu", 0, NULL, NULL), 0);
    assert_int_equal(nvrtcCompileProgram(program, 1, options), 0);
    (void)lockstepEmulatorMessage(said, sizeof said);
    assert_null(strstr(said, "cuGetExportTable")); /* NVIDIA's library does without */
    assert_int_equal(nvrtcGetCUBINSize(program, &size), 0);
    char *image = malloc(size + 1);
    assert_non_null(image);
    assert_int_equal(nvrtcGetCUBIN(program, image), 0);
    image[size] = '\0';
    assert_int_equal(nvrtcDestroyProgram(&program), 0);
    assert_int_equal(number_after(image, "triple", 14), 42);
    free(image);
}
