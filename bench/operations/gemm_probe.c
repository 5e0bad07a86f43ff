/* Freivalds' check of a product. */
#include "bench/operations/gemm_case.h"
#include "common/gemm_batch.h"
#include "common/narrow.h"
#include "common/random.h"

#include <math.h>
#include <stdlib.h>

/* One operand of the product as it is stored. */
struct operand {
    const void *data;
    enum dtype dtype;
    int64_t ld;
    bool transposed;
};

/* A matrix of more elements is worth waking the other threads for. */
enum { SHARED_ELEMENTS = 1 << 16 };

/* out[i] = sum_j op(X)[i, j] * v[j], absolute values where asked. */
static void apply(struct operand x, int64_t rows, int64_t columns, const double *v, bool absolute,
                  double *out) {
#pragma omp parallel for schedule(static) if (rows * columns > SHARED_ELEMENTS)
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < columns; j++) {
            int64_t index = x.transposed ? j * x.ld + i : i * x.ld + j;
            double element = (double)dtype_element(x.data, x.dtype, index);
            sum += (absolute ? fabs(element) : element) * v[j];
        }
        out[i] = sum;
    }
}

/* The vectors of one probe. */
struct probe {
    double *signs, *inner, *product, *bound_inner, *bound;
};

/* The error of one row's projection over its scale sqrt(N) K mean|ab|, see the head of gemm_probe.
 * Tensor cores truncate where a float32 addition rounds, which doubles the unit of the sums. */
static double probe_factor(const struct gemm_problem *p) {
    const double lambda = 8.0;
    double k = (double)p->k, u = dtype_unit_roundoff(DTYPE_F32);
    double sums = (sqrt(k) + 3.0) * (p->dtype == DTYPE_F32 ? u : 2.0 * u);
    double operands = p->dtype == DTYPE_TF32
                          ? sqrt(2.0) * dtype_unit_roundoff(DTYPE_TF32) * (4.0 / 3.0) / sqrt(k)
                          : 0.0;
    return lambda * (sums + operands);
}

/* Rows whose projection leaves its bound; the worst ratio. */
static double probe_worst(const struct gemm_problem *p, const struct probe *v,
                          const float *c_before, const float *c_after) {
    double factor = probe_factor(p);
    double shrunk = p->dtype == DTYPE_TF32 ? 2.0 * dtype_unit_roundoff(DTYPE_TF32) : 0.0;
    double worst = 0.0;
    for (int64_t i = 0; i < p->m; i++) {
        double expected = p->alpha * v->product[i];
        double scale = fabs((double)p->alpha) * v->bound[i];
        if (p->beta != 0.0f)
            for (int64_t j = 0; j < p->n; j++) {
                double before = c_before[i * p->ldc + j];
                expected += p->beta * before * v->signs[j];
                scale += fabs(p->beta * before) / sqrt((double)p->n);
            }
        double observed = 0.0;
        for (int64_t j = 0; j < p->n; j++)
            observed += (double)c_after[i * p->ldc + j] * v->signs[j];
        double bound = factor * scale + shrunk * fabs(p->alpha * v->product[i]) + 1e-35;
        double ratio = fabs(observed - expected) / bound;
        if (!(ratio <= worst)) /* a NaN is the worst of all */
            worst = isnan(ratio) ? INFINITY : ratio;
    }
    return worst;
}

/* Freivalds' check: C r against alpha * op(A) (op(B) r) + beta * C0 r for a vector r of random
 * signs, in O(MK + KN + MN). One wrong element moves the sum of its row by its whole error.
 *
 * The rounding errors of one row's elements are independent and zero-mean to a good approximation.
 * With probability 1 - 2 exp(-lambda^2 / 2) each is below
 *
 *     lambda sqrt(K) u (|A||B|)_ij
 *
 * (Higham and Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput.
 * 41, 2019, theorem 3.1). So their signed sum stays below
 *
 *     lambda sqrt(K) u sqrt(sum_j (|A||B|)_ij^2)
 *
 * The root is estimated from (|A||B|) 1 / sqrt(N), exact for rows of equal elements and close for
 * uniform inputs.
 *
 * tf32 rounds its operands on the way, or truncates them. Truncation makes each smaller by 2^-11 of
 * itself at most on average, which shrinks the whole projection by at most 2 * 2^-11. Around that
 * the error of each is independent and at most 2^-11. By Hoeffding's inequality their sum stays
 * below
 *
 *     lambda sqrt(2) 2^-11 sqrt(sum_jl (a_il b_lj)^2)
 *
 * For uniform inputs that root is 4/3 of sqrt(N K) times the mean |ab|. bf16 and f16 operands are
 * exact, and so are their products. */
static double product_probe(const struct gemm_problem *p, uint64_t seed, const float *c_before,
                            const float *c_after) {
    size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
    double *block = malloc((2 * n + 2 * k + 2 * m) * sizeof *block);
    if (!block)
        return INFINITY;
    struct probe v = {.signs = block,
                      .bound_inner = block + 2 * n,
                      .inner = block + 2 * n + k,
                      .product = block + 2 * n + 2 * k,
                      .bound = block + 2 * n + 2 * k + m};
    double *ones = block + n;
    for (size_t j = 0; j < n; j++) {
        v.signs[j] = random_word(seed, 0xF4E1, j) & 1 ? 1.0 : -1.0;
        ones[j] = 1.0 / sqrt((double)n);
    }
    const struct operand a = {p->a, p->dtype, p->lda, p->variant == GEMM_TN};
    const struct operand b = {p->b, p->dtype, p->ldb, p->variant == GEMM_NT};
    apply(b, p->k, p->n, v.signs, false, v.inner);
    apply(b, p->k, p->n, ones, true, v.bound_inner);
    apply(a, p->m, p->k, v.inner, false, v.product);
    apply(a, p->m, p->k, v.bound_inner, true, v.bound);
    double worst = probe_worst(p, &v, c_before, c_after);
    free(block);
    return worst;
}

double gemm_probe(const struct oracle_view *view) {
    const struct gemm_problem *problem = gemm_problem_of(view->launch);
    double worst = 0.0;
    for (int64_t i = 0; i < gemm_batch(problem); i++) {
        const struct gemm_problem one = gemm_of_batch(problem, i);
        const float *after = view->after[BUFFER_C];
        worst = fmax(worst, product_probe(&one, view->bench_case->settings.seed,
                                          gemm_before(view, i), after + i * problem->stride_c));
    }
    return worst;
}
