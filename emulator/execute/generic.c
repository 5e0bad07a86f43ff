/* Handlers that decoding picks by itself: guarded instructions, lane operations, width changes in
 * cvt, and odd forms of mov. */
#include "emulator/execute/execute.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

static void execute_guarded(struct warp *warp, const struct instruction *instruction) {
    uint32_t mask = warp->mask;
    warp->mask = warp_guard(warp, instruction);
    if (warp->mask)
        instruction->detail->guarded(warp, instruction);
    warp->mask = mask;
}

static void blend(void *to, const void *from, unsigned bits, uint32_t mask) {
    if (bits == 1) {
        uint32_t *to_mask = to;
        *to_mask = (*to_mask & ~mask) | (*(const uint32_t *)from & mask);
    } else if (bits == 32) {
        struct lanes32 *to_lanes = to;
        const struct lanes32 *from_lanes = from;
        FOR_LANES(lane) {
            to_lanes->at[lane] = (mask >> lane & 1) ? from_lanes->at[lane] : to_lanes->at[lane];
        }
    } else {
        struct lanes64 *to_lanes = to;
        const struct lanes64 *from_lanes = from;
        FOR_LANES(lane) {
            to_lanes->at[lane] = (mask >> lane & 1) ? from_lanes->at[lane] : to_lanes->at[lane];
        }
    }
}

/* Sources of an operation; negated predicates and narrowed values get a copy. */
static void gather_sources(struct warp *warp, const struct detail *detail, const void *from[]) {
    for (unsigned k = 0; k < detail->from_count; k++) {
        void *copy = &warp->worker->scratch_from[k];
        from[k] = warp_slot(warp, detail->from[k]);
        if (detail->negated >> k & 1) {
            *(uint32_t *)copy = ~*(const uint32_t *)from[k];
            from[k] = copy;
        }
        if (!detail->from_narrow[k])
            continue;
        struct lanes32 *narrow = copy;
        uint32_t keep =
            detail->from_narrow[k] < 32 ? (UINT32_C(1) << detail->from_narrow[k]) - 1 : UINT32_MAX;
        for (unsigned lane = 0; lane < LANES; lane++) {
            uint32_t value = detail->from_bits[k] == 64
                                 ? (uint32_t)((const struct lanes64 *)from[k])->at[lane]
                                 : ((const struct lanes32 *)from[k])->at[lane];
            narrow->at[lane] = value & keep;
        }
        from[k] = copy;
    }
}

/* Full warps whose destination is no source: the operation writes the registers themselves. */
static void execute_lanes_in_place(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    void *to[OPERAND_LIMIT];
    const void *from[OPERAND_LIMIT];
    bool is_full = warp->mask == LANES_ALL;
    for (unsigned k = 0; k < detail->to_count; k++)
        to[k] = is_full ? warp_slot(warp, detail->to[k]) : &warp->worker->scratch[k];
    for (unsigned k = 0; k < detail->from_count; k++)
        from[k] = warp_slot(warp, detail->from[k]);
    detail->lanes(to, from, detail->choice);
    if (is_full)
        return;
    for (unsigned k = 0; k < detail->to_count; k++)
        blend(warp_slot(warp, detail->to[k]), to[k], detail->to_bits[k], warp->mask);
}

static void execute_lanes(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    void *to[OPERAND_LIMIT];
    const void *from[OPERAND_LIMIT];
    for (unsigned k = 0; k < detail->to_count; k++)
        to[k] = &warp->worker->scratch[k];
    gather_sources(warp, detail, from);
    detail->lanes(to, from, detail->choice);
    for (unsigned k = 0; k < detail->to_count; k++)
        blend(warp_slot(warp, detail->to[k]), to[k], detail->to_bits[k], warp->mask);
}

/* A result narrower than its register is extended by the sign of its type. */
static void extend(void *value, unsigned extend_bits, unsigned slot_bits, unsigned register_bits) {
    unsigned bits = extend_bits & 0x7f;
    bool is_signed = (extend_bits & 0x80) != 0;
    struct lanes64 wide;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t low = ((const struct lanes32 *)value)->at[lane];
        low &= bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
        if (is_signed && (low >> (bits - 1) & 1))
            low |= ~((UINT64_C(1) << bits) - 1);
        wide.at[lane] = register_bits < 64 ? low & ((UINT64_C(1) << register_bits) - 1) : low;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (slot_bits == 64)
            ((struct lanes64 *)value)->at[lane] = wide.at[lane];
        else
            ((struct lanes32 *)value)->at[lane] = (uint32_t)wide.at[lane];
    }
}

