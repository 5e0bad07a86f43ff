/* Every implementation passes, and is caught as soon as it is broken on purpose: a wrong element, a
 * NaN, a write past the end or before the start, a missing row, an input overwritten, a leading
 * dimension not kept to, a kernel of a network that does something else.
 */
#include "bench/measure.h"
#include "bench/verify.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- a case with its inputs, expectation and buffers --- */

struct bout {
    struct bench_case c;
    struct device device;
    struct inputs inputs;
    struct expectation *expectation;
    struct buffer_set set;
};

static const struct settings plain = {.alpha = 1.0F, .seed = 1};

/* `oracle_flops` 0: the usual. */
static struct bout *bout_open(const struct operation *operation, int variant, const char *shape,
                              const struct settings *settings, double oracle_flops) {
    struct bout *bout = calloc(1, sizeof *bout);
    struct message message = {""};
    assert_non_null(bout);
    bout->c =
        (struct bench_case){.operation = operation, .variant = variant, .settings = *settings};
    if (case_shape_parse(shape, &bout->c, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(device_cpu_open(&bout->device, &message), STATUS_OK);
    assert_int_equal(inputs_open(&bout->c, &bout->inputs, &message), STATUS_OK);
    enum status status =
        oracle_flops > 0.0
            ? expectation_open_within(&bout->c, &bout->inputs, oracle_flops, &bout->expectation,
                                      &message)
            : expectation_open(&bout->c, &bout->inputs, &bout->expectation, &message);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(buffer_set_open(&bout->set, &bout->device, &bout->inputs, &message),
                     STATUS_OK);
    return bout;
}

static void bout_close(struct bout *bout) {
    buffer_set_close(&bout->set);
    expectation_close(bout->expectation);
    inputs_close(&bout->inputs);
    bout->device.close(&bout->device);
    free(bout);
}

static enum status bout_verify(struct bout *bout, const struct implementation *implementation,
                               struct message *message) {
    struct contender contender;
    message->text[0] = '\0';
    assert_int_equal(contender_open(&contender, &bout->c, implementation, &bout->device, 2,
                                    &bout->set, 1, message),
                     STATUS_OK);
    struct execution execution = contender_execution(&contender);
    struct verdict verdict;
    execution.message = message;
    contender_enter(&contender, false);
    enum status status = verify_launch(bout->expectation, implementation, &contender.launches[0],
                                       &bout->set, &execution, &verdict, message);
    contender_close(&contender);
    assert_int_equal(verdict.verified, status == STATUS_OK);
    if (status == STATUS_OK)
        assert_true(verdict.error <= verdict.tolerance);
    return status;
}

static void bout_pass(struct bout *bout, const struct implementation *implementation) {
    struct message message;
    char name[256];
    case_name(&bout->c, name, sizeof name);
    if (bout_verify(bout, implementation, &message) != STATUS_OK)
        fail_msg("%s %s: %s", name, implementation->name, message.text);
}

/* STATUS_WRONG, with a message that holds `words`. */
static void bout_catch(struct bout *bout, const struct implementation *broken, const char *what,
                       const char *words) {
    struct message message;
    char name[256];
    case_name(&bout->c, name, sizeof name);
    enum status status = bout_verify(bout, broken, &message);
    if (status != STATUS_WRONG)
        fail_msg("%s %s: %s was not caught: status %d %s", name, broken->name, what, (int)status,
                 message.text);
    if (!strstr(message.text, words))
        fail_msg("%s %s: %s: '%s' should hold \"%s\"", name, broken->name, what, message.text,
                 words);
}

/* --- breaking an implementation: the original runs, then the buffers are damaged --- */

/* What the broken kernels do; one at a time. */
static struct {
    const struct implementation *original;
    void (*damage)(void *argument);
    void *argument;
} breakage;

#define BROKEN(kind, call)                                                                         \
    static enum status kind##_broken(const struct kind##_problem *problem,                         \
                                     struct execution *execution) {                                \
        enum status status = breakage.original->run.call(problem, execution);                      \
        breakage.damage(breakage.argument);                                                        \
        return status;                                                                             \
    }
BROKEN(gemm, gemm)
BROKEN(linear, linear)
BROKEN(activation, activation)
BROKEN(softmax, softmax)
BROKEN(cross_entropy, cross_entropy)
BROKEN(mse, mse)
BROKEN(column_sums, column_sums)
BROKEN(optimizer, optimizer)
BROKEN(transfer, transfer)
#undef BROKEN

/* The last kernel of a step, and the last of inference. */
static enum status mlp_optimizer_broken(const struct optimizer_problem *problem,
                                        struct execution *execution) {
    enum status status = breakage.original->run.mlp->optimizer(problem, execution);
    breakage.damage(breakage.argument);
    return status;
}

static enum status mlp_softmax_broken(const struct softmax_problem *problem,
                                      struct execution *execution) {
    enum status status = breakage.original->run.mlp->softmax(problem, execution);
    breakage.damage(breakage.argument);
    return status;
}

/* The original with its function replaced; `kernels` is where a network's lie. */
static struct implementation broken_of(const struct operation *operation,
                                       const struct implementation *original,
                                       struct mlp_kernels *kernels) {
    struct implementation broken = *original;
    breakage.original = original;
    if (operation == &operation_gemm)
        broken.run.gemm = gemm_broken;
    else if (operation == &operation_linear)
        broken.run.linear = linear_broken;
    else if (operation == &operation_activation)
        broken.run.activation = activation_broken;
    else if (operation == &operation_softmax)
        broken.run.softmax = softmax_broken;
    else if (operation == &operation_cross_entropy)
        broken.run.cross_entropy = cross_entropy_broken;
    else if (operation == &operation_mse)
        broken.run.mse = mse_broken;
    else if (operation == &operation_column_sums)
        broken.run.column_sums = column_sums_broken;
    else if (operation == &operation_optimizer)
        broken.run.optimizer = optimizer_broken;
    else if (operation == &operation_transfer)
        broken.run.transfer = transfer_broken;
    else {
        assert_ptr_equal(operation, &operation_mlp);
        *kernels = *original->run.mlp;
        kernels->optimizer = mlp_optimizer_broken;
        kernels->softmax = mlp_softmax_broken;
        broken.run.mlp = kernels;
    }
    return broken;
}

/* --- the damages --- */

/* One element, or a stretch of elements, of one buffer. */
struct place {
    struct bout *bout;
    int buffer;
    int64_t first, count;
    float value;
};

static float *place_data(const struct place *place) {
    return (float *)place->bout->set.data[place->buffer] + place->first;
}

/* 1% and a hundredth away: far more than any tolerance, far less than a wild number. */
static void damage_wrong(void *argument) {
    float *element = place_data(argument);
    *element += copysignf(0.01F * (1.0F + fabsf(*element)), *element);
}

static void damage_write(void *argument) {
    const struct place *place = argument;
    *place_data(place) = place->value;
}

/* As if the stretch had never been written. */
static void damage_unwritten(void *argument) {
    const struct place *place = argument;
    const float *before = place->bout->inputs.data[place->buffer];
    for (int64_t i = 0; i < place->count; i++)
        place_data(place)[i] = before ? before[place->first + i] : NAN;
}

static void damage_byte(void *argument) {
    unsigned char *byte = (unsigned char *)place_data(argument);
    *byte ^= 1;
}

static void catch_damage(struct bout *bout, const struct implementation *broken,
                         void (*damage)(void *), struct place *place, const char *what,
                         const char *words) {
    breakage.damage = damage;
    breakage.argument = place;
    bout_catch(bout, broken, what, words);
}

/* The last element that a good run leaves neither NaN nor zero: what belongs to nobody between the
 * tensors of a network is one or the other. */
static int64_t last_element(const struct bout *bout, int buffer) {
    const float *values = bout->set.data[buffer];
    int64_t i = bout->inputs.specs[buffer].elements - 1;
    while (i > 0 && (isnan(values[i]) || values[i] == 0.0F))
        i--;
    return i;
}

/* How a message names the buffer of a wrong element. In a network any tensor may be the first that
 * does not follow from the others. */
static void element_words(const struct bout *bout, int buffer, char *words, size_t size) {
    bool network = bout->c.operation == &operation_mlp;
    snprintf(words, size, "%s[", network ? "" : bout->inputs.specs[buffer].name);
}

static void quoted(const struct bout *bout, int buffer, char *words, size_t size) {
    snprintf(words, size, "'%s'", bout->inputs.specs[buffer].name);
}

static void catch_output_damages(struct bout *bout, const struct implementation *broken,
                                 int buffer) {
    const struct buffer_spec *spec = &bout->inputs.specs[buffer];
    int64_t last_row = (spec->rows - 1) * spec->stride;
    char words[64];
    element_words(bout, buffer, words, sizeof words);
    struct place first = {.bout = bout, .buffer = buffer, .count = 1, .value = NAN};
    struct place last = first, row = first;
    last.first = last_element(bout, buffer);
    row.first = last_row;
    row.count = spec->elements - last_row;
    catch_damage(bout, broken, damage_wrong, &first, "a wrong first element", words);
    catch_damage(bout, broken, damage_wrong, &last, "a wrong last element", words);
    catch_damage(bout, broken, damage_write, &first, "a NaN", words);
    last.value = INFINITY;
    catch_damage(bout, broken, damage_write, &last, "an infinity", words);
    catch_damage(bout, broken, damage_unwritten, &row, "a missing last row", words);
}

/* Writes around every buffer, into inputs, and between the rows of padded outputs. */
static void catch_stray_writes(struct bout *bout, const struct implementation *broken, int buffer) {
    const struct buffer_spec *spec = &bout->inputs.specs[buffer];
    char words[64];
    quoted(bout, buffer, words, sizeof words);
    struct place place = {.bout = bout, .buffer = buffer, .count = 1, .value = 1.0F};
    place.first = spec->elements;
    catch_damage(bout, broken, damage_write, &place, "a write past the end", words);
    place.first = -1;
    catch_damage(bout, broken, damage_write, &place, "a write before the start", words);
    if (spec->role == BUFFER_INPUT) {
        place.first = spec->elements - 1;
        catch_damage(bout, broken, damage_byte, &place, "an overwritten input", words);
    }
    if (spec->role != BUFFER_INPUT && spec->stride > spec->columns) {
        place.first = (spec->rows - 1) * spec->stride - 1;
        catch_damage(bout, broken, damage_write, &place, "a write between the rows", words);
    }
}

static void catch_everything(struct bout *bout, const struct implementation *original) {
    struct mlp_kernels kernels;
    const struct implementation broken = broken_of(bout->c.operation, original, &kernels);
    for (int i = 0; i < BUFFERS_MAX; i++) {
        const struct buffer_spec *spec = &bout->inputs.specs[i];
        if (spec->elements == 0)
            continue;
        bout_pass(bout, original); /* and leaves good results for last_element() */
        if (spec->role == BUFFER_OUTPUT || spec->role == BUFFER_IN_OUT)
            catch_output_damages(bout, &broken, i);
        catch_stray_writes(bout, &broken, i);
    }
    bout_pass(bout, original);
}

/* --- all implementations --- */

static bool is_checked(const struct bench_case *c, const struct implementation *implementation) {
    return implementation->device == DEVICE_CPU && !implementation->yardstick &&
           !(implementation->absent && implementation->absent()) &&
           implementation_has_dtype(implementation, c->dtype) &&
           !(implementation->refusal && implementation->refusal(c));
}

/* A library may find out only when it is called that it cannot do a case. */
static bool is_able(struct bout *bout, const struct implementation *implementation) {
    struct message message;
    return bout_verify(bout, implementation, &message) != STATUS_UNSUPPORTED;
}

/* Every implementation on one case; how many there were. */
static int catch_in_case(const struct operation *operation, int variant, const char *shape,
                         const struct settings *settings) {
    struct bout *bout = bout_open(operation, variant, shape, settings, 0.0);
    int checked = 0;
    for (int i = 0; i < operation->implementation_count; i++)
        if (is_checked(&bout->c, &operation->implementations[i]) &&
            is_able(bout, &operation->implementations[i])) {
            catch_everything(bout, &operation->implementations[i]);
            checked++;
        }
    bout_close(bout);
    return checked;
}

/* Shapes of several rows that fill no vector, and settings that use every argument. */
static const struct {
    const struct operation *operation;
    const char *shape;
    struct settings settings;
} grounds[] = {
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 1}},
    {&operation_gemm, "13x17x19", {.alpha = -0.5F, .beta = 2.0F, .padding = 3, .seed = 2}},
    {&operation_gemm, "13x17x19", {.alpha = 1.5F, .padding = 5, .seed = 3}},
    {&operation_linear, "13x17x19", {.alpha = 1.0F, .seed = 1}},
    {&operation_activation, "7x127", {.alpha = 1.0F, .seed = 1}},
    {&operation_activation, "67x71", {.alpha = 1.0F, .seed = 2}},
    {&operation_softmax, "5x17", {.alpha = 1.0F, .seed = 1}},
    {&operation_softmax, "3x1025", {.alpha = 1.0F, .seed = 2}},
    {&operation_cross_entropy, "5x17", {.alpha = 1.0F, .seed = 1}},
    {&operation_mse, "5x17", {.alpha = 1.0F, .seed = 1}},
    {&operation_column_sums, "33x65", {.alpha = 1.0F, .seed = 1}},
    {&operation_optimizer, "5000", {.alpha = 1.0F, .seed = 1}},
    {&operation_transfer, "5000", {.alpha = 1.0F, .seed = 1}},
    {&operation_mlp, "17-19-23@5", {.alpha = 1.0F, .seed = 1}},
    {&operation_mlp, "31-17-9-11@3", {.alpha = 1.0F, .seed = 2}},
};

