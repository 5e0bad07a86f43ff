/* tcgen05.mma of scaled blocks: every kind, type and size of block, bit by bit as the model
 * has it. */
#include "tests/support/tensor_product.h"
#include "tests/support/test.h"

/* Modifiers, and what they say. */
static const struct product_form kinds[] = {
    {.scaled = "mxf8f6f4.block_scale", .factors = 1, .has_powers = true},
    {.scaled = "mxf8f6f4.block_scale.scale_vec::1X", .factors = 1, .has_powers = true},
    {.scaled = "mxf8f6f4.block_scale.block32.collector::a::fill", .factors = 1, .has_powers = true},
    {.scaled = "mxf4.block_scale", .factors = 2, .has_powers = true},
    {.scaled = "mxf4.block_scale.scale_vec::2X", .factors = 2, .has_powers = true},
    {.scaled = "mxf4.block_scale.block32", .factors = 2, .has_powers = true},
    {.scaled = "mxf4nvf4.block_scale.scale_vec::2X", .factors = 2, .has_powers = true},
    {.scaled = "mxf4nvf4.block_scale.block32", .factors = 2, .has_powers = true},
    {.scaled = "mxf4nvf4.block_scale.scale_vec::4X", .factors = 4, .has_powers = true},
    {.scaled = "mxf4nvf4.block_scale.block16", .factors = 4, .has_powers = false},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], SMALL_KINDS = 3 };

/* 128 rows of a block or 256 of a pair, which may share 128, too. */
static struct product_form form_of(unsigned kind, unsigned n, bool is_pair) {
    struct product_form form = kinds[kind];
    form.d = F32;
    form.a = form.b = kind < SMALL_KINDS ? E4M3 : E2M1_PAIR;
    form.m = is_pair ? 256 : 128;
    form.n = n;
    form.is_pair = is_pair;
    form.width = 8;
    return form;
}

TEST_ON_BLACKWELL(every_kind_is_the_models) {
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned n = 8; n <= PRODUCT_COLUMNS; n += k % SMALL_KINDS ? 72 : 8) {
            const struct product_form alone = form_of(k, n, false), pair = form_of(k, n, true);
            struct product_form shared = pair;
            shared.m = 128;
            shared.is_a_in_memory = n % 3 == 0;
            product_expect(*state, &alone, false);
            if (n % 16 == 0) {
                product_expect(*state, &pair, false);
                product_expect(*state, &shared, false);
            }
        }
    }
}

/* Factors of 2^-127, NaN, and those beyond which an element is infinite. */
TEST_ON_BLACKWELL(any_bits_are_the_models) {
    for (unsigned k = 0; k < KINDS; k++) {
        struct product_form form = form_of(k, 40, false);
        product_expect(*state, &form, true);
        form.overwrites = true;
        form.negates_a = true;
        form.negates_b = k % 2;
        product_expect(*state, &form, true);
    }
}

TEST_ON_BLACKWELL(every_small_type_is_the_models) {
    static const enum element_type types[] = {E4M3, E5M2, E2M3, E3M2, E2M1};
    for (unsigned k = 0; k < 25; k++) {
        struct product_form form = form_of(k % SMALL_KINDS, 48, k % 2);
        form.a = types[k / 5];
        form.b = types[k % 5];
        product_expect(*state, &form, false);
        product_expect(*state, &form, true);
    }
}

TEST_ON_BLACKWELL(factors_begin_where_the_descriptor_says) {
    for (unsigned k = 0; k < KINDS * 16; k++) {
        struct product_form form = form_of(k / 16, 136, false);
        form.a_begins = k % 4;
        form.b_begins = k / 4 % 4;
        if (form.a_begins % form.factors == 0 && form.b_begins % form.factors == 0)
            product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(a_may_lie_in_tensor_memory) {
    for (unsigned k = 0; k < KINDS; k++) {
        struct product_form form = form_of(k, 96, k % 2);
        form.is_a_in_memory = true;
        product_expect(*state, &form, false);
    }
    for (unsigned k = 0; k < SMALL_KINDS * 3; k++) {
        struct product_form form = form_of(k / 3, 32, k % 2);
        form.a = (enum element_type)(E2M3 + k % 3);
        form.is_a_in_memory = true;
        product_expect(*state, &form, true);
    }
}

TEST_ON_BLACKWELL(every_swizzling_and_majorness_is_read) {
    for (unsigned k = 0; k < 4 * 4 * 2; k++) {
        struct product_form form = form_of(k < 16 ? 0 : 9, 80, false);
        form.width = 1U << k % 4;
        form.is_a_across = k < 16 && k / 4 % 2;
        form.is_b_across = k < 16 && k / 8 % 2;
        form.shifted = k % 8;
        product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(products_are_counted) {
    struct bench *bench = *state;
    const struct product_form form = form_of(3, 256, false);
    product_expect(bench, &form, false);
    assert_int_equal(bench->counters.tcgen05_mma_instructions, 1);
    assert_int_equal(bench->counters.tcgen05_multiply_adds, 128 * 256 * 64);
}

TEST_ON_BLACKWELL(checks_are_silent_on_right_products) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = options.check_barrier = true;
    machine_set_options(bench->machine, &options);
    for (unsigned k = 0; k < KINDS; k++) {
        const struct product_form form = form_of(k, 32, k % 2);
        product_expect(bench, &form, false);
    }
}

TEST_ON_BLACKWELL(unwritten_factors_are_named) {
    struct bench *bench = *state;
    struct product_form form = form_of(0, 32, false);
    BENCH_SWITCH_ON(bench, check_init);
    form.lacks_factors = true;
    product_expect_fault(bench, &form, "which is of the scale factors of a");
}

TEST_ON_BLACKWELL(wrong_descriptors_are_named) {
    struct product_form form = form_of(5, 32, false);
    form.a_begins = 1;
    product_expect_fault(*state, &form, "do not begin at this byte");
    form = form_of(9, 32, false);
    form.b_begins = 2;
    product_expect_fault(*state, &form, "do not begin at this byte");
    form = form_of(0, 32, false);
    form.has_powers = false;
    product_expect_fault(*state, &form, "blocks of 16 alone");
    form = form_of(9, 32, false);
    form.m = 64;
    product_expect_fault(*state, &form, "no product of this shape");
    form = form_of(9, 32, false);
    form.is_b_across = true;
    product_expect_fault(*state, &form, "not transposed");
}
