/* Atomic operations on a word, which bulk copies have in common with atom and red. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_ATOMIC_H
#define LOCKSTEP_EMULATOR_EXECUTE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

enum atomic_operation {
    ATOMIC_AND,
    ATOMIC_OR,
    ATOMIC_XOR,
    ATOMIC_ADD,
    ATOMIC_INCREMENT,
    ATOMIC_DECREMENT,
    ATOMIC_MIN_U,
    ATOMIC_MAX_U,
    ATOMIC_MIN_S,
    ATOMIC_MAX_S,
    ATOMIC_EXCHANGE,
    ATOMIC_COMPARE,
    ATOMIC_ADD_F32,
    ATOMIC_ADD_F64,
    ATOMIC_ADD_F16,
    ATOMIC_ADD_F16X2,
    ATOMIC_ADD_BF16,
    ATOMIC_ADD_BF16X2,
    ATOMIC_MIN_F16,
    ATOMIC_MAX_F16,
    ATOMIC_MIN_BF16,
    ATOMIC_MAX_BF16,
};

/* What the operation makes of `old` and `b`, as atomic_update has them. */
uint64_t atomic_result(enum atomic_operation operation, uint64_t old, uint64_t b, uint64_t c,
                       uint32_t bytes, bool flush);
/* Applies the operation to the `bytes` (2, 4 or 8) at `at`, which other host threads may act on
 * too, and returns what was there before. `c` is of ATOMIC_COMPARE alone; `flush`: denormals of f32
 * are zeros. */
uint64_t atomic_update(unsigned char *at, enum atomic_operation operation, uint64_t b, uint64_t c,
                       uint32_t bytes, bool flush);

#endif
