/* Processes that take samples, and how they may end. */
#include "bench/regression/child.h"
#include "bench/regression/protocol.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MILLISECONDS = 600 * 1000, WORDS_MAX = 300 };

/* --- how it ended ----------------------------------------------------------------------------- */

/* The last line that it wrote to its standard error, without what lockstep puts before it. */
static void last_words(const struct child *child, char *text, size_t size) {
    char tail[1024] = "";
    off_t end = lseek(child->errors, 0, SEEK_END);
    off_t start = end > (off_t)sizeof tail - 1 ? end - (off_t)sizeof tail + 1 : 0;
    ssize_t length = end > 0 ? pread(child->errors, tail, sizeof tail - 1, start) : 0;
    if (length < 0)
        length = 0;
    while (length > 0 && tail[length - 1] == '\n')
        length--;
    tail[length] = '\0';
    const char *line = strrchr(tail, '\n');
    line = line ? line + 1 : tail;
    if (strncmp(line, "lockstep: ", 10) == 0)
        line += 10;
    snprintf(text, size, "%.400s", *line ? line : "it said nothing");
}

void child_errors_print(const struct child *child, FILE *file) {
    char piece[1024];
    bool begins = true;
    ssize_t length;
    for (off_t at = 0; (length = pread(child->errors, piece, sizeof piece, at)) > 0; at += length)
        for (ssize_t i = 0; i < length; i++) {
            if (begins)
                fprintf(file, "%s: ", child->binary);
            fputc(piece[i], file);
            begins = piece[i] == '\n';
        }
    if (!begins)
        fputc('\n', file);
}

/* Waits for an end that is near, for its output has ended. A process that lives on is ended after a
 * second. */
static int end_await(struct child *child) {
    const struct timespec pause = {.tv_nsec = 1000000};
    int state = 0;
    for (int i = 0; waitpid(child->process, &state, i < 1000 ? WNOHANG : 0) != child->process;
         i++) {
        (void)nanosleep(&pause, NULL);
        if (i == 999)
            (void)kill(child->process, SIGKILL);
    }
    child->process = 0;
    return state;
}

/* Its end as a sentence. Before the greeting, an orderly end is a refusal of the call. */
static enum status end_describe(struct child *child, bool greeted, struct message *message) {
    char words[512];
    int state = end_await(child);
    last_words(child, words, sizeof words);
    if (WIFSIGNALED(state))
        return message_set(message, STATUS_FAILED, "%s was ended by signal %d (%s): %s",
                           child->binary, WTERMSIG(state), strsignal(WTERMSIG(state)), words);
    int code = WEXITSTATUS(state);
    if (greeted)
        return message_set(message, STATUS_FAILED,
                           "%s ended with status %d while samples were asked of it: %s",
                           child->binary, code, words);
    if (code == 77)
        return message_set(message, STATUS_NO_GPU, "%s: %s", child->binary, words);
    return message_set(message, STATUS_INVALID,
                       "%s ended with status %d instead of taking samples: %s (is it a lockstep, "
                       "and one that knows `lockstep ab`?)",
                       child->binary, code, words);
}

