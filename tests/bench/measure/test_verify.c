/* Every implementation passes, and is caught as soon as it is broken on purpose: a wrong element, a
 * NaN, a write past the end or before the start, a missing row, an input overwritten, a leading
 * dimension not kept to, a kernel of a network that does something else. Those of the GPU run on
 * the emulated one.
 */
#include "bench/devices/gpu.h"
#include "bench/measure/measure.h"
#include "bench/measure/verify.h"
#include "kernels/kernels.h"
#include "tests/support/broken_kernels.h"

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

/* A ground of the operation, see the table below, on the CPU or on the emulated GPU.
 * `oracle_flops` 0: the usual. */
static struct bout *bout_open_on(enum device_kind kind, const struct bench_case *c,
                                 const char *shape, double oracle_flops) {
    struct bout *bout = calloc(1, sizeof *bout);
    struct message message = {""};
    assert_non_null(bout);
    bout->c = *c;
    if (case_shape_parse(shape, &bout->c, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    if ((kind == DEVICE_GPU ? device_gpu_open("emulated", &bout->device, &message)
                            : device_cpu_open(&bout->device, &message)) != STATUS_OK)
        fail_msg("%s", message.text);
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

static struct bout *bout_open(const struct operation *operation, int variant, const char *shape,
                              const struct settings *settings, double oracle_flops) {
    const struct bench_case c = {.operation = operation, .variant = variant, .settings = *settings};
    return bout_open_on(DEVICE_CPU, &c, shape, oracle_flops);
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
    struct check check;
    execution.message = message;
    contender_enter(&contender, false);
    enum status status = verify_launch(bout->expectation, implementation, &contender.launches[0], 0,
                                       &bout->set, &execution, &check, message);
    contender_close(&contender);
    if (status == STATUS_OK)
        assert_true(check.error <= check.tolerance);
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

/* Moves `count` floats of the place between its device and `host`. */
static void place_move(const struct place *place, float *host, int64_t count, bool up) {
    struct device *device = &place->bout->device;
    float *there = (float *)place->bout->set.data[place->buffer] + place->first;
    const size_t bytes = (size_t)count * sizeof *host;
    struct message message;
    enum status status = up ? device->upload(device, there, host, bytes, &message)
                            : device->download(device, host, there, bytes, &message);
    if (status != STATUS_OK)
        fail_msg("%s", message.text);
}

/* 1% and a hundredth away: far more than any tolerance, far less than a wild number. */
static void damage_wrong(void *argument) {
    float element;
    place_move(argument, &element, 1, false);
    element += copysignf(0.01F * (1.0F + fabsf(element)), element);
    place_move(argument, &element, 1, true);
}

static void damage_write(void *argument) {
    const struct place *place = argument;
    float value = place->value;
    place_move(place, &value, 1, true);
}

/* As if the stretch had never been written. */
static void damage_unwritten(void *argument) {
    const struct place *place = argument;
    const float *before = place->bout->inputs.data[place->buffer];
    float *stretch = calloc((size_t)place->count, sizeof *stretch);
    assert_non_null(stretch);
    for (int64_t i = 0; i < place->count; i++)
        stretch[i] = before ? before[place->first + i] : NAN;
    place_move(place, stretch, place->count, true);
    free(stretch);
}

static void damage_byte(void *argument) {
    float element;
    place_move(argument, &element, 1, false);
    *(unsigned char *)&element ^= 1;
    place_move(argument, &element, 1, true);
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
static int64_t last_element(struct bout *bout, int buffer) {
    struct place place = {
        .bout = bout, .buffer = buffer, .first = bout->inputs.specs[buffer].elements - 1};
    for (; place.first > 0; place.first--) {
        float value;
        place_move(&place, &value, 1, false);
        if (!isnan(value) && value != 0.0F)
            break;
    }
    return place.first;
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

static bool is_checked_on(enum device_kind kind, const struct bench_case *c,
                          const struct implementation *implementation) {
    char reason[200];
    return implementation->device == kind && implementation->kind != KIND_YARDSTICK &&
           implementation_can_run(implementation, c, reason, sizeof reason);
}

static bool is_checked(const struct bench_case *c, const struct implementation *implementation) {
    return is_checked_on(DEVICE_CPU, c, implementation);
}

/* A library may find out only when it is called that it cannot do a case. */
static bool is_able(struct bout *bout, const struct implementation *implementation) {
    struct message message;
    return bout_verify(bout, implementation, &message) != STATUS_UNSUPPORTED;
}

/* Shapes of several rows that fill no vector, and settings that use every argument. */
static const struct ground {
    const struct operation *operation;
    const char *shape;
    struct settings settings;
    enum dtype dtype;
} grounds[] = {
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_gemm,
     "13x17x19",
     {.alpha = -0.5F, .beta = 2.0F, .padding = 3, .seed = 2},
     DTYPE_F32},
    {&operation_gemm, "13x17x19", {.alpha = 1.5F, .padding = 5, .seed = 3}, DTYPE_F32},
    {&operation_gemm, "3x5x150", {.alpha = 1.0F, .seed = 4}, DTYPE_F32}, /* k that can be split */
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 5}, DTYPE_TF32},
    /* not every compiler takes the kernels of tf32 */
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 6}, DTYPE_BF16},
    {&operation_linear, "13x17x19", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_activation, "7x127", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_activation, "67x71", {.alpha = 1.0F, .seed = 2}, DTYPE_F32},
    {&operation_softmax, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_softmax, "3x1025", {.alpha = 1.0F, .seed = 2}, DTYPE_F32},
    {&operation_cross_entropy, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_mse, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_column_sums, "33x65", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_optimizer, "5000", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_transfer, "5000", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_mlp, "17-19-23@5", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_mlp, "31-17-9-11@3", {.alpha = 1.0F, .seed = 2}, DTYPE_F32},
};

/* Every implementation on one ground; how many there were, a bit each. */
static unsigned catch_on_ground(const struct ground *ground, int variant, enum device_kind kind) {
    const struct bench_case c = {.operation = ground->operation,
                                 .variant = variant,
                                 .dtype = ground->dtype,
                                 .settings = ground->settings};
    struct bout *bout = bout_open_on(kind, &c, ground->shape, 0.0);
    unsigned checked = 0;
    for (int i = 0; i < c.operation->implementation_count; i++) {
        struct implementation original = c.operation->implementations[i];
        struct mlp_kernels one_by_one; /* a graph cannot be damaged on the way */
        if (c.operation == &operation_mlp && original.kind != KIND_YARDSTICK) {
            one_by_one = *original.run.mlp;
            one_by_one.graph = false;
            original.run.mlp = &one_by_one;
        }
        if (!is_checked_on(kind, &bout->c, &original) || !is_able(bout, &original))
            continue;
        catch_everything(bout, &original);
        checked |= 1U << i;
    }
    bout_close(bout);
    return checked;
}

/* What is to be checked of an operation. */
struct subject {
    const struct operation *operation;
    enum device_kind kind;
};

static bool is_available(enum device_kind kind) {
    char path[4096];
    struct message message;
    size_t images;
    (void)kernels_images(&images);
    return kind == DEVICE_CPU ||
           (images > 0 && gpu_emulator_path(path, sizeof path, &message) == STATUS_OK);
}

/* The ones that no ground has reached. Libraries may be missing, or need a real GPU. */
static void expect_all_checked(const struct subject *subject, unsigned checked) {
    const struct operation *operation = subject->operation;
    for (int i = 0; i < operation->implementation_count; i++) {
        const struct implementation *implementation = &operation->implementations[i];
        bool elsewhere =
            implementation->kind == KIND_LIBRARY && implementation->device == DEVICE_GPU;
        if (implementation->device == subject->kind && implementation->kind != KIND_YARDSTICK &&
            !elsewhere && implementation_is_built(implementation) && !(checked & 1U << i))
            fail_msg("%s %s was never broken", operation->name, implementation->name);
    }
}

static void test_every_broken_implementation_is_caught(void **state) {
    const struct subject *subject = *state;
    unsigned checked = 0;
    if (!is_available(subject->kind))
        skip();
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++)
        for (int v = 0;
             grounds[i].operation == subject->operation && v < subject->operation->variant_count;
             v++)
            checked |= catch_on_ground(&grounds[i], v, subject->kind);
    expect_all_checked(subject, checked);
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

static void catch_broken_kernels(struct bout *bout, const struct implementation *original) {
    bout_pass(bout, original);
    for (size_t i = 0; i < broken_kernel_count; i++) {
        const struct broken_kernel *b = &broken_kernels[i];
        if (!b->in[bout->c.variant])
            continue;
        const struct mlp_kernels kernels = broken_kernels_of(b, original->run.mlp);
        struct implementation broken = *original;
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
                operation_mlp.implementations[i].kind != KIND_PLAIN)
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

/* One test an operation and device, so that a new one fails until it has its grounds; cmocka passes
 * over the places that are left. */
enum { OPERATIONS_MAX = 32, SUBJECTS_MAX = 2 * OPERATIONS_MAX };

static int broken_implementations_run(void) {
    struct CMUnitTest tests[SUBJECTS_MAX] = {0};
    struct subject subjects[SUBJECTS_MAX]; /* cmocka's initial states are not const */
    char names[SUBJECTS_MAX][96];
    assert_in_range(operation_count, 1, OPERATIONS_MAX);
    for (int i = 0; i < 2 * operation_count; i++) {
        subjects[i] = (struct subject){operations[i / 2], i % 2 ? DEVICE_GPU : DEVICE_CPU};
        snprintf(names[i], sizeof names[i], "test_every_broken_implementation_is_caught: %s, %s",
                 operations[i / 2]->name, i % 2 ? "emulated GPU" : "CPU");
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
