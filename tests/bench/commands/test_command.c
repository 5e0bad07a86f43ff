/* The program as its users call it: exit statuses, messages, interruptions, a full disk and --json.
 * Every run is tiny, and in a folder of its own.
 */
#include "bench/files/results.h"
#include "kernels/kernels.h"
#include "tests/support/calling.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* --- calling the program ---------------------------------------------------------------------- */

enum { PATIENCE_SECONDS = 120 };

/* Ended with `status`, one line on standard error that holds `words`, and nothing else. */
static void check_refused(const char *const *arguments, int status, const char *words) {
    struct call call = call_of(&here, arguments);
    check_status(&call, status);
    check_holds(call.err, words);
    assert_int_equal(strncmp(call.err, "lockstep", 8), 0);
    assert_string_equal(call.out, "");
    call_free(&call);
    assert_null(file_text(temporary_path(&here.place, "run/environment.json")));
}

#define CHECK_REFUSED(status, words, ...)                                                          \
    check_refused((const char *const[]){__VA_ARGS__, NULL}, status, words)

/* What makes a run short. */
#define TINY "--quick", "--max-time", "0.1", "--threads", "1", "--gpu", "none", "--out", "run"

/* Two implementations that every build has: what else there is depends on the machine. */
#define PAIR "--implementation", "cpu-naive,openblas"

/* --- calls that are wrong --------------------------------------------------------------------- */

