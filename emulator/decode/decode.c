/* From the syntax tree to a program: picks the row of the instruction table for each instruction
 * and decodes by it. */
#include "emulator/decode/decoder.h"

#include <stdio.h>
#include <string.h>

/* ---- One instruction ---- */

/* Operands that PTX writes for a plain row: its groups of letters. */
static bool has_operand_count(const struct instruction_row *row,
                              const struct syntax_instruction *source) {
    size_t count = row->operands[0] != '\0';
    for (const char *at = row->operands; *at; at++)
        count += *at == ',' || (*at == '=' && at[1] != '\0');
    return row->decode != DECODE_PLAIN || count == source->operand_count;
}

static const struct instruction_row *find_row(struct decoder *decoder,
                                              const struct syntax_instruction *source) {
    for (const struct instruction_table *const *table = decoder->set->tables; *table; table++) {
        for (size_t k = 0; k < (*table)->count; k++) {
            const struct instruction_row *row = &(*table)->rows[k];
            if (row->pattern[0] == source->root[0] && has_operand_count(row, source) &&
                pattern_match(row->pattern, source, decoder->detail->choice))
                return row;
        }
    }
    return NULL;
}

static const struct lane_operation *find_operation(struct decoder *decoder,
                                                   const struct syntax_instruction *source) {
    for (const struct lane_table *const *table = decoder->set->lane_tables; *table; table++) {
        for (size_t k = 0; k < (*table)->count; k++) {
            const struct lane_operation *row = &(*table)->rows[k];
            if (row->pattern[0] == source->root[0] &&
                pattern_match(row->pattern, source, decoder->detail->choice))
                return row;
        }
    }
    return NULL;
}

/* Nsight Compute's FFMA: multiply-adds on f32 alone. */
static bool is_fused(const struct syntax_instruction *source) {
    const char *type = source->modifier_count ? source->modifiers[source->modifier_count - 1] : "";
    return (strcmp(source->root, "fma") == 0 || strcmp(source->root, "mad") == 0) &&
           strcmp(type, "f32") == 0;
}

static bool is_matrix(const struct syntax_instruction *source) {
    return strcmp(source->root, "mma") == 0 ||
           (strcmp(source->root, "wmma") == 0 && source->modifier_count &&
            strcmp(source->modifiers[0], "mma") == 0);
}

static void decode_by_row(struct decoder *decoder, const struct instruction_row *row) {
    struct instruction *instruction = decoder->instruction;
    instruction->execute = row->execute;
    instruction->variant = row->variant;
    instruction->is_control = (row->flags & ROW_CONTROL) != 0;
    switch ((enum row_decode)row->decode) {
    case DECODE_PLAIN:
        decode_plain(decoder, row->operands);
        break;
    case DECODE_MEMORY:
    case DECODE_MATRIX:
        decode_memory(decoder, row);
        break;
    case DECODE_FRAGMENT:
        decode_fragment(decoder);
        break;
    case DECODE_PREFETCH:
        decoder_reserve_operands(decoder, 0, 0);
        break;
    case DECODE_BRANCH:
        decode_branch(decoder);
        break;
    case DECODE_INDEXED_BRANCH:
        decode_indexed_branch(decoder);
        break;
    case DECODE_CALL:
        decode_call(decoder);
        break;
    case DECODE_MOVE:
        decode_move(decoder);
        break;
    }
    if (decoder->detail->negated && !(row->flags & ROW_NEGATES))
        decoder_fail(decoder, "a negated predicate is not allowed");
    decoder->detail->row = row;
}

static bool is_wider(const struct detail *detail) {
    for (size_t k = 0; k < detail->to_count; k++) {
        if (detail->to_extend[k])
            return true;
    }
    for (size_t k = 0; k < detail->from_count; k++) {
        if (detail->from_narrow[k])
            return true;
    }
    return false;
}

static void decode_by_operation(struct decoder *decoder, const struct lane_operation *operation) {
    struct detail *detail = decoder->detail;
    detail->lanes = operation->function;
    decode_plain(decoder, operation->operands);
    decoder->instruction->execute =
        is_wider(detail) ? decoder->set->handlers->convert : decoder->set->handlers->lanes;
}

/* setp with a second result or a third predicate: the comparison is a lane operation, the rest is
 * the executor's. */
