/* Launch lines: how the kernels of a file become a row (docs/own-kernel.md defines them). */
#ifndef LOCKSTEP_BENCH_ADDED_LINES_H
#define LOCKSTEP_BENCH_ADDED_LINES_H

#include "bench/added/expression.h"
#include "bench/added/rows.h"

enum {
    LINES_KERNELS_MAX = 32,
    LINES_CONDITIONS_MAX = 16,
    LINES_CONSTANTS_MAX = 32,
    LINES_ARGUMENTS_MAX = 40,
    LINES_ZEROED_MAX = 8,
    LINES_VARIANTS_MAX = 64
};

/* Which variants of the operation, a bit each. */
typedef uint64_t variant_set;

enum line_argument_kind {
    LINE_VALUE,    /* a number, by an expression */
    LINE_POINTER,  /* a buffer of the problem */
    LINE_PROBLEM,  /* the whole problem, by value */
    LINE_WORKSPACE /* the row's own device memory */
};

struct line_argument {
    enum line_argument_kind kind;
    int line, column;
    struct expression *value; /* of a number; of the workspace: bytes into it, or NULL */
    const struct operation_argument *member; /* of a pointer */
};

struct line_kernel {
    variant_set variants;
    int line, column;
    char name[200]; /* as the source calls it: `mine`, `ns::mine`, `mine<128, 8>` */
    struct expression *grid[3], *block[3], *shared; /* NULL: 1, and 0 */
    struct line_argument arguments[LINES_ARGUMENTS_MAX];
    int argument_count;
    /* Pointers to what is set to zero before it is launched. */
    struct line_argument zeroed[LINES_ZEROED_MAX];
    int zeroed_count;
};

struct line_condition {
    variant_set variants;
    int line;
    char text[160];
    struct expression *value;
};

/* One block of launch lines: one row. */
struct lines {
    const char *file; /* borrowed */
    const struct operation *operation;
    char name[ADDED_NAME_BYTES];                /* empty: the file's */
    char summary[120], source[300], flags[400]; /* empty where the file has none */
    unsigned dtypes;
    int capability;  /* 80 is 8.0; 0: any */
    unsigned values; /* bits of `enum values` that it is verified on; 0: all */
    bool reads_outputs, finite_inputs;
    bool batches;                 /* something is computed from `batch` */
    struct expression *workspace; /* bytes; NULL: none */
    struct line_condition conditions[LINES_CONDITIONS_MAX];
    struct named_expression constants[LINES_CONSTANTS_MAX];
    struct line_kernel kernels[LINES_KERNELS_MAX];
    int condition_count, constant_count, kernel_count;
};

/* Reads the next block from *text on, which is at line *line, and moves both behind it. `whole`:
 * all of the text is one block. *lines is NULL where there is no further block, else the caller's
 * to lines_free(). STATUS_INVALID: a mistake, by file, line and column. */
enum status lines_read(const char *file, bool whole, const char **text, int *line,
                       struct lines **lines, struct message *message);
void lines_free(struct lines *lines); /* NULL is allowed */

#endif
