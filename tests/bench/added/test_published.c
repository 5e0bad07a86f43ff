/* What kernels that others have published want of their launch lines: headers, buffers of zeros,
 * types of templates, parts of the workspace, and shapes and values that they are meant for. */
#define TESTS_OWN_MAIN
#include "bench/added/compile/compiler.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>

static char cache[PATH_MAX];

static int cached_enter(void **state) {
    place_enter(state);
    snprintf(cache, sizeof cache, "XDG_CACHE_HOME=%s/cache", here.place.path);
    return 0;
}

#define TEST_CACHED(test) TEST_BETWEEN(test, cached_enter, place_leave)

static void text_write(const char *name, const char *text) {
    temporary_write(&here.place, name, text);
}

/* Ends with `status`, and both words are in what it prints. */
static void check_ends(const char *const *words, int status, const char *printed) {
    const char *const variables[] = {cache, NULL};
    const struct call_limits limits = {.variables = variables};
    struct call call = call_start(&here, words, &limits);
    call_wait(&here, &call);
    check_status(&call, status);
    check_holds(status == 2 ? call.err : call.out, printed);
    call_free(&call);
}

#define CHECK_VERIFY(status, printed, ...)                                                         \
    check_ends((const char *const[]){"verify", "--gpu", "emulated", __VA_ARGS__, NULL}, status,    \
               printed)

/* --- sources ---------------------------------------------------------------------------------- */

#define COPY_LINES                                                                                 \
    "operation transfer\nvariant copy\nkernel copy\ngrid ceil(count/64)\nblock 64\n"               \
    "args a out count\n"
#define COPY(to)                                                                                   \
    "__global__ void copy(const float *a, float *out, int count) {\n"                              \
    "    const int i = blockIdx.x * blockDim.x + threadIdx.x;\n"                                   \
    "    if (i < count) " to ";\n"                                                                 \
    "}\n"

TEST_CACHED(headers_are_sources) {
    text_write("ladder.cuh", "#pragma once\n" COPY("out[i] = a[i]"));
    text_write("mine.launch", "source ladder.cuh\n" COPY_LINES);
    CHECK_VERIFY(0, "24 passed", "--add", "mine.launch");
    text_write("whole.cuh", "/* lockstep\n" COPY_LINES "*/\n" COPY("out[i] = a[i]"));
    CHECK_VERIFY(0, "24 passed", "--add", "whole.cuh");
}

TEST_CACHED(types_of_templates_choose) {
    text_write("mine.cu", "/* lockstep\noperation transfer\nvariant copy\n"
                          "kernel copy<double, float>\ngrid ceil(count/64)\nblock 64\n"
                          "args a out count\n*/\n"
                          "template <class Sum, class T>\n" COPY(
                              "out[i] = (T)(Sum)a[i]") "template __global__ void copy<float, "
                                                       "float>(const float *, float *,"
                                                       " int);\n");
    CHECK_VERIFY(0, "24 passed", "--add", "mine.cu");
}

/* --- what is ready before a kernel ------------------------------------------------------------ */

#define ADDING(lines) "/* lockstep\n" COPY_LINES lines "*/\n" COPY("out[i] += a[i]")

TEST_CACHED(buffers_are_zero_where_lines_say_so) {
    text_write("mine.cu", ADDING("zero out\n"));
    CHECK_VERIFY(0, "24 passed", "--add", "mine.cu");
    text_write("mine.cu", ADDING(""));
    CHECK_VERIFY(1, "out[0,0] is nan", "--add", "mine.cu");
    text_write("mine.cu", ADDING("zero a\n"));
    CHECK_VERIFY(1, "mine.cu:8:6: a is no output of copy", "--add", "mine.cu");
    text_write("mine.cu", ADDING("zero count\n"));
    CHECK_VERIFY(2, "mine.cu:8:6: the name of a buffer that is written", "--add", "mine.cu");
}

/* Two copies through two parts of it, which has to be of zeros. */
TEST_CACHED(the_workspace_has_parts) {
    static const char code[] = "__global__ void add(const float *a, float *out, int count) {\n"
                               "    const int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                               "    if (i < count) out[i] += a[i];\n"
                               "}\n";
    static const char launch[] = "kernel add\ngrid ceil(count/64)\nblock 64\n";
    char text[2000];
    for (int is_right = 0; is_right <= 1; is_right++) {
        snprintf(text, sizeof text,
                 "/* lockstep\noperation transfer\nvariant copy\nworkspace 8*count\n"
                 "%szero workspace\nargs a workspace+4*count count\n"
                 "%szero out\nargs workspace%s out count\n*/\n%s",
                 launch, launch, is_right ? "+4*count" : "", code);
        text_write("mine.cu", text);
        CHECK_VERIFY(is_right ? 0 : 1, is_right ? "24 passed" : "out[0,0] is 0", "--add",
                     "mine.cu");
    }
    snprintf(text, sizeof text,
             "/* lockstep\noperation transfer\nvariant copy\nworkspace 4*count\n"
             "%sargs a workspace+4*count count\n*/\n%s",
             launch, code);
    text_write("mine.cu", text);
    CHECK_VERIFY(1, "mine.cu:8:19: byte 4 of a workspace that has 4", "--add", "mine.cu");
    text_write("mine.cu", "/* lockstep\n" COPY_LINES "zero workspace\n*/\n" COPY("out[i] = a[i]"));
    CHECK_VERIFY(2, "mine.cu:8:6: there is no `workspace` line", "--add", "mine.cu");
}

/* --- what they are meant for ------------------------------------------------------------------ */

TEST_CACHED(values_that_a_kernel_is_not_for) {
#define SMALL(lines)                                                                               \
    "/* lockstep\n" lines COPY_LINES "*/\n" COPY("out[i] = fminf(fmaxf(a[i], -2.0f), 2.0f)")
    text_write("mine.cu", SMALL(""));
    CHECK_VERIFY(1, "large values", "--add", "mine.cu");
    text_write("mine.cu", SMALL("values uniform, denormal\n"));
    CHECK_VERIFY(0, "is not for large values, says mine.cu", "--add", "mine.cu");
    text_write("mine.cu", SMALL("values small\n"));
    CHECK_VERIFY(2, "mine.cu:2:8: a kind of values is wanted here that was not named yet: uniform",
                 "--add", "mine.cu");
}

TEST_CACHED(shapes_are_chosen) {
    text_write("mine.cu",
               "/* lockstep\n" COPY_LINES "when count % 4096 == 0\n*/\n" COPY("out[i] = a[i]"));
    CHECK_VERIFY(3, "0 passed, 24 skipped (wants count % 4096 == 0", "--add", "mine.cu");
    CHECK_VERIFY(0, "8 passed, 0 failed, 0 skipped", "--add", "mine.cu", "--shape", "4096,8192");
    CHECK_VERIFY(2, "64x64", "--add", "mine.cu", "--shape", "4096,64x64", "transfer");
}

int main(void) {
    struct compiler compiler;
    struct message message;
    if (compiler_find(&compiler, &message) != STATUS_OK) {
        print_message("skipped: %s\n", message.text);
        return 77;
    }
    return tests_run(NULL, NULL);
}
