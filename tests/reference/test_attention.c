/* Every attention on the CPU against its oracle, and the oracle against what is known: a mean of
 * equal weights, the key that outweighs all others, softmax and products done apart. */
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"
#include "tests/support/attention.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>

struct attempt {
    struct attention_fixture fixture;
    attention_kernel *kernel;
    const char *name;
};

static void run_once(struct execution *execution, const char *setting, void *context) {
    struct attempt *attempt = context;
    char name[128];
    assert_in_range(snprintf(name, sizeof name, "%s, %s", attempt->name, setting), 1, 127);
    attention_poison(&attempt->fixture);
    if (attempt->kernel(&attempt->fixture.problem, execution) != STATUS_OK)
        fail_msg("%s: %s", name, execution->message->text);
    attention_check(&attempt->fixture, name);
}

/* Libraries take f32; oneDNN's softmax loses a NaN. */
static void run_libraries(struct attempt *attempt, enum attention_inputs inputs) {
    attempt->kernel = attention_openblas;
    attempt->name = "openblas";
    each_setting(2, run_once, attempt);
    if (onednn_absent() || inputs == ATTENTION_SPECIAL)
        return;
    attempt->kernel = attention_onednn;
    attempt->name = "onednn";
    each_setting(2, run_once, attempt);
}

static void run_problem(enum attention_variant variant, enum dtype dtype,
                        const struct attention_shape *shape, int64_t padding,
                        enum attention_inputs inputs) {
    struct attempt attempt = {.kernel = attention_naive, .name = "naive"};
    attention_open(&attempt.fixture, variant, dtype, shape, padding, inputs);
    each_setting(1, run_once, &attempt);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        attempt.kernel = simd_kernels_of(set)->attention_simd;
        attempt.name = instruction_set_name(set);
        each_setting(settings_count, run_once, &attempt);
    }
    if (dtype == DTYPE_F32)
        run_libraries(&attempt, inputs);
    attention_close(&attempt.fixture);
}

/* Around vectors, strips and blocks, sequences of one key, more heads than threads. */
TEST(every_implementation_is_right) {
    static const struct attention_shape shapes[] = {
        {1, 1, 1, 1},    {1, 1, 1, 64},   {2, 3, 1, 5},    {1, 1, 2, 1},   {1, 2, 7, 8},
        {2, 2, 16, 16},  {1, 1, 31, 33},  {1, 7, 64, 24},  {1, 1, 65, 64}, {1, 3, 129, 7},
        {1, 1, 131, 96}, {1, 1, 1027, 9}, {1, 2, 257, 40}, {1, 1, 61, 130}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int variant = ATTENTION_FULL; variant <= ATTENTION_CAUSAL; variant++)
            for (int inputs = 0; inputs < ATTENTION_INPUTS_KINDS; inputs++) {
                const int64_t padding = (int64_t)(i + (size_t)inputs) % 3;
                run_problem((enum attention_variant)variant, DTYPE_F32, &shapes[i], padding,
                            (enum attention_inputs)inputs);
                run_problem((enum attention_variant)variant, DTYPE_BF16, &shapes[i], padding,
                            (enum attention_inputs)inputs);
            }
}

/* --- the oracle ------------------------------------------------------------------------------- */

enum { HEADS = 2, SEQUENCE = 9, DIMENSION = 5, ROWS = HEADS * SEQUENCE, COUNT = ROWS * DIMENSION };

static struct attention_problem problem_of(enum attention_variant variant, const float *q,
                                           const float *k, const float *v) {
    return (struct attention_problem){.variant = variant,
                                      .batch = 1,
                                      .heads = HEADS,
                                      .sequence = SEQUENCE,
                                      .dimension = DIMENSION,
                                      .scale = 0.5F,
                                      .q = q,
                                      .k = k,
                                      .v = v,
                                      .q_stride = DIMENSION,
                                      .k_stride = DIMENSION,
                                      .v_stride = DIMENSION,
                                      .o_stride = DIMENSION};
}

TEST(equal_scores_give_the_mean_of_the_keys_met) {
    static const float zeros[COUNT];
    float v[COUNT];
    double o[COUNT], tolerance[COUNT];
    fill_inputs(INPUTS_UNIFORM, 5, v, COUNT);
    for (int causal = 0; causal < 2; causal++) {
        struct attention_problem problem =
            problem_of(causal ? ATTENTION_CAUSAL : ATTENTION_FULL, zeros, zeros, v);
        oracle_attention(&problem, 0, ROWS, o, tolerance);
        for (int i = 0; i < COUNT; i++) {
            const int row = i / DIMENSION, place = row % SEQUENCE;
            const int met = causal ? place + 1 : SEQUENCE;
            double mean = 0;
            for (int key = 0; key < met; key++)
                mean += (double)v[(row - place + key) * DIMENSION + i % DIMENSION] / met;
            check_near(o[i], mean, 1e-15);
            assert_true(tolerance[i] > 0 && tolerance[i] < 1e-5);
        }
    }
}

