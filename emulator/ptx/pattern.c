/* Fits the modifiers of an instruction to the pattern of a table row. */
#include "emulator/ptx/pattern.h"

#include <string.h>

struct matcher {
    const struct syntax_instruction *instruction;
    struct pattern_fit *fit;
    bool any_order;
};

/* The modifiers that the pattern has taken so far: a bit for each, and how many. */
struct taken {
    uint64_t modifiers;
    size_t count;
};

/* ---- Modifiers in any order ---- */

/* The kinds whose members say different things by their place among each other: `cvt.f32.s32`,
 * `cp.async.shared.global`, `mma.row.col`. */
enum modifier_kind { KIND_OTHER, KIND_TYPE, KIND_SPACE, KIND_LAYOUT };

static bool begins_with_space(const char *modifier) {
    static const char *const spaces[] = {"global", "shared", "local", "const", "param"};
    for (size_t k = 0; k < sizeof spaces / sizeof spaces[0]; k++) {
        const size_t length = strlen(spaces[k]);
        if (strncmp(modifier, spaces[k], length) == 0 &&
            (modifier[length] == '\0' || modifier[length] == ':'))
            return true;
    }
    return false;
}

/* Types of elements that no register has, and several of them. */
static bool is_small_float(const char *modifier) {
    static const char *const types[] = {"e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "ue8m0", "ue4m3"};
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
        const size_t length = strlen(types[k]);
        if (strncmp(modifier, types[k], length) == 0 &&
            (modifier[length] == '\0' || modifier[length] == 'x'))
            return true;
    }
    return false;
}

static enum modifier_kind modifier_kind(const char *modifier) {
    if (syntax_find_type(modifier, strlen(modifier)) || is_small_float(modifier))
        return KIND_TYPE;
    if (strcmp(modifier, "row") == 0 || strcmp(modifier, "col") == 0)
        return KIND_LAYOUT;
    return begins_with_space(modifier) ? KIND_SPACE : KIND_OTHER;
}

/* Roots that have their first modifier as a part of their name: it stays first. Products have it
 * where it says which half of an integer. */
static bool is_named_by_first(const struct syntax_instruction *instruction, size_t at) {
    static const char *const roots[] = {
        "shf",     "cp",   "brx",      "griddepcontrol", "wmma",  "mbarrier",  "createpolicy",
        "tcgen05", "dp2a", "multimem", "mul24",          "mad24", "setmaxnreg"};
    static const char *const halves[] = {"lo", "hi", "wide"};
    const bool is_product =
        strcmp(instruction->root, "mul") == 0 || strncmp(instruction->root, "mad", 3) == 0;
    for (size_t k = 0; k < sizeof halves / sizeof halves[0] && is_product; k++) {
        if (strcmp(instruction->modifiers[at], halves[k]) == 0)
            return true;
    }
    for (size_t k = 0; k < sizeof roots / sizeof roots[0]; k++) {
        if (strcmp(instruction->root, roots[k]) == 0)
            return true;
    }
    return false;
}

/* `fence.proxy`, `bar.warp.sync`, `bar.cta.red` and `mbarrier.try_wait.parity` are names, too. */
static bool is_part_of_name(const struct syntax_instruction *instruction, size_t at) {
    static const struct {
        const char *root, *modifier;
    } parts[] = {{"bar", "red"},     {"bar", "cta"},         {"barrier", "red"},
                 {"barrier", "cta"}, {"barrier", "cluster"}, {"st", "bulk"},
                 {"cp", "arrive"},   {"mbarrier", "parity"}, {"mbarrier", "expect_tx"}};
    const char *modifier = instruction->modifiers[at];
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        if (strcmp(instruction->root, parts[k].root) == 0 &&
            strcmp(modifier, parts[k].modifier) == 0)
            return true;
    return strcmp(modifier, "proxy") == 0 || strcmp(modifier, "warp") == 0 ||
           strcmp(modifier, "to") == 0;
}

/* Whether modifier `at` may be taken before those that stand in front of it. */
static bool may_come_now(const struct matcher *matcher, const struct taken *taken, size_t at) {
    const struct syntax_instruction *instruction = matcher->instruction;
    if (taken->count == 0 && at > 0 && is_named_by_first(instruction, at))
        return false;
    const enum modifier_kind kind = modifier_kind(instruction->modifiers[at]);
    const bool is_name = is_part_of_name(instruction, at);
    for (size_t k = 0; k < at && (kind != KIND_OTHER || is_name); k++) {
        const bool is_free = !(taken->modifiers >> k & 1);
        if (is_free && (is_name || modifier_kind(instruction->modifiers[k]) == kind))
            return false;
    }
    return true;
}

/* ---- Words ---- */

