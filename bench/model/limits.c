#include "bench/model/limits.h"

#include "bench/model/requirements.h"
#include "bench/model/residence.h"
#include "bench/model/waiting.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct model_gpu model_gpus[] = {
#define GPU(id, title, multiprocessors, clock, issue, fma, alu, lsu, shared, cache, tensor,        \
            memory, family, ...)                                                                   \
    {#id, title,  multiprocessors, clock,  issue,  fma,     alu,                                   \
     lsu, shared, cache,           tensor, memory, #family, __VA_ARGS__},
#include "bench/model/gpus.def"
#undef GPU
};
const int model_gpu_count = sizeof model_gpus / sizeof model_gpus[0];

const struct model_gpu *model_gpu_find(const char *name) {
    for (int i = 0; i < model_gpu_count; i++)
        if (strcmp(model_gpus[i].name, name) == 0)
            return &model_gpus[i];
    return NULL;
}

const char *limit_unit_name(enum limit_unit unit) {
    static const char *const names[LIMIT_UNITS] = {[LIMIT_ISSUE] = "issue",
                                                   [LIMIT_FMA] = "FMA",
                                                   [LIMIT_ALU] = "other ALU",
                                                   [LIMIT_TENSOR] = "tensor",
                                                   [LIMIT_LSU] = "load/store",
                                                   [LIMIT_CACHE] = "L1",
                                                   [LIMIT_SHARED] = "shared memory",
                                                   [LIMIT_L2] = "L2",
                                                   [LIMIT_DRAM] = "DRAM",
                                                   [LIMIT_LATENCY] = "latency",
                                                   [LIMIT_BARRIERS] = "barriers",
                                                   [LIMIT_LAUNCH] = "launch"};
    return names[unit];
}

enum { LANES = 32, SECTOR_BYTES = 32, WAVEFRONT_BYTES = 128 };

/* One mma.m16n8k16 of f16 or bf16 is 4,096 flops, one m16n8k8 of tf32 half of them at half the
 * rate: both take a unit the same clocks. */
static const double mma_flops = 2.0 * 16 * 8 * 16;

/* The count of `mma` and `wmma.mma` says no shape; `wgmma` and `tcgen05` have many sizes and count
 * their multiply-adds. */
static double tensor_flops(const struct counters_row *row) {
    const int64_t fixed_size = row->tensor_warp_instructions - row->wgmma_warp_instructions;
    return mma_flops * (double)fixed_size +
           2.0 * (double)(row->wgmma_multiply_adds + row->tcgen05_multiply_adds);
}

/* Clocks of one multiprocessor that did all of the row's work. */
static void clocks_count(const struct counters_row *row, const struct model_gpu *gpu,
                         double clocks[LIMIT_UNITS]) {
    double requests = (double)(row->global_load_requests + row->global_store_requests +
                               row->global_atomic_requests + row->local_load_requests +
                               row->local_store_requests + row->shared_load_requests +
                               row->shared_store_requests + row->shared_atomic_requests);
    double sectors =
        (double)(row->global_load_sectors + row->global_store_sectors + row->global_atomic_sectors);
    clocks[LIMIT_ISSUE] = (double)row->machine_instructions / gpu->issue;
    clocks[LIMIT_FMA] = (double)row->fma_warp_instructions / gpu->fma;
    const double others = (double)row->machine_instructions - (double)row->fma_warp_instructions -
                          (double)row->tensor_warp_instructions - (double)row->barriers - requests;
    clocks[LIMIT_ALU] = others > 0 ? others / gpu->alu : 0;
    clocks[LIMIT_TENSOR] = tensor_flops(row) / gpu->tensor;
    clocks[LIMIT_LSU] = LANES * requests / gpu->lsu;
    clocks[LIMIT_CACHE] = SECTOR_BYTES * sectors / gpu->cache;
    clocks[LIMIT_SHARED] = WAVEFRONT_BYTES * (double)row->shared_wavefronts / gpu->shared;
}

/* The clocks that DRAM takes while all multiprocessors run. A launch leaves some of what it stores
 * in the second-level cache, from which the next ones drive it. */
