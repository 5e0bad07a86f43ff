/* A build that is slower in one implementation, to see whether `lockstep ab` and `compare` find it.
 * It is lockstep, linked with this in place of cpu-simd's cross-entropy (ld's --wrap): each call is
 * followed by a wait of as many percent of its own time as the number at the end of the program's
 * name says, so lockstep-slowed-0 and lockstep-slowed-5 are the same bits. Never part of lockstep
 * itself. */
#include "common/clock.h"
#include "common/problem.h"
#include "reference/simd/simd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The names that --wrap gives to the one that is called and to the one that was. */
cross_entropy_kernel slowed __asm__("__wrap_cross_entropy_simd");
cross_entropy_kernel original __asm__("__real_cross_entropy_simd");

static double share(void) {
    const char *dash = strrchr(program_invocation_short_name, '-');
    return dash ? 0.01 * strtod(dash + 1, NULL) : 0.0;
}

enum status slowed(const struct cross_entropy_problem *problem, struct execution *execution) {
    double start = clock_seconds();
    enum status status = original(problem, execution);
    double end = clock_seconds();
    double until = end + share() * (end - start);
    while (clock_seconds() < until)
        continue;
    return status;
}
