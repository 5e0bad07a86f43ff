/* The module and the heads of its functions (PTX ISA 9.0, chapters 5, 7 and 11). */
#include "emulator/ptx/parser_body.h"
#include "emulator/ptx/parser_directives.h"
#include "emulator/ptx/parser_tokens.h"
#include "emulator/ptx/parser_variables.h"
#include "emulator/ptx/syntax.h"

#include <string.h>

/* ---- Functions ---- */

static void expect_three(struct parser *parser, const char *what, unsigned to[3]) {
    to[0] = parser_expect_unsigned(parser, what, 1u << 20);
    to[1] = to[2] = 1;
    for (int k = 1; k < 3 && parser_take(parser, ','); k++)
        to[k] = parser_expect_unsigned(parser, what, 1u << 20);
}

static void performance_directives(struct parser *parser, struct syntax_function *function) {
    for (;;) {
        if (parser_take_dot(parser, "maxntid"))
            expect_three(parser, "a size of the block", function->max_block);
        else if (parser_take_dot(parser, "reqntid"))
            expect_three(parser, "a size of the block", function->required_block);
        else if (parser_take_dot(parser, "reqnctapercluster"))
            expect_three(parser, "a size of the cluster", function->required_cluster);
        else if (parser_take_dot(parser, "maxclusterrank"))
            function->max_cluster_rank =
                parser_expect_unsigned(parser, "a number of blocks", 1u << 20);
        else if (parser_take_dot(parser, "explicitcluster"))
            function->has_explicit_clusters = true;
        else if (parser_take_dot(parser, "blocksareclusters"))
            function->has_grid_of_clusters = true;
        else if (parser_take_dot(parser, "minnctapersm"))
            function->min_blocks = parser_expect_unsigned(parser, "a number of blocks", 1u << 20);
        else if (parser_take_dot(parser, "maxnctapersm"))
            (void)parser_expect_unsigned(parser, "a number of blocks", 1u << 20);
        else if (parser_take_dot(parser, "maxnreg"))
            function->max_registers =
                parser_expect_unsigned(parser, "a number of registers", 1u << 20);
        else if (!parser_take_dot(parser, "noreturn") && !parser_common_directive(parser))
            break;
    }
}

/* A weak function that another unit has defined before: it is read, and belongs to nobody. */
static struct syntax_function *function_spare(struct parser *parser,
                                              const struct syntax_function *head) {
    struct syntax_function *spare = source_allocate(parser->source, sizeof *spare);
    *spare = *head;
    return spare;
}

static bool is_shared(const struct syntax_function *head) {
    return head->is_visible || head->is_extern || head->is_weak;
}

/* Where the name belongs: to its unit, unless other units may see it. A declaration may leave the
 * linkage to the definition. */
static struct syntax_scope *function_scope(struct parser *parser,
                                           const struct syntax_function *head) {
    unsigned index;
    struct syntax_scope *all = parser->module->scope;
    const struct syntax_symbol *near = scope_find(parser->unit, head->name, &index);
    const struct syntax_symbol *far = scope_find(all, head->name, &index);
    const bool is_declared_here = near && near != far;
    const bool is_declared_for_all =
        far && far->kind == SYMBOL_FUNCTION && !far->function->is_defined;
    if (is_declared_here)
        return parser->unit;
    return is_shared(head) || is_declared_for_all ? all : parser->unit;
}

/* What a unit has declared without linkage and defined with one is there for the others too. */
static void function_share(struct parser *parser, struct syntax_function *function) {
    unsigned index;
    struct syntax_scope *all = parser->module->scope;
    struct syntax_symbol *symbol = scope_find(all, function->name, &index);
    if (!symbol)
        symbol = scope_add(parser->source, all, function->name);
    if (symbol->kind == SYMBOL_FUNCTION && symbol->function && symbol->function->is_defined)
        return;
    symbol->kind = SYMBOL_FUNCTION;
    symbol->function = function;
}

