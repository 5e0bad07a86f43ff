/* Sampling in turn, and when it ends: with a device whose clock the kernels move, so that no real
 * time is taken. Where a limit is one of real time it is 0 or an eternity.
 */
#include "bench/measure/measure.h"
#include "bench/measure/parts.h"
#include "bench/network/mlp_plan.h"
#include "bench/operations/operations.h"
#include "common/floating.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- a fake operation on a fake device --- */

enum { LOG_MAX = 20000, KERNELS = 3 };

/* What an implementation does; its number is its place among the implementations. */
struct kernel {
    double seconds;       /* that an iteration takes … */
    double slow;          /* … and every other timed batch, unless 0 */
    double first_use;     /* … and the first iteration of its number, unless 0 */
    int64_t used;         /* numbers of iterations that were there */
    int64_t breaks_after; /* launches after which it fails; 0: never */
    int64_t launches;
};

static struct {
    double now; /* of the device's clock */
    double started;
    struct kernel kernels[KERNELS];
    struct {
        int kernel;         /* that ran in a timed batch */
        int64_t iterations; /* how often */
        int64_t first;      /* number of its first iteration */
        float value;        /* of the in-out buffer when it began */
        const void *data;   /* whose buffer that was, at the last iteration */
    } log[LOG_MAX];
    int log_count;
    int64_t batches[KERNELS];
    int flushed, not_flushed; /* launches with and without denormals flushed */
} fake;

OPERATION_PROBLEM(transfer)

static void fake_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    specs[0] = buffer_flat("p", BUFFER_IN_OUT, c->sizes[0]);
    specs[1] = buffer_flat("x", BUFFER_INPUT, c->sizes[0]);
}

static void fake_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    *transfer_problem_in(launch) =
        (struct transfer_problem){.count = c->sizes[0], .a = buffers[1], .out = buffers[0]};
}

static enum status fake_launch(const struct implementation *implementation,
                               const struct launch *launch, int64_t iteration,
                               struct execution *execution);

static const struct implementation fake_implementations[KERNELS] = {
    {.name = "a"}, {.name = "b"}, {.name = "c"}};

static double fake_count(const struct bench_case *c) {
    return (double)c->sizes[0];
}

static const char *const fake_variants[] = {"only"};
static const char *const fake_shapes[] = {"4", NULL};
#define FAKE_OPERATION                                                                             \
    .name = "fake", .shape_form = "N", .variants = fake_variants, .variant_count = 1,              \
    .implementations = fake_implementations, .implementation_count = KERNELS,                      \
    .awkward_shapes = fake_shapes, .describe = fake_describe, .bind = fake_bind,                   \
    .launch = fake_launch, .flops = fake_count, .bytes = fake_count

static const struct operation fake_operation = {FAKE_OPERATION};
static const struct operation restored_operation = {FAKE_OPERATION, .restore_each_sample = true};

static enum status fake_launch(const struct implementation *implementation,
                               const struct launch *launch, int64_t iteration,
                               struct execution *execution) {
    int which = implementation->name[0] - 'a';
    struct kernel *kernel = &fake.kernels[which];
    kernel->launches++;
    if (kernel->breaks_after && kernel->launches > kernel->breaks_after)
        return message_set(execution->message, STATUS_FAILED, "kernel %s broke",
                           implementation->name);
    assert_in_range(fake.log_count, 0, LOG_MAX - 2);
    if (fake.log[fake.log_count].iterations++ == 0) {
        fake.log[fake.log_count].kernel = which;
        fake.log[fake.log_count].first = iteration;
        fake.log[fake.log_count].value = transfer_problem_of(launch)->out[0];
        fake.batches[which]++;
    }
    fake.log[fake.log_count].data = transfer_problem_of(launch)->out;
    transfer_problem_of(launch)->out[0] += 1.0F;
    bool flushed = floating_denormals_flushed();
    fake.flushed += flushed;
    fake.not_flushed += !flushed;
    bool slow = kernel->slow > 0.0 && fake.batches[which] / 2 % 2 == 1;
    bool first_use = kernel->first_use > 0.0 && iteration >= kernel->used;
    kernel->used = iteration >= kernel->used ? iteration + 1 : kernel->used;
    fake.now += first_use ? kernel->first_use : slow ? kernel->slow : kernel->seconds;
    return STATUS_OK;
}

