/* Work split over threads in one place: how many parts a piece of work deserves, and which is
 * whose. */
#ifndef LOCKSTEP_REFERENCE_SIMD_PARALLEL_H
#define LOCKSTEP_REFERENCE_SIMD_PARALLEL_H

#include <stdint.h>

/* `parts` pieces on a team of `threads`. The team is always the caller's full one, even where fewer
 * get a part: a change of the team's size from one call to the next makes the OpenMP runtime end
 * and start threads. */
struct team {
    int threads;
    int parts;
};

/* The split for work that moves so many bytes: one part, without waking anyone, for small work,
 * else parts of at least 32 KiB. */
struct team parallel_team(int64_t bytes, int threads);

/* Does elements (or rows) [first, last), as part `part` of the split. */
typedef void range_body(const void *context, int part, int64_t first, int64_t last);

/* Splits [0, count) into at most team.parts ranges whose starts are multiples of `granule`, as
 * equal as that allows, and runs body on each, every part on its own thread. The split depends on
 * the arguments alone, so sums kept a part are the same in every run. */
void parallel_ranges(int64_t count, int64_t granule, struct team team, range_body *body,
                     const void *context);

#endif
