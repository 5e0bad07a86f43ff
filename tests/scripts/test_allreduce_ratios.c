/* scripts/allreduce-ratios: what it makes of the samples of its turns. */
#include "tests/support/support.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>

/* Two turns; the script's table and its exit status. */
static int ratios(const char *const samples[2], const char *const bare[2], char *result,
                  size_t size) {
    static const char header[] = "operation,implementation,sample,seconds\n";
    struct temporary place;
    char command[400], text[1024];
    temporary_open(&place);
    for (int turn = 0; turn < 2; turn++) {
        char name[32];
        snprintf(name, sizeof name, "%d", turn + 1);
        assert_int_equal(mkdir(temporary_path(&place, name), 0700), 0);
        snprintf(text, sizeof text, "%s%s", header, samples[turn]);
        snprintf(name, sizeof name, "%d/samples.csv", turn + 1);
        temporary_write(&place, name, text);
        snprintf(name, sizeof name, "%d.bare", turn + 1);
        temporary_write(&place, name, bare[turn]);
    }
    snprintf(command, sizeof command, "scripts/allreduce-ratios ratios %s 2>/dev/null", place.path);
    const int status = command_output(command, result, size);
    temporary_close(&place);
    return status;
}

TEST(medians_and_the_smallest_of_all_turns_are_compared) {
    char result[1024];
    const char *const samples[] = {"allreduce,mpi,0,0.030\nallreduce,mpi-loop,0,0.020\n"
                                   "allreduce,mpi,1,0.010\n",
                                   "allreduce,mpi,0,0.020\nallreduce,mpi-loop,0,0.012\n"};
    const char *const bare[] = {"0.018\n0.009\n", "0.500\n"};
    assert_int_equal(ratios(samples, bare, result, sizeof result), 0);
    assert_string_equal(result, "| of medians or smallest samples | mpi | mpi-loop | a bare loop | "
                                "rate over the bare loop | cost of the harness |\n"
                                "|---|---|---|---|---|---|\n"
                                "| medians | 20.00 ms | 16.00 ms | 18.00 ms | 0.900 | 25.0% |\n"
                                "| smallest | 10.00 ms | 12.00 ms | 9.00 ms | 0.900 | -16.7% |\n");
}

TEST(samples_that_are_missing_are_an_error) {
    char result[1024];
    const char *const samples[] = {"allreduce,mpi,0,0.030\n", ""};
    const char *const bare[] = {"0.018\n", ""};
    assert_int_not_equal(ratios(samples, bare, result, sizeof result), 0);
    assert_string_equal(result, "");
}
