/* The emulator's own declaration of the driver API against the toolkit's, where one is installed.
 */
#include <stdio.h>
#include <string.h>

#include <dlfcn.h>

#include "tests/emulator/driver/api_values.h"
#include "tests/support/cmocka.h"

#ifdef API_HAS_TOOLKIT

static void numbers_are_the_toolkits(void **state) {
    (void)state;
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
static void every_function_is_exported(void **state) {
    (void)state;
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

static void numbers_are_the_toolkits(void **state) {
    (void)state;
    skip();
}

static void every_function_is_exported(void **state) {
    (void)state;
    skip();
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_toolkits),
        cmocka_unit_test(every_function_is_exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
