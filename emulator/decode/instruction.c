/* Picks the row of the instruction set for an instruction and decodes by it. */
#include "emulator/decode/instruction.h"

#include "emulator/decode/flow.h"
#include "emulator/decode/memory.h"
#include "emulator/decode/move.h"
#include "emulator/decode/operands.h"
#include "emulator/decode/plain.h"
#include "emulator/decode/text.h"

#include <string.h>

/* Operands that PTX writes for a plain row: its groups of letters. */
static bool has_operand_count(const struct instruction_row *row,
                              const struct syntax_instruction *source) {
    size_t count = row->operands[0] != '\0';
    for (const char *at = row->operands; *at; at++)
        count += *at == ',' || (*at == '=' && at[1] != '\0');
    return row->decode != DECODE_PLAIN || count == source->operand_count;
}

static const struct instruction_row *find_row(struct decoder *decoder,
                                              const struct syntax_instruction *source) {
    for (const struct instruction_table *const *table = decoder->set->tables; *table; table++) {
        for (size_t k = 0; k < (*table)->count; k++) {
            const struct instruction_row *row = &(*table)->rows[k];
            if (row->pattern[0] == source->root[0] && has_operand_count(row, source) &&
                pattern_match(row->pattern, source, decoder->detail->choice))
                return row;
        }
    }
    return NULL;
}

static const struct lane_operation *find_operation(struct decoder *decoder,
                                                   const struct syntax_instruction *source) {
    for (const struct lane_table *const *table = decoder->set->lane_tables; *table; table++) {
        for (size_t k = 0; k < (*table)->count; k++) {
            const struct lane_operation *row = &(*table)->rows[k];
            if (row->pattern[0] == source->root[0] &&
                pattern_match(row->pattern, source, decoder->detail->choice))
                return row;
        }
    }
    return NULL;
}

