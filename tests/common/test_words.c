/* Counted nouns, and texts that are cut between words. */
#include "common/words.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

TEST(nouns_agree_with_their_count) {
    assert_string_equal(COUNTED(1, "row"), "1 row");
    assert_string_equal(COUNTED(0, "row"), "0 rows");
    assert_string_equal(COUNTED((size_t)12, "pair"), "12 pairs");
    assert_string_equal(COUNTED(2, "launch"), "2 launches");
    assert_string_equal(COUNTED(1, "launch"), "1 launch");
    assert_string_equal(COUNTED(2, "epoch"), "2 epochs");
    assert_string_equal(COUNTED(3, "damaged case"), "3 damaged cases");
    assert_string_equal(ONE_OR_MORE(1, "is", "are"), "is");
    assert_string_equal(ONE_OR_MORE(0, "is", "are"), "are");
}

TEST(texts_end_with_a_word) {
    static const char whole[] = "it did not end within 10 seconds";
    char text[sizeof whole + 1];
    memset(text, '#', sizeof text);
    words_fit(text, sizeof whole, whole);
    assert_string_equal(text, whole);
    assert_int_equal(text[sizeof whole], '#');
    for (size_t size = sizeof " …"; size < sizeof whole; size++) {
        memset(text, '#', sizeof text);
        words_fit(text, size, whole);
        assert_int_equal(text[size], '#');
        const char *dots = strstr(text, " …");
        assert_non_null(dots);
        assert_true(strlen(text) < size);
        const size_t length = (size_t)(dots - text);
        assert_memory_equal(text, whole, length);
        assert_true(length == 0 || whole[length] == ' ');
    }
    words_fit(text, 24, whole);
    assert_string_equal(text, "it did not end …");
    words_fit(text, 8, "unbroken-word");
    assert_string_equal(text, " …");
}

static void check_quoted(const char *word, const char *wanted) {
    char text[64];
    words_quote(text, sizeof text, word);
    assert_string_equal(text, wanted);
}

TEST(words_are_quoted_for_a_shell) {
    check_quoted("a/b-1.cu", "a/b-1.cu");
    check_quoted("a b.cu", "'a b.cu'");
    check_quoted("it's", "'it'\\''s'");
    check_quoted("", "''");
    char text[8];
    memset(text, '#', sizeof text);
    words_quote(text, 5, "'");
    assert_true(strlen(text) < 5);
    assert_int_equal(text[5], '#');
}
