/* Reading IDX files strictly, and making data where there is none. */
#include "bench/training/dataset.h"

#include "common/random.h"
#include "reference/simd/simd.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

const char *const dataset_default_directory = "/usr/share/datasets/fashion-mnist";

enum {
    PATH_BYTES = 512,
    IDX_UNSIGNED_BYTE = 8,
    IDX_DIMENSIONS_MAX = 3,
    ITEMS_MAX = 100000000, /* MNIST has 60,000: a larger number is a damaged header */
    SIDE_MAX = 4096        /* pixels */
};

/* --- finding a file --------------------------------------------------------------------------- */

/* The four files: with the usual name "train-images" goes "idx3-ubyte", after a dash or a dot. */
struct file_name {
    const char *stem, *suffix;
};

static const struct file_name train_images = {"train-images", "idx3-ubyte"};
static const struct file_name train_labels = {"train-labels", "idx1-ubyte"};
static const struct file_name test_images = {"t10k-images", "idx3-ubyte"};
static const struct file_name test_labels = {"t10k-labels", "idx1-ubyte"};

static enum status path_find(const char *directory, const struct file_name *name,
                             char path[PATH_BYTES], struct message *message) {
    static const struct {
        const char *separator, *extension;
    } spellings[] = {{"-", ""}, {"-", ".gz"}, {".", ""}, {".", ".gz"}};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        int length = snprintf(path, PATH_BYTES, "%s/%s%s%s%s", directory, name->stem,
                              spellings[i].separator, name->suffix, spellings[i].extension);
        if (length < 0 || length >= PATH_BYTES)
            return message_set(message, STATUS_INVALID,
                               "the name of the data directory '%.64s…' is too long", directory);
        if (access(path, F_OK) == 0)
            return STATUS_OK;
    }
    return message_set(message, STATUS_IO,
                       "cannot find %s-%s (or .gz) in '%s': %s; give a directory with MNIST's file "
                       "names by --data, install the Debian package dataset-fashion-mnist (make "
                       "deps), or try --data synthetic",
                       name->stem, name->suffix, directory, strerror(errno));
}

/* --- one IDX file ----------------------------------------------------------------------------- */

/* A file that is being read; `bytes` is how far. */
struct idx {
    gzFile file;
    const char *path;
    int64_t bytes;
    int64_t sizes[IDX_DIMENSIONS_MAX];
};

/* A damaged file is a wrong file, as a truncated one is. The system's own errors are others. */
static enum status damage_status(int code) {
    return code == Z_ERRNO ? STATUS_IO : STATUS_INVALID;
}

/* zlib reads at most INT_MAX at once; a piece of 64 MiB also keeps a damaged count from asking for
 * more than there is. */
static enum status idx_read(struct idx *idx, uint8_t *to, int64_t count, int64_t expected,
                            struct message *message) {
    const int64_t piece = INT64_C(1) << 26;
    for (int64_t done = 0; done < count;) {
        int64_t wanted = count - done < piece ? count - done : piece;
        int got = gzread(idx->file, to + done, (unsigned)wanted);
        if (got > 0) {
            done += got;
            idx->bytes += got;
        }
        if (got == wanted)
            continue;
        int code;
        const char *error = gzerror(idx->file, &code);
        if (got < 0 && code != Z_BUF_ERROR)
            return message_set(message, damage_status(code),
                               "cannot read %s: %s after %lld bytes; the file is damaged, fetch it "
                               "again",
                               idx->path, code == Z_ERRNO ? strerror(errno) : error,
                               (long long)idx->bytes);
        return message_set(message, STATUS_INVALID,
                           "%s is truncated: %lld bytes of data, its header asks for %lld; fetch "
                           "it again",
                           idx->path, (long long)idx->bytes, (long long)expected);
    }
    return STATUS_OK;
}

static int64_t big_endian(const uint8_t bytes[4]) {
    return (int64_t)bytes[0] << 24 | (int64_t)bytes[1] << 16 | (int64_t)bytes[2] << 8 |
           (int64_t)bytes[3];
}

/* Reads the header and checks that it has `dimensions` of a size that makes sense. */
static enum status idx_header(struct idx *idx, int dimensions, struct message *message) {
    uint8_t header[4 + 4 * IDX_DIMENSIONS_MAX];
    int64_t length = 4 + 4 * dimensions;
    enum status status = idx_read(idx, header, 4, length, message);
    if (status != STATUS_OK)
        return status;
    if (header[0] != 0 || header[1] != 0)
        return message_set(message, STATUS_INVALID,
                           "%s is not an IDX file: it starts with %02x %02x %02x %02x, expected 00 "
                           "00 08 %02x",
                           idx->path, header[0], header[1], header[2], header[3], dimensions);
    if (header[2] != IDX_UNSIGNED_BYTE || header[3] != dimensions)
        return message_set(message, STATUS_INVALID,
                           "%s holds elements of type 0x%02x in %d dimensions, expected 0x08 "
                           "(unsigned bytes) in %d",
                           idx->path, header[2], header[3], dimensions);
    status = idx_read(idx, header + 4, length - 4, length, message);
    if (status != STATUS_OK)
        return status;
    for (int d = 0; d < IDX_DIMENSIONS_MAX; d++) {
        idx->sizes[d] = d < dimensions ? big_endian(header + 4 + 4 * (size_t)d) : 1;
        int64_t most = d == 0 ? ITEMS_MAX : SIDE_MAX;
        if (idx->sizes[d] > most)
            return message_set(message, STATUS_INVALID,
                               "%s has %lld as size of dimension %d, expected at most %lld",
                               idx->path, (long long)idx->sizes[d], d + 1, (long long)most);
    }
    return STATUS_OK;
}

