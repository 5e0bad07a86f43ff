/* Reading IDX files: right ones in every spelling, and each kind of damage refused by name. */
#include "bench/training/dataset.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { SIDE = 2, PIXELS = SIDE * SIDE, TRAIN = 3, TEST = 2 };

static const uint8_t train_images[] = {0,  0,    8,  3,  0,  0,    0,   TRAIN, 0,  0,
                                       0,  SIDE, 0,  0,  0,  SIDE, 0,   10,    20, 30,
                                       40, 50,   60, 70, 80, 90,   100, 255};
static const uint8_t train_labels[] = {0, 0, 8, 1, 0, 0, 0, TRAIN, 9, 0, 5};
static const uint8_t test_images[] = {0, 0, 8, 3,    0, 0, 0, TEST, 0, 0, 0, SIDE,
                                      0, 0, 0, SIDE, 1, 2, 3, 4,    5, 6, 7, 8};
static const uint8_t test_labels[] = {0, 0, 8, 1, 0, 0, 0, TEST, 3, 4};

static const struct file {
    const char *name;
    const uint8_t *bytes;
    size_t size;
} files[] = {
    {"train-images-idx3-ubyte", train_images, sizeof train_images},
    {"train-labels-idx1-ubyte", train_labels, sizeof train_labels},
    {"t10k-images-idx3-ubyte", test_images, sizeof test_images},
    {"t10k-labels-idx1-ubyte", test_labels, sizeof test_labels},
};
enum { FILES = sizeof files / sizeof files[0] };

static const struct dataset_rules all = {.ignored_label = -1, .memory = 1 << 20};

static void bytes_write(struct temporary *folder, const char *name, const uint8_t *bytes,
                        size_t size) {
    file_write(temporary_path(folder, name), bytes, size);
}

static void file_remove(struct temporary *folder, const char *name) {
    assert_int_equal(unlink(temporary_path(folder, name)), 0);
}

/* A folder with the four files. */
static struct temporary folder_open(void) {
    struct temporary folder;
    temporary_open(&folder);
    for (int i = 0; i < FILES; i++)
        bytes_write(&folder, files[i].name, files[i].bytes, files[i].size);
    return folder;
}

static void check_contents(const struct dataset *dataset) {
    assert_int_equal(dataset->train.count, TRAIN);
    assert_int_equal(dataset->test.count, TEST);
    assert_int_equal(dataset->features, SIDE * SIDE);
    assert_int_equal(dataset->classes, 10);
    assert_memory_equal(dataset->train.images, train_images + 16, sizeof train_images - 16);
    assert_memory_equal(dataset->train.labels, train_labels + 8, TRAIN);
    assert_memory_equal(dataset->test.images, test_images + 16, sizeof test_images - 16);
    assert_memory_equal(dataset->test.labels, test_labels + 8, TEST);
}

static void read_and_check(const struct temporary *folder) {
    struct dataset dataset;
    struct message message = {""};
    enum status status = dataset_read(folder->path, &all, &dataset, &message);
    if (status != STATUS_OK)
        fail_msg("%s", message.text);
    check_contents(&dataset);
    dataset_free(&dataset);
}

TEST(plain_files_are_read) {
    struct temporary folder = folder_open();
    read_and_check(&folder);
    temporary_close(&folder);
}

TEST(gzipped_files_are_read) {
    struct temporary folder = folder_open();
    for (int i = 0; i < FILES; i++) {
        char name[64];
        file_remove(&folder, files[i].name);
        snprintf(name, sizeof name, "%s.gz", files[i].name);
        gzFile file = gzopen(temporary_path(&folder, name), "wb");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, files[i].bytes, (unsigned)files[i].size), files[i].size);
        assert_int_equal(gzclose(file), Z_OK);
    }
    read_and_check(&folder);
    temporary_close(&folder);
}

TEST(dotted_names_are_read) {
    struct temporary folder = folder_open();
    file_remove(&folder, "t10k-labels-idx1-ubyte");
    bytes_write(&folder, "t10k-labels.idx1-ubyte", test_labels, sizeof test_labels);
    read_and_check(&folder);
    temporary_close(&folder);
}

