/* Two runs side by side, from folders made for the purpose: verdicts, statuses, counts, settings,
 * and files that are refused.
 */
#include "bench/regression/compare.h"
#include "bench/statistics/statistics.h"
#include "common/random.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- folders of runs -------------------------------------------------------------------------- */

enum { ROWS = 8, SAMPLES = 40, PATH_SIZE = 600 };

/* Two folders, and what the last comparison of them made. */
struct made {
    struct temporary place;
    char baseline[PATH_SIZE], changed[PATH_SIZE];
    bool compared;
    struct run_files files[2];
    struct comparison comparison;
};

/* Two rows a case, of two implementations, or one. */
static struct row_key key_of(size_t row, bool two) {
    struct row_key key = {.operation = "gemm",
                          .variant = "nn",
                          .dtype = "f32",
                          .device = "cpu",
                          .threads = 1,
                          .mode = "hot"};
    snprintf(key.shape, sizeof key.shape, "%zux64x64", 64 * ((two ? row / 2 : row) + 1));
    snprintf(key.implementation, sizeof key.implementation, "%s",
             two && row % 2 ? "onednn" : "openblas");
    return key;
}

static FILE *file_open(const char *folder, const char *name) {
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

/* Writes a run whose row i takes `factors[i]` milliseconds, give or take `spread`. */
static void run_make_of(const char *folder, const double factors[ROWS], double spread,
                        uint64_t stream, bool two) {
    assert_true(mkdir(folder, 0777) == 0 || errno == EEXIST);
    FILE *results = file_open(folder, "results.csv"), *samples = file_open(folder, "samples.csv");
    assert_int_equal(csv_write_header(results, &result_format), 0);
    assert_int_equal(csv_write_header(samples, &sample_format), 0);
    for (size_t i = 0; i < ROWS; i++) {
        double seconds[SAMPLES], scratch[SAMPLES];
        struct statistics s;
        for (uint64_t k = 0; k < SAMPLES; k++) {
            struct sample_row row = {.key = key_of(i, two), .sample = (int64_t)k};
            row.seconds = 1e-3 * factors[i] *
                          (1.0 + (double)random_uniform(5, stream + i, k, 0.0f, (float)spread));
            seconds[k] = row.seconds;
            assert_int_equal(csv_write_row(samples, &sample_format, &row), 0);
        }
        statistics_compute(seconds, SAMPLES, scratch, &s);
        struct result row = {.key = key_of(i, two),
                             .status = "measured",
                             .samples = SAMPLES,
                             .iterations = 1,
                             .median_s = s.median,
                             .low_s = s.low,
                             .high_s = s.high,
                             .mean_s = s.mean,
                             .min_s = s.min,
                             .noise = s.noise,
                             .verified = "yes",
                             .energy_j = NAN};
        assert_int_equal(csv_write_row(results, &result_format, &row), 0);
    }
    assert_int_equal(fclose(results), 0);
    assert_int_equal(fclose(samples), 0);
}

static void run_make(const char *folder, const double factors[ROWS], double spread,
                     uint64_t stream) {
    run_make_of(folder, factors, spread, stream, false);
}

static const double even[ROWS] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};

static int folders_make(void **state) {
    struct made *made = calloc(1, sizeof *made);
    assert_non_null(made);
    temporary_open(&made->place);
    snprintf(made->baseline, sizeof made->baseline, "%s", temporary_path(&made->place, "before"));
    snprintf(made->changed, sizeof made->changed, "%s", temporary_path(&made->place, "after"));
    run_make(made->baseline, even, 0.02, 0);
    run_make(made->changed, even, 0.02, 100);
    *state = made;
    return 0;
}

static void comparison_close(struct made *made) {
    if (!made->compared)
        return;
    made->compared = false;
    comparison_release(&made->comparison);
    run_files_release(&made->files[1]);
    run_files_release(&made->files[0]);
}

static int folders_remove(void **state) {
    struct made *made = *state;
    comparison_close(made);
    temporary_close(&made->place);
    free(made);
    return 0;
}

#define TEST_ON_FOLDERS(test) TEST_BETWEEN(test, folders_make, folders_remove)

