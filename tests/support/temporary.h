/* A folder of a test's own, and whole files in it. Everything that fails here ends the cmocka test.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_TEMPORARY_H
#define LOCKSTEP_TESTS_SUPPORT_TEMPORARY_H

#include <stdbool.h>
#include <stddef.h>

struct temporary {
    char path[256]; /* of the folder: absolute, without a slash at the end */
    char text[512]; /* see temporary_path */
};

/* Makes a new folder under TMPDIR or /tmp, and removes it with all that is in it. */
void temporary_open(struct temporary *temporary);
void temporary_close(struct temporary *temporary);

/* A test in a folder of its own: TEST_IN_TEMPORARY(name, &place) opens `place` before it and closes
 * it behind it. */
int temporary_enter(void **state);
int temporary_leave(void **state);
#define TEST_IN_TEMPORARY(test, temporary)                                                         \
    TEST_FROM(test, temporary_enter, temporary_leave, temporary)

/* The path of `name` in the folder; valid until the next call for the same folder. */
const char *temporary_path(struct temporary *temporary, const char *name);

void file_write(const char *path, const void *bytes, size_t size);
void file_write_text(const char *path, const char *text);

/* The whole file with a NUL behind it, to be freed; NULL when there is none. */
char *file_text(const char *path);

/* The same in the folder. */
void temporary_write(struct temporary *temporary, const char *name, const char *text);
char *temporary_text(struct temporary *temporary, const char *name);
bool temporary_has(struct temporary *temporary, const char *name);

/* Whether the words stand in the file, which must be there. */
bool temporary_holds(struct temporary *temporary, const char *name, const char *words);

/* Runs a command of the shell; what it prints, cut at `size`, becomes `output`. Its exit status. */
int command_output(const char *command, char *output, size_t size);

/* Takes the last column from a CSV file whose last fields are not quoted: what a version without
 * that column wrote. */
void file_drop_last_column(const char *path);

#endif
