/* Rows over the GPUs of a job: NCCL on emulated GPUs, by a stand-in that sums in shared memory and
 * fails as it is ordered to (tests/stand_in/nccl.c). */
#define TESTS_OWN_MAIN
#include "tests/stand_in/client.h"
#include "tests/support/launching.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char stand_in[PATH_MAX], without_functions[PATH_MAX], cublas[PATH_MAX],
    faulty_cublas[PATH_MAX];

static void need_mpi(void) {
    if (!launching_is_possible(here.program))
        skip();
}

static void library_choose(const char *path) {
    assert_int_equal(path ? setenv("LOCKSTEP_NCCL", path, 1) : unsetenv("LOCKSTEP_NCCL"), 0);
}

static void cublas_choose(const char *path) {
    assert_int_equal(path ? setenv("LOCKSTEP_CUBLAS", path, 1) : unsetenv("LOCKSTEP_CUBLAS"), 0);
}

static int enter(void **state) {
    library_choose(stand_in);
    cublas_choose(cublas);
    return place_enter(state);
}

static int leave(void **state) {
    library_choose(NULL);
    cublas_choose(NULL);
    assert_int_equal(unsetenv("LOCKSTEP_STAND_IN_NCCL"), 0);
    assert_int_equal(unsetenv("LOCKSTEP_STAND_IN_CUBLAS"), 0);
    return place_leave(state);
}

#define TEST_WITH_STAND_IN(test) TEST_BETWEEN(test, enter, leave)

static char *file_of(const char *name) {
    char path[100];
    snprintf(path, sizeof path, "run/%s", name);
    return temporary_text(&here.place, path);
}

#define ROWS "--gpu", "emulated", "--implementation", "nccl,nccl-graph"
#define VERIFY_SHORTLY "verify", "allreduce", "--dtype", "f32", "--shape", "7", ROWS

/* --- sums --- */

TEST_WITH_STAND_IN(every_sum_is_verified_on_every_rank) {
    need_mpi();
    for (int ranks = 2; ranks <= 3; ranks++) {
        struct call call = LAUNCH(ranks, "verify", "allreduce", ROWS);
        check_status(&call, 0);
        /* 7 shapes, 5 kinds of values, 3 dtypes, 2 rows. */
        check_holds(call.out, "210 passed, 0 failed, 0 skipped");
        call_free(&call);
    }
}

/* An array that is larger than what the stand-in passes on at once; mpi stands beside it. */
TEST_WITH_STAND_IN(an_emulated_sum_has_no_time) {
    need_mpi();
    struct call call = LAUNCH(2, "run", "allreduce", "--quick", "--max-time", "0.02", "--threads",
                              "1", "--gpu", "emulated", "--implementation", "nccl,nccl-graph,mpi",
                              "--dtype", "f32,f16", "--shape", "3,700000", "--out", "run");
    check_status(&call, 0);
    char *rows = file_of("results.csv");
    assert_non_null(rows);
    assert_int_equal(text_count(rows, ",nccl,2xemulated,0,hot,emulated,"), 4);
    assert_int_equal(text_count(rows, ",nccl-graph,2xemulated,0,hot,emulated,"), 4);
    assert_int_equal(text_count(rows, ",2xemulated,0,hot,emulated,0,0,,,,,,,"), 8);
    assert_int_equal(text_count(rows, ",mpi,2xcpu,1,hot,"), 4);
    free(rows);
    char *environment = file_of("environment.json");
    assert_non_null(environment);
    check_holds(environment, "\"nccl\":\t\"2.28.9\"");
    assert_int_equal(text_count(environment, "\"gpu\":\t\"lockstep emulated GPU"), 2);
    assert_null(strstr(environment, "gpu_link_bytes_per_second"));
    free(environment);
    call_free(&call);
}

TEST_WITH_STAND_IN(wrong_sums_are_found) {
    need_mpi();
    static const struct {
        const char *order, *said;
    } spoilt[] = {{"wrong@1", "out[0,0] is 3, should be "},
                  {"noisy@1", "and has not the same bits on all of them"}};
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
        assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", spoilt[i].order, 1), 0);
        check_call(LAUNCH(2, VERIFY_SHORTLY), 1, spoilt[i].said, NULL);
    }
}

/* --- a training step --- */

/* cuBLAS is the emulated GPU's own. */
#define STEP_ROWS "cuda-best-nccl,cuda-best-nccl-buckets,cublas-nccl,cublas-nccl-buckets"

/* Gradients of all layers against the float64 oracle of the whole batch, and parameters, moments
 * and gradients with the same bits on every rank. */
