/* Rounding to 16 bits, one number after the other. */
#include "reference/naive.h"

#include "common/narrow.h"

enum status round_naive(const struct round_problem *problem, struct execution *execution) {
    (void)execution;
    if (problem->dtype == DTYPE_F16)
        for (int64_t i = 0; i < problem->count; i++)
            problem->out[i] = f16_round(problem->in[i] * problem->scale);
    else
        for (int64_t i = 0; i < problem->count; i++)
            problem->out[i] = bf16_round(problem->in[i] * problem->scale);
    return STATUS_OK;
}