/* Nothing may follow; a gzipped file's checksum is read and compared on the way. */
static enum status idx_end(struct idx *idx, struct message *message) {
    uint8_t extra;
    int got = gzread(idx->file, &extra, 1);
    if (got > 0)
        return message_set(message, STATUS_INVALID,
                           "%s goes on after the %lld bytes that its header describes; it is "
                           "damaged or of another kind",
                           idx->path, (long long)idx->bytes);
    int code;
    const char *error = gzerror(idx->file, &code);
    if (got < 0 || code != Z_OK)
        return message_set(message, damage_status(code),
                           "cannot read the end of %s: %s; the file is damaged, fetch it again",
                           idx->path, code == Z_ERRNO ? strerror(errno) : error);
    return STATUS_OK;
}

/* Everything after the header, and nothing after that. */
static enum status idx_elements(struct idx *idx, uint8_t **elements, struct message *message) {
    int64_t count = idx->sizes[0] * idx->sizes[1] * idx->sizes[2];
    if (count < 1)
        return message_set(message, STATUS_INVALID,
                           "%s holds nothing: its header gives the sizes %lldx%lldx%lld", idx->path,
                           (long long)idx->sizes[0], (long long)idx->sizes[1],
                           (long long)idx->sizes[2]);
    uint8_t *bytes = calloc((size_t)count, 1);
    if (!bytes)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the %lld bytes of %s",
                           (long long)count, idx->path);
    enum status status = idx_read(idx, bytes, count, idx->bytes + count, message);
    if (status == STATUS_OK)
        status = idx_end(idx, message);
    if (status != STATUS_OK) {
        free(bytes);
        return status;
    }
    *elements = bytes;
    return STATUS_OK;
}

/* Reads a file of `dimensions`; on success the caller owns *elements. */
static enum status idx_file(const char *path, int dimensions, int64_t sizes[IDX_DIMENSIONS_MAX],
                            uint8_t **elements, struct message *message) {
    struct idx idx = {.path = path, .file = gzopen(path, "rb")};
    if (!idx.file)
        return message_set(message, STATUS_IO, "cannot open %s: %s", path, strerror(errno));
    enum status status = idx_header(&idx, dimensions, message);
    if (status == STATUS_OK)
        status = idx_elements(&idx, elements, message);
    gzclose_r(idx.file);
    memcpy(sizes, idx.sizes, sizeof idx.sizes);
    return status;
}

/* --- a data set ------------------------------------------------------------------------------- */

static enum status labels_check(const char *path, const struct dataset_split *split,
                                struct message *message) {
    for (int64_t i = 0; i < split->count; i++)
        if (split->labels[i] >= DATASET_CLASSES)
            return message_set(message, STATUS_INVALID,
                               "%s has label %d at item %lld, expected 0 "
                               "to %d",
                               path, split->labels[i], (long long)i, DATASET_CLASSES - 1);
    return STATUS_OK;
}

/* Fills a split; `sides` are the height and width of its images. */
static enum status split_read(const char *directory, const struct file_name *images,
                              const struct file_name *labels, struct dataset_split *split,
                              int64_t sides[2], struct message *message) {
    char path[PATH_BYTES], label_path[PATH_BYTES];
    int64_t sizes[IDX_DIMENSIONS_MAX] = {0}, label_sizes[IDX_DIMENSIONS_MAX] = {0};
    enum status status = path_find(directory, images, path, message);
    if (status == STATUS_OK)
        status = path_find(directory, labels, label_path, message);
    if (status == STATUS_OK)
        status = idx_file(path, 3, sizes, &split->images, message);
    if (status == STATUS_OK)
        status = idx_file(label_path, 1, label_sizes, &split->labels, message);
    if (status != STATUS_OK)
        return status;
    if (sizes[0] != label_sizes[0])
        return message_set(message, STATUS_INVALID,
                           "%s has %lld images but %s has %lld labels; they do not belong together",
                           path, (long long)sizes[0], label_path, (long long)label_sizes[0]);
    split->count = sizes[0];
    sides[0] = sizes[1];
    sides[1] = sizes[2];
    return labels_check(label_path, split, message);
}

