/*
 * Where the state spaces lie in the generic address space. Global addresses are host addresses,
 * below 2^56; the other spaces are windows above that, told apart by the top byte. Only the low 56
 * bits count within a window.
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
    WINDOW_CODE = 4
};

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
