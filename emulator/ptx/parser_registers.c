/* Declarations of registers (PTX ISA 9.0, 5.1.1 and 5.4.2). */
#include "emulator/ptx/parser_registers.h"

#include "emulator/ptx/parser_variables.h"

#include <stdio.h>
#include <string.h>

const char *parser_join_name(struct parser *parser, const char *name, const char *element) {
    const size_t size = strlen(name) + strlen(element) + sizeof ".";
    char *joined = source_allocate(parser->source, size);
    (void)snprintf(joined, size, "%s.%s", name, element);
    return joined;
}

/* The name of element k, at most 3, of a vector. */
static const char *element_name(struct parser *parser, const char *name, size_t k) {
    static const char *const elements[] = {"x", "y", "z", "w"};
    return parser_join_name(parser, name, elements[k]);
}

const struct syntax_symbol *parser_find_vector(const struct parser *parser, const char *name) {
    unsigned index;
    const struct syntax_symbol *symbol = scope_find(parser->scope, name, &index);
    return symbol && symbol->kind == SYMBOL_VECTOR ? symbol : NULL;
}

void parser_expand_vector(struct parser *parser, struct syntax_operand *operand) {
    const struct syntax_symbol *symbol = parser_find_vector(parser, operand->name);
    if (!symbol)
        return;
    operand->kind = OPERAND_VECTOR;
    operand->item_count = symbol->count;
    operand->items = source_allocate(parser->source, symbol->count * sizeof(struct syntax_operand));
    for (unsigned k = 0; k < symbol->count; k++)
        operand->items[k] = (struct syntax_operand){.kind = OPERAND_NAME,
                                                    .name = element_name(parser, operand->name, k),
                                                    .place = operand->place};
}

static void append_registers(struct parser *parser, const struct syntax_type *type,
                             unsigned long long count, struct source_place place) {
    enum { REGISTER_LIMIT = 1 << 20 };
    struct syntax_function *function = parser->function;
    if (count > REGISTER_LIMIT - function->register_count)
        source_fail(parser->source, MACHINE_INVALID_PTX, place, "more than %d registers",
                    REGISTER_LIMIT);
    for (unsigned long long k = 0; k < count; k++) {
        function->registers =
            source_grow(parser->source, function->registers, function->register_count,
                        &function->register_capacity, sizeof *function->registers);
        function->registers[function->register_count++].type = type;
    }
}

void parser_add_registers(struct parser *parser, const struct syntax_type *type,
                          struct syntax_symbol *symbol, unsigned long long count,
                          struct source_place place) {
    symbol->index = (unsigned)parser->function->register_count;
    append_registers(parser, type, count, place);
    symbol->count = (unsigned)count;
    if (type->bits == 128)
        append_registers(parser, syntax_find_type("b64", 3), count, place);
}

void parser_add_vector(struct parser *parser, const struct syntax_type *type,
                       struct syntax_symbol *symbol, unsigned size, struct source_place place) {
    symbol->kind = SYMBOL_VECTOR;
    symbol->count = size;
    for (unsigned k = 0; k < size; k++) {
        struct syntax_symbol *element =
            parser_declare(parser, element_name(parser, symbol->name, k), place);
        element->kind = SYMBOL_REGISTER;
        parser_add_registers(parser, type, element, 1, place);
    }
}

void parser_registers(struct parser *parser) {
    const unsigned vector = parser_take_dot(parser, "v2")   ? 2
                            : parser_take_dot(parser, "v4") ? 4
                                                            : 0;
    const struct syntax_type *type =
        parser_expect_type(parser, "a register type that the emulator knows");
    do {
        struct source_place place = parser->lexer.token.place;
        struct syntax_symbol *symbol = parser_declare(parser, parser_expect_name(parser), place);
        unsigned long long count = 1;
        symbol->kind = SYMBOL_REGISTER;
        if (!vector && parser_take(parser, '<')) {
            symbol->kind = SYMBOL_REGISTERS;
            count = parser->lexer.token.integer;
            if (parser->lexer.token.kind != TOKEN_INTEGER)
                parser_fail_expected(parser, "a number of registers");
            lexer_advance(&parser->lexer);
            parser_expect(parser, '>');
        }
        if (vector)
            parser_add_vector(parser, type, symbol, vector, place);
        else
            parser_add_registers(parser, type, symbol, count, place);
    } while (parser_take(parser, ','));
    parser_expect(parser, ';');
}
