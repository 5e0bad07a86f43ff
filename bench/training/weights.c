/* Saving and loading networks. A file is made and read as one block in memory: the largest network
 * of the benchmark has 100 MB of parameters. */
#include "bench/training/weights.h"
#include "common/files.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the file's numbers are copied as they are");

static const char magic[8] = "lockMLP";
enum { VERSION = 1 };
static const size_t FILE_BYTES_MAX = (size_t)1 << 32;

struct header {
    char magic[8];
    uint32_t version, layers, hidden, optimizer;
    uint64_t epochs, steps;
};
_Static_assert(sizeof(struct header) == 40, "the header has no padding");

/* --- the block --------------------------------------------------------------------------------*/

static int moment_count(enum optimizer_variant optimizer) {
    return optimizer == OPTIMIZER_ADAM ? 2 : optimizer == OPTIMIZER_SGD_MOMENTUM ? 1 : 0;
}

/* Parameters without the gaps of the layout. */
static size_t packed_count(const struct mlp_model *model) {
    size_t count = 0;
    for (int l = 0; l < model->layers; l++)
        count += (size_t)((model->sizes[l] + 1) * model->sizes[l + 1]);
    return count;
}

static size_t block_bytes(const struct mlp_model *model, enum optimizer_variant optimizer) {
    return sizeof(struct header) + (size_t)(model->layers + 1) * sizeof(uint64_t) +
           (1 + (size_t)moment_count(optimizer)) * packed_count(model) * sizeof(float) +
           sizeof(uint32_t);
}

static uint32_t block_checksum(const uint8_t *block, size_t bytes) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), block, bytes);
}

static uint8_t *put(uint8_t *to, const void *from, size_t bytes) {
    memcpy(to, from, bytes);
    return to + bytes;
}

static uint8_t *put_layers(uint8_t *to, const struct mlp_model *model, const float *values) {
    for (int l = 0; l < model->layers; l++) {
        size_t outputs = (size_t)model->sizes[l + 1];
        to = put(to, values + mlp_weight_offset(model, l),
                 outputs * (size_t)model->sizes[l] * sizeof(float));
        to = put(to, values + mlp_bias_offset(model, l), outputs * sizeof(float));
    }
    return to;
}

static const uint8_t *get_layers(const uint8_t *from, const struct mlp_model *model,
                                 float *values) {
    memset(values, 0, (size_t)mlp_parameter_count(model) * sizeof *values);
    for (int l = 0; l < model->layers; l++) {
        size_t outputs = (size_t)model->sizes[l + 1];
        size_t weights = outputs * (size_t)model->sizes[l] * sizeof(float);
        memcpy(values + mlp_weight_offset(model, l), from, weights);
        memcpy(values + mlp_bias_offset(model, l), from + weights, outputs * sizeof(float));
        from += weights + outputs * sizeof(float);
    }
    return from;
}

static void block_fill(uint8_t *block, size_t bytes, const struct mlp_model *model,
                       const struct weights *weights) {
    struct header header = {.version = VERSION,
                            .layers = (uint32_t)model->layers,
                            .hidden = (uint32_t)model->hidden,
                            .optimizer = (uint32_t)model->optimizer,
                            .epochs = (uint64_t)weights->epochs,
                            .steps = (uint64_t)weights->steps};
    memcpy(header.magic, magic, sizeof magic);
    uint8_t *to = put(block, &header, sizeof header);
    for (int l = 0; l <= model->layers; l++) {
        uint64_t size = (uint64_t)model->sizes[l];
        to = put(to, &size, sizeof size);
    }
    const float *const tensors[] = {weights->parameters, weights->first_moment,
                                    weights->second_moment};
    for (int t = 0; t <= moment_count(model->optimizer); t++)
        to = put_layers(to, model, tensors[t]);
    uint32_t checksum = block_checksum(block, bytes - sizeof checksum);
    put(to, &checksum, sizeof checksum);
}

/* --- saving -----------------------------------------------------------------------------------*/

enum status weights_save(const char *path, const struct mlp_model *model,
                         const struct weights *weights, struct message *message) {
    size_t bytes = block_bytes(model, model->optimizer);
    uint8_t *block = malloc(bytes);
    if (!block)
        return message_set(message, STATUS_NO_MEMORY,
                           "no memory for the %zu bytes of weights to write to %s", bytes, path);
    block_fill(block, bytes, model, weights);
    enum status status = file_replace(path, block, bytes, message);
    free(block);
    return status;
}

/* --- loading ----------------------------------------------------------------------------------*/

