/* Branches, calls, returns, exits, traps: the instructions that move the program counter. */
#include "emulator/checks/undefined.h"
#include "emulator/execute/barrier.h"
#include "emulator/execute/barrier_cluster.h"
#include "emulator/execute/builtin.h"
#include "emulator/execute/execute.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* ---- Branches ---- */

/* A loop that waits for other threads must not keep them from running. */
static void count_spin(struct warp *warp, uint32_t target) {
    enum { LONG_LOOP = 1 << 20 };
    if (target > warp->pc)
        return;
    warp->spins += warp->communicated ? LONG_LOOP / SPIN_LIMIT : 1;
    warp->communicated = false;
    if (warp->spins < LONG_LOOP)
        return;
    warp->spins = 0;
    warp->is_spent = true;
    if (warp->mask == warp->live)
        return;
    warp->yielded |= warp->mask;
    warp_save(warp, target);
}

static void execute_branch(struct warp *warp, const struct instruction *instruction) {
    const uint32_t taken = warp_guard(warp, instruction), stay = warp->mask & ~taken;
    const uint32_t next = warp->pc + 1, target = instruction->target;
    warp->worker->counters.branches++;
    if (!taken) {
        warp->pc = next;
        return;
    }
    if (!stay) {
        if (instruction->detail->is_predicated) /* the machine goes over them all the same */
            warp->worker->counters.machine_instructions +=
                warp->machine_before[target] - warp->machine_before[next];
        count_spin(warp, target);
        warp->pc = target;
        return;
    }
    warp->worker->counters.divergent_branches++;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (warp->mask >> lane & 1)
            warp->lane_pc[lane] = (taken >> lane & 1) ? target : next;
    }
    warp->mask = target < next ? taken : stay;
    uint32_t other = target < next ? next : target;
    if (target == next)
        warp->mask = taken | stay;
    warp->stop = other < warp->stop && target != next ? other : warp->stop;
    count_spin(warp, target);
    if (!warp->regroup)
        warp->pc = target < next ? target : next;
}

static void execute_indexed_branch(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const struct lanes32 *index = warp_slot(warp, instruction->a);
    uint32_t taken = warp_guard(warp, instruction), first = UINT32_MAX;
    bool diverges = taken != warp->mask;
    warp->worker->counters.branches++;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(warp->mask >> lane & 1))
            continue;
        warp->lane_pc[lane] = warp->pc + 1;
        if (!(taken >> lane & 1))
            continue;
        if (index->at[lane] >= detail->target_count) {
            warp_fault(warp, instruction, MACHINE_INVALID_PC, lane, 0,
                       "brx.idx with index %u of %zu targets", index->at[lane],
                       detail->target_count);
            return;
        }
        warp->lane_pc[lane] = detail->targets[index->at[lane]];
        diverges |= first != UINT32_MAX && first != warp->lane_pc[lane];
        first = warp->lane_pc[lane];
    }
    warp->worker->counters.divergent_branches += diverges && taken;
    warp->communicated = true;
    warp->regroup = true;
}

/* ---- Ends ---- */

/* On request, threads that end while others wait for all of the block are an error. */
static void check_waiting(struct warp *warp, const struct instruction *instruction,
                          uint32_t lanes) {
    for (uint32_t k = 0; k < BARRIERS; k++) {
        const struct barrier *barrier = &warp->block->barriers[k];
        if (barrier->is_open && barrier->expected == 0)
            warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(lanes), 0,
                       "barrier %u is not reached by %u threads that end while %u wait at it", k,
                       lane_count(lanes), barrier->arrived);
    }
    barrier_cluster_check_end(warp, instruction, lanes);
}

static void execute_exit(struct warp *warp, const struct instruction *instruction) {
    const uint32_t lanes = warp_guard(warp, instruction);
    warp_save(warp, warp->pc + 1);
    if (!lanes)
        return;
    if (warp->block->launch->options.check_barrier)
        check_waiting(warp, instruction, lanes);
    warp->live &= ~lanes;
    warp->sync_wait = 0; /* who waits for these lanes looks again */
    barrier_threads_exited(warp, lanes);
}

static void execute_trap(struct warp *warp, const struct instruction *instruction) {
    const uint32_t lanes = warp_guard(warp, instruction);
    warp->pc++;
    if (lanes)
        warp_fault(warp, instruction, MACHINE_TRAP, lane_first(lanes), 0, "%s executed",
                   instruction->detail->source->root);
}