static double dram_clocks(const struct counters_row *row, const struct model_gpu *gpu) {
    const double bytes_a_clock = 1e9 * gpu->memory / (1e6 * gpu->clock_mhz);
    const double counted = (double)(row->dram_read_bytes + row->dram_write_bytes);
    return fmax((double)row->bytes_touched, row->l2_sectors > 0 ? counted : 0) / bytes_a_clock;
}

static double l2_clocks(const struct counters_row *row, const struct model_gpu *gpu) {
    const int64_t requested =
        row->global_load_sectors + row->global_store_sectors + row->global_atomic_sectors;
    return SECTOR_BYTES * (double)(row->l2_sectors > 0 ? row->l2_sectors : requested) /
           gpu->l2_bytes;
}

static void waiting_clocks(const struct counters_row *row, const struct model_gpu *gpu,
                           struct limits *limits) {
    const struct waiting waiting = waiting_find(row, gpu, limits);
    limits->clocks[LIMIT_LATENCY] = waiting.latency;
    limits->clocks[LIMIT_BARRIERS] = waiting.barriers;
    limits->clocks[LIMIT_LAUNCH] = waiting.launch;
}

static void shares_find(struct limits *limits) {
    for (int unit = 0; unit < LIMIT_UNITS; unit++)
        if (limits->clocks[unit] > limits->clocks[limits->busiest] &&
            (unit != LIMIT_L2 || limits->has_caches))
            limits->busiest = (enum limit_unit)unit;
    for (int unit = 0; unit < LIMIT_UNITS; unit++)
        limits->share[unit] = fmin(1, limits->clocks[unit] / limits->clocks[limits->busiest]);
}

static enum status blocks_read(const struct counters_row *row, int64_t *blocks,
                               struct message *message) {
    int x, y, z;
    char rest;
    /* NOLINTNEXTLINE(cert-err34-c): three numbers and nothing else are wanted */
    if (sscanf(row->grid, "%dx%dx%d%c", &x, &y, &z, &rest) != 3 || x < 1 || y < 1 || z < 1 ||
        row->launches < 1 || row->warp_instructions < 1)
        return message_set(message, STATUS_INVALID,
                           "%s: a grid of '%s', %lld launches and %lld instructions are no launch",
                           row->kernel, row->grid, (long long)row->launches,
                           (long long)row->warp_instructions);
    if (row->machine_instructions == CSV_ABSENT)
        return message_set(message, STATUS_INVALID,
                           "%s was counted by an older version of lockstep, without its machine "
                           "instructions; run the case again to count them",
                           row->kernel);
    *blocks = (int64_t)x * y * z;
    return STATUS_OK;
}

enum status limits_find(const struct counters_row *row, const struct model_gpu *gpu,
                        struct limits *limits, struct message *message) {
    *limits = (struct limits){.busiest = LIMIT_ISSUE};
    enum status status = blocks_read(row, &limits->blocks, message);
    if (status == STATUS_OK)
        status = requirements_check(row, gpu, message);
    if (status != STATUS_OK)
        return status;
    const int64_t most = (limits->blocks + gpu->multiprocessors - 1) / gpu->multiprocessors;
    const int64_t idle = gpu->multiprocessors - limits->blocks;
    limits->blocks_most = most;
    limits->idle = idle > 0 ? (int)idle : 0;
    limits->filled = (double)limits->blocks / ((double)most * gpu->multiprocessors);
    double *const clocks = limits->clocks;
    clocks_count(row, gpu, clocks);
    /* The launch is over when the multiprocessor with most blocks is done. */
    for (int unit = 0; unit < LIMIT_L2; unit++)
        clocks[unit] *= (double)most / (double)limits->blocks;
    limits->has_caches = row->l2_sectors > 0;
    limits->residence = residence_find(row, gpu);
    limits->waves =
        (double)limits->blocks / ((double)limits->residence.blocks * gpu->multiprocessors);
    clocks[LIMIT_L2] = l2_clocks(row, gpu);
    clocks[LIMIT_DRAM] = dram_clocks(row, gpu);
    waiting_clocks(row, gpu, limits);
    shares_find(limits);
    return STATUS_OK;
}
