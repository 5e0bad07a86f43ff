/* A copy and a triad of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify transfer --add ./mine.so
 */
#include <lockstep/implementation.h>

static enum status mine(const struct transfer_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    for (int64_t i = 0; i < p->count; i++)
        p->out[i] = p->variant == TRANSFER_COPY ? p->a[i] : p->a[i] + p->scale * p->b[i];
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "transfer",
                                            .name = "mine",
                                            .summary = "one element after the other",
                                            .one_thread = true,
                                            .run.transfer = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
