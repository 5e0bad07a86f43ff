/* Saving and loading networks. A file is made and read as one block in memory: the largest network
 * of the benchmark has 100 MB of parameters. */
#include "bench/training/weights.h"
#include "bench/training/safetensors.h"
#include "bench/training/weights_file.h"
#include "common/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t file_bytes_max = (size_t)1 << 32;
static const char *const optimizer_names[] = {
    [OPTIMIZER_SGD] = "sgd", [OPTIMIZER_SGD_MOMENTUM] = "sgd_momentum", [OPTIMIZER_ADAM] = "adam"};

/* --- names ------------------------------------------------------------------------------------ */

enum { NAME_BYTES = 40, TENSORS_MAX = WEIGHTS_KINDS * MLP_LAYERS_MAX * WEIGHTS_PARTS };

/* One of the tensors of a network. */
struct place {
    int kind, layer, part;
};

static void tensor_name(struct place place, char name[NAME_BYTES]) {
    static const char *const kinds[] = {"", "first_moment.", "second_moment."};
    static const char *const parts[] = {"weight", "bias"};
    snprintf(name, NAME_BYTES, "%s%d.%s", kinds[place.kind], 2 * place.layer, parts[place.part]);
}

/* The tensor in its network, without values and name. */
static struct safetensor tensor_of(const struct mlp_model *model, struct place place) {
    bool weight = place.part == WEIGHTS_WEIGHT;
    return (struct safetensor){
        .dimensions = weight ? 2 : 1,
        .shape = {model->sizes[place.layer + 1], weight ? model->sizes[place.layer] : 0}};
}

static int64_t offset_of(const struct mlp_model *model, struct place place) {
    return place.part == WEIGHTS_WEIGHT ? mlp_weight_offset(model, place.layer)
                                        : mlp_bias_offset(model, place.layer);
}

/* All places of the first `kinds` kinds, in the order of a file; how many. */
static size_t places_list(const struct mlp_model *model, int kinds,
                          struct place places[TENSORS_MAX]) {
    size_t count = 0;
    for (int k = 0; k < kinds; k++)
        for (int l = 0; l < model->layers; l++)
            for (int p = 0; p < WEIGHTS_PARTS; p++)
                places[count++] = (struct place){k, l, p};
    return count;
}

/* --- saving ----------------------------------------------------------------------------------- */

enum status weights_save(const char *path, const struct mlp_model *model,
                         const struct weights *weights, struct message *message) {
    const float *const kinds[] = {weights->parameters, weights->first_moment,
                                  weights->second_moment};
    struct place places[TENSORS_MAX];
    struct safetensor tensors[TENSORS_MAX];
    char names[TENSORS_MAX][NAME_BYTES], layers[256], epochs[24], steps[24], seed[24];
    size_t count = places_list(model, 1 + weights_moments((int)model->optimizer), places);
    for (size_t i = 0; i < count; i++) {
        tensor_name(places[i], names[i]);
        tensors[i] = tensor_of(model, places[i]);
        tensors[i].name = names[i];
        tensors[i].values = kinds[places[i].kind] + offset_of(model, places[i]);
    }
    mlp_layers_format(model, layers, sizeof layers);
    snprintf(epochs, sizeof epochs, "%" PRId64, weights->epochs);
    snprintf(steps, sizeof steps, "%" PRId64, weights->steps);
    snprintf(seed, sizeof seed, "%" PRIu64, weights->seed);
    const struct safetensors_text texts[] = {
        {"format", "pt"},
        {"layers", layers},
        {"activation", activation_function_name(model->hidden)},
        {"optimizer", optimizer_names[model->optimizer]},
        {"epochs", epochs},
        {"steps", steps},
        {"seed", seed}};
    return safetensors_write(path, tensors, count, texts, sizeof texts / sizeof texts[0], message);
}

/* --- loading: the texts ----------------------------------------------------------------------- */

/* The number of a name, or WEIGHTS_UNKNOWN. */
static int activation_find(const char *name) {
    for (int i = 0; i < ACTIVATION_FUNCTIONS; i++)
        if (strcmp(activation_function_name((enum activation_function)i), name) == 0)
            return i;
    return WEIGHTS_UNKNOWN;
}

