/* Copy and triad, with stores around the caches where the output exceeds them (`transfer`), and
 * always through them
 * (`transfer_plain`, the yardstick). Shows what one kind of store or the other costs: an ordinary
 * store reads the line before it overwrites it.
 */
#include "reference/simd/cpu.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

struct work {
    const struct transfer_problem *problem;
    bool stream;
};

/* The same vector, to the compiler an unknown one: keeps it from turning the plain copy into a call
 * of memcpy, which chooses its own kind of store. */
SIMD_INLINE vector opaque(vector x) {
#if defined(__AVX512F__)
    __asm__("" : "+v"(x));
#else
    __asm__("" : "+x"(x));
#endif
    return x;
}

/* `count` elements from i on, at most a vector, in the same arithmetic as a whole one: where a
 * buffer happens to be aligned must not change a bit. */
SIMD_INLINE void transfer_some(const struct transfer_problem *problem, bool triad, int64_t i,
                               int64_t count) {
    vector x = vector_load_first(problem->a + i, count, 0);
    if (triad)
        x = vector_fma(vector_set(problem->scale), vector_load_first(problem->b + i, count, 0), x);
    vector_store_first(problem->out + i, x, count);
}

SIMD_INLINE void transfer_range(const struct transfer_problem *problem, bool triad, bool stream,
                                int64_t first, int64_t last) {
    const float *a = problem->a;
    const float *b = problem->b;
    float *out = problem->out;
    vector scale = vector_set(problem->scale);
    int64_t i = first;
    int64_t head = stream ? vector_misalignment(out + first, last - first) : 0;
    if (head > 0)
        transfer_some(problem, triad, i, head);
    for (i += head; i + WIDTH <= last; i += WIDTH) {
        vector x = vector_load(a + i);
        x = triad ? vector_fma(scale, vector_load(b + i), x) : opaque(x);
        if (stream)
            vector_stream(out + i, x);
        else
            vector_store(out + i, x);
    }
    if (i < last)
        transfer_some(problem, triad, i, last - i);
    if (stream)
        _mm_sfence();
}

static void transfer_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    const struct transfer_problem problem = *work->problem;
    if (problem.variant == TRANSFER_COPY)
        work->stream ? transfer_range(&problem, false, true, first, last)
                     : transfer_range(&problem, false, false, first, last);
    else
        work->stream ? transfer_range(&problem, true, true, first, last)
                     : transfer_range(&problem, true, false, first, last);
}

static enum status transfer(const struct transfer_problem *problem, struct execution *execution,
                            bool stream) {
    enum { LINE = 16 };
    int64_t streams = problem->variant == TRANSFER_COPY ? 2 : 3;
    int64_t bytes = problem->count * (int64_t)sizeof(float);
    struct work work = {problem, stream};
    parallel_ranges(problem->count, LINE, parallel_team(streams * bytes, execution->threads),
                    transfer_body, &work);
    return STATUS_OK;
}

enum status SIMD_NAME(transfer_simd)(const struct transfer_problem *problem,
                                     struct execution *execution) {
    int64_t bytes = problem->count * (int64_t)sizeof(float);
    return transfer(problem, execution,
                    cpu_streams(execution, bytes, problem->out, problem->a, problem->b));
}

enum status SIMD_NAME(transfer_plain)(const struct transfer_problem *problem,
                                      struct execution *execution) {
    return transfer(problem, execution, false);
}
