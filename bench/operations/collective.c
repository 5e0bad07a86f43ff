/* Inputs, parts and counts of operations between ranks. */
#include "bench/operations/collective.h"
#include "common/narrow.h"
#include "common/random.h"
#include "ranks/ranks.h"
#include "reference/oracle/oracle.h"

#include <math.h>
#include <string.h>

enum { PIECE = COLLECTIVE_PIECE };

const char *const collective_awkward_shapes[] = {"1",    "2",    "3",      "7",
                                                 "1023", "4097", "100003", NULL};

/* --- parts ------------------------------------------------------------------------------------ */

struct collective_part collective_whole(const struct bench_case *c) {
    return (struct collective_part){0, c->sizes[0]};
}

struct collective_part collective_part_of(const struct bench_case *c, int rank) {
    const int ranks = c->settings.ranks > 1 ? c->settings.ranks : 1;
    const int64_t first = ranks_part_first(c->sizes[0], ranks, rank);
    return (struct collective_part){first, ranks_part_first(c->sizes[0], ranks, rank + 1) - first};
}

struct collective_part collective_own_part(const struct bench_case *c) {
    return collective_part_of(c, c->settings.rank);
}

/* --- inputs ----------------------------------------------------------------------------------- */

struct buffer_spec collective_array(const struct bench_case *c, const char *name,
                                    enum buffer_role role, int64_t count) {
    struct buffer_spec spec = buffer_flat(name, role, count);
    spec.element = dtype_element_kind(c->dtype);
    spec.pattern = false; /* each rank has other numbers */
    return spec;
}

/* What stands at every `stride`-th element of a rank's special inputs; ranks differ. */
static void strew(float *values, int64_t count, int64_t stride, int rank, const float *specials,
                  int64_t special_count) {
    for (int64_t i = stride / 2, which = rank; i < count; i += stride, which++)
        values[i] = specials[which % special_count];
}

static float rounded(enum dtype dtype, float value) {
    return dtype == DTYPE_BF16  ? bf16_widen(bf16_round(value))
           : dtype == DTYPE_F16 ? f16_widen(f16_round(value))
                                : value;
}

/* The first `count` elements of a piece of one rank's array. */
static void piece_draw(const struct bench_case *c, int rank, int64_t piece, int64_t count,
                       float values[PIECE]) {
    static const float outliers[] = {1e4f, -1e4f, 80.0f};
    static const float specials[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
    const enum values kind = c->settings.values;
    const float reach = kind == VALUES_LARGE ? 1e15f : kind == VALUES_DENORMAL ? 1e-39f : 1.0f;
    const uint64_t stream = (uint64_t)(rank + 1) << 40 | (uint64_t)piece;
    random_fill(values, count, c->settings.seed, stream, -reach, reach);
    if (kind == VALUES_OUTLIERS)
        strew(values, count, 61, rank, outliers, sizeof outliers / sizeof outliers[0]);
    if (kind == VALUES_SPECIAL)
        strew(values, count, 97, rank, specials, sizeof specials / sizeof specials[0]);
    for (int64_t i = 0; i < count; i++)
        values[i] = rounded(c->dtype, values[i]);
}

void collective_draw(const struct bench_case *c, int rank, struct collective_part part,
                     float *values) {
    float drawn[PIECE];
    for (int64_t done = 0; done < part.count;) {
        const int64_t piece = (part.first + done) / PIECE, from = (part.first + done) % PIECE;
        const int64_t left = part.count - done, taken = left < PIECE - from ? left : PIECE - from;
        piece_draw(c, rank, piece, from + taken, drawn);
        memcpy(values + done, drawn + from, (size_t)taken * sizeof *values);
        done += taken;
    }
}

static void values_store(enum dtype dtype, const float *values, int64_t first, int64_t count,
                         void *to) {
    if (!dtype_is_narrow(dtype)) {
        memcpy((float *)to + first, values, (size_t)count * sizeof *values);
        return;
    }
    uint16_t *narrow = (uint16_t *)to + first;
    for (int64_t i = 0; i < count; i++)
        narrow[i] = dtype == DTYPE_BF16 ? bf16_round(values[i]) : f16_round(values[i]);
}

void collective_fill(const struct bench_case *c, struct collective_part part, void *buffer) {
    float values[PIECE];
    for (int64_t done = 0; done < part.count; done += PIECE) {
        const int64_t left = part.count - done, count = left < PIECE ? left : PIECE;
        collective_draw(c, c->settings.rank, (struct collective_part){part.first + done, count},
                        values);
        values_store(c->dtype, values, done, count, buffer);
    }
}

void collective_expect_sum(const struct bench_case *c, struct collective_part part,
                           int64_t first_row, int64_t rows, double *expected, double *tolerance) {
    for (int64_t row = first_row; row < first_row + rows; row++) {
        float values[PIECE];
        int64_t first;
        const int64_t count = buffer_flat_range(part.count, row, 1, &first);
        memset(expected, 0, (size_t)count * sizeof *expected);
        memset(tolerance, 0, (size_t)count * sizeof *tolerance);
        for (int rank = 0; rank < c->settings.ranks; rank++) {
            collective_draw(c, rank, (struct collective_part){part.first + first, count}, values);
            oracle_allreduce_add(values, count, expected, tolerance);
        }
        oracle_allreduce_settle(c->dtype, c->settings.ranks, count, expected, tolerance);
        expected += PIECE;
        tolerance += PIECE;
    }
}

/* --- counts ----------------------------------------------------------------------------------- */

double collective_share(const struct bench_case *c) {
    const double ranks = (double)c->settings.ranks;
    return ranks > 1.0 ? (ranks - 1.0) / ranks : 0.0;
}

double collective_array_bytes(const struct bench_case *c) {
    return (double)c->sizes[0] * (double)element_bytes(dtype_element_kind(c->dtype));
}

/* --- rows ------------------------------------------------------------------------------------- */

const char *collective_needs_ranks(const struct bench_case *c) {
    if (!c || c->settings.ranks > 1)
        return NULL;
    const char *absence = ranks_absence();
    return absence ? absence
                   : "is between ranks, and this process is alone: start it by `mpirun -n 2 "
                     "lockstep …`";
}

const char *collective_needs_parts(const struct bench_case *c) {
    const char *absence = collective_needs_ranks(c);
    if (absence || !c || c->sizes[0] >= c->settings.ranks)
        return absence;
    return "has fewer elements than ranks: give a larger COUNT";
}
