/*
 * The instructions that compilers emit all the time, as handlers of their own: everything else that
 * computes goes through the lane operations of the arithmetic tables. Compiled once for each
 * instruction set.
 */
#include "emulator/execute/isa.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/state.h"

#include <math.h>

static inline void blend32(struct lanes32 *to, const struct lanes32 *from, uint32_t mask) {
    FOR_LANES(lane) {
        to->at[lane] = (mask >> lane & 1) ? from->at[lane] : to->at[lane];
    }
}

static inline void blend64(struct lanes64 *to, const struct lanes64 *from, uint32_t mask) {
    FOR_LANES(lane) {
        to->at[lane] = (mask >> lane & 1) ? from->at[lane] : to->at[lane];
    }
}

/*
 * A handler with result type `D` and source types `A`, `B`, `C` (32 or 64): `expression` of x, y
 * and z, a lane's sources. Unused sources are slot 0 and cost nothing.
 */
#define HANDLER(name, D, A, B, C, expression)                                                      \
    static void name(struct warp *warp, const struct instruction *instruction) {                   \
        const struct lanes##A *a = warp_slot(warp, instruction->a);                                \
        const struct lanes##B *b = warp_slot(warp, instruction->b);                                \
        const struct lanes##C *c = warp_slot(warp, instruction->c);                                \
        struct lanes##D *to = warp_slot(warp, instruction->to);                                    \
        struct lanes##D masked, *out = warp->mask == LANES_ALL ? to : &masked;                     \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t x = a->at[lane];                                                     \
            const uint##B##_t y = b->at[lane];                                                     \
            const uint##C##_t z = c->at[lane];                                                     \
            (void)x, (void)y, (void)z;                                                             \
            out->at[lane] = (uint##D##_t)(expression);                                             \
        }                                                                                          \
        if (out != to)                                                                             \
            blend##D(to, &masked, warp->mask);                                                     \
    }

#define FLOAT(x) lane_f32(x)
#define CANONICAL(expression) lane_canonical32(lane_bits32(expression))
#define WIDE(x) ((uint64_t)(int64_t)(int32_t)(x))

HANDLER(move_32, 32, 32, 32, 32, x)
HANDLER(move_64, 64, 64, 64, 64, x)
HANDLER(add_32, 32, 32, 32, 32, x + y)
HANDLER(sub_32, 32, 32, 32, 32, x - y)
HANDLER(mul_lo_32, 32, 32, 32, 32, x *y)
HANDLER(mad_lo_32, 32, 32, 32, 32, x *y + z)
HANDLER(and_32, 32, 32, 32, 32, x &y)
HANDLER(or_32, 32, 32, 32, 32, x | y)
HANDLER(xor_32, 32, 32, 32, 32, x ^ y)
HANDLER(not_32, 32, 32, 32, 32, ~x)
HANDLER(shl_32, 32, 32, 32, 32, y < 32 ? x << (y & 31) : 0)
HANDLER(shr_u32, 32, 32, 32, 32, y < 32 ? x >> (y & 31) : 0)
HANDLER(shr_s32, 32, 32, 32, 32, (int32_t)x >> (y < 32 ? y : 31))
HANDLER(min_s32, 32, 32, 32, 32, (int32_t)x < (int32_t)y ? x : y)
HANDLER(max_s32, 32, 32, 32, 32, (int32_t)x > (int32_t)y ? x : y)
HANDLER(min_u32, 32, 32, 32, 32, x < y ? x : y)
HANDLER(max_u32, 32, 32, 32, 32, x > y ? x : y)
HANDLER(add_64, 64, 64, 64, 64, x + y)
HANDLER(sub_64, 64, 64, 64, 64, x - y)
HANDLER(mul_lo_64, 64, 64, 64, 64, x *y)
HANDLER(mad_lo_64, 64, 64, 64, 64, x *y + z)
HANDLER(and_64, 64, 64, 64, 64, x &y)
HANDLER(or_64, 64, 64, 64, 64, x | y)
HANDLER(xor_64, 64, 64, 64, 64, x ^ y)
HANDLER(shl_64, 64, 64, 32, 32, y < 64 ? x << (y & 63) : 0)
HANDLER(shr_u64, 64, 64, 32, 32, y < 64 ? x >> (y & 63) : 0)
HANDLER(shr_s64, 64, 64, 32, 32, (int64_t)x >> (y < 64 ? y : 63))
HANDLER(mul_wide_s32, 64, 32, 32, 32, WIDE(x) * WIDE(y))
HANDLER(mul_wide_u32, 64, 32, 32, 32, (uint64_t)x *y)
HANDLER(mad_wide_s32, 64, 32, 32, 64, WIDE(x) * WIDE(y) + z)
HANDLER(mad_wide_u32, 64, 32, 32, 64, (uint64_t)x *y + z)
HANDLER(cvt_s64_s32, 64, 32, 32, 32, WIDE(x))
HANDLER(cvt_u64_u32, 64, 32, 32, 32, x)
HANDLER(cvt_u32_u64, 32, 64, 32, 32, x)
HANDLER(fma_f32, 32, 32, 32, 32, CANONICAL(fmaf(FLOAT(x), FLOAT(y), FLOAT(z))))
HANDLER(add_f32, 32, 32, 32, 32, CANONICAL(FLOAT(x) + FLOAT(y)))
HANDLER(sub_f32, 32, 32, 32, 32, CANONICAL(FLOAT(x) - FLOAT(y)))
HANDLER(mul_f32, 32, 32, 32, 32, CANONICAL(FLOAT(x) * FLOAT(y)))
HANDLER(neg_f32, 32, 32, 32, 32, lane_canonical32(x ^ 0x80000000u))

