/*
 * Where the elements of a matrix lie in registers: one rule for mma (PTX ISA 9.7.14.5) and wmma.
 *
 * The 32 lanes are eight groups of four. In a fragment of a, a group has a row of a tile of eight
 * rows, and its lanes have 32 bits each (f64: 64), side by side along k; b is the same with columns
 * for rows. Registers go through the tiles of rows first in a, through the tiles along k first in
 * b. In a fragment of c or d, a lane has two neighbours of its group's row; registers go through
 * the tiles of rows first, then through those of eight columns.
 *
 * That is what PTX lays down for mma. It keeps the fragments of wmma opaque: a program may only
 * load, compute and store them, so that any layout that all three agree on is right.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_LAYOUT_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_LAYOUT_H

#include "emulator/arithmetic/kernel.h"
#include "emulator/arithmetic/matrix_fragment.h"

struct matrix_position {
    unsigned row, column;
};

/* matrix_place(), for loops whose fragment is a constant. */
ALWAYS_INLINE struct matrix_position matrix_position(const struct matrix_fragment *fragment,
                                                     unsigned lane, unsigned element) {
    const unsigned group = lane / 4;
    const unsigned within = lane % 4;
    const unsigned rows = fragment->rows;
    const unsigned columns = fragment->columns;
    const unsigned elements = fragment->elements;
    const unsigned number = element % (rows * columns / LANES);
    if (fragment->operand == 'c') {
        const unsigned tile = number / 2;
        const struct matrix_position place = {.row = tile % (rows / 8) * 8 + group,
                                              .column =
                                                  tile / (rows / 8) * 8 + within * 2 + number % 2};
        return place;
    }
    const unsigned tile = number / elements;
    const unsigned in_lane = within * elements + number % elements;
    const unsigned step = 4 * elements; /* along k, a register of a group */
    if (fragment->operand == 'a') {
        const struct matrix_position place = {.row = tile % (rows / 8) * 8 + group,
                                              .column = tile / (rows / 8) * step + in_lane};
        return place;
    }
    const struct matrix_position place = {.row = tile % (rows / step) * step + in_lane,
                                          .column = tile / (rows / step) * 8 + group};
    return place;
}

#endif
