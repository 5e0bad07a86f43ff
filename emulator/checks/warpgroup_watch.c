/* What is wrong around wgmma; the header has what that is. */
#include "emulator/checks/warpgroup_watch.h"

#include "emulator/arithmetic/warpgroup.h"
#include "emulator/checks/check.h"
#include "emulator/checks/race.h"
#include "emulator/memory/list.h"
#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

enum { UNIT = 64 }; /* a register of 32 bits lies at a multiple of it in the frame */

/* A register of 32 bits. */
struct watched_register {
    const struct instruction *touched; /* behind the last wgmma.fence; NULL: not */
    const struct instruction *product; /* the last with it, not waited for; NULL: none */
    uint64_t group;                    /* of that */
    bool is_sum;                       /* of that: in d, not in a */
};

struct watched_read {
    const struct instruction *instruction;
    uint32_t address, size;
    uint64_t group;
};

struct warpgroup_watch {
    struct watched_register *registers;
    size_t register_count;
    struct watched_read *reads; /* that may still go on */
    size_t read_count, read_capacity;
    bool is_fenced; /* at least once */
};

/* ---- The warps of a warpgroup ---- */

static struct product_entry *entry_of(const struct warp *warp, uint64_t number) {
    const size_t group = warp->index / WARPGROUP_WARPS;
    return &warp->block->products[group * PRODUCTS_KEPT + number % PRODUCTS_KEPT];
}

/* The first warp to come to a product notes it, and the others are held against it. One that is
 * further behind than the notes go is only counted. */
static bool agrees(struct warp *warp, const struct instruction *instruction, uint64_t a,
                   uint64_t b) {
    const uint64_t number = ++warp->product_count;
    struct product_entry *entry = entry_of(warp, number);
    if (entry->number < number)
        *entry = (struct product_entry){number, instruction, a, b};
    if (entry->number > number ||
        (entry->instruction == instruction && entry->a == a && entry->b == b))
        return true;
    const bool is_other = entry->instruction != instruction;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(warp->mask), 0,
               "wgmma number %llu of warp %u differs from that of another warp of its warpgroup, "
               "which %s",
               (unsigned long long)number, warp->index,
               is_other ? "executes another instruction" : "has other matrix descriptors");
    return false;
}

void warpgroup_watch_end(struct block *block) {
    const uint32_t whole = block->warp_count / WARPGROUP_WARPS * WARPGROUP_WARPS;
    for (uint32_t k = 0; block->products && k < whole; k++) {
        struct warp *warp = &block->warps[k];
        const struct warp *next = &block->warps[k + (k % WARPGROUP_WARPS == 3 ? 0 : 1)];
        if (warp->product_count == next->product_count)
            continue;
        const bool is_ahead = warp->product_count > next->product_count;
        const struct warp *least = is_ahead ? next : warp;
        const struct warp *most = is_ahead ? warp : next;
        warp_fault(warp, entry_of(most, least->product_count + 1)->instruction,
                   MACHINE_ILLEGAL_INSTRUCTION, LANES, 0,
                   "warp %u has ended after %llu wgmma, and warp %u of its warpgroup executed %llu",
                   least->index, (unsigned long long)least->product_count, most->index,
                   (unsigned long long)most->product_count);
        return;
    }
}

/* ---- Registers ---- */

/* The register of a slot, NULL when it is none of 32 bits. */
static struct watched_register *find_register(const struct warpgroup_watch *watch, uint32_t slot,
                                              uint8_t bits) {
    const size_t unit = (slot & ~UINT32_C(3)) / UNIT;
    const bool is_one = (slot & 3) == BANK_FRAME && bits == 32 && unit < watch->register_count;
    return is_one ? &watch->registers[unit] : NULL;
}

static void touch(struct warp *warp, const struct instruction *instruction,
                  struct watched_register *watched, const char *how) {
    if (!watched)
        return;
    watched->touched = instruction;
    if (watched->product)
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(warp->mask), 0,
                   "'%s' %s a register of the wgmma at PTX line %u, before a wgmma.wait_group for "
                   "it",
                   instruction->detail->source->root, how,
                   watched->product->detail->source->place.line);
}

/* Whether the instruction is a plain copy; then its destination is what its source was. */
static bool copies(const struct warpgroup_watch *watch, const struct detail *detail) {
    if (strcmp(detail->source->root, "mov") != 0 || detail->to_count != 1 ||
        detail->from_count != 1)
        return false;
    struct watched_register *to = find_register(watch, detail->to[0], detail->to_bits[0]);
    struct watched_register *from = find_register(watch, detail->from[0], detail->from_bits[0]);
    const struct watched_register moved = from ? *from : (struct watched_register){0};
    if (from)
        from->product = NULL;
    if (to)
        *to = moved;
    return true;
}

/* Any instruction, before it is executed. */
static void watch_instruction(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const struct warpgroup_watch *watch = warp->watch;
    if (warp->base != 0 || detail->product || !warp_guard(warp, instruction) ||
        copies(watch, detail))
        return;
    for (unsigned k = 0; k < detail->from_count; k++)
        touch(warp, instruction, find_register(watch, detail->from[k], detail->from_bits[k]),
              "reads");
    for (unsigned k = 0; k < detail->to_count; k++)
        touch(warp, instruction, find_register(watch, detail->to[k], detail->to_bits[k]), "writes");
}

static bool take_register(struct warp *warp, const struct instruction *instruction,
                          struct watched_register *watched, bool is_a) {
    if (!watched)
        return true;
    if (watched->touched) {
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(warp->mask), 0,
                   "wgmma takes a register that '%s' at PTX line %u touched, with no wgmma.fence "
                   "between",
                   watched->touched->detail->source->root,
                   watched->touched->detail->source->place.line);
        return false;
    }
    if (watched->product && watched->is_sum == is_a) {
        touch(warp, instruction, watched, is_a ? "reads" : "writes");
        return false;
    }
    watched->product = instruction;
    watched->group = warp->product_group;
    watched->is_sum = !is_a;
    return true;
}

