/* Weights on disk: what is saved is loaded, every damage is named, files of the safetensors package
 * and of earlier versions are read. */
#include "bench/training/safetensors.h"
#include "bench/training/weights.h"
#include "common/files.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

/* A network of two layers, and room for its numbers. */
struct network {
    struct temporary folder;
    char path[512];
    struct mlp_model model;
    struct weights weights;
    size_t count; /* floats of one kind */
    struct message message;
};

static void network_resize(struct network *network, const char *layers) {
    free(network->weights.parameters);
    free(network->weights.first_moment);
    free(network->weights.second_moment);
    assert_int_equal(mlp_layers_parse(layers, &network->model, &network->message), STATUS_OK);
    network->count = (size_t)mlp_parameter_count(&network->model);
    network->weights.parameters = calloc(network->count, sizeof(float));
    network->weights.first_moment = calloc(network->count, sizeof(float));
    network->weights.second_moment = calloc(network->count, sizeof(float));
}

static int network_open(void **state) {
    struct network *network = calloc(1, sizeof *network);
    temporary_open(&network->folder);
    snprintf(network->path, sizeof network->path, "%s",
             temporary_path(&network->folder, "weights"));
    mlp_model_defaults(&network->model);
    network_resize(network, "6-3-2");
    *state = network;
    return 0;
}

static int network_close(void **state) {
    struct network *network = *state;
    temporary_close(&network->folder);
    free(network->weights.parameters);
    free(network->weights.first_moment);
    free(network->weights.second_moment);
    free(network);
    return 0;
}

#define TEST_WITH_NETWORK(test) TEST_BETWEEN(test, network_open, network_close)

/* Other numbers for every tensor, zeros between them. */
static void network_fill(struct network *network) {
    float *const kinds[] = {network->weights.parameters, network->weights.first_moment,
                            network->weights.second_moment};
    for (uint64_t k = 0; k < 3; k++)
        mlp_parameters_initialise(&network->model, 10 + k, kinds[k]);
    network->weights.epochs = 7;
    network->weights.steps = 4711;
    network->weights.seed = 42;
}

static void save(struct network *network) {
    if (weights_save(network->path, &network->model, &network->weights, &network->message) !=
        STATUS_OK)
        fail_msg("%s", network->message.text);
}

/* Into buffers full of what was never saved. */
static enum status load_from(struct network *network, const char *path, bool *lost) {
    float *const kinds[] = {network->weights.parameters, network->weights.first_moment,
                            network->weights.second_moment};
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < network->count; i++)
            kinds[k][i] = -9.0F;
    network->weights.epochs = network->weights.steps = -9;
    network->weights.seed = 9;
    network->message.text[0] = '\0';
    return weights_load(path, &network->model, &network->weights, lost, &network->message);
}

static enum status load(struct network *network) {
    bool lost;
    return load_from(network, network->path, &lost);
}

static bool is_untouched(const struct network *network) {
    for (size_t i = 0; i < network->count; i++)
        if (network->weights.parameters[i] != -9.0F || network->weights.first_moment[i] != -9.0F)
            return false;
    return network->weights.epochs == -9;
}

static void check_refused(struct network *network, const char *words) {
    if (load(network) != STATUS_INVALID || !strstr(network->message.text, words))
        fail_msg("\"%s\" should hold \"%s\"", network->message.text, words);
    if (!strstr(network->message.text, network->path))
        fail_msg("\"%s\" should name %s", network->message.text, network->path);
    assert_true(is_untouched(network));
}

/* --- saved and loaded ------------------------------------------------------------------------- */

TEST_WITH_NETWORK(what_is_saved_is_loaded) {
    struct network *network = *state;
    static const enum optimizer_variant optimizers[] = {OPTIMIZER_SGD, OPTIMIZER_SGD_MOMENTUM,
                                                        OPTIMIZER_ADAM};
    for (size_t o = 0; o < 3; o++) {
        network->model.optimizer = optimizers[o];
        network_fill(network);
        float *kept[3];
        float *const kinds[] = {network->weights.parameters, network->weights.first_moment,
                                network->weights.second_moment};
        for (int k = 0; k < 3; k++) {
            kept[k] = malloc(network->count * sizeof(float));
            memcpy(kept[k], kinds[k], network->count * sizeof(float));
        }
        save(network);
        bool lost = true;
        assert_int_equal(load_from(network, network->path, &lost), STATUS_OK);
        assert_false(lost);
        assert_int_equal(network->weights.epochs, 7);
        assert_int_equal(network->weights.steps, 4711);
        assert_int_equal(network->weights.seed, 42);
        for (size_t k = 0; k <= o; k++) /* no moment, one, two */
            assert_memory_equal(kinds[k], kept[k], network->count * sizeof(float));
        for (int k = 0; k < 3; k++)
            free(kept[k]);
    }
}

