/* Instructions whose operands need more than their table row says: memory, branches, calls and mov.
 */
#include "emulator/arithmetic/matrix.h"
#include "emulator/decode/decoder.h"
#include "emulator/lanes/space.h"

#include <stdio.h>
#include <string.h>

static const struct syntax_operand *operand_at(struct decoder *decoder, size_t index) {
    const struct syntax_instruction *source = decoder_source(decoder);
    if (index >= source->operand_count)
        decoder_fail(decoder, "an operand is missing");
    return &source->operands[index];
}

static void expect_count(struct decoder *decoder, size_t count) {
    if (decoder_source(decoder)->operand_count != count)
        decoder_fail(decoder, decoder_source(decoder)->operand_count > count
                                  ? "too many operands"
                                  : "an operand is missing");
}

/* ---- Plain rows: operands as their string says ---- */

static bool has_carry(const struct decoder *decoder) {
    static const char *const roots[] = {"add", "addc", "sub", "subc", "mad", "madc"};
    const struct syntax_instruction *source = decoder_source(decoder);
    bool named = false;
    for (size_t k = 0; k < sizeof roots / sizeof roots[0]; k++)
        named |= strcmp(source->root, roots[k]) == 0;
    return named;
}

static size_t add_group(struct decoder *decoder, size_t next, char letter, size_t count,
                        bool is_to) {
    if (letter == 'p' && next == decoder_source(decoder)->operand_count && has_carry(decoder)) {
        decoder_add_carry(decoder, is_to);
        return next;
    }
    const struct syntax_operand *operand = operand_at(decoder, next);
    const struct syntax_operand *items = operand;
    if (count > 1 || operand->kind == OPERAND_VECTOR) {
        if (operand->kind != OPERAND_VECTOR || operand->item_count != count)
            decoder_fail(decoder, "a vector operand has the wrong number of elements");
        items = operand->items;
    }
    for (size_t k = 0; k < count; k++) {
        if (is_to)
            decoder_add_to(decoder, &items[k], letter);
        else
            decoder_add_from(decoder, &items[k], letter);
    }
    return next + 1;
}

/* add.cc "w,p=w,w": the predicate is CC.CF, which PTX does not write. */
static size_t add_destination(struct decoder *decoder, size_t next, char letter, size_t count,
                              size_t position) {
    if (letter == 'p' && position > 0 && has_carry(decoder)) {
        decoder_add_carry(decoder, true);
        return next;
    }
    return add_group(decoder, next, letter, count, true);
}

void decode_plain(struct decoder *decoder, const char *operands) {
    size_t next = 0, position = 0;
    bool is_to = strchr(operands, '=') != NULL;
    const struct syntax_instruction *source = decoder_source(decoder);
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    while (*operands) {
        char letter = *operands++;
        size_t count = 0;
        while (*operands >= '0' && *operands <= '9')
            count = count * 10 + (size_t)(*operands++ - '0');
        count = count ? count : 1;
        bool pair = is_to && position == 1 && letter == 'p' && source->operand_count &&
                    source->operands[0].second;
        if (pair)
            decoder_add_to(decoder, source->operands[0].second, 'p');
        else if (is_to)
            next = add_destination(decoder, next, letter, count, position);
        else
            next = add_group(decoder, next, letter, count, false);
        position++;
        if (*operands == '|') { /* a second result that may be left out */
            if (source->operands[0].second)
                decoder_add_to(decoder, source->operands[0].second, operands[1]);
            operands += 2;
        }
        if (*operands == '=')
            is_to = false;
        if (*operands)
            operands++;
    }
    expect_count(decoder, next);
}

/* ---- Memory ---- */

static const struct syntax_type *last_type(struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    for (size_t k = source->modifier_count; k-- > 0;) {
        const struct syntax_type *type =
            syntax_find_type(source->modifiers[k], strlen(source->modifiers[k]));
        if (type)
            return type;
    }
    decoder_fail(decoder, "a type is missing");
    return NULL;
}

static bool has_modifier(const struct decoder *decoder, const char *modifier) {
    const struct syntax_instruction *source = decoder_source(decoder);
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (strcmp(source->modifiers[k], modifier) == 0)
            return true;
    }
    return false;
}

