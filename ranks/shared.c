/* Sums in memory that the ranks of a machine share (MPI_Win_allocate_shared).
 *
 * MPI's own sum copies what one rank sends and another receives, in and out of its buffers. Here a rank
 * reads its neighbours' memory. The array is taken in pieces that stay in the cache, and a piece
 * has a part for each rank. A rank lays out what belongs to the others, sums its own part from what they have
 * laid out, lays the sum out, and takes the other parts. Over machines the ranks of one local number sum
 * their part by MPI_Allreduce in between.
 *
 * Each element is summed by one rank in one order: all ranks have the same bits.
 */
#include "ranks/state.h"

#include <stdlib.h>
#include <string.h>

/* Of a rank. A piece should fit the second cache, and there should be few: two meetings of each are lost. */
enum { SEGMENT_BYTES = 512 << 10, LINE_BYTES = 64 };

struct piece {
    struct ranks *ranks;
    enum dtype dtype;
    float scale;
    const char *in;
    char *out;
    int64_t count;
};

static size_t element_size(enum dtype dtype) {
    return dtype_is_narrow(dtype) ? 2 : 4;
}

static void share(struct ranks *ranks) {
    const int local = ranks->api->local_size();
    const bool together = ranks_any(ranks, local > 1);
    void **segments = calloc((size_t)local, sizeof *segments);
    if (together && !ranks_any(ranks, !segments) && segments &&
        ranks->api->share(SEGMENT_BYTES, segments))
        ranks->segments = segments;
    else
        free(segments);
}

bool ranks_share_memory(struct ranks *ranks) {
    if (!ranks)
        return false;
    if (!ranks->sharing_found)
        share(ranks);
    ranks->sharing_found = true;
    return ranks->segments;
}

/* A part of a piece: its place in the array, and in every segment. Places in segments stay the same, so that
 * no piece is laid out where the one before may still be read. */
struct part {
    size_t offset, slot;
    int64_t count;
};

static size_t slot_size(struct ranks *ranks) {
    return SEGMENT_BYTES / (size_t)ranks->api->local_least() / LINE_BYTES * LINE_BYTES;
}

static int64_t piece_most(struct ranks *ranks, enum dtype dtype) {
    return (int64_t)(slot_size(ranks) / element_size(dtype)) * ranks->api->local_least();
}

/* That of a local rank. Where another machine has fewer, those above have none. */
static struct part part_of(const struct piece *piece, int number) {
    const int parts = piece->ranks->api->local_least();
    if (number >= parts)
        return (struct part){0};
    const int64_t first = ranks_part_first(piece->count, parts, number);
    return (struct part){(size_t)first * element_size(piece->dtype),
                         (size_t)number * slot_size(piece->ranks),
                         ranks_part_first(piece->count, parts, number + 1) - first};
}

/* A part in the segment of a local rank. */
static char *laid_out(const struct piece *piece, int number, struct part part) {
    return (char *)piece->ranks->segments[number] + part.slot;
}

/* Elements of 16 bits are not multiplied. */
static void take_scaled(const struct piece *piece, void *to, struct part part) {
    const void *from = piece->in + part.offset;
    if (piece->dtype == DTYPE_F32)
        ranks_scale(to, from, piece->scale, part.count);
    else
        memmove(to, from, (size_t)part.count * element_size(piece->dtype));
}

/* This rank's own part, from what all have laid out. */
static void part_sum(const struct piece *piece, int mine, int count) {
    const struct part part = part_of(piece, mine);
    char *sum = piece->out + part.offset;
    if (part.count == 0)
        return;
    take_scaled(piece, sum, part);
    for (int i = 0; i < count; i++)
        if (i != mine)
            ranks_add(piece->dtype, sum, laid_out(piece, i, part), part.count);
    piece->ranks->api->allreduce_across(mpi_element_of(piece->dtype), sum, part.count);
    memcpy(laid_out(piece, mine, part), sum, (size_t)part.count * element_size(piece->dtype));
}

/* What is laid out is read between the first meeting and the second one. The sums are read before the
 * first meeting of the next piece, behind which they are written again. */
static void piece_sum(const struct piece *piece) {
    const struct mpi_api *api = piece->ranks->api;
    const int mine = api->local_rank(), count = api->local_size();
    for (int i = 0; i < count; i++) {
        const struct part part = part_of(piece, i);
        if (i != mine)
            take_scaled(piece, laid_out(piece, mine, part), part);
    }
    api->local_meet();
    part_sum(piece, mine, count);
    api->local_meet();
    for (int i = 0; i < count; i++) {
        const struct part part = part_of(piece, i);
        if (i != mine)
            memcpy(piece->out + part.offset, laid_out(piece, i, part),
                   (size_t)part.count * element_size(piece->dtype));
    }
}

bool ranks_allreduce_shared(struct ranks *ranks, enum dtype dtype, float scale, const void *in,
                            void *out, int64_t count) {
    if (!ranks_share_memory(ranks))
        return false;
    const int64_t most = piece_most(ranks, dtype);
    for (int64_t first = 0; first < count; first += most) {
        const size_t offset = (size_t)first * element_size(dtype);
        const struct piece piece = {
            .ranks = ranks,
            .dtype = dtype,
            .scale = scale,
            .in = (const char *)in + offset,
            .out = (char *)out + offset,
            .count = count - first < most ? count - first : most,
        };
        piece_sum(&piece);
    }
    return true;
}
