/* What the tests of kernels share: guarded buffers, the comparison rule, inputs, and the settings
 * under which each implementation must be right. A failed check ends the cmocka test with a
 * message.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_SUPPORT_H
#define LOCKSTEP_TESTS_SUPPORT_SUPPORT_H

#include "common/problem.h"
#include "tests/support/cmocka.h"

/* `count` floats, all NaN, between two guard zones, `offset` floats past 64-byte alignment. */
float *guarded_new(int64_t count, int offset);

/* Checks both guard zones and frees; NULL is allowed. `count` and `offset` as for guarded_new(). */
void guarded_check(const float *data, int64_t count, const char *what);
void guarded_free(float *data, int offset);

/* All NaN again. */
void poison(float *data, int64_t count);

/* NaN equals NaN, an infinity the same infinity; otherwise the difference is within the tolerance.
 */
bool is_close(double expected, double tolerance, double actual);

/* The first index that is not close, or -1. */
int64_t first_wrong(const double *expected, const double *tolerance, const float *actual,
                    int64_t count);

/* Fails with `what`, the index and the three numbers unless all are close. */
void check_all(const char *what, const double *expected, const double *tolerance,
               const float *actual, int64_t count);

/* Fails unless |actual - expected| <= tolerance. */
void check_near(double actual, double expected, double tolerance);

/* What inputs hold. */
enum inputs {
    INPUTS_UNIFORM, /* [-1, 1] */
    INPUTS_WIDE,    /* [-30, 30] */
    INPUTS_SPECIAL, /* uniform, strewn with zeros, subnormals, huge numbers, infinities and NaN */
    INPUTS_KINDS
};
void fill_inputs(enum inputs kind, uint64_t stream, float *values, int64_t count);

/* A setting: threads, flush-to-zero with denormals-are-zero in all of them, and a last-level cache
 * so small that every output is written around it. */
struct setting {
    int threads;
    bool flush;
    bool stream;
};
extern const struct setting settings[];
extern const int settings_count;

/* Calls `body` under each of the first `count` settings, with an execution made for it. */
typedef void setting_body(struct execution *execution, const char *name, void *context);
void each_setting(int count, setting_body *body, void *context);

#endif
