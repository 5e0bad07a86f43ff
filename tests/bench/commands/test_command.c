/* The program as its users call it: exit statuses, messages, wrong calls, lists, and output that
 * cannot be written. Every run is tiny, and in a folder of its own.
 */
#include "tests/support/calling.h"
#include "tests/support/refusing.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST_IN_PLACE(calls_without_a_command) {
    check_call(call_of(&here, (const char *const[]){NULL}), 2, NULL, "usage: lockstep COMMAND");
    struct call unknown = CALL("walk");
    check_status(&unknown, 2);
    check_holds(unknown.err, "there is no command 'walk'");
    check_holds(unknown.err, "verify");
    call_free(&unknown);
    struct call version = CALL("--version");
    check_status(&version, 0);
    assert_int_equal(strncmp(version.out, "lockstep ", 9), 0);
    call_free(&version);
}

TEST_IN_PLACE(unknown_names_list_the_known) {
    CHECK_REFUSED(2, "gemm linear activation softmax", "run", "convolution", TINY);
    CHECK_REFUSED(2, "cpu-naive cpu-ordered", "run", "gemm", "--implementation", "mkl", TINY);
    CHECK_REFUSED(2, "cpu-naive cpu-simd", "run", "softmax", "--implementation", "openblas", TINY);
    CHECK_REFUSED(2, "default quick", "run", "--preset", "slow", TINY);
    CHECK_REFUSED(2, "f32 tf32 bf16 f16", "run", "--dtype", "f64", TINY);
    CHECK_REFUSED(2, "OPERATION/VARIANT/DTYPE/SHAPE", "run", "--case", "gemm", TINY);
    CHECK_REFUSED(2, "no case is left", "run", "--case", "none*", TINY);
    CHECK_REFUSED(2, "gemm linear activation softmax", "verify", "convolution");
    CHECK_REFUSED(2, "cpu-naive", "verify", "--implementation", "mkl");
    CHECK_REFUSED(2, "operations implementations cases presets", "list", "everything");
    CHECK_REFUSED(2, "default quick", "list", "cases", "--preset", "slow");
    CHECK_REFUSED(2, "folder", "report");
    CHECK_REFUSED(2, "'more'", "info", "more");
    CHECK_REFUSED(2, "/dev/zero: it is a device", "info", "--tuning", "/dev/zero");
    CHECK_REFUSED(2, "two binaries", "ab", "one");
    CHECK_REFUSED(2, "No such file", "ab", "one", "two");
    temporary_write(&here.place, "mine", "#!/bin/sh\n");
    assert_int_equal(chmod(temporary_path(&here.place, "mine"), 0700), 0);
    CHECK_REFUSED(2, "cannot start mine: No such file or directory; did you mean ./mine?", "ab",
                  "mine", "mine");
    CHECK_REFUSED(2, "ended with status", "ab", "/bin/true", "/bin/true");
    CHECK_REFUSED(2, "there is no operation 'convolution'", "ab", here.program, here.program,
                  "convolution");
    CHECK_REFUSED(2, "emulated GPU has no times", "ab", here.program, here.program, "--gpu",
                  "emulated");
    CHECK_REFUSED(2, "--threshold wants", "ab", "one", "two", "--threshold", "much");
    CHECK_REFUSED(2, "--pairs wants", "ab", "one", "two", "--pairs", "5");
    CHECK_REFUSED(2, "at a time", "ab", "one", "two", "--csv", "--json");
}

TEST_IN_PLACE(what_is_said_twice_is_refused) {
    CHECK_REFUSED(2, "--gpu was given twice, the second time as 'emulated'", "run", "gemm", TINY,
                  "--gpu", "emulated");
    CHECK_REFUSED(2, "--batch was given twice", "train", "--batch", "8", "--batch=9");
    CHECK_REFUSED(2, "--implementation names 'openblas' twice", "run", "--implementation",
                  "openblas,cpu-simd,openblas");
    CHECK_REFUSED(2, "--dtype names 'f32' twice", "verify", "--dtype", "f32,f32");
    CHECK_REFUSED(2, "--price gives two prices of t4", "choose", "mlp", "--layers", "8-8",
                  "--price", "t4=1,t4=2");
}

/* Whatever reads it, a file that was named and is not there is a mistake of the call. */
TEST_IN_PLACE(a_missing_file_is_a_mistake_of_the_call) {
    temporary_write(
        &here.place, "lost.launch",
        "operation transfer\nsource lost.cu\nkernel copy\ngrid 1\nblock 1\nargs a out\n");
    CHECK_REFUSED(2, "cannot read nope.json", "run", "--device-file", "nope.json", "--limits", "x");
    CHECK_REFUSED(2, "cannot read nope.json", "choose", "mlp", "--layers", "7-3", "--device-file",
                  "nope.json");
    CHECK_REFUSED(2, "cannot read nosuch.cu", "verify", "--add", "nosuch.cu");
    CHECK_REFUSED(2, "lost.cu", "verify", "transfer", "--gpu", "emulated", "--add", "lost.launch");
    CHECK_REFUSED(2, "no.csv", "run", "gemm", "--gpu", "none", "--tuning", "no.csv");
    CHECK_REFUSED(2, "cannot read no.weights", "train", "--data", "synthetic", "--load",
                  "no.weights");
    CHECK_REFUSED(2, "make its folder, or name another place", "emulate", "--report",
                  "nowhere/x.csv", "/bin/true");
    CHECK_REFUSED(2, "cannot read nodir", "choose", "mlp", "--layers", "7-3", "--measured",
                  "nodir");
}

