/* tcgen05.mma.ws: every shape and kind, masks of columns, bit by bit as the model has it. */
#include "tests/support/tensor_product.h"
#include "tests/support/test.h"

static const struct product_form kinds[] = {
    {.d = F32, .a = BF16, .b = BF16}, {.d = F16, .a = F16, .b = F16},
    {.d = F32, .a = TF32, .b = TF32}, {.d = F32, .a = E4M3, .b = E5M2},
    {.d = F16, .a = E2M3, .b = E2M1}, {.d = S32, .a = S8, .b = U8}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static struct product_form form_of(unsigned kind, unsigned m, unsigned n) {
    struct product_form form = kinds[kind];
    form.m = m;
    form.n = n;
    form.width = 8;
    form.keeps_b = true;
    return form;
}

TEST_ON_BLACKWELL(every_shape_and_kind_is_the_models) {
    static const char *const collectors[] = {NULL, ".collector::b0::fill", ".collector::b1::use",
                                             ".collector::b2::lastuse", ".collector::b3::discard"};
    for (unsigned k = 0; k < KINDS * 9; k++) {
        struct product_form form = form_of(k / 9, 32U << k % 3, 64U << k / 3 % 3);
        form.collector = collectors[k % 5];
        form.overwrites = k % 4 == 1;
        product_expect(*state, &form, false);
        product_expect(*state, &form, true);
    }
}

TEST_ON_BLACKWELL(every_majorness_and_swizzling_is_read) {
    for (unsigned k = 0; k < 16; k++) {
        struct product_form form = form_of(k % 2 ? 3 : 0, 32U << k % 3, 128);
        form.width = 1U << k % 4;
        form.is_a_across = k / 4 % 2;
        form.is_b_across = k / 8 % 2;
        product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(a_may_lie_in_tensor_memory) {
    for (unsigned k = 0; k < KINDS; k++) {
        struct product_form form = form_of(k, 128, 64);
        form.is_a_in_memory = true;
        product_expect(*state, &form, false);
    }
}

/* The fields from the lowest on: starts, first spans, whether there is a mask, spans, the shift. */
static uint64_t mask_of(uint32_t starts, unsigned firsts, unsigned skip, unsigned use,
                        unsigned shift) {
    return starts | (uint64_t)firsts << 32 | UINT64_C(1) << 39 | (uint64_t)skip << 40 |
           (uint64_t)use << 48 | (uint64_t)shift << 56;
}

/* Columns of a part, the first the lowest bit. */
static unsigned columns_hidden(const struct product_form *form, unsigned part, unsigned count) {
    unsigned bits = 0;
    for (unsigned k = 0; k < count; k++)
        bits |= (unsigned)product_hides(form, part * product_columns(form) + k) << k;
    return bits;
}

/* Examples 1 to 4 of the PTX ISA, 9.7.16.4.3. */
TEST_ON_BLACKWELL(masks_are_those_of_the_manual) {
    struct product_form form = form_of(0, 128, 128);
    form.mask = mask_of(0, 0, 4, 3, 0) & ~(UINT64_C(1) << 39);
    assert_int_equal(columns_hidden(&form, 0, 16), 0);
    form.mask = mask_of(0, 0, 2, 3, 0);
    assert_int_equal(columns_hidden(&form, 0, 14), 0x3870);
    form.m = 64;
    form.mask = mask_of(0, 1, 2, 3, 0);
    assert_int_equal(columns_hidden(&form, 0, 17), 0x1c387);
    assert_int_equal(columns_hidden(&form, 1, 18), 0x3870);
    form.m = 32;
    form.mask = mask_of(0x01020100, 3, 2, 3, 2);
    assert_int_equal(columns_hidden(&form, 0, 14), 0x387);
    assert_int_equal(columns_hidden(&form, 1, 13), 0x1c3);
    assert_int_equal(columns_hidden(&form, 2, 12), 0xe1c);
    assert_int_equal(columns_hidden(&form, 3, 13), 0x1c38);
}

TEST_ON_BLACKWELL(masked_columns_are_zeros) {
    static const unsigned shifts[] = {0, 8, 16, 32};
    for (unsigned k = 0; k < KINDS * 12; k++) {
        struct product_form form = form_of(k / 12, 32U << k % 3, 64U << k / 3 % 2);
        form.shift_code = k % 4;
        const unsigned most = form.m == 32 && k % 4 == 3 ? 16 : shifts[k % 4];
        form.mask = mask_of(0x05020100 + k, k % 16, k % 7, k % 5 + 2, k % 2 ? most : most / 2);
        form.is_b_across = k / 6 % 2 && form.a != E2M3;
        product_expect(*state, &form, false);
    }
}

TEST_ON_BLACKWELL(wrong_uses_are_named) {
    struct product_form form = form_of(0, 64, 96);
    product_expect_fault(*state, &form, "no product of this shape");
    form = form_of(0, 64, 64);
    form.is_a_in_memory = true;
    product_expect_fault(*state, &form, "fewer than 128 rows of a in tensor memory");
    form = form_of(0, 64, 64);
    form.mask = mask_of(0, 0, 1, 1, 8);
    product_expect_fault(*state, &form, "farther than the instruction descriptor");
    form.shift_code = 3;
    form.mask = mask_of(0, 0, 1, 1, 33);
    product_expect_fault(*state, &form, "farther than the instruction descriptor");
    form = form_of(0, 32, 64);
    form.shift_code = 3;
    form.mask = mask_of(0, 0, 1, 1, 17);
    product_expect_fault(*state, &form, "16 with 32 rows");
    form.mask = mask_of(0, 16, 1, 1, 0);
    product_expect_fault(*state, &form, "reserved bits");
}

TEST_ON_BLACKWELL(products_are_counted_and_checks_are_silent) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = options.check_barrier = true;
    machine_set_options(bench->machine, &options);
    const struct product_form form = form_of(0, 32, 256);
    product_expect(bench, &form, false);
    assert_int_equal(bench->counters.tcgen05_mma_instructions, 1);
    assert_int_equal(bench->counters.tcgen05_multiply_adds, 32 * 256 * 16);
}
