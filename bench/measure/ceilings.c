/* Measuring the ceilings. */
#include "bench/measure/ceilings.h"
#include "bench/devices/device.h"
#include "common/clock.h"
#include "common/floating.h"
#include "common/problem.h"
#include "common/random.h"
#include "reference/libraries.h"
#include "reference/peak.h"
#include "reference/simd/cpu.h"
#include "reference/simd/simd.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The best rate of repeated batches: a ceiling is what was reached once, not what is usual. Where
 * something else has the processors, batches take many times as long as they should, and one that
 * was left alone is worth waiting for. */
static double best_rate(double (*batch)(void *), void *argument, double seconds) {
    enum { BATCHES_LEAST = 20 };
    double best = 0.0, start = clock_seconds(), before = start;
    for (int i = 0; before - start < seconds || (i < BATCHES_LEAST && before - start < 5 * seconds);
         i++) {
        double work = batch(argument);
        double after = clock_seconds();
        double rate = work / (after - before);
        best = rate > best ? rate : best;
        before = after;
    }
    return best;
}

struct peak {
    enum peak_instruction instruction;
    int threads;
    int64_t repetitions;
};

static double peak_batch(void *argument) {
    const struct peak *peak = argument;
    return peak_flops(peak->instruction, peak->threads, peak->repetitions);
}

static double peak_measure(enum peak_instruction instruction, int threads, double seconds) {
    /* A batch of about a millisecond: long enough for the clock, short enough to miss
     * interruptions. */
    struct peak peak = {.instruction = instruction, .threads = threads, .repetitions = 1000};
    for (double took = 0.0; took < 1e-3; peak.repetitions *= 2) {
        double start = clock_seconds();
        peak_batch(&peak);
        took = clock_seconds() - start;
    }
    return best_rate(peak_batch, &peak, seconds);
}

/* One measurement an instruction; what dtypes share, they share. */
static void peaks_measure(struct ceilings *ceilings, double seconds) {
    double measured[PEAK_UNKNOWN + 1] = {0};
    for (int d = 0; d < DTYPES; d++) {
        enum peak_instruction instruction = peak_instruction_of((enum dtype)d);
        if (instruction != PEAK_UNKNOWN && measured[instruction] == 0.0)
            measured[instruction] = peak_measure(instruction, ceilings->threads, seconds);
        ceilings->flops_per_second[d] = measured[instruction];
    }
}

struct triad {
    struct transfer_problem problem;
    struct execution execution;
    transfer_kernel *kernel;
    int64_t repetitions;
};

static double triad_batch(void *argument) {
    struct triad *triad = argument;
    for (int64_t i = 0; i < triad->repetitions; i++)
        if (triad->kernel(&triad->problem, &triad->execution) != STATUS_OK)
            return 0.0;
    return 12.0 * (double)triad->problem.count * (double)triad->repetitions;
}

/* The better of both kinds of store over one working set. */
static enum status level_measure(struct ceiling_level *level, int threads, double seconds,
                                 struct message *message) {
    static transfer_kernel *const kernels[] = {transfer_plain, transfer_simd};
    int64_t count = (int64_t)(level->working_set / 12.0) / 64 * 64;
    float *block = aligned_alloc(4096, ((size_t)count * 12 + 4095) / 4096 * 4096);
    if (!block)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a triad over %.0f bytes",
                           level->working_set);
    random_fill(block, 3 * count, 1, 1, -1.0f, 1.0f);
    level->bytes_per_second = 0.0;
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        struct triad triad = {.problem = {.variant = TRANSFER_TRIAD,
                                          .count = count,
                                          .a = block,
                                          .b = block + count,
                                          .scale = 0.5f,
                                          .out = block + 2 * count},
                              .execution = {.threads = threads, .message = message},
                              .kernel = kernels[i],
                              .repetitions = 1 + (int64_t)(4e6 / level->working_set)};
        double rate = best_rate(triad_batch, &triad, seconds);
        if (rate > level->bytes_per_second)
            level->bytes_per_second = rate;
    }
    free(block);
    return STATUS_OK;
}