static void test_every_broken_implementation_is_caught(void **state) {
    const struct operation *operation = *(const struct operation **)*state;
    int checked = 0;
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++)
        for (int v = 0; grounds[i].operation == operation && v < operation->variant_count; v++)
            checked += catch_in_case(operation, v, grounds[i].shape, &grounds[i].settings);
    assert_true(checked >= 2 * operation->variant_count);
}

/* --- the rule of comparison --- */

/* Copies are exact, so that each damage is the only one. `was` picks the element. */
static void catch_special(float was, float becomes, bool caught) {
    struct settings settings = plain;
    settings.values = VALUES_SPECIAL;
    struct bout *bout = bout_open(&operation_transfer, TRANSFER_COPY, "5000", &settings, 0.0);
    const struct implementation *original = &operation_transfer.implementations[0];
    const struct implementation broken = broken_of(&operation_transfer, original, NULL);
    const float *a = bout->inputs.data[0];
    int64_t i = 0;
    while (i < 5000 && !(isnan(was) ? isnan(a[i]) : a[i] == was))
        i++;
    assert_in_range(i, 0, 4999);
    struct place place = {.bout = bout, .buffer = 2, .first = i, .count = 1, .value = becomes};
    struct message message;
    breakage.damage = damage_write;
    breakage.argument = &place;
    enum status status = bout_verify(bout, &broken, &message);
    if (status != (caught ? STATUS_WRONG : STATUS_OK))
        fail_msg("%g that became %g: status %d %s", (double)was, (double)becomes, (int)status,
                 message.text);
    bout_close(bout);
}

