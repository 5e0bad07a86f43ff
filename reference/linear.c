/* linear: a product and its epilogue one after the other, as CPU libraries offer them. */
#include "reference/linear.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/simd/linear_parts.h"
#include "reference/simd/simd.h"

enum status linear_in_turn(const struct linear_problem *problem, gemm_kernel *gemm,
                           activation_kernel *activation, struct execution *execution) {
    const struct gemm_problem product = linear_product(problem);
    const struct activation_problem epilogue = linear_epilogue(problem);
    enum status status = gemm(&product, execution);
    return status == STATUS_OK ? activation(&epilogue, execution) : status;
}

enum status linear_naive(const struct linear_problem *problem, struct execution *execution) {
    return linear_in_turn(problem, gemm_naive, activation_naive, execution);
}

enum status linear_openblas(const struct linear_problem *problem, struct execution *execution) {
    return linear_in_turn(problem, gemm_openblas, activation_simd, execution);
}