static void execute_convert(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    void *to[OPERAND_LIMIT];
    const void *from[OPERAND_LIMIT];
    for (unsigned k = 0; k < detail->to_count; k++)
        to[k] = &warp->worker->scratch[k];
    gather_sources(warp, detail, from);
    detail->lanes(to, from, detail->choice);
    for (unsigned k = 0; k < detail->to_count; k++) {
        if (detail->to_extend[k])
            extend(to[k], detail->to_extend[k], detail->to_bits[k], detail->to_register_bits);
        blend(warp_slot(warp, detail->to[k]), to[k], detail->to_bits[k], warp->mask);
    }
}

/* setp.cmp.bool p|q, a, b, c: p = (a cmp b) bool c, q = !(a cmp b) bool c (PTX ISA 9.7.6). */
static void execute_setp_combined(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t compared = 0;
    void *to[1] = {&compared};
    const void *from[OPERAND_LIMIT];
    gather_sources(warp, detail, from);
    detail->lanes(to, from, detail->choice);
    for (unsigned k = 0; k < detail->to_count; k++) {
        uint32_t value = k == 0 ? compared : ~compared;
        uint32_t third = detail->boolean ? *(const uint32_t *)from[2] : 0;
        if (detail->boolean == BOOLEAN_AND)
            value &= third;
        else if (detail->boolean == BOOLEAN_OR)
            value |= third;
        else if (detail->boolean == BOOLEAN_XOR)
            value ^= third;
        blend(warp_slot(warp, detail->to[k]), &value, 1, warp->mask);
    }
}

/* mov.b64 d, {a, b}: the first element is the lowest. */
static void execute_move_pack(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    unsigned bits = detail->access_bytes * 8;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t value = 0;
        if (!(warp->mask >> lane & 1))
            continue;
        for (unsigned k = 0; k < detail->from_count; k++)
            value |= (value_read(warp, detail, k, lane) & ((UINT64_C(1) << bits) - 1))
                     << (k * bits);
        value_write(warp, detail, 0, lane, value);
    }
}

static void execute_move_unpack(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    unsigned bits = detail->access_bytes * 8;
    struct lanes64 values;
    for (unsigned lane = 0; lane < LANES; lane++)
        values.at[lane] = value_read(warp, detail, 0, lane);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(warp->mask >> lane & 1))
            continue;
        for (unsigned k = 0; k < detail->to_count; k++)
            value_write(warp, detail, k, lane,
                        values.at[lane] >> (k * bits) & ((UINT64_C(1) << bits) - 1));
    }
}

/* mov.v4 {a,b,c,d}, {d,c,b,a}: all are read before any is written. */
static void execute_move_vector(struct warp *warp, const struct instruction *instruction) {
    enum { ELEMENTS = 4 };
    const struct detail *detail = instruction->detail;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t values[ELEMENTS] = {0};
        if (!(warp->mask >> lane & 1))
            continue;
        for (unsigned k = 0; k < detail->from_count; k++)
            values[k] = value_read(warp, detail, k, lane);
        for (unsigned k = 0; k < detail->to_count; k++)
            value_write(warp, detail, k, lane, values[k]);
    }
}

/* Clocks count the warp's instructions, so they are the same on every machine. An instruction takes
 * the cycles until it is the turn of one of 64 warps at four schedulers again. Kernels that wait
 * for a time by their clock would else go round many times as often as on a full device. */
enum { CYCLES_AN_INSTRUCTION = 16 };

static void execute_move_clock(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint64_t value =
        (warp->executed + (uint64_t)(instruction - warp->code) - warp->pc) * CYCLES_AN_INSTRUCTION;
    if (instruction->variant == SPECIAL_CLOCK_HI || instruction->variant == SPECIAL_GLOBALTIMER_HI)
        value >>= 32;
    warp->communicated = true;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (warp->mask >> lane & 1)
            value_write(warp, detail, 0, lane, value);
    }
}

/* The address of a local variable (it depends on the lane's stack), or of dynamic shared memory. */
static void execute_move_local(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    bool is_dynamic = instruction->variant != 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t start = is_dynamic ? value_read(warp, detail, 0, lane) : warp->lane_local[lane];
        if (warp->mask >> lane & 1)
            value_write(warp, detail, 0, lane, start + (uint64_t)instruction->immediate);
    }
}

/* ---- What is lacking ---- */

/* Comes here only by a pointer to a function: other launches are refused before they begin. */
static void execute_lacking(struct warp *warp, const struct instruction *instruction) {
    warp_fault(warp, instruction, MACHINE_NOT_SUPPORTED, lane_first(warp->mask), 0, "%s",
               instruction->detail->function->lacks);
}

const struct generic_handlers executor_generic = {
    .guarded = execute_guarded,
    .lanes = execute_lanes,
    .lanes_in_place = execute_lanes_in_place,
    .convert = execute_convert,
    .setp_combined = execute_setp_combined,
    .move_pack = execute_move_pack,
    .move_unpack = execute_move_unpack,
    .move_vector = execute_move_vector,
    .move_clock = execute_move_clock,
    .move_local = execute_move_local,
    .lacking = execute_lacking,
};
