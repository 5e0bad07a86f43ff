/* The float64 oracle of gemm: C = alpha * op(A) * op(B) + beta * C by the definition, with the
 * componentwise error bound beside it. Shows how an error bound is accumulated together with the
 * result: |A||B| costs one more addition a product.
 */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

#include <string.h>

static double bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* IEEE binary16: subnormals are 2^-24 times the significand. */
static double half_to_double(uint16_t half) {
    int exponent = (half >> 10) & 31;
    int significand = half & 1023;
    double magnitude = exponent == 0    ? ldexp(significand, -24)
                       : exponent == 31 ? (significand ? (double)NAN : (double)INFINITY)
                                        : ldexp(1024 + significand, exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

static double element(const void *matrix, enum dtype dtype, int64_t index) {
    switch (dtype) {
    case DTYPE_BF16:
        return bits_to_float((uint32_t)((const uint16_t *)matrix)[index] << 16);
    case DTYPE_F16:
        return half_to_double(((const uint16_t *)matrix)[index]);
    case DTYPE_F32:
    case DTYPE_TF32:
        break;
    }
    return (double)((const float *)matrix)[index];
}

/* Relative error of one product and its way into the sum.
 *
 * f32: the rounding of the product, at most K additions (the partial sums and C) and the
 * multiplication by alpha: gamma_(K+2), Higham section 3.1, whatever the order.
 * Other types: products are exact in float32, but tensor cores truncate where a float32 addition
 * rounds (Fasi, Higham, Mikaitis and Pranesh, "Numerical behavior of NVIDIA tensor cores", PeerJ CS
 * 2021), which doubles the unit. tf32 keeps 10 of the 23 fraction bits of A and B, and hardware
 * that is given the raw float truncates: 2^-10 for each factor. */
static double product_error(enum dtype dtype, int64_t k) {
    double roundings = (double)k + 2;
    if (dtype == DTYPE_F32)
        return gamma_bound(roundings, UNIT_F32);
    double input = dtype == DTYPE_TF32 ? 0x1p-10 : 0;
    return gamma_bound(roundings, 2 * UNIT_F32) + 2 * input + input * input;
}

/* Strides that make a[i, l] and b[l, j] of op(A) and op(B), in elements. */
struct strides {
    int64_t a_row, a_step, b_step, b_column;
};

static struct strides gemm_strides(const struct gemm_problem *problem) {
    bool a_transposed = problem->variant == GEMM_TN;
    bool b_transposed = problem->variant == GEMM_NT;
    return (struct strides){
        .a_row = a_transposed ? 1 : problem->lda,
        .a_step = a_transposed ? problem->lda : 1,
        .b_step = b_transposed ? 1 : problem->ldb,
        .b_column = b_transposed ? problem->ldb : 1,
    };
}

/* One product's share of an element's bound. Where a factor is subnormal it may count as zero, and
 * the whole product is lost. */
static inline double product_bound(double a, double b, double relative) {
    double magnitude = fabs(a * b);
    return is_subnormal_or_zero(a) || is_subnormal_or_zero(b) ? magnitude : relative * magnitude;
}

/* sums[j] = sum over l of a[l] * b[l, j] and bounds[j] its error, for one row of op(A); b is walked
 * along its rows as stored. Inlined once a dtype, so that `element` becomes one conversion. */
static inline __attribute__((always_inline)) void
row_products_of(const struct gemm_problem *problem, enum dtype dtype, int64_t row, double *sums,
                double *bounds) {
    struct strides strides = gemm_strides(problem);
    double relative = product_error(problem->dtype, problem->k);
    bool along_k = strides.b_step == 1;
    int64_t outer = along_k ? problem->n : problem->k;
    int64_t inner = along_k ? problem->k : problem->n;
    memset(sums, 0, (size_t)problem->n * sizeof *sums);
    memset(bounds, 0, (size_t)problem->n * sizeof *bounds);
    if (problem->alpha == 0) /* A and B are not read: their NaNs do not count */
        return;
    for (int64_t p = 0; p < outer; p++)
        for (int64_t q = 0; q < inner; q++) {
            int64_t l = along_k ? q : p;
            int64_t j = along_k ? p : q;
            double a = element(problem->a, dtype, row * strides.a_row + l * strides.a_step);
            double b = element(problem->b, dtype, l * strides.b_step + j * strides.b_column);
            sums[j] += a * b;
            bounds[j] += product_bound(a, b, relative);
        }
}

static void row_products(const struct gemm_problem *problem, int64_t row, double *sums,
                         double *bounds) {
    switch (problem->dtype) {
    case DTYPE_BF16:
        row_products_of(problem, DTYPE_BF16, row, sums, bounds);
        break;
    case DTYPE_F16:
        row_products_of(problem, DTYPE_F16, row, sums, bounds);
        break;
    case DTYPE_F32:
    case DTYPE_TF32: /* the same storage */
        row_products_of(problem, DTYPE_F32, row, sums, bounds);
        break;
    }
}

/* |alpha| times the products' bound, gamma_(K+2) |beta C| (C may take part in each of the partial
 * sums), and an underflow in each of the K products, K sums, two scalings and the last addition. */
void oracle_gemm(const struct gemm_problem *problem, const float *c_before, int64_t first_row,
                 int64_t rows, double *expected, double *tolerance) {
    double relative = product_error(problem->dtype, problem->k);
    double alpha = (double)problem->alpha;
    double beta = (double)problem->beta;
    double flushes = FLUSH * (2 * (double)problem->k * fmax(1, fabs(alpha)) + 3);
    for (int64_t i = 0; i < rows; i++) {
        double *sums = expected + i * problem->n;
        double *bounds = tolerance + i * problem->n;
        row_products(problem, first_row + i, sums, bounds);
        for (int64_t j = 0; j < problem->n; j++) {
            double largest = bounds[j] / relative;
            sums[j] *= alpha;
            bounds[j] = bounds[j] * fabs(alpha) + flushes;
            if (problem->beta != 0) {
                double before = (double)c_before[(first_row + i) * problem->ldc + j];
                sums[j] += beta * before;
                bounds[j] += product_bound(beta, before, relative);
                largest += fabs(beta * before);
            }
            bound_settle(largest, &sums[j], &bounds[j]);
        }
    }
}
