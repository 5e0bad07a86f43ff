#include "bench/model/predict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct family {
    const char *name;
    double issue, request, line, wavefront, l2, dram;
    double start, latency, load, barrier, instruction, launch;
};

static const struct family families[] = {
#define MODEL_EXPONENT(value)
#define MODEL_SPREAD(memory, others)
#define FAMILY(name, ...) {#name, __VA_ARGS__},
#include "bench/model/families.def"
#undef MODEL_EXPONENT
#undef MODEL_SPREAD
#undef FAMILY
};
enum { FAMILIES = sizeof families / sizeof families[0] };

#define MODEL_EXPONENT(value) static const double exponent = (value);
#define MODEL_SPREAD(memory, others)                                                               \
    static const double memory_spread = (memory), other_spread = (others);
#define FAMILY(...)
#include "bench/model/families.def"
#undef MODEL_EXPONENT
#undef MODEL_SPREAD
#undef FAMILY

static const struct family *family_find(const char *name) {
    for (int i = 0; i < FAMILIES; i++)
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    return NULL;
}

const char *model_family_find(const char *name) {
    const struct family *family = family_find(name);
    return family ? family->name : NULL;
}

const char *model_family_names(void) {
    static const char names[] =
#define MODEL_EXPONENT(value)
#define MODEL_SPREAD(memory, others)
#define FAMILY(name, ...) ", " #name
#include "bench/model/families.def"
#undef MODEL_EXPONENT
#undef MODEL_SPREAD
#undef FAMILY
        ;
    return names + 2;
}

/* ---- What the constants are multiplied with ---- */

enum { SECTOR_BYTES = 32, LINE_BYTES = 128, LANES = 32, WORD_SECTORS = 4 };
/* Of what DRAM moves, where error correction lies in the data's own memory: a ninth access for
 * eight. */
static const double ecc_share = 8.0 / 9;
/* A store keeps a slice of the second-level cache busy as long as two loads. */
static const double store_weight = 2;

/* Of one launch. */
struct demand {
    double issue, fma, tensor, request, wavefront, line; /* clocks of the fullest multiprocessor */
    double l2;                                           /* clocks of the second-level cache */
    double dram_us;
    double rounds;                     /* sets of resident blocks, one after another */
    double load, barrier, instruction; /* of one warp */
};

/* The part of what is read again that a cache of that size no longer has. */
static double part_gone(double bytes, double cache) {
    const double ratio = pow(bytes / cache, 4);
    return ratio / (1 + ratio);
}

/* Blocks that a multiprocessor holds at once: as many warps as on the GPU that was emulated, if it
 * has room for them. */
static double blocks_resident(const struct counters_row *row, const struct model_gpu *counted,
                              const struct model_gpu *gpu, double threads) {
    const double warps = fmin(row->occupancy * counted->warps, gpu->warps);
    const double most = gpu->warps > 48 ? 32 : 16;
    return fmax(1, fmin(most, floor(warps * LANES / threads + 1e-6)));
}

/* Lines that the first-level cache looks up, a request each at least. Sectors beyond those that
 * lanes side by side would touch lie, for the most part, in lines of their own. */
static double lines_estimate(const struct counters_row *row) {
    const double requests = (double)(row->global_load_requests + row->global_store_requests +
                                     row->global_atomic_requests);
    const double bulk = (double)(row->bulk_load_bytes + row->bulk_store_bytes) / SECTOR_BYTES;
    const double sectors =
        (double)(row->global_load_sectors + row->global_store_sectors + row->global_atomic_sectors);
    const double side_by_side = WORD_SECTORS * (requests + (double)row->global_requests_64 +
                                                3 * (double)row->global_requests_128);
    const double local = (double)(row->local_load_requests + row->local_store_requests);
    return fmax(requests, sectors / WORD_SECTORS) + 0.75 * fmax(0, sectors - bulk - side_by_side) +
           local;
}

struct traffic {
    double l2, dram; /* bytes of a launch; stores count by their weight in `l2` */
};

/* Stores go to the second-level cache, and so does what is read first. What a block reads again,
 * the caches have as long as the bytes of the resident blocks fit them. What other blocks read too,
 * they read at about the same time: the second-level cache has it. */
