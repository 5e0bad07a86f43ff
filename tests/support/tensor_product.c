/* The model of tcgen05.mma, and the comparison with it. */
#include "tests/support/tensor_product.h"

#include "tests/support/small_floats.h"

#include <math.h>
#include <stdlib.h>

const uint32_t product_blocked_lanes[8] = {0x00ff00f1, 0, 0xffffffff, 0x80000001,
                                           0x0f0f0f0f, 1, 0x80000000, 0x3};

unsigned product_blocks(const struct product_form *form) {
    return form->is_pair ? PRODUCT_BLOCKS : 1;
}

unsigned product_room(enum element_type type) {
    return type == TF32 ? 4 : type <= BF16 ? 2 : 1;
}

unsigned product_depth(const struct product_form *form) {
    return form->a == E2M1_PAIR ? PRODUCT_DEPTH / 2 : PRODUCT_STEP_BYTES / product_room(form->a);
}

unsigned product_parts_of(const struct product_form *form) {
    if (form->keeps_b)
        return form->m == 32 ? 4 : form->m == 64 ? 2 : 1;
    return form->is_pair && form->m == 128 ? 2 : 1;
}

unsigned product_columns(const struct product_form *form) {
    return form->n / product_parts_of(form);
}

/* Each part has spans of used columns and of zeros in turn, the first of which begins earlier. */
bool product_hides(const struct product_form *form, unsigned column) {
    const unsigned width = product_columns(form), part = column / width;
    const unsigned skip = (unsigned)(form->mask >> 40 & 255) + 1;
    const unsigned use = (unsigned)(form->mask >> 48 & 255) + 1;
    bool hides = form->mask >> (32 + part) & 1;
    unsigned left = hides ? skip : use;
    for (unsigned k = column % width + (unsigned)(form->mask >> 8 * part & 255); k > 0; k--) {
        if (--left > 0)
            continue;
        hides = !hides;
        left = hides ? skip : use;
    }
    return hides && form->mask >> 39 & 1;
}

/* ---- Where elements lie ---- */

/* Of both operands, where a is as b belongs to it. */
static unsigned depth_of(const struct product_form *form, bool is_a) {
    return product_depth(form) * (form->is_sparse && !is_a ? 2 : 1);
}

struct product_strides product_strides_of(const struct product_form *form, bool is_a) {
    const bool is_across = is_a ? form->is_a_across : form->is_b_across;
    const unsigned atom = 128 * form->width, depth = depth_of(form, is_a);
    if (is_across && form->a == TF32)
        return (struct product_strides){128 * depth, 512};
    if (is_across)
        return form->width == 1 ? (struct product_strides){128, 128 * (depth / 8)}
                                : (struct product_strides){atom * (depth / 8), atom};
    if (form->width == 1)
        return (struct product_strides){128, form->is_sparse && !is_a ? 512 : 256};
    return (struct product_strides){16, atom};
}

/* The chunk that holds element (row, k), and the element's number in it: the canonical layouts. */
static unsigned chunk_of(const struct product_form *form, bool is_a, unsigned row, unsigned k,
                         unsigned *number) {
    const struct product_strides strides = product_strides_of(form, is_a);
    const bool is_across = is_a ? form->is_a_across : form->is_b_across;
    const unsigned start = is_a ? PRODUCT_A_START : PRODUCT_B_START;
    const unsigned width = form->width;
    const unsigned per_chunk = form->a == E2M1_PAIR ? 32 : 16 / product_room(form->a);
    const bool is_by_pairs = is_across && form->a == TF32;
    unsigned offset;
    *number = is_across ? row % per_chunk : k % per_chunk;
    if (is_by_pairs)
        offset = row / per_chunk % 8 * 16 + row / per_chunk / 8 * strides.leading + k % 4 * 128 +
                 k / 4 * strides.stride;
    else if (is_across && width == 1)
        offset = row / per_chunk * strides.stride + k % 8 * 16 + k / 8 * strides.leading;
    else if (is_across)
        offset = row / per_chunk % width * 16 + row / per_chunk / width * strides.leading +
                 k % 8 * 16 * width + k / 8 * strides.stride;
    else
        offset = row % 8 * 16 * width + row / 8 * strides.stride +
                 k / per_chunk * (width == 1 ? strides.leading : 16);
    offset ^= is_by_pairs ? offset / 128 % 4 * 32 : (offset / 128 % width) * 16;
    return start + form->shifted * 128 + offset;
}

/* ---- What elements are worth ---- */

