/* The sums of tcgen05.mma; tensor.h says how they are rounded. */
#include "emulator/arithmetic/tensor.h"

#include "emulator/arithmetic/half.h"

/* 2^-scale, as f32 has it. */
static float factor_of(const struct tensor_sums *sums) {
    return lane_f32((127U - sums->scale) << 23);
}

static void start(struct lanes32 *to, const struct tensor_sums *sums, const struct lanes32 *d) {
    const bool is_half = sums->type == TENSOR_TYPE_F16, is_scaled = sums->scale != 0;
    const float factor = factor_of(sums);
    FOR_LANES(lane) {
        const uint32_t word = d->at[lane];
        const uint32_t half = f16_widen(word & 0xffffu);
        const uint32_t value = is_half ? half : word;
        const uint32_t scaled = lane_bits32(lane_f32(value) * factor);
        to->at[lane] = !sums->accumulates ? 0 : is_scaled ? scaled : value;
    }
}

static void add_floats(struct lanes32 *to, const struct tensor_sums *sums, unsigned group,
                       const uint32_t *b) {
    const unsigned depth = sums->depth;
    for (unsigned k = 0; k < depth; k++) {
        const struct lanes32 *a = &sums->a->at[k].group[group];
        const uint32_t factor = b[k];
        FOR_LANES(lane) {
            to->at[lane] = f32_fma_nearest(a->at[lane], factor, to->at[lane]);
        }
    }
}

/* What the elements of a in each lane are multiplied by. */
static void find_factors(struct lanes32 *to, const struct tensor_sums *sums, unsigned group,
                         unsigned k, const uint32_t *b) {
    const uint8_t *places = sums->places ? sums->places->at[k] + (size_t)group * LANES : NULL;
    for (unsigned lane = 0; lane < LANES; lane++)
        to->at[lane] = b[places ? places[lane] : k];
}

static void add_sparse_floats(struct lanes32 *to, const struct tensor_sums *sums, unsigned group,
                              const uint32_t *b) {
    for (unsigned k = 0; k < sums->depth; k++) {
        const struct lanes32 *a = &sums->a->at[k].group[group];
        struct lanes32 factors;
        find_factors(&factors, sums, group, k, b);
        FOR_LANES(lane) {
            to->at[lane] = f32_fma_nearest(a->at[lane], factors.at[lane], to->at[lane]);
        }
    }
}

static void add_integers(struct lanes32 *to, const struct tensor_sums *sums, unsigned group,
                         const uint32_t *b) {
    struct lanes32 products = {{0}};
    for (unsigned k = 0; k < sums->depth; k++) {
        const struct lanes32 *a = &sums->a->at[k].group[group];
        struct lanes32 factors;
        find_factors(&factors, sums, group, k, b);
        FOR_LANES(lane) {
            products.at[lane] += a->at[lane] * factors.at[lane];
        }
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        const int64_t sum = (int64_t)(int32_t)to->at[lane] + (int32_t)products.at[lane];
        const int64_t raised = sum < INT32_MIN ? INT32_MIN : sum;
        const int64_t clamped = raised > INT32_MAX ? INT32_MAX : raised;
        to->at[lane] = (uint32_t)(sums->saturates ? clamped : sum);
    }
}

static void finish(struct lanes32 *d, const struct tensor_sums *sums, const struct lanes32 *values,
                   const struct lanes32 *writes) {
    const bool is_half = sums->type == TENSOR_TYPE_F16, is_single = sums->type == TENSOR_TYPE_F32;
    FOR_LANES(lane) {
        const uint32_t half = f16_narrow(values->at[lane]);
        const uint32_t single = lane_canonical32(values->at[lane]);
        const uint32_t value = is_half ? half : is_single ? single : values->at[lane];
        d->at[lane] = (value & writes->at[lane]) | (d->at[lane] & ~writes->at[lane]);
    }
}

extern tensor_function ARITHMETIC_BUILD(arithmetic_tensor);
void ARITHMETIC_BUILD(arithmetic_tensor)(const struct tensor_sums *sums) {
    for (unsigned column = 0; column < sums->columns; column++) {
        for (unsigned group = sums->first; group < sums->first + sums->count; group++) {
            struct lanes32 *d = &sums->d[column].group[group], values;
            start(&values, sums, d);
            if (sums->type == TENSOR_TYPE_S32)
                add_integers(&values, sums, group, sums->b[column]);
            else
                (sums->places ? add_sparse_floats : add_floats)(&values, sums, group,
                                                                sums->b[column]);
            finish(d, sums, &values, &sums->writes->group[group]);
        }
    }
}
