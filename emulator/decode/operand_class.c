/* Floats and integers in registers and as literals, told apart as the assembler does. */
#include "emulator/decode/operand_class.h"

#include "emulator/decode/text.h"

#include <stdio.h>
#include <string.h>

/* The types that an instruction names: how many, the first and the last. */
struct named_types {
    size_t count;
    const struct syntax_type *first, *last;
    bool are_integers; /* all of them */
};

static bool is_integer(const struct syntax_type *type) {
    return type->kind == TYPE_UNSIGNED || type->kind == TYPE_SIGNED;
}

static struct named_types types_of(const struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    struct named_types types = {.are_integers = true};
    for (size_t k = 0; k < source->modifier_count; k++) {
        const struct syntax_type *type =
            syntax_find_type(source->modifiers[k], strlen(source->modifiers[k]));
        if (!type)
            continue;
        types.are_integers &= is_integer(type);
        types.first = types.count++ ? types.first : type;
        types.last = type;
    }
    return types;
}

static bool is_root(const struct decoder *decoder, const char *root) {
    return strcmp(decoder_source(decoder)->root, root) == 0;
}

static bool is_pair(const char *modifier) {
    const size_t length = strlen(modifier);
    return length > 3 && strcmp(modifier + length - 2, "x2") == 0;
}

static bool is_of_any_type(const struct syntax_type *declared) {
    return declared->kind == TYPE_BITS || declared->kind == TYPE_PREDICATE;
}

/* Several values in one register, which have no literals. */
static bool is_packed(const struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    bool has_pairs = false;
    for (size_t k = 0; k < source->modifier_count; k++)
        has_pairs |= is_pair(source->modifiers[k]);
    return has_pairs && !is_root(decoder, "cvt");
}

/* Registers of f16x2 take pairs of integers as well, which have no registers of their own. */
static bool is_of_pairs(const struct decoder *decoder, const struct syntax_type *declared) {
    return is_pair(declared->name) &&
           (decoder_has_modifier(decoder, "u16x2") || decoder_has_modifier(decoder, "s16x2"));
}

/* A bf16 has no registers of its own, and set gives it to those of integers. */
static bool is_brain_float(const struct decoder *decoder, const struct named_types *types,
                           const struct syntax_type *declared, bool is_to) {
    return is_to && is_root(decoder, "set") && strcmp(types->first->name, "bf16") == 0 &&
           is_integer(declared);
}

static void refuse(struct decoder *decoder, const struct syntax_operand *operand,
                   const struct syntax_type *declared) {
    char what[160];
    snprintf(what, sizeof what, "register %.64s is declared as .%.16s, which does not fit here,",
             operand->name, declared->name);
    decoder_fail(decoder, what);
}

/* Floats are of one format each. Registers of f16x2 count as integers, too. */
static bool fits(const struct syntax_type *wanted, const struct syntax_type *declared) {
    if (is_integer(wanted))
        return is_integer(declared) || is_pair(declared->name);
    return wanted->kind != TYPE_FLOAT || strcmp(wanted->name, declared->name) == 0;
}

/* What is counted, and by how much is shifted, is an integer, and the type says so not. */
static bool is_number(const struct decoder *decoder, bool is_to) {
    static const struct {
        const char *root;
        bool is_to;
        uint8_t first; /* source */
    } numbers[] = {
        {"popc", true, 0},       {"clz", true, 0},    {"shl", false, 1},   {"shr", false, 1},
        {"bfi", false, 2},       {"shf", false, 2},   {"bmsk", true, 0},   {"bmsk", false, 0},
        {"match", true, 0},      {"match", false, 1}, {"redux", false, 1}, {"vote", false, 1},
        {"elect", true, 0},      {"dp4a", true, 0},   {"dp4a", false, 2},  {"dp2a", true, 0},
        {"dp2a", false, 2},      {"szext", false, 1}, {"bfind", true, 0},  {"vset", false, 2},
        {"vset2", false, 2},     {"vset4", false, 2}, {"mapa", false, 1},  {"getctarank", true, 0},
        {"nanosleep", false, 0}, {"shfl", false, 3}};
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        if (is_root(decoder, numbers[k].root) && is_to == numbers[k].is_to &&
            (is_to || decoder->detail->from_count >= numbers[k].first))
            return true;
    }
    return false;
}

/* What lanes do together takes a mask of lanes as well, which is an integer. */
static bool is_mixed(const struct decoder *decoder, const struct syntax_type *type) {
    return type->kind == TYPE_FLOAT && decoder_has_modifier(decoder, "sync") &&
           !is_root(decoder, "redux");
}

