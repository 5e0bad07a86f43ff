#include "bench/commands/job.h"
#include "bench/commands/exit_status.h"

enum status job_leave(struct ranks *ranks, enum status status,
                      const struct command_context *context, struct message *message) {
    if (!ranks)
        return status;
    const bool first = ranks_is_first(ranks);
    status = ranks_agree(ranks, status, message);
    ranks_close(ranks);
    if (first)
        return status;
    if (status != STATUS_OK)
        *context->exit_status = exit_status_of(status);
    return STATUS_OK;
}
