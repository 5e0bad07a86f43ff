/* Picks the row of the instruction set for an instruction and decodes by it. */
#include "emulator/decode/instruction.h"

#include "emulator/decode/forms.h"
#include "emulator/decode/memory.h"
#include "emulator/decode/operands.h"
#include "emulator/decode/targets.h"
#include "emulator/decode/tensor.h"
#include "emulator/decode/text.h"

#include <string.h>

/* What an instruction is decoded by: a row of the executor, or else a lane operation. */
struct match {
    const struct instruction_row *row;
    const struct lane_operation *operation;
    unsigned flags; /* of the row, or of the operation's table */
    struct pattern_fit fit;
};

static bool has_second_result(const struct syntax_instruction *source) {
    return source->operand_count && source->operands[0].second;
}

/* Operands that PTX writes for a plain row: its groups of letters. Of p|q it has two. */
static bool has_operand_count(const struct instruction_row *row,
                              const struct syntax_instruction *source) {
    const bool is_pair = has_second_result(source) && strstr(row->operands, ",p=");
    size_t count = row->operands[0] != '\0';
    for (const char *at = row->operands; *at; at++)
        count += *at == ',' || (*at == '=' && at[1] != '\0');
    return row->decode != DECODE_PLAIN || count == source->operand_count + is_pair;
}

/* `p|q` needs a row that gives two results. */
static bool gives_results(const char *operands, const struct syntax_instruction *source) {
    return !has_second_result(source) || strchr(operands, '|') || strstr(operands, ",p=") ||
           strncmp(operands, "p,", 2) == 0;
}

static bool has_width(struct decoder *decoder, const struct instruction_row *row,
                      const struct syntax_instruction *source) {
    const struct syntax_type *type;
    return !(row->flags & ROW_OF_WORDS) ||
           decoder_register_bits(decoder, &source->operands[source->operand_count - 1], &type) ==
               32;
}

static bool find_row(struct decoder *decoder, const struct syntax_instruction *source,
                     bool any_order, struct match *match) {
    for (const struct instruction_table *const *table = decoder->set->tables; *table; table++) {
        for (size_t k = 0; k < (*table)->count; k++) {
            const struct instruction_row *row = &(*table)->rows[k];
            if (row->pattern[0] == source->root[0] && has_operand_count(row, source) &&
                gives_results(row->operands, source) &&
                pattern_match(row->pattern, source, any_order, &match->fit) &&
                has_width(decoder, row, source)) {
                match->row = row;
                match->operation = NULL;
                match->flags = row->flags;
                return true;
            }
        }
    }
    return false;
}

/* Groups of letters, of which PTX does not write the condition code and the selectors. */
static bool has_letter_count(const char *operands, const struct syntax_instruction *source) {
    size_t count = operands[0] != '\0';
    for (const char *at = operands; *at; at++) {
        count += *at == ',' || (*at == '=' && at[1] != '\0');
        count -= *at == 'c' || *at == 'v';
    }
    return count == source->operand_count;
}

/* min and max of two and of three operands are spelled alike. */
static bool find_operation_of(const struct decoder *decoder,
                              const struct syntax_instruction *source, bool any_order,
                              bool any_count, struct match *match) {
    for (const struct lane_table *const *table = decoder->set->lane_tables; *table; table++) {
        for (size_t k = 0; k < (*table)->count; k++) {
            const struct lane_operation *row = &(*table)->rows[k];
            if (row->pattern[0] == source->root[0] && gives_results(row->operands, source) &&
                (any_count || has_letter_count(row->operands, source)) &&
                pattern_match(row->pattern, source, any_order, &match->fit)) {
                match->row = NULL;
                match->operation = row;
                match->flags = (*table)->flags;
                return true;
            }
        }
    }
    return false;
}

static bool find_operation(const struct decoder *decoder, const struct syntax_instruction *source,
                           bool any_order, struct match *match) {
    return find_operation_of(decoder, source, any_order, false, match) ||
           find_operation_of(decoder, source, any_order, true, match);
}

/* ---- Decoding by what was found ---- */

