/* Seeing a rank die. A process's descriptor becomes readable when it ends, so a thread that waits
 * for all of them takes no time from what is measured. */
#include "ranks/state.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct watch {
    struct ranks *ranks;
    pthread_t thread;
    int count;              /* of descriptors: the end's first, then a rank's each */
    struct pollfd *waiting; /* ranks->count + 1 */
    int *numbers;           /* whose each descriptor is */
};

/* Others find the same; the first of those that are left says it. */
static void rank_mourn(const struct ranks *ranks, int dead) {
    const struct rank_identity *identity = &ranks->identities[dead];
    const char *kept = atomic_load(&ranks->kept);
    char sentence[1024];
    const bool speaks = ranks->number == (dead == 0 ? 1 : 0);
    int length = snprintf(sentence, sizeof sentence,
                          "rank %d (process %lld on %s) has died, and with it the job", dead,
                          (long long)identity->process, identity->host);
    if (kept)
        (void)snprintf(sentence + length, sizeof sentence - (size_t)length,
                       "; what was measured before is kept in %s, and the same command with --out "
                       "%s goes on from there",
                       kept, kept);
    ranks->end(speaks ? sentence : NULL);
}

static void *watch_run(void *argument) {
    const struct watch *watch = argument;
    for (;;) {
        if (poll(watch->waiting, (nfds_t)watch->count, -1) <= 0)
            continue;
        if (watch->waiting[0].revents)
            return NULL;
        for (int i = 1; i < watch->count; i++)
            if (watch->waiting[i].revents)
                rank_mourn(watch->ranks, watch->numbers[i]);
    }
}

static void watch_free(struct watch *watch) {
    for (int i = 0; i < watch->count; i++)
        (void)close(watch->waiting[i].fd);
    free(watch->waiting);
    free(watch->numbers);
    free(watch);
}

static void watch_add(struct watch *watch, int descriptor, int number) {
    if (descriptor < 0)
        return;
    watch->waiting[watch->count] = (struct pollfd){.fd = descriptor, .events = POLLIN};
    watch->numbers[watch->count++] = number;
}

void watch_start(struct ranks *ranks) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return;
    watch->ranks = ranks;
    watch->waiting = calloc((size_t)ranks->count + 1, sizeof *watch->waiting);
    watch->numbers = calloc((size_t)ranks->count + 1, sizeof *watch->numbers);
    if (watch->waiting && watch->numbers)
        watch_add(watch, eventfd(0, EFD_CLOEXEC), -1);
    for (int i = 0; i < ranks->count && watch->count > 0; i++)
        if (i != ranks->number &&
            ranks->identities[i].kernel == ranks->identities[ranks->number].kernel)
            watch_add(watch, (int)syscall(SYS_pidfd_open, ranks->identities[i].process, 0), i);
    if (watch->count < 2 || pthread_create(&watch->thread, NULL, watch_run, watch) != 0) {
        watch_free(watch);
        return;
    }
    ranks->watch = watch;
}

void watch_stop(struct ranks *ranks) {
    const uint64_t one = 1;
    if (!ranks->watch)
        return;
    if (write(ranks->watch->waiting[0].fd, &one, sizeof one) == (ssize_t)sizeof one &&
        pthread_join(ranks->watch->thread, NULL) == 0)
        watch_free(ranks->watch);
    ranks->watch = NULL;
}
