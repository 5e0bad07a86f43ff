#include "tests/support/contest_fixture.h"

#include "bench/devices/gpu.h"
#include "bench/operations/operations.h"
#include "tests/support/cmocka.h"
#include "tests/support/contenders.h"

#include <stdlib.h>
#include <string.h>

/* A tenth of a second for an iteration, and samples that cost next to nothing. */
const struct measure_limits contest_limits = {.case_seconds = 0.06,
                                              .sample_seconds = 1e-6,
                                              .target_noise = 0.01,
                                              .samples_min = 4,
                                              .samples_few = 3,
                                              .samples_max = 6,
                                              .patience = 5.0};

/* Few samples and no warm-up: the stand-in keeps a log of every call. */
const struct measure_limits contest_limits_on_gpu = {.case_seconds = 0.01,
                                                     .sample_seconds = 1e-3,
                                                     .target_noise = 0.01,
                                                     .samples_min = 5,
                                                     .samples_few = 3,
                                                     .samples_max = 5,
                                                     .patience = 1000.0};

int contest_fixture_open(void **state) {
    struct contest_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    contenders_begin();
    f->operation = operation_transfer;
    f->operation.implementations = contenders;
    f->operation.implementation_count = contender_count;
    f->c = (struct bench_case){.operation = &f->operation,
                               .size_count = 1,
                               .sizes = {17},
                               .settings = {.alpha = 1.0F, .seed = 1}};
    assert_int_equal(devices_open(&f->devices, "none", &f->message), STATUS_OK);
    f->threads = 1;
    f->rules = (struct contest_rules){.devices = &f->devices,
                                      .threads = &f->threads,
                                      .thread_count = 1,
                                      .ceilings = &f->ceilings,
                                      .limits = contest_limits,
                                      .predictions = &f->predictions,
                                      .progress = &f->progress,
                                      .ranges = &f->ranges};
    *state = f;
    return 0;
}

int contest_fixture_open_gpu(void **state) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    stand_in_order(NULL);
    if (contest_fixture_open(state) != 0)
        return -1;
    struct contest_fixture *f = *state;
    f->operation = operation_gemm;
    f->driver = stand_in_attach(STAND_IN_CUDA);
    assert_int_equal(
        device_gpu_open_selection(&selection, &f->devices.list[f->devices.count++], &f->message),
        STATUS_OK);
    f->ceilings = (struct ceilings){.threads = 1, .flops_per_second = {1e9}};
    for (int i = 0; i < CEILING_LEVELS; i++)
        f->ceilings.levels[i] = (struct ceiling_level){1e9, 1e9};
    f->rules.limits = contest_limits_on_gpu;
    f->rules.implementations = "openblas,cublas";
    return 0;
}

int contest_fixture_close(void **state) {
    struct contest_fixture *f = *state;
    stand_in_order(NULL);
    contest_rows_release(&f->rows);
    predictions_close(&f->predictions);
    (void)devices_close(&f->devices, STATUS_OK, &f->message);
    free(f);
    return 0;
}

void contest_of(struct contest_fixture *f, const char *names, const struct result *done,
                size_t done_count) {
    f->rules.implementations = names;
    contest_rows_release(&f->rows);
    if (contest_run(&f->rules, &f->c, done, done_count, &f->rows, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
}

void contest_on_gpu(struct contest_fixture *f, const char *shape) {
    f->driver.clear();
    assert_int_equal(case_shape_parse(shape, &f->c, &f->message), STATUS_OK);
    contest_of(f, f->rules.implementations, NULL, 0);
}

const struct result *contest_row(const struct contest_fixture *f, const char *implementation) {
    for (size_t i = 0; i < f->rows.result_count; i++)
        if (strcmp(f->rows.results[i].key.implementation, implementation) == 0)
            return &f->rows.results[i];
    fail_msg("no row of %s", implementation);
    return NULL;
}

int64_t contest_samples(const struct contest_fixture *f, const char *name) {
    int64_t count = 0;
    for (size_t i = 0; i < f->rows.sample_count; i++)
        if (strcmp(f->rows.samples[i].key.implementation, name) == 0)
            assert_int_equal(f->rows.samples[i].sample, count++);
    return count;
}