TEST_WITH_NETWORK(another_optimizer_takes_the_parameters_alone) {
    struct network *network = *state;
    network->model.optimizer = OPTIMIZER_SGD_MOMENTUM;
    network_fill(network);
    save(network);
    network->model.optimizer = OPTIMIZER_ADAM;
    bool lost = false;
    assert_int_equal(load_from(network, network->path, &lost), STATUS_OK);
    assert_true(lost);
    assert_int_equal(network->weights.epochs, 7);
    assert_int_equal(network->weights.steps, 0);
    for (size_t i = 0; i < network->count; i++)
        assert_true(network->weights.first_moment[i] == 0.0F &&
                    network->weights.second_moment[i] == 0.0F);
    assert_true(network->weights.parameters[0] != 0.0F && network->weights.parameters[0] != -9.0F);
}

/* The header begins at a fixed place with what is documented, and the data at a multiple of 8. */
TEST_WITH_NETWORK(the_file_is_safetensors) {
    struct network *network = *state;
    char *bytes;
    size_t size;
    uint64_t length;
    network_fill(network);
    save(network);
    assert_int_equal(file_read(network->path, 1 << 20, &bytes, &size, &network->message),
                     STATUS_OK);
    memcpy(&length, bytes, sizeof length);
    assert_int_equal((8 + length) % 8, 0);
    assert_int_equal(size, 8 + length + 3 * (6 * 3 + 3 + 3 * 2 + 2) * sizeof(float));
    cJSON *header = cJSON_ParseWithLength(bytes + 8, length);
    const cJSON *texts = cJSON_GetObjectItemCaseSensitive(header, "__metadata__");
    static const char *const said[][2] = {
        {"format", "pt"}, {"layers", "6-3-2"}, {"activation", "relu"}, {"optimizer", "adam"},
        {"epochs", "7"},  {"steps", "4711"},   {"seed", "42"},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        assert_string_equal(
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, said[i][0])), said[i][1]);
    const cJSON *tensor = cJSON_GetObjectItemCaseSensitive(header, "second_moment.2.weight");
    char *printed = cJSON_PrintUnformatted(tensor);
    assert_string_equal(printed, "{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[316,340]}");
    assert_memory_equal(bytes + 8 + length + 316,
                        network->weights.second_moment + mlp_weight_offset(&network->model, 1), 24);
    cJSON_free(printed);
    cJSON_Delete(header);
    free(bytes);
}

/* --- files of others -------------------------------------------------------------------------- */

/* Written by the Python package: parameters that count up from 1, 101, 201 and 301, no texts. */
TEST_WITH_NETWORK(a_file_of_the_package_is_loaded) {
    struct network *network = *state;
    bool lost = false;
    if (load_from(network, "tests/data/weights/package-6-3-2.safetensors", &lost) != STATUS_OK)
        fail_msg("%s", network->message.text);
    assert_true(lost);
    assert_int_equal(network->weights.epochs, 0);
    assert_int_equal(network->weights.steps, 0);
    assert_int_equal(network->weights.seed, 9); /* the file names none */
    const struct mlp_model *model = &network->model;
    const struct {
        int64_t offset, count;
        float first;
    } tensors[] = {{mlp_weight_offset(model, 0), 18, 1.0F},
                   {mlp_bias_offset(model, 0), 3, 101.0F},
                   {mlp_weight_offset(model, 1), 6, 201.0F},
                   {mlp_bias_offset(model, 1), 2, 301.0F}};
    for (size_t t = 0; t < 4; t++)
        for (int64_t i = 0; i < tensors[t].count; i++)
            assert_true(network->weights.parameters[tensors[t].offset + i] ==
                        tensors[t].first + (float)i);
}