static void decode_by_row(struct decoder *decoder, const struct instruction_row *row) {
    struct instruction *instruction = decoder->instruction;
    decoder->detail->row = row;
    instruction->execute = row->execute;
    instruction->variant = row->variant;
    instruction->is_control = (row->flags & ROW_CONTROL) != 0;
    decoder->function->takes_stack |= (row->flags & ROW_TAKES_STACK) != 0;
    switch ((enum row_decode)row->decode) {
    case DECODE_PLAIN:
        decode_plain(decoder, row->operands);
        break;
    case DECODE_MEMORY:
    case DECODE_UNTYPED:
    case DECODE_MATRIX:
        decode_memory(decoder, row);
        break;
    case DECODE_FRAGMENT:
        decode_fragment(decoder, row);
        break;
    case DECODE_TEXTURE:
        decode_texture(decoder);
        break;
    case DECODE_SURFACE:
        decode_surface(decoder);
        break;
    case DECODE_WARPGROUP:
        decode_warpgroup(decoder);
        break;
    case DECODE_TENSOR:
        decode_tensor(decoder, row->operands);
        break;
    case DECODE_PREFETCH:
        decoder_reserve_operands(decoder, 0, 0);
        break;
    case DECODE_BRANCH:
        decode_branch(decoder);
        break;
    case DECODE_INDEXED_BRANCH:
        decode_indexed_branch(decoder);
        break;
    case DECODE_CALL:
        decode_call(decoder);
        break;
    case DECODE_MOVE:
        decode_move(decoder);
        break;
    }
    enum { FIRST_INDEPENDENT = 70 };
    if ((row->flags & ROW_BEFORE_70) && decoder->function->syntax->target >= FIRST_INDEPENDENT)
        decoder_fail(decoder, ".sync is needed from sm_70 on");
    if (decoder->detail->negated && !(row->flags & ROW_NEGATES))
        decoder_fail(decoder, "a negated predicate is not allowed");
}

static bool is_wider(const struct detail *detail) {
    for (size_t k = 0; k < detail->to_count; k++) {
        if (detail->to_extend[k])
            return true;
    }
    for (size_t k = 0; k < detail->from_count; k++) {
        if (detail->from_narrow[k])
            return true;
    }
    return false;
}

static void decode_by_operation(struct decoder *decoder, const struct lane_operation *operation) {
    enum { FIRST_ROUNDED_TARGET = 20, FIRST_ROUNDED_VERSION = 32 };
    struct detail *detail = decoder->detail;
    if ((detail->flags & OPERATION_UNROUNDED) && decoder->syntax->target >= FIRST_ROUNDED_TARGET &&
        decoder->syntax->version >= FIRST_ROUNDED_VERSION)
        decoder_fail(decoder, "PTX 3.2 asks for a rounding such as .rn from sm_20 on");
    detail->lanes = operation->function;
    decode_plain(decoder, operation->operands);
    decoder->instruction->execute =
        is_wider(detail) ? decoder->set->handlers->convert : decoder->set->handlers->lanes;
}

/* ---- What stands in no table as it is written ---- */

/* Root and modifiers of the instruction, but for the boolean operators among these; *boolean is the
 * last one. */
static struct syntax_instruction bare_comparison(struct decoder *decoder,
                                                 const struct syntax_instruction *source,
                                                 enum boolean *boolean) {
    static const char *const names[] = {
        [BOOLEAN_AND] = "and", [BOOLEAN_OR] = "or", [BOOLEAN_XOR] = "xor"};
    struct syntax_instruction bare = *source;
    bare.operand_count = 0;
    bare.modifier_count = 0;
    bare.modifiers =
        source_allocate(decoder->source, (source->modifier_count + 1) * sizeof *bare.modifiers);
    *boolean = BOOLEAN_NONE;
    for (size_t k = 0; k < source->modifier_count; k++) {
        enum boolean found = BOOLEAN_XOR;
        while (found != BOOLEAN_NONE && strcmp(source->modifiers[k], names[found]) != 0)
            found--;
        if (found != BOOLEAN_NONE)
            *boolean = found;
        else
            bare.modifiers[bare.modifier_count++] = source->modifiers[k];
    }
    return bare;
}

/* setp with a second result or a third predicate: the comparison is a lane operation, the rest is
 * the executor's. */
