/* Textures and surfaces. */
#include "emulator/decode/forms.h"

#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"

#include <string.h>

/* Coordinates that a geometry reads. Those of three are written as four, of which the last is
 * ignored. */
static size_t coordinate_count(const struct decoder *decoder) {
    static const struct {
        const char *geometry;
        size_t count;
    } known[] = {{"1d", 1},  {"2d", 2},   {"a1d", 2},  {"3d", 3},
                 {"a2d", 3}, {"cube", 3}, {"acube", 4}};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (decoder_has_modifier(decoder, known[k].geometry))
            return known[k].count;
    return 0;
}

/* A texture or a surface by its name: where its handle lies. */
static void add_reference(struct decoder *decoder, const struct syntax_operand *operand) {
    const char *root = decoder_source(decoder)->root;
    const enum syntax_opaque wanted = root[0] == 't' ? OPAQUE_TEXTURE : OPAQUE_SURFACE;
    unsigned index;
    bool is_dynamic;
    const struct syntax_symbol *symbol = decoder_find(decoder, operand, &index);
    if (!symbol || symbol->kind != SYMBOL_VARIABLE) {
        decoder_fail(decoder, "a name that is no texture or surface");
        return;
    }
    if (symbol->variable->space == SPACE_PARAM)
        decoder_lack(decoder, "the emulator lacks parameters that are textures by name");
    if (symbol->variable->opaque != wanted)
        decoder_fail(decoder, "a name that is no such texture or surface");
    decoder_add_constant(decoder, decoder_symbol_value(decoder, symbol, operand, &is_dynamic), 64);
}

/* The handle and the coordinates. */
static void add_place(struct decoder *decoder, const struct syntax_operand *operand) {
    const size_t count = coordinate_count(decoder);
    const struct syntax_type *type;
    if (operand->kind != OPERAND_TEXTURE)
        decoder_fail(decoder, "a handle and coordinates in brackets are needed");
    if (operand->item_count != 1)
        decoder_lack(decoder, "the emulator lacks samplers apart from textures");
    struct syntax_operand handle = *operand;
    handle.kind = OPERAND_NAME;
    if (!operand->name)
        decoder_fail(decoder, "a handle or a name is needed");
    if (decoder_register_bits(decoder, &handle, &type))
        decoder_add_from(decoder, &handle, 'd');
    else
        add_reference(decoder, &handle);
    const struct syntax_operand *items = operand->items;
    size_t given = 1;
    if (items->kind == OPERAND_VECTOR) {
        given = items->item_count;
        items = items->items;
    }
    if (given != count && !(count == 3 && given == 4))
        decoder_fail(decoder, "the wrong number of coordinates");
    for (size_t k = 0; k < count; k++)
        decoder_add_from(decoder, &items[k], 'w');
}

/* A vector, or the one element that it would have. */
static const struct syntax_operand *
elements_of(struct decoder *decoder, const struct syntax_operand *operand, size_t count) {
    const bool is_vector = operand->kind == OPERAND_VECTOR;
    if ((is_vector ? operand->item_count : 1) != count)
        decoder_fail(decoder, "a vector operand has the wrong number of elements");
    return is_vector ? operand->items : operand;
}

/* How a coordinate changes from a lane to its neighbour: layers do not. */
static void add_gradient(struct decoder *decoder, const struct syntax_operand *operand) {
    const bool is_layered =
        decoder_has_modifier(decoder, "a1d") || decoder_has_modifier(decoder, "a2d");
    const size_t coordinates = coordinate_count(decoder) - is_layered;
    const size_t count = coordinates > 2 ? 4 : coordinates;
    const struct syntax_operand *items = elements_of(decoder, operand, count);
    for (size_t k = 0; k < count; k++)
        decoder_add_from(decoder, &items[k], 'w');
}

void decode_texture(struct decoder *decoder) {
    enum { CHANNELS = 4 };
    const bool has_level = decoder_has_modifier(decoder, "level");
    const size_t gradients = decoder_has_modifier(decoder, "grad") ? 2 : 0;
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    const struct syntax_operand *to = elements_of(decoder, decoder_operand(decoder, 0), CHANNELS);
    for (size_t k = 0; k < CHANNELS; k++)
        decoder_add_to(decoder, &to[k], 'w');
    add_place(decoder, decoder_operand(decoder, 1));
    if (has_level)
        decoder_add_from(decoder, decoder_operand(decoder, 2), 'w');
    for (size_t k = 0; k < gradients; k++)
        add_gradient(decoder, decoder_operand(decoder, 2 + k));
    if (decoder_source(decoder)->operand_count > 2 + has_level + gradients)
        decoder_lack(decoder, "the emulator lacks offsets and comparisons of depth");
}

void decode_surface(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    const bool is_store = strcmp(decoder_source(decoder)->root, "suld") != 0;
    detail->access_bytes = decoder_type(decoder)->bits / 8;
    detail->elements = decoder_has_modifier(decoder, "v2")   ? 2
                       : decoder_has_modifier(decoder, "v4") ? 4
                                                             : 1;
    if (detail->elements * detail->access_bytes > 16)
        decoder_fail(decoder, "a vector of more than 16 bytes");
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    const char letter = decoder_type_letter(decoder_type(decoder));
    const struct syntax_operand *value =
        elements_of(decoder, decoder_operand(decoder, is_store ? 1 : 0), detail->elements);
    for (size_t k = 0; !is_store && k < detail->elements; k++)
        decoder_add_to(decoder, &value[k], letter);
    add_place(decoder, decoder_operand(decoder, is_store ? 0 : 1));
    for (size_t k = 0; is_store && k < detail->elements; k++)
        decoder_add_from(decoder, &value[k], letter);
    decoder_expect_operands(decoder, 2);
}
