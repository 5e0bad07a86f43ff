/* Starting, talking to and ending a process. */
#include "common/process.h"
#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- starting --------------------------------------------------------------------------------- */

static int attributes_make(posix_spawnattr_t *attributes) {
    int error = posix_spawnattr_init(attributes);
    if (!error)
        error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error)
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP);
    return error;
}

static int actions_make(posix_spawn_file_actions_t *actions, int socket, int errors) {
    int error = posix_spawn_file_actions_init(actions);
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, socket, STDIN_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, socket, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
    return error;
}

static int process_spawn(struct process *process, int socket, const char *const *arguments) {
    char *list[PROCESS_WORDS_MAX + 1];
    int count = 0;
    for (; arguments[count] && count < PROCESS_WORDS_MAX; count++)
        memcpy(&list[count], &arguments[count], sizeof *list); /* posix_spawn knows no const */
    list[count] = NULL;
    if (arguments[count])
        return E2BIG;
    if (count == 0)
        return EINVAL;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = attributes_make(&attributes);
    if (error)
        return error;
    error = actions_make(&actions, socket, process->errors);
    if (!error)
        error = posix_spawnp(&process->id, arguments[0], &actions, &attributes, list, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

enum status process_refuse(const char *name, int error, struct message *message) {
    struct stat found;
    const bool is_here = !strchr(name, '/') && stat(name, &found) == 0 && S_ISREG(found.st_mode) &&
                         access(name, X_OK) == 0;
    return message_set(message, STATUS_INVALID, "cannot start %.800s: %s%s%.800s%s", name,
                       strerror(error), is_here ? "; did you mean ./" : "", is_here ? name : "",
                       is_here ? "?" : "");
}

enum status process_start(struct process *process, const char *const *arguments,
                          struct message *message) {
    *process = (struct process){.socket = -1, .errors = -1};
    process->errors = memfd_create("standard error of a process", MFD_CLOEXEC);
    int ends[2] = {-1, -1};
    if (process->errors < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        int error = errno;
        process_end(process);
        return message_set(message, STATUS_IO, "cannot prepare a process: %s", strerror(error));
    }
    process->socket = ends[0];
    int error = process_spawn(process, ends[1], arguments);
    close(ends[1]);
    if (!error)
        return STATUS_OK;
    process->id = 0;
    process_end(process);
    return process_refuse(arguments[0], error, message);
}

/* --- ending ----------------------------------------------------------------------------------- */

/* While its leader is not yet waited for, the number is the group's. */
static int group_end(struct process *process) {
    int state = 0;
    (void)kill(-process->id, SIGKILL);
    (void)kill(process->id, SIGKILL); /* it may not have entered its group yet */
    while (waitpid(process->id, &state, 0) < 0 && errno == EINTR)
        continue;
    process->id = 0;
    return state;
}

void process_end(struct process *process) {
    if (process->socket >= 0)
        close(process->socket);
    if (process->errors >= 0)
        close(process->errors);
    free(process->text);
    process->socket = process->errors = -1;
    process->text = NULL;
    process->used = process->taken = process->capacity = 0;
    /* It ends by itself when its input ends, but not while it computes. */
    if (process->id > 0)
        (void)group_end(process);
}

void process_await_end(struct process *process, int *code, char *text, size_t size) {
    const struct timespec pause = {.tv_nsec = 1000000};
    siginfo_t info = {.si_pid = 0};
    *code = -1;
    snprintf(text, size, "has ended before");
    if (process->id <= 0)
        return;
    for (int i = 0; i < 1000 && info.si_pid == 0; i++) {
        if (waitid(P_PID, (id_t)process->id, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
            break;
        if (info.si_pid == 0)
            (void)nanosleep(&pause, NULL);
    }
    int state = group_end(process);
    *code = WIFSIGNALED(state) ? -1 : WEXITSTATUS(state);
    if (WIFSIGNALED(state))
        snprintf(text, size, "was ended by signal %d (%s)", WTERMSIG(state),
                 strsignal(WTERMSIG(state)));
    else
        snprintf(text, size, "ended with status %d", *code);
}

void process_last_words(const struct process *process, char *text, size_t size) {
    char tail[1024] = "";
    off_t end = lseek(process->errors, 0, SEEK_END);
    off_t start = end > (off_t)sizeof tail - 1 ? end - (off_t)sizeof tail + 1 : 0;
    ssize_t length = end > 0 ? pread(process->errors, tail, sizeof tail - 1, start) : 0;
    if (length < 0)
        length = 0;
    while (length > 0 && tail[length - 1] == '\n')
        length--;
    tail[length] = '\0';
    const char *line = strrchr(tail, '\n');
    line = line ? line + 1 : tail;
    snprintf(text, size, "%.400s", *line ? line : "it said nothing");
}

void process_errors_print(const struct process *process, const char *name, FILE *file) {
    char piece[1024];
    bool begins = true;
    ssize_t length;
    for (off_t at = 0; (length = pread(process->errors, piece, sizeof piece, at)) > 0; at += length)
        for (ssize_t i = 0; i < length; i++) {
            if (begins)
                fprintf(file, "%s: ", name);
            fputc(piece[i], file);
            begins = piece[i] == '\n';
        }
    if (!begins)
        fputc('\n', file);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Line and newline in one call: the process is woken once a line, when it can read the whole. */
bool process_send(struct process *process, const char *line) {
    static char newline[] = "\n";
    struct iovec parts[] = {{(void *)line, strlen(line)}, {newline, 1}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (process->socket >= 0 && parts[1].iov_len > 0) {
        const ssize_t sent = sendmsg(process->socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        const size_t taken = sent > 0 ? (size_t)sent : 0;
        const size_t of_line = taken < parts[0].iov_len ? taken : parts[0].iov_len;
        parts[0].iov_base = (char *)parts[0].iov_base + of_line;
        parts[0].iov_len -= of_line;
        parts[1].iov_len -= taken - of_line;
    }
    return process->socket >= 0;
}

/* Room for more text. */
static enum process_answer text_extend(struct process *process) {
    if (process->used + 1 < process->capacity)
        return PROCESS_LINE;
    if (process->capacity >= PROCESS_LINE_MAX)
        return PROCESS_ENDLESS;
    size_t capacity = process->capacity ? 2 * process->capacity : 4096;
    char *longer = realloc(process->text, capacity);
    if (!longer)
        return PROCESS_NO_MEMORY;
    process->text = longer;
    process->capacity = capacity;
    return PROCESS_LINE;
}

static enum process_answer text_receive(struct process *process, double seconds) {
    enum process_answer answer = text_extend(process);
    if (answer != PROCESS_LINE)
        return answer;
    struct pollfd waiting = {.fd = process->socket, .events = POLLIN};
    int ready = seconds > 0.0 ? poll(&waiting, 1, (int)(1e3 * seconds) + 1) : 0;
    if (ready < 0 && errno == EINTR)
        return PROCESS_INTERRUPTED;
    if (ready == 0)
        return PROCESS_LATE;
    ssize_t length = recv(process->socket, process->text + process->used,
                          process->capacity - process->used - 1, 0);
    if (ready < 0 || length <= 0)
        return PROCESS_ENDED;
    process->used += (size_t)length;
    return PROCESS_LINE;
}

enum process_answer process_receive(struct process *process, double seconds, char **line) {
    const double end = clock_seconds() + seconds;
    *line = NULL;
    if (process->taken > 0)
        memmove(process->text, process->text + process->taken, process->used - process->taken);
    process->used -= process->taken;
    process->taken = 0;
    size_t searched = 0;
    char *newline = NULL;
    while (!(newline = process->used > searched
                           ? memchr(process->text + searched, '\n', process->used - searched)
                           : NULL)) {
        searched = process->used;
        enum process_answer answer = text_receive(process, end - clock_seconds());
        if (answer != PROCESS_LINE)
            return answer;
    }
    *newline = '\0';
    process->taken = (size_t)(newline - process->text) + 1;
    *line = process->text;
    return PROCESS_LINE;
}