static void test_the_rule_of_comparison(void **state) {
    (void)state;
    catch_special(NAN, 0.0F, true);
    catch_special(NAN, INFINITY, true);
    catch_special(NAN, -NAN, false);
    catch_special(INFINITY, -INFINITY, true);
    catch_special(INFINITY, FLT_MAX, true);
    catch_special(INFINITY, NAN, true);
    catch_special(-INFINITY, -FLT_MAX, true);
    catch_special(0.0F, NAN, true);
    catch_special(0.0F, FLT_MIN, true);
    catch_special(0.0F, -0.0F, false);
}

/* Leaves alone what should become NaN. */
static enum status softmax_leaving_nans(const struct softmax_problem *problem,
                                        struct execution *execution) {
    float before = problem->output[0];
    enum status status = breakage.original->run.softmax(problem, execution);
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        if (isnan(problem->output[i]))
            problem->output[i] = before;
    return status;
}

/* Among NaNs poison must be a number, or what was never written would pass for a result. */
static void test_what_was_not_written_shows_among_nans(void **state) {
    (void)state;
    struct settings settings = plain;
    settings.values = VALUES_SPECIAL;
    struct bout *bout = bout_open(&operation_softmax, SOFTMAX_FORWARD, "9x200", &settings, 0.0);
    struct implementation broken = operation_softmax.implementations[0];
    bout_pass(bout, &broken);
    breakage.original = &operation_softmax.implementations[0];
    broken.run.softmax = softmax_leaving_nans;
    bout_catch(bout, &broken, "a row that was not written", "y[");
    bout_close(bout);
}