static struct syntax_function *function_record(struct parser *parser, struct syntax_function *head,
                                               bool defined) {
    struct syntax_module *module = parser->module;
    struct syntax_scope *scope = function_scope(parser, head);
    struct syntax_symbol *symbol = scope_add(parser->source, scope, head->name);
    if (!symbol) {
        unsigned index;
        symbol = scope_find(scope, head->name, &index);
        const bool is_function = symbol && symbol->kind == SYMBOL_FUNCTION;
        if (is_function && defined && symbol->function->is_defined && head->is_weak)
            return function_spare(parser, head);
        if (!is_function || (defined && symbol->function->is_defined))
            source_fail(parser->source, MACHINE_INVALID_PTX, head->place, "'%s' is declared twice",
                        head->name);
        if (symbol->function->parameter_count != head->parameter_count ||
            symbol->function->result_count != head->result_count)
            source_fail(parser->source, MACHINE_INVALID_PTX, head->place,
                        "'%s' was declared before with other parameters", head->name);
        if (!symbol->function->is_defined)
            *symbol->function = *head;
        if (defined && is_shared(head))
            function_share(parser, symbol->function);
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
                                   .target = parser->module->target,
                                   .features = parser->module->features,
                                   .is_extern = linkage.is_extern,
                                   .is_visible = linkage.is_visible,
                                   .is_weak = linkage.is_weak};
    if (!is_entry) {
        bool is_managed = false; /* means nothing of a function */
        (void)parser_take_attribute(parser, &is_managed);
        parser_formals(parser, &head.results, &head.result_count);
    }
    head.place = parser->lexer.token.place;
    head.name = parser_expect_name(parser);
    parser_formals(parser, &head.parameters, &head.parameter_count);
    for (size_t k = 0; k < head.parameter_count && is_entry; k++) {
        if (head.parameters[k]->is_register)
            source_fail(parser->source, MACHINE_INVALID_PTX, head.parameters[k]->place,
                        "a kernel's parameter is a .param variable");
    }
    performance_directives(parser, &head);
    head.is_defined = parser_at(parser, '{');
    struct syntax_function *function = function_record(parser, &head, head.is_defined);
    if (head.is_defined)
        parser_body(parser, function);
    else
        parser_expect(parser, ';');
}

/* ---- The module ---- */

/* sm_80, sm_90a, sm_100f: the features of one architecture, or of a family, begin with sm_90. */
static unsigned target_number(struct parser *parser, const char *name, char *features) {
    enum { FIRST_WITH_FEATURES = 90, LIMIT = 1000 };
    unsigned number = 0;
    const char *at = name + 3;
    for (; *at >= '0' && *at <= '9' && number < LIMIT; at++)
        number = number * 10 + (unsigned)(*at - '0');
    const bool has_features =
        number >= FIRST_WITH_FEATURES && (strcmp(at, "a") == 0 || strcmp(at, "f") == 0);
    *features = *at;
    if (*at != '\0' && !has_features)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "there is no target '%s'", name);
    return number;
}

static void parse_target(struct parser *parser) {
    do {
        const char *name = parser_expect_name(parser);
        if (strncmp(name, "sm_", 3) == 0) {
            parser->module->target = target_number(parser, name, &parser->module->features);
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
    /* A unit of translation begins. */
    parser->scope = parser->unit = scope_open(parser->source, parser->module->scope);
    parser->file_base = (unsigned)parser->module->file_count;
}

static void parse_address_size(struct parser *parser) {
    struct source_place place = parser->lexer.token.place;
    if (parser_expect_unsigned(parser, "an address size", 64) != 64)
        source_fail(parser->source, MACHINE_INVALID_PTX, place,
                    "the emulator has 64-bit addresses only");
}

/* `.alias name, function;`: the name, which is declared before, stands for the function. */
static void parse_alias(struct parser *parser) {
    unsigned index;
    struct syntax_symbol *symbols[2];
    for (int k = 0; k < 2; k++) {
        const struct source_place place = parser->lexer.token.place;
        const char *name = parser_expect_name(parser);
        symbols[k] = scope_find(parser->unit, name, &index);
        if (!symbols[k] || symbols[k]->kind != SYMBOL_FUNCTION)
            source_fail(parser->source, MACHINE_INVALID_PTX, place, "'%s' is no function", name);
        parser_expect(parser, k == 0 ? ',' : ';');
    }
    symbols[0]->function = symbols[1]->function;
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
    else if (parser_take_dot(parser, "alias"))
        parse_alias(parser);
    else if (!parser_common_directive(parser))
        parser_fail_expected(parser, "a directive that the emulator knows");
}

struct syntax_module *syntax_parse(struct source *source, const char *text, size_t length) {
    struct parser parser = {.source = source};
    parser.module = source_allocate(source, sizeof *parser.module);
    parser.module->scope = scope_open(source, NULL);
    parser.scope = parser.unit = parser.module->scope;
    lexer_start(&parser.lexer, source, text, length);
    if (!parser_at_dot(&parser, "version"))
        parser_fail_expected(&parser, ".version at the start of the PTX");
    while (parser.lexer.token.kind != TOKEN_END)
        parse_module_item(&parser);
    return parser.module;
}
