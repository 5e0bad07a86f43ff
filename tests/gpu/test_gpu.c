/* gpu/gpu.h against a stand-in for the driver that records calls and fails on order. */
#include "gpu/counters.h"
#include "gpu/gpu.h"
#include "tests/stand_in/client.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

static const char image[] = "an image";
static const struct gpu_image images[] = {{"first", image, image + sizeof image},
                                          {"second", image, image + sizeof image}};
static const struct gpu_kernel kernel = {"first", "kernel_of_first"};

static struct gpu_selection selection_of(const char *driver) {
    return (struct gpu_selection){.driver = driver, .images = images, .image_count = 2};
}

/* Orders a failure, opens, and expects `status` and every word of the NULL-ended list in the
 * message. */
static void expect_open(const char *driver, const char *order, enum status expected,
                        const char *const *words) {
    struct gpu_selection selection = selection_of(driver);
    struct gpu *gpu = NULL;
    struct message message = {""};
    stand_in_order(order);
    enum status status = gpu_open(&selection, &gpu, &message);
    stand_in_order(NULL);
    assert_int_equal(status, expected);
    assert_null(gpu);
    for (; *words != NULL; words++)
        if (strstr(message.text, *words) == NULL)
            fail_msg("`%s` is not in: %s", *words, message.text);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct fixture {
    struct stand_in driver;
    struct gpu *gpu;
    struct message message;
    int live; /* objects of the stand-in before the test */
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct gpu_selection selection = selection_of(STAND_IN_CUDA);
    fixture->driver = stand_in_attach(STAND_IN_CUDA);
    fixture->live = fixture->driver.live();
    stand_in_order(NULL);
    assert_int_equal(gpu_open(&selection, &fixture->gpu, &fixture->message), STATUS_OK);
    fixture->driver.clear();
    *state = fixture;
    return 0;
}

/* Whatever a test did, nothing may be left in the driver. */
static int tear_down(void **state) {
    struct fixture *fixture = *state;
    stand_in_order(NULL);
    (void)gpu_close(fixture->gpu, &fixture->message);
    int left = fixture->driver.live() - fixture->live;
    free(fixture);
    return left;
}

#define TEST_ON_GPU(test) TEST_BETWEEN(test, set_up, tear_down)

static void expect_log(const struct fixture *fixture, const char *expected) {
    assert_string_equal(fixture->driver.log(), expected);
}

static enum status launch(struct fixture *fixture, struct gpu_kernel which, int64_t grid_x,
                          int block_x, int shared_bytes) {
    int argument = 0;
    const struct gpu_launch launch = {.kernel = which,
                                      .grid = {grid_x, 1, 1},
                                      .block = {block_x, 1, 1},
                                      .shared_bytes = shared_bytes,
                                      .arguments = &argument};
    return gpu_launch(fixture->gpu, &launch, &fixture->message);
}

/* --- opening -------------------------------------------------------------------------------- */

TEST(a_missing_driver_is_no_gpu) {
    expect_open("/nonexistent/libcuda.so.1", NULL, STATUS_NO_GPU,
                WORDS("/nonexistent/libcuda.so.1", "install NVIDIA's driver"));
}

TEST(no_device_is_no_gpu) {
    expect_open(STAND_IN_CUDA, "cuInit=100", STATUS_NO_GPU,
                WORDS("cuInit", "CUDA_ERROR_NO_DEVICE", "CUDA_VISIBLE_DEVICES"));
    expect_open(STAND_IN_CUDA, "devices=0", STATUS_NO_GPU, WORDS("no CUDA device"));
}

TEST(the_toolkits_stub_is_no_gpu) {
    expect_open(STAND_IN_CUDA, "cuInit=34", STATUS_NO_GPU,
                WORDS("CUDA_ERROR_STUB_LIBRARY", "LD_LIBRARY_PATH"));
}

TEST(a_gpu_that_another_process_has_to_itself_is_no_gpu) {
    struct stand_in driver = stand_in_attach(STAND_IN_CUDA);
    int live = driver.live();
    expect_open(STAND_IN_CUDA, "cuDevicePrimaryCtxRetain=46", STATUS_NO_GPU,
                WORDS("CUDA_ERROR_DEVICE_UNAVAILABLE", "compute mode"));
    assert_int_equal(driver.live(), live);
}

TEST(a_device_that_is_not_there_is_no_gpu) {
    struct gpu_selection selection = selection_of(STAND_IN_CUDA);
    struct gpu *gpu = NULL;
    struct message message;
    selection.index = 2;
    assert_int_equal(gpu_open(&selection, &gpu, &message), STATUS_NO_GPU);
    assert_non_null(strstr(message.text, "no GPU 2: the driver knows 2"));
}

TEST(an_old_driver_is_refused_with_both_versions) {
    expect_open(STAND_IN_CUDA, "version=10020", STATUS_UNSUPPORTED,
                WORDS("CUDA 10.2", "11.4", "update"));
    expect_open(STAND_IN_OLD_CUDA, NULL, STATUS_UNSUPPORTED,
                WORDS("cuGraphInstantiateWithFlags", "update"));
}

TEST(every_call_of_opening_is_checked) {
    static const char *const calls[] = {"cuDriverGetVersion",   "cuDeviceGetCount",
                                        "cuDeviceGet",          "cuDeviceGetName",
                                        "cuDeviceTotalMem_v2",  "cuDeviceGetPCIBusId",
                                        "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain",
                                        "cuCtxSetCurrent",      "cuStreamCreate",
                                        "cuEventCreate",        "cuMemAlloc_v2",
                                        "cuMemsetD32Async",     "cuStreamSynchronize"};
    struct stand_in driver = stand_in_attach(STAND_IN_CUDA);
    int live = driver.live();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char order[64];
        snprintf(order, sizeof order, "%s=999", calls[i]);
        expect_open(STAND_IN_CUDA, order, STATUS_FAILED, WORDS("CUDA_ERROR_UNKNOWN"));
        assert_int_equal(driver.live(), live);
    }
}

