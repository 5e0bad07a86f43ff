/* Column sums, optimizers and transfers, every implementation against its oracle. */
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUTS = 3, PADDING_OFFSET = 1 };

/* One test's buffers: three in and out, three pristine inputs, an oracle's numbers for each. */
struct fixture {
    const struct simd_kernels *kernels; /* NULL: the naive ones */
    const char *kernels_name;
    int64_t count;
    int outputs;
    float *output[OUTPUTS], *before[OUTPUTS], *input;
    double *expected[OUTPUTS], *tolerance[OUTPUTS];
    struct optimizer_problem optimizer;
    bool traffic; /* run the update's loads and stores alone */
    struct transfer_problem transfer;
    struct column_sums_problem column_sums;
};

static void setup(struct fixture *fixture, int64_t count, int outputs, enum inputs kind) {
    *fixture = (struct fixture){.count = count, .outputs = outputs};
    fixture->input = guarded_new(count, 0);
    fill_inputs(kind, 1, fixture->input, count);
    for (int i = 0; i < OUTPUTS; i++) {
        fixture->output[i] = guarded_new(count, PADDING_OFFSET);
        fixture->before[i] = guarded_new(count, 0);
        fill_inputs(kind, 2 + (uint64_t)i, fixture->before[i], count);
        fixture->expected[i] = calloc((size_t)count, sizeof(double));
        fixture->tolerance[i] = calloc((size_t)count, sizeof(double));
        assert_true(fixture->expected[i] && fixture->tolerance[i]);
    }
}

static void teardown(struct fixture *fixture) {
    guarded_free(fixture->input, 0);
    for (int i = 0; i < OUTPUTS; i++) {
        guarded_free(fixture->output[i], PADDING_OFFSET);
        guarded_free(fixture->before[i], 0);
        free(fixture->expected[i]);
        free(fixture->tolerance[i]);
    }
}

static void check(const struct fixture *fixture, const char *operation, int64_t count,
                  const char *setting) {
    for (int i = 0; i < fixture->outputs; i++) {
        char what[256];
        int written = snprintf(what, sizeof what, "%s %s output %d of %lld, %s", operation,
                               fixture->kernels_name, i, (long long)count, setting);
        assert_in_range(written, 1, sizeof what - 1);
        check_all(what, fixture->expected[i], fixture->tolerance[i], fixture->output[i], count);
        guarded_check(fixture->output[i], fixture->count, what);
    }
}

static void run_kernels(struct fixture *fixture, setting_body *body) {
    fixture->kernels = NULL;
    fixture->kernels_name = "naive";
    each_setting(2, body, fixture);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        fixture->kernels = simd_kernels_of(set);
        fixture->kernels_name = instruction_set_name(set);
        each_setting(settings_count, body, fixture);
    }
}

static void run_optimizer(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    struct optimizer_problem problem = fixture->optimizer;
    for (int i = 0; i < OUTPUTS; i++)
        memcpy(fixture->output[i], fixture->before[i], (size_t)fixture->count * sizeof(float));
    problem.parameters = fixture->output[0];
    problem.first_moment = problem.variant == OPTIMIZER_SGD ? NULL : fixture->output[1];
    problem.second_moment = problem.variant == OPTIMIZER_ADAM ? fixture->output[2] : NULL;
    optimizer_kernel *kernel =
        fixture->kernels ? fixture->kernels->optimizer_simd : optimizer_naive;
    if (fixture->traffic)
        kernel = fixture->kernels ? fixture->kernels->optimizer_traffic : optimizer_traffic;
    assert_int_equal(kernel(&problem, execution), STATUS_OK);
    check(fixture, fixture->traffic ? "traffic" : "optimizer", fixture->count, name);
}

/* Squares that a root must take: zeros, subnormals, the largest numbers, infinity, NaN; some
 * without a gradient, so that they stay what they are. */
static void place_special_squares(struct fixture *fixture) {
    static const float squares[] = {0,     1e-45F, 1e-39F,   1.2e-38F, 1e-20F,
                                    1e30F, 3e38F,  INFINITY, NAN,      1};
    for (int64_t i = 0; i < fixture->count; i++) {
        fixture->before[2][i] = squares[(size_t)i % (sizeof squares / sizeof *squares)];
        if (i % 3 == 0)
            fixture->input[i] = 0;
    }
}

static void optimizer_case(enum optimizer_variant variant, int64_t count, int64_t step,
                           enum inputs kind) {
    struct fixture fixture;
    setup(&fixture, count, (int)variant + 1, kind == INPUTS_SPECIAL ? INPUTS_UNIFORM : kind);
    for (int64_t i = 0; i < count; i++)
        fixture.before[2][i] = fabsf(fixture.before[2][i]); /* a mean of squares */
    if (kind == INPUTS_SPECIAL)
        place_special_squares(&fixture);
    fixture.optimizer = (struct optimizer_problem){.variant = variant,
                                                   .count = count,
                                                   .parameters = fixture.before[0],
                                                   .gradients = fixture.input,
                                                   .first_moment = fixture.before[1],
                                                   .second_moment = fixture.before[2],
                                                   .learning_rate = 0.001F,
                                                   .momentum = 0.9F,
                                                   .beta1 = 0.9F,
                                                   .beta2 = 0.999F,
                                                   .epsilon = 1e-8F,
                                                   .step = step};
    for (int i = 0; i < fixture.outputs; i++)
        oracle_optimizer(&fixture.optimizer, i, 0, count, fixture.expected[i],
                         fixture.tolerance[i]);
    run_kernels(&fixture, run_optimizer);
    teardown(&fixture);
}

