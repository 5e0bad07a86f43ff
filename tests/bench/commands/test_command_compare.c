/* `lockstep compare` and `lockstep history` as their users call them: exit statuses, what is said
 * of files that are not what they should be, and that no call changes what it reads.
 */
#include "bench/files/results.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(const char *name) {
    return temporary_path(&here.place, name);
}

/* --- a run that never ran --------------------------------------------------------------------- */

enum { ROWS = 3, SAMPLES = 20 };

static FILE *file_begin(const char *name, const struct csv_format *format) {
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_int_equal(csv_write_header(file, format), 0);
    return file;
}

/* Rows of 1, 2 and 3 ms, the last of them `factor` times as long. */
static void times_write(const char *folder, double factor) {
    char name[64];
    snprintf(name, sizeof name, "%s/results.csv", folder);
    FILE *results = file_begin(name, &result_format);
    snprintf(name, sizeof name, "%s/samples.csv", folder);
    FILE *samples = file_begin(name, &sample_format);
    for (int i = 0; i < ROWS; i++) {
        double seconds = 1e-3 * (i + 1) * (i + 1 == ROWS ? factor : 1.0);
        struct result row = {.key = {"gemm", "nn", "f32", "", "openblas", "cpu", 1, "hot"},
                             .status = "measured",
                             .samples = SAMPLES,
                             .iterations = 1,
                             .median_s = seconds,
                             .low_s = seconds,
                             .high_s = seconds,
                             .mean_s = seconds,
                             .min_s = seconds,
                             .verified = "yes",
                             .energy_j = NAN};
        snprintf(row.key.shape, sizeof row.key.shape, "%dx8x8", i + 1);
        assert_int_equal(csv_write_row(results, &result_format, &row), 0);
        for (int k = 0; k < SAMPLES; k++) {
            struct sample_row sample = {.key = row.key, .sample = k, .seconds = seconds};
            assert_int_equal(csv_write_row(samples, &sample_format, &sample), 0);
        }
    }
    assert_int_equal(fclose(results), 0);
    assert_int_equal(fclose(samples), 0);
}

static void counts_write(const char *folder, int64_t instructions) {
    char name[64];
    snprintf(name, sizeof name, "%s/counters.csv", folder);
    FILE *file = file_begin(name, &counters_format);
    struct counters_row row = {.key = {"gemm", "nn", "f32", "8x8x8", "cuda-naive", "", 0, ""},
                               .kernel = "gemm_naive_nn",
                               .grid = "1x1x1",
                               .block = "32x1x1",
                               .launches = 1,
                               .warp_instructions = instructions,
                               .occupancy = 0.5};
    assert_int_equal(csv_write_row(file, &counters_format, &row), 0);
    assert_int_equal(fclose(file), 0);
}

static void run_write(const char *folder, double factor, int64_t instructions) {
    char name[64];
    if (mkdir(path_of(folder), 0777) != 0)
        assert_int_equal(access(path_of(folder), W_OK), 0);
    times_write(folder, factor);
    counts_write(folder, instructions);
    snprintf(name, sizeof name, "%s/environment.json", folder);
    file_write_text(path_of(name), "{\"state\":\"finished\",\"written\":\"2026-01-01T00:00:00Z\","
                                   "\"build\":{\"commit\":\"c1\"}}");
}

static int runs_make(void **state) {
    (void)state;
    calling_open(&here);
    assert_int_equal(setenv("LOCKSTEP_HISTORY", "history.sqlite", 1), 0);
    run_write("before", 1.0, 1000000000001);
    run_write("after", 1.0, 1000000000001);
    return 0;
}

static int runs_remove(void **state) {
    (void)state;
    calling_close(&here);
    return 0;
}

#define TEST_ON_RUNS(test) TEST_BETWEEN(test, runs_make, runs_remove)

/* --- what is said of runs that can be compared ------------------------------------------------ */