TEST_ON_GPU(properties_are_the_drivers) {
    const struct fixture *fixture = *state;
    const struct gpu_properties *properties = gpu_properties(fixture->gpu);
    assert_string_equal(properties->name, "Stand-in GPU 0");
    assert_string_equal(properties->bus, "0000:01:00.0");
    assert_int_equal(properties->capability, 90);
    assert_int_equal(properties->driver_version, 13000);
    assert_int_equal(properties->multiprocessors, 132);
    assert_int_equal(properties->l2_bytes, 52428800);
    assert_int_equal(properties->shared_per_block_optin, 232448);
    assert_int_equal(properties->grid[1], 65535);
    assert_int_equal(properties->memory_bytes, 1 << 30);
    assert_false(properties->emulated);
}

/* --- memory --------------------------------------------------------------------------------- */

TEST_ON_GPU(what_is_uploaded_comes_back) {
    struct fixture *fixture = *state;
    const float sent[3] = {1.0f, 2.0f, 3.0f};
    float received[3] = {0};
    void *there = NULL;
    assert_int_equal(gpu_allocate(fixture->gpu, sizeof sent, &there, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_upload(fixture->gpu, there, sent, sizeof sent, &fixture->message),
                     STATUS_OK);
    assert_int_equal(
        gpu_download(fixture->gpu, received, there, sizeof received, &fixture->message), STATUS_OK);
    assert_memory_equal(sent, received, sizeof sent);
    gpu_release(fixture->gpu, there);
    gpu_release(fixture->gpu, NULL);
    expect_log(fixture, "cuMemAlloc 12\ncuMemcpyHtoDAsync 12\ncuStreamSynchronize\n"
                        "cuMemcpyDtoHAsync 12\ncuStreamSynchronize\ncuMemFree\n");
}

TEST_ON_GPU(too_much_memory_names_wanted_and_free) {
    struct fixture *fixture = *state;
    void *pointer = NULL;
    assert_int_equal(gpu_allocate(fixture->gpu, (size_t)2 << 30, &pointer, &fixture->message),
                     STATUS_NO_MEMORY);
    assert_null(pointer);
    assert_non_null(strstr(fixture->message.text, "2147483648 bytes"));
    assert_non_null(strstr(fixture->message.text, "1073741568 of the GPU's 1073741824"));
    size_t available = 0, total = 0;
    assert_int_equal(gpu_memory(fixture->gpu, &available, &total, &fixture->message), STATUS_OK);
    assert_int_equal(available, 1073741568);
    assert_false(gpu_broken(fixture->gpu));
}

/* Less work would not help where nothing was asked for. */
TEST_ON_GPU(out_of_memory_is_a_failure_where_nothing_is_allocated) {
    static const char *const calls[] = {"cuMemcpyHtoDAsync_v2=2", "cuStreamSynchronize=2"};
    struct fixture *fixture = *state;
    float sent = 1.0f;
    void *there = NULL;
    assert_int_equal(gpu_allocate(fixture->gpu, sizeof sent, &there, &fixture->message), STATUS_OK);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        stand_in_order(calls[i]);
        assert_int_equal(gpu_upload(fixture->gpu, there, &sent, sizeof sent, &fixture->message),
                         STATUS_FAILED);
        assert_non_null(strstr(fixture->message.text, "CUDA_ERROR_OUT_OF_MEMORY"));
    }
    stand_in_order("cuMemHostAlloc=2");
    assert_int_equal(gpu_host_allocate(fixture->gpu, 64, &there, &fixture->message),
                     STATUS_NO_MEMORY);
    stand_in_order("cuModuleLoadDataEx=2");
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_NO_MEMORY);
    stand_in_order("cuLaunchKernel=2");
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_NO_MEMORY);
}

