/* Numbers of each type as f64, which holds all of them. */
#ifndef LOCKSTEP_EMULATOR_CUBLAS_NUMBERS_H
#define LOCKSTEP_EMULATOR_CUBLAS_NUMBERS_H

#include <stdbool.h>

#include "emulator/cublas/types.h"

/* Bytes of a number; 0: the emulator lacks the type. */
size_t number_bytes(cudaDataType type);
double number_read(cudaDataType type, const void *numbers, size_t index);
/* Rounded to nearest. */
void number_write(cudaDataType type, void *numbers, size_t index, double value);

#endif
