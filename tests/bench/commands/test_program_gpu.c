/* The program as a whole beside a GPU: runs and trainings on the stand-ins for driver, cuBLAS and
 * NVML, everything that can be wrong with a GPU, and what the binary holds and does not link. */
#include "bench/files/results.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/staging.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAND_IN_MS_TENTHS = 15 }; /* what any batch takes on the stand-in, in tenths of a ms */

static struct temporary place;
static char output[1 << 16]; /* of the last call, both streams */

/* Runs the program with the libraries of `libraries` before the system's and one order for the
 * stand-ins; its exit status. */
static int call(const char *libraries, const char *order, const char *arguments) {
    char command[2 * PATH_MAX], folder[PATH_MAX];
    const char *program = getenv("LOCKSTEP");
    if (realpath(libraries, folder) == NULL)
        fail_msg("there is no folder %s", libraries);
    snprintf(command, sizeof command,
             "LD_LIBRARY_PATH='%s' LOCKSTEP_STAND_IN='%s' LOCKSTEP_STAND_IN_SILENT=1 "
             "CUDA_VISIBLE_DEVICES= %s %s 2>&1",
             folder, order, program ? program : "build/lockstep", arguments);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): the program under test */
    assert_non_null(pipe);
    size_t got = fread(output, 1, sizeof output - 1, pipe);
    output[got] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_call(int status, const char *libraries, const char *order,
                        const char *arguments) {
    int got = call(libraries, order, arguments);
    if (got != status)
        fail_msg("with '%s', `%s` exits with %d, not %d:\n%s", order, arguments, got, status,
                 output);
}

static void expect_words(const char *words) {
    if (strstr(output, words) == NULL)
        fail_msg("'%s' should stand in:\n%s", words, output);
}

/* `run` of one small product into the folder "run" of the test's place. The time is what lets a
 * first launch take half a second, as it may where something else runs. */
static const char *run_of(const char *implementations, const char *gpu) {
    static char arguments[1024];
    snprintf(arguments, sizeof arguments,
             "run --case gemm/nn/f32/48x48x48 --quick --max-time 0.3 --implementation %s --gpu %s "
             "--out %s",
             implementations, gpu, temporary_path(&place, "run"));
    return arguments;
}

