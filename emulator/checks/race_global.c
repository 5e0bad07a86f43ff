/* Races between blocks in global memory; the header has what one is. */
#include "emulator/checks/race_global.h"

#include "emulator/lanes/space.h"
#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORD = 4,
    PAGE_WORDS = 1024,
    CLOCKS_LIMIT = 4096, /* of more blocks no clocks are kept: who acquires has seen all */
};

/* The last write to a word, and of the last reads that know nothing of each other the first and the
 * latest. Agents count from 1; 0: none. The observer was the last to read a strong write. */
struct shadow_word {
    uint32_t writer, write_epoch, reader, read_epoch, second_reader, second_epoch, observer;
    uint32_t write_at, read_at, second_at; /* instructions, by their numbers in the program */
    uint8_t write_mask, read_mask;         /* bytes */
    bool write_is_strong : 1, read_is_strong : 1;
    bool reads_are_chained : 1; /* by atomics, and nothing but atomics has written since */
};

struct shadow_page {
    uint64_t number; /* address / bytes of a page */
    struct shadow_word *words;
};

/* A block, or a cluster. Clocks are NULL until somebody releases or acquires. */
struct agent {
    uint32_t epoch;
    bool has_seen_all;
    uint32_t *clock, *released, *acquired;
};

struct release_place {
    uint64_t address;
    uint32_t *clock; /* NULL: an empty slot */
};

struct race_global {
    struct agent *agents;
    uint32_t agent_count;
    bool has_clocks;
    struct shadow_page *pages; /* a hash of open addressing, as places is */
    size_t page_count, page_capacity;
    struct release_place *places;
    size_t place_count, place_capacity;
};

/* ---- Creation ---- */

struct race_global *race_global_create(uint64_t blocks) {
    struct race_global *race = calloc(1, sizeof *race);
    if (!race || blocks >= UINT32_MAX) {
        free(race);
        return NULL;
    }
    race->agent_count = (uint32_t)blocks;
    race->has_clocks = blocks <= CLOCKS_LIMIT;
    race->agents = calloc(blocks, sizeof *race->agents);
    if (race->agents)
        return race;
    free(race);
    return NULL;
}

void race_global_destroy(struct race_global *race) {
    if (!race)
        return;
    for (size_t k = 0; k < race->page_capacity; k++)
        free(race->pages[k].words);
    for (size_t k = 0; k < race->place_capacity; k++)
        free(race->places[k].clock);
    for (uint32_t k = 0; k < race->agent_count; k++) {
        free(race->agents[k].clock);
        free(race->agents[k].released);
        free(race->agents[k].acquired);
    }
    free(race->pages);
    free(race->places);
    free(race->agents);
    free(race);
}

/* ---- Pages and places: where memory runs out, something goes unseen ---- */

static size_t hash(uint64_t key, size_t capacity) {
    return (size_t)(key * 0x9E3779B97F4A7C15U >> 20) & (capacity - 1);
}

static bool grow_pages(struct race_global *race) {
    const size_t capacity = race->page_capacity ? race->page_capacity * 2 : 64;
    struct shadow_page *grown = calloc(capacity, sizeof *grown);
    if (!grown)
        return false;
    for (size_t k = 0; k < race->page_capacity; k++) {
        size_t slot = hash(race->pages[k].number, capacity);
        while (race->pages[k].words && grown[slot].words)
            slot = (slot + 1) % capacity;
        if (race->pages[k].words)
            grown[slot] = race->pages[k];
    }
    free(race->pages);
    race->pages = grown;
    race->page_capacity = capacity;
    return true;
}

static struct shadow_word *find_word(struct race_global *race, uint64_t address) {
    const uint64_t number = address / WORD / PAGE_WORDS, index = address / WORD % PAGE_WORDS;
    if (2 * (race->page_count + 1) > race->page_capacity && !grow_pages(race))
        return NULL;
    size_t slot = hash(number, race->page_capacity);
    while (race->pages[slot].words && race->pages[slot].number != number)
        slot = (slot + 1) % race->page_capacity;
    if (race->pages[slot].words)
        return &race->pages[slot].words[index];
    race->pages[slot].words = calloc(PAGE_WORDS, sizeof(struct shadow_word));
    if (!race->pages[slot].words)
        return NULL;
    race->pages[slot].number = number;
    race->page_count++;
    return &race->pages[slot].words[index];
}

