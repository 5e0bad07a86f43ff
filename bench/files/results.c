/* The columns of a run's CSV files, and the keys of their rows. */
#include "bench/files/results.h"
#include "common/words.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define KEY_COLUMNS(type)                                                                          \
    {"operation", CSV_TEXT, offsetof(type, key.operation), sizeof(((type *)0)->key.operation)},    \
        {"variant", CSV_TEXT, offsetof(type, key.variant), sizeof(((type *)0)->key.variant)},      \
        {"dtype", CSV_TEXT, offsetof(type, key.dtype), sizeof(((type *)0)->key.dtype)},            \
        {"shape", CSV_TEXT, offsetof(type, key.shape), sizeof(((type *)0)->key.shape)},            \
        {"implementation", CSV_TEXT, offsetof(type, key.implementation),                           \
         sizeof(((type *)0)->key.implementation)},                                                 \
        {"device", CSV_TEXT, offsetof(type, key.device), sizeof(((type *)0)->key.device)},         \
        {"threads", CSV_COUNT, offsetof(type, key.threads), sizeof(((type *)0)->key.threads)}, {   \
        "mode", CSV_TEXT, offsetof(type, key.mode), sizeof(((type *)0)->key.mode)                  \
    }

#define RESULT(kind, member) CSV_COLUMN(struct result, kind, member)
static const struct csv_column result_columns[] = {
    KEY_COLUMNS(struct result),       RESULT(CSV_TEXT, status),
    RESULT(CSV_COUNT, samples),       RESULT(CSV_COUNT, iterations),
    RESULT(CSV_NUMBER, median_s),     RESULT(CSV_NUMBER, low_s),
    RESULT(CSV_NUMBER, high_s),       RESULT(CSV_NUMBER, mean_s),
    RESULT(CSV_NUMBER, min_s),        RESULT(CSV_NUMBER, noise),
    RESULT(CSV_NUMBER, transfer_s),   RESULT(CSV_NUMBER, flops),
    RESULT(CSV_NUMBER, bytes),        RESULT(CSV_NUMBER, gflops),
    RESULT(CSV_NUMBER, gbps),         RESULT(CSV_NUMBER, limit_fraction),
    RESULT(CSV_NUMBER, speedup),      RESULT(CSV_NUMBER, speedup_with_transfer),
    RESULT(CSV_TEXT, verified),       RESULT(CSV_NUMBER, error),
    RESULT(CSV_NUMBER, tolerance),    RESULT(CSV_NUMBER, energy_j),
    RESULT(CSV_TEXT, reason),         RESULT(CSV_TEXT, speedup_base),
    RESULT(CSV_TEXT, limit_doubtful),
};
#undef RESULT

static const struct csv_column sample_columns[] = {
    KEY_COLUMNS(struct sample_row),
    CSV_COLUMN(struct sample_row, CSV_COUNT, sample),
    CSV_COLUMN(struct sample_row, CSV_NUMBER, seconds),
};

static const struct csv_column part_columns[] = {
    KEY_COLUMNS(struct part_row),
    CSV_COLUMN(struct part_row, CSV_COUNT, part),
    CSV_COLUMN(struct part_row, CSV_TEXT, name),
    CSV_COLUMN(struct part_row, CSV_COUNT, samples),
    CSV_COLUMN(struct part_row, CSV_NUMBER, median_s),
    CSV_COLUMN(struct part_row, CSV_NUMBER, low_s),
    CSV_COLUMN(struct part_row, CSV_NUMBER, high_s),
    CSV_COLUMN(struct part_row, CSV_NUMBER, share),
};

#define DONE_KEY(member)                                                                           \
    {                                                                                              \
#        member, CSV_TEXT, offsetof(struct done_case, key.member),                                 \
            sizeof(((struct done_case *)0)->key.member)                                            \
    }
static const struct csv_column done_columns[] = {
    DONE_KEY(operation),
    DONE_KEY(variant),
    DONE_KEY(dtype),
    DONE_KEY(shape),
    CSV_COLUMN(struct done_case, CSV_COUNT, results),
    CSV_COLUMN(struct done_case, CSV_COUNT, samples),
    CSV_COLUMN(struct done_case, CSV_COUNT, parts),
    CSV_COLUMN(struct done_case, CSV_COUNT, counters),
    CSV_COLUMN(struct done_case, CSV_TEXT, checksum),
};
#undef DONE_KEY

#define COUNTERS(kind, member) CSV_COLUMN(struct counters_row, kind, member)
#define COUNTERS_KEY(member)                                                                       \
    {                                                                                              \
#        member, CSV_TEXT, offsetof(struct counters_row, key.member),                              \
            sizeof(((struct counters_row *)0)->key.member)                                         \
    }
