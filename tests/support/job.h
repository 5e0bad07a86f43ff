/* What the tests of jobs share. Each run has the folder `run`. */
#ifndef LOCKSTEP_TESTS_SUPPORT_JOB_H
#define LOCKSTEP_TESTS_SUPPORT_JOB_H

#include "tests/support/cmocka.h"
#include "tests/support/launching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without MPI the test is skipped. */
static inline void need_mpi(void) {
    if (!launching_is_possible(here.program))
        skip();
}

/* A file of the run, which the caller frees; NULL: there is none. */
static inline char *file_of(const char *name) {
    char path[100];
    snprintf(path, sizeof path, "run/%s", name);
    return temporary_text(&here.place, path);
}

/* The losses of a training's epochs, at most `most` of them. */
static inline size_t losses_read(const char *folder, double *losses, size_t most) {
    char path[100];
    snprintf(path, sizeof path, "%s/training.csv", folder);
    char *text = temporary_text(&here.place, path);
    size_t count = 0;
    if (!text)
        return 0;
    for (char *line = strchr(text, '\n'); line && line[1] && count < most;
         line = strchr(line + 1, '\n')) {
        const char *field = line;
        for (int i = 0; i < 2 && field; i++)
            field = strchr(field + 1, ',');
        losses[count++] = field ? strtod(field + 1, NULL) : 0.0;
    }
    free(text);
    return count;
}

#endif
