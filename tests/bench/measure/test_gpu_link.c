/* The rate from GPU to GPU, between emulated ones with the host's time, by a stand-in for NCCL that
 * fails as it is ordered to. The tests start this program again under mpirun; called with
 * a number it is a rank, and prints what it found as many times. */
#define TESTS_OWN_MAIN
#include "bench/devices/gpu.h"
#include "bench/measure/ceilings.h"
#include "ranks/ranks.h"
#include "tests/stand_in/client.h"
#include "tests/support/launching.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- as a rank -------------------------------------------------------------------------------- */

static void end(enum status status, const char *sentence) {
    (void)status;
    fprintf(stderr, "ended: %s\n", sentence ? sentence : "");
    _exit(1);
}

static void rates_print(struct device *device, int times) {
    for (int i = 0; i < times; i++) {
        struct message message = {"no message"};
        double rate = -1.0;
        const enum status status = ceilings_measure_gpu_link(device, true, &rate, &message);
        printf("status %d, %s rate: %s\n", (int)status,
               rate > 0.0    ? "a"
               : rate == 0.0 ? "no"
                             : "an untouched",
               status == STATUS_OK ? "well" : message.text);
    }
}

static int rank_run(int times) {
    struct ranks *ranks;
    struct device device;
    struct message message = {""};
    enum status status = ranks_open(end, &ranks, &message);
    if (status == STATUS_OK)
        status = ranks_agree(ranks, device_gpu_open("emulated", &device, &message), &message);
    if (status != STATUS_OK) {
        fprintf(stderr, "not opened: %s\n", message.text);
        return 1;
    }
    device.ranks = ranks;
    rates_print(&device, times);
    status = device.close(&device, &message);
    if (status != STATUS_OK)
        fprintf(stderr, "not closed: %s\n", message.text);
    ranks_close(ranks);
    return status == STATUS_OK ? 0 : 1;
}

/* --- the tests -------------------------------------------------------------------------------- */

static char self[PATH_MAX];

/* With the host's time or without, and an order to the stand-in. What failed must not stand in the
 * way of what follows: then the rate is measured twice. */
static struct call ranks_call(int count, const char *time, const char *order) {
    char library[PATH_MAX], mpi[PATH_MAX], emulator[40];
    if (!launching_is_possible(here.program))
        skip();
    assert_non_null(realpath(STAND_IN_NCCL, library));
    assert_non_null(realpath(STAND_IN_FOLDER "/../../ranks/liblockstep-mpi.so", mpi));
    assert_int_equal(setenv("LOCKSTEP_MPI", mpi, 1), 0);
    snprintf(emulator, sizeof emulator, "threads=1;time=%s", time);
    assert_int_equal(setenv("LOCKSTEP_NCCL", library, 1), 0);
    assert_int_equal(setenv("LOCKSTEP_EMULATOR", emulator, 1), 0);
    assert_int_equal(setenv("LOCKSTEP_STAND_IN_NCCL", order, 1), 0);
    struct call call = launch_of(self, count, (const char *const[]){*order ? "2" : "1", NULL});
    assert_int_equal(unsetenv("LOCKSTEP_STAND_IN_NCCL"), 0);
    assert_int_equal(unsetenv("LOCKSTEP_EMULATOR"), 0);
    assert_int_equal(unsetenv("LOCKSTEP_NCCL"), 0);
    assert_int_equal(unsetenv("LOCKSTEP_MPI"), 0);
    check_status(&call, 0);
    return call;
}

TEST_IN_PLACE(data_goes_around) {
    for (int count = 2; count <= 3; count++) {
        struct call call = ranks_call(count, "host", "");
        assert_int_equal(text_count(call.out, "status 0, a rate: well\n"), count);
        call_free(&call);
    }
}

/* On all ranks, with the one that failed. */
TEST_IN_PLACE(every_failure_is_said) {
    static const struct {
        const char *order, *said;
    } failures[] = {
        {"ncclGetUniqueId=3", "ncclGetUniqueId failed: ncclInternalError (3)"},
        {"ncclCommInitRank=2@1", ": ncclCommInitRank failed: ncclSystemError (2)"},
        {"ncclGroupStart=3@1", ": ncclGroupStart failed: ncclInternalError (3)"},
        {"ncclSend=4@0", "ncclSend failed: ncclInvalidArgument (4)"},
        {"ncclSend=1@1", ": ncclSend failed: ncclUnhandledCudaError (1)"},
        {"ncclRecv=5@1", ": ncclRecv failed: ncclInvalidUsage (5)"},
        {"ncclGroupEnd=2@1", ": ncclGroupEnd failed: ncclSystemError (2)"},
        {"ncclCommGetAsyncError=6@1", ": NCCL's work on the GPU failed: ncclRemoteError (6)"},
        {"wrong@1", ": what came by ncclRecv is not what rank 0 gave to ncclSend"},
    };
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct call call = ranks_call(2, "host", failures[i].order);
        if (text_count(call.out, failures[i].said) != 4)
            fail_msg("%s: %s", failures[i].order, call.out);
        assert_int_equal(text_count(call.out, ", no rate: "), 4);
        call_free(&call);
    }
}

TEST_IN_PLACE(without_time_there_is_no_rate) {
    struct call call = ranks_call(2, "none", "");
    assert_int_equal(text_count(call.out, ", no rate: an emulated GPU has no time"), 2);
    call_free(&call);
}

int main(int argc, char **argv) {
    if (argc > 1)
        return rank_run(*argv[1] - '0');
    self_path(self, sizeof self);
    return tests_run(NULL, NULL);
}
