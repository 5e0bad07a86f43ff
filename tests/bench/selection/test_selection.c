/* Which cases a command line asks for. */
#include "bench/operations/operations.h"
#include "bench/selection/presets.h"
#include "bench/selection/selection.h"
#include "tests/support/test.h"

#include <string.h>

static struct selection selection_of(const struct selection_options *options) {
    struct selection selection;
    struct message message = {""};
    if (selection_open(options, &selection, &message) != STATUS_OK)
        fail_msg("refused: %s", message.text);
    return selection;
}

/* The selection is exactly `names`, in this order. */
static void check_selected(const struct selection_options *options, const char *const *names,
                           size_t count) {
    struct selection selection = selection_of(options);
    assert_int_equal(selection.count, count);
    for (size_t i = 0; i < count; i++) {
        char name[256];
        case_name(&selection.cases[i], name, sizeof name);
        assert_string_equal(name, names[i]);
        assert_true(selection.cases[i].settings.alpha == 1.0F);
        assert_true(selection.cases[i].settings.beta == 0.0F);
        assert_true(selection.cases[i].settings.seed == options->seed);
    }
    selection_close(&selection);
    assert_null(selection.cases);
}

#define CHECK_SELECTED(options, ...)                                                               \
    do {                                                                                           \
        static const char *const names_[] = {__VA_ARGS__};                                         \
        check_selected(options, names_, sizeof names_ / sizeof names_[0]);                         \
    } while (0)

/* Refused, with a message that holds both texts. */
static void check_refused(const struct selection_options *options, const char *first,
                          const char *second) {
    struct selection selection;
    struct message message = {""};
    assert_int_equal(selection_open(options, &selection, &message), STATUS_INVALID);
    assert_null(selection.cases);
    assert_int_equal(selection.count, 0);
    if (!strstr(message.text, first) || !strstr(message.text, second))
        fail_msg("'%s' should hold '%s' and '%s'", message.text, first, second);
}

static const char *const gemm[] = {"gemm"};
static const char *const gemm_and_softmax[] = {"softmax", "gemm"};

#define GEMM .operations = gemm, .operation_count = 1, .preset = "default"

TEST(a_preset_is_all_of_its_cases) {
    for (int p = 0; p < preset_count; p++) {
        const struct selection_options options = {.preset = presets[p].name, .seed = 3};
        struct selection selection = selection_of(&options);
        assert_true(selection.count > 0);
        selection_close(&selection);
    }
    const struct selection_options recommender = {
        .preset = "recommender", .operations = gemm, .operation_count = 1, .seed = 3};
    CHECK_SELECTED(&recommender, "gemm/nt/f32/2048x1x256", "gemm/nt/f32/2048x512x13",
                   "gemm/nt/f32/2048x256x512", "gemm/nt/f32/2048x64x256",
                   "gemm/nt/f32/2048x512x512");
}

TEST(globs_run_over_whole_names) {
    const struct selection_options star = {.preset = "default", .case_glob = "gemm/t?/f32/64x*"};
    CHECK_SELECTED(&star, "gemm/tn/f32/64x64x64");
    const struct selection_options set = {.preset = "default", .case_glob = "*[ei]r/adam*"};
    CHECK_SELECTED(&set, "optimizer/adam/f32/101770", "optimizer/adam/f32/25000000");
    const struct selection_options part = {.preset = "default", .case_glob = "adam*"};
    check_refused(&part, "no case is left", "adam*");
}

TEST(shapes_stand_instead_of_the_presets) {
    const struct selection_options options = {GEMM, .shapes = "8x8x8, 4x5x6,8x8x8"};
    CHECK_SELECTED(&options, "gemm/nn/f32/8x8x8", "gemm/nt/f32/8x8x8", "gemm/tn/f32/8x8x8",
                   "gemm/nn/f32/4x5x6", "gemm/nt/f32/4x5x6", "gemm/tn/f32/4x5x6");
    const struct selection_options filtered = {GEMM, .shapes = "8x8x8,4x5x6",
                                               .case_glob = "gemm/nt/*"};
    CHECK_SELECTED(&filtered, "gemm/nt/f32/8x8x8", "gemm/nt/f32/4x5x6");
}

