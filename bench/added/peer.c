/* Starting and asking a peer. */
#include "bench/added/peer.h"

#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROTOCOL_VERSION = 1, FAILURES_MAX = 10, SH_SIGNALS = 128 };
static const double patience_default = 30.0, patience_most = 600.0, start_seconds_again = 120.0;

/* --- how it ends ------------------------------------------------------------------------------ */

static void life_end(struct peer *peer) {
    process_errors_print(&peer->process, peer->command, stderr);
    process_end(&peer->process);
    peer->is_running = false;
}

enum status peer_fail(struct peer *peer, enum status status, const struct message *message) {
    peer->last = *message;
    peer->failures++;
    life_end(peer);
    return status;
}

/* What would be there then: a module that Python did not find. */
static void advise(const char *words, char *advice, size_t size) {
    static const char said[] = "No module named '";
    const char *name = strstr(words, said);
    const int length = name ? (int)strcspn(name + sizeof said - 1, "'.") : 0;
    advice[0] = '\0';
    if (name)
        snprintf(advice, size,
                 "; `python3 -m pip install %.*s` installs it, of the Python that the "
                 "command calls",
                 length, name + sizeof said - 1);
}

static enum status end_describe(struct peer *peer, const char *instead, struct message *message) {
    char ending[100], words[PROCESS_WORDS_MAX], advice[200];
    int code;
    process_await_end(&peer->process, &code, ending, sizeof ending);
    process_last_words(&peer->process, words, sizeof words);
    if (code > SH_SIGNALS && code < SH_SIGNALS + NSIG) /* how sh passes on a signal */
        snprintf(ending, sizeof ending, "was ended by signal %d (%s)", code - SH_SIGNALS,
                 strsignal(code - SH_SIGNALS));
    advise(words, advice, sizeof advice);
    (void)message_set(message, STATUS_FAILED, "%.200s %s %s: %.400s%s", peer->command, ending,
                      instead, words, advice);
    return peer_fail(peer, STATUS_FAILED, message);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The first line may take long where Python imports much: after some seconds, what is waited for
 * is said. */
static enum process_answer first_receive(struct peer *peer, double seconds, char **line) {
    static const double silent = 10.0;
    const enum process_answer answer = process_receive(&peer->process, fmin(silent, seconds), line);
    if (answer != PROCESS_LATE || seconds <= silent)
        return answer;
    fprintf(stderr, "waiting for %.200s to name its rows, for %g s at most\n", peer->command,
            seconds);
    return process_receive(&peer->process, seconds - silent, line);
}

/* The line that was received as an object, which the caller deletes. `instead` says what was waited
 * for, and `seconds` how long. */
static enum status object_take(struct peer *peer, enum process_answer received, const char *line,
                               double seconds, const char *instead, cJSON **object,
                               struct message *message) {
    *object = NULL;
    switch (received) {
    case PROCESS_LINE:
        *object = cJSON_Parse(line);
        if (cJSON_IsObject(*object))
            return STATUS_OK;
        cJSON_Delete(*object);
        *object = NULL;
        (void)message_set(message, STATUS_FAILED,
                          "%.200s prints what is no answer: \"%.80s\" (standard output is for "
                          "answers alone)",
                          peer->command, line);
        return peer_fail(peer, STATUS_FAILED, message);
    case PROCESS_ENDED:
        return end_describe(peer, instead, message);
    case PROCESS_LATE:
        (void)message_set(message, STATUS_ENDLESS, "%.200s did not answer within %g s %s",
                          peer->command, seconds, instead);
        return peer_fail(peer, STATUS_ENDLESS, message);
    case PROCESS_ENDLESS:
        (void)message_set(message, STATUS_FAILED, "%.200s prints a line without an end",
                          peer->command);
        return peer_fail(peer, STATUS_FAILED, message);
    case PROCESS_INTERRUPTED:
        (void)message_set(message, STATUS_INTERRUPTED, "interrupted");
        return peer_fail(peer, STATUS_INTERRUPTED, message);
    case PROCESS_NO_MEMORY:
        break;
    }
    (void)message_set(message, STATUS_NO_MEMORY, "no memory for an answer of %.200s",
                      peer->command);
    return peer_fail(peer, STATUS_NO_MEMORY, message);
}

static const char *text_of(const cJSON *object, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static enum status answer_read(struct peer *peer, const char *wanted, double *number,
                               struct message *message) {
    cJSON *answer = NULL;
    char *line = NULL;
    const enum process_answer received = process_receive(&peer->process, peer->patience, &line);
    enum status status =
        object_take(peer, received, line, peer->patience, "instead of answering", &answer, message);
    if (status != STATUS_OK)
        return status;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, wanted);
    const char *skipped = text_of(answer, "skipped"), *failed = text_of(answer, "failed");
    if (cJSON_IsNumber(item)) {
        *number = item->valuedouble;
    } else if (skipped) {
        status = message_set(message, STATUS_UNSUPPORTED, "%.900s", skipped);
    } else if (failed) {
        status = message_set(message, STATUS_FAILED, "%.900s", failed);
    } else {
        (void)message_set(message, STATUS_FAILED, "the answer of %.200s has no \"%s\"",
                          peer->command, wanted);
        status = peer_fail(peer, STATUS_FAILED, message);
    }
    cJSON_Delete(answer);
    return status;
}

enum status peer_ask(struct peer *peer, cJSON *request, const char *wanted, double *number,
                     struct message *message) {
    char *line = request ? cJSON_PrintUnformatted(request) : NULL;
    cJSON_Delete(request);
    if (!line)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a request to %.200s",
                           peer->command);
    bool sent = process_send(&peer->process, line);
    cJSON_free(line);
    return sent ? answer_read(peer, wanted, number, message)
                : end_describe(peer, "instead of answering", message);
}

