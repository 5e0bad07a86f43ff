/* What the launchers ask of the GPU: the cut of a buffer for 16-byte accesses, grids and blocks as
 * the stand-in records them, and a graph of an optimizer on the emulated GPU. */
#include "gpu/counters.h"
#include "kernels/geometry.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

/* An address so many floats past 16-byte alignment. */
static const void *at(const float *aligned, int floats) {
    return aligned + floats;
}

TEST(a_split_covers_all_elements_and_is_aligned) {
    static _Alignas(16) const float buffer[32];
    for (int offset = 0; offset < 8; offset++) {
        for (int64_t count = 1; count < 20; count++) {
            const void *const pointers[] = {at(buffer, offset), NULL, at(buffer, offset + 4)};
            struct vector_split split = geometry_split(count, pointers, 3);
            assert_int_equal(split.count, count);
            assert_in_range(split.head, 0, count < 3 ? count : 3);
            assert_in_range(split.head + 4 * split.vectors, 0, count);
            assert_true(count - split.head - 4 * split.vectors < 4);
            if (split.vectors > 0)
                assert_int_equal((uintptr_t)(buffer + offset + split.head) % 16, 0);
        }
    }
}

TEST(buffers_of_different_alignment_have_no_vectors) {
    static _Alignas(16) const float buffer[32];
    const void *const pointers[] = {at(buffer, 0), at(buffer, 1)};
    struct vector_split split = geometry_split(20, pointers, 2);
    assert_int_equal(split.vectors, 0);
    assert_int_equal(split.head, 0);
}

static void launch_expect(struct staging *staging, enum status status, const char *line) {
    struct stand_in driver = stand_in_attach(STAND_IN_CUDA);
    assert_int_equal(status, STATUS_OK);
    if (strstr(driver.log(), line) == NULL)
        fail_msg("`%s` was not launched:\n%s", line, driver.log());
    driver.clear();
    assert_int_equal(gpu_synchronize(staging->device.gpu, &staging->message), STATUS_OK);
}

/* The stand-in has 132 multiprocessors of 2,048 threads: 1,056 blocks of 256 are resident. */
TEST(grids_cover_the_problem) {
    struct staging *staging = staging_open_stand_in();
    struct execution *execution = &staging->execution;
    size_t images = 0;
    (void)kernels_images(&images);
    if (images == 0) {
        staging_close(staging);
        skip();
    }
    struct gemm_problem gemm = {.m = 33, .n = 64, .k = 1, .lda = 1, .ldb = 64, .ldc = 64};
    launch_expect(staging, gemm_cuda_naive(&gemm, execution),
                  "cuLaunchKernel gemm_naive_nn 2x2x1 32x32x1 0");
    launch_expect(staging, gemm_cuda_tiled(&gemm, execution),
                  "cuLaunchKernel gemm_tiled_nn 4x1x1 32x32x1 0");
    /* A row of B is 16-byte aligned, a column of A is not. */
    launch_expect(staging, gemm_cuda_warp(&gemm, execution),
                  "cuLaunchKernel gemm_warp_nn_scalar 1x1x1 256x1x1 0");
    gemm.k = gemm.lda = 4;
    launch_expect(staging, gemm_cuda_warp(&gemm, execution),
                  "cuLaunchKernel gemm_warp_nn 1x1x1 256x1x1 0");
    gemm.k = gemm.lda = 1;
    gemm.n = (int64_t)1 << 21;
    gemm.variant = GEMM_NT;
    launch_expect(staging, gemm_cuda_coalesced(&gemm, execution),
                  "cuLaunchKernel gemm_coalesced_nt 65536x2x1 32x32x1 0");
    launch_expect(staging, gemm_cuda_naive(&gemm, execution),
                  "cuLaunchKernel gemm_naive_nt 2x65535x1 32x32x1 0");
    struct softmax_problem softmax = {.variant = SOFTMAX_LOG_BACKWARD, .rows = 5, .columns = 3};
    launch_expect(staging, softmax_cuda_naive(&softmax, execution),
                  "cuLaunchKernel softmax_naive_log_backward 1x1x1 256x1x1 0");
    launch_expect(staging, softmax_cuda_tiled(&softmax, execution),
                  "cuLaunchKernel softmax_tiled_log_backward 5x1x1 256x1x1 0");
    launch_expect(staging, softmax_cuda_warp(&softmax, execution),
                  "cuLaunchKernel softmax_warp_log_backward 2x1x1 128x1x1 0");
    struct transfer_problem copy = {.variant = TRANSFER_COPY, .count = 1 << 30};
    launch_expect(staging, transfer_cuda_vectorised(&copy, execution),
                  "cuLaunchKernel copy_vectorised 1056x1x1 256x1x1 0");
    double flops = 0.0;
    launch_expect(staging, ceiling_cuda_fma(1000, NULL, &flops, execution),
                  "cuLaunchKernel ceiling_fma 1056x1x1 256x1x1 0");
    check_near(flops, 2.0 * 16 * 1000 * 256 * 1056, 0.0);
    staging_close(staging);
}

