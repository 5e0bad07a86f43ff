/* dlopen and dlsym behind tables; see gpu/library.h. */
#include "gpu/library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

enum status library_open(const char *const *names, void **library, struct message *message) {
    char reason[512] = "no name given";
    for (size_t i = 0; names[i] != NULL; i++) {
        *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (*library != NULL)
            return STATUS_OK;
        const char *error = dlerror();
        if (i == 0 && error != NULL) {
            strncpy(reason, error, sizeof reason - 1);
            reason[sizeof reason - 1] = '\0';
        }
    }
    return message_set(message, STATUS_UNSUPPORTED, "%s", reason);
}

/* ISO C has no cast from an object pointer to a function pointer; POSIX promises that the bytes are
 * the same. */
static bool symbol_bind(void *library, const struct library_symbol *symbol, void *table) {
    void *address = dlsym(library, symbol->name);
    if (address != NULL)
        memcpy((char *)table + symbol->offset, &address, sizeof address);
    return address != NULL;
}

enum status library_bind(void *library, const struct library_symbol *symbols, size_t count,
                         void *table, struct message *message) {
    for (size_t i = 0; i < count; i++)
        if (!symbol_bind(library, &symbols[i], table))
            return message_set(message, STATUS_UNSUPPORTED, "it has no %s", symbols[i].name);
    return STATUS_OK;
}

void library_bind_known(void *library, const struct library_symbol *symbols, size_t count,
                        void *table) {
    for (size_t i = 0; i < count; i++)
        (void)symbol_bind(library, &symbols[i], table);
}

void *library_find(void *library, const char *name) {
    return dlsym(library, name);
}
