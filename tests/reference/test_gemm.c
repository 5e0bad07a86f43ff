/* gemm implementations against the oracle: variants, alpha, beta, leading dimensions, NaN in C. */
#include "common/narrow.h"
#include "reference/ladder.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/cpu.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <cblas.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct fixture {
    struct gemm_problem problem;
    gemm_kernel *kernel;
    const char *kernel_name;
    float *a, *b, *c, *before;
    int64_t c_count;
    double *expected, *tolerance;
};

static int64_t stored_rows(bool transposed, int64_t rows, int64_t columns) {
    return transposed ? columns : rows;
}

static void run_once(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    const struct gemm_problem *problem = &fixture->problem;
    memcpy(fixture->c, fixture->before, (size_t)fixture->c_count * sizeof(float));
    enum status status = fixture->kernel(problem, execution);
    if (status == STATUS_UNSUPPORTED && problem->dtype != DTYPE_F32)
        return; /* this processor has no arithmetic for it that the library uses */
    assert_int_equal(status, STATUS_OK);
    char what[256];
    int written = snprintf(what, sizeof what,
                           "%s gemm variant %d dtype %d %lldx%lldx%lld alpha %g beta %g, %s",
                           fixture->kernel_name, problem->variant, problem->dtype,
                           (long long)problem->m, (long long)problem->n, (long long)problem->k,
                           (double)problem->alpha, (double)problem->beta, name);
    assert_in_range(written, 1, sizeof what - 1);
    for (int64_t i = 0; i < problem->m; i++) {
        check_all(what, fixture->expected + i * problem->n, fixture->tolerance + i * problem->n,
                  fixture->c + i * problem->ldc, problem->n);
        for (int64_t j = problem->n; j < problem->ldc; j++)
            assert_memory_equal(&fixture->c[i * problem->ldc + j],
                                &fixture->before[i * problem->ldc + j], sizeof(float));
    }
    guarded_check(fixture->c, fixture->c_count, what);
}

static const struct {
    const char *name;
    gemm_kernel *kernel;
    bool (*absent)(void);
    bool every_dtype; /* else f32, which does for tf32 too */
} subjects[] = {
    {"naive", gemm_naive, NULL, true},       {"ordered", gemm_ordered, NULL, false},
    {"blocked", gemm_blocked, NULL, false},  {"openblas", gemm_openblas, NULL, false},
    {"blis", gemm_blis, blis_absent, false}, {"onednn", gemm_onednn, onednn_absent, true},
    {"simd", gemm_simd, NULL, true},
};

/* Inputs of the dtype as it is stored, in a block that floats would fit into. */
static void fill_operand(enum dtype dtype, uint64_t stream, float *operand, int64_t count) {
    fill_inputs(INPUTS_UNIFORM, stream, operand, count);
    uint16_t *narrow = (uint16_t *)(void *)operand;
    if (dtype_is_narrow(dtype))
        for (int64_t i = 0; i < count; i++) {
            float value;
            memcpy(&value, (char *)operand + i * 4, sizeof value);
            uint16_t bits = dtype == DTYPE_BF16 ? bf16_round(value) : f16_round(value);
            memcpy(narrow + i, &bits, sizeof bits);
        }
}

/* With a last level of cache that nothing fits into. */
static void run_from_memory(struct fixture *fixture) {
    struct message message = {""};
    struct execution execution = {.threads = 1, .message = &message};
    assert_int_equal(cpu_open(1, &execution.cpu, &message), STATUS_OK);
    run_once(&execution, "from memory", fixture);
    cpu_close(execution.cpu);
}

static void run_each_set(struct fixture *fixture) {
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        fixture->kernel_name = instruction_set_name(set);
        if (!dtype_is_narrow(fixture->problem.dtype)) {
            fixture->kernel = simd_kernels_of(set)->gemm_parallel;
            each_setting(2, run_once, fixture);
        }
        fixture->kernel = simd_kernels_of(set)->gemm_simd;
        each_setting(2, run_once, fixture);
        struct message message = {""};
        struct execution grid = {.threads = 4, .message = &message}; /* parts in both directions */
        run_once(&grid, "four threads", fixture);
        run_from_memory(fixture);
    }
}

