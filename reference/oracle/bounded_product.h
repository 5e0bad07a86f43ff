/* A matrix product in float64 together with a bound of what float32 may make of it.
 *
 * With A^ and B^ the matrices that a float32 implementation holds, |A^ - A| <= EA and |B^ - B| <=
 * EB elementwise, and u its unit roundoff (2^-24, or twice that where sums are truncated), any
 * order of summation, with or without fused multiply-add, obeys
 *
 *     |fl(A^ B^) - A B| <= gamma_(k+2) |A^| |B^| + EA |B^| + |A| EB,    gamma_n = n u / (1 - n u)
 *
 * (Higham, "Accuracy and stability of numerical algorithms", 2nd edition, section 3.5, for the
 * first term; A^ B^ - A B = (A^ - A) B^ + A (B^ - B) for the others), with |A^| <= |A| + EA. To it
 * comes 2^-126 a term for operands, products and sums that flush to zero.
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_BOUNDED_PRODUCT_H
#define LOCKSTEP_REFERENCE_ORACLE_BOUNDED_PRODUCT_H

#include <stdint.h>

/* A view of a matrix: element (r, c) at r * row_stride + c * column_stride. Either `exact`, numbers
 * that the implementation holds to the last bit, or `value` with the bound `error`. */
struct bounded_matrix {
    const float *exact;
    const double *value;
    const float *error;
    int64_t row_stride, column_stride;
};

/* The same view, starting at element (row, column). */
struct bounded_matrix bounded_matrix_from(struct bounded_matrix matrix, int64_t row,
                                          int64_t column);

/* value[m, n] = A[m, k] B[k, n], error[m, n] the bound above for u = `unit`, rounded up; both
 * without padding. All elements must be finite. Runs on all OpenMP threads and allocates
 * nothing. */
void bounded_product(int64_t m, int64_t n, int64_t k, struct bounded_matrix a,
                     struct bounded_matrix b, double unit, double *value, float *error);

#endif
