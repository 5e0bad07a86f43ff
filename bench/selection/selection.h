/* Which cases a command line asks for. */
#ifndef LOCKSTEP_BENCH_SELECTION_SELECTION_H
#define LOCKSTEP_BENCH_SELECTION_SELECTION_H

#include "bench/operations/operation.h"

#include <stddef.h>

struct selection_options {
    const struct operation_table *table; /* what there is; NULL: the built-in operations */
    const char *const *operations;       /* names, count below; none means all */
    size_t operation_count;
    const char *case_glob; /* over case names, or NULL; without wildcards: one case, by its name */
    const char *shapes;    /* comma-separated, or NULL: these instead of the preset's */
    const char *preset;    /* name */
    const char *dtypes;    /* comma-separated, or NULL: the preset's, else f32 */
    uint64_t seed;
    int rank, ranks; /* which of how many processes this is; 0 of 0: one alone */
    bool weak;       /* shapes are one rank's, and the case is all of them together */
};

struct selection {
    struct bench_case *cases;
    size_t count;
};

/* STATUS_INVALID lists what is known where a name is not. An empty selection is STATUS_INVALID too.
 */
enum status selection_open(const struct selection_options *options, struct selection *selection,
                           struct message *message);
void selection_close(struct selection *selection);

/* Refuses a comma-separated list with a name that no case's operation has an implementation of. */
enum status selection_implementations_check(const struct selection *selection, const char *list,
                                            struct message *message);

/* Cuts the next shape of a comma-separated list off it; false at the end. */
bool shape_next(const char **list, char *shape, size_t size);

/* Refuses a list of shapes with one that none of the operations can read; NULL is not a list. */
enum status shapes_check(const char *list, const struct operation *const *chosen, size_t count,
                         struct message *message);

/* Whether `name` is in the comma-separated `list`; a NULL list holds everything. */
bool list_contains(const char *list, const char *name);

/* Refuses a comma-separated list of dtypes that has an unknown one; NULL is not a list. */
enum status dtypes_check(const char *list, struct message *message);
/* … and one that the operation does not compute. */
enum status operation_dtypes_check(const struct operation *operation, const char *list,
                                   struct message *message);

/* Refuses a comma-separated list of variants that has one unknown to the operation; NULL is not a
 * list. */
enum status variants_check(const char *list, const struct operation *operation,
                           struct message *message);

/* Refuses the name of no preset. */
enum status preset_check(const char *name, struct message *message);

/* Refuses names that no built-in operation has. */
enum status operations_check(const char *const *names, size_t count, struct message *message);

/* Refuses a comma-separated list of implementations that is empty or has one that none of the
 * `count` chosen operations has; NULL is not a list. */
enum status implementations_check(const char *list, const struct operation *const *chosen,
                                  size_t count, struct message *message);

#endif
