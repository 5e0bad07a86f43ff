/*
 * Multicast addresses. Each stands for one place in the memory of every device of a team, and
 * multimem's instructions reach these places together. Nothing else may use such an address, so it
 * lies in no memory_range.
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_MULTICAST_H
#define LOCKSTEP_EMULATOR_MEMORY_MULTICAST_H

#include "emulator/memory/memory.h"

enum { MULTICAST_DEVICES = 32 }; /* of a team, at most */

/* Memory of one device, for `size` bytes from `offset` on. */
struct multicast_place {
    uint64_t offset, size;
    uint64_t memory; /* a host address */
};

struct multicast_range {
    struct multicast_range *next;
    uint64_t base, end;
    bool is_read_only;
    unsigned devices; /* of the team */
    size_t place_count;
    struct multicast_place places[];
};

/* The memory takes the range over, which is allocated. */
void multicast_add(struct memory *memory, struct multicast_range *range);
/* False: none begins there. */
bool multicast_remove(struct memory *memory, uint64_t base);
void multicast_remove_all(struct memory *memory);
const struct multicast_range *multicast_find(const struct memory *memory, uint64_t address);
/* Where the bytes at an address lie, device by device, and how many devices have memory there. No
 * access of an instruction crosses from one place to the next. */
unsigned multicast_locate(const struct multicast_range *range, uint64_t address,
                          unsigned char *at[MULTICAST_DEVICES]);

#endif
