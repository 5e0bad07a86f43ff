/*
 * Operands of wgmma.mma_async (PTX ISA 9.7.15.5.2):
 *   {d…}, a, b-desc, scale-d [, imm-scale-a, imm-scale-b [[, imm-trans-a], imm-trans-b]]
 * where a is a descriptor, or a vector of four registers, which are never transposed. With .sp a
 * register of metadata and its selector stand before scale-d.
 */
#include "emulator/decode/forms.h"

#include "emulator/arithmetic/warpgroup.h"
#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"

#include <stdio.h>
#include <string.h>

enum { A_REGISTERS = 4, METADATA = 3, SELECTOR = 4 };

static bool find_type(const char *name, uint8_t *type) {
    static const char *const names[] = {
        [WARPGROUP_F16] = "f16",   [WARPGROUP_BF16] = "bf16", [WARPGROUP_TF32] = "tf32",
        [WARPGROUP_E4M3] = "e4m3", [WARPGROUP_E5M2] = "e5m2", [WARPGROUP_S8] = "s8",
        [WARPGROUP_U8] = "u8",     [WARPGROUP_B1] = "b1",     [WARPGROUP_F32] = "f32",
        [WARPGROUP_S32] = "s32"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        if (strcmp(names[k], name) == 0) {
            *type = (uint8_t)k;
            return true;
        }
    }
    return false;
}

/* The shape, and the types of d, a and b in their order. */
static void read_modifiers(struct decoder *decoder, struct warpgroup_product *product) {
    const struct syntax_instruction *source = decoder_source(decoder);
    uint8_t *const types[] = {&product->d, &product->a, &product->b};
    size_t count = 0;
    unsigned columns = 0;
    for (size_t k = 0; k < source->modifier_count; k++) {
        const char *modifier = source->modifiers[k];
        if (sscanf(modifier, "m64n%uk", &columns) != 1 && count < 3)
            count += find_type(modifier, types[count]);
    }
    product->columns = (uint16_t)columns;
    product->registers = (uint8_t)(columns / (product->d == WARPGROUP_F16 ? 4 : 2));
    product->saturates = decoder_has_modifier(decoder, "satfinite");
    if (product->d == WARPGROUP_S32 && columns % 16 != 0 && columns != 8 && columns != 24)
        decoder_fail(decoder, "integers know n of 8, 24 and multiples of 16");
}

/* An immediate that is `off` or `on`. */
static bool read_switch(struct decoder *decoder, size_t index, int64_t off, int64_t on) {
    const struct syntax_operand *operand = decoder_operand(decoder, index);
    if (operand->kind != OPERAND_INTEGER || (operand->integer != off && operand->integer != on))
        decoder_fail(decoder, "a scale is 1 or -1, and a transposition 0 or 1,");
    return operand->integer == on;
}

/* The number of the operand scale-d. */
static size_t scale_of(const struct warpgroup_product *product) {
    return product->is_sparse ? SELECTOR + 1 : METADATA;
}

/* Elements of 8 bits have metadata in all lanes. */
static void read_selector(struct decoder *decoder, struct warpgroup_product *product) {
    const struct syntax_operand *operand = decoder_operand(decoder, SELECTOR);
    const int64_t most = product->a <= WARPGROUP_TF32 ? 1 : 0;
    if (operand->kind != OPERAND_INTEGER || operand->integer < 0 || operand->integer > most)
        decoder_fail(decoder, "the selector of metadata is 0, or 1 of elements of 16 and 32 bits:");
    product->selector = (uint8_t)operand->integer;
}

static void read_immediates(struct decoder *decoder, struct warpgroup_product *product) {
    const bool can_be_transposed = product->a == WARPGROUP_F16 || product->a == WARPGROUP_BF16;
    size_t next = scale_of(product) + 1;
    if (product->d != WARPGROUP_S32) {
        product->a_negated = read_switch(decoder, next++, 1, -1);
        product->b_negated = read_switch(decoder, next++, 1, -1);
    }
    if (can_be_transposed && !product->a_in_registers)
        product->a_across = read_switch(decoder, next++, 0, 1);
    if (can_be_transposed)
        product->b_across = read_switch(decoder, next++, 0, 1);
    decoder_expect_operands(decoder, next);
}

static const struct syntax_operand *vector_of(struct decoder *decoder, size_t index, size_t count) {
    const struct syntax_operand *operand = decoder_operand(decoder, index);
    if (operand->kind != OPERAND_VECTOR || operand->item_count != count)
        decoder_fail(decoder, "a vector operand has the wrong number of elements");
    return operand->items;
}

void decode_warpgroup(struct decoder *decoder) {
    struct warpgroup_product *product = source_allocate(decoder->source, sizeof *product);
    decoder->detail->product = product;
    decoder->program->uses_warpgroups = true;
    read_modifiers(decoder, product);
    product->is_sparse = decoder_has_modifier(decoder, "sp");
    if (product->is_sparse)
        read_selector(decoder, product);
    decoder_reserve_operands(decoder, product->registers, 3 + A_REGISTERS + product->registers);
    const struct syntax_operand *a = decoder_operand(decoder, 1);
    product->a_in_registers = a->kind == OPERAND_VECTOR;
    read_immediates(decoder, product);
    decoder_add_from(decoder, decoder_operand(decoder, scale_of(product)), 'p');
    decoder_add_from(decoder, decoder_operand(decoder, 2), 'd');
    if (product->a_in_registers) {
        const struct syntax_operand *items = vector_of(decoder, 1, A_REGISTERS);
        for (size_t k = 0; k < A_REGISTERS; k++)
            decoder_add_from(decoder, &items[k], 'w');
    } else {
        decoder_add_from(decoder, a, 'd');
    }
    if (product->is_sparse)
        decoder_add_from(decoder, decoder_operand(decoder, METADATA), 'w');
    const struct syntax_operand *items = vector_of(decoder, 0, product->registers);
    for (size_t k = 0; k < product->registers; k++) {
        decoder_add_from(decoder, &items[k], 'w');
        decoder_add_to(decoder, &items[k], 'w');
    }
}
