/* One case among implementations that do well and badly: what becomes of each of their rows. */
#include "bench/contest.h"
#include "bench/operation.h"
#include "gpu/nvtx.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* --- implementations of `transfer/copy` --- */

enum { COUNT = 17 };

static int launches; /* of the implementation that counts them */

static enum status good(const struct transfer_problem *problem, struct execution *execution) {
    (void)execution;
    memcpy(problem->out, problem->a, (size_t)problem->count * sizeof(float));
    return STATUS_OK;
}

static enum status wrong(const struct transfer_problem *problem, struct execution *execution) {
    enum status status = good(problem, execution);
    problem->out[3] += 1.0F;
    return status;
}

static enum status wrong_in_the_end(const struct transfer_problem *problem,
                                    struct execution *execution) {
    return ++launches > 2 ? wrong(problem, execution) : good(problem, execution);
}

static enum status failing(const struct transfer_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_FAILED, "the library gave up");
}

static enum status unable(const struct transfer_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_UNSUPPORTED, "not with 17 elements");
}

static enum status slow(const struct transfer_problem *problem, struct execution *execution) {
    const struct timespec pause = {.tv_nsec = 250000000};
    (void)nanosleep(&pause, NULL);
    return good(problem, execution);
}

/* As a library that starts with its first launch. */
static enum status slow_at_first(const struct transfer_problem *problem,
                                 struct execution *execution) {
    return launches++ == 0 ? slow(problem, execution) : good(problem, execution);
}

static enum status traffic(const struct launch *launch, int64_t iterations,
                           struct execution *execution) {
    for (int64_t i = 0; i < iterations; i++)
        (void)good(&launch->transfer, execution);
    return STATUS_OK;
}

static const char *refuse(const struct bench_case *c) {
    (void)c;
    return "wants another shape";
}

static bool is_absent(void) {
    return true;
}

static double bytes_of(const struct bench_case *c) {
    return 8.0 * (double)c->sizes[0];
}

static const struct implementation implementations[] = {
    {.name = "good", .run.transfer = good},
    {.name = "plain", .one_thread = true, .plain = true, .run.transfer = good},
    {.name = "wrong", .run.transfer = wrong},
    {.name = "wrong-later", .run.transfer = wrong_in_the_end},
    {.name = "failing", .run.transfer = failing},
    {.name = "unable", .run.transfer = unable},
    {.name = "refusing", .refusal = refuse, .run.transfer = good},
    {.name = "absent", .absent = is_absent, .run.transfer = good},
    {.name = "slow", .run.transfer = slow},
    {.name = "slow-at-first", .run.transfer = slow_at_first},
    {.name = "bare",
     .yardstick = true,
     .run.yardstick = traffic,
     .flops = bytes_of,
     .bytes = bytes_of},
};

/* --- a contest --- */

struct fixture {
    struct operation operation;
    struct bench_case c;
    struct devices devices;
    struct ceilings ceilings;
    struct predictions predictions;
    struct progress progress;
    struct nvtx ranges;
    struct contest_rules rules;
    int threads;
    struct case_rows rows;
};

/* A tenth of a second for an iteration, and samples that cost next to nothing. */
static const struct measure_limits limits = {.case_seconds = 0.06,
                                             .sample_seconds = 1e-6,
                                             .target_noise = 0.01,
                                             .samples_min = 4,
                                             .samples_few = 3,
                                             .samples_max = 6,
                                             .patience = 5.0};

static int fixture_open(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct message message = {""};
    assert_non_null(f);
    launches = 0;
    f->operation = operation_transfer;
    f->operation.implementations = implementations;
    f->operation.implementation_count = sizeof implementations / sizeof implementations[0];
    f->c = (struct bench_case){.operation = &f->operation,
                               .size_count = 1,
                               .sizes = {COUNT},
                               .settings = {.alpha = 1.0F, .seed = 1}};
    assert_int_equal(devices_open(&f->devices, "none", &message), STATUS_OK);
    f->threads = 1;
    f->rules = (struct contest_rules){.devices = &f->devices,
                                      .threads = &f->threads,
                                      .thread_count = 1,
                                      .ceilings = &f->ceilings,
                                      .limits = limits,
                                      .predictions = &f->predictions,
                                      .progress = &f->progress,
                                      .ranges = &f->ranges};
    *state = f;
    return 0;
}

static int fixture_close(void **state) {
    struct fixture *f = *state;
    contest_rows_release(&f->rows);
    predictions_close(&f->predictions);
    devices_close(&f->devices);
    free(f);
    return 0;
}

