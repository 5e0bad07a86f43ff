/* Failing driver calls: whichever call fails, with whatever error, once or for good, the program
 * ends soon, names call and error, ends with a status that says so, and keeps no row that a run
 * without the fault would not have.
 *
 * All 3,600 take minutes: `make test-faults`. Otherwise every LOCKSTEP_FAULTS-th is tried. */
#include "gpu/cuda_api.h"
#include "kernels/kernels.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The calls that can be hit, and those of them that open the GPU. */
enum { CALLS = 300, CALLS_OPENING = 29 };
enum { SECONDS_MOST = 60, VARIABLES = 10, JOBS_MAX = 64, STRIDE_USUAL = 53 };

/* What is called: each makes more than CALLS calls of the driver. */
struct command {
    const char *arguments[16];
    const char *checks; /* of the emulated GPU */
    bool real;          /* on the stand-in, as on a real GPU with times */
    const char *files[2];
};

static char data[512]; /* the folder of images to train on */

static const struct command commands[] = {
    {.arguments = {"run", "gemm", "mse", "--shape", "16x16x16,3x5", "--case", "*/f32/*", "--gpu",
                   "emulated", "--quick", "--out", "r"},
     .checks = "memory",
     .files = {"r/results.csv", "r/counters.csv"}},
    {.arguments = {"run", "softmax", "--shape", "8x16", "--case", "*/f32/*", "--gpu", "emulated",
                   "--quick", "--out", "r"},
     .checks = "all",
     .files = {"r/results.csv", "r/counters.csv"}},
    {.arguments = {"verify", "column_sums", "--implementation", "cuda-naive", "--gpu", "emulated"},
     .checks = "memory"},
    {.arguments = {"train", "--data", data, "--layers", "16-8-10", "--batch", "4", "--epochs", "2",
                   "--implementation", "cuda-tiled", "--gpu", "emulated", "--out", "t"},
     .checks = "memory"},
    {.arguments = {"tune", "32x32x32", "--variant", "nn", "--max-time", "0.02", "--gpu", "0",
                   "--out", "t.csv"},
     .checks = "memory",
     .real = true,
     .files = {"t.csv"}},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* The errors: of arguments, of memory, of the device, of kernels, and one that no table names. */
static const struct {
    int number;
    const char *name;
} errors[] = {
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
    {CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
    {CUDA_ERROR_ECC_UNCORRECTABLE, "CUDA_ERROR_ECC_UNCORRECTABLE"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN"},
    {12345, "CUDA error 12345"},
};
enum { ERRORS = sizeof errors / sizeof errors[0], FAULTS = CALLS * ERRORS };

enum { ONCE, EVER, STICKY, MODES };
static const char *const modes[MODES] = {[ONCE] = "once", [EVER] = "ever", [STICKY] = "sticky"};

/* --- one call --------------------------------------------------------------------------------- */

/* A fault, and what became of the call that it hit. `number` 0: none is to come. */
struct trial {
    const struct command *command;
    int number, error, mode;
    struct calling place;
    struct call call;
    char variables[VARIABLES][PATH_MAX + 64];
    struct timespec begun;
    char hit[64]; /* the function; "none" */
    long calls;
};

static struct trial trial_of(int index) {
    return (struct trial){.command = &commands[index % COMMANDS],
                          .number = 1 + index / ERRORS,
                          .error = index % ERRORS,
                          .mode = (index / ERRORS + index % ERRORS) % MODES};
}

static void path_find(const char *path, char found[PATH_MAX]) {
    if (realpath(path, found) == NULL)
        fail_msg("there is no %s", path);
}

static void variables_fill(struct trial *t) {
    char folder[PATH_MAX], driver[PATH_MAX];
    const char *emulator = getenv("LOCKSTEP_EMULATOR_LIBRARY");
    path_find(t->command->real ? STAND_IN_FOLDER "/faulty/real" : STAND_IN_FOLDER "/faulty",
              folder);
    path_find(t->command->real ? STAND_IN_FOLDER "/libcuda.so.1" : emulator, driver);
    const size_t bytes = sizeof t->variables[0];
    snprintf(t->variables[0], bytes, "LOCKSTEP_FAULT=%d=%d=%s", t->number, errors[t->error].number,
             modes[t->mode]);
    snprintf(t->variables[1], bytes, "LOCKSTEP_FAULT_LOG=fault.txt");
    snprintf(t->variables[2], bytes, "LOCKSTEP_FAULT_DRIVER=%s", driver);
    snprintf(t->variables[3], bytes, "LOCKSTEP_EMULATOR_LIBRARY=%s/libcuda.so.1", folder);
    snprintf(t->variables[4], bytes, "LD_LIBRARY_PATH=%s", folder);
    snprintf(t->variables[5], bytes, "LOCKSTEP_STAND_IN_SILENT=1");
    snprintf(t->variables[6], bytes, "LOCKSTEP_EMULATOR=threads=1;check=%s", t->command->checks);
    snprintf(t->variables[7], bytes, "OMP_NUM_THREADS=1");
    snprintf(t->variables[8], bytes, "PATH=/nonexistent"); /* no gnuplot: half a second */
    /* What a release that was told to fail leaves behind is no leak of the program's. */
    snprintf(t->variables[9], bytes, "ASAN_OPTIONS=detect_leaks=0");
}

static void trial_start(struct trial *t) {
    const char *variables[VARIABLES + 1] = {NULL};
    calling_open(&t->place);
    variables_fill(t);
    for (int i = 0; i < VARIABLES; i++)
        variables[i] = t->variables[i];
    clock_gettime(CLOCK_MONOTONIC, &t->begun);
    t->call = call_start(&t->place, t->command->arguments,
                         &(struct call_limits){.seconds = SECONDS_MOST, .variables = variables});
}

/* Waits; the seconds that it took. */
static double trial_wait(struct trial *t) {
    struct timespec ended;
    call_wait(&t->place, &t->call);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    char *log = temporary_text(&t->place.place, "fault.txt");
    if (log == NULL || sscanf(log, "%63s %ld", t->hit, &t->calls) != 2)
        snprintf(t->hit, sizeof t->hit, "none");
    free(log);
    return (double)(ended.tv_sec - t->begun.tv_sec) +
           1e-9 * (double)(ended.tv_nsec - t->begun.tv_nsec);
}

static void trial_close(struct trial *t) {
    call_free(&t->call);
    calling_close(&t->place);
}

static void trial_fail(const struct trial *t, const char *what) {
    fail_msg("`%s %s`: call %d (%s) gives %s %s: %s; exit status %d\n%s%s",
             t->command->arguments[0], t->command->arguments[1], t->number, t->hit,
             errors[t->error].name, modes[t->mode], what, t->call.status, t->call.out, t->call.err);
}

/* --- what is expected ------------------------------------------------------------------------- */

static char *files_before[COMMANDS][2]; /* of a call without a fault */

/* Whether the words stand in what was printed or in a file. */
static bool is_told(struct trial *t, const char *words) {
    bool told = strstr(t->call.out, words) || strstr(t->call.err, words);
    for (int i = 0; i < 2 && t->command->files[i] && !told; i++) {
        char *text = temporary_text(&t->place.place, t->command->files[i]);
        told = text && strstr(text, words);
        free(text);
    }
    return told;
}

/* The function as messages name it: without the version of its interface. Where more calls fail
 * than one, another may be told: a release that fails is told only where nothing else is. */
static bool is_named(struct trial *t) {
    char call[sizeof t->hit];
    snprintf(call, sizeof call, "%s", t->hit);
    char *version = strstr(call, "_v2");
    if (version)
        *version = '\0';
    return (t->mode != ONCE || is_told(t, call)) && is_told(t, errors[t->error].name);
}

/* Where the driver asks for memory that it has not, a smaller shape helps and a row is skipped. */
static bool is_allocation(const char *function) {
    static const char *const allocating[] = {"cuMemAlloc_v2", "cuMemHostAlloc", "cuLaunchKernel",
                                             "cuModuleLoadDataEx", "cuModuleGetFunction"};
    for (size_t i = 0; i < sizeof allocating / sizeof allocating[0]; i++)
        if (strcmp(function, allocating[i]) == 0)
            return true;
    return false;
}

static bool status_fits(const struct trial *t) {
    const int error = errors[t->error].number, status = t->call.status;
    const bool no_gpu = t->number <= CALLS_OPENING &&
                        (error == CUDA_ERROR_NO_DEVICE || error == CUDA_ERROR_DEVICE_UNAVAILABLE);
    const bool skips = error == CUDA_ERROR_OUT_OF_MEMORY && is_allocation(t->hit);
    return status == 1 || status == 3 || (status == 77 && no_gpu) || (status == 0 && skips);
}

/* Every row that holds a result is one of the call without a fault: emulated rows are the same to
 * the last digit. */
static void check_rows(struct trial *t) {
    for (int f = 0; f < 2 && t->command->files[f] && !t->command->real; f++) {
        char *text = temporary_text(&t->place.place, t->command->files[f]);
        const char *before = files_before[t->command - commands][f];
        char *rest = text;
        for (char *line; text && (line = strsep(&rest, "\n")) != NULL && rest;) {
            bool holds = f == 1 || strstr(line, ",emulated,0,hot,emulated,");
            if (holds && !strstr(before, line))
                trial_fail(t, line);
        }
        free(text);
    }
}

struct figures {
    size_t tried, reached, statuses[256];
    double slowest;
};

static void trial_judge(struct trial *t, double seconds, struct figures *figures) {
    /* The emulated GPU has no time, and says so in these words itself. */
    const bool usual = !t->command->real && errors[t->error].number == CUDA_ERROR_NOT_SUPPORTED &&
                       strcmp(t->hit, "cuEventElapsedTime") == 0;
    figures->tried++;
    figures->slowest = seconds > figures->slowest ? seconds : figures->slowest;
    if (t->call.status >= 256)
        trial_fail(t, t->call.status == 256 + SIGALRM ? "it hangs" : "a signal ended it");
    if (strcmp(t->hit, "none") == 0 || usual) {
        if (t->call.status != 0)
            trial_fail(t, "nothing failed");
    } else {
        figures->reached++;
        if (!status_fits(t))
            trial_fail(t, "the exit status does not say so");
        if (!is_named(t))
            trial_fail(t, "nothing names call and error");
    }
    figures->statuses[t->call.status]++;
    check_rows(t);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* A few images of 4 x 4, as MNIST's files are. */
static void images_write(struct temporary *place) {
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    enum { IMAGES = 24, PIXELS = 16 };
    for (int i = 0; i < 4; i++) {
        const bool labels = i % 2 == 1;
        unsigned char bytes[16 + IMAGES * PIXELS] = {
            0, 0, 8, labels ? 1 : 3, 0, 0, 0, IMAGES, 0, 0, 0, 4, 0, 0, 0, 4};
        const size_t header = labels ? 8 : 16, values = labels ? IMAGES : IMAGES * PIXELS;
        for (size_t v = 0; v < values; v++)
            bytes[header + v] = (unsigned char)(labels ? v % 10 : 37 * v);
        file_write(temporary_path(place, names[i]), bytes, header + values);
    }
    snprintf(data, sizeof data, "%s", place->path);
}

/* Without a fault everything is right, and there are enough calls for one to hit. */
static void before_try(int command) {
    struct trial t = {.command = &commands[command]};
    trial_start(&t);
    (void)trial_wait(&t);
    if (t.call.status != 0 || t.calls < CALLS)
        trial_fail(&t, "without a fault");
    for (int f = 0; f < 2 && t.command->files[f]; f++)
        files_before[command][f] = temporary_text(&t.place.place, t.command->files[f]);
    trial_close(&t);
}

static void faults_try(int stride, struct figures *figures) {
    static struct trial trials[JOBS_MAX];
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const int jobs = processors < JOBS_MAX ? (int)processors : JOBS_MAX;
    for (int next = 0; next < FAULTS;) {
        int running = 0;
        for (; running < jobs && next < FAULTS; next += stride) {
            trials[running] = trial_of(next);
            trial_start(&trials[running++]);
        }
        for (int i = 0; i < running; i++) {
            trial_judge(&trials[i], trial_wait(&trials[i]), figures);
            trial_close(&trials[i]);
        }
    }
}

TEST(every_failing_call_is_named) {
    const char *named = getenv("LOCKSTEP_FAULTS");
    const int stride = named ? atoi(named) : STRIDE_USUAL;
    struct temporary images;
    struct figures figures = {0};
    size_t built = 0;
    (void)kernels_images(&built);
    if (built == 0 || stride < 1)
        skip();
    temporary_open(&images);
    images_write(&images);
    for (int c = 0; c < COMMANDS; c++)
        before_try(c);
    faults_try(stride, &figures);
    print_message("%zu faults, %zu reached: exit status 0 %zu times, 1 %zu, 3 %zu, 77 %zu; the "
                  "slowest took %.1f s\n",
                  figures.tried, figures.reached, figures.statuses[0], figures.statuses[1],
                  figures.statuses[3], figures.statuses[77], figures.slowest);
    for (int c = 0; c < COMMANDS; c++)
        for (int f = 0; f < 2; f++)
            free(files_before[c][f]);
    temporary_close(&images);
}
