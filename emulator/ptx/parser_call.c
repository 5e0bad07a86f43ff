/*
 * How values come to functions and back (PTX ISA 9.0, 7.1 and 9.7.12: call). Compilers write .param
 * variables, which are stored to before a call and loaded from behind it. Registers and constants
 * in their place, and functions whose parameters are registers, become the same here.
 */
#include "emulator/ptx/parser_call.h"

#include "emulator/ptx/parser_registers.h"
#include "emulator/ptx/parser_variables.h"

#include <stdio.h>
#include <string.h>

void parser_append(struct parser *parser, const struct syntax_instruction *instruction) {
    struct syntax_function *function = parser->function;
    function->instructions =
        source_grow(parser->source, function->instructions, function->instruction_count,
                    &function->instruction_capacity, sizeof *instruction);
    function->instructions[function->instruction_count++] = *instruction;
}

/* ld.param of a .param variable to the value, or st.param to it, under the guard of `beside` and in
 * its place. */
static void append_access(struct parser *parser, const struct syntax_instruction *beside,
                          const char *root, const struct syntax_variable *variable,
                          const char *name, const struct syntax_operand *value) {
    const bool is_load = strcmp(root, "ld") == 0;
    struct syntax_instruction access = *beside;
    access.root = root;
    access.modifiers = source_allocate(parser->source, 3 * sizeof *access.modifiers);
    access.modifier_count = 0;
    access.modifiers[access.modifier_count++] = "param";
    if (variable->vector > 1)
        access.modifiers[access.modifier_count++] = variable->vector == 2 ? "v2" : "v4";
    access.modifiers[access.modifier_count++] = variable->type->name;
    access.operands = source_allocate(parser->source, 2 * sizeof *access.operands);
    access.operand_count = 2;
    access.operands[is_load ? 0 : 1] = *value;
    access.operands[is_load ? 1 : 0] =
        (struct syntax_operand){.kind = OPERAND_ADDRESS, .name = name, .place = beside->place};
    parser_append(parser, &access);
}

/* ---- Calls ---- */

struct call_parts {
    struct syntax_operand *results, *arguments; /* NULL: none */
    const struct syntax_function *formals;      /* NULL: not known */
};

static const struct syntax_symbol *find_symbol(const struct parser *parser,
                                               const struct syntax_operand *operand) {
    unsigned index;
    if (operand->kind != OPERAND_NAME)
        return NULL;
    return scope_find(parser->scope, operand->name, &index);
}

/* call [(results),] function [, (arguments)] [, prototype] */
static struct call_parts find_parts(const struct parser *parser,
                                    const struct syntax_instruction *call) {
    struct call_parts parts = {0};
    for (size_t k = 0; k < call->operand_count; k++) {
        struct syntax_operand *operand = &call->operands[k];
        const struct syntax_symbol *symbol = find_symbol(parser, operand);
        if (operand->kind == OPERAND_LIST && k == 0)
            parts.results = operand;
        else if (operand->kind == OPERAND_LIST)
            parts.arguments = operand;
        if (symbol && symbol->kind == SYMBOL_TARGETS && symbol->count) {
            const struct syntax_operand first = {.kind = OPERAND_NAME, .name = symbol->targets[0]};
            symbol = find_symbol(parser, &first);
        }
        if (symbol && (symbol->kind == SYMBOL_FUNCTION || symbol->kind == SYMBOL_PROTOTYPE))
            parts.formals = symbol->function;
    }
    return parts;
}

/* A register or a constant is for one value of the formal's width; whether it is of its kind is
 * seen with the access. */
static void check_fits(struct parser *parser, const struct syntax_variable *formal,
                       const struct syntax_operand *item) {
    const bool is_vector = item->kind == OPERAND_VECTOR;
    const size_t elements = is_vector ? item->item_count : 1;
    if (elements != formal->vector)
        source_fail(parser->source, MACHINE_INVALID_PTX, item->place,
                    "an argument has other elements than the parameter");
    const struct syntax_operand *first = is_vector ? &item->items[0] : item;
    unsigned index;
    const struct syntax_symbol *symbol =
        first->kind == OPERAND_NAME ? scope_find(parser->scope, first->name, &index) : NULL;
    const bool is_register =
        symbol && (symbol->kind == SYMBOL_REGISTER || symbol->kind == SYMBOL_REGISTERS);
    if (formal->size != (size_t)formal->type->bits / 8 * formal->vector ||
        (is_register && parser->function->registers[index].type->bits != formal->type->bits))
        source_fail(parser->source, MACHINE_INVALID_PTX, item->place,
                    "an argument's size differs from the parameter's");
}