/* --- starting --------------------------------------------------------------------------------- */

static enum status greeting_take(struct peer *peer, cJSON *greeting, struct message *message) {
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(greeting, "lockstep_peer");
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(greeting, "rows");
    const cJSON *patience = cJSON_GetObjectItemCaseSensitive(greeting, "patience_seconds");
    enum status status = STATUS_OK;
    if (!cJSON_IsNumber(version) || version->valuedouble != (double)PROTOCOL_VERSION ||
        !cJSON_IsArray(rows))
        status = message_set(message, STATUS_INVALID,
                             "%.200s does not begin as a peer of version %d does "
                             "(docs/peer-protocol.md)",
                             peer->command, PROTOCOL_VERSION);
    else if (peer->rows && !cJSON_Compare(peer->rows, rows, true))
        status =
            message_set(message, STATUS_FAILED,
                        "%.200s names other rows than when it was first started", peer->command);
    if (status != STATUS_OK)
        return peer_fail(peer, status, message);
    peer->patience = cJSON_IsNumber(patience) && patience->valuedouble > 0.0 &&
                             patience->valuedouble <= patience_most
                         ? patience->valuedouble
                         : patience_default;
    if (!peer->rows)
        peer->rows = cJSON_DetachItemFromObjectCaseSensitive(greeting, "rows");
    return STATUS_OK;
}

/* The folder of lockstep_peer.py, of the build's sources or installed; empty where it is in
 * neither. */
static void modules_find(char folder[PATH_MAX]) {
    static const char *const places[] = {"../peers", "../share/lockstep/peers"};
    char program[PATH_MAX] = "", module[PATH_MAX + 32];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *home = dirname(program);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(folder, PATH_MAX, "%.4000s/%s", home, places[i]);
        snprintf(module, sizeof module, "%s/lockstep_peer.py", folder);
        if (access(module, R_OK) == 0)
            return;
    }
    folder[0] = '\0';
}

/* What the command finds in its environment:
 * - OpenMP's threads spin for 3 to 8 ms after their last work, on processors that the next row
 *   wants. So many turns last 0.3 ms, which is long enough from one kernel to the next.
 * - Python finds lockstep_peer.py, behind whatever it is told to look in. */
#define ENVIRONMENT                                                                                \
    "export GOMP_SPINCOUNT=\"${GOMP_SPINCOUNT-20000}\"; "                                          \
    "[ -z \"$1\" ] || export PYTHONPATH=\"${PYTHONPATH:+$PYTHONPATH:}$1\"; "

static enum status command_start(struct peer *peer, struct message *message) {
    const size_t size = sizeof ENVIRONMENT + strlen(peer->command);
    char modules[PATH_MAX], *command = malloc(size);
    if (!command)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a command");
    modules_find(modules);
    snprintf(command, size, ENVIRONMENT "%s", peer->command);
    const char *const arguments[] = {"/bin/sh", "-c", command, "sh", modules, NULL};
    enum status status = process_start(&peer->process, arguments, message);
    free(command);
    return status;
}

static enum status life_begin(struct peer *peer, double seconds, struct message *message) {
    enum status status = command_start(peer, message);
    if (status != STATUS_OK)
        return status;
    cJSON *greeting = NULL;
    peer->is_running = true;
    peer->starts++;
    char *line = NULL;
    const enum process_answer received = first_receive(peer, seconds, &line);
    status = object_take(peer, received, line, seconds, "instead of naming its rows", &greeting,
                         message);
    if (status == STATUS_OK)
        status = greeting_take(peer, greeting, message);
    cJSON_Delete(greeting);
    return status;
}

enum status peer_open(struct peer *peer, const char *command, double seconds,
                      struct message *message) {
    *peer = (struct peer){.command = command, .process = {.socket = -1, .errors = -1}};
    return life_begin(peer, seconds, message);
}

enum status peer_revive(struct peer *peer, struct message *message) {
    if (peer->is_running)
        return STATUS_OK;
    if (peer->failures < FAILURES_MAX)
        return life_begin(peer, start_seconds_again, message);
    return message_set(message, STATUS_FAILED,
                       "it has failed %d times and is not started again; the last time: %.600s",
                       peer->failures, peer->last.text);
}

void peer_close(struct peer *peer) {
    if (peer->is_running)
        life_end(peer);
    cJSON_Delete(peer->rows);
    peer->rows = NULL;
}
