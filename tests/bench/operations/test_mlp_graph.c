/* A network's steps as CUDA Graphs: the same bits as its kernels one by one on the emulated GPU,
 * checked like any implementation, and one launch a step of the recording driver. */
#include "bench/measure/buffers.h"
#include "bench/measure/verify.h"
#include "bench/operations/mlp.h"
#include "bench/operations/operations.h"
#include "bench/training/train.h"
#include "gpu/counters.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/calling.h"
#include "tests/support/staging.h"
#include "tests/support/test.h"

#include <string.h>

enum { BATCHES = 8 }; /* that a case of mlp takes in turn */

static const struct implementation *row_of(const char *name) {
    for (int i = 0; i < operation_mlp.implementation_count; i++)
        if (strcmp(operation_mlp.implementations[i].name, name) == 0)
            return &operation_mlp.implementations[i];
    fail_msg("mlp has no %s", name);
    return NULL;
}

/* The named row with its steps as graphs; `kernels` is for it. */
static struct implementation as_graph(const char *name, struct mlp_kernels *kernels) {
    struct implementation row = *row_of(name);
    *kernels = *mlp_kernels_of(&row);
    kernels->graph = true;
    row.own = kernels;
    return row;
}

/* A case on a GPU, its buffers there. */
struct fixture {
    struct staging *staging;
    struct bench_case c;
    struct inputs inputs;
    struct buffer_set set;
};

static bool fixture_open_in(struct fixture *f, struct staging *staging, const char *variant,
                            enum dtype dtype, const char *shape) {
    *f = (struct fixture){.staging = staging};
    if (staging == NULL)
        return false;
    struct message *message = &staging->message;
    f->c = (struct bench_case){.operation = &operation_mlp,
                               .variant = operation_variant_find(&operation_mlp, variant),
                               .dtype = dtype,
                               .settings = {.alpha = 1.0F, .seed = 3}};
    assert_int_equal(case_shape_parse(shape, &f->c, message), STATUS_OK);
    assert_int_equal(inputs_open(&f->c, &f->inputs, message), STATUS_OK);
    assert_int_equal(buffer_set_open(&f->set, &staging->device, &f->inputs, message), STATUS_OK);
    return true;
}

static bool fixture_open(struct fixture *f, struct staging *staging, const char *variant,
                         const char *shape) {
    return fixture_open_in(f, staging, variant, DTYPE_F32, shape);
}

static void fixture_close(struct fixture *f) {
    buffer_set_close(&f->set);
    inputs_close(&f->inputs);
    staging_close(f->staging);
}

/* Iterations [0, count) from the case's beginning; what they leave. */
static struct observed iterate(struct fixture *f, const struct implementation *implementation,
                               int64_t count) {
    struct message *message = &f->staging->message;
    struct launch launch;
    struct observed observed;
    assert_int_equal(buffer_set_poison(&f->set, false, message), STATUS_OK);
    assert_int_equal(launch_open(&f->c, implementation, f->set.data, &launch, message), STATUS_OK);
    for (int64_t i = 0; i < count; i++)
        if (f->c.operation->launch(implementation, &launch, i, &f->staging->execution) != STATUS_OK)
            fail_msg("iteration %d of %s: %s", (int)i, implementation->name, message->text);
    assert_int_equal(f->staging->device.synchronize(&f->staging->device, message), STATUS_OK);
    assert_int_equal(observed_open(&observed, &f->set, message), STATUS_OK);
    launch_close(&launch);
    return observed;
}

/* Every buffer, bit by bit. */
static void observed_equal(const struct fixture *f, const struct observed *expected,
                           const struct observed *actual) {
    for (int i = 0; i < BUFFERS_MAX; i++) {
        const struct buffer_spec *spec = &f->inputs.specs[i];
        if (f->inputs.data[i] == NULL)
            continue;
        const size_t bytes = (size_t)spec->elements * element_bytes(spec->element);
        if (memcmp(expected->data[i], actual->data[i], bytes) != 0)
            fail_msg("%s differ between kernels and graph", spec->name);
    }
}

