/* What asking a peer costs: the time from a request to its answer, less what the answer says that
 * the batch took. The peer is an empty function in peers/lockstep_peer.py. `make bench-peer` runs
 * it.
 */
#include "common/clock.h"
#include "common/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 4000, BYTES = 4096 };
static const double patience = 30.0;

static const char *const command[] = {
    "python3", "-c",
    "import sys; sys.path.insert(0, 'peers')\n"
    "from lockstep_peer import peer, serve\n"
    "peer('softmax', name='empty')(lambda case: lambda number: None)\n"
    "serve()\n",
    NULL};

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The answer to a request, which holds `wanted`; NULL after a complaint. */
static const char *ask(struct process *process, const char *request, const char *wanted) {
    char *line = NULL;
    if ((!request || process_send(process, request)) &&
        process_receive(process, patience, &line) == PROCESS_LINE && strstr(line, wanted))
        return strstr(line, wanted) + strlen(wanted);
    char words[PROCESS_WORDS_MAX];
    process_last_words(process, words, sizeof words);
    (void)fprintf(stderr, "bench-peer: no %s: %s; %s\n", wanted, line ? line : "no answer", words);
    return NULL;
}

/* A launch without tensors. */
static bool launch_open(struct process *process, const char *file) {
    char request[512];
    snprintf(request, sizeof request,
             "{\"open\":0,\"row\":0,\"case\":\"empty\",\"operation\":\"softmax\",\"variant\":"
             "\"forward\",\"dtype\":\"f32\",\"threads\":1,\"sizes\":[1,1],\"parameters\":{},"
             "\"file\":\"%s\",\"bytes\":%d,\"tensors\":[]}",
             file, BYTES);
    return ask(process, NULL, "\"rows\"") && ask(process, request, "\"opened\"");
}

static bool round_trips_time(struct process *process, double seconds[REQUESTS]) {
    for (int i = 0; i < REQUESTS; i++) {
        const double start = clock_seconds();
        const char *took = ask(process, "{\"take\":0,\"launches\":1,\"first\":0,\"iterations\":1}",
                               "\"seconds\": ");
        if (!took)
            return false;
        seconds[i] = clock_seconds() - start - strtod(took, NULL);
    }
    qsort(seconds, REQUESTS, sizeof *seconds, ascending);
    return true;
}

static bool file_make(char path[]) {
    static const char zeros[BYTES];
    const int file = mkstemp(path);
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    return stream && fwrite(zeros, 1, BYTES, stream) == BYTES && fclose(stream) == 0;
}

int main(void) {
    static double seconds[REQUESTS];
    char path[] = "/tmp/lockstep-peer-XXXXXX";
    struct process process;
    struct message message = {""};
    if (!file_make(path) || process_start(&process, command, &message) != STATUS_OK) {
        (void)fprintf(stderr, "bench-peer: cannot begin: %s\n", message.text);
        return 1;
    }
    const bool done = launch_open(&process, path) && round_trips_time(&process, seconds);
    process_end(&process);
    (void)remove(path);
    if (done)
        printf("asking a peer: median %.1f us, 90%% within %.1f us, least %.1f us\n",
               1e6 * seconds[REQUESTS / 2], 1e6 * seconds[9 * REQUESTS / 10], 1e6 * seconds[0]);
    return done ? 0 : 1;
}