static void test_calls_without_a_command(void **state) {
    (void)state;
    struct call none = call_of(&here, (const char *const[]){NULL});
    check_status(&none, 2);
    check_holds(none.err, "usage: lockstep COMMAND");
    call_free(&none);
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

static void test_unknown_names_list_the_known(void **state) {
    (void)state;
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
    CHECK_REFUSED(2, "ended with status", "ab", "/bin/true", "/bin/true");
    CHECK_REFUSED(2, "there is no operation 'convolution'", "ab", here.program, here.program,
                  "convolution");
    CHECK_REFUSED(2, "emulated GPU has no times", "ab", here.program, here.program, "--gpu",
                  "emulated");
    CHECK_REFUSED(2, "--threshold wants", "ab", "one", "two", "--threshold", "much");
    CHECK_REFUSED(2, "--pairs wants", "ab", "one", "two", "--pairs", "5");
    CHECK_REFUSED(2, "at a time", "ab", "one", "two", "--csv", "--json");
}

static void test_what_is_said_twice_is_refused(void **state) {
    (void)state;
    CHECK_REFUSED(2, "--gpu was given twice, the second time as 'emulated'", "run", "gemm", TINY,
                  "--gpu", "emulated");
    CHECK_REFUSED(2, "--batch was given twice", "train", "--batch", "8", "--batch=9");
    CHECK_REFUSED(2, "--implementation names 'openblas' twice", "run", "--implementation",
                  "openblas,cpu-simd,openblas");
    CHECK_REFUSED(2, "--dtype names 'f32' twice", "verify", "--dtype", "f32,f32");
    CHECK_REFUSED(2, "--price gives two prices of t4", "choose", "mlp", "--layers", "8-8",
                  "--price", "t4=1,t4=2");
}

static void test_lists_of_gpus_are_csv_on_request(void **state) {
    (void)state;
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

/* Nothing that could be explained: the caller's mistake, and no output that looks like an answer. */
static void test_nothing_to_explain_is_refused(void **state) {
    (void)state;
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
    CHECK_REFUSED(2, "one folder, or one operation", "explain", "gemm", "counted");
    CHECK_REFUSED(2, "no implementation 'none'", "explain", "gemm", "--implementation", "none");
    file_write_text(temporary_path(&here.place, "gpu.json"), "{\"name\": \"mine\"}\n");
    CHECK_REFUSED(2, "gpu.json lacks family, multiprocessors", "explain", "counted",
                  "--device-file", "gpu.json", "--predict", "mine");
    file_write_text(temporary_path(&here.place, "gpu.json"), described_gpu);
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

/* Whatever reads it, a file that was named and is not there is a mistake of the call. */
static void test_a_missing_file_is_a_mistake_of_the_call(void **state) {
    (void)state;
    file_write_text(
        temporary_path(&here.place, "lost.launch"),
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

/* Counted first, and then said in sentences; nothing of it stays. */
static void test_an_operation_is_counted_and_explained(void **state) {
    (void)state;
    size_t built;
    (void)kernels_images(&built);
    if (built == 0)
        skip();
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
    file_write_text(temporary_path(&here.place, "copy.cu"), "no kernel\n");
    CHECK_REFUSED(2, "copy.cu", "explain", "--add", "copy.cu");
}

/* An emulated run asks the machine for times only where a row of it has one. */
static void test_an_emulated_run_measures_no_cpu_that_it_does_not_time(void **state) {
    (void)state;
    static const char ceilings[] = "ceilings, 1 thread:", warning[] = "OPENBLAS_CORETYPE=";
    static const char *const variables[] = {"OPENBLAS_CORETYPE=Haswell", NULL};
    static const char *const named[] = {"cuda-naive", "cuda-naive,cpu-naive"};
    size_t built;
    (void)kernels_images(&built);
    if (built == 0)
        skip();
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

/* What follows from sampled blocks says so, in each command; a whole run says nothing of it. */
static void test_counts_of_sampled_blocks_are_said_to_be_so(void **state) {
    (void)state;
    static const char said[] = "counts are not of all blocks";
    size_t built;
    (void)kernels_images(&built);
    if (built == 0)
        skip();
    struct call call = CALL("run", "gemm", "--shape", "128x128x128", "--case", "gemm/nn/*",
                            "--implementation", "cuda-naive", "--gpu", "emulated",
                            "--sample-blocks", "2", "--predict", "t4", "--out", "sampled");
    check_status(&call, 0);
    const char *limits = strstr(call.out, said);
    assert_non_null(limits);
    check_holds(limits + 1, said); /* and once more of the predictions */
    call_free(&call);
    file_write_text(temporary_path(&here.place, "gpu.json"), described_gpu);
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
    call = CALL("run", "gemm", "--shape", "128x128x128", "--case", "gemm/nn/*", "--implementation",
                "cuda-naive", "--gpu", "emulated", "--out", "counted128");
    check_status(&call, 0);
    call_free(&call);
    CHECK_REFUSED(2, "such counts cannot be compared; count both alike", "compare",
                  "sampled/counters.csv", "counted128/counters.csv");
    CHECK_REFUSED(2, "from sampled blocks (--sample-blocks) in sampled", "compare", "counted128",
                  "sampled");
    char *page = file_text(temporary_path(&here.place, "sampled/index.html"));
    assert_non_null(page);
    check_holds(page, "Not all blocks were counted in 1 of 1 rows");
    check_holds(page, " of 4x4x1, 1 times");
    free(page);
    page = file_text(temporary_path(&here.place, "counted128/index.html"));
    assert_non_null(page);
    assert_null(strstr(page, "Not all blocks were counted"));
    free(page);
    call = CALL("compare", "sampled", "sampled");
    check_status(&call, 0);
    check_holds(call.out, said);
    call_free(&call);
    call = CALL("compare", "sampled", "sampled", "--csv");
    check_status(&call, 0);
    assert_null(strstr(call.out, said));
    check_holds(call.err, said);
    call_free(&call);
}

static void test_a_bad_choice_is_refused(void **state) {
    (void)state;
    CHECK_REFUSED(2, "whose shape is LAYERS@BATCH", "choose", "gemm", "--layers", "784-10");
    CHECK_REFUSED(2, "choose wants --layers", "choose", "mlp");
    CHECK_REFUSED(2, "cannot read layers '784+10'", "choose", "mlp", "--layers", "784+10");
    CHECK_REFUSED(2, "--price names a GPU 't5'", "choose", "mlp", "--layers", "784-10", "--price",
                  "t5=1");
    CHECK_REFUSED(2, "no variant 'none' of mlp", "choose", "mlp", "--layers", "784-10", "--variant",
                  "none");
}

static void test_bad_shapes_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"0x3",  "1x2",   "1x2x3x4x5", "-1x2x3",
                                      "1x2x", "0x1x1", "8x8x8,x",   "8x8x8,0x3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_REFUSED(2, "for gemm", "run", "gemm", "--shape", bad[i], TINY);
    CHECK_REFUSED(2, "no case is left", "run", "gemm", "--shape", "", TINY);
    CHECK_REFUSED(2, "LAYERS@BATCH", "run", "mlp", "--shape", "784-10", TINY);
}

/* Refused before anything is allocated, with the bytes it would take and the bytes there are. */
static void test_a_shape_that_cannot_fit_is_refused(void **state) {
    (void)state;
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

static void test_bad_numbers_are_refused(void **state) {
    (void)state;
    static const char *const threads[] = {"-1", "0",   "4097", "1.5",
                                          "",   "two", "2 ",   "99999999999999999999"};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        CHECK_REFUSED(2, "--threads wants", "run", "gemm", "--threads", threads[i], "--out", "run");
        CHECK_REFUSED(2, "--threads wants", "verify", "gemm", "--threads", threads[i]);
    }
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

static void test_shared_options_have_one_range(void **state) {
    (void)state;
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

static void test_a_gpu_that_is_not_there(void **state) {
    (void)state;
    CHECK_REFUSED(77, "no GPU", "run", "gemm", "--gpu", "0", "--out", "run");
    CHECK_REFUSED(77, "no GPU", "verify", "gemm", "--gpu", "99");
    static const char *const bad[] = {"x", "", "-1", "0x0", "first"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_REFUSED(2, "--gpu takes", "run", "gemm", "--gpu", bad[i], "--out", "run");
        CHECK_REFUSED(2, "--gpu takes", "verify", "gemm", "--gpu", bad[i]);
    }
}

/* Not even root can make folders there. */
static void test_places_that_cannot_be_written(void **state) {
    (void)state;
    static const char *const bad[] = {"/dev/null/run", "/dev/null", "/proc/run"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_REFUSED(3, bad[i], "run", "--case", "gemm/nn/f32/8x8x8", "--out", bad[i]);
    CHECK_REFUSED(2, "--out", "run", "--case", "gemm/nn/f32/8x8x8", "--out", "");
    CHECK_REFUSED(2, "choose a new or an empty folder", "run", "--case", "gemm/nn/f32/8x8x8",
                  "--out", ".");
}

/* --- runs ------------------------------------------------------------------------------------- */

/* Four shapes, three variants, two implementations, all on one thread. */
static const char *const sweep[] = {"run", "gemm", "--shape", "8x8x8,9x9x9,16x16x16,17x17x17",
                                    PAIR,  TINY,   NULL};
enum { SWEEP_ROWS = 4 * 3 * 2 };

/* The rows of a file of the run, to be freed. */
static void *rows_read(const char *name, const struct csv_format *format, size_t *count) {
    void *rows;
    struct message message = {""};
    if (csv_read(temporary_path(&here.place, name), format, &rows, count, NULL, &message) !=
        STATUS_OK)
        fail_msg("%s", message.text);
    return rows;
}

/* Every row is there once, measured and verified, with its samples; how many rows. */
static size_t check_rows(void) {
    size_t count, sample_count;
    struct result *rows = rows_read("run/results.csv", &result_format, &count);
    struct sample_row *samples = rows_read("run/samples.csv", &sample_format, &sample_count);
    size_t owned = 0;
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(rows[i].status, "measured");
        assert_string_equal(rows[i].verified, "yes");
        assert_true(rows[i].low_s <= rows[i].median_s && rows[i].median_s <= rows[i].high_s);
        assert_true(rows[i].error <= rows[i].tolerance);
        for (size_t j = 0; j < i; j++)
            assert_false(row_key_equal(&rows[i].key, &rows[j].key));
        int64_t own = 0;
        for (size_t s = 0; s < sample_count; s++)
            if (row_key_equal(&samples[s].key, &rows[i].key))
                assert_int_equal(samples[s].sample, own++);
        assert_int_equal(own, rows[i].samples);
        owned += (size_t)own;
    }
    assert_int_equal(owned, sample_count);
    free(rows);
    free(samples);
    return count;
}

static void check_state(const char *expected) {
    char *text = file_text(temporary_path(&here.place, "run/environment.json"));
    assert_non_null(text);
    cJSON *json = cJSON_Parse(text);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "state")), expected);
    cJSON_Delete(json);
    free(text);
}

/* Goes on with a run that was ended, and finds every row once. */
static void check_goes_on(const char *const *arguments) {
    size_t kept = check_rows();
    assert_in_range(kept, 2, SWEEP_ROWS - 1);
    assert_int_equal(kept % 2, 0); /* whole cases */
    check_state("unfinished");
    struct call again = call_of(&here, arguments);
    check_status(&again, 0);
    check_holds(again.out, "resuming the unfinished run in run");
    call_free(&again);
    assert_int_equal(check_rows(), SWEEP_ROWS);
    check_state("finished");
}

/* Reads what the run prints, a packet at a time, until its first rows are on the disk. */
static void first_rows_await(int printed) {
    for (int i = 0; i < PATIENCE_SECONDS * 500; i++) {
        char *text = file_text(temporary_path(&here.place, "run/results.csv"));
        bool there = text && strstr(text, ",measured,");
        free(text);
        if (there)
            return;
        char packet[PIPE_BUF];
        struct pollfd waiting = {.fd = printed, .events = POLLIN};
        if (poll(&waiting, 1, 2) == 1)
            assert_true(read(printed, packet, sizeof packet) > 0);
    }
    fail_msg("no row after %d s", PATIENCE_SECONDS);
}

/* Sends the signal once the first rows are there. The run cannot have ended by then, however long
 * this process had to wait for a processor: it prints each case into a pipe of packets that has
 * room for one, so it is at most a few cases ahead of what was read. */
static struct call sweep_ended_by(int signal_number) {
    int ends[2];
    char rest[PIPE_BUF];
    assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1) > 0);
    struct call call = call_start(&here, sweep, &(struct call_limits){.output = ends[1]});
    close(ends[1]);
    first_rows_await(ends[0]);
    assert_int_equal(kill(call.process, signal_number), 0);
    while (read(ends[0], rest, sizeof rest) > 0)
        continue;
    close(ends[0]);
    call_wait(&here, &call);
    return call;
}

static void test_an_interrupted_run_goes_on(void **state) {
    (void)state;
    struct call call = sweep_ended_by(SIGINT);
    check_status(&call, 3);
    size_t kept = check_rows();
    char words[100];
    snprintf(words, sizeof words, "interrupted; %zu row", kept);
    check_holds(call.err, words);
    check_holds(call.err, "--out run goes on");
    call_free(&call);
    check_goes_on(sweep);
}

static void test_a_terminated_run_keeps_its_rows(void **state) {
    (void)state;
    struct call call = sweep_ended_by(SIGTERM);
    check_status(&call, 3);
    assert_in_range(check_rows(), 2, SWEEP_ROWS - 1);
    call_free(&call);
}

static void test_a_killed_run_goes_on(void **state) {
    (void)state;
    struct call call = sweep_ended_by(SIGKILL);
    check_status(&call, 256 + SIGKILL);
    call_free(&call);
    /* Whatever the kill left, here is the worst: a line cut in its middle. */
    char *text = file_text(temporary_path(&here.place, "run/results.csv"));
    assert_non_null(text);
    assert_true(strlen(text) > 40);
    char *padded = NULL;
    assert_true(asprintf(&padded, "%sgemm,tn,f32,17x1", text) > 0);
    file_write_text(temporary_path(&here.place, "run/results.csv"), padded);
    free(padded);
    free(text);
    struct call again = call_of(&here, sweep);
    check_status(&again, 0);
    call_free(&again);
    assert_int_equal(check_rows(), SWEEP_ROWS);
    check_state("finished");
}

static void test_other_settings_do_not_go_on(void **state) {
    (void)state;
    struct call call = sweep_ended_by(SIGINT);
    check_status(&call, 3);
    call_free(&call);
    struct call other = CALL("run", "softmax", TINY);
    check_status(&other, 2);
    check_holds(other.err, "other settings");
    call_free(&other);
}

/* Rows of two builds are not of one run. */
static void test_another_build_does_not_go_on(void **state) {
    (void)state;
    struct call call = sweep_ended_by(SIGINT);
    check_status(&call, 3);
    call_free(&call);
    char path[512];
    snprintf(path, sizeof path, "%s", temporary_path(&here.place, "run/environment.json"));
    char *text = file_text(path);
    assert_non_null(text);
    char *build = strstr(text, " build=");
    assert_non_null(build);
    build[strlen(" build=")] ^= 1;
    file_write_text(path, text);
    struct call again = call_of(&here, sweep);
    check_status(&again, 2);
    check_holds(again.err, "other settings (build=");
    call_free(&again);
    build[strlen(" build=")] ^= 1;
    file_write_text(path, text);
    free(text);
    check_goes_on(sweep);
}

/* A limit on the size of files stands for a full disk, without a mount. */
static void test_a_full_disk_keeps_whole_cases(void **state) {
    (void)state;
    /* Within 10 ms a row takes its least, ten samples: one case fits, the results of all do not. */
    static const char *const filling[] = {
        "run",       "gemm",    "--shape",    "8x8x8,9x9x9,16x16x16,17x17x17",
        PAIR,        "--quick", "--max-time", "0.01",
        "--threads", "1",       "--gpu",      "none",
        "--out",     "run",     NULL};
    struct call call = call_start(&here, filling, &(struct call_limits){.file_bytes = 5120});
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "cannot write run/");
    check_holds(call.err, "File too large");
    size_t kept = check_rows();
    char words[64];
    snprintf(words, sizeof words, "; %zu row", kept);
    check_holds(call.err, words);
    call_free(&call);
    check_goes_on(filling);
}

static void test_a_disk_that_is_full_from_the_start(void **state) {
    (void)state;
    struct call call = call_start(&here, sweep, &(struct call_limits){.file_bytes = 100});
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "cannot write run/environment.json");
    call_free(&call);
    struct call again = CALL("run", "--case", "gemm/nn/f32/8x8x8", PAIR, TINY);
    check_status(&again, 0);
    call_free(&again);
    assert_int_equal(check_rows(), 2);
}