TEST(steps_as_graphs_leave_the_same_bits) {
    for (int variant = 0; variant < operation_mlp.variant_count; variant++) {
        struct fixture f;
        struct mlp_kernels kernels;
        const struct implementation graph = as_graph("cuda-tiled", &kernels);
        if (!fixture_open(&f, staging_open_emulated(), operation_mlp.variants[variant],
                          "17-9-5@6")) {
            skip();
            return;
        }
        struct observed one_by_one = iterate(&f, row_of("cuda-tiled"), BATCHES + 3);
        struct observed replayed = iterate(&f, &graph, BATCHES + 3);
        observed_equal(&f, &one_by_one, &replayed);
        observed_close(&one_by_one);
        observed_close(&replayed);
        fixture_close(&f);
    }
}

/* --- checked as every implementation is ------------------------------------------------------- */

static enum status verify(struct fixture *f, const struct implementation *implementation) {
    struct message *message = &f->staging->message;
    struct expectation *expectation = NULL;
    struct launch launch;
    struct check check;
    assert_int_equal(expectation_open(&f->c, &f->inputs, &expectation, message), STATUS_OK);
    assert_int_equal(launch_open(&f->c, implementation, f->set.data, &launch, message), STATUS_OK);
    enum status status = verify_launch(expectation, implementation, &launch, 0, &f->set,
                                       &f->staging->execution, &check, message);
    launch_close(&launch);
    expectation_close(expectation);
    return status;
}

TEST(a_graph_is_verified) {
    struct fixture f;
    struct mlp_kernels kernels;
    const struct implementation graph = as_graph("cuda-tiled", &kernels);
    if (!fixture_open(&f, staging_open_emulated(), "train_step", "784-12-10@3")) {
        skip();
        return;
    }
    if (verify(&f, &graph) != STATUS_OK)
        fail_msg("%s", f.staging->message.text);
    fixture_close(&f);
}

/* A kernel that does not reach the graph: what ran before the capture must not hide it. */
static enum status column_sums_uncaptured(const struct column_sums_problem *problem,
                                          struct execution *execution) {
    return gpu_capturing(execution->gpu) ? STATUS_OK : column_sums_cuda_tiled(problem, execution);
}

TEST(a_kernel_missing_from_the_graph_is_caught) {
    struct fixture f;
    struct mlp_kernels kernels;
    const struct implementation graph = as_graph("cuda-tiled", &kernels);
    kernels.column_sums = column_sums_uncaptured;
    if (!fixture_open(&f, staging_open_emulated(), "train_step", "7-5-3@4")) {
        skip();
        return;
    }
    assert_int_equal(verify(&f, &graph), STATUS_WRONG);
    assert_non_null(strstr(f.staging->message.text, "gradients"));
    fixture_close(&f);
}

TEST(a_kernel_that_fails_ends_the_capture) {
    struct fixture f;
    struct mlp_kernels kernels;
    const struct implementation graph =
        as_graph("cublas", &kernels); /* which the emulated GPU cannot run */
    if (!fixture_open(&f, staging_open_emulated(), "inference", "7-5-3@4")) {
        skip();
        return;
    }
    assert_int_equal(verify(&f, &graph), STATUS_UNSUPPORTED);
    assert_false(gpu_capturing(f.staging->device.gpu));
    assert_non_null(strstr(f.staging->message.text, "cuBLAS needs a real GPU"));
    fixture_close(&f);
}

TEST(a_replay_counts_the_kernels_of_the_step) {
    struct fixture f;
    struct launch launch;
    size_t kernels = 0;
    struct mlp_kernels as_one;
    const struct implementation graph = as_graph("cuda-naive", &as_one);
    if (!fixture_open(&f, staging_open_emulated(), "train_step", "7-5-3@4")) {
        skip();
        return;
    }
    struct gpu *gpu = f.staging->device.gpu;
    struct message *message = &f.staging->message;
    assert_int_equal(launch_open(&f.c, &graph, f.set.data, &launch, message), STATUS_OK);
    assert_int_equal(operation_mlp.launch(&graph, &launch, 0, &f.staging->execution), STATUS_OK);
    assert_int_equal(gpu_counters_reset(gpu, message), STATUS_OK);
    assert_int_equal(operation_mlp.launch(&graph, &launch, 0, &f.staging->execution), STATUS_OK);
    assert_int_equal(gpu_counters_count(gpu, &kernels, message), STATUS_OK);
    struct mlp_plan plan;
    const int parts = operation_mlp.parts->plan(&launch, 0, &plan);
    uint64_t launches = 0;
    for (size_t i = 0; i < kernels; i++) {
        struct emulator_counters row;
        assert_int_equal(gpu_counters_read(gpu, i, &row, message), STATUS_OK);
        launches += row.launches;
    }
    /* A kernel a part, and one more for the gradient of the hidden layer's bias. */
    assert_int_equal(launches, parts + 1);
    launch_close(&launch);
    fixture_close(&f);
}