static bool decode_setp(struct decoder *decoder) {
    static const char *const booleans[] = {"and", "or", "xor"};
    const struct syntax_instruction *source = decoder_source(decoder);
    if (strcmp(source->root, "setp") != 0 || source->operand_count < 3)
        return false;
    struct detail *detail = decoder->detail;
    struct syntax_instruction plain = *source;
    plain.modifiers =
        source_allocate(decoder->source, source->modifier_count * sizeof *plain.modifiers + 1);
    plain.modifier_count = 0;
    for (size_t k = 0; k < source->modifier_count; k++) {
        uint8_t boolean = 0;
        for (uint8_t n = 0; n < 3; n++) {
            if (strcmp(source->modifiers[k], booleans[n]) == 0)
                boolean = (uint8_t)(n + 1);
        }
        if (boolean)
            detail->boolean = boolean;
        else
            plain.modifiers[plain.modifier_count++] = source->modifiers[k];
    }
    if (!detail->boolean && !source->operands[0].second)
        return false;
    const struct lane_operation *operation = find_operation(decoder, &plain);
    if (!operation || operation->operands[1] != '=')
        return false;
    if (source->operand_count != (detail->boolean ? 4u : 3u))
        decoder_fail(decoder, "the wrong number of operands");
    decoder_reserve_operands(decoder, 2, 3);
    struct syntax_operand first = source->operands[0];
    first.second = NULL;
    decoder_add_to(decoder, &first, 'p');
    if (source->operands[0].second)
        decoder_add_to(decoder, source->operands[0].second, 'p');
    decoder_add_from(decoder, &source->operands[1], operation->operands[2]);
    decoder_add_from(decoder, &source->operands[2], operation->operands[4]);
    if (detail->boolean)
        decoder_add_from(decoder, &source->operands[3], 'p');
    detail->lanes = operation->function;
    decoder->instruction->execute = decoder->set->handlers->setp_combined;
    return true;
}

/*
 * atom and red: the manual has semantics, scope and space in front of the operation, compilers and
 * libraries write them in several orders. The table knows the manual's.
 */
static const struct syntax_instruction *order_modifiers(struct decoder *decoder,
                                                        const struct syntax_instruction *source) {
    static const char *const front[] = {"relaxed", "acquire", "release",    "acq_rel",
                                        "cta",     "cluster", "gpu",        "sys",
                                        "global",  "shared",  "shared::cta"};
    enum { FRONT = sizeof front / sizeof front[0] };
    if (strcmp(source->root, "atom") != 0 && strcmp(source->root, "red") != 0)
        return source;
    struct syntax_instruction *ordered = source_allocate(decoder->source, sizeof *ordered);
    *ordered = *source;
    ordered->modifiers =
        source_allocate(decoder->source, (source->modifier_count + 1) * sizeof *ordered->modifiers);
    size_t count = 0;
    for (size_t n = 0; n <= FRONT; n++) {
        for (size_t k = 0; k < source->modifier_count; k++) {
            size_t rank = 0;
            while (rank < FRONT && strcmp(source->modifiers[k], front[rank]) != 0)
                rank++;
            if (rank == n)
                ordered->modifiers[count++] = source->modifiers[k];
        }
    }
    return ordered;
}

/* Whether a cvt names a register wider than its type, as it may. The executor's own conversions
 * take slots as wide as the type; the lane operations of the same pattern come with the copy that a
 * wider one needs. */
static bool is_relaxed_conversion(struct decoder *decoder, const struct syntax_instruction *source,
                                  const struct instruction_row *row) {
    if (strcmp(source->root, "cvt") != 0 || row->decode != DECODE_PLAIN ||
        source->operand_count != 2)
        return false;
    const char letters[2] = {row->operands[0], row->operands[2]}; /* "d=w" */
    for (size_t k = 0; k < sizeof letters; k++) {
        const struct syntax_type *type;
        unsigned bits = decoder_register_bits(decoder, &source->operands[k], &type);
        if (bits > (letters[k] == 'd' ? 64U : 32U))
            return true;
    }
    return false;
}

static void decode_instruction(struct decoder *decoder, const struct syntax_instruction *source) {
    struct detail *detail = source_allocate(decoder->source, sizeof *detail);
    decoder->detail = decoder->instruction->detail = detail;
    detail->source = source;
    detail->function = decoder->function;
    decoder_set_guard(decoder);
    if (decode_setp(decoder))
        return;
    detail->source = source = order_modifiers(decoder, source);
    const struct instruction_row *row = find_row(decoder, source);
    if (row && is_relaxed_conversion(decoder, source, row))
        row = NULL;
    const struct lane_operation *operation = row ? NULL : find_operation(decoder, source);
    if (row)
        decode_by_row(decoder, row);
    else if (operation)
        decode_by_operation(decoder, operation);
    else
        decoder_fail(decoder, "the emulator lacks this instruction or modifier");
}