/* How much is free is not made up where the driver does not tell. */
TEST_ON_GPU(an_allocation_names_what_is_free_only_where_that_is_told) {
    struct fixture *fixture = *state;
    void *pointer = NULL;
    stand_in_order("cuMemGetInfo_v2=700");
    assert_int_equal(gpu_allocate(fixture->gpu, (size_t)2 << 30, &pointer, &fixture->message),
                     STATUS_NO_MEMORY);
    assert_non_null(strstr(fixture->message.text, "2147483648 bytes failed"));
    assert_null(strstr(fixture->message.text, " are free"));
    assert_true(gpu_broken(fixture->gpu));
    assert_int_equal(gpu_reset(fixture->gpu, &fixture->message), STATUS_OK);
}

/* A release has no status: what the driver says of it is told when the GPU is closed. */
TEST(what_the_driver_does_not_take_back_is_told_at_the_end) {
    static const struct {
        const char *order, *words;
        bool released; /* before closing */
    } cases[] = {{"cuMemFree_v2=1", "cuMemFree failed: CUDA_ERROR_INVALID_VALUE", true},
                 {"cuMemFree_v2=719", "cuMemFree failed: CUDA_ERROR_LAUNCH_FAILED", true},
                 {"cuEventDestroy_v2=999", "cuEventDestroy failed: CUDA_ERROR_UNKNOWN", false},
                 {"cuStreamDestroy_v2=999", "cuStreamDestroy failed", false},
                 {"cuModuleUnload=1", "cuModuleUnload failed", false},
                 {"cuDevicePrimaryCtxRelease_v2=999", "cuDevicePrimaryCtxRelease failed", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture = {.gpu = NULL};
        struct gpu_selection selection = selection_of(STAND_IN_CUDA);
        void *pointer = NULL;
        stand_in_order(NULL);
        assert_int_equal(gpu_open(&selection, &fixture.gpu, &fixture.message), STATUS_OK);
        assert_int_equal(gpu_allocate(fixture.gpu, 64, &pointer, &fixture.message), STATUS_OK);
        assert_int_equal(launch(&fixture, kernel, 1, 1, 0), STATUS_OK);
        stand_in_order(cases[i].order);
        if (cases[i].released)
            gpu_release(fixture.gpu, pointer);
        if (gpu_broken(fixture.gpu))
            assert_int_equal(gpu_reset(fixture.gpu, &fixture.message), STATUS_OK);
        assert_int_equal(gpu_close(fixture.gpu, &fixture.message), STATUS_FAILED);
        stand_in_order(NULL);
        if (strstr(fixture.message.text, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].order, fixture.message.text);
        /* What was refused is still there for the next test's count. */
        assert_int_equal(gpu_open(&selection, &fixture.gpu, &fixture.message), STATUS_OK);
        assert_int_equal(gpu_reset(fixture.gpu, &fixture.message), STATUS_OK);
        assert_int_equal(gpu_close(fixture.gpu, &fixture.message), STATUS_OK);
    }
}

TEST_ON_GPU(closing_frees_what_was_forgotten) {
    struct fixture *fixture = *state;
    void *pointer = NULL;
    assert_int_equal(gpu_allocate(fixture->gpu, 64, &pointer, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_host_allocate(fixture->gpu, 64, &pointer, &fixture->message), STATUS_OK);
    /* tear_down counts what is left */
}

/* --- launching ------------------------------------------------------------------------------ */

TEST_ON_GPU(an_image_is_loaded_at_its_first_launch_alone) {
    struct fixture *fixture = *state;
    assert_int_equal(launch(fixture, kernel, 7, 128, 0), STATUS_OK);
    assert_int_equal(launch(fixture, kernel, 8, 128, 0), STATUS_OK);
    expect_log(fixture, "cuModuleLoadDataEx\ncuModuleGetFunction kernel_of_first\n"
                        "cuLaunchKernel kernel_of_first 7x1x1 128x1x1 0\n"
                        "cuLaunchKernel kernel_of_first 8x1x1 128x1x1 0\n");
}

TEST_ON_GPU(two_kernels_share_their_image) {
    struct fixture *fixture = *state;
    const struct gpu_kernel other = {"first", "other_of_first"};
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_OK);
    fixture->driver.clear();
    assert_int_equal(launch(fixture, other, 1, 1, 0), STATUS_OK);
    expect_log(fixture, "cuModuleGetFunction other_of_first\n"
                        "cuLaunchKernel other_of_first 1x1x1 1x1x1 0\n");
}

TEST_ON_GPU(more_shared_memory_is_asked_for_first) {
    struct fixture *fixture = *state;
    assert_int_equal(launch(fixture, kernel, 1, 128, 100000), STATUS_OK);
    assert_non_null(strstr(fixture->driver.log(),
                           "cuFuncSetAttribute kernel_of_first 8 100000\ncuLaunchKernel"));
}

TEST_ON_GPU(geometry_beyond_the_device_is_refused) {
    struct fixture *fixture = *state;
    assert_int_equal(launch(fixture, kernel, 2147483648, 128, 0), STATUS_UNSUPPORTED);
    assert_non_null(strstr(fixture->message.text, "2147483648 blocks along x"));
    assert_int_equal(launch(fixture, kernel, 0, 128, 0), STATUS_UNSUPPORTED);
    assert_int_equal(launch(fixture, kernel, 1, 1025, 0), STATUS_UNSUPPORTED);
    assert_int_equal(launch(fixture, kernel, 1, 128, 232449), STATUS_UNSUPPORTED);
    const struct gpu_launch cube = {.kernel = kernel, .grid = {1, 1, 1}, .block = {32, 32, 2}};
    assert_int_equal(gpu_launch(fixture->gpu, &cube, &fixture->message), STATUS_UNSUPPORTED);
    assert_non_null(strstr(fixture->message.text, "2048 threads"));
    expect_log(fixture, "");
}

TEST_ON_GPU(an_unknown_image_is_refused) {
    struct fixture *fixture = *state;
    const struct gpu_kernel unknown = {"third", "kernel_of_third"};
    assert_int_equal(launch(fixture, unknown, 1, 1, 0), STATUS_UNSUPPORTED);
    assert_non_null(strstr(fixture->message.text, "none is called third"));
}

TEST_ON_GPU(a_refused_image_tells_the_drivers_reason) {
    struct fixture *fixture = *state;
    stand_in_order("cuModuleLoadDataEx=222");
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text,
                           "of first by a driver for CUDA 13.0: line 7: an instruction"));
    assert_null(strchr(fixture->message.text, '\n'));
    assert_non_null(strstr(fixture->message.text, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"));
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_OK);
}