static void file_make(const char *folder, const char *name, const char *text) {
    FILE *file = file_open(folder, name);
    assert_true(fputs(text, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

static char *folder_file_text(const char *folder, const char *name) {
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = file_text(path);
    assert_non_null(text);
    return text;
}

/* Puts `after` where `before` first stands in the file. */
static void file_edit(const char *folder, const char *name, const char *before, const char *after) {
    char *text = folder_file_text(folder, name);
    const char *place = strstr(text, before);
    assert_non_null(place);
    FILE *file = file_open(folder, name);
    fwrite(text, 1, (size_t)(place - text), file);
    fputs(after, file);
    fputs(place + strlen(before), file);
    assert_int_equal(fclose(file), 0);
    free(text);
}

/* --- comparing -------------------------------------------------------------------------------- */

static const struct compare_rule rule = {.verdict = {0.05, 0.05}};

/* Valid until the next one of the same folders. */
static const struct comparison *compare_with(struct made *made, const struct compare_rule *with) {
    struct message message = {""};
    comparison_close(made);
    if (run_files_read(made->baseline, &made->files[0], &message) != STATUS_OK ||
        run_files_read(made->changed, &made->files[1], &message) != STATUS_OK ||
        compare_runs(&made->files[0], &made->files[1], with, &made->comparison, &message) !=
            STATUS_OK)
        fail_msg("%s", message.text);
    made->compared = true;
    return &made->comparison;
}

static const struct comparison *compare(struct made *made) {
    return compare_with(made, &rule);
}

static void check_status_with(const struct compare_rule *with, const struct comparison *comparison,
                              enum status status, const char *text) {
    struct message message = {""};
    assert_int_equal(comparison_status(comparison, with, &message), status);
    assert_string_equal(message.text, text);
}

static void check_status(const struct comparison *comparison, enum status status,
                         const char *text) {
    check_status_with(&rule, comparison, status, text);
}

TEST_ON_FOLDERS(a_build_with_itself) {
    const struct comparison *comparison = compare(*state);
    assert_int_equal(comparison->verdicts[VERDICT_SAME], ROWS);
    assert_int_equal(comparison->row_count, ROWS);
    check_status(comparison, STATUS_OK, "");
}

TEST_ON_FOLDERS(one_row_is_slower) {
    struct made *made = *state;
    double factors[ROWS];
    memcpy(factors, even, sizeof factors);
    factors[3] *= 1.1;
    run_make(made->changed, factors, 0.02, 100);
    const struct comparison *comparison = compare(made);
    const struct compared_row *row = &comparison->rows[3];
    assert_string_equal(row->baseline->key.shape, "256x64x64");
    assert_int_equal(row->judgement.verdict, VERDICT_SLOWER);
    assert_true(row->judgement.ratio.low > 1.08 && row->judgement.ratio.high < 1.12);
    assert_int_equal(comparison->verdicts[VERDICT_SLOWER], 1);
    assert_int_equal(comparison->verdicts[VERDICT_SAME], ROWS - 1);
    check_status(comparison, STATUS_WRONG, "1 row is slower");
}

/* All rows alike: the build, not the machine, whose doing would differ from row to row. */
TEST_ON_FOLDERS(all_rows_are_faster) {
    struct made *made = *state;
    double factors[ROWS];
    for (int i = 0; i < ROWS; i++)
        factors[i] = 0.8 * even[i];
    run_make(made->changed, factors, 0.02, 100);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->verdicts[VERDICT_FASTER], ROWS);
    check_status(comparison, STATUS_OK, "");
}

static void check_nothing_told(struct made *made, const char *reason) {
    const struct comparison *comparison = compare(made);
    size_t told = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct judgement *judgement = &comparison->rows[i].judgement;
        assert_true(judgement->p <= 0.05 || judgement->verdict == VERDICT_SAME ||
                    judgement->verdict == VERDICT_CANNOT_TELL);
        if (judgement->verdict == VERDICT_CANNOT_TELL && !strstr(judgement->reason, reason))
            fail_msg("\"%s\" should hold \"%s\"", judgement->reason, reason);
        told += judgement->verdict != VERDICT_CANNOT_TELL;
    }
    assert_int_equal(comparison->verdicts[VERDICT_SLOWER], 0);
    assert_int_equal(comparison->verdicts[VERDICT_FASTER], 0);
    assert_in_range(told, 0, 1);
}

/* Every row moved, each by another amount and each for sure: that is the machine. */
TEST_ON_FOLDERS(unlike_runs_tell_nothing) {
    struct made *made = *state;
    double factors[ROWS];
    for (int i = 0; i < ROWS; i++)
        factors[i] = even[i] * (1.0 + 0.12 * (i + 1));
    run_make(made->changed, factors, 0.02, 100);
    check_nothing_told(made, "unlike runs");
}

TEST_ON_FOLDERS(unsteady_runs_tell_nothing) {
    struct made *made = *state;
    double factors[ROWS];
    for (int i = 0; i < ROWS; i++)
        factors[i] = 3.0 * even[i];
    run_make(made->changed, factors, 1.0, 100);
    check_nothing_told(made, "uncertain by");
}

/* Both implementations of one case slow down: a neighbour came for as long as it was sampled. One
 * of the two alone: that is its code. */
TEST_ON_FOLDERS(a_case_that_moved_as_a_whole) {
    struct made *made = *state;
    double factors[ROWS];
    memcpy(factors, even, sizeof factors);
    factors[2] *= 1.3;
    factors[3] *= 1.2;
    factors[6] *= 1.2;
    run_make_of(made->baseline, even, 0.02, 0, true);
    run_make_of(made->changed, factors, 0.02, 100, true);
    const struct comparison *comparison = compare(made);
    const struct compared_row *rows = comparison->rows;
    assert_int_equal(rows[2].judgement.verdict, VERDICT_CANNOT_TELL);
    assert_string_equal(rows[2].judgement.reason,
                        "the other implementations of the case moved by +20% too");
    assert_int_equal(rows[3].judgement.verdict, VERDICT_CANNOT_TELL);
    assert_int_equal(rows[6].judgement.verdict, VERDICT_SLOWER);
    assert_int_equal(rows[7].judgement.verdict, VERDICT_SAME);
}

/* Runs that differ by some percent everywhere, and one row by more. Sampled alone it could be a
 * neighbour's doing; beside another implementation that stood still it is its own. */
TEST_ON_FOLDERS(a_row_that_was_sampled_alone) {
    struct made *made = *state;
    static const double drift[ROWS] = {1.0, 1.03, 0.97, 1.0, 1.03, 0.97, 1.5, 1.0};
    double factors[ROWS];
    for (int i = 0; i < ROWS; i++)
        factors[i] = drift[i] * even[i];
    for (int two = 0; two < 2; two++) {
        run_make_of(made->baseline, even, 0.02, 0, two != 0);
        run_make_of(made->changed, factors, 0.02, 100, two != 0);
        const struct comparison *comparison = compare(made);
        const struct judgement *judgement = &comparison->rows[6].judgement;
        assert_int_equal(judgement->verdict, two ? VERDICT_SLOWER : VERDICT_CANNOT_TELL);
        assert_int_equal(strncmp(judgement->reason, "sampled alone", 13) == 0, !two);
    }
}

TEST(the_spread_of_most) {
    double few[] = {0.0, 1.0, 2.0, 3.0};
    assert_true(spread_of_most(few, 4) == 0.0);
    /* Of 11 values six hold the shortest half: 0 to 5, whatever the others are. */
    double values[] = {1e9, 3.0, 100.0, 0.0, 4.0, -1e9, 1.0, 200.0, 2.0, 5.0, 400.0};
    assert_true(fabs(spread_of_most(values, 11) - 0.7413 * 1.5 * 5.0) < 1e-12);
}

/* --- rows of one side, statuses --------------------------------------------------------------- */

static size_t rows_paired(const struct comparison *comparison, enum pairing pairing) {
    size_t count = 0;
    for (size_t i = 0; i < comparison->row_count; i++)
        count += comparison->rows[i].pairing == pairing;
    assert_int_equal(count, comparison->pairings[pairing]);
    return count;
}

TEST_ON_FOLDERS(rows_of_one_side) {
    struct made *made = *state;
    char *results = folder_file_text(made->changed, "results.csv");
    char *samples = folder_file_text(made->changed, "samples.csv");
    *strstr(results, "gemm,nn,f32,512x") = '\0';
    *strstr(samples, "gemm,nn,f32,512x") = '\0';
    file_make(made->changed, "results.csv", results);
    file_make(made->changed, "samples.csv", samples);
    free(results);
    free(samples);
    const struct comparison *comparison = compare(made);
    assert_int_equal(rows_paired(comparison, PAIR_BASELINE_ONLY), 1);
    assert_int_equal(rows_paired(comparison, PAIR_NEW_ONLY), 0);
    check_status(comparison, STATUS_OK, "");
    char path[PATH_SIZE];
    memcpy(path, made->baseline, PATH_SIZE);
    memcpy(made->baseline, made->changed, PATH_SIZE);
    memcpy(made->changed, path, PATH_SIZE);
    comparison = compare(made);
    assert_int_equal(rows_paired(comparison, PAIR_NEW_ONLY), 1);
    assert_string_equal(compared_row_word(&comparison->rows[ROWS - 1]), "only in the new");
}

static void status_change(const struct made *made, const char *status) {
    char *samples = folder_file_text(made->changed, "samples.csv");
    char *from = strstr(samples, "gemm,nn,f32,64x"), *to = strstr(samples, "gemm,nn,f32,128x");
    memmove(from, to, strlen(to) + 1);
    file_make(made->changed, "samples.csv", samples);
    free(samples);
    char line[200];
    snprintf(line, sizeof line, "gemm,nn,f32,64x64x64,openblas,cpu,1,hot,%s", status);
    file_edit(made->changed, "results.csv", "gemm,nn,f32,64x64x64,openblas,cpu,1,hot,measured",
              line);
}

TEST_ON_FOLDERS(a_row_that_fails_is_a_regression) {
    status_change(*state, "failed");
    const struct comparison *comparison = compare(*state);
    char reason[600];
    compared_row_reason(&comparison->rows[0], reason, sizeof reason);
    assert_string_equal(compared_row_word(&comparison->rows[0]), "failed now");
    assert_string_equal(reason, "measured before, now failed");
    check_status(comparison, STATUS_WRONG, "1 row fails now");
}

TEST_ON_FOLDERS(a_row_that_is_skipped_is_named) {
    status_change(*state, "skipped");
    const struct comparison *comparison = compare(*state);
    assert_int_equal(rows_paired(comparison, PAIR_STATUS), 1);
    check_status(comparison, STATUS_OK, "");
}

/* Without samples a row can be the same, or one cannot tell. */
TEST_ON_FOLDERS(results_alone) {
    struct made *made = *state;
    double factors[ROWS];
    memcpy(factors, even, sizeof factors);
    factors[3] *= 2.0;
    run_make(made->changed, factors, 0.02, 100);
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/samples.csv", made->changed);
    assert_int_equal(remove(path), 0);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->verdicts[VERDICT_SAME], ROWS - 1);
    assert_int_equal(comparison->rows[3].judgement.verdict, VERDICT_CANNOT_TELL);
}