static bool decode_combined_comparison(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    const struct syntax_instruction *source = decoder_source(decoder);
    enum boolean boolean;
    struct match match;
    const struct syntax_instruction bare = bare_comparison(decoder, source, &boolean);
    if (boolean == BOOLEAN_NONE && !has_second_result(source))
        return false;
    const bool is_found = find_operation(decoder, &bare, false, &match) ||
                          find_operation(decoder, &bare, true, &match);
    if (!is_found || !(match.flags & OPERATION_COMPARES))
        return false;
    memcpy(detail->choice, match.fit.choice, sizeof detail->choice);
    if (source->operand_count != (boolean == BOOLEAN_NONE ? 3 : 4))
        decoder_fail(decoder, "the wrong number of operands");
    decoder_reserve_operands(decoder, 2, 3);
    struct syntax_operand first = source->operands[0];
    first.second = NULL;
    decoder_add_to(decoder, &first, 'p');
    if (has_second_result(source))
        decoder_add_to(decoder, source->operands[0].second, 'p');
    const char *letters = match.operation->operands; /* "p=w,w" */
    decoder_add_from(decoder, &source->operands[1], letters[2]);
    decoder_add_from(decoder, &source->operands[2], letters[4]);
    if (boolean != BOOLEAN_NONE)
        decoder_add_from(decoder, &source->operands[3], 'p');
    detail->boolean = (uint8_t)boolean;
    detail->lanes = match.operation->function;
    decoder->instruction->execute = decoder->set->handlers->setp_combined;
    return true;
}

/* ---- One instruction ---- */

/* Whether an operand of a row is a register wider than its type. The executor's own conversions
 * take slots as wide as the type; the lane operations of the same pattern come with the copy
 * that a wider one needs. */
static bool has_wider_register(struct decoder *decoder, const struct instruction_row *row) {
    const struct syntax_instruction *source = decoder_source(decoder);
    const char letters[2] = {row->operands[0], row->operands[2]}; /* "d=w" */
    for (size_t k = 0; k < sizeof letters; k++) {
        const struct syntax_type *type;
        unsigned bits = decoder_register_bits(decoder, &source->operands[k], &type);
        if (bits > (letters[k] == 'd' ? 64U : 32U))
            return true;
    }
    return false;
}

static bool has_negated_operand(const struct syntax_instruction *source) {
    for (size_t k = 0; k < source->operand_count; k++) {
        if (source->operands[k].negated)
            return true;
    }
    return false;
}

/* Rows of the executor that take no negated predicate stand before lane operations, which do. */
static bool find(struct decoder *decoder, bool any_order, struct match *match) {
    const struct syntax_instruction *source = decoder_source(decoder);
    if (!find_row(decoder, source, any_order, match))
        return find_operation(decoder, source, any_order, match);
    if (has_negated_operand(source) && !(match->flags & ROW_NEGATES) && match->row)
        return find_operation(decoder, source, any_order, match) || match->row != NULL;
    const bool is_conversion = match->flags & OPERATION_WIDENS;
    if (is_conversion && has_wider_register(decoder, match->row))
        return find_operation(decoder, source, any_order, match);
    return true;
}

/* The instruction with its modifiers in the order of the row. */
static const struct syntax_instruction *in_order(struct decoder *decoder,
                                                 const struct pattern_fit *fit) {
    const struct syntax_instruction *source = decoder_source(decoder);
    struct syntax_instruction *ordered = source_allocate(decoder->source, sizeof *ordered);
    *ordered = *source;
    ordered->modifiers =
        source_allocate(decoder->source, (source->modifier_count + 1) * sizeof *ordered->modifiers);
    for (size_t k = 0; k < source->modifier_count; k++)
        ordered->modifiers[k] = source->modifiers[fit->order[k]];
    return ordered;
}

void decode_instruction(struct decoder *decoder, const struct syntax_instruction *source) {
    struct detail *detail = source_allocate(decoder->source, sizeof *detail);
    struct match match;
    decoder->detail = decoder->instruction->detail = detail;
    detail->source = source;
    detail->function = decoder->function;
    decoder_set_guard(decoder);
    const bool is_in_order = find(decoder, false, &match);
    const bool is_found = is_in_order || find(decoder, true, &match);
    if (is_found && !is_in_order)
        detail->source = in_order(decoder, &match.fit);
    targets_check(decoder);
    if (is_found) {
        detail->flags = match.flags;
        memcpy(detail->choice, match.fit.choice, sizeof detail->choice);
        if (match.row)
            decode_by_row(decoder, match.row);
        else
            decode_by_operation(decoder, match.operation);
    } else if (!decode_combined_comparison(decoder)) {
        decoder_lack(decoder, "the emulator lacks this instruction or modifier");
    }
}
