/* mpirun, whichever it is. */
#include "tests/support/launching.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 40 };

static const char *const places[] = {"/usr/bin/mpirun", "/usr/local/bin/mpirun", "/bin/mpirun"};

static const char *launcher(void) {
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* Of OpenMPI 4 and 5; others know none of them. Ranks that wait give their processor away. */
static const char *const variables[] = {"OMPI_ALLOW_RUN_AS_ROOT=1",
                                        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                                        "OMPI_MCA_rmaps_base_oversubscribe=1",
                                        "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe",
                                        "OMPI_MCA_mpi_yield_when_idle=1",
                                        "OMPI_MCA_btl_vader_single_copy_mechanism=none",
                                        "OMP_WAIT_POLICY=passive",
                                        NULL};

bool launching_is_possible(const char *program) {
    static const char *const libraries[] = {"ranks", "../ranks", "../../ranks"};
    char folder[PATH_MAX], path[PATH_MAX + 64];
    snprintf(folder, sizeof folder, "%s", program);
    char *slash = strrchr(folder, '/');
    assert_non_null(slash);
    *slash = '\0';
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        snprintf(path, sizeof path, "%s/%s/liblockstep-mpi.so", folder, libraries[i]);
        if (launcher() && access(path, R_OK) == 0)
            return true;
    }
    return false;
}

/* Appends the words of a list that NULL ends. */
static int words_add(const char **words, int count, const char *const *more) {
    for (; *more; more++) {
        assert_in_range(count, 0, WORDS_MAX - 2);
        words[count++] = *more;
    }
    words[count] = NULL;
    return count;
}

static struct call words_start(const char *const *words) {
    struct calling calling = here;
    const struct call_limits limits = {.seconds = 120, .variables = variables};
    snprintf(calling.program, sizeof calling.program, "%s", launcher());
    return call_start(&calling, words, &limits);
}

struct call launch_start(const char *program, int ranks, const char *const *arguments) {
    char number[12];
    const char *words[WORDS_MAX];
    snprintf(number, sizeof number, "%d", ranks);
    int count = words_add(words, 0, (const char *const[]){"-n", number, program, NULL});
    (void)words_add(words, count, arguments);
    return words_start(words);
}

struct call launch_of(const char *program, int ranks, const char *const *arguments) {
    struct call call = launch_start(program, ranks, arguments);
    call_wait(&here, &call);
    return call;
}

/* What a rank of a pair does: the first of its words are the first rank's, the others the second's.
 * Two programs in one call, with a colon between, end mpirun of OpenMPI 5.0.7 with a signal. */
static const char pair_script[] =
    "program=$1 count=$2; shift 2; others=$(($# - count))\n"
    "[ \"${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-$PMIX_RANK}}\" = 0 ] ||\n"
    "    { shift \"$count\"; exec \"$program\" \"$@\"; }\n"
    "while [ \"$count\" -gt 0 ]; do\n"
    "    word=$1; shift; set -- \"$@\" \"$word\"; count=$((count - 1))\n"
    "done\n"
    "shift \"$others\"; exec \"$program\" \"$@\"";

struct call launch_pair(const char *program, const char *const *first, const char *const *second) {
    const char *words[WORDS_MAX];
    char number[12];
    int count = 0;
    while (first[count])
        count++;
    snprintf(number, sizeof number, "%d", count);
    const char *const shell[] = {"-n", "2",     "/bin/sh", "-c", pair_script,
                                 "sh", program, number,    NULL};
    count = words_add(words, 0, shell);
    count = words_add(words, count, first);
    (void)words_add(words, count, second);
    struct call call = words_start(words);
    call_wait(&here, &call);
    return call;
}

void self_path(char *path, size_t size) {
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);
    assert_true(length > 0);
    path[length] = '\0';
}
