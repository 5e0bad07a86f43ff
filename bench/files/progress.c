/* The live line. */
#include "bench/files/progress.h"
#include "common/clock.h"

#include <stdio.h>
#include <unistd.h>

void progress_start(struct progress *progress, size_t total) {
    *progress = (struct progress){
        .live = isatty(STDERR_FILENO) == 1, .total = total, .start = clock_seconds()};
}

/* From the cases so far; nothing before the third, when it would be a guess. */
static void time_left(const struct progress *progress, char *text, size_t size) {
    text[0] = '\0';
    if (progress->done < 3)
        return;
    double each = (clock_seconds() - progress->start) / (double)progress->done;
    double seconds = each * (double)(progress->total - progress->done);
    if (seconds >= 90.0)
        snprintf(text, size, "about %.0f min left", seconds / 60.0);
    else
        snprintf(text, size, "about %.0f s left", seconds);
}

void progress_show(const struct progress *progress, const char *case_name, const char *phase) {
    if (!progress->live)
        return;
    char left[64];
    time_left(progress, left, sizeof left);
    fprintf(stderr, "\r\033[K[%3zu/%zu] %s  %s  %s", progress->done + 1, progress->total, case_name,
            phase, left);
    fflush(stderr);
}

void progress_clear(const struct progress *progress) {
    if (progress->live) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

void progress_done(struct progress *progress) {
    progress->done++;
    progress_clear(progress);
}
