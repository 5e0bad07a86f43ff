/* Kernels of a CUDA source with marks at the lines that messages have to name, and its PTX. */
#ifndef LOCKSTEP_TESTS_SUPPORT_MARKED_H
#define LOCKSTEP_TESTS_SUPPORT_MARKED_H

#include "tests/support/emulator_core.h"

#include <stdio.h>
#include <stdlib.h>

static inline char *marked_read_file(const char *path) {
    enum { TEXT_BYTES = 1 << 20 };
    char *text = malloc(TEXT_BYTES);
    FILE *file = fopen(path, "r");
    assert_true(text && file);
    text[fread(text, 1, TEXT_BYTES - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Loads the PTX; the source's text, to be freed. */
static inline char *marked_read(struct bench *bench, const char *source, const char *ptx) {
    char *module = marked_read_file(ptx);
    bench_load_whole(bench, module, strlen(module));
    free(module);
    return marked_read_file(source);
}

/* The one or two lines with such a mark, twice the same where there is one. */
struct marks {
    unsigned lines[2], count;
};

static inline struct marks marks_find(const char *text, const char *word, const char *name) {
    struct marks marks = {{0, 0}, 0};
    char mark[96];
    snprintf(mark, sizeof mark, "/* %s: %s */", word, name);
    unsigned line = 1;
    const char *line_start = text;
    for (const char *at; (at = strstr(line_start, mark)); marks.count++) {
        for (; line_start <= at; line_start = strchr(line_start, '\n') + 1)
            line++;
        assert_true(marks.count < 2);
        marks.lines[marks.count] = line - 1;
    }
    if (marks.count == 0)
        fail_msg("no line is marked %s", mark);
    if (marks.count == 1)
        marks.lines[1] = marks.lines[0];
    return marks;
}

#endif
