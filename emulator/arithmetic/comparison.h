/* The operators of comparisons, chosen at run time by the first group of a row. */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_COMPARISON_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_COMPARISON_H

#include "emulator/arithmetic/half.h"

/* In the order of FLOAT_NAMES. */
enum comparison {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE,
    COMPARE_EQU,
    COMPARE_NEU,
    COMPARE_LTU,
    COMPARE_LEU,
    COMPARE_GTU,
    COMPARE_GEU,
    COMPARE_NUM,
    COMPARE_NAN
};

#define FLOAT_NAMES "{eq,ne,lt,le,gt,ge,equ,neu,ltu,leu,gtu,geu,num,nan}"

/* f32 numbers and those of the narrower types, exactly; f64 too. */
ALWAYS_INLINE bool compare(double x, double y, enum comparison comparison) {
    const bool unordered = x != x || y != y;
    switch (comparison) {
    case COMPARE_EQ:
        return x == y;
    case COMPARE_NE:
        return x != y && !unordered;
    case COMPARE_LT:
        return x < y;
    case COMPARE_LE:
        return x <= y;
    case COMPARE_GT:
        return x > y;
    case COMPARE_GE:
        return x >= y;
    case COMPARE_EQU:
        return x == y || unordered;
    case COMPARE_NEU:
        return x != y;
    case COMPARE_LTU:
        return x < y || unordered;
    case COMPARE_LEU:
        return x <= y || unordered;
    case COMPARE_GTU:
        return x > y || unordered;
    case COMPARE_GEU:
        return x >= y || unordered;
    case COMPARE_NUM:
        return !unordered;
    case COMPARE_NAN:
    default:
        return unordered;
    }
}

/* Of a pair of halves. */
#define LOW(pair) ((pair)&0xffffu)
#define HIGH(pair) ((pair) >> 16)

#endif