/* ---- One function ---- */

static void finish_instruction(const struct decoder *decoder, struct instruction *instruction) {
    struct detail *detail = instruction->detail;
    if (detail->to_count)
        instruction->to = detail->to[0];
    if (detail->from_count > 0)
        instruction->a = detail->from[0];
    if (detail->from_count > 1)
        instruction->b = detail->from[1];
    if (detail->from_count > 2)
        instruction->c = detail->from[2];
    bool overlaps = detail->negated != 0;
    for (size_t k = 0; k < detail->to_count; k++) {
        for (size_t n = 0; n < detail->from_count; n++)
            overlaps |= detail->to[k] == detail->from[n];
    }
    if (instruction->execute == decoder->set->handlers->lanes && !overlaps)
        instruction->execute = decoder->set->handlers->lanes_in_place;
    if (instruction->is_guarded && !instruction->is_control) {
        detail->guarded = instruction->execute;
        instruction->execute = decoder->set->handlers->guarded;
    }
}

/* A function that runs past its last instruction returns. */
static void add_final_return(struct decoder *decoder, struct program_function *function) {
    struct syntax_instruction *source = source_allocate(decoder->source, sizeof *source);
    source->root = "ret";
    source->place = function->syntax->place;
    source->scope = function->syntax->scope;
    decoder->number = function->count - 1;
    decoder->instruction = &decoder->program->code[function->first + function->count - 1];
    decode_instruction(decoder, source);
}

static void finish_runs(struct program *program, const struct program_function *function) {
    uint32_t run = 0;
    for (uint32_t k = function->count; k-- > 0;) {
        struct instruction *instruction = &program->code[function->first + k];
        run = instruction->is_control ? 0 : run + 1;
        if (run > UINT16_MAX)
            run = 1;
        instruction->run = (uint16_t)run;
    }
}

static bool is_used(const struct decoder *decoder, const uint32_t *slot) {
    uint32_t number = REGISTER_NONE;
    for (size_t k = 0; k < decoder->use_count; k++) {
        if (decoder->uses[k].slot == slot)
            number = decoder->uses[k].number;
    }
    for (size_t k = 0; k < decoder->use_count; k++) {
        if (decoder->uses[k].number == number && !decoder->uses[k].is_definition)
            return true;
    }
    return false;
}

/* Does the order in which blocks run show in what this instruction gives? */
static bool communicates(const struct decoder *decoder, const struct detail *detail) {
    const struct instruction_row *row = detail->row;
    if (detail->callee &&
        (detail->callee->builtin == BUILTIN_MALLOC || detail->callee->builtin == BUILTIN_FREE))
        return true;
    if (!row || !(row->flags & ROW_COMMUNICATES) || detail->space == SPACE_SHARED ||
        detail->space == SPACE_LOCAL)
        return false;
    if (!(row->flags & ROW_COMMUTES))
        return true;
    return detail->to_count > 0 && is_used(decoder, &detail->to[0]);
}

static void decode_function(struct decoder *decoder, struct program_function *function) {
    struct syntax_function *syntax = function->syntax;
    decoder->function = function;
    decoder->use_count = decoder->register_count = 0;
    decoder->carry = REGISTER_NONE;
    function->first_site = decoder->program->site_count;
    for (size_t k = 0; k < syntax->register_count; k++) {
        unsigned bits = syntax->registers[k].type->bits;
        if (bits > 64)
            source_fail(decoder->source, MACHINE_INVALID_PTX, syntax->place,
                        "the emulator lacks registers of type .%s",
                        syntax->registers[k].type->name);
        decoder_new_register(decoder, bits == 1 ? 1 : bits <= 32 ? 32 : 64);
    }
    for (size_t k = 0; k < syntax->instruction_count; k++) {
        decoder->number = (uint32_t)k;
        decoder->instruction = &decoder->program->code[function->first + k];
        decode_instruction(decoder, &syntax->instructions[k]);
    }
    add_final_return(decoder, function);
    function->site_count = decoder->program->site_count - function->first_site;
    finish_runs(decoder->program, function);
    for (uint32_t k = 0; k < function->count; k++)
        function->communicates |=
            communicates(decoder, decoder->program->code[function->first + k].detail);
    allocate_registers(decoder);
    for (uint32_t k = 0; k < function->count; k++)
        finish_instruction(decoder, &decoder->program->code[function->first + k]);
}

/* ---- The program ---- */

