/* Replays the kept corpus of the PTX loader with the fuzzer's target: what it once choked on must
 * neither crash, hang nor leak again (AddressSanitizer sees the rest in `make check`). */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CORPUS "tests/data/corpus/ptx"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path) {
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
    assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
    free(exact);
}

static void the_corpus_is_digested(void **state) {
    (void)state;
    size_t replayed = 0;
    DIR *directory = opendir(CORPUS);
    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        char path[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
        replay(path);
        replayed++;
    }
    assert_int_equal(closedir(directory), 0);
    assert_true(replayed > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_corpus_is_digested)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
