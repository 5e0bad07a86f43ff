/* Blocks of a pair, and warps that wait for the phases of a commit. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

enum { BOX = 64, BLOCKS = 2, THREADS = 64 };

static enum machine_status run(struct bench *bench, const char *text, unsigned blocks,
                               const struct launch_arguments *arguments) {
    if (machine_load(bench->machine, "test", text, strlen(text), &bench->module,
                     &bench->diagnostic) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {blocks, 1, 1},
                                          .block = {THREADS, 1, 1},
                                          .cluster = {blocks, 1, 1},
                                          .dynamic_shared = 1024,
                                          .parameters = arguments,
                                          .parameter_bytes = sizeof *arguments};
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}

#define HEAD                                                                                       \
    ".version 9.0\n.target sm_100a\n.address_size 64\n"                                            \
    ".extern .shared .align 1024 .b8 space[];\n"                                                   \
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n0,\n"             \
    "  .param .u32 n1, .param .u32 n2, .param .u32 n3) {\n"                                        \
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>; .reg .b16 %h<2>;\n"                     \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r1, %tid.x;\n"                       \
    "mov.u32 %r2, %cluster_ctarank; setp.eq.u32 %p1, %r1, 0; setp.lt.u32 %p2, %r1, 32;\n"          \
    "setp.eq.u32 %p3, %r2, 0; mov.u32 %r3, space; add.u32 %r4, %r3, 512;\n"
#define ALLOCATE(group)                                                                            \
    "@!%p2 bra ALLOCATED;\n"                                                                       \
    "tcgen05.alloc.cta_group::" group ".sync.aligned.shared::cta.b32 [space+520], 32;\n"           \
    "ALLOCATED: @%p1 mbarrier.init.shared.b64 [%r4], 1; fence.mbarrier_init.release.cluster;\n"    \
    "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"                              \
    "bar.sync 0; ld.shared.b32 %r6, [space+520];\n"
#define FREE(group)                                                                                \
    "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; @!%p2 bra FREED;\n"             \
    "tcgen05.dealloc.cta_group::" group ".sync.aligned.b32 %r6, 32;\nFREED: ret; }\n"
/* Each block loads half of a row; `mbarrier` makes %r5, the mbarrier that is told. */
#define LOADS(mbarrier, copy)                                                                      \
    HEAD ALLOCATE(                                                                                 \
        "2") "shl.b32 %r7, %r2, 6; " mbarrier "@%p3 bra EXPECT; bra EXPECTED;\n"                   \
             "EXPECT: @%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r4], 256; "              \
             "EXPECTED:\n" copy "@!%p3 bra SEEN;\n"                                                \
             "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p4, [%r4], 0; @!%p4 bra WAIT;\n"     \
             "SEEN: barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"               \
             "shl.b32 %r8, %r1, 1; add.u32 %r9, %r3, %r8; ld.shared.b16 %h0, [%r9];\n"             \
             "mul.wide.u32 %rd3, %r2, 128; add.u64 %rd2, %rd2, %rd3; cvt.u64.u32 %rd3, %r8;\n"     \
             "add.u64 %rd2, %rd2, %rd3; st.global.b16 [%rd2], %h0;\n" FREE("2")
#define COPY(group, more, operands)                                                                \
    "@%p1 cp.async.bulk.tensor.1d." group                                                          \
    "shared::cluster.global.mbarrier::complete_tx::bytes" more                                     \
    " [%r3], [%rd1, {%r7}], [%r5]" operands ";\n"
#define EVEN "and.b32 %r5, %r4, 0xFEFFFFFF;\n"

static struct tensor_map map_of(uint64_t address) {
    return (struct tensor_map){.magic = TENSOR_MAP_MAGIC,
                               .rank = 1,
                               .element = TENSOR_F16,
                               .address = address,
                               .stride = {2},
                               .size = {BOX * BLOCKS},
                               .box = {BOX},
                               .step = {1}};
}