/* Runs of a version that named no base of its speedups are compared all the same. */
TEST_ON_FOLDERS(runs_of_an_earlier_version) {
    struct made *made = *state;
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/results.csv", made->baseline);
    for (size_t i = 0; i < result_format.later_columns; i++)
        file_drop_last_column(path);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->verdicts[VERDICT_SAME], ROWS);
}

/* --- counts ----------------------------------------------------------------------------------- */

static void counters_make(const char *folder, const char *kernel, int64_t instructions,
                          double occupancy) {
    FILE *file = file_open(folder, "counters.csv");
    assert_int_equal(csv_write_header(file, &counters_format), 0);
    for (int i = 0; i < 2; i++) {
        struct counters_row row = {.key = key_of((size_t)i, false),
                                   .grid = "4x1x1",
                                   .block = "256x1x1",
                                   .launches = 1,
                                   .warp_instructions = i ? instructions : 1000,
                                   .occupancy = occupancy};
        snprintf(row.kernel, sizeof row.kernel, "%s", i ? kernel : "gemm_naive_nn");
        assert_int_equal(csv_write_row(file, &counters_format, &row), 0);
    }
    assert_int_equal(fclose(file), 0);
}

/* Fewer is better, and this is none. */
TEST_ON_FOLDERS(a_negative_count_is_refused) {
    const struct made *made = *state;
    struct run_files files;
    struct message message = {""};
    counters_make(made->changed, "gemm_tiled_nn", -5, 0.5);
    assert_int_equal(run_files_read(made->changed, &files, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "counters.csv:3: warp_instructions is '-5', not a count"));
}