/* Rows are compared by several threads, and the worst of all must come out. */
static void test_one_wrong_row_among_many_is_caught(void **state) {
    (void)state;
    enum { ROWS = 5000, COLUMNS = 4 };
    struct bout *bout = bout_open(&operation_softmax, SOFTMAX_FORWARD, "5000x4", &plain, 0.0);
    const struct implementation *original = &operation_softmax.implementations[0];
    const struct implementation broken = broken_of(&operation_softmax, original, NULL);
    for (int64_t row = 0; row < ROWS; row += 307) {
        char words[32];
        snprintf(words, sizeof words, "y[%lld,2]", (long long)row);
        struct place place = {.bout = bout, .buffer = 2, .first = row * COLUMNS + 2, .count = 1};
        catch_damage(bout, &broken, damage_wrong, &place, "a wrong row", words);
    }
    bout_close(bout);
}

/* An implementation that fails is no wrong result: its own status and reason come back. */
static enum status gemm_failing(const struct gemm_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_FAILED, "the library gave up");
}

static void test_a_failing_launch_keeps_its_reason(void **state) {
    (void)state;
    struct bout *bout = bout_open(&operation_gemm, GEMM_NN, "4x4x4", &plain, 0.0);
    struct implementation failing = operation_gemm.implementations[0];
    failing.run.gemm = gemm_failing;
    struct message message;
    assert_int_equal(bout_verify(bout, &failing, &message), STATUS_FAILED);
    assert_string_equal(message.text, "the library gave up");
    bout_close(bout);
}

