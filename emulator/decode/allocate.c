/*
 * Gives the virtual registers of a function their slots in its frame. Registers that are not live
 * at the same time share one: compilers write each value to a register of its own, and a small
 * frame stays in the cache.
 *
 * A lane never sees another lane's part of a slot, so liveness is that of one thread. Live ranges
 * are intervals over the text (linear scan: Poletto and Sarkar, 1999), widened to whole basic
 * blocks where a value is live at their ends.
 */
#include "emulator/decode/allocate.h"

#include "emulator/decode/graph.h"

#include <string.h>

struct basic_block {
    uint32_t first, end; /* instructions, relative to the function */
    uint64_t *used, *defined, *live_in, *live_out;
};

struct interval {
    uint32_t number, start, end;
};

struct allocation {
    struct decoder *decoder;
    struct program_function *function;
    const struct instruction *code;
    struct basic_block *blocks;
    uint32_t *block_of; /* by instruction */
    uint32_t block_count, words;
    struct interval *intervals; /* by register */
};

/* ---- Control flow ---- */

static void find_blocks(struct allocation *allocation) {
    const uint32_t count = allocation->function->count;
    struct source *source = allocation->decoder->source;
    const bool *leads = graph_leaders(source, allocation->function, allocation->code);
    for (uint32_t k = 0; k < count; k++)
        allocation->block_count += leads[k];
    allocation->blocks =
        source_allocate(source, (allocation->block_count + 1) * sizeof *allocation->blocks);
    allocation->block_of = source_allocate(source, (count + 1) * sizeof *allocation->block_of);
    uint32_t block = 0;
    for (uint32_t k = 0; k < count; k++) {
        block += k > 0 && leads[k];
        if (leads[k])
            allocation->blocks[block].first = k;
        allocation->blocks[block].end = k + 1;
        allocation->block_of[k] = block;
    }
}

/* ---- Liveness ---- */

static void set_bit(uint64_t *bits, uint32_t number) {
    bits[number / 64] |= UINT64_C(1) << (number % 64);
}

static bool has_bit(const uint64_t *bits, uint32_t number) {
    return bits[number / 64] >> (number % 64) & 1;
}

/* Uses before a definition in their block, and definitions for sure. The decoder notes uses in the
 * order of the text. */
static void note_use(struct basic_block *block, const struct register_use *use) {
    if (!use->is_definition && !has_bit(block->defined, use->number))
        set_bit(block->used, use->number);
    if (use->is_definition && !use->is_guarded)
        set_bit(block->defined, use->number);
}

/* Within an instruction the guard and the sources are read before the destinations are written. */
static void note_uses(struct allocation *allocation) {
    const struct decoder *decoder = allocation->decoder;
    for (size_t first = 0, end = 0; first < decoder->use_count; first = end) {
        const uint32_t instruction = decoder->uses[first].instruction;
        struct basic_block *block = &allocation->blocks[allocation->block_of[instruction]];
        while (end < decoder->use_count && decoder->uses[end].instruction == instruction)
            end++;
        for (int definitions = 0; definitions < 2; definitions++) {
            for (size_t k = first; k < end; k++) {
                if (decoder->uses[k].is_definition == (definitions != 0))
                    note_use(block, &decoder->uses[k]);
            }
        }
    }
}

static void merge_successor(struct allocation *allocation, struct basic_block *block,
                            uint32_t instruction) {
    if (instruction >= allocation->function->count)
        return;
    const struct basic_block *next = &allocation->blocks[allocation->block_of[instruction]];
    for (uint32_t k = 0; k < allocation->words; k++)
        block->live_out[k] |= next->live_in[k];
}

static bool update_block(struct allocation *allocation, struct basic_block *block) {
    const struct instruction *last = &allocation->code[block->end - 1];
    const size_t targets = graph_target_count(last);
    bool changed = false;
    for (size_t k = 0; k < targets; k++)
        merge_successor(allocation, block, graph_target(allocation->function, last, k));
    if (graph_falls_through(last))
        merge_successor(allocation, block, block->end);
    for (uint32_t k = 0; k < allocation->words; k++) {
        const uint64_t live = block->used[k] | (block->live_out[k] & ~block->defined[k]);
        changed |= live != block->live_in[k];
        block->live_in[k] = live;
    }
    return changed;
}

