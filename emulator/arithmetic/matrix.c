/* Fragments of wmma by name, ldmatrix, stmatrix and movmatrix. */
#include "emulator/arithmetic/matrix.h"

#include "emulator/arithmetic/matrix_layout.h"

#include <string.h>

struct fragment_shape {
    const char *shape;
    uint8_t m, n, k;
    /* Which types go with it: names as PTX has them, in operand and accumulator. */
    const char *inputs[6];
    const char *accumulators[3];
};

static const struct fragment_shape fragment_shapes[] = {
    {"m16n16k16", 16, 16, 16, {"f16", "bf16", "s8", "u8"}, {"f16", "f32", "s32"}},
    {"m32n8k16", 32, 8, 16, {"f16", "bf16", "s8", "u8"}, {"f16", "f32", "s32"}},
    {"m8n32k16", 8, 32, 16, {"f16", "bf16", "s8", "u8"}, {"f16", "f32", "s32"}},
    {"m16n16k8", 16, 16, 8, {"tf32"}, {"f32"}},
    {"m8n8k4", 8, 8, 4, {"f64"}, {"f64"}},
    {"m8n8k32", 8, 8, 32, {"s4", "u4"}, {"s32"}},
    {"m8n8k128", 8, 8, 128, {"b1"}, {"s32"}},
};

static unsigned bits_of_type(const char *type) {
    static const struct {
        const char *name;
        uint8_t bits;
    } types[] = {{"f16", 16}, {"bf16", 16}, {"tf32", 32}, {"f32", 32}, {"f64", 64}, {"s8", 8},
                 {"u8", 8},   {"s32", 32},  {"s4", 4},    {"u4", 4},   {"b1", 1}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, type) == 0) {
            return types[i].bits;
        }
    }
    return 0;
}

static bool is_listed(const char *name, const char *const names[], size_t count) {
    for (size_t i = 0; i < count && names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct fragment_shape *find_shape(const char *name) {
    for (size_t i = 0; i < sizeof fragment_shapes / sizeof fragment_shapes[0]; i++) {
        if (strcmp(fragment_shapes[i].shape, name) == 0) {
            return &fragment_shapes[i];
        }
    }
    return NULL;
}

bool matrix_find_fragment(char operand, const char *shape_name, const char *type,
                          struct matrix_fragment *fragment) {
    const struct fragment_shape *shape = find_shape(shape_name);
    const unsigned bits = bits_of_type(type);
    if (!shape || !bits) {
        return false;
    }
    const bool accumulator = operand == 'c' || operand == 'd';
    const bool fits =
        accumulator
            ? is_listed(type, shape->accumulators,
                        sizeof shape->accumulators / sizeof shape->accumulators[0])
            : is_listed(type, shape->inputs, sizeof shape->inputs / sizeof shape->inputs[0]);
    if (!fits || (!accumulator && operand != 'a' && operand != 'b')) {
        return false;
    }
    const unsigned rows = operand == 'b' ? shape->k : shape->m;
    const unsigned columns = operand == 'a' ? shape->k : shape->n;
    const unsigned register_bits = bits == 64 ? 64 : 32;
    const unsigned elements = register_bits / bits;
    /* PTX gives f16 operands eight registers whatever their shape (9.7.14.3). */
    const bool fixed = !accumulator && strcmp(type, "f16") == 0;
    const unsigned registers = fixed ? 8 : rows * columns / (LANES * elements);
    *fragment = (struct matrix_fragment){.rows = (uint16_t)rows,
                                         .columns = (uint16_t)columns,
                                         .registers = (uint8_t)registers,
                                         .register_bytes = (uint8_t)(register_bits / 8),
                                         .element_bits = (uint8_t)bits,
                                         .elements = (uint8_t)elements,
                                         .operand = operand};
    if (accumulator) {
        fragment->operand = 'c'; /* c and d are laid out alike */
    }
    return true;
}

void matrix_place(const struct matrix_fragment *fragment, unsigned lane, unsigned element,
                  unsigned *row, unsigned *column) {
    const struct matrix_position place = matrix_position(fragment, lane, element);
    *row = place.row;
    *column = place.column;
}

void matrix_load_rows(struct lanes32 *const to[], const void *const rows[], unsigned count,
                      bool transpose) {
    for (unsigned matrix = 0; matrix < count; matrix++) {
        uint16_t elements[8][8];
        for (unsigned row = 0; row < 8; row++) {
            memcpy(elements[row], rows[matrix * 8 + row], MATRIX_ROW_BYTES);
        }
        for (unsigned lane = 0; lane < LANES; lane++) {
            const unsigned row = lane / 4;
            const unsigned column = lane % 4 * 2;
            const uint32_t low = transpose ? elements[column][row] : elements[row][column];
            const uint32_t high = transpose ? elements[column + 1][row] : elements[row][column + 1];
            to[matrix]->at[lane] = low | high << 16;
        }
    }
}

void matrix_store_rows(void *const rows[], const struct lanes32 *const from[], unsigned count,
                       bool transpose) {
    for (unsigned matrix = 0; matrix < count; matrix++) {
        uint16_t elements[8][8];
        for (unsigned lane = 0; lane < LANES; lane++) {
            const unsigned row = lane / 4;
            const unsigned column = lane % 4 * 2;
            const uint32_t pair = from[matrix]->at[lane];
            *(transpose ? &elements[column][row] : &elements[row][column]) = (uint16_t)pair;
            *(transpose ? &elements[column + 1][row] : &elements[row][column + 1]) =
                (uint16_t)(pair >> 16);
        }
        for (unsigned row = 0; row < 8; row++) {
            memcpy(rows[matrix * 8 + row], elements[row], MATRIX_ROW_BYTES);
        }
    }
}

void matrix_load_bytes(struct lanes32 *const to[], const void *const rows[], unsigned count) {
    for (unsigned number = 0; number < count * 2 * LANES; number++) {
        const unsigned half = number / LANES, lane = number % LANES;
        const unsigned first = half / 2 * 16 + lane % 4 * 4, column = lane / 4 + half % 2 * 8;
        uint32_t word = 0;
        for (unsigned byte = 0; byte < 4; byte++) {
            const unsigned char *const row = rows[first + byte];
            word |= (uint32_t)row[column] << byte * 8;
        }
        to[half]->at[lane] = word;
    }
}

void matrix_store_bytes(void *const rows[], const struct lanes32 *const from[], unsigned count) {
    for (unsigned number = 0; number < count * LANES * 4; number++) {
        const unsigned matrix = number / (LANES * 4), lane = number / 4 % LANES, byte = number % 4;
        unsigned char *const row = rows[matrix * 8 + lane % 4 * 2 + byte % 2];
        row[lane / 4 + byte / 2 * 8] = (unsigned char)(from[matrix]->at[lane] >> byte * 8);
    }
}

void matrix_transpose(struct lanes32 *to, const struct lanes32 *from) {
    uint16_t elements[8][8];
    void *rows[8];
    const void *sources[8];
    for (unsigned row = 0; row < 8; row++) {
        rows[row] = elements[row];
        sources[row] = elements[row];
    }
    matrix_store_rows(rows, &from, 1, false);
    matrix_load_rows(&to, sources, 1, true);
}