TEST_IN_PLACE(a_bad_choice_is_refused) {
    CHECK_REFUSED(2, "whose shape is LAYERS@BATCH", "choose", "gemm", "--layers", "784-10");
    CHECK_REFUSED(2, "choose wants --layers", "choose", "mlp");
    CHECK_REFUSED(2, "cannot read layers '784+10'", "choose", "mlp", "--layers", "784+10");
    CHECK_REFUSED(2, "--price names a GPU 't5'", "choose", "mlp", "--layers", "784-10", "--price",
                  "t5=1");
    CHECK_REFUSED(2, "--price names a GPU 't5'", "choose", "mlp", "--price", "t5=1");
    CHECK_REFUSED(2, "no variant 'none' of mlp", "choose", "mlp", "--layers", "784-10", "--variant",
                  "none");
}

TEST_IN_PLACE(bad_shapes_are_refused) {
    static const char *const bad[] = {"0x3",  "1x2",   "1x2x3x4x5", "-1x2x3",
                                      "1x2x", "0x1x1", "8x8x8,x",   "8x8x8,0x3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_REFUSED(2, "for gemm", "run", "gemm", "--shape", bad[i], TINY);
    CHECK_REFUSED(2, "--shape names nothing", "run", "gemm", "--shape", "", TINY);
    CHECK_REFUSED(2, "--shape names nothing", "verify", "gemm", "--shape", "");
    CHECK_REFUSED(2, "LAYERS@BATCH", "run", "mlp", "--shape", "784-10", TINY);
}

/* Refused before anything is allocated, with the bytes it would take and the bytes there are. */
TEST_IN_PLACE(a_shape_that_cannot_fit_is_refused) {
    struct call call = CALL("run", "gemm", "--shape", "9999999x9999999x9999999", TINY);
    check_status(&call, 2);
    unsigned long long needed = 0, there = 0;
    const char *take = strstr(call.err, "would take ");
    assert_non_null(take);
    assert_int_equal(
        sscanf(take, "would take %llu bytes and this machine has %llu;", &needed, &there), 2);
    assert_true(needed > 2 * 1199999760000012ULL); /* inputs and buffers */
    assert_true(there > 0 && there < needed);
    assert_true(there == (unsigned long long)sysconf(_SC_PHYS_PAGES) *
                             (unsigned long long)sysconf(_SC_PAGESIZE));
    call_free(&call);
    CHECK_REFUSED(2, "more than 18446744073709551615 bytes", "run", "--case",
                  "gemm/nn/f32/2147483647x2147483647x2147483647", TINY);
}

TEST_IN_PLACE(bad_numbers_are_refused) {
    static const char *const threads[] = {"-1", "0",   "4097", "1.5",
                                          "",   "two", "2 ",   "99999999999999999999"};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        CHECK_REFUSED(2, "--threads wants", "run", "gemm", "--threads", threads[i], "--out", "run");
        CHECK_REFUSED(2, "--threads wants", "verify", "gemm", "--threads", threads[i]);
    }
    CHECK_REFUSED(2, "--seed wants a whole number from 0 to 9223372036854775807", "verify", "gemm",
                  "--seed", "18446744073709551616");
    static const char *const seconds[] = {"0", "-1", "nan", "inf", "", "1s"};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
        CHECK_REFUSED(2, "--max-time wants", "run", "gemm", "--max-time", seconds[i], "--out",
                      "run");
    CHECK_REFUSED(2, "--seed wants", "run", "gemm", "--seed", "-1", "--out", "run");
    CHECK_REFUSED(2, "--seed wants", "verify", "--seed", "1.5");
    CHECK_REFUSED(2, "unrecognized option '--fast'", "run", "--fast");
    CHECK_REFUSED(2, "requires an argument", "run", "--seed");
}

/* An option that several commands have has one range. What it ends with is --help, so that nothing
 * is run. */
static void check_range(const char *option, const char *within, const char *beyond,
                        const char *const *commands) {
    for (; *commands; commands++) {
        char words[64];
        struct call call = CALL(*commands, option, within, "--help");
        if (call.status != 0)
            fail_msg("%s %s %s: %s", *commands, option, within, call.err);
        call_free(&call);
        snprintf(words, sizeof words, "%s wants", option);
        CHECK_REFUSED(2, words, *commands, option, beyond, "--help");
    }
}

