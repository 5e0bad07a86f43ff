/* tcgen05.mma.sp: products with a sparse a, bit by bit as the model has it. */
#include "tests/support/tensor_product.h"
#include "tests/support/test.h"

static const struct product_form products[] = {
    {.d = F32, .a = BF16, .b = BF16}, {.d = F16, .a = F16, .b = F16},
    {.d = F32, .a = TF32, .b = TF32}, {.d = F32, .a = E4M3, .b = E5M2},
    {.d = F16, .a = E2M1, .b = E3M2}, {.d = F32, .a = E2M3, .b = E2M1},
    {.d = S32, .a = S8, .b = U8},     {.d = S32, .a = U8, .b = U8},
};
enum { PRODUCTS = sizeof products / sizeof products[0] };

/* A product of 128 rows a block. */
static struct product_form form_of(unsigned number, unsigned n, bool is_pair) {
    struct product_form form = products[number];
    form.m = is_pair ? 256 : 128;
    form.is_pair = is_pair;
    form.n = n;
    form.width = 8;
    form.is_sparse = true;
    return form;
}

static bool is_wide(const struct product_form *form) {
    return form->a <= TF32;
}

TEST_ON_BLACKWELL(every_kind_is_the_models) {
    static const unsigned columns[] = {16, 48, 128, 256};
    for (unsigned k = 0; k < PRODUCTS * 8; k++) {
        struct product_form form = form_of(k / 8, columns[k % 4], k / 4 % 2);
        form.selector = is_wide(&form) && k % 2;
        product_expect(*state, &form, false);
    }
}

/* Elements of b that a does not name are not multiplied: neither NaN nor infinities show. */
TEST_ON_BLACKWELL(any_bits_are_the_models) {
    for (unsigned k = 0; k < PRODUCTS; k++) {
        struct product_form form = form_of(k, 32, false);
        product_expect(*state, &form, true);
        form.saturates = form.d == S32;
        form.overwrites = form.d != S32;
        product_expect(*state, &form, true);
    }
}

/* A factor is of as many elements of a that are there as without .sp, and of twice as many of b. */
TEST_ON_BLACKWELL(scaled_blocks_are_the_models) {
    static const struct product_form scaled[] = {
        {.scaled = "mxf8f6f4.block_scale", .factors = 1, .a = E4M3, .b = E2M3},
        {.scaled = "mxf8f6f4.block_scale.block32", .factors = 1, .a = E2M1, .b = E5M2},
        {.scaled = "mxf4.block_scale.scale_vec::2X", .factors = 2, .a = E2M1_PAIR, .b = E2M1_PAIR},
        {.scaled = "mxf4nvf4.block_scale.block16", .factors = 4, .a = E2M1_PAIR, .b = E2M1_PAIR},
    };
    for (unsigned k = 0; k < 4 * 8; k++) {
        struct product_form form = scaled[k / 8];
        form.d = F32;
        form.is_sparse = true;
        form.has_powers = form.factors < 4;
        form.is_pair = k % 2;
        form.m = form.is_pair ? 256 : 128;
        form.n = k % 4 < 2 ? 48 : 256;
        form.width = k % 3 ? 8 : 1;
        form.is_a_in_memory = k % 8 >= 6;
        if (form.a == E4M3)
            form.a_begins = form.b_begins = k % 4;
        product_expect(*state, &form, k % 5 == 0);
    }
}

TEST_ON_BLACKWELL(every_swizzling_and_majorness_is_read) {
    for (unsigned k = 0; k < PRODUCTS * 16; k++) {
        struct product_form form = form_of(k / 16, 80, k % 5 == 0);
        form.width = 1U << k % 4;
        form.is_a_across = k / 4 % 2;
        form.is_b_across = k / 8 % 2;
        form.shifted = form.a == TF32 ? 0 : k % 8;
        if (form.is_pair)
            form.n = 96;
        if (form.width == 2 && !form.is_b_across)
            product_expect_fault(*state, &form, "64 bytes along k have no room");
        else
            product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(modifiers_do_what_they_say) {
    for (unsigned k = 0; k < PRODUCTS * 4; k++) {
        struct product_form form = form_of(k / 4, 64, k % 2);
        form.is_a_in_memory = true;
        form.shifts_a = k / 2 % 2;
        form.has_lanes = k % 3 == 0;
        form.scale = is_wide(&form) ? k % 3 : 0;
        product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(wrong_uses_are_named) {
    struct product_form form = form_of(0, 64, false);
    form.m = 64;
    product_expect_fault(*state, &form, "a sparse a of 64 rows a block");
    form = form_of(0, 64, true);
    form.m = 128;
    product_expect_fault(*state, &form, "a sparse a of 64 rows a block");
    form = form_of(0, 64, false);
    form.selector = 2;
    product_expect_fault(*state, &form, "lacks selectors of metadata beyond 1");
    form = form_of(3, 64, false);
    form.selector = 1;
    product_expect_fault(*state, &form, "has the selector 0");
}

TEST_ON_BLACKWELL(products_are_counted_and_checks_are_silent) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = options.check_barrier = true;
    machine_set_options(bench->machine, &options);
    struct product_form form = form_of(0, 64, false);
    product_expect(bench, &form, false);
    assert_int_equal(bench->counters.tcgen05_mma_instructions, 1);
    assert_int_equal(bench->counters.tcgen05_multiply_adds, 128 * 64 * 16);
    form.lacks_factors = true;
    product_expect_fault(bench, &form, "which is of the metadata of a");
}