static double cache_size(int name, double otherwise) {
    long bytes = sysconf(name);
    return bytes > 0 ? (double)bytes : otherwise;
}

/* No more than half of what there is: a machine or a cgroup with less memory than a working set
 * should have has no case of that size either. */
static enum status working_sets_bound(struct ceilings *ceilings, struct device *cpu,
                                      struct message *message) {
    size_t available, total;
    enum status status = cpu->memory(cpu, &available, &total, message);
    for (int i = 0; i < CEILING_LEVELS && status == STATUS_OK; i++)
        if (ceilings->levels[i].working_set > 0.5 * (double)available)
            ceilings->levels[i].working_set = 0.5 * (double)available;
    return status;
}

enum status ceilings_measure(struct device *cpu, int threads, bool quick, struct ceilings *ceilings,
                             struct message *message) {
    double l1 = cache_size(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
    double l2 = cache_size(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    double l3 = (double)cpu_read_last_level_cache();
    double beyond = 4.0 * l3 < 256e6 ? 4.0 * l3 : 256e6;
    *ceilings = (struct ceilings){.threads = threads,
                                  .levels = {{.working_set = 0.5 * l1 * threads},
                                             {.working_set = 0.5 * l2 * threads},
                                             {.working_set = 0.5 * l3},
                                             {.working_set = beyond > l3 ? beyond : 2.0 * l3}}};
    enum status status = working_sets_bound(ceilings, cpu, message);
    cpu_threads_set(threads);
    floating_flush_denormals(true);
    double seconds = quick ? 0.04 : 0.15;
    peaks_measure(ceilings, seconds);
    for (int i = 0; i < CEILING_LEVELS && status == STATUS_OK; i++)
        status = level_measure(&ceilings->levels[i], threads, seconds, message);
    floating_flush_denormals(false);
    return status;
}

/* Whether the rate was clearly lower. Where one thread has all the bandwidth there is, both are
 * alike but for noise. */
static bool rate_raise(double *all, double one) {
    const double alike = 0.95;
    bool doubtful = *all < alike * one;
    *all = fmax(*all, one);
    return doubtful;
}

void ceilings_raise(struct ceilings *all, const struct ceilings *one) {
    for (int d = 0; d < DTYPES; d++)
        all->peak_doubtful[d] = rate_raise(&all->flops_per_second[d], one->flops_per_second[d]);
    for (int i = 0; i < CEILING_LEVELS; i++)
        all->level_doubtful[i] =
            rate_raise(&all->levels[i].bytes_per_second, one->levels[i].bytes_per_second);
}

void ceilings_describe_doubt(const struct ceilings *ceilings, char *text, size_t size) {
    static const char *const names[CEILING_LEVELS] = {"L1", "L2", "L3", "memory"};
    bool peak = false, level = false;
    for (int d = 0; d < DTYPES; d++)
        peak |= ceilings->peak_doubtful[d];
    snprintf(text, size, "%s", peak ? "the peak" : "");
    for (int i = 0; i < CEILING_LEVELS; i++) {
        size_t used = strlen(text);
        if (ceilings->level_doubtful[i])
            snprintf(text + used, size - used, "%s%s %s", used ? ", " : "",
                     level ? "of" : "the bandwidth of", names[i]);
        level |= ceilings->level_doubtful[i];
    }
}

struct ceilings_limit ceilings_limit(const struct ceilings *ceilings, enum dtype dtype,
                                     double flops, double bytes, double working_set, bool cold) {
    if (!(ceilings->flops_per_second[dtype] > 0.0))
        return (struct ceilings_limit){.seconds = (double)NAN};
    int level = 0;
    while (level < CEILING_LEVELS - 1 &&
           (cold || ceilings->levels[level].working_set < working_set))
        level++;
    double compute = flops / ceilings->flops_per_second[dtype];
    double traffic = bytes / ceilings->levels[level].bytes_per_second;
    return compute > traffic ? (struct ceilings_limit){compute, ceilings->peak_doubtful[dtype]}
                             : (struct ceilings_limit){traffic, ceilings->level_doubtful[level]};
}
