/* The bodies of PTX functions: declarations, labels, instructions and their operands (PTX ISA 9.0,
 * chapters 4 and 6). */
#include "emulator/ptx/parser_body.h"

#include "emulator/ptx/parser_directives.h"
#include "emulator/ptx/parser_expression.h"
#include "emulator/ptx/parser_variables.h"

#include <stdio.h>
#include <string.h>

/* The elements of a vector of registers, by place. */
static const char VECTOR_ELEMENTS[] = "xyzw";

static struct syntax_operand parse_operand(struct parser *parser);

static void enter(struct parser *parser) {
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "nested deeper than %d", PARSER_DEPTH_LIMIT);
}

/* `name.x` */
static const char *element_name(struct parser *parser, const char *name, char element) {
    const size_t size = strlen(name) + sizeof ".x";
    char *joined = source_allocate(parser->source, size);
    (void)snprintf(joined, size, "%s.%c", name, element);
    return joined;
}

static const struct syntax_symbol *find_vector(const struct parser *parser, const char *name) {
    unsigned index;
    const struct syntax_symbol *symbol = scope_find(parser->scope, name, &index);
    return symbol && symbol->kind == SYMBOL_VECTOR ? symbol : NULL;
}

/* A name, with the `.x` of a special register or of a vector; colours stand for places. */
static const char *parse_name(struct parser *parser) {
    static const char colours[] = "rgba";
    const char *name = parser_expect_name(parser);
    const struct token *next = &parser->lexer.token;
    const bool is_vector = find_vector(parser, name) != NULL;
    const bool has_element = next->kind == TOKEN_DOT_WORD && next->glued && next->length == 1;
    if (!has_element || (name[0] != '%' && !is_vector))
        return name;
    const char *colour = is_vector ? strchr(colours, *next->text) : NULL;
    char element = *next->text;
    if (colour)
        element = VECTOR_ELEMENTS[colour - colours];
    const char *joined = element_name(parser, name, element);
    lexer_advance(&parser->lexer);
    return joined;
}

/* The name of a vector stands for its elements. */
static void expand_vector(struct parser *parser, struct syntax_operand *operand) {
    const struct syntax_symbol *symbol = find_vector(parser, operand->name);
    if (!symbol)
        return;
    operand->kind = OPERAND_VECTOR;
    operand->item_count = symbol->count;
    operand->items = source_allocate(parser->source, symbol->count * sizeof(struct syntax_operand));
    for (unsigned k = 0; k < symbol->count; k++)
        operand->items[k] =
            (struct syntax_operand){.kind = OPERAND_NAME,
                                    .name = element_name(parser, operand->name, VECTOR_ELEMENTS[k]),
                                    .place = operand->place};
}

static int64_t parse_offset(struct parser *parser) {
    if (parser_take(parser, '+'))
        return parser_expression(parser);
    if (parser_take(parser, '-'))
        return (int64_t)(0 - (uint64_t)parser_expression(parser));
    return 0;
}

/* name+4, name-4, and name[4]: the fifth element of an array. */
static int64_t parse_place(struct parser *parser, const char *name) {
    unsigned index;
    const struct source_place place = parser->lexer.token.place;
    if (!parser_take(parser, '['))
        return parse_offset(parser);
    const struct syntax_symbol *symbol = scope_find(parser->scope, name, &index);
    if (!symbol || symbol->kind != SYMBOL_VARIABLE)
        source_fail(parser->source, MACHINE_INVALID_PTX, place, "'%s' is no array", name);
    const uint64_t element = (uint64_t)parser_expression(parser);
    parser_expect(parser, ']');
    return (int64_t)(element * (symbol->variable->type->bits / 8));
}

static void parse_items(struct parser *parser, struct syntax_operand *operand, char close) {
    size_t capacity = 0;
    enter(parser);
    while (!parser_take(parser, close)) {
        operand->items = source_grow(parser->source, operand->items, operand->item_count, &capacity,
                                     sizeof *operand->items);
        struct syntax_operand item = parse_operand(parser);
        operand->items[operand->item_count++] = item;
        if (!parser_at(parser, close))
            parser_expect(parser, ',');
    }
    parser->depth--;
}

/* Negated floats are written with a sign in front of a decimal or of a hexadecimal one. */
static void parse_number(struct parser *parser, struct syntax_operand *operand) {
    struct lexer before = parser->lexer;
    bool negative = parser_take(parser, '-');
    const struct token *token = &parser->lexer.token;
    if (token->kind != TOKEN_FLOAT32 && token->kind != TOKEN_FLOAT64) {
        parser->lexer = before;
        operand->kind = OPERAND_INTEGER;
        operand->integer = parser_expression(parser);
        return;
    }
    bool is_double = token->kind == TOKEN_FLOAT64;
    uint64_t sign = negative ? (is_double ? UINT64_C(1) << 63 : UINT64_C(1) << 31) : 0;
    operand->kind = is_double ? OPERAND_FLOAT64 : OPERAND_FLOAT32;
    operand->integer = (int64_t)(token->integer ^ sign);
    lexer_advance(&parser->lexer);
}

