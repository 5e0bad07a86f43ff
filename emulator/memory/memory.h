/* Device memory and the host memory that kernels may reach: ranges, their bounds, and what a launch
 * touched in them. */
#ifndef LOCKSTEP_EMULATOR_MEMORY_MEMORY_H
#define LOCKSTEP_EMULATOR_MEMORY_MEMORY_H

#include "emulator/lanes/machine_types.h"

enum { SECTOR_BYTES = 32, MEMORY_ALIGNMENT = 512 };

struct memory_range {
    uint64_t base, end;
    enum machine_memory_kind kind;
    uint64_t *touched; /* a bit for each 32-byte sector since the last memory_collect_touched */
    size_t touched_words;
    bool is_touched;
    bool is_constant;  /* a .const variable */
    bool is_managed;   /* a variable with .attribute(.managed) */
    bool is_read_only; /* kernels may not write */
    uint8_t *written;  /* a bit for each byte; NULL unless initialisation is checked */
};

/* What was freed last, so that a message can say so. */
enum { MEMORY_FREED = 64 };
struct memory_freed {
    uint64_t base, end;
};

struct memory {
    unsigned char *arena; /* reserved address space, committed as it is allocated */
    size_t arena_bytes;
    size_t device_bytes, in_use;
    size_t cursor; /* next fit: freed addresses come back late, so stale pointers are found */
    struct memory_range **ranges; /* by address */
    size_t count, capacity;
    bool track_written;
    struct multicast_range *multicasts; /* multicast.h */
    struct memory_freed freed[MEMORY_FREED];
    size_t freed_count; /* in all; the last of them is number (freed_count - 1) % MEMORY_FREED */
};

enum machine_status memory_open(struct memory *memory, size_t device_bytes);
void memory_close(struct memory *memory);
enum machine_status memory_allocate(struct memory *memory, size_t size,
                                    enum machine_memory_kind kind, uint64_t *address);
/* A variable's place: a multiple of its alignment and, below MEMORY_ALIGNMENT, of no more, so that
 * wider accesses than it promises are found misaligned. */
enum machine_status memory_place(struct memory *memory, size_t size, size_t alignment,
                                 enum machine_memory_kind kind, uint64_t *address);
enum machine_status memory_free(struct memory *memory, uint64_t address,
                                enum machine_memory_kind kind);
/* Host memory that somebody else owns. */
enum machine_status memory_register(struct memory *memory, uint64_t address, size_t size,
                                    enum machine_memory_kind kind);
enum machine_status memory_unregister(struct memory *memory, uint64_t address,
                                      enum machine_memory_kind kind);
struct memory_range *memory_find(const struct memory *memory, uint64_t address);
/* The range that holds all `size` bytes, or NULL. */
struct memory_range *memory_find_all(const struct memory *memory, uint64_t address, size_t size);
/* The range that ends nearest below, or begins nearest above the address, for messages; NULL when
 * there is none. */
struct memory_range *memory_find_near(const struct memory *memory, uint64_t address);
/* Where the address lay before it was freed, when that is not long ago; else NULL. */
const struct memory_freed *memory_find_freed(const struct memory *memory, uint64_t address);
/* Bytes in touched sectors, times `multiple`, of a range up to its size; forgets them. */
uint64_t memory_collect_touched(struct memory *memory, double multiple);
/* Bytes in touched sectors. */
uint64_t memory_touched(const struct memory *memory);
/* Marks the sectors of `size` > 0 bytes, which lie in the range, touched. */
void memory_touch(struct memory_range *range, uint64_t address, size_t size);
void memory_mark_written(struct memory_range *range, uint64_t address, size_t size);
/* Takes the bytes, which lie in the range, for never written again. */
void memory_forget_written(struct memory_range *range, uint64_t address, size_t size);
bool memory_is_written(const struct memory_range *range, uint64_t address, size_t size);
/* Whether nothing has written any of at most 16 bytes. */
bool memory_is_unwritten(const struct memory_range *range, uint64_t address, size_t size);
/* A bit for each of at most 16 bytes that nothing has written, the first the lowest. */
uint16_t memory_unwritten_bits(const struct memory_range *range, uint64_t address, size_t size);
/* Tracking that begins now takes all that is there for written. */
enum machine_status memory_track_written(struct memory *memory, bool track);

#endif