TEST(optimizers) {
    static const int64_t counts[] = {1, 5, 16, 17, 1009, 30011};
    static const int64_t steps[] = {1, 2, 1000};
    for (int variant = OPTIMIZER_SGD; variant <= OPTIMIZER_ADAM; variant++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            for (size_t j = 0; j < sizeof steps / sizeof *steps; j++)
                for (int kind = 0; kind < INPUTS_KINDS; kind++)
                    optimizer_case((enum optimizer_variant)variant, counts[i], steps[j],
                                   (enum inputs)kind);
}

/* Each value that an update stores becomes the larger of itself and the gradient, no other is
 * touched: the yardstick does move what it says. */
TEST(update_traffic) {
    static const int64_t counts[] = {1, 5, 16, 17, 1009, 30011};
    for (int variant = OPTIMIZER_SGD; variant <= OPTIMIZER_ADAM; variant++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct fixture fixture;
            setup(&fixture, counts[i], variant + 1, INPUTS_UNIFORM);
            fixture.traffic = true;
            fixture.optimizer =
                (struct optimizer_problem){.variant = (enum optimizer_variant)variant,
                                           .count = counts[i],
                                           .gradients = fixture.input};
            for (int output = 0; output < fixture.outputs; output++)
                for (int64_t k = 0; k < counts[i]; k++)
                    fixture.expected[output][k] =
                        fmax((double)fixture.before[output][k], (double)fixture.input[k]);
            run_kernels(&fixture, run_optimizer);
            teardown(&fixture);
        }
}

static void run_transfer(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    transfer_kernel *const kernels[] = {
        fixture->kernels ? fixture->kernels->transfer_simd : transfer_naive,
        fixture->kernels ? fixture->kernels->transfer_plain : transfer_plain};
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        poison(fixture->output[0], fixture->count);
        assert_int_equal(kernels[i](&fixture->transfer, execution), STATUS_OK);
        check(fixture, "transfer", fixture->count, name);
    }
}

TEST(transfers) {
    const float scale =
        0.75F; /* no product overflows beside an infinity: fused or not would differ */
    static const int64_t counts[] = {1, 15, 33, 4099, 60013};
    for (int variant = TRANSFER_COPY; variant <= TRANSFER_TRIAD; variant++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            for (int kind = 0; kind < INPUTS_KINDS; kind++) {
                struct fixture fixture;
                setup(&fixture, counts[i], 1, (enum inputs)kind);
                fixture.transfer = (struct transfer_problem){(enum transfer_variant)variant,
                                                             counts[i],
                                                             fixture.input,
                                                             fixture.before[0],
                                                             scale,
                                                             fixture.output[0]};
                oracle_transfer(&fixture.transfer, 0, counts[i], fixture.expected[0],
                                fixture.tolerance[0]);
                run_kernels(&fixture, run_transfer);
                teardown(&fixture);
            }
}

static void run_column_sums(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    column_sums_kernel *kernel =
        fixture->kernels ? fixture->kernels->column_sums_simd : column_sums_naive;
    poison(fixture->output[0], fixture->count);
    assert_int_equal(kernel(&fixture->column_sums, execution), STATUS_OK);
    check(fixture, "column sums", fixture->column_sums.columns, name);
}

TEST(column_sums) {
    static const int64_t shapes[][2] = {{1, 1},     {3, 1},   {40001, 1}, {100, 10}, {9, 17},
                                        {1003, 31}, {8, 600}, {77, 2049}, {5000, 33}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int kind = INPUTS_UNIFORM; kind <= INPUTS_WIDE; kind++) {
            struct fixture fixture;
            setup(&fixture, shapes[i][0] * shapes[i][1], 1, (enum inputs)kind);
            fixture.input[fixture.count / 2] = kind == INPUTS_WIDE ? NAN : 1e-40F;
            fixture.column_sums = (struct column_sums_problem){shapes[i][0], shapes[i][1],
                                                               fixture.input, fixture.output[0]};
            oracle_column_sums(&fixture.column_sums, fixture.expected[0], fixture.tolerance[0]);
            run_kernels(&fixture, run_column_sums);
            teardown(&fixture);
        }
}

struct draw {
    const struct simd_kernels *kernels;
    struct normalise_problem problem;
};

static void run_normalise(struct execution *execution, const char *name, void *context) {
    (void)name;
    const struct draw *draw = context;
    const struct normalise_problem *p = &draw->problem;
    poison(p->x, p->rows * p->columns);
    assert_int_equal(draw->kernels->normalise_simd(p, execution), STATUS_OK);
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = 0; c < p->columns; c++) {
            int64_t drawn = p->order != NULL ? (int64_t)p->order[r] : r;
            float scaled = (float)p->bytes[drawn * p->columns + c] * p->scale;
            assert_true(p->x[r * p->columns + c] == scaled - p->offset);
        }
    guarded_check(p->x, p->rows * p->columns, "normalised rows");
}

/* The same bits with every instruction set and any number of threads. */
TEST(normalised_rows) {
    enum { ROWS = 120, COLUMNS = 803 };
    static const int64_t columns[] = {1, 15, 33, 784, COLUMNS};
    static uint8_t bytes[ROWS * COLUMNS];
    uint32_t order[ROWS];
    for (int i = 0; i < ROWS * COLUMNS; i++)
        bytes[i] = (uint8_t)(i * 37 % 256);
    for (uint32_t i = 0; i < ROWS; i++)
        order[i] = i * 7 % ROWS;
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best(); set++)
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
            float *x = guarded_new(ROWS * columns[i], 0);
            struct draw draw = {simd_kernels_of(set),
                                {ROWS, columns[i], bytes, order, 0.0111F, 0.81F, x}};
            each_setting(settings_count, run_normalise, &draw);
            draw.problem.order = NULL;
            each_setting(settings_count, run_normalise, &draw);
            guarded_free(x, 0);
        }
}