/* cvta: the row's variant is the window; to generic adds it, from generic takes it away. */
#define WINDOW ((uint64_t)(instruction->variant & 15) << 56)
HANDLER(cvta_to_generic_64, 64, 64, 32, 32, x + WINDOW)
HANDLER(cvta_from_generic_64, 64, 64, 32, 32, x - WINDOW)

/* ---- Predicates are masks ---- */

static inline void set_predicate(struct warp *warp, uint32_t slot, uint32_t value) {
    uint32_t *to = warp_slot(warp, slot);
    *to = (*to & ~warp->mask) | (value & warp->mask);
}

#define PREDICATE_HANDLER(name, expression)                                                        \
    static void name(struct warp *warp, const struct instruction *instruction) {                   \
        const uint32_t x = *(const uint32_t *)warp_slot(warp, instruction->a);                     \
        const uint32_t y = *(const uint32_t *)warp_slot(warp, instruction->b);                     \
        (void)y;                                                                                   \
        set_predicate(warp, instruction->to, (expression));                                        \
    }

PREDICATE_HANDLER(move_predicate, x)
PREDICATE_HANDLER(not_predicate, ~x)
PREDICATE_HANDLER(and_predicate, x &y)
PREDICATE_HANDLER(or_predicate, x | y)
PREDICATE_HANDLER(xor_predicate, x ^ y)

#define COMPARE_HANDLER(name, A, Type, convert, operation)                                         \
    static void name(struct warp *warp, const struct instruction *instruction) {                   \
        const struct lanes##A *a = warp_slot(warp, instruction->a);                                \
        const struct lanes##A *b = warp_slot(warp, instruction->b);                                \
        uint32_t result = 0;                                                                       \
        for (unsigned lane = 0; lane < LANES; lane++) {                                            \
            const Type x = convert(a->at[lane]), y = convert(b->at[lane]);                         \
            result |= (uint32_t)(operation) << lane;                                               \
        }                                                                                          \
        set_predicate(warp, instruction->to, result);                                              \
    }

