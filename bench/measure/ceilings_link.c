/* How fast ranks pass data on. */
#include "bench/measure/ceilings.h"
#include "ranks/ranks.h"

#include <stdlib.h>
#include <string.h>

/* Two buffers, one a direction. */
struct link {
    struct ranks *ranks;
    char *sent, *received;
};

/* The best rate of repeated batches of one size. */
static double rate_measure(const struct link *link, size_t bytes, double seconds) {
    const size_t batch_bytes = (size_t)32 << 20;
    const int count = ranks_count(link->ranks), mine = ranks_number(link->ranks);
    const int next = (mine + 1) % count, before = (mine + count - 1) % count;
    const size_t repetitions = batch_bytes / bytes;
    double best = 0.0, start = ranks_clock(link->ranks), now = start;
    while (now - start < seconds) {
        const double begin = now;
        for (size_t i = 0; i < repetitions; i++)
            ranks_exchange(link->ranks, link->sent, bytes, next, link->received, bytes, before);
        now = ranks_clock(link->ranks);
        const double rate = (double)(bytes * repetitions) / (now - begin);
        best = rate > best ? rate : best;
    }
    return best;
}

double ceilings_measure_link(struct ranks *ranks, bool quick) {
    static const size_t sizes[] = {(size_t)64 << 10, (size_t)1 << 20, (size_t)16 << 20};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    const size_t largest = sizes[SIZES - 1];
    if (ranks_count(ranks) < 2)
        return 0.0;
    struct link link = {ranks, malloc(largest), malloc(largest)};
    const bool here = link.sent && link.received;
    const bool lacking = ranks_any(ranks, !here);
    double best = 0.0;
    if (here) { /* pages that are there */
        memset(link.sent, 1, largest);
        memset(link.received, 0, largest);
    }
    for (int i = 0; i < SIZES && !lacking; i++) {
        const double rate = rate_measure(&link, sizes[i], quick ? 0.04 : 0.15);
        best = rate > best ? rate : best;
    }
    free(link.sent);
    free(link.received);
    return best;
}
