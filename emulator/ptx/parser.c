/* PTX declarations: the module, its variables, and the heads of functions (PTX ISA 9.0, chapters 5,
 * 7 and 11). */
#include "emulator/ptx/parser.h"

#include <string.h>

void parser_fail_expected(struct parser *parser, const char *what) {
    const struct token *token = &parser->lexer.token;
    if (token->kind == TOKEN_END)
        source_fail(parser->source, MACHINE_INVALID_PTX, token->place,
                    "expected %s, found the end of the text", what);
    source_fail(parser->source, MACHINE_INVALID_PTX, token->place, "expected %s, found '%s%.*s'",
                what, token->kind == TOKEN_DOT_WORD ? "." : "",
                (int)(token->length < 200 ? token->length : 200), token->text);
}

static bool token_is(const struct token *token, enum token_kind kind, const char *text) {
    return token->kind == kind && token->length == strlen(text) &&
           memcmp(token->text, text, token->length) == 0;
}

bool parser_at(const struct parser *parser, char punctuation) {
    const struct token *token = &parser->lexer.token;
    return token->kind == TOKEN_PUNCTUATION && token->punctuation == punctuation;
}

bool parser_at_dot(const struct parser *parser, const char *word) {
    return token_is(&parser->lexer.token, TOKEN_DOT_WORD, word);
}

bool parser_at_word(const struct parser *parser, const char *word) {
    return token_is(&parser->lexer.token, TOKEN_WORD, word);
}

bool parser_take(struct parser *parser, char punctuation) {
    if (!parser_at(parser, punctuation))
        return false;
    lexer_advance(&parser->lexer);
    return true;
}

bool parser_take_dot(struct parser *parser, const char *word) {
    if (!parser_at_dot(parser, word))
        return false;
    lexer_advance(&parser->lexer);
    return true;
}

void parser_expect(struct parser *parser, char punctuation) {
    char what[4] = {'\'', punctuation, '\'', '\0'};
    if (!parser_take(parser, punctuation))
        parser_fail_expected(parser, what);
}

const char *parser_copy(struct parser *parser) {
    const struct token *token = &parser->lexer.token;
    char *copy = arena_copy_text(parser->source->arena, token->text, token->length);
    if (!copy)
        source_fail(parser->source, MACHINE_OUT_OF_MEMORY, token->place,
                    "no host memory left for the module");
    return copy;
}

const char *parser_expect_name(struct parser *parser) {
    if (parser->lexer.token.kind != TOKEN_WORD)
        parser_fail_expected(parser, "a name");
    const char *name = parser_copy(parser);
    lexer_advance(&parser->lexer);
    return name;
}

static unsigned expect_unsigned(struct parser *parser, const char *what, uint64_t limit) {
    const struct token *token = &parser->lexer.token;
    if (token->kind != TOKEN_INTEGER)
        parser_fail_expected(parser, what);
    if (token->integer > limit)
        source_fail(parser->source, MACHINE_INVALID_PTX, token->place, "%s beyond %llu", what,
                    (unsigned long long)limit);
    unsigned value = (unsigned)token->integer;
    lexer_advance(&parser->lexer);
    return value;
}

/* ---- Constant expressions: unsigned 64-bit arithmetic, the operators of C by precedence ---- */

static uint64_t expression_level(struct parser *parser, int level);

static uint64_t expression_primary(struct parser *parser) {
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "an expression nested too deep");
    uint64_t value = 0;
    if (parser_take(parser, '-')) {
        value = 0 - expression_primary(parser);
    } else if (parser_take(parser, '~')) {
        value = ~expression_primary(parser);
    } else if (parser_take(parser, '!')) {
        value = expression_primary(parser) == 0;
    } else if (parser_take(parser, '(')) {
        value = expression_level(parser, 0);
        parser_expect(parser, ')');
    } else if (parser->lexer.token.kind == TOKEN_INTEGER) {
        value = parser->lexer.token.integer;
        lexer_advance(&parser->lexer);
    } else {
        parser_fail_expected(parser, "an integer");
    }
    parser->depth--;
    return value;
}

