/*
 * Shifts of rows in tensor memory (PTX ISA 9.7.16.9.3, and .ashift of 9.7.16.10.9).
 *
 * In each 32 lanes a row takes the one behind it, and the last keeps its own. PTX calls that
 * "down", and leaves open which way it goes and what the last rows are. CUTLASS says both of
 * .ashift and of tcgen05.shift (its wrappers of NVVM for Python), and CuTe fills the last lanes
 * again by tcgen05.cp.4x256b.
 */
#ifndef LOCKSTEP_EMULATOR_TENSOR_SHIFT_H
#define LOCKSTEP_EMULATOR_TENSOR_SHIFT_H

#include "emulator/tensor/tensor.h"

enum { SHIFT_COLUMNS = TENSOR_ROW_BYTES / 4 };

/* Shifts rows of SHIFT_COLUMNS columns, from `first` on. */
void shift_rows(struct block *block, unsigned first);

#endif
