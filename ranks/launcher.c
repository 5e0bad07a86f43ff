/* Who has started this process, and the library that it then needs. */
#include "ranks/state.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool launcher_found(int *count) {
    /* Of OpenMPI, of PMI as MPICH's mpirun and Slurm speak it, of PMIx, which tells no count. */
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    *count = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *size = getenv(sizes[i]);
        if (size) {
            *count = (int)strtol(size, NULL, 10);
            return true;
        }
    }
    return getenv("PMIX_RANK") != NULL;
}

bool ranks_launched(void) {
    int count;
    return launcher_found(&count);
}

bool ranks_launched_first(void) {
    static const char *const numbers[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *number = getenv(numbers[i]);
        if (number)
            return strcmp(number, "0") == 0;
    }
    return true;
}

/* LOCKSTEP_MPI names another library than the one beside the program: a cluster has several MPIs.
 * NULL: it names none. */
static const char *library_named(void) {
    const char *named = getenv("LOCKSTEP_MPI");
    return named && *named ? named : NULL;
}

static bool library_path(char *path, size_t size) {
    static const char *const places[] = {"ranks/liblockstep-mpi.so", "../ranks/liblockstep-mpi.so",
                                         "../../ranks/liblockstep-mpi.so",
                                         "../lib/lockstep/liblockstep-mpi.so"};
    const char *named = library_named();
    if (named)
        return snprintf(path, size, "%s", named) < (int)size && access(path, R_OK) == 0;
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (snprintf(path, size, "%s/%s", program, places[i]) < (int)size &&
            access(path, R_OK) == 0)
            return true;
    return false;
}

const char *ranks_absence(void) {
    char path[4200];
    if (library_path(path, sizeof path))
        return NULL;
    return library_named()
               ? "the library that LOCKSTEP_MPI names cannot be read: name a liblockstep-mpi.so, "
                 "or unset it"
               : "this build has no MPI: install it with `make deps MPI=1` (libopenmpi-dev and "
                 "openmpi-bin) and build again, or name its liblockstep-mpi.so in LOCKSTEP_MPI";
}

enum status mpi_load(const struct mpi_api **api, struct message *message) {
    char path[4200];
    const char *named = library_named();
    if (named && access(named, R_OK) != 0)
        return message_set(message, STATUS_INVALID,
                           "LOCKSTEP_MPI=%s: %s; name a liblockstep-mpi.so, or unset it", named,
                           strerror(errno));
    if (!library_path(path, sizeof path))
        return message_set(message, STATUS_INVALID, "%s", ranks_absence());
    /* OpenMPI's own components look its symbols up among the global ones. */
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        return message_set(
            message, STATUS_INVALID,
            "cannot load %s: %s; build it again with the mpicc of this machine's MPI", path,
            dlerror());
    *api = dlsym(library, MPI_API_SYMBOL);
    if (*api && (*api)->version == MPI_API_VERSION)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s is of another version of lockstep; build it again with `make`", path);
}
