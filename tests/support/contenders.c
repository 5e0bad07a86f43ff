#include "tests/support/contenders.h"

#include <string.h>
#include <time.h>

OPERATION_PROBLEM(transfer)

static int launches;             /* of the implementation that counts them */
static const float *first_place; /* see right_in_one_place() */

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

/* As a library that runs out of something once it has been right. */
static enum status failing_in_the_end(const struct transfer_problem *problem,
                                      struct execution *execution) {
    return ++launches > 2 ? failing(problem, execution) : good(problem, execution);
}

/* Remembers the place of the first output that it was given, and is right there alone. */
static enum status right_in_one_place(const struct transfer_problem *problem,
                                      struct execution *execution) {
    if (launches++ == 0)
        first_place = problem->out;
    return problem->out == first_place ? good(problem, execution) : wrong(problem, execution);
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

/* Two milliseconds: longer than a copy of 17 elements ever takes. */
static enum status napping(const struct transfer_problem *problem, struct execution *execution) {
    const struct timespec pause = {.tv_nsec = 2000000};
    (void)nanosleep(&pause, NULL);
    return good(problem, execution);
}

/* As a product that is too small for two threads. */
static enum status crowded(const struct transfer_problem *problem, struct execution *execution) {
    return execution->threads > 1 ? napping(problem, execution) : good(problem, execution);
}

static enum status traffic(const struct launch *launch, int64_t iterations,
                           struct execution *execution) {
    for (int64_t i = 0; i < iterations; i++)
        (void)good(transfer_problem_of(launch), execution);
    return STATUS_OK;
}

static const char *refuse(const struct bench_case *c) {
    return c ? "wants another shape" : NULL;
}

static const char *absent(const struct bench_case *c) {
    (void)c;
    return "its library was not there when this was built";
}

static double bytes_of(const struct bench_case *c) {
    return 8.0 * (double)c->sizes[0];
}

const struct implementation contenders[] = {
    {.name = "good", .run = RUN(transfer, good)},
    {.name = "plain", .kind = KIND_PLAIN, .one_thread = true, .run = RUN(transfer, good)},
    {.name = "wrong", .run = RUN(transfer, wrong)},
    {.name = "wrong-later", .run = RUN(transfer, wrong_in_the_end)},
    {.name = "failing", .run = RUN(transfer, failing)},
    {.name = "failing-later", .run = RUN(transfer, failing_in_the_end)},
    {.name = "one-place", .run = RUN(transfer, right_in_one_place)},
    {.name = "unable", .run = RUN(transfer, unable)},
    {.name = "refusing", .availability = refuse, .run = RUN(transfer, good)},
    {.name = "absent", .availability = absent, .run = RUN(transfer, good)},
    {.name = "narrow",
     .dtypes = DTYPE_BIT(DTYPE_TF32) | DTYPE_BIT(DTYPE_F16),
     .run = RUN(transfer, good)},
    {.name = "slow", .run = RUN(transfer, slow)},
    {.name = "slow-at-first", .run = RUN(transfer, slow_at_first)},
    {.name = "napping", .run = RUN(transfer, napping)},
    {.name = "crowded", .run = RUN(transfer, crowded)},
    {.name = "bare",
     .kind = KIND_YARDSTICK,
     .yardstick = traffic,
     .flops = bytes_of,
     .bytes = bytes_of},
};
const int contender_count = sizeof contenders / sizeof contenders[0];

void contenders_begin(void) {
    launches = 0;
}
