/* `openblas`: CBLAS with nothing in between, and what the library says about itself.
 *
 * OpenBLAS's OpenMP build shares one pool of threads with the vectorised kernels; the pthread build
 * beside OpenMP code has two pools spinning against each other, which costs a training step a
 * factor of ten. So the parallel model is part of what a run reports. A build by clang, whose own
 * OpenMP library is loaded first, has one pool too: OpenBLAS's and oneDNN's calls into gcc's
 * library bind to clang's.
 */
#include "common/gemm_batch.h"
#include "reference/libraries.h"

#include <cblas.h>
#include <limits.h>
#include <omp.h>
#include <stdio.h>

static bool fits_blas_integer(const struct gemm_problem *problem) {
    const int64_t sizes[] = {problem->m,   problem->n,   problem->k,
                             problem->lda, problem->ldb, problem->ldc};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] > (int64_t)(sizeof(blasint) == 4 ? INT_MAX : INT64_MAX))
            return false;
    return true;
}

enum status gemm_openblas(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->batch > 1)
        return gemm_each(problem, gemm_openblas, execution);
    if (dtype_is_narrow(problem->dtype))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "openblas multiplies f32 matrices only; use --dtype f32 or tf32");
    if (!fits_blas_integer(problem))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "this OpenBLAS counts in 32-bit integers; a size above %d needs its "
                           "64-bit build",
                           INT_MAX);
    /* Some of OpenBLAS 0.3.21's small-matrix kernels multiply by an alpha of 0 and so bring in the
     * NaNs of A and B, which the BLAS says are not read. No products, no NaNs. */
    blasint k = problem->alpha != 0.0f ? (blasint)problem->k : 0;
    cblas_sgemm(CblasRowMajor, problem->variant == GEMM_TN ? CblasTrans : CblasNoTrans,
                problem->variant == GEMM_NT ? CblasTrans : CblasNoTrans, (blasint)problem->m,
                (blasint)problem->n, k, problem->alpha, problem->a, (blasint)problem->lda,
                problem->b, (blasint)problem->ldb, problem->beta, problem->c,
                (blasint)problem->ldc);
    return STATUS_OK;
}

void cpu_threads_set(int threads) {
    /* OpenBLAS hands each of its threads a part and waits for all: for ever, where OpenMP gives it
     * fewer than it asks for, because of OMP_THREAD_LIMIT, OMP_DYNAMIC or OMP_MAX_ACTIVE_LEVELS. */
    if (threads > omp_get_thread_limit())
        threads = omp_get_thread_limit();
    omp_set_dynamic(0);
    omp_set_max_active_levels(1);
    omp_set_num_threads(threads);
    openblas_set_num_threads(threads);
    blis_threads_set(threads);
}

const char *openblas_version(void) {
    return openblas_get_config();
}

const char *openblas_core_type(void) {
    return openblas_get_corename();
}

void openblas_kernels_advise(enum instruction_set set, char *text, size_t size) {
    snprintf(text, size, "OPENBLAS_CORETYPE=%s",
             set == INSTRUCTION_SET_AVX512 ? "SkylakeX"
             : set == INSTRUCTION_SET_AVX2 ? "Haswell"
                                           : "Prescott");
}

const char *openblas_parallel_model(void) {
    switch (openblas_get_parallel()) {
    case OPENBLAS_SEQUENTIAL:
        return "serial";
    case OPENBLAS_THREAD:
        return "pthread";
    case OPENBLAS_OPENMP:
        return "openmp";
    default:
        return "unknown";
    }
}
