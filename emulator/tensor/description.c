/* Instruction descriptors of tcgen05.mma. */
#include "emulator/tensor/description.h"

static bool find_type(enum tensor_kind kind, unsigned number, uint8_t *type) {
    static const uint8_t floats[] = {TENSOR_TYPE_E4M3, TENSOR_TYPE_E5M2, TENSOR_TYPE_S32,
                                     TENSOR_TYPE_E2M3, TENSOR_TYPE_E3M2, TENSOR_TYPE_E2M1};
    switch (kind) {
    case KIND_F16:
        *type = number ? TENSOR_TYPE_BF16 : TENSOR_TYPE_F16;
        return number <= 1;
    case KIND_TF32:
        *type = TENSOR_TYPE_TF32;
        return number == 2;
    case KIND_I8:
        *type = number ? TENSOR_TYPE_S8 : TENSOR_TYPE_U8;
        return number <= 1;
    case KIND_MXF4:
    case KIND_MXF4NVF4:
        *type = TENSOR_TYPE_E2M1_PAIR;
        return number == 1;
    case KIND_F8F6F4:
    case KIND_MXF8F6F4:
    default:
        *type = number < sizeof floats ? floats[number] : TENSOR_TYPE_S32;
        return *type != TENSOR_TYPE_S32;
    }
}

static bool find_result(enum tensor_kind kind, unsigned number, uint8_t *type) {
    static const uint8_t types[] = {TENSOR_TYPE_F16, TENSOR_TYPE_F32, TENSOR_TYPE_S32};
    *type = number < sizeof types ? types[number] : TENSOR_TYPE_BF16;
    if (kind == KIND_I8)
        return *type == TENSOR_TYPE_S32;
    return *type == TENSOR_TYPE_F32 || (*type == TENSOR_TYPE_F16 && kind != KIND_TF32);
}

/* Table 39 of 9.7.16.2.1, and for 8 bits across k table 50. */
static bool has_shape(const struct tensor_description *it, const struct tensor_variant *variant) {
    if (variant->keeps_b)
        return (it->rows == TENSOR_LANES / 4 || it->rows == TENSOR_HALF_ROWS ||
                it->rows == TENSOR_LANES) &&
               (it->columns == 64 || it->columns == 128 || it->columns == 256);
    const unsigned n = it->columns, group = variant->group, rows = it->rows / group;
    const bool is_fine = rows == TENSOR_HALF_ROWS || variant->scales;
    const bool is_small = tensor_depth((enum tensor_type)it->b) == TENSOR_ROW_BYTES;
    const unsigned step = is_fine && group == 1 ? 8U : 16U;
    const unsigned across = is_small && it->b_across ? 16 * group : step;
    const bool is_integer = variant->kind == KIND_I8;
    const bool has_integer = n == 8 || n == 24 || n % 16 == 0;
    return (rows == TENSOR_HALF_ROWS || rows == TENSOR_LANES) && n >= across && n % across == 0 &&
           n <= TENSOR_PRODUCT_COLUMNS && (!is_integer || has_integer);
}

static struct tensor_description read_common(uint32_t bits) {
    return (struct tensor_description){.rows = (bits >> 24 & 31) * 16,
                                       .columns = (bits >> 17 & 63) * 8,
                                       .a_negated = bits >> 13 & 1,
                                       .b_negated = bits >> 14 & 1,
                                       .a_across = bits >> 15 & 1,
                                       .b_across = bits >> 16 & 1};
}

static const char *describe_sparse(uint32_t bits, const struct tensor_variant *variant,
                                   struct tensor_description *it) {
    enum { SELECTOR = 3, SELECTORS = 2 };
    const bool is_wide = variant->kind == KIND_F16 || variant->kind == KIND_TF32;
    it->selector = bits & SELECTOR;
    if (it->selector && !is_wide)
        return "the metadata of elements of 8 bits has the selector 0";
    if (it->selector >= SELECTORS)
        return "the emulator lacks selectors of metadata beyond 1: which column they name is in "
               "figures alone";
    return it->rows == TENSOR_LANES * variant->group
               ? NULL
               : "the emulator lacks a sparse a of 64 rows a block: how its metadata lies is in "
                 "figures alone";
}

static const char *describe_plain(uint32_t bits, const struct tensor_variant *variant,
                                  struct tensor_description *it) {
    enum { RESERVED = 1 << 6 | 1 << 23 | 1 << 29 };
    const enum tensor_kind kind = variant->kind;
    static const uint8_t shifts[] = {0, 8, 16, 32};
    it->saturates = bits >> 3 & 1;
    it->most_shift = shifts[bits >> 30];
    if (bits & RESERVED)
        return "reserved bits are set";
    if (!find_type(kind, bits >> 7 & 7, &it->a) || !find_type(kind, bits >> 10 & 7, &it->b) ||
        !find_result(kind, bits >> 4 & 3, &it->d))
        return "its .kind has no such types";
    if (kind == KIND_I8 ? it->a_negated || it->b_negated : it->saturates)
        return "integers are not negated, and nothing else saturates";
    if (!has_shape(it, variant))
        return "there is no product of this shape";
    return variant->is_sparse ? describe_sparse(bits, variant, it) : NULL;
}

/* One scale factor a row begins at any byte of a word, two at a half, four at its beginning. */
static bool can_begin(unsigned number, unsigned scales) {
    return number % scales == 0;
}

/* Tables 46, 47 and 54. */
static const char *describe_scaled(uint32_t bits, const struct tensor_variant *variant,
                                   struct tensor_description *it) {
    enum { RESERVED = 3 | 1 << 3 | 1 << 6 | 7 << 24 };
    const bool is_small = variant->kind == KIND_MXF8F6F4;
    it->d = TENSOR_TYPE_F32;
    it->a_scale = bits >> 29 & 3;
    it->b_scale = bits >> 4 & 3;
    it->has_powers = bits >> 23 & 1;
    if (bits & RESERVED)
        return "reserved bits are set";
    if (bits >> 31)
        return is_small ? "reserved bits are set" : "96 elements along k are for sm_103a alone";
    if (!find_type(variant->kind, bits >> 7 & 7, &it->a) ||
        !find_type(variant->kind, bits >> 10 & 7, &it->b))
        return "its .kind has no such types";
    if (!is_small && (it->a_across || it->b_across))
        return "elements of 4 bits in pairs are not transposed";
    if (!it->has_powers && (variant->kind != KIND_MXF4NVF4 || variant->scales != 4))
        return "scale factors in UE4M3 are for blocks of 16 alone";
    if (!can_begin(it->a_scale, variant->scales) || !can_begin(it->b_scale, variant->scales))
        return "so many scale factors do not begin at this byte of a word";
    const bool has_rows = it->rows == TENSOR_LANES * variant->group ||
                          (it->rows == TENSOR_LANES && !variant->is_sparse);
    return has_rows && has_shape(it, variant) ? NULL : "there is no product of this shape";
}

const char *tensor_describe(uint32_t bits, const struct tensor_variant *variant,
                            struct tensor_description *it) {
    enum { SPARSE = 1 << 2 };
    *it = read_common(bits);
    if (((bits & SPARSE) != 0) != variant->is_sparse)
        return variant->is_sparse ? "it does not say that a is sparse, as .sp does"
                                  : "it says that a is sparse, and the instruction has no .sp";
    return variant->scales ? describe_scaled(bits, variant, it) : describe_plain(bits, variant, it);
}