TEST_ON_FOLDERS(one_instruction_more) {
    struct made *made = *state;
    counters_make(made->baseline, "gemm_tiled_nn", 1000, 0.5);
    counters_make(made->changed, "gemm_tiled_nn", 1001, 0.5);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->count_count, 1);
    assert_string_equal(comparison->counts[0].counter, "warp_instructions");
    assert_string_equal(comparison->counts[0].kernel, "gemm_tiled_nn 4x1x1 x 256x1x1");
    assert_true(comparison->counts[0].baseline == 1000.0 &&
                comparison->counts[0].changed == 1001.0);
    check_status(comparison, STATUS_WRONG, "1 count is worse");
    const struct compare_rule lenient = {.verdict = {0.05, 0.05}, .counters_threshold = 0.001};
    comparison = compare_with(made, &lenient);
    assert_int_equal(comparison->count_count, 1); /* named all the same */
    check_status(comparison, STATUS_OK, "");
}

TEST_ON_FOLDERS(fewer_counts_are_named_and_pass) {
    struct made *made = *state;
    counters_make(made->baseline, "gemm_tiled_nn", 1000, 0.5);
    counters_make(made->changed, "gemm_tiled_nn", 900, 0.75);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->count_count, 3); /* instructions, and occupancy twice */
    check_status(comparison, STATUS_OK, "");
    counters_make(made->changed, "gemm_tiled_nn", 1000, 0.25);
    comparison = compare(made);
    check_status(comparison, STATUS_WRONG, "2 counts are worse");
}

