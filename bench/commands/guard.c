#include "bench/commands/guard.h"

#include "bench/commands/exit_status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char option[] = "--add";

bool guard_is_needed(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], option, strlen(option)) == 0)
            return true;
    return false;
}

/* The child, for the handler; the pipe's end that is this process's, and whose that is, since
 * processes that the child forks have it too. */
static volatile pid_t child;
static int report = -1;
static pid_t reporter;

static void pass_on(int signal_number) {
    if (child > 0)
        (void)kill(child, signal_number);
}

static void signals_pass_on(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)sigaction(signals[i], &action, NULL);
}

static void added_print(int argc, char **argv) {
    const char *separator = " ";
    for (int i = 1; i < argc; i++) {
        const char *value = argv[i] + strlen(option);
        if (strncmp(argv[i], option, strlen(option)) != 0)
            continue;
        const char *name = *value == '=' ? value + 1 : i + 1 < argc ? argv[i + 1] : "";
        fprintf(stderr, "%s%s", separator, name);
        separator = " or ";
    }
}

/* What to end with when the child has ended in `state` and said nothing of its own. */
static int end_explain(int state, int argc, char **argv) {
    if (WIFSIGNALED(state))
        fprintf(stderr, "lockstep: the process was ended by signal %d (%s)", WTERMSIG(state),
                strsignal(WTERMSIG(state)));
    else
        fprintf(stderr, "lockstep: the process has ended with status %d of its own",
                WEXITSTATUS(state));
    fprintf(stderr, ", most likely by a row of");
    added_print(argc, argv);
    fprintf(stderr,
            "; what was measured before is kept. Verify its rows one by one to see which\n");
    return EXIT_STATUS_UNFINISHED;
}

static int child_wait(int said, int argc, char **argv) {
    int state;
    char byte;
    ssize_t count;
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return EXIT_STATUS_UNFINISHED;
    do
        count = read(said, &byte, 1);
    while (count < 0 && errno == EINTR);
    (void)close(said);
    if (count == 1 && WIFEXITED(state))
        return WEXITSTATUS(state);
    /* It was asked to end, twice, or nobody reads what it prints. */
    if (WIFSIGNALED(state) &&
        (WTERMSIG(state) == SIGINT || WTERMSIG(state) == SIGTERM || WTERMSIG(state) == SIGHUP ||
         WTERMSIG(state) == SIGKILL || WTERMSIG(state) == SIGPIPE)) {
        (void)signal(WTERMSIG(state), SIG_DFL);
        (void)raise(WTERMSIG(state));
    }
    return end_explain(state, argc, argv);
}

/* `stdout` is this program's alone from now on. What else writes to descriptor 1, or to the stream
 * that was there before, goes to standard error, where it spoils no CSV and no answer. */
static void output_divide(void) {
    enum { FIRST_FREE = 10 };
    const int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FIRST_FREE);
    FILE *own = kept >= 0 ? fdopen(kept, "w") : NULL;
    if (!own || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return; /* what is printed may mix then */
    stdout = own;
}

int guard_enter(int argc, char **argv) {
    int ends[2];
    if (pipe(ends) != 0)
        return -1; /* as without a guard */
    (void)fflush(NULL);
    signals_pass_on();
    child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        report = ends[1];
        reporter = getpid();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        output_divide();
        (void)setpgid(0, 0); /* what the keyboard sends comes once, from the parent */
        return -1;
    }
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return -1;
    }
    return child_wait(ends[0], argc, argv);
}

int guard_status(int status) {
    return report >= 0 && getpid() == reporter ? status : EXIT_STATUS_UNFINISHED;
}

void guard_leave(void) {
    static const char said = 1;
    if (report >= 0 && write(report, &said, 1) != 1)
        return; /* the parent says that the end was not told */
}
