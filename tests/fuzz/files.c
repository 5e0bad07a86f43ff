/* Bytes as files. */
#include "tests/fuzz/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void give_up(const char *what) {
    perror(what);
    abort();
}

static void bytes_write(int descriptor, const void *data, size_t size) {
    const char *bytes = data;
    while (size > 0) {
        const ssize_t written = write(descriptor, bytes, size);
        if (written <= 0)
            give_up("write");
        bytes += written;
        size -= (size_t)written;
    }
}

struct memory_file memory_file_open(const uint8_t *data, size_t size) {
    struct memory_file file = {.descriptor = memfd_create("fuzz", MFD_CLOEXEC)};
    if (file.descriptor < 0)
        give_up("memfd_create");
    bytes_write(file.descriptor, data, size);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
    return file;
}

void memory_file_close(const struct memory_file *file) {
    close(file->descriptor);
}

enum { NAMES_MAX = 16 };

/* Static memory, for what atexit calls has no argument. */
static struct {
    char path[64];
    char names[NAMES_MAX][64];
    int count;
} folder;

static void folder_remove(void) {
    char path[256];
    for (int i = 0; i < folder.count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder.path, folder.names[i]);
        unlink(path);
    }
    rmdir(folder.path);
}

const char *fuzz_folder(void) {
    if (*folder.path)
        return folder.path;
    snprintf(folder.path, sizeof folder.path, "%s/lockstep-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder.path) == NULL)
        give_up("mkdtemp");
    if (atexit(folder_remove) != 0)
        give_up("atexit");
    return folder.path;
}

static void name_remember(const char *name) {
    for (int i = 0; i < folder.count; i++)
        if (strcmp(folder.names[i], name) == 0)
            return;
    if (folder.count == NAMES_MAX)
        abort();
    snprintf(folder.names[folder.count++], sizeof folder.names[0], "%s", name);
}

const char *folder_file_write(const char *name, const void *data, size_t size) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    name_remember(name);
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0)
        give_up(path);
    bytes_write(descriptor, data, size);
    close(descriptor);
    return path;
}