/* Mean and deviation by hand: pixels 0, 10 … 100 and 255. */
TEST(pixels_are_normalised) {
    struct temporary folder = folder_open();
    struct dataset dataset;
    struct message message;
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_OK);
    double mean = 805.0 / 12.0, squares = 38500.0 + 65025.0 - 12.0 * mean * mean;
    assert_true(fabs((double)dataset.mean - (mean / 255.0)) < 1e-7);
    assert_true(fabs((double)dataset.deviation - (sqrt(squares / 12.0) / 255.0)) < 1e-7);
    float x[3 * PIXELS], sum = 0.0F, square_sum = 0.0F;
    int32_t labels[3];
    const uint32_t order[] = {2, 0, 1};
    struct execution execution = {.threads = 1, .message = &message};
    assert_int_equal(dataset_batch(&dataset, &dataset.train, order, 3, &execution, x, labels),
                     STATUS_OK);
    for (int i = 0; i < 3 * PIXELS; i++) {
        sum += x[i];
        square_sum += x[i] * x[i];
    }
    assert_true(fabs((double)sum - (0.0)) < 1e-5);
    assert_true(fabs((double)square_sum - (12.0)) < 1e-4);
    assert_int_equal(labels[0], 5);
    assert_int_equal(labels[1], 9);
    assert_int_equal(labels[2], 0);
    assert_true(fabs((double)x[PIXELS] - ((0.0 - mean) / sqrt(squares / 12.0))) < 1e-6);
    assert_int_equal(dataset_batch(&dataset, &dataset.test, NULL, 2, &execution, x, labels),
                     STATUS_OK);
    assert_int_equal(labels[0], 3);
    assert_int_equal(labels[1], 4);
    dataset_free(&dataset);
    temporary_close(&folder);
}

/* --- labels and memory ------------------------------------------------------------------------ */

/* As EMNIST's letters, which begin at 1; the last class is in the test images alone. */
TEST(there_are_as_many_classes_as_labels) {
    struct temporary folder = folder_open();
    struct dataset dataset;
    struct message message = {""};
    const uint8_t letters[] = {0, 0, 8, 1, 0, 0, 0, TRAIN, 25, 1, 7};
    const uint8_t last[] = {0, 0, 8, 1, 0, 0, 0, TEST, 26, 2};
    bytes_write(&folder, files[1].name, letters, sizeof letters);
    bytes_write(&folder, files[3].name, last, sizeof last);
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_OK);
    assert_int_equal(dataset.classes, 26);
    assert_int_equal(dataset.first_label, 1);
    assert_memory_equal(dataset.train.labels, ((const uint8_t[]){24, 0, 6}), TRAIN);
    assert_memory_equal(dataset.test.labels, ((const uint8_t[]){25, 1}), TEST);
    dataset_free(&dataset);
    temporary_close(&folder);
}

TEST(an_ignored_label_is_left_out) {
    struct temporary folder = folder_open();
    struct dataset dataset;
    struct message message = {""};
    struct dataset_rules rules = {.ignored_label = 0, .memory = 1 << 20};
    assert_int_equal(dataset_read(folder.path, &rules, &dataset, &message), STATUS_OK);
    assert_int_equal(dataset.train.count, 2);
    assert_int_equal(dataset.train.ignored, 1);
    assert_int_equal(dataset.test.ignored, 0);
    assert_memory_equal(dataset.train.images, train_images + 16, PIXELS);
    assert_memory_equal(dataset.train.images + PIXELS, train_images + 16 + 2 * PIXELS, PIXELS);
    assert_int_equal(dataset.first_label, 3); /* 3, 4, 5 and 9 are left */
    assert_int_equal(dataset.classes, 7);
    assert_int_equal(dataset.train.labels[0], 6);
    assert_int_equal(dataset.train.labels[1], 2);
    dataset_free(&dataset);
    rules.ignored_label = 200; /* there is none */
    assert_int_equal(dataset_read(folder.path, &rules, &dataset, &message), STATUS_OK);
    assert_int_equal(dataset.train.count, TRAIN);
    dataset_free(&dataset);
    const uint8_t alike[] = {0, 0, 8, 1, 0, 0, 0, TEST, 3, 3};
    bytes_write(&folder, files[3].name, alike, sizeof alike);
    rules.ignored_label = 3;
    assert_int_equal(dataset_read(folder.path, &rules, &dataset, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "has no label but 3"));
    temporary_close(&folder);
}

