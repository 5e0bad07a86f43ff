/* attention as CPU libraries offer it: a product, a softmax and a product, head after head. The
 * scores of a whole head lie in memory in between, which cpu-simd does without. */
#include "reference/libraries.h"
#include "reference/simd/simd.h"

#include <math.h>
#include <stdlib.h>

static struct gemm_problem scores_of(const struct attention_problem *p, int64_t row,
                                     float *scores) {
    return (struct gemm_problem){.variant = GEMM_NT,
                                 .dtype = DTYPE_F32,
                                 .m = p->sequence,
                                 .n = p->sequence,
                                 .k = p->dimension,
                                 .alpha = p->scale,
                                 .a = (const float *)p->q + row * p->q_stride,
                                 .b = (const float *)p->k + row * p->k_stride,
                                 .c = scores,
                                 .lda = p->q_stride,
                                 .ldb = p->k_stride,
                                 .ldc = p->sequence};
}

static struct gemm_problem means_of(const struct attention_problem *p, int64_t row,
                                    const float *probabilities) {
    return (struct gemm_problem){.variant = GEMM_NN,
                                 .dtype = DTYPE_F32,
                                 .m = p->sequence,
                                 .n = p->dimension,
                                 .k = p->sequence,
                                 .alpha = 1,
                                 .a = probabilities,
                                 .b = (const float *)p->v + row * p->v_stride,
                                 .c = p->o + row * p->o_stride,
                                 .lda = p->sequence,
                                 .ldb = p->v_stride,
                                 .ldc = p->o_stride};
}

/* Keys that a query does not meet: a probability of 0. */
static void scores_mask(float *scores, int64_t sequence) {
    for (int64_t i = 0; i < sequence; i++)
        for (int64_t j = i + 1; j < sequence; j++)
            scores[i * sequence + j] = -INFINITY;
}

static enum status head_answer(const struct attention_problem *problem, int64_t row, float *scores,
                               gemm_kernel *gemm, softmax_kernel *softmax,
                               struct execution *execution) {
    const struct gemm_problem product = scores_of(problem, row, scores);
    enum status status = gemm(&product, execution);
    if (status != STATUS_OK)
        return status;
    if (problem->variant == ATTENTION_CAUSAL)
        scores_mask(scores, problem->sequence);
    const struct softmax_problem rows = {.variant = SOFTMAX_FORWARD,
                                         .rows = problem->sequence,
                                         .columns = problem->sequence,
                                         .input = scores,
                                         .output = scores};
    status = softmax(&rows, execution);
    const struct gemm_problem means = means_of(problem, row, scores);
    return status == STATUS_OK ? gemm(&means, execution) : status;
}

static enum status attention_in_turn(const struct attention_problem *problem, gemm_kernel *gemm,
                                     softmax_kernel *softmax, struct execution *execution) {
    if (problem->dtype != DTYPE_F32)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "the library's softmax and products are taken in f32 alone");
    float *scores = malloc((size_t)problem->sequence * (size_t)problem->sequence * sizeof *scores);
    if (scores == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate the %lld x %lld scores of a head; free some memory",
                           (long long)problem->sequence, (long long)problem->sequence);
    enum status status = STATUS_OK;
    for (int64_t head = 0; status == STATUS_OK && head < problem->batch * problem->heads; head++)
        status = head_answer(problem, head * problem->sequence, scores, gemm, softmax, execution);
    free(scores);
    return status;
}

enum status attention_openblas(const struct attention_problem *problem,
                               struct execution *execution) {
    return attention_in_turn(problem, gemm_openblas, softmax_simd, execution);
}

enum status attention_onednn(const struct attention_problem *problem, struct execution *execution) {
    return attention_in_turn(problem, gemm_onednn, softmax_onednn, execution);
}
