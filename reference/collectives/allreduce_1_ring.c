/* A ring (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
 * workstations", 2009): the array is cut into as many parts as there are ranks. Each part goes once
 * around to be summed and once more to be known, so a rank sends 2 (P - 1) / P of the array, the
 * least there can be, in 2 (P - 1) steps. Each part is summed in one order: all ranks have the same
 * bits.
 */
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"

#include <string.h>

/* Where a part begins; parts are numbered around the ring. */
static int64_t part_first(const struct allreduce_problem *problem, int ranks, int part) {
    return problem->count * part / ranks;
}

struct part {
    int64_t first, count;
};

static struct part part_of(const struct allreduce_problem *problem, int ranks, int number) {
    const int part = (number + 2 * ranks) % ranks; /* numbers are above -2 P */
    const int64_t first = part_first(problem, ranks, part);
    return (struct part){first, part_first(problem, ranks, part + 1) - first};
}

enum status allreduce_ring(const struct allreduce_problem *problem, struct execution *execution) {
    struct ranks *ranks = execution->ranks;
    const int count = ranks_count(ranks), mine = ranks_number(ranks);
    const int next = (mine + 1) % count, before = (mine + count - 1) % count;
    const size_t bytes = dtype_is_narrow(problem->dtype) ? 2 : 4;
    char *out = problem->out;
    memcpy(out, problem->in, (size_t)problem->count * bytes);
    for (int step = 0; step < count - 1; step++) {
        const struct part sent = part_of(problem, count, mine - step);
        const struct part added = part_of(problem, count, mine - step - 1);
        char *sum = out + (size_t)added.first * bytes;
        ranks_exchange(ranks, out + (size_t)sent.first * bytes, (size_t)sent.count * bytes, next,
                       problem->scratch, (size_t)added.count * bytes, before);
        ranks_add(problem->dtype, sum, problem->scratch, added.count);
    }
    /* A rank has now the sum of the part behind its own. */
    for (int step = 0; step < count - 1; step++) {
        const struct part sent = part_of(problem, count, mine + 1 - step);
        const struct part known = part_of(problem, count, mine - step);
        ranks_exchange(ranks, out + (size_t)sent.first * bytes, (size_t)sent.count * bytes, next,
                       out + (size_t)known.first * bytes, (size_t)known.count * bytes, before);
    }
    return STATUS_OK;
}