static bool grow_places(struct race_global *race) {
    const size_t capacity = race->place_capacity ? race->place_capacity * 2 : 64;
    struct release_place *grown = calloc(capacity, sizeof *grown);
    if (!grown)
        return false;
    for (size_t k = 0; k < race->place_capacity; k++) {
        size_t slot = hash(race->places[k].address, capacity);
        while (race->places[k].clock && grown[slot].clock)
            slot = (slot + 1) % capacity;
        if (race->places[k].clock)
            grown[slot] = race->places[k];
    }
    free(race->places);
    race->places = grown;
    race->place_capacity = capacity;
    return true;
}

static struct release_place *find_place(struct race_global *race, uint64_t address) {
    if (2 * (race->place_count + 1) > race->place_capacity && !grow_places(race))
        return NULL;
    size_t slot = hash(address, race->place_capacity);
    while (race->places[slot].clock && race->places[slot].address != address)
        slot = (slot + 1) % race->place_capacity;
    if (race->places[slot].clock)
        return &race->places[slot];
    race->places[slot].clock = calloc(race->agent_count, sizeof(uint32_t));
    if (!race->places[slot].clock)
        return NULL;
    race->places[slot].address = address;
    race->place_count++;
    return &race->places[slot];
}

/* ---- Clocks ---- */

static uint32_t agent_number(const struct warp *warp) {
    return (uint32_t)warp->block->cluster->blocks[0].index;
}

static bool open_agent(const struct race_global *race, struct agent *agent) {
    if (agent->clock)
        return true;
    agent->clock = calloc(race->agent_count, sizeof *agent->clock);
    agent->released = calloc(race->agent_count, sizeof *agent->released);
    agent->acquired = calloc(race->agent_count, sizeof *agent->acquired);
    return agent->clock && agent->released && agent->acquired;
}

static void join(uint32_t *to, const uint32_t *from, uint32_t count) {
    for (uint32_t k = 0; k < count; k++)
        to[k] = from[k] > to[k] ? from[k] : to[k];
}

void race_global_fence(struct warp *warp) {
    struct race_global *race = warp->block->launch->race_global;
    if (!race)
        return;
    const uint32_t number = agent_number(warp), count = race->agent_count;
    struct agent *agent = &race->agents[number];
    if (!race->has_clocks || !open_agent(race, agent)) {
        agent->has_seen_all = true;
        return;
    }
    join(agent->clock, agent->acquired, count);
    agent->clock[number] = ++agent->epoch;
    memcpy(agent->released, agent->clock, count * sizeof *agent->clock);
}

void race_global_strong(struct warp *warp, const struct instruction *instruction, uint64_t address,
                        bool is_read, bool is_write) {
    struct race_global *race = warp->block->launch->race_global;
    const struct detail *detail = instruction->detail;
    struct agent *agent = race ? &race->agents[agent_number(warp)] : NULL;
    if (!race)
        return;
    if (is_write && detail->releases)
        race_global_fence(warp);
    struct release_place *place = race->has_clocks ? find_place(race, address) : NULL;
    if (!place || !open_agent(race, agent)) {
        agent->has_seen_all = true;
        return;
    }
    if (is_read)
        join(agent->acquired, place->clock, race->agent_count);
    if (is_write)
        join(place->clock, agent->released, race->agent_count);
    if (is_read && detail->acquires)
        race_global_fence(warp);
}

void race_global_meet(struct warp *warp, uint64_t key) {
    struct race_global *race = warp->block->launch->race_global;
    struct release_place *place = race && race->has_clocks ? find_place(race, key) : NULL;
    race_global_fence(warp);
    if (!place || !race->agents[agent_number(warp)].clock)
        return;
    const struct agent *agent = &race->agents[agent_number(warp)];
    join(place->clock, agent->released, race->agent_count);
    join(agent->acquired, place->clock, race->agent_count);
    race_global_fence(warp);
}

/* ---- Accesses ---- */

/* Whether an agent has seen what another did before its fence number `epoch` + 1. */
static bool has_seen(const struct agent *agent, uint32_t other, uint32_t epoch) {
    return agent->has_seen_all || (agent->clock && agent->clock[other - 1] > epoch);
}

struct access_now {
    const struct agent *agent;
    uint32_t number; /* from 1 */
    uint32_t at;     /* as in shadow_word */
    uint8_t mask;
    bool is_strong, is_atomic, is_write;
};

static bool conflicts(const struct access_now *now, uint32_t other, uint32_t epoch, uint8_t mask,
                      bool is_strong) {
    return other != 0 && other != now->number && (mask & now->mask) &&
           !(is_strong && now->is_strong) && !has_seen(now->agent, other, epoch);
}

/* Each atomic of a chain observes those before it, and so does a strong read behind the chain. What
 * comes behind either is behind them all, without a fence. */