/* Element `number` of a chunk; those of 4 and 6 bits lie side by side. */
static double value_of(const uint8_t *chunk, unsigned number, enum element_type type) {
    uint32_t word = 0;
    const unsigned at6 = number * 6;
    if (type == E2M1 || type == E2M1_PAIR)
        return element_value(type, chunk[number / 2] >> number % 2 * 4 & 15U);
    if (type == E2M3 || type == E3M2) {
        const unsigned next = at6 / 8 < 15 ? (unsigned)chunk[at6 / 8 + 1] << 8 : 0U;
        return element_value(type, (chunk[at6 / 8] | next) >> at6 % 8 & 63);
    }
    memcpy(&word, chunk + (size_t)number * product_room(type), product_room(type));
    return element_value(type, word);
}

/* The same of an a in tensor memory, where elements of 4 bits lie in the middle of a byte each and
 * those of 6 bits at its beginning; pairs have it together. */
static double value_in_memory(const uint8_t *bytes, unsigned number, enum element_type type) {
    if (type == E2M1)
        return element_value(type, bytes[number] >> 2 & 15U);
    if (type == E2M3 || type == E3M2)
        return element_value(type, bytes[number] & 63U);
    return value_of(bytes, number, type);
}

/* ---- The model ---- */

/* The lane of a block's row. */
static unsigned lane_of(const struct product_form *form, unsigned row) {
    const bool is_half = form->m == 64 && !form->is_pair && !form->keeps_b;
    return is_half ? row / 16 * 32 + row % 16 + form->lane : row;
}

/* Row r has its factors in lane r % 32 of column r / 32 of its block, and b's of both blocks'
 * columns lie in each. Where a pair shares 128 rows, the second half of b's lies as the first, 64
 * lanes on. */
static double factor_of(const struct product_form *form, const struct product_data *data, bool is_a,
                        unsigned row, unsigned k) {
    const unsigned share = is_a ? form->m / product_blocks(form) : product_columns(form);
    const unsigned block = is_a ? row / share : 0, own = row % share;
    const unsigned lane = own % 32 + (is_a ? 0 : row / share * 64);
    const unsigned first = is_a ? PRODUCT_A_SCALES : PRODUCT_B_SCALES;
    const unsigned number = k / (depth_of(form, is_a) / form->factors);
    const uint32_t word = data->more[block][first + own / 32][lane];
    const unsigned begins = is_a ? form->a_begins : form->b_begins;
    const uint32_t bits = word >> 8 * (begins + number) & 0xff;
    if (form->has_powers)
        return bits == 0xff ? (double)NAN : ldexp(1, (int)bits - 127);
    return small_float_value(&small_e4m3, bits & 0x7f);
}

static double element(const struct product_form *form, const struct product_data *data, bool is_a,
                      unsigned row, unsigned k) {
    const unsigned share = (is_a ? form->m : form->n) / product_blocks(form);
    const unsigned block = row / share, own = row % share;
    const enum element_type type = is_a ? form->a : form->b;
    const bool is_negated = is_a ? form->negates_a : form->negates_b;
    double value;
    if (!is_a && product_hides(form, row))
        return 0;
    if (is_a && form->is_a_in_memory) {
        uint8_t bytes[PRODUCT_STEP_BYTES];
        for (unsigned word = 0; word < PRODUCT_A_COLUMNS; word++)
            memcpy(bytes + (size_t)word * 4, &data->more[block][word][lane_of(form, own)], 4);
        value = value_in_memory(bytes, k, type);
    } else {
        unsigned number;
        const unsigned chunk =
            chunk_of(form, is_a, own + (is_a ? 0 : (unsigned)(form->mask >> 56 & 63)), k, &number);
        value = value_of(data->shared[block] + chunk, number, type);
    }
    value = is_negated ? -value : value;
    return form->scaled ? (double)(float)(value * factor_of(form, data, is_a, row, k)) : value;
}

/* The bits of metadata of the chunk that begins at k, by the layouts of CuTe: rows m and positions
 * k give a number, whose lowest seven bits are the lane and the others a bit, or two, of the
 * columns. */
static unsigned metadata_of(const struct product_form *form, const struct product_data *data,
                            unsigned row, unsigned k) {
    const unsigned m = row % 128, block = row / 128, span = form->a == TF32 ? 8 : 16;
    const bool is_wide = form->a <= TF32;
    const unsigned wide =
        m % 8 + m / 8 % 2 * span * 128 + m / 16 * 16 + k % span * 128 + k / span * 8;
    const unsigned number = is_wide ? wide : m + 128 * k;
    const unsigned of_two = number / 128 * (form->a == TF32 ? 4 : form->a == E2M1_PAIR ? 1 : 2);
    const unsigned bit = of_two / 2, column = PRODUCT_METADATA + form->selector + bit / 32;
    return data->more[block][column][number % 128] >> bit % 32 & 15;
}