static void contest_of(struct fixture *f, const char *names, const struct result *done,
                       size_t done_count) {
    struct message message = {""};
    f->rules.implementations = names;
    if (contest_run(&f->rules, &f->c, done, done_count, &f->rows, &message) != STATUS_OK)
        fail_msg("%s", message.text);
}

static const struct result *row_of(const struct fixture *f, const char *name) {
    for (size_t i = 0; i < f->rows.result_count; i++)
        if (strcmp(f->rows.results[i].key.implementation, name) == 0)
            return &f->rows.results[i];
    fail_msg("there is no row of %s", name);
    return NULL;
}

/* How many samples the implementation's row has in the file of samples. */
static int64_t samples_of(const struct fixture *f, const char *name) {
    int64_t count = 0;
    for (size_t i = 0; i < f->rows.sample_count; i++)
        if (strcmp(f->rows.samples[i].key.implementation, name) == 0)
            assert_int_equal(f->rows.samples[i].sample, count++);
    return count;
}

static void check_measured(const struct fixture *f, const char *name) {
    const struct result *row = row_of(f, name);
    if (strcmp(row->status, "measured") != 0)
        fail_msg("%s: %s: %s", name, row->status, row->reason);
    assert_string_equal(row->verified, "yes");
    assert_string_equal(row->key.shape, "17");
    assert_string_equal(row->key.mode, "hot");
    assert_in_range(row->samples, limits.samples_min, limits.samples_max);
    assert_int_equal(samples_of(f, name), row->samples);
    assert_true(row->median_s > 0.0 && row->bytes == 8.0 * COUNT);
    assert_true(fabs(row->gbps * row->median_s * 1e9 - row->bytes) < 1e-6);
}

/* Neither a time, nor a rate, nor a sample. */
static void check_unmeasured(const struct fixture *f, const char *name, const char *status,
                             const char *verified, const char *reason) {
    const struct result *row = row_of(f, name);
    assert_string_equal(row->status, status);
    assert_string_equal(row->verified, verified);
    if (!strstr(row->reason, reason))
        fail_msg("'%s' should hold '%s'", row->reason, reason);
    assert_true(isnan(row->median_s) && isnan(row->gbps) && isnan(row->speedup));
    assert_int_equal(samples_of(f, name), 0);
}

static void test_bad_ones_are_told_and_good_ones_measured(void **state) {
    struct fixture *f = *state;
    contest_of(f, "good,wrong,failing,unable,refusing,absent", NULL, 0);
    assert_int_equal(f->rows.result_count, 6);
    check_measured(f, "good");
    check_unmeasured(f, "wrong", "failed", "no", "out[0,3] is");
    check_unmeasured(f, "failing", "failed", "", "the library gave up");
    check_unmeasured(f, "unable", "skipped", "", "not with 17 elements");
    check_unmeasured(f, "refusing", "skipped", "", "wants another shape");
    check_unmeasured(f, "absent", "skipped", "", "library was not there");
}

/* Right before the first sample and wrong after the last: nothing that it did counts. */
static void test_what_is_wrong_in_the_end_is_not_measured(void **state) {
    struct fixture *f = *state;
    contest_of(f, "good,wrong-later", NULL, 0);
    check_measured(f, "good");
    check_unmeasured(f, "wrong-later", "failed", "no", "out[0,3] is");
}

static void test_too_slow_for_its_time(void **state) {
    struct fixture *f = *state;
    contest_of(f, "good,slow", NULL, 0);
    check_measured(f, "good");
    check_unmeasured(f, "slow", "skipped", "yes", "--max-time");
}

static void test_a_slow_start_is_not_too_slow(void **state) {
    struct fixture *f = *state;
    contest_of(f, "slow-at-first", NULL, 0);
    check_measured(f, "slow-at-first");
}

static void test_too_slow_by_its_smaller_sizes(void **state) {
    struct fixture *f = *state;
    struct bench_case smaller = f->c;
    smaller.sizes[0] = 1;
    const struct contender known = {.bench_case = &smaller,
                                    .implementation = &implementations[0],
                                    .device = &f->devices.list[0],
                                    .threads = 1};
    prediction_learn(&f->predictions, &known, 0.1);
    contest_of(f, "good,slow-at-first", NULL, 0);
    check_unmeasured(f, "good", "skipped", "", "predicted to take 1.7 s");
    check_measured(f, "slow-at-first");
}

