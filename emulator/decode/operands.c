/* Resolves operands to slots of registers, constants and special registers. */
#include "emulator/decode/operands.h"

#include "emulator/decode/constants.h"
#include "emulator/decode/operand_class.h"
#include "emulator/decode/special_registers.h"
#include "emulator/decode/text.h"
#include "emulator/lanes/space.h"

#include <stdio.h>
#include <string.h>

/* ---- Registers ---- */

/* NOLINTNEXTLINE(readability-non-const-parameter): the slot is written when registers get their
 * places */
static void note_use(struct decoder *decoder, uint32_t *slot, uint32_t number, bool is_definition) {
    decoder->uses = source_grow(decoder->source, decoder->uses, decoder->use_count,
                                &decoder->use_capacity, sizeof *decoder->uses);
    decoder->uses[decoder->use_count++] = (struct register_use){
        slot, number, decoder->number, is_definition, decoder_source(decoder)->guard != NULL};
}

static void add_register(struct decoder *decoder, uint32_t number, bool is_definition) {
    struct detail *detail = decoder->detail;
    if (is_definition) {
        detail->to_register[detail->to_count] = number;
        note_use(decoder, &detail->to[detail->to_count++], number, true);
    } else {
        detail->from_register[detail->from_count] = number;
        note_use(decoder, &detail->from[detail->from_count++], number, false);
    }
}

void decoder_add_register(struct decoder *decoder, uint32_t number, bool is_definition) {
    struct detail *detail = decoder->detail;
    if (is_definition)
        detail->to_bits[detail->to_count] = 64;
    else
        detail->from_bits[detail->from_count] = 64;
    add_register(decoder, number, is_definition);
}

uint32_t decoder_new_register(struct decoder *decoder, uint32_t width) {
    decoder->widths = source_grow(decoder->source, decoder->widths, decoder->register_count,
                                  &decoder->register_capacity, sizeof *decoder->widths);
    decoder->widths[decoder->register_count] = width;
    return (uint32_t)decoder->register_count++;
}

struct syntax_symbol *decoder_find(struct decoder *decoder, const struct syntax_operand *operand,
                                   unsigned *index) {
    return scope_find(decoder_source(decoder)->scope, operand->name, index);
}

unsigned decoder_register_bits(struct decoder *decoder, const struct syntax_operand *operand,
                               const struct syntax_type **type) {
    unsigned index;
    if (operand->kind != OPERAND_NAME && operand->kind != OPERAND_ADDRESS)
        return 0;
    if (!operand->name)
        return 0;
    struct syntax_symbol *symbol = decoder_find(decoder, operand, &index);
    if (!symbol || (symbol->kind != SYMBOL_REGISTER && symbol->kind != SYMBOL_REGISTERS))
        return 0;
    *type = decoder->function->syntax->registers[index].type;
    return (*type)->bits;
}

static unsigned letter_bits(char letter) {
    switch (letter) {
    case 'p':
        return 1;
    case 'b':
        return 8;
    case 'h':
        return 16;
    case 'w':
        return 32;
    case 'z':
        return 128;
    default:
        return 64;
    }
}

