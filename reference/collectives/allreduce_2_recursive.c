/* Recursive doubling (Thakur, Rabenseifner and Gropp, "Optimization of collective communication
 * operations in MPICH", 2005): in step s a rank swaps its whole sum with the one that is 2^s away,
 * so log2(P) steps do. It sends more than a ring, in fewer steps: the better one for small arrays.
 *
 * Both partners add the same two sums, and addition commutes: all ranks have the same bits.
 *
 * Where P is no power of two, the first ranks stand in pairs: the odd one hands its array to the
 * even one, which takes part for both, and gets the sum at the end.
 */
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"

#include <string.h>

/* How the ranks of a job stand. */
struct order {
    int doubled; /* a power of two: so many take part */
    int pairs;   /* of the first ranks */
};

static struct order order_of(int ranks) {
    int doubled = 1;
    while (2 * doubled <= ranks)
        doubled *= 2;
    return (struct order){doubled, ranks - doubled};
}

/* The rank of the one that takes part as number `number`. */
static int rank_of(struct order order, int number) {
    return number < order.pairs ? 2 * number : number + order.pairs;
}

/* Sums with each partner in turn. */
static void sums_double(const struct allreduce_problem *problem, struct ranks *ranks,
                        struct order order, size_t bytes) {
    const int mine = ranks_number(ranks);
    const int number = mine < 2 * order.pairs ? mine / 2 : mine - order.pairs;
    for (int distance = 1; distance < order.doubled; distance *= 2) {
        const int partner = rank_of(order, number ^ distance);
        ranks_exchange(ranks, problem->out, bytes, partner, problem->scratch, bytes, partner);
        ranks_add(problem->dtype, problem->out, problem->scratch, problem->count);
    }
}

enum status allreduce_recursive(const struct allreduce_problem *problem,
                                struct execution *execution) {
    struct ranks *ranks = execution->ranks;
    const struct order order = order_of(ranks_count(ranks));
    const int mine = ranks_number(ranks);
    const size_t bytes = (size_t)problem->count * (dtype_is_narrow(problem->dtype) ? 2 : 4);
    const bool paired = mine < 2 * order.pairs, hands_over = paired && mine % 2 == 1;
    memcpy(problem->out, problem->in, bytes);
    if (hands_over) {
        ranks_exchange(ranks, problem->out, bytes, mine - 1, NULL, 0, mine - 1);
        ranks_exchange(ranks, NULL, 0, mine - 1, problem->out, bytes, mine - 1);
        return STATUS_OK;
    }
    if (paired) {
        ranks_exchange(ranks, NULL, 0, mine + 1, problem->scratch, bytes, mine + 1);
        ranks_add(problem->dtype, problem->out, problem->scratch, problem->count);
    }
    sums_double(problem, ranks, order, bytes);
    if (paired)
        ranks_exchange(ranks, problem->out, bytes, mine + 1, NULL, 0, mine + 1);
    return STATUS_OK;
}