/* ---- Calls ---- */

static void copy_area(unsigned char *to, uint32_t stride_to, const unsigned char *from,
                      uint32_t stride_from, uint32_t size, uint32_t mask) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (mask >> lane & 1)
            memcpy(to + (size_t)lane * stride_to, from + (size_t)lane * stride_from, size);
    }
}

/* Which function the call means; an indirect call takes the lanes that agree with the first one. */
static const struct program_function *
find_callee(struct warp *warp, const struct instruction *instruction, uint32_t *lanes) {
    const struct detail *detail = instruction->detail;
    const struct program *program = warp->block->launch->program;
    if (detail->callee)
        return detail->callee;
    const struct lanes64 *address = warp_slot(warp, instruction->a);
    const uint64_t value = address->at[lane_first(*lanes)];
    uint32_t same = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        same |= (uint32_t)(address->at[lane] == value) << lane;
    *lanes &= same;
    uint64_t index = ((value & ((UINT64_C(1) << WINDOW_SHIFT) - 1)) >> 4) - 1;
    bool known = value >> WINDOW_SHIFT == WINDOW_CODE && index < program->function_count;
    const struct program_function *callee = known ? program->functions[index] : NULL;
    bool fits = callee && callee->count && !callee->syntax->is_entry &&
                callee->syntax->parameter_count == detail->copy_count &&
                callee->syntax->result_count == detail->result_count;
    for (size_t k = 0; fits && k < detail->copy_count; k++)
        fits = callee->syntax->parameters[k]->size == detail->copies[k].size;
    for (size_t k = 0; fits && k < detail->result_count; k++)
        fits = callee->syntax->results[k]->size == detail->results[k].size;
    if (fits)
        return callee;
    warp_fault(warp, instruction, MACHINE_INVALID_PC, lane_first(*lanes), value,
               "a call through a pointer to no function of this prototype");
    return NULL;
}

static bool enter_frame(struct warp *warp, const struct instruction *instruction,
                        const struct program_function *callee, uint32_t lanes) {
    const struct program_function *caller = instruction->detail->function;
    const uint32_t base = warp->base + caller->frame_bytes;
    unsigned lane = lane_first(lanes);
    bool fits = base + callee->frame_bytes <= STACK_BYTES;
    for (unsigned k = 0; k < LANES && fits; k++) {
        lane = k;
        fits = !(lanes >> k & 1) ||
               warp->lane_local[k] + caller->local_bytes + callee->local_bytes + 16 <=
                   warp->lane_stack[k];
    }
    if (!fits) {
        warp_fault(warp, instruction, MACHINE_STACK_OVERFLOW, lane, 0,
                   "the stack of %zu bytes a thread overflows in a call of %s",
                   warp->block->launch->local_bytes, callee->name);
        return false;
    }
    undefined_enter(warp, base, callee->frame_bytes);
    struct frame_header *header = (struct frame_header *)(void *)(warp->stack + base);
    for (unsigned k = 0; k < LANES; k++) {
        if (!(lanes >> k & 1))
            continue;
        header->return_pc.at[k] = warp->pc + 1;
        header->return_base.at[k] = warp->base;
        header->return_local.at[k] = warp->lane_local[k];
        header->return_stack.at[k] = warp->lane_stack[k];
        warp->lane_local[k] += caller->local_bytes + 16;
        warp->lane_base[k] = base;
        warp->lane_pc[k] = callee->first;
    }
    return true;
}

static void copy_arguments(const struct detail *detail, const struct program_function *callee,
                           unsigned char *to, const unsigned char *from, uint32_t lanes) {
    for (size_t k = 0; k < detail->copy_count; k++)
        copy_area(to + callee->parameter_areas[k], callee->parameter_strides[k],
                  from + detail->copies[k].caller, detail->copies[k].stride_caller,
                  detail->copies[k].size, lanes);
}

static void copy_places(const struct warp *warp, unsigned char *frame, unsigned char *local,
                        const struct stack_copy *copy, uint32_t lanes, bool to_stack) {
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        unsigned char *area = frame + copy->area + (size_t)lane * copy->stride;
        unsigned char *place =
            local + lane * warp->block->launch->local_bytes + warp->lane_local[lane] + copy->local;
        memcpy(to_stack ? place : area, to_stack ? area : place, copy->size);
    }
}

/* Between the areas of a frame and where those of them lie whose address the function takes; with
 * the flags of bytes that nothing has written. */
