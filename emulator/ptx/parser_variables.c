/* Declarations of variables and parameters (PTX ISA 9.0, chapters 5 and 7). */
#include "emulator/ptx/parser_variables.h"

#include "emulator/ptx/parser_expression.h"

#include <string.h>

struct syntax_symbol *parser_declare(struct parser *parser, const char *name,
                                     struct source_place place) {
    struct syntax_symbol *symbol = scope_add(parser->source, parser->scope, name);
    if (!symbol)
        source_fail(parser->source, MACHINE_INVALID_PTX, place, "'%s' is declared twice", name);
    return symbol;
}

bool parser_take_space(struct parser *parser, enum state_space *space) {
    static const struct {
        const char *name;
        enum state_space space;
    } spaces[] = {{"global", SPACE_GLOBAL},
                  {"const", SPACE_CONST},
                  {"shared", SPACE_SHARED},
                  {"local", SPACE_LOCAL},
                  {"param", SPACE_PARAM}};
    for (size_t k = 0; k < sizeof spaces / sizeof spaces[0]; k++) {
        if (parser_take_dot(parser, spaces[k].name)) {
            *space = spaces[k].space;
            return true;
        }
    }
    return false;
}

static size_t expect_alignment(struct parser *parser) {
    struct source_place place = parser->lexer.token.place;
    unsigned alignment = parser_expect_unsigned(parser, "an alignment", 1u << 20);
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        source_fail(parser->source, MACHINE_INVALID_PTX, place,
                    "alignment %u is not a power of two", alignment);
    return alignment;
}

bool parser_take_attribute(struct parser *parser, bool *is_managed) {
    if (!parser_take_dot(parser, "attribute"))
        return false;
    parser_expect(parser, '(');
    /* .unified has parentheses of its own. */
    for (size_t open = 1; open > 0; lexer_advance(&parser->lexer)) {
        if (parser->lexer.token.kind == TOKEN_END)
            parser_fail_expected(parser, "')'");
        *is_managed |= parser_at_dot(parser, "managed");
        open += parser_at(parser, '(');
        open -= parser_at(parser, ')');
    }
    return true;
}

static enum syntax_opaque take_reference(struct parser *parser) {
    static const struct {
        const char *name;
        enum syntax_opaque opaque;
    } kinds[] = {
        {"texref", OPAQUE_TEXTURE}, {"samplerref", OPAQUE_SAMPLER}, {"surfref", OPAQUE_SURFACE}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (parser_take_dot(parser, kinds[k].name))
            return kinds[k].opaque;
    }
    return OPAQUE_NONE;
}

/* What stands between the space and the name: alignment, vector width, .ptr and attributes, the
 * type. */
static void variable_head(struct parser *parser, struct syntax_variable *variable) {
    variable->vector = 1;
    for (;;) {
        if (parser_take_dot(parser, "align")) {
            variable->alignment = expect_alignment(parser);
        } else if (parser_take_dot(parser, "v2")) {
            variable->vector = 2;
        } else if (parser_take_dot(parser, "v4")) {
            variable->vector = 4;
        } else if (!parser_take_attribute(parser, &variable->is_managed)) {
            break;
        }
    }
    variable->opaque = take_reference(parser);
    variable->type =
        variable->opaque ? syntax_find_type("b64", 3) : parser_expect_type(parser, "a type");
    variable->size = (size_t)variable->type->bits / 8 * variable->vector;
    if (variable->type->bits < 8)
        source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                    "a variable cannot have the type .%s", variable->type->name);
    if (parser_take_dot(parser, "ptr")) {
        enum state_space pointee;
        if (!parser_take_space(parser, &pointee))
            (void)take_reference(parser);
        if (parser_take_dot(parser, "align"))
            expect_alignment(parser);
    }
    if (variable->alignment == 0)
        variable->alignment = variable->size;
}

