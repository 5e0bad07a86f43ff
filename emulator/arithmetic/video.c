/*
 * Video instructions (PTX ISA 9.7.18): on one part of each operand, widened, or on all halves or
 * bytes.
 *
 * A result is saturated to the part of the destination that it goes to, where that is asked. Then
 * it is put beside the other parts of c, or added to c, or compared with it.
 */
#include "emulator/lanes/video.h"

#include "emulator/arithmetic/kernel.h"

/* Holds a product of 33 bits each, and what is added to it. */
__extension__ typedef __int128 video_number_type;

enum operation {
    ADD,
    SUBTRACT,
    DIFFERENCE,
    MINIMUM,
    MAXIMUM,
    AVERAGE,
    EQUAL, /* from here on in the order of the comparisons in the rows */
    NOT_EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
};

/* In the order of the rows; SECOND_NONE: nothing. */
enum second { SECOND_NONE = -1, SECOND_ADD, SECOND_MINIMUM, SECOND_MAXIMUM };

ALWAYS_INLINE int64_t compute(enum operation operation, int64_t x, int64_t y) {
    switch (operation) {
    case ADD:
        return x + y;
    case SUBTRACT:
        return x - y;
    case DIFFERENCE:
        return x > y ? x - y : y - x;
    case MINIMUM:
        return x < y ? x : y;
    case AVERAGE: /* halves go up where the sum is not negative, and down where it is */
        return (x + y + (x + y >= 0)) >> 1;
    case EQUAL:
        return x == y;
    case NOT_EQUAL:
        return x != y;
    case LESS:
        return x < y;
    case LESS_OR_EQUAL:
        return x <= y;
    case GREATER:
        return x > y;
    case GREATER_OR_EQUAL:
        return x >= y;
    case MAXIMUM:
    default:
        return x > y ? x : y;
    }
}

/* Bits `first` and up of a word, as a number. */
ALWAYS_INLINE int64_t part_of(uint32_t word, unsigned first, unsigned bits, bool is_signed) {
    const uint64_t field = word >> first & ((UINT64_C(1) << bits) - 1);
    const uint64_t sign = is_signed ? UINT64_C(1) << (bits - 1) : 0;
    return (int64_t)(field ^ sign) - (int64_t)sign;
}

ALWAYS_INLINE uint64_t saturate(video_number_type value, unsigned bits, bool is_signed) {
    const video_number_type half = (video_number_type)1 << (bits - 1);
    const video_number_type least = is_signed ? -half : 0;
    const video_number_type most = is_signed ? half - 1 : 2 * half - 1;
    const video_number_type raised = value < least ? least : value;
    return (uint64_t)(raised > most ? most : raised);
}

/* ---- One part of each operand ---- */

struct part {
    unsigned first, bits;
};

static struct part selected_part(uint64_t selectors, enum video_operand operand) {
    const enum video_unit unit = video_unit(selectors, operand);
    const unsigned bits = unit == VIDEO_BYTES ? 8 : unit == VIDEO_HALVES ? 16 : 32;
    const struct part part = {video_number(selectors, operand, 0) * bits % 32, bits};
    return part;
}

/* How a scalar instruction reads its operands and what it does with its result. */
struct scalar {
    struct part d, a, b;
    bool d_signed, a_signed, b_signed;
    bool saturates;
    enum second second;
};

static uint32_t finish(const struct scalar *scalar, video_number_type exact, uint32_t c) {
    const struct part d = scalar->d;
    const int64_t value =
        scalar->saturates ? (int64_t)saturate(exact, d.bits, scalar->d_signed) : (int64_t)exact;
    const int64_t other = part_of(c, 0, 32, scalar->d_signed);
    const uint32_t mask = (uint32_t)(((UINT64_C(1) << d.bits) - 1) << d.first);
    switch (scalar->second) {
    case SECOND_ADD:
        return (uint32_t)(value + other);
    case SECOND_MINIMUM:
        return (uint32_t)compute(MINIMUM, value, other);
    case SECOND_MAXIMUM:
        return (uint32_t)compute(MAXIMUM, value, other);
    case SECOND_NONE:
    default:
        return ((uint32_t)value << d.first & mask) | (c & ~mask);
    }
}

/* The sources of a lane; c is 0 where there is none. */
struct sources {
    int64_t a, b;
    uint32_t c;
};

static struct sources read_sources(const struct scalar *scalar, const void *const from[],
                                   bool has_c, unsigned lane) {
    const struct lanes32 *const a = from[0];
    const struct lanes32 *const b = from[1];
    const struct lanes32 *const c = from[2];
    const struct sources sources = {
        part_of(a->at[lane], scalar->a.first, scalar->a.bits, scalar->a_signed),
        part_of(b->at[lane], scalar->b.first, scalar->b.bits, scalar->b_signed),
        has_c ? c->at[lane] : 0};
    return sources;
}