static uint64_t expression_apply(struct parser *parser, char operation, uint64_t a, uint64_t b) {
    if ((operation == '/' || operation == '%') && b == 0)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "division by zero");
    switch (operation) {
    case '|':
        return a | b;
    case '^':
        return a ^ b;
    case '&':
        return a & b;
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return a / b;
    case '%':
        return a % b;
    case '<':
        return b < 64 ? a << b : 0;
    default:
        return b < 64 ? a >> b : 0;
    }
}

static uint64_t expression_level(struct parser *parser, int level) {
    static const char *const levels[] = {"|", "^", "&", "<>", "+-", "*/%"};
    if ((size_t)level == sizeof levels / sizeof levels[0])
        return expression_primary(parser);
    uint64_t value = expression_level(parser, level + 1);
    for (;;) {
        const struct token *token = &parser->lexer.token;
        if (token->kind != TOKEN_PUNCTUATION || !strchr(levels[level], token->punctuation))
            return value;
        char operation = token->punctuation;
        lexer_advance(&parser->lexer);
        if (operation == '<' || operation == '>')
            parser_expect(parser, operation);
        value = expression_apply(parser, operation, value, expression_level(parser, level + 1));
    }
}

int64_t parser_expression(struct parser *parser) {
    return (int64_t)expression_level(parser, 0);
}

/* ---- Variables ---- */

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

static const struct syntax_type *expect_type(struct parser *parser) {
    const struct token *token = &parser->lexer.token;
    const struct syntax_type *type =
        token->kind == TOKEN_DOT_WORD ? syntax_find_type(token->text, token->length) : NULL;
    if (!type)
        parser_fail_expected(parser, "a type");
    lexer_advance(&parser->lexer);
    return type;
}

static size_t expect_alignment(struct parser *parser) {
    struct source_place place = parser->lexer.token.place;
    unsigned alignment = expect_unsigned(parser, "an alignment", 1u << 20);
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        source_fail(parser->source, MACHINE_INVALID_PTX, place, "alignment %u is no power of two",
                    alignment);
    return alignment;
}

/* `.attribute(…)`, which changes nothing here; false when there is none. */
static bool take_attribute(struct parser *parser) {
    if (!parser_take_dot(parser, "attribute"))
        return false;
    parser_expect(parser, '(');
    while (!parser_take(parser, ')')) {
        if (parser->lexer.token.kind == TOKEN_END)
            parser_fail_expected(parser, "')'");
        lexer_advance(&parser->lexer);
    }
    return true;
}

/* What stands between the space and the name: alignment, vector width, .ptr and attributes, the
 * type. */
static void variable_head(struct parser *parser, struct syntax_variable *variable) {
    size_t vector = 1;
    for (;;) {
        if (parser_take_dot(parser, "align")) {
            variable->alignment = expect_alignment(parser);
        } else if (parser_take_dot(parser, "v2")) {
            vector = 2;
        } else if (parser_take_dot(parser, "v4")) {
            vector = 4;
        } else if (!take_attribute(parser)) {
            break;
        }
    }
    variable->type = expect_type(parser);
    variable->size = variable->type->bits / 8 * vector;
    if (variable->type->bits < 8)
        source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                    "a variable cannot have the type .%s", variable->type->name);
    if (parser_take_dot(parser, "ptr")) {
        enum state_space pointee;
        parser_take_space(parser, &pointee);
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
    bool negative = parser_at(parser, '-');
    struct lexer before = parser->lexer;
    if (negative)
        lexer_advance(&parser->lexer);
    if (token->kind == TOKEN_FLOAT32 || token->kind == TOKEN_FLOAT64) {
        double wide;
        memcpy(&wide, &token->integer, sizeof wide);
        float narrow;
        uint32_t bits = (uint32_t)token->integer;
        memcpy(&narrow, &bits, sizeof narrow);
        if (token->kind == TOKEN_FLOAT32)
            wide = narrow;
        wide = negative ? -wide : wide;
        memcpy(&value->bits, &wide, sizeof wide);
        value->is_float = true;
        lexer_advance(&parser->lexer);
        return;
    }
    parser->lexer = before;
    value->bits = (uint64_t)parser_expression(parser);
}

