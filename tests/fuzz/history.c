/* The history: read, shown, and looked at before a run is added. */
#include "bench/regression/history_levels.h"
#include "bench/regression/history_store.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <string.h>

static void run_see(const struct history_run *run, void *context) {
    size_t *bytes = context;
    *bytes += strlen(run->commit) + strlen(run->written) + strlen(run->machine);
    (void)history_is_machine("somewhere", run->fingerprint, run->machine);
}

static enum status series_see(const struct history_series *series, void *context,
                              struct message *message) {
    struct history_levels levels;
    (void)context;
    return history_levels_find(series, &levels, message);
}

int fuzz_history(const uint8_t *data, size_t size) {
    struct message message;
    struct history *history;
    size_t bytes = 0;
    const char *path = folder_file_write("history.sqlite", data, size);
    if (history_open(path, false, &history, &message) != STATUS_OK)
        return 0;
    (void)history_check_sound(history, &message);
    (void)history_each_run(history, run_see, &bytes, &message);
    (void)history_each_series(history, "*", series_see, NULL, &message);
    history_close(history);
    return 0;
}
