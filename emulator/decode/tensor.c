/* Operands of tcgen05 (PTX ISA 9.7.16). */
#include "emulator/decode/tensor.h"

#include "emulator/decode/memory.h"
#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"

#include <string.h>

enum { REGISTERS_MAX = 128, SOURCES_MAX = 16, WORDS_OF_LANES = 4, SCALE_MAX = 15 };

static void add_vector(struct decoder *decoder, struct tensor_form *form,
                       const struct syntax_operand *operand, bool is_to) {
    if (operand->kind != OPERAND_VECTOR || operand->item_count > REGISTERS_MAX)
        decoder_fail(decoder, "a vector of at most 128 registers is needed");
    form->registers = (uint8_t)operand->item_count;
    for (size_t k = 0; k < operand->item_count; k++) {
        if (is_to)
            decoder_add_to(decoder, &operand->items[k], 'w');
        else
            decoder_add_from(decoder, &operand->items[k], 'w');
    }
}

static void add_matrix(struct decoder *decoder, struct tensor_form *form,
                       const struct syntax_operand *operand, bool is_in_memory) {
    form->a_in_memory = operand->kind == OPERAND_ADDRESS;
    if (is_in_memory && !form->a_in_memory)
        decoder_fail(decoder, ".ashift takes an a in tensor memory");
    if (form->a_in_memory)
        decoder_add_address(decoder, operand);
    else
        decoder_add_from(decoder, operand, 'd');
}

static void add_mask(struct decoder *decoder, struct tensor_form *form,
                     const struct syntax_operand *operand) {
    form->has_mask = true;
    decoder_add_from(decoder, operand, 'd');
}

/* A register and an offset. */
static void add_further_address(struct decoder *decoder, struct tensor_form *form,
                                const struct syntax_operand *operand) {
    struct syntax_operand base = *operand;
    if (operand->kind != OPERAND_ADDRESS || !operand->name)
        decoder_fail(decoder, "the address of tensor memory in brackets is needed");
    base.kind = OPERAND_NAME;
    form->offsets[form->addresses++] = operand->integer;
    decoder_add_from(decoder, &base, 'w');
}

/* True when the operand is there. */
static bool add_lanes(struct decoder *decoder, struct tensor_form *form,
                      const struct syntax_operand *operand) {
    if (operand->kind != OPERAND_VECTOR)
        return false;
    form->lane_words = (uint8_t)(WORDS_OF_LANES * form->group);
    if (operand->item_count != form->lane_words)
        decoder_fail(decoder, "four words of lanes for each block of .cta_group are needed");
    for (size_t k = 0; k < operand->item_count; k++)
        decoder_add_from(decoder, &operand->items[k], 'w');
    return true;
}

static bool add_scale(struct decoder *decoder, struct tensor_form *form, size_t next) {
    if (next >= decoder_source(decoder)->operand_count)
        return false;
    const struct syntax_operand *operand = decoder_operand(decoder, next);
    if (decoder_has_modifier(decoder, "kind::i8"))
        decoder_lack(decoder,
                     "the emulator lacks scale-input-d of integers, which PTX does not have");
    if (!decoder_has_modifier(decoder, "kind::f16") && !decoder_has_modifier(decoder, "kind::tf32"))
        decoder_fail(decoder, "scale-input-d is for .kind::f16 and .kind::tf32 alone");
    if (operand->kind != OPERAND_INTEGER || operand->integer < 0 || operand->integer > SCALE_MAX)
        decoder_fail(decoder, "scale-input-d is an integer from 0 to 15:");
    form->scale = (uint8_t)operand->integer;
    return true;
}

void decode_tensor(struct decoder *decoder, const char *operands) {
    struct tensor_form *form = source_allocate(decoder->source, sizeof *form);
    const bool has_result = strchr(operands, '=') != NULL;
    size_t next = 0;
    decoder->detail->tensor = form;
    decoder->program->uses_tensor_memory = true;
    decoder->program->uses_pairs |= decoder_has_modifier(decoder, "cta_group::2");
    form->group = decoder_has_modifier(decoder, "cta_group::2")   ? 2
                  : decoder_has_modifier(decoder, "cta_group::1") ? 1
                                                                  : 0;
    decoder_reserve_operands(decoder, has_result ? REGISTERS_MAX : 0, SOURCES_MAX + REGISTERS_MAX);
    for (const char *letter = operands; *letter; letter++) {
        if (*letter == ',' || *letter == '=')
            continue;
        if (*letter == 'S') {
            next += add_scale(decoder, form, next);
            continue;
        }
        if (*letter == 'Z' && next >= decoder_source(decoder)->operand_count)
            continue;
        const struct syntax_operand *operand = decoder_operand(decoder, next);
        if (*letter == 'L') {
            next += add_lanes(decoder, form, operand);
            continue;
        }
        next++;
        if (*letter == 'p')
            form->predicate = decoder->detail->from_count;
        if (*letter == 'm')
            decoder_add_address(decoder, operand);
        else if (*letter == 'M')
            add_further_address(decoder, form, operand);
        else if (*letter == 'A' || *letter == 'a')
            add_matrix(decoder, form, operand, *letter == 'a');
        else if (*letter == 'Z')
            add_mask(decoder, form, operand);
        else if (*letter == 'V')
            add_vector(decoder, form, operand, letter[1] == '=');
        else
            decoder_add_from(decoder, operand, *letter);
    }
    decoder_expect_operands(decoder, next);
}
