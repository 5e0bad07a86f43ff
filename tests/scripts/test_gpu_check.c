/* scripts/gpu-check with a lockstep that fails where it is told to, and scripts/ncu-counts on what
 * Nsight Compute prints. */
#include "tests/support/support.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a command line of the repository's root, in which %s is the temporary folder; gives its exit
 * status and what it printed. */
static int run(struct temporary *place, const char *format, char *printed, size_t size) {
    char command[1024], whole[2048];
    snprintf(command, sizeof command, format, place->path, place->path);
    snprintf(whole, sizeof whole, "PATH=/usr/bin:/bin; %s >%s/printed 2>&1", command, place->path);
    int status = system(whole);
    char *text = temporary_text(place, "printed");
    assert_non_null(text);
    snprintf(printed, size, "%s", text);
    free(text);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void write_program(struct temporary *place, const char *text) {
    const char *path = temporary_path(place, "lockstep");
    file_write_text(path, text);
    assert_int_equal(chmod(path, 0700), 0);
}

TEST(a_failed_step_is_named_and_the_next_one_follows) {
    struct temporary place;
    char printed[4096];
    temporary_open(&place);
    write_program(&place, "#!/bin/sh\ncase $* in *tensor*) exit 1 ;; esac\n");
    assert_int_equal(run(&place, "scripts/gpu-check %s 0 %s/all", printed, sizeof printed), 1);
    assert_non_null(strstr(printed, "failed: exit status 1"));
    assert_non_null(strstr(printed, "skipped: no ncu in PATH"));
    assert_true(strstr(printed, "skipped: built without MPI") != NULL ||
                strstr(printed, "skipped: no mpirun in PATH") != NULL);
    const char *tensor = strstr(printed, "tensor"), *train = strstr(printed, "train");
    assert_true(tensor != NULL && train > tensor && strstr(train, "passed") != NULL);
    assert_int_equal(run(&place, "scripts/gpu-check %s 0 %s/all", printed, sizeof printed), 2);
    assert_non_null(strstr(printed, "must be a new folder"));
    temporary_close(&place);
}

/* A lockstep whose cuda-hopper takes a millisecond, and whose cuBLAS takes `cublas`. */
static void write_hopper(struct temporary *place, const char *cublas) {
    char text[1024];
    snprintf(text, sizeof text,
             "#!/bin/sh\ncase $* in *--tuning*hopper*) for last; do :; done; mkdir \"$last\"\n"
             "printf 'shape,implementation,median_s\\n4096x4096x4096,cuda-hopper,1e-3\\n"
             "4096x4096x4096,cublas,%s\\n' >\"$last/results.csv\" ;; esac\n",
             cublas);
    write_program(place, text);
}

TEST(hopper_is_held_to_cublas) {
    struct temporary place;
    char printed[4096];
    temporary_open(&place);
    write_hopper(&place, "0.95e-3");
    assert_int_equal(run(&place, "scripts/gpu-check %s 0 %s/near", printed, sizeof printed), 0);
    assert_true(
        temporary_holds(&place, "near/hopper.txt", "4096x4096x4096: 0.950 of the rate of cuBLAS"));
    write_hopper(&place, "0.8e-3");
    assert_int_equal(run(&place, "scripts/gpu-check %s 0 %s/far", printed, sizeof printed), 1);
    const char *hopper = strstr(printed, "hopper  ");
    assert_true(hopper != NULL && strstr(hopper, "failed: exit status 1") != NULL);
    write_program(&place, "#!/bin/sh\ncase $* in tune*bf16*) echo 'cuda-hopper needs compute "
                          "capability 9.0'; exit 3 ;; esac\n");
    assert_int_equal(run(&place, "scripts/gpu-check %s 0 %s/other", printed, sizeof printed), 0);
    assert_non_null(strstr(printed, "skipped: its compute capability is not 9.0"));
    temporary_close(&place);
}

TEST(without_its_gpu_nothing_is_checked) {
    struct temporary place;
    char printed[4096];
    temporary_open(&place);
    write_program(&place, "#!/bin/sh\necho 'no GPU here'\n[ \"$1\" != verify ] || exit 77\n");
    assert_int_equal(run(&place, "scripts/gpu-check %s 0 %s/none", printed, sizeof printed), 77);
    assert_non_null(strstr(printed, "no GPU here"));
    temporary_close(&place);
}

#define HEAD                                                                                       \
    "==PROF== Connected\n"                                                                         \
    "\"ID\",\"Kernel Name\",\"Block Size\",\"Grid Size\","                                         \
    "\"l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum\","                                         \
    "\"l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum\","                                          \
    "\"l1tex__t_requests_pipe_lsu_mem_global_op_st.sum\","                                         \
    "\"l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum\"\n"                                         \
    "\"\",\"\",\"\",\"\",\"\",\"sector\",\"\",\"sector\"\n"

TEST(counts_are_held_to_ncus) {
    struct temporary place;
    char printed[4096];
    temporary_open(&place);
    /* Two launches of the first kernel: the columns are their totals. */
    temporary_write(&place, "counters.csv",
                    "kernel,grid,block,launches,global_load_requests,global_load_sectors,"
                    "global_store_requests,global_store_sectors\n"
                    "one,2x1x1,32x4x1,2,4000,8000,20,40\n"
                    "two,2x1x1,32x4x1,1,3,6,1,2\n");
    const char *compare = "scripts/ncu-counts compare %s/counters.csv %s/ncu.csv";
    temporary_write(&place, "ncu.csv",
                    HEAD "\"0\",\"one(arguments)\",\"(32, 4, 1)\",\"(2, 1, 1)\",\"2,000\","
                         "\"4,000\",\"10\",\"20\"\n");
    assert_int_equal(run(&place, compare, printed, sizeof printed), 0);
    assert_non_null(strstr(printed, "launches with equal counts: 1, with others: 0"));
    temporary_write(&place, "ncu.csv",
                    HEAD "\"0\",\"two\",\"(32, 4, 1)\",\"(2, 1, 1)\",\"3\",\"7\",\"1\",\"2\"\n");
    assert_int_equal(run(&place, compare, printed, sizeof printed), 1);
    assert_non_null(strstr(printed, "two 2x1x1 32x4x1: ncu has 3 7 1 2, emulated"));
    temporary_write(&place, "ncu.csv",
                    HEAD "\"0\",\"two\",\"(64, 4, 1)\",\"(2, 1, 1)\",\"3\",\"6\",\"1\",\"2\"\n");
    assert_int_equal(run(&place, compare, printed, sizeof printed), 2);
    temporary_close(&place);
}
