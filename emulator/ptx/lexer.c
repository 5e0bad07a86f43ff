/* PTX text to tokens (PTX ISA 9.0, chapter 4 "Syntax"). */
#include "emulator/ptx/lexer.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static struct source_place lexer_place(const struct lexer *lexer) {
    return (struct source_place){lexer->line, (unsigned)(lexer->at - lexer->line_start) + 1};
}

static void lexer_newline(struct lexer *lexer) {
    lexer->line++;
    lexer->line_start = lexer->at + 1;
}

static bool lexer_at_line_start(const struct lexer *lexer) {
    const char *at = lexer->line_start;
    while (at < lexer->at && isspace((unsigned char)*at))
        at++;
    return at == lexer->at;
}

static void skip_block_comment(struct lexer *lexer) {
    struct source_place place = lexer_place(lexer);
    for (lexer->at += 2; lexer->end - lexer->at >= 2; lexer->at++) {
        if (lexer->at[0] == '*' && lexer->at[1] == '/') {
            lexer->at += 2;
            return;
        }
        if (*lexer->at == '\n')
            lexer_newline(lexer);
    }
    source_fail(lexer->source, MACHINE_INVALID_PTX, place, "a comment that does not end");
}

/* Says whether anything was skipped. */
static bool skip_space(struct lexer *lexer) {
    const char *start = lexer->at;
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        bool pair = lexer->end - lexer->at >= 2;
        /* A preprocessor leaves lines such as `# 1 "file"`. */
        const bool is_marker = c == '#' && lexer_at_line_start(lexer);
        if (c == '\n')
            lexer_newline(lexer);
        if (isspace((unsigned char)c)) {
            lexer->at++;
        } else if (is_marker || (pair && c == '/' && lexer->at[1] == '/')) {
            while (lexer->at < lexer->end && *lexer->at != '\n')
                lexer->at++;
        } else if (pair && c == '/' && lexer->at[1] == '*') {
            skip_block_comment(lexer);
        } else {
            break;
        }
    }
    return lexer->at != start;
}

static int digit_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

static size_t scan_digits(struct lexer *lexer, int base, size_t limit, unsigned long long *value) {
    size_t count = 0;
    *value = 0;
    while (lexer->at < lexer->end && count < limit && digit_value(*lexer->at) < base) {
        *value = *value * (unsigned)base + (unsigned)digit_value(*lexer->at);
        lexer->at++;
        count++;
    }
    return count;
}

static void scan_hex_float(struct lexer *lexer, bool is_double) {
    struct token *token = &lexer->token;
    size_t wanted = is_double ? 16 : 8;
    lexer->at += 2;
    if (scan_digits(lexer, 16, wanted, &token->integer) != wanted)
        source_fail(lexer->source, MACHINE_INVALID_PTX, token->place,
                    "0%c needs %zu hexadecimal digits", is_double ? 'd' : 'f', wanted);
    token->kind = is_double ? TOKEN_FLOAT64 : TOKEN_FLOAT32;
}

/* Behind a number. */
static void refuse_letter(const struct lexer *lexer) {
    if (lexer->at < lexer->end && is_word(*lexer->at))
        source_fail(lexer->source, MACHINE_INVALID_PTX, lexer->token.place, "'%c' within a number",
                    *lexer->at);
}

/* A decimal float: digits with a point, which may come first, or an exponent. */
static bool scan_decimal_float(struct lexer *lexer) {
    const char *at = lexer->at;
    while (at < lexer->end && isdigit((unsigned char)*at))
        at++;
    bool is_float = at < lexer->end && *at == '.';
    if (is_float) {
        for (at++; at < lexer->end && isdigit((unsigned char)*at);)
            at++;
    }
    if (at < lexer->end && (*at == 'e' || *at == 'E')) {
        is_float = true;
        at++;
        if (at < lexer->end && (*at == '+' || *at == '-'))
            at++;
        if (at == lexer->end || !isdigit((unsigned char)*at))
            source_fail(lexer->source, MACHINE_INVALID_PTX, lexer->token.place,
                        "an exponent without digits");
        while (at < lexer->end && isdigit((unsigned char)*at))
            at++;
    }
    if (!is_float)
        return false;
    char text[64] = "";
    size_t length = (size_t)(at - lexer->at);
    if (length >= sizeof text)
        source_fail(lexer->source, MACHINE_INVALID_PTX, lexer->token.place,
                    "a number of more than 63 characters");
    memcpy(text, lexer->at, length);
    double value = strtod(text, NULL);
    const char first = text[strcspn(text, "123456789eE")]; /* digit that is not 0 */
    const bool is_lost =
        fpclassify(value) == FP_SUBNORMAL || (value == 0 && isdigit((unsigned char)first));
    if (isinf(value) || is_lost)
        source_fail(lexer->source, MACHINE_INVALID_PTX, lexer->token.place,
                    "%s is beyond what a float can be", text);
    memcpy(&lexer->token.integer, &value, sizeof value);
    lexer->token.kind = TOKEN_FLOAT64;
    lexer->at = at;
    refuse_letter(lexer);
    return true;
}