/* A block of the pair tells the even one's mbarrier, whose address has one bit cleared. */
TEST_ON_BLACKWELL(copies_tell_the_even_block) {
    static const char *const texts[] = {
        LOADS(EVEN, COPY("cta_group::2.", "", "")),
        /* Both halves at once, from the even block: to itself, and to the other one. */
        LOADS(EVEN "mov.b16 %h1, 1; @!%p3 mov.b16 %h1, 2;\n",
              COPY("cta_group::2.", ".multicast::cluster", ", %h1")),
    };
    struct bench *bench = *state;
    uint16_t words[BOX * BLOCKS], result[BOX * BLOCKS];
    for (unsigned k = 0; k < BOX * BLOCKS; k++)
        words[k] = (uint16_t)(k * 3);
    const struct tensor_map map = map_of(bench_allocate(bench, words, sizeof words));
    const struct launch_arguments arguments = {
        .pointer = {bench_allocate(bench, &map, sizeof map),
                    bench_allocate(bench, NULL, sizeof words)}};
    for (unsigned k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        if (run(bench, texts[k], BLOCKS, &arguments) != MACHINE_OK)
            fail_msg("%s", bench->diagnostic.message);
        assert_int_equal(machine_read(bench->machine, result, arguments.pointer[1], sizeof result),
                         MACHINE_OK);
        assert_memory_equal(result, words, sizeof words);
    }
    /* Without .cta_group::2 the mbarrier lies in the block that the copy goes to. */
    assert_int_equal(run(bench, LOADS(EVEN, COPY("", "", "")), BLOCKS, &arguments),
                     MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->log, "lies in another block than its destination"));
}

TEST_ON_HOPPER(a_device_without_tensor_memory_refuses_it) {
    struct bench *bench = *state;
    const struct launch_arguments arguments = {.number = {0}};
    const char *const text = HEAD ALLOCATE("1") FREE("1");
    assert_int_equal(run(bench, text, 1, &arguments), MACHINE_NOT_SUPPORTED);
    assert_non_null(strstr(bench->diagnostic.message, "the device has no tensor memory"));
}

/* Two phases may end while a warp has not looked: it has slept in the first, and seen its end. */
TEST_ON_BLACKWELL(who_waits_sees_each_phase) {
    static const char text[] = HEAD ALLOCATE(
        "1") "mov.u32 %r7, 0; mov.u64 %rd4, 0x0000401000080000;\n"
             "LOOP: and.b32 %r8, %r7, 1; @!%p1 bra ISSUED;\n"
             "tcgen05.cp.cta_group::1.32x128b.warpx4 [%r6], %rd4;\n"
             "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%r4];\n"
             "ISSUED:\n"
             "WAIT: mbarrier.try_wait.parity.shared.b64 %p4, [%r4], %r8; @!%p4 bra WAIT;\n"
             "add.u32 %r7, %r7, 1; setp.lt.u32 %p5, %r7, 6; @%p5 bra LOOP;\n" FREE("1");
    struct bench *bench = *state;
    const struct launch_arguments arguments = {.number = {0}};
    if (run(bench, text, 1, &arguments) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
}

/* The answer comes to all blocks of the cluster, is there once it was waited for, and is no. */
TEST_ON_BLACKWELL(nobody_takes_the_work_of_others) {
    static const char text[] =
        HEAD "@%p1 mbarrier.init.shared.b64 [%r4], 1; fence.mbarrier_init.release.cluster;\n"
             ".reg .b128 %q; @%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r4], 16;\n"
             "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"
             "and.pred %p4, %p1, %p3; @%p4 clusterlaunchcontrol.try_cancel.async.shared::cta"
             ".mbarrier::complete_tx::bytes.multicast::cluster::all.b128 [%r3], [%r4];\n"
             "WAIT: mbarrier.try_wait.parity.shared.b64 %p4, [%r4], 0; @!%p4 bra WAIT;\n"
             "ld.shared.b128 %q, [%r3]; mov.u32 %r8, 7;\n"
             "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 %p5, %q;\n"
             "@%p5 clusterlaunchcontrol.query_cancel.get_first_ctaid.v4.b32.b128 "
             "{%r8,%r9,%r10,_}, %q;\n"
             "selp.u32 %r8, %r8, 1, %p5; shl.b32 %r7, %r2, 6; add.u32 %r7, %r7, %r1;\n"
             "mul.wide.u32 %rd3, %r7, 4; add.u64 %rd2, %rd2, %rd3; st.global.b32 [%rd2], %r8;\n"
             "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; ret; }\n";
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    uint32_t result[BLOCKS * THREADS];
    const struct launch_arguments arguments = {
        .pointer = {0, bench_allocate(bench, NULL, sizeof result)}};
    options.check_race = options.check_init = true;
    machine_set_options(bench->machine, &options);
    if (run(bench, text, BLOCKS, &arguments) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    assert_int_equal(machine_read(bench->machine, result, arguments.pointer[1], sizeof result),
                     MACHINE_OK);
    for (unsigned k = 0; k < BLOCKS * THREADS; k++)
        assert_int_equal(result[k], 1);
}