static void find_liveness(struct allocation *allocation) {
    struct source *source = allocation->decoder->source;
    allocation->words = (uint32_t)(allocation->decoder->register_count / 64 + 1);
    uint64_t *bits = source_allocate(source, (size_t)allocation->block_count * allocation->words *
                                                 4 * sizeof *bits);
    for (uint32_t k = 0; k < allocation->block_count; k++) {
        struct basic_block *block = &allocation->blocks[k];
        block->used = bits + (size_t)k * 4 * allocation->words;
        block->defined = block->used + allocation->words;
        block->live_in = block->defined + allocation->words;
        block->live_out = block->live_in + allocation->words;
    }
    note_uses(allocation);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = allocation->block_count; k-- > 0;)
            changed |= update_block(allocation, &allocation->blocks[k]);
    }
}

/* ---- Intervals ---- */

/* Beyond this many words of bit sets, registers keep their slots from the first instruction to the
 * last. */
enum { LIVENESS_LIMIT = 1 << 22 };

static void widen(struct interval *interval, uint32_t position) {
    interval->start = position < interval->start ? position : interval->start;
    interval->end = position > interval->end ? position : interval->end;
}

static void widen_live(struct allocation *allocation, const uint64_t *live, uint32_t position) {
    for (uint32_t word = 0; word < allocation->words; word++) {
        for (uint64_t rest = live[word]; rest; rest &= rest - 1)
            widen(&allocation->intervals[word * 64 + (uint32_t)__builtin_ctzll(rest)], position);
    }
}

static void find_intervals(struct allocation *allocation, bool is_tractable) {
    const struct decoder *decoder = allocation->decoder;
    allocation->intervals = source_allocate(decoder->source, (decoder->register_count + 1) *
                                                                 sizeof *allocation->intervals);
    for (uint32_t k = 0; k < decoder->register_count; k++)
        allocation->intervals[k] = (struct interval){k, UINT32_MAX, 0};
    for (size_t k = 0; k < decoder->use_count; k++)
        widen(&allocation->intervals[decoder->uses[k].number], decoder->uses[k].instruction);
    for (size_t k = 0; k < decoder->use_count && !is_tractable; k++) {
        widen(&allocation->intervals[decoder->uses[k].number], 0);
        widen(&allocation->intervals[decoder->uses[k].number], allocation->function->count - 1);
    }
    for (uint32_t k = 0; k < allocation->block_count && is_tractable; k++) {
        widen_live(allocation, allocation->blocks[k].live_in, allocation->blocks[k].first);
        widen_live(allocation, allocation->blocks[k].live_out, allocation->blocks[k].end - 1);
    }
}

static bool is_of_groups(const struct instruction *instruction, const char *what) {
    const struct syntax_instruction *source = instruction->detail->source;
    return source && strcmp(source->root, "wgmma") == 0 && strcmp(source->modifiers[0], what) == 0;
}

/* The first place that the branch may go to, or `before`. */
static uint32_t first_target(const struct allocation *allocation,
                             const struct instruction *instruction, uint32_t before) {
    for (size_t k = 0; k < graph_target_count(instruction); k++) {
        const uint32_t target = graph_target(allocation->function, instruction, k);
        before = target < before ? target : before;
    }
    return before;
}

/* From the product to the first wait in the text that leaves no group running which it may be in,
 * or to the end; it starts where branches in between may go. */
static struct interval find_held(const struct allocation *allocation, uint32_t product) {
    const uint32_t count = allocation->function->count;
    struct interval held = {.start = product, .end = count - 1};
    int64_t groups = 0;
    for (uint32_t k = product + 1; k < count; k++) {
        const struct instruction *instruction = &allocation->code[k];
        groups += is_of_groups(instruction, "commit_group");
        if (is_of_groups(instruction, "wait_group") &&
            groups > instruction->detail->source->operands[0].integer) {
            held.end = k;
            break;
        }
        held.start = first_target(allocation, instruction, held.start);
    }
    return held;
}

/* A wgmma reads its registers until it is waited for, and the assembler gives them to nobody
 * before. Where a loop goes round before that, they are held from its head. */
static void hold_products(struct allocation *allocation) {
    const struct decoder *decoder = allocation->decoder;
    uint32_t product = UINT32_MAX;
    struct interval held = {0};
    for (size_t k = 0; k < decoder->use_count; k++) {
        const uint32_t instruction = decoder->uses[k].instruction;
        struct interval *interval = &allocation->intervals[decoder->uses[k].number];
        if (!allocation->code[instruction].detail->product)
            continue;
        if (product != instruction)
            held = find_held(allocation, instruction);
        product = instruction;
        widen(interval, held.start);
        widen(interval, held.end);
    }
}