static enum status fake_allocate(struct device *device, size_t bytes, void **pointer,
                                 struct message *message) {
    (void)device;
    (void)message;
    *pointer = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return *pointer ? STATUS_OK : STATUS_NO_MEMORY;
}

static void fake_release(struct device *device, void *pointer) {
    (void)device;
    free(pointer);
}

static enum status fake_upload(struct device *device, void *to, const void *from, size_t bytes,
                               struct message *message) {
    (void)device;
    (void)message;
    memcpy(to, from, bytes);
    return STATUS_OK;
}

static enum status fake_timer_start(struct device *device, struct message *message) {
    (void)device;
    (void)message;
    fake.started = fake.now;
    return STATUS_OK;
}

static enum status fake_timer_stop(struct device *device, double *seconds,
                                   struct message *message) {
    (void)device;
    (void)message;
    *seconds = fake.now - fake.started;
    fake.log_count += fake.log[fake.log_count].iterations > 0;
    return STATUS_OK;
}

static enum status no_time(struct device *device, double *seconds, struct message *message) {
    (void)device;
    *seconds = 0.0;
    return message_set(message, STATUS_UNSUPPORTED, "this device has no time");
}

static struct device device_of(void) {
    return (struct device){.name = "fake",
                           .allocate = fake_allocate,
                           .release = fake_release,
                           .upload = fake_upload,
                           .timer_start = fake_timer_start,
                           .timer_stop = fake_timer_stop};
}

/* --- contenders over it --- */

enum { SETS_MAX = 3 };

struct race {
    struct bench_case c;
    struct device device;
    struct inputs inputs;
    struct buffer_set sets[SETS_MAX];
    int set_count, count;
    struct contender contenders[KERNELS];
};

static void race_open(struct race *race, const struct operation *operation, int count,
                      int set_count) {
    memset(race, 0, sizeof *race);
    memset(&fake, 0, sizeof fake);
    race->c = (struct bench_case){
        .operation = operation, .size_count = 1, .sizes = {4}, .settings.seed = 1};
    race->device = device_of();
    race->count = count;
    race->set_count = set_count;
    struct message message;
    assert_int_equal(inputs_open(&race->c, &race->inputs, &message), STATUS_OK);
    for (int i = 0; i < set_count; i++)
        assert_int_equal(buffer_set_open(&race->sets[i], &race->device, &race->inputs, &message),
                         STATUS_OK);
    for (int i = 0; i < count; i++) {
        fake.kernels[i].seconds = 0.01;
        assert_int_equal(contender_open(&race->contenders[i], &race->c, &fake_implementations[i],
                                        &race->device, 1, race->sets, set_count, &message),
                         STATUS_OK);
    }
}

static void race_close(struct race *race) {
    for (int i = 0; i < race->count; i++)
        contender_close(&race->contenders[i]);
    for (int i = 0; i < race->set_count; i++)
        buffer_set_close(&race->sets[i]);
    inputs_close(&race->inputs);
}

/* No warm-up beyond the length of a sample; all the time that one could want. */
static struct measure_limits patient(void) {
    return (struct measure_limits){.case_seconds = 1e6,
                                   .sample_seconds = 1e-3,
                                   .target_noise = 0.01,
                                   .samples_min = 10,
                                   .samples_few = 3,
                                   .samples_max = 40,
                                   .patience = 5.0};
}