TEST_ON_GPU(what_a_gpu_without_machine_code_lacks_is_named) {
    struct fixture *fixture = *state;
    stand_in_order("cuModuleLoadDataEx=221");
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"));
    assert_non_null(strstr(fixture->message.text, "libnvidia-ptxjitcompiler.so.1"));
    stand_in_order("cuModuleLoadDataEx=209");
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "ARCHITECTURES"));
    assert_non_null(strstr(fixture->message.text, "or update NVIDIA's driver"));
}

TEST_ON_GPU(a_refused_launch_names_the_kernel_and_its_geometry) {
    struct fixture *fixture = *state;
    stand_in_order("cuLaunchKernel=701");
    assert_int_equal(launch(fixture, kernel, 5, 96, 0), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "kernel_of_first (grid 5x1x1, block 96x1x1)"));
    assert_non_null(strstr(fixture->message.text, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"));
    assert_false(gpu_broken(fixture->gpu));
}

TEST_ON_GPU(time_is_between_two_events) {
    struct fixture *fixture = *state;
    double seconds = 0.0;
    assert_int_equal(gpu_timer_start(fixture->gpu, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_timer_stop(fixture->gpu, &seconds, &fixture->message), STATUS_OK);
    check_near(seconds, 1.5e-3, 1e-9);
    expect_log(fixture, "cuEventRecord\ncuEventRecord\ncuEventSynchronize\n");
    /* Without time is an emulated GPU alone. */
    stand_in_order("cuEventElapsedTime=801");
    assert_int_equal(gpu_timer_stop(fixture->gpu, &seconds, &fixture->message), STATUS_FAILED);
}

/* What waits for the work of other processes meanwhile is not timed. */
TEST_ON_GPU(a_timer_ends_where_it_is_marked) {
    struct fixture *fixture = *state;
    double seconds = 0.0;
    bool pending = true;
    assert_int_equal(gpu_timer_start(fixture->gpu, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_timer_mark(fixture->gpu, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_pending(fixture->gpu, &pending, &fixture->message), STATUS_OK);
    assert_false(pending);
    assert_int_equal(gpu_timer_stop(fixture->gpu, &seconds, &fixture->message), STATUS_OK);
    expect_log(fixture, "cuEventRecord\ncuEventRecord\ncuEventSynchronize\n");
    /* The next one ends behind its own work. */
    fixture->driver.clear();
    assert_int_equal(gpu_timer_start(fixture->gpu, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_timer_stop(fixture->gpu, &seconds, &fixture->message), STATUS_OK);
    expect_log(fixture, "cuEventRecord\ncuEventRecord\ncuEventSynchronize\n");
    stand_in_order("cuStreamQuery=600"); /* CUDA_ERROR_NOT_READY */
    assert_int_equal(gpu_pending(fixture->gpu, &pending, &fixture->message), STATUS_OK);
    assert_true(pending);
    stand_in_order("cuStreamQuery=1");
    assert_int_equal(gpu_pending(fixture->gpu, &pending, &fixture->message), STATUS_FAILED);
    assert_false(pending);
}

/* Made at its first use, and given back with the GPU: the fixture counts. */
TEST_ON_GPU(the_second_stream_waits_and_is_waited_for) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gpu_beside_follow(fixture->gpu, &fixture->message), STATUS_OK);
        assert_int_equal(gpu_beside_wait(fixture->gpu, &fixture->message), STATUS_OK);
    }
    expect_log(fixture, "cuEventRecord\ncuStreamWaitEvent\ncuEventRecord\ncuStreamWaitEvent\n"
                        "cuEventRecord\ncuStreamWaitEvent\ncuEventRecord\ncuStreamWaitEvent\n");
    assert_int_equal(gpu_reset(fixture->gpu, &fixture->message), STATUS_OK);
    stand_in_order("cuStreamWaitEvent=1");
    assert_int_equal(gpu_beside_follow(fixture->gpu, &fixture->message), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "cuStreamWaitEvent failed"));
}

TEST_ON_GPU(a_real_gpu_has_no_counters) {
    struct fixture *fixture = *state;
    size_t count = 1;
    assert_int_equal(gpu_counters_count(fixture->gpu, &count, &fixture->message),
                     STATUS_UNSUPPORTED);
    assert_int_equal(count, 0);
}

/* --- sticky errors -------------------------------------------------------------------------- */

TEST_ON_GPU(after_a_sticky_error_every_call_tells_the_first_reason) {
    struct fixture *fixture = *state;
    void *pointer = NULL;
    size_t bytes = 0;
    assert_int_equal(gpu_allocate(fixture->gpu, 64, &pointer, &fixture->message), STATUS_OK);
    stand_in_order("cuStreamSynchronize=700");
    assert_int_equal(gpu_synchronize(fixture->gpu, &fixture->message), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "CUDA_ERROR_ILLEGAL_ADDRESS"));
    assert_true(gpu_broken(fixture->gpu));
    assert_int_equal(gpu_memory(fixture->gpu, &bytes, &bytes, &fixture->message), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "lost since: cuStreamSynchronize"));
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_FAILED);
    assert_int_equal(gpu_reset(fixture->gpu, &fixture->message), STATUS_OK);
}

