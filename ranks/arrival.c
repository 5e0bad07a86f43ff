/* Seeing that a rank has ended before it joined, as one of another command does: MPI waits for all,
 * and would wait for ever. The launcher, which this process descends from, then has fewer children
 * than ranks on this machine.
 */
#include "ranks/state.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct arrival {
    pthread_t thread;
    int over; /* an eventfd: all have come */
    int launcher, ranks;
    int looks; /* a second apart, that must find one missing */
    void (*end)(enum status status, const char *sentence);
};

/* Variables that launchers give to each rank: of OpenMPI, and of MPICH. */
static const char *const sizes[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"};
static const char *const numbers[] = {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"};

static int variable_number(const char *const names[2]) {
    const char *text = getenv(names[0]) ? getenv(names[0]) : getenv(names[1]);
    return text ? (int)strtol(text, NULL, 10) : 0;
}

/* Whether a process was started with one of these variables. */
static bool has_variable(int process) {
    char path[64], *variable = NULL;
    size_t size = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/environ", process);
    FILE *file = fopen(path, "r");
    while (file && !found && getdelim(&variable, &size, '\0', file) > 0)
        for (int i = 0; i < 2; i++) {
            const size_t length = strlen(sizes[i]);
            found |= strncmp(variable, sizes[i], length) == 0 && variable[length] == '=';
        }
    free(variable);
    if (file)
        (void)fclose(file);
    return found;
}

static int parent_of(int process) {
    char path[64], line[256];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/status", process);
    FILE *file = fopen(path, "r");
    while (file && parent == 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "PPid:", 5) == 0)
            parent = (int)strtol(line + 5, NULL, 10);
    if (file)
        (void)fclose(file);
    return parent;
}

/* The nearest ancestor that is no rank itself, as a shell between may be. */
static int launcher_of(void) {
    int process = getppid();
    while (process > 1 && has_variable(process))
        process = parent_of(process);
    return process > 1 ? process : 0;
}

/* How many processes a thread has started; INT_MAX where that cannot be read. */
static int thread_children(int process, const char *thread) {
    char path[400];
    int child, count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", process, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return INT_MAX;
    while (fscanf(file, "%d", &child) == 1) // NOLINT(cert-err34-c): the kernel's own numbers
        count++;
    (void)fclose(file);
    return count;
}

static bool one_is_missing(const struct arrival *arrival) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", arrival->launcher);
    DIR *threads = opendir(path);
    if (!threads)
        return false;
    for (const struct dirent *entry; count < arrival->ranks && (entry = readdir(threads));) {
        const int more =
            *entry->d_name == '.' ? 0 : thread_children(arrival->launcher, entry->d_name);
        count = more < arrival->ranks ? count + more : more;
    }
    (void)closedir(threads);
    return count < arrival->ranks;
}

static void *arrival_run(void *argument) {
    const struct arrival *arrival = argument;
    struct pollfd over = {.fd = arrival->over, .events = POLLIN};
    for (int found = 0; found < arrival->looks;) {
        if (poll(&over, 1, 1000) > 0)
            return NULL;
        found = one_is_missing(arrival) ? found + 1 : 0;
    }
    arrival->end(STATUS_INVALID,
                 "another rank on this machine has ended and not joined the job; start all ranks "
                 "with the same command (`list` and its like join none)");
    return NULL;
}

struct arrival *arrival_await(void (*end)(enum status status, const char *sentence)) {
    /* A launcher on a busy machine is given time to start them all. The first speaks before the
     * others. */
    enum { LOOKS = 8 };
    struct arrival *arrival = calloc(1, sizeof *arrival);
    if (!arrival)
        return NULL;
    *arrival = (struct arrival){.over = eventfd(0, EFD_CLOEXEC),
                                .launcher = launcher_of(),
                                .ranks = variable_number(sizes),
                                .looks = LOOKS + variable_number(numbers),
                                .end = end};
    if (arrival->over >= 0 && arrival->launcher > 0 && arrival->ranks > 1 &&
        pthread_create(&arrival->thread, NULL, arrival_run, arrival) == 0)
        return arrival;
    if (arrival->over >= 0)
        (void)close(arrival->over);
    free(arrival);
    return NULL;
}

void arrival_over(struct arrival *arrival) {
    const uint64_t one = 1;
    if (!arrival)
        return;
    if (write(arrival->over, &one, sizeof one) == (ssize_t)sizeof one &&
        pthread_join(arrival->thread, NULL) == 0) {
        (void)close(arrival->over);
        free(arrival);
    }
}
