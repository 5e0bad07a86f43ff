/* A batch of products. Where one is worth all threads, they take it together and go on to the next.
 * Smaller ones go to a thread each, which costs one fork and join for all of them. */
#include "common/gemm_batch.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

/* Of a thread that failed; the others go on. */
struct failure {
    enum status status;
    struct message message;
};

struct batch {
    const struct gemm_problem *problem;
    struct failure *failure;
};

/* Products [first, last) on one thread. */
static void batch_body(const void *context, int part, int64_t first, int64_t last) {
    const struct batch *batch = context;
    struct failure mine = {STATUS_OK, {""}};
    struct execution alone = {.threads = 1, .message = &mine.message};
    (void)part;
    for (int64_t i = first; i < last && mine.status == STATUS_OK; i++) {
        const struct gemm_problem one = gemm_of_batch(batch->problem, i);
        mine.status = SIMD_NAME(gemm_simd)(&one, &alone);
    }
    if (mine.status == STATUS_OK)
        return;
#pragma omp critical(gemm_batch_failure)
    *batch->failure = mine;
}

static enum status batch_share(const struct gemm_problem *problem, int parts,
                               struct execution *execution) {
    struct failure failure = {STATUS_OK, {""}};
    const struct batch batch = {problem, &failure};
    parallel_ranges(problem->batch, 1, (struct team){execution->threads, parts}, batch_body,
                    &batch);
    if (failure.status != STATUS_OK)
        *execution->message = failure.message;
    return failure.status;
}

enum status SIMD_NAME(gemm_batch_simd)(const struct gemm_problem *problem,
                                       struct execution *execution) {
    /* As gemm_simd() takes the threads: a part of so many takes two microseconds. */
    const double part_flops = 1 << 19, parts_to_share = 8;
    if (problem->batch <= 1)
        return SIMD_NAME(gemm_simd)(problem, execution);
    const int threads = execution->threads;
    const double each =
        2.0 * (double)problem->m * (double)problem->n * (double)problem->k / part_flops;
    const double all = each * (double)problem->batch;
    if (threads == 1 || all < 2.0 || each >= parts_to_share * threads)
        return gemm_each(problem, SIMD_NAME(gemm_simd), execution);
    return batch_share(problem, all < threads ? (int)all : threads, execution);
}