TEST_ON_GPU(after_a_reset_the_run_goes_on) {
    struct fixture *fixture = *state;
    void *before = NULL, *after = NULL;
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_OK);
    assert_int_equal(gpu_allocate(fixture->gpu, 64, &before, &fixture->message), STATUS_OK);
    stand_in_order("cuLaunchKernel=719");
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_FAILED);
    assert_true(gpu_broken(fixture->gpu));
    gpu_release(fixture->gpu, before);
    assert_int_equal(gpu_reset(fixture->gpu, &fixture->message), STATUS_OK);
    assert_false(gpu_broken(fixture->gpu));
    fixture->driver.clear();
    assert_int_equal(gpu_allocate(fixture->gpu, 64, &after, &fixture->message), STATUS_OK);
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_OK);
    expect_log(fixture, "cuMemAlloc 64\ncuModuleLoadDataEx\ncuModuleGetFunction kernel_of_first\n"
                        "cuLaunchKernel kernel_of_first 1x1x1 1x1x1 0\n");
}

TEST_ON_GPU(a_reset_that_fails_leaves_the_gpu_broken) {
    struct fixture *fixture = *state;
    stand_in_order("cuDevicePrimaryCtxReset_v2=999");
    assert_int_equal(gpu_reset(fixture->gpu, &fixture->message), STATUS_FAILED);
    assert_true(gpu_broken(fixture->gpu));
    assert_int_equal(gpu_synchronize(fixture->gpu, &fixture->message), STATUS_FAILED);
    assert_non_null(strstr(fixture->message.text, "cuDevicePrimaryCtxReset"));
}

