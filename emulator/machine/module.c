/* Loads modules: parses, places variables, decodes, fills in initial values, and answers questions
 * about kernels. */
#include "emulator/machine/module.h"

#include "emulator/assemble/assemble.h"
#include "emulator/decode/decode.h"
#include "emulator/lanes/space.h"
#include "emulator/machine/state.h"
#include "emulator/tensor/instruction_set.h"

#include <stdlib.h>
#include <string.h>

/* ---- Variables ---- */

static void place_variable(struct source *source, struct machine_module *module,
                           struct syntax_variable *variable) {
    const bool is_static = variable->space == SPACE_GLOBAL || variable->space == SPACE_CONST;
    if (!is_static || variable->placed || variable->is_extern || variable->size == 0)
        return;
    const enum machine_status status =
        memory_place(&module->machine->memory, variable->size, variable->alignment,
                     MACHINE_MEMORY_MODULE, &variable->address);
    if (status != MACHINE_OK)
        source_fail(source, status, variable->place, "no device memory left for '%s' of %zu bytes",
                    variable->name, variable->size);
    variable->placed = true;
    module->placed = source_grow(source, module->placed, module->placed_count,
                                 &module->placed_capacity, sizeof *module->placed);
    module->placed[module->placed_count++] = variable->address;
    memset(space_host(variable->address), 0, variable->size);
    struct memory_range *range = memory_find(&module->machine->memory, variable->address);
    range->is_constant = variable->space == SPACE_CONST;
    range->is_managed = variable->is_managed;
    memory_mark_written(range, variable->address, variable->size);
}

static void place_variables(struct source *source, struct machine_module *module) {
    struct syntax_module *syntax = module->syntax;
    for (size_t k = 0; k < syntax->variable_count; k++)
        place_variable(source, module, syntax->variables[k]);
    for (size_t k = 0; k < syntax->function_count; k++) {
        for (size_t n = 0; n < syntax->functions[k]->variable_count; n++)
            place_variable(source, module, syntax->functions[k]->variables[n]);
    }
}

static uint64_t symbol_address(struct source *source, const struct syntax_value *value) {
    unsigned index;
    const struct syntax_symbol *symbol = scope_find(value->scope, value->symbol, &index);
    const bool is_function = symbol && symbol->kind == SYMBOL_FUNCTION && symbol->function->decoded;
    if (is_function)
        return space_code_address(
            ((const struct program_function *)symbol->function->decoded)->index);
    const bool is_placed = symbol && symbol->kind == SYMBOL_VARIABLE && symbol->variable->placed;
    if (!is_placed)
        source_fail(source, MACHINE_NOT_FOUND, value->place,
                    "an initial value names '%s', which nothing defines", value->symbol);
    return symbol->variable->address;
}

static uint64_t value_bits(struct source *source, const struct syntax_variable *variable,
                           const struct syntax_value *value) {
    uint64_t bits = value->bits;
    if (value->symbol)
        bits += symbol_address(source, value);
    if (value->masked)
        return bits >> value->mask_byte & 0xff;
    const bool is_narrow = value->is_float && variable->type->bits == 32;
    return is_narrow ? lane_bits32((float)lane_f64(bits)) : bits;
}

static void initialise(struct source *source, const struct syntax_variable *variable) {
    const size_t width = variable->type->bits / 8 < 8 ? variable->type->bits / 8 : 8;
    if (!variable->placed)
        return;
    unsigned char *to = space_host(variable->address);
    for (size_t k = 0; k < variable->value_count; k++) {
        const uint64_t bits = value_bits(source, variable, &variable->values[k]);
        memcpy(to + k * width, &bits, width);
    }
}

static void initialise_all(struct source *source, const struct machine_module *module) {
    const struct syntax_module *syntax = module->syntax;
    for (size_t k = 0; k < syntax->variable_count; k++)
        initialise(source, syntax->variables[k]);
    for (size_t k = 0; k < syntax->function_count; k++) {
        for (size_t n = 0; n < syntax->functions[k]->variable_count; n++)
            initialise(source, syntax->functions[k]->variables[n]);
    }
}

/* ---- Kernels ---- */

static unsigned block_product(const unsigned size[3]) {
    return size[0] * size[1] * size[2];
}