/* Counters that the baseline's version did not know yet are named and not compared. */
TEST_ON_FOLDERS(counts_of_an_earlier_version) {
    struct made *made = *state;
    char path[2300];
    counters_make(made->baseline, "gemm_tiled_nn", 1000, 0.5);
    counters_make(made->changed, "gemm_tiled_nn", 1000, 0.5);
    file_edit(made->changed, "counters.csv", ",0\n", ",19476\n");
    snprintf(path, sizeof path, "%s/counters.csv", made->baseline);
    file_drop_last_column(path);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->counters_absent, 1);
    assert_int_equal(comparison->count_count, 0);
    check_status(comparison, STATUS_OK, "");
}

/* A kernel under a new name: the whole decides. */
TEST_ON_FOLDERS(another_kernel) {
    struct made *made = *state;
    counters_make(made->baseline, "gemm_tiled_nn", 1000, 0.5);
    counters_make(made->changed, "gemm_other_nn", 1200, 0.5);
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->kernel_count, 2);
    assert_false(comparison->kernels[0].added);
    assert_true(comparison->kernels[1].added);
    assert_string_equal(comparison->counts[0].kernel, "all kernels");
    assert_true(comparison->counts[0].changed == 1200.0);
    check_status(comparison, STATUS_WRONG, "1 count is worse");
}

/* Counts beside counts: there are no rows of results that would name what one side alone has. */
TEST_ON_FOLDERS(counts_alone) {
    struct made *made = *state;
    counters_make(made->baseline, "gemm_tiled_nn", 1000, 0.5);
    counters_make(made->changed, "gemm_tiled_nn", 900, 0.5);
    file_edit(made->changed, "counters.csv", "gemm,nn,f32,64x64x64,openblas,",
              "gemm,nn,f32,64x64x64,onednn,");
    snprintf(made->changed, sizeof made->changed, "%s",
             temporary_path(&made->place, "after/counters.csv"));
    const struct compare_rule exact = {.verdict = {0.05, 0.05}, .exact = true};
    const struct comparison *comparison = compare_with(made, &exact);
    assert_true(comparison->counters_only);
    assert_int_equal(comparison->row_count, 0);
    assert_int_equal(comparison->difference_count, 0); /* counts know no machine */
    assert_int_equal(comparison->kernels_compared, 1);
    assert_int_equal(comparison->count_count, 1);
    assert_true(comparison->counts[0].baseline == 1000.0 && comparison->counts[0].changed == 900.0);
    assert_int_equal(comparison->kernel_count, 2);
    assert_string_equal(comparison->kernels[0].row->key.implementation, "onednn");
    assert_true(comparison->kernels[0].added);
    assert_string_equal(comparison->kernels[1].row->key.implementation, "openblas");
    assert_false(comparison->kernels[1].added);
    check_status_with(&exact, comparison, STATUS_WRONG,
                      "1 count differs, 2 kernels are of one side only");
    check_status(comparison, STATUS_OK, "");
}

