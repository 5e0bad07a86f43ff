/*
 * Handles of the driver API: numbers that look like pointers and are never dereferenced.
 *
 * A handle names a slot of a table and the slot's generation, so a handle that was never given out,
 * that names an object of another kind, or whose object is gone is told apart from a live one
 * without touching memory.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_HANDLES_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum handle_kind {
    HANDLE_FREE,
    HANDLE_CONTEXT,
    HANDLE_MODULE,
    HANDLE_LIBRARY,
    HANDLE_FUNCTION, /* CUfunction and CUkernel: one device, so they are the same thing */
    HANDLE_LINK,
    HANDLE_STREAM,
    HANDLE_EVENT,
    HANDLE_POOL,
    HANDLE_GRAPH,
    HANDLE_NODE,
    HANDLE_EXEC,
    HANDLE_ARRAY,
    HANDLE_REFERENCE,
    HANDLE_PHYSICAL,
    HANDLE_USER_OBJECT,
    HANDLE_LOG_CALLBACK,
    HANDLE_GREEN,
    HANDLE_RESOURCE,
    HANDLE_MIPMAP,
};

struct handle_slot {
    void *object;
    uint32_t generation;
    uint32_t next_free;
    enum handle_kind kind;
    bool went_along; /* the last that it had was removed because what it belonged to was */
};

/* Starts as all zeros. */
struct handle_table {
    struct handle_slot *slots;
    uint32_t count;
    size_t capacity;
    uint32_t first_free; /* index + 1; 0: none */
    bool removes_along;  /* what is removed now belongs to what is being closed */
};

/* NULL when there is no memory for the slot. */
void *handle_add(struct handle_table *table, enum handle_kind kind, void *object);
/* The object, or NULL when `handle` is not a live handle of this kind. */
void *handle_find(const struct handle_table *table, enum handle_kind kind, const void *handle);
void handle_remove(struct handle_table *table, const void *handle);
/* Whether it was the last of its slot, and was removed while removes_along was set. */
bool handle_went_along(const struct handle_table *table, const void *handle);
/* The next live object of the kind from slot *position on, which moves past it; NULL at the end. */
void *handle_next(const struct handle_table *table, enum handle_kind kind, uint32_t *position);
void handle_table_free(struct handle_table *table);

#endif
