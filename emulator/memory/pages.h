/* Addresses without memory, and memory that is put there: what virtual memory management and graphs
 * with memory of their own are made of. Sizes and addresses are multiples of PAGES_GRANULARITY. */
#ifndef LOCKSTEP_EMULATOR_MEMORY_PAGES_H
#define LOCKSTEP_EMULATOR_MEMORY_PAGES_H

#include "emulator/lanes/machine_types.h"

enum { PAGES_GRANULARITY = 2 << 20 };

/* False: no addresses left. `alignment` is 0 or a power of two. */
bool pages_reserve(size_t size, size_t alignment, uint64_t *address);
void pages_release(uint64_t address, size_t size);
/* A file descriptor of memory, which may be mapped in several places; -1: none left. */
int pages_create(size_t size);
/* Puts memory at reserved addresses: that of the file descriptor from `offset` on, or new zeros
 * where `file` is -1. */
bool pages_map(uint64_t address, size_t size, int file, size_t offset);
/* The addresses stay reserved. */
void pages_unmap(uint64_t address, size_t size);

#endif
