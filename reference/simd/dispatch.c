/* Picks the build of the vectorised kernels that this CPU can run. The question is asked in each
 * call: it reads a word that the compiler's runtime filled at start, which is cheaper than keeping
 * an answer. */
#include "reference/ladder.h"
#include "reference/peak.h"
#include "reference/simd/simd.h"

#include <stdbool.h>
#include <stddef.h>

extern const struct simd_kernels simd_kernels_baseline;
extern const struct simd_kernels simd_kernels_avx2;
extern const struct simd_kernels simd_kernels_avx512;

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const struct simd_kernels *simd_kernels_best(void) {
    return has_avx512() ? &simd_kernels_avx512
           : has_avx2() ? &simd_kernels_avx2
                        : &simd_kernels_baseline;
}

const struct simd_kernels *simd_kernels_at(int index) {
    switch (index) {
    case 0:
        return &simd_kernels_baseline;
    case 1:
        return has_avx2() ? &simd_kernels_avx2 : NULL;
    case 2:
        return has_avx512() ? &simd_kernels_avx512 : NULL;
    default:
        return NULL;
    }
}

const char *simd_level(void) {
    return simd_kernels_best()->level;
}

enum status activation_simd(const struct activation_problem *problem, struct execution *execution) {
    return simd_kernels_best()->activation(problem, execution);
}

enum status softmax_simd(const struct softmax_problem *problem, struct execution *execution) {
    return simd_kernels_best()->softmax(problem, execution);
}

enum status cross_entropy_simd(const struct cross_entropy_problem *problem,
                               struct execution *execution) {
    return simd_kernels_best()->cross_entropy(problem, execution);
}

enum status mse_simd(const struct mse_problem *problem, struct execution *execution) {
    return simd_kernels_best()->mse(problem, execution);
}

enum status column_sums_simd(const struct column_sums_problem *problem,
                             struct execution *execution) {
    return simd_kernels_best()->column_sums(problem, execution);
}

enum status optimizer_simd(const struct optimizer_problem *problem, struct execution *execution) {
    return simd_kernels_best()->optimizer(problem, execution);
}

enum status transfer_simd(const struct transfer_problem *problem, struct execution *execution) {
    return simd_kernels_best()->transfer(problem, execution);
}

enum status gemm_parallel(const struct gemm_problem *problem, struct execution *execution) {
    return simd_kernels_best()->gemm(problem, execution);
}

enum status transfer_plain(const struct transfer_problem *problem, struct execution *execution) {
    return simd_kernels_best()->plain(problem, execution);
}

enum status optimizer_traffic(const struct optimizer_problem *problem,
                              struct execution *execution) {
    return simd_kernels_best()->optimizer_traffic(problem, execution);
}