static void decode_by_row(struct decoder *decoder, const struct instruction_row *row) {
    struct instruction *instruction = decoder->instruction;
    instruction->execute = row->execute;
    instruction->variant = row->variant;
    instruction->is_control = (row->flags & ROW_CONTROL) != 0;
    switch ((enum row_decode)row->decode) {
    case DECODE_PLAIN:
        decode_plain(decoder, row->operands);
        break;
    case DECODE_MEMORY:
    case DECODE_MATRIX:
        decode_memory(decoder, row);
        break;
    case DECODE_FRAGMENT:
        decode_fragment(decoder);
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
    if (decoder->detail->negated && !(row->flags & ROW_NEGATES))
        decoder_fail(decoder, "a negated predicate is not allowed");
    decoder->detail->row = row;
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
    struct detail *detail = decoder->detail;
    detail->lanes = operation->function;
    decode_plain(decoder, operation->operands);
    decoder->instruction->execute =
        is_wider(detail) ? decoder->set->handlers->convert : decoder->set->handlers->lanes;
}

/* setp with a second result or a third predicate: the comparison is a lane operation, the rest is
 * the executor's. */
static bool decode_setp(struct decoder *decoder) {
    static const char *const booleans[] = {"and", "or", "xor"};
    const struct syntax_instruction *source = decoder_source(decoder);
    if (strcmp(source->root, "setp") != 0 || source->operand_count < 3)
        return false;
    struct detail *detail = decoder->detail;
    struct syntax_instruction plain = *source;
    plain.modifiers =
        source_allocate(decoder->source, source->modifier_count * sizeof *plain.modifiers + 1);
    plain.modifier_count = 0;
    for (size_t k = 0; k < source->modifier_count; k++) {
        uint8_t boolean = 0;
        for (uint8_t n = 0; n < 3; n++) {
            if (strcmp(source->modifiers[k], booleans[n]) == 0)
                boolean = (uint8_t)(n + 1);
        }
        if (boolean)
            detail->boolean = boolean;
        else
            plain.modifiers[plain.modifier_count++] = source->modifiers[k];
    }
    if (!detail->boolean && !source->operands[0].second)
        return false;
    const struct lane_operation *operation = find_operation(decoder, &plain);
    if (!operation || operation->operands[1] != '=')
        return false;
    if (source->operand_count != (detail->boolean ? 4u : 3u))
        decoder_fail(decoder, "the wrong number of operands");
    decoder_reserve_operands(decoder, 2, 3);
    struct syntax_operand first = source->operands[0];
    first.second = NULL;
    decoder_add_to(decoder, &first, 'p');
    if (source->operands[0].second)
        decoder_add_to(decoder, source->operands[0].second, 'p');
    decoder_add_from(decoder, &source->operands[1], operation->operands[2]);
    decoder_add_from(decoder, &source->operands[2], operation->operands[4]);
    if (detail->boolean)
        decoder_add_from(decoder, &source->operands[3], 'p');
    detail->lanes = operation->function;
    decoder->instruction->execute = decoder->set->handlers->setp_combined;
    return true;
}

/*
 * atom and red: the manual has semantics, scope and space in front of the operation, compilers and
 * libraries write them in several orders. The table knows the manual's.
 */
static const struct syntax_instruction *order_modifiers(struct decoder *decoder,
                                                        const struct syntax_instruction *source) {
    static const char *const front[] = {"relaxed", "acquire", "release",    "acq_rel",
                                        "cta",     "cluster", "gpu",        "sys",
                                        "global",  "shared",  "shared::cta"};
    enum { FRONT = sizeof front / sizeof front[0] };
    if (strcmp(source->root, "atom") != 0 && strcmp(source->root, "red") != 0)
        return source;
    struct syntax_instruction *ordered = source_allocate(decoder->source, sizeof *ordered);
    *ordered = *source;
    ordered->modifiers =
        source_allocate(decoder->source, (source->modifier_count + 1) * sizeof *ordered->modifiers);
    size_t count = 0;
    for (size_t n = 0; n <= FRONT; n++) {
        for (size_t k = 0; k < source->modifier_count; k++) {
            size_t rank = 0;
            while (rank < FRONT && strcmp(source->modifiers[k], front[rank]) != 0)
                rank++;
            if (rank == n)
                ordered->modifiers[count++] = source->modifiers[k];
        }
    }
    return ordered;
}

/* Whether a cvt names a register wider than its type, as it may. The executor's own conversions
 * take slots as wide as the type; the lane operations of the same pattern come with the copy that a
 * wider one needs. */
static bool is_relaxed_conversion(struct decoder *decoder, const struct syntax_instruction *source,
                                  const struct instruction_row *row) {
    if (strcmp(source->root, "cvt") != 0 || row->decode != DECODE_PLAIN ||
        source->operand_count != 2)
        return false;
    const char letters[2] = {row->operands[0], row->operands[2]}; /* "d=w" */
    for (size_t k = 0; k < sizeof letters; k++) {
        const struct syntax_type *type;
        unsigned bits = decoder_register_bits(decoder, &source->operands[k], &type);
        if (bits > (letters[k] == 'd' ? 64U : 32U))
            return true;
    }
    return false;
}

void decode_instruction(struct decoder *decoder, const struct syntax_instruction *source) {
    struct detail *detail = source_allocate(decoder->source, sizeof *detail);
    decoder->detail = decoder->instruction->detail = detail;
    detail->source = source;
    detail->function = decoder->function;
    decoder_set_guard(decoder);
    if (decode_setp(decoder))
        return;
    detail->source = source = order_modifiers(decoder, source);
    const struct instruction_row *row = find_row(decoder, source);
    if (row && is_relaxed_conversion(decoder, source, row))
        row = NULL;
    const struct lane_operation *operation = row ? NULL : find_operation(decoder, source);
    if (row)
        decode_by_row(decoder, row);
    else if (operation)
        decode_by_operation(decoder, operation);
    else
        decoder_fail(decoder, "the emulator lacks this instruction or modifier");
}
