/* Files of kernels with launch lines: what `lockstep new` writes, what is refused, and the
 * cache. */
#define TESTS_OWN_MAIN
#include "bench/added/compile/compiler.h"
#include "bench/added/compile/nvrtc.h"
#include "bench/operations/operations.h"
#include "tests/support/launching.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char cache[PATH_MAX];
static struct compiler compiler; /* that the program finds too */

/* A place with a cache of compiled kernels. */
static int cached_enter(void **state) {
    place_enter(state);
    snprintf(cache, sizeof cache, "XDG_CACHE_HOME=%s/cache", here.place.path);
    return 0;
}

#define TEST_CACHED(test) TEST_BETWEEN(test, cached_enter, place_leave)

static struct call call_with(const char *const *words, const char *variable) {
    const char *const variables[] = {cache, variable, NULL};
    const struct call_limits limits = {.variables = variables};
    struct call call = call_start(&here, words, &limits);
    call_wait(&here, &call);
    return call;
}

#define CALL_CACHED(...) call_with((const char *const[]){__VA_ARGS__, NULL}, NULL)

/* --- what `lockstep new` writes --------------------------------------------------------------- */

TEST_CACHED(a_new_kernel_of_each_operation_verifies) {
    for (int o = 0; o < operation_count; o++) {
        const char *operation = operations[o]->name;
        char file[64];
        snprintf(file, sizeof file, "%s.cu", operation);
        struct call made = CALL_CACHED("new", operation, file);
        check_status(&made, operations[o]->argument_count > 0 ? 0 : 2);
        call_free(&made);
        if (operations[o]->argument_count == 0)
            continue;
        check_call(CALL_CACHED("verify", operation, "--gpu", "emulated", "--add", file), 0,
                   " passed", NULL);
    }
}

TEST_CACHED(new_writes_over_nothing) {
    temporary_write(&here.place, "mine.cu", "precious");
    check_call(CALL_CACHED("new", "gemm", "mine.cu"), 2, NULL, "File exists");
    char *text = temporary_text(&here.place, "mine.cu");
    assert_string_equal(text, "precious");
    free(text);
    check_call(CALL_CACHED("new", "gemm", "mine.f90"), 2, NULL, "mine.f90 ends in none of them");
}

/* --- a kernel of one's own -------------------------------------------------------------------- */

#define COPY                                                                                       \
    "extern \"C\" __global__ void copy(const float *a, float *out, int count) {\n"                 \
    "    const int i = blockIdx.x * blockDim.x + threadIdx.x;\n"                                   \
    "    if (i < count) out[i] = a[i];\n"                                                          \
    "}\n"
#define LINES(lines) "/* lockstep\noperation transfer\nvariant copy\n" lines "*/\n" COPY
#define KERNEL "kernel copy\ngrid ceil(count/64)\nblock 64\n"

static void kernel_write(const char *name, const char *text) {
    temporary_write(&here.place, name, text);
}

TEST_CACHED(a_run_counts_an_added_kernel) {
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n"));
    struct call call = CALL_CACHED("run", "--case", "transfer/copy/f32/1024", "--add",
                                   "yours=mine.cu", "--out", "run");
    check_status(&call, 0);
    check_holds(call.out, "yours ");
    check_holds(call.out, "cuda-vectorised ");
    call_free(&call);
    char *counters = temporary_text(&here.place, "run/counters.csv");
    assert_non_null(counters);
    check_holds(counters, "transfer,copy,f32,1024,yours,copy,16x1x1,64x1x1,1,");
    free(counters);
}

TEST_CACHED(a_file_is_added_under_two_names) {
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n"));
    struct call call = CALL_CACHED("verify", "transfer", "--gpu", "emulated", "--add", "mine.cu",
                                   "--add", "yours=mine.cu", "--shape", "1024");
    check_status(&call, 0);
    check_holds(call.out, "mine ");
    check_holds(call.out, "yours ");
    call_free(&call);
}

TEST_CACHED(operations_between_ranks_take_no_kernels) {
    check_call(CALL_CACHED("new", "allreduce", "mine.cu"), 2, NULL,
               "allreduce goes on between ranks and takes no kernels");
}

