/* Ranks of a job that die, are stopped or get a signal: what the others say, and what is kept. */
#include "tests/support/job.h"
#include "tests/support/test.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static void nap(void) {
    const struct timespec tenth = {.tv_nsec = 100000000};
    (void)nanosleep(&tenth, NULL);
}

/* The process number of the first rank, or of the last one; a rank is the launcher's child. 0: it
 * is not there yet. */
static int child_of(pid_t launcher, const char *name, bool first) {
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)launcher, (int)launcher);
    char *children = file_text(path);
    int found = 0;
    for (char *save = NULL, *word = strtok_r(children ? children : text, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        snprintf(path, sizeof path, "/proc/%.20s/comm", word);
        char *called = file_text(path);
        if (called && strncmp(called, name, strlen(name)) == 0 && !(first && found > 0))
            found = (int)strtol(word, NULL, 10);
        free(called);
    }
    free(children);
    return found;
}

/* Waits until a file has as many lines. */
static bool lines_are_written(const char *file, int lines) {
    for (int i = 0; i < 300; i++, nap()) {
        char *rows = file_of(file);
        const bool done = rows && text_count(rows, "\n") >= lines;
        free(rows);
        if (done)
            return true;
    }
    return false;
}

enum { HEADER_LINES = 1, ROW_LINES = 2, TWO_ROWS_LINES = 3 };

/* Sends a signal to a rank of a job that has written as many lines, and waits for the job's end. */
static void rank_signal(struct call *call, const char *file, int lines, bool first, int number) {
    assert_true(lines_are_written(file, lines));
    const int rank = child_of(call->process, "lockstep", first);
    if (rank == 0) { /* a launcher with a process between */
        assert_int_equal(kill(call->process, SIGKILL), 0);
        call_wait(&here, call);
        call_free(call);
        skip();
    }
    assert_int_equal(kill(rank, number), 0);
    call_wait(&here, call); /* an alarm ends what does not end */
    assert_in_range(call->status, 1, 255);
    check_holds(call->err, first ? "rank 0 (process" : "rank 1 (process");
}

static void expect_kept_when_fails(bool first, int number, const char *how) {
    need_mpi();
    /* Long enough that the rank is killed before the run has ended, on a busy machine too. */
    static const char *const arguments[] = {
        "run", "allreduce", "--max-time", "1",       "--threads",
        "1",   "--out",     "run",        "--shape", "1,1000,2000,3000,4000,5000,6000",
        NULL};
    struct call call = launch_start(here.program, 2, arguments);
    rank_signal(&call, "cases.csv", ROW_LINES, first, number);
    check_holds(call.err, how);
    check_holds(call.err, "is kept in run, and the same command with --out run goes on");
    call_free(&call);
    struct call again = launch_of(here.program, 2, arguments);
    check_status(&again, 0);
    check_holds(again.out, "resuming the unfinished run");
    char *rows = file_of("results.csv");
    assert_int_equal(text_count(rows, ",2xcpu,"), 7 * 4);
    free(rows);
    call_free(&again);
}

TEST_IN_PLACE(what_was_measured_is_kept_when_a_rank_dies) {
    expect_kept_when_fails(false, SIGKILL, "has died");
}

/* The rank that opened the folder. */
TEST_IN_PLACE(what_was_measured_is_kept_when_the_first_rank_dies) {
    expect_kept_when_fails(true, SIGKILL, "has died");
}

TEST_IN_PLACE(what_was_measured_is_kept_when_a_rank_is_stopped) {
    assert_int_equal(setenv("LOCKSTEP_STOPPED_SECONDS", "2", 1), 0);
    expect_kept_when_fails(false, SIGSTOP, "has been stopped for 2 s");
    assert_int_equal(unsetenv("LOCKSTEP_STOPPED_SECONDS"), 0);
}

static void expect_epochs_kept(bool saves) {
    need_mpi();
    static const char *const all[] = {
        "train",        "--data",  "synthetic", "--layers",  "200-64-4", "--epochs",
        "1000",         "--batch", "64",        "--threads", "1",        "--implementation",
        "openblas-mpi", "--out",   "run",       "--save",    "weights",  NULL};
    const char *arguments[sizeof all / sizeof all[0]];
    memcpy(arguments, all, sizeof all);
    if (!saves)
        arguments[sizeof all / sizeof all[0] - 3] = NULL;
    struct call call = launch_start(here.program, 2, arguments);
    rank_signal(&call, "training.csv", TWO_ROWS_LINES, true, SIGKILL);
    check_holds(call.err, "run/training.csv keeps a row for each epoch that was done");
    check_holds(call.err,
                saves ? "goes on from the last one's weights in weights" : "no --save was given");
    call_free(&call);
    double losses[2];
    assert_in_range(losses_read("run", losses, 2), 1, 2);
}

TEST_IN_PLACE(nothing_is_kept_before_the_first_epoch) {
    need_mpi();
    static const char *const arguments[] = {"train",
                                            "--data",
                                            "synthetic",
                                            "--layers",
                                            "4000-4000-4",
                                            "--epochs",
                                            "2000",
                                            "--batch",
                                            "2",
                                            "--out",
                                            "run",
                                            "--threads",
                                            "1",
                                            "--save",
                                            "weights",
                                            "--implementation",
                                            "openblas-mpi",
                                            NULL};
    struct call call = launch_start(here.program, 2, arguments);
    rank_signal(&call, "training.csv", HEADER_LINES, true, SIGKILL);
    check_holds(call.err, "no epoch was done");
    call_free(&call);
}

TEST_IN_PLACE(epochs_are_kept_when_a_rank_dies) {
    expect_epochs_kept(false);
}

TEST_IN_PLACE(weights_are_kept_when_a_rank_dies) {
    expect_epochs_kept(true);
}

/* The second one never joins. An alarm ends what does not end. */
TEST_IN_PLACE(one_signal_ends_a_rank_that_waits_for_others) {
    need_mpi();
    char script[PATH_MAX + 200];
    snprintf(script, sizeof script,
             "[ \"${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-$PMIX_RANK}}\" = 0 ] || exec sleep 200\n"
             "exec '%s' verify allreduce",
             here.program);
    struct call call = launch_start("/bin/sh", 2, (const char *const[]){"-c", script, NULL});
    int rank = 0;
    for (int i = 0; i < 100 && rank == 0; i++, nap())
        rank = child_of(call.process, "lockstep", true);
    for (int i = 0; i < 10; i++) /* it waits by then */
        nap();
    assert_int_equal(kill(rank ? rank : call.process, rank ? SIGTERM : SIGKILL), 0);
    call_wait(&here, &call);
    if (rank == 0) /* a launcher with a process between */
        skip();
    assert_in_range(call.status, 1, 255);
    assert_null(strstr(call.err, "again to end now"));
    call_free(&call);
}

/* It ends its ranks by SIGTERM, and has said why: of many ranks each would say the same. */
TEST_IN_PLACE(an_end_by_the_launcher_is_not_answered) {
    need_mpi();
    static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE=1", NULL};
    static const char *const arguments[] = {"run", "transfer", "--gpu", "none", "--max-time",
                                            "5",   "--out",    "run",   NULL};
    struct call call =
        call_start(&here, arguments, &(struct call_limits){.variables = variables, .seconds = 120});
    assert_true(lines_are_written("environment.json", ROW_LINES));
    assert_int_equal(kill(call.process, SIGTERM), 0);
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.out, "1 rank of");
    check_holds(call.err, "interrupted");
    assert_null(strstr(call.err, "again to end now"));
    call_free(&call);
}