static void parse_address(struct parser *parser, struct syntax_operand *operand) {
    operand->kind = OPERAND_ADDRESS;
    if (parser->lexer.token.kind == TOKEN_WORD) {
        operand->name = parse_name(parser);
        operand->integer = parse_offset(parser);
    } else {
        operand->integer = parser_expression(parser);
    }
    if (parser_take(parser, ',')) {
        operand->kind = OPERAND_TEXTURE;
        parse_items(parser, operand, ']');
    } else {
        parser_expect(parser, ']');
    }
}

/* `.b1`, `.h10`: which parts of a register a video instruction means; NULL where there is none. */
static const char *parse_selector(struct parser *parser) {
    const struct token *token = &parser->lexer.token;
    if (token->kind != TOKEN_DOT_WORD || !token->glued || token->length < 2 ||
        (token->text[0] != 'b' && token->text[0] != 'h'))
        return NULL;
    for (size_t k = 1; k < token->length; k++) {
        if (token->text[k] < '0' || token->text[k] > '7')
            return NULL;
    }
    const char *selector = parser_copy(parser);
    lexer_advance(&parser->lexer);
    return selector;
}

static struct syntax_operand parse_operand(struct parser *parser) {
    struct syntax_operand operand = {.kind = OPERAND_NAME, .place = parser->lexer.token.place};
    struct lexer ahead = parser->lexer;
    lexer_advance(&ahead);
    bool negated_name = parser_at(parser, '!') && ahead.token.kind == TOKEN_WORD;
    if (negated_name) {
        lexer_advance(&parser->lexer);
        operand.negated = true;
    }
    operand.is_minus = parser_at(parser, '-') && ahead.token.kind == TOKEN_WORD;
    if (operand.is_minus)
        lexer_advance(&parser->lexer);
    if (parser_at_word(parser, "_")) {
        lexer_advance(&parser->lexer);
        operand.kind = OPERAND_SINK;
    } else if (parser->lexer.token.kind == TOKEN_WORD) {
        operand.name = parse_name(parser);
        operand.selector = parse_selector(parser);
        operand.integer = parse_place(parser, operand.name);
        expand_vector(parser, &operand);
    } else if (parser_take(parser, '[')) {
        parse_address(parser, &operand);
    } else if (parser_take(parser, '{')) {
        operand.kind = OPERAND_VECTOR;
        parse_items(parser, &operand, '}');
    } else if (parser->takes_lists && parser_take(parser, '(')) {
        operand.kind = OPERAND_LIST;
        parse_items(parser, &operand, ')');
    } else {
        parse_number(parser, &operand);
    }
    if (parser_take(parser, '|')) {
        operand.second = source_allocate(parser->source, sizeof operand);
        enter(parser);
        struct syntax_operand second = parse_operand(parser);
        parser->depth--;
        *operand.second = second;
    }
    return operand;
}

static void parse_modifiers(struct parser *parser, struct syntax_instruction *instruction) {
    size_t capacity = 0;
    while (parser->lexer.token.kind == TOKEN_DOT_WORD) {
        instruction->modifiers =
            source_grow(parser->source, instruction->modifiers, instruction->modifier_count,
                        &capacity, sizeof *instruction->modifiers);
        instruction->modifiers[instruction->modifier_count++] = parser_copy(parser);
        lexer_advance(&parser->lexer);
    }
}

static void parse_instruction(struct parser *parser) {
    struct syntax_function *function = parser->function;
    struct syntax_instruction instruction = {.scope = parser->scope,
                                             .place = parser->lexer.token.place,
                                             .source_file = parser->source_file,
                                             .source_line = parser->source_line,
                                             .caller = parser->caller};
    if (parser_take(parser, '@')) {
        instruction.guard_negated = parser_take(parser, '!');
        instruction.guard = parser_expect_name(parser);
    }
    instruction.root = parser_expect_name(parser);
    parser->takes_lists = strcmp(instruction.root, "call") == 0;
    parse_modifiers(parser, &instruction);
    size_t capacity = 0;
    while (!parser_take(parser, ';')) {
        instruction.operands =
            source_grow(parser->source, instruction.operands, instruction.operand_count, &capacity,
                        sizeof *instruction.operands);
        struct syntax_operand operand = parse_operand(parser);
        instruction.operands[instruction.operand_count++] = operand;
        if (!parser_at(parser, ';'))
            parser_expect(parser, ',');
    }
    function->instructions =
        source_grow(parser->source, function->instructions, function->instruction_count,
                    &function->instruction_capacity, sizeof instruction);
    function->instructions[function->instruction_count++] = instruction;
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

/* One of 128 bits is two: the upper halves of a declaration stand behind the lower ones. */
static void add_registers(struct parser *parser, const struct syntax_type *type,
                          struct syntax_symbol *symbol, unsigned long long count,
                          struct source_place place) {
    symbol->index = (unsigned)parser->function->register_count;
    append_registers(parser, type, count, place);
    symbol->count = (unsigned)count;
    if (type->bits == 128)
        append_registers(parser, syntax_find_type("b64", 3), count, place);
}

/* The registers of a vector of `size` elements, each with a name of its own. */
static void add_vector(struct parser *parser, const struct syntax_type *type,
                       struct syntax_symbol *symbol, unsigned size, struct source_place place) {
    symbol->kind = SYMBOL_VECTOR;
    symbol->count = size;
    for (unsigned k = 0; k < size; k++) {
        struct syntax_symbol *element =
            parser_declare(parser, element_name(parser, symbol->name, VECTOR_ELEMENTS[k]), place);
        element->kind = SYMBOL_REGISTER;
        add_registers(parser, type, element, 1, place);
    }
}

static void parse_registers(struct parser *parser) {
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
            add_vector(parser, type, symbol, vector, place);
        else
            add_registers(parser, type, symbol, count, place);
    } while (parser_take(parser, ','));
    parser_expect(parser, ';');
}

