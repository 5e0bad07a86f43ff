/* The options of `lockstep train`: help, every wrong value refused in words, and what reaches the
 * training. */
#include "bench/commands/command_train.h"
#include "tests/support/networks.h"

#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct train_implementation implementations[] = {
    {.name = "cpu-naive", .kernels = &naive_kernels},
    {.name = "cuda-naive", .kernels = &naive_kernels, .on_gpu = true},
};

struct call {
    struct device device;
    const char *gpu, *tuning; /* as device_find was asked for them */
    bool on_gpu;
    char report[8192];
    struct message message;
};

static enum status device_find(void *context, const struct train_implementation *implementation,
                               const char *gpu, const char *tuning, struct device **device,
                               struct message *message) {
    struct call *call = context;
    call->gpu = gpu;
    call->tuning = tuning;
    call->on_gpu = implementation->on_gpu;
    if (implementation->on_gpu)
        return message_set(message, STATUS_NO_GPU, "there is no GPU here");
    *device = &call->device;
    return STATUS_OK;
}

enum { ARGUMENTS_MAX = 32 };

/* Calls the subcommand with the words of `line`. */
static enum status train(struct call *call, const char *line) {
    char words[512];
    char name[] = "lockstep train";
    char *argv[ARGUMENTS_MAX + 1] = {name};
    int argc = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word && argc < ARGUMENTS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    call->message.text[0] = '\0';
    memset(call->report, 0, sizeof call->report);
    FILE *report = fmemopen(call->report, sizeof call->report - 1, "w");
    assert_non_null(report);
    const struct train_environment environment = {
        .implementations = implementations,
        .implementation_count = sizeof implementations / sizeof implementations[0],
        .device_find = device_find,
        .context = call,
        .report = report,
    };
    enum status status = command_train_with(argc, argv, &environment, &call->message);
    assert_int_equal(fclose(report), 0);
    return status;
}

static int call_open(void **state) {
    struct call *call = calloc(1, sizeof *call);
    *state = call;
    return device_cpu_open(&call->device, &call->message) == STATUS_OK ? 0 : -1;
}

static int call_close(void **state) {
    struct call *call = *state;
    call->device.close(&call->device);
    free(call);
    return 0;
}

static void test_help_shows_an_example_and_trains_nothing(void **state) {
    struct call *call = *state;
    assert_int_equal(train(call, "--help --batch 5"), STATUS_OK);
    assert_non_null(strstr(call->report, "Usage: lockstep train"));
    assert_non_null(strstr(call->report, "lockstep train --epochs 3"));
    assert_non_null(strstr(call->report, "--learning-rate"));
    assert_null(strstr(call->report, "samples/s"));
    assert_int_equal(train(call, "-?"), STATUS_OK);
    assert_non_null(strstr(call->report, "Usage: lockstep train"));
}