/* The sizes stand after the header; a file may be too short for as many as it claims. */
static enum status layers_check(const char *path, const uint8_t *block, size_t bytes,
                                const struct header *header, const struct mlp_model *model,
                                struct message *message) {
    struct mlp_model found = {.layers = (int)header->layers};
    size_t sizes = (size_t)(header->layers + 1) * sizeof(uint64_t);
    if (header->layers < 1 || header->layers > MLP_LAYERS_MAX || bytes < sizeof *header + sizes)
        return message_set(message, STATUS_INVALID,
                           "weights %s are damaged or truncated: %zu bytes, %u layers", path, bytes,
                           header->layers);
    memcpy(found.sizes, block + sizeof *header, sizes);
    char has[256], wants[256];
    mlp_layers_format(&found, has, sizeof has);
    mlp_layers_format(model, wants, sizeof wants);
    if (strcmp(has, wants) != 0)
        return message_set(message, STATUS_INVALID,
                           "weights %s are of a network %s, not %s; call with --layers %s", path,
                           has, wants, has);
    return STATUS_OK;
}

/* Header, layers, length and checksum, in the order in which a wrong file is best described. */
static enum status block_check(const char *path, const uint8_t *block, size_t bytes,
                               const struct mlp_model *model, struct header *header,
                               struct message *message) {
    if (bytes < sizeof *header || memcmp(block, magic, sizeof magic) != 0)
        return message_set(message, STATUS_INVALID,
                           "%s does not hold weights of lockstep train (it starts otherwise)",
                           path);
    memcpy(header, block, sizeof *header);
    if (header->version != VERSION)
        return message_set(message, STATUS_INVALID,
                           "weights %s have format version %u, this program reads %d", path,
                           header->version, VERSION);
    enum status status = layers_check(path, block, bytes, header, model, message);
    if (status != STATUS_OK)
        return status;
    if (header->hidden >= ACTIVATION_FUNCTIONS || header->optimizer > OPTIMIZER_ADAM ||
        header->epochs > INT64_MAX || header->steps > INT64_MAX)
        return message_set(message, STATUS_INVALID, "weights %s are damaged in their header", path);
    size_t expected = block_bytes(model, (enum optimizer_variant)header->optimizer);
    if (bytes != expected)
        return message_set(message, STATUS_INVALID, "weights %s are %s: %zu bytes, expected %zu",
                           path, bytes < expected ? "truncated" : "too long", bytes, expected);
    uint32_t checksum;
    memcpy(&checksum, block + bytes - sizeof checksum, sizeof checksum);
    uint32_t found = block_checksum(block, bytes - sizeof checksum);
    if (found != checksum)
        return message_set(message, STATUS_INVALID,
                           "weights %s are damaged: their CRC-32 is %08" PRIx32
                           ", the file says %08" PRIx32,
                           path, found, checksum);
    return STATUS_OK;
}

static void block_take(const uint8_t *block, const struct header *header,
                       const struct mlp_model *model, struct weights *weights, bool *moments_lost) {
    const uint8_t *from = block + sizeof *header + (size_t)(model->layers + 1) * sizeof(uint64_t);
    from = get_layers(from, model, weights->parameters);
    *moments_lost = header->optimizer != (uint32_t)model->optimizer;
    weights->epochs = (int64_t)header->epochs;
    weights->steps = *moments_lost ? 0 : (int64_t)header->steps;
    float *const moments[] = {weights->first_moment, weights->second_moment};
    for (int m = 0; m < moment_count(model->optimizer); m++) {
        if (*moments_lost)
            memset(moments[m], 0, (size_t)mlp_parameter_count(model) * sizeof(float));
        else
            from = get_layers(from, model, moments[m]);
    }
}

enum status weights_load(const char *path, const struct mlp_model *model, struct weights *weights,
                         bool *moments_lost, struct message *message) {
    char *file;
    size_t bytes;
    struct header header = {.version = 0};
    enum status status = file_read(path, FILE_BYTES_MAX, &file, &bytes, message);
    const uint8_t *block = (const uint8_t *)file;
    if (status == STATUS_OK)
        status = block_check(path, block, bytes, model, &header, message);
    if (status == STATUS_OK && header.hidden != (uint32_t)model->hidden)
        status =
            message_set(message, STATUS_INVALID,
                        "weights %s were trained with %s, not %s; call with "
                        "--activation %s",
                        path, activation_function_name((enum activation_function)header.hidden),
                        activation_function_name(model->hidden),
                        activation_function_name((enum activation_function)header.hidden));
    if (status == STATUS_OK)
        block_take(block, &header, model, weights, moments_lost);
    free(file);
    return status;
}
