/* lockstep: the subcommands, signals, and exit statuses. */
#include "bench/commands/command.h"
#include "bench/commands/exit_status.h"
#include "bench/commands/guard.h"
#include "bench/devices/build_info.h"
#include "ranks/ranks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    command_function *function;
    const char *summary;
    bool once; /* over ranks it is the first one's, for all would say the same */
} commands[] = {
    {"run", command_run, "time, verify and plot", false},
    {"verify", command_verify, "check every implementation on awkward shapes and values, untimed",
     false},
    {"train", command_train, "train a network on Fashion-MNIST or your own IDX files", false},
    {"tune", command_tune, "measure which GEMM tile and split is fastest on a GPU", false},
    {"list", command_list, "operations, implementations, cases, presets", true},
    {"compare", command_compare, "what became faster or slower between two runs", true},
    {"history", command_history, "keep runs, and show how times changed over commits", false},
    {"new", command_new, "write a kernel of your own to start from; --add takes it", true},
    {"report", command_report, "draw a run's plots again", true},
    {"ab", command_ab, "say whether one build is slower than another, the two run in turn", false},
    {"sample", command_sample, "take samples on request; what `ab` starts", false},
    {"emulate", command_emulate, "run any CUDA program on the emulated GPU: faults and counts",
     false},
    {"explain", command_explain, "say what limits a kernel on a GPU, from its counts", true},
    {"choose", command_choose, "predict on which GPU a network runs how fast, and for how much",
     true},
    {"info", command_info, "the machine, the libraries, the devices, the build", false},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* Read by the threads of an emulated launch too. */
static atomic_bool interrupted;
static bool launched; /* as a rank of a job */

/* The first signal asks for an orderly end; the second ends the process as usual. What is said of
 * it is of no use to whoever cannot read it. */
static void on_signal(int signal_number) {
    static const char said[] = "\nlockstep: ending in order; again to end now\n";
    interrupted = true;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    /* A launcher ends its ranks so, and has said why. */
    if (launched && signal_number == SIGTERM)
        return;
    if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
        return;
}

static bool is_interrupted(void *argument) {
    (void)argument;
    return interrupted;
}

/* A disk that is full or a reader that has gone is seen when the last of the output is sent. */
static int output_end(int status) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    fprintf(stderr, "lockstep: cannot write all of the standard output: %s\n", strerror(errno));
    return status == EXIT_STATUS_DONE ? EXIT_STATUS_UNFINISHED : status;
}

/* Where output and errors go to one place, as with 2>&1, no message is to stand within a line. */
static void output_by_lines(void) {
    struct stat output, errors;
    if (fstat(fileno(stdout), &output) == 0 && fstat(STDERR_FILENO, &errors) == 0 &&
        output.st_dev == errors.st_dev && output.st_ino == errors.st_ino)
        (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

static void print_usage(FILE *file) {
    fprintf(file, "usage: lockstep COMMAND [ARGUMENT…]\n\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(file, "\n`lockstep COMMAND --help` says more. %s\n", exit_status_help);
}

/* A file at its size limit is an error of the call that writes it, and ends no process. */
static void signals_install(void) {
    struct sigaction action = {.sa_handler = on_signal};
    launched = ranks_launched();
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

/* Without standard input, output or errors their numbers would go to the next files that are
 * opened, and what is printed into those. False when one of them stays closed. */
static bool descriptors_open(void) {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
        if (fcntl(number, F_GETFD) < 0 && open("/dev/null", O_RDWR) != number)
            return false;
    return true;
}

/* With less, plots, training steps and libraries end the process by a signal, without a word. */
static bool stack_suffices(void) {
    enum { LEAST_KIB = 1024 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur / 1024 >= LEAST_KIB)
        return true;
    fprintf(
        stderr,
        "lockstep: the limit on the stack is %llu KiB, and %d are needed: raise it (ulimit -s)\n",
        (unsigned long long)(limit.rlim_cur / 1024), LEAST_KIB);
    return false;
}

/* Whether main has its own exit status to give. */
static bool ended;

/* A library may end the process, as libgomp does without threads: by exit(1), which here would say
 * that a result is wrong. */
static void on_exit_from_below(int status, void *argument) {
    char said[96];
    (void)argument;
    if (ended)
        return;
    (void)fflush(stdout);
    const int length =
        snprintf(said, sizeof said,
                 "lockstep: a library that was called has ended the process by exit(%d)\n", status);
    /* Who cannot read it has the exit status still. */
    const ssize_t written = write(STDERR_FILENO, said, (size_t)length);
    (void)written;
    _exit(guard_status(status));
}

/* For a job whose other ranks have died: what would end this one in order waits for them. */
static void end_at_once(enum status status, const char *sentence) {
    if (sentence)
        fprintf(stderr, "lockstep: %s\n", sentence);
    _exit(exit_status_of(status));
}

static int command_call(int index, int argc, char **argv) {
    int exit_status = EXIT_STATUS_DONE;
    const struct command_context context = {.stop = is_interrupted,
                                            .argument_count = argc,
                                            .arguments = argv,
                                            .exit_status = &exit_status,
                                            .end = end_at_once};
    struct message message = {.text = ""};
    signals_install();
    enum status status = commands[index].function(argc - 1, argv + 1, &context, &message);
    if (status == STATUS_OK)
        return exit_status;
    fprintf(stderr, "lockstep: %s\n", message.text);
    return exit_status_of(status);
}

/* `help WORD`: the help of a command, or of what the exit statuses mean. */
static int help_call(char *word) {
    static char help[] = "--help";
    char *words[] = {NULL, word, help, NULL};
    if (strcmp(word, "exit-status") == 0) {
        exit_status_print(stdout);
        return EXIT_STATUS_DONE;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(word, commands[i].name) == 0)
            return command_call(i, 3, words);
    fprintf(stderr, "lockstep: there is no command '%s', and no other help of that name\n\n", word);
    print_usage(stderr);
    return EXIT_STATUS_CALL;
}

static int word_call(int argc, char **argv) {
    const char *word = argc >= 2 ? argv[1] : "";
    if (strcmp(word, "help") == 0 && argc >= 3)
        return help_call(argv[2]);
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        print_usage(stdout);
        return EXIT_STATUS_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        printf("lockstep %s (%s)\n", build_version, build_commit);
        return EXIT_STATUS_DONE;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].once && !ranks_launched_first() ? EXIT_STATUS_DONE
                                                               : command_call(i, argc, argv);
    if (!ranks_launched_first())
        return EXIT_STATUS_CALL;
    if (argc >= 2)
        fprintf(stderr, "lockstep: there is no command '%s'\n\n", word);
    print_usage(stderr);
    return EXIT_STATUS_CALL;
}

/* A launcher ends all ranks when one has failed. The first says what was wrong with the call, so
 * the others give it the time. */
static int call_end(int status) {
    const struct timespec pause = {.tv_nsec = 300000000};
    if (status == EXIT_STATUS_CALL && !ranks_launched_first())
        (void)nanosleep(&pause, NULL);
    return status;
}

int main(int argc, char **argv) {
    if (!descriptors_open() || !stack_suffices())
        return EXIT_STATUS_UNFINISHED;
    if (guard_is_needed(argc, argv)) {
        const int status = guard_enter(argc, argv);
        if (status >= 0)
            return status;
    }
    output_by_lines();
    if (on_exit(on_exit_from_below, NULL) != 0)
        return EXIT_STATUS_UNFINISHED;
    int status = output_end(call_end(word_call(argc, argv)));
    ended = true;
    guard_leave();
    return status;
}
