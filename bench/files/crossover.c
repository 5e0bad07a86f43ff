/* The sizes from which on a GPU wins; see bench/files/crossover.h. */
#include "bench/files/crossover.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static bool is_gpu_row(const struct result *row) {
    return strncmp(row->key.device, "gpu", 3) == 0 && strcmp(row->status, "measured") == 0 &&
           !isnan(row->speedup);
}

/* Rows that differ in shape, implementation and threads alone are one line. */
static bool same_line(const struct result *a, const struct result *b) {
    return strcmp(a->key.operation, b->key.operation) == 0 &&
           strcmp(a->key.variant, b->key.variant) == 0 && strcmp(a->key.dtype, b->key.dtype) == 0 &&
           strcmp(a->key.mode, b->key.mode) == 0 && strcmp(a->key.device, b->key.device) == 0;
}

static bool is_larger(const struct result *a, const struct result *b) {
    return a->flops != b->flops ? a->flops > b->flops : a->bytes > b->bytes;
}

static double speedup_of(const struct result *row, bool transfers) {
    return transfers ? row->speedup_with_transfer : row->speedup;
}

/* Whether any implementation wins at the shape of `at`. */
static bool is_won(const struct result *rows, size_t count, const struct result *at,
                   bool transfers) {
    for (size_t i = 0; i < count; i++)
        if (is_gpu_row(&rows[i]) && same_line(&rows[i], at) &&
            strcmp(rows[i].key.shape, at->key.shape) == 0 && speedup_of(&rows[i], transfers) > 1.0)
            return true;
    return false;
}

/* A row of the smallest shape above the largest that is lost, or NULL when the largest is lost. */
static const struct result *first_won(const struct result *rows, size_t count,
                                      const struct result *line, bool transfers) {
    const struct result *lost = NULL, *first = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_gpu_row(&rows[i]) && same_line(&rows[i], line) &&
            !is_won(rows, count, &rows[i], transfers) && (!lost || is_larger(&rows[i], lost)))
            lost = &rows[i];
    for (size_t i = 0; i < count; i++)
        if (is_gpu_row(&rows[i]) && same_line(&rows[i], line) &&
            (!lost || is_larger(&rows[i], lost)) && (!first || is_larger(first, &rows[i])))
            first = &rows[i];
    return first;
}

struct crossover crossover_find(const struct result *rows, size_t count,
                                const struct result *line) {
    return (struct crossover){.bare = first_won(rows, count, line, false),
                              .whole = first_won(rows, count, line, true)};
}

void crossover_describe(const struct crossover *crossover, const struct result *line, char *text,
                        size_t size) {
    if (!crossover->bare)
        snprintf(text, size, "the CPU wins at the largest size");
    else if (crossover->whole)
        snprintf(text, size, "%s wins from %s, from %s with transfers", line->key.device,
                 crossover->bare->key.shape, crossover->whole->key.shape);
    else
        snprintf(text, size, "%s wins from %s, at no size with transfers", line->key.device,
                 crossover->bare->key.shape);
}

static void print_line(FILE *file, const struct result *rows, size_t count,
                       const struct result *line) {
    char text[512];
    const struct crossover crossover = crossover_find(rows, count, line);
    crossover_describe(&crossover, line, text, sizeof text);
    fprintf(file, "%s/%s/%s, %s: %s\n", line->key.operation, line->key.variant, line->key.dtype,
            line->key.mode, text);
}

void crossover_print(FILE *file, const struct result *rows, size_t count) {
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (!is_gpu_row(&rows[i]))
            continue;
        size_t before = 0;
        while (before < i && !(is_gpu_row(&rows[before]) && same_line(&rows[before], &rows[i])))
            before++;
        if (before < i)
            continue;
        if (!any)
            fprintf(file, "\nGPU against the fastest CPU implementation:\n");
        any = true;
        fprintf(file, "  ");
        print_line(file, rows, count, &rows[i]);
    }
}
