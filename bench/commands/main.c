/* lockstep: the subcommands, signals, and exit statuses. */
#include "bench/commands/command.h"
#include "bench/devices/build_info.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    command_function *function;
    const char *summary;
} commands[] = {
    {"run", command_run, "time, verify and plot"},
    {"verify", command_verify, "check every implementation on awkward shapes and values, untimed"},
    {"train", command_train, "train a network on Fashion-MNIST or your own IDX files"},
    {"tune", command_tune, "measure which GEMM tile and split is fastest on a GPU"},
    {"list", command_list, "operations, implementations, cases, presets"},
    {"compare", command_compare, "what became faster or slower between two runs"},
    {"history", command_history, "keep runs, and show how times changed over commits"},
    {"report", command_report, "draw a run's plots again"},
    {"ab", command_ab, "say whether one build is slower than another, the two run in turn"},
    {"sample", command_sample, "take samples on request; what `ab` starts"},
    {"info", command_info, "the machine, the libraries, the devices, the build"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static volatile sig_atomic_t interrupted;

/* The first signal asks for an orderly end; the second ends the process as usual. */
static void on_signal(int signal_number) {
    interrupted = 1;
    signal(signal_number, SIG_DFL);
}

static bool is_interrupted(void *argument) {
    (void)argument;
    return interrupted != 0;
}

static int exit_status(enum status status) {
    switch (status) {
    case STATUS_OK:
        return 0;
    case STATUS_WRONG:
        return 1;
    case STATUS_INVALID:
        return 2;
    case STATUS_NO_GPU:
        return 77;
    case STATUS_UNSUPPORTED:
    case STATUS_NO_MEMORY:
    case STATUS_IO:
    case STATUS_FAILED:
    case STATUS_INTERRUPTED:
        break;
    }
    return 3;
}

/* A disk that is full or a reader that has gone is seen when the last of the output is sent. */
static int output_end(int status) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    fprintf(stderr, "lockstep: cannot write all of the standard output: %s\n", strerror(errno));
    return status == 0 ? 3 : status;
}

static void print_usage(FILE *file) {
    fprintf(file, "usage: lockstep COMMAND [ARGUMENT…]\n\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(file, "\n`lockstep COMMAND --help` says more.\n");
}

static void signals_install(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv) {
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return output_end(0);
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("lockstep %s (%s)\n", build_version, build_commit);
        return output_end(0);
    }
    for (int i = 0; argc >= 2 && i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        signals_install();
        const struct command_context context = {
            .stop = is_interrupted, .argument_count = argc, .arguments = argv};
        struct message message = {.text = ""};
        enum status status = commands[i].function(argc - 1, argv + 1, &context, &message);
        if (status != STATUS_OK)
            fprintf(stderr, "lockstep: %s\n", message.text);
        return output_end(exit_status(status));
    }
    if (argc >= 2)
        fprintf(stderr, "lockstep: there is no command '%s'\n\n", argv[1]);
    print_usage(stderr);
    return 2;
}
