/* Every form of the instructions of this room that the assembler takes is known here: it is
 * decoded, and its kernel may be launched. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

static const char *const forms[] = {
    "mbarrier.init.shared::cta.b64 [%r1], 3;",
    "mbarrier.init.b64 [%rd1], %r2;",
    "mbarrier.inval.shared.b64 [%r1];",
    "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], %r2;",
    "mbarrier.expect_tx.relaxed.cluster.shared::cluster.b64 [%r1], 16;",
    "mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [%r1], 16;",
    "mbarrier.complete_tx.shared::cta.b64 [%r1], 16;",
    "mbarrier.arrive.shared.b64 %rd2, [%r1];",
    "mbarrier.arrive.b64 %rd2, [%rd1], 2;",
    "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r1], 1;",
    "mbarrier.arrive.release.cluster.b64 _, [%rd1];",
    "mbarrier.arrive.relaxed.cta.shared::cta.b64 %rd2, [%r1];",
    "mbarrier.arrive.relaxed.cluster.shared::cluster.b64 _, [%r1];",
    "mbarrier.arrive.expect_tx.shared::cta.b64 %rd2, [%r1], %r2;",
    "mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [%r1], %r2;",
    "mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [%r1], %r2;",
    "mbarrier.arrive.noComplete.shared.b64 %rd2, [%r1], 1;",
    "mbarrier.arrive.noComplete.release.cta.shared::cta.b64 %rd2, [%r1], 1;",
    "mbarrier.arrive_drop.shared.b64 %rd2, [%r1];",
    "mbarrier.arrive_drop.release.cluster.shared::cluster.b64 _, [%r1], 2;",
    "mbarrier.arrive_drop.expect_tx.shared::cta.b64 %rd2, [%r1], 16;",
    "mbarrier.arrive_drop.expect_tx.release.cta.shared::cta.b64 _, [%r1], 16;",
    "mbarrier.arrive_drop.noComplete.shared.b64 %rd2, [%r1], 1;",
    "cp.async.mbarrier.arrive.shared::cta.b64 [%r1];",
    "cp.async.mbarrier.arrive.noinc.b64 [%rd1];",
    "mbarrier.test_wait.shared.b64 %p1, [%r1], %rd2;",
    "mbarrier.test_wait.acquire.cluster.shared::cta.b64 %p1, [%r1], %rd2;",
    "mbarrier.test_wait.relaxed.cta.shared::cta.b64 %p1, [%r1], %rd2;",
    "mbarrier.test_wait.parity.shared.b64 %p1, [%r1], %r2;",
    "mbarrier.test_wait.parity.acquire.cta.shared::cta.b64 %p1, [%r1], %r2;",
    "mbarrier.try_wait.shared.b64 %p1, [%r1], %rd2;",
    "mbarrier.try_wait.shared.b64 %p1, [%r1], %rd2, 100;",
    "mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1], %r2, %r2;",
    "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p1, [%r1], 1;",
    "mbarrier.try_wait.parity.relaxed.cluster.shared::cta.b64 %p1, [%r1], 1;",
    "mbarrier.try_wait.parity.b64 %p1, [%rd1], 1;",
    "mbarrier.pending_count.b64 %r3, %rd2;",
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1], 64, [%r2];",
    "cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%r1], [%rd1], %r3, [%r2];",
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%r1], "
    "[%rd1], 64, [%r2], %rd2;",
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%r1], "
    "[%rd1], 64, [%r2], %h1;",
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster.L2::"
    "cache_hint [%r1], [%rd1], 64, [%r2], %h1, %rd2;",
    "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r1+16], [%r2+32], "
    "64, [%r3+8];",
    "cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 64;",
    "cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [%rd1], [%r1], 64, %rd2;",
    "cp.async.bulk.prefetch.L2.global [%rd1], 64;",
    "cp.async.bulk.prefetch.L2.global.L2::cache_hint [%rd1], 64, %rd2;",
    "cp.async.bulk.commit_group;",
    "cp.async.bulk.wait_group 0;",
    "cp.async.bulk.wait_group.read 3;",
    "cp.async.bulk.tensor.1d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1, "
    "{%r2}], [%r3];",
    "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1], "
    "[%rd1, {%r2, 0}], [%r3];",
    "cp.async.bulk.tensor.2d.shared::cta.global.tile.mbarrier::complete_tx::bytes [%r1], [%rd1, "
    "{%r2, 0}], [%r3];",
    "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::"
    "cluster [%r1], [%rd1, {%r2, %r2, %r2}], [%r3], %h1;",
    "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::"
    "cluster.L2::cache_hint [%r1], [%rd1, {%r2, %r2, %r2}], [%r3], %h1, %rd2;",
    "cp.async.bulk.tensor.5d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.L2::cache_"
    "hint [%r1], [%rd1, {%r2, %r2, %r2, %r2, %r2}], [%r3], %rd2;",
    "cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%rd1, {%r2, %r2, %r2, %r2}], [%r1];",
    "cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group.L2::cache_hint [%rd1, {%r2, %r2}], "
    "[%r1], %rd2;",
    "cp.async.bulk.prefetch.tensor.2d.L2.global [%rd1, {%r2, %r2}];",
    "cp.async.bulk.prefetch.tensor.2d.L2.global.tile.L2::cache_hint [%rd1, {%r2, %r2}], %rd2;",
    "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u64 [%r1], "
    "[%r2], 64, [%r3];",
    "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.inc.u32 [%r1], "
    "[%r2], 64, [%r3];",
    "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.and.b32 [%r1], "
    "[%r2], 64, [%r3];",
    "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%rd1], [%r1], 64;",
    "cp.reduce.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.add.noftz.bf16 [%rd1], "
    "[%r1], 64, %rd2;",
    "cp.reduce.async.bulk.global.shared::cta.bulk_group.min.f16 [%rd1], [%r1], 64;",
    "cp.reduce.async.bulk.global.shared::cta.bulk_group.max.s64 [%rd1], [%r1], 64;",
    "cp.reduce.async.bulk.global.shared::cta.bulk_group.xor.b64 [%rd1], [%r1], 64;",
    "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group [%rd1, {%r2, %r2}], "
    "[%r1];",
    "cp.reduce.async.bulk.tensor.1d.global.shared::cta.max.bulk_group.L2::cache_hint [%rd1, "
    "{%r2}], [%r1], %rd2;",
    "prefetch.tensormap [%rd1];",
    "prefetch.param.tensormap [%rd1];",
    "fence.proxy.async;",
    "fence.proxy.async.global;",
    "fence.proxy.async.shared::cta;",
    "fence.proxy.async.shared::cluster;",
    "fence.mbarrier_init.release.cluster;",
    "fence.acq_rel.cluster;",
    "fence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;",
    "fence.proxy.tensormap::generic.release.gpu;",
    "fence.proxy.async::generic.acquire.sync_restrict::shared::cluster.cluster;",
    "fence.proxy.async::generic.release.sync_restrict::shared::cta.cluster;",
    "fence.acquire.sync_restrict::shared::cluster.cluster;",
    "fence.release.sync_restrict::shared::cta.cluster;",
    "barrier.cluster.arrive;",
    "barrier.cluster.arrive.release.aligned;",
    "barrier.cluster.arrive.relaxed.aligned;",
    "barrier.cluster.wait;",
    "barrier.cluster.wait.acquire.aligned;",
    "mapa.u64 %rd2, %rd1, %r1;",
    "mapa.shared::cluster.u32 %r2, %r1, 0;",
    "mapa.shared::cluster.u64 %rd2, %rd1, 0;",
    "getctarank.u64 %r2, %rd1;",
    "getctarank.shared::cluster.u32 %r2, %r1;",
    "getctarank.shared::cluster.u64 %r2, %rd1;",
    "ld.shared::cluster.u32 %r2, [%r1];",
    "ld.shared::cluster.v4.f32 {%f1,%f2,%f3,%f4}, [%r1];",
    "ld.acquire.cluster.shared::cluster.u32 %r2, [%r1];",
    "ld.relaxed.cluster.shared::cluster.b64 %rd2, [%r1];",
    "ld.volatile.shared::cluster.u32 %r2, [%r1];",
    "st.shared::cluster.u32 [%r1], %r2;",
    "st.release.cluster.shared::cluster.u32 [%r1], %r2;",
    "st.volatile.shared::cluster.u32 [%r1], %r2;",
    "atom.add.release.cluster.shared::cluster.u32 %r2, [%r1], 1;",
    "atom.shared::cluster.cas.b32 %r2, [%r1], 1, 2;",
    "red.relaxed.cluster.shared::cluster.add.u32 [%r1], 1;",
    "cvta.shared::cluster.u64 %rd2, %rd1;",
    "cvta.to.shared::cluster.u64 %rd2, %rd1;",
    "isspacep.shared::cluster %p1, %rd1;",
    "isspacep.shared::cta %p1, %rd1;",
    "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r1], %r2, [%r3];",
    "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%r1], {%f1,%f2,%f3,%f4}, [%r3];",
    "st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.b64 [%r1], {%rd1,%rd2}, [%r3];",
    "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%r1], %r2, "
    "[%r3];",
    "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.min.s32 [%r1], %r2, "
    "[%r3];",
    "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u64 [%r1], %rd2, "
    "[%r3];",
    "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.xor.b32 [%r1], %r2, "
    "[%r3];",
    "mov.u32 %r1, %clusterid.x;",
    "mov.u32 %r1, %nclusterid.z;",
    "mov.u32 %r1, %cluster_ctaid.y;",
    "mov.u32 %r1, %cluster_nctaid.x;",
    "mov.u32 %r1, %cluster_ctarank;",
    "mov.u32 %r1, %cluster_nctarank;",
    "mov.pred %p1, %is_explicit_cluster;",
    ".reg .b128 %q; mov.b128 %q, {%rd1, %rd2};\n"
    "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 %p1, %q;",
};

TEST(every_form_is_known) {
    struct bench bench;
    bench_open_hopper(&bench, 1);
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        char text[1024];
        snprintf(text, sizeof text,
                 ".visible .entry k() { .reg .b32 %%r<9>; .reg .b64 %%rd<9>; .reg .pred %%p<4>;\n"
                 ".reg .b16 %%h<4>; .reg .f32 %%f<9>;\n%s\nret; }\n",
                 forms[k]);
        bench.target = strstr(forms[k], "clusterlaunchcontrol") ? 100 : 90;
        if (bench_load(&bench, text) != MACHINE_OK)
            fail_msg("%s: %s", forms[k], bench.diagnostic.message);
        const struct machine_function_info *info =
            machine_function_info(machine_function_at(bench.module, 0));
        if (info->lacks)
            fail_msg("%s: %s", forms[k], info->lacks);
    }
    bench_close(&bench);
}