void child_end(struct child *child) {
    if (child->socket >= 0)
        close(child->socket);
    if (child->errors >= 0)
        close(child->errors);
    child->socket = child->errors = -1;
    if (child->process <= 0)
        return;
    /* It ends by itself when its input ends, but not while it computes. */
    (void)kill(child->process, SIGKILL);
    while (waitpid(child->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    child->process = 0;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Receives more text. *ended when there will be no more. */
static enum status text_receive(struct child *child, bool *ended, struct message *message) {
    *ended = false;
    struct pollfd waiting = {.fd = child->socket, .events = POLLIN};
    int ready = poll(&waiting, 1, PATIENCE_MILLISECONDS);
    if (ready < 0 && errno == EINTR)
        return message_set(message, STATUS_INTERRUPTED, "interrupted");
    if (ready == 0)
        return message_set(message, STATUS_FAILED, "%s has not answered for %d minutes",
                           child->binary, PATIENCE_MILLISECONDS / 60000);
    ssize_t length =
        recv(child->socket, child->text + child->used, sizeof child->text - child->used - 1, 0);
    *ended = ready < 0 || length <= 0;
    if (!*ended)
        child->used += (size_t)length;
    return STATUS_OK;
}

static enum status line_read(struct child *child, bool greeted, char **line,
                             struct message *message) {
    memmove(child->text, child->text + child->taken, child->used - child->taken);
    child->used -= child->taken;
    child->taken = 0;
    char *end;
    while (!(end = memchr(child->text, '\n', child->used))) {
        if (child->used + 1 >= sizeof child->text)
            return message_set(message, greeted ? STATUS_FAILED : STATUS_INVALID,
                               "%s says what a lockstep never says", child->binary);
        bool ended;
        enum status status = text_receive(child, &ended, message);
        if (status == STATUS_OK && ended)
            status = end_describe(child, greeted, message);
        if (status != STATUS_OK)
            return status;
    }
    *end = '\0';
    child->taken = (size_t)(end - child->text) + 1;
    *line = child->text;
    return STATUS_OK;
}

enum status child_next(struct child *child, char **line, struct message *message) {
    enum status status = line_read(child, true, line, message);
    if (status != STATUS_OK || strncmp(*line, "broke ", 6) != 0)
        return status;
    return message_set(message, STATUS_FAILED, "%s: %.600s", child->binary, *line + 6);
}

enum status child_ask(struct child *child, const char *request, char **line,
                      struct message *message) {
    char text[128];
    int length = snprintf(text, sizeof text, "%s\n", request);
    for (int sent = 0; sent < length;) {
        ssize_t part = send(child->socket, text + sent, (size_t)(length - sent), MSG_NOSIGNAL);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return end_describe(child, true, message);
        sent += (int)part;
    }
    return child_next(child, line, message);
}

/* --- starting --------------------------------------------------------------------------------- */

static int process_spawn(struct child *child, int socket, const char *const *words,
                         int word_count) {
    char *list[WORDS_MAX];
    int count = 0;
    char command[] = "sample";
    list[count++] = strdup(child->binary);
    if (!list[0])
        return ENOMEM;
    list[count++] = command;
    for (int i = 0; i < word_count && count < WORDS_MAX - 1; i++)
        list[count++] = (char *)words[i]; /* posix_spawn knows no const */
    list[count] = NULL;
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
        if (!error)
            error = posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
        if (!error)
            error = posix_spawn_file_actions_adddup2(&actions, child->errors, STDERR_FILENO);
        if (!error)
            error = posix_spawn(&child->process, child->binary, &actions, NULL, list, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(list[0]);
    return error;
}

static enum status greeting_read(struct child *child, struct message *message) {
    char *line = NULL;
    enum status status = line_read(child, false, &line, message);
    if (status != STATUS_OK || !line)
        return status;
    if (sscanf(line, PROTOCOL_GREETING "%zu", &child->cases) == 1)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s is not a lockstep that this one can compare: it says \"%.60s\"",
                       child->binary, line);
}

enum status child_start(struct child *child, const char *binary, const char *const *words,
                        int word_count, struct message *message) {
    child->binary = binary;
    child->process = 0;
    child->used = child->taken = 0;
    child->socket = -1;
    /* A pipe could fill up and stop the process. */
    child->errors = memfd_create("standard error of a build", MFD_CLOEXEC);
    int ends[2] = {-1, -1};
    if (child->errors < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        int error = errno;
        child_end(child);
        return message_set(message, STATUS_IO, "cannot prepare a process: %s", strerror(error));
    }
    child->socket = ends[0];
    int error = process_spawn(child, ends[1], words, word_count);
    close(ends[1]);
    enum status status = STATUS_OK;
    if (error) {
        child->process = 0;
        status = message_set(message, STATUS_INVALID, "cannot run %s: %s", binary, strerror(error));
    } else {
        status = greeting_read(child, message);
    }
    if (status != STATUS_OK)
        child_end(child);
    return status;
}