static void select_parts(struct scalar *scalar, uint64_t selectors) {
    scalar->d = selected_part(selectors, VIDEO_D);
    scalar->a = selected_part(selectors, VIDEO_A);
    scalar->b = selected_part(selectors, VIDEO_B);
}

static void run_scalar(void *const to[], const void *const from[], struct scalar scalar,
                       enum operation operation, bool has_c) {
    struct lanes32 *const d = to[0];
    select_parts(&scalar, *(const uint64_t *)from[has_c ? 3 : 2]);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const struct sources sources = read_sources(&scalar, from, has_c, lane);
        d->at[lane] = finish(&scalar, compute(operation, sources.a, sources.b), sources.c);
    }
}

/* vshl and vshr, whose amount is unsigned: .clamp holds amounts at 32, .wrap takes their lowest
 * five bits. */
static void run_shift(void *const to[], const void *const from[], struct scalar scalar,
                      bool is_left, bool wraps, bool has_c) {
    struct lanes32 *const d = to[0];
    select_parts(&scalar, *(const uint64_t *)from[has_c ? 3 : 2]);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const struct sources sources = read_sources(&scalar, from, has_c, lane);
        const int64_t amount = wraps ? sources.b & 31 : compute(MINIMUM, sources.b, 32);
        const video_number_type left = (video_number_type)sources.a * ((int64_t)1 << amount);
        d->at[lane] = finish(&scalar, is_left ? left : sources.a >> amount, sources.c);
    }
}

/* vmad; `plus` is 1 for .po. */
static void run_multiply(void *const to[], const void *const from[], struct scalar scalar,
                         unsigned shift, unsigned plus) {
    struct lanes32 *const d = to[0];
    const uint64_t selectors = *(const uint64_t *)from[3];
    const bool product_negated = (selectors & VIDEO_PRODUCT_NEGATED) != 0;
    const bool addend_negated = (selectors & VIDEO_ADDEND_NEGATED) != 0;
    const bool is_signed = scalar.a_signed || scalar.b_signed || product_negated || addend_negated;
    const bool c_is_signed = scalar.a_signed || scalar.b_signed || product_negated;
    select_parts(&scalar, selectors);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const struct sources sources = read_sources(&scalar, from, true, lane);
        const video_number_type product = (video_number_type)sources.a * sources.b;
        const video_number_type c = part_of(sources.c, 0, 32, c_is_signed);
        const video_number_type sum =
            ((product_negated ? -product : product) + (addend_negated ? -c : c) + plus) >> shift;
        d->at[lane] = (uint32_t)(scalar.saturates ? saturate(sum, 32, is_signed) : (uint64_t)sum);
    }
}

/* {u32,s32}.{u32,s32}.{u32,s32}[.sat][.{add,min,max}]; has_second: the last is there */
#define TYPES(has_second)                                                                          \
    const struct scalar scalar = {.d_signed = choice[0] > 0,                                       \
                                  .a_signed = choice[1] > 0,                                       \
                                  .b_signed = choice[2] > 0,                                       \
                                  .saturates = choice[3] >= 0,                                     \
                                  .second = (has_second) ? (enum second)choice[4] : SECOND_NONE}
#define SCALAR(name, operation)                                                                    \
    LANE_FUNCTION(name) {                                                                          \
        TYPES(false);                                                                              \
        run_scalar(to, from, scalar, operation, false);                                            \
    }                                                                                              \
    LANE_FUNCTION(name##_merged) {                                                                 \
        TYPES(false);                                                                              \
        run_scalar(to, from, scalar, operation, true);                                             \
    }                                                                                              \
    LANE_FUNCTION(name##_second) {                                                                 \
        TYPES(true);                                                                               \
        run_scalar(to, from, scalar, operation, true);                                             \
    }

SCALAR(add, ADD)
SCALAR(subtract, SUBTRACT)
SCALAR(difference, DIFFERENCE)
SCALAR(minimum, MINIMUM)
SCALAR(maximum, MAXIMUM)

/* vset: {u32,s32}.{u32,s32}.comparison[.{add,min,max}] */
#define COMPARISON(has_second)                                                                     \
    const enum operation comparison = (enum operation)(EQUAL + choice[2]);                         \
    const struct scalar scalar = {.a_signed = choice[0] > 0,                                       \
                                  .b_signed = choice[1] > 0,                                       \
                                  .second = (has_second) ? (enum second)choice[3] : SECOND_NONE}