/* Written by a version that had a format of its own: 6-3-2, relu, adam, two epochs of 12 steps. */
TEST_WITH_NETWORK(a_file_of_an_earlier_version_is_loaded) {
    struct network *network = *state;
    static const char path[] = "tests/data/weights/former-6-3-2.weights";
    enum { BEGIN = 40 + 3 * 8, KIND = (18 + 3 + 6 + 2) * 4 };
    char *bytes;
    size_t size;
    bool lost = true;
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, &network->message), STATUS_OK);
    assert_int_equal(size, BEGIN + 3 * KIND + 4);
    if (load_from(network, path, &lost) != STATUS_OK)
        fail_msg("%s", network->message.text);
    assert_false(lost);
    assert_int_equal(network->weights.epochs, 2);
    assert_int_equal(network->weights.steps, 24);
    const int64_t bias = mlp_bias_offset(&network->model, 1);
    assert_memory_equal(network->weights.parameters, bytes + BEGIN, 18 * 4);
    assert_memory_equal(network->weights.parameters + bias, bytes + BEGIN + KIND - 8, 8);
    assert_memory_equal(network->weights.second_moment + bias, bytes + BEGIN + 3 * KIND - 8, 8);
    /* Its damages are found as before. */
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        file_write(network->path, bytes, size);
        assert_int_equal(load(network), STATUS_INVALID);
        bytes[i] ^= 0x10;
        file_write(network->path, bytes, i);
        assert_int_equal(load(network), STATUS_INVALID);
        assert_true(is_untouched(network));
    }
    char *longer = calloc(1, size + 1);
    memcpy(longer, bytes, size);
    file_write(network->path, longer, size + 1);
    check_refused(network, "too long");
    network_resize(network, "6-4-2");
    file_write(network->path, bytes, size);
    check_refused(network, "call with --layers 6-3-2");
    free(longer);
    free(bytes);
}

/* Numbers that no version wrote, with the checksum that belongs to them. */
TEST_WITH_NETWORK(a_former_header_is_checked) {
    struct network *network = *state;
    static const struct {
        size_t offset, bytes;
        uint64_t value;
    } wrongs[] = {{8, 4, 2},   {12, 4, 0},        {12, 4, 17},         {12, 4, UINT32_MAX},
                  {16, 4, 99}, {20, 4, 3},        {24, 8, UINT64_MAX}, {32, 8, UINT64_MAX},
                  {40, 8, 0},  {40, 8, 1u << 25}, {48, 8, UINT64_MAX}};
    char *bytes;
    size_t size;
    assert_int_equal(file_read("tests/data/weights/former-6-3-2.weights", 1 << 20, &bytes, &size,
                               &network->message),
                     STATUS_OK);
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        char *changed = malloc(size);
        memcpy(changed, bytes, size);
        memcpy(changed + wrongs[i].offset, &wrongs[i].value, wrongs[i].bytes);
        uint32_t sum = (uint32_t)crc32_z(0, (const unsigned char *)changed, size - 4);
        memcpy(changed + size - 4, &sum, 4);
        file_write(network->path, changed, size);
        check_refused(network, "damaged or truncated in their header");
        free(changed);
    }
    free(bytes);
}

/* --- damaged files ---------------------------------------------------------------------------- */

/* Any byte that is changed, and any length, is noticed, or what is loaded is what was saved: the
 * name of the checksum itself may go. */
TEST_WITH_NETWORK(any_damage_is_noticed) {
    struct network *network = *state;
    char *bytes;
    size_t size, passed = 0;
    network_fill(network);
    save(network);
    float *kept = malloc(network->count * sizeof(float));
    memcpy(kept, network->weights.parameters, network->count * sizeof(float));
    assert_int_equal(file_read(network->path, 1 << 20, &bytes, &size, &network->message),
                     STATUS_OK);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        file_write(network->path, bytes, size);
        bytes[i] ^= 0x10;
        if (load(network) == STATUS_OK) {
            passed++;
            assert_memory_equal(network->weights.parameters, kept, network->count * sizeof(float));
            assert_int_equal(network->weights.steps, 4711);
        } else {
            assert_non_null(strstr(network->message.text, network->path));
            assert_true(is_untouched(network));
        }
        file_write(network->path, bytes, i);
        assert_int_equal(load(network), STATUS_INVALID);
        assert_true(is_untouched(network));
    }
    assert_in_range(passed, 0, strlen("crc32"));
    char *longer = calloc(1, size + 1);
    memcpy(longer, bytes, size);
    file_write(network->path, longer, size + 1);
    check_refused(network, "1 bytes follow its last tensor");
    free(longer);
    free(bytes);
    free(kept);
}

