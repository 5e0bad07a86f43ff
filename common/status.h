/* What a function that can fail returns, and the sentence that goes with it.
 *
 * Unless the status is STATUS_OK, `struct message` says what was tried, what went wrong and what to
 * do about it, in one line without a newline; it is the reason of a row that is skipped. Callers
 * pass the message on or print it; nothing below main() prints an error or ends the process.
 */
#ifndef LOCKSTEP_COMMON_STATUS_H
#define LOCKSTEP_COMMON_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_INVALID,     /* the call or its input was wrong; nothing was changed */
    STATUS_UNSUPPORTED, /* this implementation cannot do this problem: its row is skipped */
    STATUS_NO_MEMORY,   /* host or device memory ran out: the case is skipped */
    STATUS_IO,          /* a file could not be read or written */
    STATUS_WRONG,       /* a result is not what the oracle says */
    STATUS_FAILED,      /* it ran and broke: a CUDA error, a library's error, a NaN loss */
    STATUS_NO_GPU,      /* a GPU was required and there is none */
    STATUS_INTERRUPTED, /* the user pressed Ctrl-C or the process was asked to end */
    STATUS_ENDLESS      /* it was ended because it hung, as it would again */
};

struct message {
    char text[1024];
};

/* Writes the formatted text into `message` (truncated to fit) and returns `status`, so that a
 * caller can write `return message_set(message, STATUS_IO, "cannot write %s: %s; …", path,
 * strerror(errno));`. */
enum status message_set(struct message *message, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
