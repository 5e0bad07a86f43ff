/* Reading the format of earlier versions.
 *
 * The file, all numbers little-endian:
 *   8 bytes   "lockMLP" and a zero
 *   u32       version, 1
 *   u32       layers (weight matrices)
 *   u32       activation of the hidden layers, as in enum activation_function
 *   u32       optimizer, as in enum optimizer_variant
 *   u64       epochs that were finished
 *   u64       steps that were taken
 *   u64       sizes, layers + 1 of them
 *   f32       for each layer W [out, in], then b [out]
 *   f32       the first moments likewise, unless the optimizer is sgd
 *   f32       the second moments likewise, if the optimizer is adam
 *   u32       CRC-32 (as in zlib) of everything before it
 */
#include "bench/training/weights_file.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the file's numbers are copied as they are");

static const char magic[8] = "lockMLP";
enum { VERSION = 1 };

struct header {
    char magic[8];
    uint32_t version, layers, hidden, optimizer;
    uint64_t epochs, steps;
};
_Static_assert(sizeof(struct header) == 40, "the header has no padding");

bool weights_former_is(const char *bytes, size_t size) {
    return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* Header and sizes; a file may be too short for as many layers as it claims. */
static bool header_read(const char *bytes, size_t size, struct header *header,
                        struct mlp_model *model) {
    if (size < sizeof *header)
        return false;
    memcpy(header, bytes, sizeof *header);
    if (header->version != VERSION || header->layers < 1 || header->layers > MLP_LAYERS_MAX ||
        header->hidden >= ACTIVATION_FUNCTIONS || header->optimizer > OPTIMIZER_ADAM ||
        header->epochs > INT64_MAX || header->steps > INT64_MAX)
        return false;
    size_t sizes = (size_t)(header->layers + 1) * sizeof(uint64_t);
    if (size < sizeof *header + sizes)
        return false;
    *model = (struct mlp_model){.layers = (int)header->layers};
    memcpy(model->sizes, bytes + sizeof *header, sizes);
    for (int l = 0; l <= model->layers; l++)
        if (model->sizes[l] < 1 || model->sizes[l] > MLP_SIZE_MAX)
            return false;
    return true;
}

/* Points each tensor to its place, one behind the other; returns how many bytes they have. */
static size_t values_find(const char *from, const struct mlp_model *model, int kinds,
                          struct weights_file *file) {
    size_t used = 0;
    for (int k = 0; k < kinds; k++)
        for (int l = 0; l < model->layers; l++) {
            size_t outputs = (size_t)model->sizes[l + 1];
            file->values[k][l][WEIGHTS_WEIGHT] = from + used;
            used += outputs * (size_t)model->sizes[l] * sizeof(float);
            file->values[k][l][WEIGHTS_BIAS] = from + used;
            used += outputs * sizeof(float);
        }
    return used;
}

enum status weights_former_parse(const char *path, const char *bytes, size_t size,
                                 struct weights_file *file, struct message *message) {
    struct header header;
    struct mlp_model model;
    uint32_t checksum;
    if (!header_read(bytes, size, &header, &model))
        return message_set(message, STATUS_INVALID,
                           "weights %s are damaged or truncated in their header", path);
    *file = (struct weights_file){.hidden = (int)header.hidden,
                                  .optimizer = (int)header.optimizer,
                                  .epochs = (int64_t)header.epochs,
                                  .steps = (int64_t)header.steps,
                                  .seed = WEIGHTS_UNKNOWN};
    mlp_layers_format(&model, file->layers, sizeof file->layers);
    size_t begin = sizeof header + (size_t)(model.layers + 1) * sizeof(uint64_t);
    size_t end =
        begin + values_find(bytes + begin, &model, 1 + weights_moments(file->optimizer), file);
    if (size != end + sizeof checksum)
        return message_set(message, STATUS_INVALID, "weights %s are %s: %zu bytes, expected %zu",
                           path, size < end + sizeof checksum ? "truncated" : "too long", size,
                           end + sizeof checksum);
    memcpy(&checksum, bytes + end, sizeof checksum);
    uint32_t found = (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)bytes, end);
    if (found != checksum)
        return message_set(message, STATUS_INVALID,
                           "weights %s are damaged: their CRC-32 is %08" PRIx32
                           ", the file says %08" PRIx32,
                           path, found, checksum);
    return STATUS_OK;
}