/* A file of that header, and of `data` bytes behind it. */
static void file_make(struct network *network, const char *header, size_t data) {
    size_t length = strlen(header);
    uint64_t prefix = length;
    char *bytes = calloc(1, 8 + length + 1 + data);
    memcpy(bytes, &prefix, sizeof prefix);
    memcpy(bytes + 8, header, length + 1); /* its NUL is of the data, or not written */
    file_write(network->path, bytes, 8 + length + data);
    free(bytes);
}

#define TENSOR(name, shape, begin, end)                                                            \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"
#define A TENSOR("0.weight", "[3,6]", 0, 72)
#define B TENSOR("0.bias", "[3]", 72, 84)
#define C TENSOR("2.weight", "[2,3]", 84, 108)
#define D TENSOR("2.bias", "[2]", 108, 116)

/* Headers, the bytes of data behind them, and what is said of both. */
static const struct {
    const char *header;
    size_t data;
    const char *says;
} wrongs[] = {
    {"[]", 0, "is not a safetensors file"},
    {"{" A "," B "," C "," D, 116, "not JSON"},
    {"{" A "," B "," C "," D "} x", 116, "not JSON"},
    {"{" A "," B "," C "," D "}", 115, "truncated: tensor '2.bias' ends at byte 116"},
    {"{" A "," B "," C "," D "}", 117, "1 bytes follow its last tensor"},
    {"{" A "," B "," C "}", 116, "8 bytes follow its last tensor"},
    {"{" A "," B "," C "}", 108, "have no tensor '2.bias'"},
    {"{" A "," B "," C "," D "," A "}", 116, "the name '0.weight' twice"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2]", 104, 112) "}", 112,
     "the tensors '2.weight' and '2.bias' overlap"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2]", 112, 120) "}", 120,
     "bytes 108 to 112 of its data are of no tensor"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[3]", 108, 116) "}", 116,
     "its offsets and its shape do not agree"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2]", 116, 108) "}", 116,
     "its offsets are not a beginning and an end"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2]", 108, 1e300) "}", 116,
     "its offsets are not a beginning and an end"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2]", 108.5, 116.5) "}", 117,
     "its offsets are not a beginning and an end"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2,1,1]", 108, 116) "}", 116,
     "its shape is not one or two sizes"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[-2]", 108, 116) "}", 116,
     "its shape is not one or two sizes"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[4294967298]", 108, 116) "}", 116,
     "its shape is not one or two sizes"},
    {"{" A "," B "," C "," TENSOR("2.bias", "2", 108, 116) "}", 116,
     "its shape is not one or two sizes"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2,1]", 108, 116) "}", 116,
     "is [2, 1], and the network wants [2]"},
    {"{" A "," B "," C "," TENSOR("2.bias", "[2,0]", 108, 108) "}", 108,
     "is [2, 0], and the network wants [2]"},
    {"{" B "," C "," D "," TENSOR("0.weight", "[6,3]", 0, 72) "}", 116,
     "is [6, 3], and the network wants [3, 6]"},
    {"{" A "," B "," C "," TENSOR("2.bias", "{\"a\":2}", 108, 116) "}", 116,
     "its shape is not one or two sizes"},
    {"{\"__metadata__\":{\"crc32\":\"\"}}", 0, "its CRC-32 is"},
    {"{" A "," B "," C ",\"2.bias\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[108,"
     "116]}}",
     116, "has dtype 'F16'; lockstep trains F32"},
    {"{" A "," B "," C ",\"2.bias\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[108,116]}}", 116,
     "it has not just dtype, shape and data_offsets"},
    {"{" A "," B "," C ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[108,116],"
     "\"more\":1}}",
     116, "it has not just dtype, shape and data_offsets"},
    {"{" A "," B "," C ",\"2.bias\":[]}", 108, "it has not just dtype, shape and data_offsets"},
    {"{" A "," B "," C "," D "," TENSOR("4.bias", "[1]", 116, 120) "}", 120, "tensor '4.bias'"},
    {"{\"__metadata__\":[]," A "," B "," C "," D "}", 116, "its __metadata__ is not an object"},
    {"{\"__metadata__\":{\"epochs\":1}," A "," B "," C "," D "}", 116,
     "the text 'epochs' is not a string"},
    {"{\"__metadata__\":{\"epochs\":\"1\",\"epochs\":\"2\"}," A "," B "," C "," D "}", 116,
     "the name 'epochs' twice"},
    {"{\"__metadata__\":{\"epochs\":\"-1\"}," A "," B "," C "," D "}", 116,
     "'-1' is not a number of epochs"},
    {"{\"__metadata__\":{\"crc32\":\"00000000\"}," A "," B "," C "," D "}", 116, "its CRC-32 is"},
    {"{\"__metadata__\":{\"crc32\":\"\"}," A "," B "," C "," D "}", 116, "its CRC-32 is"},
    {"{\"__metadata__\":{\"layers\":\"6-4-2\"}," A "," B "," C "," D "}", 116,
     "call with --layers 6-4-2"},
    {"{\"__metadata__\":{\"activation\":\"silu\"}," A "," B "," C "," D "}", 116,
     "call with --activation silu"},
    {"{\"__metadata__\":{\"activation\":\"swish\"}," A "," B "," C "," D "}", 116, "'swish'"},
    {"{\"__metadata__\":{\"optimizer\":\"lion\"}," A "," B "," C "," D "}", 116, "'lion'"},
    {"{\"__metadata__\":{\"optimizer\":\"adam\"}," A "," B "," C "," D "}", 116,
     "have no tensor 'first_moment.0.weight'"},
};

