/* The driver's log: a ring of lines. */
#include "emulator/driver/state/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char older_are_gone[] = "older lines have been overwritten";
static const char not_all_fit[] = "older lines do not fit into the buffer";

static const struct driver_log_line *line_at(const struct driver_log *log, unsigned number) {
    return &log->lines[number % LOG_LINES];
}

static unsigned oldest(const struct driver_log *log) {
    return log->count > LOG_LINES ? log->count - LOG_LINES : 0;
}

/* Where CUDA_LOG_FILE says. It is looked at when there is something to write, as CUDA's manual has
 * it. */
static void line_write(const char *text) {
    const char *path = getenv("CUDA_LOG_FILE");
    if (!path || !*path)
        return;
    if (strcmp(path, "stdout") == 0 || strcmp(path, "stderr") == 0) {
        fprintf(path[3] == 'o' ? stdout : stderr, "%s\n", text);
        return;
    }
    FILE *file = fopen(path, "ae");
    const bool done = file && fprintf(file, "%s\n", text) > 0;
    if ((file && fclose(file) != 0) || !done)
        fprintf(stderr, "lockstep emulator: CUDA_LOG_FILE=%s: cannot write it\n", path);
}

static size_t head_print(char *text, size_t size, CUlogLevel level) {
    struct timespec now = {0};
    struct tm parts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &parts);
    return (size_t)snprintf(text, size, "[%02d:%02d:%02d.%03d][%d][CUDA][%c] ", parts.tm_hour,
                            parts.tm_min, parts.tm_sec, (int)(now.tv_nsec / 1000000), (int)gettid(),
                            level == CU_LOG_LEVEL_ERROR ? 'E' : 'W');
}

void log_add(struct driver_log *log, CUlogLevel level, const char *message) {
    struct driver_log_line *line = &log->lines[log->count++ % LOG_LINES];
    line->level = level;
    line->head = head_print(line->text, sizeof line->text, level);
    snprintf(line->text + line->head, sizeof line->text - line->head, "%s", message);
    line_write(line->text);
}

bool log_next(struct driver_log *log, struct driver_log_line *line) {
    if (log->told < oldest(log))
        log->told = oldest(log);
    if (log->told == log->count)
        return false;
    *line = *line_at(log, log->told++);
    return true;
}

bool log_print(const struct driver_log *log, unsigned from, FILE *file) {
    if (from < oldest(log)) {
        from = oldest(log);
        (void)fprintf(file, "%s\n", older_are_gone);
    }
    for (; from < log->count; from++)
        (void)fprintf(file, "%s\n", line_at(log, from)->text);
    return fflush(file) == 0 && !ferror(file);
}

/* It fits, with an end behind it. */
static size_t append(char *to, const char *text) {
    return (size_t)(stpcpy(stpcpy(to, text), "\n") - to);
}

/* The first line from which on all fit into so many bytes. */
static unsigned first_that_fits(const struct driver_log *log, unsigned from, size_t bytes) {
    unsigned first = log->count;
    while (first > from) {
        const size_t needed = strlen(line_at(log, first - 1)->text) + 1;
        if (needed > bytes)
            break;
        bytes -= needed;
        first--;
    }
    return first;
}

size_t log_copy(const struct driver_log *log, unsigned from, char *to, size_t size, bool *fits) {
    const char *note = from < oldest(log) ? older_are_gone : NULL;
    size_t length = 0;
    if (note)
        from = oldest(log);
    const size_t room = size - 1;
    const size_t noted = note ? sizeof older_are_gone : 0;
    unsigned first = room < noted ? log->count : first_that_fits(log, from, room - noted);
    if (first > from) {
        note = not_all_fit;
        first = room < sizeof not_all_fit ? log->count
                                          : first_that_fits(log, from, room - sizeof not_all_fit);
    }
    *fits = first < log->count || from >= log->count;
    if (*fits && note)
        length = append(to, note);
    for (; *fits && first < log->count; first++)
        length += append(to + length, line_at(log, first)->text);
    to[length] = '\0';
    return length;
}
