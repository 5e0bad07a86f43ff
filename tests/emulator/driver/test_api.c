/* The emulator's own declaration of the driver API against the toolkit's, where one is installed.
 */
#include <dlfcn.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/emulator/driver/api_values.h"
#include "tests/support/test.h"

#ifdef API_HAS_TOOLKIT

TEST(numbers_are_the_toolkits) {
    unsigned wrong = 0;
    assert_true(api_ours_count > 500);
    assert_int_equal(api_ours_count, api_toolkit_count);
    for (size_t i = 0; i < api_ours_count; i++) {
        assert_string_equal(api_ours[i].what, api_toolkit[i].what);
        if (api_ours[i].number == api_toolkit[i].number)
            continue;
        print_error("%s is %lld and should be %lld\n", api_ours[i].what, api_ours[i].number,
                    api_toolkit[i].number);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* The names of all functions that cuda.h declares, one a line, made by the preprocessor and sed. */
TEST(every_function_is_exported) {
    static const char *const names[] = {
#    define FUNCTION(name) #    name,
#    include "emulator_api_functions.inc"
    };
    unsigned missing = 0;
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    assert_non_null(library);
    assert_true(sizeof names / sizeof *names > 600);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (dlsym(library, names[i]))
            continue;
        print_error("%s is not exported\n", names[i]);
        missing++;
    }
    assert_int_equal(missing, 0);
    assert_int_equal(dlclose(library), 0);
}

#else

TEST(numbers_are_the_toolkits) {
    skip();
}

TEST(every_function_is_exported) {
    skip();
}

#endif

/* ---- What the document says is lacking ---- */

enum { PATTERNS = 64, LONGEST = 80 };

struct pattern {
    char text[LONGEST];
    bool is_used;
};

/* The names in backticks of the document's list. */
static size_t read_patterns(struct pattern patterns[PATTERNS]) {
    static const char begin[] = "All others return `CUDA_ERROR_NOT_SUPPORTED` and say so once";
    static const char end[] = "`cuEventElapsedTime` returns";
    size_t count = 0;
    char line[1024];
    bool is_inside = false;
    FILE *file = fopen("docs/emulator.md", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) && !(is_inside && strstr(line, end))) {
        is_inside |= strstr(line, begin) != NULL;
        for (char *word = line; is_inside && (word = strstr(word, "`cu")); count++) {
            assert_true(count < PATTERNS);
            assert_int_equal(sscanf(word, "`%79[^`]`", patterns[count].text), 1);
            word += strlen(patterns[count].text) + 2;
        }
    }
    assert_int_equal(fclose(file), 0);
    return count;
}

struct entry {
    const char *name, *symbol;
    bool is_there;
};

static const struct entry entries[] = {
#define SUPPORTED(name, symbol, version) {#name, #symbol, true},
#define SUPPORTED_PER_THREAD(name, symbol, version, same) {#name, #symbol, true},
#define UNSUPPORTED(name, symbol, version) {#name, #symbol, false},
#define UNSUPPORTED_PER_THREAD(name, symbol, version) {#name, #symbol, false},
#include "emulator/driver/api/entry_points.def"
#undef SUPPORTED
#undef SUPPORTED_PER_THREAD
#undef UNSUPPORTED
#undef UNSUPPORTED_PER_THREAD
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static bool has_newer_form(const char *name) {
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].is_there && strcmp(entries[i].name, name) == 0)
            return true;
    return false;
}

/* Each function that is lacking is named, and nothing that is there. */
TEST(the_document_names_what_is_lacking) {
    struct pattern patterns[PATTERNS] = {0};
    const size_t count = read_patterns(patterns);
    unsigned wrong = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        bool is_named = false;
        for (size_t k = 0; k < count; k++)
            if (fnmatch(patterns[k].text, entries[i].symbol, 0) == 0)
                is_named = patterns[k].is_used = true;
        if (is_named == (!entries[i].is_there && !has_newer_form(entries[i].name)))
            continue;
        print_error("%s is %s, and docs/emulator.md says otherwise\n", entries[i].symbol,
                    entries[i].is_there ? "there" : "lacking");
        wrong++;
    }
    for (size_t k = 0; k < count; k++)
        if (!patterns[k].is_used) {
            print_error("docs/emulator.md: no function is %s\n", patterns[k].text);
            wrong++;
        }
    assert_int_equal(wrong, 0);
}
