/* Selectors and signs of the operands of video instructions (PTX ISA 9.7.18). */
#include "emulator/decode/video.h"

#include "emulator/decode/text.h"
#include "emulator/lanes/video.h"

#include <string.h>

bool video_takes_selector(char letter) {
    return letter != '\0' && strchr("stqn", letter) != NULL;
}

/* What a selector may say: its letter, how many digits, and the digits' end. */
struct selector_rule {
    const char *units;
    size_t least, most;
    char end;
    bool descends; /* the mask of a destination */
};

static struct selector_rule selector_rule(char letter, bool is_to, char unit) {
    if (letter == 't')
        return (struct selector_rule){"h", is_to ? 1 : 2, 2, is_to ? '2' : '4', is_to};
    if (letter == 'q')
        return (struct selector_rule){"b", is_to ? 1 : 4, 4, is_to ? '4' : '8', is_to};
    return (struct selector_rule){"bh", 1, 1, unit == 'h' ? '2' : '4', false};
}

static bool is_allowed(const char *selector, const struct selector_rule *rule) {
    const char *digits = selector + 1;
    const size_t count = strlen(digits);
    if (!strchr(rule->units, selector[0]) || count < rule->least || count > rule->most)
        return false;
    for (size_t k = 0; k < count; k++) {
        if (digits[k] >= rule->end || (rule->descends && k > 0 && digits[k] >= digits[k - 1]))
            return false;
    }
    return true;
}

static uint64_t selector_bits(const char *selector) {
    const size_t count = strlen(selector + 1);
    uint64_t bits = (selector[0] == 'b' ? VIDEO_BYTES : VIDEO_HALVES) | (uint64_t)count << 2;
    for (size_t k = 0; k < count; k++)
        bits |= (uint64_t)(selector[count - k] - '0') << (5 + 3 * k);
    return bits;
}

/* Only vmad has signs, of either its product or its addend; two at the product undo each other. So
 * they do for the assembler in other instructions, which it compiles as if there were none. */
static void add_sign(struct decoder *decoder, size_t index, uint64_t *selectors) {
    *selectors ^= index == 3 ? VIDEO_ADDEND_NEGATED : VIDEO_PRODUCT_NEGATED;
    const uint64_t both = VIDEO_ADDEND_NEGATED | VIDEO_PRODUCT_NEGATED;
    if (index == 3 && (*selectors & both) == both)
        decoder_fail(decoder, "either the product is negated or what is added to it");
    if (decoder_has_modifier(decoder, "po"))
        decoder_fail(decoder, ".po takes no negated operand");
}

struct syntax_operand video_operand(struct decoder *decoder, size_t index, char letter,
                                    uint64_t *selectors) {
    struct syntax_operand operand = *decoder_operand(decoder, index);
    if (operand.selector) {
        const struct selector_rule rule = selector_rule(letter, index == 0, operand.selector[0]);
        if (index > VIDEO_B || !is_allowed(operand.selector, &rule))
            decoder_fail(decoder, "a selector that this operand does not take");
        *selectors |= selector_bits(operand.selector) << index * 20;
    }
    if (operand.is_minus && index == VIDEO_D)
        decoder_fail(decoder, "a destination cannot be negated");
    if (operand.is_minus)
        add_sign(decoder, index, selectors);
    if (letter != 'n' && index == VIDEO_B && (*selectors & VIDEO_PRODUCT_NEGATED))
        decoder_fail(decoder, "an operand cannot be negated here, but for both together");
    operand.selector = NULL;
    operand.is_minus = false;
    return operand;
}