/* Too small for the plots' script, large enough for every row. */
static void test_a_disk_that_is_full_when_plots_are_drawn(void **state) {
    (void)state;
    struct call call = call_start(
        &here, (const char *const[]){"run", "--case", "gemm/nn/f32/8x8x8", PAIR, TINY, NULL},
        &(struct call_limits){.file_bytes = 9216});
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "cannot write");
    check_holds(call.err, "2 rows are kept, and `lockstep report run` draws them again");
    call_free(&call);
    check_state("finished");
    assert_int_equal(check_rows(), 2);
}

/* What is lost on its way to the reader is no success, whatever the command. */
static void test_output_that_cannot_be_written(void **state) {
    (void)state;
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

/* Skipping is no way to pass. */
static void test_where_nothing_was_measured_nothing_passed(void **state) {
    (void)state;
    CHECK_REFUSED(2, "nothing can be measured: no implementation that was asked for", "run", "gemm",
                  "--shape", "8x8x8", "--implementation", "cuda-naive,cublas", TINY);
    struct call skipped =
        CALL("run", "gemm", "--shape", "8x8x8", "--dtype", "bf16", "--implementation", "openblas",
             "--quick", "--threads", "1", "--gpu", "none", "--out", "other");
    check_status(&skipped, 3);
    check_holds(skipped.err,
                "3 rows were skipped, the last one because: computes f32 and tf32 only");
    call_free(&skipped);
    struct call verified =
        CALL("verify", "gemm", "--dtype", "bf16", "--implementation", "openblas", "--gpu", "none");
    check_status(&verified, 3);
    check_holds(verified.err, " cases were skipped, for the reasons above");
    check_holds(verified.out, " 0 passed");
    call_free(&verified);
}

static void test_a_finished_run_is_left_alone(void **state) {
    (void)state;
    struct call call = CALL("run", "--case", "transfer/copy/f32/17", TINY);
    check_status(&call, 0);
    check_holds(call.out, "results in run");
    check_holds(call.out, "transfer/copy/f32, hot");
    call_free(&call);
    char *before = file_text(temporary_path(&here.place, "run/results.csv"));
    struct call again = CALL("run", "--case", "transfer/copy/f32/17", TINY);
    check_status(&again, 2);
    check_holds(again.err, "finished run");
    call_free(&again);
    char *after = file_text(temporary_path(&here.place, "run/results.csv"));
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* To the last digit: with another seed nobody repeats the run. */
static void test_the_environment_has_the_seed(void **state) {
    (void)state;
    struct call call =
        CALL("run", "--case", "transfer/copy/f32/17", "--seed", "9007199254740993", TINY);
    check_status(&call, 0);
    call_free(&call);
    char *text = file_text(temporary_path(&here.place, "run/environment.json"));
    assert_non_null(text);
    check_holds(text, "\"seed\":\t9007199254740993,");
    free(text);
}

static void test_json_is_json_and_nothing_else(void **state) {
    (void)state;
    struct call call = CALL("run", "--case", "gemm/tn/f32/5x6x7", "--json", PAIR, TINY);
    check_status(&call, 0);
    cJSON *json = cJSON_ParseWithOpts(call.out, NULL, 1);
    assert_non_null(json);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    for (int i = 0; i < 2; i++) {
        const cJSON *row = cJSON_GetArrayItem(json, i);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(row, "shape")), "5x6x7");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(row, "verified")), "yes");
        assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(row, "flops")) == 2.0 * 5 * 6 * 7);
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(row, "transfer_s")));
    }
    cJSON_Delete(json);
    check_holds(call.err, "results in run"); /* the table goes there */
    call_free(&call);
}

