/* What the tests of contests share: one case with its rules and devices, and what became of its
 * rows. */
#ifndef LOCKSTEP_TESTS_SUPPORT_CONTEST_FIXTURE_H
#define LOCKSTEP_TESTS_SUPPORT_CONTEST_FIXTURE_H

#include "bench/measure/contest.h"
#include "gpu/nvtx.h"
#include "tests/stand_in/client.h"

struct contest_fixture {
    struct operation operation;
    struct bench_case c;
    struct devices devices;
    struct ceilings ceilings;
    struct predictions predictions;
    struct progress progress;
    struct nvtx ranges;
    struct contest_rules rules;
    struct stand_in driver;
    int threads;
    struct case_rows rows;
    struct message message;
};

extern const struct measure_limits contest_limits, contest_limits_on_gpu;

/* cmocka's setups and teardown: *state is the fixture. All of tests/support/contenders.h on one
 * thread of the CPU; or `gemm` as it is, with the stand-in GPU beside the CPU. */
int contest_fixture_open(void **state);
int contest_fixture_open_gpu(void **state);
int contest_fixture_close(void **state);

/* Holds the contest among the named implementations; `done` are rows that a resumed run has
 * already. */
void contest_of(struct contest_fixture *f, const char *names, const struct result *done,
                size_t done_count);
/* Of gemm/nn/f32 in that shape, with an empty log of the driver's calls. */
void contest_on_gpu(struct contest_fixture *f, const char *shape);
/* The implementation's row; the test fails where it has none. */
const struct result *contest_row(const struct contest_fixture *f, const char *implementation);
/* How many samples it has in the file of samples. */
int64_t contest_samples(const struct contest_fixture *f, const char *implementation);

#endif
