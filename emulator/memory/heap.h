/*
 * The heap of the device: what malloc and free in kernels give and take (CUDA C programming guide,
 * "Dynamic global memory allocation"). It is one range of device memory, made when the first kernel
 * that may allocate is launched, and lives as long as the machine. Kernels that allocate run on one
 * host thread, so the heap needs no lock and addresses are the same every time.
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_HEAP_H
#define LOCKSTEP_EMULATOR_MEMORY_HEAP_H

#include "emulator/memory/memory.h"

struct heap_chunk {
    size_t offset, size;
    bool is_used;
};

/* Starts as all zeros. */
struct heap {
    uint64_t base;             /* 0: not made yet */
    struct heap_chunk *chunks; /* by offset; without gaps, free ones never side by side */
    size_t count, capacity;
};

enum machine_status heap_open(struct heap *heap, struct memory *memory, size_t bytes);
/* The memory itself goes with the machine's. */
void heap_close(struct heap *heap);
/* An address aligned to 16 bytes, or 0 when there is no room. */
uint64_t heap_allocate(struct heap *heap, uint64_t bytes);
/* The bytes, a multiple of 16, of what heap_allocate gave there; 0 unless it is still in use. */
size_t heap_size(const struct heap *heap, uint64_t address);
/* False unless heap_allocate gave the address and it is still in use; 0 is ignored. */
bool heap_free(struct heap *heap, uint64_t address);
/* Bytes that are in use, in *count allocations. */
size_t heap_in_use(const struct heap *heap, size_t *count);

#endif
