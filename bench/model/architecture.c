#include "bench/model/architecture.h"

#include <string.h>

static const struct architecture architectures[] = {
#define ARCHITECTURE(family, ...) {#family, __VA_ARGS__},
#include "bench/model/architectures.def"
#undef ARCHITECTURE
};

const struct architecture *architecture_find(const char *family) {
    for (unsigned i = 0; i < sizeof architectures / sizeof architectures[0]; i++)
        if (strcmp(architectures[i].family, family) == 0)
            return &architectures[i];
    return NULL;
}
