/* `lockstep run` and `verify` as the ranks of a job. Without MPI only what is said then is
 * tested. */
#include "tests/support/job.h"
#include "tests/support/test.h"

#define RUN_SHORTLY "run", "allreduce", "--quick", "--threads", "1", "--out", "run", "--shape"

/* --- alone --- */

TEST_IN_PLACE(alone_it_says_how_to_start) {
    struct call call = CALL(RUN_SHORTLY, "8");
    check_status(&call, 3);
    check_holds(call.err, "4 rows were skipped");
    check_holds(call.err, launching_is_possible(here.program) ? "mpirun -n 2" : "make deps MPI=1");
    call_free(&call);
}

/* --- together --- */

TEST_IN_PLACE(every_sum_is_verified_on_every_rank) {
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
TEST_IN_PLACE(every_copy_and_part_is_verified_on_every_rank) {
    need_mpi();
    static const char *const said[][3] = {
        {"broadcast", "105 passed, 0 failed, 0 skipped", "105 passed, 0 failed, 0 skipped"},
        {"allgather", "90 passed, 0 failed, 15 skipped", "75 passed, 0 failed, 30 skipped"},
        {"reduce_scatter", "90 passed, 0 failed, 15 skipped", "75 passed, 0 failed, 30 skipped"},
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        for (int ranks = 2; ranks <= 3; ranks++) {
            check_call(LAUNCH(ranks, "verify", said[i][0]), 0, said[i][ranks - 1], NULL);
        }
}

/* As nccl-tests counts: the array of all, or all parts but a rank's own. */
TEST_IN_PLACE(the_bus_bandwidth_is_written) {
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

TEST_IN_PLACE(one_rank_writes_the_run) {
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
    check_holds(environment, "\"sums_overlap\":\t");
    assert_int_equal(text_count(environment, "\"processors\":\t\""), 2);
    free(rows);
    free(environment);
    call_free(&call);
}

/* Commands that say the same on every rank. */
TEST_IN_PLACE(what_needs_no_ranks_is_said_by_one) {
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

TEST_IN_PLACE(other_operations_measure_in_step) {
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
TEST_IN_PLACE(a_step_is_shared) {
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

TEST_IN_PLACE(a_batch_that_cannot_be_shared_is_skipped) {
    need_mpi();
    check_call(LAUNCH(2, "run", "--case", "mlp/train_step/f32/3-4-2@5", "--quick",
                      "--implementation", "openblas-mpi", "--out", "run"),
               3, NULL, "a multiple of the ranks");
}

TEST_IN_PLACE(weak_scaling_gives_each_rank_a_batch) {
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

TEST_IN_PLACE(weak_scaling_of_a_process_alone_says_so) {
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
TEST_IN_PLACE(weak_scaling_is_drawn_over_ranks) {
    need_mpi();
    static const char *const folders[] = {"one", "two"};
    for (int ranks = 1; ranks <= 2; ranks++) {
        check_call(LAUNCH(ranks, "run", "--case", "mlp/train_step/f32/*", "--shape", "17-19-23@6",
                          "--quick", "--threads", "1", "--implementation", "openblas-mpi",
                          "--scaling", "weak", "--max-time", "1", "--out", folders[ranks - 1]),
                   0, NULL, NULL);
    }
    check_call(CALL("report", "one", "two"), 0, NULL, NULL);
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
TEST_IN_PLACE(times_are_drawn_over_ranks) {
    need_mpi();
    static const char *const folders[] = {"one", "two"};
    for (int ranks = 1; ranks <= 2; ranks++) {
        check_call(LAUNCH(ranks, "run", "--case", "mlp/train_step/f32/17-19-23@6", "--quick",
                          "--threads", "1", "--implementation", "openblas-mpi", "--out",
                          folders[ranks - 1]),
                   0, NULL, NULL);
    }
    check_call(CALL("report", "one", "two"), 0, "one/scaling", NULL);
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
    check_call(CALL("report", "two", "two"), 2, NULL,
               "no row was measured on two numbers of ranks");
}

/* --- training --- */

#define TRAIN_SHORTLY                                                                              \
    "train", "--data", "synthetic", "--layers", "20-16-4", "--epochs", "3", "--batch", "96",       \
        "--threads", "1", "--implementation"

TEST_IN_PLACE(ranks_train_the_network_of_one_process) {
    enum { EPOCHS = 3 };
    need_mpi();
    double alone[EPOCHS] = {0}, together[EPOCHS] = {0};
    check_call(CALL(TRAIN_SHORTLY, "openblas", "--out", "alone"), 0, NULL, NULL);
    assert_int_equal(losses_read("alone", alone, EPOCHS), EPOCHS);
    static const char *const rows[] = {"openblas-mpi", "openblas-mpi-buckets"};
    for (int ranks = 2; ranks <= 3; ranks++) {
        char folder[12];
        snprintf(folder, sizeof folder, "run%d", ranks);
        struct call call =
            LAUNCH(ranks, TRAIN_SHORTLY, rows[ranks - 2], "--out", folder, "--save", "weights");
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
