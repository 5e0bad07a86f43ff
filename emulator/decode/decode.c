/* From the syntax tree to a program: all functions of a module, one after another. */
#include "emulator/decode/decode.h"

#include "emulator/decode/allocate.h"
#include "emulator/decode/constants.h"
#include "emulator/decode/decoder.h"
#include "emulator/decode/instruction.h"
#include "emulator/decode/layout.h"
#include "emulator/decode/operands.h"
#include "emulator/decode/targets.h"

#include <string.h>

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

/* What the emulator lacks faults when it is executed, though no launch that can be foreseen to
 * execute it begins. */
static void decode_or_give_up(struct decoder *decoder, const struct syntax_instruction *source) {
    if (setjmp(decoder->lacking) == 0) {
        decode_instruction(decoder, source);
        return;
    }
    struct detail *detail = source_allocate(decoder->source, sizeof *detail);
    detail->source = source;
    detail->function = decoder->function;
    *decoder->instruction = (struct instruction){
        .execute = decoder->set->handlers->lacking, .detail = detail, .is_control = 1};
    decoder->detail = detail;
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

/* A compiler widens a load by elements that nobody reads: three floats become a vector of four. The
 * last one may lie behind the end of an allocation, where a GPU has memory too. */
static void find_needed_elements(struct decoder *decoder, const struct program_function *function) {
    bool *is_read = source_allocate(decoder->source, decoder->register_count + 1);
    memset(is_read, 0, decoder->register_count + 1);
    for (size_t k = 0; k < decoder->use_count; k++)
        is_read[decoder->uses[k].number] |= !decoder->uses[k].is_definition;
    for (size_t k = 0; k < decoder->use_count; k++) {
        const struct register_use *use = &decoder->uses[k];
        struct detail *detail = decoder->program->code[function->first + use->instruction].detail;
        if (!use->is_definition || !is_read[use->number] || !detail->row ||
            detail->row->decode != DECODE_MEMORY || detail->elements < 2)
            continue;
        for (uint32_t element = detail->needed; element < detail->to_count; element++)
            if (use->slot == &detail->to[element])
                detail->needed = element + 1;
    }
}

/* Does the order in which blocks run show in what this instruction gives? */
static bool communicates(const struct decoder *decoder, const struct detail *detail) {
    const struct instruction_row *row = detail->row;
    if (detail->callee &&
        (detail->callee->builtin == BUILTIN_MALLOC || detail->callee->builtin == BUILTIN_FREE ||
         detail->callee->builtin == BUILTIN_SET_CONDITIONAL))
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
        decoder_new_register(decoder, bits == 1 ? 1 : bits <= 32 ? 32 : 64);
    }
    for (size_t k = 0; k < syntax->instruction_count; k++) {
        decoder->number = (uint32_t)k;
        decoder->instruction = &decoder->program->code[function->first + k];
        decode_or_give_up(decoder, &syntax->instructions[k]);
    }
    add_final_return(decoder, function);
    function->site_count = decoder->program->site_count - function->first_site;
    finish_runs(decoder->program, function);
    find_needed_elements(decoder, function);
    for (uint32_t k = 0; k < function->count; k++)
        function->communicates |=
            communicates(decoder, decoder->program->code[function->first + k].detail);
    allocate_registers(decoder);
    function->declared = (uint32_t)decoder->register_count;
    for (uint32_t k = 0; k < function->count; k++)
        finish_instruction(decoder, &decoder->program->code[function->first + k]);
}

/* ---- The program ---- */

static enum builtin find_builtin(const struct syntax_function *function) {
    if (function->is_defined)
        return BUILTIN_NONE;
    if (strcmp(function->name, "vprintf") == 0 && function->parameter_count == 2 &&
        function->result_count <= 1)
        return BUILTIN_VPRINTF;
    if (strcmp(function->name, "__assertfail") == 0 && function->parameter_count == 5)
        return BUILTIN_ASSERTFAIL;
    if (strcmp(function->name, "malloc") == 0 && function->parameter_count == 1 &&
        function->result_count == 1)
        return BUILTIN_MALLOC;
    if (strcmp(function->name, "free") == 0 && function->parameter_count == 1)
        return BUILTIN_FREE;
    if (strcmp(function->name, "cudaGraphSetConditional") == 0 && function->parameter_count == 2 &&
        function->result_count == 0)
        return BUILTIN_SET_CONDITIONAL;
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

/* From functions to those that may call them. */
static void spread_lacks(const struct decoder *decoder) {
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t k = 0; k < decoder->edge_count; k++) {
            struct call_edge edge = decoder->edges[k];
            if (edge.to->lacks && !edge.from->lacks) {
                edge.from->lacks = edge.to->lacks;
                changed = true;
            }
        }
    }
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

static void want_capability(const struct detail *detail) {
    if (!(detail->flags & OPERATION_TENSOR))
        return;
    const uint32_t wanted = targets_first(detail->source);
    if (wanted > detail->function->matrix_capability)
        detail->function->matrix_capability = wanted;
}

static void count_classes(struct program *program) {
    uint32_t fused = 0, matrix = 0;
    for (uint32_t k = 0; k < program->count; k++) {
        program->code[k].fma_before = fused;
        program->code[k].tensor_before = matrix;
        fused += (program->code[k].detail->flags & OPERATION_FMA) != 0;
        matrix += (program->code[k].detail->flags & OPERATION_TENSOR) != 0;
        want_capability(program->code[k].detail);
    }
    program->code[program->count].fma_before = fused;
    program->code[program->count].tensor_before = matrix;
}

static void collect_references(struct decoder *decoder) {
    struct program *program = decoder->program;
    const struct syntax_module *syntax = decoder->syntax;
    program->references = source_allocate(decoder->source, (syntax->variable_count + 1) *
                                                               sizeof(struct syntax_variable *));
    for (size_t k = 0; k < syntax->variable_count; k++) {
        if (syntax->variables[k]->opaque && syntax->variables[k]->placed)
            program->references[program->reference_count++] = syntax->variables[k];
    }
}

struct program *decode_program(struct source *source, struct syntax_module *syntax,
                               const struct instruction_set *set) {
    struct decoder decoder = {.source = source, .syntax = syntax, .set = set};
    decoder.program = source_allocate(source, sizeof *decoder.program);
    decoder.program->syntax = syntax;
    add_functions(&decoder);
    for (size_t k = 0; k < decoder.program->function_count; k++) {
        layout_areas(&decoder, decoder.program->functions[k]);
        layout_locals(&decoder, decoder.program->functions[k]);
    }
    layout_shared(&decoder);
    for (size_t k = 0; k < decoder.program->function_count; k++) {
        if (syntax->functions[k]->is_defined)
            decode_function(&decoder, decoder.program->functions[k]);
    }
    spread_communication(&decoder);
    spread_lacks(&decoder);
    constants_fill(&decoder);
    collect_references(&decoder);
    count_classes(decoder.program);
    return decoder.program;
}
