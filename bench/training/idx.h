/* One IDX file (the format of MNIST, http://yann.lecun.com/exdb/mnist/), big-endian:
 *   2 bytes   zero
 *   1 byte    the type of the elements: 8, unsigned bytes
 *   1 byte    the number of dimensions: three for images, one for labels
 *   u32       the size of each dimension
 *   …         the elements
 * It may be gzipped, whatever its name says.
 */
#ifndef LOCKSTEP_BENCH_TRAINING_IDX_H
#define LOCKSTEP_BENCH_TRAINING_IDX_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

enum { IDX_DIMENSIONS_MAX = 3 };

/* Reads a file of so many dimensions; sizes beyond them are 1. On success the caller owns
 * *elements, whose bytes are taken off *memory. A file that is not IDX, truncated, too long, or
 * larger than *memory is refused: the message names it, what was found and what was expected. */
enum status idx_file_read(const char *path, int dimensions, size_t *memory,
                          int64_t sizes[IDX_DIMENSIONS_MAX], uint8_t **elements,
                          struct message *message);

#endif
