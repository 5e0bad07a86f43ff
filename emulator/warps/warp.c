/*
 * Runs one warp: chooses which lanes execute, walks straight lines of instructions, counts them,
 * and reports faults.
 *
 * Each lane has a program counter and a frame. The lanes in the deepest frame go first, among them
 * those with the lowest program counter; so lanes that took different ways meet again where the
 * ways join. A group that loops for long around something other threads may change steps back, and
 * the others of its warp go on: a lock held by one of them is released.
 */
#include "emulator/warps/warp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void warp_save(struct warp *warp, uint32_t pc) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (warp->mask >> lane & 1)
            warp->lane_pc[lane] = pc;
    }
    warp->regroup = true;
}

/* Lanes of `among` in the deepest frame at the lowest program counter. */
static uint32_t choose_group(const struct warp *warp, uint32_t among, uint32_t *base,
                             uint32_t *pc) {
    uint64_t best = UINT64_MAX;
    uint32_t mask = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t key = ((uint64_t)(UINT32_MAX - warp->lane_base[lane]) << 32) | warp->lane_pc[lane];
        if (!(among >> lane & 1) || key > best)
            continue;
        if (key < best)
            mask = 0;
        best = key;
        mask |= UINT32_C(1) << lane;
    }
    *base = UINT32_MAX - (uint32_t)(best >> 32);
    *pc = (uint32_t)best;
    return mask;
}

/* False when no lane can go on. */
static bool choose(struct warp *warp) {
    uint32_t runnable = warp_runnable(warp);
    warp->regroup = false;
    warp->spins = 0;
    if (!runnable) {
        warp->regroup = true;
        return false;
    }
    if (!(runnable & ~warp->yielded))
        warp->yielded = 0;
    choose_group(warp, runnable & ~warp->yielded, &warp->base, &warp->pc);
    warp->mask = 0;
    warp->stop = UINT32_MAX;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(runnable >> lane & 1) || warp->lane_base[lane] != warp->base)
            continue;
        if (warp->lane_pc[lane] == warp->pc)
            warp->mask |= UINT32_C(1) << lane;
        else if (warp->lane_pc[lane] > warp->pc && warp->lane_pc[lane] < warp->stop)
            warp->stop = warp->lane_pc[lane];
    }
    warp->yielded &= ~warp->mask;
    warp->bank[BANK_FRAME] = warp->stack + warp->base;
    return true;
}

static void count(struct warp *warp, uint32_t instructions) {
    struct machine_counters *counters = &warp->worker->counters;
    counters->warp_instructions += instructions;
    counters->machine_instructions += warp_machine_quarters(warp, instructions);
    counters->thread_instructions += (uint64_t)instructions * lane_count(warp->mask);
    warp->executed += instructions;
    warp->fuel -= instructions;
}

/* Whoever watches the warp sees the instruction; true after a fault. */
static bool see_before(struct warp *warp, const struct instruction *instruction) {
    if (warp->before)
        warp->before(warp, instruction);
    if (warp->propagate)
        warp->propagate(warp, instruction);
    return warp->is_faulted;
}

static void run_watched(struct warp *warp, const struct instruction *instruction,
                        const struct instruction *end) {
    for (; instruction < end && !warp->is_faulted; instruction++) {
        if (!see_before(warp, instruction))
            instruction->execute(warp, instruction);
    }
}

static void run_line(struct warp *warp) {
    const struct instruction *instruction = &warp->code[warp->pc];
    uint32_t length = instruction->run;
    if (warp->stop - warp->pc < length)
        length = warp->stop - warp->pc;
    const struct instruction *end = instruction + length;
    warp->worker->counters.fma_warp_instructions += end->fma_before - instruction->fma_before;
    warp->worker->counters.tensor_warp_instructions +=
        end->tensor_before - instruction->tensor_before;
    if (warp->before || warp->undefined) {
        run_watched(warp, instruction, end);
    } else {
        for (; instruction < end; instruction++)
            instruction->execute(warp, instruction);
    }
    count(warp, length);
    warp->pc += length;
}

void warp_run(struct warp *warp) {
    while (!warp->is_faulted && warp->fuel > 0 && !warp->is_spent && !warp->gives_way &&
           !warp->mbarrier_tested) {
        if (warp->regroup && !choose(warp))
            return;
        run_line(warp);
        const struct instruction *instruction = &warp->code[warp->pc];
        if (warp->is_faulted)
            return;
        if (warp->pc < warp->stop && instruction->is_control) {
            count(warp, 1);
            if (!see_before(warp, instruction))
                instruction->execute(warp, instruction);
        }
        if (!warp->regroup && warp->pc >= warp->stop)
            warp_save(warp, warp->pc);
    }
    if (!warp->regroup)
        warp_save(warp, warp->pc);
}

/* ---- Faults ---- */