TEST_ON_RUNS(the_same_run_twice) {
    check_call(CALL("compare", "before", "after"), 0, "3 rows timed in both", "");
    check_call(CALL("compare", "--exact", "--strict", "before/results.csv", "after"), 0,
               "0 slower, 0 faster, 3 same", "");
}

TEST_ON_RUNS(a_slower_row) {
    run_write("after", 1.5, 1000000000001);
    check_call(CALL("compare", "before", "after"), 1, "1 slower", "1 row is slower");
    check_call(CALL("compare", "after", "before"), 0, "1 faster", "");
    check_call(CALL("compare", "--csv", "before", "after"), 1,
               "3x8x8,openblas,cpu,1,hot,slower,0.003,0.0045,1.5,1.5,1.5,", "");
    check_call(CALL("compare", "--threshold", "60%", "before", "after"), 0, "3 same", "");
}

/* Two numbers of thirteen digits that differ in the last are both readable. */
TEST_ON_RUNS(counts_of_a_baseline) {
    counts_write("after", 1000000000000);
    check_call(CALL("compare", "before/counters.csv", "after/counters.csv"), 0,
               "warp_instructions: 1000000000001 before, 1000000000000 now\n", "");
    check_call(CALL("compare", "--exact", "before/counters.csv", "after"), 1,
               "warp_instructions: 1000000000001 before, 1000000000000 now\n", "1 count differs");
    check_call(CALL("compare", "after/counters.csv", "before"), 1, ", worse\n", "1 count is worse");
    check_call(CALL("compare", "--csv", "after", "before"), 1, "gemm,nn,f32,1x8x8",
               "1000000000000 before, 1000000000001 now, worse");
}

/* --- what is not there any more --------------------------------------------------------------- */

/* Leaves out the lines of a file that hold the words. */
static void lines_drop(const char *file, const char *words) {
    char *text = file_text(path_of(file)), *kept = NULL;
    size_t size;
    assert_non_null(text);
    FILE *memory = open_memstream(&kept, &size);
    assert_non_null(memory);
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        if (*line && !strstr(line, words))
            assert_true(fprintf(memory, "%s\n", line) > 0);
    assert_int_equal(fclose(memory), 0);
    file_write_text(path_of(file), kept);
    free(kept);
    free(text);
}

TEST_ON_RUNS(a_row_that_has_vanished) {
    lines_drop("after/results.csv", "2x8x8");
    lines_drop("after/samples.csv", "2x8x8");
    check_call(CALL("compare", "before", "after"), 0, "vanished since the baseline: rows 1, kern",
               "warning: rows that the baseline has and the new run does not: 1");
    check_call(CALL("compare", "--missing", "fail", "before", "after"), 1, "rows 1, kernels 0",
               "1 row of the baseline is missing");
    check_call(CALL("compare", "--strict", "before", "after"), 1, "", "is missing");
    check_call(CALL("compare", "--strict", "--missing", "warn", "before", "after"), 0, "", "");
    check_call(CALL("compare", "--missing", "perhaps", "before", "after"), 2, "", "fail or warn");
    struct call more = CALL("compare", "--strict", "after", "before"); /* a new row is no loss */
    check_status(&more, 0);
    assert_string_equal(more.err, "");
    assert_null(strstr(more.out, "vanished"));
    call_free(&more);
}

TEST_ON_RUNS(nothing_in_common) {
    lines_drop("after/results.csv", "x8x8");
    lines_drop("after/samples.csv", "x8x8");
    lines_drop("after/counters.csv", "x8x8");
    check_call(CALL("compare", "before", "after"), 2, "nothing was compared",
               "the runs have no row in common");
    check_call(CALL("compare", "--missing", "warn", "before", "after"), 0, "nothing was compared",
               "warning: nothing was compared");
    check_call(CALL("compare", "--strict", "before", "after"), 1, "", "3 rows of the baseline are");
}