/* How many launches of an optimizer's kernel one training step takes. */
static uint64_t updates_of_step(struct fixture *f, const struct implementation *row) {
    struct message *message = &f->staging->message;
    struct gpu *gpu = f->staging->device.gpu;
    struct launch launch;
    size_t kernels = 0;
    uint64_t updates = 0;
    assert_int_equal(launch_open(&f->c, row, f->set.data, &launch, message), STATUS_OK);
    /* A graph runs its kernels once before it captures them. */
    assert_int_equal(operation_mlp.launch(row, &launch, 0, &f->staging->execution), STATUS_OK);
    assert_int_equal(gpu_counters_reset(gpu, message), STATUS_OK);
    assert_int_equal(operation_mlp.launch(row, &launch, 0, &f->staging->execution), STATUS_OK);
    assert_int_equal(gpu_counters_count(gpu, &kernels, message), STATUS_OK);
    for (size_t i = 0; i < kernels; i++) {
        struct emulator_counters counted = {.size = sizeof counted};
        assert_int_equal(gpu_counters_read(gpu, i, &counted, message), STATUS_OK);
        if (strncmp(counted.kernel, "adam_", 5) == 0)
            updates += counted.launches;
    }
    launch_close(&launch);
    return updates;
}

/* Whatever the layers, and every tensor of them is right behind it: the tensors lie in one buffer.
 */
TEST(one_launch_updates_all_parameters) {
    static const char *const shapes[] = {"3-2@1", "7-5-3@4", "9-8-7-6-5-4-3-2@2",
                                         "2-3-2-3-2-3-2-3-2-3-2-3-2-3-2-3-2@3"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int r = 0; r < operation_mlp.implementation_count; r++) {
            const struct implementation *row = &operation_mlp.implementations[r];
            struct fixture f;
            if (row->device != DEVICE_GPU || row->kind == KIND_LIBRARY)
                continue;
            const enum dtype dtype =
                implementation_has_dtype(row, DTYPE_F32) ? DTYPE_F32 : DTYPE_BF16;
            if (!fixture_open_in(&f, staging_open_emulated(), "train_step", dtype, shapes[i]))
                skip();
            char reason[200]; /* of a rung that wants wider layers */
            const bool runs = implementation_can_run(row, &f.c, reason, sizeof reason);
            const uint64_t updates = runs ? updates_of_step(&f, row) : 1;
            if (updates != 1)
                fail_msg("%s %s: %d launches update the parameters", row->name, shapes[i],
                         (int)updates);
            if (runs && verify(&f, row) != STATUS_OK)
                fail_msg("%s %s: %s", row->name, shapes[i], f.staging->message.text);
            fixture_close(&f);
        }
}

/* --- on the recording driver ------------------------------------------------------------------ */

TEST(a_step_is_one_call_and_nothing_is_left_behind) {
    struct stand_in driver = stand_in_attach(STAND_IN_CUDA);
    struct fixture f;
    struct launch launch;
    const struct implementation *row = row_of("cublas-graph");
    staging_need_kernels();
    assert_true(fixture_open(&f, staging_open_stand_in(), "train_step", "7-5-3@4"));
    struct message *message = &f.staging->message;
    assert_int_equal(launch_open(&f.c, row, f.set.data, &launch, message), STATUS_OK);
    for (int64_t i = 0; i < BATCHES; i++)
        assert_int_equal(operation_mlp.launch(row, &launch, i, &f.staging->execution), STATUS_OK);
    const int live = driver.live();
    driver.clear();
    for (int64_t i = BATCHES; i < 2 * BATCHES; i++)
        assert_int_equal(operation_mlp.launch(row, &launch, i, &f.staging->execution), STATUS_OK);
    assert_int_equal(text_count(driver.log(), "cuGraphLaunch"), BATCHES);
    assert_int_equal(text_count(driver.log(), "cuMemsetD32Async"), 2 * BATCHES); /* Adam's step */
    assert_int_equal(text_count(driver.log(), "\n"), 3 * BATCHES);
    assert_int_equal(driver.live(), live);
    launch_close(&launch);
    assert_int_equal(driver.live(), live - 2 * BATCHES); /* graph and executable of each */
    fixture_close(&f);
    assert_int_equal(driver.live(), 0);
}

