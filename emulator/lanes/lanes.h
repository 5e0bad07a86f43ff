/*
 * The 32 lanes of a warp: how registers are laid out, and the shape of a lane-wise operation.
 *
 * A register is an array of 32 lanes, aligned to 64 bytes: uint32_t[32] for 8, 16 and 32-bit types
 * (8 and 16-bit values sit in the low bits, upper bits zero), uint64_t[32] for 64-bit types. A
 * predicate is one uint32_t, bit l for lane l. Floats are kept as their bits: lane_f32() and its
 * kin convert without an aliasing fault and cost nothing.
 *
 * An operation computes all 32 lanes, whatever lanes are active; the executor keeps the old value
 * of inactive lanes. It therefore must not trap or read out of bounds on any input. It is pure: no
 * state, no I/O.
 */
#ifndef LOCKSTEP_EMULATOR_LANES_LANES_H
#define LOCKSTEP_EMULATOR_LANES_LANES_H

#include <stdint.h>
#include <string.h>

enum { LANES = 32 };

#define LANES_ALL UINT32_MAX

/* A loop over lanes that touch only their own element of each array: the compiler may take any
 * order. */
#if defined(__clang__)
#    define LANES_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#    define LANES_INDEPENDENT _Pragma("GCC ivdep")
#endif
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a name that is declared takes none. */
#define FOR_LANES(lane) LANES_INDEPENDENT for (unsigned lane = 0; lane < LANES; lane++)

struct lanes32 {
    _Alignas(64) uint32_t at[LANES];
};

struct lanes64 {
    _Alignas(64) uint64_t at[LANES];
};

/*
 * A lane-wise operation. Operands come in PTX order, vectors `{a,b}` expanded in place.
 *   to[k]       destination k
 *   from[k]     source k
 *   choice[n]   the index taken from the n-th group of the row's pattern
 * Operands are `struct lanes32 *`, `struct lanes64 *` or, for a predicate, `uint32_t *`, as the
 * operand string of the row says. A destination never overlaps a source nor another destination.
 */
typedef void lane_function(void *const to[], const void *const from[], const signed char choice[]);

/*
 * One row of an instruction table.
 *
 * `pattern` spells the instruction with its modifiers in order. Groups count from 0:
 *   {.a,.b}     one of them: choice 0 or 1
 *   [.a]        may be absent: choice -1, else 0
 *   [{.a,.b}]   one of them or none: choice -1, 0 or 1
 * So "cvt.rn[.ftz].f16.f32" has one group, and "mul.{lo,hi}.{u16,s16}" has two.
 *
 * `operands` spells destinations = sources, each a letter with an optional count for a vector:
 *   p   predicate
 *   c   condition code CC.CF: a predicate that PTX does not write
 *   b   8 bits, in a struct lanes32 as are h and w
 *   h   16 bits
 *   w   32 bits: f16x2, tf32 and their like too
 *   d   64 bits
 *   z   128 bits, a response of clusterlaunchcontrol, of which the lower 64 are read
 *   s   32 bits with a video instruction's selector of a byte or half; t: of two halves; q: of four
 *       bytes; n: as s, and it may have a sign
 *   v   the selectors of those (video.h), a `const int64_t *` that PTX does not write
 *   i   an integer constant, given as `const int64_t *`; its count, if any, is above the largest
 *   a   likewise, a power of two up to 2^23
 *   g   likewise, a number of registers: a multiple of 8 from 24 to 256
 *   k   32 bits; a constant is below 256; x: a multiple of 32; y: below 16; r: no constant
 * For example:
 *   "w=w,w,w"       fma.rn.f32
 *   "p=h,h"         setp.lt.s16
 *   "w4=w4,w2,w4"   mma: to[0..3]; from[0..3], from[4..5], from[6..9]
 */
struct lane_operation {
    const char *pattern;
    const char *operands;
    lane_function *function;
};

/* What is true of every row of a table; the executor's own rows have these flags too. */
enum operation_flag {
    OPERATION_FMA = 1,    /* counts as a fused multiply-add on f32 */
    OPERATION_TENSOR = 2, /* counts as a product of matrices */
    /* A register may be wider than its type, as PTX allows in cvt. The function still sees b, h, w
     * or d as the row says; the executor narrows sources, and extends results by the sign of their
     * type. */
    OPERATION_WIDENS = 4,
    /* setp. The function is the comparison alone; the executor adds `.and`, `.or` and `.xor` with a
     * third predicate, and the second result of `p|q`. */
    OPERATION_COMPARES = 8,
    /* Without the rounding that PTX 3.2 asks of targets from sm_20 on. */
    OPERATION_UNROUNDED = 2048,
};

/* A table that a group of operations exports; the executor searches them in order after its own. */
struct lane_table {
    const struct lane_operation *rows;
    unsigned count;
    unsigned flags; /* enum operation_flag */
};

/* Of a mask with a bit for each lane: the lowest lane, and how many there are. */
static inline unsigned lane_first(uint32_t mask) {
    return (unsigned)__builtin_ctz(mask);
}

static inline unsigned lane_count(uint32_t mask) {
    return (unsigned)__builtin_popcount(mask);
}

static inline float lane_f32(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t lane_bits32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double lane_f64(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t lane_bits64(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* .ftz: a denormal becomes a zero of its sign. */
static inline uint32_t lane_flush32(uint32_t bits) {
    return (bits & 0x7f800000u) ? bits : bits & 0x80000000u;
}

/* Single precision results that are not a number have one encoding (PTX ISA, floating point
 * instructions). */
static inline uint32_t lane_canonical32(uint32_t bits) {
    return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fffffffu : bits;
}

#endif