/* name, name+4, generic(name)+4, mask(expression of these) */
static void value_symbol(struct parser *parser, struct syntax_value *value) {
    const char *name = parser_expect_name(parser);
    if (strcmp(name, "generic") == 0 && parser_take(parser, '(')) {
        name = parser_expect_name(parser);
        parser_expect(parser, ')');
    }
    value->symbol = name;
    if (parser_at(parser, '+') || parser_at(parser, '-')) {
        bool minus = parser_at(parser, '-');
        lexer_advance(&parser->lexer);
        uint64_t offset = (uint64_t)parser_expression(parser);
        value->bits = minus ? 0 - offset : offset;
    }
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
    else if (parser->lexer.token.kind == TOKEN_WORD)
        value_symbol(parser, value);
    else
        value_number(parser, value);
    parser->depth--;
}

static void variable_record(struct parser *parser, struct syntax_variable *variable) {
    struct syntax_function *function = parser->function;
    struct syntax_symbol *symbol = scope_add(parser->source, parser->scope, variable->name);
    if (!symbol) {
        unsigned index;
        symbol = scope_find(parser->scope, variable->name, &index);
        bool again =
            symbol && symbol->kind == SYMBOL_VARIABLE && symbol->variable->is_extern && !function;
        if (!again)
            source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                        "'%s' is declared twice", variable->name);
        *symbol->variable = *variable;
        return;
    }
    symbol->kind = SYMBOL_VARIABLE;
    symbol->variable = variable;
    if (function) {
        function->variables =
            source_grow(parser->source, function->variables, function->variable_count,
                        &function->variable_capacity, sizeof(struct syntax_variable *));
        function->variables[function->variable_count++] = variable;
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
        size_t element = variable->size, capacity = 0;
        bool unknown;
        variable_dimensions(parser, variable, &unknown);
        if (parser_take(parser, '='))
            variable_values(parser, variable, &capacity);
        if (unknown)
            variable->size = variable->value_count * (variable->type->bits / 8);
        (void)element;
        if (variable->value_count * (variable->type->bits / 8) > variable->size)
            source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                        "'%s' has more values than elements", variable->name);
        variable_record(parser, variable);
    } while (parser_take(parser, ','));
    parser_expect(parser, ';');
}

/* ---- Functions ---- */

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
        if (parser_at_dot(parser, "reg"))
            source_fail(parser->source, MACHINE_INVALID_PTX, variable->place,
                        "the emulator lacks .reg parameters; use .param");
        if (!parser_take_dot(parser, "param"))
            parser_fail_expected(parser, ".param");
        variable_head(parser, variable);
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

static void expect_three(struct parser *parser, unsigned to[3]) {
    to[0] = expect_unsigned(parser, "a size of the block", 1u << 20);
    to[1] = to[2] = 1;
    for (int k = 1; k < 3 && parser_take(parser, ','); k++)
        to[k] = expect_unsigned(parser, "a size of the block", 1u << 20);
}

static void performance_directives(struct parser *parser, struct syntax_function *function) {
    unsigned ignored;
    for (;;) {
        if (parser_take_dot(parser, "maxntid"))
            expect_three(parser, function->max_block);
        else if (parser_take_dot(parser, "reqntid"))
            expect_three(parser, function->required_block);
        else if (parser_take_dot(parser, "minnctapersm"))
            function->min_blocks = expect_unsigned(parser, "a number of blocks", 1u << 20);
        else if (parser_take_dot(parser, "maxnctapersm"))
            ignored = expect_unsigned(parser, "a number of blocks", 1u << 20);
        else if (parser_take_dot(parser, "maxnreg"))
            function->max_registers = expect_unsigned(parser, "a number of registers", 1u << 20);
        else if (parser_take_dot(parser, "noreturn"))
            function->is_noreturn = true;
        else if (!parser_common_directive(parser))
            break;
    }
    (void)ignored;
}

