/* What `lockstep verify` counts: every implementation that there is, and no dtype that one never
 * claimed.
 */
#include "bench/devices/gpu.h"
#include "bench/operations/operations.h"
#include "bench/run/suite.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* More than any fixed number of places that a suite could keep. */
enum { MANY = 300 };

struct fixture {
    struct devices devices;
    struct suite_totals totals;
    char *log;
    size_t log_size;
};

static int fixture_open(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct message message;
    assert_non_null(f);
    assert_int_equal(devices_open(&f->devices, "none", &message), STATUS_OK);
    *state = f;
    return 0;
}

static int fixture_close(void **state) {
    struct fixture *f = *state;
    struct message message;
    (void)devices_close(&f->devices, STATUS_OK, &message);
    free(f->log);
    free(f);
    return 0;
}

/* gemm/nn on one small shape. */
static enum status suite_of(struct fixture *f, const struct implementation *implementations,
                            int count, const char *names, const char *dtypes) {
    static const char *const shapes[] = {"3x5x7", NULL};
    static const struct settings plain = {.alpha = 1.0F};
    struct operation operation = operation_gemm;
    operation.variant_count = 1;
    operation.implementations = implementations;
    operation.implementation_count = count;
    operation.awkward_shapes = shapes;
    operation.special_values_count = 0;
    operation.settings = &plain;
    operation.settings_count = 1;
    const struct operation *const chosen = &operation;
    FILE *log = open_memstream(&f->log, &f->log_size);
    assert_non_null(log);
    const struct suite_options options = {.operations = &chosen,
                                          .operation_count = 1,
                                          .implementations = names,
                                          .dtypes = dtypes,
                                          .threads = 1,
                                          .seed = 1,
                                          .devices = &f->devices,
                                          .log = log};
    struct message message;
    enum status status = suite_run(&options, &f->totals, &message);
    assert_int_equal(fclose(log), 0);
    return status;
}

static const struct implementation *naive(void) {
    return &operation_gemm.implementations[0];
}

TEST_BETWEEN(any_number_of_implementations_is_counted, fixture_open, fixture_close) {
    struct fixture *f = *state;
    struct implementation *many = calloc(MANY, sizeof *many);
    assert_non_null(many);
    for (int i = 0; i < MANY; i++)
        many[i] = *naive();
    enum status status = suite_of(f, many, MANY, NULL, "f32");
    free(many);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(f->totals.passed, MANY);
    size_t lines = 0;
    for (const char *c = f->log; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, MANY);
}

/* The first computes tf32 alone, the second everything. */
TEST_BETWEEN(a_dtype_that_was_never_claimed_is_no_skip, fixture_open, fixture_close) {
    struct fixture *f = *state;
    struct implementation two[] = {*naive(), *naive()};
    two[0].name = "narrow";
    two[0].dtypes = DTYPE_BIT(DTYPE_TF32);
    assert_int_equal(suite_of(f, two, 2, NULL, NULL), STATUS_OK);
    assert_int_equal(f->totals.passed, 5);
    assert_int_equal(f->totals.skipped, 0);
}

TEST_BETWEEN(a_dtype_and_an_implementation_that_were_asked_for_are_a_skip, fixture_open,
             fixture_close) {
    struct fixture *f = *state;
    struct implementation two[] = {*naive(), *naive()};
    two[0].name = "narrow";
    two[0].dtypes = DTYPE_BIT(DTYPE_TF32) | DTYPE_BIT(DTYPE_BF16);
    assert_int_equal(suite_of(f, two, 2, "narrow", "f32,tf32"), STATUS_OK);
    assert_int_equal(f->totals.passed, 1);
    assert_int_equal(f->totals.skipped, 1);
    assert_non_null(strstr(f->log, "computes tf32 and bf16 only"));
}

static bool at_once(void *argument) {
    (void)argument;
    return true;
}

/* The last dtypes are nobody's: what ended the first is not forgotten. */
TEST_BETWEEN(an_interruption_before_all_is_said, fixture_open, fixture_close) {
    struct fixture *f = *state;
    const struct operation *const chosen = &operation_gemm;
    FILE *log = open_memstream(&f->log, &f->log_size);
    assert_non_null(log);
    const struct suite_options options = {.operations = &chosen,
                                          .operation_count = 1,
                                          .implementations = "cpu-naive",
                                          .dtypes = "f32",
                                          .threads = 1,
                                          .seed = 1,
                                          .stop = at_once,
                                          .devices = &f->devices,
                                          .log = log};
    struct message message = {""};
    assert_int_equal(suite_run(&options, &f->totals, &message), STATUS_INTERRUPTED);
    assert_int_equal(fclose(log), 0);
    assert_string_equal(message.text, "interrupted before anything was verified");
}

static enum status gemm_that_faults(const struct gemm_problem *problem,
                                    struct execution *execution) {
    stand_in_order("cuStreamSynchronize=719");
    return gemm_cublas(problem, execution);
}

/* After the first the GPU refuses all work. */
TEST_BETWEEN(a_lost_gpu_fails_what_lost_it_alone, fixture_open, fixture_close) {
    struct fixture *f = *state;
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    const struct implementation two[] = {
        {.name = "faulty", .device = DEVICE_GPU, .run = RUN(gemm, gemm_that_faults)},
        {.name = "cublas", .device = DEVICE_GPU, .run = RUN(gemm, gemm_cublas)}};
    struct message message;
    stand_in_order(NULL);
    assert_int_equal(
        device_gpu_open_selection(&selection, &f->devices.list[f->devices.count++], &message),
        STATUS_OK);
    enum status status = suite_of(f, two, 2, NULL, "f32");
    stand_in_order(NULL);
    assert_int_equal(f->totals.failed, 1);
    assert_int_equal(f->totals.passed, 1);
    assert_int_equal(status, STATUS_WRONG);
    assert_non_null(strstr(f->log, "CUDA_ERROR_LAUNCH_FAILED"));
}
