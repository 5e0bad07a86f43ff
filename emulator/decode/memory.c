/* Instructions that access memory: their addresses, and what they load and store. */
#include "emulator/decode/memory.h"

#include "emulator/arithmetic/matrix.h"
#include "emulator/decode/operand_class.h"
#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"
#include "emulator/decode/wide.h"
#include "emulator/lanes/space.h"

#include <stdio.h>
#include <string.h>

static bool is_formal(struct syntax_variable *const *list, size_t count,
                      const struct syntax_variable *variable) {
    for (size_t k = 0; k < count; k++) {
        if (list[k] == variable)
            return true;
    }
    return false;
}

/* An area of the frame: a parameter or result of a function, or a .param variable for a call. True
 * when it is one. */
static bool address_area(struct decoder *decoder, const struct syntax_variable *variable,
                         int64_t offset) {
    struct detail *detail = decoder->detail;
    const struct syntax_function *function = decoder->function->syntax;
    if (variable->space != SPACE_PARAM)
        return false;
    if (function->is_entry && is_formal(function->parameters, function->parameter_count, variable))
        return false;
    if (detail->space != SPACE_PARAM)
        decoder_fail(decoder, "a parameter is only reached by ld.param and st.param");
    uint64_t bytes = (uint64_t)detail->access_bytes * detail->elements;
    if (offset < 0 || (uint64_t)offset + bytes > variable->size)
        decoder_fail(decoder, "an access beyond the end of the parameter");
    detail->is_on_stack = variable->is_on_stack;
    detail->stride = (uint32_t)(variable->size + 7) / 8 * 8;
    decoder->instruction->immediate =
        (int64_t)(variable->is_on_stack ? variable->stack : variable->address) + offset;
    decoder_add_constant(decoder, 0, 64);
    return true;
}

/* The first address of an instruction has its offset in the instruction, the others in the
 * detail. */
static void set_offset(struct decoder *decoder, int64_t offset) {
    struct detail *detail = decoder->detail;
    int64_t *const offsets[] = {&decoder->instruction->immediate, &detail->second_offset,
                                &detail->third_offset};
    if (detail->address_count >= sizeof offsets / sizeof offsets[0])
        decoder_fail(decoder, "too many operands");
    *offsets[detail->address_count++] = offset;
}

static void clear_offset(struct decoder *decoder) {
    decoder->detail->address_count--;
    set_offset(decoder, 0);
}

void decoder_add_address(struct decoder *decoder, const struct syntax_operand *operand) {
    const struct syntax_type *type;
    bool is_dynamic;
    unsigned index;
    if (operand->kind != OPERAND_ADDRESS)
        decoder_fail(decoder, "an address in brackets is needed");
    set_offset(decoder, operand->integer);
    unsigned bits = decoder_register_bits(decoder, operand, &type);
    if (bits) {
        struct syntax_operand base = *operand;
        base.kind = OPERAND_NAME;
        if ((bits != 32 && bits != 64) || type->kind == TYPE_FLOAT)
            decoder_fail(decoder, "an address register has 32 or 64 bits, or an integer of them");
        decoder->detail->is_on_stack = decoder->detail->space == SPACE_PARAM &&
                                       !decoder->function->syntax->is_entry &&
                                       !decoder_has_modifier(decoder, "param::entry");
        decoder_add_from(decoder, &base, bits == 32 ? 'w' : 'd');
        return;
    }
    if (!operand->name) {
        decoder_add_constant(decoder, 0, 64);
        return;
    }
    struct syntax_symbol *symbol = decoder_find(decoder, operand, &index);
    if (!symbol || symbol->kind != SYMBOL_VARIABLE) {
        char what[160];
        snprintf(what, sizeof what, "unknown name %.100s", operand->name);
        decoder_fail(decoder, what);
        return;
    }
    if (address_area(decoder, symbol->variable, operand->integer))
        return;
    if (symbol->variable->space == SPACE_LOCAL && !decoder->function->syntax->is_entry)
        decoder_fail(decoder, "a function's local variable is addressed with mov first");
    operand_class_check_space(decoder, symbol->variable->space);
    uint64_t value = decoder_symbol_value(decoder, symbol, operand, &is_dynamic);
    if (decoder->detail->space == SPACE_GENERIC) {
        static const unsigned windows[] = {[SPACE_SHARED] = WINDOW_SHARED,
                                           [SPACE_LOCAL] = WINDOW_LOCAL,
                                           [SPACE_PARAM] = WINDOW_PARAM};
        bool has_window = symbol->variable->space >= SPACE_SHARED;
        value += has_window ? space_window(windows[symbol->variable->space]) : 0;
    }
    if (is_dynamic) {
        decoder_add_special(decoder, SPECIAL_DYNAMIC_SMEM_BASE);
        return;
    }
    clear_offset(decoder);
    decoder_add_constant(decoder, value, 64);
}

