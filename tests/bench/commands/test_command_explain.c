/* Counts of the emulated GPU as the program's users see them: what is explained, what is said of
 * sampled blocks, and calls that leave nothing to explain. */
#include "bench/files/results.h"
#include "tests/support/calling.h"
#include "tests/support/refusing.h"
#include "tests/support/staging.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TEST_IN_PLACE(lists_of_gpus_are_csv_on_request) {
    struct call call = CALL("explain", "--gpu", "list", "--csv");
    check_status(&call, 0);
    assert_int_equal(strncmp(call.out, "gpu,title,multiprocessors,clock_mhz,memory_gbps\n", 47), 0);
    check_holds(call.out, "\nt4,T4,40,1590,320\n");
    call_free(&call);
}

static const char described_gpu[] =
    "{\"name\": \"mine\", \"family\": \"ada\", \"multiprocessors\": 20, \"clock_mhz\": 2000,"
    " \"issue\": 4, \"fma\": 4, \"alu\": 2, \"lsu\": 16, \"shared\": 128, \"cache\": 128,"
    " \"tensor\": 1024, \"memory\": 300, \"warps\": 48, \"l1\": 128, \"l2\": 24,"
    " \"l2_bytes\": 300, \"sustained_mhz\": 1500, \"capacity\": 8, \"watts\": 100}\n";

/* Nothing that could be explained: the caller's mistake, and no output that looks like an
 * answer. */
TEST_IN_PLACE(nothing_to_explain_is_refused) {
    CHECK_REFUSED(2, "lockstep run --gpu emulated", "explain", "nowhere");
    assert_int_equal(mkdir(temporary_path(&here.place, "counted"), 0700), 0);
    CHECK_REFUSED(2, "counted is no folder of an emulated run", "explain", "counted");
    FILE *file = fopen(temporary_path(&here.place, "counted/counters.csv"), "w");
    assert_non_null(file);
    assert_int_equal(csv_write_header(file, &counters_format), 0);
    assert_int_equal(fclose(file), 0);
    struct call call = CALL("explain", "counted", "--case", "none*");
    check_status(&call, 2);
    assert_string_equal(call.out, "");
    check_holds(call.err, "no counts of such a case");
    call_free(&call);
    CHECK_REFUSED(2, "--gpu none counts nothing", "run", "--gpu", "none", "--limits", "h100");
    CHECK_REFUSED(2, "--gpu none counts nothing", "run", "--gpu", "none", "--predict", "h100");
    CHECK_REFUSED(2, "--gpu none counts nothing", "run", "--gpu", "none", "--sample-blocks", "9");
    CHECK_REFUSED(2, "no figures of a GPU 'h1'; known are v100", "run", "--predict", "t4,h1");
    CHECK_REFUSED(2, "no figures of a GPU 'h1'; known are v100", "explain", "counted", "--predict",
                  "h1");
    CHECK_REFUSED(2, "give one of them", "explain", "counted", "--predict", "h100", "--gpu", "t4");
    CHECK_REFUSED(2, "--gpu none counts nothing", "run", "--gpu", "none", "--caches");
    CHECK_REFUSED(2, "give one of them", "run", "--gpu", "emulated", "--caches", "--sample-blocks",
                  "9");
    CHECK_REFUSED(2, "counted has been counted", "explain", "counted", "--caches");
    CHECK_REFUSED(2, "or an operation", "explain");
    CHECK_REFUSED(2, "counted has been counted", "explain", "counted", "--shape", "8x8x8");
    CHECK_REFUSED(2, "--predict names nothing", "explain", "counted", "--predict", "");
    CHECK_REFUSED(2, "a name between its commas; known are v100", "explain", "counted", "--predict",
                  "t4,,h100");
    CHECK_REFUSED(2, "one folder, or one operation", "explain", "gemm", "counted");
    CHECK_REFUSED(2, "no implementation 'none'", "explain", "gemm", "--implementation", "none");
    temporary_write(&here.place, "gpu.json", "{\"name\": \"mine\"}\n");
    CHECK_REFUSED(2, "gpu.json lacks family, multiprocessors", "explain", "counted",
                  "--device-file", "gpu.json", "--predict", "mine");
    temporary_write(&here.place, "gpu.json", described_gpu);
    CHECK_REFUSED(2, "'mine', which neither --limits nor --predict names", "run", "--device-file",
                  "gpu.json", "--limits", "none", "--gpu", "emulated");
    CHECK_REFUSED(2, "'mine', which neither --limits nor --predict names", "run", "--device-file",
                  "gpu.json", "--limits", "t4", "--predict", "h100", "--gpu", "emulated");
    CHECK_REFUSED(2, "'mine', which neither --gpu nor --predict names", "explain", "counted",
                  "--device-file", "gpu.json", "--gpu", "t4");
    CHECK_REFUSED(2, "'mine', which neither --gpu nor --predict names", "explain", "counted",
                  "--device-file", "gpu.json", "--predict", "t4,h100");
    CHECK_REFUSED(2, "'mine', which --gpus does not name", "choose", "mlp", "--layers", "7-3",
                  "--device-file", "gpu.json", "--gpus", "t4");
    file = fopen(temporary_path(&here.place, "counted/counters.csv"), "a");
    assert_non_null(file);
    assert_true(fputs("gemm,nn,f32", file) >= 0);
    assert_int_equal(fclose(file), 0);
    CHECK_REFUSED(2, "counters.csv:2: the last line is cut off", "explain", "counted");
}

