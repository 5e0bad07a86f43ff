/* The rows that come from outside the build, whatever way they came in. */
#ifndef LOCKSTEP_BENCH_ADDED_ROWS_H
#define LOCKSTEP_BENCH_ADDED_ROWS_H

#include "bench/operations/operation.h"

enum { ADDED_NAME_BYTES = 32 };

struct added_row {
    const struct operation *operation; /* the built-in one */
    char name[ADDED_NAME_BYTES];
    struct implementation implementation; /* its name is the one above */
    char hung[IMPLEMENTATION_HUNG_BYTES];
};

struct added_rows {
    struct added_row **list; /* owned, as is each */
    int count;
};

/* Appends a copy of the row; what it points to belongs to its way in. STATUS_INVALID: there is no
 * such operation or it takes no rows, the name cannot be one, or there is one of that name. The
 * message begins with implementation->file. */
enum status added_rows_append(struct added_rows *rows, const char *operation, const char *name,
                              const struct implementation *implementation, struct message *message);
void added_rows_close(struct added_rows *rows);

/* Makes a name of a file's: without folders and its last extension. STATUS_INVALID: that is not one
 * of letters, digits and . _ + -, or too long. */
enum status added_name_of_file(const char *path, char name[ADDED_NAME_BYTES],
                               struct message *message);

#endif