/* [map, {coordinates}]: the address of a tensor map, then as many coordinates as the instruction
 * has dimensions; or one and four more, of the rows that it gathers or scatters. */
static void add_tensor(struct decoder *decoder, const struct syntax_operand *operand) {
    enum { AND_FOUR_ROWS = 5 };
    struct syntax_operand map = *operand;
    const bool has_rows = decoder_has_modifier(decoder, "tile::gather4") ||
                          decoder_has_modifier(decoder, "tile::scatter4");
    char dimensions[] = "0d";
    const struct syntax_operand *coordinates = operand->items;
    map.kind = OPERAND_ADDRESS;
    if (operand->kind != OPERAND_TEXTURE || operand->item_count != 1 ||
        coordinates->kind != OPERAND_VECTOR || coordinates->item_count > 5)
        decoder_fail(decoder, "a tensor map with coordinates in brackets is needed");
    decoder_add_address(decoder, &map);
    decoder->detail->elements = (uint32_t)coordinates->item_count;
    dimensions[0] = (char)('0' + coordinates->item_count);
    if (has_rows ? coordinates->item_count != AND_FOUR_ROWS
                 : !decoder_has_modifier(decoder, dimensions))
        decoder_fail(decoder, "as many coordinates as there are dimensions are needed");
    for (size_t k = 0; k < coordinates->item_count; k++)
        decoder_add_from(decoder, &coordinates->items[k], 'w');
}

/* {w [, h [, d]]}: as many as the tensor map before has coordinates, but for channel and image. */
static void add_offsets(struct decoder *decoder, const struct syntax_operand *operand) {
    if (operand->kind != OPERAND_VECTOR || operand->item_count + 2 != decoder->detail->elements)
        decoder_fail(decoder, "an offset is needed for each coordinate but the first and the last");
    for (size_t k = 0; k < operand->item_count; k++)
        decoder_add_from(decoder, &operand->items[k], 'h');
}

/* Registers a lane, each with eight rows of 16 bytes. */
static void matrix_shape(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    detail->access_bytes = 4;
    detail->elements = decoder_has_modifier(decoder, "x4")   ? 4
                       : decoder_has_modifier(decoder, "x2") ? 2
                                                             : 1;
    if (decoder_has_modifier(decoder, "m16n16"))
        detail->elements *= 2;
    detail->space = decoder_space(decoder);
}

/* Atomic accesses are relaxed unless they say otherwise, others weak. */
static void memory_order(struct decoder *decoder) {
    static const char *const strong[] = {"volatile", "relaxed", "mmio"};
    struct detail *detail = decoder->detail;
    const char *root = decoder_source(decoder)->root;
    detail->is_atomic = strcmp(root, "atom") == 0 || strcmp(root, "red") == 0 ||
                        (strcmp(root, "multimem") == 0 && decoder_has_modifier(decoder, "red"));
    const bool is_both = decoder_has_modifier(decoder, "acq_rel");
    detail->is_of_cluster =
        decoder_has_modifier(decoder, "cta") || decoder_has_modifier(decoder, "cluster");
    detail->acquires = is_both || decoder_has_modifier(decoder, "acquire");
    detail->releases = is_both || decoder_has_modifier(decoder, "release");
    detail->is_strong = detail->is_atomic || detail->acquires || detail->releases;
    for (size_t k = 0; k < sizeof strong / sizeof strong[0]; k++)
        detail->is_strong |= decoder_has_modifier(decoder, strong[k]);
}

/* Loads and stores of global memory go up to 32 bytes, in words and pairs. */
static void check_vector(struct decoder *decoder) {
    const struct detail *detail = decoder->detail;
    const char *root = decoder_source(decoder)->root;
    const bool is_plain = strcmp(root, "ld") == 0 || strcmp(root, "st") == 0;
    const bool is_wide = is_plain && (detail->access_bytes == 4 || detail->access_bytes == 8) &&
                         (detail->space == SPACE_GLOBAL || detail->space == SPACE_GENERIC);
    if (detail->elements * detail->access_bytes > (is_wide ? 32U : 16U))
        decoder_fail(decoder, is_plain ? "a vector of more than 16 bytes, or of 32 for .global"
                                       : "a vector of more than 16 bytes");
    static const char *const kept[] = {"L2::evict_normal", "L2::evict_first", "L2::evict_last"};
    for (size_t k = 0; k < sizeof kept / sizeof kept[0] && is_plain; k++) {
        if (decoder_has_modifier(decoder, kept[k]) && detail->elements * detail->access_bytes != 32)
            decoder_fail(decoder, "the priority in the L2 is for vectors of 32 bytes");
    }
    if ((is_plain || strcmp(root, "ldu") == 0) && detail->elements == 8 && !is_wide)
        decoder_fail(decoder, "a vector of 8 elements that are not words of global memory");
}

