/* A row of gemm: the matmul primitive of a oneDNN 3 that lies beside the one that lockstep is
 * linked with, made once for each shape. `make bench-libraries` compiles it with the headers of
 * that version and
 *
 *   -DROW='"onednn-pypi"'       what the row is called
 *   -DLIBRARY='"…/libdnnl.so"'  the library
 *
 * Nothing is here without ROW: the headers that the tree is checked with are of another version.
 */
#ifdef ROW
#    include <dlfcn.h>
#    include <dnnl.h>
#    include <lockstep/implementation.h>
#    include <stdlib.h>
#    include <string.h>

#    define CALLS(call)                                                                            \
        call(dnnl_engine_create) call(dnnl_stream_create) call(dnnl_stream_wait)                   \
            call(dnnl_memory_desc_create_with_strides) call(dnnl_memory_create)                    \
                call(dnnl_memory_set_data_handle) call(dnnl_matmul_primitive_desc_create)          \
                    call(dnnl_primitive_create) call(dnnl_primitive_execute)

static const struct lockstep_calls *calls;

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#    define MEMBER(name) __typeof__(name) *name;
static struct {
    CALLS(MEMBER)
    dnnl_engine_t engine;
    dnnl_stream_t stream;
} library;

/* What a primitive was made for. They are never freed: a run has few. */
enum { OPERANDS = 3, SIZES = 7, MADE_MOST = 256 };
static struct made {
    int64_t key[SIZES];
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[OPERANDS];
} made[MADE_MOST];
static int made_count;

/* Its own names come first: the process has another version, which defines the same ones. */
static bool library_open(void) {
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (handle == NULL)
        return false;
    bool is_whole = true;
#    define FIND(name)                                                                             \
        *(void **)&library.name = dlsym(handle, #name);                                            \
        is_whole = is_whole && library.name != NULL;
    CALLS(FIND)
    return is_whole && library.dnnl_engine_create(&library.engine, dnnl_cpu, 0) == dnnl_success &&
           library.dnnl_stream_create(&library.stream, library.engine, dnnl_stream_default_flags) ==
               dnnl_success;
}

static bool make(const struct gemm_problem *p, struct made *into) {
    const bool a_turned = p->variant == GEMM_TN, b_turned = p->variant == GEMM_NT;
    const dnnl_dims_t sizes[OPERANDS] = {{p->m, p->k}, {p->k, p->n}, {p->m, p->n}};
    const dnnl_dims_t strides[OPERANDS] = {{a_turned ? 1 : p->lda, a_turned ? p->lda : 1},
                                           {b_turned ? 1 : p->ldb, b_turned ? p->ldb : 1},
                                           {p->ldc, 1}};
    dnnl_memory_desc_t shapes[OPERANDS];
    for (int i = 0; i < OPERANDS; i++)
        if (library.dnnl_memory_desc_create_with_strides(&shapes[i], 2, sizes[i], dnnl_f32,
                                                         strides[i]) != dnnl_success ||
            library.dnnl_memory_create(&into->memory[i], shapes[i], library.engine,
                                       DNNL_MEMORY_NONE) != dnnl_success)
            return false;
    dnnl_primitive_desc_t description;
    return library.dnnl_matmul_primitive_desc_create(&description, library.engine, shapes[0],
                                                     shapes[1], NULL, shapes[2],
                                                     NULL) == dnnl_success &&
           library.dnnl_primitive_create(&into->primitive, description) == dnnl_success;
}

static struct made *find(const struct gemm_problem *p) {
    const int64_t key[SIZES] = {p->variant, p->m, p->n, p->k, p->lda, p->ldb, p->ldc};
    for (int i = 0; i < made_count; i++)
        if (memcmp(made[i].key, key, sizeof key) == 0)
            return &made[i];
    if (made_count == MADE_MOST || !make(p, &made[made_count]))
        return NULL;
    memcpy(made[made_count].key, key, sizeof key);
    return &made[made_count++];
}

static bool execute(const struct gemm_problem *p, const struct made *kept) {
    void *const data[OPERANDS] = {(void *)p->a, (void *)p->b, p->c};
    static const int names[OPERANDS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    dnnl_exec_arg_t arguments[OPERANDS];
    for (int i = 0; i < OPERANDS; i++) {
        if (library.dnnl_memory_set_data_handle(kept->memory[i], data[i]) != dnnl_success)
            return false;
        arguments[i] = (dnnl_exec_arg_t){names[i], kept->memory[i]};
    }
    return library.dnnl_primitive_execute(kept->primitive, library.stream, OPERANDS, arguments) ==
               dnnl_success &&
           library.dnnl_stream_wait(library.stream) == dnnl_success;
}

/* Its threads are those of SYCL, whose number a variable sets for the whole process. */
static enum status multiply(const struct gemm_problem *p, struct execution *execution) {
    const char *threads = getenv("DPCPP_CPU_NUM_CUS");
    if (threads == NULL || strtol(threads, NULL, 10) != execution->threads)
        return calls->refuse(execution, STATUS_UNSUPPORTED,
                             "DPCPP_CPU_NUM_CUS is not the number of threads");
    if (p->alpha != 1 || p->beta != 0 || p->m == 0 || p->n == 0 || p->k == 0)
        return calls->refuse(execution, STATUS_UNSUPPORTED, "computes C = A B only");
    if (library.stream == NULL && !library_open())
        return calls->refuse(execution, STATUS_UNSUPPORTED, "cannot load %s", LIBRARY);
    const struct made *kept = find(p);
    if (kept == NULL || !execute(p, kept))
        return calls->refuse(execution, STATUS_FAILED, "oneDNN could not multiply");
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {
    {.operation = "gemm", .name = ROW, .summary = "matmul of " LIBRARY, .run.gemm = multiply}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY_CALLING(rows, &calls);
#endif