/* No implementation was named, so none is said to be missing. */
TEST_CACHED(rows_of_another_operation_are_refused) {
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n"));
    static const char *const commands[] = {"verify", "run", "explain"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        check_call(CALL(commands[i], "gemm", "--add", "mine.cu"), 2, NULL,
                   "mine.cu has rows of transfer only, and gemm was asked for");
    }
}

static void faulty_write(void) {
    kernel_write("mine.cu", "/* lockstep\noperation transfer\nvariant copy\nname faulty\n" KERNEL
                            "args a out\n*/\n"
                            "extern \"C\" __global__ void copy(const float *a, float *out) {\n"
                            "    out[threadIdx.x] = a[threadIdx.x + (1 << 24)];\n"
                            "}\n");
}

static void expect_one_row_fails(struct call call) {
    check_status(&call, 1);
    check_holds(call.err, "1 of ");
    check_holds(call.out, "out-of-bounds");
    assert_null(strstr(call.out, "context is lost"));
    call_free(&call);
    char *counters = temporary_text(&here.place, "run/counters.csv");
    assert_non_null(counters);
    check_holds(counters, "transfer,copy,f32,1024,cuda-vectorised,");
    assert_null(strstr(counters, ",faulty,"));
    free(counters);
}

#define COPY_RUN                                                                                   \
    "run", "--case", "transfer/copy/f32/1024", "--gpu", "emulated", "--add", "mine.cu", "--quick", \
        "--threads", "1", "--out", "run"

/* The GPU's context is lost with the row's fault, and the other rows of the case get a new one. */
TEST_CACHED(a_fault_fails_its_own_row_alone) {
    faulty_write();
    expect_one_row_fails(CALL_CACHED(COPY_RUN));
}

TEST_CACHED(a_fault_over_ranks_fails_its_own_row_alone) {
    if (!launching_is_possible(here.program))
        skip();
    faulty_write();
    expect_one_row_fails(LAUNCH(2, COPY_RUN));
}

/* Others are explained, and the run's folder goes. */
TEST_CACHED(explain_gives_the_reason_of_a_fault) {
    faulty_write();
    char place[PATH_MAX];
    snprintf(place, sizeof place, "TMPDIR=%s", here.place.path);
    static const char *const words[] = {
        "explain", "transfer",         "--case",          "transfer/copy/*", "--add",
        "mine.cu", "--implementation", "cuda-vectorised", "--shape",         "1024",
        NULL};
    struct call call = call_with(words, place);
    check_status(&call, 1);
    check_holds(call.out, "    It is limited by ");
    check_holds(call.out, "transfer/copy/f32/1024: faulty failed: ");
    check_holds(call.err, "rows failed, for the reasons above");
    assert_null(strstr(call.err, "lockstep-explain-"));
    call_free(&call);
    glob_t left;
    snprintf(place, sizeof place, "%s/lockstep-explain-*", here.place.path);
    assert_int_equal(glob(place, 0, NULL, &left), GLOB_NOMATCH);
}

TEST_CACHED(explain_passes_over_rows_of_other_operations) {
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n"));
    struct call made = CALL_CACHED("new", "softmax", "other.cu");
    call_free(&made);
    check_call(CALL_CACHED("explain", "transfer", "--case", "transfer/copy/*", "--shape", "1024",
                           "--add", "mine.cu", "--add", "other.cu"),
               0, "    It is limited by ", NULL);
}

TEST_CACHED(a_condition_skips_with_its_reason) {
    kernel_write("mine.cu", LINES("when count % 4 == 0\n" KERNEL "args a out count\n"));
    check_call(CALL_CACHED("run", "--case", "transfer/copy/f32/17", "--implementation", "mine",
                           "--add", "mine.cu", "--out", "run"),
               3, NULL, "wants count % 4 == 0 (mine.cu:4)");
}

