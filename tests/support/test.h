/* A program of tests: TEST(name) { … } is one, and main() runs all in the order in which they
 * stand. `state` is what a fixture made for it. Included by the program's own file alone. */
#ifndef LOCKSTEP_TESTS_SUPPORT_TEST_H
#define LOCKSTEP_TESTS_SUPPORT_TEST_H

#include "tests/support/cmocka.h"

enum { TESTS_MAX = 100 };
static struct CMUnitTest tests[TESTS_MAX]; /* those behind the last have no name: no tests */

/* The test as `name` in the list, between `setup` and `teardown`, which begin with the state
 * `initial`. Each of the three may be NULL. */
#define TEST_LISTED(entry, name, test, setup, teardown, initial)                                   \
    __attribute__((constructor)) static void entry(void) {                                         \
        tests[__COUNTER__] = (struct CMUnitTest){name, test, setup, teardown, initial};            \
    }

#define TEST_FROM(test, setup, teardown, initial)                                                  \
    static void test_##test(void **state);                                                         \
    TEST_LISTED(list_##test, #test, test_##test, setup, teardown, initial)                         \
    static void test_##test(void **state __attribute__((unused)))
#define TEST_BETWEEN(test, setup, teardown) TEST_FROM(test, setup, teardown, NULL)
#define TEST(test) TEST_FROM(test, NULL, NULL, NULL)

static int tests_run(CMFixtureFunction setup, CMFixtureFunction teardown) {
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* What has something to do before its tests has a main() of its own, which calls tests_run(). */
#ifndef TESTS_OWN_MAIN
int main(void) {
    return tests_run(NULL, NULL);
}
#endif

#endif