static void run_remove(void) {
    char command[700];
    snprintf(command, sizeof command, "rm -r '%s/run'", place.path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static struct result *rows_read(size_t *count) {
    struct message message;
    void *rows = NULL;
    char path[600];
    snprintf(path, sizeof path, "%s/run/results.csv", place.path);
    if (csv_read(path, &result_format, &rows, count, NULL, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    return rows;
}

static const struct result *row_of(const struct result *rows, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].key.implementation, name) == 0)
            return &rows[i];
    fail_msg("there is no row of %s", name);
    return NULL;
}

/* The row that speedups are against: of one thread or of more, whichever was faster. */
static const struct result *row_of_base(const struct result *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (result_is_base(&rows[i]))
            return &rows[i];
    fail_msg("there is no base");
    return NULL;
}

/* The status of that implementation's row, and words of its reason. */
static void expect_row(const char *name, const char *status, const char *reason) {
    size_t count;
    struct result *rows = rows_read(&count);
    const struct result *row = row_of(rows, count, name);
    assert_string_equal(row->status, status);
    if (strstr(row->reason, reason) == NULL)
        fail_msg("'%s' should hold '%s'", row->reason, reason);
    free(rows);
}

/* --- a GPU that works ------------------------------------------------------------------------- */

static void check_environment(void) {
    char path[600];
    snprintf(path, sizeof path, "%s/run/environment.json", place.path);
    char *text = file_text(path);
    cJSON *object = cJSON_Parse(text);
    free(text);
    const cJSON *gpu = cJSON_GetObjectItem(object, "gpu");
    assert_string_equal(cJSON_GetObjectItem(gpu, "name")->valuestring, "Stand-in GPU 0");
    assert_string_equal(cJSON_GetObjectItem(gpu, "driver")->valuestring, "580.65.06");
    assert_true(cJSON_GetObjectItem(object, "throttled_samples_dropped")->valuedouble == 0.0);
    assert_int_equal(cJSON_HasObjectItem(object, "gpu_ceilings"), staging_has_kernels());
    cJSON_Delete(object);
}

TEST_IN_TEMPORARY(a_run_goes_from_end_to_end, &place) {
    size_t count;
    expect_call(0, STAND_IN_FOLDER, "", run_of("openblas,cublas", "auto"));
    struct result *rows = rows_read(&count);
    const struct result *gpu = row_of(rows, count, "cublas"), *cpu = row_of_base(rows, count);
    const double seconds = 1e-4 * STAND_IN_MS_TENTHS;
    assert_string_equal(gpu->status, "measured");
    assert_string_equal(gpu->verified, "yes");
    assert_string_equal(gpu->key.device, "gpu0");
    assert_true(fabs(gpu->median_s * (double)gpu->iterations - seconds) < 1e-9);
    assert_true(fabs(gpu->transfer_s - seconds) < 1e-9);
    assert_true(fabs(gpu->gflops * gpu->median_s * 1e9 / gpu->flops - 1.0) < 1e-6);
    assert_true(fabs(gpu->speedup * gpu->median_s / cpu->median_s - 1.0) < 1e-6);
    assert_true(gpu->speedup_with_transfer < gpu->speedup);
    assert_true(gpu->energy_j > 0.0); /* a joule between two looks */
    assert_true(isnan(gpu->limit_fraction) != staging_has_kernels());
    free(rows);
    expect_words("GPU against the fastest CPU implementation:");
    expect_words("gemm/nn/f32, hot:");
    check_environment();
}

/* A training by graphs into a folder of that name in the test's place. */
static const char *training_of(const char *folder) {
    static char arguments[1024];
    snprintf(arguments, sizeof arguments,
             "train --data synthetic --layers 6-5-4 --batch 1000 --epochs 2 --gpu 0 "
             "--implementation cublas-graph --out %s",
             temporary_path(&place, folder));
    return arguments;
}

TEST_IN_TEMPORARY(training_by_a_graph_goes_from_end_to_end, &place) {
    if (!staging_has_kernels())
        skip();
    expect_call(0, STAND_IN_FOLDER, "", training_of("whole"));
    expect_words("cublas-graph");
    expect_call(3, STAND_IN_FOLDER, "cuGraphLaunch=719", training_of("broken"));
    expect_words("cuGraphLaunch of");
    expect_words("CUDA_ERROR_LAUNCH_FAILED");
}

/* --- a GPU that does not ---------------------------------------------------------------------- */

/* A line says why, and the CPU's results are there. */
TEST_IN_TEMPORARY(without_a_gpu_the_cpu_is_measured, &place) {
    static const struct {
        const char *folder, *order, *why;
    } cases[] = {{STAND_IN_FOLDER, "devices=0", "no CUDA device"},
                 {STAND_IN_FOLDER, "cuInit=100", "CUDA_ERROR_NO_DEVICE"},
                 {STAND_IN_FOLDER, "version=11020", "offers CUDA 11.2 and 11.4 is needed"},
                 {STAND_IN_FOLDER "/old", "version=12000", "cannot be used"},
                 {NULL, "", "libcuda.so.1"}};
    temporary_write(&place, "libcuda.so.1", "this is no library\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *folder = cases[i].folder ? cases[i].folder : place.path;
        expect_call(0, folder, cases[i].order, run_of("openblas", "auto"));
        expect_words(cases[i].why);
        expect_row("openblas", "measured", "");
        expect_call(77, folder, cases[i].order, run_of("openblas", "0"));
        expect_words(cases[i].why);
        run_remove();
    }
    expect_call(77, STAND_IN_FOLDER, "", run_of("openblas", "7"));
}

static void library_link(const char *name, const char *target) {
    char path[PATH_MAX];
    if (realpath(target, path) == NULL)
        fail_msg("there is no %s", target);
    assert_int_equal(symlink(path, temporary_path(&place, name)), 0);
}

/* Of several cuBLAS the newest that the driver can run; the newer one here is a library of other
 * things. */
TEST_IN_TEMPORARY(an_older_driver_gets_a_cublas_of_its_own, &place) {
    library_link("libcuda.so.1", STAND_IN_CUDA);
    library_link("libcublas.so.12", STAND_IN_CUBLAS);
    library_link("libcublas.so.13", STAND_IN_NVML);
    expect_call(0, place.path, "version=12020", run_of("openblas,cublas", "0"));
    expect_row("cublas", "measured", "");
    run_remove();
    expect_call(0, place.path, "version=13000", run_of("openblas,cublas", "0"));
    expect_row("cublas", "skipped", "it has no cublasCreate_v2");
}

/* What fails is told in its row, the rest is measured, and the exit status says it. */
TEST_IN_TEMPORARY(failures_stay_in_their_rows, &place) {
    static const struct {
        const char *order, *status, *reason;
        int exit;
    } cases[] = {
        {"cublasGemmEx=13", "failed", "CUBLAS_STATUS_EXECUTION_FAILED", 1},
        {"memory=16", "skipped", "CUDA_ERROR_OUT_OF_MEMORY", 0}, /* cuBLAS asks for 32 MiB */
        {"throttle=64", "skipped", "hardware thermal slowdown", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_call(cases[i].exit, STAND_IN_FOLDER, cases[i].order, run_of("openblas,cublas", "0"));
        expect_row("cublas", cases[i].status, cases[i].reason);
        expect_row("openblas", "measured", "");
        run_remove();
    }
}

/* A launch that fails, and one after which the GPU refuses everything, while the ceilings are
 * measured: the GPU is reset, and its row has times and no ceiling. */
TEST_IN_TEMPORARY(a_gpu_lost_before_the_first_row_comes_back, &place) {
    static const char *const orders[] = {"cuLaunchKernel=701", "cuLaunchKernel=719"};
    if (!staging_has_kernels())
        skip();
    for (size_t i = 0; i < 2; i++) {
        size_t count;
        expect_call(0, STAND_IN_FOLDER, orders[i], run_of("openblas,cublas", "0"));
        expect_words("no ceilings of gpu0: cuLaunchKernel");
        struct result *rows = rows_read(&count);
        const struct result *gpu = row_of(rows, count, "cublas");
        assert_string_equal(gpu->status, "measured");
        assert_true(isnan(gpu->limit_fraction) && gpu->speedup > 0.0);
        free(rows);
        run_remove();
    }
}

/* --- the binary ------------------------------------------------------------------------------- */

TEST(no_cuda_library_is_linked) {
    static const char *const names[] = {"libcuda", "libcublas", "libnvidia", "libcudart",
                                        "libnvrtc"};
    char command[1024];
    const char *program = getenv("LOCKSTEP");
    snprintf(command, sizeof command, "ldd %s", program ? program : "build/lockstep");
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    expect_words("libc.so.6");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(output, names[i]) != NULL)
            fail_msg("the program links %s:\n%s", names[i], output);
}

/* A fatbin as nvcc writes it: a header of 16 bytes, then entries, each with a header of its own. */
struct fatbin_header {
    uint32_t magic;
    uint16_t version, header_size;
    uint64_t size; /* of the entries */
};

struct fatbin_entry {
    uint16_t kind, version; /* 1: PTX, 2: machine code */
    uint32_t header_size;
    uint64_t size; /* of what follows the header */
    uint32_t compressed_size, options_offset;
    uint16_t minor, major;
    uint32_t architecture;
};

/* The architecture of the image's first entry of a kind that is for at least `least`; 0: none. */
static unsigned image_find(const struct gpu_image *image, int kind, unsigned least) {
    struct fatbin_header header;
    const char *at = image->data;
    memcpy(&header, at, sizeof header);
    assert_int_equal(header.magic, 0xba55ed50u);
    const char *end = at + header.header_size + header.size;
    unsigned found = 0;
    for (at += header.header_size; at < end;) {
        struct fatbin_entry entry;
        memcpy(&entry, at, sizeof entry);
        if (entry.kind == kind && entry.architecture >= least &&
            (found == 0 || entry.architecture < found))
            found = entry.architecture;
        at += entry.header_size + entry.size;
    }
    return found;
}

/* PTX for architectures to come, and machine code for each that the build names, from the one on
 * that the kernel's PTX is for: some need more than the oldest has. What is for 9.0a runs on 9.0
 * alone (CUDA Programming Guide, architecture-specific features). */
TEST(each_image_holds_each_architecture) {
    size_t count;
    const struct gpu_image *images = kernels_images(&count);
    int checked = 0;
    if (strstr(kernels_built(), " sm_") == NULL) /* PTX alone, or nothing */
        skip();
    for (size_t i = 0; i < count; i++) {
        const unsigned oldest = image_find(&images[i], 1, 0);
        assert_in_range(oldest, 75, 90);
        for (const char *sm = strstr(kernels_built(), "sm_"); sm; sm = strstr(sm + 1, "sm_")) {
            const unsigned architecture = (unsigned)strtoul(sm + 3, NULL, 10);
            const bool runs = oldest == 90 ? architecture == 90 : architecture >= oldest;
            if (runs && image_find(&images[i], 2, architecture) != architecture)
                fail_msg("%s has no machine code for sm_%u", images[i].name, architecture);
            checked++;
        }
    }
    assert_true(count > 10 && checked >= (int)count);
}