static struct traffic traffic_estimate(const struct counters_row *row, const struct model_gpu *gpu,
                                       double resident, double blocks) {
    const double launches = (double)row->launches;
    const double touched = (double)row->bytes_touched / launches;
    const double loads = SECTOR_BYTES * (double)row->global_load_sectors / launches;
    const double stores =
        SECTOR_BYTES * (double)(row->global_store_sectors + row->global_atomic_sectors) / launches;
    const double first = fmin(loads, fmax(touched - stores, touched / 2));
    const double shared = fmax(0, blocks * (double)row->block_bytes_touched - touched);
    const double kept = resident * touched / blocks;
    const double gone = part_gone(kept, 512 * gpu->l1);
    const double l2 = 1048576 * gpu->l2;
    return (struct traffic){store_weight * stores + first + (loads - first) * gone,
                            touched * part_gone(touched, l2) +
                                fmax(0, loads - first - shared) * gone *
                                    part_gone(kept * gpu->multiprocessors, l2)};
}

static double data_share(const struct model_gpu *gpu) {
    return gpu->ecc > 0 ? ecc_share : 1;
}

/* As the caches of this very GPU were simulated, error correction too. Launches are repeated, so
 * what fits is there. */
static struct traffic traffic_counted(const struct counters_row *row, const struct model_gpu *gpu) {
    const double launches = (double)row->launches;
    const double touched = (double)row->bytes_touched / launches;
    const double once = touched / data_share(gpu);
    const double stores =
        SECTOR_BYTES * (double)(row->global_store_sectors + row->global_atomic_sectors) / launches;
    const double moved = (double)(row->dram_read_bytes + row->dram_write_bytes) / launches;
    return (struct traffic){SECTOR_BYTES * (double)row->l2_sectors / launches +
                                (store_weight - 1) * stores,
                            fmax(0, moved - once) + once * part_gone(touched, 1048576 * gpu->l2)};
}

static void memory_estimate(const struct counters_row *row, const struct model_gpu *counted,
                            const struct model_gpu *gpu, double resident, double blocks,
                            struct demand *demand) {
    const bool is_counted = row->l2_sectors > 0 && strcmp(counted->name, gpu->name) == 0;
    const struct traffic traffic =
        is_counted ? traffic_counted(row, gpu) : traffic_estimate(row, gpu, resident, blocks);
    demand->l2 = traffic.l2 / gpu->l2_bytes;
    demand->dram_us = traffic.dram / (1e3 * gpu->memory * (is_counted ? 1 : data_share(gpu)));
}

static enum status demand_find(const struct counters_row *row, const struct model_gpu *counted,
                               const struct model_gpu *gpu, const struct limits *limits,
                               struct demand *demand, struct message *message) {
    int x, y, z;
    char rest;
    /* NOLINTNEXTLINE(cert-err34-c): three numbers and nothing else are wanted */
    if (sscanf(row->block, "%dx%dx%d%c", &x, &y, &z, &rest) != 3 || x < 1 || y < 1 || z < 1)
        return message_set(message, STATUS_INVALID, "%s: '%s' are no threads of a block",
                           row->kernel, row->block);
    const double threads = (double)x * y * z, launches = (double)row->launches;
    const double blocks = (double)limits->blocks, most = (double)limits->blocks_most;
    const double warps = blocks * ceil(threads / LANES) * launches;
    const double resident = fmin(most, blocks_resident(row, counted, gpu, threads));
    *demand = (struct demand){
        .issue = limits->clocks[LIMIT_ISSUE] / launches,
        .fma = limits->clocks[LIMIT_FMA] / launches,
        .tensor = limits->clocks[LIMIT_TENSOR] / launches,
        .request = limits->clocks[LIMIT_LSU] / launches,
        .wavefront = limits->clocks[LIMIT_SHARED] / launches,
        .line = most / blocks * lines_estimate(row) / launches * LINE_BYTES / gpu->cache,
        .rounds = most / resident,
        .load = (double)row->global_load_requests / warps,
        .barrier = fmin((double)row->barriers, (double)row->global_load_requests) / warps,
        .instruction = (double)row->machine_instructions / warps};
    memory_estimate(row, counted, gpu, resident, blocks, demand);
    return STATUS_OK;
}

/* ---- The formula ---- */

enum term {
    TERM_ISSUE,
    TERM_FMA,
    TERM_TENSOR,
    TERM_PATH,
    TERM_L2,
    TERM_CHAIN,
    TERM_DRAM,
    JOINED,
    TERM_LAUNCH = JOINED,
    TERMS
};