static void run_dtype(enum dtype dtype, enum gemm_variant variant, const int64_t shape[3],
                      float alpha, float beta, int64_t padding, bool simd_alone) {
    int64_t m = shape[0], n = shape[1], k = shape[2];
    struct gemm_problem problem = {.variant = variant,
                                   .dtype = dtype,
                                   .m = m,
                                   .n = n,
                                   .k = k,
                                   .alpha = alpha,
                                   .beta = beta,
                                   .lda = (variant == GEMM_TN ? m : k) + padding,
                                   .ldb = (variant == GEMM_NT ? k : n) + padding,
                                   .ldc = n + padding};
    int64_t a_count = stored_rows(variant == GEMM_TN, m, k) * problem.lda;
    int64_t b_count = stored_rows(variant == GEMM_NT, k, n) * problem.ldb;
    struct fixture fixture = {.a = guarded_new(a_count, 0),
                              .b = guarded_new(b_count, 0),
                              .c_count = m * problem.ldc,
                              .expected = calloc((size_t)(m * n), sizeof(double)),
                              .tolerance = calloc((size_t)(m * n), sizeof(double))};
    assert_true(fixture.expected && fixture.tolerance);
    fixture.c = guarded_new(fixture.c_count, 0);
    fixture.before = guarded_new(fixture.c_count, 0);
    fill_operand(dtype, 1, fixture.a, a_count);
    fill_operand(dtype, 2, fixture.b, b_count);
    if (beta != 0) /* else C stays NaN, which must not survive */
        fill_inputs(INPUTS_UNIFORM, 3, fixture.before, fixture.c_count);
    problem.a = fixture.a;
    problem.b = fixture.b;
    problem.c = fixture.c;
    fixture.problem = problem;
    oracle_gemm(&problem, fixture.before, 0, m, fixture.expected, fixture.tolerance);
    for (size_t i = 0; !simd_alone && i < sizeof subjects / sizeof *subjects; i++) {
        if ((subjects[i].absent != NULL && subjects[i].absent()) ||
            (dtype_is_narrow(dtype) && !subjects[i].every_dtype))
            continue;
        fixture.kernel = subjects[i].kernel;
        fixture.kernel_name = subjects[i].name;
        each_setting(2, run_once, &fixture);
    }
    run_each_set(&fixture);
    guarded_free(fixture.a, 0);
    guarded_free(fixture.b, 0);
    guarded_free(fixture.c, 0);
    guarded_free(fixture.before, 0);
    free(fixture.expected);
    free(fixture.tolerance);
}

static void run_problem(enum gemm_variant variant, const int64_t shape[3], float alpha, float beta,
                        int64_t padding) {
    for (int dtype = DTYPE_F32; dtype <= DTYPE_F16; dtype++)
        run_dtype((enum dtype)dtype, variant, shape, alpha, beta, padding, false);
}

/* A and B hold nothing but NaN, and C does where beta is 0: what alpha and beta of 0 leave
 * unread. */
TEST(unread_operands) {
    enum { SIZE = 3 };
    const uint32_t all = 0x7fc07fc0; /* a NaN as a float, and two of them in both narrow types */
    for (int dtype = DTYPE_F32; dtype <= DTYPE_F16; dtype++)
        for (int beta = 0; beta <= 1; beta++)
            for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
                float operand[SIZE * SIZE], c[SIZE * SIZE];
                struct message message = {""};
                struct execution execution = {.threads = 1, .message = &message};
                for (int at = 0; at < SIZE * SIZE; at++) {
                    memcpy(&operand[at], &all, sizeof all);
                    c[at] = beta ? 1.5F : NAN;
                }
                struct gemm_problem problem = {.dtype = (enum dtype)dtype,
                                               .m = SIZE,
                                               .n = SIZE,
                                               .k = SIZE,
                                               .beta = (float)beta,
                                               .a = operand,
                                               .b = operand,
                                               .c = c,
                                               .lda = SIZE,
                                               .ldb = SIZE,
                                               .ldc = SIZE};
                enum status status = subjects[i].kernel(&problem, &execution);
                if (status == STATUS_UNSUPPORTED)
                    continue;
                assert_int_equal(status, STATUS_OK);
                for (int at = 0; at < SIZE * SIZE; at++)
                    assert_true(c[at] == (beta ? 1.5F : 0.0F));
            }
}

TEST(awkward_shapes) {
    static const int64_t shapes[][3] = {{1, 1, 1},   {1, 17, 5},   {17, 1, 3},     {2, 3, 1},
                                        {7, 11, 13}, {33, 65, 17}, {100, 10, 128}, {65, 33, 784}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
            run_problem((enum gemm_variant)variant, shapes[i], 1, 0, 0);
            run_problem((enum gemm_variant)variant, shapes[i], -0.5F, 0.75F, 3);
        }
}

/* Past the edges of the ladder's blocks in every direction. */
TEST(more_than_a_block) {
    static const int64_t shape[] = {101, 523, 261};
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++)
        run_problem((enum gemm_variant)variant, shape, 1, 1, 1);
}

/* Tiles, vectors and few rows or columns end at each of these sizes in one instruction set or
 * another. */
TEST(every_edge_of_simd) {
    static const int64_t sizes[] = {3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 29, 31, 32, 33};
    static const int count = sizeof sizes / sizeof *sizes;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
                const int64_t shape[] = {sizes[i], sizes[j], sizes[(i + j) % count]};
                run_dtype((enum dtype)((i + j) % DTYPES), (enum gemm_variant)variant, shape, 1.5F,
                          (float)(i % 2), j % 3, true);
            }
}

/* Past the edges of cpu-simd's own blocks and strips, and of the ways that few rows or columns
 * take.
 */