static bool take_word(const struct matcher *matcher, const char *word, size_t length,
                      struct taken *taken) {
    const struct syntax_instruction *instruction = matcher->instruction;
    const size_t first = matcher->any_order ? 0 : taken->count;
    const size_t end = matcher->any_order ? instruction->modifier_count : taken->count + 1;
    for (size_t k = first; k < end && k < instruction->modifier_count; k++) {
        const char *modifier = instruction->modifiers[k];
        const bool is_free = !(taken->modifiers >> k & 1);
        if (!is_free || strncmp(modifier, word, length) != 0 || modifier[length] != '\0')
            continue;
        if (matcher->any_order && !may_come_now(matcher, taken, k))
            return false;
        matcher->fit->order[taken->count++] = (uint8_t)k;
        taken->modifiers |= UINT64_C(1) << k;
        return true;
    }
    return false;
}

/* Takes the words of `text` ("ftz", ".xorsign.abs"): false when they are not there. */
static bool take_words(const struct matcher *matcher, const char *text, size_t length,
                       struct taken *taken) {
    const char *end = text + length;
    const size_t before = taken->count;
    while (text < end) {
        if (*text == '.')
            text++;
        size_t word = strcspn(text, ".,}[]{");
        if (word > (size_t)(end - text))
            word = (size_t)(end - text);
        if (!take_word(matcher, text, word, taken))
            return false;
        text += word;
    }
    return taken->count > before;
}

/* ---- Patterns ---- */

static bool match_from(const struct matcher *matcher, const char *pattern, struct taken taken,
                       unsigned group);

/* `alternatives` up to its '}', then the rest of the pattern. */
static bool match_alternatives(const struct matcher *matcher, const char *alternatives,
                               const char *rest, struct taken taken, unsigned group) {
    for (signed char index = 0;; index++) {
        size_t length = strcspn(alternatives, ",}");
        struct taken more = taken;
        if (take_words(matcher, alternatives, length, &more)) {
            matcher->fit->choice[group] = index;
            if (match_from(matcher, rest, more, group + 1))
                return true;
        }
        if (alternatives[length] == '}')
            return false;
        alternatives += length + 1;
    }
}

static bool match_optional(const struct matcher *matcher, const char *inside, struct taken taken,
                           unsigned group) {
    const char *close = strchr(inside, ']');
    if (*inside == '.')
        inside++;
    if (*inside == '{') {
        if (match_alternatives(matcher, inside + 1, close + 1, taken, group))
            return true;
    } else {
        struct taken more = taken;
        matcher->fit->choice[group] = 0;
        if (take_words(matcher, inside, (size_t)(close - inside), &more) &&
            match_from(matcher, close + 1, more, group + 1))
            return true;
    }
    matcher->fit->choice[group] = -1;
    return match_from(matcher, close + 1, taken, group + 1);
}

static bool match_from(const struct matcher *matcher, const char *pattern, struct taken taken,
                       unsigned group) {
    if (group >= PATTERN_GROUPS)
        return false;
    if (*pattern == '\0')
        return taken.count == matcher->instruction->modifier_count;
    if (*pattern == '[')
        return match_optional(matcher, pattern + 1, taken, group);
    if (*pattern == '.')
        pattern++;
    if (*pattern == '{')
        return match_alternatives(matcher, pattern + 1, strchr(pattern, '}') + 1, taken, group);
    size_t length = strcspn(pattern, ".[{");
    return take_words(matcher, pattern, length, &taken) &&
           match_from(matcher, pattern + length, taken, group);
}

bool pattern_match(const char *pattern, const struct syntax_instruction *instruction,
                   bool any_order, struct pattern_fit *fit) {
    size_t root = strcspn(pattern, ".[{");
    if (strncmp(instruction->root, pattern, root) != 0 || instruction->root[root] != '\0' ||
        instruction->modifier_count > PATTERN_MODIFIERS)
        return false;
    memset(fit->choice, -1, PATTERN_GROUPS);
    struct matcher matcher = {instruction, fit, any_order};
    return match_from(&matcher, pattern + root, (struct taken){0}, 0);
}

/* ---- Words among others ---- */

static bool is_word(const char *word, const char *modifier) {
    while (*modifier && *word == *modifier) {
        word++;
        modifier++;
    }
    return *modifier == '\0' && (*word == '\0' || strchr(".,}", *word));
}

/* Whether ".a" or ".{a,b}", with which the text begins, has the modifier. */
static bool names(const char *element, const char *modifier) {
    if (element[1] != '{')
        return is_word(element + 1, modifier);
    for (const char *word = element + 2; word[-1] != '}'; word++) {
        if (is_word(word, modifier))
            return true;
        while (*word != ',' && *word != '}')
            word++;
    }
    return false;
}

bool pattern_occurs(const char *pattern, const struct syntax_instruction *instruction) {
    const char *element = strchr(pattern, '.');
    for (size_t k = 0; element && k < instruction->modifier_count; k++)
        if (names(element, instruction->modifiers[k]))
            element = strchr(element + 1, '.');
    return !element;
}
