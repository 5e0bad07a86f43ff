/* A run where /proc is not mounted, as in a bare chroot. Where mounts cannot be changed the test is
 * skipped.
 */
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* For this process and those that it starts. */
static bool proc_hide(void) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/proc", "tmpfs", MS_RDONLY, NULL) == 0;
}

TEST(a_run_without_proc) {
    calling_open(&here); /* finds itself by /proc */
    if (!proc_hide()) {
        calling_close(&here);
        skip();
    }
    assert_int_not_equal(access("/proc/self/exe", F_OK), 0);
    check_call(
        call_of(&here, (const char *const[]){"run", "--case", "gemm/nn/f32/*", "--shape", "8x8x8",
                                             "--implementation", "cpu-naive,cuda-naive", "--quick",
                                             "--max-time", "0.01", "--threads", "1", "--out", "run",
                                             NULL}),
        0, "1 measured", NULL);
    struct call emulated =
        call_of(&here, (const char *const[]){"run", "--case", "gemm/nn/f32/*", "--shape", "8x8x8",
                                             "--implementation", "cuda-naive", "--gpu", "emulated",
                                             "--out", "emulated", NULL});
    assert_null(strstr(emulated.err, "beside ")); /* it is looked for where it lies */
    call_free(&emulated);
    calling_close(&here);
}
