/*
 * What the lanes of a warp have seen of each other and of others, and what those that arrive
 * somewhere release for others.
 *
 * Clocks are those of warps, as most barriers are met by all lanes. Where some meet, or release,
 * without the others, that is kept for the last times: older ones count as met by all.
 */
#include "emulator/checks/race_shadow.h"

#include "emulator/checks/race.h"

#include <string.h>

static struct race_lanes *lanes_of(const struct block *block, size_t warp) {
    return &block->race->clocks->lanes[warp];
}

static void keep(struct race_partial *kept, uint32_t time, uint32_t mask) {
    kept[time % RACE_KEPT] = (struct race_partial){.time = time + 1, .mask = mask};
}

/* LANES_ALL where all were there, or it is too long ago to be known. */
static uint32_t kept_mask(const struct race_partial *kept, uint32_t time) {
    const struct race_partial *at = &kept[time % RACE_KEPT];
    return at->time == time + 1 ? at->mask : LANES_ALL;
}

static void meet(struct warp *warp, uint32_t mask) {
    struct race_lanes *lanes =
        warp->block->race ? lanes_of(warp->block, race_number_of(warp)) : NULL;
    if (lanes && (warp->live & ~mask)) {
        keep(lanes->meetings, warp->sync_clock, mask);
        lanes->meet_apart = true;
    }
    if (lanes && (mask & ~lanes->behind))
        lanes->behind &= ~mask;
    if (lanes && (mask & lanes->acquired_by))
        lanes->acquired_by |= mask;
    warp->sync_clock++;
}

/* Who waits elsewhere counts as one that has named the same lanes. */
void race_meet(struct warp *warp, const uint32_t masks[LANES], uint32_t lanes, uint32_t waiting) {
    for (uint32_t rest = lanes; rest;) {
        const uint32_t mask = masks[lane_first(rest)];
        uint32_t same = 0;
        for (unsigned lane = 0; lane < LANES; lane++)
            same |= (uint32_t)(masks[lane] == mask) << lane;
        meet(warp, (rest & same) | (waiting & mask));
        rest &= ~same;
    }
}

static bool adds(const uint32_t *to, const uint32_t *clock, size_t count) {
    for (size_t k = 0; k < count; k++) {
        if (clock[k] > to[k])
            return true;
    }
    return false;
}

/* One clock is kept for all lanes that are behind. Where others than before go ahead, those left
 * behind count as having seen all that came before: what is reported is a race. */
void race_see(struct warp *warp, uint32_t lanes, const uint32_t *clock) {
    const size_t length = race_length_of(warp->block);
    struct race_lanes *of_warp = lanes_of(warp->block, race_number_of(warp));
    uint32_t *own = race_clock_of(warp);
    if (!adds(own, clock, length)) {
        of_warp->behind &= ~lanes;
        return;
    }
    const uint32_t behind = warp->live & ~lanes;
    if (behind && behind != (of_warp->behind & warp->live))
        memcpy(warp->block->race->clocks->left_behind + race_number_of(warp) * length, own,
               length * sizeof *own);
    of_warp->behind = behind;
    for (size_t k = 0; k < length; k++)
        own[k] = clock[k] > own[k] ? clock[k] : own[k];
}

void race_keep_release(const struct warp *warp, uint32_t mask) {
    struct race_lanes *lanes = lanes_of(warp->block, race_number_of(warp));
    const uint32_t clock = race_clock_of(warp)[race_number_of(warp)];
    mask |= ~warp->live; /* what has ended can release nothing more */
    if (mask == LANES_ALL)
        return;
    keep(lanes->releases, clock, mask);
    lanes->release_sync[clock % RACE_KEPT] = warp->sync_clock;
    lanes->release_apart |= mask != 0;
}

uint32_t race_lanes_after(const struct block *block, size_t warp, const struct race_access *before,
                          uint32_t until) {
    const struct race_lanes *lanes = lanes_of(block, warp);
    uint32_t seen = before->is_warp ? LANES_ALL : UINT32_C(1) << before->thread % LANES;
    for (uint32_t time = before->sync_clock; time < until && seen != LANES_ALL; time++) {
        const uint32_t mask = lanes->meet_apart ? kept_mask(lanes->meetings, time) : LANES_ALL;
        seen |= mask & seen ? mask : 0;
    }
    return seen;
}

bool race_is_released(const struct block *block, size_t warp, const struct race_access *before,
                      uint32_t until) {
    const struct race_lanes *lanes = lanes_of(block, warp);
    for (uint32_t clock = before->clock; lanes->release_apart && clock <= until; clock++) {
        const uint32_t mask = kept_mask(lanes->releases, clock);
        if (mask == LANES_ALL)
            return true;
        if (mask & race_lanes_after(block, warp, before, lanes->release_sync[clock % RACE_KEPT]))
            return true;
    }
    return !lanes->release_apart;
}
