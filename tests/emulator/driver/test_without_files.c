/* The emulated driver whose files cannot be written: it runs, and says so. As in a process that outlives the
 * `lockstep emulate` that started its program. */
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"

static const char ptx[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                          ".visible .entry seven(.param .u64 p) {\n"
                          ".reg .b64 %rd<2>;\n"
                          "ld.param.u64 %rd1, [p]; st.global.u32 [%rd1], 7; ret; }\n";

static void kernels_run(void **state) {
    char last[1200];
    CUcontext context;
    (void)state;
    OK(cuInit(0));
    lockstepEmulatorMessage(last, sizeof last);
    assert_non_null(strstr(last, "cannot write there"));
    assert_non_null(strstr(last, "the GPU runs, and what this process does is not kept"));
    OK(cuCtxCreate_v4(&context, NULL, 0, 0));
    assert_int_equal(number_after(ptx, "seven", 1), 7);
    OK(cuCtxDestroy_v2(context));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernels_run)};
    if (setenv("LOCKSTEP_EMULATOR",
               "report=build/no/counters.csv;findings=build/no/findings;processes=build/no",
               1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