/* --- networks with one kernel that does something else --- */

static const struct mlp_kernels *good; /* what the kernels below fall back to */

static enum status activation_without_bias(const struct activation_problem *problem,
                                           struct execution *execution) {
    struct activation_problem changed = *problem;
    if (!problem->backward)
        changed.bias = NULL;
    return good->activation(&changed, execution);
}

static enum status activation_passing_gradients(const struct activation_problem *problem,
                                                struct execution *execution) {
    struct activation_problem changed = *problem;
    if (problem->backward)
        changed.function = ACTIVATION_IDENTITY;
    return good->activation(&changed, execution);
}

static enum status activation_without_dbias(const struct activation_problem *problem,
                                            struct execution *execution) {
    struct activation_problem changed = *problem;
    if (problem->backward)
        changed.dbias = NULL;
    return good->activation(&changed, execution);
}

static enum status gemm_scaled(const struct gemm_problem *problem, enum gemm_variant variant,
                               struct execution *execution) {
    struct gemm_problem changed = *problem;
    if (problem->variant == variant)
        changed.alpha *= 1.01F;
    return good->gemm(&changed, execution);
}

static enum status gemm_wrong_forward(const struct gemm_problem *problem,
                                      struct execution *execution) {
    return gemm_scaled(problem, GEMM_NT, execution);
}

static enum status gemm_wrong_weights(const struct gemm_problem *problem,
                                      struct execution *execution) {
    return gemm_scaled(problem, GEMM_TN, execution);
}

static enum status gemm_wrong_inputs(const struct gemm_problem *problem,
                                     struct execution *execution) {
    return gemm_scaled(problem, GEMM_NN, execution);
}

/* One element of the gradients is off by a hundredth of the mean. */
static enum status gemm_wrong_element(const struct gemm_problem *problem,
                                      struct execution *execution) {
    enum status status = good->gemm(problem, execution);
    if (problem->variant != GEMM_TN)
        return status;
    int64_t count = problem->m * problem->n;
    float sum = 0.0F;
    for (int64_t i = 0; i < count; i++)
        sum += fabsf(problem->c[i]);
    problem->c[count / 2] += 0.01F * sum / (float)count;
    return status;
}

