/* Scale factors. */
#include "emulator/tensor/scale.h"

#include "emulator/arithmetic/half.h"
#include "emulator/arithmetic/small_float.h"

static float factor_of(const struct scale_factors *factors, uint32_t word, unsigned number) {
    const uint32_t bits = word >> 8 * (factors->begins + number) & 0xff;
    if (!factors->has_powers)
        return lane_f32(e4m3_widen(bits & 0x7f));
    return lane_f32(ue8m0_widen(bits));
}

static uint32_t scaled(uint32_t element, float factor) {
    return lane_bits32(lane_f32(element) * factor);
}

/* False after a fault: nothing has written the factors of so many rows, 32 at most, of a column as
 * a group of lanes has them. */
static bool check_factors(const struct scale_factors *factors, unsigned column, unsigned group,
                          unsigned rows) {
    struct tensor_column lanes = {0};
    for (unsigned lane = 0; lane < LANES && lane < rows; lane++)
        lanes.group[group].at[lane] = UINT32_MAX;
    return tensor_check_written(factors->transfer, factors->block, factors->first + column, &lanes,
                                factors->name);
}

bool scale_a(const struct scale_factors *factors, unsigned depth, struct tensor_a *a) {
    const struct tensor_column *columns = factors->block->tensor->column + factors->first;
    const unsigned block = depth / factors->count;
    for (unsigned group = 0; group < TENSOR_GROUPS; group++) {
        const unsigned column = group % (TENSOR_GROUPS / factors->parts);
        if (!check_factors(factors, column, group, LANES))
            return false;
        for (unsigned k = 0; k < depth; k++) {
            uint32_t *row = a->at[k].group[group].at;
            for (unsigned lane = 0; lane < LANES; lane++)
                row[lane] =
                    scaled(row[lane],
                           factor_of(factors, columns[column].group[group].at[lane], k / block));
        }
    }
    return true;
}

bool scale_b(const struct scale_factors *factors, unsigned group, unsigned columns, unsigned depth,
             const struct tensor_b *b, struct tensor_b *to) {
    const struct tensor_column *words = factors->block->tensor->column + factors->first;
    const unsigned block = depth / factors->count, width = columns / factors->parts;
    const uint32_t(*from)[TENSOR_DEPTH] =
        b->at + (size_t)(group * factors->parts / TENSOR_GROUPS) * width;
    for (unsigned n = 0; n < width; n++) {
        if (n % LANES == 0 && !check_factors(factors, n / LANES, group, width - n))
            return false;
        const uint32_t word = words[n / LANES].group[group].at[n % LANES];
        for (unsigned k = 0; k < depth; k++)
            to->at[n][k] = scaled(from[n][k], factor_of(factors, word, k / block));
    }
    return true;
}