/* The template takes batches, and lines that name none say what they lack. */
TEST_CACHED(batches_of_products) {
    check_call(CALL("new", "gemm", "batched.cu"), 0, NULL, NULL);
    temporary_write(&here.place, "single.cu",
                    "/* lockstep\n * operation gemm\n * kernel single\n * grid 1\n * block 1\n"
                    " * args M\n */\nextern \"C\" __global__ void single(int m) {}\n");
    struct call call =
        CALL("run", "gemm", "--case", "gemm/nn/f32/3x4x5x6", "--shape", "3x4x5x6", "--gpu",
             "emulated", "--quick", "--threads", "1", "--out", "run", "--implementation",
             "batched,single", "--add", "batched.cu", "--add", "single.cu");
    check_status(&call, 0);
    check_holds(call.out, "2 rows: 0 measured, 1 emulated, 1 skipped, 0 failed; 1 verified");
    check_holds(call.out, "takes no batches: its launch lines name none; add batch to the grid, "
                          "and stride_a, stride_b and stride_c to args");
    call_free(&call);
}

TEST_CACHED(finite_inputs_are_asked_for) {
    kernel_write("mine.cu", LINES("finite inputs\n" KERNEL "args a out count\n"));
    check_call(CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu"), 0,
               "18 passed, 6 skipped", NULL);
}

/* The example of docs/own-kernel.md, and the same by NVRTC where it is there. */
TEST_CACHED(the_example_verifies) {
    static const char *const compilers[] = {"LOCKSTEP_COMPILER=", "LOCKSTEP_COMPILER=nvrtc"};
    char folder[PATH_MAX], file[PATH_MAX + 40], path[PATH_MAX];
    assert_non_null(realpath(".", folder));
    snprintf(file, sizeof file, "%s/examples/tiled_gemm.cu", folder);
    const int count = nvrtc_find(path, sizeof path) ? 2 : 1;
    for (int i = 0; i < count; i++) {
        const char *const words[] = {"verify", "--gpu", "emulated", "--add", file, NULL};
        check_call(call_with(words, compilers[i]), 0, " passed, 0 failed", NULL);
    }
}

TEST_CACHED(templates_workspace_constants_and_launch_files) {
    kernel_write(
        "kernels.cuh",
        "namespace ours {\n"
        "template <int A, bool B> __global__ void half(const float *a, float *b, int n) {\n"
        "    const int i = blockIdx.x * A + threadIdx.x;\n"
        "    if (i < n) b[i] = B ? a[i] : 0.0f;\n"
        "}\n"
        "}\n");
    kernel_write("source.cu", "#include \"kernels.cuh\"\n");
    kernel_write("two.launch", "# two kernels, one after the other\n"
                               "name two\nsource source.cu\noperation transfer\nvariant copy\n"
                               "const SIDE 32*2\nworkspace 4*count\ncapability 7.5\n"
                               "kernel ours::half<64, true>\n"
                               "grid ceil(count/SIDE)\nblock SIDE\nargs a, workspace, count\n"
                               "kernel ours::half<64, true>\n"
                               "grid ceil(count/SIDE)\nblock SIDE\nargs workspace out count\n");
    struct call call = CALL_CACHED("verify", "--gpu", "emulated", "--add", "two.launch");
    check_status(&call, 0);
    check_holds(call.out, "two ");
    check_holds(call.out, "24 passed");
    call_free(&call);
}

