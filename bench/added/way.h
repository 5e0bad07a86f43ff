/* A way for rows to come in from outside the build. Each is one such struct, listed in added.c. */
#ifndef LOCKSTEP_BENCH_ADDED_WAY_H
#define LOCKSTEP_BENCH_ADDED_WAY_H

#include "bench/added/rows.h"
#include "bench/devices/device.h"

struct added_way {
    /* Whether a text of --add, without NAME= before it, is for this way. The first that takes it
     * has it. */
    bool (*takes)(const char *what);
    bool is_file; /* the text is a file's path: it is hashed, and held against that hash later */
    /* Appends the rows of `what`, which lives as long as the rows; `name` renames the one row that
     * it then must have, or is NULL. What *state points to is freed by `close`, also after a
     * failure. */
    enum status (*open)(const char *what, const char *name, struct added_rows *rows, void **state,
                        struct message *message);
    /* Makes them ready for a GPU; NULL: there is nothing to do. */
    enum status (*load)(void *state, struct device *gpu, struct message *message);
    void (*close)(void *state); /* NULL: there is no state */
};

#endif