/* Adds a row of the GPU's emulator to the run. */
static void emulated_add(const char *folder, const char *verified) {
    char name[64];
    snprintf(name, sizeof name, "%s/results.csv", folder);
    FILE *file = fopen(path_of(name), "a");
    assert_non_null(file);
    struct result row = {.key = {"gemm", "nn", "f32", "8x8x8", "cuda-naive", "emulated", 0, "hot"},
                         .status = "emulated",
                         .median_s = NAN};
    snprintf(row.verified, sizeof row.verified, "%s", verified);
    assert_int_equal(csv_write_row(file, &result_format, &row), 0);
    assert_int_equal(fclose(file), 0);
}

TEST_ON_RUNS(counts_of_a_wrong_result) {
    emulated_add("before", "yes");
    emulated_add("after", "no");
    check_call(CALL("compare", "before", "after"), 2, "",
               "after/results.csv:5: the row is emulated, and verified is 'no'");
}

/* The new run says that it emulated the row, and its counts are gone. */
TEST_ON_RUNS(counts_that_have_vanished) {
    emulated_add("before", "yes");
    emulated_add("after", "yes");
    check_call(CALL("compare", "--strict", "before", "after"), 0, "all counts equal", "");
    lines_drop("after/counters.csv", "8x8x8");
    check_call(CALL("compare", "before", "after"), 0,
               "vanished since the baseline: rows 0, kernels 1", "kernels not counted any more: 1");
    check_call(CALL("compare", "--strict", "before", "after"), 1, "",
               "1 kernel of the baseline is not counted");
}

/* Times that jump by half from block to block: nobody could tell any row. */
TEST_ON_RUNS(runs_that_prove_nothing) {
    static const char *const folders[] = {"before", "after"};
    for (int f = 0; f < 2; f++) {
        char name[64];
        struct result row = {.key = {"gemm", "nn", "f32", "8x8x8", "openblas", "cpu", 1, "hot"},
                             .status = "measured",
                             .samples = SAMPLES,
                             .iterations = 1,
                             .median_s = 1.5e-3,
                             .low_s = 1e-3,
                             .high_s = 2e-3,
                             .mean_s = 1.5e-3,
                             .min_s = 1e-3,
                             .noise = 0.67,
                             .verified = "yes"};
        snprintf(name, sizeof name, "%s/results.csv", folders[f]);
        FILE *results = file_begin(name, &result_format);
        assert_int_equal(csv_write_row(results, &result_format, &row), 0);
        assert_int_equal(fclose(results), 0);
        snprintf(name, sizeof name, "%s/samples.csv", folders[f]);
        FILE *samples = file_begin(name, &sample_format);
        for (int k = 0; k < SAMPLES; k++) {
            struct sample_row sample = {
                .key = row.key, .sample = k, .seconds = k / 2 % 2 ? 2e-3 : 1e-3};
            assert_int_equal(csv_write_row(samples, &sample_format, &sample), 0);
        }
        assert_int_equal(fclose(samples), 0);
    }
    check_call(CALL("compare", "--strict", "before", "after"), 0,
               "no timed row could be told, so that nothing is proved about times", "");
    check_call(CALL("compare", "--json", "before", "after"), 0, "\"proves_nothing\":\ttrue", "");
}

/* --- bad files -------------------------------------------------------------------------------- */

/* Both commands name the file and change none. */
static void check_refused(const char *file, const char *bytes, size_t size, const char *words) {
    run_write("bad", 1.0, 1000000000001);
    file_write(path_of(file), bytes, size);
    check_call(CALL("compare", "before", "bad"), 2, "", words);
    check_call(CALL("compare", "bad", "before"), 2, "", words);
    check_call(CALL("history", "record", "bad"), 2, "", words);
    char *now = file_text(path_of(file));
    assert_memory_equal(now, bytes, size);
    free(now);
    assert_int_not_equal(access(path_of("history.sqlite"), F_OK), 0);
}

/* The text with `after` in the place of the first `before`, to be freed. */
static char *edited(const char *text, const char *before, const char *after) {
    const char *place = strstr(text, before);
    char *result = NULL;
    assert_non_null(place);
    assert_true(asprintf(&result, "%.*s%s%s", (int)(place - text), text, after,
                         place + strlen(before)) > 0);
    return result;
}

