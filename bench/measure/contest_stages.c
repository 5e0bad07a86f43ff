/* Opening the buffers of a contest, and timing their way to the device. */
#include "bench/measure/contest_stages.h"
#include "ranks/ranks.h"

#include <math.h>
#include <stdlib.h>

enum { TRANSFER_PASSES = 11, COLD_SETS_MAX = 65536 };

static void stage_close(struct stage *stage) {
    for (int i = 0; i < stage->set_count; i++)
        buffer_set_close(&stage->sets[i]);
    free(stage->sets);
    *stage = (struct stage){0};
}

/* Says before anything is allocated what is missing. */
static enum status stage_check_memory(struct device *device, size_t sets, size_t set_bytes,
                                      struct message *message) {
    size_t available, total, needed;
    enum status status = device->memory(device, &available, &total, message);
    if (status != STATUS_OK)
        return status;
    if (__builtin_mul_overflow(sets, set_bytes, &needed))
        needed = SIZE_MAX;
    if (needed <= available)
        return STATUS_OK;
    return message_set(message, STATUS_NO_MEMORY,
                       "needs %zu bytes on %s, where %zu of %zu are free; choose a smaller shape",
                       needed, device->name, available, total);
}

/* Hot: one set. Cold: as many as exceed the last-level cache twice by what an implementation
 * touches, each used once a round. Fewer would be timed in the cache under the name of cold. */
static enum status stage_count_sets(const struct contest *contest, const struct device *device,
                                    int *count, struct message *message) {
    *count = 1;
    if (!contest->rules->cold)
        return STATUS_OK;
    size_t bytes = buffer_set_data_bytes(&contest->inputs);
    size_t sets = 2 * device->last_level_cache / bytes + 2;
    if (sets > COLD_SETS_MAX)
        return message_set(message, STATUS_UNSUPPORTED,
                           "is too small to be cold: %zu sets of its %zu bytes exceed the cache of "
                           "%s twice, and %d are the most; choose a larger shape",
                           sets, bytes, device->name, COLD_SETS_MAX);
    *count = (int)sets;
    return STATUS_OK;
}

static enum status stage_open(struct contest *contest, int d, struct message *message) {
    struct device *device = &contest->rules->devices->list[d];
    struct stage *stage = &contest->stages[d];
    int wanted;
    enum status status = stage_count_sets(contest, device, &wanted, message);
    if (status == STATUS_OK)
        status =
            stage_check_memory(device, (size_t)wanted, buffer_set_bytes(&contest->inputs), message);
    if (status != STATUS_OK)
        return status;
    stage->transfer_s = NAN;
    stage->sets = calloc((size_t)wanted, sizeof *stage->sets);
    if (!stage->sets)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d sets of buffers", wanted);
    while (stage->set_count < wanted && status == STATUS_OK) {
        status = buffer_set_open(&stage->sets[stage->set_count], device, &contest->inputs, message);
        stage->set_count += status == STATUS_OK;
    }
    if (status != STATUS_OK)
        stage_close(stage);
    return status;
}

/* Binds the entry to the buffers of its device, which the first one opens; `again`, where it had
 * others before. */
static void entry_open(struct contest *contest, struct entry *entry, bool again) {
    struct contender *c = &entry->contender;
    const int d = (int)(c->device - contest->rules->devices->list);
    const struct stage *stage = &contest->stages[d];
    struct message message;
    enum status status = STATUS_OK;
    if (!stage->sets)
        status = stage_open(contest, d, &message);
    if (status == STATUS_OK && again)
        status = contender_bind(c, stage->sets, stage->set_count, &message);
    else if (status == STATUS_OK)
        status = contender_open(c, contest->bench_case, c->implementation, c->device, c->threads,
                                stage->sets, stage->set_count, &message);
    status = ranks_agree(contest_ranks(contest), status, &message);
    entry->contender.ranges = contest->rules->ranges;
    if (status != STATUS_OK)
        contest_row_end(entry, status, message.text);
}

void contest_stages_open(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            entry_open(contest, &contest->entries[i], false);
}

void contest_stage_recover(struct contest *contest, struct device *device) {
    struct stage *stage = &contest->stages[device - contest->rules->devices->list];
    const struct stage before = *stage;
    struct message message;
    const bool lost = device->lost && device->lost(device);
    if (!device->lost || !ranks_any(contest_ranks(contest), lost))
        return;
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].contender.device == device)
            contender_unbind(&contest->entries[i].contender);
    stage_close(stage);
    if (lost)
        (void)device->reset(device, &message); /* whether it helped, the device says */
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        if (!entry->running || entry->contender.device != device)
            continue;
        const enum status status = contender_check_device(&entry->contender, &message);
        if (status == STATUS_OK)
            entry_open(contest, entry, true);
        else
            contest_row_end(entry, status, message.text);
    }
    stage->transfer_s = before.transfer_s;
    stage->transfer_failure = before.transfer_failure;
}

void contest_stages_close(struct contest *contest) {
    for (int d = 0; d < DEVICES_MAX; d++)
        stage_close(&contest->stages[d]);
}

void contest_stages_time_transfers(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        struct device *device = entry->contender.device;
        struct stage *stage = &contest->stages[device - contest->rules->devices->list];
        if (!entry->running || !device->transfer_time || !isnan(stage->transfer_s) ||
            *stage->transfer_failure.text)
            continue;
        struct device_transfer transfers[BUFFERS_MAX];
        int count = buffer_set_transfers(&stage->sets[0], transfers);
        struct message *failure = &stage->transfer_failure;
        enum status status = device->transfer_time(device, transfers, count, TRANSFER_PASSES,
                                                   &stage->transfer_s, failure);
        status = ranks_agree(contest_ranks(contest), status, failure);
        if (status == STATUS_OK)
            continue;
        stage->transfer_s = NAN;
        if (ranks_any(contest_ranks(contest), device->lost && device->lost(device)))
            contest_row_end(entry, status, failure->text);
        contest_stage_recover(contest, device);
    }
}