/* A folder with counts and nothing else, beside a whole run. */
TEST_ON_FOLDERS(a_baseline_of_counts) {
    struct made *made = *state;
    counters_make(made->changed, "gemm_tiled_nn", 1000, 0.5);
    snprintf(made->baseline, sizeof made->baseline, "%s", temporary_path(&made->place, "counts"));
    assert_int_equal(mkdir(made->baseline, 0777), 0);
    counters_make(made->baseline, "gemm_tiled_nn", 1000, 0.5);
    const struct compare_rule exact = {.verdict = {0.05, 0.05}, .exact = true};
    const struct comparison *comparison = compare_with(made, &exact);
    assert_int_equal(comparison->row_count, 0);
    assert_int_equal(comparison->kernels_compared, 2);
    check_status_with(&exact, comparison, STATUS_OK, "");
}

/* --- settings --------------------------------------------------------------------------------- */

TEST_ON_FOLDERS(settings_that_differ) {
    struct made *made = *state;
    file_make(made->baseline, "environment.json",
              "{\"state\":\"finished\",\"host\":\"a\",\"threads\":2,"
              "\"cpu\":{\"model\":\"X\",\"load\":1},\"libraries\":{\"openblas\":\"0.3.21\"},"
              "\"build\":{\"commit\":\"1\",\"flags\":\"-O3\"}}");
    file_make(made->changed, "environment.json",
              "{\"state\":\"finished\",\"host\":\"a\",\"threads\":2,"
              "\"cpu\":{\"model\":\"X\",\"load\":2},\"libraries\":{\"openblas\":\"0.3.26\","
              "\"onednn\":\"3\"},\"build\":{\"commit\":\"2\",\"flags\":\"-O3\"}}");
    const struct comparison *comparison = compare(made);
    assert_int_equal(comparison->difference_count, 2); /* neither the load nor the commit */
    assert_string_equal(comparison->differences[0].name, "libraries openblas");
    assert_string_equal(comparison->differences[0].baseline, "0.3.21");
    assert_string_equal(comparison->differences[0].changed, "0.3.26");
    assert_string_equal(comparison->differences[1].name, "libraries onednn");
    assert_string_equal(comparison->differences[1].baseline, "nothing");
}

/* --- files that are refused ------------------------------------------------------------------- */

static void check_refused(const struct made *made, const char *words) {
    struct run_files files;
    struct message message = {""};
    if (run_files_read(made->changed, &files, &message) != STATUS_INVALID)
        fail_msg("should be refused with \"%s\"", words);
    if (!strstr(message.text, words))
        fail_msg("\"%s\" should hold \"%s\"", message.text, words);
}