bool warpgroup_watch_product(struct warp *warp, const struct instruction *instruction, uint64_t a,
                             uint64_t b) {
    const struct detail *detail = instruction->detail;
    struct warpgroup_watch *watch = warp->watch;
    if (!agrees(warp, instruction, a, b))
        return false;
    if (!watch || warp->base != 0)
        return true;
    if (!watch->is_fenced) {
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(warp->mask), 0,
                   "the first wgmma of warp %u has no wgmma.fence before it", warp->index);
        return false;
    }
    const unsigned first_d = detail->from_count - (unsigned)detail->to_count;
    for (unsigned k = 0; k < detail->from_count; k++) {
        const bool is_metadata = detail->product->is_sparse && k + 1 == first_d;
        if (!is_metadata &&
            !take_register(warp, instruction,
                           find_register(watch, detail->from[k], detail->from_bits[k]),
                           k < first_d))
            return false;
    }
    return true;
}

void warpgroup_watch_fence(struct warp *warp) {
    struct warpgroup_watch *watch = warp->watch;
    if (!watch)
        return;
    watch->is_fenced = true;
    for (size_t k = 0; k < watch->register_count; k++)
        watch->registers[k].touched = NULL;
}

/* ---- Operands in shared memory ---- */

static struct watched_read *add_read(struct warpgroup_watch *watch) {
    struct watched_read *reads =
        list_reserve(watch->reads, watch->read_count + 1, &watch->read_capacity, sizeof *reads);
    if (!reads)
        return NULL;
    watch->reads = reads;
    return &watch->reads[watch->read_count++];
}

void warpgroup_watch_read(struct warp *warp, const struct instruction *instruction,
                          uint32_t address, uint32_t size) {
    if (!warp->block->launch->is_slow)
        return;
    check_place(warp, instruction, 0, &(struct shared_place){warp->block, address}, size,
                CHECK_READS | CHECK_PROXY);
    if (!warp->watch || warp->is_faulted)
        return;
    struct watched_read *read = add_read(warp->watch);
    if (!read) {
        warp_fault(warp, instruction, MACHINE_OUT_OF_MEMORY, LANES, 0,
                   "no host memory left to watch wgmma");
        return;
    }
    *read = (struct watched_read){instruction, address, size, warp->product_group};
    race_hold(warp, instruction, address, size);
}

/* What the warp has read is over with one wait of its warpgroup. */
static void end_reads(struct warp *warp, uint64_t complete) {
    struct warpgroup_watch *watch = warp->watch;
    size_t kept = 0;
    for (size_t k = 0; k < watch->read_count; k++) {
        if (watch->reads[k].group < complete)
            race_let_go(warp, watch->reads[k].address, watch->reads[k].size);
        else
            watch->reads[kept++] = watch->reads[k];
    }
    watch->read_count = kept;
}

/* A byte that a later product reads too is still held. */
static void go_on_reading(struct warp *warp) {
    const struct warpgroup_watch *watch = warp->watch;
    for (size_t k = 0; k < watch->read_count; k++)
        race_hold(warp, watch->reads[k].instruction, watch->reads[k].address, watch->reads[k].size);
}

void warpgroup_watch_wait(struct warp *warp, uint64_t complete) {
    struct warpgroup_watch *watch = warp->watch;
    struct warp *first = warp - warp->index % WARPGROUP_WARPS;
    if (!watch)
        return;
    for (size_t k = 0; k < watch->register_count; k++) {
        if (watch->registers[k].group < complete)
            watch->registers[k].product = NULL;
    }
    for (unsigned k = 0; k < WARPGROUP_WARPS; k++)
        end_reads(&first[k], complete);
    for (unsigned k = 0; k < WARPGROUP_WARPS; k++)
        go_on_reading(&first[k]);
}

/* ---- Opening and closing ---- */

static bool is_watched(const struct launch *launch) {
    return launch->program->uses_warpgroups && launch->options.check_race;
}

int warpgroup_watch_open(struct block *block) {
    const struct launch *launch = block->launch;
    for (uint32_t k = 0; k < block->warp_count && is_watched(launch); k++) {
        struct warpgroup_watch *watch = block->warps[k].watch = calloc(1, sizeof *watch);
        if (!watch)
            return -1;
        watch->register_count = launch->function->frame_bytes / UNIT + 1;
        watch->registers = calloc(watch->register_count, sizeof *watch->registers);
        if (!watch->registers)
            return -1;
        block->warps[k].before = watch_instruction;
    }
    return 0;
}

void warpgroup_watch_close(struct block *block) {
    for (uint32_t k = 0; block->memory && k < block->warp_count; k++) {
        struct warpgroup_watch *watch = block->warps[k].watch;
        if (!watch)
            continue;
        free(watch->registers);
        free(watch->reads);
        free(watch);
    }
}

void warpgroup_watch_start(struct block *block) {
    const size_t groups = block->warp_count / WARPGROUP_WARPS;
    if (block->products)
        memset(block->products, 0, groups * PRODUCTS_KEPT * sizeof *block->products);
    for (uint32_t k = 0; k < block->warp_count; k++) {
        struct warp *warp = &block->warps[k];
        struct warpgroup_watch *watch = warp->watch;
        warp->product_count = 0;
        warp->product_group = warp->product_wait = 0;
        if (!watch)
            continue;
        memset(watch->registers, 0, watch->register_count * sizeof *watch->registers);
        watch->read_count = 0;
        watch->is_fenced = false;
    }
}