static enum state_space instruction_space(const struct decoder *decoder) {
    static const struct {
        const char *name;
        enum state_space space;
    } spaces[] = {{"global", SPACE_GLOBAL},      {"shared", SPACE_SHARED},
                  {"shared::cta", SPACE_SHARED}, {"local", SPACE_LOCAL},
                  {"const", SPACE_CONST},        {"param", SPACE_PARAM},
                  {"param::entry", SPACE_PARAM}, {"param::func", SPACE_PARAM}};
    const struct syntax_instruction *source = decoder_source(decoder);
    for (size_t k = 0; k < source->modifier_count; k++) {
        for (size_t n = 0; n < sizeof spaces / sizeof spaces[0]; n++) {
            if (strcmp(source->modifiers[k], spaces[n].name) == 0)
                return spaces[n].space;
        }
    }
    return SPACE_GENERIC;
}

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
    detail->stride = (uint32_t)(variable->size + 7) / 8 * 8;
    decoder->instruction->immediate = (int64_t)variable->address + offset;
    decoder_add_constant(decoder, 0, 64);
    return true;
}

/* The first address of an instruction has its offset in the instruction, the second one in the
 * detail. */
static void set_offset(struct decoder *decoder, int64_t offset) {
    if (decoder->detail->address_count++ == 0)
        decoder->instruction->immediate = offset;
    else
        decoder->detail->second_offset = offset;
}

static void clear_offset(struct decoder *decoder) {
    decoder->detail->address_count--;
    set_offset(decoder, 0);
}

/* [reg+imm], [symbol+imm], [imm]: from[next] is the base, the immediate what is added. */
static void add_address(struct decoder *decoder, const struct syntax_operand *operand) {
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
        if (bits != 32 && bits != 64)
            decoder_fail(decoder, "an address register has 32 or 64 bits");
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

static char type_letter(const struct syntax_type *type) {
    switch (type->bits) {
    case 1:
        return 'p';
    case 8:
        return 'b';
    case 16:
        return 'h';
    case 32:
        return 'w';
    default:
        return 'd';
    }
}

static void matrix_shape(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    detail->access_bytes = 4;
    detail->elements = has_modifier(decoder, "x4") ? 4 : has_modifier(decoder, "x2") ? 2 : 1;
    detail->space = instruction_space(decoder);
}

static void memory_shape(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    decoder->instruction->target = decoder->program->site_count++;
    detail->space = instruction_space(decoder);
    detail->elements = 1;
    if (strcmp(decoder_source(decoder)->root, "cp") == 0)
        return;
    const struct syntax_type *type = last_type(decoder);
    if (type->bits > 64 || type->bits < 8)
        decoder_fail(decoder, "the emulator lacks this type");
    detail->access_bytes = type->bits / 8;
    detail->to_signed = type->kind == TYPE_SIGNED;
    detail->elements = has_modifier(decoder, "v2") ? 2 : has_modifier(decoder, "v4") ? 4 : 1;
    if (detail->elements * detail->access_bytes > 16)
        decoder_fail(decoder, "a vector of more than 16 bytes");
}

static void memory_values(struct decoder *decoder, const struct syntax_operand *operand,
                          char letter, bool is_to) {
    struct detail *detail = decoder->detail;
    const struct syntax_operand *items = operand;
    if (operand->kind == OPERAND_VECTOR) {
        if (operand->item_count != detail->elements)
            decoder_fail(decoder, "a vector operand has the wrong number of elements");
        items = operand->items;
    } else if (detail->elements > 1) {
        decoder_fail(decoder, "a vector operand is needed");
    }
    for (uint32_t k = 0; k < detail->elements; k++) {
        if (is_to)
            decoder_add_to(decoder, &items[k], letter);
        else
            decoder_add_from(decoder, &items[k], letter);
    }
}

/* The letter of what is loaded or stored. */
static char value_letter(struct decoder *decoder, const struct instruction_row *row) {
    if (row->decode == DECODE_MATRIX || decoder->detail->access_bytes == 0)
        return 'w';
    return type_letter(last_type(decoder));
}

/*
 * Operands of the row: 'm' an address, 'D' the loaded value or vector, 'S' the stored one, 's' a
 * source of the type's width, 't' a destination of it, other letters as in plain rows. Cache
 * policies at the end are accepted and ignored.
 */
void decode_memory(struct decoder *decoder, const struct instruction_row *row) {
    const struct syntax_instruction *source = decoder_source(decoder);
    const bool has_policy = has_modifier(decoder, "L2::cache_hint");
    const size_t given = source->operand_count - (has_policy && source->operand_count > 0);
    size_t next = 0;
    bool is_to = strchr(row->operands, '=') != NULL;
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    if (row->decode == DECODE_MATRIX)
        matrix_shape(decoder);
    else
        memory_shape(decoder);
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
        const struct syntax_operand *operand = operand_at(decoder, next++);
        char chosen = *letter;
        if (chosen == 't' || chosen == 's')
            chosen = value;
        if (*letter == 'm')
            add_address(decoder, operand);
        else if (*letter == 'D' || *letter == 'S')
            memory_values(decoder, operand, value, is_to);
        else if (is_to)
            decoder_add_to(decoder, operand, chosen);
        else
            decoder_add_from(decoder, operand, chosen);
    }
    expect_count(decoder, next + has_policy);
}

