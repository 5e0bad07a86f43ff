/* Looking beside the running program. */
#include "bench/added/compile/headers.h"

#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

int headers_find(char folders[HEADER_FOLDERS_MAX][PATH_MAX]) {
    static const char *const roots[][HEADER_FOLDERS_MAX] = {
        {"/../include", "/.."}, /* of the build's folder, in the sources */
        {"/../include", "/../include/lockstep"}};
    char program[PATH_MAX] = "";
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *folder = dirname(program);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        char header[PATH_MAX + 32];
        for (int f = 0; f < HEADER_FOLDERS_MAX; f++)
            snprintf(folders[f], PATH_MAX, "%.4000s%s", folder, roots[i][f]);
        snprintf(header, sizeof header, "%s/common/problem.h", folders[1]);
        if (access(header, R_OK) == 0)
            return HEADER_FOLDERS_MAX;
    }
    return 0;
}
