#include "common/list.h"

#include <stdlib.h>

enum { LIST_LEAST = 16 };

void *list_reserve(void *list, size_t needed, size_t *capacity, size_t element_bytes) {
    if (list && needed <= *capacity)
        return list;
    size_t room = *capacity < LIST_LEAST ? LIST_LEAST : *capacity * 2;
    room = room < needed ? needed : room;
    void *grown = reallocarray(list, room, element_bytes);
    if (grown)
        *capacity = room;
    return grown;
}