static void find_thread(const struct warp *warp, unsigned lane, unsigned thread[3]) {
    const struct launch *launch = warp->block->launch;
    unsigned number = warp->first_thread + lane;
    thread[0] = number % launch->block[0];
    thread[1] = number / launch->block[0] % launch->block[1];
    thread[2] = number / launch->block[0] / launch->block[1];
}

static const char *file_name(const struct warp *warp, unsigned file) {
    const struct syntax_module *module = warp->block->launch->program->syntax;
    return file < module->file_count ? module->files[file] : NULL;
}

/* NULL where the PTX does not say it. */
static const char *source_name(const struct warp *warp, const struct syntax_instruction *source) {
    return source->source_line ? file_name(warp, source->source_file) : NULL;
}

static void find_source(const struct warp *warp, const struct instruction *instruction,
                        struct machine_diagnostic *diagnostic) {
    const struct syntax_instruction *source = instruction->detail->source;
    const char *name = source_name(warp, source);
    diagnostic->line = source->place.line;
    diagnostic->column = source->place.column;
    diagnostic->source_line = source->source_line;
    if (name)
        snprintf(diagnostic->source_file, sizeof diagnostic->source_file, "%s", name);
}

static void site_append(const struct warp *warp, const struct syntax_site *site, char *text,
                        size_t size) {
    const char *name = site ? file_name(warp, site->file) : NULL;
    const size_t length = strlen(text);
    if (name)
        snprintf(text + length, size - length, ", inlined at %s:%u", name, site->line);
}

/* The line, and where code was inlined its first caller and the last: of templates that unroll
 * loops there are dozens between. */
static void describe_source(const struct warp *warp, const struct instruction *instruction,
                            char *text, size_t size) {
    const struct syntax_instruction *source = instruction->detail->source;
    const struct syntax_site *first = source->caller, *last = NULL;
    const char *name = source_name(warp, source);
    unsigned between = 0;
    text[0] = '\0';
    if (!name)
        return;
    snprintf(text, size, " (%s:%u", name, source->source_line);
    site_append(warp, first, text, size);
    for (const struct syntax_site *site = first ? first->caller : NULL; site; site = site->caller) {
        between += last != NULL;
        last = site;
    }
    size_t length = strlen(text);
    if (between > 0)
        snprintf(text + length, size - length, ", %u more", between);
    site_append(warp, last, text, size);
    length = strlen(text);
    snprintf(text + length, size - length, ")");
}

/* Of a long path what is cut shows that it is. */
static void mark_cut(char *message, size_t size) {
    memcpy(message + size - 4, "...", 4);
}

void warp_describe(const struct warp *warp, const struct instruction *instruction, unsigned lane,
                   const char *what, struct machine_diagnostic *diagnostic) {
    const struct block *block = warp->block;
    char source[1200], thread[80] = "";
    find_source(warp, instruction, diagnostic);
    snprintf(diagnostic->kernel, sizeof diagnostic->kernel, "%s", block->launch->function->name);
    memcpy(diagnostic->block, block->coordinates, sizeof diagnostic->block);
    if (lane < LANES) {
        find_thread(warp, lane, diagnostic->thread);
        snprintf(thread, sizeof thread, ", thread (%u,%u,%u)", diagnostic->thread[0],
                 diagnostic->thread[1], diagnostic->thread[2]);
    }
    describe_source(warp, instruction, source, sizeof source);
    const int length = snprintf(diagnostic->message, sizeof diagnostic->message,
                                "kernel %s, block (%u,%u,%u)%s: %s at PTX line %u%s",
                                diagnostic->kernel, block->coordinates[0], block->coordinates[1],
                                block->coordinates[2], thread, what, diagnostic->line, source);
    if (length >= (int)sizeof diagnostic->message)
        mark_cut(diagnostic->message, sizeof diagnostic->message);
}

void warp_fault_other(struct warp *warp, const struct instruction *other, const char *what) {
    struct machine_diagnostic *diagnostic = &warp->block->fault.diagnostic;
    const size_t used = strlen(diagnostic->message), size = sizeof diagnostic->message - used;
    char source[1200];
    describe_source(warp, other, source, sizeof source);
    if (snprintf(diagnostic->message + used, size, "; %s at PTX line %u%s", what,
                 other->detail->source->place.line, source) >= (int)size)
        mark_cut(diagnostic->message, sizeof diagnostic->message);
}

void warp_fault(struct warp *warp, const struct instruction *instruction,
                enum machine_status status, unsigned lane, uint64_t address, const char *format,
                ...) {
    struct fault *fault = &warp->block->fault;
    warp->is_faulted = true;
    if (fault->status != MACHINE_OK)
        return;
    char what[512], with_address[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    fault->status = status;
    fault->kind = FAULT_ANY;
    fault->block = warp->block->index;
    fault->diagnostic.address = address;
    snprintf(with_address, sizeof with_address, "%s", what);
    if (address)
        snprintf(with_address, sizeof with_address, "%s, address 0x%llx,", what,
                 (unsigned long long)address);
    warp_describe(warp, instruction, lane, with_address, &fault->diagnostic);
}
