/* A data set of which one file is the input: the first byte says which. */
#include "bench/training/dataset.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <stdlib.h>
#include <string.h>

enum { IMAGES = 3, PIXELS = 4, FILES = 4, MEMORY = 1 << 20 };

static const struct {
    const char *name;
    unsigned char bytes[16 + IMAGES * PIXELS];
    size_t size;
} files[FILES] = {
    {"train-images-idx3-ubyte",
     {0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, 2, 0, 0, 0, 2, 9, 8, 7, 6, 5, 4, 3, 2, 1, 200, 0, 255},
     16 + IMAGES *PIXELS},
    {"train-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, IMAGES, 1, 2, 3}, 8 + IMAGES},
    {"t10k-images-idx3-ubyte", {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4}, 20},
    {"t10k-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 1, 2}, 9},
};

static void dataset_use(const struct dataset *dataset) {
    struct execution execution = {.threads = 1};
    int32_t label;
    float *image = malloc((size_t)dataset->features * sizeof *image);
    if (image == NULL)
        abort();
    for (int64_t i = 0; i < dataset->train.count; i++)
        if (dataset->train.labels[i] >= dataset->classes)
            abort();
    if (dataset->train.count > 0 &&
        dataset_batch(dataset, &dataset->train, NULL, 1, &execution, image, &label) != STATUS_OK)
        abort();
    free(image);
}

int fuzz_idx(const uint8_t *data, size_t size) {
    const struct dataset_rules rules = {.ignored_label = -1, .memory = MEMORY};
    struct dataset dataset;
    struct message message;
    if (size == 0)
        return 0;
    for (int i = 0; i < FILES; i++)
        if (i == data[0] % FILES)
            (void)folder_file_write(files[i].name, data + 1, size - 1);
        else
            (void)folder_file_write(files[i].name, files[i].bytes, files[i].size);
    if (dataset_read(fuzz_folder(), &rules, &dataset, &message) == STATUS_OK) {
        dataset_use(&dataset);
        dataset_free(&dataset);
    }
    return 0;
}
