/* What processes on the emulated GPU have left, read file by file. */
#include "bench/commands/journals.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

static struct temporary place;

/* The call of this number, counted down, fails; 0: none. */
static int failing;

/* In front of the C library's. */
struct dirent *readdir(DIR *folder) {
    struct dirent *(*usual)(DIR *) = NULL;
    void *found = dlsym(RTLD_NEXT, "readdir");
    memcpy(&usual, &found, sizeof found);
    if (failing > 0 && --failing == 0) {
        errno = EIO;
        return NULL;
    }
    return usual(folder);
}

/* Of a process that has ended. */
static enum status collect(struct journals *journals, struct message *message) {
    *journals = (struct journals){.folder = place.path, .counters = "/dev/null"};
    temporary_write(&place, "1", "999999999 0 0\nheader\nrow\n");
    return journals_collect(journals, message);
}

TEST_IN_TEMPORARY(each_file_is_taken_and_removed, &place) {
    struct journals journals;
    struct message message = {""};
    failing = 0;
    assert_int_equal(collect(&journals, &message), STATUS_OK);
    assert_int_equal(journals.ended, 1);
    assert_int_equal(journals.running, 0);
    assert_false(temporary_has(&place, "1"));
}

/* Counts would be too small without a word. */
TEST_IN_TEMPORARY(a_folder_that_cannot_be_read_to_its_end_is_named, &place) {
    struct journals journals;
    for (int call = 1; call <= 4; call++) { /* . and .., the file, the end */
        struct message message = {""};
        failing = call;
        assert_int_equal(collect(&journals, &message), STATUS_IO);
        assert_non_null(strstr(message.text, "cannot read "));
        assert_non_null(strstr(message.text, place.path));
        assert_non_null(strstr(message.text, strerror(EIO)));
    }
}
