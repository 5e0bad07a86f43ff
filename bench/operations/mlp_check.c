/* What a training step, or an inference, is checked against. */
#include "bench/operations/mlp_case.h"
#include "ranks/ranks.h"
#include "reference/oracle/bounds.h"
#include "reference/oracle/mlp.h"
#include "reference/oracle/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is known of one launch: of a rank's share of the batch, where the step is over ranks. */
struct mlp_check {
    struct launch launch;
    struct oracle_mlp *oracle;
    double *gradients, *tolerances; /* averaged over the ranks; NULL: the oracle's own are right */
};

void mlp_oracle_close(void *state) {
    struct mlp_check *check = state;
    oracle_mlp_close(check->oracle);
    free(check->gradients);
    free(check->tolerances);
    free(check);
}

/* This rank's gradients with their bounds, and that of one rounding more for its share and one for
 * each addition. */
static bool gradients_expect(const struct mlp_check *check, int64_t count) {
    const int64_t piece = 1 << 16;
    const double relative = gamma_bound((double)mlp_problem_of(&check->launch)->ranks, UNIT_F32);
    bool complete = true;
#pragma omp parallel for schedule(dynamic) reduction(&& : complete)
    for (int64_t first = 0; first < count; first += piece) {
        const int64_t length = count - first < piece ? count - first : piece;
        struct message ignored;
        complete =
            complete && oracle_mlp_gradients(check->oracle, first, length, check->gradients + first,
                                             check->tolerances + first, &ignored) == STATUS_OK;
        for (int64_t i = first; complete && i < first + length; i++)
            check->tolerances[i] +=
                relative * (fabs(check->gradients[i]) + check->tolerances[i]) + 2 * FLUSH;
    }
    return complete;
}

/* Means of what all ranks expect, and of their bounds: errors of a sum add up. */
static bool gradients_average(struct mlp_check *check, struct ranks *ranks) {
    const struct mlp_problem *problem = mlp_problem_of(&check->launch);
    const int64_t count = mlp_parameter_count(&problem->model);
    const double share = 1.0 / (double)problem->ranks;
    check->gradients = malloc((size_t)count * sizeof *check->gradients);
    check->tolerances = malloc((size_t)count * sizeof *check->tolerances);
    const bool ready =
        check->oracle && check->gradients && check->tolerances && gradients_expect(check, count);
    if (ranks_any(ranks, !ready) || !ready)
        return false;
    ranks_sum(ranks, check->gradients, count);
    ranks_sum(ranks, check->tolerances, count);
    for (int64_t i = 0; i < count; i++) {
        check->gradients[i] *= share;
        check->tolerances[i] *= share;
    }
    return true;
}

void *mlp_oracle_open(const struct oracle_view *view) {
    struct mlp_check *check = calloc(1, sizeof *check);
    if (!check)
        return NULL;
    check->launch = *view->launch;
    mlp_share(mlp_problem_in(&check->launch), mlp_exchange_of(view->implementation));
    const struct mlp_problem *problem = mlp_problem_of(&check->launch);
    const struct mlp_buffers b = mlp_buffers_of(&check->launch, view->iteration);
    struct message ignored;
    const struct oracle_mlp_input input = {
        .model = &problem->model,
        .parameters = b.parameters,
        .x = b.x,
        .labels = b.labels,
        .target = b.target,
        .kept = view->after[BUFFER_ACTIVATIONS],
    };
    if (problem->inference)
        (void)oracle_mlp_inference(&input, &check->oracle, &ignored);
    else
        (void)oracle_mlp_train_step(&input, &check->oracle, &ignored);
    const bool over_ranks = problem->together.exchange != MLP_EXCHANGE_NONE;
    if ((over_ranks && !gradients_average(check, view->ranks)) || !check->oracle) {
        mlp_oracle_close(check);
        return NULL;
    }
    return check;
}

/* Parameters and moments are checked against the float64 update by the implementation's own
 * gradients: the first step of Adam is near a sign function, through which no useful bound passes.
 */
static void expect_update(const struct oracle_view *view, const struct mlp_check *check, int buffer,
                          int64_t first, int64_t count, double *expected, double *tolerance) {
    static const int outputs[] = {[BUFFER_PARAMETERS] = 0, [BUFFER_FIRST] = 1, [BUFFER_SECOND] = 2};
    const struct mlp_problem *problem = mlp_problem_of(&check->launch);
    struct optimizer_problem update =
        mlp_update(&problem->model, &problem->buffers, view->iteration + 1);
    update.gradients = view->after[BUFFER_GRADIENTS];
    oracle_optimizer(&update, outputs[buffer], first, count, expected, tolerance);
}

/* The gaps between the tensors belong to nobody. */
static void mark_gaps(int64_t count, double *expected, const double *tolerance) {
    for (int64_t i = 0; i < count; i++)
        if (isinf(tolerance[i]))
            expected[i] = NAN;
}

/* Behind a rank's share of the rows nothing is written. Returns how many of the elements
 * [first, first + count) are before `end`. */
static int64_t mark_rest(int64_t first, int64_t count, int64_t end, double *expected,
                         double *tolerance) {
    const int64_t inside = first >= end ? 0 : first + count <= end ? count : end - first;
    for (int64_t i = inside; i < count; i++) {
        expected[i] = NAN;
        tolerance[i] = INFINITY;
    }
    return inside;
}

static void expect_gradients(const struct mlp_check *check, int64_t first, int64_t count,
                             double *expected, double *tolerance) {
    struct message message;
    if (check->gradients) {
        memcpy(expected, check->gradients + first, (size_t)count * sizeof *expected);
        memcpy(tolerance, check->tolerances + first, (size_t)count * sizeof *tolerance);
    } else if (oracle_mlp_gradients(check->oracle, first, count, expected, tolerance, &message) !=
               STATUS_OK) {
        /* Out of memory: nothing can be said, so nothing passes. */
        for (int64_t i = 0; i < count; i++)
            expected[i] = tolerance[i] = NAN;
    }
}

void mlp_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                double *expected, double *tolerance) {
    const struct mlp_check *check = view->state;
    const struct mlp_model *model = &mlp_problem_of(&check->launch)->model;
    struct buffer_spec specs[BUFFERS_MAX];
    case_buffers(view->bench_case, specs);
    int64_t first;
    int64_t count = buffer_flat_range(specs[buffer].elements, first_row, rows, &first);
    if (buffer == BUFFER_PARAMETERS || buffer == BUFFER_FIRST || buffer == BUFFER_SECOND) {
        expect_update(view, check, buffer, first, count, expected, tolerance);
    } else if (buffer == BUFFER_LOSS) {
        count = mark_rest(first, count, model->batch, expected, tolerance);
        oracle_mlp_loss(check->oracle, first, count, expected, tolerance);
    } else if (buffer == BUFFER_ACTIVATIONS) {
        count = mark_rest(first, count, mlp_activation_count(model), expected, tolerance);
        oracle_mlp_activations(check->oracle, first, count, expected, tolerance);
        mark_gaps(count, expected, tolerance);
    } else if (buffer == BUFFER_NARROW) {
        oracle_mlp_rounded(check->oracle, first, count, expected, tolerance);
    } else {
        expect_gradients(check, first, count, expected, tolerance);
    }
}
