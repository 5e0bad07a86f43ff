/*
 * What an instruction costs by itself stands in a table (cost.c). Then come the reasons for which
 * it costs nothing: its result is an address that the access adds up, a factor or a shifted term of
 * a sum, a part of a logic function of three operands, a predicate that a comparison combines.
 */
#include "emulator/assemble/fold.h"

#include "emulator/assemble/cost.h"
#include "emulator/assemble/loop.h"
#include "emulator/decode/graph.h"

static uint32_t bytes_of(const struct detail *detail) {
    return detail->access_bytes * detail->elements;
}

/* ---- Readers ---- */

typedef bool accepts(const struct body *body, uint32_t reader, uint32_t number);

/* Is there a reader of the only result, and do all of them accept it? */
static bool all_readers(const struct body *body, const struct instruction *instruction,
                        accepts *accept) {
    const struct detail *detail = instruction->detail;
    if (detail->to_count != 1)
        return false;
    const uint32_t number = detail->to_register[0];
    if (number == REGISTER_NONE || body_read_count(body, number) == 0)
        return false;
    for (uint32_t k = body->reader_begin[number]; k < body->reader_begin[number + 1]; k++) {
        if (!accept(body, body->readers[k], number))
            return false;
    }
    return true;
}

static bool is_access(const struct instruction *instruction) {
    const struct instruction_row *row = instruction->detail->row;
    return row && (row->decode == DECODE_MEMORY || row->decode == DECODE_MATRIX ||
                   row->decode == DECODE_UNTYPED || row->decode == DECODE_FRAGMENT);
}

/* Reads the register as the base of its address, and not as a value. */
static bool reads_as_address(const struct body *body, uint32_t reader, uint32_t number) {
    const struct detail *detail = body->code[reader].detail;
    if (!is_access(&body->code[reader]) || !detail->from_count ||
        detail->from_register[0] != number)
        return false;
    for (size_t k = 1; k < detail->from_count; k++) {
        if (detail->from_register[k] == number)
            return false;
    }
    return true;
}

static bool adds_constant(const struct body *body, const struct instruction *instruction) {
    uint64_t value;
    return (body_is(instruction, "add") || body_is(instruction, "sub")) &&
           body_is_integer(instruction) && !instruction->is_guarded &&
           body_constant(body, instruction, 1, &value);
}

/* An address, or one constant away from one. */
static bool leads_to_address(const struct body *body, uint32_t reader, uint32_t number) {
    return reads_as_address(body, reader, number) ||
           (adds_constant(body, &body->code[reader]) &&
            all_readers(body, &body->code[reader], reads_as_address));
}

static bool is_sum(const struct body *body, uint32_t reader, uint32_t number) {
    (void)number;
    const struct instruction *instruction = &body->code[reader];
    return (body_is(instruction, "add") || body_is(instruction, "sub")) &&
           body_is_integer(instruction);
}

static bool is_wide_step(const struct body *body, uint32_t reader, uint32_t number) {
    const struct instruction *instruction = &body->code[reader];
    return is_sum(body, reader, number) ||
           ((body_is(instruction, "shl") || body_is(instruction, "mul") ||
             body_is(instruction, "mad")) &&
            body_is_integer(instruction));
}

static bool is_logic(const struct instruction *instruction) {
    return (body_is(instruction, "and") || body_is(instruction, "or") ||
            body_is(instruction, "xor") || body_is(instruction, "not")) &&
           !body_has_modifier(instruction, "pred");
}

static bool is_logic_reader(const struct body *body, uint32_t reader, uint32_t number) {
    (void)number;
    return is_logic(&body->code[reader]);
}

/* ---- Reasons to cost nothing ---- */

static bool has_constant_shift(const struct body *body, const struct instruction *instruction) {
    uint64_t value;
    return body_is(instruction, "shl") && body_constant(body, instruction, 1, &value);
}

/* A logic function of three operands is one instruction: the first of two, read by the other
 * alone. */