TEST(more_than_a_block_of_simd) {
    static const int64_t shapes[][3] = {
        {300, 800, 530}, {260, 40, 1100}, {1, 4500, 70},  {4500, 1, 70},  {8, 600, 1100},
        {600, 7, 1100},  {3, 257, 4200},  {257, 5, 4200}, {30, 1024, 77}, {1, 600, 701}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
            run_dtype(DTYPE_F32, (enum gemm_variant)variant, shapes[i], 1, 0, 0, true);
            run_dtype(DTYPE_BF16, (enum gemm_variant)variant, shapes[i], 1, 0.5F, 0, true);
            run_dtype(DTYPE_F16, (enum gemm_variant)variant, shapes[i], -2, 1, 5, true);
        }
}

/* A matrix whose last element is the last of a page, and the page behind it may not be touched. */
struct fenced {
    unsigned char *pages;
    size_t bytes;
    void *data;
};

static struct fenced fenced_new(size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct fenced fenced = {.bytes = (bytes + page - 1) / page * page + page};
    fenced.pages =
        mmap(NULL, fenced.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(fenced.pages != MAP_FAILED);
    assert_int_equal(mprotect(fenced.pages + fenced.bytes - page, page, PROT_NONE), 0);
    fenced.data = fenced.pages + fenced.bytes - page - bytes;
    return fenced;
}

static void fenced_free(struct fenced fenced) {
    assert_int_equal(munmap(fenced.pages, fenced.bytes), 0);
}

/* Vectors are wider than what is left of a row: nothing past the last element is read. */
TEST(nothing_behind_is_touched) {
    static const int64_t shapes[][3] = {{1, 1, 1},   {1, 70, 67},  {70, 1, 67}, {5, 33, 65},
                                        {33, 5, 65}, {17, 19, 23}, {63, 47, 33}};
    struct message message = {""};
    struct execution execution = {.threads = 1, .message = &message};
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best(); set++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int variant = GEMM_NN; variant <= GEMM_TN; variant++)
                for (int dtype = DTYPE_F32; dtype <= DTYPE_F16; dtype++) {
                    const int64_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
                    size_t size = dtype_is_narrow((enum dtype)dtype) ? 2 : 4;
                    struct fenced a = fenced_new((size_t)(m * k) * size);
                    struct fenced b = fenced_new((size_t)(k * n) * size);
                    struct fenced c = fenced_new((size_t)(m * n) * sizeof(float));
                    struct gemm_problem problem = {.variant = (enum gemm_variant)variant,
                                                   .dtype = (enum dtype)dtype,
                                                   .m = m,
                                                   .n = n,
                                                   .k = k,
                                                   .alpha = 1,
                                                   .beta = 1,
                                                   .a = a.data,
                                                   .b = b.data,
                                                   .c = c.data,
                                                   .lda = variant == GEMM_TN ? m : k,
                                                   .ldb = variant == GEMM_NT ? k : n,
                                                   .ldc = n};
                    assert_int_equal(simd_kernels_of(set)->gemm_simd(&problem, &execution),
                                     STATUS_OK);
                    fenced_free(a);
                    fenced_free(b);
                    fenced_free(c);
                }
}

/* BLIS has a CBLAS of its own: this name must find OpenBLAS. */
TEST(cblas_is_openblas) {
    void *function;
    void (*address)(const enum CBLAS_ORDER, const enum CBLAS_TRANSPOSE, const enum CBLAS_TRANSPOSE,
                    const blasint, const blasint, const blasint, const float, const float *,
                    const blasint, const float *, const blasint, const float, float *,
                    const blasint) = cblas_sgemm;
    memcpy(&function, &address, sizeof function);
    Dl_info found;
    assert_true(dladdr(function, &found) != 0);
    assert_non_null(strstr(found.dli_fname, "openblas"));
}

TEST(peer_describes_itself) {
    if (blis_absent()) {
        assert_null(blis_configuration());
        return;
    }
    assert_true(strlen(blis_version()) > 0 && strlen(blis_configuration()) > 0);
    assert_string_equal(blis_parallel_model(), "openmp");
}

TEST(other_types_are_refused) {
    struct message message = {""};
    struct execution execution = {.threads = 1, .message = &message};
    struct gemm_problem problem = {.dtype = DTYPE_BF16, .m = 1, .n = 1, .k = 1};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (subjects[i].every_dtype || (subjects[i].absent != NULL && subjects[i].absent()))
            continue;
        assert_int_equal(subjects[i].kernel(&problem, &execution), STATUS_UNSUPPORTED);
        assert_non_null(strstr(message.text, "f32"));
    }
    assert_int_equal(gemm_parallel(&problem, &execution), STATUS_UNSUPPORTED);
}

TEST(library_describes_itself) {
    assert_non_null(strstr(openblas_version(), "OpenBLAS"));
    assert_true(strlen(openblas_core_type()) > 0);
    assert_string_equal(openblas_parallel_model(), "openmp");
}
