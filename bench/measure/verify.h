/* Does a launch compute what the oracle says? */
#ifndef LOCKSTEP_BENCH_MEASURE_VERIFY_H
#define LOCKSTEP_BENCH_MEASURE_VERIFY_H

#include "bench/measure/buffers.h"

/* What the oracle expects of a case, for all implementations: computed once where it fits, else as
 * needed. */
struct expectation;

/* Opens the expectation of a case over its inputs (borrowed: they outlive it). */
enum status expectation_open(const struct bench_case *bench_case, const struct inputs *inputs,
                             struct expectation **expectation, struct message *message);
/* The same with so many operations to spend on the oracle of one output instead of the usual 1e9.
 * Where they do not last for all rows, rows are sampled, at least two, and the operation's probe
 * checks the whole. */
enum status expectation_open_within(const struct bench_case *bench_case,
                                    const struct inputs *inputs, double oracle_flops,
                                    struct expectation **expectation, struct message *message);
const struct bench_case *expectation_case(const struct expectation *expectation);
void expectation_close(struct expectation *expectation);

/* What a check found beside its status. */
struct check {
    double error;     /* the worst element's |computed - expected| …; NaN: none was compared */
    double tolerance; /* … and what it was allowed; the worst is the one with the largest ratio */
    double seconds;   /* wall time of the launch: a first idea of how long an iteration takes */
};

/* A launch that is over. */
struct launched {
    int64_t iteration;
    const struct implementation *implementation;
    struct ranks *ranks; /* that launched it together; NULL for none */
};

/* Compares every output with what is expected, on all threads that there can be, however many the
 * launch had. STATUS_WRONG: `message` names buffer, element, both values and tolerance.
 *
 * The rule of comparison: NaN equals NaN, an infinity equals itself, and otherwise
 * !(|computed - expected| <= tolerance) is wrong. */
enum status expectation_compare(struct expectation *expectation, const struct launched *launched,
                                const struct observed *observed, struct check *check,
                                struct message *message);

/* Poisons the set, launches `iteration` once with `launch` (bound to that set), and compares every
 * output with the expectation, guard zones and inputs with what they were. STATUS_OK: computed what
 * it should. STATUS_WRONG: `message` names buffer, element, both values and tolerance. Anything
 * else is the launch's own failure. */
enum status verify_launch(struct expectation *expectation,
                          const struct implementation *implementation, const struct launch *launch,
                          int64_t iteration, struct buffer_set *set, struct execution *execution,
                          struct check *check, struct message *message);

#endif
