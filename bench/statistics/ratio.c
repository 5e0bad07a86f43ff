/* Block bootstrap and rank tests of a ratio of medians. */
#include "bench/statistics/ratio.h"
#include "bench/statistics/ranks.h"
#include "bench/statistics/statistics.h"
#include "common/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { REPLICATES = 1000, SEED = 1 };

/* The smallest value that a tenth of the sorted ones do not exceed. */
static double decile_of_sorted(const double *sorted, size_t count) {
    return sorted[(count - 1) / 10];
}

/* --- one side, cut into blocks ---------------------------------------------------------------- */

struct placed {
    double seconds;
    size_t block;
};

struct side {
    size_t count, blocks;
    size_t lengths[RATIO_BLOCKS];
    double medians[RATIO_BLOCKS], deciles[RATIO_BLOCKS];
    double median, decile;
    struct placed *sorted; /* all samples, with the block of each */
};

static int by_seconds(const void *left, const void *right) {
    const struct placed *a = left, *b = right;
    return (a->seconds > b->seconds) - (a->seconds < b->seconds);
}

static void block_fill(struct side *side, size_t block, const struct times *times, size_t begin,
                       double *scratch) {
    size_t length = (block + 1) * times->count / side->blocks - begin;
    memcpy(scratch, times->seconds + begin, length * sizeof *scratch);
    statistics_sort(scratch, length);
    side->lengths[block] = length;
    side->medians[block] = statistics_median_of_sorted(scratch, length);
    side->deciles[block] = decile_of_sorted(scratch, length);
    for (size_t i = 0; i < length; i++)
        side->sorted[begin + i] = (struct placed){times->seconds[begin + i], block};
}

static enum status side_open(struct side *side, const struct times *times,
                             struct message *message) {
    *side = (struct side){.count = times->count,
                          .blocks = times->count < RATIO_BLOCKS ? times->count : RATIO_BLOCKS};
    side->sorted = malloc(times->count * sizeof *side->sorted);
    double *scratch = malloc(times->count * sizeof *scratch);
    if (!side->sorted || !scratch) {
        free(scratch);
        return message_set(message, STATUS_NO_MEMORY, "no memory to compare %zu samples",
                           times->count);
    }
    for (size_t b = 0; b < side->blocks; b++)
        block_fill(side, b, times, b * times->count / side->blocks, scratch);
    qsort(side->sorted, side->count, sizeof *side->sorted, by_seconds);
    side->median =
        0.5 * (side->sorted[(side->count - 1) / 2].seconds + side->sorted[side->count / 2].seconds);
    side->decile = side->sorted[(side->count - 1) / 10].seconds;
    free(scratch);
    return STATUS_OK;
}

/* --- bootstrap -------------------------------------------------------------------------------- */

/* Words of the generator, one after the other. */
struct draw {
    uint64_t stream;
    uint32_t next, words[4];
};

static uint32_t draw_below(struct draw *draw, size_t bound) {
    const uint32_t key[2] = {SEED, 0};
    if (draw->next % 4 == 0) {
        const uint32_t counter[4] = {draw->next / 4, 0, (uint32_t)draw->stream,
                                     (uint32_t)(draw->stream >> 32)};
        philox_block(counter, key, draw->words);
    }
    return (uint32_t)((uint64_t)draw->words[draw->next++ % 4] * bound >> 32);
}

/* The median of as many blocks, drawn with replacement: each sample counts as often as its block
 * was drawn, so the samples need no sorting again. */
static double median_redrawn(const struct side *side, struct draw *draw) {
    size_t times[RATIO_BLOCKS] = {0}, count = 0, passed = 0, i = 0;
    for (size_t b = 0; b < side->blocks; b++) {
        size_t drawn = draw_below(draw, side->blocks);
        times[drawn]++;
        count += side->lengths[drawn];
    }
    while ((passed += times[side->sorted[i].block]) <= (count - 1) / 2)
        i++;
    double lower = side->sorted[i].seconds;
    while (passed <= count / 2)
        passed += times[side->sorted[++i].block];
    return 0.5 * (lower + side->sorted[i].seconds);
}

/* The share of replicates to leave out on either side. The percentile interval of n blocks is too
 * narrow by sqrt((n - 1) / n), and knows nothing of Student's t. The percentile
 * Phi(-sqrt(n / (n - 1)) t) instead of 2.5% makes up for both. */