/* Which of b's elements the element of a meets. */
static unsigned place_of(const struct product_form *form, const struct product_data *data,
                         unsigned row, unsigned k) {
    if (!form->is_sparse)
        return k;
    if (form->a == TF32)
        return k * 2 + (metadata_of(form, data, row, k * 2) == 14);
    if (form->a == E2M1_PAIR) {
        const unsigned first = k / 4 * 8, bits = metadata_of(form, data, row, first);
        return first + (k / 2 % 2 ? bits >> 2 : bits & 3) * 2 + k % 2;
    }
    const unsigned first = k / 2 * 4, bits = metadata_of(form, data, row, first);
    return first + (k % 2 ? bits >> 2 : bits & 3);
}

/* Element of d that lies in a lane and column of a block; false where there is none. */
static bool find_element(const struct product_form *form, unsigned block, unsigned lane,
                         unsigned column, unsigned *row, unsigned *n) {
    const unsigned rows = form->m / product_blocks(form), parts = product_parts_of(form);
    const bool is_half = rows == 64 && parts == 1;
    *n = column + (parts > 1 ? lane / rows * product_columns(form) : 0);
    *row = block * rows + (is_half ? lane / 32 * 16 + (lane - form->lane) % 32 : lane % rows);
    return !is_half || (lane - form->lane) % 32 < 16;
}

/* Behind .ashift each row of 32 has the next one's a, but for the last. */
static unsigned shifted_row(unsigned row) {
    return row % 32 == 31 ? row : row + 1;
}

static uint32_t wanted_of(const struct product_form *form, const struct product_data *data,
                          const double *a, const double *b, unsigned row, uint32_t before_sum) {
    double met[PRODUCT_DEPTH];
    for (unsigned k = 0; k < product_depth(form); k++)
        met[k] = b[place_of(form, data, row, k)];
    const struct element_sum sum = {.d = form->d,
                                    .overwrites = form->overwrites,
                                    .saturates = form->saturates,
                                    .scale = form->scale,
                                    .depth = product_depth(form)};
    return element_sum(&sum, a, met, before_sum);
}

void product_compare(const struct product_form *form, const struct product_data *data) {
    static double a[256][PRODUCT_DEPTH], b[256][PRODUCT_DEPTH];
    for (unsigned k = 0; k < product_depth(form); k++)
        for (unsigned row = 0; row < form->m; row++)
            a[row][k] = element(form, data, true, row, k);
    for (unsigned k = 0; k < depth_of(form, false); k++)
        for (unsigned n = 0; n < form->n; n++)
            b[n][k] = element(form, data, false, n, k);
    for (unsigned at = 0; at < product_blocks(form) * product_columns(form) * PRODUCT_THREADS;
         at++) {
        const unsigned block = at / PRODUCT_THREADS / product_columns(form);
        const unsigned column = at / PRODUCT_THREADS % product_columns(form),
                       lane = at % PRODUCT_THREADS;
        const uint32_t before = data->d[block][column][lane];
        const uint32_t result = data->result[block][column][lane];
        unsigned row, n;
        const bool is_blocked =
            form->has_lanes && (product_blocked_lanes[block * 4 + lane / 32] >> lane % 32 & 1);
        const bool is_written = find_element(form, block, lane, column, &row, &n) && !is_blocked;
        uint32_t wanted = is_written ? wanted_of(form, data, a[row], b[n], row, before) : before;
        if (is_written && form->shifts_a) {
            struct product_form again = *form;
            again.overwrites = false;
            wanted = wanted_of(&again, data, a[shifted_row(row)], b[n], row, wanted);
        }
        if (result != wanted)
            fail_msg("m%un%u, types %d %d %d, pair %d, width %u, shifted %u, across %d %d, a in "
                     "memory %d: block %u, lane %u, column %u is %08x, not %08x",
                     form->m, form->n, form->d, form->a, form->b, form->is_pair, form->width,
                     form->shifted, form->is_a_across, form->is_b_across, form->is_a_in_memory,
                     block, lane, column, result, wanted);
    }
}

void product_expect(struct bench *bench, const struct product_form *form, bool is_wild) {
    struct product_data *data = calloc(1, sizeof *data);
    assert_non_null(data);
    product_fill(data, form, is_wild, form->n * 977 + form->width * 31 + (uint32_t)form->a);
    if (product_run(bench, form, data) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    product_compare(form, data);
    free(data);
}

void product_expect_fault(struct bench *bench, const struct product_form *form,
                          const char *message) {
    struct product_data *data = calloc(1, sizeof *data);
    assert_non_null(data);
    product_fill(data, form, false, 1);
    assert_int_not_equal(product_run(bench, form, data), MACHINE_OK);
    if (!strstr(bench->diagnostic.message, message))
        fail_msg("%s", bench->diagnostic.message);
    free(data);
}
