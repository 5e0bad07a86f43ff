/* The parser's own parts: declarations in parser.c, bodies of functions in parser_body.c. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_H

#include "emulator/ptx/lexer.h"
#include "emulator/ptx/syntax.h"

struct parser {
    struct lexer lexer;
    struct source *source;
    struct syntax_module *module;
    struct syntax_function *function; /* whose body this is, or NULL */
    struct syntax_scope *scope;
    unsigned depth; /* of nested braces and parentheses */
    unsigned source_file, source_line;
};

enum { PARSER_DEPTH_LIMIT = 100 };

struct linkage {
    bool is_extern, is_visible, is_weak, is_common;
};

_Noreturn void parser_fail_expected(struct parser *parser, const char *what);
bool parser_at(const struct parser *parser, char punctuation);
bool parser_at_dot(const struct parser *parser, const char *word);
bool parser_at_word(const struct parser *parser, const char *word);
bool parser_take(struct parser *parser, char punctuation);
bool parser_take_dot(struct parser *parser, const char *word);
void parser_expect(struct parser *parser, char punctuation);
const char *parser_expect_name(struct parser *parser);
/* A constant expression of integers. */
int64_t parser_expression(struct parser *parser);
/* The text of the current token, copied. */
const char *parser_copy(struct parser *parser);

/* Directives that may stand in a module and in a body alike: .pragma .loc .file .section; false
 * when it is none. */
bool parser_common_directive(struct parser *parser);
/* A variable declaration from its state space on, to its semicolon. */
void parser_variables(struct parser *parser, struct linkage linkage, enum state_space space);
bool parser_take_space(struct parser *parser, enum state_space *space);
/* `(.param .b32 a, …)`; nothing when there is no parenthesis. */
void parser_formals(struct parser *parser, struct syntax_variable ***list, size_t *count);
struct syntax_symbol *parser_declare(struct parser *parser, const char *name,
                                     struct source_place place);
/* From `{` to its `}`. */
void parser_body(struct parser *parser, struct syntax_function *function);

#endif
