/* User objects, counted: the program's references, and those of its graphs. */
#include "emulator/driver/user_object.h"

#include "emulator/memory/list.h"

#include <stdlib.h>

CUresult user_object_open(CUhostFn destroy, void *data, unsigned references, CUuserObject *handle) {
    struct driver_user_object *made = calloc(1, sizeof *made);
    if (made)
        made->handle = handle_add(&driver.handles, HANDLE_USER_OBJECT, made);
    if (!made || !made->handle) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->farewell = (struct driver_farewell){.function = destroy, .data = data};
    made->held_by_program = references;
    *handle = made->handle;
    return CUDA_SUCCESS;
}

CUresult user_object_find(CUuserObject handle, struct driver_user_object **object) {
    *object = handle_find(&driver.handles, HANDLE_USER_OBJECT, handle);
    if (!*object)
        driver_lack("user object", handle);
    return *object ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static void end_if_unreferenced(struct driver_user_object *object) {
    if (object->held_by_program || object->held_by_graphs)
        return;
    handle_remove(&driver.handles, object->handle);
    object->farewell.next = driver.farewells;
    driver.farewells = &object->farewell;
}

CUresult user_object_release(struct driver_user_object *object, unsigned count) {
    if (!count || count > object->held_by_program)
        return CUDA_ERROR_INVALID_VALUE;
    object->held_by_program -= count;
    end_if_unreferenced(object);
    return CUDA_SUCCESS;
}

void user_object_close_all(void) {
    uint32_t at = 0;
    for (struct driver_user_object *object;
         (object = handle_next(&driver.handles, HANDLE_USER_OBJECT, &at));) {
        handle_remove(&driver.handles, object->handle);
        free(object);
    }
    while (driver.farewells) {
        struct driver_farewell *first = driver.farewells;
        driver.farewells = first->next;
        free(first);
    }
}

/* ---- The references of a graph ---- */

static struct driver_user_reference *reference_find(const struct driver_user_references *in,
                                                    const struct driver_user_object *object) {
    for (size_t i = 0; i < in->count; i++)
        if (in->objects[i].object == object)
            return &in->objects[i];
    return NULL;
}

static bool references_reserve(struct driver_user_references *references) {
    struct driver_user_reference *objects =
        list_reserve(references->objects, references->count + 1, &references->capacity,
                     sizeof *references->objects);
    if (objects)
        references->objects = objects;
    return objects != NULL;
}

CUresult user_references_add(struct driver_user_references *references,
                             struct driver_user_object *object, uint64_t count) {
    struct driver_user_reference *reference = reference_find(references, object);
    if (!reference) {
        if (!references_reserve(references))
            return CUDA_ERROR_OUT_OF_MEMORY;
        reference = &references->objects[references->count++];
        *reference = (struct driver_user_reference){.object = object};
    }
    reference->count += count;
    object->held_by_graphs += count;
    return CUDA_SUCCESS;
}

CUresult user_references_remove(struct driver_user_references *references,
                                struct driver_user_object *object, unsigned count) {
    struct driver_user_reference *reference = reference_find(references, object);
    if (!count || !reference || count > reference->count)
        return CUDA_ERROR_INVALID_VALUE;
    reference->count -= count;
    object->held_by_graphs -= count;
    if (!reference->count)
        *reference = references->objects[--references->count];
    end_if_unreferenced(object);
    return CUDA_SUCCESS;
}

CUresult user_references_clone(struct driver_user_references *to,
                               const struct driver_user_references *from) {
    for (size_t i = 0; i < from->count; i++)
        if (user_references_add(to, from->objects[i].object, from->objects[i].count) !=
            CUDA_SUCCESS) {
            user_references_free(to);
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    return CUDA_SUCCESS;
}

void user_references_free(struct driver_user_references *references) {
    for (size_t i = 0; i < references->count; i++) {
        struct driver_user_object *object = references->objects[i].object;
        object->held_by_graphs -= references->objects[i].count;
        end_if_unreferenced(object);
    }
    free(references->objects);
    *references = (struct driver_user_references){0};
}