static bool joins_logic(const struct body *body, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    if (!is_logic(instruction) || !all_readers(body, instruction, is_logic_reader) ||
        body_read_count(body, detail->to_register[0]) != 1)
        return false;
    /* Of a chain every second one. */
    const uint32_t before = detail->from_count ? detail->from_register[0] : REGISTER_NONE;
    if (before == REGISTER_NONE || body->writes[before] != 1 || body_read_count(body, before) != 1)
        return true;
    const struct instruction *writer = &body->code[body->writer[before]];
    return !is_logic(writer) || writer->detail->machine_quarters != 0;
}

static bool is_move_of_register(const struct body *body, const struct instruction *instruction) {
    uint64_t value;
    return body_is(instruction, "mov") && instruction->detail->to_count == 1 &&
           instruction->detail->from_count == 1 && !body_constant(body, instruction, 0, &value) &&
           instruction->detail->from_register[0] != REGISTER_NONE;
}

/* A constant is an operand of its readers, but where a register has other values, too. */
static bool is_constant_move(const struct body *body, const struct instruction *instruction) {
    uint64_t value;
    return body_is(instruction, "mov") && instruction->detail->to_count == 1 &&
           body_constant(body, instruction, 0, &value) &&
           instruction->detail->to_register[0] != REGISTER_NONE &&
           body->writes[instruction->detail->to_register[0]] == 1;
}

/* What comes of two constants is a constant, too: a predicate that always holds, or never. */
static bool compares_constants(const struct body *body, const struct instruction *instruction) {
    uint64_t value;
    return body_is(instruction, "setp") && body_constant(body, instruction, 0, &value) &&
           body_constant(body, instruction, 1, &value);
}

/* Both halves of a pair of registers are registers. */
static bool is_pair_move(const struct instruction *instruction) {
    return body_is(instruction, "mov") && instruction->detail->access_bytes == 4 &&
           (instruction->detail->to_count == 2 || instruction->detail->from_count == 2);
}

static bool is_free(const struct body *body, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    if (body_is(instruction, "ld") && detail->space == SPACE_PARAM)
        return true;
    if (is_access(instruction) && detail->row->decode == DECODE_MEMORY &&
        detail->request_bytes == 0 && detail->space == SPACE_SHARED)
        return true;
    if (body_is(instruction, "cvta") || is_move_of_register(body, instruction) ||
        is_constant_move(body, instruction) || is_pair_move(instruction) ||
        compares_constants(body, instruction))
        return true;
    if (adds_constant(body, instruction))
        return all_readers(body, instruction, leads_to_address);
    if (body_is(instruction, "mul") && body_is_integer(instruction) &&
        !body_has_modifier(instruction, "hi"))
        return all_readers(body, instruction, is_sum);
    if (has_constant_shift(body, instruction))
        return all_readers(body, instruction, is_sum);
    if (body_is(instruction, "cvt") && body_is_integer(instruction))
        return all_readers(body, instruction, is_wide_step);
    if (body_has_modifier(instruction, "pred") && !body_is(instruction, "vote"))
        return true;
    return joins_logic(body, instruction);
}

/* A 64-bit sum with a product of 32-bit factors is one instruction, wherever the product stands. */
static bool adds_product(const struct body *body, const struct instruction *instruction) {
    if (!body_is(instruction, "add") || !body_is_integer(instruction))
        return false;
    for (size_t k = 0; k < instruction->detail->from_count; k++) {
        const uint32_t number = instruction->detail->from_register[k];
        if (number != REGISTER_NONE && body->writes[number] == 1 &&
            body_is(&body->code[body->writer[number]], "mul") &&
            body_has_modifier(&body->code[body->writer[number]], "wide"))
            return true;
    }
    return false;
}

/* ---- Branches ---- */

/* Where a guarded branch leads that goes forward; else 0. */
static uint32_t forward_target(const struct body *body, uint32_t k) {
    const struct instruction *instruction = &body->code[k];
    if (!instruction->is_guarded || !body_is(instruction, "bra"))
        return 0;
    const uint32_t target = graph_target(body->function, instruction, 0);
    return target > k + 1 ? target : 0;
}

/* A branch forward over a few instructions that do not branch, call or wait: they are executed
 * under the opposite predicate, by all warps, and the branch goes. */
