/* gemm by cuBLAS beyond f32, and what it refuses, against the stand-ins. */
#include "common/gemm_batch.h"
#include "gpu/cublas.h"
#include "kernels/kernels.h"
#include "reference/oracle/oracle.h"
#include "tests/stand_in/client.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <string.h>

enum { M = 19, N = 23, K = 31, OPERANDS = K * N };

static int set_up(void **state) {
    *state = staging_open_stand_in();
    return 0;
}

static int tear_down(void **state) {
    stand_in_order(NULL);
    staging_close(*state);
    return 0;
}

#define TEST_ON_GPU(test) TEST_BETWEEN(test, set_up, tear_down)

static struct gemm_problem problem_of(enum dtype dtype) {
    return (struct gemm_problem){.variant = GEMM_NN,
                                 .dtype = dtype,
                                 .m = M,
                                 .n = N,
                                 .k = K,
                                 .alpha = 1.5F,
                                 .lda = K,
                                 .ldb = N,
                                 .ldc = N};
}

/* 16-bit operands: the upper halves of floats for bf16; for f16 numbers of [-2, 2) with all bits.
 */
static void fill_halves(uint16_t *values, int count, enum dtype dtype, uint64_t stream) {
    float floats[OPERANDS];
    fill_inputs(INPUTS_UNIFORM, stream, floats, count);
    for (int i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &floats[i], sizeof bits);
        uint32_t sign = bits >> 16 & 0x8000U;
        values[i] = (uint16_t)(dtype == DTYPE_BF16 ? bits >> 16 : sign | (bits >> 7 & 0x3fffU));
    }
}

static void check_result(const struct gemm_problem *host, const float *c, const char *what) {
    double expected[M * N], tolerance[M * N];
    oracle_gemm(host, c, 0, M, expected, tolerance);
    check_all(what, expected, tolerance, c, (int64_t)M * N);
}

/* Multiplies matrices of floats as `dtype`, checks the result in `c` and what cuBLAS was asked for;
 * the problem with its data on the host. */
static struct gemm_problem multiply_floats(struct staging *staging, enum dtype dtype,
                                           float operands[2][OPERANDS], float *c,
                                           const char *asked) {
    struct stand_in cublas = stand_in_attach(STAND_IN_CUBLAS);
    struct gemm_problem host = problem_of(dtype), problem = host;
    fill_inputs(INPUTS_UNIFORM, 1, operands[0], (int64_t)M * K);
    fill_inputs(INPUTS_UNIFORM, 2, operands[1], (int64_t)K * N);
    host.a = operands[0];
    host.b = operands[1];
    problem.a = staging_input(staging, operands[0], (int64_t)M * K, 0);
    problem.b = staging_input(staging, operands[1], (int64_t)K * N, 0);
    problem.c = staging_output(staging, c, (int64_t)M * N, 0);
    cublas.clear();
    assert_int_equal(gemm_cublas(&problem, &staging->execution), STATUS_OK);
    assert_non_null(strstr(cublas.log(), asked));
    staging_finish(staging, asked);
    check_result(&host, c, asked);
    return host;
}

/* As cuBLAS's users ask for it: neither a format of tensor cores nor the slower pedantic form. */
TEST_ON_GPU(f32_is_the_default_compute_type) {
    float operands[2][OPERANDS], c[M * N];
    (void)multiply_floats(*state, DTYPE_F32, operands, c, "types 0 0 0 compute 68");
}

TEST_ON_GPU(tf32_is_its_own_compute_type) {
    float operands[2][OPERANDS], c[M * N];
    struct gemm_problem host = multiply_floats(*state, DTYPE_TF32, operands, c,
                                               "NN 23x19x31 ld 23 31 23 types 0 0 0 compute 77");
    /* It must not be the f32 computation under another name. */
    host.dtype = DTYPE_F32;
    double expected[M * N], tolerance[M * N];
    oracle_gemm(&host, c, 0, M, expected, tolerance);
    assert_true(first_wrong(expected, tolerance, c, (int64_t)M * N) >= 0);
}