TEST_IN_PLACE(shared_options_have_one_range) {
    static const char *const counting[] = {"run", "ab", "sample", "verify", "train", NULL};
    static const char *const timing[] = {"run", "ab", "sample", "tune", NULL};
    static const char *const comparing[] = {"compare", "ab", NULL};
    check_range("--threads", "1", "0", counting);
    check_range("--threads", "4096", "4097", counting);
    check_range("--threads", "1025", "1e3", counting);
    check_range("--seed", "0", "-1", counting);
    check_range("--seed", "9223372036854775807", "9223372036854775808", counting);
    check_range("--max-time", "1e-3", "0", timing);
    check_range("--max-time", "1e9", "inf", timing);
    check_range("--threshold", "0", "-1%", comparing);
    check_range("--threshold", "999%", "1000%", comparing);
}

TEST_IN_PLACE(a_gpu_that_is_not_there) {
    CHECK_REFUSED(77, "no GPU", "run", "gemm", "--gpu", "0", "--out", "run");
    CHECK_REFUSED(77, "no GPU", "verify", "gemm", "--gpu", "99");
    static const char *const bad[] = {"x", "", "-1", "0x0", "first"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_REFUSED(2, "--gpu takes", "run", "gemm", "--gpu", bad[i], "--out", "run");
        CHECK_REFUSED(2, "--gpu takes", "verify", "gemm", "--gpu", bad[i]);
    }
}

/* Not even root can make folders there. */
TEST_IN_PLACE(places_that_cannot_be_written) {
    static const char *const in_files[] = {"/dev/null/run", "/dev/null"};
    for (size_t i = 0; i < sizeof in_files / sizeof in_files[0]; i++)
        CHECK_REFUSED(2, "/dev/null is no folder", "run", "--case", "gemm/nn/f32/8x8x8", "--out",
                      in_files[i]);
    CHECK_REFUSED(3, "/proc/run", "run", "--case", "gemm/nn/f32/8x8x8", "--out", "/proc/run");
    CHECK_REFUSED(2, "--out", "run", "--case", "gemm/nn/f32/8x8x8", "--out", "");
    CHECK_REFUSED(2, "choose a new or an empty folder", "run", "--case", "gemm/nn/f32/8x8x8",
                  "--out", ".");
}

/* What is lost on its way to the reader is no success, whatever the command. */
TEST_IN_PLACE(output_that_cannot_be_written) {
    static const char *const calls[][6] = {
        {"list"},   {"--version"}, {"run", "--help"}, {"verify", "mse", "--gpu", "none"},
        {"--help"}, {"info"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
        assert_true(full >= 0);
        struct call call = call_start(&here, calls[i], &(struct call_limits){.output = full});
        close(full);
        call_wait(&here, &call);
        check_status(&call, 3);
        check_holds(call.err, "No space left on device");
        call_free(&call);
    }
}

TEST_IN_PLACE(verify_says_what_it_checked) {
    struct call call = CALL("verify", "transfer", "--threads", "2", "--gpu", "none");
    check_status(&call, 0);
    check_holds(call.out, "cpu-simd");
    check_holds(call.out, " passed, 0 failed, 0 skipped\n");
    call_free(&call);
}

TEST_IN_PLACE(lists) {
    struct call all = CALL("list");
    check_status(&all, 0);
    check_holds(all.out, "shape MxNxK or BxMxNxK; variants nn nt tn");
    check_holds(all.out, "openblas");
    check_holds(all.out, "recommender");
    /* The ladder in the order of its rungs, each with what it adds. */
    const char *position = all.out;
    static const char *const rungs[] = {
        " cpu-naive ",   " cpu-ordered ",  " adds loops in the order of memory",
        " cpu-blocked ", " cpu-parallel ", " cpu-simd ",
        " openblas "};
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        position = strstr(position, rungs[i]);
        if (!position)
            fail_msg("\"%s\" is not where it should be in the list", rungs[i]);
    }
    call_free(&all);
    struct call cases = CALL("list", "cases", "--preset", "squares");
    check_status(&cases, 0);
    assert_int_equal(strncmp(cases.out, "gemm/nn/f32/64x64x64\n", 21), 0);
    call_free(&cases);
    struct call info = CALL("info");
    check_status(&info, 0);
    check_holds(info.out, "OpenBLAS");
    call_free(&info);
}

/* What the user's environment makes a library choose is the user's business, and said. */
TEST_IN_PLACE(variables_that_choose_are_named) {
    static const char *const names[] = {"NVIDIA_TF32_OVERRIDE", "CUBLAS_EMULATE_SINGLE_PRECISION",
                                        "CUBLAS_EMULATION_STRATEGY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *own = getenv(names[i]);
        if (!own)
            assert_int_equal(setenv(names[i], "0", 1), 0);
        struct call info = CALL("info");
        check_status(&info, 0);
        char words[100];
        snprintf(words, sizeof words, "%s=%s is set and was left as it is", names[i],
                 getenv(names[i]));
        check_holds(info.out, words);
        call_free(&info);
        if (!own)
            assert_int_equal(unsetenv(names[i]), 0);
    }
}