LANE_FUNCTION(set) {
    COMPARISON(false);
    run_scalar(to, from, scalar, comparison, false);
}

LANE_FUNCTION(set_merged) {
    COMPARISON(false);
    run_scalar(to, from, scalar, comparison, true);
}

LANE_FUNCTION(set_second) {
    COMPARISON(true);
    run_scalar(to, from, scalar, comparison, true);
}

/* {u32,s32}.{u32,s32}.u32[.sat].{clamp,wrap}[.{add,min,max}] */
#define SHIFT_TYPES(has_second)                                                                    \
    const struct scalar scalar = {.d_signed = choice[0] > 0,                                       \
                                  .a_signed = choice[1] > 0,                                       \
                                  .saturates = choice[2] >= 0,                                     \
                                  .second = (has_second) ? (enum second)choice[4] : SECOND_NONE}
#define SHIFT(name, is_left)                                                                       \
    LANE_FUNCTION(name) {                                                                          \
        SHIFT_TYPES(false);                                                                        \
        run_shift(to, from, scalar, is_left, choice[3] > 0, false);                                \
    }                                                                                              \
    LANE_FUNCTION(name##_merged) {                                                                 \
        SHIFT_TYPES(false);                                                                        \
        run_shift(to, from, scalar, is_left, choice[3] > 0, true);                                 \
    }                                                                                              \
    LANE_FUNCTION(name##_second) {                                                                 \
        SHIFT_TYPES(true);                                                                         \
        run_shift(to, from, scalar, is_left, choice[3] > 0, true);                                 \
    }

SHIFT(shift_left, true)
SHIFT(shift_right, false)

/* {u32,s32}.{u32,s32}.{u32,s32}[.po][.sat][.{shr7,shr15}] */
LANE_FUNCTION(multiply) {
    const struct scalar scalar = {.a_signed = choice[1] > 0,
                                  .b_signed = choice[2] > 0,
                                  .saturates = choice[4] >= 0,
                                  .second = SECOND_NONE};
    static const unsigned shifts[] = {0, 7, 15};
    run_multiply(to, from, scalar, shifts[choice[5] + 1], choice[3] >= 0);
}

/* ---- All halves or bytes ---- */

struct packed {
    unsigned bits; /* of an element */
    bool result_signed, a_signed, b_signed;
    bool saturates, accumulates;
};

/* Where the elements come from: those of a and b count on; without a selector, a's own or b's
 * own. */
struct packed_places {
    unsigned a[4], b[4];
    bool is_written[4];
};

static unsigned source_of(uint64_t selectors, enum video_operand operand, unsigned element,
                          unsigned count) {
    if (video_unit(selectors, operand) == VIDEO_WHOLE)
        return element + (operand == VIDEO_B ? count : 0);
    return video_number(selectors, operand, element) % (2 * count);
}

static struct packed_places packed_places(uint64_t selectors, unsigned count) {
    struct packed_places places = {.is_written = {false}};
    for (unsigned i = 0; i < count; i++) {
        places.a[i] = source_of(selectors, VIDEO_A, i, count);
        places.b[i] = source_of(selectors, VIDEO_B, i, count);
        places.is_written[i] = video_unit(selectors, VIDEO_D) == VIDEO_WHOLE;
    }
    for (unsigned k = 0; k < video_count(selectors, VIDEO_D); k++)
        places.is_written[video_number(selectors, VIDEO_D, k) % 4] = true;
    return places;
}

ALWAYS_INLINE uint32_t pack(enum operation operation, uint32_t a, uint32_t b, uint32_t c,
                            const struct packed_places *places, const struct packed packed) {
    const unsigned bits = packed.bits;
    const uint32_t mask = ((uint32_t)1 << bits) - 1;
    uint32_t merged = c;
    uint32_t sum = c;
    for (unsigned i = 0; i < 32 / bits; i++) {
        const uint64_t both = (uint64_t)b << 32 | a;
        const uint32_t first = (uint32_t)(both >> places->a[i] * bits);
        const uint32_t second = (uint32_t)(both >> places->b[i] * bits);
        const int64_t exact = compute(operation, part_of(first, 0, bits, packed.a_signed),
                                      part_of(second, 0, bits, packed.b_signed));
        const uint32_t value =
            (uint32_t)(packed.saturates ? saturate(exact, bits, packed.result_signed)
                                        : (uint64_t)exact);
        if (!places->is_written[i]) {
            continue;
        }
        merged = (merged & ~(mask << i * bits)) | (value & mask) << i * bits;
        sum += value;
    }
    return packed.accumulates ? sum : merged;
}

