/* Comparing a name with a mangled one, without taking all of the latter apart. */
#include "bench/added/mangled.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Passes over "<length><text>" when the text is the one wanted. */
static bool part_take(const char **symbol, const char *text, size_t length) {
    char *end;
    if (!isdigit((unsigned char)**symbol))
        return false;
    const unsigned long count = strtoul(*symbol, &end, 10);
    if (count != length || strncmp(end, text, length) != 0)
        return false;
    *symbol = end + length;
    return true;
}

/* --- template arguments ----------------------------------------------------------------------- */

/* Behind one template argument of a mangled name: a literal L…E, or a type. */
static const char *argument_end(const char *at) {
    at += strspn(at, "PKROV");
    if (isdigit((unsigned char)*at)) {
        char *name;
        const unsigned long length = strtoul(at, &name, 10);
        at = strnlen(name, length) == length ? name + length : name;
        return *at == 'I' ? argument_end(at) : at;
    }
    if (strchr("LNXI", *at) && *at) {
        const char opened = *at++;
        while (*at && *at != 'E')
            at = opened == 'L' ? at + 1 : argument_end(at);
        return *at ? at + 1 : at;
    }
    if (*at == 'S')
        return at + strcspn(at, "_") + (strchr(at, '_') != NULL);
    return *at ? at + 1 + (*at == 'D' && at[1]) : at;
}

/* L<type>[n]<digits>E */
static bool literal_is(const char *symbol, long long wanted) {
    if (*symbol != 'L' || !islower((unsigned char)symbol[1]))
        return false;
    const bool negative = symbol[2] == 'n';
    char *end;
    const long long number = strtoll(symbol + 2 + negative, &end, 10);
    return *end == 'E' && (negative ? -number : number) == wanted;
}

/* Of a name that the compiler gives to a type, or NULL: it may be a typedef of any. */
static const char *type_code(const char *name, size_t length) {
    static const char *const types[][2] = {
        {"float", "f"},    {"double", "d"},       {"int", "i"},
        {"unsigned", "j"}, {"uint", "j"},         {"unsigned int", "j"},
        {"char", "c"},     {"bool", "b"},         {"half", "6__half"},
        {"long", "l"},     {"__half", "6__half"}, {"__nv_bfloat16", "13__nv_bfloat16"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strlen(types[i][0]) == length && strncmp(types[i][0], name, length) == 0)
            return types[i][1];
    return NULL;
}

/* One argument as the source has it, against the mangled one from `symbol` to `end`. */
static bool argument_equal(const char *symbol, const char *end, const char *wanted, size_t length) {
    char *behind;
    const long long number = strtoll(wanted, &behind, 0);
    if (behind > wanted)
        return literal_is(symbol, number);
    if (length == 4 && strncmp(wanted, "true", length) == 0)
        return literal_is(symbol, 1);
    if (length == 5 && strncmp(wanted, "false", length) == 0)
        return literal_is(symbol, 0);
    const char *code = type_code(wanted, length);
    if (!code || *symbol == 'S') /* which repeats a type that came before */
        return true;
    return strlen(code) == (size_t)(end - symbol) &&
           strncmp(code, symbol, (size_t)(end - symbol)) == 0;
}

/* `symbol` is behind its I, `wanted` behind its <. Arguments by default may be left out. */
static bool arguments_equal(const char *symbol, const char *wanted) {
    while (*wanted && *wanted != '>') {
        wanted += strspn(wanted, " ");
        size_t length = strcspn(wanted, ",<>");
        const char *next = wanted + length;
        for (int depth = 0; *next && (depth > 0 || (*next != ',' && *next != '>')); next++)
            depth += (*next == '<') - (*next == '>');
        while (length > 0 && wanted[length - 1] == ' ')
            length--;
        const char *end = argument_end(symbol);
        if (*symbol == 'E' || end == symbol || !argument_equal(symbol, end, wanted, length))
            return false;
        symbol = end;
        wanted = next + (*next == ',');
    }
    return true;
}

/* --- names ------------------------------------------------------------------------------------ */

bool mangled_is(const char *symbol, const char *name) {
    if (strcmp(symbol, name) == 0)
        return true;
    if (strncmp(symbol, "_Z", 2) != 0)
        return false;
    symbol += 2;
    const bool nested = strncmp(symbol, "N", 1) == 0;
    symbol += nested;
    symbol += !nested && *symbol == 'L'; /* internal linkage */
    const size_t whole = strcspn(name, "<");
    const char *at = name;
    while (at < name + whole) {
        const char *next = strstr(at, "::");
        size_t length =
            next && next < name + whole ? (size_t)(next - at) : (size_t)(name + whole - at);
        const size_t stride = next && next < name + whole ? length + 2 : length;
        while (length > 0 && at[length - 1] == ' ')
            length--;
        if (!part_take(&symbol, at, length))
            return false;
        at += stride;
    }
    const bool template = *symbol == 'I';
    if (name[whole] != '<')
        return !template && *symbol != '\0' && (!nested || *symbol == 'E');
    return template && arguments_equal(symbol + 1, name + whole + 1);
}
