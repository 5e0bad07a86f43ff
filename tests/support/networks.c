/* See tests/support/networks.h. */
#include "tests/support/networks.h"
#include "reference/naive.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

const struct mlp_kernels naive_kernels = {
    .gemm = gemm_naive,
    .activation = activation_naive,
    .softmax = softmax_naive,
    .cross_entropy = cross_entropy_naive,
    .mse = mse_naive,
    .column_sums = column_sums_naive,
    .optimizer = optimizer_naive,
    .round = round_naive,
};

struct mlp_model model_of(const char *layers, int64_t batch) {
    struct mlp_model model;
    struct message message;
    mlp_model_defaults(&model);
    assert_int_equal(mlp_layers_parse(layers, &model, &message), STATUS_OK);
    model.batch = batch;
    return model;
}

void network_buffers_free(const struct mlp_buffers *buffers) {
    const void *const all[] = {buffers->parameters,    buffers->gradients,   buffers->first_moment,
                               buffers->second_moment, buffers->activations, buffers->narrow,
                               buffers->loss,          buffers->x,           buffers->labels,
                               buffers->target};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free((void *)all[i]);
}