static struct syntax_function *function_record(struct parser *parser, struct syntax_function *head,
                                               bool defined) {
    struct syntax_module *module = parser->module;
    struct syntax_symbol *symbol = scope_add(parser->source, module->scope, head->name);
    if (!symbol) {
        unsigned index;
        symbol = scope_find(module->scope, head->name, &index);
        if (!symbol || symbol->kind != SYMBOL_FUNCTION || (defined && symbol->function->is_defined))
            source_fail(parser->source, MACHINE_INVALID_PTX, head->place, "'%s' is declared twice",
                        head->name);
        if (symbol->function->parameter_count != head->parameter_count ||
            symbol->function->result_count != head->result_count)
            source_fail(parser->source, MACHINE_INVALID_PTX, head->place,
                        "'%s' was declared before with other parameters", head->name);
        if (!symbol->function->is_defined)
            *symbol->function = *head;
        return symbol->function;
    }
    symbol->kind = SYMBOL_FUNCTION;
    symbol->function = source_allocate(parser->source, sizeof *head);
    *symbol->function = *head;
    module->functions = source_grow(parser->source, module->functions, module->function_count,
                                    &module->function_capacity, sizeof(struct syntax_function *));
    module->functions[module->function_count++] = symbol->function;
    return symbol->function;
}

static void parse_function(struct parser *parser, struct linkage linkage, bool is_entry) {
    struct syntax_function head = {.is_entry = is_entry,
                                   .is_extern = linkage.is_extern,
                                   .is_visible = linkage.is_visible,
                                   .is_weak = linkage.is_weak};
    if (!is_entry) {
        (void)take_attribute(parser);
        parser_formals(parser, &head.results, &head.result_count);
    }
    head.place = parser->lexer.token.place;
    head.name = parser_expect_name(parser);
    parser_formals(parser, &head.parameters, &head.parameter_count);
    performance_directives(parser, &head);
    head.is_defined = parser_at(parser, '{');
    struct syntax_function *function = function_record(parser, &head, head.is_defined);
    if (head.is_defined)
        parser_body(parser, function);
    else
        parser_expect(parser, ';');
}

/* ---- The module ---- */

static void parse_section(struct parser *parser) {
    lexer_advance(&parser->lexer); /* the name */
    parser_expect(parser, '{');
    while (!parser_take(parser, '}')) {
        if (parser->lexer.token.kind == TOKEN_END)
            parser_fail_expected(parser, "'}'");
        lexer_advance(&parser->lexer);
    }
}

static void parse_file(struct parser *parser) {
    struct syntax_module *module = parser->module;
    unsigned number = expect_unsigned(parser, "a file number", 1u << 16);
    if (parser->lexer.token.kind != TOKEN_STRING)
        parser_fail_expected(parser, "a file name");
    if (number >= module->file_count) {
        const char **files = source_allocate(parser->source, (number + 16) * sizeof *files);
        if (module->file_count)
            memcpy(files, module->files, module->file_count * sizeof *files);
        module->files = files;
        module->file_count = number + 16;
    }
    module->files[number] = parser_copy(parser);
    lexer_advance(&parser->lexer);
    while (parser_take(parser, ','))
        parser_expression(parser);
}

static void parse_location(struct parser *parser) {
    parser->source_file = expect_unsigned(parser, "a file number", UINT32_MAX);
    parser->source_line = expect_unsigned(parser, "a line", UINT32_MAX);
    expect_unsigned(parser, "a column", UINT32_MAX);
    while (parser_take(parser, ',')) {
        parser_expect_name(parser); /* function_name, inlined_at */
        if (parser->lexer.token.kind == TOKEN_WORD) {
            lexer_advance(&parser->lexer);
            if (parser_take(parser, '+'))
                parser_expression(parser);
        } else {
            for (int k = 0; k < 3; k++)
                expect_unsigned(parser, "a place in a file", UINT32_MAX);
        }
    }
}