/* A plain loop and a yardstick are never what a speedup is counted against. */
static void test_speedups_count_against_the_fastest_fair_one(void **state) {
    struct fixture *f = *state;
    f->rules.yardsticks = true;
    contest_of(f, "good,plain,bare", NULL, 0);
    check_measured(f, "good");
    check_measured(f, "plain");
    const struct result *fair = row_of(f, "good"), *taught = row_of(f, "plain");
    assert_true(fair->speedup == 1.0);
    assert_true(fabs(taught->speedup * taught->median_s - fair->median_s) <= 1e-9 * fair->median_s);
    const struct result *bare = row_of(f, "bare");
    assert_string_equal(bare->status, "measured");
    assert_string_equal(bare->verified, "");
    assert_true(isnan(bare->speedup));
}

static void test_without_a_fair_one_there_is_no_speedup(void **state) {
    struct fixture *f = *state;
    contest_of(f, "plain", NULL, 0);
    check_measured(f, "plain");
    assert_true(isnan(row_of(f, "plain")->speedup));
}

static void test_who_takes_part(void **state) {
    struct fixture *f = *state;
    f->operation.implementation_count = 2;
    contest_of(f, NULL, NULL, 0);
    assert_int_equal(f->rows.result_count, 2);
    struct result done[2] = {f->rows.results[0], f->rows.results[1]};
    contest_rows_release(&f->rows);
    contest_of(f, NULL, done, 1); /* what a resumed run has already is left out */
    assert_int_equal(f->rows.result_count, 1);
    assert_string_equal(f->rows.results[0].key.implementation, "plain");
    contest_rows_release(&f->rows);
    contest_of(f, NULL, done, 2);
    assert_int_equal(f->rows.result_count, 0);
}

/* All threads and one, and one alone where it makes no more. */
static void test_every_thread_count_has_a_row(void **state) {
    struct fixture *f = *state;
    const int threads[] = {2, 1};
    const struct ceilings ceilings[2] = {{.threads = 2}, {.threads = 1}};
    f->rules.threads = threads;
    f->rules.thread_count = 2;
    f->rules.ceilings = ceilings;
    contest_of(f, "good,plain", NULL, 0);
    assert_int_equal(f->rows.result_count, 3);
    assert_int_equal(f->rows.results[0].key.threads, 2);
    assert_int_equal(f->rows.results[1].key.threads, 1);
    assert_string_equal(f->rows.results[2].key.implementation, "plain");
    assert_int_equal(f->rows.results[2].key.threads, 1);
}

static bool stop_now(void *argument) {
    (void)argument;
    return true;
}

static void test_an_interrupted_case_has_no_rows(void **state) {
    struct fixture *f = *state;
    struct message message;
    f->rules.implementations = "good";
    f->rules.stop = stop_now;
    assert_int_equal(contest_run(&f->rules, &f->c, NULL, 0, &f->rows, &message),
                     STATUS_INTERRUPTED);
    assert_int_equal(f->rows.result_count, 0);
    assert_int_equal(f->rows.sample_count, 0);
}

static void test_a_case_that_cannot_fit_is_skipped(void **state) {
    struct fixture *f = *state;
    f->operation = operation_gemm;
    f->c.size_count = 3;
    f->c.sizes[0] = f->c.sizes[1] = f->c.sizes[2] = 10000000;
    contest_of(f, "openblas", NULL, 0);
    assert_int_equal(f->rows.result_count, 1);
    assert_string_equal(f->rows.results[0].status, "skipped");
    assert_non_null(strstr(f->rows.results[0].reason, "bytes of memory"));
    f->c.sizes[0] = f->c.sizes[1] = f->c.sizes[2] = INT32_MAX;
    assert_true(contest_bytes(&f->c) == SIZE_MAX);
}

#define CONTEST(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTEST(test_bad_ones_are_told_and_good_ones_measured),
        CONTEST(test_what_is_wrong_in_the_end_is_not_measured),
        CONTEST(test_too_slow_for_its_time),
        CONTEST(test_a_slow_start_is_not_too_slow),
        CONTEST(test_too_slow_by_its_smaller_sizes),
        CONTEST(test_speedups_count_against_the_fastest_fair_one),
        CONTEST(test_without_a_fair_one_there_is_no_speedup),
        CONTEST(test_who_takes_part),
        CONTEST(test_every_thread_count_has_a_row),
        CONTEST(test_an_interrupted_case_has_no_rows),
        CONTEST(test_a_case_that_cannot_fit_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