static enum status gemm_zeroed_row(const struct gemm_problem *problem,
                                   struct execution *execution) {
    enum status status = good->gemm(problem, execution);
    for (int64_t j = 0; problem->variant == GEMM_TN && j < problem->n; j++)
        problem->c[(problem->m - 1) * problem->ldc + j] = 0.0F;
    return status;
}

/* B^T A for A^T B, where both have the same shape. */
static enum status gemm_transposed(const struct gemm_problem *problem,
                                   struct execution *execution) {
    struct gemm_problem changed = *problem;
    if (problem->variant == GEMM_TN && problem->m == problem->n) {
        changed.a = problem->b;
        changed.b = problem->a;
    }
    return good->gemm(&changed, execution);
}

/* Adds to what was there instead of replacing it. */
static enum status gemm_accumulating(const struct gemm_problem *problem,
                                     struct execution *execution) {
    struct gemm_problem changed = *problem;
    if (problem->variant == GEMM_TN)
        changed.beta = 1.0F;
    return good->gemm(&changed, execution);
}

static enum status loss_not_averaged(const struct cross_entropy_problem *problem,
                                     struct execution *execution) {
    enum status status = good->cross_entropy(problem, execution);
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        problem->dlogits[i] *= (float)problem->rows;
    return status;
}

static enum status mse_halved(const struct mse_problem *problem, struct execution *execution) {
    enum status status = good->mse(problem, execution);
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        problem->dprediction[i] *= 0.5F;
    return status;
}

static enum status sums_without_last_row(const struct column_sums_problem *problem,
                                         struct execution *execution) {
    struct column_sums_problem changed = *problem;
    changed.rows--;
    return good->column_sums(&changed, execution);
}

static enum status softmax_missing(const struct softmax_problem *problem,
                                   struct execution *execution) {
    (void)problem;
    (void)execution;
    return STATUS_OK;
}

static enum status update_missing(const struct optimizer_problem *problem,
                                  struct execution *execution) {
    (void)problem;
    (void)execution;
    return STATUS_OK;
}

static enum status update_of_another_step(const struct optimizer_problem *problem,
                                          struct execution *execution) {
    struct optimizer_problem changed = *problem;
    changed.step++;
    return good->optimizer(&changed, execution);
}

static enum status update_without_last(const struct optimizer_problem *problem,
                                       struct execution *execution) {
    struct optimizer_problem changed = *problem;
    changed.count -= 16;
    return good->optimizer(&changed, execution);
}

enum { TRAIN_STEP, TRAIN_STEP_MSE, INFERENCE };

struct broken_kernel {
    const char *what;
    bool in[3];                 /* which variants run it */
    struct mlp_kernels kernels; /* the one that is replaced; the others NULL */
};

static const struct broken_kernel broken_kernels[] = {
    {"a dropped bias", {true, true, true}, {.activation = activation_without_bias}},
    {"a wrong product", {true, true, true}, {.gemm = gemm_wrong_forward}},
    {"wrong gradients of weights", {true, true, false}, {.gemm = gemm_wrong_weights}},
    {"wrong gradients of inputs", {true, true, false}, {.gemm = gemm_wrong_inputs}},
    {"one wrong gradient", {true, true, false}, {.gemm = gemm_wrong_element}},
    {"a row of no gradients", {true, true, false}, {.gemm = gemm_zeroed_row}},
    {"transposed gradients", {true, true, false}, {.gemm = gemm_transposed}},
    {"gradients added up", {true, true, false}, {.gemm = gemm_accumulating}},
    {"gradients past relu", {true, true, false}, {.activation = activation_passing_gradients}},
    {"gradients without bias", {true, true, false}, {.activation = activation_without_dbias}},
    {"a loss that is no mean", {true, false, false}, {.cross_entropy = loss_not_averaged}},
    {"half a gradient", {false, true, false}, {.mse = mse_halved}},
    {"a row not summed", {true, true, false}, {.column_sums = sums_without_last_row}},
    {"no softmax", {false, false, true}, {.softmax = softmax_missing}},
    {"no update", {true, true, false}, {.optimizer = update_missing}},
    {"another step's update", {true, true, false}, {.optimizer = update_of_another_step}},
    {"an update cut short", {true, true, false}, {.optimizer = update_without_last}},
};

