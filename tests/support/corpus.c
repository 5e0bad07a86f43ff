/* Replaying a kept corpus. */
#include "tests/support/cmocka.h"
#include "tests/support/fuzzing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static void file_replay(const char *path, fuzz_target *target) {
    enum { LIMIT = 1 << 20 };
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(LIMIT);
    assert_non_null(file);
    assert_non_null(bytes);
    const size_t size = fread(bytes, 1, LIMIT, file);
    assert_int_equal(fclose(file), 0);
    /* Exactly as much memory as there are bytes, so that reading on is seen. */
    uint8_t *exact = realloc(bytes, size + !size);
    assert_non_null(exact);
    assert_int_equal(target(exact, size), 0);
    free(exact);
}

void corpus_replay(const char *name, fuzz_target *target) {
    char folder[256], path[1024];
    size_t replayed = 0;
    snprintf(folder, sizeof folder, "tests/data/corpus/%s", name);
    DIR *directory = opendir(folder);
    if (directory == NULL)
        fail_msg("there is no folder %s", folder);
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        file_replay(path, target);
        replayed++;
    }
    assert_int_equal(closedir(directory), 0);
    if (replayed == 0)
        fail_msg("%s holds nothing", folder);
}