/* redux takes floats as such alone, and pairs of halves as nothing. */
static bool is_reduction_of_bits(const struct decoder *decoder, const struct named_types *types) {
    return is_root(decoder, "redux") && types->last && types->last->kind != TYPE_FLOAT;
}

static bool computes(const struct decoder *decoder) {
    const struct instruction_row *row = decoder->detail->row;
    return !row || row->decode == DECODE_PLAIN;
}

void operand_class_check(struct decoder *decoder, const struct syntax_operand *operand,
                         const struct syntax_type *declared, bool is_to) {
    const struct instruction_row *row = decoder->detail->row;
    const bool moves = row && row->decode == DECODE_MOVE && !decoder_has_modifier(decoder, "v2") &&
                       !decoder_has_modifier(decoder, "v4");
    if (!(moves || computes(decoder)) || is_of_any_type(declared))
        return;
    const struct named_types types = types_of(decoder);
    bool is_wrong = false;
    if (is_packed(decoder))
        is_wrong = types.count <= 1 && !(types.count && fits(types.last, declared)) &&
                   !is_of_pairs(decoder, declared);
    else if (is_number(decoder, is_to) || is_reduction_of_bits(decoder, &types))
        is_wrong = declared->kind == TYPE_FLOAT;
    else if (types.count == 0 || (types.count == 1 && declared->bits != types.last->bits))
        is_wrong = !moves && declared->kind == TYPE_FLOAT && !is_root(decoder, "createpolicy") &&
                   !is_root(decoder, "movmatrix") &&
                   !(decoder_has_modifier(decoder, "wide") && is_pair(declared->name));
    else if (types.count == 1)
        is_wrong = !is_mixed(decoder, types.last) && !fits(types.last, declared);
    else if (types.count == 2 && (is_root(decoder, "cvt") || is_root(decoder, "set")))
        is_wrong = !fits(is_to ? types.first : types.last, declared) &&
                   !is_brain_float(decoder, &types, declared, is_to);
    else if (types.count == 2 && is_root(decoder, "slct"))
        is_wrong =
            !fits(is_to || decoder->detail->from_count < 2 ? types.first : types.last, declared);
    else if (types.count > 1 && types.are_integers)
        is_wrong = !fits(types.last, declared);
    if (is_wrong)
        refuse(decoder, operand, declared);
}

void operand_class_check_value(struct decoder *decoder, const struct syntax_operand *operand,
                               const struct syntax_type *declared) {
    const bool is_known = is_root(decoder, "ld") || is_root(decoder, "st") ||
                          is_root(decoder, "atom") || is_root(decoder, "red") ||
                          is_root(decoder, "multimem");
    const struct named_types types = types_of(decoder);
    if (is_known && !is_of_any_type(declared) && types.count == 1 && !fits(types.last, declared))
        refuse(decoder, operand, declared);
    if (is_root(decoder, "mbarrier") && declared->kind == TYPE_FLOAT)
        refuse(decoder, operand, declared);
}

const char *operand_class_name(const struct syntax_operand *operand,
                               const struct syntax_type *declared) {
    if (operand->kind == OPERAND_INTEGER)
        return "integer";
    if (!declared || is_of_any_type(declared))
        return NULL;
    return is_integer(declared) ? "integer" : declared->name;
}

/* ---- Accesses to memory ---- */

void operand_class_check_space(struct decoder *decoder, enum state_space space) {
    const struct detail *detail = decoder->detail;
    const enum state_space wanted = decoder_space(decoder);
    const bool is_barrier = is_root(decoder, "mbarrier");
    if (detail->address_count > 1 || (detail->row->decode != DECODE_MEMORY && !is_barrier))
        return;
    const bool is_right = is_barrier                ? space == SPACE_SHARED
                          : wanted == SPACE_GENERIC ? space != SPACE_CONST && space != SPACE_PARAM
                                                    : space == wanted;
    if (!is_right)
        decoder_fail(decoder, "a variable of another state space");
    if (space == SPACE_PARAM && is_root(decoder, "st"))
        decoder_fail(decoder, "a store to a parameter of the kernel");
}

static void check_hints(struct decoder *decoder) {
    static const char *const ways[] = {"ca", "cg", "cs", "lu", "cv", "wb", "wt", "volatile"};
    const struct syntax_instruction *source = decoder_source(decoder);
    bool has_way = false, has_priority = false;
    for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++)
        has_way |= decoder_has_modifier(decoder, ways[k]);
    for (size_t k = 0; k < source->modifier_count; k++)
        has_priority |= strncmp(source->modifiers[k], "L1::", strlen("L1::")) == 0;
    if (has_way && has_priority)
        decoder_fail(decoder, "a priority in the L1 beside another way through the caches");
    if (decoder_has_modifier(decoder, "weak") && decoder_has_modifier(decoder, "nc"))
        decoder_fail(decoder, ".weak beside .nc");
}