static void race_run(struct race *race, const struct measure_limits *limits) {
    struct message message = {""};
    assert_int_equal(
        measure_contenders(race->contenders, race->count, limits, NULL, NULL, &message), STATUS_OK);
    assert_int_equal(fake.not_flushed, 0);
    assert_true(fake.flushed > 0);
    assert_false(floating_denormals_flushed());
}

static void check_end(const struct contender *c, enum measure_end end, size_t samples) {
    assert_true(c->done);
    assert_int_equal(c->status, STATUS_OK);
    assert_int_equal(c->end, end);
    assert_int_equal(c->sample_count, samples);
}

/* --- when sampling ends --- */

TEST(a_steady_kernel_takes_the_fewest_samples) {
    struct race race;
    race_open(&race, &fake_operation, 1, 1);
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    check_end(&race.contenders[0], MEASURE_CONVERGED, limits.samples_min);
    for (size_t i = 0; i < limits.samples_min; i++)
        assert_true(fabs(race.contenders[0].samples[i] - 0.01) < 1e-12);
    race_close(&race);
}

/* Of half the samples 1 and half 2 the interval never narrows. */
TEST(a_restless_kernel_takes_as_many_as_are_kept) {
    struct race race;
    race_open(&race, &fake_operation, 1, 1);
    fake.kernels[0].slow = 0.02;
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    check_end(&race.contenders[0], MEASURE_SAMPLES_MAX, limits.samples_max);
    race_close(&race);
}

TEST(time_up_after_the_least_samples) {
    struct race race;
    race_open(&race, &fake_operation, 1, 1);
    fake.kernels[0].slow = 0.02;
    struct measure_limits limits = patient();
    limits.case_seconds = 1e-9; /* over before the first sample … */
    limits.patience = 1e15;     /* … but the ten that are wanted are taken */
    race_run(&race, &limits);
    check_end(&race.contenders[0], MEASURE_TIME_UP, limits.samples_min);
    race_close(&race);
}

TEST(few_samples_when_patience_ends) {
    struct race race;
    race_open(&race, &fake_operation, 2, 1);
    struct measure_limits limits = patient();
    limits.case_seconds = 0.0;
    race_run(&race, &limits);
    for (int i = 0; i < 2; i++)
        check_end(&race.contenders[i], MEASURE_FEW, limits.samples_few);
    race_close(&race);
}

/* A row for teaching gets the case's time, not five times it. */
TEST(plain_rows_get_less) {
    const struct measure_limits limits = measure_limits_default(false);
    const struct implementation plain = {.kind = KIND_PLAIN}, other = {.kind = KIND_RUNG};
    assert_true(measure_patience(&limits, &plain) == 2.0);
    assert_true(measure_patience(&limits, &other) == 10.0);
}

TEST(every_end_has_a_text) {
    for (int i = MEASURE_CONVERGED; i <= MEASURE_FEW; i++)
        for (int j = MEASURE_CONVERGED; j < i; j++)
            assert_string_not_equal(measure_end_text((enum measure_end)i),
                                    measure_end_text((enum measure_end)j));
}

TEST(the_documented_limits) {
    const struct measure_limits normal = measure_limits_default(false);
    const struct measure_limits quick = measure_limits_default(true);
    assert_true(normal.case_seconds == 2.0 && quick.case_seconds == 0.3);
    assert_true(normal.warm_up_seconds == 0.2 && quick.warm_up_seconds == 0.05);
    assert_true(normal.sample_seconds == 1e-3 && normal.target_noise == 0.01);
    assert_int_equal(normal.samples_min, 10);
    assert_true(normal.patience == 5.0);
    assert_true(quick.sample_seconds == 1e-3 && quick.samples_min == 10);
}

/* --- in turn --- */

/* The batches that were samples, as letters: what came before a contender's last warm-up batch is
 * left out, and so is the untimed single iteration before each sample. */
static void order_of_samples(int contenders, char *order, size_t size) {
    size_t length = 0;
    int begin = fake.log_count - 2 * contenders * 10;
    for (int i = begin > 0 ? begin : 0; i < fake.log_count && length + 1 < size; i++)
        if ((i - begin) % 2 == 1)
            order[length++] = (char)('A' + fake.log[i].kernel);
    order[length] = '\0';
}

