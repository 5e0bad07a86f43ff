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

/* The next whole number or boolean among template arguments; false at their end. */
static bool wanted_next(const char **arguments, long long *number) {
    while (**arguments && **arguments != '>') {
        const char *at = *arguments + strspn(*arguments, " ,");
        const size_t length = strcspn(at, ",>");
        char *end;
        *number = strtoll(at, &end, 0);
        *arguments = at + length;
        if (end > at)
            return true;
        if (strncmp(at, "true", 4) == 0 || strncmp(at, "false", 5) == 0) {
            *number = *at == 't';
            return true;
        }
        if (length == 0)
            break;
    }
    return false;
}

/* The next literal L<type>[n]<digits>E of the mangled arguments. */
static bool literal_next(const char **symbol, long long *number) {
    for (const char *at = *symbol; *at; at++) {
        if (*at != 'L' || !islower((unsigned char)at[1]))
            continue;
        const char *digits = at + 2 + (at[2] == 'n');
        char *end;
        if (!isdigit((unsigned char)*digits))
            continue;
        *number = strtoll(digits, &end, 10) * (at[2] == 'n' ? -1 : 1);
        if (*end != 'E')
            continue;
        *symbol = end + 1;
        return true;
    }
    return false;
}

static bool arguments_equal(const char *symbol, const char *arguments) {
    long long wanted, there;
    while (wanted_next(&arguments, &wanted))
        if (!literal_next(&symbol, &there) || there != wanted)
            return false;
    return true;
}

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
    return template && arguments_equal(symbol, name + whole + 1);
}
