/*
 * Logic, shifts, bit fields, permutes and the packed byte instructions (PTX
 * ISA 9.7.1 from popc on, 9.7.7 and 9.7.8, prmt from 9.7.9, SIMD video
 * from 9.7.16).
 */
#include "emulator/arithmetic/kernel.h"

#include <stdbool.h>

#define NO_CHOICE (void)choice
#define S32(bits) ((int32_t)(bits))
#define S64(bits) ((int64_t)(bits))

#define LOGIC(lane)                                                                                \
    MAP_2(and_##lane, lane, lane, lane, NO_CHOICE, a &b)                                           \
    MAP_2(or_##lane, lane, lane, lane, NO_CHOICE, a | b)                                           \
    MAP_2(xor_##lane, lane, lane, lane, NO_CHOICE, a ^ b)                                          \
    MAP_1(not_##lane, lane, lane, NO_CHOICE, ~a)                                                   \
    MAP_1(cnot_##lane, lane, lane, NO_CHOICE, a == 0 ? 1 : 0)

LOGIC(32)
LOGIC(64)
MAP_1(not_16, 32, 32, NO_CHOICE, ~a & 0xffffu)

#define PREDICATE_2(name, operator)                                                                \
    LANE_FUNCTION(name) {                                                                          \
        (void)choice;                                                                              \
        const uint32_t a = *(const uint32_t *)from[0];                                             \
        const uint32_t b = *(const uint32_t *)from[1];                                             \
        *(uint32_t *)to[0] = a operator b;                                                         \
    }

PREDICATE_2(and_predicates, &)
PREDICATE_2(or_predicates, |)
PREDICATE_2(xor_predicates, ^)

LANE_FUNCTION(not_predicate) {
    (void)choice;
    *(uint32_t *)to[0] = ~*(const uint32_t *)from[0];
}

/* mov.pred of a negated predicate, which comes here as what it is. */
LANE_FUNCTION(copy_predicate) {
    (void)choice;
    *(uint32_t *)to[0] = *(const uint32_t *)from[0];
}

/* lop3: bit 4a + 2b + c of the table. Each line halves the table by one of the
 * sources. */
ALWAYS_INLINE uint32_t table_pair(uint32_t table, unsigned index, uint32_t c) {
    const uint32_t when_clear = 0 - (table >> index & 1);
    const uint32_t when_set = 0 - (table >> (index + 1) & 1);
    return when_clear ^ (c & (when_clear ^ when_set));
}

LANE_FUNCTION(lop3) {
    (void)choice;
    struct lanes32 *const d = to[0];
    const struct lanes32 *const a = from[0];
    const struct lanes32 *const b = from[1];
    const struct lanes32 *const c = from[2];
    const uint32_t table = (uint32_t) * (const int64_t *)from[3];
    FOR_LANES(lane) {
        const uint32_t z = c->at[lane];
        const uint32_t neither = table_pair(table, 0, z);
        const uint32_t only_b = table_pair(table, 2, z);
        const uint32_t only_a = table_pair(table, 4, z);
        const uint32_t both = table_pair(table, 6, z);
        const uint32_t without_a = neither ^ (b->at[lane] & (neither ^ only_b));
        const uint32_t with_a = only_a ^ (b->at[lane] & (only_a ^ both));
        d->at[lane] = without_a ^ (a->at[lane] & (without_a ^ with_a));
    }
}

/* The second result is whether the first is not 0, combined with a predicate. */
LANE_FUNCTION(lop3_predicate) {
    const bool is_and = choice[0] > 0;
    struct lanes32 *const d = to[0];
    lop3(to, from, choice);
    const uint32_t with = *(const uint32_t *)from[4];
    struct lanes32 flags;
    FOR_LANES(lane) {
        flags.at[lane] = d->at[lane] != 0 ? 1u : 0u;
    }
    const uint32_t any = predicate_of(&flags);
    *(uint32_t *)to[1] = is_and ? any & with : any | with;
}

/* Shifts: the amount is clamped to the width. */
#define AMOUNT_BELOW(width) (b < (width) ? b : 0)

MAP_2(shift_left_16, 32, 32, 32, NO_CHOICE, b < 16 ? a << AMOUNT_BELOW(16) & 0xffffu : 0)
MAP_2(shift_left_32, 32, 32, 32, NO_CHOICE, b < 32 ? a << AMOUNT_BELOW(32) : 0)
MAP_2(shift_left_64, 64, 64, 32, NO_CHOICE, b < 64 ? a << AMOUNT_BELOW(64) : 0)
MAP_2(shift_right_u16, 32, 32, 32, NO_CHOICE, b < 16 ? (a & 0xffffu) >> AMOUNT_BELOW(16) : 0)
MAP_2(shift_right_u32, 32, 32, 32, NO_CHOICE, b < 32 ? a >> AMOUNT_BELOW(32) : 0)
MAP_2(shift_right_u64, 64, 64, 32, NO_CHOICE, b < 64 ? a >> AMOUNT_BELOW(64) : 0)
MAP_2(shift_right_s16, 32, 32, 32, NO_CHOICE, (S32(a << 16) >> 16 >> (b < 15 ? b : 15)) & 0xffff)
MAP_2(shift_right_s32, 32, 32, 32, NO_CHOICE, S32(a) >> (b < 31 ? b : 31))
MAP_2(shift_right_s64, 64, 64, 32, NO_CHOICE, S64(a) >> (b < 63 ? b : 63))

/* shf: the 64 bits of b above a, by c, wrapped to 0..31 or clamped to 0..32. */
ALWAYS_INLINE uint32_t funnel(uint32_t low, uint32_t high, uint32_t amount, bool clamp,
                              bool right) {
    const uint32_t clamped = amount < 32 ? amount : 32;
    const uint32_t count = clamp ? clamped : amount & 31;
    const uint64_t both = (uint64_t)high << 32 | low;
    return right ? (uint32_t)(both >> count) : (uint32_t)(both << count >> 32);
}

#define CLAMP const bool clamp = choice[0] > 0

MAP_3(funnel_left, 32, 32, 32, 32, CLAMP, funnel(a, b, c, clamp, false))
MAP_3(funnel_right, 32, 32, 32, 32, CLAMP, funnel(a, b, c, clamp, true))

MAP_1(count_ones_32, 32, 32, NO_CHOICE, __builtin_popcount(a))
MAP_1(count_ones_64, 32, 64, NO_CHOICE, __builtin_popcountll(a))
MAP_1(count_zeros_32, 32, 32, NO_CHOICE, a == 0 ? 32 : __builtin_clz(a | 1u))
MAP_1(count_zeros_64, 32, 64, NO_CHOICE, a == 0 ? 64 : __builtin_clzll(a | 1u))

/* The position of the highest set bit, or all ones; .shiftamt counts from the
 * top instead. */
ALWAYS_INLINE uint32_t find_bit(uint64_t value, unsigned width, bool from_top) {
    const uint32_t position = 63 - (uint32_t)__builtin_clzll(value | 1u);
    const uint32_t found = from_top ? width - 1 - position : position;
    return value == 0 ? ~0u : found;
}

/* What is found in a negative number is its highest zero. */
#define NON_SIGN_32(bits) (S32(bits) < 0 ? ~(bits) : (bits))
#define NON_SIGN_64(bits) (S64(bits) < 0 ? ~(bits) : (bits))
#define FROM_TOP const bool from_top = choice[0] >= 0

MAP_1(find_u32, 32, 32, FROM_TOP, find_bit(a, 32, from_top))
MAP_1(find_s32, 32, 32, FROM_TOP, find_bit(NON_SIGN_32(a), 32, from_top))
MAP_1(find_u64, 32, 64, FROM_TOP, find_bit(a, 64, from_top))
MAP_1(find_s64, 32, 64, FROM_TOP, find_bit(NON_SIGN_64(a), 64, from_top))

/* The n-th set bit from `base`, upwards or (n < 0) downwards; n = 0 asks for
 * the base itself. */
ALWAYS_INLINE uint32_t find_nth(uint32_t mask, uint32_t base, int32_t n) {
    int32_t left = n;
    for (uint32_t at = base; at<32; at = n> 0 ? at + 1 : at - 1) {
        const bool set = mask >> at & 1;
        if (n == 0) {
            return set ? at : ~0u;
        }
        left -= set ? (n > 0 ? 1 : -1) : 0;
        if (left == 0) {
            return at;
        }
    }
    return ~0u;
}

MAP_3(find_nth_set, 32, 32, 32, 32, NO_CHOICE, find_nth(a, b, S32(c)))

ALWAYS_INLINE uint32_t reverse_32(uint32_t value) {
    const uint32_t pairs = (value >> 1 & 0x55555555u) | (value & 0x55555555u) << 1;
    const uint32_t nibbles = (pairs >> 2 & 0x33333333u) | (pairs & 0x33333333u) << 2;
    const uint32_t bytes = (nibbles >> 4 & 0x0f0f0f0fu) | (nibbles & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(bytes);
}

MAP_1(reverse_bits_32, 32, 32, NO_CHOICE, reverse_32(a))
MAP_1(reverse_bits_64, 64, 64, NO_CHOICE,
      (uint64_t)reverse_32((uint32_t)a) << 32 | reverse_32((uint32_t)(a >> 32)))

/* The low `length` bits, of up to 64. */
ALWAYS_INLINE uint64_t low_mask(uint32_t length) {
    return length > 63 ? ~(uint64_t)0 : ((uint64_t)1 << (length & 63)) - 1;
}

/* bfe and bfi: position and length are 0 to 255. */
ALWAYS_INLINE uint64_t extract_field(uint64_t value, uint32_t position, uint32_t length,
                                     unsigned width, bool is_signed) {
    const uint32_t start = position & 0xff;
    const uint32_t count = length & 0xff;
    const uint64_t field = start < width ? value >> (start & 63) & low_mask(count) : 0;
    const uint32_t last = start + count - 1;
    const uint64_t sign = value >> (last < width ? last : width - 1) & 1;
    const bool extended = is_signed && count > 0 && sign;
    /* The bits beyond those that the source had. */
    const uint32_t present = start < width ? (start + count < width ? count : width - start) : 0;
    return extended ? field | ~low_mask(present) : field;
}

ALWAYS_INLINE uint64_t insert_field(uint64_t value, uint64_t base, uint32_t position,
                                    uint32_t length, unsigned width) {
    const uint32_t start = position & 0xff;
    const uint64_t mask = start < width ? low_mask(length & 0xff) << (start & 63) : 0;
    return (base & ~mask) | (value << (start & 63) & mask);
}

MAP_3(extract_u32, 32, 32, 32, 32, NO_CHOICE, extract_field(a, b, c, 32, false))
MAP_3(extract_s32, 32, 32, 32, 32, NO_CHOICE, extract_field(a, b, c, 32, true))
MAP_3(extract_u64, 64, 64, 32, 32, NO_CHOICE, extract_field(a, b, c, 64, false))
MAP_3(extract_s64, 64, 64, 32, 32, NO_CHOICE, extract_field(a, b, c, 64, true))
MAP_4(insert_32, 32, 32, 32, 32, 32, NO_CHOICE, insert_field(a, b, c, e, 32))
MAP_4(insert_64, 64, 64, 64, 32, 32, NO_CHOICE, insert_field(a, b, c, e, 64))

/* szext: b bits of a, extended. */
ALWAYS_INLINE uint32_t extend_bits(uint32_t value, uint32_t count, bool clamp, bool is_signed) {
    const uint32_t bits = count & 31;
    const uint32_t mask = ((uint32_t)1 << bits) - 1;
    const uint32_t sign = bits ? value >> ((bits - 1) & 31) & 1 : 0;
    const uint32_t extended = (value & mask) | (is_signed && sign ? ~mask : 0);
    return clamp && count >= 32 ? value : extended;
}

/* {.clamp,.wrap} */
#define CLAMP_FIRST const bool clamp = choice[0] == 0

MAP_2(extend_u32, 32, 32, 32, CLAMP_FIRST, extend_bits(a, b, clamp, false))
MAP_2(extend_s32, 32, 32, 32, CLAMP_FIRST, extend_bits(a, b, clamp, true))

/* bmsk: b ones from bit a. */
ALWAYS_INLINE uint32_t mask_bits(uint32_t position, uint32_t width, bool clamp) {
    const uint32_t start = clamp ? position : position & 31;
    const uint32_t count = clamp ? (width < 32 ? width : 32) : width & 31;
    return start < 32 ? (uint32_t)(low_mask(count) << (start & 31)) : 0;
}

MAP_2(bit_mask, 32, 32, 32, CLAMP_FIRST, mask_bits(a, b, clamp))

/* prmt, default mode: four selectors of four bits, the top one asks for the
 * byte's sign alone. */
ALWAYS_INLINE uint32_t permute(uint32_t a, uint32_t b, uint32_t selectors) {
    const uint64_t bytes = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (unsigned place = 0; place < 4; place++) {
        const uint32_t selector = selectors >> (4 * place) & 15;
        const uint32_t byte = (uint32_t)(bytes >> (8 * (selector & 7))) & 0xff;
        const uint32_t sign = 0xff * (byte >> 7);
        result |= (selector & 8 ? sign : byte) << (8 * place);
    }
    return result;
}

MAP_3(permute_bytes, 32, 32, 32, 32, NO_CHOICE, permute(a, b, c))

/* The other modes, in the order of the row, as selectors for each value of c's
 * two low bits. */
LANE_FUNCTION(permute_mode) {
    static const uint16_t selectors[][4] = {
        {0x3210, 0x4321, 0x5432, 0x6543}, /* .f4e */
        {0x5670, 0x6701, 0x7012, 0x0123}, /* .b4e */
        {0x0000, 0x1111, 0x2222, 0x3333}, /* .rc8 */
        {0x3210, 0x3211, 0x3222, 0x3333}, /* .ecl */
        {0x0000, 0x1110, 0x2210, 0x3210}, /* .ecr */
        {0x1010, 0x3232, 0x1010, 0x3232}, /* .rc16 */
    };
    struct lanes32 *const d = to[0];
    const struct lanes32 *const a = from[0];
    const struct lanes32 *const b = from[1];
    const struct lanes32 *const c = from[2];
    const uint16_t *const mode = selectors[choice[0]];
    for (unsigned lane = 0; lane < LANES; lane++) {
        d->at[lane] = permute(a->at[lane], b->at[lane], mode[c->at[lane] & 3]);
    }
}

/* A byte or half of a word, as a number. */
ALWAYS_INLINE int32_t element_of(uint32_t word, unsigned index, unsigned bits, bool is_signed) {
    const uint32_t field = word >> (index * bits) & (((uint32_t)1 << bits) - 1);
    const uint32_t sign = is_signed ? (uint32_t)1 << (bits - 1) : 0;
    return (int32_t)((field ^ sign) - sign);
}

/* dp4a and dp2a; the sum wraps. {u32,s32}.{u32,s32} */
#define DOT_SIGNS                                                                                  \
    const bool a_signed = choice[0] > 0;                                                           \
    const bool b_signed = choice[1] > 0

ALWAYS_INLINE uint32_t dot_bytes(uint32_t a, uint32_t b, uint32_t c, bool a_signed, bool b_signed) {
    uint32_t sum = c;
    for (unsigned i = 0; i < 4; i++) {
        sum += (uint32_t)(element_of(a, i, 8, a_signed) * element_of(b, i, 8, b_signed));
    }
    return sum;
}

/* Two halves of a with the lower or upper two bytes of b. */
ALWAYS_INLINE uint32_t dot_halves(uint32_t a, uint32_t b, uint32_t c, bool a_signed, bool b_signed,
                                  unsigned first) {
    uint32_t sum = c;
    for (unsigned i = 0; i < 2; i++) {
        sum += (uint32_t)(element_of(a, i, 16, a_signed) * element_of(b, first + i, 8, b_signed));
    }
    return sum;
}

MAP_3(dot_4, 32, 32, 32, 32, DOT_SIGNS, dot_bytes(a, b, c, a_signed, b_signed))
MAP_3(dot_2_low, 32, 32, 32, 32, DOT_SIGNS, dot_halves(a, b, c, a_signed, b_signed, 0))
MAP_3(dot_2_high, 32, 32, 32, 32, DOT_SIGNS, dot_halves(a, b, c, a_signed, b_signed, 2))

static const struct lane_operation rows[] = {
    {"and.b32", "w=w,w", and_32},
    {"and.b64", "d=d,d", and_64},
    {"and.b16", "h=h,h", and_32},
    {"and.pred", "p=p,p", and_predicates},
    {"or.b32", "w=w,w", or_32},
    {"or.b64", "d=d,d", or_64},
    {"or.b16", "h=h,h", or_32},
    {"or.pred", "p=p,p", or_predicates},
    {"xor.b32", "w=w,w", xor_32},
    {"xor.b64", "d=d,d", xor_64},
    {"xor.b16", "h=h,h", xor_32},
    {"xor.pred", "p=p,p", xor_predicates},
    {"not.b32", "w=w", not_32},
    {"not.b64", "d=d", not_64},
    {"not.b16", "h=h", not_16},
    {"not.pred", "p=p", not_predicate},
    {"mov.pred", "p=p", copy_predicate},
    {"cnot.b32", "w=w", cnot_32},
    {"cnot.b64", "d=d", cnot_64},
    {"cnot.b16", "h=h", cnot_32},
    {"lop3.b32", "w=w,w,w,i", lop3},
    {"lop3{.or,.and}.b32", "w,p=w,w,w,i,p", lop3_predicate},
    {"shl.b32", "w=w,w", shift_left_32},
    {"shl.b64", "d=d,w", shift_left_64},
    {"shl.b16", "h=h,w", shift_left_16},
    {"shr.{u32,b32}", "w=w,w", shift_right_u32},
    {"shr.s32", "w=w,w", shift_right_s32},
    {"shr.{u64,b64}", "d=d,w", shift_right_u64},
    {"shr.s64", "d=d,w", shift_right_s64},
    {"shr.{u16,b16}", "h=h,w", shift_right_u16},
    {"shr.s16", "h=h,w", shift_right_s16},
    {"shf.l{.wrap,.clamp}.b32", "w=w,w,w", funnel_left},
    {"shf.r{.wrap,.clamp}.b32", "w=w,w,w", funnel_right},
    {"popc.b32", "w=w", count_ones_32},
    {"popc.b64", "w=d", count_ones_64},
    {"clz.b32", "w=w", count_zeros_32},
    {"clz.b64", "w=d", count_zeros_64},
    {"bfind[.shiftamt].u32", "w=w", find_u32},
    {"bfind[.shiftamt].s32", "w=w", find_s32},
    {"bfind[.shiftamt].u64", "w=d", find_u64},
    {"bfind[.shiftamt].s64", "w=d", find_s64},
    {"fns.b32", "w=w,w,w", find_nth_set},
    {"brev.b32", "w=w", reverse_bits_32},
    {"brev.b64", "d=d", reverse_bits_64},
    {"bfe.u32", "w=w,k,k", extract_u32},
    {"bfe.s32", "w=w,k,k", extract_s32},
    {"bfe.u64", "d=d,k,k", extract_u64},
    {"bfe.s64", "d=d,k,k", extract_s64},
    {"bfi.b32", "w=w,w,k,k", insert_32},
    {"bfi.b64", "d=d,d,k,k", insert_64},
    {"szext{.clamp,.wrap}.u32", "w=w,w", extend_u32},
    {"szext{.clamp,.wrap}.s32", "w=w,w", extend_s32},
    {"bmsk{.clamp,.wrap}.b32", "w=w,w", bit_mask},
    {"prmt.b32", "w=w,w,w", permute_bytes},
    {"prmt.b32{.f4e,.b4e,.rc8,.ecl,.ecr,.rc16}", "w=w,w,w", permute_mode},
    {"dp4a.{u32,s32}.{u32,s32}", "w=w,w,w", dot_4},
    {"dp2a.lo.{u32,s32}.{u32,s32}", "w=w,w,w", dot_2_low},
    {"dp2a.hi.{u32,s32}.{u32,s32}", "w=w,w,w", dot_2_high},
};

ARITHMETIC_TABLE(arithmetic_bits, rows, 0);