static void run_halves(struct staging *staging, enum dtype dtype, const char *recorded) {
    struct stand_in cublas = stand_in_attach(STAND_IN_CUBLAS);
    /* Staging counts in floats: two halves each, and one more half to make it even. */
    enum { FLOATS_A = (M * K + 1) / 2, FLOATS_B = (K * N + 1) / 2 };
    uint16_t a[M * K + 1], b[K * N + 1];
    float c[M * N];
    struct gemm_problem host = problem_of(dtype), problem = host;
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    fill_halves(a, M * K, dtype, 1);
    fill_halves(b, K * N, dtype, 2);
    host.a = a;
    host.b = b;
    problem.a = staging_input(staging, a, FLOATS_A, 0);
    problem.b = staging_input(staging, b, FLOATS_B, 0);
    problem.c = staging_output(staging, c, (int64_t)M * N, 0);
    cublas.clear();
    assert_int_equal(gemm_cublas(&problem, &staging->execution), STATUS_OK);
    assert_non_null(strstr(cublas.log(), recorded));
    staging_finish(staging, recorded);
    check_result(&host, c, recorded);
}

TEST_ON_GPU(halves_are_accumulated_in_float) {
    run_halves(*state, DTYPE_BF16, "types 14 14 0 compute 68");
    run_halves(*state, DTYPE_F16, "types 2 2 0 compute 68");
}

/* Each product by its own strides, which the stand-in follows. */
TEST_ON_GPU(a_batch_is_one_call) {
    struct staging *staging = *state;
    struct stand_in cublas = stand_in_attach(STAND_IN_CUBLAS);
    enum { BATCH = 3, GAP = 5, A = M * K + GAP, B = K * N + GAP, C = M * N + GAP };
    static float a[BATCH * A], b[BATCH * B], c[BATCH * C];
    struct gemm_problem host = problem_of(DTYPE_F32), problem;
    fill_inputs(INPUTS_UNIFORM, 1, a, BATCH * A);
    fill_inputs(INPUTS_UNIFORM, 2, b, BATCH * B);
    host.a = a;
    host.b = b;
    host.batch = BATCH;
    host.stride_a = A;
    host.stride_b = B;
    host.stride_c = C;
    problem = host;
    problem.a = staging_input(staging, a, BATCH * A, 0);
    problem.b = staging_input(staging, b, BATCH * B, 0);
    problem.c = staging_output(staging, c, BATCH * C, 0);
    cublas.clear();
    assert_int_equal(gemm_cublas(&problem, &staging->execution), STATUS_OK);
    assert_non_null(strstr(cublas.log(), "cublasGemmStridedBatchedEx 3 strides"));
    staging_finish(staging, "a batch");
    for (int i = 0; i < BATCH; i++) {
        const struct gemm_problem one = gemm_of_batch(&host, i);
        check_result(&one, c + (size_t)i * C, "a product of a batch");
    }
}

TEST_ON_GPU(the_handle_is_made_once_with_its_own_workspace) {
    struct staging *staging = *state;
    struct stand_in cublas = stand_in_attach(STAND_IN_CUBLAS);
    const struct gpu_cublas *first = NULL, *second = NULL;
    cublas.clear();
    assert_int_equal(gpu_cublas_open(staging->device.gpu, &first, &staging->message), STATUS_OK);
    assert_int_equal(gpu_cublas_open(staging->device.gpu, &second, &staging->message), STATUS_OK);
    assert_ptr_equal(first, second);
    assert_string_equal(cublas.log(), "cublasCreate\ncublasSetWorkspace 33554432\n");
}

