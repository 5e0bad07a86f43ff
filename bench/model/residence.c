#include "bench/model/residence.h"

#include "bench/model/architecture.h"

#include <stdio.h>
#include <string.h>

enum { LANES = 32, REGISTERS = 65536, REGISTER_UNIT = 256, KIB = 1024, LARGE_WARPS = 64 };

const char *residence_holder_name(enum residence_holder holder) {
    static const char *const names[] = {[HELD_UNKNOWN] = "",
                                        [HELD_BY_BLOCKS] = "blocks",
                                        [HELD_BY_THREADS] = "threads",
                                        [HELD_BY_REGISTERS] = "registers",
                                        [HELD_BY_SHARED] = "shared memory"};
    return names[holder];
}

int residence_warps(const struct counters_row *row) {
    int x, y, z;
    char rest;
    /* NOLINTNEXTLINE(cert-err34-c): three numbers and nothing else are wanted */
    if (sscanf(row->block, "%dx%dx%d%c", &x, &y, &z, &rest) != 3 || x < 1 || y < 1 || z < 1)
        return 0;
    return (int)(((int64_t)x * y * z + LANES - 1) / LANES);
}

static int64_t round_up(int64_t value, int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

/* The most that shared memory may take of what it shares with the first-level cache (CUDA
 * programming guide, technical specifications by compute capability). */
static int64_t shared_most(const struct model_gpu *gpu) {
    enum { VOLTA = 96, TURING = 64, LEFT = 28 };
    if (strcmp(gpu->family, "volta") == 0)
        return (int64_t)VOLTA * KIB;
    return gpu->l1 <= TURING ? (int64_t)TURING * KIB : ((int64_t)gpu->l1 - LEFT) * KIB;
}

/* Of each block the system keeps 1 KiB, from compute capability 8.0 on. */
static int64_t shared_kept(const struct model_gpu *gpu) {
    return strcmp(gpu->family, "volta") == 0 || strcmp(gpu->family, "turing") == 0 ? 0 : KIB;
}

int64_t residence_shared_most(const struct model_gpu *gpu) {
    return shared_most(gpu) - shared_kept(gpu);
}

static void hold(struct residence *residence, int64_t blocks, enum residence_holder holder) {
    if (blocks < residence->blocks)
        *residence = (struct residence){(int)blocks, holder};
}

struct residence residence_find(const struct counters_row *row, const struct model_gpu *gpu) {
    const struct architecture *architecture = architecture_find(gpu->family);
    const int warps = residence_warps(row);
    struct residence residence = {1, HELD_UNKNOWN};
    if (warps == 0 || !architecture)
        return residence;
    residence.blocks = gpu->warps >= LARGE_WARPS ? 32 : architecture->blocks;
    residence.held_by = HELD_BY_BLOCKS;
    hold(&residence, (int64_t)gpu->warps / warps, HELD_BY_THREADS);
    if (row->registers <= 0) {
        hold(&residence, (int64_t)(row->occupancy * gpu->warps / warps), HELD_UNKNOWN);
        residence.held_by = HELD_UNKNOWN;
    } else {
        hold(&residence, REGISTERS / (round_up(row->registers * LANES, REGISTER_UNIT) * warps),
             HELD_BY_REGISTERS);
        if (row->shared_bytes > 0)
            hold(&residence, shared_most(gpu) / round_up(row->shared_bytes + shared_kept(gpu), KIB),
                 HELD_BY_SHARED);
    }
    residence.blocks = residence.blocks > 0 ? residence.blocks : 1;
    return residence;
}
