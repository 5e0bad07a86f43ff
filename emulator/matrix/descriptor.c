/* Matrix descriptors and swizzling. */
#include "emulator/matrix/descriptor.h"

enum { FIELD = 0x3fff, LINE_SHIFT = 7, ATOM_ROWS = 8, PAIR_ROWS = 4, PAIR_BYTES = 32 };

static struct matrix_descriptor read_fields(uint64_t bits) {
    return (struct matrix_descriptor){.start = (uint32_t)(bits & FIELD) * CHUNK_BYTES,
                                      .leading = (uint32_t)(bits >> 16 & FIELD) * CHUNK_BYTES,
                                      .stride = (uint32_t)(bits >> 32 & FIELD) * CHUNK_BYTES,
                                      .pattern = (uint32_t)(bits >> 49 & 7)};
}

struct matrix_descriptor matrix_descriptor_of(uint64_t bits) {
    static const uint8_t widths[] = {1, 8, 4, 2};
    struct matrix_descriptor matrix = read_fields(bits);
    matrix.width = widths[bits >> 62];
    return matrix;
}

bool matrix_descriptor_find(uint64_t bits, struct matrix_descriptor *matrix) {
    enum { VERSION = 1, BY_PAIRS = 1 };
    static const uint8_t widths[] = {1, 8, 8, 0, 4, 0, 2, 0};
    const unsigned mode = (unsigned)(bits >> 61);
    const bool has_absolute_offset = bits >> 52 & 1;
    *matrix = read_fields(bits);
    matrix->width = widths[mode];
    matrix->is_by_pairs = mode == BY_PAIRS;
    return matrix->width && (bits >> 46 & 7) == VERSION && !has_absolute_offset;
}

/* Swizzling exchanges the chunks of a line, by the number of the line within the pattern. */
static uint32_t swizzle(const struct matrix_descriptor *matrix, uint32_t address) {
    const uint32_t line = (address >> LINE_SHIFT) - matrix->pattern;
    return matrix->is_by_pairs ? address ^ (line % PAIR_ROWS) * PAIR_BYTES
                               : address ^ (line & (matrix->width - 1)) * CHUNK_BYTES;
}

uint32_t matrix_chunk_along(const struct matrix_descriptor *matrix, unsigned row, unsigned chunk) {
    const uint32_t step = matrix->width == 1 ? matrix->leading : CHUNK_BYTES;
    return swizzle(matrix, matrix->start + row / ATOM_ROWS * matrix->stride +
                               row % ATOM_ROWS * matrix->width * CHUNK_BYTES + chunk * step);
}

uint32_t matrix_chunk_across(const struct matrix_descriptor *matrix, unsigned chunk, unsigned k) {
    const bool is_plain = matrix->width == 1;
    const unsigned rows = matrix->is_by_pairs ? PAIR_ROWS : ATOM_ROWS;
    const uint32_t next_chunks = is_plain ? matrix->stride : matrix->leading;
    const uint32_t next_k = is_plain ? matrix->leading : matrix->stride;
    return swizzle(matrix, matrix->start + chunk / matrix->width * next_chunks +
                               chunk % matrix->width * CHUNK_BYTES + k / rows * next_k +
                               k % rows * matrix->width * CHUNK_BYTES);
}
