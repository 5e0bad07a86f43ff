/* `lockstep train`: help, every wrong value refused in words, and what reaches the training. */
#include "reference/libraries.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

/* Calls the subcommand with the words of `line`. */
static struct call train(const char *line) {
    enum { ARGUMENTS_MAX = 24 };
    char words[512];
    const char *arguments[ARGUMENTS_MAX + 1] = {"train"};
    int count = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word && count < ARGUMENTS_MAX; word = strtok(NULL, " "))
        arguments[count++] = word;
    return call_of(&here, arguments);
}

TEST_IN_PLACE(help_shows_an_example_and_trains_nothing) {
    static const char *const lines[] = {"--help --batch 5", "-?", "--usage"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct call call = train(lines[i]);
        check_status(&call, 0);
        check_holds(call.out, "Usage: lockstep train");
        check_holds(call.out, "--learning-rate");
        check_holds(call.out, "--add=FILE.so");
        assert_int_equal(strstr(call.out, "lockstep train --epochs 3") != NULL, i < 2);
        assert_null(strstr(call.out, "samples/s"));
        call_free(&call);
    }
}

/* A wrong call and what its message must say. */
static const struct wrong {
    const char *line;
    const char *says[3];
} wrongs[] = {
    {"--batch 0", {"--batch wants", "from 1 to", "not '0'"}},
    {"--batch -5", {"--batch wants", "-5"}},
    {"--batch 1e3", {"--batch wants", "1e3"}},
    {"--batch 99999999999999999999", {"--batch"}},
    {"--epochs -1", {"--epochs wants", "from 0 to"}},
    {"--epochs many", {"--epochs wants", "many"}},
    {"--ignore-label 256", {"--ignore-label wants", "from 0 to 255", "256"}},
    {"--ignore-label -1", {"--ignore-label wants", "-1"}},
    {"--learning-rate 0", {"--learning-rate wants a number above 0", "0"}},
    {"--learning-rate -0.1", {"--learning-rate wants a number above 0", "-0.1"}},
    {"--learning-rate nan", {"--learning-rate wants a number above 0", "nan"}},
    {"--learning-rate inf", {"--learning-rate wants a number above 0", "inf"}},
    {"--learning-rate 1e-60", {"--learning-rate wants a number above 0", "1e-60"}},
    {"--learning-rate 0.1x", {"--learning-rate wants a number above 0", "0.1x"}},
    {"--momentum 1.5", {"--momentum wants", "at most 1", "1.5"}},
    {"--threads 0", {"--threads wants", "'0'"}},
    {"--threads -2", {"--threads wants", "'-2'"}},
    {"--seed -1", {"--seed wants", "'-1'"}},
    {"--seed x", {"--seed wants", "'x'"}},
    {"--layers 784", {"784", "inputs and outputs"}},
    {"--layers 784-0-10", {"784-0-10"}},
    {"--dtype tf32", {"--dtype wants one of f32, bf16, f16", "tf32"}},
    {"--dtype bf16 --implementation openblas", {"openblas trains in f32 only", "--dtype"}},
    {"--implementation cuda-tensor", {"cuda-tensor trains in bf16 and f16 only", "--dtype"}},
    {"--cores fast", {"--cores 'fast'", "neither performance nor efficiency", "0-3,8"}},
    {"--activation swish", {"--activation wants one of", "relu", "gelu_tanh"}},
    {"--loss hinge", {"--loss wants one of", "cross_entropy, mse"}},
    {"--optimizer lbfgs", {"--optimizer wants one of", "adam", "sgd_momentum"}},
    {"--implementation turbo", {"'turbo'", "cpu-naive", "cuda-naive"}},
    {"--implementation gemms", {"'gemms'"}}, /* a yardstick */
    {"--data synthetic --layers 4-300", {"300 classes", "256"}},
    {"--data synthetic --batch 6001", {"6001", "6000 training images"}},
    {"--frobnicate", {"unrecognized option '--frobnicate'", "--help"}},
    {"--batch 5 --frobnicate=3", {"unrecognized option '--frobnicate=3'"}},
    {"--drop-last=3", {"'--drop-last' doesn't allow an argument"}},
    {"--epochs", {"'--epochs' requires an argument"}},
    {"-x", {"invalid option -- 'x'"}},
    {"fast", {"takes options only", "'fast'"}},
};

TEST_IN_PLACE(wrong_calls_are_refused_in_words) {
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct call call = train(wrongs[i].line);
        check_status(&call, 2);
        for (int s = 0; s < 3 && wrongs[i].says[s]; s++)
            check_holds(call.err, wrongs[i].says[s]);
        assert_string_equal(call.out, "");
        call_free(&call);
    }
}

