/* The files of a run's rows, and rows as text. */
#include "bench/files/results_files.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

const struct results_file results_files[FILES] = {
    [FILE_SAMPLES] = {"samples.csv", &sample_format, offsetof(struct done_case, samples)},
    [FILE_PARTS] = {"parts.csv", &part_format, offsetof(struct done_case, parts)},
    [FILE_COUNTERS] = {"counters.csv", &counters_format, offsetof(struct done_case, counters)},
    [FILE_RESULTS] = {"results.csv", &result_format, offsetof(struct done_case, results)},
    [FILE_CASES] = {"cases.csv", &done_format, 0},
};

char *results_rows_to_text(int file, const void *rows, size_t count, size_t *size) {
    const struct csv_format *format = results_files[file].format;
    char *text = NULL;
    FILE *memory = open_memstream(&text, size);
    if (!memory)
        return NULL;
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = csv_write_row(memory, format, (const char *)rows + i * format->row_size);
    failed |= fclose(memory) != 0;
    if (!failed)
        return text;
    free(text);
    return NULL;
}

int64_t *results_done_count(struct done_case *done, int file) {
    return (int64_t *)(void *)((char *)done + results_files[file].count_offset);
}

void results_checksum_write(struct done_case *done, uint64_t hash) {
    snprintf(done->checksum, sizeof done->checksum, "%016" PRIx64, hash);
}
