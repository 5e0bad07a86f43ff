/* `lockstep run` and `verify` as the ranks of a job. Without MPI only what is said then is
 * tested. */
#include "tests/support/cmocka.h"
#include "tests/support/launching.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void need_mpi(void) {
    if (!launching_is_possible(here.program))
        skip();
}

static char *file_of(const char *name) {
    char path[100];
    snprintf(path, sizeof path, "run/%s", name);
    return temporary_text(&here.place, path);
}

#define RUN_SHORTLY "run", "allreduce", "--quick", "--threads", "1", "--out", "run", "--shape"

/* --- alone --- */

static void test_alone_it_says_how_to_start(void **state) {
    (void)state;
    struct call call = CALL(RUN_SHORTLY, "8");
    check_status(&call, 3);
    check_holds(call.err, "4 rows were skipped");
    check_holds(call.err, launching_is_possible(here.program) ? "mpirun -n 2" : "make deps MPI=1");
    call_free(&call);
}

/* --- together --- */

static void test_every_sum_is_verified_on_every_rank(void **state) {
    (void)state;
    need_mpi();
    for (int ranks = 2; ranks <= 4; ranks++) {
        struct call call = LAUNCH(ranks, "verify", "allreduce");
        check_status(&call, 0);
        /* 7 shapes, 5 kinds of values, 3 dtypes, 4 rows; printed by one rank. */
        check_holds(call.out, "420 passed, 0 failed, 0 skipped");
        assert_int_equal(text_count(call.out, "passed, 0 failed"), 1);
        call_free(&call);
    }
}

/* 7 shapes, 5 kinds of values, 3 dtypes; where ranks get parts, one shape less a rank without
 * one. */