/* Buffers larger than the caches, and all implementations of a network with its parts. */
static void test_a_cold_run_and_the_parts_of_a_network(void **state) {
    (void)state;
    /* Large enough to be cold beside any cache. */
    struct call call = CALL("run", "--case", "mlp/train_step/f32/170-190-110@50", "--cold",
                            "--yardsticks", "--implementation", "openblas,gemms", TINY);
    check_status(&call, 0);
    call_free(&call);
    size_t rows_count, part_count;
    struct result *rows = rows_read("run/results.csv", &result_format, &rows_count);
    struct part_row *parts = rows_read("run/parts.csv", &part_format, &part_count);
    assert_int_equal(rows_count, 2);
    assert_string_equal(rows[0].key.mode, "cold");
    assert_string_equal(rows[0].verified, "yes");
    assert_string_equal(rows[1].key.implementation, "gemms");
    assert_string_equal(rows[1].verified, "");
    double share = 0.0;
    assert_int_equal(part_count, 4 + 1 + 5 + 1);
    for (size_t i = 0; i < part_count; i++) {
        assert_int_equal(parts[i].part, i + 1);
        share += parts[i].share;
    }
    assert_true(share > 0.999 && share < 1.001);
    assert_string_equal(parts[0].name, "forward gemm 1");
    assert_string_equal(parts[part_count - 1].name, "update");
    free(rows);
    free(parts);
}