static void parse_targets(struct parser *parser, struct syntax_symbol *symbol) {
    size_t capacity = 0;
    symbol->kind = SYMBOL_TARGETS;
    do {
        symbol->targets = source_grow(parser->source, symbol->targets, symbol->count, &capacity,
                                      sizeof *symbol->targets);
        symbol->targets[symbol->count++] = parser_expect_name(parser);
    } while (parser_take(parser, ','));
    parser_expect(parser, ';');
}

static void parse_prototype(struct parser *parser, struct syntax_symbol *symbol) {
    struct syntax_function *prototype = source_allocate(parser->source, sizeof *prototype);
    symbol->kind = SYMBOL_PROTOTYPE;
    symbol->function = prototype;
    parser_formals(parser, &prototype->results, &prototype->result_count);
    prototype->place = parser->lexer.token.place;
    prototype->name = parser_expect_name(parser);
    parser_formals(parser, &prototype->parameters, &prototype->parameter_count);
    (void)parser_take_dot(parser, "noreturn");
    parser_expect(parser, ';');
}

/* `name :` — true when it was one. */
static bool parse_label(struct parser *parser) {
    struct lexer ahead = parser->lexer;
    lexer_advance(&ahead);
    if (ahead.token.kind != TOKEN_PUNCTUATION || ahead.token.punctuation != ':')
        return false;
    struct source_place place = parser->lexer.token.place;
    struct syntax_symbol *symbol = parser_declare(parser, parser_expect_name(parser), place);
    parser_expect(parser, ':');
    symbol->kind = SYMBOL_LABEL;
    symbol->index = (unsigned)parser->function->instruction_count;
    if (parser_take_dot(parser, "branchtargets") || parser_take_dot(parser, "calltargets"))
        parse_targets(parser, symbol);
    else if (parser_take_dot(parser, "callprototype"))
        parse_prototype(parser, symbol);
    return true;
}

static void parse_block(struct parser *parser);

static void parse_statement(struct parser *parser) {
    enum state_space space;
    if (parser_at(parser, '{')) {
        parse_block(parser);
    } else if (parser->lexer.token.kind == TOKEN_WORD) {
        if (!parse_label(parser))
            parse_instruction(parser);
    } else if (parser_at(parser, '@')) {
        parse_instruction(parser);
    } else if (parser_take_dot(parser, "reg")) {
        parse_registers(parser);
    } else if (parser_take_dot(parser, "extern")) {
        if (!parser_take_space(parser, &space))
            parser_fail_expected(parser, "a state space");
        parser_variables(parser, (struct linkage){.is_extern = true}, space);
    } else if (parser_take_space(parser, &space)) {
        parser_variables(parser, (struct linkage){0}, space);
    } else if (!parser_take(parser, ';') && !parser_common_directive(parser)) {
        parser_fail_expected(parser, "an instruction or a directive");
    }
}

static void parse_block(struct parser *parser) {
    enter(parser);
    parser_expect(parser, '{');
    parser->scope = scope_open(parser->source, parser->scope);
    while (!parser_take(parser, '}')) {
        if (parser->lexer.token.kind == TOKEN_END)
            parser_fail_expected(parser, "'}'");
        parse_statement(parser);
    }
    parser->scope = parser->scope->outer;
    parser->depth--;
}

static void declare_formals(struct parser *parser, struct syntax_variable **list, size_t count) {
    for (size_t k = 0; k < count; k++) {
        struct syntax_symbol *symbol = parser_declare(parser, list[k]->name, list[k]->place);
        symbol->kind = SYMBOL_VARIABLE;
        symbol->variable = list[k];
    }
}

void parser_body(struct parser *parser, struct syntax_function *function) {
    parser->function = function;
    parser->source_file = parser->source_line = 0;
    parser->caller = NULL;
    parser->site_count = 0;
    parser->scope = function->scope = scope_open(parser->source, parser->unit);
    declare_formals(parser, function->parameters, function->parameter_count);
    declare_formals(parser, function->results, function->result_count);
    parse_block(parser);
    parser->scope = parser->unit;
    parser->function = NULL;
}