/* Mean and standard deviation of all training pixels, from counts of each value: exact. */
static enum status normalisation_find(struct dataset *dataset, struct message *message) {
    uint64_t counts[256] = {0};
    int64_t pixels = dataset->train.count * dataset->features;
    for (int64_t i = 0; i < pixels; i++)
        counts[dataset->train.images[i]]++;
    double sum = 0.0, squares = 0.0;
    for (int value = 0; value < 256; value++)
        sum += (double)counts[value] * value;
    double mean = sum / (double)pixels;
    for (int value = 0; value < 256; value++)
        squares += (double)counts[value] * (value - mean) * (value - mean);
    if (!(squares > 0.0))
        return message_set(message, STATUS_INVALID,
                           "all pixels of the training images are %d: there is nothing to learn",
                           dataset->train.images[0]);
    dataset->mean = (float)(mean / 255.0);
    dataset->deviation = (float)(sqrt(squares / (double)pixels) / 255.0);
    return STATUS_OK;
}

enum status dataset_read(const char *directory, struct dataset *dataset, struct message *message) {
    *dataset = (struct dataset){.classes = DATASET_CLASSES};
    int64_t train_sides[2] = {0}, test_sides[2] = {0};
    enum status status =
        split_read(directory, &train_images, &train_labels, &dataset->train, train_sides, message);
    if (status == STATUS_OK)
        status =
            split_read(directory, &test_images, &test_labels, &dataset->test, test_sides, message);
    if (status == STATUS_OK && memcmp(train_sides, test_sides, sizeof train_sides) != 0)
        status = message_set(message, STATUS_INVALID,
                             "the training images in '%s' are %lldx%lld but its test images are "
                             "%lldx%lld; they do not belong together",
                             directory, (long long)train_sides[0], (long long)train_sides[1],
                             (long long)test_sides[0], (long long)test_sides[1]);
    if (status == STATUS_OK) {
        dataset->features = train_sides[0] * train_sides[1];
        status = normalisation_find(dataset, message);
    }
    if (status != STATUS_OK)
        dataset_free(dataset);
    return status;
}

void dataset_free(struct dataset *dataset) {
    free(dataset->train.images);
    free(dataset->train.labels);
    free(dataset->test.images);
    free(dataset->test.labels);
    *dataset = (struct dataset){0};
}

/* --- synthetic data --------------------------------------------------------------------------- */

/* Streams of Philox: the patterns of the classes; for each split its labels, and then its noise. */
enum { STREAM_PATTERNS = 1 << 20, STREAM_TRAIN, STREAM_TEST = STREAM_TRAIN + 2 };

/* Labels are drawn, so that no order of the samples is like another; pixels are a quarter pattern.
 */
static bool split_synthesise(struct dataset_split *split, int64_t count, int64_t features,
                             int64_t classes, uint64_t seed, uint64_t stream) {
    split->count = count;
    split->images = calloc((size_t)count, (size_t)features);
    split->labels = calloc((size_t)count, 1);
    if (!split->images || !split->labels)
        return false;
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < count; i++) {
        int64_t label = random_below(seed, stream, (uint64_t)i, (uint32_t)classes);
        split->labels[i] = (uint8_t)label;
        for (int64_t f = 0; f < features; f++) {
            uint32_t pattern =
                random_below(seed, STREAM_PATTERNS, (uint64_t)(label * features + f), 256);
            uint32_t noise = random_below(seed, stream + 1, (uint64_t)(i * features + f), 256);
            split->images[i * features + f] = (uint8_t)((pattern + 3 * noise) / 4);
        }
    }
    return true;
}

enum status dataset_synthesise(int64_t features, int64_t classes, int64_t train_count,
                               int64_t test_count, uint64_t seed, struct dataset *dataset,
                               struct message *message) {
    *dataset = (struct dataset){.features = features, .classes = classes};
    if (classes < 1 || classes > 256)
        return message_set(message, STATUS_INVALID,
                           "cannot make synthetic data of %lld classes: give the network 1 to 256 "
                           "outputs",
                           (long long)classes);
    enum status status = STATUS_OK;
    if (!split_synthesise(&dataset->train, train_count, features, classes, seed, STREAM_TRAIN) ||
        !split_synthesise(&dataset->test, test_count, features, classes, seed, STREAM_TEST))
        status = message_set(message, STATUS_NO_MEMORY,
                             "no memory for %lld synthetic images of %lld pixels",
                             (long long)train_count + test_count, (long long)features);
    if (status == STATUS_OK)
        status = normalisation_find(dataset, message);
    if (status != STATUS_OK)
        dataset_free(dataset);
    return status;
}

/* --- batches ---------------------------------------------------------------------------------- */

enum status dataset_batch(const struct dataset *dataset, const struct dataset_split *split,
                          const uint32_t *order, int64_t count, struct execution *execution,
                          float *x, int32_t *labels) {
    for (int64_t i = 0; i < count; i++)
        labels[i] = split->labels[order != NULL ? (int64_t)order[i] : i];
    const struct normalise_problem problem = {.rows = count,
                                              .columns = dataset->features,
                                              .bytes = split->images,
                                              .order = order,
                                              .scale = 1.0F / (255.0F * dataset->deviation),
                                              .offset = dataset->mean / dataset->deviation,
                                              .x = x};
    return normalise_simd(&problem, execution);
}