TEST(contenders_are_sampled_in_turn) {
    struct race race;
    race_open(&race, &fake_operation, 3, 1);
    fake.kernels[1].seconds = 0.0125;
    fake.kernels[2].seconds = 0.015;
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    char order[64];
    order_of_samples(3, order, sizeof order);
    assert_string_equal(order, "ABCABCABCABCABCABCABCABCABCABC");
    race_close(&race);
}

/* One that is known well enough does not hold the others up. */
TEST(the_others_go_on_when_one_is_done) {
    struct race race;
    race_open(&race, &fake_operation, 3, 1);
    fake.kernels[1].slow = 0.02;
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    check_end(&race.contenders[0], MEASURE_CONVERGED, 10);
    check_end(&race.contenders[1], MEASURE_SAMPLES_MAX, 40);
    check_end(&race.contenders[2], MEASURE_CONVERGED, 10);
    race_close(&race);
}

TEST(a_contender_that_breaks_is_left_behind) {
    struct race race;
    race_open(&race, &fake_operation, 3, 1);
    fake.kernels[0].breaks_after = 1; /* in its warm-up or right after */
    fake.kernels[2].breaks_after = 8; /* among its samples */
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    assert_int_equal(race.contenders[0].status, STATUS_FAILED);
    assert_string_equal(race.contenders[0].message.text, "kernel a broke");
    assert_int_equal(race.contenders[0].sample_count, 0);
    check_end(&race.contenders[1], MEASURE_CONVERGED, 10);
    assert_int_equal(race.contenders[2].status, STATUS_FAILED);
    assert_string_equal(race.contenders[2].message.text, "kernel c broke");
    assert_true(race.contenders[2].sample_count > 0);
    assert_int_equal(fake.kernels[0].launches, 2); /* asked no more */
    assert_int_equal(fake.kernels[2].launches, 9);
    race_close(&race);
}

TEST(a_device_without_time_has_no_samples) {
    struct race race;
    race_open(&race, &fake_operation, 1, 1);
    race.device.timer_stop = no_time;
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    assert_int_equal(race.contenders[0].status, STATUS_UNSUPPORTED);
    assert_string_equal(race.contenders[0].message.text, "this device has no time");
    assert_int_equal(race.contenders[0].sample_count, 0);
    race_close(&race);
}

static bool stop_at_zero(void *argument) {
    int *left = argument;
    return (*left)-- == 0;
}

/* Its iterations do not grow for ever, and the others are measured. */
TEST(a_clock_that_stands_still_is_given_up) {
    struct race race;
    race_open(&race, &fake_operation, 2, 1);
    fake.kernels[0].seconds = 0.0;
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    assert_int_equal(race.contenders[0].status, STATUS_FAILED);
    assert_non_null(strstr(race.contenders[0].message.text, "fake's time does not grow"));
    check_end(&race.contenders[1], MEASURE_CONVERGED, 10);
    race_close(&race);
}

TEST(a_stop_ends_the_measurement) {
    struct race race;
    race_open(&race, &fake_operation, 3, 1);
    const struct measure_limits limits = patient();
    struct message message = {""};
    int left = 4;
    assert_int_equal(measure_contenders(race.contenders, 3, &limits, stop_at_zero, &left, &message),
                     STATUS_INTERRUPTED);
    assert_in_range(race.contenders[0].sample_count, 1, 4);
    assert_in_range(race.contenders[2].sample_count, 1, 4);
    assert_false(floating_denormals_flushed());
    race_close(&race);
}

/* --- batches --- */

