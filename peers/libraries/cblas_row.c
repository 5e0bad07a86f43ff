/* A row of gemm: cblas_sgemm of a library that lies beside the one that lockstep is linked with.
 * `make bench-libraries` compiles it once a library:
 *
 *   -DROW='"mkl-pypi"'            what the row is called
 *   -DLIBRARY='"…/libmkl_rt.so"'  the library
 *   -DSGEMM='"cblas_sgemm"'       its function
 *   -DSET_THREADS='"MKL_Set_Num_Threads"'  and the one that takes the number of threads
 */
#include <lockstep/implementation.h>

#include <dlfcn.h>

#if !defined(ROW)
#    define ROW "none"
#    define LIBRARY ""
#    define SGEMM ""
#    define SET_THREADS ""
#endif

enum { ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112 };

typedef void sgemm_function(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            float alpha, const void *a, int lda, const void *b, int ldb, float beta,
                            float *c, int ldc);

static const struct lockstep_calls *calls;

static struct {
    sgemm_function *sgemm;
    void (*set_threads)(int threads);
    int threads; /* that it was told last */
} library;

/* Its own names come first: the process has other libraries that define the same ones. */
static bool library_open(void) {
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (handle == NULL)
        return false;
    *(void **)&library.sgemm = dlsym(handle, SGEMM);
    *(void **)&library.set_threads = dlsym(handle, SET_THREADS);
    return library.sgemm != NULL && library.set_threads != NULL;
}

static enum status multiply(const struct gemm_problem *p, struct execution *execution) {
    if (library.sgemm == NULL && !library_open())
        return calls->refuse(execution, STATUS_UNSUPPORTED, "cannot load %s", LIBRARY);
    if (library.threads != execution->threads) {
        library.set_threads(execution->threads);
        library.threads = execution->threads;
    }
    library.sgemm(ROW_MAJOR, p->variant == GEMM_TN ? TRANSPOSED : AS_IT_IS,
                  p->variant == GEMM_NT ? TRANSPOSED : AS_IT_IS, (int)p->m, (int)p->n, (int)p->k,
                  p->alpha, p->a, (int)p->lda, p->b, (int)p->ldb, p->beta, p->c, (int)p->ldc);
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {
    {.operation = "gemm", .name = ROW, .summary = SGEMM " of " LIBRARY, .run.gemm = multiply}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY_CALLING(rows, &calls);
