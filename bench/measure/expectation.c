/* What the oracle expects of a case, and holding outputs against it. */
#include "bench/devices/processors.h"
#include "bench/measure/verify.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

/* Up to this many expected elements are kept between implementations; beyond, they are computed
 * piece by piece. */
enum { KEPT_ELEMENTS_MAX = 27 * 1024 * 1024 };
/* Elements that are computed in one piece, by a thread. */
enum { BLOCK_ELEMENTS = 1024 * 1024 };
/* What the oracle of one output may cost unless the caller says otherwise. */
static const double oracle_flops_usual = 1e9;

struct expectation {
    const struct bench_case *bench_case;
    const struct inputs *inputs;
    struct launch before;
    void *state; /* the operation's oracle_open, while a launch is compared */
    struct launched launched;
    int threads; /* of the oracle */
    struct output {
        int64_t checked_rows; /* of spec.rows, evenly spread */
        double *expected;     /* all checked rows, packed; NULL when computed piece by piece */
        double *tolerance;
    } outputs[BUFFERS_MAX];
};

static int64_t row_length(const struct buffer_spec *spec, int64_t row) {
    int64_t left = spec->elements - buffer_row_start(spec, row);
    return left < spec->columns ? left : spec->columns;
}

/* The i-th checked row: evenly spread, first and last always among them. */
static int64_t checked_row(const struct buffer_spec *spec, const struct output *output, int64_t i) {
    if (output->checked_rows == spec->rows)
        return i;
    return output->checked_rows == 1 ? spec->rows - 1
                                     : i * (spec->rows - 1) / (output->checked_rows - 1);
}

static int64_t rows_to_check(const struct bench_case *bench_case, const struct buffer_spec *spec,
                             double oracle_flops) {
    if (!bench_case->operation->row_cost)
        return spec->rows;
    double affordable = oracle_flops / bench_case->operation->row_cost(bench_case);
    if (affordable >= (double)spec->rows)
        return spec->rows;
    return affordable < 2.0 ? 2 : (int64_t)affordable;
}

/* Whether the output's rows are work enough to wake the other threads. Awkward shapes are small,
 * and threads that wait for the next one keep the emulated GPU from its cores. */
static bool is_worth_sharing(const struct expectation *e, const struct buffer_spec *spec,
                             const struct output *output) {
    const double least_flops = 0x1p22, element_flops = 16.0;
    const struct operation *operation = e->bench_case->operation;
    const double row_flops = operation->row_cost ? operation->row_cost(e->bench_case)
                                                 : element_flops * (double)spec->columns;
    return (double)output->checked_rows * row_flops > least_flops;
}

/* Fills the kept expectation; rows side by side on all threads. */
static void output_compute(const struct expectation *e, int buffer) {
    const struct buffer_spec *spec = &e->inputs->specs[buffer];
    const struct output *output = &e->outputs[buffer];
    const struct oracle_view view = {.bench_case = e->bench_case,
                                     .launch = &e->before,
                                     .before = e->inputs->data,
                                     .state = e->state};
#pragma omp parallel for schedule(dynamic) if (is_worth_sharing(e, spec, output))
    for (int64_t i = 0; i < output->checked_rows; i++)
        e->bench_case->operation->expect(&view, buffer, checked_row(spec, output, i), 1,
                                         output->expected + i * spec->columns,
                                         output->tolerance + i * spec->columns);
}

static enum status output_keep(struct expectation *e, int buffer, struct message *message) {
    const struct buffer_spec *spec = &e->inputs->specs[buffer];
    struct output *output = &e->outputs[buffer];
    size_t elements = (size_t)(output->checked_rows * spec->columns);
    output->expected = malloc(elements * sizeof(double));
    output->tolerance = malloc(elements * sizeof(double));
    if (!output->expected || !output->tolerance)
        return message_set(message, STATUS_NO_MEMORY,
                           "no memory for %zu expected values; choose a smaller shape", elements);
    output_compute(e, buffer);
    return STATUS_OK;
}

static enum status state_open(struct expectation *e, const struct observed *observed,
                              struct message *message) {
    const struct operation *operation = e->bench_case->operation;
    if (!operation->oracle_open)
        return STATUS_OK;
    const struct oracle_view view = {.bench_case = e->bench_case,
                                     .launch = &e->before,
                                     .before = e->inputs->data,
                                     .after = observed->data,
                                     .iteration = e->launched.iteration,
                                     .implementation = e->launched.implementation,
                                     .ranks = e->launched.ranks};
    e->state = operation->oracle_open(&view);
    return e->state ? STATUS_OK
                    : message_set(message, STATUS_NO_MEMORY,
                                  "no memory for the oracle of this case; choose a smaller shape");
}

static void state_close(struct expectation *e) {
    if (e->state)
        e->bench_case->operation->oracle_close(e->state);
    e->state = NULL;
}

