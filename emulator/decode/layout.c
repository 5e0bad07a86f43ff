/* Places what functions own: parameter areas in their frames, local variables, shared variables. */
#include "emulator/decode/layout.h"

#include <string.h>

static uint64_t align_up(uint64_t value, uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

static uint32_t place_area(struct decoder *decoder, struct syntax_variable *variable) {
    enum { FRAME_LIMIT = 1 << 24 };
    uint64_t stride = align_up(variable->size, 8);
    uint64_t bytes = align_up(stride * LANES, 64);
    if (decoder->area_bytes + bytes > FRAME_LIMIT)
        source_fail(decoder->source, MACHINE_INVALID_PTX, variable->place,
                    "the .param variables of a function exceed %d bytes for a warp", FRAME_LIMIT);
    variable->address = decoder->area_bytes;
    decoder->area_bytes += (uint32_t)bytes;
    return (uint32_t)stride;
}

/* A kernel's parameters follow each other in one buffer, each at its alignment. */
static void place_parameters(struct syntax_function *syntax) {
    uint64_t bytes = 0;
    for (size_t k = 0; k < syntax->parameter_count; k++) {
        struct syntax_variable *variable = syntax->parameters[k];
        bytes = align_up(bytes, variable->alignment);
        variable->address = bytes;
        bytes += variable->size;
    }
}

/* Kernel parameters have offsets in one buffer; those of functions, and .param variables for calls,
 * lie in the frame. */
void layout_areas(struct decoder *decoder, struct program_function *function) {
    struct syntax_function *syntax = function->syntax;
    decoder->area_bytes = sizeof(struct frame_header);
    if (syntax->is_entry)
        place_parameters(syntax);
    if (!syntax->is_entry) {
        size_t count = syntax->parameter_count + syntax->result_count + 1;
        function->parameter_areas = source_allocate(decoder->source, count * sizeof(uint32_t));
        function->parameter_strides = source_allocate(decoder->source, count * sizeof(uint32_t));
        function->result_areas = source_allocate(decoder->source, count * sizeof(uint32_t));
        function->result_strides = source_allocate(decoder->source, count * sizeof(uint32_t));
        for (size_t k = 0; k < syntax->parameter_count; k++) {
            function->parameter_strides[k] = place_area(decoder, syntax->parameters[k]);
            function->parameter_areas[k] = (uint32_t)syntax->parameters[k]->address;
        }
        for (size_t k = 0; k < syntax->result_count; k++) {
            function->result_strides[k] = place_area(decoder, syntax->results[k]);
            function->result_areas[k] = (uint32_t)syntax->results[k]->address;
        }
    }
    for (size_t k = 0; k < syntax->variable_count; k++) {
        if (syntax->variables[k]->space == SPACE_PARAM)
            place_area(decoder, syntax->variables[k]);
    }
    function->frame_bytes = decoder->area_bytes;
}

static struct syntax_variable *find_formal(struct syntax_variable *const *list, size_t count,
                                           const struct syntax_variable *variable) {
    for (size_t k = 0; k < count; k++) {
        if (list[k] == variable)
            return list[k];
    }
    return NULL;
}

/* Parameters and results of a function whose address a mov takes. */
static void find_on_stack(const struct syntax_function *syntax) {
    for (size_t k = 0; k < syntax->instruction_count && !syntax->is_entry; k++) {
        const struct syntax_instruction *instruction = &syntax->instructions[k];
        unsigned index;
        if (strcmp(instruction->root, "mov") != 0 || instruction->operand_count != 2 ||
            instruction->operands[1].kind != OPERAND_NAME)
            continue;
        const struct syntax_symbol *symbol =
            scope_find(instruction->scope, instruction->operands[1].name, &index);
        if (!symbol || symbol->kind != SYMBOL_VARIABLE)
            continue;
        struct syntax_variable *formal =
            find_formal(syntax->parameters, syntax->parameter_count, symbol->variable);
        if (!formal)
            formal = find_formal(syntax->results, syntax->result_count, symbol->variable);
        if (formal)
            formal->is_on_stack = true;
    }
}

/* Places those of the list that have to be on the stack; what has to be copied there, or back. */
static struct stack_copy *place_on_stack(struct decoder *decoder,
                                         struct syntax_variable *const *list, size_t count,
                                         uint64_t *bytes, uint32_t *copied) {
    struct stack_copy *copies = source_allocate(decoder->source, (count + 1) * sizeof *copies);
    for (size_t k = 0; k < count; k++) {
        struct syntax_variable *variable = list[k];
        if (!variable->is_on_stack)
            continue;
        *bytes = align_up(*bytes, variable->alignment);
        variable->stack = *bytes;
        *bytes += variable->size;
        copies[(*copied)++] = (struct stack_copy){.area = (uint32_t)variable->address,
                                                  .stride = (uint32_t)align_up(variable->size, 8),
                                                  .size = (uint32_t)variable->size,
                                                  .local = (uint32_t)variable->stack};
    }
    return copies;
}

void layout_locals(struct decoder *decoder, struct program_function *function) {
    struct syntax_function *syntax = function->syntax;
    uint64_t bytes = 0;
    find_on_stack(syntax);
    function->stack_parameters =
        place_on_stack(decoder, syntax->parameters, syntax->parameter_count, &bytes,
                       &function->stack_parameter_count);
    function->stack_results = place_on_stack(decoder, syntax->results, syntax->result_count, &bytes,
                                             &function->stack_result_count);
    for (size_t k = 0; k < function->syntax->variable_count; k++) {
        struct syntax_variable *variable = function->syntax->variables[k];
        if (variable->space != SPACE_LOCAL)
            continue;
        bytes = align_up(bytes, variable->alignment);
        variable->address = bytes;
        bytes += variable->size;
    }
    function->local_bytes = (uint32_t)align_up(bytes, 16);
}

/* ---- Shared memory: which functions reach which variables ---- */

static void add_edge(struct decoder *decoder, struct program_function *from,
                     struct program_function *to) {
    decoder->edges = source_grow(decoder->source, decoder->edges, decoder->edge_count,
                                 &decoder->edge_capacity, sizeof *decoder->edges);
    decoder->edges[decoder->edge_count++] = (struct call_edge){from, to};
}

/* True when it was smaller. */
static bool grow_to(uint32_t *to, uint32_t value) {
    const bool grows = value > *to;
    *to = grows ? value : *to;
    return grows;
}

static void scan_operand(struct decoder *decoder, struct program_function *function,
                         const struct syntax_instruction *instruction,
                         const struct syntax_operand *operand) {
    for (size_t k = 0; k < operand->item_count; k++)
        scan_operand(decoder, function, instruction, &operand->items[k]);
    unsigned index;
    const struct syntax_symbol *symbol =
        operand->name ? scope_find(instruction->scope, operand->name, &index) : NULL;
    if (!symbol)
        return;
    if (symbol->kind == SYMBOL_FUNCTION && symbol->function->decoded)
        add_edge(decoder, function, symbol->function->decoded);
    bool is_register = symbol->kind == SYMBOL_REGISTER || symbol->kind == SYMBOL_REGISTERS;
    if (is_register && operand->kind == OPERAND_NAME && strcmp(instruction->root, "call") == 0)
        function->calls_indirectly = true;
    if (symbol->kind != SYMBOL_VARIABLE || symbol->variable->space != SPACE_SHARED)
        return;
    if (symbol->variable->is_extern) {
        grow_to(&function->dynamic_alignment, (uint32_t)symbol->variable->alignment);
        return;
    }
    bool is_own = false;
    for (size_t k = 0; k < function->syntax->variable_count; k++)
        is_own |= function->syntax->is_entry && function->syntax->variables[k] == symbol->variable;
    function->uses_module_shared |= !is_own;
}

static void scan_function(struct decoder *decoder, struct program_function *function) {
    const struct syntax_function *syntax = function->syntax;
    for (size_t k = 0; k < syntax->instruction_count; k++) {
        for (size_t n = 0; n < syntax->instructions[k].operand_count; n++)
            scan_operand(decoder, function, &syntax->instructions[k],
                         &syntax->instructions[k].operands[n]);
    }
}

static void spread_use(struct decoder *decoder) {
    bool any = false;
    uint32_t alignment = 0;
    struct program *program = decoder->program;
    for (size_t k = 0; k < program->function_count; k++) {
        any |= program->functions[k]->uses_module_shared;
        grow_to(&alignment, program->functions[k]->dynamic_alignment);
    }
    for (size_t k = 0; k < program->function_count; k++) {
        if (!program->functions[k]->calls_indirectly)
            continue;
        program->functions[k]->uses_module_shared |= any;
        grow_to(&program->functions[k]->dynamic_alignment, alignment);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t k = 0; k < decoder->edge_count; k++) {
            struct call_edge edge = decoder->edges[k];
            if (edge.to->uses_module_shared && !edge.from->uses_module_shared)
                changed = edge.from->uses_module_shared = true;
            changed |= grow_to(&edge.from->dynamic_alignment, edge.to->dynamic_alignment);
            if (edge.to->calls_indirectly && !edge.from->calls_indirectly)
                changed = edge.from->calls_indirectly = true;
        }
    }
}