TEST(one_class_is_nothing_to_learn) {
    struct temporary folder = folder_open();
    struct dataset dataset;
    struct message message = {""};
    const uint8_t train[] = {0, 0, 8, 1, 0, 0, 0, TRAIN, 4, 4, 4};
    const uint8_t test[] = {0, 0, 8, 1, 0, 0, 0, TEST, 4, 4};
    bytes_write(&folder, files[1].name, train, sizeof train);
    bytes_write(&folder, files[3].name, test, sizeof test);
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "are 4: there is nothing to learn"));
    temporary_close(&folder);
}

/* Twelve and three bytes of the first split fit, eight of the second's images do not. */
TEST(more_than_the_memory_is_refused) {
    struct temporary folder = folder_open();
    struct dataset dataset;
    struct message message = {""};
    struct dataset_rules rules = {.ignored_label = -1, .memory = 22};
    assert_int_equal(dataset_read(folder.path, &rules, &dataset, &message), STATUS_NO_MEMORY);
    assert_non_null(strstr(message.text, "t10k-images-idx3-ubyte needs 8 bytes of memory and 7 "));
    assert_null(dataset.train.images);
    rules.memory = 25;
    assert_int_equal(dataset_read(folder.path, &rules, &dataset, &message), STATUS_OK);
    dataset_free(&dataset);
    temporary_close(&folder);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* One file with one change: `size` bytes of it are kept, then byte `at` becomes `value`. */
static const struct damage {
    size_t file, size, at;
    const char *says;
    uint8_t value;
} damages[] = {
    {0, sizeof train_images - 1, 0, "truncated", 0},
    {0, 16, 0, "truncated", 0},
    {0, 7, 0, "truncated", 0},
    {0, 3, 0, "truncated", 0},
    {0, 0, 0, "truncated", 0},
    {1, sizeof train_labels - 1, 0, "truncated", 0},
    {3, sizeof test_labels - 1, 0, "truncated", 0},
    {0, sizeof train_images, 0, "not an IDX file", 'P'},
    {2, sizeof test_images, 1, "not an IDX file", 1},
    {0, sizeof train_images, 2, "type 0x0d", 0x0D},
    {0, sizeof train_images, 3, "1 dimensions", 1},
    {1, sizeof train_labels, 3, "3 dimensions", 3},
    {0, sizeof train_images, 7, "holds nothing", 0},
    {0, sizeof train_images, 11, "holds nothing", 0},
    {0, sizeof train_images, 4, "size of dimension 1", 0xFF},
    {0, sizeof train_images, 12, "size of dimension 3", 0xFF},
    {0, sizeof train_images, 7, "goes on after", TRAIN - 1},
    {1, sizeof train_labels, 7, "goes on after", TRAIN - 1},
};

TEST(damaged_files_are_refused_by_name) {
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        const struct damage *damage = &damages[i];
        struct temporary folder = folder_open();
        uint8_t bytes[sizeof train_images];
        memcpy(bytes, files[damage->file].bytes, files[damage->file].size);
        if (damage->size == files[damage->file].size)
            bytes[damage->at] = damage->value;
        bytes_write(&folder, files[damage->file].name, bytes, damage->size);
        struct dataset dataset;
        struct message message = {""};
        assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
        assert_non_null(strstr(message.text, damage->says));
        assert_non_null(strstr(message.text, files[damage->file].name));
        assert_null(dataset.train.images);
        temporary_close(&folder);
    }
}

