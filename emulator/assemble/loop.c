#include "emulator/assemble/loop.h"

#include "emulator/decode/graph.h"

#include <string.h>

enum { COPIES = 8 };

struct search {
    const struct body *body;
    const struct places *places;
    uint32_t begin, end;
    /* By register: how many instructions of the block write it, how many others, the last of these,
     * and its low bits in the first round at the instruction that is looked at. */
    uint32_t *inside, *outside, *enters;
    struct known *now;
    struct loop *loop;
};

static bool jumps_to_itself(const struct search *search) {
    const struct instruction *last = &search->body->code[search->end - 1];
    return last->is_guarded && graph_target_count(last) == 1 &&
           graph_target(search->body->function, last, 0) == search->begin;
}

static void note_writers(const struct search *search) {
    const struct body *body = search->body;
    for (uint32_t k = 0; k < body->function->count; k++) {
        const struct detail *detail = body->code[k].detail;
        const bool is_inside = k >= search->begin && k < search->end;
        for (size_t n = 0; n < detail->to_count; n++) {
            const uint32_t number = detail->to_register[n];
            if (number == REGISTER_NONE)
                continue;
            (is_inside ? search->inside : search->outside)[number]++;
            if (!is_inside)
                search->enters[number] = k;
        }
    }
}

/* ---- What holds when a round begins ---- */

/* A register that the block writes and that has a value before: it grows by a constant where its
 * value at the end is the one at the beginning, and that. */
static void begin_register(const struct search *search, const struct known *known,
                           uint32_t number) {
    struct loop *loop = search->loop;
    const struct body *body = search->body;
    loop->is_linear[number] = !search->inside[number];
    loop->step[number] = 0;
    loop->first[number] = known[number];
    if (!search->inside[number] || !search->outside[number])
        return;
    const struct place at_end = places_register(search->places, number);
    loop->is_linear[number] = at_end.root == number && at_end.version == 0;
    loop->step[number] = at_end.offset;
    if (search->outside[number] == 1)
        loop->first[number] = known_result(body, known, &body->code[search->enters[number]]);
}

/* ---- Through one round ---- */

static bool source_step(const struct search *search, const struct instruction *instruction,
                        size_t k, int64_t *step) {
    const struct detail *detail = instruction->detail;
    uint64_t value;
    *step = 0;
    if (body_constant(search->body, instruction, k, &value))
        return true;
    if (k >= detail->from_count || detail->from_register[k] == REGISTER_NONE)
        return false;
    *step = search->loop->step[detail->from_register[k]];
    return search->loop->is_linear[detail->from_register[k]];
}

/* A product with a constant, or what does not change. */
static bool product_step(const struct search *search, const struct instruction *instruction,
                         int64_t *step) {
    int64_t a, b;
    uint64_t factor;
    if (!source_step(search, instruction, 0, &a) || !source_step(search, instruction, 1, &b) || b)
        return false;
    *step = 0;
    if (a == 0)
        return true;
    if (!body_constant(search->body, instruction, 1, &factor) || factor > UINT16_MAX)
        return false;
    *step = body_is(instruction, "shl") ? (factor < LANES ? a * (INT64_C(1) << factor) : 0)
                                        : a * (int64_t)factor;
    return true;
}

/* Computed of what does not change. */
static bool stays(const struct search *search, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const bool computes = !detail->row || detail->row->decode == DECODE_PLAIN;
    int64_t step;
    if (!computes || instruction->is_control || (detail->flags & ROW_COMMUNICATES))
        return false;
    for (size_t k = 0; k < detail->from_count; k++) {
        if (!source_step(search, instruction, k, &step) || step)
            return false;
    }
    return detail->from_count > 0;
}

static bool result_step(const struct search *search, const struct instruction *instruction,
                        int64_t *step) {
    int64_t a, b;
    *step = 0;
    if (!instruction->is_guarded && stays(search, instruction))
        return true;
    if (instruction->is_guarded || !body_is_integer(instruction) ||
        body_has_modifier(instruction, "hi"))
        return false;
    if (body_is(instruction, "mov") || body_is(instruction, "cvt") || body_is(instruction, "cvta"))
        return instruction->detail->from_count == 1 && source_step(search, instruction, 0, step);
    if (body_is(instruction, "shl") || body_is(instruction, "mul"))
        return product_step(search, instruction, step);
    if (body_is(instruction, "mad")) {
        if (!product_step(search, instruction, &a) || !source_step(search, instruction, 2, &b))
            return false;
        *step = a + b;
        return true;
    }
    if ((!body_is(instruction, "add") && !body_is(instruction, "sub")) ||
        !source_step(search, instruction, 0, &a) || !source_step(search, instruction, 1, &b))
        return false;
    *step = body_is(instruction, "sub") ? a - b : a + b;
    return true;
}