static void kernels_replace(struct mlp_kernels *kernels, const struct mlp_kernels *other) {
    kernels->gemm = other->gemm ? other->gemm : kernels->gemm;
    kernels->activation = other->activation ? other->activation : kernels->activation;
    kernels->softmax = other->softmax ? other->softmax : kernels->softmax;
    kernels->cross_entropy = other->cross_entropy ? other->cross_entropy : kernels->cross_entropy;
    kernels->mse = other->mse ? other->mse : kernels->mse;
    kernels->column_sums = other->column_sums ? other->column_sums : kernels->column_sums;
    kernels->optimizer = other->optimizer ? other->optimizer : kernels->optimizer;
}

static void catch_broken_kernels(struct bout *bout, const struct implementation *original) {
    bout_pass(bout, original);
    for (size_t i = 0; i < sizeof broken_kernels / sizeof broken_kernels[0]; i++) {
        const struct broken_kernel *b = &broken_kernels[i];
        if (!b->in[bout->c.variant])
            continue;
        struct mlp_kernels kernels = *original->run.mlp;
        struct implementation broken = *original;
        good = original->run.mlp;
        kernels_replace(&kernels, &b->kernels);
        broken.run.mlp = &kernels;
        bout_catch(bout, &broken, b->what, "[");
    }
}

static void test_every_broken_kernel_of_a_network_is_caught(void **state) {
    (void)state;
    for (int variant = TRAIN_STEP; variant <= INFERENCE; variant++) {
        struct bout *bout = bout_open(&operation_mlp, variant, "19-19-23@5", &plain, 0.0);
        for (int i = 0; i < operation_mlp.implementation_count; i++)
            if (is_checked(&bout->c, &operation_mlp.implementations[i]))
                catch_broken_kernels(bout, &operation_mlp.implementations[i]);
        bout_close(bout);
    }
}

/* The bounds do not grow with the network: a hundredth of one gradient shows here as well. */
static void test_broken_kernels_of_a_large_network_are_caught(void **state) {
    (void)state;
    for (int variant = TRAIN_STEP; variant <= INFERENCE; variant++) {
        struct bout *bout =
            bout_open(&operation_mlp, variant, "256-256-256-256-64@200", &plain, 0.0);
        for (int i = 0; i < operation_mlp.implementation_count; i++)
            if (is_checked(&bout->c, &operation_mlp.implementations[i]) &&
                !operation_mlp.implementations[i].plain)
                catch_broken_kernels(bout, &operation_mlp.implementations[i]);
        bout_close(bout);
    }
}

/* --- sampled rows and the probe --- */

enum { PROBE_M = 60, PROBE_N = 50, PROBE_K = 40, PROBE_ROWS = 5 };
static const char probe_shape[] = "60x50x40";
/* Enough for PROBE_ROWS rows of the oracle: 0, 14, 29, 44 and 59 of 60. */
static const double probe_flops = 4.0 * PROBE_N * PROBE_K * PROBE_ROWS;

static void catch_unsampled(struct bout *bout, const struct implementation *original) {
    const struct implementation broken = broken_of(&operation_gemm, original, NULL);
    const struct buffer_spec *c = &bout->inputs.specs[2];
    static const int64_t columns[] = {0, 23, PROBE_N - 1};
    for (int64_t row = 0; row < PROBE_M; row++)
        for (int i = 0; i < 3; i++) {
            struct place place = {
                .bout = bout, .buffer = 2, .first = row * c->stride + columns[i], .count = 1};
            bool sampled = row == 0 || row == 14 || row == 29 || row == 44 || row == 59;
            catch_damage(bout, &broken, damage_wrong, &place, "a wrong element",
                         sampled ? "c[" : "random projection of c is");
        }
    struct place nan = {.bout = bout, .buffer = 2, .first = 7 * c->stride + 3, .value = NAN};
    catch_damage(bout, &broken, damage_write, &nan, "a NaN", "random projection");
    nan.value = -INFINITY;
    catch_damage(bout, &broken, damage_write, &nan, "an infinity", "random projection");
    struct place row = {
        .bout = bout, .buffer = 2, .first = 58 * c->stride, .count = PROBE_N, .value = NAN};
    catch_damage(bout, &broken, damage_unwritten, &row, "a missing row", "random projection");
}

