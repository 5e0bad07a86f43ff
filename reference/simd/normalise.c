/* Rows of bytes become rows of floats, as a network takes its images. Rounded twice instead of once:
 * so the bits are the same with every instruction set. */
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

static void normalise_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct normalise_problem *problem = context;
    const int64_t columns = problem->columns;
    const float scale = problem->scale, offset = problem->offset;
    for (int64_t row = first; row < last; row++) {
        const int64_t drawn = problem->order != NULL ? (int64_t)problem->order[row] : row;
        const uint8_t *restrict bytes = problem->bytes + drawn * columns;
        float *restrict x = problem->x + row * columns;
        for (int64_t c = 0; c < columns; c++)
            x[c] = (float)bytes[c] * scale - offset;
    }
}

enum status SIMD_NAME(normalise_simd)(const struct normalise_problem *problem,
                                      struct execution *execution) {
    const int64_t moved = problem->rows * problem->columns * (int64_t)(1 + sizeof *problem->x);
    parallel_ranges(problem->rows, 1, parallel_team(moved, execution->threads), normalise_body,
                    problem);
    return STATUS_OK;
}