TEST(other_types_than_its_own_a_rung_refuses) {
    struct staging *staging = staging_open_stand_in();
    const struct gemm_problem gemm = {.dtype = DTYPE_TF32, .m = 1, .n = 1, .k = 1};
    assert_int_equal(gemm_cuda_naive(&gemm, &staging->execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(staging->message.text, "f32, bf16 and f16"));
    assert_int_equal(gemm_cuda_tiled(&gemm, &staging->execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(staging->message.text, "f32 alone"));
    staging_close(staging);
}

TEST(without_a_gpu_a_kernel_is_refused) {
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    const struct softmax_problem softmax = {.rows = 1, .columns = 1};
    const struct activation_problem activation = {.rows = 1, .columns = 1};
    const struct optimizer_problem optimizer = {.count = 1};
    const struct transfer_problem transfer = {.count = 1};
    assert_int_equal(softmax_cuda_warp(&softmax, &execution), STATUS_INVALID);
    assert_int_equal(activation_cuda_vectorised(&activation, &execution), STATUS_INVALID);
    assert_int_equal(optimizer_cuda_naive(&optimizer, &execution), STATUS_INVALID);
    assert_int_equal(optimizer_cuda_step_set(&optimizer, &execution), STATUS_INVALID);
    assert_int_equal(transfer_cuda_vectorised(&transfer, &execution), STATUS_INVALID);
}

/* --- graphs --------------------------------------------------------------------------------- */

enum { PARAMETERS = 300, STEPS = 4 };

struct weights {
    float parameters[PARAMETERS], first[PARAMETERS], second[PARAMETERS];
};

static struct weights weights_start(void) {
    struct weights weights = {.first = {0}, .second = {0}};
    fill_inputs(INPUTS_UNIFORM, 1, weights.parameters, PARAMETERS);
    return weights;
}

static struct optimizer_problem adam_of(struct staging *staging, struct weights *weights) {
    float gradients[PARAMETERS];
    fill_inputs(INPUTS_UNIFORM, 2, gradients, PARAMETERS);
    return (struct optimizer_problem){
        .variant = OPTIMIZER_ADAM,
        .count = PARAMETERS,
        .parameters = staging_output(staging, weights->parameters, PARAMETERS, 0),
        .first_moment = staging_output(staging, weights->first, PARAMETERS, 0),
        .second_moment = staging_output(staging, weights->second, PARAMETERS, 0),
        .gradients = staging_input(staging, gradients, PARAMETERS, 0),
        .learning_rate = 0.01F,
        .beta1 = 0.9F,
        .beta2 = 0.999F,
        .epsilon = 1e-8F};
}

/* Captured once, replayed with the step of each replay: the same bits as launched step by step. */
TEST(a_graph_takes_the_step_of_each_replay) {
    struct staging *staging = staging_open_emulated();
    struct weights launched = weights_start(), replayed = weights_start();
    struct gpu_graph *graph = NULL;
    if (staging == NULL) {
        skip();
        return;
    }
    struct gpu *gpu = staging->device.gpu;
    struct optimizer_problem adam = adam_of(staging, &launched);
    for (adam.step = 1; adam.step <= STEPS; adam.step++)
        assert_int_equal(optimizer_cuda_vectorised(&adam, &staging->execution), STATUS_OK);
    staging_finish(staging, "launched");

    adam = adam_of(staging, &replayed);
    adam.step = 77; /* what it is captured with must not matter */
    assert_int_equal(gpu_capture_begin(gpu, &staging->message), STATUS_OK);
    assert_int_equal(optimizer_cuda_vectorised(&adam, &staging->execution), STATUS_OK);
    assert_int_equal(gpu_capture_end(gpu, &graph, &staging->message), STATUS_OK);
    for (adam.step = 1; adam.step <= STEPS; adam.step++) {
        assert_int_equal(optimizer_cuda_step_set(&adam, &staging->execution), STATUS_OK);
        assert_int_equal(gpu_graph_launch(gpu, graph, &staging->message), STATUS_OK);
    }
    gpu_graph_destroy(gpu, graph);
    staging_finish(staging, "replayed");
    assert_memory_equal(&launched, &replayed, sizeof launched);
    assert_true(launched.parameters[0] != weights_start().parameters[0]);
    staging_close(staging);
}

TEST(the_emulated_gpu_counts_and_has_no_time) {
    struct staging *staging = staging_open_emulated();
    struct emulator_counters row;
    size_t rows = 0;
    double seconds = -1.0;
    if (staging == NULL) {
        skip();
        return;
    }
    struct gpu *gpu = staging->device.gpu;
    const float x[1024] = {0};
    float y[1024];
    struct transfer_problem copy = {.variant = TRANSFER_COPY, .count = 1024};
    copy.a = staging_input(staging, x, 1024, 0);
    copy.out = staging_output(staging, y, 1024, 0);
    assert_int_equal(gpu_counters_reset(gpu, &staging->message), STATUS_OK);
    assert_int_equal(gpu_timer_start(gpu, &staging->message), STATUS_OK);
    assert_int_equal(transfer_cuda_vectorised(&copy, &staging->execution), STATUS_OK);
    assert_int_equal(gpu_timer_stop(gpu, &seconds, &staging->message), STATUS_UNSUPPORTED);
    assert_int_equal(gpu_counters_count(gpu, &rows, &staging->message), STATUS_OK);
    assert_int_equal(rows, 1);
    assert_int_equal(gpu_counters_read(gpu, 0, &row, &staging->message), STATUS_OK);
    assert_string_equal(row.kernel, "copy_vectorised");
    /* 1,024 floats as 256 vectors: 8 requests of 512 bytes, 16 sectors each, both ways. */
    assert_int_equal(row.launches, 1);
    assert_int_equal(row.global_load_requests, 8);
    assert_int_equal(row.global_load_sectors, 128);
    assert_int_equal(row.global_store_requests, 8);
    assert_int_equal(row.global_store_sectors, 128);
    assert_int_equal(gpu_counters_read(gpu, 1, &row, &staging->message), STATUS_INVALID);
    staging_finish(staging, "copy");
    staging_close(staging);
}
