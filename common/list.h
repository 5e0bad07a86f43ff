/* An array that grows: whoever has it knows how many elements there are, and how many it has room
 * for. */
#ifndef LOCKSTEP_COMMON_LIST_H
#define LOCKSTEP_COMMON_LIST_H

#include <stddef.h>

/* The list, from malloc or NULL, with room for `needed` elements, and *capacity as that now is.
 * Room at least doubles. NULL: there is no memory, and the list stays as it is. */
void *list_reserve(void *list, size_t needed, size_t *capacity, size_t element_bytes);

#endif
