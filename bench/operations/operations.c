/* The list of operations. */
#include "bench/operations/operations.h"

#include <stddef.h>

const struct operation *const operations[] = {
#define OPERATION(name) &operation_##name,
#include "bench/operations/operations.def"
#undef OPERATION
};
const int operation_count = sizeof operations / sizeof operations[0];

const struct operation_table operations_built_in = {operations,
                                                    sizeof operations / sizeof operations[0]};

const struct operation *operation_find(const char *name) {
    return operation_table_find(&operations_built_in, name);
}

const struct operation *operation_tunable(void) {
    for (int i = 0; i < operation_count; i++)
        if (operations[i]->tuner)
            return operations[i];
    return NULL;
}