#define COMPARE_ORDERED(suffix, A, Type, convert)                                                  \
    COMPARE_HANDLER(lt_##suffix, A, Type, convert, x < y)                                          \
    COMPARE_HANDLER(le_##suffix, A, Type, convert, x <= y)                                         \
    COMPARE_HANDLER(gt_##suffix, A, Type, convert, x > y)                                          \
    COMPARE_HANDLER(ge_##suffix, A, Type, convert, x >= y)
#define COMPARE_EQUAL(suffix, A, Type, convert)                                                    \
    COMPARE_HANDLER(eq_##suffix, A, Type, convert, x == y)                                         \
    COMPARE_HANDLER(ne_##suffix, A, Type, convert, x != y)

#define SIGNED_32(x) ((int32_t)(x))
#define SIGNED_64(x) ((int64_t)(x))
#define SAME(x) (x)
COMPARE_ORDERED(s32, 32, int32_t, SIGNED_32)
COMPARE_ORDERED(u32, 32, uint32_t, SAME)
COMPARE_EQUAL(32, 32, uint32_t, SAME)
COMPARE_ORDERED(s64, 64, int64_t, SIGNED_64)
COMPARE_ORDERED(u64, 64, uint64_t, SAME)
COMPARE_EQUAL(64, 64, uint64_t, SAME)
COMPARE_ORDERED(f32, 32, float, FLOAT)
COMPARE_HANDLER(eq_f32, 32, float, FLOAT, x == y)
COMPARE_HANDLER(ne_f32, 32, float, FLOAT, x<y || x> y)
COMPARE_HANDLER(neu_f32, 32, float, FLOAT, !(x == y))

/* isspacep of a space that has a window, which is the row's variant. */
#define WINDOW_OF(x) ((x) >> WINDOW_SHIFT)
COMPARE_HANDLER(is_space, 64, uint64_t, WINDOW_OF, x == instruction->variant && y == y)

/* Shared memory of the block itself. */
#define RANK_OF(x) ((x) >> SHARED_RANK_SHIFT)
COMPARE_HANDLER(is_own_shared, 64, uint64_t, RANK_OF,
                x == (uint64_t)WINDOW_SHARED << (WINDOW_SHIFT - SHARED_RANK_SHIFT) && y == y)

/* A generic address that fits 32 bits can be a global one alone. */
COMPARE_HANDLER(is_always, 32, uint32_t, SAME, x == x && y == y)
COMPARE_HANDLER(is_never, 32, uint32_t, SAME, x != x && y != y)

/* .global and .const lie in one window: its ranges know which they are. The variant is whether
 * .const is asked for. */
static void is_global_or_constant(struct warp *warp, const struct instruction *instruction) {
    const struct lanes64 *from = warp_slot(warp, instruction->a);
    const struct memory *memory = warp->block->launch->memory;
    uint32_t *to = warp_slot(warp, instruction->to);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint64_t address = from->at[lane];
        if (!(warp->mask >> lane & 1))
            continue;
        const struct memory_range *range = memory_find(memory, address);
        const bool is_constant = range && range->is_constant;
        const bool is_it =
            address >> WINDOW_SHIFT == WINDOW_GLOBAL && is_constant == (instruction->variant != 0);
        *to = (*to & ~(UINT32_C(1) << lane)) | ((uint32_t)is_it << lane);
    }
}

#define SELECT_HANDLER(name, A)                                                                    \
    static void name(struct warp *warp, const struct instruction *instruction) {                   \
        const struct lanes##A *a = warp_slot(warp, instruction->a);                                \
        const struct lanes##A *b = warp_slot(warp, instruction->b);                                \
        const uint32_t chosen = *(const uint32_t *)warp_slot(warp, instruction->c);                \
        struct lanes##A *to = warp_slot(warp, instruction->to), out;                               \
        FOR_LANES(lane)                                                                            \
        out.at[lane] = (chosen >> lane & 1) ? a->at[lane] : b->at[lane];                           \
        blend##A(to, &out, warp->mask);                                                            \
    }
SELECT_HANDLER(select_32, 32)
SELECT_HANDLER(select_64, 64)

static const struct instruction_row rows[] = {
    {.pattern = "fma.rn.f32", "w=w,w,w", fma_f32, .flags = OPERATION_FMA},
    {.pattern = "add[.rn].f32", "w=w,w", add_f32},
    {.pattern = "sub[.rn].f32", "w=w,w", sub_f32},
    {.pattern = "mul[.rn].f32", "w=w,w", mul_f32},
    {.pattern = "neg.f32", "w=w", neg_f32},
    {.pattern = "mov.pred", "p=p", move_predicate},
    {.pattern = "mov.{b16,u16,s16,f16,bf16,b32,u32,s32,f32}", "", move_32, .decode = DECODE_MOVE},
    {.pattern = "mov.{b64,u64,s64,f64,b128}", "", move_64, .decode = DECODE_MOVE},
    {.pattern = "mov.{v2,v4}.{b16,u16,s16,f16,bf16,b32,u32,s32,f32,b64,u64,s64,f64}",
     "",
     move_64,
     .decode = DECODE_MOVE},
    {.pattern = "add.{u32,s32}", "w=w,w", add_32},
    {.pattern = "add.{u64,s64}", "d=d,d", add_64},
    {.pattern = "sub.{u32,s32}", "w=w,w", sub_32},
    {.pattern = "sub.{u64,s64}", "d=d,d", sub_64},
    {.pattern = "mul.lo.{u32,s32}", "w=w,w", mul_lo_32},
    {.pattern = "mul.lo.{u64,s64}", "d=d,d", mul_lo_64},
    {.pattern = "mad.lo.{u32,s32}", "w=w,w,w", mad_lo_32},
    {.pattern = "mad.lo.{u64,s64}", "d=d,d,d", mad_lo_64},
    {.pattern = "mul.wide.s32", "d=w,w", mul_wide_s32},
    {.pattern = "mul.wide.u32", "d=w,w", mul_wide_u32},
    {.pattern = "mad.wide.s32", "d=w,w,d", mad_wide_s32},
    {.pattern = "mad.wide.u32", "d=w,w,d", mad_wide_u32},
    {.pattern = "and.b32", "w=w,w", and_32},
    {.pattern = "and.b64", "d=d,d", and_64},
    {.pattern = "or.b32", "w=w,w", or_32},
    {.pattern = "or.b64", "d=d,d", or_64},
    {.pattern = "xor.b32", "w=w,w", xor_32},
    {.pattern = "xor.b64", "d=d,d", xor_64},
    {.pattern = "not.b32", "w=w", not_32},
    {.pattern = "and.pred", "p=p,p", and_predicate},
    {.pattern = "or.pred", "p=p,p", or_predicate},
    {.pattern = "xor.pred", "p=p,p", xor_predicate},
    {.pattern = "not.pred", "p=p", not_predicate},
    {.pattern = "shl.b32", "w=w,w", shl_32},
    {.pattern = "shl.b64", "d=d,w", shl_64},
    {.pattern = "shr.{u32,b32}", "w=w,w", shr_u32},
    {.pattern = "shr.s32", "w=w,w", shr_s32},
    {.pattern = "shr.{u64,b64}", "d=d,w", shr_u64},
    {.pattern = "shr.s64", "d=d,w", shr_s64},
    {.pattern = "min.s32", "w=w,w", min_s32},
    {.pattern = "max.s32", "w=w,w", max_s32},
    {.pattern = "min.u32", "w=w,w", min_u32},
    {.pattern = "max.u32", "w=w,w", max_u32},
    {.pattern = "selp.{b32,u32,s32,f32}", "w=w,w,p", select_32},
    {.pattern = "selp.{b64,u64,s64,f64}", "d=d,d,p", select_64},
    {.pattern = "cvta[.to].{global,const}.u64", "d=d", move_64, .flags = ROW_TAKES_NAMES},
    {.pattern = "cvta.{shared,shared::cta,shared::cluster}.u64",
     "d=d",
     cvta_to_generic_64,
     1,
     .flags = ROW_TAKES_NAMES},
    {.pattern = "cvta.local.u64", "d=d", cvta_to_generic_64, 2},
    {.pattern = "cvta.{param,param::entry}.u64",
     "d=d",
     cvta_to_generic_64,
     3,
     .flags = ROW_TAKES_NAMES},
    {.pattern = "cvta.to.{shared,shared::cta,shared::cluster}.u64",
     "d=d",
     cvta_from_generic_64,
     1,
     .flags = ROW_TAKES_NAMES},
    {.pattern = "cvta.to.local.u64", "d=d", cvta_from_generic_64, 2},
    {.pattern = "cvta.to.{param,param::entry}.u64",
     "d=d",
     cvta_from_generic_64,
     3,
     .flags = ROW_TAKES_NAMES},
    {.pattern = "isspacep.global", "p=w", is_always, .flags = ROW_OF_WORDS},
    {.pattern = "isspacep.{const,shared,shared::cta,shared::cluster,local,param,param::entry}",
     "p=w",
     is_never,
     .flags = ROW_OF_WORDS},
    {.pattern = "isspacep.global", "p=d", is_global_or_constant, 0},
    {.pattern = "isspacep.const", "p=d", is_global_or_constant, 1},
    {.pattern = "isspacep.{shared,shared::cta}", "p=d", is_own_shared},
    {.pattern = "isspacep.shared::cluster", "p=d", is_space, WINDOW_SHARED},
    {.pattern = "isspacep.local", "p=d", is_space, WINDOW_LOCAL},
    {.pattern = "isspacep.{param,param::entry}", "p=d", is_space, WINDOW_PARAM},
    {.pattern = "setp.lt.s32", "p=w,w", lt_s32},
    {.pattern = "setp.le.s32", "p=w,w", le_s32},
    {.pattern = "setp.gt.s32", "p=w,w", gt_s32},
    {.pattern = "setp.ge.s32", "p=w,w", ge_s32},
    {.pattern = "setp.{lt,lo}.u32", "p=w,w", lt_u32},
    {.pattern = "setp.{le,ls}.u32", "p=w,w", le_u32},
    {.pattern = "setp.{gt,hi}.u32", "p=w,w", gt_u32},
    {.pattern = "setp.{ge,hs}.u32", "p=w,w", ge_u32},
    {.pattern = "setp.eq.{b32,u32,s32}", "p=w,w", eq_32},
    {.pattern = "setp.ne.{b32,u32,s32}", "p=w,w", ne_32},
    {.pattern = "setp.lt.s64", "p=d,d", lt_s64},
    {.pattern = "setp.le.s64", "p=d,d", le_s64},
    {.pattern = "setp.gt.s64", "p=d,d", gt_s64},
    {.pattern = "setp.ge.s64", "p=d,d", ge_s64},
    {.pattern = "setp.{lt,lo}.u64", "p=d,d", lt_u64},
    {.pattern = "setp.{le,ls}.u64", "p=d,d", le_u64},
    {.pattern = "setp.{gt,hi}.u64", "p=d,d", gt_u64},
    {.pattern = "setp.{ge,hs}.u64", "p=d,d", ge_u64},
    {.pattern = "setp.eq.{b64,u64,s64}", "p=d,d", eq_64},
    {.pattern = "setp.ne.{b64,u64,s64}", "p=d,d", ne_64},
    {.pattern = "setp.lt.f32", "p=w,w", lt_f32},
    {.pattern = "setp.le.f32", "p=w,w", le_f32},
    {.pattern = "setp.gt.f32", "p=w,w", gt_f32},
    {.pattern = "setp.ge.f32", "p=w,w", ge_f32},
    {.pattern = "setp.eq.f32", "p=w,w", eq_f32},
    {.pattern = "setp.ne.f32", "p=w,w", ne_f32},
    {.pattern = "setp.neu.f32", "p=w,w", neu_f32},
    {.pattern = "cvt.s64.s32", "d=w", cvt_s64_s32, .flags = OPERATION_WIDENS},
    {.pattern = "cvt.u64.u32", "d=w", cvt_u64_u32, .flags = OPERATION_WIDENS},
    {.pattern = "cvt.{u32,s32}.{u64,s64}", "w=d", cvt_u32_u64, .flags = OPERATION_WIDENS},
};

EXECUTOR_TABLE(executor_arithmetic);