TEST_IN_PLACE(missing_data_is_refused_with_the_way_out) {
    struct call call = train("--data /nowhere");
    check_status(&call, 2);
    check_holds(call.err, "/nowhere");
    check_holds(call.err, "--data synthetic");
    call_free(&call);
}

/* What was asked for is what the report says was done. */
TEST_IN_PLACE(options_reach_the_training) {
    struct call call = train("--data synthetic --layers 8-6-3 --activation silu --loss mse "
                             "--optimizer sgd_momentum --momentum 0.5 --learning-rate 0.25 "
                             "--batch 500 --epochs 2 --threads 2 --out run");
    check_status(&call, 0);
    const char *const said[] = {
        "synthetic: 6000 training and 1500 test images of 8 pixels",
        "8-6-3, silu, mean squared error, sgd with momentum, learning rate 0.25, batch 500",
        ", seed 1\n",
        "cpu-simd on cpu, 2 threads",
        "  1/2 ",
        "  2/2 ",
        "results in run\n",
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        check_holds(call.out, said[i]);
    assert_null(strstr(call.out, "3/"));
    call_free(&call);
    struct call other = train("--data synthetic --layers 8-6-3 --epochs 0 --seed 77 "
                              "--implementation cpu-naive --threads 1 --out other");
    check_status(&other, 0);
    check_holds(other.out, ", seed 77\n");
    check_holds(other.out, "cpu-naive on cpu, 1 thread\n");
    call_free(&other);
}

enum { SIDE = 3, LETTERS = 26, LETTER_IMAGES = 2 * LETTERS };

/* As EMNIST's letters: classes 1 to 26, and tiny images of noise. */
static void letters_write(const char *images, const char *labels) {
    uint8_t pixels[16 + LETTER_IMAGES * SIDE * SIDE] = {0, 0, 8, 3,    0, 0, 0, LETTER_IMAGES,
                                                        0, 0, 0, SIDE, 0, 0, 0, SIDE};
    uint8_t numbers[8 + LETTER_IMAGES] = {0, 0, 8, 1, 0, 0, 0, LETTER_IMAGES};
    for (size_t i = 16; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37);
    for (int i = 0; i < LETTER_IMAGES; i++)
        numbers[8 + i] = (uint8_t)(1 + i % LETTERS);
    file_write(temporary_path(&here.place, images), pixels, sizeof pixels);
    file_write(temporary_path(&here.place, labels), numbers, sizeof numbers);
}

/* Without --layers the network has an input a pixel and an output a class. */
TEST_IN_PLACE(the_network_fits_the_data) {
    letters_write("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    letters_write("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
    struct call letters = train("--data . --batch 10 --epochs 0 --save letters.weights --out run");
    check_status(&letters, 0);
    check_holds(letters.out, "52 training and 52 test images of 9 pixels in 26 classes");
    check_holds(letters.out, "labels   1 to 26\n");
    check_holds(letters.out, "network  9-128-26, ");
    call_free(&letters);
    check_call(train("--data . --batch 10 --epochs 1 --load letters.weights --out run"), 0, NULL,
               NULL);
    struct call fewer = train("--data . --batch 10 --epochs 1 --ignore-label 26 --out fewer");
    check_status(&fewer, 0);
    check_holds(fewer.out, "ignored  label 26: 2 training and 2 test images\n");
    check_holds(fewer.out, "network  9-128-25, ");
    call_free(&fewer);
    check_call(train("--data . --layers 9-8-10"), 2, NULL,
               "9 pixels and 26 classes; give layers from 9-");
}

/* Known, as `run` knows it, and not there. */
TEST_IN_PLACE(an_absent_library_is_named) {
    if (!blis_absent()) {
        skip();
        return;
    }
    check_call(train("--data synthetic --implementation blis"), 3, NULL,
               "blis cannot train: its library was not there");
}

TEST_IN_PLACE(the_device_is_chosen_by_implementation_and_gpu) {
    check_call(train("--implementation cuda-naive --gpu 3"), 77, NULL, "no GPU");
    struct call none = train("--implementation cuda-naive --gpu none");
    check_status(&none, 77);
    check_holds(none.err, "cuda-naive runs on a GPU");
    call_free(&none);
    struct call best = train("--gpu 3");
    check_status(&best, 77);
    check_holds(best.err, "no GPU");
    call_free(&best);
    check_call(train("--implementation openblas --gpu 3"), 2, NULL,
               "openblas trains on the CPU, and --gpu 3 names a GPU");
    check_call(train("--gpu emulated --data synthetic --layers 8-6-3 --epochs 0 --out run"), 0,
               "cuda-best on emulated", NULL);
    struct call tuning = train("--data synthetic --layers 8-3 --tuning none.csv");
    check_status(&tuning, 2);
    check_holds(tuning.err, "none.csv");
    call_free(&tuning);
}
