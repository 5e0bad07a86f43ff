/* The float64 oracle of a sum over ranks. */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

/* What a dtype's range and grid do to a sum. */
struct range {
    double unit;     /* unit roundoff */
    double overflow; /* from here on rounding gives infinity */
    double smallest; /* error of an addition whose result is subnormal or flushed */
};

static struct range range_of(enum dtype dtype) {
    static const struct range ranges[DTYPES] = {
        [DTYPE_F32] = {UNIT_F32, OVERFLOW_F32, 2 * FLUSH},
        [DTYPE_TF32] = {UNIT_F32, OVERFLOW_F32, 2 * FLUSH},
        [DTYPE_BF16] = {0x1p-8, 0x1.ffp127, 2 * FLUSH},
        [DTYPE_F16] = {0x1p-11, 65520.0, 0x1p-13},
    };
    return ranges[dtype];
}

void oracle_allreduce_add(const float *values, int64_t count, double *expected, double *magnitude) {
    for (int64_t i = 0; i < count; i++) {
        expected[i] += (double)values[i];
        magnitude[i] += fabs((double)values[i]);
    }
}

/* n terms are n - 1 additions in whatever order, each rounded: |error| <= gamma_(n-1) sum |x|
 * (Higham, section 4.2). */
void oracle_allreduce_settle(enum dtype dtype, int ranks, int64_t count, double *expected,
                             double *tolerance) {
    const struct range range = range_of(dtype);
    const double additions = (double)(ranks - 1);
    for (int64_t i = 0; i < count; i++) {
        const double sum = fabs(expected[i]), magnitude = tolerance[i];
        tolerance[i] = gamma_bound(additions, range.unit) * magnitude + additions * range.smallest;
        if (!isfinite(expected[i])) {
            tolerance[i] = 0.0;
        } else if (sum - tolerance[i] >= range.overflow) {
            expected[i] = copysign((double)INFINITY, expected[i]);
            tolerance[i] = 0.0;
        } else if (magnitude * (1.0 + range.unit) >= range.overflow) {
            tolerance[i] = (double)INFINITY; /* it may overflow on the way */
        }
    }
}
