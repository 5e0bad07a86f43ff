/* The one place where a failure's sentence is formatted. */
#include "common/status.h"

#include <stdarg.h>
#include <stdio.h>

enum status message_set(struct message *message, enum status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    if (written < 0)
        message->text[0] = '\0';
    return status;
}
