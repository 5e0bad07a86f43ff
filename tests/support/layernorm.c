#include "tests/support/layernorm.h"

#include "reference/oracle/oracle.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const variants[] = {"forward", "backward", "rms_forward", "rms_backward"};
static const char *const outputs[] = {[LAYERNORM_MEAN] = "mean",
                                      [LAYERNORM_RSTD] = "rstd",
                                      [LAYERNORM_OUTPUT] = "y or dx",
                                      [LAYERNORM_DGAMMA] = "dgamma",
                                      [LAYERNORM_DBETA] = "dbeta"};

/* NULL for no elements. */
static float *buffer(int64_t count) {
    return count == 0 ? NULL : guarded_new(count, 0);
}

static void shape_row(float *row, int64_t columns, int64_t kind) {
    static const float places[] = {NAN, INFINITY, -INFINITY, 1e4F};
    enum { PLACES = sizeof places / sizeof places[0] };
    static const float constants[] = {3.0F, 1e-40F, 0.0F};
    enum { CONSTANTS = sizeof constants / sizeof constants[0] };
    kind %= PLACES + CONSTANTS + 1;
    if (kind < PLACES)
        row[columns / 2] = places[kind];
    for (int64_t c = 0; c < columns && kind >= PLACES && kind < PLACES + CONSTANTS; c++)
        row[c] = constants[kind - PLACES];
}

static void fill(struct layernorm_fixture *fixture, enum layernorm_rows kind) {
    int64_t rows = fixture->problem.rows, columns = fixture->problem.columns;
    fill_inputs(INPUTS_UNIFORM, 1, fixture->x, rows * columns);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->gamma, columns);
    if (fixture->beta != NULL)
        fill_inputs(INPUTS_UNIFORM, 3, fixture->beta, columns);
    if (fixture->dy != NULL)
        fill_inputs(INPUTS_UNIFORM, 4, fixture->dy, rows * columns);
    for (int64_t i = 0; kind == LAYERNORM_SHIFTED && i < rows * columns; i++)
        fixture->x[i] += 100;
    for (int64_t r = 0; kind == LAYERNORM_SPECIAL && r < rows; r++)
        shape_row(fixture->x + r * columns, columns, r);
}

static void expect(struct layernorm_fixture *fixture, enum layernorm_output output) {
    size_t count = (size_t)fixture->counts[output];
    fixture->expected[output] = calloc(count, sizeof(double));
    fixture->tolerance[output] = calloc(count, sizeof(double));
    assert_non_null(fixture->expected[output]);
    assert_non_null(fixture->tolerance[output]);
    oracle_layernorm(&fixture->problem, output, 0, fixture->problem.rows, fixture->expected[output],
                     fixture->tolerance[output]);
}

/* For the backward pass, as a forward one keeps them. */
static void keep(struct layernorm_fixture *fixture, enum layernorm_output output, float *numbers) {
    for (int64_t r = 0; numbers != NULL && r < fixture->problem.rows; r++) {
        double value, tolerance;
        oracle_layernorm(&fixture->problem, output, r, 1, &value, &tolerance);
        numbers[r] = (float)value;
    }
}

void layernorm_open(struct layernorm_fixture *fixture, enum layernorm_variant variant, int64_t rows,
                    int64_t columns, enum layernorm_rows kind) {
    bool backward = variant == LAYERNORM_BACKWARD || variant == LAYERNORM_RMS_BACKWARD;
    bool rms = variant == LAYERNORM_RMS_FORWARD || variant == LAYERNORM_RMS_BACKWARD;
    *fixture =
        (struct layernorm_fixture){.x = buffer(rows * columns),
                                   .gamma = buffer(columns),
                                   .beta = buffer(rms || backward ? 0 : columns),
                                   .dy = buffer(backward ? rows * columns : 0),
                                   .mean = buffer(rms ? 0 : rows),
                                   .rstd = buffer(rows),
                                   .counts = {[LAYERNORM_MEAN] = rms || backward ? 0 : rows,
                                              [LAYERNORM_RSTD] = backward ? 0 : rows,
                                              [LAYERNORM_OUTPUT] = rows * columns,
                                              [LAYERNORM_DGAMMA] = backward ? columns : 0,
                                              [LAYERNORM_DBETA] = backward && !rms ? columns : 0}};
    for (int o = 0; o < LAYERNORM_OUTPUTS; o++)
        if (fixture->counts[o] > 0)
            fixture->outputs[o] = o == LAYERNORM_MEAN   ? fixture->mean
                                  : o == LAYERNORM_RSTD ? fixture->rstd
                                                        : buffer(fixture->counts[o]);
    fixture->problem = (struct layernorm_problem){.variant = variant,
                                                  .rows = rows,
                                                  .columns = columns,
                                                  .epsilon = 1e-5F,
                                                  .x = fixture->x,
                                                  .gamma = fixture->gamma,
                                                  .beta = fixture->beta,
                                                  .dy = fixture->dy,
                                                  .mean = fixture->mean,
                                                  .rstd = fixture->rstd,
                                                  .output = fixture->outputs[LAYERNORM_OUTPUT],
                                                  .dgamma = fixture->outputs[LAYERNORM_DGAMMA],
                                                  .dbeta = fixture->outputs[LAYERNORM_DBETA]};
    fill(fixture, kind);
    if (backward) {
        keep(fixture, LAYERNORM_MEAN, fixture->mean);
        keep(fixture, LAYERNORM_RSTD, fixture->rstd);
    }
    for (int o = 0; o < LAYERNORM_OUTPUTS; o++)
        if (fixture->outputs[o] != NULL)
            expect(fixture, (enum layernorm_output)o);
}

void layernorm_close(struct layernorm_fixture *fixture) {
    guarded_free(fixture->x, 0);
    guarded_free(fixture->gamma, 0);
    guarded_free(fixture->beta, 0);
    guarded_free(fixture->dy, 0);
    guarded_free(fixture->mean, 0);
    guarded_free(fixture->rstd, 0);
    for (int o = 0; o < LAYERNORM_OUTPUTS; o++) {
        if (o != LAYERNORM_MEAN && o != LAYERNORM_RSTD)
            guarded_free(fixture->outputs[o], 0);
        free(fixture->expected[o]);
        free(fixture->tolerance[o]);
    }
}

void layernorm_poison(struct layernorm_fixture *fixture) {
    for (int o = 0; o < LAYERNORM_OUTPUTS; o++)
        if (fixture->outputs[o] != NULL)
            poison(fixture->outputs[o], fixture->counts[o]);
}

void layernorm_check(const struct layernorm_fixture *fixture, const char *name) {
    const struct layernorm_problem *problem = &fixture->problem;
    for (int o = 0; o < LAYERNORM_OUTPUTS; o++) {
        char what[256];
        if (fixture->outputs[o] == NULL)
            continue;
        int written = snprintf(what, sizeof what, "layernorm %s %lldx%lld, %s: %s",
                               variants[problem->variant], (long long)problem->rows,
                               (long long)problem->columns, name, outputs[o]);
        assert_in_range(written, 1, sizeof what - 1);
        check_all(what, fixture->expected[o], fixture->tolerance[o], fixture->outputs[o],
                  fixture->counts[o]);
        guarded_check(fixture->outputs[o], fixture->counts[o], what);
    }
}