static void copy_stack(const struct warp *warp, unsigned char *frame,
                       const struct stack_copy *copies, uint32_t count, uint32_t lanes,
                       bool to_stack) {
    for (uint32_t k = 0; k < count; k++) {
        copy_places(warp, frame, warp->local, &copies[k], lanes, to_stack);
        if (warp->undefined)
            copy_places(warp, undefined_area(warp, frame), warp->undefined_local, &copies[k], lanes,
                        to_stack);
    }
}

static void execute_call(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t lanes = warp_guard(warp, instruction);
    if (!lanes) {
        warp->pc++;
        return;
    }
    const struct program_function *callee = find_callee(warp, instruction, &lanes);
    if (!callee)
        return;
    if (callee->builtin != BUILTIN_NONE) {
        builtin_call(warp, instruction, lanes);
        return;
    }
    const uint32_t skipped = warp->mask & ~warp_guard(warp, instruction);
    warp_save(warp, warp->pc);
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->lane_pc[lane] += skipped >> lane & 1;
    if (!enter_frame(warp, instruction, callee, lanes))
        return;
    const uint32_t bytes = detail->function->frame_bytes;
    unsigned char *from = warp->stack + warp->base, *flags = undefined_area(warp, from);
    copy_arguments(detail, callee, from + bytes, from, lanes);
    if (flags)
        copy_arguments(detail, callee, flags + bytes, flags, lanes);
    copy_stack(warp, from + bytes, callee->stack_parameters, callee->stack_parameter_count, lanes,
               true);
}

static void copy_results(const struct detail *call, const struct program_function *callee,
                         unsigned char *to, const unsigned char *from, unsigned lane) {
    for (size_t k = 0; k < call->result_count; k++)
        memcpy(to + call->results[k].caller + (size_t)lane * call->results[k].stride_caller,
               from + callee->result_areas[k] + (size_t)lane * callee->result_strides[k],
               call->results[k].size);
}

/* Lanes may come from different calls, so each lane's results go where its own call wants them. */
static void return_results(struct warp *warp, const struct program_function *callee,
                           unsigned lane) {
    const struct frame_header *header =
        (const struct frame_header *)(const void *)(warp->stack + warp->base);
    const struct detail *call = warp->code[header->return_pc.at[lane] - 1].detail;
    unsigned char *to = warp->stack + header->return_base.at[lane],
                  *from = warp->stack + warp->base;
    copy_results(call, callee, to, from, lane);
    if (warp->undefined)
        copy_results(call, callee, undefined_area(warp, to), undefined_area(warp, from), lane);
    warp->lane_local[lane] = header->return_local.at[lane];
    warp->lane_stack[lane] = header->return_stack.at[lane];
    warp->lane_base[lane] = header->return_base.at[lane];
    warp->lane_pc[lane] = header->return_pc.at[lane];
}

static void execute_return(struct warp *warp, const struct instruction *instruction) {
    const struct program_function *function = instruction->detail->function;
    const uint32_t lanes = warp_guard(warp, instruction);
    if (!lanes) {
        warp->pc++;
        return;
    }
    if (warp->base == 0) {
        execute_exit(warp, instruction);
        return;
    }
    copy_stack(warp, warp->stack + warp->base, function->stack_results,
               function->stack_result_count, lanes, false);
    warp_save(warp, warp->pc + 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (lanes >> lane & 1)
            return_results(warp, function, lane);
    }
}

static const struct instruction_row rows[] = {
    {.pattern = "bra[.uni]",
     "",
     execute_branch,
     .flags = ROW_CONTROL | ROW_ENDS,
     .decode = DECODE_BRANCH},
    {.pattern = "brx.idx[.uni]",
     "",
     execute_indexed_branch,
     .flags = ROW_CONTROL | ROW_ENDS,
     .decode = DECODE_INDEXED_BRANCH},
    {.pattern = "call[.uni]", "", execute_call, .flags = ROW_CONTROL, .decode = DECODE_CALL},
    {.pattern = "ret[.uni]", "", execute_return, .flags = ROW_CONTROL | ROW_ENDS},
    {.pattern = "exit", "", execute_exit, .flags = ROW_CONTROL | ROW_ENDS},
    {.pattern = "trap", "", execute_trap, .flags = ROW_CONTROL | ROW_ENDS},
    {.pattern = "brkpt", "", execute_trap, .flags = ROW_CONTROL},
};

const struct instruction_table executor_control = {rows, sizeof rows / sizeof rows[0]};