static void step_through(const struct search *search) {
    struct loop *loop = search->loop;
    for (uint32_t k = search->begin; k < search->end; k++) {
        const struct instruction *instruction = &search->body->code[k];
        const struct detail *detail = instruction->detail;
        int64_t step = 0;
        const bool is_linear = detail->to_count == 1 && result_step(search, instruction, &step);
        const struct known now = known_result(search->body, search->now, instruction);
        for (size_t n = 0; n < detail->to_count; n++) {
            const uint32_t number = detail->to_register[n];
            if (number == REGISTER_NONE)
                continue;
            search->now[number] = now;
            if (search->outside[number]) /* addresses name the value that it begins a round with */
                continue;
            loop->is_linear[number] = is_linear;
            loop->step[number] = step;
            loop->first[number] = now;
        }
    }
}

/* ---- How many rounds ---- */

/* Of one register or constant to one register. */
static bool is_copy(const struct instruction *instruction) {
    return body_is(instruction, "mov") && instruction->detail->to_count == 1;
}

/* The constant that a register enters the loop with, by way of copies. */
static bool entry_value(const struct search *search, uint32_t number, int64_t *value) {
    const struct body *body = search->body;
    const struct instruction *enters = &body->code[search->enters[number]];
    uint64_t bits = 0;
    if (search->outside[number] != 1)
        return false;
    for (int n = 0; n < COPIES && is_copy(enters) && !body_constant(body, enters, 0, &bits); n++) {
        const uint32_t from =
            enters->detail->from_count == 1 ? enters->detail->from_register[0] : REGISTER_NONE;
        if (from == REGISTER_NONE || body->writes[from] != 1)
            return false;
        enters = &body->code[body->writer[from]];
    }
    if (!is_copy(enters) || !body_constant(body, enters, 0, &bits))
        return false;
    *value = enters->detail->from_bits[0] == 64 ? (int64_t)bits : (int32_t)bits;
    return true;
}

/* setp.ne or setp.lt of a counter and a constant, read by the jump. */
static uint64_t count_rounds(const struct search *search) {
    const struct body *body = search->body;
    const struct instruction *jump = &body->code[search->end - 1];
    const uint32_t guard = jump->detail->guard_register;
    const struct instruction *compares = &body->code[body->writer[guard]];
    uint64_t bits;
    int64_t begins;
    if (jump->guard_negated || body->writes[guard] != 1 || !body_is(compares, "setp") ||
        compares->detail->from_count != 2 || compares->detail->from_register[0] == REGISTER_NONE ||
        !body_constant(body, compares, 1, &bits))
        return 0;
    const struct place counter =
        places_register(search->places, compares->detail->from_register[0]);
    const int64_t bound = compares->detail->from_bits[1] == 64 ? (int64_t)bits : (int32_t)bits;
    if (counter.root >= ROOT_CONSTANT || counter.version != 0 ||
        !search->loop->is_linear[counter.root] || !entry_value(search, counter.root, &begins))
        return 0;
    const int64_t step = search->loop->step[counter.root];
    const int64_t way = bound - begins - counter.offset;
    if (step == 0 || (way < 0) != (step < 0))
        return 0;
    if (body_has_modifier(compares, "ne"))
        return way % step == 0 ? (uint64_t)(way / step + 1) : 0;
    return body_has_modifier(compares, "lt") && step > 0 ? (uint64_t)((way + step - 1) / step + 1)
                                                         : 0;
}

bool loop_find(const struct body *body, const struct known *known, const struct places *places,
               uint32_t begin, uint32_t end, struct loop *loop) {
    const uint32_t registers = body->function->declared;
    struct search search = {
        .body = body, .places = places, .begin = begin, .end = end, .loop = loop};
    if (end == begin || !jumps_to_itself(&search))
        return false;
    search.inside = source_allocate(body->source, (registers + 1u) * sizeof *search.inside);
    search.outside = source_allocate(body->source, (registers + 1u) * sizeof *search.outside);
    search.enters = source_allocate(body->source, (registers + 1u) * sizeof *search.enters);
    loop->is_linear = source_allocate(body->source, (registers + 1u) * sizeof *loop->is_linear);
    loop->step = source_allocate(body->source, (registers + 1u) * sizeof *loop->step);
    loop->first = source_allocate(body->source, (registers + 1u) * sizeof *loop->first);
    search.now = source_allocate(body->source, (registers + 1u) * sizeof *search.now);
    note_writers(&search);
    for (uint32_t k = 0; k < registers; k++)
        begin_register(&search, known, k);
    memcpy(search.now, loop->first, registers * sizeof *search.now);
    loop->rounds = count_rounds(&search);
    step_through(&search);
    return true;
}
