/* Sums of columns of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify column_sums --add ./mine.so
 */
#include <lockstep/implementation.h>

static enum status mine(const struct column_sums_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    for (int64_t c = 0; c < p->columns; c++)
        p->sums[c] = 0.0f;
    for (int64_t row = 0; row < p->rows; row++)
        for (int64_t c = 0; c < p->columns; c++)
            p->sums[c] += p->x[row * p->columns + c];
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "column_sums",
                                            .name = "mine",
                                            .summary = "one row after the other",
                                            .one_thread = true,
                                            .run.column_sums = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
