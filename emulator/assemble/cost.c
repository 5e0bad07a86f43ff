#include "emulator/assemble/cost.h"

#include "emulator/ptx/pattern.h"

/* What the assembler writes for instructions that the hardware lacks, without the paths for special
 * values that few lanes take. The first row that fits counts. */
static const struct {
    const char *pattern;
    uint16_t instructions;
} costs[] = {
    {"div.rn[.ftz].f32", 10},
    {"div.{rz,rm,rp}[.ftz].f32", 10},
    {"div.full[.ftz].f32", 7},
    {"div.approx[.ftz].f32", 5},
    {"rcp.rn[.ftz].f32", 7},
    {"sqrt.rn[.ftz].f32", 9},
    {"sqrt.approx[.ftz].f32", 3},
    {"rsqrt.approx.f32", 3},
    {"ex2.approx.f32", 4},
    {"lg2.approx.f32", 4},
    {"div.rn.f64", 16},
    {"rcp.rn.f64", 10},
    {"sqrt.rn.f64", 16},
    {"div.{u32,s32,u16,s16}", 18},
    {"rem.{u32,s32,u16,s16}", 18},
    {"div.{u64,s64}", 80},
    {"rem.{u64,s64}", 80},
    {"mul.lo.{u64,s64}", 4},
    {"mad.lo.{u64,s64}", 4},
    {"mul.hi.{u64,s64}", 9},
    {"min.{u64,s64}", 4},
    {"max.{u64,s64}", 4},
};

/* Two words are gone through one by one. */
static bool is_on_pairs(const struct instruction *instruction) {
    static const char *const roots[] = {"add", "sub",  "and",  "or",  "xor", "not",
                                        "shl", "setp", "selp", "shr", "neg"};
    const struct detail *detail = instruction->detail;
    bool is_wide = detail->to_count && detail->to_bits[0] == 64;
    is_wide |= body_is(instruction, "setp") && detail->from_count && detail->from_bits[0] == 64;
    for (size_t k = 0; k < sizeof roots / sizeof roots[0] && is_wide; k++) {
        if (body_is(instruction, roots[k]))
            return body_is_integer(instruction);
    }
    return false;
}

/* A division by a constant is a multiplication and shifts; by a power of two, without a sign, one
 * instruction. */
static unsigned constant_division(const struct instruction *instruction, uint64_t by) {
    const bool is_signed = body_has_modifier(instruction, "s32");
    const bool is_power = by && (by & (by - 1)) == 0;
    if (is_power)
        return is_signed ? 3 : 1;
    return (is_signed ? 3U : 2U) + (body_is(instruction, "rem") ? 1U : 0U);
}

unsigned cost_of(const struct body *body, const struct instruction *instruction) {
    struct pattern_fit fit;
    uint64_t value;
    const bool divides = body_is(instruction, "div") || body_is(instruction, "rem");
    if (divides && body_is_integer(instruction) && instruction->detail->from_bits &&
        instruction->detail->from_bits[0] == 32 && body_constant(body, instruction, 1, &value))
        return constant_division(instruction, value);
    for (size_t k = 0; k < sizeof costs / sizeof costs[0]; k++) {
        if (pattern_match(costs[k].pattern, instruction->detail->source, true, &fit))
            return costs[k].instructions;
    }
    return is_on_pairs(instruction) ? 2 : 1;
}