static void test_every_copy_and_part_is_verified_on_every_rank(void **state) {
    (void)state;
    need_mpi();
    static const char *const said[][3] = {
        {"broadcast", "105 passed, 0 failed, 0 skipped", "105 passed, 0 failed, 0 skipped"},
        {"allgather", "90 passed, 0 failed, 15 skipped", "75 passed, 0 failed, 30 skipped"},
        {"reduce_scatter", "90 passed, 0 failed, 15 skipped", "75 passed, 0 failed, 30 skipped"},
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        for (int ranks = 2; ranks <= 3; ranks++) {
            struct call call = LAUNCH(ranks, "verify", said[i][0]);
            check_status(&call, 0);
            check_holds(call.out, said[i][ranks - 1]);
            call_free(&call);
        }
}

/* As nccl-tests counts: the array of all, or all parts but a rank's own. */
static void test_the_bus_bandwidth_is_written(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(4, "run", "broadcast", "allgather", "reduce_scatter", "--quick",
                              "--threads", "1", "--out", "run", "--shape", "1000,1001");
    check_status(&call, 0);
    char *rows = file_of("results.csv");
    check_holds(rows, "broadcast,copy,f32,1000,mpi,4xcpu,1,hot,measured,");
    static const char *const bytes[] = {",0,4000,", ",0,4004,",   ",0,3000,",
                                        ",0,3003,", ",750,3000,", ",750.75,3003,"};
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
        check_holds(rows, bytes[i]);
    free(rows);
    call_free(&call);
}

static void test_one_rank_writes_the_run(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(2, RUN_SHORTLY, "1,1000", "--dtype", "f32,bf16", "--yardsticks");
    check_status(&call, 0);
    assert_int_equal(text_count(call.out, "results in run"), 1);
    char *rows = file_of("results.csv"), *environment = file_of("environment.json");
    assert_non_null(rows);
    assert_non_null(environment);
    /* Two shapes and dtypes; four rows and the bare loop. */
    assert_int_equal(text_count(rows, ",2xcpu,1,hot,"), 2 * 2 * 5);
    check_holds(rows, ",2xcpu,1,hot,measured,");
    check_holds(environment, "\"count\":");
    check_holds(environment, "\"link_bytes_per_second\":");
    check_holds(environment, "\"shared_memory\":\ttrue");
    check_holds(environment, "\"sums_overlap\":\tfalse");
    assert_int_equal(text_count(environment, "\"processors\":\t\""), 2);
    free(rows);
    free(environment);
    call_free(&call);
}

/* Commands that say the same on every rank. */
static void test_what_needs_no_ranks_is_said_by_one(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(2, "list", "operations");
    check_status(&call, 0);
    assert_int_equal(text_count(call.out, "allreduce"), 1);
    call_free(&call);
    call = LAUNCH(2, "explain", "--gpu", "list");
    check_status(&call, 0);
    assert_int_equal(text_count(call.out, "320 GB/s"), 1);
    call_free(&call);
    call = LAUNCH(2, "explain", "nowhere");
    check_status(&call, 2);
    assert_int_equal(text_count(call.err, "lockstep: "), 1);
    call_free(&call);
}

static void test_other_operations_measure_in_step(void **state) {
    (void)state;
    need_mpi();
    struct call call =
        LAUNCH(2, "run", "--case", "mlp/train_step/f32/3-4-2@5", "--quick", "--max-time", "1",
               "--threads", "1", "--out", "run", "--implementation", "openblas,cpu-simd");
    check_status(&call, 0);
    char *parts = file_of("parts.csv");
    assert_non_null(parts);
    assert_non_null(strstr(parts, ",2xcpu,1,hot,1,"));
    free(parts);
    call_free(&call);
}

/* Gradients of all layers against the float64 oracle of the whole batch, and the same bits on every
 * rank: `verify` holds to both. */
static void test_a_step_is_shared(void **state) {
    (void)state;
    need_mpi();
    static const char rows[] = "cpu-simd-mpi,openblas-mpi,openblas-mpi-buckets";
    struct call call =
        LAUNCH(2, "run", "mlp", "--shape", "17-19-23@6,31-17-9-11@4", "--case", "*/train_step*",
               "--implementation", rows, "--quick", "--threads", "1", "--out", "run");
    check_status(&call, 0);
    char *results = file_of("results.csv"), *parts = file_of("parts.csv");
    assert_non_null(results);
    assert_int_equal(text_count(results, ",2xcpu,1,hot,"), 2 * 2 * 3);
    check_holds(parts, ",communication,");
    check_holds(parts, ",communication begin 3,");
    check_holds(parts, ",communication finish,");
    free(results);
    free(parts);
    call_free(&call);
}

static void test_a_batch_that_cannot_be_shared_is_skipped(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(2, "run", "--case", "mlp/train_step/f32/3-4-2@5", "--quick",
                              "--implementation", "openblas-mpi", "--out", "run");
    check_status(&call, 3);
    check_holds(call.err, "a multiple of the ranks");
    call_free(&call);
}

static void test_weak_scaling_gives_each_rank_a_batch(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(3, "run", "mlp", "--shape", "3-4-2@5", "--case", "*/train_step/*",
                              "--quick", "--implementation", "openblas-mpi", "--max-time", "1",
                              "--threads", "1", "--scaling", "weak", "--out", "run");
    check_status(&call, 0);
    char *results = file_of("results.csv");
    assert_int_equal(text_count(results, ",3-4-2@15,openblas-mpi,3xcpu,1,hot,"), 1);
    free(results);
    call_free(&call);
}

static void test_weak_scaling_of_a_process_alone_says_so(void **state) {
    (void)state;
    struct call call = CALL("run", "mlp", "--shape", "3-4-2@5", "--case", "*/train_step/*",
                            "--quick", "--implementation", "openblas", "--max-time", "1", "--gpu",
                            "none", "--scaling", "weak", "--out", "run");
    check_status(&call, 0);
    check_holds(call.out, "warning: --scaling weak changes nothing for a process alone");
    char *results = file_of("results.csv");
    check_holds(results, ",3-4-2@5,openblas,cpu,");
    free(results);
    call_free(&call);
}

/* A rank's shape on one rank and on two. */
static void test_weak_scaling_is_drawn_over_ranks(void **state) {
    (void)state;
    need_mpi();
    static const char *const folders[] = {"one", "two"};
    for (int ranks = 1; ranks <= 2; ranks++) {
        struct call call =
            LAUNCH(ranks, "run", "--case", "mlp/train_step/f32/*", "--shape", "17-19-23@6",
                   "--quick", "--threads", "1", "--implementation", "openblas-mpi", "--scaling",
                   "weak", "--max-time", "1", "--out", folders[ranks - 1]);
        check_status(&call, 0);
        call_free(&call);
    }
    struct call call = CALL("report", "one", "two");
    check_status(&call, 0);
    call_free(&call);
    char *script = temporary_text(&here.place, "one/scaling.gp");
    assert_non_null(script);
    check_holds(script, "17-19-23@6 a rank");
    assert_null(strstr(script, "17-19-23@12"));
    /* The ideal of two ranks is the time of one, and one rank exposes what it sums with nobody. */
    double one[4] = {0}, two[4] = {0};
    const char *data = strstr(script, "exposed communication in percent\n");
    assert_non_null(data);
    assert_int_equal(sscanf(strchr(data, '\n'), " 1 %lf %lf %lf %lf 2 %lf %lf %lf %lf", &one[0],
                            &one[1], &one[2], &one[3], &two[0], &two[1], &two[2], &two[3]),
                     8);
    assert_true(one[0] == one[2] && one[1] == 100.0 && two[2] == one[0]);
    assert_true(two[3] > 0.0 && two[3] < 100.0);
    free(script);
}

/* Runs on one rank and on two, in one figure. */
static void test_times_are_drawn_over_ranks(void **state) {
    (void)state;
    need_mpi();
    static const char *const folders[] = {"one", "two"};
    for (int ranks = 1; ranks <= 2; ranks++) {
        struct call call =
            LAUNCH(ranks, "run", "--case", "mlp/train_step/f32/17-19-23@6", "--quick", "--threads",
                   "1", "--implementation", "openblas-mpi", "--out", folders[ranks - 1]);
        check_status(&call, 0);
        call_free(&call);
    }
    struct call call = CALL("report", "one", "two");
    check_status(&call, 0);
    check_holds(call.out, "one/scaling");
    call_free(&call);
    char *script = temporary_text(&here.place, "one/scaling.gp");
    assert_non_null(script);
    check_holds(script, "\n1 ");
    check_holds(script, "\n2 ");
    check_holds(script, "openblas-mpi, cpu, 1 thread each");
    free(script);
    char *page = temporary_text(&here.place, "one/index.html");
    assert_non_null(page);
    check_holds(page, "id=\"figure-scaling\"");
    check_holds(page, "scaling.gp");
    free(page);
    call = CALL("report", "two", "two");
    check_status(&call, 2);
    check_holds(call.err, "no row was measured on two numbers of ranks");
    call_free(&call);
}

/* --- training --- */

/* The losses of a training's epochs, at most `most` of them. */
static size_t losses_read(const char *folder, double *losses, size_t most) {
    char path[100];
    snprintf(path, sizeof path, "%s/training.csv", folder);
    char *text = temporary_text(&here.place, path);
    size_t count = 0;
    if (!text)
        return 0;
    for (char *line = strchr(text, '\n'); line && line[1] && count < most;
         line = strchr(line + 1, '\n')) {
        const char *field = line;
        for (int i = 0; i < 2 && field; i++)
            field = strchr(field + 1, ',');
        losses[count++] = field ? strtod(field + 1, NULL) : 0.0;
    }
    free(text);
    return count;
}

#define TRAIN_SHORTLY                                                                              \
    "train", "--data", "synthetic", "--layers", "20-16-4", "--epochs", "3", "--batch", "96",       \
        "--threads", "1", "--implementation"

static void test_ranks_train_the_network_of_one_process(void **state) {
    (void)state;
    enum { EPOCHS = 3 };
    need_mpi();
    double alone[EPOCHS] = {0}, together[EPOCHS] = {0};
    struct call call = CALL(TRAIN_SHORTLY, "openblas", "--out", "alone");
    check_status(&call, 0);
    call_free(&call);
    assert_int_equal(losses_read("alone", alone, EPOCHS), EPOCHS);
    static const char *const rows[] = {"openblas-mpi", "openblas-mpi-buckets"};
    for (int ranks = 2; ranks <= 3; ranks++) {
        char folder[12];
        snprintf(folder, sizeof folder, "run%d", ranks);
        call = LAUNCH(ranks, TRAIN_SHORTLY, rows[ranks - 2], "--out", folder, "--save", "weights");
        check_status(&call, 0);
        assert_int_equal(text_count(call.out, "running  "), 1);
        assert_null(
            strstr(call.out, "\033[K")); /* no progress bar: launchers give ranks a terminal */
        call_free(&call);
        assert_int_equal(losses_read(folder, together, EPOCHS), EPOCHS);
        for (int i = 0; i < EPOCHS; i++)
            if (!(together[i] < alone[i] * 1.0001 && together[i] > alone[i] * 0.9999))
                fail_msg("%d ranks: loss %.9g is not %.9g", ranks, together[i], alone[i]);
    }
}

static void test_ranks_without_samples_are_refused(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(3, "train", "--data", "synthetic", "--layers", "20-4", "--batch", "2",
                              "--implementation", "openblas-mpi", "--out", "run");
    check_status(&call, 2);
    check_holds(call.err, "leaves nothing to some of 3 ranks");
    call_free(&call);
    call =
        LAUNCH(2, "train", "--data", "synthetic", "--implementation", "openblas", "--out", "run");
    check_status(&call, 2);
    check_holds(call.err, "over ranks take one whose name has -mpi");
    call_free(&call);
}

static void test_a_node_without_the_data_is_named(void **state) {
    (void)state;
    need_mpi();
    struct call call = LAUNCH(2, "train", "--data", "/nowhere", "--out", "run");
    check_status(&call, 2);
    assert_int_equal(text_count(call.err, "lockstep: cannot find train-images"), 1);
    call_free(&call);
}

static void test_ranks_of_other_calls_are_refused(void **state) {
    (void)state;
    need_mpi();
    struct call call = launch_pair(
        here.program, (const char *const[]){"run", "--shape", "8", "--out", "run", NULL},
        (const char *const[]){"run", "--shape", "9", "--out", "run", NULL});
    check_status(&call, 2);
    check_holds(call.err, "lockstep: rank 1 on ");
    check_holds(call.err, "another call than rank 0");
    assert_int_equal(text_count(call.err, "lockstep: rank 1 on "), 1);
    assert_null(file_of("results.csv"));
    call_free(&call);
}

/* Before the ranks meet, each finds the same by itself; or one does. */
static void test_a_wrong_call_is_said_once(void **state) {
    (void)state;
    need_mpi();
    static const struct {
        const char *call[5], *said;
    } calls[] = {
        {{"run", "--nothing"}, "unrecognized option '--nothing'"},
        {{"run", "--scaling", "sideways"}, "--scaling wants"},
        {{"verify", "--add", "/nowhere.so"}, "/nowhere.so"},
        {{"train", "--batch", "none"}, "--batch wants"},
        {{"nothing"}, "there is no command 'nothing'"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct call call = launch_of(here.program, 3, calls[i].call);
        check_status(&call, 2);
        if (text_count(call.err, calls[i].said) != 1)
            fail_msg("'%s' is not said once: %s", calls[i].said, call.err);
        call_free(&call);
    }
    struct call call =
        launch_pair(here.program, (const char *const[]){"verify", "allreduce", NULL},
                    (const char *const[]){"verify", "allreduce", "--cores", "many", NULL});
    check_status(&call, 2);
    check_holds(call.err, "lockstep: rank 1 on ");
    assert_int_equal(text_count(call.err, "--cores"), 1);
    call_free(&call);
}

/* Whatever command each rank was started with: nothing is checked, measured or trained then. */
static void test_ranks_of_other_commands_are_refused(void **state) {
    (void)state;
    need_mpi();
    static const char *const calls[][2][5] = {
        {{"verify", "allreduce", "--seed", "1"}, {"verify", "allreduce", "--seed", "2"}},
        {{"verify", "allreduce"}, {"verify", "mlp"}},
        {{"run", "mlp"}, {"verify", "allreduce"}},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct call call = launch_pair(here.program, calls[i][0], calls[i][1]);
        check_status(&call, 2);
        check_holds(call.err, "lockstep: rank 1 on ");
        check_holds(call.err, "another call than rank 0: 'verify ");
        assert_null(strstr(call.out, "passed"));
        call_free(&call);
    }
}

/* One that needs no other rank does not join, and MPI waits for it. */
static void test_a_rank_that_does_not_join_is_not_awaited(void **state) {
    (void)state;
    need_mpi();
    static const char *const calls[][2][4] = {
        {{"list", "operations"}, {"verify", "allreduce"}},
        {{"verify", "allreduce"}, {"--version"}},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct call call = launch_pair(here.program, calls[i][0], calls[i][1]);
        /* The mpirun of MPICH gives 1 where a rank ends before it has joined. */
        if (call.status != 1)
            check_status(&call, 2);
        check_holds(call.err, "lockstep: another rank on this machine has ended and not joined");
        assert_null(strstr(call.out, "passed"));
        call_free(&call);
    }
}

static void test_a_wrong_variable_is_said_once(void **state) {
    (void)state;
    need_mpi();
    static const char *const variables[][2] = {{"LOCKSTEP_STOPPED_SECONDS", "0"},
                                               {"LOCKSTEP_OVERLAP", "perhaps"}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        assert_int_equal(setenv(variables[i][0], variables[i][1], 1), 0);
        struct call call = LAUNCH(3, "verify", "allreduce");
        assert_int_equal(unsetenv(variables[i][0]), 0);
        check_status(&call, 2);
        assert_int_equal(text_count(call.err, variables[i][0]), 1);
        call_free(&call);
    }
}

/* --- a rank that dies --- */

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

static void test_what_was_measured_is_kept_when_a_rank_dies(void **state) {
    (void)state;
    expect_kept_when_fails(false, SIGKILL, "has died");
}

/* The rank that opened the folder. */
static void test_what_was_measured_is_kept_when_the_first_rank_dies(void **state) {
    (void)state;
    expect_kept_when_fails(true, SIGKILL, "has died");
}

static void test_what_was_measured_is_kept_when_a_rank_is_stopped(void **state) {
    (void)state;
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

static void test_nothing_is_kept_before_the_first_epoch(void **state) {
    (void)state;
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

static void test_epochs_are_kept_when_a_rank_dies(void **state) {
    (void)state;
    expect_epochs_kept(false);
}

static void test_weights_are_kept_when_a_rank_dies(void **state) {
    (void)state;
    expect_epochs_kept(true);
}

/* The second one never joins. An alarm ends what does not end. */
static void test_one_signal_ends_a_rank_that_waits_for_others(void **state) {
    (void)state;
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
static void test_an_end_by_the_launcher_is_not_answered(void **state) {
    (void)state;
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

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_alone_it_says_how_to_start),
        IN_PLACE(test_every_sum_is_verified_on_every_rank),
        IN_PLACE(test_every_copy_and_part_is_verified_on_every_rank),
        IN_PLACE(test_the_bus_bandwidth_is_written),
        IN_PLACE(test_one_rank_writes_the_run),
        IN_PLACE(test_what_needs_no_ranks_is_said_by_one),
        IN_PLACE(test_other_operations_measure_in_step),
        IN_PLACE(test_a_step_is_shared),
        IN_PLACE(test_a_batch_that_cannot_be_shared_is_skipped),
        IN_PLACE(test_weak_scaling_gives_each_rank_a_batch),
        IN_PLACE(test_times_are_drawn_over_ranks),
        IN_PLACE(test_weak_scaling_of_a_process_alone_says_so),
        IN_PLACE(test_weak_scaling_is_drawn_over_ranks),
        IN_PLACE(test_ranks_train_the_network_of_one_process),
        IN_PLACE(test_ranks_without_samples_are_refused),
        IN_PLACE(test_a_node_without_the_data_is_named),
        IN_PLACE(test_ranks_of_other_calls_are_refused),
        IN_PLACE(test_ranks_of_other_commands_are_refused),
        IN_PLACE(test_a_rank_that_does_not_join_is_not_awaited),
        IN_PLACE(test_a_wrong_variable_is_said_once),
        IN_PLACE(test_one_signal_ends_a_rank_that_waits_for_others),
        IN_PLACE(test_a_wrong_call_is_said_once),
        IN_PLACE(test_what_was_measured_is_kept_when_a_rank_dies),
        IN_PLACE(test_what_was_measured_is_kept_when_the_first_rank_dies),
        IN_PLACE(test_what_was_measured_is_kept_when_a_rank_is_stopped),
        IN_PLACE(test_nothing_is_kept_before_the_first_epoch),
        IN_PLACE(test_epochs_are_kept_when_a_rank_dies),
        IN_PLACE(test_weights_are_kept_when_a_rank_dies),
        IN_PLACE(test_an_end_by_the_launcher_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
