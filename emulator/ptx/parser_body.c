/* The bodies of PTX functions: declarations, labels, instructions and their operands (PTX ISA 9.0,
 * chapters 4 and 6). */
#include "emulator/ptx/parser_body.h"

#include "emulator/ptx/parser_call.h"
#include "emulator/ptx/parser_directives.h"
#include "emulator/ptx/parser_expression.h"
#include "emulator/ptx/parser_registers.h"
#include "emulator/ptx/parser_variables.h"

#include <stdio.h>
#include <string.h>

static struct syntax_operand parse_operand(struct parser *parser);

static void enter(struct parser *parser) {
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "nested deeper than %d", PARSER_DEPTH_LIMIT);
}

/* A name, with the `.x` of a special register or of a vector; colours stand for places. */
static const char *parse_name(struct parser *parser) {
    static const char colours[] = "rgba";
    const char *name = parser_expect_name(parser);
    const struct token *next = &parser->lexer.token;
    const bool is_vector = parser_find_vector(parser, name) != NULL;
    const bool has_element = next->kind == TOKEN_DOT_WORD && next->glued && next->length == 1;
    if (!has_element || (name[0] != '%' && !is_vector))
        return name;
    const char *colour = strchr(colours, *next->text);
    char element[] = {*next->text, '\0'};
    if (colour)
        element[0] = "xyzw"[colour - colours];
    const char *joined = parser_join_name(parser, name, element);
    lexer_advance(&parser->lexer);
    return joined;
}

static int64_t parse_offset(struct parser *parser) {
    if (parser_at(parser, '+') || parser_at(parser, '-'))
        return parser_expression(parser);
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

/* Floats of 32 bits stand by themselves, but for a sign. */
static void parse_number(struct parser *parser, struct syntax_operand *operand) {
    struct lexer before = parser->lexer;
    const bool negative = parser_take(parser, '-');
    if (parser->lexer.token.kind == TOKEN_FLOAT32) {
        operand->kind = OPERAND_FLOAT32;
        operand->integer =
            (int64_t)(parser->lexer.token.integer ^ (negative ? UINT64_C(1) << 31 : 0));
        lexer_advance(&parser->lexer);
        return;
    }
    parser->lexer = before;
    const struct parser_constant constant = parser_constant(parser);
    operand->kind = constant.is_float ? OPERAND_FLOAT64 : OPERAND_INTEGER;
    operand->integer = (int64_t)constant.bits;
}

static void parse_address(struct parser *parser, struct syntax_operand *operand) {
    operand->kind = OPERAND_ADDRESS;
    if (parser->lexer.token.kind == TOKEN_WORD) {
        operand->name = parse_name(parser);
        if (parser_at(parser, '-'))
            parser_fail_expected(parser, "'+' or ']', as in [name+-8],");
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

/* A word, but for the one that is a constant. */
static bool is_name(const struct token *token) {
    static const char constant[] = "WARP_SZ";
    return token->kind == TOKEN_WORD &&
           (token->length != strlen(constant) || memcmp(token->text, constant, token->length) != 0);
}

static struct syntax_operand parse_operand(struct parser *parser) {
    struct syntax_operand operand = {.kind = OPERAND_NAME, .place = parser->lexer.token.place};
    struct lexer ahead = parser->lexer;
    lexer_advance(&ahead);
    bool negated_name = parser_at(parser, '!') && is_name(&ahead.token);
    if (negated_name) {
        lexer_advance(&parser->lexer);
        operand.negated = true;
    }
    operand.is_minus = parser_at(parser, '-') && is_name(&ahead.token);
    if (operand.is_minus)
        lexer_advance(&parser->lexer);
    if (parser_at_word(parser, "_")) {
        lexer_advance(&parser->lexer);
        operand.kind = OPERAND_SINK;
    } else if (is_name(&parser->lexer.token)) {
        operand.name = parse_name(parser);
        operand.selector = parse_selector(parser);
        operand.integer = parse_place(parser, operand.name);
        parser_expand_vector(parser, &operand);
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
    if (parser->takes_lists)
        parser_call(parser, &instruction);
    else if (strcmp(instruction.root, "ret") == 0)
        parser_return(parser, &instruction);
    else
        parser_append(parser, &instruction);
}

static void add_target(struct parser *parser, struct syntax_symbol *symbol, size_t *capacity,
                       const char *name) {
    enum { TARGETS_LIMIT = 1 << 12 };
    if (symbol->count == TARGETS_LIMIT)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "a list of more than %d labels", TARGETS_LIMIT);
    symbol->targets = source_grow(parser->source, symbol->targets, symbol->count, capacity,
                                  sizeof *symbol->targets);
    symbol->targets[symbol->count++] = name;
}

/* `name` with a number behind it. */
static const char *number_name(struct parser *parser, const char *name, unsigned number) {
    const size_t size = strlen(name) + sizeof "4294967295";
    char *numbered = source_allocate(parser->source, size);
    (void)snprintf(numbered, size, "%s%u", name, number);
    return numbered;
}

/* L0, L1 and M; or L<2> and M. */
static void parse_targets(struct parser *parser, struct syntax_symbol *symbol) {
    size_t capacity = 0;
    symbol->kind = SYMBOL_TARGETS;
    do {
        const char *name = parser_expect_name(parser);
        if (!parser_take(parser, '<')) {
            add_target(parser, symbol, &capacity, name);
            continue;
        }
        const unsigned count = parser_expect_unsigned(parser, "a number of labels", UINT32_MAX);
        parser_expect(parser, '>');
        for (unsigned k = 0; k < count; k++)
            add_target(parser, symbol, &capacity, number_name(parser, name, k));
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
        parser_registers(parser);
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

void parser_body(struct parser *parser, struct syntax_function *function) {
    parser->function = function;
    parser->source_file = parser->source_line = 0;
    parser->caller = NULL;
    parser->site_count = 0;
    parser->scope = function->scope = scope_open(parser->source, parser->unit);
    parser_begin_function(parser);
    parse_block(parser);
    parser_end_function(parser);
    parser->scope = parser->unit;
    parser->function = NULL;
}