static bool becomes_predicates(const struct body *body, uint32_t k) {
    enum { MOST = 12 };
    const uint32_t target = forward_target(body, k);
    if (!target || target - k - 1 > MOST)
        return false;
    for (uint32_t n = k + 1; n < target; n++) {
        const struct instruction *inside = &body->code[n];
        if (inside->is_control || inside->is_guarded || (n > k + 1 && body->leads[n]))
            return false;
    }
    return true;
}

/* Where lanes may part, the machine says before where they meet, and waits there: BSSY, BSYNC. */
static unsigned meeting_cost(const struct body *body, const bool *varies, uint32_t k) {
    enum { MEETING = 2 };
    const uint32_t target = forward_target(body, k);
    const bool leaves = target && (body->code[target].detail->flags & ROW_ENDS);
    return target && !leaves && varies[body->code[k].detail->guard_register] ? MEETING : 0;
}

/* ---- Loops ---- */

/* Rounds that stand side by side in an unrolled loop. */
static uint16_t unrolled(const struct loop *loop) {
    enum { USUAL = 4, WHOLE = 8 };
    return loop->rounds > 0 && loop->rounds <= WHOLE ? (uint16_t)loop->rounds : USUAL;
}

static bool is_unrollable(const struct body *body, uint32_t begin, uint32_t end) {
    enum { MOST = 160 };
    for (uint32_t k = begin; k + 1 < end; k++) {
        if (body->code[k].is_control)
            return false;
    }
    return end - begin <= MOST;
}

/* What stays the same goes in front of the loop; what grows by a constant is computed once for all
 * rounds side by side, and so are the comparison and the jump. */
static void fold_loop(const struct body *body, const struct loop *loop, uint32_t begin,
                      uint32_t end) {
    const uint16_t rounds = unrolled(loop);
    for (uint32_t k = begin; k < end; k++) {
        const struct instruction *instruction = &body->code[k];
        struct detail *detail = instruction->detail;
        const uint32_t number = detail->to_count == 1 ? detail->to_register[0] : REGISTER_NONE;
        const bool closes = k + 1 == end || body_is(instruction, "setp");
        if (detail->spans_rounds)
            detail->machine_quarters = (uint16_t)(detail->machine_quarters * bytes_of(detail) / 16);
        else if (number != REGISTER_NONE && loop->is_linear[number] && !is_access(instruction))
            detail->machine_quarters =
                loop->step[number] ? (uint16_t)(detail->machine_quarters / rounds) : 0;
        else if (closes)
            detail->machine_quarters = (uint16_t)(detail->machine_quarters / rounds);
    }
}

static void fold_loops(const struct body *body) {
    const struct known *known = known_find(body);
    struct places places = places_open(body);
    uint32_t begin = 0;
    places_begin_block(&places);
    for (uint32_t k = 0; k <= body->function->count; k++) {
        struct loop loop;
        if (body->leads[k] || k == body->function->count) {
            if (is_unrollable(body, begin, k) && loop_find(body, known, &places, begin, k, &loop))
                fold_loop(body, &loop, begin, k);
            places_begin_block(&places);
            begin = k;
        }
        if (k < body->function->count)
            places_step(&places, &body->code[k]);
    }
}

void fold_instructions(const struct body *body) {
    enum { ENTRY = 2 }; /* the stack's pointer, and what global accesses need */
    const bool *varies = body_find_varying(body);
    for (uint32_t k = 0; k < body->function->count; k++) {
        const struct instruction *instruction = &body->code[k];
        struct detail *detail = instruction->detail;
        detail->is_predicated = becomes_predicates(body, k);
        unsigned cost = cost_of(body, instruction);
        if (is_free(body, instruction) || detail->is_predicated)
            cost = 0;
        else if (adds_product(body, instruction))
            cost = 1;
        else
            cost += meeting_cost(body, varies, k);
        detail->machine_quarters = (uint16_t)(4 * cost);
    }
    fold_loops(body);
    body->code[0].detail->machine_quarters += 4 * ENTRY;
}