static void test_the_probe_finds_one_wrong_element(void **state) {
    (void)state;
    static const struct settings settings[] = {
        {.alpha = 1.0F, .seed = 1}, {.alpha = -0.5F, .beta = 2.0F, .padding = 3, .seed = 2}};
    for (int variant = 0; variant < operation_gemm.variant_count; variant++)
        for (int s = 0; s < 2; s++) {
            struct bout *bout =
                bout_open(&operation_gemm, variant, probe_shape, &settings[s], probe_flops);
            for (int i = 0; i < operation_gemm.implementation_count; i++)
                if (is_checked(&bout->c, &operation_gemm.implementations[i])) {
                    bout_pass(bout, &operation_gemm.implementations[i]);
                    catch_unsampled(bout, &operation_gemm.implementations[i]);
                }
            bout_close(bout);
        }
}

static void pass_sampled(int variant, const char *shape, const struct settings *settings) {
    struct bout *bout = bout_open(&operation_gemm, variant, shape, settings, 1.0);
    for (int i = 0; i < operation_gemm.implementation_count; i++)
        if (is_checked(&bout->c, &operation_gemm.implementations[i]))
            bout_pass(bout, &operation_gemm.implementations[i]);
    bout_close(bout);
}

/* Right results pass, whatever the seed, the values, and the order in which a library adds. */
static void test_the_probe_lets_right_results_pass(void **state) {
    (void)state;
    static const char *const shapes[] = {"60x50x40", "3x300x7", "200x3x1", "40x30x3000"};
    static const enum values values[] = {VALUES_UNIFORM, VALUES_LARGE, VALUES_DENORMAL};
    for (uint64_t seed = 1; seed <= 15; seed++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            const struct settings settings = {.alpha = seed % 2 ? 1.0F : -0.5F,
                                              .beta = seed % 3 ? 0.0F : 1.0F,
                                              .padding = (int64_t)seed % 4,
                                              .values = values[seed % 5 < 3 ? 0 : seed % 5 - 2],
                                              .seed = seed};
            pass_sampled((int)(seed % 3), shapes[s], &settings);
        }
}

/* One test an operation, so that a new one fails until it has its grounds; cmocka passes over the
 * places that are left. */
enum { OPERATIONS_MAX = 32 };

static int broken_implementations_run(void) {
    struct CMUnitTest tests[OPERATIONS_MAX] = {0};
    const struct operation *subjects[OPERATIONS_MAX]; /* cmocka's initial states are not const */
    char names[OPERATIONS_MAX][96];
    assert_in_range(operation_count, 1, OPERATIONS_MAX);
    for (int i = 0; i < operation_count; i++) {
        subjects[i] = operations[i];
        snprintf(names[i], sizeof names[i], "test_every_broken_implementation_is_caught: %s",
                 operations[i]->name);
        tests[i] = (struct CMUnitTest){names[i], test_every_broken_implementation_is_caught, NULL,
                                       NULL, &subjects[i]};
    }
    return cmocka_run_group_tests_name("broken implementations", tests, NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule_of_comparison),
        cmocka_unit_test(test_what_was_not_written_shows_among_nans),
        cmocka_unit_test(test_one_wrong_row_among_many_is_caught),
        cmocka_unit_test(test_a_failing_launch_keeps_its_reason),
        cmocka_unit_test(test_every_broken_kernel_of_a_network_is_caught),
        cmocka_unit_test(test_broken_kernels_of_a_large_network_are_caught),
        cmocka_unit_test(test_the_probe_finds_one_wrong_element),
        cmocka_unit_test(test_the_probe_lets_right_results_pass),
    };
    int failed = broken_implementations_run();
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