TEST_ON_GPU(failures_are_told_apart) {
    static const struct {
        const char *order;
        enum status status;
        const char *words;
    } failures[] = {
        {"cublasGemmEx=13", STATUS_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED"},
        {"cublasGemmEx=15", STATUS_UNSUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED"},
        {"cublasGemmEx=3", STATUS_NO_MEMORY, "CUBLAS_STATUS_ALLOC_FAILED"},
        {"cublasGemmEx=12", STATUS_FAILED, "an unknown status (12)"},
    };
    struct staging *staging = *state;
    struct gemm_problem problem = problem_of(DTYPE_F32);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        stand_in_order(failures[i].order);
        assert_int_equal(gemm_cublas(&problem, &staging->execution), failures[i].status);
        assert_non_null(strstr(staging->message.text, failures[i].words));
    }
}

/* A kernel's fault that cuBLAS is the first to meet: the GPU is known to be lost, and why. */
TEST_ON_GPU(a_fault_behind_a_failure_is_told_with_it) {
    struct staging *staging = *state;
    struct gemm_problem problem = problem_of(DTYPE_F32);
    void *driver = dlopen(STAND_IN_CUDA, RTLD_NOW | RTLD_LOCAL);
    const struct gpu_cublas *handle = NULL;
    int (*synchronize)(void *stream);
    void *address = dlsym(driver, "cuStreamSynchronize");
    memcpy(&synchronize, &address, sizeof address);
    assert_int_equal(gpu_cublas_open(staging->device.gpu, &handle, &staging->message), STATUS_OK);
    stand_in_order("cuStreamSynchronize=700");
    assert_int_equal(synchronize(NULL), 700);
    stand_in_order("cublasGemmEx=13");
    assert_int_equal(gemm_cublas(&problem, &staging->execution), STATUS_FAILED);
    stand_in_order(NULL);
    assert_true(gpu_broken(staging->device.gpu));
    assert_non_null(strstr(staging->message.text, "CUBLAS_STATUS_EXECUTION_FAILED"));
    assert_non_null(strstr(staging->message.text, "CUDA_ERROR_ILLEGAL_ADDRESS"));
    assert_int_equal(gpu_reset(staging->device.gpu, &staging->message), STATUS_OK);
    assert_int_equal(dlclose(driver), 0);
}

TEST_ON_GPU(a_handle_that_cannot_be_made_leaves_nothing) {
    static const struct {
        const char *order;
        enum status status;
    } failures[] = {{"cublasCreate_v2=1", STATUS_FAILED},
                    {"cublasSetStream_v2=14", STATUS_FAILED},
                    {"cuMemAlloc_v2=2", STATUS_NO_MEMORY}, /* of the workspace */
                    {"cublasSetWorkspace_v2=7", STATUS_FAILED}};
    struct staging *staging = *state;
    struct stand_in cublas = stand_in_attach(STAND_IN_CUBLAS);
    struct stand_in driver = stand_in_attach(STAND_IN_CUDA);
    const struct gpu_cublas *handle = NULL;
    int live = cublas.live() + driver.live();
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        stand_in_order(failures[i].order);
        assert_int_equal(gpu_cublas_open(staging->device.gpu, &handle, &staging->message),
                         failures[i].status);
        assert_null(handle);
        assert_int_equal(cublas.live() + driver.live(), live);
    }
    stand_in_order(NULL);
    assert_int_equal(gpu_cublas_open(staging->device.gpu, &handle, &staging->message), STATUS_OK);
    assert_non_null(handle);
}

TEST_ON_GPU(what_cublas_cannot_do_is_refused_with_the_reason) {
    struct staging *staging = *state;
    struct gemm_problem problem = problem_of(DTYPE_F32);
    problem.lda = (int64_t)1 << 31;
    assert_int_equal(gemm_cublas(&problem, &staging->execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(staging->message.text, "2147483648"));
    struct execution nowhere = {.message = &staging->message};
    assert_int_equal(gemm_cublas(&problem, &nowhere), STATUS_INVALID);
    const struct gpu_cublas *handle = NULL;
    assert_int_equal(gpu_capture_begin(staging->device.gpu, &staging->message), STATUS_OK);
    assert_int_equal(gpu_cublas_open(staging->device.gpu, &handle, &staging->message),
                     STATUS_INVALID);
    gpu_capture_abandon(staging->device.gpu);
}

TEST(a_turing_has_no_tf32_and_no_bf16) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    struct gemm_problem problem = problem_of(DTYPE_TF32);
    struct message message;
    struct gpu *gpu = NULL;
    stand_in_order("capability=7");
    assert_int_equal(gpu_open(&selection, &gpu, &message), STATUS_OK);
    struct execution execution = {.gpu = gpu, .message = &message};
    assert_int_equal(gemm_cublas(&problem, &execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "tf32 needs compute capability 8.0"));
    problem.dtype = DTYPE_BF16;
    assert_int_equal(gemm_cublas(&problem, &execution), STATUS_UNSUPPORTED);
    assert_int_equal(gpu_close(gpu, &message), STATUS_OK);
}

TEST(a_missing_cublas_is_unsupported) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA,
                                            .cublas = "/nonexistent/libcublas.so.13"};
    struct gemm_problem problem = problem_of(DTYPE_F32);
    struct message message;
    struct gpu *gpu = NULL;
    assert_int_equal(gpu_open(&selection, &gpu, &message), STATUS_OK);
    struct execution execution = {.gpu = gpu, .message = &message};
    assert_int_equal(gemm_cublas(&problem, &execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "/nonexistent/libcublas.so.13"));
    assert_non_null(strstr(message.text, "install cuBLAS"));
    assert_int_equal(gpu_close(gpu, &message), STATUS_OK);
}