/* A shape goes to every chosen operation that can read it. */
TEST(a_shape_finds_its_operations) {
    const struct selection_options options = {.preset = "default",
                                              .operations = gemm_and_softmax,
                                              .operation_count = 2,
                                              .shapes = "2x3,4x5x6",
                                              .case_glob = "*/[nf][no]*"};
    CHECK_SELECTED(&options, "softmax/forward/f32/2x3", "gemm/nn/f32/4x5x6");
    const struct selection_options network = {.preset = "default", .shapes = "3-4-2@10"};
    CHECK_SELECTED(&network, "mlp/train_step/f32/3-4-2@10", "mlp/train_step_mse/f32/3-4-2@10",
                   "mlp/inference/f32/3-4-2@10");
}

TEST(a_bad_shape_beside_a_good_one_is_refused) {
    const struct selection_options last = {GEMM, .shapes = "8x8x8,0x3"};
    check_refused(&last, "'0x3'", "gemm");
    const struct selection_options first = {GEMM, .shapes = "1x2,8x8x8"};
    check_refused(&first, "'1x2'", "MxNxK");
    const struct selection_options none = {GEMM, .shapes = ""};
    check_refused(&none, "no case is left", "");
}

TEST(unknown_names_list_the_known) {
    static const char *const unknown[] = {"gemm", "convolution"};
    const struct selection_options operation = {
        .preset = "default", .operations = unknown, .operation_count = 2};
    check_refused(&operation, "'convolution'", "gemm linear activation softmax");
    const struct selection_options preset = {.preset = "slow"};
    check_refused(&preset, "'slow'", "default quick squares");
    const struct selection_options dtype = {GEMM, .dtypes = "f32,f64"};
    check_refused(&dtype, "'f64'", "f32 tf32 bf16 f16");
}

TEST(every_list_of_the_known_is_whole) {
    struct message message;
    static const char *const unknown[] = {"none"};
    assert_int_equal(operations_check(unknown, 1, &message), STATUS_INVALID);
    for (int o = 0; o < operation_count; o++)
        assert_non_null(strstr(message.text, operations[o]->name));
    assert_int_equal(implementations_check("none", operations, (size_t)operation_count, &message),
                     STATUS_INVALID);
    for (int o = 0; o < operation_count; o++)
        for (int i = 0; i < operations[o]->implementation_count; i++)
            assert_non_null(strstr(message.text, operations[o]->implementations[i].name));
    struct selection selection;
    const struct selection_options preset = {.preset = "none"};
    assert_int_equal(selection_open(&preset, &selection, &message), STATUS_INVALID);
    for (int p = 0; p < preset_count; p++)
        assert_non_null(strstr(message.text, presets[p].name));
}

/* --- one case by its name --- */

TEST(a_case_outside_every_preset_can_be_named) {
    const struct selection_options product = {.preset = "default",
                                              .case_glob = "gemm/tn/f32/5x6x7"};
    CHECK_SELECTED(&product, "gemm/tn/f32/5x6x7");
    /* Written otherwise than its own name. */
    const struct selection_options flat = {.preset = "default",
                                           .case_glob = "activation/silu.forward/f32/3x5"};
    CHECK_SELECTED(&flat, "activation/silu.forward/f32/15");
    const struct selection_options zero = {.preset = "default", .case_glob = "gemm/nn/f32/08x8x8"};
    CHECK_SELECTED(&zero, "gemm/nn/f32/8x8x8");
    const struct selection_options network = {.preset = "default",
                                              .case_glob = "mlp/inference/f32/3-4-2@9"};
    CHECK_SELECTED(&network, "mlp/inference/f32/3-4-2@9");
}

TEST(names_of_no_case_are_refused) {
    static const char *const bad[] = {"",
                                      "gemm",
                                      "/",
                                      "gemm/nn",
                                      "gemm/nn/f32",
                                      "gemm/nn/f32/",
                                      "gemm/nn/f64/8x8x8",
                                      "gemm/tt/f32/8x8x8",
                                      "product/nn/f32/8x8x8",
                                      "gemm/nn/8x8x8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct selection_options options = {.preset = "default", .case_glob = bad[i]};
        check_refused(&options, "there is no case", bad[i]);
    }
    const struct selection_options shape = {.preset = "default", .case_glob = "gemm/nn/f32/0x3x3"};
    check_refused(&shape, "'0x3x3'", "at least 1");
}