/* No register has the types of eight bits, alone or packed, that multimem takes. */
static const struct syntax_type *access_type(struct decoder *decoder) {
    static const struct syntax_type small[] = {
        {"e4m3", TYPE_BITS, 8},    {"e5m2", TYPE_BITS, 8},    {"e4m3x2", TYPE_BITS, 16},
        {"e5m2x2", TYPE_BITS, 16}, {"e4m3x4", TYPE_BITS, 32}, {"e5m2x4", TYPE_BITS, 32}};
    for (size_t k = 0; k < sizeof small / sizeof small[0]; k++) {
        if (decoder_has_modifier(decoder, small[k].name))
            return &small[k];
    }
    return decoder_type(decoder);
}

static void memory_shape(struct decoder *decoder, const struct instruction_row *row) {
    struct detail *detail = decoder->detail;
    decoder->instruction->target = decoder->program->site_count++;
    detail->space = decoder_space(decoder);
    detail->elements = 1;
    memory_order(decoder);
    operand_class_check_memory(decoder);
    if (row->decode == DECODE_UNTYPED)
        return;
    const struct syntax_type *type = access_type(decoder);
    const bool is_wide = type->bits == 128;
    if (type->bits < 8)
        decoder_lack(decoder, "the emulator lacks this type");
    detail->access_bytes = is_wide ? 8 : type->bits / 8;
    detail->to_signed = type->kind == TYPE_SIGNED;
    detail->elements = decoder_has_modifier(decoder, "v2")   ? 2
                       : decoder_has_modifier(decoder, "v4") ? 4
                       : decoder_has_modifier(decoder, "v8") ? 8
                       : is_wide                             ? 2
                                                             : 1;
    check_vector(decoder);
    detail->request_bytes = detail->elements * detail->access_bytes;
}

static const struct syntax_type *declared_type(struct decoder *decoder,
                                               const struct syntax_operand *operand) {
    const struct syntax_type *declared = NULL;
    if (operand->kind == OPERAND_NAME)
        (void)decoder_register_bits(decoder, operand, &declared);
    return declared;
}

/* With one register of bits in it a vector may hold any others, and integers, which are bits: true.
 */
static bool check_classes(struct decoder *decoder, const struct syntax_operand *items,
                          uint32_t count) {
    const char *first = NULL;
    bool has_bits = false;
    for (uint32_t k = 0; k < count; k++) {
        const struct syntax_type *declared = declared_type(decoder, &items[k]);
        const char *next = operand_class_name(&items[k], declared);
        if (first && next && strcmp(first, next) != 0)
            decoder_fail(decoder, "elements of different types in one vector");
        first = next ? next : first;
        has_bits |= declared && declared->kind == TYPE_BITS;
    }
    if (has_bits)
        return true;
    for (uint32_t k = 0; k < count; k++) {
        const struct syntax_type *declared = declared_type(decoder, &items[k]);
        if (declared)
            operand_class_check_value(decoder, &items[k], declared);
    }
    return false;
}

/* An integer's lowest bits, as many as the access has. */
static void add_bits(struct decoder *decoder, uint64_t bits) {
    const uint32_t width = decoder->detail->access_bytes * 8;
    const uint64_t kept = width < 64 ? bits & ((UINT64_C(1) << width) - 1) : bits;
    decoder_add_constant(decoder, kept, width < 64 ? 32 : 64);
}

static void memory_values(struct decoder *decoder, const struct syntax_operand *operand,
                          char letter, bool is_to) {
    struct detail *detail = decoder->detail;
    const struct syntax_operand *items = operand;
    if (decoder_has_modifier(decoder, "b128")) {
        wide_add(decoder, operand, is_to);
        return;
    }
    if (operand->kind == OPERAND_VECTOR) {
        const bool is_single =
            detail->elements == 1 && strcmp(decoder_source(decoder)->root, "multimem") == 0;
        if (operand->item_count != detail->elements || is_single)
            decoder_fail(decoder, "a vector operand has the wrong number of elements");
        items = operand->items;
    } else if (detail->elements > 1) {
        decoder_fail(decoder, "a vector operand is needed");
    }
    const bool is_of_bits = check_classes(decoder, items, detail->elements);
    for (uint32_t k = 0; k < detail->elements; k++) {
        if (is_to)
            decoder_add_to(decoder, &items[k], letter);
        else if (is_of_bits && items[k].kind == OPERAND_INTEGER)
            add_bits(decoder, (uint64_t)items[k].integer);
        else
            decoder_add_from(decoder, &items[k], letter);
    }
}