static void scan_number(struct lexer *lexer) {
    struct token *token = &lexer->token;
    char second = '\0';
    if (lexer->end - lexer->at >= 2)
        second = lexer->at[1];
    if (*lexer->at == '0' && (second == 'f' || second == 'F' || second == 'd' || second == 'D')) {
        scan_hex_float(lexer, second == 'd' || second == 'D');
        return;
    }
    token->kind = TOKEN_INTEGER;
    int base = 10;
    if (*lexer->at == '0' && (second == 'x' || second == 'X'))
        base = 16;
    else if (*lexer->at == '0' && (second == 'b' || second == 'B'))
        base = 2;
    else if (scan_decimal_float(lexer))
        return;
    else if (*lexer->at == '0')
        base = 8;
    if (base == 16 || base == 2)
        lexer->at += 2;
    if (scan_digits(lexer, base, 64, &token->integer) == 0)
        source_fail(lexer->source, MACHINE_INVALID_PTX, token->place, "a number without digits");
    if (lexer->at < lexer->end && *lexer->at == 'U')
        lexer->at++;
    refuse_letter(lexer);
}

static void scan_dot_word(struct lexer *lexer) {
    struct token *token = &lexer->token;
    lexer->at++;
    token->kind = TOKEN_DOT_WORD;
    token->text = lexer->at;
    while (lexer->at < lexer->end) {
        bool colons = lexer->end - lexer->at > 2 && lexer->at[0] == ':' && lexer->at[1] == ':' &&
                      is_word(lexer->at[2]);
        if (colons)
            lexer->at += 2;
        else if (is_word(*lexer->at))
            lexer->at++;
        else
            break;
    }
    token->length = (size_t)(lexer->at - token->text);
    if (token->length == 0)
        source_fail(lexer->source, MACHINE_INVALID_PTX, token->place,
                    "a dot with no name after it");
}

static void scan_string(struct lexer *lexer) {
    struct token *token = &lexer->token;
    token->kind = TOKEN_STRING;
    token->text = ++lexer->at;
    while (lexer->at < lexer->end && *lexer->at != '"' && *lexer->at != '\n')
        lexer->at++;
    if (lexer->at == lexer->end || *lexer->at != '"')
        source_fail(lexer->source, MACHINE_INVALID_PTX, token->place, "a string that does not end");
    token->length = (size_t)(lexer->at - token->text);
    lexer->at++;
}

/* A dot and a digit are a modifier behind words, such as the 2d of tex.2d, and else a number. */
static bool is_fraction(const struct lexer *lexer, enum token_kind before) {
    return lexer->at[0] == '.' && lexer->end - lexer->at > 1 &&
           isdigit((unsigned char)lexer->at[1]) && before != TOKEN_WORD && before != TOKEN_DOT_WORD;
}

void lexer_advance(struct lexer *lexer) {
    bool spaced = skip_space(lexer);
    struct token *token = &lexer->token;
    const enum token_kind before = token->kind;
    *token = (struct token){
        .kind = TOKEN_END, .text = lexer->at, .glued = !spaced, .place = lexer_place(lexer)};
    if (lexer->at == lexer->end)
        return;
    char c = *lexer->at;
    if (isdigit((unsigned char)c) || is_fraction(lexer, before)) {
        scan_number(lexer);
    } else if (is_word(c) || (c == '%' && lexer->end - lexer->at > 1 && is_word(lexer->at[1]))) {
        token->kind = TOKEN_WORD;
        do
            lexer->at++;
        while (lexer->at < lexer->end && is_word(*lexer->at));
    } else if (c == '.') {
        scan_dot_word(lexer);
        return;
    } else if (c == '"') {
        scan_string(lexer);
        return;
    } else if (strchr("(){}[]<>,;:@!|&^~+-*/%?=", c)) {
        token->kind = TOKEN_PUNCTUATION;
        token->punctuation = c;
        lexer->at++;
    } else {
        source_fail(lexer->source, MACHINE_INVALID_PTX, token->place, "unexpected character 0x%02x",
                    (unsigned char)c);
    }
    token->length = (size_t)(lexer->at - token->text);
}

void lexer_start(struct lexer *lexer, struct source *source, const char *text, size_t length) {
    const char *nul = memchr(text, '\0', length);
    *lexer = (struct lexer){.source = source,
                            .at = text,
                            .end = nul ? nul : text + length,
                            .line_start = text,
                            .line = 1};
    lexer_advance(lexer);
}
