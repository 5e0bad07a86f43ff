/* Bytes as a file, for targets that read one by its name. */
#ifndef LOCKSTEP_TESTS_FUZZ_FILES_H
#define LOCKSTEP_TESTS_FUZZ_FILES_H

#include <stddef.h>
#include <stdint.h>

struct memory_file {
    int descriptor;
    char path[32];
};

/* A file in memory that holds the bytes, closed by its caller. It ends the process where there is
 * no memory for it. */
struct memory_file memory_file_open(const uint8_t *data, size_t size);
void memory_file_close(const struct memory_file *file);

/* A new folder in memory where the machine has one, else under /tmp; removed when the process ends,
 * with the files that folder_file_write put there. There is one a process. */
const char *fuzz_folder(void);
/* Writes `name` there, as a regular file, and gives its path, valid until the next call. */
const char *folder_file_write(const char *name, const void *data, size_t size);

#endif