/* The graphs of a lost GPU are let go, and the next ones are captured after its reset. */
TEST(graphs_survive_a_sticky_error) {
    struct stand_in driver = stand_in_attach(STAND_IN_CUDA);
    struct fixture f;
    struct launch launch;
    const struct implementation *row = row_of("cublas-graph");
    staging_need_kernels();
    assert_true(fixture_open(&f, staging_open_stand_in(), "train_step", "7-5-3@4"));
    struct message *message = &f.staging->message;
    struct device *device = &f.staging->device;
    assert_int_equal(launch_open(&f.c, row, f.set.data, &launch, message), STATUS_OK);
    assert_int_equal(operation_mlp.launch(row, &launch, 0, &f.staging->execution), STATUS_OK);
    stand_in_order("cuGraphLaunch=700");
    assert_int_equal(operation_mlp.launch(row, &launch, 0, &f.staging->execution), STATUS_FAILED);
    assert_non_null(strstr(message->text, "CUDA_ERROR_ILLEGAL_ADDRESS"));
    assert_true(device->lost(device));
    launch_close(&launch);
    buffer_set_close(&f.set);
    stand_in_order(NULL);
    assert_int_equal(device->reset(device, message), STATUS_OK);
    assert_int_equal(buffer_set_open(&f.set, device, &f.inputs, message), STATUS_OK);
    assert_int_equal(launch_open(&f.c, row, f.set.data, &launch, message), STATUS_OK);
    assert_int_equal(operation_mlp.launch(row, &launch, 0, &f.staging->execution), STATUS_OK);
    launch_close(&launch);
    fixture_close(&f);
    assert_int_equal(driver.live(), 0);
}

/* --- training --------------------------------------------------------------------------------- */

static struct train_row train(struct staging *staging, const struct implementation *row,
                              enum optimizer_variant optimizer, FILE *report) {
    struct train_options options = {
        .data = "synthetic",
        .ignored_label = -1,
        .epochs = 1,
        .seed = 1,
        .implementation = row->name,
        .kernels = mlp_kernels_of(row),
        .device = &staging->device,
        .report = report,
    };
    struct train_row last;
    mlp_model_defaults(&options.model);
    assert_int_equal(mlp_layers_parse("12-8-4", &options.model, &staging->message), STATUS_OK);
    options.model.batch = 900; /* 6000 = 6 * 900 + 600, and 1500 to evaluate are 1000 and 500 */
    options.model.optimizer = optimizer;
    if (train_run(&options, &last, &staging->message) != STATUS_OK)
        fail_msg("%s: %s", row->name, staging->message.text);
    return last;
}

TEST(training_by_graphs_gives_the_same_losses) {
    static const enum optimizer_variant optimizers[] = {OPTIMIZER_ADAM, OPTIMIZER_SGD};
    struct mlp_kernels kernels;
    const struct implementation graph = as_graph("cuda-tiled", &kernels);
    FILE *report = tmpfile();
    assert_non_null(report);
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        struct staging *staging = staging_open_emulated();
        if (staging == NULL) {
            fclose(report);
            skip();
            return;
        }
        struct train_row one_by_one = train(staging, row_of("cuda-tiled"), optimizers[i], report);
        struct train_row replayed = train(staging, &graph, optimizers[i], report);
        assert_true(one_by_one.loss == replayed.loss);
        assert_true(one_by_one.accuracy == replayed.accuracy);
        assert_int_equal(replayed.step, 7);
        staging_close(staging);
    }
    fclose(report);
}
