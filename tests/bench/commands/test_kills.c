/* Whatever the program is killed at, its files can be used: a run is resumed or reported, a
 * training and a tuning are repeated, a history is recorded into. Nothing is lost that was
 * complete.
 *
 * Every command is killed before some of the calls by which it changes files, spread over all of
 * them. With LOCKSTEP_KILLS=all it is killed before each.
 */
#define TESTS_OWN_MAIN
#include "kernels/kernels.h"
#include "tests/support/killing.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLED = 3 }; /* kills of each command, unless all are asked for */

static char message[200]; /* which kill it was */

static const char *path_of(const char *name) {
    return temporary_path(&here.place, name);
}

/* The file's text, "" where there is none; to be freed. */
static char *text_of(const char *name) {
    char *text = file_text(path_of(name));
    return text ? text : strdup("");
}

static void expect(bool holds, const char *what) {
    if (!holds)
        fail_msg("%s: %s", message, what);
}

/* Ends with the status. */
static void expect_call(int status, const char *const *arguments, const char *const *variables) {
    struct call call = call_start(&here, arguments, &(struct call_limits){.variables = variables});
    call_wait(&here, &call);
    if (call.status != status)
        fail_msg("%s: then %s ends with %d: %s", message, arguments[0], call.status, call.err);
    call_free(&call);
}

#define EXPECT_CALL(status, ...) expect_call(status, (const char *const[]){__VA_ARGS__, NULL}, NULL)

/* Every whole line of `before` stands in `after`. */
static void expect_kept(const char *before, const char *after, const char *name) {
    char line[4096];
    for (const char *end; (end = strchr(before, '\n')); before = end + 1) {
        snprintf(line, sizeof line, "%.*s\n", (int)(end - before), before);
        if (!strstr(after, line))
            fail_msg("%s: %s lost the line %s", message, name, line);
    }
}

