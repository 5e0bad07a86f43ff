/* LZ4, which nvcc compresses images with. */
#ifndef LOCKSTEP_EMULATOR_PTX_LZ4_H
#define LOCKSTEP_EMULATOR_PTX_LZ4_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes one LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md) of which the
 * decoded size is known. False when the block is malformed or decodes to any other size.
 */
bool lz4_decode(const unsigned char *from, size_t from_size, unsigned char *to, size_t to_size);

#endif
