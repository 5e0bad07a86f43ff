/* Registers of 128 bits. */
#include "emulator/decode/wide.h"

#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"

/* The upper halves of a declaration stand behind its lower ones (parser_body.c). */
void wide_add(struct decoder *decoder, const struct syntax_operand *operand, bool is_to) {
    const struct syntax_type *type = NULL;
    if (operand->kind == OPERAND_INTEGER && !is_to) {
        decoder_add_constant(decoder, (uint64_t)operand->integer, 64);
        decoder_add_constant(decoder, operand->integer < 0 ? UINT64_MAX : 0, 64);
        return;
    }
    if (operand->kind != OPERAND_NAME || decoder_register_bits(decoder, operand, &type) != 128)
        decoder_fail(decoder, "a register of 128 bits is needed");
    unsigned index;
    const struct syntax_symbol *symbol = decoder_find(decoder, operand, &index);
    decoder_add_register(decoder, index, is_to);
    decoder_add_register(decoder, index + symbol->count, is_to);
}

static void add_side(struct decoder *decoder, const struct syntax_operand *operand, bool is_to) {
    if (operand->kind != OPERAND_VECTOR) {
        wide_add(decoder, operand, is_to);
        return;
    }
    if (operand->item_count != 2)
        decoder_fail(decoder, "a vector operand has the wrong number of elements");
    for (size_t k = 0; k < operand->item_count; k++) {
        if (is_to)
            decoder_add_to(decoder, &operand->items[k], 'd');
        else
            decoder_add_from(decoder, &operand->items[k], 'd');
    }
}

void wide_move(struct decoder *decoder, const struct syntax_operand *to,
               const struct syntax_operand *from) {
    if (to->kind == OPERAND_VECTOR && from->kind == OPERAND_VECTOR)
        decoder_fail(decoder, "a register of 128 bits is needed");
    add_side(decoder, to, true);
    add_side(decoder, from, false);
    decoder->instruction->execute = decoder->set->handlers->move_vector;
}
