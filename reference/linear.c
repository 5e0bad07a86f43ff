/* linear: a product and its epilogue one after the other, as CPU libraries offer them. */
#include "reference/linear.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/simd/simd.h"

static struct gemm_problem product_of(const struct linear_problem *problem) {
    return (struct gemm_problem){.variant = GEMM_NT,
                                 .dtype = DTYPE_F32,
                                 .m = problem->rows,
                                 .n = problem->outputs,
                                 .k = problem->inputs,
                                 .alpha = 1.0f,
                                 .beta = 0.0f,
                                 .a = problem->x,
                                 .b = problem->weights,
                                 .c = problem->y,
                                 .lda = problem->inputs,
                                 .ldb = problem->inputs,
                                 .ldc = problem->outputs};
}

static struct activation_problem epilogue_of(const struct linear_problem *problem) {
    return (struct activation_problem){.function =
                                           problem->relu ? ACTIVATION_RELU : ACTIVATION_IDENTITY,
                                       .rows = problem->rows,
                                       .columns = problem->outputs,
                                       .input = problem->y,
                                       .bias = problem->bias,
                                       .output = problem->y};
}

enum status linear_in_turn(const struct linear_problem *problem, gemm_kernel *gemm,
                           activation_kernel *activation, struct execution *execution) {
    const struct gemm_problem product = product_of(problem);
    const struct activation_problem epilogue = epilogue_of(problem);
    enum status status = gemm(&product, execution);
    return status == STATUS_OK ? activation(&epilogue, execution) : status;
}

enum status linear_naive(const struct linear_problem *problem, struct execution *execution) {
    return linear_in_turn(problem, gemm_naive, activation_naive, execution);
}

enum status linear_openblas(const struct linear_problem *problem, struct execution *execution) {
    return linear_in_turn(problem, gemm_openblas, activation_simd, execution);
}