/* As many iterations as a sample's time takes, and hardly more. */
TEST(a_sample_is_long_enough_for_the_clock) {
    static const double seconds[] = {1e-8, 3e-7, 1e-5, 0.9e-3, 1e-3, 0.5};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct race race;
        race_open(&race, &fake_operation, 1, 1);
        fake.kernels[0].seconds = seconds[i];
        struct measure_limits limits = patient();
        limits.samples_min = limits.samples_few = 2;
        limits.sample_seconds = seconds[i] < 1e-6 ? 1e-5 : 1e-3;
        race_run(&race, &limits);
        const struct contender *c = &race.contenders[0];
        double sample = (double)c->iterations * seconds[i];
        assert_true(sample >= limits.sample_seconds * (1.0 - 1e-9));
        assert_true(c->iterations == 1 || sample <= 1.1 * limits.sample_seconds + seconds[i]);
        assert_true(fabs(c->samples[0] - seconds[i]) <= 1e-6 * seconds[i]);
        for (int l = fake.log_count - 3; l < fake.log_count; l += 2)
            assert_int_equal(fake.log[l].iterations, c->iterations);
        race_close(&race);
    }
}

/* Cold: iteration after iteration over other buffers; hot: over the same. */
TEST(iterations_rotate_among_the_sets) {
    for (int sets = 1; sets <= SETS_MAX; sets++) {
        struct race race;
        race_open(&race, &fake_operation, 1, sets);
        struct measure_limits limits = patient();
        race_run(&race, &limits);
        const float *inputs = race.inputs.data[0];
        double sum = 0.0, least = INFINITY, most = 0.0;
        for (int i = 0; i < sets; i++) {
            double visits = *(const float *)race.sets[i].data[0] - inputs[0];
            sum += visits;
            least = visits < least ? visits : least;
            most = visits > most ? visits : most;
        }
        assert_true(fabs(sum - (double)fake.kernels[0].launches) < 0.01);
        assert_true(most - least < 1.01);
        for (int i = 1; i < fake.log_count; i++) { /* numbered through */
            assert_int_equal(fake.log[i].first, fake.log[i - 1].first + fake.log[i - 1].iterations);
            int64_t last = fake.log[i].first + fake.log[i].iterations - 1;
            assert_ptr_equal(fake.log[i].data, race.sets[last % sets].data[0]);
        }
        race_close(&race);
    }
}

/* An operation that changes its own inputs starts every sample from the same ones. */
TEST(inputs_are_restored_before_each_sample) {
    struct race race;
    race_open(&race, &restored_operation, 2, 1);
    struct measure_limits limits = patient();
    limits.sample_seconds = 0.1; /* ten iterations */
    race_run(&race, &limits);
    const float *inputs = race.inputs.data[0];
    char order[64];
    order_of_samples(2, order, sizeof order);
    assert_string_equal(order, "ABABABABABABABABABAB");
    for (int i = fake.log_count - 40; i < fake.log_count; i++) {
        bool sample = (i - (fake.log_count - 40)) % 2 == 1;
        /* The single iteration before a sample begins anew, the sample goes on from it. */
        assert_int_equal(fake.log[i].first, sample ? 1 : 0);
        assert_int_equal(fake.log[i].iterations,
                         sample ? race.contenders[fake.log[i].kernel].iterations : 1);
        assert_true(fake.log[i].value == inputs[0] + (sample ? 1.0F : 0.0F));
    }
    race_close(&race);
}

/* As graphs do, which are captured at their first use. */
TEST(a_sample_is_long_enough_where_first_uses_are_slow) {
    struct race race;
    int kept = 0;
    race_open(&race, &restored_operation, 1, 1);
    fake.kernels[0].seconds = 5e-5;
    fake.kernels[0].first_use = 2e-3;
    const struct measure_limits limits = patient();
    struct contender *contender = &race.contenders[0];
    contender->launches[0].kept = &kept;
    race_run(&race, &limits);
    assert_true((double)contender->iterations * 5e-5 >= limits.sample_seconds);
    for (size_t i = 0; i < contender->sample_count; i++)
        assert_true(fabs(contender->samples[i] - 5e-5) < 1e-12);
    race_close(&race);
}

