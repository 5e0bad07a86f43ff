/* Fences, and hints to caches and schedulers: what orders or hurries, and computes nothing. */
#include "emulator/checks/race.h"
#include "emulator/checks/race_global.h"
#include "emulator/execute/execute.h"

static void execute_nothing(struct warp *warp, const struct instruction *instruction) {
    (void)warp;
    (void)instruction;
}

/* Policies for caches, which are not there. */
static void execute_policy(struct warp *warp, const struct instruction *instruction) {
    struct lanes64 *to = warp_slot(warp, instruction->to);
    for (unsigned lane = 0; lane < LANES; lane++)
        to->at[lane] = (warp->mask >> lane & 1) ? 0 : to->at[lane];
}

/* Sleeping and waiting hint that other threads should run. */
static void execute_sleep(struct warp *warp, const struct instruction *instruction) {
    (void)instruction;
    warp->communicated = true;
}

/* What threads have written to shared memory, bulk copies see behind it. */
static void execute_proxy_fence(struct warp *warp, const struct instruction *instruction) {
    execute_sleep(warp, instruction);
    race_proxy_fence(warp);
}

/* Orders what threads of a block, or of a cluster, see of each other. */
static void execute_fence_of_cluster(struct warp *warp, const struct instruction *instruction) {
    execute_sleep(warp, instruction);
    race_fence(warp);
}

static void execute_fence(struct warp *warp, const struct instruction *instruction) {
    execute_fence_of_cluster(warp, instruction);
    race_global_fence(warp);
}

#define POLICIES                                                                                   \
    ".{L2::evict_last,L2::evict_normal,L2::evict_first,L2::evict_unchanged}"                       \
    "[.{L2::evict_first,L2::evict_unchanged}].b64"

static const struct instruction_row rows[] = {
    {.pattern = "nanosleep.u32", "w", execute_sleep},
    {.pattern = "membar.cta", "", execute_fence_of_cluster},
    {.pattern = "membar.{gl,sys}", "", execute_fence},
    {.pattern = "fence[.{sc,acq_rel,acquire,release}].{cta,cluster}", "", execute_fence_of_cluster},
    {.pattern = "fence[.{sc,acq_rel,acquire,release}].{gpu,sys}", "", execute_fence},
    {.pattern = "fence.proxy.{alias,async.global}", "", execute_sleep},
    {.pattern = "membar.proxy.alias", "", execute_sleep},
    {.pattern = "fence.proxy.{async,async.shared::cta,async.shared::cluster}",
     "",
     execute_proxy_fence},
    {.pattern = "fence.proxy.async::generic.{acquire.sync_restrict::shared::cluster,"
                "release.sync_restrict::shared::cta}.cluster",
     "",
     execute_proxy_fence},
    {.pattern = "fence.mbarrier_init.release.cluster", "", execute_fence_of_cluster},
    {.pattern = "fence.{acquire.sync_restrict::shared::cluster,release.sync_restrict::shared::cta}."
                "cluster",
     "",
     execute_fence_of_cluster},
    {.pattern = "fence.proxy.tensormap::generic.acquire.{cta,cluster,gpu,sys}",
     "m,i",
     execute_sleep,
     .decode = DECODE_PREFETCH},
    {.pattern = "fence.proxy.tensormap::generic.release.{cta,cluster,gpu,sys}", "", execute_sleep},
    {.pattern = "griddepcontrol.{launch_dependents,wait}", "", execute_nothing},
    {.pattern = "applypriority[.global].L2::evict_normal",
     "m,i",
     execute_nothing,
     .decode = DECODE_PREFETCH},
    {.pattern = "discard[.global].L2", "m,i", execute_nothing, .decode = DECODE_PREFETCH},
    {.pattern = "prefetch[.{global,local}].{L1,L2}",
     "m",
     execute_nothing,
     .decode = DECODE_PREFETCH},
    {.pattern = "prefetch.global.{L2::evict_last,L2::evict_normal}",
     "m",
     execute_nothing,
     .decode = DECODE_PREFETCH},
    {.pattern = "prefetchu.L1", "m", execute_nothing, .decode = DECODE_PREFETCH},
    {.pattern = "pmevent", "i16", execute_nothing},
    {.pattern = "pmevent.mask", "i", execute_nothing},
    {.pattern = "createpolicy.fractional" POLICIES, "d=", execute_policy},
    {.pattern = "createpolicy.fractional" POLICIES, "d=w", execute_policy},
    {.pattern = "createpolicy.range[.global]" POLICIES,
     "d=m,w,w",
     execute_policy,
     .decode = DECODE_UNTYPED},
    {.pattern = "createpolicy.cvt.L2.b64", "d=d", execute_policy},
    {.pattern = "setmaxnreg.{inc,dec}.sync.aligned.u32", "g", execute_nothing},
};

const struct instruction_table executor_fence = {rows, sizeof rows / sizeof rows[0]};