/* The letter of what is loaded or stored. */
static char value_letter(struct decoder *decoder, const struct instruction_row *row) {
    if (row->decode == DECODE_MEMORY)
        return decoder_type_letter(access_type(decoder));
    return 'w';
}

static char choose_letter(struct decoder *decoder, char letter, char value,
                          const struct syntax_operand *operand) {
    const struct syntax_type *type;
    if (letter == 't' || letter == 's')
        return value;
    if (letter == 'x')
        return decoder_register_bits(decoder, operand, &type) == 1 ? 'p' : 'w';
    return letter;
}

static void add_value(struct decoder *decoder, const struct syntax_operand *operand, char letter,
                      bool is_to) {
    (void)check_classes(decoder, operand, 1);
    if (is_to)
        decoder_add_to(decoder, operand, letter);
    else
        decoder_add_from(decoder, operand, letter);
}

/*
 * Operands of the row: 'm' an address, 'T' a tensor map with coordinates, 'O' its offsets of
 * im2col, 'D' the loaded value or vector, 'S' the stored one, 's' a source of the type's width, 't'
 * a destination of it, 'x' a predicate or a word, other letters as in plain rows. Cache policies
 * are accepted and ignored: at the end, or where a row has 'P'.
 */
void decode_memory(struct decoder *decoder, const struct instruction_row *row) {
    const struct syntax_instruction *source = decoder_source(decoder);
    const bool has_policy =
        decoder_has_modifier(decoder, "L2::cache_hint") && !strchr(row->operands, 'P');
    const size_t given = source->operand_count - (has_policy && source->operand_count > 0);
    const enum state_space space = decoder_space(decoder);
    size_t next = 0;
    bool is_to = strchr(row->operands, '=') != NULL;
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    if (row->decode == DECODE_MATRIX)
        matrix_shape(decoder);
    else
        memory_shape(decoder, row);
    if (has_policy && row->decode == DECODE_MEMORY && space != SPACE_GENERIC &&
        space != SPACE_GLOBAL)
        decoder_fail(decoder, "a cache hint is for global memory");
    const char value = value_letter(decoder, row);
    for (const char *letter = row->operands; *letter; letter++) {
        if (*letter == '=')
            is_to = false;
        if (*letter == '=' || *letter == ',')
            continue;
        if (*letter == '?' && next >= given)
            break;
        if (*letter == '?')
            continue;
        const struct syntax_operand *operand = decoder_operand(decoder, next++);
        if (*letter == 'P')
            continue;
        const char chosen = choose_letter(decoder, *letter, value, operand);
        if (*letter == 'm')
            decoder_add_address(decoder, operand);
        else if (*letter == 'T')
            add_tensor(decoder, operand);
        else if (*letter == 'O')
            add_offsets(decoder, operand);
        else if (*letter == 'D' || *letter == 'S')
            memory_values(decoder, operand, value, is_to);
        else
            add_value(decoder, operand, chosen, is_to);
    }
    decoder_expect_operands(decoder, next + has_policy);
}

/* wmma.load.a.sync.aligned.layout.shape[.space].type {d…}, [p] [, stride]; wmma.store.d … [p], {s…}
 * [, stride] */
void decode_fragment(struct decoder *decoder, const struct instruction_row *row) {
    const struct syntax_instruction *source = decoder_source(decoder);
    struct matrix_fragment *fragment = source_allocate(decoder->source, sizeof *fragment);
    const bool is_store = row->variant != 0;
    const char *type = source->modifiers[source->modifier_count - 1];
    bool known = false;
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (source->modifiers[k][0] == 'm')
            known =
                matrix_find_fragment(source->modifiers[1][0], source->modifiers[k], type, fragment);
    }
    if (!known || fragment->element_bits < 8)
        decoder_lack(decoder, "the emulator lacks this shape or type of fragment");
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    decoder->detail->fragment = fragment;
    decoder->detail->space = decoder_space(decoder);
    decoder->detail->elements = fragment->registers;
    const char letter = fragment->register_bytes == 8 ? 'd' : 'w';
    decoder_add_address(decoder, decoder_operand(decoder, is_store ? 0 : 1));
    if (source->operand_count > 2)
        decoder_add_from(decoder, decoder_operand(decoder, 2), 'w');
    else
        decoder_add_constant(
            decoder, decoder_has_modifier(decoder, "row") ? fragment->columns : fragment->rows, 32);
    memory_values(decoder, decoder_operand(decoder, is_store ? 1 : 0), letter, !is_store);
    decoder_expect_operands(decoder, source->operand_count > 2 ? 3 : 2);
}
