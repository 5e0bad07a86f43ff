/* Processes that take samples, and how they may end. */
#include "bench/regression/child.h"
#include "bench/regression/protocol.h"

#include <stdbool.h>
#include <string.h>

enum { PATIENCE_SECONDS = 600 };

/* --- how it ended ----------------------------------------------------------------------------- */

/* Its end as a sentence. Before the greeting, an orderly end is a refusal of the call. */
static enum status end_describe(struct child *child, bool greeted, struct message *message) {
    static const char prefix[] = "lockstep: ";
    char words[512], ending[100];
    int code;
    process_await_end(&child->process, &code, ending, sizeof ending);
    process_last_words(&child->process, words, sizeof words);
    const bool knows = strncmp(words, prefix, sizeof prefix - 1) == 0; /* it is a lockstep */
    const char *said = knows ? words + sizeof prefix - 1 : words;
    if (code < 0)
        return message_set(message, STATUS_FAILED, "%s %s: %s", child->name, ending, said);
    if (greeted)
        return message_set(message, STATUS_FAILED, "%s %s while samples were asked of it: %s",
                           child->name, ending, said);
    if (code == 77 || knows)
        return message_set(message, code == 77 ? STATUS_NO_GPU : STATUS_INVALID, "%s: %s",
                           child->name, said);
    return message_set(message, STATUS_INVALID,
                       "%s %s instead of taking samples: %s (is it a lockstep, and one that knows "
                       "`lockstep ab`?)",
                       child->name, ending, said);
}

void child_errors_print(const struct child *child, FILE *file) {
    process_errors_print(&child->process, child->name, file);
}

void child_end(struct child *child) {
    process_end(&child->process);
}

/* --- lines ------------------------------------------------------------------------------------ */

static enum status line_read(struct child *child, bool greeted, char **line,
                             struct message *message) {
    switch (process_receive(&child->process, PATIENCE_SECONDS, line)) {
    case PROCESS_LINE:
        return STATUS_OK;
    case PROCESS_ENDED:
        return end_describe(child, greeted, message);
    case PROCESS_LATE:
        return message_set(message, STATUS_FAILED, "%s has not answered for %d minutes",
                           child->name, PATIENCE_SECONDS / 60);
    case PROCESS_ENDLESS:
        return message_set(message, greeted ? STATUS_FAILED : STATUS_INVALID,
                           "%s says what a lockstep never says", child->name);
    case PROCESS_INTERRUPTED:
        return message_set(message, STATUS_INTERRUPTED, "interrupted");
    case PROCESS_NO_MEMORY:
        break;
    }
    return message_set(message, STATUS_NO_MEMORY, "no memory for what %s says", child->name);
}

enum status child_next(struct child *child, char **line, struct message *message) {
    enum status status = line_read(child, true, line, message);
    if (status != STATUS_OK || strncmp(*line, "broke ", 6) != 0)
        return status;
    return message_set(message, STATUS_FAILED, "%s: %.600s", child->name, *line + 6);
}

enum status child_ask(struct child *child, const char *request, char **line,
                      struct message *message) {
    if (!process_send(&child->process, request))
        return end_describe(child, true, message);
    return child_next(child, line, message);
}

/* --- starting --------------------------------------------------------------------------------- */

static enum status greeting_read(struct child *child, struct message *message) {
    char *line = NULL;
    enum status status = line_read(child, false, &line, message);
    if (status != STATUS_OK || !line)
        return status;
    if (sscanf(line, PROTOCOL_GREETING "%zu", &child->cases) == 1)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s is not a lockstep that this one can compare: it says \"%.60s\"",
                       child->name, line);
}

enum status child_start(struct child *child, const char *name, const char *binary,
                        const char *const *words, int word_count, struct message *message) {
    const char *arguments[PROCESS_WORDS_MAX + 1] = {binary, "sample"};
    int count = 2;
    *child = (struct child){.name = name, .process = {.socket = -1, .errors = -1}};
    if (word_count > PROCESS_WORDS_MAX - count)
        return message_set(message, STATUS_INVALID, "more than %d words for %s",
                           PROCESS_WORDS_MAX - count, binary);
    for (int i = 0; i < word_count; i++)
        arguments[count++] = words[i];
    enum status status = process_start(&child->process, arguments, message);
    if (status == STATUS_OK)
        status = greeting_read(child, message);
    if (status != STATUS_OK)
        child_end(child);
    return status;
}
