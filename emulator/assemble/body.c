#include "emulator/assemble/body.h"

#include "emulator/decode/graph.h"

#include <string.h>

static void note_writes(const struct body *body, uint32_t k) {
    const struct detail *detail = body->code[k].detail;
    for (size_t n = 0; n < detail->to_count; n++) {
        if (detail->to_register[n] == REGISTER_NONE)
            continue;
        body->writes[detail->to_register[n]]++;
        body->writer[detail->to_register[n]] = k;
    }
}

/* What the instruction reads: number `n` of its sources, and the guard behind them. */
static uint32_t read_register(const struct instruction *instruction, size_t n) {
    const struct detail *detail = instruction->detail;
    if (n < detail->from_count)
        return detail->from_register[n];
    return instruction->is_guarded ? detail->guard_register : REGISTER_NONE;
}

/* Counts the readers of each register, then lists them: a counting sort by register. */
static void list_readers(struct body *body) {
    const uint32_t registers = body->function->declared, count = body->function->count;
    uint32_t *begin = source_allocate(body->source, (registers + 2u) * sizeof *begin);
    for (uint32_t k = 0; k < count; k++) {
        for (size_t n = 0; n <= body->code[k].detail->from_count; n++) {
            const uint32_t number = read_register(&body->code[k], n);
            if (number != REGISTER_NONE)
                begin[number + 2]++;
        }
    }
    for (uint32_t k = 1; k < registers + 1; k++)
        begin[k + 1] += begin[k];
    body->readers = source_allocate(body->source, (begin[registers + 1] + 1u) * sizeof *begin);
    for (uint32_t k = 0; k < count; k++) {
        for (size_t n = 0; n <= body->code[k].detail->from_count; n++) {
            const uint32_t number = read_register(&body->code[k], n);
            if (number != REGISTER_NONE)
                body->readers[begin[number + 1]++] = k;
        }
    }
    body->reader_begin = begin;
}

struct body body_open(struct source *source, const struct program *program,
                      const struct program_function *function) {
    const size_t registers = (size_t)function->declared + 1;
    struct body body = {.source = source,
                        .program = program,
                        .function = function,
                        .code = &program->code[function->first]};
    body.leads = graph_leaders(source, function, body.code);
    body.writes = source_allocate(source, registers * sizeof *body.writes);
    body.writer = source_allocate(source, registers * sizeof *body.writer);
    for (uint32_t k = 0; k < function->count; k++)
        note_writes(&body, k);
    list_readers(&body);
    return body;
}

bool body_is(const struct instruction *instruction, const char *root) {
    return strcmp(instruction->detail->source->root, root) == 0;
}

bool body_has_modifier(const struct instruction *instruction, const char *modifier) {
    const struct syntax_instruction *source = instruction->detail->source;
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (strcmp(source->modifiers[k], modifier) == 0)
            return true;
    }
    return false;
}

bool body_constant(const struct body *body, const struct instruction *instruction, size_t k,
                   uint64_t *value) {
    const struct detail *detail = instruction->detail;
    if (k >= detail->from_count || (detail->from[k] & 3) != BANK_CONSTANT)
        return false;
    *value = 0;
    memcpy(value, body->program->constants + (detail->from[k] & ~3u),
           detail->from_bits[k] == 64 ? sizeof(uint64_t) : sizeof(uint32_t));
    return true;
}

bool body_is_dynamic_base(const struct instruction *instruction, size_t k) {
    const uint32_t slot =
        SPECIAL_DYNAMIC_SMEM_BASE * (uint32_t)sizeof(struct lanes32) | (uint32_t)BANK_SPECIAL;
    return k < instruction->detail->from_count && instruction->detail->from[k] == slot;
}

bool body_is_integer(const struct instruction *instruction) {
    const struct syntax_instruction *source = instruction->detail->source;
    for (size_t k = 0; k < source->modifier_count; k++) {
        const struct syntax_type *type =
            syntax_find_type(source->modifiers[k], strlen(source->modifiers[k]));
        if (type && (type->kind == TYPE_FLOAT || type->kind == TYPE_OTHER))
            return false;
    }
    return true;
}

/* ---- What differs from lane to lane ---- */

static bool is_of_lane(uint32_t slot) {
    const uint32_t special = slot / (uint32_t)sizeof(struct lanes32);
    return (slot & 3) == BANK_SPECIAL &&
           (special <= SPECIAL_TID_Z || special == SPECIAL_LANEID ||
            (special >= SPECIAL_LANEMASK_EQ && special <= SPECIAL_LANEMASK_GT));
}

static bool gives_varying(const struct instruction *instruction, const bool *varies) {
    const struct detail *detail = instruction->detail;
    const bool is_computed =
        !detail->row || detail->row->decode == DECODE_PLAIN || detail->row->decode == DECODE_MOVE;
    if (!is_computed)
        return detail->space != SPACE_PARAM && detail->space != SPACE_CONST;
    if (instruction->is_guarded && varies[detail->guard_register])
        return true;
    for (size_t k = 0; k < detail->from_count; k++) {
        const uint32_t number = detail->from_register[k];
        if (number == REGISTER_NONE ? is_of_lane(detail->from[k]) : varies[number])
            return true;
    }
    return false;
}

bool *body_find_varying(const struct body *body) {
    bool *varies = source_allocate(body->source, body->function->declared + 1u);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < body->function->count; k++) {
            const struct detail *detail = body->code[k].detail;
            if (!detail->to_count || !gives_varying(&body->code[k], varies))
                continue;
            for (size_t n = 0; n < detail->to_count; n++) {
                const uint32_t number = detail->to_register[n];
                if (number == REGISTER_NONE || varies[number])
                    continue;
                changed = varies[number] = true;
            }
        }
    }
    return varies;
}
