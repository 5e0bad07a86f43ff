/* The parser's state, and what all of its files do with single tokens. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_TOKENS_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_TOKENS_H

#include "emulator/ptx/lexer.h"
#include "emulator/ptx/syntax.h"

enum { PARSER_DEPTH_LIMIT = 100, PARSER_SITES = 64 };

struct parser {
    struct lexer lexer;
    struct source *source;
    struct syntax_module *module;
    struct syntax_function *function; /* whose body this is, or NULL */
    struct syntax_scope *scope;
    struct syntax_scope *unit; /* names that are not visible to other units of translation */
    unsigned file_base;        /* added to the numbers of files, which each unit counts from 0 */
    bool takes_lists;          /* the operands are those of a call */
    unsigned depth;            /* of nested braces and parentheses */
    unsigned source_file, source_line;
    const struct syntax_site *caller;
    const struct syntax_site *sites[PARSER_SITES]; /* seen last, of which calls may be inlined */
    size_t site_count;                             /* in all */
};

/* What fails leaves through source->failure. */
_Noreturn void parser_fail_expected(struct parser *parser, const char *what);

/* Is this the current token? */
bool parser_at(const struct parser *parser, char punctuation);
bool parser_at_dot(const struct parser *parser, const char *word);
bool parser_at_word(const struct parser *parser, const char *word);
/* Moves on where it is. */
bool parser_take(struct parser *parser, char punctuation);
bool parser_take_dot(struct parser *parser, const char *word);
/* Moves on, or fails. */
void parser_expect(struct parser *parser, char punctuation);
const char *parser_expect_name(struct parser *parser);
unsigned parser_expect_unsigned(struct parser *parser, const char *what, uint64_t limit);
const struct syntax_type *parser_expect_type(struct parser *parser, const char *what);
/* The text of the current token, copied. */
const char *parser_copy(struct parser *parser);

#endif
