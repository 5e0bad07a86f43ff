/* mov in all its forms. */
#include "emulator/decode/forms.h"

#include "emulator/decode/operands.h"
#include "emulator/decode/special_registers.h"
#include "emulator/decode/text.h"
#include "emulator/decode/wide.h"

#include <stdio.h>

static bool move_special(struct decoder *decoder, const struct syntax_operand *to,
                         const struct syntax_operand *from, char letter) {
    unsigned index, special;
    struct detail *detail = decoder->detail;
    if (from->kind != OPERAND_NAME || decoder_find(decoder, from, &index) ||
        !decoder_find_special(decoder, from->name, &special))
        return false;
    const struct syntax_type *type = decoder_type(decoder);
    if (type->kind == TYPE_FLOAT || !special_register_has_bits(from->name, type->bits))
        decoder_fail(decoder, "a special register of another width");
    if (special >= SPECIAL_COUNT) {
        decoder_add_to(decoder, to, letter);
        decoder->instruction->variant = (uint16_t)special;
        decoder->instruction->execute = decoder->set->handlers->move_clock;
        return true;
    }
    if (letter == 'w')
        return false;
    decoder_add_to(decoder, to, letter);
    decoder_add_special(decoder, special);
    detail->from_bits[0] = 32;
    decoder->instruction->execute =
        decoder->set->handlers->move_pack; /* widens: the upper half is zero */
    decoder_add_special(decoder, SPECIAL_ZERO);
    return true;
}

/* Addresses that differ from frame to frame, or from launch to launch. */
static bool move_frame_address(struct decoder *decoder, const struct syntax_operand *to,
                               const struct syntax_operand *from, char letter) {
    unsigned index;
    const struct syntax_symbol *symbol =
        from->kind == OPERAND_NAME ? decoder_find(decoder, from, &index) : NULL;
    if (!symbol || symbol->kind != SYMBOL_VARIABLE)
        return false;
    const struct syntax_variable *variable = symbol->variable;
    bool is_dynamic = variable->space == SPACE_SHARED && variable->is_extern;
    bool is_local = variable->space == SPACE_LOCAL || variable->is_on_stack;
    if (!is_dynamic && !is_local)
        return false;
    if (letter != 'w' && letter != 'd')
        decoder_fail(decoder, "an address needs 32 or 64 bits");
    decoder_add_to(decoder, to, letter);
    const uint64_t place = variable->is_on_stack ? variable->stack : variable->address;
    decoder->instruction->immediate = from->integer + (is_local ? (int64_t)place : 0);
    decoder->instruction->variant = is_dynamic;
    decoder_add_special(decoder, SPECIAL_DYNAMIC_SMEM_BASE);
    decoder->instruction->execute = decoder->set->handlers->move_local;
    return true;
}

static char part_letter(struct decoder *decoder, const struct syntax_type *type, size_t parts) {
    switch (parts ? type->bits / parts : 0) {
    case 8:
        return 'b';
    case 16:
        return 'h';
    case 32:
        return 'w';
    case 64:
        return 'd';
    default:
        decoder_fail(decoder, "a vector operand has the wrong number of elements");
        return 'w';
    }
}

/* Element `k` of a vector of special registers, such as %tid. */
static void add_special_element(struct decoder *decoder, const struct syntax_operand *from,
                                size_t k) {
    unsigned special;
    char name[64] = "";
    snprintf(name, sizeof name, "%s.%c", from->kind == OPERAND_NAME ? from->name : "", "xyzw"[k]);
    if (!decoder_find_special(decoder, name, &special))
        decoder_lack(decoder, "the emulator lacks moves of one value to a vector");
    if (!special_register_has_bits(name, decoder_type(decoder)->bits))
        decoder_fail(decoder, "a special register of another width");
    decoder_add_special(decoder, special);
    decoder->detail->from_bits[decoder->detail->from_count - 1] = 32;
}

/* mov.v2 and mov.v4, of vectors. */
static void move_vector(struct decoder *decoder, const struct syntax_operand *to,
                        const struct syntax_operand *from, size_t count) {
    const struct syntax_type *type = decoder_type(decoder);
    const char letter = decoder_type_letter(type);
    const bool is_vector = from->kind == OPERAND_VECTOR;
    if (to->kind != OPERAND_VECTOR || to->item_count != count ||
        (is_vector && from->item_count != count))
        decoder_fail(decoder, "a vector operand has the wrong number of elements");
    if (!is_vector && count != 4)
        decoder_fail(decoder, "special registers are vectors of four");
    for (size_t k = 0; k < count; k++) {
        decoder_add_to(decoder, &to->items[k], letter);
        if (is_vector)
            decoder_add_from(decoder, &from->items[k], letter);
        else
            add_special_element(decoder, from, k);
    }
    decoder->instruction->execute = decoder->set->handlers->move_vector;
}

void decode_move(struct decoder *decoder) {
    const struct syntax_type *type = decoder_type(decoder);
    char letter = decoder_type_letter(type);
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    decoder_expect_operands(decoder, 2);
    const struct syntax_operand *to = decoder_operand(decoder, 0),
                                *from = decoder_operand(decoder, 1);
    if (type->bits > 64) {
        wide_move(decoder, to, from);
        return;
    }
    if (decoder_has_modifier(decoder, "v2") || decoder_has_modifier(decoder, "v4")) {
        move_vector(decoder, to, from, decoder_has_modifier(decoder, "v2") ? 2 : 4);
        return;
    }
    if (to->kind == OPERAND_VECTOR && to->item_count > 0) {
        char part = part_letter(decoder, type, to->item_count);
        for (size_t k = 0; k < to->item_count; k++)
            decoder_add_to(decoder, &to->items[k], part);
        decoder_add_from(decoder, from, letter);
        decoder->detail->access_bytes = type->bits / 8 / (uint32_t)to->item_count;
        decoder->instruction->execute = decoder->set->handlers->move_unpack;
        return;
    }
    if (from->kind == OPERAND_VECTOR && from->item_count > 0) {
        char part = part_letter(decoder, type, from->item_count);
        decoder_add_to(decoder, to, letter);
        for (size_t k = 0; k < from->item_count; k++)
            decoder_add_from(decoder, &from->items[k], part);
        decoder->detail->access_bytes = type->bits / 8 / (uint32_t)from->item_count;
        decoder->instruction->execute = decoder->set->handlers->move_pack;
        return;
    }
    if (to->kind == OPERAND_SINK)
        decoder_fail(decoder, "the result cannot be dropped");
    decoder->detail->access_bytes = 4;
    if (move_special(decoder, to, from, letter) || move_frame_address(decoder, to, from, letter))
        return;
    decoder_add_to(decoder, to, letter);
    decoder_add_from(decoder, from, letter);
}
