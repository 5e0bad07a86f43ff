#include "bench/commands/job.h"
#include "bench/commands/exit_status.h"

#include <stdio.h>
#include <stdlib.h>

/* The command line as one text, with the command first. The caller frees it; NULL without
 * memory. */
static char *call_write(const struct command_context *context) {
    char *call = NULL;
    size_t size;
    FILE *file = open_memstream(&call, &size);
    if (!file)
        return NULL;
    for (int i = 1; i < context->argument_count; i++)
        fprintf(file, "%s%s", i > 1 ? " " : "", context->arguments[i]);
    if (fclose(file) == 0)
        return call;
    free(call);
    return NULL;
}

enum status job_join(const struct command_context *context, enum status status,
                     struct ranks **ranks, struct message *message) {
    struct message opening;
    const enum status opened = ranks_open(context->end, ranks, &opening);
    if (status == STATUS_OK && opened != STATUS_OK)
        status = message_set(message, opened, "%s", opening.text);
    if (!*ranks)
        return status;
    char *call = call_write(context);
    if (!call && status == STATUS_OK)
        status = message_set(message, STATUS_NO_MEMORY, "no memory to compare the ranks' calls");
    status = ranks_agree(*ranks, status, message);
    if (status == STATUS_OK && call)
        status = ranks_check_alike(*ranks, "call", call, message);
    free(call);
    return status;
}

enum status job_leave(struct ranks *ranks, enum status status,
                      const struct command_context *context, struct message *message) {
    if (!ranks)
        return status;
    const bool first = ranks_is_first(ranks);
    status = ranks_agree(ranks, status, message);
    /* A launcher ends all as soon as one ends with a failure: what the first says comes before. */
    if (first && status != STATUS_OK)
        fprintf(stderr, "lockstep: %s\n", message->text);
    if (first)
        (void)fflush(stdout); /* main looks whether all was written */
    ranks_close(ranks);
    if (status != STATUS_OK)
        *context->exit_status = exit_status_of(status);
    return STATUS_OK;
}
