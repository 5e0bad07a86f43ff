/* `lockstep run` on an emulated H100: what needs its instructions, and what its copies cannot
 * take. */
#include "kernels/kernels.h"
#include "tests/support/calling.h"
#include "tests/support/staging.h"
#include "tests/support/test.h"

static const char *const h100[] = {"LOCKSTEP_EMULATOR=check=all;device=h100", NULL};

static struct call run_mlp(const char *cases, const char *shape) {
    const char *const arguments[] = {
        "run",   "--case",   cases,     "--shape",          shape,         "--dtype", "bf16,f16",
        "--gpu", "emulated", "--quick", "--implementation", "cuda-hopper", NULL};
    const struct call_limits limits = {.variables = h100};
    struct call call = call_start(&here, arguments, &limits);
    call_wait(&here, &call);
    return call;
}

static bool is_built(void) {
    return staging_has_kernels() && kernels_absence("gemm_10_hopper_128x256") == NULL;
}

/* Products nt, tn and nn of three layers, and all checks silent. */
TEST_IN_PLACE(a_network_is_verified) {
    if (!is_built()) {
        skip();
        return;
    }
    struct call call = run_mlp("mlp/train_step/*", "40-136-72@24");
    check_status(&call, 0);
    check_holds(call.out, "2 verified");
    check_holds(call.out, "gemm_hopper_f16_tn_");
    call_free(&call);
}

TEST_IN_PLACE(layers_that_tma_cannot_copy_are_skipped) {
    if (!is_built()) {
        skip();
        return;
    }
    struct call call = run_mlp("mlp/inference/*", "16-10@4");
    check_status(&call, 3); /* all rows were skipped */
    check_holds(call.out, "skipped: wants layers that are multiples of 8 wide");
    call_free(&call);
}