/* wmma.load.a.sync.aligned.layout.shape[.space].type {d…}, [p] [, stride]; wmma.store.d … [p], {s…}
 * [, stride] */
void decode_fragment(struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    struct matrix_fragment *fragment = source_allocate(decoder->source, sizeof *fragment);
    const bool is_store = strcmp(source->modifiers[0], "store") == 0;
    const char *type = source->modifiers[source->modifier_count - 1];
    bool known = false;
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (source->modifiers[k][0] == 'm')
            known =
                matrix_find_fragment(source->modifiers[1][0], source->modifiers[k], type, fragment);
    }
    if (!known || fragment->element_bits < 8)
        decoder_fail(decoder, "the emulator lacks this shape or type of fragment");
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    decoder->detail->fragment = fragment;
    decoder->detail->space = instruction_space(decoder);
    decoder->detail->elements = fragment->registers;
    const char letter = fragment->register_bytes == 8 ? 'd' : 'w';
    add_address(decoder, operand_at(decoder, is_store ? 0 : 1));
    if (source->operand_count > 2)
        decoder_add_from(decoder, operand_at(decoder, 2), 'w');
    else
        decoder_add_constant(decoder,
                             has_modifier(decoder, "row") ? fragment->columns : fragment->rows, 32);
    memory_values(decoder, operand_at(decoder, is_store ? 1 : 0), letter, !is_store);
    expect_count(decoder, source->operand_count > 2 ? 3 : 2);
}

/* ---- Branches ---- */

static uint32_t label_target(struct decoder *decoder, const char *name) {
    unsigned index;
    struct syntax_operand operand = {.kind = OPERAND_NAME, .name = name};
    const struct syntax_symbol *symbol = decoder_find(decoder, &operand, &index);
    if (!symbol || symbol->kind != SYMBOL_LABEL) {
        char what[160];
        snprintf(what, sizeof what, "unknown label %.100s", name);
        decoder_fail(decoder, what);
        return 0;
    }
    return decoder->function->first + symbol->index;
}

void decode_branch(struct decoder *decoder) {
    decoder_reserve_operands(decoder, 0, 0);
    expect_count(decoder, 1);
    const struct syntax_operand *operand = operand_at(decoder, 0);
    if (operand->kind != OPERAND_NAME)
        decoder_fail(decoder, "a label is needed");
    decoder->instruction->target = label_target(decoder, operand->name);
}

void decode_indexed_branch(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    unsigned index;
    decoder_reserve_operands(decoder, 0, 1);
    expect_count(decoder, 2);
    decoder_add_from(decoder, operand_at(decoder, 0), 'w');
    const struct syntax_operand *operand = operand_at(decoder, 1);
    const struct syntax_symbol *symbol =
        operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (!symbol || symbol->kind != SYMBOL_TARGETS) {
        decoder_fail(decoder, "a list of .branchtargets is needed");
        return;
    }
    detail->target_count = symbol->count;
    detail->targets =
        source_allocate(decoder->source, (symbol->count + 1) * sizeof *detail->targets);
    for (uint32_t k = 0; k < symbol->count; k++)
        detail->targets[k] = label_target(decoder, symbol->targets[k]);
}

/* ---- Calls ---- */

static struct param_copy *call_areas(struct decoder *decoder, const struct syntax_operand *list,
                                     struct syntax_variable *const *formals, size_t count) {
    size_t given = list ? list->item_count : 0;
    struct param_copy *copies = source_allocate(decoder->source, (count + 1) * sizeof *copies);
    if (given != count)
        decoder_fail(decoder, "the call has the wrong number of parameters");
    for (size_t k = 0; k < count; k++) {
        unsigned index;
        const struct syntax_operand *item = &list->items[k];
        const struct syntax_symbol *symbol =
            item->kind == OPERAND_NAME ? decoder_find(decoder, item, &index) : NULL;
        if (!symbol || symbol->kind != SYMBOL_VARIABLE || symbol->variable->space != SPACE_PARAM)
            decoder_fail(decoder, "the emulator lacks arguments that are no .param variables");
        else if (symbol->variable->size != formals[k]->size)
            decoder_fail(decoder, "an argument's size differs from the parameter's");
        else
            copies[k] = (struct param_copy){.caller = (uint32_t)symbol->variable->address,
                                            .size = (uint32_t)symbol->variable->size,
                                            .stride_caller =
                                                (uint32_t)(symbol->variable->size + 7) / 8 * 8};
    }
    return copies;
}