bool parser_common_directive(struct parser *parser) {
    if (parser_take_dot(parser, "pragma")) {
        do {
            if (parser->lexer.token.kind != TOKEN_STRING)
                parser_fail_expected(parser, "a string");
            lexer_advance(&parser->lexer);
        } while (parser_take(parser, ','));
        parser_expect(parser, ';');
    } else if (parser_take_dot(parser, "loc")) {
        parse_location(parser);
    } else if (parser_take_dot(parser, "file")) {
        parse_file(parser);
    } else if (parser_take_dot(parser, "section")) {
        parse_section(parser);
    } else {
        return false;
    }
    return true;
}

static void parse_target(struct parser *parser) {
    do {
        const char *name = parser_expect_name(parser);
        if (strncmp(name, "sm_", 3) == 0) {
            for (const char *at = name + 3;
                 *at >= '0' && *at <= '9' && parser->module->target < 1000; at++)
                parser->module->target = parser->module->target * 10 + (unsigned)(*at - '0');
        }
    } while (parser_take(parser, ','));
}

static void parse_version(struct parser *parser) {
    const struct token *token = &parser->lexer.token;
    double version;
    memcpy(&version, &token->integer, sizeof version);
    if (token->kind != TOKEN_FLOAT64 || !(version >= 1.0 && version < 100.0))
        parser_fail_expected(parser, "a version such as 9.0");
    parser->module->version = (unsigned)(version * 10 + 0.5);
    lexer_advance(&parser->lexer);
}

static void parse_address_size(struct parser *parser) {
    struct source_place place = parser->lexer.token.place;
    if (expect_unsigned(parser, "an address size", 64) != 64)
        source_fail(parser->source, MACHINE_INVALID_PTX, place,
                    "the emulator has 64-bit addresses only");
}

static struct linkage parse_linkage(struct parser *parser) {
    struct linkage linkage = {0};
    for (;;) {
        if (parser_take_dot(parser, "extern"))
            linkage.is_extern = true;
        else if (parser_take_dot(parser, "visible"))
            linkage.is_visible = true;
        else if (parser_take_dot(parser, "weak"))
            linkage.is_weak = true;
        else if (parser_take_dot(parser, "common"))
            linkage.is_common = true;
        else
            return linkage;
    }
}

static void parse_module_item(struct parser *parser) {
    enum state_space space;
    struct linkage linkage = parse_linkage(parser);
    if (parser_take_dot(parser, "func"))
        parse_function(parser, linkage, false);
    else if (parser_take_dot(parser, "entry"))
        parse_function(parser, linkage, true);
    else if (parser_take_space(parser, &space))
        parser_variables(parser, linkage, space);
    else if (parser_take_dot(parser, "version"))
        parse_version(parser);
    else if (parser_take_dot(parser, "target"))
        parse_target(parser);
    else if (parser_take_dot(parser, "address_size"))
        parse_address_size(parser);
    else if (!parser_common_directive(parser))
        parser_fail_expected(parser, "a directive that the emulator knows");
}

struct syntax_module *syntax_parse(struct source *source, const char *text, size_t length) {
    struct parser parser = {.source = source};
    parser.module = source_allocate(source, sizeof *parser.module);
    parser.module->scope = scope_open(source, NULL);
    parser.scope = parser.module->scope;
    lexer_start(&parser.lexer, source, text, length);
    if (!parser_at_dot(&parser, "version"))
        parser_fail_expected(&parser, ".version at the start of the PTX");
    while (parser.lexer.token.kind != TOKEN_END)
        parse_module_item(&parser);
    return parser.module;
}