static void variable_dimensions(struct parser *parser, struct syntax_variable *variable,
                                bool *unknown) {
    enum { SIZE_LIMIT = 1 << 30 };
    *unknown = false;
    while (parser_take(parser, '[')) {
        struct source_place place = parser->lexer.token.place;
        if (parser_take(parser, ']')) {
            *unknown = true;
            continue;
        }
        int64_t count = parser_expression(parser);
        if (count < 0 || (uint64_t)count * variable->size > SIZE_LIMIT)
            source_fail(parser->source, MACHINE_INVALID_PTX, place, "'%s' has an impossible size",
                        variable->name);
        variable->size *= (size_t)count;
        parser_expect(parser, ']');
    }
}

static void value_number(struct parser *parser, struct syntax_value *value) {
    const struct token *token = &parser->lexer.token;
    struct lexer before = parser->lexer;
    const bool negative = parser_take(parser, '-');
    value->is_float = true;
    if (token->kind == TOKEN_FLOAT32) {
        const uint32_t bits = (uint32_t)token->integer;
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        const double wide = negative ? -(double)narrow : (double)narrow;
        memcpy(&value->bits, &wide, sizeof wide);
        lexer_advance(&parser->lexer);
        return;
    }
    parser->lexer = before;
    const struct parser_constant constant = parser_constant(parser);
    value->bits = constant.bits;
    value->is_float = constant.is_float;
}

/* name, name+4, generic(name)+4, mask(expression of these) */
static void value_symbol(struct parser *parser, struct syntax_value *value) {
    const char *name = parser_expect_name(parser);
    if (strcmp(name, "generic") == 0 && parser_take(parser, '(')) {
        name = parser_expect_name(parser);
        parser_expect(parser, ')');
    }
    value->symbol = name;
    value->scope = parser->scope;
    if (parser_at(parser, '+') || parser_at(parser, '-'))
        value->bits = (uint64_t)parser_expression(parser);
}

static void value_masked(struct parser *parser, struct syntax_value *value) {
    uint64_t mask = parser->lexer.token.integer;
    struct source_place place = parser->lexer.token.place;
    lexer_advance(&parser->lexer);
    parser_expect(parser, '(');
    value_symbol(parser, value);
    parser_expect(parser, ')');
    value->masked = true;
    while (mask && (mask & 0xff) == 0) {
        mask >>= 8;
        value->mask_byte += 8;
    }
    if (mask != 0xff)
        source_fail(parser->source, MACHINE_INVALID_PTX, place,
                    "a mask must choose one byte of the address");
}

static void variable_values(struct parser *parser, struct syntax_variable *variable,
                            size_t *capacity) {
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                    "an initialiser nested too deep");
    if (parser_take(parser, '{')) {
        while (!parser_take(parser, '}')) {
            variable_values(parser, variable, capacity);
            if (!parser_at(parser, '}'))
                parser_expect(parser, ',');
        }
        parser->depth--;
        return;
    }
    variable->values = source_grow(parser->source, variable->values, variable->value_count,
                                   capacity, sizeof *variable->values);
    struct syntax_value *value = &variable->values[variable->value_count++];
    value->place = parser->lexer.token.place;
    struct lexer ahead = parser->lexer;
    lexer_advance(&ahead);
    bool masked = parser->lexer.token.kind == TOKEN_INTEGER &&
                  ahead.token.kind == TOKEN_PUNCTUATION && ahead.token.punctuation == '(';
    if (masked)
        value_masked(parser, value);
    else if (parser->lexer.token.kind == TOKEN_WORD && !parser_at_word(parser, "WARP_SZ"))
        value_symbol(parser, value);
    else
        value_number(parser, value);
    parser->depth--;
}

/* Units of translation declare what others define, and may define what is weak or common too. */
static void variable_again(struct parser *parser, struct syntax_symbol *symbol,
                           const struct syntax_variable *variable) {
    const bool is_variable = symbol && symbol->kind == SYMBOL_VARIABLE && parser->function == NULL;
    const bool is_spare = variable->is_extern || variable->is_weak || variable->is_common;
    if (is_variable && symbol->variable->is_extern)
        *symbol->variable = *variable;
    else if (!is_variable || !is_spare)
        source_fail(parser->source, MACHINE_INVALID_PTX, variable->place, "'%s' is declared twice",
                    variable->name);
}

