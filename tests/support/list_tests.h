/* Lists that grow: what they hold stays, and what no memory can hold is refused. Included behind
 * the header of the list_reserve() that is tested: the emulator has one of its own. */
#ifndef LOCKSTEP_TESTS_SUPPORT_LIST_TESTS_H
#define LOCKSTEP_TESTS_SUPPORT_LIST_TESTS_H

#include "tests/support/test.h"

#include <stdint.h>
#include <stdlib.h>

TEST(elements_stay_while_room_doubles) {
    uint64_t *list = NULL;
    size_t capacity = 0, moves = 0;
    for (size_t count = 0; count < 1000; count++) {
        const size_t before = capacity;
        list = list_reserve(list, count + 1, &capacity, sizeof *list);
        assert_non_null(list);
        assert_true(capacity > count && (capacity == before || capacity >= 2 * before));
        moves += capacity != before;
        list[count] = count;
    }
    assert_true(moves < 10);
    for (size_t k = 0; k < 1000; k++)
        assert_int_equal(list[k], k);
    list = list_reserve(list, 100000, &capacity, sizeof *list);
    assert_non_null(list);
    assert_int_equal(capacity, 100000);
    assert_int_equal(list[999], 999);
    free(list);
}

TEST(what_no_memory_holds_leaves_the_list) {
    size_t capacity = 0;
    uint64_t *list = list_reserve(NULL, 1, &capacity, sizeof *list);
    assert_non_null(list);
    *list = 7;
    const size_t before = capacity;
    assert_null(list_reserve(list, SIZE_MAX / sizeof *list + 2, &capacity, sizeof *list));
    assert_int_equal(capacity, before);
    assert_int_equal(*list, 7);
    free(list);
}

#endif