/* Counted first, and then said in sentences; nothing of it stays. */
TEST_IN_PLACE(an_operation_is_counted_and_explained) {
    staging_need_kernels();
    struct call call = CALL("explain", "gemm", "--shape", "64x64x64", "--case", "gemm/nn/*",
                            "--implementation", "cuda-coalesced", "--gpu", "t4", "--caches");
    check_status(&call, 0);
    check_holds(call.out, "by the published peaks of the T4");
    check_holds(call.out, "gemm/nn/f32/64x64x64\n");
    check_holds(call.out, "gemm_coalesced_nn: ");
    check_holds(call.out, "    It is limited by ");
    assert_null(strstr(call.out, "L2 at most")); /* it was counted */
    check_holds(call.out, "    A multiprocessor has room for ");
    check_holds(call.out, "rung");
    assert_null(strstr(call.out, "gemm_tiled_nn: ")); /* counted, and not asked for */
    call_free(&call);
    temporary_write(&here.place, "copy.cu", "no kernel\n");
    CHECK_REFUSED(2, "copy.cu", "explain", "--add", "copy.cu");
}

/* An emulated run asks the machine for times only where a row of it has one. */
TEST_IN_PLACE(an_emulated_run_measures_no_cpu_that_it_does_not_time) {
    static const char ceilings[] = "ceilings, 1 thread:", warning[] = "OPENBLAS_CORETYPE=";
    static const char *const variables[] = {"OPENBLAS_CORETYPE=Haswell", NULL};
    static const char *const named[] = {"cuda-naive", "cuda-naive,cpu-naive"};
    staging_need_kernels();
    for (int timed = 0; timed < 2; timed++) {
        const char *const arguments[] = {
            "run",   "gemm",     "--shape",          "8x8x8",      "--case",  "gemm/nn/f32/*",
            "--gpu", "emulated", "--implementation", named[timed], "--quick", "--threads",
            "1",     "--out",    named[timed],       NULL};
        const struct call_limits limits = {.variables = variables};
        struct call call = call_start(&here, arguments, &limits);
        call_wait(&here, &call);
        check_status(&call, 0);
        assert_int_equal(strstr(call.out, ceilings) != NULL, timed);
        assert_int_equal(strstr(call.out, warning) != NULL, timed);
        call_free(&call);
    }
}

#define COUNT_128(...)                                                                             \
    CALL("run", "gemm", "--shape", "128x128x128", "--case", "gemm/nn/*", "--implementation",       \
         "cuda-naive", "--gpu", "emulated", __VA_ARGS__)

static const char said[] = "counts are not of all blocks";

/* What follows from sampled blocks says so, in each command; a whole run says nothing of it. */
TEST_IN_PLACE(counts_of_sampled_blocks_are_said_to_be_so) {
    staging_need_kernels();
    struct call call = COUNT_128("--sample-blocks", "2", "--predict", "t4", "--out", "sampled");
    check_status(&call, 0);
    const char *limits = strstr(call.out, said);
    assert_non_null(limits);
    check_holds(limits + 1, said); /* and once more of the predictions */
    call_free(&call);
    temporary_write(&here.place, "gpu.json", described_gpu);
    call = CALL("run", "gemm", "--shape", "8x8x8", "--case", "gemm/nn/*", "--implementation",
                "cuda-naive", "--gpu", "emulated", "--device-file", "gpu.json", "--out", "whole");
    check_status(&call, 0);
    check_holds(call.out, "by the published peaks of the mine");
    assert_null(strstr(call.out, said));
    call_free(&call);
    call = CALL("explain", "whole", "--device-file", "gpu.json");
    check_holds(call.out, "by the published peaks of the mine");
    assert_null(strstr(call.out, said));
    call_free(&call);
    call = CALL("explain", "sampled");
    check_holds(call.out, said);
    call_free(&call);
    call = CALL("explain", "sampled", "--predict", "t4");
    check_holds(call.out, said);
    call_free(&call);
    call = CALL("explain", "sampled", "--predict", "t4", "--csv");
    assert_null(strstr(call.out, said));
    call_free(&call);
    char *page = temporary_text(&here.place, "sampled/index.html");
    assert_non_null(page);
    check_holds(page, "Not all blocks were counted in 1 of 1 rows");
    check_holds(page, " of 4x4x1, 1 times");
    free(page);
    page = temporary_text(&here.place, "whole/index.html");
    assert_non_null(page);
    assert_null(strstr(page, "Not all blocks were counted"));
    free(page);
}

TEST_IN_PLACE(counts_of_sampled_blocks_are_compared_with_their_like) {
    staging_need_kernels();
    check_call(COUNT_128("--out", "counted128"), 0, NULL, NULL);
    check_call(COUNT_128("--sample-blocks", "2", "--out", "sampled"), 0, NULL, NULL);
    CHECK_REFUSED(2, "such counts cannot be compared; count both alike", "compare",
                  "sampled/counters.csv", "counted128/counters.csv");
    CHECK_REFUSED(2, "sampled blocks (--sample-blocks) in sampled", "compare", "counted128",
                  "sampled");
    check_call(COUNT_128("--sample-blocks", "3", "--out", "sampled3"), 0, NULL, NULL);
    CHECK_REFUSED(2, "such counts cannot be compared; count both alike", "compare", "sampled",
                  "sampled3");
    CHECK_REFUSED(2, "such counts cannot be compared; count both alike", "compare",
                  "sampled3/counters.csv", "sampled/counters.csv");
    check_call(CALL("compare", "sampled", "sampled"), 0, said, NULL);
    struct call call = CALL("compare", "sampled", "sampled", "--csv");
    check_status(&call, 0);
    assert_null(strstr(call.out, said));
    check_holds(call.err, said);
    call_free(&call);
}