static void test_verify_says_what_it_checked(void **state) {
    (void)state;
    struct call call = CALL("verify", "transfer", "--threads", "2", "--gpu", "none");
    check_status(&call, 0);
    check_holds(call.out, "cpu-simd");
    check_holds(call.out, " passed, 0 failed, 0 skipped\n");
    call_free(&call);
}

static void test_lists(void **state) {
    (void)state;
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
static void test_variables_that_choose_are_named(void **state) {
    (void)state;
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

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_calls_without_a_command),
        IN_PLACE(test_unknown_names_list_the_known),
        IN_PLACE(test_what_is_said_twice_is_refused),
        IN_PLACE(test_lists_of_gpus_are_csv_on_request),
        IN_PLACE(test_nothing_to_explain_is_refused),
        IN_PLACE(test_a_bad_choice_is_refused),
        IN_PLACE(test_a_missing_file_is_a_mistake_of_the_call),
        IN_PLACE(test_an_operation_is_counted_and_explained),
        IN_PLACE(test_an_emulated_run_measures_no_cpu_that_it_does_not_time),
        IN_PLACE(test_counts_of_sampled_blocks_are_said_to_be_so),
        IN_PLACE(test_bad_shapes_are_refused),
        IN_PLACE(test_a_shape_that_cannot_fit_is_refused),
        IN_PLACE(test_bad_numbers_are_refused),
        IN_PLACE(test_shared_options_have_one_range),
        IN_PLACE(test_a_gpu_that_is_not_there),
        IN_PLACE(test_places_that_cannot_be_written),
        IN_PLACE(test_an_interrupted_run_goes_on),
        IN_PLACE(test_a_terminated_run_keeps_its_rows),
        IN_PLACE(test_a_killed_run_goes_on),
        IN_PLACE(test_other_settings_do_not_go_on),
        IN_PLACE(test_another_build_does_not_go_on),
        IN_PLACE(test_a_full_disk_keeps_whole_cases),
        IN_PLACE(test_a_disk_that_is_full_from_the_start),
        IN_PLACE(test_a_disk_that_is_full_when_plots_are_drawn),
        IN_PLACE(test_output_that_cannot_be_written),
        IN_PLACE(test_where_nothing_was_measured_nothing_passed),
        IN_PLACE(test_a_finished_run_is_left_alone),
        IN_PLACE(test_the_environment_has_the_seed),
        IN_PLACE(test_json_is_json_and_nothing_else),
        IN_PLACE(test_a_cold_run_and_the_parts_of_a_network),
        IN_PLACE(test_verify_says_what_it_checked),
        IN_PLACE(test_lists),
        IN_PLACE(test_variables_that_choose_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