/* --- graphs --------------------------------------------------------------------------------- */

TEST_ON_GPU(a_graph_replays_what_was_captured) {
    struct fixture *fixture = *state;
    struct gpu_graph *graph = NULL;
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_OK);
    fixture->driver.clear();
    assert_int_equal(gpu_capture_begin(fixture->gpu, &fixture->message), STATUS_OK);
    assert_true(gpu_capturing(fixture->gpu));
    assert_int_equal(gpu_capture_begin(fixture->gpu, &fixture->message), STATUS_INVALID);
    assert_int_equal(launch(fixture, kernel, 1, 1, 0), STATUS_OK);
    assert_int_equal(launch(fixture, kernel, 2, 1, 0), STATUS_OK);
    assert_int_equal(gpu_capture_end(fixture->gpu, &graph, &fixture->message), STATUS_OK);
    assert_false(gpu_capturing(fixture->gpu));
    assert_int_equal(gpu_word_set(fixture->gpu, 1, 1.0f, &fixture->message), STATUS_OK);
    assert_int_equal(gpu_graph_launch(fixture->gpu, graph, &fixture->message), STATUS_OK);
    expect_log(fixture, "cuStreamBeginCapture\ncuLaunchKernel kernel_of_first 1x1x1 1x1x1 0\n"
                        "cuLaunchKernel kernel_of_first 2x1x1 1x1x1 0\ncuStreamEndCapture\n"
                        "cuGraphInstantiateWithFlags 2\ncuMemsetD32Async 0x3f800000 1\n"
                        "cuGraphLaunch 2\n");
    gpu_graph_destroy(fixture->gpu, graph);
    gpu_graph_destroy(fixture->gpu, NULL);
}

TEST_ON_GPU(words_lie_one_after_the_other) {
    struct fixture *fixture = *state;
    float words[GPU_WORDS];
    memset(words, 0xff, sizeof words);
    assert_int_equal(
        gpu_download(fixture->gpu, words, gpu_words(fixture->gpu), sizeof words, &fixture->message),
        STATUS_OK);
    for (int i = 0; i < GPU_WORDS; i++)
        assert_true(words[i] == 0.0f);
    assert_int_equal(gpu_word_set(fixture->gpu, 3, 42.5f, &fixture->message), STATUS_OK);
    assert_int_equal(
        gpu_download(fixture->gpu, words, gpu_words(fixture->gpu), sizeof words, &fixture->message),
        STATUS_OK);
    assert_true(words[3] == 42.5f);
    assert_true(words[2] == 0.0f && words[4] == 0.0f);
    assert_int_equal(gpu_word_set(fixture->gpu, GPU_WORDS, 1.0f, &fixture->message),
                     STATUS_INVALID);
}

TEST_ON_GPU(a_capture_that_fails_leaves_the_stream_usable) {
    static const char *const orders[] = {"cuStreamEndCapture=901", "cuGraphGetNodes=999",
                                         "cuGraphInstantiateWithFlags=999"};
    struct fixture *fixture = *state;
    struct gpu_graph *graph = NULL;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        assert_int_equal(gpu_capture_begin(fixture->gpu, &fixture->message), STATUS_OK);
        stand_in_order(orders[i]);
        assert_int_equal(gpu_capture_end(fixture->gpu, &graph, &fixture->message), STATUS_FAILED);
        assert_null(graph);
        assert_false(gpu_capturing(fixture->gpu));
    }
    assert_int_equal(gpu_capture_begin(fixture->gpu, &fixture->message), STATUS_OK);
    gpu_capture_abandon(fixture->gpu);
    gpu_capture_abandon(fixture->gpu);
    assert_int_equal(gpu_capture_end(fixture->gpu, &graph, &fixture->message), STATUS_INVALID);
}
