/* The names of what a problem can ask for. */
#include "common/problem.h"

const char *activation_function_name(enum activation_function function) {
    static const char *const names[ACTIVATION_FUNCTIONS] = {
        [ACTIVATION_IDENTITY] = "identity",   [ACTIVATION_RELU] = "relu",
        [ACTIVATION_SIGMOID] = "sigmoid",     [ACTIVATION_TANH] = "tanh",
        [ACTIVATION_GELU_TANH] = "gelu_tanh", [ACTIVATION_GELU_ERF] = "gelu_erf",
        [ACTIVATION_SILU] = "silu",
    };
    return names[function];
}