ALWAYS_INLINE void run_packed(void *const to[], const void *const from[], enum operation operation,
                              const struct packed packed) {
    struct lanes32 *const d = to[0];
    const struct lanes32 *const a = from[0];
    const struct lanes32 *const b = from[1];
    const struct lanes32 *const c = from[2];
    const struct packed_places places = packed_places(*(const uint64_t *)from[3], 32 / packed.bits);
    for (unsigned lane = 0; lane < LANES; lane++) {
        d->at[lane] = pack(operation, a->at[lane], b->at[lane], c->at[lane], &places, packed);
    }
}

/* {u32,s32}.{u32,s32}.{u32,s32}[.sat] or .add */
#define PACKED(name, operation, element_bits, has_sum)                                             \
    LANE_FUNCTION(name) {                                                                          \
        const struct packed packed = {element_bits,                                                \
                                      choice[0] > 0,                                               \
                                      choice[1] > 0,                                               \
                                      choice[2] > 0,                                               \
                                      !(has_sum) && choice[3] >= 0,                                \
                                      has_sum};                                                    \
        run_packed(to, from, operation, packed);                                                   \
    }
#define PACKED_ALL(name, operation)                                                                \
    PACKED(name##_4, operation, 8, false)                                                          \
    PACKED(name##_4_sum, operation, 8, true)                                                       \
    PACKED(name##_2, operation, 16, false)                                                         \
    PACKED(name##_2_sum, operation, 16, true)

PACKED_ALL(add, ADD)
PACKED_ALL(subtract, SUBTRACT)
PACKED_ALL(difference, DIFFERENCE)
PACKED_ALL(minimum, MINIMUM)
PACKED_ALL(maximum, MAXIMUM)
PACKED_ALL(average, AVERAGE)

/* vset4 and vset2: {u32,s32}.{u32,s32}.comparison[.add]; a 1 where it holds */
#define PACKED_SET(name, element_bits)                                                             \
    LANE_FUNCTION(name) {                                                                          \
        const struct packed packed = {element_bits,  false, choice[0] > 0,                         \
                                      choice[1] > 0, false, choice[3] >= 0};                       \
        run_packed(to, from, (enum operation)(EQUAL + choice[2]), packed);                         \
    }

PACKED_SET(set_4, 8)
PACKED_SET(set_2, 16)

#define THREE_TYPES ".{u32,s32}.{u32,s32}.{u32,s32}"
#define SECOND "{.add,.min,.max}"
#define COMPARE ".{u32,s32}.{u32,s32}.{eq,ne,lt,le,gt,ge}"
#define SHIFTS ".{u32,s32}.{u32,s32}.u32[.sat].{clamp,wrap}"

#define SCALAR_ROWS(pattern, name)                                                                 \
    {pattern, "w=s,s,v", name}, {pattern, "s=s,s,w,v", name##_merged}, {                           \
        pattern SECOND, "w=s,s,w,v", name##_second                                                 \
    }
#define PACKED_ROWS(root, name)                                                                    \
    {root "4" THREE_TYPES "[.sat]", "q=q,q,r,v", name##_4},                                        \
        {root "4" THREE_TYPES ".add", "q=q,q,r,v", name##_4_sum},                                  \
        {root "2" THREE_TYPES "[.sat]", "t=t,t,r,v", name##_2}, {                                  \
        root "2" THREE_TYPES ".add", "t=t,t,r,v", name##_2_sum                                     \
    }

static const struct lane_operation rows[] = {
    SCALAR_ROWS("vadd" THREE_TYPES "[.sat]", add),
    SCALAR_ROWS("vsub" THREE_TYPES "[.sat]", subtract),
    SCALAR_ROWS("vabsdiff" THREE_TYPES "[.sat]", difference),
    SCALAR_ROWS("vmin" THREE_TYPES "[.sat]", minimum),
    SCALAR_ROWS("vmax" THREE_TYPES "[.sat]", maximum),
    SCALAR_ROWS("vset" COMPARE, set),
    SCALAR_ROWS("vshl" SHIFTS, shift_left),
    SCALAR_ROWS("vshr" SHIFTS, shift_right),
    {"vmad" THREE_TYPES "[.po][.sat][{.shr7,.shr15}]", "w=n,n,n,v", multiply},
    PACKED_ROWS("vadd", add),
    PACKED_ROWS("vsub", subtract),
    PACKED_ROWS("vabsdiff", difference),
    PACKED_ROWS("vmin", minimum),
    PACKED_ROWS("vmax", maximum),
    PACKED_ROWS("vavrg", average),
    {"vset4" COMPARE "[.add]", "q=q,q,r,v", set_4},
    {"vset2" COMPARE "[.add]", "t=t,t,r,v", set_2},
};

ARITHMETIC_TABLE(arithmetic_video, rows, 0);
