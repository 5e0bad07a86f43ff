/* See bench/added/probe.h. */
#include "bench/added/probe.h"
#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the process writes when it has come to the end of its work. */
struct answer {
    enum status status;
    struct message message;
};

static void answer_write(int pipe, const struct answer *answer) {
    const char *bytes = (const char *)answer;
    for (size_t done = 0; done < sizeof *answer;) {
        ssize_t written = write(pipe, bytes + done, sizeof *answer - done);
        if (written < 0 && errno != EINTR)
            return;
        done += written > 0 ? (size_t)written : 0;
    }
}

static _Noreturn void child_work(int pipe, enum status (*work)(void *, struct message *),
                                 void *argument) {
    const struct rlimit no_core = {0, 0};
    struct answer answer = {.status = STATUS_FAILED, .message.text = ""};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    answer.status = work(argument, &answer.message);
    answer_write(pipe, &answer);
    _exit(0);
}

/* Whether the whole answer came in time. */
static bool answer_read(int pipe, double seconds, struct answer *answer, bool *late) {
    const double end = clock_seconds() + seconds;
    char *bytes = (char *)answer;
    size_t done = 0;
    while (done < sizeof *answer) {
        const double left = end - clock_seconds();
        struct pollfd waiting = {.fd = pipe, .events = POLLIN};
        const int ready = left > 0.0 ? poll(&waiting, 1, (int)(1e3 * left) + 1) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        *late = ready == 0;
        const ssize_t length = ready > 0 ? read(pipe, bytes + done, sizeof *answer - done) : 0;
        if (length <= 0)
            return false;
        done += (size_t)length;
    }
    return true;
}

static enum status end_describe(const char *what, double seconds, bool late, int state,
                                struct message *message) {
    if (late)
        return message_set(message, STATUS_FAILED, "%.500s did not end within %g s", what, seconds);
    if (WIFSIGNALED(state))
        return message_set(message, STATUS_FAILED, "%.500s was ended by signal %d (%s)", what,
                           WTERMSIG(state), strsignal(WTERMSIG(state)));
    return message_set(message, STATUS_FAILED,
                       "%.500s ended its process by exit(), which would end lockstep", what);
}

enum status probe_run(const char *what, double seconds,
                      enum status (*work)(void *argument, struct message *message), void *argument,
                      struct message *message) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return message_set(message, STATUS_IO, "cannot make a pipe: %s", strerror(errno));
    (void)fflush(NULL); /* else it might be written twice */
    const pid_t process = fork();
    if (process == 0)
        child_work(ends[1], work, argument);
    (void)close(ends[1]);
    struct answer answer;
    bool late = false;
    const bool answered = process > 0 && answer_read(ends[0], seconds, &answer, &late);
    (void)close(ends[0]);
    if (process < 0)
        return message_set(message, STATUS_IO, "cannot start a process: %s", strerror(errno));
    if (late)
        (void)kill(process, SIGKILL);
    int state = 0;
    while (waitpid(process, &state, 0) < 0 && errno == EINTR)
        continue;
    if (!answered)
        return end_describe(what, seconds, late, state, message);
    *message = answer.message;
    return answer.status;
}
