/*
 * clusterlaunchcontrol (PTX ISA 9.7.13.17): a cluster asks for the work of one that has not begun.
 *
 * The answer may always be that there is none, and here it is: each cluster does its own work. So
 * it is 16 bytes of zeros, and its lower half says all.
 */
#include "emulator/async/async.h"
#include "emulator/async/bulk.h"
#include "emulator/checks/check.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { RESPONSE_BYTES = 16 };
enum { TO_ITSELF, TO_ALL };

static void move_response(const struct transfer *transfer) {
    memset(transfer->shared.block->shared + transfer->shared.offset, 0, RESPONSE_BYTES);
    bulk_mark_written(&transfer->shared, RESPONSE_BYTES);
}

/* [to], [mbarrier] */
static void ask(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct transfer response = {.instruction = instruction,
                                .warp = warp,
                                .lane = lane,
                                .move = move_response,
                                .bytes = RESPONSE_BYTES};
    if (!place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 0, 0),
                    (struct place_size){RESPONSE_BYTES, RESPONSE_BYTES}, &response.shared) ||
        !bulk_find_mbarrier(warp, instruction, lane, 1, 1, &response))
        return;
    if (instruction->variant == TO_ALL)
        bulk_issue_to_all(&response);
    else
        bulk_issue(warp, instruction, lane, &response, UINT32_MAX);
}

static void execute_ask(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        ask(warp, instruction, lane_first(rest));
}

static void execute_is_cancelled(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest; rest &= rest - 1)
        value_write(warp, instruction->detail, 0, lane_first(rest),
                    value_read(warp, instruction->detail, 0, lane_first(rest)) != 0);
}

static void execute_first_block(struct warp *warp, const struct instruction *instruction) {
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(warp->mask), 0,
               "clusterlaunchcontrol asks which block was cancelled, where none was");
}

static const struct instruction_row rows[] = {
    {.pattern = "clusterlaunchcontrol.try_cancel.async[.shared::cta].mbarrier::complete_tx::bytes"
                ".b128",
     "m,m",
     execute_ask,
     TO_ITSELF,
     .decode = DECODE_UNTYPED},
    {.pattern = "clusterlaunchcontrol.try_cancel.async[.shared::cta].mbarrier::complete_tx::bytes"
                ".multicast::cluster::all.b128",
     "m,m",
     execute_ask,
     TO_ALL,
     .decode = DECODE_UNTYPED},
    {.pattern = "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128",
     "p=z",
     execute_is_cancelled},
    {.pattern = "clusterlaunchcontrol.query_cancel.get_first_ctaid.v4.b32.b128",
     "w4=z",
     execute_first_block},
    {.pattern = "clusterlaunchcontrol.query_cancel"
                ".{get_first_ctaid::x,get_first_ctaid::y,get_first_ctaid::z}.b32.b128",
     "w=z",
     execute_first_block},
};

const struct instruction_table async_cancel = {rows, sizeof rows / sizeof rows[0]};