static void note_read(struct shadow_word *word, const struct access_now *now) {
    const bool observes_chain =
        word->reads_are_chained && now->is_strong && !(word->read_mask & ~now->mask);
    const bool replaces = word->reader == 0 || word->reader == now->number || observes_chain ||
                          has_seen(now->agent, word->reader, word->read_epoch);
    if (word->write_is_strong && now->is_strong && !(word->write_mask & ~now->mask))
        word->observer = now->number;
    if (!replaces) {
        word->second_reader = now->number;
        word->second_epoch = now->agent->epoch;
        word->second_at = now->at;
        word->read_mask |= now->mask;
        word->read_is_strong = word->read_is_strong && now->is_strong;
        word->reads_are_chained = false;
        return;
    }
    const bool goes_on = word->reader == now->number;
    word->read_mask = goes_on ? word->read_mask | now->mask : now->mask;
    word->read_is_strong = now->is_strong && (!goes_on || word->read_is_strong);
    word->reads_are_chained = now->is_atomic && (!goes_on || word->reads_are_chained);
    word->second_reader = goes_on ? word->second_reader : 0;
    word->reader = now->number;
    word->read_epoch = now->agent->epoch;
    word->read_at = now->at;
}

static void note_write(struct shadow_word *word, const struct access_now *now) {
    word->write_mask = word->writer == now->number ? word->write_mask | now->mask : now->mask;
    word->write_is_strong = now->is_strong;
    word->writer = now->number;
    word->write_epoch = now->agent->epoch;
    word->write_at = now->at;
    word->observer = 0;
    word->reads_are_chained = word->reads_are_chained && now->is_atomic;
}

/* With whom an access races. */
struct other_access {
    uint32_t number, at; /* of the agent and of the instruction */
    bool was_write;
};

/* The first fault of a block is kept. */
static void report(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   uint64_t address, const char *verb, const struct other_access *other) {
    const unsigned *grid = warp->block->launch->grid;
    const uint32_t index = other->number - 1;
    const bool is_first = warp->block->fault.status == MACHINE_OK;
    warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, address,
               "race in global memory: a block %s what block (%u,%u,%u) %s, with nothing that "
               "orders them",
               verb, index % grid[0], index / grid[0] % grid[1], index / grid[0] / grid[1],
               other->was_write ? "wrote" : "read");
    if (is_first)
        warp_fault_other(warp, &warp->code[other->at], "the other access");
}

/* Whether it races, and with whom. */
static bool word_races(const struct shadow_word *word, const struct access_now *now,
                       struct other_access *other) {
    const bool was_write =
        word->observer != now->number &&
        conflicts(now, word->writer, word->write_epoch, word->write_mask, word->write_is_strong);
    *other = was_write ? (struct other_access){word->writer, word->write_at, true}
                       : (struct other_access){word->reader, word->read_at, false};
    if (was_write || !now->is_write)
        return was_write;
    if (conflicts(now, word->reader, word->read_epoch, word->read_mask, word->read_is_strong))
        return true;
    *other = (struct other_access){word->second_reader, word->second_at, false};
    return conflicts(now, word->second_reader, word->second_epoch, word->read_mask,
                     word->read_is_strong);
}

void race_global_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        uint64_t address, uint32_t size, unsigned flags,
                        const unsigned char *value) {
    struct race_global *race = warp->block->launch->race_global;
    const uint32_t number = agent_number(warp);
    const bool is_write = flags & RACE_GLOBAL_WRITE;
    for (uint64_t at = address & ~(uint64_t)(WORD - 1); at < address + size; at += WORD) {
        const uint64_t first = at < address ? address : at,
                       end = at + WORD < address + size ? at + WORD : address + size;
        const struct access_now now = {.agent = &race->agents[number],
                                       .number = number + 1,
                                       .at = (uint32_t)(instruction - warp->code),
                                       .mask =
                                           (uint8_t)(((1U << (end - first)) - 1) << (first - at)),
                                       .is_strong = flags & RACE_GLOBAL_STRONG,
                                       .is_atomic = flags & RACE_GLOBAL_ATOMIC,
                                       .is_write = is_write};
        struct shadow_word *word = find_word(race, at);
        struct other_access other;
        if (!word)
            return;
        const bool races = word_races(word, &now, &other);
        const bool changes =
            !value || memcmp(space_host(first), value + (first - address), end - first) != 0;
        if (races && changes) {
            report(warp, instruction, lane, first, is_write ? "writes" : "reads", &other);
            return;
        }
        if (is_write && !races)
            note_write(word, &now);
        else if (!is_write)
            note_read(word, &now);
    }
}
