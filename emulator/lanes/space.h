/*
 * Where the state spaces lie in the generic address space. Global addresses are host addresses,
 * below 2^56; the other spaces are windows above that, told apart by the top byte. Only the low 56
 * bits count within a window.
 *
 * Within the window of shared memory, and in 32-bit addresses of it, the bits from
 * SHARED_RANK_SHIFT on tell the blocks of a cluster apart: 0 is the block itself, any other number
 * is the block of that rank plus two. So the lowest of them tells the two blocks of a pair apart,
 * as on a GPU: programs clear it to mean the even one.
 */
#ifndef LOCKSTEP_EMULATOR_LANES_SPACE_H
#define LOCKSTEP_EMULATOR_LANES_SPACE_H

#include <stdint.h>

enum {
    WINDOW_SHIFT = 56,
    WINDOW_GLOBAL = 0,
    WINDOW_SHARED = 1,
    WINDOW_LOCAL = 2,
    WINDOW_PARAM = 3,
    WINDOW_CODE = 4,
    SHARED_RANK_SHIFT = 24,
    SHARED_RANK_FIRST = 2 /* the number of rank 0 */
};

/* The address, within the window of shared memory, of an offset in the block of that rank. */
static inline uint64_t space_cluster_offset(uint32_t rank, uint64_t offset) {
    return ((uint64_t)rank + SHARED_RANK_FIRST) << SHARED_RANK_SHIFT | offset;
}

/* The same of a block's own offset, which may say its rank. */
static inline uint64_t space_own_offset(uint32_t rank, uint64_t address) {
    const uint64_t number = address >> SHARED_RANK_SHIFT;
    return number == (uint64_t)rank + SHARED_RANK_FIRST ? address - (number << SHARED_RANK_SHIFT)
                                                        : address;
}

static inline uint64_t space_window(unsigned window) {
    return (uint64_t)window << WINDOW_SHIFT;
}

static inline uint64_t space_code_address(uint32_t function) {
    return space_window(WINDOW_CODE) | ((uint64_t)(function + 1) << 4);
}

/* Global addresses are host addresses: the bytes at one. */
static inline void *space_host(uint64_t address) {
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): this is what unified addressing is */
    return (void *)(uintptr_t)address;
}

#endif