TEST_ON_RUNS(bad_files_are_named) {
    static const struct {
        const char *file, *before, *after, *words;
    } edits[] = {
        {"bad/results.csv", "operation,", "procedure,", "bad/results.csv:1: the header's field 1"},
        {"bad/results.csv", "\n", ",rhyme\n", "one more column 'rhyme'"},
        {"bad/results.csv", "2x8x8", "1x8x8", "bad/results.csv:3: the row of line 2 comes a sec"},
        {"bad/results.csv", "0.002", "nan", "bad/results.csv:3: median_s is NaN"},
        {"bad/samples.csv", "hot,7,", "hot,8,", "bad/samples.csv:9: sample 8 does not follow"},
        {"bad/results.csv", "20,1,0.002", "20,1,0.003", "bad/samples.csv:22: the median of"},
        {"bad/counters.csv", "kernel,", "seed,", "bad/counters.csv:1: the header's field"},
        {"bad/environment.json", "{", "", "bad/environment.json:1: this is not a JSON object"},
        {"bad/environment.json", "{", "{\"a\": 1, \"a\": 2, ", "there are two members 'a' in one"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        run_write("bad", 1.0, 1000000000001);
        char *whole = file_text(path_of(edits[i].file));
        assert_non_null(whole);
        char *text = edited(whole, edits[i].before, edits[i].after);
        check_refused(edits[i].file, text, strlen(text), edits[i].words);
        free(text);
        free(whole);
    }
}

TEST_ON_RUNS(files_that_are_binary) {
    static const char bytes[] = "operation\n\x7f"
                                "ELF\0\1\2";
    check_refused("bad/results.csv", bytes, sizeof bytes, "bad/results.csv:2: the line holds byte");
    check_refused("bad/samples.csv", bytes, sizeof bytes, "bad/samples.csv:2: the line holds byte");
}

TEST_ON_RUNS(files_that_are_cut_off) {
    static const char *const files[] = {"bad/results.csv", "bad/samples.csv", "bad/counters.csv"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        run_write("bad", 1.0, 1000000000001);
        char *whole = file_text(path_of(files[i]));
        assert_non_null(whole);
        check_refused(files[i], whole, strlen(whole) - 2, "the last line is cut off");
        free(whole);
    }
}

TEST_ON_RUNS(what_is_no_run) {
    check_call(CALL("compare", "before", "nowhere"), 2, "", "cannot read nowhere");
    check_call(CALL("compare", "before", "."), 2, "", "holds no run");
    assert_int_equal(mkdir(path_of("trained"), 0777), 0);
    file_write_text(path_of("trained/training.csv"), "");
    check_call(CALL("compare", "before", "trained"), 2, "", "trained holds no run of");
    check_call(CALL("history", "record", "trained"), 2, "", "but a training");
    check_call(CALL("compare", "before", "after/environment.json"), 2, "", "neither the folder of");
    check_call(CALL("compare", "before"), 2, "", "compare wants two runs");
}

/* --- the history ------------------------------------------------------------------------------ */

TEST_ON_RUNS(a_run_goes_into_the_history) {
    check_call(CALL("history", "show", "*"), 2, "", "there is no history at history.sqlite");
    check_call(CALL("history", "record", "before"), 0, "recorded before, rows: 3", "");
    check_call(CALL("history", "record", "before"), 0, "is in history.sqlite already", "");
    check_call(CALL("history", "record", "before", "--out", "elsewhere"), 2, "",
               "--out is for plot; LOCKSTEP_HISTORY names the history's file");
    check_call(CALL("history", "list", "--out", "elsewhere"), 2, "", "--out is for plot");
    check_call(CALL("history", "record", "before", "--machine", "small"), 0, "recorded before", "");
    check_call(CALL("history", "list", "--machine", "small"), 0, "  c1  ", "");
    check_call(CALL("history", "list", "--machine", "large"), 2, "", "under the name 'large'");
    check_call(CALL("history", "show", "gemm/nn/f32/3x8x8"), 0, "3.00 ms, 1 run\n", "");
    check_call(CALL("history", "show", "gemm/tn/*"), 2, "", "no measured row of a case like");
}

/* Records `before` as the run of commit c<number>, taken on that day, its last row `factor` times
 * as long. */
static void record(int number, double factor) {
    char text[160];
    run_write("before", factor, 1000000000001);
    snprintf(
        text, sizeof text,
        "{\"state\":\"finished\",\"written\":\"2026-01-%02dT00:00:00Z\",\"cpu\":{\"model\":\"X\"},"
        "\"build\":{\"commit\":\"c%d\"}}",
        number + 1, number);
    file_write_text(path_of("before/environment.json"), text);
    check_call(CALL("history", "record", "before"), 0, "recorded before", "");
}

TEST_ON_RUNS(levels_that_got_worse) {
    for (int i = 0; i < 24; i++)
        record(i, i < 12 ? 1.0 : 1.5);
    check_call(CALL("history", "check", "c3"), 1,
               "gemm/nn/f32/3x8x8 openblas, cpu, 1 thread, hot: 3.00 ms, now 4.50 ms, slower by "
               "50.0% since c12, 2026-01-13T00:00:00Z",
               "1 of 3 series is slower since c3");
    check_call(CALL("history", "check", "c3"), 1, "series with runs of c3: 3, slower since: 1\n",
               "");
    check_call(CALL("history", "check", "c20"), 0, "series with runs of c20: 3, slower since: 0",
               "");
    check_call(CALL("history", "check", "c20aa99-dirty"), 0, "slower since: 0", "");
    check_call(CALL("history", "check", "d1"), 2, "", "no run of revision 'd1' is on record");
    check_call(CALL("history", "check", "c3", "--machine", "none"), 2, "", "no run of revision");
    check_call(CALL("history", "check"), 2, "", "the call is `lockstep history check REVISION`");
}

/* Of runs that are too few, so that nothing can be found in them. */
TEST_ON_RUNS(levels_of_too_few_runs) {
    record(1, 1.0);
    record(2, 2.0);
    check_call(CALL("history", "check", "c1"), 0, "in which no step is found: 3", "");
}

TEST_ON_RUNS(a_run_against_the_history) {
    for (int i = 0; i < 12; i++)
        record(i, 1.0 + 0.001 * (i % 3));
    record(20, 1.0);
    check_call(CALL("compare", "--strict", "--against-history", "before"), 0,
               "3 rows timed in both, threshold 5%: 0 slower, 0 faster, 3 same", "");
    record(21, 1.5); /* is on record, and not compared with itself */
    check_call(CALL("compare", "--against-history", "before"), 1, "1 slower, 0 faster, 2 same",
               "1 row is slower");
    check_call(CALL("compare", "--against-history", "after"), 2, "", "no other run of machine");
    check_call(CALL("compare", "--against-history", "before", "after"), 2, "", "wants one run");
    check_call(CALL("compare", "--against-history"), 2, "", "wants one run");
    check_call(CALL("compare", "before", "after", "--machine", "small"), 2, "",
               "--machine goes with");
    check_call(CALL("compare", "--against-history", "before", "--machine", "small"), 2, "",
               "the name that they were recorded under");
    check_call(CALL("history", "record", "before", "--machine", "small"), 0, "recorded", "");
    record(22, 1.5);
    check_call(CALL("compare", "--against-history", "before", "--machine", "small"), 0,
               "3 rows timed in both", "");
}

/* With or without gnuplot. */
TEST_ON_RUNS(a_plot_goes_into_a_folder_that_is_made) {
    check_call(CALL("history", "record", "before"), 0, "recorded", "");
    struct call call = CALL("history", "plot", "gemm/*", "--out", "plots/of/history");
    call_free(&call);
    assert_int_equal(access(path_of("plots/of/history/history.gp"), R_OK), 0);
}