static void terms_fill(const struct demand *demand, const struct family *family,
                       double terms[TERMS]) {
    const double chain = family->start + (demand->load > 0 ? family->latency : 0) +
                         family->load * demand->load + family->barrier * demand->barrier +
                         family->instruction * demand->instruction;
    terms[TERM_ISSUE] = family->issue * demand->issue;
    terms[TERM_FMA] = family->issue * demand->fma;
    terms[TERM_TENSOR] = family->issue * demand->tensor;
    terms[TERM_PATH] = family->request * demand->request + family->line * demand->line +
                       family->wavefront * demand->wavefront;
    terms[TERM_L2] = family->l2 * demand->l2;
    terms[TERM_CHAIN] = demand->rounds * chain;
}

/* Terms overlap, and yet the longest is not all: a sum of powers lies between both. */
static double terms_join(const double terms[TERMS]) {
    double sum = 0;
    for (int term = 0; term < JOINED; term++)
        sum += pow(terms[term], exponent);
    return pow(sum, 1 / exponent);
}

/* Power grows with the cube of the clock, and with what is busy; the sustained clock is that of
 * multiply-adds in every slot. The path to memory takes about half of their power. */
static double clock_held(const double terms[TERMS], const struct model_gpu *gpu) {
    const double lanes = fmax(terms[TERM_TENSOR], fmax(terms[TERM_ISSUE], terms[TERM_FMA]));
    const double busy = fmin(1, fmax(lanes, terms[TERM_PATH] / 2) / terms_join(terms));
    return busy > 0 ? fmin(gpu->clock_mhz, gpu->sustained_mhz / cbrt(busy)) : gpu->clock_mhz;
}

static double launch_microseconds(const struct demand *demand, const struct family *family,
                                  const struct model_gpu *gpu, double terms[TERMS]) {
    terms_fill(demand, family, terms);
    terms[TERM_DRAM] = family->dram * demand->dram_us * gpu->clock_mhz;
    const double clock = clock_held(terms, gpu);
    terms[TERM_DRAM] = family->dram * demand->dram_us * clock;
    terms[TERM_LAUNCH] = family->launch * clock;
    return (terms[TERM_LAUNCH] + terms_join(terms)) / clock;
}

bool prediction_has_matrices(const struct counters_row *row) {
    return row->tensor_warp_instructions > 0 || row->tcgen05_mma_instructions > 0;
}

enum status predict(const struct counters_row *row, const struct model_gpu *counted,
                    const struct model_gpu *gpu, struct prediction *prediction,
                    struct message *message) {
    static const char *const names[TERMS] = {"issue", "FMA",     "tensor", "load/store path",
                                             "L2",    "latency", "DRAM",   "launch"};
    struct demand demand = {.issue = 0};
    double terms[TERMS];
    const struct family *family = family_find(gpu->family);
    if (!family)
        return message_set(message, STATUS_INVALID,
                           "there are no constants for the family '%s' of the %s", gpu->family,
                           gpu->title);
    enum status status = limits_find(row, gpu, &prediction->limits, message);
    if (status == STATUS_OK)
        status = demand_find(row, counted, gpu, &prediction->limits, &demand, message);
    if (status != STATUS_OK)
        return status;
    const double launches = (double)row->launches;
    prediction->seconds = 1e-6 * launches * launch_microseconds(&demand, family, gpu, terms);
    int longest = 0;
    for (int term = 1; term < TERMS; term++)
        longest = terms[term] > terms[longest] ? term : longest;
    double spread = longest == TERM_DRAM ? memory_spread : other_spread;
    if (prediction_has_matrices(row))
        spread *= spread; /* no published time of a tensor core was fitted */
    prediction->low = prediction->seconds / spread;
    prediction->high = prediction->seconds * spread;
    prediction->limited_by = names[longest];
    const double tensor_flops = prediction->limits.clocks[LIMIT_TENSOR] * gpu->tensor *
                                (double)prediction->limits.blocks /
                                (double)prediction->limits.blocks_most;
    const double flops = 2.0 * LANES * (double)row->fma_warp_instructions + tensor_flops;
    prediction->gflops = 1e-9 * flops / prediction->seconds;
    prediction->gbps = 1e-9 * (double)row->bytes_touched / prediction->seconds;
    return STATUS_OK;
}
