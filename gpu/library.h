/* Shared libraries opened at run time into a table of function pointers. */
#ifndef LOCKSTEP_GPU_LIBRARY_H
#define LOCKSTEP_GPU_LIBRARY_H

#include "common/status.h"

#include <stddef.h>

/* One function wanted: its exported name, and where in the table its pointer goes. */
struct library_symbol {
    const char *name;
    size_t offset;
};

/* Opens the first of `names` (NULL-terminated; a name without '/' is searched as the dynamic loader
 * does) that loads. STATUS_UNSUPPORTED carries the loader's sentence about the first. The library
 * stays loaded until the process ends: NVIDIA's libraries start threads and register exit handlers,
 * so unloading one is not safe. */
enum status library_open(const char *const *names, void **library, struct message *message);

/* Fills `table` with the `count` functions. STATUS_UNSUPPORTED names the first that is missing. */
enum status library_bind(void *library, const struct library_symbol *symbols, size_t count,
                         void *table, struct message *message);

/* Fills `table` with those of the functions that the library has; the others' pointers stay as they
 * are. */
void library_bind_known(void *library, const struct library_symbol *symbols, size_t count,
                        void *table);

/* The symbol's address, or NULL. */
void *library_find(void *library, const char *name);

#endif