TEST(without_that_inputs_run_on) {
    struct race race;
    race_open(&race, &fake_operation, 1, 1);
    const struct measure_limits limits = patient();
    race_run(&race, &limits);
    for (int i = 1; i < fake.log_count; i++)
        assert_true(fake.log[i].value > fake.log[i - 1].value);
    race_close(&race);
}

/* --- yardsticks --- */

static enum status yardstick(const struct launch *launch, int64_t iterations,
                             struct execution *execution) {
    (void)execution;
    transfer_problem_of(launch)->out[0] += (float)iterations;
    fake.now += 0.01 * (double)iterations;
    fake.log[fake.log_count].iterations += iterations;
    return STATUS_OK;
}

/* Hot, a yardstick is one bare loop; cold, it goes through the sets as its contenders do. */
TEST(yardsticks_rotate_as_well) {
    static const struct implementation bare = {
        .name = "bare", .kind = KIND_YARDSTICK, .yardstick = yardstick};
    for (int sets = 1; sets <= SETS_MAX; sets++) {
        struct race race;
        race_open(&race, &fake_operation, 1, sets);
        struct message message;
        race.contenders[0].implementation = &bare;
        double seconds = 0.0;
        assert_int_equal(contender_batch(&race.contenders[0], 60, &seconds, &message), STATUS_OK);
        assert_true(fabs(seconds - 0.6) < 1e-9);
        const float *inputs = race.inputs.data[0];
        for (int i = 0; i < sets; i++) {
            const float *values = race.sets[i].data[0];
            assert_true(fabsf(values[0] - inputs[0] - 60.0F / (float)sets) < 0.01F);
        }
        race_close(&race);
    }
}

/* --- the parts of an iteration --- */

/* The clock of this device moves by itself: the k-th interval takes k milliseconds. */
static int intervals;

static enum status counted_stop(struct device *device, double *seconds, struct message *message) {
    (void)device;
    (void)message;
    *seconds = 1e-3 * ++intervals;
    return STATUS_OK;
}

TEST(parts_are_timed_one_by_one) {
    struct bench_case c = {.operation = &operation_mlp, .settings.seed = 1};
    struct message message = {""};
    assert_int_equal(case_shape_parse("5-4-3@2", &c, &message), STATUS_OK);
    struct device device;
    assert_int_equal(device_cpu_open(&device, &message), STATUS_OK);
    device.timer_stop = counted_stop;
    intervals = 0;
    struct inputs inputs;
    struct buffer_set set;
    struct contender contender;
    struct measured_part parts[MLP_PARTS_MAX];
    int count = 0;
    assert_int_equal(inputs_open(&c, &inputs, &message), STATUS_OK);
    assert_int_equal(buffer_set_open(&set, &device, &inputs, &message), STATUS_OK);
    assert_int_equal(contender_open(&contender, &c, &operation_mlp.implementations[0], &device, 1,
                                    &set, 1, &message),
                     STATUS_OK);
    assert_int_equal(measure_parts(&contender, 5, 1e6, parts, &count, &message), STATUS_OK);
    struct mlp_plan plan;
    (void)operation_mlp.parts->plan(&contender.launches[0], 0, &plan);
    assert_int_equal(count, plan.count);
    assert_int_equal(intervals, 5 * count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(parts[i].name, plan.parts[i].name);
        assert_int_equal(parts[i].statistics.count, 5);
        double third = 1e-3 * (2 * count + i + 1); /* the median of five passes */
        assert_true(fabs(parts[i].statistics.median - third) < 1e-12);
    }
    intervals = 0;
    assert_int_equal(measure_parts(&contender, 5, 0.0, parts, &count, &message), STATUS_OK);
    assert_int_equal(intervals, 3 * count); /* three passes, however little time there is */
    contender_close(&contender);
    buffer_set_close(&set);
    inputs_close(&inputs);
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}