/* Whole files that do not belong together. */
TEST(mismatched_files_are_refused) {
    struct dataset dataset;
    struct message message = {""};
    struct temporary folder = folder_open();
    bytes_write(&folder, files[1].name, test_labels, sizeof test_labels);
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "3 images"));
    assert_non_null(strstr(message.text, "2 labels"));
    temporary_close(&folder);

    folder = folder_open();
    uint8_t narrow[sizeof test_images];
    memcpy(narrow, test_images, sizeof test_images);
    narrow[15] = 1; /* 2 images of 2x1 */
    bytes_write(&folder, files[2].name, narrow, sizeof narrow - 4);
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "2x1"));
    temporary_close(&folder);

    folder = folder_open();
    uint8_t grey[sizeof train_images];
    memcpy(grey, train_images, sizeof train_images);
    memset(grey + 16, 7, sizeof grey - 16);
    bytes_write(&folder, files[0].name, grey, sizeof grey);
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "all pixels"));
    temporary_close(&folder);
}

TEST(a_missing_file_is_named_with_the_way_out) {
    struct temporary folder = folder_open();
    file_remove(&folder, "t10k-images-idx3-ubyte");
    struct dataset dataset;
    struct message message = {""};
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "t10k-images-idx3-ubyte"));
    assert_non_null(strstr(message.text, folder.path));
    assert_non_null(strstr(message.text, "dataset-fashion-mnist"));
    temporary_close(&folder);
    assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
}

/* A gzipped file is cut in its data, in its checksum, and changed in its checksum. */
TEST(damaged_gzip_is_refused) {
    struct temporary folder = folder_open();
    char path[512];
    file_remove(&folder, "train-images-idx3-ubyte");
    snprintf(path, sizeof path, "%s", temporary_path(&folder, "train-images-idx3-ubyte.gz"));
    gzFile gz = gzopen(path, "wb");
    assert_int_equal(gzwrite(gz, train_images, sizeof train_images), sizeof train_images);
    assert_int_equal(gzclose(gz), Z_OK);
    uint8_t bytes[256];
    FILE *file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    const size_t sizes[] = {20, size - 5, size};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] == size)
            bytes[size - 6] ^= 1;
        bytes_write(&folder, "train-images-idx3-ubyte.gz", bytes, sizes[i]);
        struct dataset dataset;
        struct message message = {""};
        assert_int_equal(dataset_read(folder.path, &all, &dataset, &message), STATUS_INVALID);
        assert_non_null(strstr(message.text, "train-images-idx3-ubyte.gz"));
        assert_non_null(strstr(message.text, "fetch it again"));
    }
    temporary_close(&folder);
}

/* --- synthetic -------------------------------------------------------------------------------- */

/* The nearest of the class means knows most test images, and never saw them. */
TEST(synthetic_classes_can_be_told_apart) {
    enum { FEATURES = 50, CLASSES = 4, COUNT = 400 };
    struct dataset dataset;
    struct message message;
    assert_int_equal(dataset_synthesise(FEATURES, CLASSES, COUNT, COUNT, 5, &dataset, &message),
                     STATUS_OK);
    double means[CLASSES][FEATURES] = {{0.0}};
    int members[CLASSES] = {0};
    for (int i = 0; i < COUNT; i++)
        members[dataset.train.labels[i]]++;
    for (int i = 0; i < COUNT; i++)
        for (int f = 0; f < FEATURES; f++)
            means[dataset.train.labels[i]][f] +=
                dataset.train.images[i * FEATURES + f] / (double)members[dataset.train.labels[i]];
    int right = 0;
    for (int i = 0; i < COUNT; i++) {
        double best = INFINITY;
        int nearest = 0;
        for (int c = 0; c < CLASSES; c++) {
            double distance = 0.0;
            for (int f = 0; f < FEATURES; f++) {
                double d = dataset.test.images[i * FEATURES + f] - means[c][f];
                distance += d * d;
            }
            if (distance < best) {
                best = distance;
                nearest = c;
            }
        }
        right += nearest == dataset.test.labels[i];
    }
    assert_true(right > COUNT * 6 / 10 && right < COUNT);
    assert_memory_not_equal(dataset.train.images, dataset.test.images, (size_t)COUNT * FEATURES);
    dataset_free(&dataset);
    assert_int_equal(dataset_synthesise(9, 257, 10, 10, 5, &dataset, &message), STATUS_INVALID);
}