/* Computes what stays the same for every launch, as far as it may be kept: nothing where the oracle
 * goes by what a launch left. */
static enum status outputs_keep(struct expectation *e, struct message *message) {
    int64_t kept = 0;
    enum status status = STATUS_OK;
    if (e->bench_case->operation->oracle_open)
        return STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++) {
        const struct buffer_spec *spec = &e->inputs->specs[i];
        if (!buffer_is_output(spec))
            continue;
        int64_t elements = e->outputs[i].checked_rows * spec->columns;
        if (kept + elements > KEPT_ELEMENTS_MAX)
            continue;
        kept += elements;
        status = output_keep(e, i, message);
    }
    return status;
}

enum status expectation_open(const struct bench_case *bench_case, const struct inputs *inputs,
                             struct expectation **expectation, struct message *message) {
    return expectation_open_within(bench_case, inputs, oracle_flops_usual, expectation, message);
}

enum status expectation_open_within(const struct bench_case *bench_case,
                                    const struct inputs *inputs, double oracle_flops,
                                    struct expectation **expectation, struct message *message) {
    const struct operation *operation = bench_case->operation;
    struct expectation *e = calloc(1, sizeof *e);
    if (!e)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the expectation of a case");
    struct processors processors;
    processors_read("", &processors);
    e->bench_case = bench_case;
    e->inputs = inputs;
    e->threads = processors.threads;
    operation->bind(bench_case, inputs->data, &e->before);
    for (int i = 0; i < BUFFERS_MAX; i++)
        if (buffer_is_output(&inputs->specs[i]))
            e->outputs[i].checked_rows = rows_to_check(bench_case, &inputs->specs[i], oracle_flops);
    enum status status = outputs_keep(e, message);
    if (status != STATUS_OK) {
        expectation_close(e);
        e = NULL;
    }
    *expectation = e;
    return status;
}

const struct bench_case *expectation_case(const struct expectation *e) {
    return e->bench_case;
}

void expectation_close(struct expectation *e) {
    if (!e)
        return;
    for (int i = 0; i < BUFFERS_MAX; i++) {
        free(e->outputs[i].expected);
        free(e->outputs[i].tolerance);
    }
    free(e);
}

/* --- comparing -------------------------------------------------------------------------------- */

/* The worst element seen. */
struct worst {
    double ratio, error, tolerance;
    double expected;
    float computed;
    int64_t row, column;
};

static double element_ratio(float computed, double expected, double tolerance, double *error) {
    *error = 0.0;
    if (isnan(expected))
        return isnan(computed) || isinf(tolerance) ? 0.0 : INFINITY;
    if (isinf(expected) || isinf(computed)) {
        if ((double)computed == expected)
            return 0.0;
        /* At the edge of the range float may overflow where float64 does not, if the tolerance
         * reaches that far. */
        *error = INFINITY;
        return isinf(tolerance) && !isnan(computed) ? 0.0 : INFINITY;
    }
    *error = fabs((double)computed - expected);
    if (!(*error <= tolerance))
        return isnan(*error) ? INFINITY : tolerance > 0.0 ? *error / tolerance : INFINITY;
    return tolerance > 0.0 ? *error / tolerance : 0.0;
}

/* `first` is the row's first element in `data`. */
static void row_compare(const void *data, enum element element, int64_t first,
                        const double *expected, const double *tolerance, int64_t row,
                        int64_t length, struct worst *worst) {
    for (int64_t column = 0; column < length; column++) {
        double error;
        const float computed = element_read(data, element, first + column);
        double ratio = element_ratio(computed, expected[column], tolerance[column], &error);
        if (ratio > worst->ratio || worst->row < 0)
            *worst = (struct worst){.ratio = ratio,
                                    .error = error,
                                    .tolerance = tolerance[column],
                                    .expected = expected[column],
                                    .computed = computed,
                                    .row = row,
                                    .column = column};
    }
}

/* So many rows are asked of the oracle at once: products are cheaper together, but every thread
 * should have some. */
static int64_t rows_together(const struct buffer_spec *spec, const struct output *output) {
    if (output->checked_rows < spec->rows)
        return 1;
    int64_t fair = spec->rows / (2 * (int64_t)omp_get_max_threads());
    int64_t most = BLOCK_ELEMENTS / spec->columns;
    int64_t rows = fair < most ? fair : most;
    return rows > 1 ? rows : 1;
}

/* Compares `count` checked rows from the i-th on. What was not kept is computed into `scratch`, two
 * numbers an element. */
