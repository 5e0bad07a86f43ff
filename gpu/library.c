/* dlopen and dlsym behind tables; see gpu/library.h. */
#include "gpu/library.h"

#include <dlfcn.h>
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

enum status library_bind(void *library, const struct library_symbol *symbols, size_t count,
                         void *table, struct message *message) {
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (address == NULL)
            return message_set(message, STATUS_UNSUPPORTED, "it has no %s", symbols[i].name);
        /* ISO C has no cast from an object pointer to a function pointer; POSIX promises that the
         * bytes are the same. */
        memcpy((char *)table + symbols[i].offset, &address, sizeof address);
    }
    return STATUS_OK;
}

void *library_find(void *library, const char *name) {
    return dlsym(library, name);
}
