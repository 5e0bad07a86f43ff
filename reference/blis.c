/* `blis`: BLIS's own typed interface, bli_sgemm, as a peer of OpenBLAS. Built in where the build
 * found it (HAVE_BLIS), else the kernel says that it is not there.
 *
 * Its openmp build shares OpenBLAS's pool of threads. It also brings a BLAS and a CBLAS of its own;
 * OpenBLAS is linked before it, so calls of those names find OpenBLAS, and
 * tests/reference/test_cpu.c looks.
 *
 * BLIS picks its kernels by the processor, or by BLIS_ARCH_TYPE: 0.9.0 knows no Zen 4 and takes its
 * zen3 configuration there, of AVX2 kernels. So what it picked is part of a row.
 */
#include "reference/libraries.h"

#include <stddef.h>
#include <stdio.h>

#ifdef HAVE_BLIS

#    include <blis.h>

/* A matrix as stored, seen as op() of it: the strides say which. */
struct strided {
    float *data;
    inc_t row, column;
};

static struct strided strided(const void *data, int64_t ld, bool transposed) {
    return (struct strided){(float *)data, transposed ? 1 : ld, transposed ? ld : 1};
}

enum status gemm_blis(const struct gemm_problem *problem, struct execution *execution) {
    if (dtype_is_narrow(problem->dtype))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "blis multiplies f32 matrices only; use --dtype f32 or tf32");
    struct strided a = strided(problem->a, problem->lda, problem->variant == GEMM_TN);
    struct strided b = strided(problem->b, problem->ldb, problem->variant == GEMM_NT);
    float alpha = problem->alpha, beta = problem->beta; /* the library takes no const */
    bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, problem->m, problem->n, problem->k, &alpha,
              a.data, a.row, a.column, b.data, b.row, b.column, &beta, problem->c, problem->ldc, 1);
    return STATUS_OK;
}

void blis_threads_set(int threads) {
    bli_thread_set_num_threads(threads);
}

const char *blis_version(void) {
    return bli_info_get_version_str();
}

/* Where BLIS_ARCH_TYPE is set, BLIS looks up what it chose, which wants a BLIS that has begun. */
const char *blis_configuration(void) {
    bli_init();
    return bli_arch_string(bli_arch_query_id());
}

void blis_kernels_advise(enum instruction_set set, char *text, size_t size) {
    snprintf(text, size, "BLIS_ARCH_TYPE=%d",
             (int)(set == INSTRUCTION_SET_AVX512 ? BLIS_ARCH_SKX
                   : set == INSTRUCTION_SET_AVX2 ? BLIS_ARCH_HASWELL
                                                 : BLIS_ARCH_GENERIC));
}

const char *blis_parallel_model(void) {
    return bli_info_get_enable_openmp()     ? "openmp"
           : bli_info_get_enable_pthreads() ? "pthread"
                                            : "serial";
}

#else

enum status gemm_blis(const struct gemm_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_UNSUPPORTED,
                       "this build has no BLIS; install libblis-openmp-dev and build again");
}

void blis_threads_set(int threads) {
    (void)threads;
}

const char *blis_version(void) {
    return NULL;
}

const char *blis_configuration(void) {
    return NULL;
}

void blis_kernels_advise(enum instruction_set set, char *text, size_t size) {
    (void)set;
    snprintf(text, size, "%s", "");
}

const char *blis_parallel_model(void) {
    return NULL;
}

#endif

bool blis_absent(void) {
    return blis_version() == NULL;
}
