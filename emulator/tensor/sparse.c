/* Metadata of a sparse a. */
#include "emulator/tensor/sparse.h"

#include <string.h>

enum { CHUNK_BITS = 4, LANES_OF_ROWS = 16, HALF = 8 };

/* Whether elements have more than 8 bits. */
static bool is_wide(const struct tensor_description *it) {
    return it->a <= TENSOR_TYPE_TF32;
}

static uint32_t word_at(const struct block *block, unsigned column, unsigned lane) {
    return block->tensor->column[column].group[lane / LANES].at[lane % LANES];
}

/* The four bits of a chunk of a row, in the lowest. */
static uint32_t chunk_at(const struct block *block, const struct tensor_description *it,
                         unsigned first, unsigned row, unsigned chunk) {
    if (!is_wide(it))
        return word_at(block, first + chunk / 8, row) >> chunk % 8 * CHUNK_BITS;
    const unsigned lane = row / LANES_OF_ROWS * LANES_OF_ROWS + chunk / 4 * HALF + row % HALF;
    const unsigned shift = row / HALF % 2 * LANES_OF_ROWS + chunk % 4 * CHUNK_BITS;
    return word_at(block, first + it->selector, lane) >> shift;
}

/* Which of its chunk's element number `k` of those that are there is. */
static unsigned within_chunk(uint32_t bits, unsigned k, unsigned each) {
    if (each == 1)
        return bits >> 1 & 1;
    const unsigned size = each / 2; /* elements that an index is of */
    return (bits >> k / size * 2 & 3) * size + k % size;
}

static bool check_written(const struct transfer *transfer, const struct tensor_description *it,
                          const struct block *block, unsigned first) {
    struct tensor_column all;
    memset(&all, 0xff, sizeof all);
    const unsigned begin = first + (is_wide(it) ? it->selector : 0U);
    const unsigned end = is_wide(it) ? begin + 1 : begin + SPARSE_COLUMNS;
    for (unsigned column = begin; column < end; column++)
        if (!tensor_check_written(transfer, block, column, &all, "the metadata of a"))
            return false;
    return true;
}

bool sparse_find_places(const struct transfer *transfer, const struct tensor_description *it,
                        const struct block *block, struct tensor_places *places) {
    const unsigned first = transfer->tensor.reads[READ_METADATA].first;
    const unsigned depth = tensor_depth((enum tensor_type)it->a);
    const unsigned each = it->a == TENSOR_TYPE_TF32 ? 1 : it->a == TENSOR_TYPE_E2M1_PAIR ? 4 : 2;
    if (!check_written(transfer, it, block, first))
        return false;
    for (unsigned k = 0; k < depth; k++) {
        for (unsigned row = 0; row < TENSOR_LANES; row++) {
            const uint32_t bits = chunk_at(block, it, first, row, k / each);
            places->at[k][row] =
                (uint8_t)(k / each * each * 2 + within_chunk(bits, k % each, each));
        }
    }
    return true;
}