TEST_WITH_STAND_IN(a_step_is_shared) {
    need_mpi();
    struct call call =
        LAUNCH(3, "run", "mlp", "--shape", "17-19-23@6,31-17-9-11@12", "--case", "*/train_step*",
               "--gpu", "emulated", "--implementation", STEP_ROWS, "--out", "run");
    check_status(&call, 0);
    char *rows = file_of("results.csv");
    assert_non_null(rows);
    /* Two shapes, two losses. */
    assert_int_equal(text_count(rows, ",cuda-best-nccl,3xemulated,0,hot,emulated,"), 4);
    assert_int_equal(text_count(rows, ",cuda-best-nccl-buckets,3xemulated,0,hot,emulated,"), 4);
    assert_int_equal(text_count(rows, ",cublas-nccl,3xemulated,0,hot,emulated,"), 4);
    assert_int_equal(text_count(rows, ",cublas-nccl-buckets,3xemulated,0,hot,emulated,"), 4);
    free(rows);
    call_free(&call);
}

TEST_WITH_STAND_IN(a_wrong_sum_spoils_the_step) {
    need_mpi();
    static const char *const orders[] = {"wrong@1", "noisy@0"};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", orders[i], 1), 0);
        check_call(LAUNCH(2, "run", "mlp", "--shape", "5-7-3@4", "--case", "*/train_step/*",
                          "--gpu", "emulated", "--implementation", STEP_ROWS, "--out", orders[i]),
                   1, NULL, "4 of 4 rows failed");
    }
}

static double loss_read(const char *folder) {
    char path[100];
    snprintf(path, sizeof path, "%s/training.csv", folder);
    char *text = temporary_text(&here.place, path);
    assert_non_null(text);
    const char *field = strchr(text, '\n'); /* epoch, step, loss */
    for (int i = 0; i < 2 && field; i++)
        field = strchr(field + 1, ',');
    assert_non_null(field);
    const double loss = strtod(field + 1, NULL);
    free(text);
    return loss;
}

#define TRAIN_SHORTLY                                                                              \
    "train", "--data", "synthetic", "--layers", "20-16-4", "--epochs", "1", "--batch", "254",      \
        "--gpu", "emulated", "--implementation"

/* 254 and the 158 of the last batch are no multiples of three: the ranks' shares differ. */
TEST_WITH_STAND_IN(ranks_train_the_network_of_one_process) {
    need_mpi();
    check_call(CALL(TRAIN_SHORTLY, "cuda-best", "--out", "alone"), 0, NULL, NULL);
    const double alone = loss_read("alone");
    static const char *const rows[] = {"cuda-best-nccl", "cuda-best-nccl-buckets", "cublas-nccl",
                                       "cublas-nccl-buckets"};
    for (int i = 0; i < 4; i++) {
        check_call(LAUNCH(3, TRAIN_SHORTLY, rows[i], "--out", rows[i]), 0, NULL, NULL);
        const double together = loss_read(rows[i]);
        if (!(together < alone * 1.000001 && together > alone * 0.999999))
            fail_msg("%s: loss %.9g is not %.9g", rows[i], together, alone);
    }
}

TEST_WITH_STAND_IN(training_that_fails_says_where) {
    need_mpi();
    assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", "ncclAllReduce=1@1", 1), 0);
    static const char *const rows[] = {"cuda-best-nccl", "cublas-nccl"};
    for (int i = 0; i < 2; i++) {
        struct call call = LAUNCH(2, TRAIN_SHORTLY, rows[i], "--out", rows[i]);
        check_status(&call, 3);
        check_holds(call.err, "lockstep: rank 1 on ");
        check_holds(call.err, ": ncclAllReduce failed: ncclUnhandledCudaError (1)");
        call_free(&call);
    }
}

/* The other rows of the case go on. */
TEST_WITH_STAND_IN(a_cublas_that_cannot_be_used_is_named) {
    need_mpi();
    const struct {
        const char *library, *said;
    } libraries[] = {
        {"/nowhere/libcublas.so", "cuBLAS could not be loaded (/nowhere/libcublas.so: "},
        {without_functions, "cuBLAS cannot be used, it has no cublas"},
        {NULL, "a stand-in may be named in LOCKSTEP_CUBLAS"},
    };
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        cublas_choose(libraries[i].library);
        struct call call =
            LAUNCH(2, "verify", "mlp", "--dtype", "f32", "--shape", "5-7-3@4", "--gpu", "emulated",
                   "--implementation", "cuda-best-nccl,cublas-nccl");
        check_status(&call, 0);
        check_holds(call.out, libraries[i].said);
        check_holds(call.out, "4 passed, 0 failed, 4 skipped");
        call_free(&call);
    }
}

/* --- failures --- */

TEST_WITH_STAND_IN(no_failure_leaves_the_others_waiting) {
    need_mpi();
    static const struct {
        const char *order, *said;
        int status;
    } failures[] = {
        {"ncclGetUniqueId=3", "ncclGetUniqueId failed: ncclInternalError (3)", 1},
        /* The other rank is inside ncclCommInitRank then, and stays there. */
        {"ncclCommInitRank=2@1", ": ncclCommInitRank failed: ncclSystemError (2)", 1},
        {"ncclCommInitRank=2@0", "ncclCommInitRank failed: ncclSystemError (2)", 1},
        {"ncclAllReduce=1@1", ": ncclAllReduce failed: ncclUnhandledCudaError (1)", 1},
        {"ncclCommGetAsyncError=6@1", ": NCCL's work on the GPU failed: ncclRemoteError (6)", 1},
        {"version=2804", "this NCCL is too old (its version number is 2804)", 3},
    };
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", failures[i].order, 1), 0);
        struct call call = LAUNCH(2, VERIFY_SHORTLY);
        check_status(&call, failures[i].status);
        check_holds(call.out, failures[i].said);
        call_free(&call);
    }
}

