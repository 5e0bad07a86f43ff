/* The emulated driver whose files cannot be written: it runs, and says so. As in a process that
 * outlives the `lockstep emulate` that started its program. */
#define TESTS_OWN_MAIN
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

static const char ptx[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                          ".visible .entry seven(.param .u64 p) {\n"
                          ".reg .b64 %rd<2>;\n"
                          "ld.param.u64 %rd1, [p]; st.global.u32 [%rd1], 7; ret; }\n";

TEST(kernels_run) {
    char last[1200];
    CUcontext context;
    OK(cuInit(0));
    lockstepEmulatorMessage(last, sizeof last);
    assert_non_null(strstr(last, "cannot write there"));
    assert_non_null(strstr(last, "the GPU runs, and what this process does is not kept"));
    OK(cuCtxCreate_v4(&context, NULL, 0, 0));
    assert_int_equal(number_after(ptx, "seven", 1), 7);
    OK(cuCtxDestroy_v2(context));
}

int main(void) {
    if (setenv("LOCKSTEP_EMULATOR",
               "report=build/no/counters.csv;findings=build/no/findings;processes=build/no",
               1) != 0)
        return 1;
    return tests_run(NULL, NULL);
}
