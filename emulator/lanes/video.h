/*
 * The selectors of a video instruction (PTX ISA 9.7.18) as one constant: which bytes or halves of
 * d, a and b it means. Twenty bits for each, and behind them what is negated.
 */
#ifndef LOCKSTEP_EMULATOR_LANES_VIDEO_H
#define LOCKSTEP_EMULATOR_LANES_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

enum video_operand { VIDEO_D, VIDEO_A, VIDEO_B };

/* What a selector counts in, as many bytes; VIDEO_WHOLE: there is no selector. */
enum video_unit { VIDEO_WHOLE, VIDEO_BYTES, VIDEO_HALVES };

#define VIDEO_PRODUCT_NEGATED (UINT64_C(1) << 60) /* one of the factors of vmad */
#define VIDEO_ADDEND_NEGATED (UINT64_C(1) << 61)

static inline uint64_t video_field(uint64_t selectors, enum video_operand operand, unsigned from,
                                   unsigned bits) {
    return selectors >> ((unsigned)operand * 20 + from) & ((UINT64_C(1) << bits) - 1);
}

static inline enum video_unit video_unit(uint64_t selectors, enum video_operand operand) {
    return (enum video_unit)video_field(selectors, operand, 0, 2);
}

/* How many numbers a selector has, and one of them, that of the lowest element first. */
static inline unsigned video_count(uint64_t selectors, enum video_operand operand) {
    return (unsigned)video_field(selectors, operand, 2, 3);
}

static inline unsigned video_number(uint64_t selectors, enum video_operand operand,
                                    unsigned element) {
    return (unsigned)video_field(selectors, operand, 5 + 3 * element, 3);
}

#endif