static int optimizer_find(const char *name) {
    for (int i = 0; i <= OPTIMIZER_ADAM; i++)
        if (strcmp(optimizer_names[i], name) == 0)
            return i;
    return WEIGHTS_UNKNOWN;
}

static bool whole_read(const char *text, int64_t *number) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *number = value;
    return end != text && *end == '\0' && errno == 0 && value >= 0;
}

/* What the texts say. Another program may leave out any of them. */
static enum status texts_take(const char *path, const struct safetensors *parsed,
                              struct weights_file *file, struct message *message) {
    const char *layers = safetensors_text(parsed, "layers");
    const char *activation = safetensors_text(parsed, "activation");
    const char *optimizer = safetensors_text(parsed, "optimizer");
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {{"epochs", &file->epochs}, {"steps", &file->steps}, {"seed", &file->seed}};
    *file =
        (struct weights_file){.hidden = activation ? activation_find(activation) : WEIGHTS_UNKNOWN,
                              .optimizer = optimizer ? optimizer_find(optimizer) : WEIGHTS_UNKNOWN,
                              .seed = WEIGHTS_UNKNOWN};
    if ((activation && file->hidden == WEIGHTS_UNKNOWN) ||
        (optimizer && file->optimizer == WEIGHTS_UNKNOWN))
        return message_set(message, STATUS_INVALID,
                           "weights %s are of another version: activation '%.40s', optimizer "
                           "'%.40s'",
                           path, activation ? activation : "", optimizer ? optimizer : "");
    snprintf(file->layers, sizeof file->layers, "%s", layers ? layers : "");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *text = safetensors_text(parsed, numbers[i].name);
        if (text && !whole_read(text, numbers[i].number))
            return message_set(message, STATUS_INVALID,
                               "weights %s are damaged: '%.40s' is not a number of %s", path, text,
                               numbers[i].name);
    }
    return STATUS_OK;
}

/* --- loading: the tensors --------------------------------------------------------------------- */

static enum status model_check(const char *path, const struct weights_file *file,
                               const struct mlp_model *model, struct message *message) {
    char wants[256];
    mlp_layers_format(model, wants, sizeof wants);
    if (*file->layers && strcmp(file->layers, wants) != 0)
        return message_set(message, STATUS_INVALID,
                           "weights %s are of a network %s, not %s; call with --layers %s", path,
                           file->layers, wants, file->layers);
    if (file->hidden == WEIGHTS_UNKNOWN || file->hidden == (int)model->hidden)
        return STATUS_OK;
    const char *hidden = activation_function_name((enum activation_function)file->hidden);
    return message_set(message, STATUS_INVALID,
                       "weights %s were trained with %s, not %s; call with --activation %s", path,
                       hidden, activation_function_name(model->hidden), hidden);
}

/* "[3, 6]" or "[3]". */
static void shape_format(const struct safetensor *tensor, char *text, size_t size) {
    if (tensor->dimensions == 2)
        snprintf(text, size, "[%" PRId64 ", %" PRId64 "]", tensor->shape[0], tensor->shape[1]);
    else
        snprintf(text, size, "[%" PRId64 "]", tensor->shape[0]);
}

/* Finds the tensor of a place, which the file must have. */
static enum status tensor_take(const char *path, const struct safetensors *parsed,
                               const struct mlp_model *model, struct place place,
                               struct weights_file *file, struct message *message) {
    char name[NAME_BYTES], has[64], wants[64];
    tensor_name(place, name);
    const struct safetensor wanted = tensor_of(model, place);
    const struct safetensor *found = safetensors_find(parsed, name);
    if (!found)
        return message_set(message, STATUS_INVALID, "weights %s have no tensor '%s'", path, name);
    shape_format(found, has, sizeof has);
    shape_format(&wanted, wants, sizeof wants);
    if (strcmp(has, wants) != 0)
        return message_set(message, STATUS_INVALID,
                           "tensor '%s' of weights %s is %s, and the network wants %s; see "
                           "--layers",
                           name, path, has, wants);
    file->values[place.kind][place.layer][place.part] = found->values;
    return STATUS_OK;
}