char decoder_type_letter(const struct syntax_type *type) {
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

static uint8_t slot_bits(unsigned bits) {
    return bits == 1 ? 1 : bits <= 32 ? 32 : 64;
}

/* Conversions, loads and stores take registers wider than their type (PTX ISA 9.4.1, "Operand Size
 * Exceeding …"). */
static bool may_be_wider(const struct decoder *decoder) {
    const struct detail *detail = decoder->detail;
    const char *root = decoder_source(decoder)->root;
    const bool moves = strcmp(root, "ld") == 0 || strcmp(root, "ldu") == 0 ||
                       strcmp(root, "st") == 0 || strcmp(root, "suld") == 0 ||
                       strcmp(root, "sust") == 0;
    return (detail->flags & OPERATION_WIDENS) || moves;
}

/* The lower half of 128 bits is all that a response of clusterlaunchcontrol says. What takes both
 * has forms of its own (wide.c). */
static void check_lacking(struct decoder *decoder, unsigned bits, char letter) {
    if (bits > 64 && letter != 'z')
        decoder_lack(decoder, "the emulator lacks registers of more than 64 bits");
}

static void check_width(struct decoder *decoder, const struct syntax_operand *operand,
                        unsigned bits, char letter) {
    unsigned wanted = letter_bits(letter);
    bool fits = bits == wanted || (bits > wanted && wanted > 1 && may_be_wider(decoder));
    if (fits)
        return;
    char what[160];
    snprintf(what, sizeof what, "register %.64s has %u bits where %u are needed,", operand->name,
             bits, wanted);
    decoder_fail(decoder, what);
}

void decoder_reserve_operands(struct decoder *decoder, size_t to, size_t from) {
    struct detail *detail = decoder->detail;
    detail->to = source_allocate(decoder->source, (to + 1) * sizeof *detail->to);
    detail->from = source_allocate(decoder->source, (from + 1) * sizeof *detail->from);
    detail->to_bits = source_allocate(decoder->source, to + 1);
    detail->to_extend = source_allocate(decoder->source, to + 1);
    detail->from_bits = source_allocate(decoder->source, from + 1);
    detail->from_narrow = source_allocate(decoder->source, from + 1);
    decoder->to_limit = to;
    decoder->from_limit = from;
    detail->to_register = source_allocate(decoder->source, (to + 1) * sizeof *detail->to_register);
    detail->from_register =
        source_allocate(decoder->source, (from + 1) * sizeof *detail->from_register);
}

/* The type of a destination narrower than its register: the first one written, but the last for
 * memory. */
static bool is_signed_result(const struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    for (size_t k = 0; k < source->modifier_count; k++) {
        const struct syntax_type *type =
            syntax_find_type(source->modifiers[k], strlen(source->modifiers[k]));
        if (type)
            return type->kind == TYPE_SIGNED;
    }
    return false;
}

void decoder_add_constant(struct decoder *decoder, uint64_t bits, uint32_t width) {
    struct detail *detail = decoder->detail;
    if (width == 1)
        bits = bits ? LANES_ALL : 0;
    if (width == 32)
        bits = (uint32_t)bits;
    detail->from_bits[detail->from_count] = (uint8_t)(width ? width : 64);
    detail->from_register[detail->from_count] = REGISTER_NONE;
    detail->from[detail->from_count++] = constants_slot(decoder, bits, width);
}

static uint64_t literal_bits(struct decoder *decoder, const struct syntax_operand *operand,
                             char letter) {
    uint64_t bits = (uint64_t)operand->integer;
    operand_class_check_literal(decoder, operand->kind, letter);
    if (operand->kind == OPERAND_INTEGER && letter == 'h')
        return bits & 0xffff;
    if (operand->kind == OPERAND_INTEGER && letter == 'b')
        return bits & 0xff;
    if (operand->kind == OPERAND_INTEGER)
        return bits;
    if (letter != 'w' && letter != 'd')
        decoder_fail(decoder, "a float literal is not allowed");
    if (operand->kind == OPERAND_FLOAT64 && letter == 'w')
        return lane_bits32((float)lane_f64(bits));
    if (operand->kind == OPERAND_FLOAT32 && letter == 'd')
        return lane_bits64((double)lane_f32((uint32_t)bits));
    return bits;
}

/* ---- Names ---- */

void decoder_add_special(struct decoder *decoder, enum special_register special) {
    struct detail *detail = decoder->detail;
    detail->from_bits[detail->from_count] = 32;
    detail->from_register[detail->from_count] = REGISTER_NONE;
    detail->from[detail->from_count++] =
        ((uint32_t)special * (uint32_t)sizeof(struct lanes32)) | (uint32_t)BANK_SPECIAL;
}

static uint64_t variable_value(struct decoder *decoder, const struct syntax_variable *variable,
                               bool *is_dynamic) {
    const struct syntax_function *function = decoder->function->syntax;
    if (variable->space == SPACE_SHARED && variable->is_extern) {
        *is_dynamic = true;
        return 0;
    }
    if (variable->space == SPACE_PARAM) {
        bool is_kernel_parameter = false;
        for (size_t k = 0; k < function->parameter_count; k++)
            is_kernel_parameter |= function->is_entry && function->parameters[k] == variable;
        if (!is_kernel_parameter)
            decoder_lack(decoder, "the emulator lacks this address of a function's parameter");
    }
    if ((variable->space == SPACE_GLOBAL || variable->space == SPACE_CONST) && !variable->placed)
        decoder_fail(decoder, "the address of an external variable that nothing defines");
    return variable->address;
}

uint64_t decoder_symbol_value(struct decoder *decoder, const struct syntax_symbol *symbol,
                              const struct syntax_operand *operand, bool *is_dynamic_shared) {
    *is_dynamic_shared = false;
    if (symbol->kind == SYMBOL_VARIABLE)
        return variable_value(decoder, symbol->variable, is_dynamic_shared) +
               (uint64_t)operand->integer;
    if (symbol->kind == SYMBOL_FUNCTION && symbol->function->decoded) {
        const struct program_function *function = symbol->function->decoded;
        return space_code_address(function->index);
    }
    decoder_fail(decoder, "a name that stands for no value");
    return 0;
}

static void add_from_symbol(struct decoder *decoder, const struct syntax_symbol *symbol,
                            const struct syntax_operand *operand, char letter) {
    const struct instruction_row *row = decoder->detail->row;
    if (!row || (row->decode == DECODE_PLAIN && !(row->flags & ROW_TAKES_NAMES)))
        decoder_fail(decoder, "an address is taken with mov first");
    bool is_dynamic;
    uint64_t value = decoder_symbol_value(decoder, symbol, operand, &is_dynamic);
    if (is_dynamic)
        decoder_fail(decoder, "dynamic shared memory is addressed with mov first");
    if (letter != 'w' && letter != 'd')
        decoder_fail(decoder, "an address needs 32 or 64 bits");
    decoder_add_constant(decoder, value, letter == 'w' ? 32 : 64);
}

/* Special registers are read by mov, and by conversions between integers. */
static void check_reads_special(struct decoder *decoder) {
    const struct detail *detail = decoder->detail;
    const bool is_move = detail->row && detail->row->decode == DECODE_MOVE;
    if (!is_move && (!(detail->flags & OPERATION_WIDENS) || operand_class_has_floats(decoder)))
        decoder_fail(decoder, "a special register is read with mov first");
}

static void add_from_name(struct decoder *decoder, const struct syntax_operand *operand,
                          char letter) {
    struct detail *detail = decoder->detail;
    unsigned index, special;
    const struct syntax_symbol *symbol = decoder_find(decoder, operand, &index);
    /* PTX 1 had some of them in 16 bits, and conversions of those are still allowed. */
    const bool is_low_half = letter == 'h' && (detail->flags & OPERATION_WIDENS);
    if (!symbol && (letter == 'w' || is_low_half) &&
        decoder_find_special(decoder, operand->name, &special) && special < SPECIAL_COUNT &&
        special != SPECIAL_IS_EXPLICIT_CLUSTER) {
        check_reads_special(decoder);
        decoder_add_special(decoder, special);
        if (is_low_half)
            detail->from_narrow[detail->from_count - 1] = 16;
        return;
    }
    if (!symbol && letter == 'p' && decoder_find_special(decoder, operand->name, &special) &&
        special == SPECIAL_IS_EXPLICIT_CLUSTER) {
        decoder_add_special(decoder, special);
        detail->from_bits[detail->from_count - 1] = 1;
        return;
    }
    if (!symbol) {
        char what[160];
        snprintf(what, sizeof what, "unknown name %.100s", operand->name);
        decoder_fail(decoder, what);
        return;
    }
    if (symbol->kind != SYMBOL_REGISTER && symbol->kind != SYMBOL_REGISTERS) {
        add_from_symbol(decoder, symbol, operand, letter);
        return;
    }
    const struct syntax_type *declared = decoder->function->syntax->registers[index].type;
    const unsigned bits = declared->bits;
    check_lacking(decoder, bits, letter);
    check_width(decoder, operand, bits, letter);
    operand_class_check(decoder, operand, declared, false);
    if (operand->negated && letter != 'p')
        decoder_fail(decoder, "'!' needs a predicate");
    if (operand->negated)
        detail->negated |= UINT64_C(1) << detail->from_count;
    detail->from_bits[detail->from_count] = slot_bits(bits);
    detail->from_narrow[detail->from_count] =
        (uint8_t)(bits > letter_bits(letter) ? letter_bits(letter) : 0);
    add_register(decoder, index, false);
}

/* Selectors and signs belong to video instructions, which take them off before. */
static void check_is_whole(struct decoder *decoder, const struct syntax_operand *operand) {
    if (operand->selector)
        decoder_fail(decoder, "a selector is for operands of video instructions");
    if (operand->is_minus)
        decoder_fail(decoder, "an operand cannot be negated here");
}

void decoder_add_from(struct decoder *decoder, const struct syntax_operand *operand, char letter) {
    if (decoder->detail->from_count >= decoder->from_limit)
        decoder_fail(decoder, "too many operands");
    check_is_whole(decoder, operand);
    bool is_literal = operand->kind == OPERAND_INTEGER || operand->kind == OPERAND_FLOAT32 ||
                      operand->kind == OPERAND_FLOAT64;
    if (letter == 'i') {
        if (operand->kind != OPERAND_INTEGER)
            decoder_fail(decoder, "an integer constant is needed");
        decoder_add_constant(decoder, (uint64_t)operand->integer, 0);
    } else if (is_literal) {
        unsigned bits = letter_bits(letter);
        decoder_add_constant(decoder, literal_bits(decoder, operand, letter), slot_bits(bits));
    } else if (operand->kind == OPERAND_NAME && !operand->second) {
        add_from_name(decoder, operand, letter);
    } else {
        decoder_fail(decoder, "a register or a constant is needed");
    }
}

void decoder_add_to(struct decoder *decoder, const struct syntax_operand *operand, char letter) {
    struct detail *detail = decoder->detail;
    if (detail->to_count >= decoder->to_limit)
        decoder_fail(decoder, "too many operands");
    check_is_whole(decoder, operand);
    if (operand->kind == OPERAND_SINK) {
        unsigned width = slot_bits(letter_bits(letter));
        detail->to_bits[detail->to_count] = (uint8_t)width;
        add_register(decoder, decoder_new_register(decoder, width), true);
        return;
    }
    unsigned index;
    const struct syntax_symbol *symbol =
        operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (!symbol || (symbol->kind != SYMBOL_REGISTER && symbol->kind != SYMBOL_REGISTERS)) {
        decoder_fail(decoder, "the destination is not a register");
        return;
    }
    const struct syntax_type *declared = decoder->function->syntax->registers[index].type;
    const unsigned bits = declared->bits;
    check_lacking(decoder, bits, letter);
    check_width(decoder, operand, bits, letter);
    operand_class_check(decoder, operand, declared, true);
    if (operand->negated)
        decoder_fail(decoder, "a result cannot be negated");
    detail->to_bits[detail->to_count] = slot_bits(bits);
    if (bits > letter_bits(letter))
        detail->to_extend[detail->to_count] =
            (uint8_t)(letter_bits(letter) | (is_signed_result(decoder) ? 0x80 : 0));
    detail->to_register_bits = (uint8_t)bits;
    add_register(decoder, index, true);
}

void decoder_add_carry(struct decoder *decoder, bool is_definition) {
    struct detail *detail = decoder->detail;
    if (decoder->carry == REGISTER_NONE)
        decoder->carry = decoder_new_register(decoder, 1);
    if (is_definition) {
        detail->to_bits[detail->to_count] = 1;
    } else {
        detail->from_bits[detail->from_count] = 1;
    }
    add_register(decoder, decoder->carry, is_definition);
}

void decoder_set_guard(struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    if (!source->guard)
        return;
    struct syntax_operand operand = {
        .kind = OPERAND_NAME, .name = source->guard, .place = source->place};
    unsigned index;
    const struct syntax_symbol *symbol = decoder_find(decoder, &operand, &index);
    bool is_register =
        symbol && (symbol->kind == SYMBOL_REGISTER || symbol->kind == SYMBOL_REGISTERS);
    if (!is_register || decoder->function->syntax->registers[index].type->bits != 1)
        decoder_fail(decoder, "the guard is not a predicate register");
    decoder->instruction->is_guarded = 1;
    decoder->instruction->guard_negated = source->guard_negated;
    decoder->detail->guard_register = index;
    note_use(decoder, &decoder->instruction->guard, index, false);
}
