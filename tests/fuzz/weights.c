/* Weights, in both formats. A checksum stands between most inputs and what reads the rest, so each
 * input of the former format is also tried with the right one. */
#include "bench/training/weights.h"
#include "bench/training/weights_file.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PARAMETERS_MAX = 256 };

static void bytes_load(const uint8_t *data, size_t size) {
    float values[3][PARAMETERS_MAX];
    struct mlp_model model;
    struct message message;
    bool moments_lost;
    mlp_model_defaults(&model);
    model.batch = 1;
    if (mlp_layers_parse("6-3-2", &model, &message) != STATUS_OK ||
        mlp_parameter_count(&model) > PARAMETERS_MAX)
        abort();
    struct weights weights = {
        .parameters = values[0], .first_moment = values[1], .second_moment = values[2]};
    const struct memory_file file = memory_file_open(data, size);
    (void)weights_load(file.path, &model, &weights, &moments_lost, &message);
    memory_file_close(&file);
}

int fuzz_weights(const uint8_t *data, size_t size) {
    bytes_load(data, size);
    if (size < sizeof(uint32_t) || !weights_former_is((const char *)data, size))
        return 0;
    uint8_t *mended = malloc(size);
    if (mended == NULL)
        abort();
    const size_t rest = size - sizeof(uint32_t);
    memcpy(mended, data, size);
    const uint32_t checksum = (uint32_t)crc32_z(crc32_z(0, NULL, 0), mended, rest);
    memcpy(mended + rest, &checksum, sizeof checksum);
    bytes_load(mended, size);
    free(mended);
    return 0;
}
