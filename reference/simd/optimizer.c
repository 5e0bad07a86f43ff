/* SGD, SGD with momentum and Adam, all of a model's parameters in one pass: Adam reads 16 bytes a
 * parameter and writes 12, each once.
 */
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

#include <math.h>

/* The formula's constants, computed once in double: 1 - 0.999^step loses half of a float's digits
 * at step 1. */
struct work {
    const struct optimizer_problem *problem;
    float rate;            /* sgd: the learning rate; adam: that over 1 - beta1^step */
    float root_correction; /* 1 / sqrt(1 - beta2^step) */
};

SIMD_INLINE vector load(const float *from, int64_t count) {
    return count == WIDTH ? vector_load(from) : vector_load_first(from, count, 0);
}

SIMD_INLINE void store(float *to, vector x, int64_t count) {
    if (count == WIDTH)
        vector_store(to, x);
    else
        vector_store_first(to, x, count);
}

/* Each updates elements [i, i + count), count <= WIDTH. */
SIMD_INLINE void sgd(const struct work *work, int64_t i, int64_t count) {
    const struct optimizer_problem *problem = work->problem;
    vector step = load(problem->gradients + i, count) * work->rate;
    store(problem->parameters + i, load(problem->parameters + i, count) - step, count);
}

SIMD_INLINE void sgd_momentum(const struct work *work, int64_t i, int64_t count) {
    const struct optimizer_problem *problem = work->problem;
    vector m = vector_fma(load(problem->first_moment + i, count), vector_set(problem->momentum),
                          load(problem->gradients + i, count));
    store(problem->first_moment + i, m, count);
    store(problem->parameters + i, load(problem->parameters + i, count) - m * work->rate, count);
}

SIMD_INLINE void adam(const struct work *work, int64_t i, int64_t count) {
    const struct optimizer_problem *problem = work->problem;
    vector g = load(problem->gradients + i, count);
    vector m = vector_fma(load(problem->first_moment + i, count), vector_set(problem->beta1),
                          g * (1 - problem->beta1));
    vector v = vector_fma(load(problem->second_moment + i, count), vector_set(problem->beta2),
                          g * (1 - problem->beta2) * g);
    vector denominator =
        vector_fma(vector_sqrt(v), vector_set(work->root_correction), vector_set(problem->epsilon));
    vector p = load(problem->parameters + i, count) - m * work->rate / denominator;
    store(problem->first_moment + i, m, count);
    store(problem->second_moment + i, v, count);
    store(problem->parameters + i, p, count);
}

/* Every load and store of the update, and a maximum in place of each formula: it changes nothing
 * the second time, so no value grows from call to call. */
SIMD_INLINE void traffic(const struct work *work, int64_t i, int64_t count) {
    const struct optimizer_problem *problem = work->problem;
    float *const updated[] = {problem->parameters, problem->first_moment, problem->second_moment};
    vector g = load(problem->gradients + i, count);
    for (size_t k = 0; k < sizeof updated / sizeof updated[0]; k++)
        if (updated[k])
            store(updated[k] + i, vector_maximum(load(updated[k] + i, count), g), count);
}

#define DEFINE_BODY(update)                                                                        \
    static void update##_body(const void *context, int part, int64_t first, int64_t last) {        \
        (void)part;                                                                                \
        const struct work work = *(const struct work *)context;                                    \
        const struct optimizer_problem problem = *work.problem;                                    \
        const struct work local = {&problem, work.rate, work.root_correction};                     \
        int64_t i = first;                                                                         \
        for (; i + WIDTH <= last; i += WIDTH)                                                      \
            update(&local, i, WIDTH);                                                              \
        if (i < last)                                                                              \
            update(&local, i, last - i);                                                           \
    }

DEFINE_BODY(sgd)
DEFINE_BODY(sgd_momentum)
DEFINE_BODY(adam)
DEFINE_BODY(traffic)

static void run(const struct work *work, range_body *body, struct execution *execution) {
    enum { LINE = 16 };
    static const int bytes_a_parameter[] = {
        [OPTIMIZER_SGD] = 12,
        [OPTIMIZER_SGD_MOMENTUM] = 20,
        [OPTIMIZER_ADAM] = 28,
    };
    int64_t count = work->problem->count;
    struct team team =
        parallel_team(count * bytes_a_parameter[work->problem->variant], execution->threads);
    parallel_ranges(count, LINE, team, body, work);
}

enum status SIMD_NAME(optimizer_traffic)(const struct optimizer_problem *problem,
                                         struct execution *execution) {
    run(&(struct work){.problem = problem}, traffic_body, execution);
    return STATUS_OK;
}

enum status SIMD_NAME(optimizer_simd)(const struct optimizer_problem *problem,
                                      struct execution *execution) {
    static range_body *const updates[] = {
        [OPTIMIZER_SGD] = sgd_body,
        [OPTIMIZER_SGD_MOMENTUM] = sgd_momentum_body,
        [OPTIMIZER_ADAM] = adam_body,
    };
    struct work work = {problem, problem->learning_rate, 1};
    if (problem->variant == OPTIMIZER_ADAM) {
        double step = (double)problem->step;
        work.rate =
            (float)((double)problem->learning_rate / (1 - pow((double)problem->beta1, step)));
        work.root_correction = (float)(1 / sqrt(1 - pow((double)problem->beta2, step)));
    }
    run(&work, updates[problem->variant], execution);
    return STATUS_OK;
}
