/* What the fast rungs must reach, by the emulated GPU's counters: a table of cases, each with the
 * bounds that its rung is written for. Counts are exact, so a bound that holds here holds
 * everywhere. The sizes are the smallest at which the ratios are those of large problems. */
#include "bench/devices/gpu.h"
#include "bench/measure/buffers.h"
#include "bench/operations/operations.h"
#include "gpu/counters.h"
#include "kernels/arguments.h"
#include "kernels/kernels.h"
#include "tests/support/staging.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

/* 0: not bounded. */
struct bounds {
    const char *operation, *variant, *dtype, *shape, *implementation;
    double sectors; /* of global memory read and written, over the operation's least bytes / 32 */
    bool vectors;   /* 16 bytes a lane in every access but one in a hundred: 16 sectors a request */
    int launches;   /* exactly */
    uint64_t shared; /* bytes of dynamic shared memory a block, exactly */
    double outside;  /* warp instructions that are no mma, over mma, beyond PROLOGUE a warp */
};

/* What a warp of the tensor rung does before its loop over k: 133 instructions set its sums to zero
 * and the rest find addresses and send the first copies. */
enum { PROLOGUE = 312 };

static const struct bounds table[] = {
    {"softmax", "forward", "f32", "64x4096", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    {"softmax", "backward", "f32", "64x4096", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    {"softmax", "log_forward", "f32", "64x4096", "cuda-vectorised", .sectors = 1.00,
     .vectors = true, .launches = 1},
    {"softmax", "log_backward", "f32", "64x4096", "cuda-vectorised", .sectors = 1.00,
     .vectors = true, .launches = 1},
    {"softmax", "forward", "f32", "64x128", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    {"softmax", "backward", "f32", "64x1024", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    /* Rows that begin anywhere: their first and last groups are partial. */
    {"softmax", "forward", "f32", "64x4095", "cuda-vectorised", .sectors = 1.02, .launches = 1},
    {"softmax", "backward", "f32", "64x4093", "cuda-vectorised", .sectors = 1.02, .launches = 1},
    /* In shared memory, as much as the row takes. With what the reductions have, here it is a
     * little more than 48 KiB. First: a kernel that was given leave to take more keeps it. */
    {"softmax", "forward", "f32", "3x12272", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1, .shared = 49088},
    /* Of 64 KiB two blocks fit a multiprocessor. */
    {"softmax", "forward", "f32", "3x16384", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1, .shared = 65536},
    {"softmax", "backward", "f32", "3x8448", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1, .shared = 67584},
    /* In 163 KiB. */
    {"softmax", "forward", "f32", "3x40960", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    {"softmax", "backward", "f32", "3x20480", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    /* x and y once, gamma and beta once for 52 rows, as at 4096x768 on 79 blocks of an A100;
     * 8192x4096 has more rows a block. */
    {"layernorm", "forward", "f32", "832x768", "cuda-vectorised", .sectors = 1.02, .launches = 1},
    {"layernorm", "forward", "f32", "832x4096", "cuda-vectorised", .sectors = 1.02, .launches = 1},
    {"layernorm", "rms_forward", "f32", "832x768", "cuda-vectorised", .sectors = 1.01,
     .launches = 1},
    /* A block of 64 queries reads Q once and O once, K and V whole: (2 + 2 * 4) / 4 of the
     * least. */
    {"attention", "full", "f32", "1x1x256x64", "cuda-fused", .sectors = 2.50, .vectors = true,
     .launches = 1, .shared = 49152},
    /* … up to its own keys alone: 1, 2, 3 and 4 times 64. */
    {"attention", "causal", "f32", "1x1x256x64", "cuda-fused", .sectors = 1.75, .vectors = true,
     .launches = 1, .shared = 49152},
    /* The label is read by each warp of a row, its logit by one thread. */
    {"cross_entropy", "forward_backward", "f32", "64x4096", "cuda-vectorised", .sectors = 1.02,
     .launches = 1},
    {"cross_entropy", "forward_backward", "f32", "3x16384", "cuda-vectorised", .sectors = 1.02,
     .launches = 1, .shared = 65536},
    {"cross_entropy", "forward_backward", "f32", "3x40960", "cuda-vectorised", .sectors = 1.02,
     .launches = 1},
    /* Backward with a bias gives its gradient, too; no matrix is read for it again. */
    {"activation", "relu.forward", "f32", "262144", "cuda-vectorised", .sectors = 1.00,
     .vectors = true, .launches = 1},
    {"activation", "gelu_erf.backward", "f32", "262144", "cuda-vectorised", .sectors = 1.00,
     .vectors = true, .launches = 1},
    {"activation", "relu.forward_bias", "f32", "1024x1024", "cuda-vectorised", .sectors = 1.00,
     .launches = 1},
    {"activation", "relu.backward_bias", "f32", "1024x1024", "cuda-vectorised", .sectors = 1.00,
     .launches = 1},
    {"activation", "gelu_tanh.backward_bias", "f32", "1024x1024", "cuda-vectorised",
     .sectors = 1.00, .launches = 1},
    /* All parameters in one launch. */
    {"optimizer", "adam", "f32", "262144", "cuda-vectorised", .sectors = 1.00, .vectors = true,
     .launches = 1},
    /* 16 tiles in four parts of k: A and B are read four times, each part is written and read once.
     */
    {"gemm", "nn", "f32", "128x128x256", "cuda-split-k", .sectors = 5.00, .launches = 2},
    /* The product's own kernel has the epilogue. */
    {"linear", "bias_relu", "f32", "512x512x64", "cuda-best", .launches = 1},
    /* At 1024x1024x1024 a warp does the same; all products by mma, no bank conflict. */
    {"gemm", "nn", "bf16", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "nt", "bf16", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "tn", "bf16", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "nn", "f16", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "nt", "f16", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "tn", "f16", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "nn", "tf32", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "nt", "tf32", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
    {"gemm", "tn", "tf32", "128x256x1024", "cuda-tensor", .launches = 1, .outside = 0.5},
};

struct totals {
    uint64_t sectors, requests, launches, instructions, mma, warps, conflicts, shared;
};

static int set_up(void **state) {
    static struct device device;
    struct message message;
    char path[4096];
    *state = NULL;
    if (!staging_has_kernels() || gpu_emulator_path(path, sizeof path, &message) != STATUS_OK)
        return 0;
    if (device_gpu_open("emulated", &device, &message) != STATUS_OK) {
        print_error("%s\n", message.text);
        return 1;
    }
    *state = &device;
    return 0;
}

static int tear_down(void **state) {
    struct device *device = *state;
    struct message message;
    if (device != NULL)
        assert_int_equal(device->close(device, &message), STATUS_OK);
    return 0;
}

static const struct implementation *implementation_of(const struct operation *operation,
                                                      const char *name) {
    for (int i = 0; i < operation->implementation_count; i++)
        if (strcmp(operation->implementations[i].name, name) == 0)
            return &operation->implementations[i];
    fail_msg("%s has no implementation %s", operation->name, name);
    return NULL;
}

static struct bench_case case_of(const struct bounds *bounds, struct message *message) {
    struct bench_case c = {.operation = operation_find(bounds->operation),
                           .settings = {.alpha = 1.0F, .seed = 1}};
    assert_non_null(c.operation);
    c.variant = operation_variant_find(c.operation, bounds->variant);
    assert_true(c.variant >= 0);
    while (strcmp(dtype_name(c.dtype), bounds->dtype) != 0)
        c.dtype++;
    assert_int_equal(case_shape_parse(bounds->shape, &c, message), STATUS_OK);
    return c;
}

static struct totals totals_read(struct gpu *gpu, struct message *message) {
    struct totals totals = {0};
    size_t rows = 0;
    assert_int_equal(gpu_counters_count(gpu, &rows, message), STATUS_OK);
    for (size_t i = 0; i < rows; i++) {
        struct emulator_counters row = {.size = sizeof row};
        assert_int_equal(gpu_counters_read(gpu, i, &row, message), STATUS_OK);
        totals.sectors += row.global_load_sectors + row.global_store_sectors;
        totals.requests += row.global_load_requests + row.global_store_requests;
        totals.launches += row.launches;
        totals.instructions += row.warp_instructions;
        totals.mma += row.tensor_warp_instructions;
        totals.warps += row.warps;
        totals.conflicts += row.shared_wavefronts - row.shared_wavefronts_ideal;
        totals.shared += row.dynamic_shared;
    }
    return totals;
}

/* One launch of the case. */
static struct totals count(const struct bounds *bounds, const struct bench_case *c,
                           struct device *device) {
    const struct implementation *implementation =
        implementation_of(c->operation, bounds->implementation);
    struct message message = {""};
    struct execution execution = {.threads = 1, .gpu = device->gpu, .message = &message};
    struct inputs inputs;
    struct buffer_set set;
    struct launch launch;
    assert_int_equal(inputs_open(c, &inputs, &message), STATUS_OK);
    assert_int_equal(buffer_set_open(&set, device, &inputs, &message), STATUS_OK);
    assert_int_equal(launch_open(c, implementation, set.data, &launch, &message), STATUS_OK);
    assert_int_equal(gpu_counters_reset(device->gpu, &message), STATUS_OK);
    if (c->operation->launch(implementation, &launch, 0, &execution) != STATUS_OK)
        fail_msg("%s", message.text);
    const struct totals totals = totals_read(device->gpu, &message);
    launch_close(&launch);
    buffer_set_close(&set);
    inputs_close(&inputs);
    return totals;
}

/* A product of 16 x 8 takes 32 bytes of k. */
static void check_tensor(const struct bounds *bounds, const struct bench_case *c,
                         const struct totals *totals, const char *name) {
    const double k_of_mma = 32.0 / (double)element_bytes(dtype_element_kind(c->dtype));
    const double mma = c->operation->flops(c) / 2.0 / (16.0 * 8.0 * k_of_mma);
    const double outside =
        (double)(totals->instructions - totals->mma - PROLOGUE * totals->warps) / mma;
    print_message("%-50s %-16s %.4f outside mma a mma\n", name, bounds->implementation, outside);
    if (!((double)totals->mma == mma))
        fail_msg("%s: %g mma, wanted %g", name, (double)totals->mma, mma);
    if (!(outside <= bounds->outside))
        fail_msg("%s: %.4f outside mma a mma, wanted %.2f", name, outside, bounds->outside);
    assert_int_equal(totals->conflicts, 0);
}

static void check(const struct bounds *bounds, struct device *device) {
    struct message message = {""};
    const struct bench_case c = case_of(bounds, &message);
    const struct totals totals = count(bounds, &c, device);
    const double least = c.operation->bytes(&c) / 32.0;
    const double sectors = (double)totals.sectors / least;
    const double width = (double)totals.sectors / (double)totals.requests;
    char name[160];
    case_name(&c, name, sizeof name);
    print_message("%-50s %-16s sectors %.4f of the least, %.2f a request\n", name,
                  bounds->implementation, sectors, width);
    if (bounds->sectors > 0.0 && !(sectors < bounds->sectors + 0.005))
        fail_msg("%s: %.4f of the least sectors, wanted %.2f", name, sectors, bounds->sectors);
    if (bounds->vectors && !(width > 15.8))
        fail_msg("%s: %.2f sectors a request, wanted 16", name, width);
    if (bounds->shared > 0)
        assert_int_equal(totals.shared, bounds->shared);
    if (bounds->outside > 0.0)
        check_tensor(bounds, &c, &totals, name);
    if (bounds->launches > 0)
        assert_int_equal(totals.launches, bounds->launches);
}

TEST_BETWEEN(the_fast_rungs_keep_their_bounds, set_up, tear_down) {
    if (*state == NULL || !staging_kernels_are_nvccs())
        skip();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check(&table[i], *state);
}

/* What is no multiply-add takes a place among those that are issued, and lowers the ceiling. */
TEST_BETWEEN(the_ceiling_is_multiply_adds, set_up, tear_down) {
    struct device *device = *state;
    if (device == NULL || !staging_kernels_are_nvccs())
        skip();
    struct message message = {""};
    struct execution execution = {.threads = 1, .gpu = device->gpu, .message = &message};
    struct emulator_counters row = {.size = sizeof row};
    double flops = 0.0;
    assert_int_equal(gpu_counters_reset(device->gpu, &message), STATUS_OK);
    assert_int_equal(ceiling_cuda_fma(256, NULL, &flops, &execution), STATUS_OK);
    assert_int_equal(gpu_counters_read(device->gpu, 0, &row, &message), STATUS_OK);
    assert_true(2.0 * WARP_LANES * (double)row.fma_warp_instructions == flops);
    const double share = (double)row.fma_warp_instructions / (double)row.warp_instructions;
    if (!(share > 0.97))
        fail_msg("%.4f of what is issued are multiply-adds, wanted 0.97", share);
}
