/* The rungs of layernorm on the emulated GPU against the oracle: rows shorter and longer than a
 * warp, a block, and what registers hold; buffers that lie anywhere. */
#include "kernels/kernels.h"
#include "reference/oracle/oracle.h"
#include "tests/support/layernorm.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <stdio.h>

static const struct {
    const char *name;
    layernorm_kernel *kernel;
} rungs[] = {{"cuda-naive", layernorm_cuda_naive},
             {"cuda-warp", layernorm_cuda_warp},
             {"cuda-vectorised", layernorm_cuda_vectorised}};

/* From here on for the vectorised rung alone, which holds the row in shared memory, and at last not
 * all of it. */
enum { LONG = 9000 };

/* An output of the fixture on the device, or NULL. */
static float *output_of(struct staging *staging, const struct layernorm_fixture *fixture,
                        enum layernorm_output output, int offset) {
    return fixture->outputs[output] == NULL
               ? NULL
               : staging_output(staging, fixture->outputs[output], fixture->counts[output], offset);
}

/* Mean or rstd: written forward, read backward. */
static float *number_of(struct staging *staging, const struct layernorm_fixture *fixture,
                        enum layernorm_output output, float *numbers) {
    float *written = output_of(staging, fixture, output, 1);
    return written != NULL ? written
                           : (float *)staging_input(staging, numbers, fixture->problem.rows, 1);
}

static void run(struct staging *staging, struct layernorm_fixture *fixture, size_t rung,
                int offset) {
    const struct layernorm_problem *host = &fixture->problem;
    const int64_t count = host->rows * host->columns;
    char name[64];
    snprintf(name, sizeof name, "%s, offset %d", rungs[rung].name, offset);
    layernorm_poison(fixture);
    struct layernorm_problem problem = *host;
    problem.x = staging_input(staging, host->x, count, offset);
    problem.gamma = staging_input(staging, host->gamma, host->columns, 2 * offset);
    problem.beta = staging_input(staging, host->beta, host->columns, 0);
    problem.dy = staging_input(staging, host->dy, count, 0);
    problem.mean = number_of(staging, fixture, LAYERNORM_MEAN, fixture->mean);
    problem.rstd = number_of(staging, fixture, LAYERNORM_RSTD, fixture->rstd);
    problem.output = output_of(staging, fixture, LAYERNORM_OUTPUT, 3 * offset);
    problem.dgamma = output_of(staging, fixture, LAYERNORM_DGAMMA, 1);
    problem.dbeta = output_of(staging, fixture, LAYERNORM_DBETA, 2);
    if (rungs[rung].kernel(&problem, &staging->execution) != STATUS_OK)
        fail_msg("%s: %s", name, staging->message.text);
    staging_finish(staging, name);
    layernorm_check(fixture, name);
}

static void run_shape(struct staging *staging, enum layernorm_variant variant,
                      const int64_t shape[2], enum layernorm_rows kind) {
    struct layernorm_fixture fixture;
    layernorm_open(&fixture, variant, shape[0], shape[1], kind);
    const size_t count = sizeof rungs / sizeof rungs[0];
    for (size_t rung = shape[1] < LONG ? 0 : count - 1; rung < count; rung++)
        for (int offset = 0; offset < 2; offset++)
            run(staging, &fixture, rung, offset);
    layernorm_close(&fixture);
}

TEST(rungs_are_right_on_the_emulated_gpu) {
    static const int64_t shapes[][2] = {
        {1, 1},
        {9, 2},
        {7, 31},
        {5, 32},
        {9, 33},
        {130, 7},
        {3, 129},
        {3, 252},
        {3, 512},
        {2, 1000},
        {2, 1024},
        {3, 4097},
        {2, 8192},
        {1, 12001},
        {1, 45003},
        /* several rows one after the other in a block, and odd ones */
        {1700, 5},
        {51, 1030}};
    struct staging *staging = staging_open_emulated();
    if (staging == NULL)
        skip();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int variant = LAYERNORM_FORWARD; variant <= LAYERNORM_RMS_BACKWARD; variant++)
            for (int kind = 0; kind < LAYERNORM_ROWS_KINDS; kind++)
                run_shape(staging, (enum layernorm_variant)variant, shapes[i],
                          (enum layernorm_rows)kind);
    staging_close(staging);
}
