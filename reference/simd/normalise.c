/* Rows of bytes become rows of floats, as a network takes its images. Rounded twice instead of
 * once: so the bits are the same with every instruction set. */
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"
#include "reference/simd/vector.h"

/* Rows are drawn from all over memory, where a processor's own prefetching does not find the
 * next. */
enum { ROWS_AHEAD = 8, LINE = 64 };

static const uint8_t *row_drawn(const struct normalise_problem *problem, int64_t row) {
    const int64_t drawn = problem->order != NULL ? (int64_t)problem->order[row] : row;
    return problem->bytes + drawn * problem->columns;
}

static void row_fetch(const uint8_t *bytes, int64_t columns) {
    for (int64_t c = 0; c < columns; c += LINE)
        vector_fetch((uintptr_t)(bytes + c));
}

static void normalise_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct normalise_problem *problem = context;
    const int64_t columns = problem->columns;
    const float scale = problem->scale, offset = problem->offset;
    for (int64_t row = first; row < last; row++) {
        const uint8_t *restrict bytes = row_drawn(problem, row);
        if (row + ROWS_AHEAD < last)
            row_fetch(row_drawn(problem, row + ROWS_AHEAD), columns);
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
