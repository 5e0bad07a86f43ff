/* Calls that ranks of a job cannot carry out, or not all of them: they end before any work. */
#include "tests/support/job.h"
#include "tests/support/test.h"

TEST_IN_PLACE(ranks_without_samples_are_refused) {
    need_mpi();
    check_call(LAUNCH(3, "train", "--data", "synthetic", "--layers", "20-4", "--batch", "2",
                      "--implementation", "openblas-mpi", "--out", "run"),
               2, NULL, "leaves nothing to some of 3 ranks");
    check_call(
        LAUNCH(2, "train", "--data", "synthetic", "--implementation", "openblas", "--out", "run"),
        2, NULL, "over ranks take one whose name has -mpi");
}

TEST_IN_PLACE(a_node_without_the_data_is_named) {
    need_mpi();
    struct call call = LAUNCH(2, "train", "--data", "/nowhere", "--out", "run");
    check_status(&call, 2);
    assert_int_equal(text_count(call.err, "lockstep: cannot find train-images"), 1);
    call_free(&call);
}

TEST_IN_PLACE(ranks_of_other_calls_are_refused) {
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
TEST_IN_PLACE(a_wrong_call_is_said_once) {
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
TEST_IN_PLACE(ranks_of_other_commands_are_refused) {
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
TEST_IN_PLACE(a_rank_that_does_not_join_is_not_awaited) {
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

TEST_IN_PLACE(a_wrong_variable_is_said_once) {
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