static const struct syntax_function *call_prototype(struct decoder *decoder,
                                                    const struct syntax_operand *operand) {
    unsigned index;
    const struct syntax_symbol *symbol =
        operand && operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (symbol && symbol->kind == SYMBOL_PROTOTYPE)
        return symbol->function;
    if (symbol && symbol->kind == SYMBOL_TARGETS && symbol->count) {
        struct syntax_operand first = {.kind = OPERAND_NAME, .name = symbol->targets[0]};
        symbol = decoder_find(decoder, &first, &index);
        if (symbol && symbol->kind == SYMBOL_FUNCTION)
            return symbol->function;
    }
    decoder_fail(decoder, "an indirect call needs a .callprototype or .calltargets");
    return NULL;
}

static const struct syntax_function *call_target(struct decoder *decoder,
                                                 const struct syntax_operand *operand,
                                                 const struct syntax_operand *prototype) {
    unsigned index;
    const struct syntax_symbol *symbol =
        operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (!symbol) {
        decoder_fail(decoder, "a call of an unknown function");
        return NULL;
    }
    if (symbol->kind == SYMBOL_FUNCTION) {
        decoder->detail->callee = symbol->function->decoded;
        bool runs = decoder->detail->callee && (symbol->function->is_defined ||
                                                decoder->detail->callee->builtin != BUILTIN_NONE);
        if (!runs || symbol->function->is_entry) {
            char what[200];
            snprintf(what, sizeof what, "a call of '%.100s', which nothing defines,",
                     operand->name);
            decoder_fail(decoder, what);
        }
        return symbol->function;
    }
    decoder_add_from(decoder, operand, 'd');
    return call_prototype(decoder, prototype);
}

/* call [(results),] function [, (arguments)] [, prototype] */
void decode_call(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    const struct syntax_instruction *source = decoder_source(decoder);
    size_t next = 0;
    decoder_reserve_operands(decoder, 0, 1);
    const struct syntax_operand *results = NULL, *arguments = NULL, *prototype = NULL;
    if (operand_at(decoder, 0)->kind == OPERAND_LIST)
        results = operand_at(decoder, next++);
    const struct syntax_operand *target = operand_at(decoder, next++);
    if (next < source->operand_count && source->operands[next].kind == OPERAND_LIST)
        arguments = &source->operands[next++];
    if (next < source->operand_count)
        prototype = &source->operands[next++];
    expect_count(decoder, next);
    const struct syntax_function *callee = call_target(decoder, target, prototype);
    decoder->function->has_calls |= !detail->callee || detail->callee->builtin == BUILTIN_NONE;
    detail->copy_count = callee->parameter_count;
    detail->copies = call_areas(decoder, arguments, callee->parameters, callee->parameter_count);
    detail->result_count = callee->result_count;
    detail->results = call_areas(decoder, results, callee->results, callee->result_count);
}

/* ---- mov ---- */

static bool move_special(struct decoder *decoder, const struct syntax_operand *to,
                         const struct syntax_operand *from, char letter) {
    unsigned index, special;
    struct detail *detail = decoder->detail;
    if (from->kind != OPERAND_NAME || decoder_find(decoder, from, &index) ||
        !decoder_find_special(decoder, from->name, &special))
        return false;
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
    bool is_local = variable->space == SPACE_LOCAL;
    if (!is_dynamic && !is_local)
        return false;
    if (letter != 'w' && letter != 'd')
        decoder_fail(decoder, "an address needs 32 or 64 bits");
    decoder_add_to(decoder, to, letter);
    decoder->instruction->immediate = from->integer + (is_local ? (int64_t)variable->address : 0);
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

void decode_move(struct decoder *decoder) {
    const struct syntax_type *type = last_type(decoder);
    char letter = type_letter(type);
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    expect_count(decoder, 2);
    const struct syntax_operand *to = operand_at(decoder, 0), *from = operand_at(decoder, 1);
    if (type->bits > 64)
        decoder_fail(decoder, "the emulator lacks this type");
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
    decoder->detail->access_bytes = 4;
    if (move_special(decoder, to, from, letter) || move_frame_address(decoder, to, from, letter))
        return;
    decoder_add_to(decoder, to, letter);
    decoder_add_from(decoder, from, letter);
}