static uint64_t place_shared(struct syntax_variable *const *variables, size_t count,
                             uint64_t bytes) {
    for (size_t k = 0; k < count; k++) {
        struct syntax_variable *variable = variables[k];
        if (variable->space != SPACE_SHARED || variable->is_extern)
            continue;
        bytes = align_up(bytes, variable->alignment);
        variable->address = bytes;
        bytes += variable->size;
    }
    return bytes;
}

void layout_shared(struct decoder *decoder) {
    struct program *program = decoder->program;
    for (size_t k = 0; k < program->function_count; k++)
        scan_function(decoder, program->functions[k]);
    spread_use(decoder);
    uint64_t common = place_shared(decoder->syntax->variables, decoder->syntax->variable_count, 0);
    for (size_t k = 0; k < program->function_count; k++) {
        const struct syntax_function *syntax = program->functions[k]->syntax;
        if (!syntax->is_entry)
            common = place_shared(syntax->variables, syntax->variable_count, common);
    }
    for (size_t k = 0; k < program->function_count; k++) {
        struct program_function *function = program->functions[k];
        const struct syntax_function *syntax = function->syntax;
        if (syntax->is_entry)
            function->shared_bytes =
                (uint32_t)place_shared(syntax->variables, syntax->variable_count,
                                       function->uses_module_shared ? common : 0);
    }
}
