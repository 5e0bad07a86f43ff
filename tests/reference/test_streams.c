/* Stores around the caches change where an output goes, never its bits: each vectorised operation
 * with an output as large as its input, through the caches and around them, at every instruction
 * set, with rows that begin anywhere in a line. */
#include "reference/simd/cpu.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

/* Odd, so that rows of the output are aligned differently from one another. */
enum { ROWS = 7, COLUMNS = 1037, COUNT = ROWS * COLUMNS };

struct data {
    float a[COUNT], b[COUNT];
    int32_t labels[ROWS];
    float loss[ROWS];
};

/* One operation from the data to `output`. */
typedef void run_function(const struct simd_kernels *kernels, const struct data *data,
                          struct execution *execution, int variant, float *output);

static void run_forward(const struct simd_kernels *kernels, const struct data *data,
                        struct execution *execution, int variant, float *output) {
    const struct activation_problem problem = {.function = (enum activation_function)variant,
                                               .rows = ROWS,
                                               .columns = COLUMNS,
                                               .input = data->a,
                                               .output = output};
    assert_int_equal(kernels->activation_simd(&problem, execution), STATUS_OK);
}

static void run_backward(const struct simd_kernels *kernels, const struct data *data,
                         struct execution *execution, int variant, float *output) {
    const struct activation_problem problem = {.function = (enum activation_function)variant,
                                               .backward = true,
                                               .rows = ROWS,
                                               .columns = COLUMNS,
                                               .input = data->a,
                                               .dy = data->b,
                                               .output = output};
    assert_int_equal(kernels->activation_simd(&problem, execution), STATUS_OK);
}

static void run_backward_with_sums(const struct simd_kernels *kernels, const struct data *data,
                                   struct execution *execution, int variant, float *output) {
    static float dbias[COLUMNS];
    const struct activation_problem problem = {.function = (enum activation_function)variant,
                                               .backward = true,
                                               .rows = ROWS,
                                               .columns = COLUMNS,
                                               .input = data->a,
                                               .dy = data->b,
                                               .output = output,
                                               .dbias = dbias};
    assert_int_equal(kernels->activation_simd(&problem, execution), STATUS_OK);
}

static void run_softmax(const struct simd_kernels *kernels, const struct data *data,
                        struct execution *execution, int variant, float *output) {
    bool backward = variant == SOFTMAX_BACKWARD || variant == SOFTMAX_LOG_BACKWARD;
    const struct softmax_problem problem = {.variant = (enum softmax_variant)variant,
                                            .rows = ROWS,
                                            .columns = COLUMNS,
                                            .input = data->a,
                                            .dy = backward ? data->b : NULL,
                                            .output = output};
    assert_int_equal(kernels->softmax_simd(&problem, execution), STATUS_OK);
}

static void run_cross_entropy(const struct simd_kernels *kernels, const struct data *data,
                              struct execution *execution, int variant, float *output) {
    const struct cross_entropy_problem problem = {.variant = (enum loss_variant)variant,
                                                  .rows = ROWS,
                                                  .columns = COLUMNS,
                                                  .logits = data->a,
                                                  .labels = data->labels,
                                                  .dlogits = output};
    assert_int_equal(kernels->cross_entropy_simd(&problem, execution), STATUS_OK);
}

static void run_mse(const struct simd_kernels *kernels, const struct data *data,
                    struct execution *execution, int variant, float *output) {
    const struct mse_problem problem = {.variant = (enum loss_variant)variant,
                                        .rows = ROWS,
                                        .columns = COLUMNS,
                                        .prediction = data->a,
                                        .target = data->b,
                                        .dprediction = output};
    assert_int_equal(kernels->mse_simd(&problem, execution), STATUS_OK);
}

static void run_transfer(const struct simd_kernels *kernels, const struct data *data,
                         struct execution *execution, int variant, float *output) {
    const struct transfer_problem problem = {.variant = (enum transfer_variant)variant,
                                             .count = COUNT,
                                             .a = data->a,
                                             .b = variant == TRANSFER_TRIAD ? data->b : NULL,
                                             .scale = 3,
                                             .out = output};
    assert_int_equal(kernels->transfer_simd(&problem, execution), STATUS_OK);
}

static const struct {
    const char *name;
    run_function *run;
    int variants[ACTIVATION_FUNCTIONS];
    int count;
} operations[] = {
    {"activation forward",
     run_forward,
     {ACTIVATION_RELU, ACTIVATION_SIGMOID, ACTIVATION_TANH, ACTIVATION_GELU_TANH,
      ACTIVATION_GELU_ERF, ACTIVATION_SILU},
     6},
    {"activation backward",
     run_backward,
     {ACTIVATION_RELU, ACTIVATION_SIGMOID, ACTIVATION_TANH, ACTIVATION_GELU_TANH,
      ACTIVATION_GELU_ERF, ACTIVATION_SILU},
     6},
    {"activation backward with sums",
     run_backward_with_sums,
     {ACTIVATION_RELU, ACTIVATION_SIGMOID, ACTIVATION_TANH},
     3},
    {"softmax",
     run_softmax,
     {SOFTMAX_FORWARD, SOFTMAX_BACKWARD, SOFTMAX_LOG_FORWARD, SOFTMAX_LOG_BACKWARD},
     4},
    {"cross-entropy", run_cross_entropy, {LOSS_BACKWARD}, 1},
    {"mse", run_mse, {LOSS_BACKWARD}, 1},
    {"transfer", run_transfer, {TRANSFER_COPY, TRANSFER_TRIAD}, 2},
};

static void data_fill(struct data *data) {
    fill_inputs(INPUTS_UNIFORM, 1, data->a, COUNT);
    fill_inputs(INPUTS_UNIFORM, 2, data->b, COUNT);
    for (int row = 0; row < ROWS; row++)
        data->labels[row] = row * 97 % COLUMNS;
}

/* The output as it is with a last-level cache of so many bytes, between guards of NaN. */
static void run_with_cache(size_t bytes, const struct data *data, enum instruction_set set,
                           int operation, int variant, float *guarded) {
    struct message message = {""};
    struct cpu *cpu = NULL;
    assert_int_equal(cpu_open(bytes, &cpu, &message), STATUS_OK);
    struct execution execution = {.threads = 1, .cpu = cpu, .message = &message};
    for (int i = 0; i < COUNT + 2; i++)
        guarded[i] = NAN;
    operations[operation].run(simd_kernels_of(set), data, &execution,
                              operations[operation].variants[variant], guarded + 1);
    assert_true(isnan(guarded[0]) && isnan(guarded[COUNT + 1]));
    cpu_close(cpu);
}

TEST(streaming_changes_no_bit) {
    enum { SMALL = 1, LARGE = 1 << 30 };
    static struct data data;
    enum { OFFSETS = 16 }; /* where in a line an output begins decides how it is cut */
    static float through[COUNT + 2], around[COUNT + 2 + OFFSETS];
    data_fill(&data);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best(); set++)
        for (int i = 0; i < (int)(sizeof operations / sizeof *operations); i++)
            for (int variant = 0; variant < operations[i].count; variant++) {
                run_with_cache(LARGE, &data, set, i, variant, through);
                for (int offset = 0; offset < OFFSETS; offset++) {
                    run_with_cache(SMALL, &data, set, i, variant, around + offset);
                    if (memcmp(through, around + offset, sizeof through) != 0)
                        fail_msg("%s, variant %d at %s, offset %d", operations[i].name, variant,
                                 instruction_set_name(set), offset);
                }
            }
}