/* The estimate, within what the assembler must keep to: .maxnreg, and where the block is bounded
 * the registers with which as many such blocks as .minnctapersm asks for, at least one, are
 * resident at once. */
static unsigned bounded_registers(const struct machine_properties *properties,
                                  const struct syntax_function *syntax, unsigned estimate,
                                  unsigned max_threads) {
    enum { UNIT = 8 }; /* registers a thread are given out in eights */
    unsigned most = estimate;
    if (syntax->max_registers && syntax->max_registers < most)
        most = syntax->max_registers;
    if (!syntax->max_block[0] && !syntax->required_block[0])
        return most;
    const unsigned blocks = syntax->min_blocks ? syntax->min_blocks : 1;
    const uint64_t lanes = (uint64_t)(max_threads + LANES - 1) / LANES * LANES * blocks;
    const uint64_t fitting =
        lanes ? properties->registers_per_multiprocessor / lanes / UNIT * UNIT : 0;
    return fitting >= UNIT && fitting < most ? (unsigned)fitting : most;
}

static void describe_kernel(struct source *source, const struct machine_module *module,
                            struct machine_function *kernel) {
    const struct program_function *function = kernel->function;
    const struct syntax_function *syntax = function->syntax;
    struct machine_parameter *parameters =
        source_allocate(source, (syntax->parameter_count + 1) * sizeof *parameters);
    struct machine_function_info *info = &kernel->info;
    for (size_t k = 0; k < syntax->parameter_count; k++) {
        const struct syntax_variable *variable = syntax->parameters[k];
        parameters[k] =
            (struct machine_parameter){variable->address, variable->size, variable->alignment};
        info->parameter_bytes = variable->address + variable->size;
    }
    const struct machine_properties *properties = &module->machine->properties;
    info->name = function->name;
    info->parameter_count = syntax->parameter_count;
    info->parameters = parameters;
    info->shared_bytes = function->shared_bytes;
    info->local_bytes = function->local_bytes;
    info->constant_bytes = module->program->const_space_bytes;
    info->max_threads =
        syntax->max_block[0] ? block_product(syntax->max_block) : properties->max_threads_per_block;
    if (syntax->required_block[0])
        info->max_threads = block_product(syntax->required_block);
    info->registers = bounded_registers(properties, syntax, function->registers, info->max_threads);
    memcpy(info->required_block, syntax->required_block, sizeof info->required_block);
    memcpy(info->required_cluster, syntax->required_cluster, sizeof info->required_cluster);
    info->max_cluster_rank = syntax->max_cluster_rank;
    info->has_explicit_clusters = syntax->has_explicit_clusters;
    info->has_grid_of_clusters = syntax->has_grid_of_clusters;
    info->min_blocks = syntax->min_blocks;
    info->ptx_version = module->syntax->version;
    info->target = module->syntax->target;
    info->target_features = module->syntax->features;
    info->lacks = function->lacks;
}

static void collect_kernels(struct source *source, struct machine_module *module) {
    struct program *program = module->program;
    module->functions =
        source_allocate(source, (program->function_count + 1) * sizeof *module->functions);
    for (size_t k = 0; k < module->syntax->variable_count; k++) {
        const struct syntax_variable *variable = module->syntax->variables[k];
        program->const_space_bytes += variable->space == SPACE_CONST ? variable->size : 0;
    }
    for (size_t k = 0; k < program->function_count; k++) {
        struct program_function *function = program->functions[k];
        if (!function->syntax->is_entry || !function->syntax->is_defined)
            continue;
        struct machine_function *kernel = &module->functions[module->function_count++];
        *kernel = (struct machine_function){.module = module, .function = function};
        describe_kernel(source, module, kernel);
    }
}

/* ---- Loading ---- */

static void load(struct source *source, struct machine_module *module, const char *text,
                 size_t length) {
    const struct instruction_set set = tensor_instruction_set();
    module->syntax = syntax_parse(source, text, length);
    place_variables(source, module);
    module->program = decode_program(source, module->syntax, &set);
    assemble_program(source, module->program, module->machine->options.count_ptx);
    initialise_all(source, module);
    collect_kernels(source, module);
}