/* A score 1e6 above all others leaves of V that key's row alone, to the last bit. */
TEST(the_largest_score_outweighs) {
    float q[COUNT], k[COUNT] = {0}, v[COUNT];
    double o[COUNT], tolerance[COUNT];
    fill_inputs(INPUTS_UNIFORM, 6, v, COUNT);
    for (int i = 0; i < COUNT; i++)
        q[i] = 1;
    k[3 * DIMENSION] = k[(SEQUENCE + 3) * DIMENSION] = 2e6F;
    struct attention_problem problem = problem_of(ATTENTION_FULL, q, k, v);
    oracle_attention(&problem, 0, ROWS, o, tolerance);
    for (int i = 0; i < COUNT; i++) {
        const int row = i / DIMENSION, chosen = row - row % SEQUENCE + 3;
        check_near(o[i], (double)v[chosen * DIMENSION + i % DIMENSION], 0);
    }
}

/* The oracle of softmax over scores that float32 holds exactly, and a product by hand. */
TEST(the_parts_agree) {
    float q[COUNT], k[COUNT], v[COUNT], scores[ROWS * SEQUENCE];
    double o[COUNT], tolerance[COUNT], weights[ROWS * SEQUENCE], ignored[ROWS * SEQUENCE];
    fill_inputs(INPUTS_UNIFORM, 9, v, COUNT);
    for (int i = 0; i < COUNT; i++) {
        q[i] = (float)(i * 7 % 9 - 4);
        k[i] = (float)(i * 5 % 11 - 5);
    }
    for (int r = 0; r < ROWS; r++)
        for (int key = 0; key < SEQUENCE; key++) {
            float sum = 0;
            for (int l = 0; l < DIMENSION; l++)
                sum += q[r * DIMENSION + l] * k[(r - r % SEQUENCE + key) * DIMENSION + l];
            scores[r * SEQUENCE + key] = 0.5F * sum;
        }
    const struct softmax_problem softmax = {
        .variant = SOFTMAX_FORWARD, .rows = ROWS, .columns = SEQUENCE, .input = scores};
    oracle_softmax(&softmax, 0, ROWS, weights, ignored);
    struct attention_problem problem = problem_of(ATTENTION_FULL, q, k, v);
    oracle_attention(&problem, 0, ROWS, o, tolerance);
    for (int i = 0; i < COUNT; i++) {
        const int row = i / DIMENSION;
        double mean = 0;
        for (int key = 0; key < SEQUENCE; key++)
            mean += weights[row * SEQUENCE + key] *
                    (double)v[(row - row % SEQUENCE + key) * DIMENSION + i % DIMENSION];
        check_near(o[i], mean, 1e-14);
    }
}

/* Whether O as it is passes. */
static bool passes(const struct attention_fixture *fixture) {
    return first_wrong(fixture->expected, fixture->tolerance, fixture->o, fixture->o_count) < 0;
}

/* The textbook's attention of another problem than the oracle's, and single elements. */
TEST(tolerances_catch_faults) {
    const struct attention_shape shape = {1, 2, 33, 24};
    struct attention_fixture fixture;
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    attention_open(&fixture, ATTENTION_CAUSAL, DTYPE_F32, &shape, 0, ATTENTION_UNIFORM);
    const struct attention_problem right = fixture.problem;
    for (int fault = 5; fault >= 0; fault--) {
        struct attention_problem problem = right;
        if (fault == 1)
            problem.scale *= 1.01F;
        else if (fault == 2)
            problem.variant = ATTENTION_FULL;
        else if (fault == 3)
            problem.q = right.k;
        else if (fault == 4)
            problem.dimension--;
        else if (fault == 5)
            problem.sequence *= problem.heads--; /* the second head meets the keys of the first */
        attention_poison(&fixture);
        assert_int_equal(attention_naive(&problem, &execution), STATUS_OK);
        if (passes(&fixture) != (fault == 0))
            fail_msg("fault %d", fault);
    }
    const int64_t at = fixture.o_count / 3;
    const float before = fixture.o[at];
    const float wrong[] = {before * 1.01F, before * 0.99F, 0, NAN, INFINITY, fixture.o[at + 1]};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fixture.o[at] = wrong[i];
        assert_false(passes(&fixture));
    }
    attention_close(&fixture);
}
