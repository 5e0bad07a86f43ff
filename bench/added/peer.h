/* A process that computes rows and says so in JSON lines (docs/peer-protocol.md), seen from the
 * side that asks. Whatever becomes of it ends as a status with a sentence: it never started, it
 * died, it does not answer, it says what is no answer.
 */
#ifndef LOCKSTEP_BENCH_ADDED_PEER_H
#define LOCKSTEP_BENCH_ADDED_PEER_H

#include "common/process.h"

#include <cjson/cJSON.h>

struct peer {
    const char *command; /* for sh; borrowed */
    struct process process;
    bool is_running;
    int starts;          /* a launch that was opened in an earlier life is unknown to this one */
    int failures;        /* lives that it ended by itself, or that had to be ended */
    double patience;     /* seconds that an answer may take */
    cJSON *rows;         /* an array of objects; owned */
    struct message last; /* how its last life ended */
};

/* Starts the process and reads its rows, waiting for them at most `seconds`.
 *
 * STATUS_INVALID: it cannot be started, or is no peer. STATUS_FAILED: it crashed or hung. */
enum status peer_open(struct peer *peer, const char *command, double seconds,
                      struct message *message);
/* Passes on what it wrote to its standard error, and ends it. */
void peer_close(struct peer *peer);

/* Starts it again where it has ended. STATUS_FAILED: that fails, or has been done too often. */
enum status peer_revive(struct peer *peer, struct message *message);

/* Sends the request, which is freed, and takes the number behind `wanted` out of the answer.
 *
 * STATUS_UNSUPPORTED, STATUS_FAILED: it says that it cannot, or that it failed, and why.
 * STATUS_FAILED otherwise: the process is ended, and the message says why.
 * STATUS_INTERRUPTED: it is ended too, for its answer would be taken for another one's. */
enum status peer_ask(struct peer *peer, cJSON *request, const char *wanted, double *number,
                     struct message *message);

/* Ends the process for the reason in `message`, and gives `status`. */
enum status peer_fail(struct peer *peer, enum status status, const struct message *message);

#endif
