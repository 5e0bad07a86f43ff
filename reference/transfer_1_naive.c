/* Copy and triad as plain loops. Compilers turn the copy into memcpy. */
#include "reference/naive.h"

enum status transfer_naive(const struct transfer_problem *problem, struct execution *execution) {
    (void)execution;
    if (problem->variant == TRANSFER_COPY) {
        for (int64_t i = 0; i < problem->count; i++)
            problem->out[i] = problem->a[i];
    } else {
        for (int64_t i = 0; i < problem->count; i++)
            problem->out[i] = problem->a[i] + problem->scale * problem->b[i];
    }
    return STATUS_OK;
}