TEST_CACHED(ptx_is_taken_as_it_is) {
    if (compiler.kind == COMPILER_NVRTC)
        skip(); /* it keeps nothing */
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n"));
    check_call(CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu"), 0, NULL, NULL);
    char command[PATH_MAX + 200];
    snprintf(command, sizeof command,
             "cd %s && { sed -n '1,/^\\*\\//p' mine.cu; cat cache/lockstep/*.image; } >mine.ptx",
             here.place.path);
    assert_int_equal(system(command), 0);
    check_call(CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.ptx"), 0, "24 passed",
               NULL);
}

/* --- what is refused -------------------------------------------------------------------------- */

static void check_refused(const char *text, int status, const char *words) {
    kernel_write("mine.cu", text);
    struct call call = CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu");
    check_status(&call, status);
    check_holds(call.err, "mine.cu");
    check_holds(call.err, words);
    assert_string_equal(call.out, "");
    call_free(&call);
}

TEST_CACHED(mistakes_in_lines_are_named) {
    check_refused(COPY, 2, "mine.cu has no launch lines");
    check_refused("/* lockstep\noperation convolution\n*/", 2,
                  "mine.cu:2:11: there is no operation 'convolution'");
    check_refused("/* lockstep\noperation mlp\n*/", 2, "mine.cu:2:11: this operation is made of");
    check_refused("/* lockstep\nkernel copy\n*/", 2,
                  "mine.cu:2:1: an `operation` line has to stand before this one");
    check_refused("/* lockstep\noperation transfer\nvariant move\n*/", 2,
                  "mine.cu:3:9: there is no variant 'move' of transfer");
    check_refused("/* lockstep\n * operation transfer\n * grit 1\n */", 2,
                  "mine.cu:3:4: a launch line does not begin so");
    check_refused("/* lockstep\noperation transfer\n", 2,
                  "the comment of launch lines is not closed");
    check_refused("/* lockstep\noperation transfer\n*/", 2, "without a `kernel` line");
    check_refused(LINES("kernel copy\nblock 64\n"), 2,
                  "mine.cu:4:8: kernel copy has no `grid` line");
    check_refused(LINES("grid 1\n"), 2, "a `kernel` line has to stand before this one");
    check_refused(LINES(KERNEL "args a out rows\n"), 2, "mine.cu:7:12: transfer has no 'rows'");
    check_refused(LINES("kernel copy\ngrid 1 1 1 1\n"), 2, "there are three axes");
    check_refused(LINES("kernel copy\ngrid 1 )\n"), 2, "mine.cu:5:8: a value is wanted here");
    check_refused(LINES("capability ampere\n"), 2, "as in 8.0");
}

/* Else the last one would count, and say nothing. */
TEST_CACHED(what_lines_say_twice_is_refused) {
#define TWICE(word, line)                                                                          \
    check_refused(LINES(line "\n" line "\n"), 2,                                                   \
                  "mine.cu:5:1: this block has a `" word "` line already")
    TWICE("summary", "summary in words");
    TWICE("name", "name mine-too");
    TWICE("source", "source mine.cu");
    TWICE("flags", "flags -lineinfo");
    TWICE("capability", "capability 8.0");
    TWICE("reads", "reads outputs");
    TWICE("finite", "finite inputs");
#undef TWICE
    check_refused(LINES("operation softmax\n"), 2, "this block has a `operation` line already");
    check_refused(LINES("const four 3\nconst four 4\n"), 2,
                  "mine.cu:5:6: a constant has this name already");
    check_refused(LINES("const count 5\n"), 2, "'count' is a member of transfer's problem");
    check_refused(LINES("workspace 4\nworkspace 8\n"), 2, "mine.cu:5:10: this was said before");
}

TEST_CACHED(kernels_that_do_not_fit_their_lines_are_named) {
    check_refused(LINES("kernel move\ngrid 1\nblock 1\n"), 2,
                  "mine.cu:4:8: no kernel is called move; the image has: copy");
    check_refused(LINES(KERNEL "args a out\n"), 2,
                  "kernel copy takes 3 arguments, and its `args` line has 2");
    check_refused(LINES(KERNEL "args a out out\n"), 2,
                  "mine.cu:7:12: parameter 3 of kernel copy has 4 bytes, which is no pointer");
}

TEST_CACHED(a_failing_compiler_is_quoted) {
    check_refused(LINES(KERNEL "args a out count\n") "nonsense;\n", 2, "error");
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n") "nonsense;\n");
    struct call call = CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu");
    check_holds(call.err, compiler.kind == COMPILER_CLANG ? "mine.cu:13:" : "mine.cu(13)");
    if (compiler.kind != COMPILER_NVRTC)
        check_holds(call.err, "the command: ");
    call_free(&call);
}

TEST_CACHED(shapes_that_lines_cannot_serve_fail) {
    kernel_write("mine.cu",
                 LINES("kernel copy\ngrid count/(count-1)\nblock 64\nargs a out count\n"));
    check_call(CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu"), 1,
               "mine.cu:5:11: division by zero", NULL);
    kernel_write("mine.cu", LINES("kernel copy\ngrid pow(2,40)\nblock 64\nargs a out count\n"));
    check_call(CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu"), 1,
               "no GPU takes more than 2147483647", NULL);
    kernel_write("mine.cu", LINES("kernel copy\ngrid 1\nblock 4096\nargs a out count\n"));
    check_call(CALL_CACHED("run", "--case", "transfer/copy/f32/17", "--implementation", "mine",
                           "--add", "mine.cu", "--out", "run"),
               3, NULL, "needs 4096 threads along x and this GPU takes 1 to 1024");
}

TEST_CACHED(machine_code_for_another_gpu_is_refused) {
    kernel_write("mine.cubin", "\177ELF\2\1\1");
    kernel_write("mine.launch", "source mine.cubin\noperation transfer\n" KERNEL);
    struct call call = CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.launch");
    check_status(&call, 2);
    check_holds(call.err, "mine.cubin cannot be loaded on");
    check_holds(call.err, "runs PTX and no machine code");
    call_free(&call);
}

/* --- the cache -------------------------------------------------------------------------------- */

/* A slip of the pen makes no folders. */
TEST_CACHED(no_parent_of_the_cache_is_made) {
    char parent[PATH_MAX];
    kernel_write("mine.cu", LINES(KERNEL "args a out count\n"));
    snprintf(parent, sizeof parent, "%s/none", here.place.path);
    snprintf(cache, sizeof cache, "XDG_CACHE_HOME=%s/none/cache", here.place.path);
    struct call call = CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu");
    if (compiler.kind != COMPILER_NVRTC) {
        check_status(&call, 3);
        check_holds(call.err, "none/cache: No such file or directory");
    }
    call_free(&call);
    assert_int_equal(access(parent, F_OK), -1);
}

/* How many compiled images the cache has, and the path of the last of them. */
static int images_count(char *path, size_t size) {
    char folder[PATH_MAX];
    int count = 0;
    snprintf(folder, sizeof folder, "%s/cache/lockstep", here.place.path);
    DIR *list = opendir(folder);
    for (const struct dirent *entry; list && (entry = readdir(list));)
        if (strstr(entry->d_name, ".image")) {
            count++;
            snprintf(path, size, "%s/%s", folder, entry->d_name);
        }
    if (list)
        closedir(list);
    return count;
}

static void check_verifies(int status) {
    check_call(CALL_CACHED("verify", "--gpu", "emulated", "--add", "mine.cu"), status, NULL, NULL);
}

TEST_CACHED(the_cache_knows_what_it_was_made_of) {
    char image[2 * PATH_MAX];
    if (compiler.kind == COMPILER_NVRTC)
        skip(); /* it keeps nothing */
    kernel_write("value.h", "#define VALUE a[i]\n");
    kernel_write("mine.cu",
                 "/* lockstep\noperation transfer\nvariant copy\n" KERNEL "args a out count\n*/\n"
                 "#include \"value.h\"\n"
                 "extern \"C\" __global__ void copy(const float *a, float *out, int count) {\n"
                 "    const int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                 "    if (i < count) out[i] = VALUE;\n"
                 "}\n");
    check_verifies(0);
    check_verifies(0);
    assert_int_equal(images_count(image, sizeof image), 1);
    kernel_write("value.h", "#define VALUE a[i] + 1.0f\n"); /* what it includes */
    check_verifies(1);
    kernel_write("value.h", "#define VALUE a[i]\n");
    check_verifies(0);
    assert_int_equal(images_count(image, sizeof image), 1);
    assert_int_equal(truncate(image, 20), 0); /* what a crash may leave */
    check_verifies(0);
}

int main(void) {
    struct message message;
    if (compiler_find(&compiler, &message) != STATUS_OK) {
        print_message("skipped: %s\n", message.text);
        return 77;
    }
    return tests_run(NULL, NULL);
}
