#include "emulator/nvrtc/nvidia.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096 };

static bool is_this_library(const char *path) {
    static const char here = 0;
    Dl_info about;
    char *mine = NULL, *other = realpath(path, NULL);
    if (dladdr(&here, &about))
        mine = realpath(about.dli_fname, NULL);
    const bool is_same = mine && other && strcmp(mine, other) == 0;
    free(mine);
    free(other);
    return is_same;
}

/* In the folders of LD_LIBRARY_PATH, of which this library lies in the first. */
static void *find_in_path(const char *folders, const char *soname) {
    char path[PATH_ROOM];
    void *found = NULL;
    while (folders && *folders && !found) {
        const int length = (int)strcspn(folders, ":");
        (void)snprintf(path, sizeof path, "%.*s/%s", length, folders, soname);
        if (!is_this_library(path))
            found = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        folders += length + (folders[length] == ':');
    }
    return found;
}

/*
 * By the name without a version, which this library does not have, the loader finds it where the
 * toolkit is.
 */
void *nvidia_open(const struct nvidia_library *library) {
    char toolkit[PATH_ROOM];
    const char *named = getenv(library->variable);
    if (named && *named)
        return dlopen(named, RTLD_NOW | RTLD_LOCAL);
    void *found = find_in_path(getenv("LD_LIBRARY_PATH"), library->soname);
    if (!found)
        found = dlopen(library->name, RTLD_NOW | RTLD_LOCAL);
    (void)snprintf(toolkit, sizeof toolkit, "/usr/local/cuda/lib64/%s", library->soname);
    return found ? found : dlopen(toolkit, RTLD_NOW | RTLD_LOCAL);
}