TEST_WITH_NETWORK(every_damage_is_named) {
    struct network *network = *state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        file_make(network, wrongs[i].header, wrongs[i].data);
        check_refused(network, wrongs[i].says);
    }
    file_make(network, "{" D "," B "," A "," C "}   \n", 116); /* in any order, with blanks */
    assert_int_equal(load(network), STATUS_OK);
    file_write_text(network->path, "");
    check_refused(network, "is not a safetensors file");
    file_write_text(network->path, "my notes, longer than a header's length");
    check_refused(network, "is not a safetensors file");
}

/* A header of so many names, none of which is a tensor. */
static void names_make(struct network *network, int count) {
    char header[4096];
    size_t used = 0;
    for (int i = 0; i < count; i++)
        used += (size_t)sprintf(header + used, "%c\"%d\":0", i ? ',' : '{', i);
    sprintf(header + used, "}");
    file_make(network, header, 0);
}

/* A header of so many bytes, or of so many tensors, is not one of a network. */
TEST_WITH_NETWORK(a_header_has_its_limits) {
    struct network *network = *state;
    enum { LARGE = 2 << 20 };
    char *header = malloc(LARGE + 1);
    memset(header, ' ', LARGE);
    header[LARGE] = '\0';
    header[0] = '{';
    header[1] = '}';
    file_make(network, header, 0);
    check_refused(network, "is not a safetensors file");
    names_make(network, 257);
    check_refused(network, "has 257 names, and a network has at most 256");
    names_make(network, 256);
    check_refused(network, "tensor '0'");
    memset(header, '[', 2000);
    memcpy(header, "{\"a\":", 5);
    header[2000] = '\0';
    file_make(network, header, 0);
    check_refused(network, "not JSON");
    free(header);
}

TEST_WITH_NETWORK(weights_of_another_network_are_refused) {
    struct network *network = *state;
    network_fill(network);
    save(network);
    network->model.hidden = ACTIVATION_SILU;
    check_refused(network, "call with --activation relu");
    network->model.hidden = ACTIVATION_RELU;
    network_resize(network, "6-4-2");
    check_refused(network, "call with --layers 6-3-2");
    remove(network->path);
    assert_int_equal(load(network), STATUS_INVALID);
}

/* Where the new file cannot be made, the old one is still there: a limit on the size of files
 * stands for a full disk. */
TEST_WITH_NETWORK(a_failed_write_leaves_the_old_weights) {
    struct network *network = *state;
    struct rlimit limit, small;
    network_fill(network);
    save(network);
    network->weights.epochs = 8;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){.rlim_cur = 60, .rlim_max = limit.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status =
        weights_save(network->path, &network->model, &network->weights, &network->message);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, STATUS_IO);
    assert_non_null(strstr(network->message.text, "File too large"));
    assert_int_equal(load(network), STATUS_OK);
    assert_int_equal(network->weights.epochs, 7);
}