/* The first tensor that no network of these layers has, or NULL. */
static const char *stranger_find(const struct safetensors *parsed, const struct mlp_model *model) {
    struct place places[TENSORS_MAX];
    size_t count = places_list(model, WEIGHTS_KINDS, places);
    for (size_t i = 0; i < parsed->count; i++) {
        bool known = false;
        for (size_t p = 0; p < count && !known; p++) {
            char name[NAME_BYTES];
            tensor_name(places[p], name);
            known = strcmp(parsed->tensors[i].name, name) == 0;
        }
        if (!known)
            return parsed->tensors[i].name;
    }
    return NULL;
}

static enum status tensors_take(const char *path, const struct safetensors *parsed,
                                const struct mlp_model *model, struct weights_file *file,
                                struct message *message) {
    struct place places[TENSORS_MAX];
    size_t count = places_list(model, 1 + weights_moments(file->optimizer), places);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = tensor_take(path, parsed, model, places[i], file, message);
    const char *stranger = status == STATUS_OK ? stranger_find(parsed, model) : NULL;
    if (stranger)
        status = message_set(message, STATUS_INVALID,
                             "tensor '%.60s' of weights %s is of another network", stranger, path);
    return status;
}

/* --- loading: the whole ----------------------------------------------------------------------- */

/* The values of one kind; its gaps become zero. */
static void kind_copy(const struct weights_file *file, const struct mlp_model *model, int kind,
                      float *to) {
    memset(to, 0, (size_t)mlp_parameter_count(model) * sizeof *to);
    struct place places[TENSORS_MAX];
    size_t count = places_list(model, 1, places);
    for (size_t i = 0; i < count; i++) {
        const struct safetensor tensor = tensor_of(model, places[i]);
        memcpy(to + offset_of(model, places[i]),
               file->values[kind][places[i].layer][places[i].part], safetensor_bytes(&tensor));
    }
}

static void file_take(const struct weights_file *file, const struct mlp_model *model,
                      struct weights *weights, bool *moments_lost) {
    float *const kinds[] = {weights->parameters, weights->first_moment, weights->second_moment};
    *moments_lost = file->optimizer != (int)model->optimizer;
    kind_copy(file, model, WEIGHTS_PARAMETERS, weights->parameters);
    for (int kind = 1; kind <= weights_moments((int)model->optimizer); kind++)
        if (*moments_lost)
            memset(kinds[kind], 0, (size_t)mlp_parameter_count(model) * sizeof *kinds[kind]);
        else
            kind_copy(file, model, kind, kinds[kind]);
    weights->epochs = file->epochs;
    weights->steps = *moments_lost ? 0 : file->steps;
    if (file->seed != WEIGHTS_UNKNOWN)
        weights->seed = (uint64_t)file->seed;
}

static enum status named_load(const char *path, const char *bytes, size_t size,
                              const struct mlp_model *model, struct weights_file *file,
                              struct message *message) {
    struct safetensors parsed;
    enum status status = safetensors_parse(path, bytes, size, &parsed, message);
    if (status != STATUS_OK)
        return status;
    status = texts_take(path, &parsed, file, message);
    if (status == STATUS_OK)
        status = model_check(path, file, model, message);
    if (status == STATUS_OK)
        status = tensors_take(path, &parsed, model, file, message);
    safetensors_release(&parsed);
    return status;
}

enum status weights_load(const char *path, const struct mlp_model *model, struct weights *weights,
                         bool *moments_lost, struct message *message) {
    char *bytes;
    size_t size;
    struct weights_file file;
    enum status status = file_read_named(path, file_bytes_max, &bytes, &size, message);
    if (status == STATUS_OK && weights_former_is(bytes, size)) {
        status = weights_former_parse(path, bytes, size, &file, message);
        if (status == STATUS_OK)
            status = model_check(path, &file, model, message);
    } else if (status == STATUS_OK) {
        status = named_load(path, bytes, size, model, &file, message);
    }
    if (status == STATUS_OK)
        file_take(&file, model, weights, moments_lost);
    free(bytes);
    return status;
}