/* cp.async.cg has 16 bytes, cp.async.ca 4, 8 or 16. */
static void check_copy(struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    const bool is_cg = decoder_has_modifier(decoder, "cg");
    if (source->operand_count < 3 || !(is_cg || decoder_has_modifier(decoder, "ca")) ||
        source->operands[2].kind != OPERAND_INTEGER)
        return;
    const int64_t bytes = source->operands[2].integer;
    if (bytes != 16 && (is_cg || (bytes != 4 && bytes != 8)))
        decoder_fail(decoder, is_cg ? "a copy of other than 16 bytes"
                                    : "a copy of other than 4, 8 or 16 bytes");
}

void operand_class_check_memory(struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    if (is_root(decoder, "ld") || is_root(decoder, "st"))
        check_hints(decoder);
    if (is_root(decoder, "cp"))
        check_copy(decoder);
    if (is_root(decoder, "mbarrier") && decoder_has_modifier(decoder, "shared::cluster") &&
        strchr(decoder->detail->row->operands, '=') && source->operand_count > 0 &&
        source->operands[0].kind != OPERAND_SINK)
        decoder_fail(decoder, "a state of another block's mbarrier, where _ is needed,");
}

bool operand_class_has_floats(const struct decoder *decoder) {
    const struct named_types types = types_of(decoder);
    return types.count > 0 && (types.first->kind == TYPE_FLOAT || types.last->kind == TYPE_FLOAT);
}

/* What single instructions do not take as a literal. */
static void check_exceptions(struct decoder *decoder, bool is_integer, char letter) {
    const bool compares = is_root(decoder, "set") || is_root(decoder, "setp");
    if (letter == 'p' && compares &&
        (decoder_has_modifier(decoder, "bf16") || decoder_has_modifier(decoder, "bf16x2")))
        decoder_fail(decoder, "a constant where a predicate is needed");
    if (is_root(decoder, "movmatrix") || is_root(decoder, "stackrestore"))
        decoder_fail(decoder, "a constant where a register is needed");
    if (is_integer && decoder_has_modifier(decoder, "fractional"))
        decoder_fail(decoder, "an integer where a float such as 1.0 is needed");
    if (!is_integer && is_root(decoder, "mbarrier"))
        decoder_fail(decoder, "a float where an integer is needed");
}

/* A literal is a number of its instruction's kind. slct takes two values of its first type, and
 * chooses by one of the second. The stride of a fragment, the size of a copy and the scale of a
 * product are integers whatever their elements are, as are selectors of scale factors and masks of
 * lanes. */
void operand_class_check_literal(struct decoder *decoder, enum operand_kind literal, char letter) {
    const bool is_integer = literal == OPERAND_INTEGER, is_wide = literal == OPERAND_FLOAT64;
    static const char *const exceptions[] = {"wmma", "wgmma", "cp", "createpolicy"};
    const struct named_types types = types_of(decoder);
    const bool is_chosen = decoder->detail->from_count < 2 && is_root(decoder, "slct");
    const struct syntax_type *type = is_chosen ? types.first : types.last;
    const enum type_kind kind = type ? type->kind : TYPE_OTHER;
    check_exceptions(decoder, is_integer, letter);
    if (letter != 'p' && computes(decoder) && is_packed(decoder))
        decoder_fail(decoder, "a constant where packed values are needed");
    for (size_t k = 0; k < sizeof exceptions / sizeof exceptions[0]; k++) {
        if (is_root(decoder, exceptions[k]))
            return;
    }
    const bool is_reduced = is_root(decoder, "redux") && decoder->detail->from_count == 1;
    const bool is_mask =
        types.count == 1 && type && is_integer && (is_reduced || is_mixed(decoder, type));
    if (letter == 'p' || is_mask || (letter == 'h' && is_root(decoder, "mma")))
        return;
    if (is_integer && kind == TYPE_FLOAT)
        decoder_fail(decoder, "an integer where a float such as 0f3f800000 or 1.0 is needed");
    if (!is_integer && computes(decoder) && (types.count == 0 || is_number(decoder, false)))
        decoder_fail(decoder, "a float where an integer is needed");
    if (!is_integer && kind == TYPE_BITS && is_wide && letter == 'w')
        decoder_fail(decoder, "a float of 64 bits where 32 are needed");
    if (!is_integer && kind == TYPE_BITS && !is_wide && letter == 'd')
        decoder_fail(decoder, "a float of 32 bits where 64 are needed");
    if (!is_integer && (kind == TYPE_UNSIGNED || kind == TYPE_SIGNED))
        decoder_fail(decoder, "a float where an integer is needed");
}
