/* Plain rows: operands as their string says. */
#include "emulator/decode/forms.h"

#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"
#include "emulator/decode/video.h"

#include <string.h>

/* Whether a constant is one that the letter stands for. A `count` of 0 is no bound. */
static bool is_meant(int64_t value, char letter, size_t count) {
    enum {
        ALIGNMENT_LIMIT = 1 << 23,
        REGISTERS_LEAST = 24,
        REGISTERS_MOST = 256,
        BYTE_MOST = 255,
        BARRIERS = 16
    };
    switch (letter) {
    case 'a':
        return value > 0 && value <= ALIGNMENT_LIMIT && (value & (value - 1)) == 0;
    case 'g':
        return value >= REGISTERS_LEAST && value <= REGISTERS_MOST && value % 8 == 0;
    case 'k':
        return value >= 0 && value <= BYTE_MOST;
    case 'x':
        return value % 32 == 0;
    case 'y':
        return value >= 0 && value < BARRIERS;
    case 'r':
        return false;
    default:
        return count == 0 || (value >= 0 && (uint64_t)value < count);
    }
}

static bool is_constant(char letter) {
    return letter == 'i' || letter == 'a' || letter == 'g';
}

/* Letters of 32 bits, which may be a register too. */
static bool is_bounded_word(char letter) {
    return letter == 'k' || letter == 'x' || letter == 'y' || letter == 'r';
}

static void check_constant(struct decoder *decoder, const struct syntax_operand *operand,
                           char letter, size_t count) {
    if ((is_constant(letter) || is_bounded_word(letter)) && operand->kind == OPERAND_INTEGER &&
        !is_meant(operand->integer, letter, count))
        decoder_fail(decoder, "PTX gives a constant of this value no meaning here");
}

/* Adds operand number `next`, a vector where the row has a count; gives the number of the next one.
 * CC.CF and *selectors are not written. */
static size_t add_group(struct decoder *decoder, size_t next, char letter, size_t count, bool is_to,
                        uint64_t *selectors) {
    if (letter == 'c') {
        decoder_add_carry(decoder, is_to);
        return next;
    }
    if (letter == 'v') {
        decoder_add_constant(decoder, *selectors, 0);
        return next;
    }
    if (video_takes_selector(letter)) {
        const struct syntax_operand plain = video_operand(decoder, next, letter, selectors);
        if (is_to)
            decoder_add_to(decoder, &plain, 'w');
        else
            decoder_add_from(decoder, &plain, 'w');
        return next + 1;
    }
    const struct syntax_operand *operand = decoder_operand(decoder, next);
    const struct syntax_operand *items = operand;
    check_constant(decoder, operand, letter, count);
    if (is_constant(letter)) {
        decoder_add_from(decoder, operand, 'i');
        return next + 1;
    }
    if (is_bounded_word(letter))
        letter = 'w';
    count = count > 0 ? count : 1;
    /* Predicates may be dropped, and what stands before one, as in elect.sync _|%p. */
    if (operand->kind == OPERAND_SINK && letter != 'p' && !operand->second)
        decoder_fail(decoder, "the result cannot be dropped");
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

void decode_plain(struct decoder *decoder, const char *operands) {
    size_t next = 0, position = 0;
    uint64_t selectors = 0;
    bool is_to = strchr(operands, '=') != NULL;
    const struct syntax_instruction *source = decoder_source(decoder);
    decoder_reserve_operands(decoder, OPERAND_LIMIT, OPERAND_LIMIT);
    while (*operands) {
        char letter = *operands++;
        size_t count = 0;
        while (*operands >= '0' && *operands <= '9')
            count = count * 10 + (size_t)(*operands++ - '0');
        bool pair = is_to && position == 1 && letter == 'p' && source->operand_count &&
                    source->operands[0].second;
        if (pair)
            decoder_add_to(decoder, source->operands[0].second, 'p');
        else
            next = add_group(decoder, next, letter, count, is_to, &selectors);
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
    decoder_expect_operands(decoder, next);
}
