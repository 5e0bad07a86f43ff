/* tcgen05.mma: every shape and kind but scaled blocks, bit by bit as the model has it. */
#include "tests/support/tensor_product.h"
#include "tests/support/test.h"

static const struct product_form products[] = {
    {.d = F32, .a = BF16, .b = BF16}, {.d = F32, .a = F16, .b = F16},
    {.d = F16, .a = F16, .b = F16},   {.d = F32, .a = TF32, .b = TF32},
    {.d = F32, .a = E4M3, .b = E4M3}, {.d = F32, .a = E4M3, .b = E5M2},
    {.d = F16, .a = E5M2, .b = E4M3}, {.d = F32, .a = E2M3, .b = E3M2},
    {.d = F32, .a = E2M1, .b = E2M1}, {.d = F16, .a = E3M2, .b = E2M1},
    {.d = F32, .a = E2M1, .b = E4M3}, {.d = S32, .a = S8, .b = S8},
    {.d = S32, .a = S8, .b = U8},     {.d = S32, .a = U8, .b = S8},
    {.d = S32, .a = U8, .b = U8},
};
enum { PRODUCTS = sizeof products / sizeof products[0] };

static bool has_columns(const struct product_form *form, unsigned n) {
    const bool is_small = form->m == 64 && !form->is_pair;
    return n % (is_small ? 8 : 16) == 0 && (form->d != S32 || n == 8 || n == 24 || n % 16 == 0);
}

TEST_ON_BLACKWELL(every_shape_and_type_is_the_models) {
    static const unsigned rows[] = {64, 128, 128, 256};
    for (unsigned k = 0; k < PRODUCTS * 4; k++) {
        struct product_form form = products[k / 4];
        form.m = rows[k % 4];
        form.is_pair = k % 4 >= 2;
        form.width = 8;
        /* All columns of two types, and of the others some. */
        for (form.n = 8; form.n <= PRODUCT_COLUMNS; form.n += k / 4 % 11 ? 56 : 8)
            if (has_columns(&form, form.n))
                product_expect(*state, &form, false);
    }
}

/* NaN, infinities, subnormals and what overflows. */
TEST_ON_BLACKWELL(any_bits_are_the_models) {
    for (unsigned k = 0; k < PRODUCTS; k++) {
        struct product_form form = products[k];
        form.m = 128;
        form.n = 32;
        form.width = 8;
        product_expect(*state, &form, true);
        form.saturates = form.d == S32;
        form.overwrites = form.d != S32;
        product_expect(*state, &form, true);
    }
}

TEST_ON_BLACKWELL(a_may_lie_in_tensor_memory) {
    static const unsigned rows[] = {64, 128, 128, 256};
    for (unsigned k = 0; k < PRODUCTS * 4; k++) {
        struct product_form form = products[k / 4];
        form.m = rows[k % 4];
        form.is_pair = k % 4 >= 2;
        form.n = 64;
        form.width = 8;
        form.is_a_in_memory = true;
        product_expect(*state, &form, false);
        form.lane = k % 4 == 0 ? 16 : 0;
        if (form.lane)
            product_expect(*state, &form, false);
    }
}

/* The product finds a as it was, and the next one finds it shifted. */
TEST_ON_BLACKWELL(a_is_shifted_behind_a_product) {
    for (unsigned k = 0; k < PRODUCTS * 2; k++) {
        struct product_form form = products[k / 2];
        form.m = k % 2 ? 256 : 128;
        form.is_pair = k % 2;
        form.n = 48;
        form.width = 2;
        form.is_a_in_memory = form.shifts_a = true;
        form.overwrites = k % 3 == 0;
        form.has_lanes = k % 4 < 2;
        product_expect(*state, &form, false);
    }
    struct product_form half = {.d = F32, .a = F16, .b = F16, .m = 128, .n = 32, .width = 1};
    half.is_a_in_memory = half.shifts_a = half.is_pair = true;
    product_expect_fault(*state, &half, "128 rows, or 256 of a pair");
}

TEST_ON_BLACKWELL(every_swizzling_and_majorness_is_read) {
    static const struct product_form kinds[] = {{.d = F32, .a = F16, .b = F16},
                                                {.d = F32, .a = E4M3, .b = E5M2},
                                                {.d = S32, .a = S8, .b = U8},
                                                {.d = F32, .a = E2M1, .b = E3M2},
                                                {.d = F32, .a = TF32, .b = TF32}};
    for (unsigned k = 0; k < 5 * 4 * 4; k++) {
        struct product_form form = kinds[k / 16];
        form.m = 128;
        form.n = k % 3 ? 80 : 256;
        form.width = 1U << k % 4;
        form.is_a_across = k / 4 % 2;
        form.is_b_across = k / 8 % 2;
        form.shifted = k % 8;
        if (form.a == TF32)
            form.shifted = 0;
        product_expect(*state, &form, false);
        form.is_pair = true;
        form.n = 96;
        form.m = k % 2 ? 128 : 256;
        product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(modifiers_do_what_they_say) {
    for (unsigned k = 0; k < 32; k++) {
        const struct product_form form = {.d = k & 4 ? F16 : F32,
                                          .a = F16,
                                          .b = F16,
                                          .m = k & 8 ? 128 : 64,
                                          .n = 48,
                                          .width = 4,
                                          .negates_a = k & 1,
                                          .negates_b = k & 2,
                                          .overwrites = (k & 3) == 1,
                                          .scale = k % 16,
                                          .has_lanes = true,
                                          .lane = (k & 24) == 16 ? 16 : 0};
        product_expect(*state, &form, false);
    }
    const struct product_form pair = {.d = F32,
                                      .a = TF32,
                                      .b = TF32,
                                      .m = 128,
                                      .n = 64,
                                      .width = 2,
                                      .is_pair = true,
                                      .has_lanes = true,
                                      .scale = 3};
    product_expect(*state, &pair, false);
}

TEST_ON_BLACKWELL(products_are_counted) {
    struct bench *bench = *state;
    const struct product_form form = {
        .d = F32, .a = BF16, .b = BF16, .m = 128, .n = 256, .width = 8};
    product_expect(bench, &form, false);
    assert_int_equal(bench->counters.tcgen05_mma_instructions, 1);
    assert_int_equal(bench->counters.tensor_warp_instructions, 0);
    assert_int_equal(bench->counters.tcgen05_multiply_adds, 128 * 256 * 16);
    assert_int_equal(bench->counters.tensor_memory_load_bytes, 128 * 256 * 4);
    assert_int_equal(bench->counters.tensor_memory_store_bytes,
                     128 * (256 + PRODUCT_MORE_COLUMNS) * 4);
}

TEST_ON_BLACKWELL(checks_are_silent_on_right_products) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = options.check_barrier = true;
    machine_set_options(bench->machine, &options);
    for (unsigned k = 0; k < 8; k++) {
        const struct product_form form = {.d = F32,
                                          .a = BF16,
                                          .b = BF16,
                                          .m = k & 1 ? 256 : 128,
                                          .n = 32,
                                          .width = 8,
                                          .is_pair = k & 1,
                                          .is_a_in_memory = k & 2,
                                          .overwrites = k & 4};
        product_expect(bench, &form, false);
    }
}