/* A .param variable in the call's own scope instead of the item; false where it is one. */
static bool replace_item(struct parser *parser, const struct syntax_instruction *call,
                         const struct syntax_variable *formal, const char *prefix, size_t number,
                         struct syntax_operand *item) {
    const struct syntax_symbol *symbol = find_symbol(parser, item);
    if (symbol && symbol->kind == SYMBOL_VARIABLE)
        return false;
    if (item->kind != OPERAND_SINK)
        check_fits(parser, formal, item);
    char element[32];
    (void)snprintf(element, sizeof element, "%zu", number);
    struct syntax_variable *variable = source_allocate(parser->source, sizeof *variable);
    *variable = *formal;
    variable->name = parser_join_name(parser, prefix, element);
    variable->place = item->place;
    struct syntax_symbol *own = scope_add(parser->source, call->scope, variable->name);
    own->kind = SYMBOL_VARIABLE;
    own->variable = variable;
    parser_add_variable(parser, variable);
    *item =
        (struct syntax_operand){.kind = OPERAND_NAME, .name = variable->name, .place = item->place};
    return true;
}

/* Replaces what is no .param variable in a list, with an access to each before or behind. */
static struct syntax_operand *replace_items(struct parser *parser,
                                            const struct syntax_instruction *call,
                                            struct syntax_operand *list,
                                            struct syntax_variable *const *formals, size_t count,
                                            const char *prefix) {
    struct syntax_operand *values = source_allocate(parser->source, (count + 1) * sizeof *values);
    for (size_t k = 0; list && k < count && k < list->item_count; k++) {
        const struct syntax_operand value = list->items[k];
        const bool is_replaced = replace_item(parser, call, formals[k], prefix, k, &list->items[k]);
        values[k].kind = OPERAND_SINK;
        if (is_replaced)
            values[k] = value;
    }
    return values;
}

static void append_accesses(struct parser *parser, const struct syntax_instruction *call,
                            const struct syntax_operand *list, const struct syntax_operand *values,
                            struct syntax_variable *const *formals, size_t count,
                            const char *root) {
    for (size_t k = 0; list && k < count && k < list->item_count; k++) {
        if (values[k].kind != OPERAND_SINK)
            append_access(parser, call, root, formals[k], list->items[k].name, &values[k]);
    }
}

void parser_call(struct parser *parser, struct syntax_instruction *call) {
    const struct call_parts parts = find_parts(parser, call);
    const struct syntax_function *formals = parts.formals;
    if (!formals) {
        parser_append(parser, call);
        return;
    }
    call->scope = scope_open(parser->source, parser->scope);
    const struct syntax_operand *arguments = replace_items(
        parser, call, parts.arguments, formals->parameters, formals->parameter_count, "argument");
    const struct syntax_operand *results = replace_items(
        parser, call, parts.results, formals->results, formals->result_count, "result");
    append_accesses(parser, call, parts.arguments, arguments, formals->parameters,
                    formals->parameter_count, "st");
    parser_append(parser, call);
    append_accesses(parser, call, parts.results, results, formals->results, formals->result_count,
                    "ld");
}

/* ---- Functions ---- */

static const char *area_name(struct parser *parser, const struct syntax_variable *formal) {
    return parser_join_name(parser, formal->name, "passed");
}

/* The name of a parameter that is a register stands for the register, and a name of our own for its
 * variable. */
static void declare_formals(struct parser *parser, struct syntax_variable **list, size_t count) {
    for (size_t k = 0; k < count; k++) {
        struct syntax_variable *formal = list[k];
        const char *name = formal->is_register ? area_name(parser, formal) : formal->name;
        struct syntax_symbol *symbol = parser_declare(parser, name, formal->place);
        symbol->kind = SYMBOL_VARIABLE;
        symbol->variable = formal;
        if (!formal->is_register)
            continue;
        symbol = parser_declare(parser, formal->name, formal->place);
        symbol->kind = SYMBOL_REGISTER;
        if (formal->vector > 1)
            parser_add_vector(parser, formal->type, symbol, formal->vector, formal->place);
        else
            parser_add_registers(parser, formal->type, symbol, 1, formal->place);
    }
}

/* Between the registers that are parameters or results and their variables. */
static void append_transfers(struct parser *parser, const struct syntax_instruction *beside,
                             struct syntax_variable *const *list, size_t count, const char *root) {
    for (size_t k = 0; k < count; k++) {
        const struct syntax_variable *formal = list[k];
        struct syntax_operand value = {
            .kind = OPERAND_NAME, .name = formal->name, .place = beside->place};
        if (!formal->is_register)
            continue;
        parser_expand_vector(parser, &value);
        append_access(parser, beside, root, formal, area_name(parser, formal), &value);
    }
}

void parser_begin_function(struct parser *parser) {
    const struct syntax_function *function = parser->function;
    const struct syntax_instruction first = {.scope = parser->scope, .place = function->place};
    declare_formals(parser, function->parameters, function->parameter_count);
    declare_formals(parser, function->results, function->result_count);
    append_transfers(parser, &first, function->parameters, function->parameter_count, "ld");
}

void parser_return(struct parser *parser, const struct syntax_instruction *instruction) {
    const struct syntax_function *function = parser->function;
    append_transfers(parser, instruction, function->results, function->result_count, "st");
    parser_append(parser, instruction);
}

void parser_end_function(struct parser *parser) {
    const struct syntax_function *function = parser->function;
    const struct syntax_instruction last = {.scope = parser->scope, .place = function->place};
    append_transfers(parser, &last, function->results, function->result_count, "st");
}
