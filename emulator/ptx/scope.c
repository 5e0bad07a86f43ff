/* Names and what they stand for, scope within scope. */
#include "emulator/ptx/syntax.h"

#include <ctype.h>
#include <string.h>

static const struct syntax_type types[] = {
    {"b8", TYPE_BITS, 8},       {"b16", TYPE_BITS, 16},     {"b32", TYPE_BITS, 32},
    {"b64", TYPE_BITS, 64},     {"b128", TYPE_BITS, 128},   {"u8", TYPE_UNSIGNED, 8},
    {"u16", TYPE_UNSIGNED, 16}, {"u32", TYPE_UNSIGNED, 32}, {"u64", TYPE_UNSIGNED, 64},
    {"s8", TYPE_SIGNED, 8},     {"s16", TYPE_SIGNED, 16},   {"s32", TYPE_SIGNED, 32},
    {"s64", TYPE_SIGNED, 64},   {"f16", TYPE_FLOAT, 16},    {"f16x2", TYPE_FLOAT, 32},
    {"f32", TYPE_FLOAT, 32},    {"f64", TYPE_FLOAT, 64},    {"bf16", TYPE_FLOAT, 16},
    {"bf16x2", TYPE_FLOAT, 32}, {"tf32", TYPE_FLOAT, 32},   {"pred", TYPE_PREDICATE, 1},
};

const struct syntax_type *syntax_find_type(const char *name, size_t length) {
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
        if (strlen(types[k].name) == length && memcmp(types[k].name, name, length) == 0)
            return &types[k];
    }
    return NULL;
}

static size_t hash(const char *name, size_t length) {
    size_t value = 1469598103934665603u;
    for (size_t k = 0; k < length; k++)
        value = (value ^ (unsigned char)name[k]) * 1099511628211u;
    return value;
}

struct syntax_scope *scope_open(struct source *source, struct syntax_scope *outer) {
    struct syntax_scope *scope = source_allocate(source, sizeof *scope);
    scope->outer = outer;
    return scope;
}

static struct syntax_symbol *find_here(const struct syntax_scope *scope, const char *name,
                                       size_t length) {
    if (scope->bucket_count == 0)
        return NULL;
    struct syntax_symbol *symbol = scope->buckets[hash(name, length) & (scope->bucket_count - 1)];
    for (; symbol; symbol = symbol->next) {
        if (strncmp(symbol->name, name, length) == 0 && symbol->name[length] == '\0')
            return symbol;
    }
    return NULL;
}

static void scope_insert(struct syntax_scope *scope, struct syntax_symbol *symbol) {
    size_t bucket = hash(symbol->name, strlen(symbol->name)) & (scope->bucket_count - 1);
    symbol->next = scope->buckets[bucket];
    scope->buckets[bucket] = symbol;
}

static void scope_rehash(struct source *source, struct syntax_scope *scope) {
    struct syntax_scope old = *scope;
    scope->bucket_count = old.bucket_count ? old.bucket_count * 4 : 16;
    scope->buckets = source_allocate(source, scope->bucket_count * sizeof(struct syntax_symbol *));
    for (size_t k = 0; k < old.bucket_count; k++) {
        for (struct syntax_symbol *symbol = old.buckets[k]; symbol;) {
            struct syntax_symbol *next = symbol->next;
            scope_insert(scope, symbol);
            symbol = next;
        }
    }
}

struct syntax_symbol *scope_add(struct source *source, struct syntax_scope *scope,
                                const char *name) {
    if (find_here(scope, name, strlen(name)))
        return NULL;
    if (scope->symbol_count == scope->bucket_count)
        scope_rehash(source, scope);
    struct syntax_symbol *symbol = source_allocate(source, sizeof *symbol);
    symbol->name = name;
    scope_insert(scope, symbol);
    scope->symbol_count++;
    return symbol;
}

/* `%r12` to the name `%r` and 12; false when it does not end in digits, or in digits with a
 * needless zero before. */
static bool split_number(const char *name, size_t *stem, unsigned *number) {
    size_t length = strlen(name), at = length;
    while (at > 0 && isdigit((unsigned char)name[at - 1]))
        at--;
    if (at == length || at == 0 || length - at > 8 || (name[at] == '0' && length - at > 1))
        return false;
    *stem = at;
    *number = 0;
    for (; at < length; at++)
        *number = *number * 10 + (unsigned)(name[at] - '0');
    return true;
}

struct syntax_symbol *scope_find(const struct syntax_scope *scope, const char *name,
                                 unsigned *index) {
    size_t stem = 0;
    unsigned number = 0;
    bool numbered = split_number(name, &stem, &number);
    for (; scope; scope = scope->outer) {
        struct syntax_symbol *symbol = find_here(scope, name, strlen(name));
        if (symbol && symbol->kind != SYMBOL_REGISTERS) {
            *index = symbol->index;
            return symbol;
        }
        symbol = numbered ? find_here(scope, name, stem) : NULL;
        if (symbol && symbol->kind == SYMBOL_REGISTERS && number < symbol->count) {
            *index = symbol->index + number;
            return symbol;
        }
    }
    return NULL;
}
