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
    case KIND_F8F6F4:
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
static bool has_shape(const struct tensor_description *it, enum tensor_kind kind, unsigned group) {
    const unsigned n = it->columns, rows = it->rows / group;
    const bool is_small = tensor_depth((enum tensor_type)it->b) == TENSOR_DEPTH;
    const unsigned step = (rows == TENSOR_HALF_ROWS && group == 1 ? 8U : 16U);
    const unsigned across = is_small && it->b_across ? 16 * group : step;
    const bool is_integer = kind == KIND_I8;
    const bool has_integer = n == 8 || n == 24 || n % 16 == 0;
    return (rows == TENSOR_HALF_ROWS || rows == TENSOR_LANES) && n >= across && n % across == 0 &&
           n <= TENSOR_PRODUCT_COLUMNS && (!is_integer || has_integer);
}

const char *tensor_describe(uint32_t bits, enum tensor_kind kind, unsigned group,
                            struct tensor_description *it) {
    enum { RESERVED = 1 << 6 | 1 << 23 | 1 << 29, SPARSE = 1 << 2 };
    *it = (struct tensor_description){.rows = (bits >> 24 & 31) * 16,
                                      .columns = (bits >> 17 & 63) * 8,
                                      .a_negated = bits >> 13 & 1,
                                      .b_negated = bits >> 14 & 1,
                                      .a_across = bits >> 15 & 1,
                                      .b_across = bits >> 16 & 1,
                                      .saturates = bits >> 3 & 1};
    if (bits & RESERVED)
        return "reserved bits are set";
    if (bits & SPARSE)
        return "it says that a is sparse, and the instruction has no .sp";
    if (!find_type(kind, bits >> 7 & 7, &it->a) || !find_type(kind, bits >> 10 & 7, &it->b) ||
        !find_result(kind, bits >> 4 & 3, &it->d))
        return "its .kind has no such types";
    if (kind == KIND_I8 ? it->a_negated || it->b_negated : it->saturates)
        return "integers are not negated, and nothing else saturates";
    return has_shape(it, kind, group) ? NULL : "there is no product of this shape";
}
