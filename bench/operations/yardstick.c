/* The plain-store copy and triad that elementwise rows are measured against. */
#include "bench/operations/yardstick.h"
#include "reference/simd/simd.h"

enum status yardstick_traffic(const float *from, const float *second, float *to, int64_t count,
                              int64_t iterations, struct execution *execution) {
    const struct transfer_problem problem = {.variant = second ? TRANSFER_TRIAD : TRANSFER_COPY,
                                             .count = count,
                                             .a = from,
                                             .b = second,
                                             .scale = 0.5f,
                                             .out = to};
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < iterations && status == STATUS_OK; i++)
        status = transfer_plain(&problem, execution);
    return status;
}