TEST(a_named_case_of_an_operation_that_was_not_asked_for) {
    const struct selection_options options = {GEMM, .case_glob = "softmax/forward/f32/2x3"};
    check_refused(&options, "no case is left", "softmax/forward/f32/2x3");
}

/* The case is of f32 and cannot be of another dtype too. */
TEST(a_named_case_of_a_dtype_that_was_not_asked_for) {
    const struct selection_options other = {
        .preset = "default", .case_glob = "gemm/nn/f32/8x8x8", .dtypes = "bf16,tf32"};
    check_refused(&other, "no case is left", "gemm/nn/f32/8x8x8");
    const struct selection_options same = {
        .preset = "default", .case_glob = "gemm/nn/bf16/8x8x8", .dtypes = "bf16,tf32"};
    CHECK_SELECTED(&same, "gemm/nn/bf16/8x8x8");
}

/* --- dtypes --- */

TEST(dtypes_are_chosen_by_a_list) {
    const struct selection_options options = {GEMM, .shapes = "8x8x8", .dtypes = "bf16,f32",
                                              .case_glob = "gemm/nn/*"};
    CHECK_SELECTED(&options, "gemm/nn/f32/8x8x8", "gemm/nn/bf16/8x8x8");
}

/* An operation that computes f32 alone must not run under another name. */
TEST(an_operation_has_no_dtype_that_it_cannot_compute) {
    const struct selection_options options = {
        .preset = "default", .dtypes = "f16", .shapes = "2x3,8x8x8", .case_glob = "*/nn/*"};
    CHECK_SELECTED(&options, "gemm/nn/f16/8x8x8");
    static const char *const softmax[] = {"softmax"};
    const struct selection_options none = {
        .preset = "default", .operations = softmax, .operation_count = 1, .dtypes = "tf32"};
    check_refused(&none, "softmax has no tf32", "f32");
    static const char *const attention[] = {"attention"};
    const struct selection_options partly = {.preset = "default",
                                             .operations = attention,
                                             .operation_count = 1,
                                             .shapes = "1x1x9x9",
                                             .dtypes = "bf16,f16"};
    check_refused(&partly, "attention has no f16", "f32 bf16");
    const struct selection_options named = {.preset = "default",
                                            .case_glob = "softmax/forward/bf16/2x3"};
    check_refused(&named, "there is no case", "softmax/forward/bf16/2x3");
}

/* --- lists --- */

TEST(lists_hold_whole_names) {
    assert_true(list_contains("a,bc,d", "a"));
    assert_true(list_contains("a,bc,d", "bc"));
    assert_true(list_contains("a,bc,d", "d"));
    assert_false(list_contains("a,bc,d", "b"));
    assert_false(list_contains("a,bc,d", "bcd"));
    assert_false(list_contains("a,bc,d", ""));
    assert_false(list_contains("", "a"));
    assert_true(list_contains(NULL, "a"));
}

TEST(implementations_must_belong_to_a_chosen_operation) {
    struct message message = {""};
    const struct operation *const softmax[] = {&operation_softmax};
    const struct operation *const both[] = {&operation_softmax, &operation_gemm};
    assert_int_equal(implementations_check(NULL, softmax, 1, &message), STATUS_OK);
    assert_int_equal(implementations_check("cpu-simd,cpu-naive", softmax, 1, &message), STATUS_OK);
    assert_int_equal(implementations_check("openblas,cpu-simd", both, 2, &message), STATUS_OK);
    assert_int_equal(implementations_check("cpu-simd,openblas", softmax, 1, &message),
                     STATUS_INVALID);
    assert_non_null(strstr(message.text, "'openblas'"));
    assert_non_null(strstr(message.text, "cpu-naive cpu-simd"));
    assert_int_equal(implementations_check("", softmax, 1, &message), STATUS_INVALID);
    assert_int_equal(implementations_check(",", softmax, 1, &message), STATUS_INVALID);
}