/* A wrong call and what its message must say. */
static const struct wrong {
    const char *line;
    const char *says[3];
} wrongs[] = {
    {"--batch 0", {"--batch 0", "from 1 to"}},
    {"--batch -5", {"--batch -5"}},
    {"--batch 1e3", {"--batch 1e3"}},
    {"--batch 99999999999999999999", {"--batch"}},
    {"--epochs -1", {"--epochs -1", "from 0 to"}},
    {"--epochs many", {"--epochs many"}},
    {"--learning-rate 0", {"--learning-rate 0", "above 0"}},
    {"--learning-rate -0.1", {"--learning-rate -0.1"}},
    {"--learning-rate nan", {"--learning-rate nan"}},
    {"--learning-rate inf", {"--learning-rate inf"}},
    {"--learning-rate 1e-60", {"--learning-rate 1e-60"}},
    {"--learning-rate 0.1x", {"--learning-rate 0.1x"}},
    {"--momentum 1.5", {"--momentum 1.5"}},
    {"--threads 0", {"--threads 0"}},
    {"--threads -2", {"--threads -2"}},
    {"--seed -1", {"--seed -1"}},
    {"--seed x", {"--seed x"}},
    {"--layers 784", {"784", "inputs and outputs"}},
    {"--layers 784-0-10", {"784-0-10"}},
    {"--activation swish", {"--activation swish", "relu", "gelu_tanh"}},
    {"--loss hinge", {"--loss hinge", "cross_entropy", "mse"}},
    {"--optimizer lbfgs", {"--optimizer lbfgs", "adam", "sgd_momentum"}},
    {"--implementation turbo", {"--implementation turbo", "cpu-naive", "cuda-naive"}},
    {"--data synthetic --layers 4-300", {"300 classes", "256"}},
    {"--data synthetic --batch 6001", {"6001", "6000 training images"}},
    {"--frobnicate", {"--frobnicate", "--help"}},
    {"--batch 5 --frobnicate=3", {"--frobnicate=3", "--help"}},
    {"--batch 5 --frobnicate 3", {"'--frobnicate'", "--help"}},
    {"--frobnicate --batch 5 --seed 1", {"'--frobnicate'", "--help"}},
    {"--drop-last=3", {"--drop-last=3", "--help"}},
    {"--epochs", {"--epochs", "--help"}},
    {"-x", {"-x", "--help"}},
    {"fast", {"fast", "options only"}},
};

static void test_wrong_calls_are_refused_in_words(void **state) {
    struct call *call = *state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        assert_int_equal(train(call, wrongs[i].line), STATUS_INVALID);
        for (int s = 0; s < 3 && wrongs[i].says[s]; s++)
            if (!strstr(call->message.text, wrongs[i].says[s]))
                fail_msg("'%s' says '%s', without '%s'", wrongs[i].line, call->message.text,
                         wrongs[i].says[s]);
        assert_string_equal(call->report, "");
    }
}

static void test_missing_data_is_refused_with_the_way_out(void **state) {
    struct call *call = *state;
    assert_int_equal(train(call, "--data /nowhere"), STATUS_IO);
    assert_non_null(strstr(call->message.text, "/nowhere"));
    assert_non_null(strstr(call->message.text, "--data synthetic"));
}

/* What was asked for is what the report says was done. */
static void test_options_reach_the_training(void **state) {
    struct call *call = *state;
    assert_int_equal(train(call, "--data synthetic --layers 8-6-3 --activation silu --loss mse "
                                 "--optimizer sgd_momentum --momentum 0.5 --learning-rate 0.25 "
                                 "--batch 500 --epochs 2 --seed 77 --threads 2"),
                     STATUS_OK);
    static const char *const said[] = {
        "synthetic: 6000 training and 1500 test images of 8 pixels",
        "8-6-3, silu, mean squared error, sgd with momentum, learning rate 0.25, batch 500",
        ", seed 77\n",
        "cpu-naive on cpu, 2 threads",
        "  1/2 ",
        "  2/2 ",
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        assert_non_null(strstr(call->report, said[i]));
    assert_null(strstr(call->report, "3/"));
    assert_int_equal(omp_get_max_threads(), 2);
    assert_string_equal(call->gpu, "auto");
}

static void test_the_device_is_chosen_by_implementation_and_gpu(void **state) {
    struct call *call = *state;
    assert_int_equal(train(call, "--implementation cuda-naive --gpu 3"), STATUS_NO_GPU);
    assert_string_equal(call->message.text, "there is no GPU here");
    assert_true(call->on_gpu);
    assert_string_equal(call->gpu, "3");
}

#define CALL_TEST(test) cmocka_unit_test_setup_teardown(test, call_open, call_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        CALL_TEST(test_help_shows_an_example_and_trains_nothing),
        CALL_TEST(test_wrong_calls_are_refused_in_words),
        CALL_TEST(test_missing_data_is_refused_with_the_way_out),
        CALL_TEST(test_options_reach_the_training),
        CALL_TEST(test_the_device_is_chosen_by_implementation_and_gpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
