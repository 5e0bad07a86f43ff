/* Arrays in the memory that ranks share: a few large ones, each a rank's own, first fit. */
#include "ranks/shared.h"

#include <string.h>

static size_t rounded(size_t bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

void *ranks_allocate(struct ranks *ranks, size_t bytes) {
    if (!ranks || !ranks->segments || bytes == 0 || bytes > ranks->arrays_bytes)
        return NULL;
    struct shared_block *blocks = ranks->blocks;
    size_t start = 0;
    int at = 0;
    while (at < ranks->block_count && blocks[at].start - start < rounded(bytes)) {
        start = blocks[at].start + blocks[at].bytes;
        at++;
    }
    if (ranks->block_count == SHARED_BLOCKS_MAX || ranks->arrays_bytes - start < rounded(bytes))
        return NULL;
    memmove(blocks + at + 1, blocks + at, (size_t)(ranks->block_count - at) * sizeof *blocks);
    blocks[at] = (struct shared_block){start, rounded(bytes)};
    ranks->block_count++;
    return shared_segment(ranks, ranks->api->local_rank()) + SEGMENT_ARRAYS + start;
}

bool ranks_release(struct ranks *ranks, void *memory) {
    const size_t place = shared_place(ranks, memory);
    if (place == 0)
        return false;
    for (int i = 0; i < ranks->block_count; i++) {
        if (ranks->blocks[i].start != place - SEGMENT_ARRAYS)
            continue;
        ranks->block_count--;
        memmove(ranks->blocks + i, ranks->blocks + i + 1,
                (size_t)(ranks->block_count - i) * sizeof *ranks->blocks);
        break;
    }
    return true;
}

size_t shared_place(const struct ranks *ranks, const void *memory) {
    if (!ranks || !ranks->segments)
        return 0;
    const char *arrays = shared_segment(ranks, ranks->api->local_rank()) + SEGMENT_ARRAYS;
    const bool inside =
        (const char *)memory >= arrays && (const char *)memory < arrays + ranks->arrays_bytes;
    return inside ? (size_t)((const char *)memory - arrays) + SEGMENT_ARRAYS : 0;
}
