/* What the text of the current instruction says. */
#include "emulator/decode/text.h"

#include <stdio.h>
#include <string.h>

const struct syntax_instruction *decoder_source(const struct decoder *decoder) {
    return decoder->detail->source;
}

void decoder_spell(const struct decoder *decoder, char *text, size_t size) {
    const struct syntax_instruction *source = decoder_source(decoder);
    size_t used = (size_t)snprintf(text, size, "%.100s", source->root);
    for (size_t k = 0; k < source->modifier_count && used < size - 1; k++) {
        int more = snprintf(text + used, size - used, ".%s", source->modifiers[k]);
        used += more > 0 ? (size_t)more : 0;
    }
}

void decoder_fail(struct decoder *decoder, const char *what) {
    const struct syntax_instruction *source = decoder_source(decoder);
    char text[256];
    decoder_spell(decoder, text, sizeof text);
    source_fail(decoder->source, MACHINE_INVALID_PTX, source->place, "%s in '%s'", what, text);
}

void decoder_lack(struct decoder *decoder, const char *what) {
    const struct syntax_instruction *source = decoder_source(decoder);
    enum { LENGTH = 512 };
    char text[256];
    decoder_spell(decoder, text, sizeof text);
    if (!decoder->function->lacks) {
        char *lacks = source_allocate(decoder->source, LENGTH);
        snprintf(lacks, LENGTH, "line %u, column %u: %s in '%s'", source->place.line,
                 source->place.column, what, text);
        decoder->function->lacks = lacks;
    }
    longjmp(decoder->lacking, 1);
}

const struct syntax_operand *decoder_operand(struct decoder *decoder, size_t index) {
    const struct syntax_instruction *source = decoder_source(decoder);
    if (index >= source->operand_count)
        decoder_fail(decoder, "an operand is missing");
    return &source->operands[index];
}

void decoder_expect_operands(struct decoder *decoder, size_t count) {
    if (decoder_source(decoder)->operand_count != count)
        decoder_fail(decoder, decoder_source(decoder)->operand_count > count
                                  ? "too many operands"
                                  : "an operand is missing");
}

const struct syntax_type *decoder_type(struct decoder *decoder) {
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

bool decoder_has_modifier(const struct decoder *decoder, const char *modifier) {
    const struct syntax_instruction *source = decoder_source(decoder);
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (strcmp(source->modifiers[k], modifier) == 0)
            return true;
    }
    return false;
}

enum state_space decoder_space(const struct decoder *decoder) {
    static const struct {
        const char *name;
        enum state_space space;
    } spaces[] = {{"global", SPACE_GLOBAL},      {"shared", SPACE_SHARED},
                  {"shared::cta", SPACE_SHARED}, {"shared::cluster", SPACE_SHARED},
                  {"local", SPACE_LOCAL},        {"const", SPACE_CONST},
                  {"param", SPACE_PARAM},        {"param::entry", SPACE_PARAM},
                  {"param::func", SPACE_PARAM}};
    const struct syntax_instruction *source = decoder_source(decoder);
    for (size_t k = 0; k < source->modifier_count; k++) {
        for (size_t n = 0; n < sizeof spaces / sizeof spaces[0]; n++) {
            if (strcmp(source->modifiers[k], spaces[n].name) == 0)
                return spaces[n].space;
        }
    }
    return SPACE_GENERIC;
}