/* Key, kernel, geometry and launches come first. */
enum { COUNTERS_FIRST = 9 };
static const struct csv_column counters_columns[] = {
    COUNTERS_KEY(operation),
    COUNTERS_KEY(variant),
    COUNTERS_KEY(dtype),
    COUNTERS_KEY(shape),
    COUNTERS_KEY(implementation),
    COUNTERS(CSV_TEXT, kernel),
    COUNTERS(CSV_TEXT, grid),
    COUNTERS(CSV_TEXT, block),
    COUNTERS(CSV_COUNT, launches),
#define COUNTER(name, column) [COUNTERS_FIRST + (column)] = COUNTERS(CSV_COUNT, name),
#define COUNTER_UNWRITTEN(name)
#include "common/emulator_counters.def"
#undef COUNTER
#undef COUNTER_UNWRITTEN
    [COUNTERS_FIRST + 12] = COUNTERS(CSV_NUMBER, occupancy),
};
#undef COUNTERS
#undef COUNTERS_KEY

/* Every column between the first and the last is there. */
#define COUNTER(name, column) WRITTEN_##name,
#define COUNTER_UNWRITTEN(name)
enum {
    WRITTEN_occupancy,
#include "common/emulator_counters.def"
    COUNTERS_WRITTEN
};
#undef COUNTER
#undef COUNTER_UNWRITTEN
_Static_assert(sizeof counters_columns / sizeof counters_columns[0] ==
                   COUNTERS_FIRST + COUNTERS_WRITTEN,
               "the columns in emulator_counters.def leave one out");

enum { RESULT_COLUMNS = sizeof result_columns / sizeof result_columns[0], RESULT_LATER = 2 };
const struct csv_format result_format = {.columns = result_columns,
                                         .column_count = RESULT_COLUMNS,
                                         .row_size = sizeof(struct result),
                                         .later_columns = RESULT_LATER};
const struct csv_format result_first_format = {.columns = result_columns,
                                               .column_count = RESULT_COLUMNS - RESULT_LATER,
                                               .row_size = sizeof(struct result)};
const struct csv_format sample_format = CSV_FORMAT(sample_columns, struct sample_row);
const struct csv_format part_format = CSV_FORMAT(part_columns, struct part_row);
/* Counters that came later stand behind the 23 that there were first. */
const struct csv_format counters_format = {.columns = counters_columns,
                                           .column_count =
                                               sizeof counters_columns / sizeof counters_columns[0],
                                           .row_size = sizeof(struct counters_row),
                                           .later_columns = COUNTERS_WRITTEN - 23};
const struct csv_format done_format = CSV_FORMAT(done_columns, struct done_case);

bool counters_row_is_sampled(const struct counters_row *row) {
    long long x, y, z;
    /* NOLINTNEXTLINE(cert-err34-c): a grid that cannot be read is none that was sampled */
    if (row->blocks_executed <= 0 || sscanf(row->grid, "%lldx%lldx%lld", &x, &y, &z) != 3)
        return false;
    return row->blocks_executed < x * y * z * row->launches;
}

bool row_key_same_case(const struct row_key *a, const struct row_key *b) {
    return strcmp(a->operation, b->operation) == 0 && strcmp(a->variant, b->variant) == 0 &&
           strcmp(a->dtype, b->dtype) == 0 && strcmp(a->shape, b->shape) == 0;
}

bool row_key_equal(const struct row_key *a, const struct row_key *b) {
    return row_key_same_case(a, b) && strcmp(a->implementation, b->implementation) == 0 &&
           strcmp(a->device, b->device) == 0 && a->threads == b->threads &&
           strcmp(a->mode, b->mode) == 0;
}

/* "cpu", or "4xcpu". */
static bool device_is(const char *device, const char *name) {
    const char *behind = device + strspn(device, "0123456789");
    return strcmp(device, name) == 0 ||
           (behind != device && *behind == 'x' && strcmp(behind + 1, name) == 0);
}

bool row_key_is_cpu(const struct row_key *key) {
    return device_is(key->device, "cpu");
}

bool row_key_is_emulated(const struct row_key *key) {
    return device_is(key->device, "emulated");
}

void row_key_base(const struct row_key *key, char text[SPEEDUP_BASE_SIZE]) {
    snprintf(text, SPEEDUP_BASE_SIZE, "%s on %s", key->implementation,
             COUNTED(key->threads, "thread"));
}

bool result_is_base(const struct result *row) {
    char name[SPEEDUP_BASE_SIZE];
    row_key_base(&row->key, name);
    return row_key_is_cpu(&row->key) && strcmp(row->speedup_base, name) == 0;
}