/* Where one rank's call fails, the other's is inside a sum, or on its way there. The row behind it
 * joins the ranks anew. */
TEST_WITH_STAND_IN(no_failure_of_cublas_leaves_the_others_waiting) {
    need_mpi();
    static const struct {
        const char *order, *said;
    } failures[] = {
        {"cublasCreate_v2=1@1", ": cublasCreate failed: CUBLAS_STATUS_NOT_INITIALIZED (1)"},
        {"cublasSetStream_v2=14@0", "cublasSetStream failed: CUBLAS_STATUS_INTERNAL_ERROR (14)"},
        {"cublasSetWorkspace_v2=7@1",
         ": cublasSetWorkspace failed: CUBLAS_STATUS_INVALID_VALUE (7)"},
        {"cublasGemmEx=13@0", "cublasGemmEx failed: CUBLAS_STATUS_EXECUTION_FAILED (13)"},
        {"cublasGemmEx=13@1", ": cublasGemmEx failed: CUBLAS_STATUS_EXECUTION_FAILED (13)"},
    };
    cublas_choose(faulty_cublas);
    assert_int_equal(setenv("LOCKSTEP_FAULTY_CUBLAS", cublas, 1), 0);
    assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", "patience=4", 1), 0);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        assert_int_equal(setenv("LOCKSTEP_STAND_IN_CUBLAS", failures[i].order, 1), 0);
        struct call call = LAUNCH(2, "verify", "mlp", "--dtype", "f32", "--shape", "5-7-3@4",
                                  "--gpu", "emulated", "--implementation", STEP_ROWS);
        check_status(&call, 1);
        check_holds(call.out, failures[i].said);
        check_holds(call.out, "15 passed, 1 failed");
        call_free(&call);
    }
}

/* As ncclCommAbort does while a graph is kept that was captured with the communicator. */
TEST_WITH_STAND_IN(a_communicator_that_does_not_go_is_left_alone) {
    need_mpi();
    assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", "stuck,ncclAllReduce=1@1", 1), 0);
    check_call(LAUNCH(2, VERIFY_SHORTLY), 1, "0 passed, 10 failed, 0 skipped", NULL);
}

/* What failed once is joined anew: rows of the CPU go on meanwhile. */
TEST_WITH_STAND_IN(a_run_goes_on_without_nccl) {
    need_mpi();
    assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", "ncclAllReduce=1@1", 1), 0);
    struct call call =
        LAUNCH(2, "run", "allreduce", "--quick", "--max-time", "0.02", "--threads", "1", "--gpu",
               "emulated", "--implementation", "nccl,mpi", "--shape", "8,9", "--out", "run");
    check_status(&call, 1);
    char *rows = file_of("results.csv");
    assert_non_null(rows);
    assert_int_equal(text_count(rows, ",nccl,2xemulated,0,hot,failed,"), 2);
    assert_int_equal(text_count(rows, ",mpi,2xcpu,1,hot,"), 2);
    free(rows);
    call_free(&call);
}

TEST_WITH_STAND_IN(a_library_that_cannot_be_used_is_named) {
    need_mpi();
    const struct {
        const char *library, *said;
    } libraries[] = {
        {"/nowhere/libnccl.so.2", "NCCL could not be loaded (/nowhere/libnccl.so.2: "},
        {without_functions, "NCCL cannot be used, it has no ncclGetVersion"},
        {NULL, "NCCL needs a real GPU"},
    };
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        library_choose(libraries[i].library);
        struct call call = LAUNCH(2, VERIFY_SHORTLY);
        check_status(&call, 3);
        check_holds(call.out, "0 passed, 0 failed, 10 skipped");
        check_holds(call.out, libraries[i].said);
        call_free(&call);
    }
}

/* --- GPUs --- */

TEST_WITH_STAND_IN(ranks_without_gpus_of_their_own_are_told) {
    need_mpi();
    check_call(LAUNCH(2, "verify", "allreduce", "--gpu", "0"), 77, NULL, NULL);
}

TEST_WITH_STAND_IN(one_alone_is_told_how_to_start) {
    check_call(CALL(VERIFY_SHORTLY), 3,
               launching_is_possible(here.program) ? "mpirun -n 2" : "make deps MPI=1", NULL);
}

int main(void) {
    if (!realpath(STAND_IN_NCCL, stand_in) || !realpath(STAND_IN_NVML, without_functions) ||
        !realpath(EMULATED_CUBLAS, cublas) ||
        !realpath(STAND_IN_FOLDER "/faulty/libcublas.so.13", faulty_cublas)) {
        perror("no stand-in for NCCL, or no cuBLAS of the emulated GPU");
        return 1;
    }
    return tests_run(NULL, NULL);
}
