/* Fits the modifiers of an instruction to the pattern of a table row. */
#include "emulator/decode/pattern.h"

#include <string.h>

struct matcher {
    const struct syntax_instruction *instruction;
    signed char *choice;
};

/* The modifiers from number `at` on are the words of `text` ("ftz", ".xorsign.abs"): how many, 0
 * when they are not. */
static size_t match_words(const struct matcher *matcher, size_t at, const char *text,
                          size_t length) {
    size_t count = 0;
    const char *end = text + length;
    while (text < end) {
        if (*text == '.')
            text++;
        size_t word = strcspn(text, ".,}[]{");
        if (word > (size_t)(end - text))
            word = (size_t)(end - text);
        if (at + count >= matcher->instruction->modifier_count)
            return 0;
        const char *modifier = matcher->instruction->modifiers[at + count];
        if (strncmp(modifier, text, word) != 0 || modifier[word] != '\0')
            return 0;
        text += word;
        count++;
    }
    return count;
}

static bool match_from(const struct matcher *matcher, const char *pattern, size_t at,
                       unsigned group);

/* `alternatives` up to its '}', then the rest of the pattern. */
static bool match_alternatives(const struct matcher *matcher, const char *alternatives,
                               const char *rest, size_t at, unsigned group) {
    for (signed char index = 0;; index++) {
        size_t length = strcspn(alternatives, ",}");
        size_t taken = match_words(matcher, at, alternatives, length);
        if (taken) {
            matcher->choice[group] = index;
            if (match_from(matcher, rest, at + taken, group + 1))
                return true;
        }
        if (alternatives[length] == '}')
            return false;
        alternatives += length + 1;
    }
}

static bool match_optional(const struct matcher *matcher, const char *inside, size_t at,
                           unsigned group) {
    const char *close = strchr(inside, ']');
    if (*inside == '.')
        inside++;
    if (*inside == '{') {
        if (match_alternatives(matcher, inside + 1, close + 1, at, group))
            return true;
    } else {
        size_t taken = match_words(matcher, at, inside, (size_t)(close - inside));
        matcher->choice[group] = 0;
        if (taken && match_from(matcher, close + 1, at + taken, group + 1))
            return true;
    }
    matcher->choice[group] = -1;
    return match_from(matcher, close + 1, at, group + 1);
}

static bool match_from(const struct matcher *matcher, const char *pattern, size_t at,
                       unsigned group) {
    if (group >= PATTERN_GROUPS)
        return false;
    if (*pattern == '\0')
        return at == matcher->instruction->modifier_count;
    if (*pattern == '[')
        return match_optional(matcher, pattern + 1, at, group);
    if (*pattern == '.')
        pattern++;
    if (*pattern == '{')
        return match_alternatives(matcher, pattern + 1, strchr(pattern, '}') + 1, at, group);
    size_t length = strcspn(pattern, ".[{");
    size_t taken = match_words(matcher, at, pattern, length);
    return taken && match_from(matcher, pattern + length, at + taken, group);
}

bool pattern_match(const char *pattern, const struct syntax_instruction *instruction,
                   signed char choice[PATTERN_GROUPS]) {
    size_t root = strcspn(pattern, ".[{");
    if (strncmp(instruction->root, pattern, root) != 0 || instruction->root[root] != '\0')
        return false;
    memset(choice, -1, PATTERN_GROUPS);
    struct matcher matcher = {instruction, choice};
    return match_from(&matcher, pattern + root, 0, 0);
}
