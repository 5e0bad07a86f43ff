/* User objects: what a program wants destroyed once neither it nor any graph refers to it. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_USER_OBJECT_H
#define LOCKSTEP_EMULATOR_DRIVER_USER_OBJECT_H

#include "emulator/driver/state/state.h"

struct driver_user_object {
    /* The program's destructor. It comes first, since the object is freed by its address. */
    struct driver_farewell farewell;
    CUuserObject handle;
    uint64_t held_by_program, held_by_graphs;
};

/* The references of one graph. Starts as all zeros. */
struct driver_user_references {
    struct driver_user_reference {
        struct driver_user_object *object;
        uint64_t count;
    } * objects;
    size_t count, capacity;
};

CUresult user_object_open(CUhostFn destroy, void *data, unsigned references, CUuserObject *handle);
CUresult user_object_find(CUuserObject handle, struct driver_user_object **object);
/* Gives back references of the program, which it must have. Behind the last one of all, the
 * object's handle is gone, and its destructor runs when the call ends. */
CUresult user_object_release(struct driver_user_object *object, unsigned count);
void user_object_close_all(void);

CUresult user_references_add(struct driver_user_references *references,
                             struct driver_user_object *object, uint64_t count);
CUresult user_references_remove(struct driver_user_references *references,
                                struct driver_user_object *object, unsigned count);
/* `to` is empty, and stays so where there is no memory. */
CUresult user_references_clone(struct driver_user_references *to,
                               const struct driver_user_references *from);
void user_references_free(struct driver_user_references *references);

#endif
