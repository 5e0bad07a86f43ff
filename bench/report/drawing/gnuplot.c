/* Starting gnuplot and listening to it. */
#include "bench/report/drawing/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* gnuplot in `folder`, with standard output and error at `output`. Returns an error number. */
static int gnuplot_spawn(const char *folder, const char *script, int output, pid_t *process) {
    /* -d: without the user's own settings, so that a plot looks the same everywhere. */
    char *const arguments[] = {"gnuplot", "-d", (char *)script, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (!error)
        error = posix_spawnp(process, "gnuplot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Everything that is said until the other end is closed; what does not fit is dropped. */
static void words_read(int input, char *words, size_t size) {
    size_t used = 0;
    char dropped[512];
    for (;;) {
        bool room = used + 1 < size;
        ssize_t got = room ? read(input, words + used, size - 1 - used)
                           : read(input, dropped, sizeof dropped);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        if (room && got > 0)
            used += (size_t)got;
    }
    words[used] = '\0';
}

/* gnuplot shows the line and a caret before it says what is wrong: the last line is the sentence.
 */
static const char *last_line(char *words) {
    size_t length = strlen(words);
    while (length > 0 && (words[length - 1] == '\n' || words[length - 1] == ' '))
        words[--length] = '\0';
    char *newline = strrchr(words, '\n');
    const char *line = newline ? newline + 1 : words;
    return line + strspn(line, " \t");
}

static enum status gnuplot_wait(pid_t process, const char *folder, const char *script, char *words,
                                struct message *message) {
    int ended = 0;
    while (waitpid(process, &ended, 0) < 0)
        if (errno != EINTR)
            return message_set(message, STATUS_FAILED, "cannot wait for gnuplot: %s",
                               strerror(errno));
    const char *said = last_line(words);
    if (WIFSIGNALED(ended))
        return message_set(message, STATUS_FAILED, "gnuplot drawing %s/%s was ended by signal %d",
                           folder, script, WTERMSIG(ended));
    /* 127: what a shell or an older posix_spawn says when there is no such program. */
    if (WEXITSTATUS(ended) == 127)
        return message_set(message, STATUS_UNSUPPORTED, "gnuplot could not be started");
    if (WEXITSTATUS(ended) != 0)
        return message_set(message, STATUS_FAILED,
                           "gnuplot could not draw %.300s/%s: %.400s; the script lies there: run "
                           "gnuplot on it to see more",
                           folder, script, *said ? said : "it said nothing");
    return STATUS_OK;
}

enum status gnuplot_run(const char *folder, const char *script, struct message *message) {
    int ends[2];
    pid_t process = 0;
    char words[4096];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return message_set(message, STATUS_IO, "cannot make a pipe to gnuplot: %s",
                           strerror(errno));
    int error = gnuplot_spawn(folder, script, ends[1], &process);
    close(ends[1]);
    if (!error)
        words_read(ends[0], words, sizeof words);
    close(ends[0]);
    if (error == ENOENT || error == EACCES)
        return message_set(message, STATUS_UNSUPPORTED, "there is no gnuplot on the PATH");
    if (error)
        return message_set(message, STATUS_FAILED, "cannot start gnuplot: %s", strerror(error));
    return gnuplot_wait(process, folder, script, words, message);
}
