/* A product of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -o mine.so
 *     lockstep verify gemm --add ./mine.so
 */
#include <lockstep/implementation.h>

/* C = alpha op(A) op(B) + beta C. Where alpha is 0 A and B are not read, where beta is 0 C is not: a
 * NaN there does not survive. Other dtypes than f32 are 16 bits an element: `dtypes` below claims
 * f32 alone. */
static enum status mine(const struct gemm_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    const float *a = p->a, *b = p->b;
    for (int64_t row = 0; row < p->m; row++)
        for (int64_t column = 0; column < p->n; column++) {
            float sum = 0.0f;
            for (int64_t i = 0; p->alpha != 0.0f && i < p->k; i++)
                sum += a[p->variant == GEMM_TN ? i * p->lda + row : row * p->lda + i] *
                       b[p->variant == GEMM_NT ? column * p->ldb + i : i * p->ldb + column];
            float *c = &p->c[row * p->ldc + column];
            *c = p->alpha * sum + (p->beta == 0.0f ? 0.0f : p->beta * *c);
        }
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "gemm",
                                            .name = "mine",
                                            .summary = "three nested loops",
                                            .one_thread = true,
                                            .run.gemm = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