TEST_ON_FOLDERS(bad_files_are_refused) {
    const struct made *made = *state;
    static const struct {
        const char *file, *before, *after, *words;
    } edits[] = {
        {"results.csv", "operation,variant", "variant,operation",
         "results.csv:1: the header's field 1"},
        {"results.csv", ",limit_doubtful\n", ",limit_doubtful,novelty\n",
         "results.csv:1: the header has one more column 'novelty'"},
        {"results.csv", ",reason,speedup_base,limit_doubtful\n", "\n",
         "results.csv:1: the header's field 30 should be 'reason'"},
        {"results.csv", "gemm,nn,f32,128x64x64", "gemm,nn,f32,64x64x64",
         "results.csv:3: the row of line 2 comes a second time"},
        {"results.csv", ",measured,40,", ",measured,nan,", "results.csv:2: samples is 'nan'"},
        {"results.csv", ",measured,", ",finished,", "results.csv:2: the status 'finished'"},
        {"results.csv", ",measured,40,", ",measured,39,", "results.csv:2: the row has 39 samples"},
        {"results.csv", ",measured,40,1,0.0010", ",measured,40,1,0.0019",
         "samples.csv:2: the median of these samples"},
        {"results.csv", ",measured,40,1,0.0010", ",measured,40,1,nan",
         "results.csv:2: median_s is NaN"},
        {"results.csv", ",yes,", ",no,",
         "results.csv:2: the row is measured, and verified is 'no'"},
        {"results.csv", ",measured,", ",emulated,",
         "results.csv:2: the row is emulated and has a time"},
        {"samples.csv", "hot,3,", "hot,4,", "samples.csv:5: sample 4 does not follow"},
        {"samples.csv", "hot,3,0.001", "hot,3,nan", "samples.csv:5: seconds is NaN"},
        {"samples.csv", "hot,3,0.001", "hot,3,-0.001",
         "samples.csv:5: seconds are empty or no time"},
        {"samples.csv", "seconds\n", "minutes\n",
         "samples.csv:1: the header's field 10 should be 'seconds', not 'minutes'"},
        {"samples.csv", "gemm,nn,f32,64x64x64,openblas,cpu,1,hot,0,",
         "gemm,nn,f32,64x64x64,onednn,cpu,1,hot,0,", "samples.csv:3: sample 1 does not follow"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        run_make(made->changed, even, 0.02, 100);
        file_edit(made->changed, edits[i].file, edits[i].before, edits[i].after);
        check_refused(made, edits[i].words);
    }
}

TEST_ON_FOLDERS(truncated_files_are_refused) {
    const struct made *made = *state;
    static const struct {
        const char *file, *words;
    } files[] = {{"results.csv", "results.csv:9: the last line is cut off"},
                 {"samples.csv", "samples.csv:321: the last line is cut off"}};
    for (size_t i = 0; i < 2; i++) {
        run_make(made->changed, even, 0.02, 100);
        char *text = folder_file_text(made->changed, files[i].file);
        text[strlen(text) - 2] = '\0';
        file_make(made->changed, files[i].file, text);
        free(text);
        check_refused(made, files[i].words);
    }
}

TEST_ON_FOLDERS(binary_files_are_refused) {
    const struct made *made = *state;
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/results.csv", made->changed);
    static const char bytes[] = "operation\n\x7f"
                                "ELF\0\1\2";
    file_write(path, bytes, sizeof bytes);
    check_refused(made, "results.csv:2: the line holds bytes that no CSV file has");
}

/* Samples of another run: its rows are others, or there are rows that have none. */
TEST_ON_FOLDERS(samples_of_another_run) {
    const struct made *made = *state;
    char *samples = folder_file_text(made->baseline, "samples.csv");
    file_make(made->changed, "samples.csv", samples);
    free(samples);
    check_refused(made, "they are not of the same run");
    run_make(made->changed, even, 0.02, 100);
    char *results = folder_file_text(made->changed, "results.csv");
    *strstr(results, "gemm,nn,f32,512x") = '\0';
    file_make(made->changed, "results.csv", results);
    free(results);
    check_refused(made, "samples.csv:282: results.csv has no measured row");
    /* A run that was cut short may leave such samples. */
    file_make(made->changed, "environment.json", "{\"state\":\"unfinished\"}");
    struct run_files files;
    struct message message = {""};
    assert_int_equal(run_files_read(made->changed, &files, &message), STATUS_OK);
    assert_int_equal(files.result_count, ROWS - 1);
    run_files_release(&files);
}

TEST_ON_FOLDERS(what_is_no_run_is_refused) {
    struct made *made = *state;
    snprintf(made->changed, sizeof made->changed, "%s", temporary_path(&made->place, "nowhere"));
    check_refused(made, "cannot read");
    snprintf(made->changed, sizeof made->changed, "%s", made->place.path);
    check_refused(made, "holds no run");
    snprintf(made->changed, sizeof made->changed, "%.500s/samples.csv", made->baseline);
    check_refused(made, "neither the folder of a run nor its results.csv or counters.csv");
    struct run_files files;
    struct message message = {""};
    snprintf(made->changed, sizeof made->changed, "%.500s/results.csv", made->baseline);
    assert_int_equal(run_files_read(made->changed, &files, &message), STATUS_OK);
    assert_int_equal(files.sample_count, ROWS * SAMPLES);
    run_files_release(&files);
}
