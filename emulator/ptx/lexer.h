/* PTX text to tokens (PTX ISA 9.0, chapter 4 "Syntax"). */
#ifndef LOCKSTEP_EMULATOR_PTX_LEXER_H
#define LOCKSTEP_EMULATOR_PTX_LEXER_H

#include "emulator/ptx/source.h"

#include <stdbool.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,     /* add, %r1, $L__BB0_1, _ */
    TOKEN_DOT_WORD, /* .f32, .shared::cta, .v4: the text without its dot */
    TOKEN_INTEGER,
    TOKEN_FLOAT32, /* 0f3F800000: bits in integer */
    TOKEN_FLOAT64, /* 0d3FF0000000000000 and decimal: bits in integer */
    TOKEN_STRING,  /* without its quotes */
    TOKEN_PUNCTUATION,
};

struct token {
    enum token_kind kind;
    const char *text;
    size_t length;
    unsigned long long integer;
    char punctuation; /* one character; '<' twice is two tokens */
    bool glued;       /* no white space before it */
    struct source_place place;
};

struct lexer {
    struct source *source;
    const char *at, *end, *line_start;
    unsigned line;
    struct token token; /* the one to look at */
};

void lexer_start(struct lexer *lexer, struct source *source, const char *text, size_t length);
/* Moves to the next token. */
void lexer_advance(struct lexer *lexer);

#endif