/* The intervals in the order of their starts: a counting sort by instruction. */
static struct interval *sort_intervals(struct allocation *allocation, size_t *count) {
    const struct decoder *decoder = allocation->decoder;
    const uint32_t positions = allocation->function->count;
    uint32_t *before = source_allocate(decoder->source, (positions + 2) * sizeof *before);
    struct interval *sorted =
        source_allocate(decoder->source, (decoder->register_count + 1) * sizeof *sorted);
    for (uint32_t k = 0; k < decoder->register_count; k++) {
        if (allocation->intervals[k].start != UINT32_MAX)
            before[allocation->intervals[k].start + 1]++;
    }
    for (uint32_t k = 0; k < positions; k++)
        before[k + 1] += before[k];
    *count = 0;
    for (uint32_t k = 0; k < decoder->register_count; k++) {
        if (allocation->intervals[k].start == UINT32_MAX)
            continue;
        sorted[before[allocation->intervals[k].start]++] = allocation->intervals[k];
        (*count)++;
    }
    return sorted;
}

/* ---- Slots ---- */

struct slot {
    uint32_t width, offset, free_from; /* the first instruction at which it is free */
};

/* The slots of one width, taken and free; a register takes the one freed last, which is still in
 * the cache. */
static uint32_t take_slot(struct slot *slots, size_t *count, const struct interval *interval,
                          uint32_t width) {
    struct slot *best = NULL;
    for (size_t k = 0; k < *count; k++) {
        const bool is_free = slots[k].width == width && slots[k].free_from <= interval->start;
        if (is_free && (!best || slots[k].free_from > best->free_from))
            best = &slots[k];
    }
    if (!best) {
        best = &slots[(*count)++];
        best->width = width;
    }
    best->free_from = interval->end + 1;
    return (uint32_t)(best - slots);
}

static uint32_t place_slots(struct slot *slots, size_t count, uint32_t bytes) {
    static const struct {
        uint32_t width, bytes;
    } order[] = {{1, sizeof(uint32_t)}, {32, sizeof(struct lanes32)}, {64, sizeof(struct lanes64)}};
    for (size_t n = 0; n < sizeof order / sizeof order[0]; n++) {
        for (size_t k = 0; k < count; k++) {
            if (slots[k].width != order[n].width)
                continue;
            slots[k].offset = bytes;
            bytes += order[n].bytes;
        }
        bytes = (bytes + 63) / 64 * 64;
    }
    return bytes;
}

/* An estimate of what the real assembler would take: the slots, a few for addresses, within what
 * the architecture has. */
static uint32_t estimate_registers(const struct slot *slots, size_t count) {
    enum { LEAST = 16, MOST = 255, ROUNDED_TO = 8 };
    uint32_t registers = 0;
    for (size_t k = 0; k < count; k++)
        registers += slots[k].width == 64 ? 2 : slots[k].width == 32 ? 1 : 0;
    registers = (registers + ROUNDED_TO - 1) / ROUNDED_TO * ROUNDED_TO;
    return registers < LEAST ? LEAST : registers > MOST ? MOST : registers;
}

void allocate_registers(struct decoder *decoder) {
    struct program_function *function = decoder->function;
    struct allocation allocation = {
        .decoder = decoder, .function = function, .code = &decoder->program->code[function->first]};
    size_t interval_count, slot_count = 0;
    find_blocks(&allocation);
    const bool is_tractable =
        (uint64_t)allocation.block_count * (decoder->register_count / 64 + 1) <= LIVENESS_LIMIT;
    if (is_tractable)
        find_liveness(&allocation);
    find_intervals(&allocation, is_tractable);
    if (decoder->program->uses_warpgroups)
        hold_products(&allocation);
    const struct interval *sorted = sort_intervals(&allocation, &interval_count);
    struct slot *slots = source_allocate(decoder->source, (interval_count + 1) * sizeof *slots);
    uint32_t *slot_of =
        source_allocate(decoder->source, (decoder->register_count + 1) * sizeof *slot_of);
    for (size_t k = 0; k < interval_count; k++)
        slot_of[sorted[k].number] =
            take_slot(slots, &slot_count, &sorted[k], decoder->widths[sorted[k].number]);
    function->frame_bytes = place_slots(slots, slot_count, function->frame_bytes);
    function->registers = estimate_registers(slots, slot_count);
    for (size_t k = 0; k < decoder->use_count; k++)
        *decoder->uses[k].slot = slots[slot_of[decoder->uses[k].number]].offset | BANK_FRAME;
}
