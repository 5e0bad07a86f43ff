/* What limits a kernel on a GPU, from its exact counts and the GPU's published figures: how long
 * each unit would be busy at its peak. No time is predicted: what waits, and what overlaps, counts
 * do not say (docs/model.md).
 */
#ifndef LOCKSTEP_BENCH_MODEL_LIMITS_H
#define LOCKSTEP_BENCH_MODEL_LIMITS_H

#include "bench/files/results.h"

/* Peaks of one GPU; see gpus.def for the units. */
struct model_gpu {
    const char *name, *title;
    int multiprocessors;
    double clock_mhz, issue, fma, alu, lsu, shared, cache, tensor, memory;
    const char *family;
    double warps, l1, l2, l2_bytes, sustained_mhz, capacity, watts, ecc;
};

/* In the order of gpus.def. */
extern const struct model_gpu model_gpus[];
extern const int model_gpu_count;
/* NULL where there is none of that name. */
const struct model_gpu *model_gpu_find(const char *name);

enum limit_unit {
    LIMIT_ISSUE,  /* warp schedulers */
    LIMIT_FMA,    /* f32 multiply-adds */
    LIMIT_ALU,    /* what is neither multiply-add, matrix, memory nor barrier */
    LIMIT_TENSOR, /* matrix instructions */
    LIMIT_LSU,    /* requests to global, local and shared memory */
    LIMIT_CACHE,  /* sectors through the first-level cache */
    LIMIT_SHARED, /* wavefronts of shared memory */
    LIMIT_L2,     /* sectors through the second-level cache */
    LIMIT_DRAM,   /* bytes to and from memory; at least each different one once */
    /* No units, but what a kernel waits for while none is busy. */
    LIMIT_LATENCY,  /* of its loads, one warp's after another */
    LIMIT_BARRIERS, /* of its barriers, the same */
    LIMIT_LAUNCH,   /* from one launch to the next */
    LIMIT_UNITS
};
const char *limit_unit_name(enum limit_unit unit);

enum residence_holder {
    HELD_UNKNOWN,
    HELD_BY_BLOCKS,
    HELD_BY_THREADS,
    HELD_BY_REGISTERS,
    HELD_BY_SHARED
};

/* What a multiprocessor holds at once, if there are so many blocks. */
struct residence {
    int blocks;
    enum residence_holder held_by;
};

struct limits {
    /* Of all launches: how long the fullest multiprocessor keeps the unit busy, of L2 and DRAM how
     * long the whole GPU does; at the boost clock. */
    double clocks[LIMIT_UNITS];
    /* Those clocks over those of the busiest unit, and 1 at most. */
    double share[LIMIT_UNITS];
    enum limit_unit busiest;
    /* The caches were simulated. Otherwise clocks of L2 are an upper bound, as if the first-level
     * cache had nothing, and it is never the busiest. */
    bool has_caches;
    struct residence residence;
    double waves; /* blocks over those that the GPU holds at once */
    int64_t blocks;
    int64_t blocks_most; /* of the multiprocessor that has most, where all take turns */
    int idle;            /* multiprocessors without a block */
    double filled; /* of the time of that multiprocessor, the part in which the average one works */
};

/* STATUS_INVALID: the row's grid cannot be read, it counts nothing, or it is of a version that did
 * not count machine instructions. STATUS_UNSUPPORTED: the GPU cannot run the kernel, for the reason
 * that `message` has. */
enum status limits_find(const struct counters_row *row, const struct model_gpu *gpu,
                        struct limits *limits, struct message *message);

#endif
