/* Sums in memory that the ranks of a machine share (MPI_Win_allocate_shared).
 *
 * MPI's own sum copies what one rank sends and another receives, in and out of its buffers. Here a
 * rank reads its neighbours' memory. An array has a part for each rank, which sums it from those of
 * all and lets the others take the sum. Over machines the ranks of one local number sum their part
 * by MPI_Allreduce in between.
 *
 * Arrays that ranks_allocate() gave are summed where they lie. Others are taken in pieces that stay
 * in the cache, and a rank lays out what belongs to the others in its segment first.
 *
 * Each element is summed by one rank in one order: all ranks have the same bits.
 */
#include "ranks/shared.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* What a rank says of its arrays, at the head of its segment. There are two, in turn: the one
 * before may still be read. */
struct notice {
    size_t in, out; /* places in its segment; 0: elsewhere */
    float scale;
};

/* Of arrays. */
struct piece {
    struct ranks *ranks;
    enum dtype dtype;
    bool in_place; /* of all ranks */
    float scale;
    const char *in;
    char *out;
    int64_t count;
};

static size_t element_size(enum dtype dtype) {
    return dtype_is_narrow(dtype) ? 2 : 4;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Segments begin where MPI likes, and are used from the next page on. */
static bool segments_open(struct ranks *ranks, size_t arrays_bytes, void *segments[]) {
    ranks->arrays_bytes = arrays_bytes;
    if (!ranks->api->share(PAGE_BYTES + SEGMENT_ARRAYS + arrays_bytes, segments))
        return false;
    for (int i = 0; i < ranks->api->local_size(); i++)
        segments[i] = (char *)segments[i] + (PAGE_BYTES - (uintptr_t)segments[i] % PAGE_BYTES);
    return true;
}

/* Where MPI makes that memory on Linux, half of it may be taken for arrays. OpenMPI 4.1 ends the
 * job where there is not enough, and MPICH once it is touched: a container often has 64 MiB. */
static bool is_room_for_arrays(struct ranks *ranks) {
    struct statvfs shared;
    const size_t wanted = (size_t)ARRAYS_BYTES * 2 * (size_t)ranks->api->local_size();
    const bool here =
        statvfs("/dev/shm", &shared) == 0 && shared.f_bavail * shared.f_frsize >= wanted;
    return !ranks_any(ranks, !here);
}

/* Where there is no room for arrays, there may be for pieces. */
static bool any_segments_open(struct ranks *ranks, void *segments[]) {
    return segments_open(ranks, is_room_for_arrays(ranks) ? ARRAYS_BYTES : 0, segments);
}

static void share(struct ranks *ranks) {
    const int local = ranks->api->local_size();
    const bool together = ranks_any(ranks, local > 1);
    void **segments = calloc((size_t)local, sizeof *segments);
    if (together && !ranks_any(ranks, !segments) && segments && any_segments_open(ranks, segments))
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

/* --- parts ------------------------------------------------------------------------------------ */

/* A part of a piece: its place in the array, and in a segment that it is laid out in. Those places
 * stay the same, so that no piece is laid out where the one before may still be read. */
struct part {
    size_t offset, slot;
    int64_t count;
};

static size_t slot_size(struct ranks *ranks) {
    return PIECE_BYTES / (size_t)ranks->api->local_least() / LINE_BYTES * LINE_BYTES;
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
                         SEGMENT_PIECE + (size_t)number * slot_size(piece->ranks),
                         ranks_part_first(piece->count, parts, number + 1) - first};
}

static const struct notice *notice_of(const struct piece *piece, int number) {
    const struct notice *notices = (const void *)shared_segment(piece->ranks, number);
    return &notices[piece->ranks->turn % 2];
}

/* A part as a local rank has it, and its sum as the rank has it that sums it. */
static char *laid_out(const struct piece *piece, int number, struct part part) {
    const size_t place = piece->in_place ? notice_of(piece, number)->in + part.offset : part.slot;
    return shared_segment(piece->ranks, number) + place;
}

static char *summed(const struct piece *piece, int number, struct part part) {
    const size_t place = piece->in_place ? notice_of(piece, number)->out + part.offset : part.slot;
    return shared_segment(piece->ranks, number) + place;
}

/* --- sums ------------------------------------------------------------------------------------- */

/* What is laid out is multiplied already. */
static void lay_out(const struct piece *piece, int mine, int count) {
    for (int i = 0; i < count; i++) {
        const struct part part = part_of(piece, i);
        if (i != mine)
            ranks_take(piece->dtype, laid_out(piece, mine, part), piece->in + part.offset,
                       piece->scale, part.count);
    }
}

/* This rank's own part, in blocks that stay in the first cache. */
static void part_sum(const struct piece *piece, int mine, int count) {
    const int64_t block = 4096;
    const struct part part = part_of(piece, mine);
    for (int64_t first = 0; first < part.count; first += block) {
        const size_t offset = (size_t)first * element_size(piece->dtype);
        const int64_t length = part.count - first < block ? part.count - first : block;
        char *sum = piece->out + part.offset + offset;
        ranks_take(piece->dtype, sum, piece->in + part.offset + offset, piece->scale, length);
        for (int i = 0; i < count; i++)
            if (i != mine)
                ranks_add_scaled(piece->dtype, sum, laid_out(piece, i, part) + offset,
                                 piece->in_place ? notice_of(piece, i)->scale : 1.0F, length);
    }
    if (part.count > 0)
        piece->ranks->api->allreduce_across(mpi_element_of(piece->dtype), piece->out + part.offset,
                                            part.count);
}

static void parts_take(const struct piece *piece, int mine, int count) {
    for (int i = 0; i < count; i++) {
        const struct part part = part_of(piece, i);
        if (i != mine)
            memcpy(piece->out + part.offset, summed(piece, i, part),
                   (size_t)part.count * element_size(piece->dtype));
    }
}

/* Of an array in place, whose own parts are done on all ranks. When all have taken the others' it
 * is the caller's again. */
static void spread_in_place(const struct piece *piece) {
    const struct mpi_api *api = piece->ranks->api;
    api->local_meet();
    parts_take(piece, api->local_rank(), api->local_size());
    api->local_meet();
}

/* What is laid out is read between the first meeting and the second one. The sums are read before
 * the first meeting of the next piece, behind which they are written again. */
static void sum_laid_out(const struct piece *piece) {
    const struct mpi_api *api = piece->ranks->api;
    const int mine = api->local_rank(), count = api->local_size();
    const struct part part = part_of(piece, mine);
    lay_out(piece, mine, count);
    api->local_meet();
    part_sum(piece, mine, count);
    memcpy(summed(piece, mine, part), piece->out + part.offset,
           (size_t)part.count * element_size(piece->dtype));
    api->local_meet();
    parts_take(piece, mine, count);
}

static void notice_give(const struct piece *piece, bool shared) {
    struct ranks *ranks = piece->ranks;
    struct notice *notices = (void *)shared_segment(ranks, ranks->api->local_rank());
    notices[++ranks->turn % 2] = (struct notice){shared ? shared_place(ranks, piece->in) : 0,
                                                 shared_place(ranks, piece->out), piece->scale};
}

/* Whether the arrays of all ranks lie in shared memory, on all machines, and all say so. Behind it
 * those of this one hold what is to be summed. */
static bool arrays_are_shared(const struct piece *piece, bool said) {
    struct ranks *ranks = piece->ranks;
    notice_give(piece, said);
    ranks->api->local_meet();
    bool shared = true;
    for (int i = 0; i < ranks->api->local_size(); i++)
        shared = shared && notice_of(piece, i)->in > 0 && notice_of(piece, i)->out > 0;
    return ranks->count == ranks->api->local_size() ? shared : !ranks_any(ranks, !shared);
}

bool ranks_allreduce_shared(struct ranks *ranks, enum dtype dtype, float scale, const void *in,
                            void *out, int64_t count) {
    if (!ranks_share_memory(ranks))
        return false;
    struct piece piece = {ranks, dtype, false, scale, in, out, count};
    piece.in_place = arrays_are_shared(&piece, true);
    if (piece.in_place) {
        part_sum(&piece, ranks->api->local_rank(), ranks->api->local_size());
        spread_in_place(&piece);
        return true;
    }
    const int64_t most = piece_most(ranks, dtype);
    for (int64_t first = 0; first < count; first += most) {
        const size_t offset = (size_t)first * element_size(dtype);
        piece.in = (const char *)in + offset;
        piece.out = (char *)out + offset;
        piece.count = count - first < most ? count - first : most;
        sum_laid_out(&piece);
    }
    return true;
}

/* --- divided ---------------------------------------------------------------------------------- */

bool shared_mean_own(struct ranks *ranks, const struct ranks_mean *mean,
                     float *const updated[RANKS_UPDATED_MAX]) {
    char *data = (char *)mean->data;
    const struct piece piece = {ranks, DTYPE_F32, true, mean->weight, data, data, mean->count};
    bool shared = true;
    if (!ranks_share_memory(ranks))
        return false;
    for (int i = 0; i < RANKS_UPDATED_MAX; i++)
        shared = shared && (!updated[i] || shared_place(ranks, updated[i]) > 0);
    if (!arrays_are_shared(&piece, shared))
        return false;
    part_sum(&piece, ranks->api->local_rank(), ranks->api->local_size());
    return true;
}

void ranks_own_part(const struct ranks *ranks, int64_t count, int64_t *first, int64_t *length) {
    const int parts = ranks->divided ? ranks->api->local_least() : 1;
    const int number = ranks->divided ? ranks->api->local_rank() : 0;
    *first = number < parts ? ranks_part_first(count, parts, number) : 0;
    *length = number < parts ? ranks_part_first(count, parts, number + 1) - *first : 0;
}

void ranks_spread(struct ranks *ranks, float *data, int64_t count) {
    const struct piece piece = {ranks, DTYPE_F32, true, 1.0F, (void *)data, (void *)data, count};
    if (!ranks->divided)
        return;
    notice_give(&piece, true);
    spread_in_place(&piece);
}
