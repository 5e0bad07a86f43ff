/* NVTX ranges as a profiler gets them: this program names its own injection library, and reads
 * there what arrived. */
#define TESTS_OWN_MAIN
#include "gpu/nvtx.h"
#include "tests/stand_in/client.h"
#include "tests/support/test.h"

TEST(ranges_arrive_nested_and_named) {
    if (!nvtx_available())
        skip();
    struct stand_in profiler = stand_in_attach(STAND_IN_NVTX);
    struct nvtx nvtx;
    nvtx_open(&nvtx);
    nvtx_push(&nvtx, "mlp/train_step/f32/784-128-10@100");
    nvtx_push(&nvtx, "cublas");
    nvtx_push(&nvtx, "warm-up");
    nvtx_pop(&nvtx);
    nvtx_push(&nvtx, "sample");
    nvtx_push(&nvtx, "forward gemm 1");
    nvtx_pop(&nvtx);
    nvtx_pop(&nvtx);
    nvtx_pop(&nvtx);
    nvtx_pop(&nvtx);
    nvtx_close(&nvtx);
    assert_string_equal(profiler.log(), "domain lockstep\n"
                                        "0 mlp/train_step/f32/784-128-10@100\n"
                                        "1 cublas\n"
                                        "2 warm-up\n"
                                        "2 ends\n"
                                        "2 sample\n"
                                        "3 forward gemm 1\n"
                                        "3 ends\n"
                                        "2 ends\n"
                                        "1 ends\n"
                                        "0 ends\n"
                                        "domain ends\n");
}

int main(void) {
    /* Read by NVTX at its first call. */
    if (setenv("NVTX_INJECTION64_PATH", STAND_IN_NVTX, 1) != 0)
        return 1;
    return tests_run(NULL, NULL);
}