static void rows_compare(const struct expectation *e, int buffer, const struct oracle_view *view,
                         int64_t i, int64_t count, double *scratch, struct worst *worst) {
    const struct buffer_spec *spec = &e->inputs->specs[buffer];
    const struct output *output = &e->outputs[buffer];
    const double *expected = scratch, *tolerance = scratch + count * spec->columns;
    int64_t first = checked_row(spec, output, i);
    if (output->expected) {
        expected = output->expected + i * spec->columns;
        tolerance = output->tolerance + i * spec->columns;
    } else {
        e->bench_case->operation->expect(view, buffer, first, count, scratch,
                                         scratch + count * spec->columns);
    }
    for (int64_t r = 0; r < count; r++)
        row_compare(view->after[buffer], spec->element, buffer_row_start(spec, first + r),
                    expected + r * spec->columns, tolerance + r * spec->columns, first + r,
                    row_length(spec, first + r), worst);
}

static struct oracle_view view_of(const struct expectation *e, const struct observed *observed) {
    return (struct oracle_view){.bench_case = e->bench_case,
                                .launch = &e->before,
                                .before = e->inputs->data,
                                .after = observed->data,
                                .state = e->state,
                                .iteration = e->launched.iteration};
}

/* Compares the checked rows of one output; false when there was no memory for a row. */
static bool output_compare(const struct expectation *e, int buffer, const struct observed *observed,
                           struct worst *worst) {
    const struct buffer_spec *spec = &e->inputs->specs[buffer];
    const struct output *output = &e->outputs[buffer];
    const struct oracle_view view = view_of(e, observed);
    const int64_t together = output->expected ? 1 : rows_together(spec, output);
    bool complete = true;
    *worst = (struct worst){.row = -1};
#pragma omp parallel reduction(&& : complete) if (is_worth_sharing(e, spec, output))
    {
        struct worst mine = {.row = -1};
        size_t elements = (size_t)(together * spec->columns);
        double *scratch = output->expected ? NULL : malloc(2 * elements * sizeof(double));
        complete = output->expected || scratch;
#pragma omp for schedule(dynamic)
        for (int64_t i = 0; i < output->checked_rows; i += together) {
            int64_t left = output->checked_rows - i;
            if (complete)
                rows_compare(e, buffer, &view, i, left < together ? left : together, scratch,
                             &mine);
        }
#pragma omp critical
        if (mine.row >= 0 && (worst->row < 0 || mine.ratio > worst->ratio))
            *worst = mine;
        free(scratch);
    }
    return complete;
}

static enum status outputs_compare(const struct expectation *e, const struct observed *observed,
                                   struct check *check, struct message *message) {
    double worst_ratio = -1.0;
    for (int i = 0; i < BUFFERS_MAX; i++) {
        const struct buffer_spec *spec = &e->inputs->specs[i];
        if (!buffer_is_output(spec))
            continue;
        struct worst worst;
        if (!output_compare(e, i, observed, &worst))
            return message_set(message, STATUS_NO_MEMORY,
                               "no memory for a row of %lld expected values",
                               (long long)spec->columns);
        if (worst.ratio > worst_ratio) {
            worst_ratio = worst.ratio;
            check->error = worst.error;
            check->tolerance = worst.tolerance;
        }
        if (!(worst.ratio <= 1.0))
            return message_set(message, STATUS_WRONG,
                               "%s[%lld,%lld] is %.9g, should be %.9g within %.3g", spec->name,
                               (long long)worst.row, (long long)worst.column,
                               (double)worst.computed, worst.expected, worst.tolerance);
    }
    return STATUS_OK;
}

/* Where only some rows were compared, the operation's probe sees the rest. */
static enum status probe_whole(const struct expectation *e, const struct observed *observed,
                               struct message *message) {
    const char *name = NULL;
    for (int i = 0; i < BUFFERS_MAX; i++)
        if (buffer_is_output(&e->inputs->specs[i]) &&
            e->outputs[i].checked_rows < e->inputs->specs[i].rows)
            name = e->inputs->specs[i].name;
    if (!name || !e->bench_case->operation->probe)
        return STATUS_OK;
    const struct oracle_view view = view_of(e, observed);
    double ratio = e->bench_case->operation->probe(&view);
    if (!(ratio <= 1.0))
        return message_set(message, STATUS_WRONG,
                           "a random projection of %s is %.3g times its bound away: at least one "
                           "element outside the rows compared is wrong",
                           name, ratio);
    return STATUS_OK;
}

enum status expectation_compare(struct expectation *e, const struct launched *launched,
                                const struct observed *observed, struct check *check,
                                struct message *message) {
    const int threads = omp_get_max_threads();
    e->launched = *launched;
    omp_set_num_threads(e->threads);
    enum status status = state_open(e, observed, message);
    if (status == STATUS_OK)
        status = outputs_compare(e, observed, check, message);
    if (status == STATUS_OK)
        status = probe_whole(e, observed, message);
    state_close(e);
    omp_set_num_threads(threads);
    return status;
}
