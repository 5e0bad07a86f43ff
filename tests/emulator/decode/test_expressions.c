/* Constant expressions, with the values that the assembler gives them. */
#define TESTS_OWN_MAIN
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#include <stdio.h>

static const struct {
    const char *text;
    uint64_t value;
} integers[] = {
    /* order of operators */
    {"1 + 2 * 3", 7},
    {"1 + 2 * 3 == 7 && 4 | 1", 1},
    {"1 | 2 ^ 3 & 4", 3},
    {"5 & 3 == 1", 0},
    {"1 < 2 == 1", 1},
    {"1 <= 2 >= 1", 1},
    {"5 != 4 != 1", 0},
    {"1 << 2 + 1", 8},
    {"7 - 2 - 1", 4},
    {"-(-(5))", 5},
    {"- -5", 5},
    {"+5", 5},
    /* signed and unsigned */
    {"-1 < 2", 1},
    {"-1 < 2U", 0},
    {"-1U < 2", 0},
    {"~0 < 1", 0},
    {"3 >= 3", 1},
    {"-2 <= -3", 0},
    {"-7 / 2", (uint64_t)-3},
    {"-7 / 2U", 0x7ffffffffffffffc},
    {"7 % -3", 7},
    {"7 % 4", 3},
    {"(7 % 4 - 5) / 2", 0x7fffffffffffffff},
    {"-8 >> 1", (uint64_t)-4},
    {"(.u64)-8 >> 1", 0x7ffffffffffffffc},
    {"-8 >> 1U", (uint64_t)-4},
    {"~0 >> 1", 0x7fffffffffffffff},
    {"1 << 64", 1},
    {"1 << 65", 2},
    {"1 << -1", 0x8000000000000000},
    {"1 >> 64", 1},
    {"-1 >> 200", UINT64_MAX},
    {"(-1 & -1) / 2", 0},
    {"(-1 ^ 0) / 2", 0},
    {"(-4 - 0U) / 2", 0x7ffffffffffffffe},
    {"(!0 - 2) / 2", 0},
    {"((1 < 2) - 2) / 2", 0},
    {"(~5) / 2", 0x7ffffffffffffffd},
    {"0xffffffffffffffff / 2", 0x7fffffffffffffff},
    {"-9223372036854775808 / 2", 0x4000000000000000},
    {"-9223372036854775807 - 1", 0x8000000000000000},
    {"(-9223372036854775807 - 1) / -1", 0x8000000000000000},
    {"(-9223372036854775807 - 1) % -1", 0x8000000000000000},
    /* casts */
    {"(.s64)0xffffffffffffffff / 2", 0},
    {"(.u64)-1 / 2", 0x7fffffffffffffff},
    {"(.s64)(.u64)-1 < 0", 1},
    {"( .u64 ) (-1) < 0", 0},
    /* what is true */
    {"2 && 3", 1},
    {"2 && 0", 0},
    {"0 || 0", 0},
    {"0 || 5", 1},
    {"!5", 0},
    {"!0", 1},
    {"1 == 1", 1},
    {"1 != 1", 0},
    /* choices: the type is that of what is chosen */
    {"1 ? 2 : 3", 2},
    {"0 ? 2 : 3", 3},
    {"1 ? 2 : 0 ? 3 : 4", 2},
    {"0 ? 2 : 0 ? 3 : 4", 4},
    {"(1 ? -1 : 2U) / 2", 0},
    {"(0 ? 1U : -4) / 2", (uint64_t)-2},
    /* floats */
    {"1.0 < 2.0", 1},
    {"1.0 >= 1.5", 0},
    {"1.5 + 1.5 == 3.0", 1},
    {"0d3ff0000000000000 != 1.0", 0},
    /* the one constant with a name */
    {"WARP_SZ", 32},
    {"WARP_SZ * 2 + 1", 65},
    {"2 * WARP_SZ", 64},
    {"-WARP_SZ / 2", (uint64_t)-16},
    {"WARP_SZ == 32", 1},
};

static uint64_t run_wide(struct bench *bench, const char *before, const char *statements) {
    char text[1024];
    uint64_t result = 0;
    (void)snprintf(text, sizeof text, "%s%s%s%s", before,
                   ".visible .entry k(.param .u64 p) {\n" HEAD "ld.param.u64 %rd1, [p];\n",
                   statements, "\nst.global.u64 [%rd1], %rd2;\nret; }\n");
    bench_must_load(bench, text);
    const uint64_t memory = bench_allocate(bench, &result, sizeof result);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, &result, memory, sizeof result), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory), MACHINE_OK);
    return result;
}

