/* What the number means that the program ends with. */
#include "bench/commands/exit_status.h"

const char exit_status_help[] = "`lockstep help exit-status` says what the exit status means.";

static const struct {
    int number;
    const char *meaning;
} meanings[] = {
    {EXIT_STATUS_DONE, "Everything was done, all results are right, and nothing is slower."},
    {EXIT_STATUS_WRONG,
     "A result is wrong, something became slower, a count became worse, or a row is missing."},
    {EXIT_STATUS_CALL, "The call or a file that it names was wrong, and nothing was started."},
    {EXIT_STATUS_UNFINISHED,
     "It could not be finished, or every row was skipped. What was measured is kept and named."},
    {EXIT_STATUS_NO_GPU, "The GPU that was asked for is not there."},
    {EXIT_STATUS_FOUND, "`emulate`: something was found wrong, and the program ended with 0. Else "
                        "it ends as the program."},
};

int exit_status_of(enum status status) {
    switch (status) {
    case STATUS_OK:
        return EXIT_STATUS_DONE;
    case STATUS_WRONG:
        return EXIT_STATUS_WRONG;
    case STATUS_INVALID:
        return EXIT_STATUS_CALL;
    case STATUS_NO_GPU:
        return EXIT_STATUS_NO_GPU;
    case STATUS_UNSUPPORTED:
    case STATUS_NO_MEMORY:
    case STATUS_IO:
    case STATUS_FAILED:
    case STATUS_INTERRUPTED:
    case STATUS_ENDLESS:
        break;
    }
    return EXIT_STATUS_UNFINISHED;
}

void exit_status_print(FILE *file) {
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        fprintf(file, "%3d  %s\n", meanings[i].number, meanings[i].meaning);
}
