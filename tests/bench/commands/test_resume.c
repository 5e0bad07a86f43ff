/* What `lockstep run` makes of a folder whose files are not as it left them, and `report` of rows
 * that come twice. Each test begins with a whole run that calls itself unfinished.
 */
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const timed[] = {"run",
                                    "gemm",
                                    "--shape",
                                    "8x8x8,9x9x9",
                                    "--quick",
                                    "--implementation",
                                    "cpu-naive,openblas",
                                    "--max-time",
                                    "0.01",
                                    "--threads",
                                    "1",
                                    "--gpu",
                                    "none",
                                    "--out",
                                    "run",
                                    NULL};
static const char *const counted[] = {"run",
                                      "--case",
                                      "gemm/nn/f32/*",
                                      "--shape",
                                      "8x8x8,16x16x16",
                                      "--implementation",
                                      "cuda-naive,cuda-tiled",
                                      "--gpu",
                                      "emulated",
                                      "--out",
                                      "run",
                                      NULL};

/* The text of a file of the run, to be freed. */
static char *file_of(const char *name) {
    char path[100];
    snprintf(path, sizeof path, "run/%s", name);
    char *text = temporary_text(&here.place, path);
    assert_non_null(text);
    return text;
}

static void file_become(const char *name, const char *text) {
    char path[100];
    snprintf(path, sizeof path, "run/%s", name);
    temporary_write(&here.place, path, text);
}

/* Puts `to` in the place of the first `from`. */
static void file_edit(const char *name, const char *from, const char *to) {
    char *text = file_of(name), *edited = NULL;
    char *at = strstr(text, from);
    if (!at)
        fail_msg("%s does not hold '%s': %s", name, from, text);
    assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    file_become(name, edited);
    free(edited);
    free(text);
}

static void run_make(const char *const *arguments) {
    check_call(call_of(&here, arguments), 0, NULL, NULL);
    file_edit("environment.json", "\"finished\"", "\"unfinished\"");
}

/* How many lines of the file there are, the header apart. */
static size_t rows_of(const char *name) {
    size_t count = 0;
    char *text = file_of(name);
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    free(text);
    return count - 1;
}

/* Resumes the run. Then it has as many rows as before, and is what `compare` and `report` take. */
static void check_resumes(const char *const *arguments, size_t rows, const char *said) {
    struct call again = call_of(&here, arguments);
    check_status(&again, 0);
    check_holds(again.out, "resuming the unfinished run in run");
    check_holds(again.out, said);
    call_free(&again);
    assert_int_equal(rows_of("results.csv"), rows);
    check_call(CALL("compare", "--strict", "run", "run"), 0, NULL, NULL);
    file_edit("environment.json", "\"finished\"", "\"unfinished\"");
}

TEST_IN_PLACE(a_damaged_case_is_measured_again) {
    static const struct {
        const char *file, *from, *to;
    } edits[] = {
        {"results.csv", ",yes,", ",no,"},     {"results.csv", ",yes,", ",,"},
        {"results.csv", ",cpu,", ",gpu0,"},   {"results.csv", "cpu-naive", "cpu-\xff"},
        {"results.csv", "9x9x9", "10x10x10"}, {"samples.csv", "hot,3,", "hot,4,"},
        {"samples.csv", ",cpu,", ";cpu;"},    {"cases.csv", "9x9x9", "10x10x10"},
    };
    run_make(timed);
    const size_t rows = rows_of("results.csv");
    assert_int_equal(rows, 2 * 3 * 2);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        file_edit(edits[i].file, edits[i].from, edits[i].to);
        check_resumes(timed, rows, "1 case of it is damaged, and measured again");
    }
    file_become("samples.csv", "");
    check_resumes(timed, rows, "6 cases of it are damaged, and measured again");
    assert_int_equal(unlink(temporary_path(&here.place, "run/samples.csv")), 0);
    check_resumes(timed, rows, "6 cases of it are damaged, and measured again");
}

/* A row that comes twice and one of another shape belong to no case that is done. */
TEST_IN_PLACE(rows_too_many_are_dropped) {
    run_make(timed);
    const size_t rows = rows_of("results.csv");
    char *before = file_of("results.csv"), *again = NULL;
    const char *last = strrchr(before, ',');
    while (last[-1] != '\n')
        last--;
    assert_true(asprintf(&again, "%s%s", before, last) > 0);
    file_become("results.csv", again);
    free(again);
    file_edit("samples.csv", "\n", "\ngemm,nn,f32,7x7x7,openblas,cpu,1,hot,0,0.25\n");
    check_resumes(timed, rows, "");
    char *results = file_of("results.csv"), *samples = file_of("samples.csv");
    assert_string_equal(results, before);
    assert_null(strstr(samples, "7x7x7"));
    free(results);
    free(samples);
    free(before);
}

/* Half of the counts: nothing in results.csv says how many there should be. */
TEST_IN_PLACE(counts_that_are_missing) {
    struct call call = call_of(&here, counted);
    if (call.status == 77 || strstr(call.err, "nothing can be measured")) {
        call_free(&call);
        skip(); /* no kernels in this build */
    }
    call_free(&call);
    file_edit("environment.json", "\"finished\"", "\"unfinished\"");
    const size_t rows = rows_of("results.csv"), counts = rows_of("counters.csv");
    assert_int_equal(rows, 4);
    char *text = file_of("counters.csv");
    text[strlen(text) / 2] = '\0';
    file_become("counters.csv", text);
    free(text);
    check_resumes(counted, rows, "damaged, and");
    assert_int_equal(rows_of("counters.csv"), counts);
    text = file_of("counters.csv");
    char *line = strchr(text, '\n') + 1, *next = strchr(line, '\n') + 1;
    memmove(line, next, strlen(next) + 1);
    file_become("counters.csv", text);
    free(text);
    check_resumes(counted, rows, "1 case of it is damaged, and measured again");
    assert_int_equal(rows_of("counters.csv"), counts);
}

TEST_IN_PLACE(report_refuses_rows_that_come_twice) {
    run_make(timed);
    char *text = file_of("results.csv"), *again = NULL;
    assert_true(asprintf(&again, "%s%s", text, strchr(text, '\n') + 1) > 0);
    file_become("results.csv", again);
    free(again);
    free(text);
    check_call(CALL("report", "run"), 2, NULL,
               "run/results.csv:14: the row of line 2 comes a second time");
}