void parser_add_variable(struct parser *parser, struct syntax_variable *variable) {
    struct syntax_function *function = parser->function;
    function->variables =
        source_grow(parser->source, function->variables, function->variable_count,
                    &function->variable_capacity, sizeof(struct syntax_variable *));
    function->variables[function->variable_count++] = variable;
}

static void variable_record(struct parser *parser, struct syntax_variable *variable) {
    struct syntax_function *function = parser->function;
    const bool is_shared =
        variable->is_visible || variable->is_extern || variable->is_weak || variable->is_common;
    struct syntax_scope *scope = parser->scope;
    if (!function && is_shared)
        scope = parser->module->scope;
    struct syntax_symbol *symbol = scope_add(parser->source, scope, variable->name);
    if (!symbol) {
        variable_again(parser, scope_find(scope, variable->name, &(unsigned){0}), variable);
        return;
    }
    symbol->kind = SYMBOL_VARIABLE;
    symbol->variable = variable;
    if (function) {
        parser_add_variable(parser, variable);
        return;
    }
    struct syntax_module *module = parser->module;
    module->variables = source_grow(parser->source, module->variables, module->variable_count,
                                    &module->variable_capacity, sizeof(struct syntax_variable *));
    module->variables[module->variable_count++] = variable;
}

void parser_variables(struct parser *parser, struct linkage linkage, enum state_space space) {
    struct syntax_variable head = {.space = space, .place = parser->lexer.token.place};
    head.is_extern = linkage.is_extern;
    head.is_visible = linkage.is_visible;
    head.is_weak = linkage.is_weak;
    head.is_common = linkage.is_common;
    variable_head(parser, &head);
    do {
        struct syntax_variable *variable = source_allocate(parser->source, sizeof *variable);
        *variable = head;
        variable->place = parser->lexer.token.place;
        variable->name = parser_expect_name(parser);
        size_t capacity = 0;
        bool unknown;
        variable_dimensions(parser, variable, &unknown);
        if (parser_take(parser, '='))
            variable_values(parser, variable, &capacity);
        if (unknown)
            variable->size = variable->value_count * (variable->type->bits / 8);
        if (variable->value_count * (variable->type->bits / 8) > variable->size)
            source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                        "'%s' has more values than elements", variable->name);
        /* The assembler gives a place to an array whose size is known, extern or not. */
        variable->is_extern &= space != SPACE_SHARED || unknown;
        variable_record(parser, variable);
    } while (parser_take(parser, ','));
    parser_expect(parser, ';');
}

/* ---- Parameters ---- */

void parser_formals(struct parser *parser, struct syntax_variable ***list, size_t *count) {
    size_t capacity = 0;
    *count = 0;
    *list = NULL;
    if (!parser_take(parser, '('))
        return;
    while (!parser_take(parser, ')')) {
        struct syntax_variable *variable = source_allocate(parser->source, sizeof *variable);
        variable->space = SPACE_PARAM;
        variable->place = parser->lexer.token.place;
        variable->is_register = parser_take_dot(parser, "reg");
        if (!variable->is_register && !parser_take_dot(parser, "param"))
            parser_fail_expected(parser, ".param");
        variable_head(parser, variable);
        if (variable->is_register && variable->type->bits < 32)
            source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                        "a .reg parameter has 32 bits or more");
        bool unknown;
        variable->name = parser_expect_name(parser);
        variable_dimensions(parser, variable, &unknown);
        if (unknown)
            source_fail(parser->source, MACHINE_INVALID_PTX, variable->place, "'%s' needs a size",
                        variable->name);
        *list =
            source_grow(parser->source, *list, *count, &capacity, sizeof(struct syntax_variable *));
        (*list)[(*count)++] = variable;
        if (!parser_at(parser, ')'))
            parser_expect(parser, ',');
    }
}