static size_t lines_of(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* Nothing that was begun lies there still. */
static void expect_no_leftovers(const char *folder) {
    DIR *directory = opendir(path_of(folder));
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        expect(!strstr(entry->d_name, ".lockstep-part"), entry->d_name);
    closedir(directory);
}

/* --- a run ------------------------------------------------------------------------------------ */

enum { RUN_ROWS = 4 };
static const char *const run[] = {"run",
                                  "--case",
                                  "gemm/nn/f32/*",
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

/* A run that is whole is reported; any other is resumed, and keeps the cases that were done. */
static void run_check(void) {
    char *environment = text_of("run/environment.json"), *before = text_of("run/cases.csv");
    if (strstr(environment, "\"finished\""))
        EXPECT_CALL(0, "report", "run");
    else
        expect_call(0, run, NULL);
    char *after = text_of("run/cases.csv"), *results = text_of("run/results.csv");
    expect_kept(before, after, "cases.csv");
    expect(lines_of(results) == RUN_ROWS + 1, "not every row is there once");
    EXPECT_CALL(0, "compare", "--strict", "run", "run");
    EXPECT_CALL(0, "report", "run");
    expect_no_leftovers("run");
    free(results);
    free(after);
    free(before);
    free(environment);
}

static void run_prepare(void) {}

/* A run of two cases, of which the second is not done: nothing vouches for its rows. */
static void resumed_prepare(void) {
    expect_call(0, run, NULL);
    char *environment = text_of("run/environment.json"), *cases = text_of("run/cases.csv");
    char *state = strstr(environment, "\"finished\""), *last = strstr(cases, "gemm,nn,f32,9x9x9");
    assert_non_null(state);
    assert_non_null(last);
    state[1] = 'F'; /* another word */
    file_write_text(path_of("run/environment.json"), environment);
    *last = '\0';
    file_write_text(path_of("run/cases.csv"), cases);
    free(cases);
    free(environment);
}

/* Before the next case writes its first line, the last one's are on the disk. */
TEST(a_case_is_flushed_before_the_next) {
    static const char *const files[] = {"samples.csv", "results.csv", "cases.csv"};
    if (!killing_is_possible())
        skip();
    char *log = NULL;
    size_t size, cases = 0;
    FILE *memory = open_memstream(&log, &size);
    assert_non_null(memory);
    calling_open(&here);
    snprintf(message, sizeof message, "run");
    (void)kill_before(&here, run, NULL, 0, memory);
    assert_int_equal(fclose(memory), 0);
    const char *at = log;
    while ((at = strstr(at, "write run/samples.csv\n"))) {
        const char *next = strstr(at + 1, "write run/samples.csv\n");
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            char words[64];
            snprintf(words, sizeof words, "fsync run/%s\n", files[i]);
            const char *flushed = strstr(at, words);
            expect(flushed && (!next || flushed < next), words);
        }
        at++;
        cases++;
    }
    expect(cases == RUN_ROWS / 2, "not both cases were written");
    calling_close(&here);
    free(log);
}

/* --- a report --------------------------------------------------------------------------------- */

static char *reported; /* the rows */

static void report_prepare(void) {
    expect_call(0, run, NULL);
    free(reported);
    reported = text_of("run/results.csv");
}

static void report_check(void) {
    char *after = text_of("run/results.csv");
    expect(strcmp(after, reported) == 0, "the rows have changed");
    free(after);
    EXPECT_CALL(0, "report", "run");
    expect_no_leftovers("run");
}

/* --- a training ------------------------------------------------------------------------------- */

#define TRAIN                                                                                      \
    "train", "--data", "synthetic", "--layers", "8-4-3", "--epochs", "2", "--batch", "1000",       \
        "--implementation", "cpu-naive", "--threads", "1", "--out", "run", "--save", "weights"
static const char *const training[] = {TRAIN, NULL};
static const char *const training_resumed[] = {TRAIN, "--load", "weights", NULL};

static void trained_prepare(void) {
    expect_call(0, training, NULL);
}

/* Without a row it is begun again, with weights resumed. Then no epoch comes twice, and the rows of
 * those that the weights know are as they were. */
static void training_check(void) {
    char *before = text_of("run/training.csv");
    bool saved = access(path_of("weights"), F_OK) == 0;
    if (lines_of(before) < 2)
        expect_call(0, training, NULL);
    else if (saved)
        expect_call(0, training_resumed, NULL);
    EXPECT_CALL(0, "report", "run");
    char *after = text_of("run/training.csv"), epoch[32];
    if (lines_of(before) >= 2 && saved) {
        char *last = strrchr(before, '\n');
        while (last > before && last[-1] != '\n')
            last--;
        *last = '\0'; /* its weights may be missing */
        expect_kept(before, after, "training.csv");
    }
    for (size_t i = 1; i < lines_of(after); i++) {
        snprintf(epoch, sizeof epoch, "\n%zu,", i);
        char *row = strstr(after, epoch);
        expect(row != NULL && !strstr(row + 1, epoch), "an epoch is missing, or comes twice");
    }
    expect_no_leftovers("run");
    free(after);
    free(before);
}

/* --- a tuning --------------------------------------------------------------------------------- */

static char stand_in[PATH_MAX + 32];
static const char *const gpu[] = {stand_in, "LOCKSTEP_STAND_IN=fast=64",
                                  "LOCKSTEP_STAND_IN_SILENT=1", NULL};
static const char *const tuning[] = {
    "tune", "64x64x128,64x64x64", "--variant", "nn", "--max-time", "0.05", "--out", "t.csv", NULL};

static void tuning_prepare(void) {
    char folder[PATH_MAX];
    assert_non_null(realpath(STAND_IN_FOLDER, folder));
    snprintf(stand_in, sizeof stand_in, "LD_LIBRARY_PATH=%s", folder);
    expect_call(0,
                (const char *const[]){"tune", "32x32x32", "--variant", "nn", "--max-time", "0.05",
                                      "--out", "t.csv", NULL},
                gpu);
}

/* The file is whole after each shape. */
static void tuning_check(void) {
    char *before = text_of("t.csv");
    expect(strstr(before, ",nn,f32,32x32x32,") != NULL, "the row of an earlier tuning is gone");
    expect(before[strlen(before) - 1] == '\n', "half a row");
    free(before);
    expect_call(0, tuning, gpu);
    char *after = text_of("t.csv");
    expect(lines_of(after) == 4, "not every shape is there once");
    free(after);
    expect_no_leftovers(".");
}

/* --- a history -------------------------------------------------------------------------------- */

static const char *const recording[] = {"history", "record", "run", NULL};
static size_t recorded; /* runs, when the command has been repeated */

/* Into a file that is not there yet, and into one that is. */
static void first_recording_prepare(void) {
    expect_call(0, run, NULL);
    recorded = 1;
}

static void recording_prepare(void) {
    first_recording_prepare();
    EXPECT_CALL(0, "history", "record", "run", "--machine", "earlier");
    recorded = 2;
}

static void recording_check(void) {
    expect_call(0, recording, NULL);
    struct call list = call_of(&here, (const char *const[]){"history", "list", NULL});
    expect(list.status == 0 && lines_of(list.out) == recorded, "not every run is there once");
    call_free(&list);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct killed {
    const char *name;
    void (*prepare)(void);
    const char *const *arguments, *const *variables;
    void (*check)(void);
};

/* Runs the command in a folder of its own, and kills it at that call; how many calls there were. */
static size_t kill_once(const struct killed *killed, size_t number) {
    calling_open(&here);
    snprintf(message, sizeof message, "before %s", killed->name);
    killed->prepare();
    snprintf(message, sizeof message, "%s, killed before its call %zu", killed->name, number);
    size_t count = kill_before(&here, killed->arguments, killed->variables, number, NULL);
    killed->check();
    calling_close(&here);
    return count;
}

static void kill_often(const struct killed *killed) {
    const char *asked = getenv("LOCKSTEP_KILLS");
    const bool all = asked && strcmp(asked, "all") == 0;
    if (!killing_is_possible() || setenv("LOCKSTEP_HISTORY", "history.sqlite", 1) != 0)
        skip();
    const size_t calls = kill_once(killed, 0), step = all ? 1 : calls / SAMPLED + 1;
    size_t kills = 0;
    assert_true(calls > SAMPLED);
    for (size_t number = 1; number <= calls; number += step, kills++)
        (void)kill_once(killed, number);
    print_message("%s: %zu kills at %zu calls\n", killed->name, kills, calls);
}

TEST(run) {
    kill_often(&(struct killed){"run", run_prepare, run, NULL, run_check});
}

TEST(resumed_run) {
    kill_often(&(struct killed){"a resumed run", resumed_prepare, run, NULL, run_check});
}

TEST(report) {
    static const char *const report[] = {"report", "run", NULL};
    kill_often(&(struct killed){"report", report_prepare, report, NULL, report_check});
    free(reported);
    reported = NULL;
}

TEST(train) {
    kill_often(&(struct killed){"train", run_prepare, training, NULL, training_check});
    kill_often(&(struct killed){"a resumed training", trained_prepare, training_resumed, NULL,
                                training_check});
}

TEST(tune) {
    size_t images = 0;
    (void)kernels_images(&images);
    if (images == 0)
        skip();
    kill_often(&(struct killed){"tune", tuning_prepare, tuning, gpu, tuning_check});
}

TEST(record) {
    kill_often(&(struct killed){"a first history record", first_recording_prepare, recording, NULL,
                                recording_check});
    kill_often(
        &(struct killed){"history record", recording_prepare, recording, NULL, recording_check});
}

/* Called with the name of a test, it runs that one. */
int main(int argc, char **argv) {
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return tests_run(NULL, NULL);
}
