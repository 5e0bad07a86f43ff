/* Joining a job and leaving it. */
#include "ranks/ranks.h"
#include "common/hash.h"
#include "ranks/state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Adds the text of a file or link to a hash; what cannot be read adds nothing. */
static uint64_t hash_file(uint64_t hash, const char *path) {
    char text[256] = "";
    FILE *file = fopen(path, "r");
    if (file) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        text[length] = '\0';
        (void)fclose(file);
    }
    return hash_text(hash, text);
}

static struct rank_identity identity_read(void) {
    struct rank_identity identity = {.process = getpid()};
    char names[64];
    if (gethostname(identity.host, sizeof identity.host - 1) != 0)
        snprintf(identity.host, sizeof identity.host, "unknown");
    ssize_t length = readlink("/proc/self/ns/pid", names, sizeof names - 1);
    names[length > 0 ? length : 0] = '\0';
    identity.kernel = hash_file(hash_text(hash_start, names), "/proc/sys/kernel/random/boot_id");
    return identity;
}

/* How long a rank may be stopped, as by SIGSTOP, before the others give it up. */
static enum status stopped_seconds_read(int *seconds, struct message *message) {
    enum { USUAL = 30, MOST = 86400 };
    const char *text = getenv("LOCKSTEP_STOPPED_SECONDS");
    *seconds = USUAL;
    if (!text || !*text)
        return STATUS_OK;
    char *end;
    const long number = strtol(text, &end, 10);
    if (*end != '\0' || number < 1 || number > MOST)
        return message_set(message, STATUS_INVALID,
                           "LOCKSTEP_STOPPED_SECONDS=%.40s: give 1 to %d seconds, or unset it",
                           text, MOST);
    *seconds = (int)number;
    return STATUS_OK;
}

/* MPI waits for all ranks. Until they are here nothing is lost: the first signal ends this one. */
static void all_await(const struct mpi_api *api,
                      void (*end)(enum status status, const char *sentence)) {
    const struct sigaction at_once = {.sa_handler = SIG_DFL};
    struct sigaction interrupt, terminate;
    (void)sigaction(SIGINT, &at_once, &interrupt);
    (void)sigaction(SIGTERM, &at_once, &terminate);
    struct arrival *arrival = arrival_await(end);
    api->open(ranks_add_elements);
    arrival_over(arrival);
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &terminate, NULL);
}

enum status ranks_open(void (*end)(enum status status, const char *sentence), struct ranks **opened,
                       struct message *message) {
    int count, stopped_seconds;
    const struct mpi_api *api;
    *opened = NULL;
    if (!launcher_found(&count) || (ranks_absence() && count <= 1))
        return STATUS_OK;
    struct message wrong;
    enum overlap overlap = OVERLAP_UNKNOWN;
    enum status settings = stopped_seconds_read(&stopped_seconds, &wrong);
    if (settings == STATUS_OK)
        settings = overlap_read(&overlap, &wrong);
    const enum status status = mpi_load(&api, message);
    if (status != STATUS_OK)
        return status;
    struct ranks *ranks = calloc(1, sizeof *ranks);
    if (!ranks)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a job's ranks");
    all_await(api, end);
    *ranks = (struct ranks){.api = api,
                            .number = api->rank(),
                            .count = api->size(),
                            .end = end,
                            .stopped_seconds = stopped_seconds,
                            .overlap = overlap};
    ranks->identities = calloc((size_t)ranks->count, sizeof *ranks->identities);
    if (!ranks->identities) {
        free(ranks);
        end(STATUS_NO_MEMORY, "no memory for a job's ranks");
        return STATUS_NO_MEMORY;
    }
    const struct rank_identity mine = identity_read();
    api->gather(&mine, ranks->identities, sizeof mine);
    watch_start(ranks);
    *opened = ranks;
    if (settings != STATUS_OK)
        *message = wrong;
    return settings;
}

void ranks_close(struct ranks *ranks) {
    if (!ranks)
        return;
    /* Nobody ends before all are here, and nobody is watched when they end. */
    ranks_meet(ranks);
    watch_stop(ranks);
    ranks_meet(ranks);
    ranks->api->close();
    free(ranks->segments);
    free(ranks->identities);
    free(ranks);
}

void ranks_keep(struct ranks *ranks, const char *kept) {
    if (ranks)
        atomic_store(&ranks->kept, kept);
}

int ranks_number(const struct ranks *ranks) {
    return ranks ? ranks->number : 0;
}

int ranks_count(const struct ranks *ranks) {
    return ranks ? ranks->count : 1;
}

int ranks_local_number(const struct ranks *ranks) {
    return ranks ? ranks->api->local_rank() : 0;
}

int ranks_local_count(const struct ranks *ranks) {
    return ranks ? ranks->api->local_size() : 1;
}

const char *ranks_library(const struct ranks *ranks) {
    return ranks ? ranks->api->library() : NULL;
}

bool ranks_is_first(const struct ranks *ranks) {
    return ranks_number(ranks) == 0;
}