static enum builtin find_builtin(const struct syntax_function *function) {
    if (function->is_defined)
        return BUILTIN_NONE;
    if (strcmp(function->name, "vprintf") == 0 && function->parameter_count == 2 &&
        function->result_count == 1)
        return BUILTIN_VPRINTF;
    if (strcmp(function->name, "__assertfail") == 0 && function->parameter_count == 5)
        return BUILTIN_ASSERTFAIL;
    if (strcmp(function->name, "malloc") == 0 && function->parameter_count == 1 &&
        function->result_count == 1)
        return BUILTIN_MALLOC;
    if (strcmp(function->name, "free") == 0 && function->parameter_count == 1)
        return BUILTIN_FREE;
    return BUILTIN_NONE;
}

static void add_functions(struct decoder *decoder) {
    struct program *program = decoder->program;
    struct syntax_module *syntax = decoder->syntax;
    program->functions = source_allocate(decoder->source, (syntax->function_count + 1) *
                                                              sizeof(struct program_function *));
    for (size_t k = 0; k < syntax->function_count; k++) {
        struct program_function *function = source_allocate(decoder->source, sizeof *function);
        program->functions[k] = function;
        *function = (struct program_function){.name = syntax->functions[k]->name,
                                              .syntax = syntax->functions[k],
                                              .index = (uint32_t)k,
                                              .first = program->count,
                                              .builtin = find_builtin(syntax->functions[k])};
        program->uses_heap |=
            function->builtin == BUILTIN_MALLOC || function->builtin == BUILTIN_FREE;
        if (syntax->functions[k]->is_defined)
            function->count = (uint32_t)syntax->functions[k]->instruction_count + 1;
        program->count += function->count;
        syntax->functions[k]->decoded = function;
    }
    program->function_count = syntax->function_count;
    program->code = source_allocate(decoder->source, (program->count + 1) * sizeof *program->code);
}

static void spread_communication(struct decoder *decoder) {
    bool any = false;
    struct program *program = decoder->program;
    for (size_t k = 0; k < program->function_count; k++)
        any |= program->functions[k]->communicates;
    for (size_t k = 0; k < program->function_count; k++) {
        if (program->functions[k]->calls_indirectly)
            program->functions[k]->communicates |= any;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t k = 0; k < decoder->edge_count; k++) {
            struct call_edge edge = decoder->edges[k];
            if (edge.to->communicates && !edge.from->communicates)
                changed = edge.from->communicates = true;
        }
    }
}

static void fill_constants(struct decoder *decoder) {
    struct program *program = decoder->program;
    program->constant_bytes = decoder->constant_bytes;
    program->constants = source_allocate(decoder->source, decoder->constant_bytes + 64);
    for (size_t k = 0; k < decoder->constant_count; k++) {
        const struct constant_entry *entry = &decoder->constants[k];
        unsigned char *at = program->constants + (entry->slot & ~3u);
        const size_t width =
            entry->width == 64 || entry->width == 0 ? sizeof(uint64_t) : sizeof(uint32_t);
        const size_t count = entry->width == 1 ? 1 : LANES;
        for (size_t lane = 0; lane < count; lane++)
            memcpy(at + lane * width, &entry->bits, width);
    }
}

static void count_classes(struct program *program) {
    uint32_t fused = 0, matrix = 0;
    for (uint32_t k = 0; k < program->count; k++) {
        program->code[k].fma_before = fused;
        program->code[k].tensor_before = matrix;
        fused += is_fused(program->code[k].detail->source);
        matrix += is_matrix(program->code[k].detail->source);
    }
    program->code[program->count].fma_before = fused;
    program->code[program->count].tensor_before = matrix;
}

struct program *decode_program(struct source *source, struct syntax_module *syntax,
                               const struct instruction_set *set) {
    struct decoder decoder = {.source = source, .syntax = syntax, .set = set};
    decoder.program = source_allocate(source, sizeof *decoder.program);
    decoder.program->syntax = syntax;
    add_functions(&decoder);
    for (size_t k = 0; k < decoder.program->function_count; k++) {
        layout_areas(&decoder, decoder.program->functions[k]);
        layout_locals(decoder.program->functions[k]);
    }
    layout_shared(&decoder);
    for (size_t k = 0; k < decoder.program->function_count; k++) {
        if (syntax->functions[k]->is_defined)
            decode_function(&decoder, decoder.program->functions[k]);
    }
    spread_communication(&decoder);
    fill_constants(&decoder);
    count_classes(decoder.program);
    return decoder.program;
}