static double share_outside(size_t blocks) {
    static const double student[RATIO_BLOCKS + 1] = {
        [2] = 12.706, [3] = 4.303, [4] = 3.182, [5] = 2.776, [6] = 2.571,
        [7] = 2.447,  [8] = 2.365, [9] = 2.306, [10] = 2.262};
    double n = (double)blocks;
    return 0.5 * erfc(sqrt(n / (n - 1.0)) * student[blocks] / sqrt(2.0));
}

static void interval_fill(const struct side *baseline, const struct side *changed, uint64_t stream,
                          struct ratio *ratio) {
    double ratios[REPLICATES];
    struct draw draw = {.stream = stream};
    ratio->low = 0.0;
    ratio->high = INFINITY;
    if (ratio->blocks < 2)
        return;
    for (int r = 0; r < REPLICATES; r++) {
        double before = median_redrawn(baseline, &draw);
        ratios[r] = median_redrawn(changed, &draw) / before;
    }
    statistics_sort(ratios, REPLICATES);
    size_t outside = (size_t)(share_outside(ratio->blocks) * REPLICATES);
    ratio->low = ratios[outside];
    ratio->high = ratios[REPLICATES - 1 - outside];
}

/* --- samples ---------------------------------------------------------------------------------- */

/* That `after` is above `before` by more than `factor`, in both the middle and the fastest. */
static double p_above(const struct side *before, const struct side *after, double factor) {
    double middle =
        ranks_mann_whitney(before->medians, before->blocks, after->medians, after->blocks, factor);
    double fastest =
        ranks_mann_whitney(before->deciles, before->blocks, after->deciles, after->blocks, factor);
    return fmax(middle, fastest);
}

enum status ratio_of_samples(struct times baseline, struct times changed, double threshold,
                             uint64_t stream, struct ratio *ratio, struct message *message) {
    struct side before, after = {0};
    enum status status = side_open(&before, &baseline, message);
    if (status == STATUS_OK)
        status = side_open(&after, &changed, message);
    if (status == STATUS_OK) {
        *ratio = (struct ratio){
            .ratio = after.median / before.median,
            .fast = after.decile / before.decile,
            .p_slower = p_above(&before, &after, 1.0 + threshold),
            .p_faster = p_above(&after, &before, 1.0 + threshold),
            .blocks = before.blocks < after.blocks ? before.blocks : after.blocks,
        };
        interval_fill(&before, &after, stream, ratio);
    }
    free(before.sorted);
    free(after.sorted);
    return status;
}

/* --- pairs ------------------------------------------------------------------------------------ */

/* The means of all pairs of values, each with itself too, sorted. */
static void walsh_fill(const double *values, size_t count, double *walsh) {
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++)
            walsh[filled++] = 0.5 * (values[i] + values[j]);
    statistics_sort(walsh, filled);
}

static double p_pairs(const double *logarithms, size_t count, double sign, double threshold,
                      double *scratch) {
    double *differences = scratch + count;
    for (size_t i = 0; i < count; i++)
        differences[i] = sign * logarithms[i] - log1p(threshold);
    return ranks_wilcoxon(differences, count, scratch);
}

enum status ratio_of_pairs(const double *ratios, size_t count, double threshold,
                           struct ratio *ratio, struct message *message) {
    size_t walsh_count = count * (count + 1) / 2;
    double *logarithms = malloc((3 * count + walsh_count) * sizeof *logarithms);
    if (!logarithms)
        return message_set(message, STATUS_NO_MEMORY, "no memory to compare %zu pairs", count);
    double *scratch = logarithms + count, *walsh = scratch + 2 * count;
    for (size_t i = 0; i < count; i++)
        logarithms[i] = log(ratios[i]);
    walsh_fill(logarithms, count, walsh);
    size_t outside = ranks_walsh_outside(count);
    bool known = outside != SIZE_MAX;
    *ratio = (struct ratio){
        .ratio = exp(statistics_median_of_sorted(walsh, walsh_count)),
        .low = known ? exp(walsh[outside]) : 0.0,
        .high = known ? exp(walsh[walsh_count - 1 - outside]) : INFINITY,
        .fast = NAN,
        .p_slower = p_pairs(logarithms, count, 1.0, threshold, scratch),
        .p_faster = p_pairs(logarithms, count, -1.0, threshold, scratch),
        .blocks = count,
    };
    free(logarithms);
    return STATUS_OK;
}