TEST(integers_in_variables_and_in_operands) {
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof integers / sizeof integers[0]; k++) {
        char before[256], statement[256];
        (void)snprintf(before, sizeof before, ".global .u64 x = %s;\n", integers[k].text);
        (void)snprintf(statement, sizeof statement, "mov.b64 %%rd2, %s;", integers[k].text);
        const uint64_t in_variable = run_wide(bench, before, "ld.global.u64 %rd2, [x];");
        const uint64_t in_operand = run_wide(bench, "", statement);
        if (in_variable != integers[k].value || in_operand != integers[k].value)
            fail_msg("%s: %llx in a variable, %llx in an operand", integers[k].text,
                     (unsigned long long)in_variable, (unsigned long long)in_operand);
    }
}

TEST(floats_are_doubles) {
    static const struct {
        const char *text;
        double value;
    } floats[] = {
        {"1.0 + 2.0", 3},
        {"1.0 / 3.0", 1.0 / 3.0},
        {"- -1.5", 1.5},
        {"-(1.5)", -1.5},
        {"1.0 - 2.0 - 3.0", -4},
        {"8.0 / 2.0 / 2.0", 2},
        {"2.0 * 3.0 + 1.0", 7},
        {"+1.5", 1.5},
        {"0d3ff0000000000000 + 1.0", 2},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof floats / sizeof floats[0]; k++) {
        char before[256], statement[256];
        uint64_t wanted;
        memcpy(&wanted, &floats[k].value, sizeof wanted);
        (void)snprintf(before, sizeof before, ".global .f64 x = %s;\n", floats[k].text);
        (void)snprintf(statement, sizeof statement, "mov.f64 %%fd1, %s; mov.b64 %%rd2, %%fd1;",
                       floats[k].text);
        assert_int_equal(run_wide(bench, before, "ld.global.u64 %rd2, [x];"), wanted);
        assert_int_equal(run_wide(bench, "", statement), wanted);
    }
}

/* In addresses and predicates. */
TEST(where_they_stand) {
    struct bench *bench = *state;
    static const char array[] = ".global .b32 x[4] = {10, 20, 30, 40};\n"
                                ".global .b64 at = x + 4 * 2 - 4;\n";
    assert_int_equal(run_wide(bench, array, "ld.global.u32 %rd2, [x+(1<2?8:4)];"), 30);
    assert_int_equal(run_wide(bench, array, "ld.global.u32 %rd2, [x+3*4];"), 40);
    assert_int_equal(
        run_wide(bench, array, "mov.u64 %rd3, x+8; ld.global.u32 %rd2, [%rd3+WARP_SZ-32];"), 30);
    assert_int_equal(run_wide(bench, array, "mov.u64 %rd3, x+16-4-4; ld.global.u32 %rd2, [%rd3];"),
                     30);
    assert_int_equal(
        run_wide(bench, array, "ld.global.u64 %rd3, [at]; ld.global.u32 %rd2, [%rd3];"), 20);
    assert_int_equal(run_wide(bench, "", "mov.pred %p1, 1 < 2; selp.b64 %rd2, 5, 6 && 7, %p1;"), 5);
}

TEST(what_has_no_value_is_refused) {
    static const char *const wrong[] = {
        "5 / 0",     "5 % 0",      "1 ? 2 : 1 / 0", "0 && (1 / 0)", "1.0 / 0.0",        "1.5 * 2",
        "!1.0",      "~1.0",       "1.0 && 1",      "1 ? 1.5 : 2",  "1.0 ? 1 : 2",      "(.s64)1.0",
        "(.u32)5",   "(.f64)5",    "1 < = 2",       "1 < < 2",      "1 & & 2",          "1 ? 2",
        "1.0 % 2.0", "1.0 << 2.0", "1 +",           "() ",          "0f3f800000 + 1.0",
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       ".visible .entry k() { .reg .b64 %%rd<3>; mov.b64 %%rd2, %s; ret; }\n",
                       wrong[k]);
        if (bench_load(bench, text) != MACHINE_INVALID_PTX)
            fail_msg("taken: %s", wrong[k]);
        (void)snprintf(text, sizeof text, ".global .u64 x = %s;\n", wrong[k]);
        if (bench_load(bench, text) != MACHINE_INVALID_PTX)
            fail_msg("taken in a variable: %s", wrong[k]);
    }
}

int main(void) {
    return tests_run(bench_setup, bench_teardown);
}