enum machine_status machine_load(struct machine *machine, const char *name, const char *text,
                                 size_t length, struct machine_module **loaded,
                                 struct machine_diagnostic *diagnostic) {
    struct machine_diagnostic own;
    diagnostic = diagnostic ? diagnostic : &own;
    memset(diagnostic, 0, sizeof *diagnostic);
    *loaded = NULL;
    struct machine_module *module = calloc(1, sizeof *module);
    if (!module)
        return MACHINE_OUT_OF_MEMORY;
    module->machine = machine;
    struct source source = {.arena = &module->arena, .diagnostic = diagnostic};
    pthread_mutex_lock(&machine->lock);
    if (setjmp(source.failure) != 0) {
        module_destroy(module);
        pthread_mutex_unlock(&machine->lock);
        return source.status;
    }
    module->name = arena_copy_text(&module->arena, name, strlen(name));
    load(&source, module, text, length);
    module->next = machine->modules;
    machine->modules = module;
    pthread_mutex_unlock(&machine->lock);
    *loaded = module;
    return MACHINE_OK;
}

enum machine_status machine_check_syntax(const char *text, size_t length,
                                         struct machine_diagnostic *diagnostic) {
    struct arena arena = {0};
    struct source source = {.arena = &arena, .diagnostic = diagnostic, .status = MACHINE_OK};
    if (setjmp(source.failure) == 0)
        (void)syntax_parse(&source, text, length);
    arena_free(&arena);
    return source.status;
}

void module_destroy(struct machine_module *module) {
    for (size_t k = 0; k < module->placed_count; k++)
        (void)memory_free(&module->machine->memory, module->placed[k], MACHINE_MEMORY_MODULE);
    arena_free(&module->arena);
    free(module);
}

enum machine_status machine_unload(struct machine *machine, struct machine_module *module) {
    enum machine_status status = MACHINE_INVALID_VALUE;
    pthread_mutex_lock(&machine->lock);
    for (struct machine_module **link = &machine->modules; *link; link = &(*link)->next) {
        if (*link != module)
            continue;
        *link = module->next;
        module_destroy(module);
        status = MACHINE_OK;
        break;
    }
    pthread_mutex_unlock(&machine->lock);
    return status;
}

struct machine_function *machine_find_function(struct machine_module *module, const char *name) {
    for (size_t k = 0; k < module->function_count; k++) {
        if (strcmp(module->functions[k].function->name, name) == 0)
            return &module->functions[k];
    }
    return NULL;
}

struct machine_function *machine_function_at(struct machine_module *module, size_t index) {
    return index < module->function_count ? &module->functions[index] : NULL;
}

size_t machine_function_count(const struct machine_module *module) {
    return module->function_count;
}

const struct machine_function_info *machine_function_info(const struct machine_function *function) {
    return &function->info;
}

enum machine_status machine_find_global(struct machine_module *module, const char *name,
                                        uint64_t *address, size_t *size) {
    for (size_t k = 0; k < module->syntax->variable_count; k++) {
        const struct syntax_variable *variable = module->syntax->variables[k];
        if (!variable->placed || variable->opaque || strcmp(variable->name, name) != 0)
            continue;
        *address = variable->address;
        *size = variable->size;
        return MACHINE_OK;
    }
    return MACHINE_NOT_FOUND;
}

enum machine_status machine_find_reference(struct machine_module *module, const char *name,
                                           bool is_surface, uint64_t *address) {
    const enum syntax_opaque wanted = is_surface ? OPAQUE_SURFACE : OPAQUE_TEXTURE;
    for (size_t k = 0; k < module->program->reference_count; k++) {
        const struct syntax_variable *reference = module->program->references[k];
        if (reference->opaque != wanted || strcmp(reference->name, name) != 0)
            continue;
        *address = reference->address;
        return MACHINE_OK;
    }
    return MACHINE_NOT_FOUND;
}

bool machine_managed_variable(const struct machine_module *module, size_t index, uint64_t *address,
                              size_t *size) {
    for (size_t k = 0; k < module->syntax->variable_count; k++) {
        const struct syntax_variable *variable = module->syntax->variables[k];
        if (!variable->placed || !variable->is_managed || index--)
            continue;
        *address = variable->address;
        *size = variable->size;
        return true;
    }
    return false;
}
