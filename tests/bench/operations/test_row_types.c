/* The macros that keep rows type-checked though `run` and `own` are of no type: what does not fit
 * an operation must not compile. */
#include "tests/support/compiling.h"
#include "tests/support/test.h"

#include <stdio.h>

#define HEAD "#include \"bench/operations/mlp.h\"\n"

static void check(const char *text, bool wanted) {
    struct temporary place;
    char whole[1024];
    temporary_open(&place);
    snprintf(whole, sizeof whole, HEAD "%s\n", text);
    if (compile_accepts(&place, whole) != wanted)
        fail_msg("%s: %s", text, wanted ? "does not compile" : "compiles");
    temporary_close(&place);
}

TEST(a_row_takes_functions_of_its_signature_alone) {
    check("gemm_kernel f; const struct implementation row = {.run = RUN(gemm, f)};", true);
    check("softmax_kernel f; const struct implementation row = {.run = RUN(gemm, f)};", false);
    check("int f(const struct gemm_problem *p); "
          "const struct implementation row = {.run = RUN(gemm, f)};",
          false);
    check("gemm_kernel f; const struct implementation row = {.run = RUN(other, f)};", false);
}

TEST(a_network_takes_kernels_alone) {
    check("const struct mlp_kernels k; "
          "const struct implementation row = {.own = MLP_KERNELS(&k)};",
          true);
    check("const struct mlp_model k; "
          "const struct implementation row = {.own = MLP_KERNELS(&k)};",
          false);
}

/* A problem that is larger than struct launch has room for. */
TEST(a_problem_fits_a_launch) {
    check("struct mine_problem { char bytes[PROBLEM_BYTES_MAX]; }; OPERATION_PROBLEM(mine)", true);
    check("struct mine_problem { char bytes[PROBLEM_BYTES_MAX + 1]; }; OPERATION_PROBLEM(mine)",
          false);
}
