/*
 * How fast the emulator's core is: naive and tiled GEMM from tests/data/ptx/core.ptx, with counters
 * and memory checks on, then with all checks. `make bench-emulator` runs it. CPU time and wall time
 * are both shown: on a machine that others use, only the first one tells what a core can do, and
 * the ratio of two threads to one only means something where two cores are free.
 */
#include "emulator/machine/machine.h"
#include "tests/support/a100.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { TURNS = 5, TEXT_LIMIT = 1 << 20 };

static const struct machine_properties properties = {
    .name = "benchmark", A100_LIMITS, .multiprocessors = 108, .memory_bytes = (size_t)1 << 30};

static double seconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct gemm {
    struct machine *machine;
    struct machine_module *module;
    unsigned size;
    uint64_t a, b, c;
};

struct result {
    double wall, cpu;
    uint64_t instructions;
};

static void complain(const char *what, const struct machine_diagnostic *diagnostic) {
    (void)fprintf(stderr, "bench-emulator: %s: %s\n", what, diagnostic->message);
}

static int load(struct gemm *gemm, const char *path) {
    struct machine_diagnostic diagnostic = {0};
    char *text = malloc(TEXT_LIMIT);
    FILE *file = fopen(path, "rb");
    if (!text || !file) {
        (void)fprintf(stderr, "bench-emulator: cannot open %s; run it from the repository's root\n",
                      path);
        free(text);
        if (file)
            (void)fclose(file);
        return -1;
    }
    const size_t length = fread(text, 1, TEXT_LIMIT, file);
    (void)fclose(file);
    const enum machine_status status =
        machine_load(gemm->machine, path, text, length, &gemm->module, &diagnostic);
    free(text);
    if (status != MACHINE_OK)
        complain("cannot load the kernels", &diagnostic);
    return status == MACHINE_OK ? 0 : -1;
}

static int fill(struct gemm *gemm) {
    const size_t count = (size_t)gemm->size * gemm->size, bytes = count * sizeof(float);
    float *values = malloc(bytes);
    uint64_t *const matrices[] = {&gemm->a, &gemm->b, &gemm->c};
    uint32_t seed = 1;
    enum machine_status status = values ? MACHINE_OK : MACHINE_OUT_OF_MEMORY;
    for (size_t k = 0; k < sizeof matrices / sizeof matrices[0] && status == MACHINE_OK; k++) {
        for (size_t n = 0; n < count; n++) {
            seed = seed * 1664525u + 1013904223u;
            values[n] = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
        }
        status = machine_allocate(gemm->machine, bytes, matrices[k]);
        if (status == MACHINE_OK)
            status = machine_write(gemm->machine, *matrices[k], values, bytes);
    }
    free(values);
    return status == MACHINE_OK ? 0 : -1;
}

static int run(struct gemm *gemm, const char *kernel, unsigned threads, struct result *result) {
    struct machine_options options = machine_options(gemm->machine);
    struct machine_diagnostic diagnostic;
    struct machine_counters counters;
    options.host_threads = threads;
    machine_set_options(gemm->machine, &options);
    struct {
        uint64_t a, b, c;
        uint32_t m, n, k;
    } arguments = {gemm->a, gemm->b, gemm->c, gemm->size, gemm->size, gemm->size};
    const struct machine_launch launch = {.function = machine_find_function(gemm->module, kernel),
                                          .grid = {gemm->size / 32, gemm->size / 32, 1},
                                          .block = {32, 32, 1},
                                          .parameters = &arguments,
                                          .parameter_bytes = sizeof arguments};
    const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (machine_launch(gemm->machine, &launch, &counters, &diagnostic) != MACHINE_OK) {
        complain("the launch failed", &diagnostic);
        return -1;
    }
    result->wall = seconds(CLOCK_MONOTONIC) - wall;
    result->cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    result->instructions = counters.warp_instructions;
    return 0;
}

/* The turns of one and two threads alternate, so that drift hits both alike; the best of each
 * counts. */
static int measure(struct gemm *gemm, const char *kernel, const char *checks) {
    struct result best[2] = {{.wall = 1e9, .cpu = 1e9}, {.wall = 1e9, .cpu = 1e9}};
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (unsigned threads = 1; threads <= 2; threads++) {
            struct result result;
            if (run(gemm, kernel, threads, &result) != 0)
                return -1;
            struct result *kept = &best[threads - 1];
            kept->wall = result.wall < kept->wall ? result.wall : kept->wall;
            kept->cpu = result.cpu < kept->cpu ? result.cpu : kept->cpu;
            kept->instructions = result.instructions;
        }
    }
    const double millions = (double)best[0].instructions * 1e-6;
    printf("%-11s %4u^3  %-6s checks  %7.2f M warp instructions  1 thread: %.3f s wall, %.3f s "
           "CPU, %5.1f M/s a "
           "core (CPU time)  "
           "2 threads: %.3f s wall, %.2fx\n",
           kernel, gemm->size, checks, millions, best[0].wall, best[0].cpu, millions / best[0].cpu,
           best[1].wall, best[0].wall / best[1].wall);
    return 0;
}

int main(int argc, char **argv) {
    static const char *const kernels[] = {"gemm_naive", "gemm_tiled"};
    struct gemm gemm = {.size = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) / 32 * 32 : 512};
    struct machine_options options;
    machine_options_default(&options);
    gemm.machine = machine_create(&properties, &options);
    int status =
        gemm.machine && gemm.size && load(&gemm, "tests/data/ptx/core.ptx") == 0 && fill(&gemm) == 0
            ? 0
            : 1;
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0] && status == 0; k++)
        status = measure(&gemm, kernels[k], "memory") == 0 ? 0 : 1;
    options.check_race = options.check_init = options.check_barrier = true;
    if (status == 0)
        machine_set_options(gemm.machine, &options);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0] && status == 0; k++)
        status = measure(&gemm, kernels[k], "all") == 0 ? 0 : 1;
    struct rusage usage;
    if (status == 0 && getrusage(RUSAGE_SELF, &usage) == 0) {
        size_t total, in_use;
        machine_memory_info(gemm.machine, &total, &in_use);
        printf("memory: %.1f MiB resident at most, %.1f MiB of device memory in use\n",
               (double)usage.ru_maxrss / 1024, (double)in_use / (1 << 20));
    }
    machine_destroy(gemm.machine);
    return status;
}
