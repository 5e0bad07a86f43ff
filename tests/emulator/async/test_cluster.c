/* Clusters: blocks that run together, see each other's shared memory, and meet. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

/* A kernel of clusters that %r1 is the rank in; %rd1 is the pointer, %r2 the address of 64 words
 * and %r3 that of an mbarrier, both in shared memory; %r4 is the thread. */
#define KERNEL(directives, statements)                                                             \
    ".visible .entry k(.param .u64 a, .param .u64 b) " directives " {\n"                           \
    ".reg .b32 %r<30>; .reg .b64 %rd<9>; .reg .pred %p<8>; .reg .b16 %h<4>;\n"                     \
    ".shared .align 128 .b32 words[64]; .shared .align 8 .b64 bar;\n"                              \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r1, %cluster_ctarank;\n"             \
    "mov.u32 %r2, words; mov.u32 %r3, bar; mov.u32 %r4, %tid.x; setp.eq.u32 %p1, %r4, "            \
    "0;\n" statements "\nret; }\n"
#define OF_TWO ".explicitcluster .reqnctapercluster 2, 1, 1"
#define OF_FOUR ".explicitcluster .reqnctapercluster 4, 1, 1"
#define SYNC "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"

static enum machine_status launch_grid(struct bench *bench, const unsigned grid[3],
                                       const unsigned cluster[3], const uint64_t pointers[2]) {
    struct machine_function *function = machine_find_function(bench->module, "k");
    assert_non_null(function);
    const struct machine_launch launch = {.function = function,
                                          .grid = {grid[0], grid[1], grid[2]},
                                          .block = {32, 1, 1},
                                          .cluster = {cluster[0], cluster[1], cluster[2]},
                                          .parameters = pointers,
                                          .parameter_bytes = 2 * sizeof *pointers};
    bench->log[0] = '\0';
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}

/* Runs a grid of `blocks` blocks and reads `count` words that they stored. */
static void run(struct bench *bench, const char *text, unsigned blocks, uint32_t *to,
                size_t count) {
    const uint64_t pointers[2] = {bench_allocate(bench, NULL, count * 4), 0};
    bench_must_load(bench, text);
    if (launch_grid(bench, (const unsigned[]){blocks, 1, 1}, (const unsigned[3]){0}, pointers) !=
        MACHINE_OK)
        fail_msg("%s\nin %s", bench->log, text);
    assert_int_equal(machine_read(bench->machine, to, pointers[0], count * 4), MACHINE_OK);
}

static void expect_fault(struct bench *bench, const char *text, unsigned blocks,
                         enum machine_status wanted, const char *words) {
    const uint64_t pointers[2] = {bench_allocate(bench, NULL, 4096), 0};
    bench_must_load(bench, text);
    const enum machine_status status =
        launch_grid(bench, (const unsigned[]){blocks, 1, 1}, (const unsigned[3]){0}, pointers);
    if (status != wanted || !strstr(bench->log, words))
        fail_msg("status %d, '%s' instead of '%s' from %s", status, bench->log, words, text);
}

/* Where each block stands in a grid of 4x6x2 in clusters of 2x3x1. */
TEST_ON_HOPPER(special_registers_tell_where_a_block_is) {
    static const char text[] = KERNEL(
        "", "mov.u32 %r5, %ctaid.x; mov.u32 %r6, %ctaid.y; mov.u32 %r7, %ctaid.z;\n"
            "mov.u32 %r8, %nctaid.x; mov.u32 %r9, %nctaid.y;\n"
            "mad.lo.u32 %r10, %r7, %r9, %r6; mad.lo.u32 %r10, %r10, %r8, %r5;\n"
            "mul.wide.u32 %rd3, %r10, 64; add.u64 %rd3, %rd3, %rd1;\n"
            "mov.u32 %r11, %clusterid.x; mov.u32 %r12, %clusterid.y; mov.u32 %r13, %clusterid.z;\n"
            "st.global.v4.u32 [%rd3], {%r11, %r12, %r13, %r1};\n"
            "mov.u32 %r11, %cluster_ctaid.x; mov.u32 %r12, %cluster_ctaid.y;\n"
            "mov.u32 %r13, %cluster_nctarank; mov.pred %p2, %is_explicit_cluster;\n"
            "selp.u32 %r14, 1, 0, %p2; st.global.v4.u32 [%rd3+16], {%r11, %r12, %r13, %r14};\n"
            "mov.u32 %r11, %nclusterid.x; mov.u32 %r12, %nclusterid.y;\n"
            "mov.u32 %r13, %cluster_nctaid.x; mov.u32 %r14, %cluster_nctaid.y;\n"
            "st.global.v4.u32 [%rd3+32], {%r11, %r12, %r13, %r14};");
    struct bench *bench = *state;
    uint32_t words[48][16];
    const uint64_t pointers[2] = {bench_allocate(bench, NULL, sizeof words), 0};
    bench_must_load(bench, text);
    const enum machine_status status =
        launch_grid(bench, (const unsigned[]){4, 6, 2}, (const unsigned[]){2, 3, 1}, pointers);
    if (status != MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, words, pointers[0], sizeof words), MACHINE_OK);
    for (unsigned k = 0; k < 48; k++) {
        const unsigned x = k % 4, y = k / 4 % 6, z = k / 24;
        const uint32_t wanted[] = {x / 2, y / 3, z, y % 3 * 2 + x % 2, x % 2, y % 3, 6, 1, 2,
                                   2,     2,     3};
        assert_memory_equal(words[k], wanted, sizeof wanted);
    }
    assert_int_equal(bench->counters.blocks, 48);
}

TEST_ON_HOPPER(a_grid_may_be_of_clusters) {
    struct bench *bench = *state;
    const uint64_t pointers[2] = {bench_allocate(bench, NULL, 64), 0};
    const unsigned grid[] = {3, 1, 1}, vast[] = {UINT32_MAX / 2 + 2, 1, 1}, none[] = {0, 0, 0};
    bench_must_load(bench, KERNEL(".blocksareclusters .reqnctapercluster 2", ""));
    assert_int_equal(launch_grid(bench, grid, none, pointers), MACHINE_OK);
    assert_int_equal(bench->counters.blocks, 6);
    assert_int_equal(launch_grid(bench, vast, none, pointers), MACHINE_INVALID_VALUE);
}

/* Each block reads what its neighbour wrote, through addresses of every kind. */
#define NEIGHBOUR "add.u32 %r5, %r1, 1; and.b32 %r5, %r5, 3;\n"
#define OWN_WORDS                                                                                  \
    "mad.lo.u32 %r6, %r1, 100, %r4; mad.lo.u32 %r7, %r4, 4, %r2; st.shared.u32 [%r7], %r6;\n" SYNC
#define STORE_RESULT                                                                               \
    SYNC "mad.lo.u32 %r9, %r1, 32, %r4; mul.wide.u32 %rd3, %r9, 4; add.u64 %rd3, %rd3, %rd1;\n"    \
         "st.global.u32 [%rd3], %r8;"

TEST_ON_HOPPER(blocks_see_each_others_shared_memory) {
    static const char *const texts[] = {
        KERNEL(OF_FOUR, OWN_WORDS NEIGHBOUR "mapa.shared::cluster.u32 %r10, %r7, %r5;\n"
                                            "ld.shared::cluster.u32 %r8, [%r10];\n" STORE_RESULT),
        KERNEL(OF_FOUR, OWN_WORDS NEIGHBOUR
               "mapa.shared::cluster.u32 %r10, words+4, %r5; sub.u32 %r7, %r7, %r2;\n"
               "add.u32 %r10, %r10, %r7; ld.shared::cluster.u32 %r8, [%r10+-4];\n" STORE_RESULT),
        KERNEL(OF_FOUR, OWN_WORDS NEIGHBOUR
               "cvt.u64.u32 %rd4, %r7; cvta.shared.u64 %rd4, %rd4; mapa.u64 %rd5, %rd4, %r5;\n"
               "ld.u32 %r8, [%rd5];\n" STORE_RESULT),
        KERNEL(OF_FOUR, OWN_WORDS NEIGHBOUR
               "cvt.u64.u32 %rd4, %r7; mapa.shared::cluster.u64 %rd5, %rd4, %r5;\n"
               "cvta.shared::cluster.u64 %rd5, %rd5; cvta.to.shared::cluster.u64 %rd5, %rd5;\n"
               "ld.relaxed.cluster.shared::cluster.u32 %r8, [%rd5];\n" STORE_RESULT),
        KERNEL(OF_FOUR, OWN_WORDS NEIGHBOUR
               "mapa.shared::cluster.u32 %r10, %r7, %r5;\n"
               "atom.add.relaxed.cluster.shared::cluster.u32 %r8, [%r10], 0;\n" STORE_RESULT),
    };
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        uint32_t words[8 * 32];
        run(*state, texts[k], 4, words, 4 * 32);
        for (unsigned n = 0; n < 4 * 32; n++)
            assert_int_equal(words[n], (n / 32 + 1) % 4 * 100 + n % 32);
    }
}

TEST_ON_HOPPER(blocks_write_into_each_other) {
    static const char *const stores[] = {
        "st.shared::cluster.u32 [%r10], %r6;\n",
        "st.relaxed.cluster.shared::cluster.u32 [%r10], %r6;\n",
        "red.relaxed.cluster.shared::cluster.add.u32 [%r10], %r6;\n",
    };
    for (size_t k = 0; k < sizeof stores / sizeof stores[0]; k++) {
        char text[4096];
        uint32_t words[4 * 32];
        snprintf(text, sizeof text, "%s%s%s",
                 ".visible .entry k(.param .u64 a, .param .u64 b) " OF_FOUR " {\n"
                 ".reg .b32 %r<30>; .reg .b64 %rd<9>; .shared .b32 words[64];\n"
                 "ld.param.u64 %rd1, [a]; mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, words;\n"
                 "mov.u32 %r4, %tid.x; mad.lo.u32 %r7, %r4, 4, %r2; st.shared.u32 [%r7], 0;\n" SYNC
                     NEIGHBOUR "mapa.shared::cluster.u32 %r10, %r7, %r5;\n"
                 "mad.lo.u32 %r6, %r1, 100, %r4;\n",
                 stores[k], SYNC "ld.shared.u32 %r8, [%r7];\n" STORE_RESULT " ret; }\n");
        run(*state, text, 4, words, 4 * 32);
        for (unsigned n = 0; n < 4 * 32; n++)
            assert_int_equal(words[n], (n / 32 + 3) % 4 * 100 + n % 32);
    }
}

TEST_ON_HOPPER(an_address_tells_its_block) {
    uint32_t words[2 * 4];
    run(*state,
        KERNEL(OF_TWO,
               "xor.b32 %r5, %r1, 1; mapa.shared::cluster.u32 %r6, %r2, %r5;\n"
               "getctarank.shared::cluster.u32 %r7, %r6; getctarank.shared::cluster.u32 %r8, %r2;\n"
               "cvt.u64.u32 %rd4, %r6; cvta.shared::cluster.u64 %rd4, %rd4;\n"
               "isspacep.shared::cta %p2, %rd4; isspacep.shared::cluster %p3, %rd4;\n"
               "selp.u32 %r9, 2, 0, %p3; @%p2 add.u32 %r9, %r9, 1;\n"
               "mapa.shared::cluster.u32 %r10, %r6, %r1; sub.u32 %r10, %r10, %r2;\n"
               "mul.wide.u32 %rd3, %r1, 16; add.u64 %rd3, %rd3, %rd1;\n"
               "st.global.v4.u32 [%rd3], {%r7, %r8, %r9, %r10};\n" SYNC),
        2, words, 8);
    const uint32_t wanted[] = {1, 0, 2, 0, 0, 1, 2, 0};
    assert_memory_equal(words, wanted, sizeof wanted);
}

/* Block 1 sleeps until block 0 arrives at its mbarrier, with bytes that st.async brings. */
TEST_ON_HOPPER(blocks_arrive_at_each_others_mbarriers) {
    uint32_t words[2];
    run(*state,
        KERNEL(OF_TWO,
               "@%p1 mbarrier.init.shared.b64 [%r3], 1;\n" SYNC
               "setp.eq.u32 %p2, %r1, 1; @%p2 bra RECEIVE; @!%p1 bra END;\n"
               "mapa.shared::cluster.u32 %r5, %r3, 1; mapa.shared::cluster.u32 %r6, %r2, 1;\n"
               "mov.u32 %r7, 77; mov.u32 %r8, 88; st.shared.u32 [%r2], 1;\n"
               "mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [%r5], 12;\n"
               "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.u32 [%r6], "
               "{%r7, %r8}, [%r5];\n"
               "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r6+8], 5, [%r5];\n"
               "bra END;\n"
               "RECEIVE: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p3, [%r3], 0;\n"
               "@!%p3 bra RECEIVE; ld.shared.v2.u32 {%r7, %r8}, [%r2];\n"
               "@%p1 st.global.v2.u32 [%rd1], {%r7, %r8};\nEND: " SYNC),
        2, words, 2);
    assert_int_equal(words[0], 77);
    assert_int_equal(words[1], 88);
    run(*state,
        KERNEL(
            OF_TWO,
            "@%p1 mbarrier.init.shared.b64 [%r3], 1; @%p1 st.shared.u32 [%r2], 10;\n" SYNC
            "mapa.shared::cluster.u32 %r5, %r3, 0; mapa.shared::cluster.u32 %r6, %r2, 0;\n"
            "@%p1 red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 "
            "[%r6], 7, [%r5];\n"
            "setp.ne.u32 %p2, %r1, 0; @%p2 bra END;\n"
            "@%p1 mbarrier.arrive.expect_tx.shared.b64 _, [%r3], 8;\n"
            "W: mbarrier.try_wait.parity.shared.b64 %p3, [%r3], 0; @!%p3 bra W;\n"
            "ld.shared.u32 %r7, [%r2]; st.global.u32 [%rd1], %r7;\nEND: " SYNC),
        2, words, 1);
    assert_int_equal(words[0], 24);
}

/* One load goes to both blocks; the bytes are read from global memory once. */
TEST_ON_HOPPER(a_multicast_reaches_the_blocks_of_its_mask) {
    struct bench *bench = *state;
    uint32_t from[64], to[4 * 32];
    for (uint32_t k = 0; k < 64; k++)
        from[k] = k + 1;
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    const uint64_t pointers[2] = {bench_allocate(bench, NULL, sizeof to), source};
    bench_must_load(bench,
                    KERNEL(OF_FOUR,
                           "st.shared.u32 [%r2], 0; mad.lo.u32 %r7, %r4, 4, %r2;\n"
                           "st.shared.u32 [%r7], 0; mov.u16 %h1, 0xa;\n"
                           "@%p1 mbarrier.init.shared.b64 [%r3], 1; and.b32 %r5, %r1, 1;\n"
                           "setp.eq.u32 %p2, %r5, 1; setp.eq.and.u32 %p3, %r1, 0, %p1;\n"
                           "@%p1 fence.mbarrier_init.release.cluster;\n" SYNC
                           "@%p3 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes."
                           "multicast::cluster [%r2], [%rd2], 128, [%r3], %h1;\n"
                           "@!%p2 bra END;\n"
                           "@%p1 mbarrier.arrive.expect_tx.shared.b64 _, [%r3], 128;\n"
                           "W: mbarrier.try_wait.parity.shared.b64 %p4, [%r3], 0; @!%p4 bra W;\n"
                           "END: ld.shared.u32 %r8, [%r7];\n" STORE_RESULT));
    if (launch_grid(bench, (const unsigned[]){4, 1, 1}, (const unsigned[3]){0}, pointers) !=
        MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, to, pointers[0], sizeof to), MACHINE_OK);
    for (unsigned n = 0; n < 4 * 32; n++)
        assert_int_equal(to[n], n / 32 % 2 ? n % 32 + 1 : 0);
    assert_int_equal(bench->counters.global_load_sectors, 4);
    assert_int_equal(bench->counters.bulk_load_bytes, 128);
}

TEST_ON_HOPPER(shared_memory_is_copied_across) {
    uint32_t words[2 * 32];
    run(*state,
        KERNEL(
            OF_TWO,
            "mad.lo.u32 %r7, %r4, 4, %r2; mad.lo.u32 %r6, %r1, 100, %r4;\n"
            "st.shared.u32 [%r7], %r6; @%p1 mbarrier.init.shared.b64 [%r3], 1;\n"
            "@%p1 mbarrier.arrive.expect_tx.shared.b64 _, [%r3], 128;\n" SYNC
            "xor.b32 %r5, %r1, 1; mapa.shared::cluster.u32 %r9, %r3, %r5;\n"
            "add.u32 %r10, %r2, 128; mapa.shared::cluster.u32 %r10, %r10, %r5;\n"
            "@%p1 fence.proxy.async.shared::cta;\n"
            "@%p1 cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r10], "
            "[%r2], 128, [%r9];\n"
            "W: mbarrier.try_wait.parity.shared.b64 %p4, [%r3], 0; @!%p4 bra W;\n"
            "ld.shared.u32 %r8, [%r7+128];\n" STORE_RESULT),
        2, words, 64);
    for (unsigned n = 0; n < 64; n++)
        assert_int_equal(words[n], (1 - n / 32) * 100 + n % 32);
}

TEST_ON_HOPPER(what_is_wrong_with_a_cluster_is_named) {
    static const struct {
        const char *text;
        enum machine_status status;
        const char *words;
    } cases[] = {
        {KERNEL(OF_TWO, "mapa.shared::cluster.u32 %r5, %r2, 2;"), MACHINE_INVALID_ADDRESS,
         "mapa to the block of rank 2, where the cluster has 2 blocks"},
        {KERNEL(OF_TWO, "mov.u32 %r5, 0x4000000; ld.shared::cluster.u32 %r6, [%r5];"),
         MACHINE_INVALID_ADDRESS, "of a block of rank 2, where the cluster has 2 blocks"},
        {KERNEL(OF_TWO, "xor.b32 %r5, %r1, 1; mapa.shared::cluster.u32 %r6, %r2, %r5;\n"
                        "ld.shared.u32 %r7, [%r6];" SYNC),
         MACHINE_INVALID_ADDRESS, "out-of-bounds read of 4 bytes in shared memory"},
        {KERNEL(OF_TWO, "barrier.cluster.wait.aligned;"), MACHINE_ILLEGAL_INSTRUCTION,
         "has not arrived"},
        {KERNEL(OF_TWO, "barrier.cluster.arrive.aligned; barrier.cluster.arrive.aligned;"),
         MACHINE_ILLEGAL_INSTRUCTION, "a second time"},
        {KERNEL(OF_TWO, "setp.eq.u32 %p2, %r1, 0; @%p2 bra W;\n"
                        "bar.sync 1, 64;\nW:" SYNC),
         MACHINE_DEADLOCK, "a barrier for 64 threads"},
        {KERNEL(OF_TWO, "setp.eq.u32 %p2, %r1, 0; @!%p2 bra W;\n"
                        "mbarrier.init.shared.b64 [%r3], 64; mbarrier.arrive.shared.b64 _, [%r3];\n"
                        "V: mbarrier.try_wait.parity.shared.b64 %p3, [%r3], 0; @!%p3 bra V;\n"
                        "W:" SYNC),
         MACHINE_DEADLOCK, "arrivals that never come"},
        {KERNEL(OF_TWO, "@%p1 mbarrier.init.shared.b64 [%r3], 1;" SYNC "mov.u16 %h1, 7;\n"
                        "@%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes."
                        "multicast::cluster [%r2], [%rd1], 128, [%r3], %h1;"),
         MACHINE_ILLEGAL_INSTRUCTION, "of mask 0x0007, where the cluster has 2"},
        {KERNEL(OF_FOUR, SYNC), MACHINE_INVALID_VALUE, "no multiple of the cluster's 4"},
        {KERNEL(".explicitcluster", ""), MACHINE_INVALID_VALUE, ".explicitcluster wants"},
        {KERNEL(".reqnctapercluster 10", ""), MACHINE_INVALID_VALUE, "no multiple"},
        {KERNEL(".maxclusterrank 1 .reqnctapercluster 2", ""), MACHINE_INVALID_VALUE,
         "clusters of 2 blocks, 1 are allowed"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_fault(*state, cases[k].text, 2, cases[k].status, cases[k].words);
}

/* The memory of a block lasts as long as its cluster does; to reach into it when the block has
 * ended is luck on a GPU, and an error where that is checked. */
TEST_ON_HOPPER(memory_of_blocks_that_have_ended_is_an_error_on_request) {
    static const char text[] =
        KERNEL(OF_TWO, "setp.eq.u32 %p2, %r1, 1; @%p2 exit;\n"
                       "mov.u32 %r9, 100000; L: sub.u32 %r9, %r9, 1; setp.ne.u32 %p3, %r9, 0;\n"
                       "@%p3 bra L; mapa.shared::cluster.u32 %r5, %r2, 1;\n"
                       "ld.shared::cluster.u32 %r6, [%r5]; st.global.u32 [%rd1], 4;");
    struct bench *bench = *state;
    uint32_t word;
    run(bench, text, 2, &word, 1);
    assert_int_equal(word, 4);
    BENCH_SWITCH_ON(bench, check_barrier);
    expect_fault(bench, text, 2, MACHINE_CHECK_FAILED, "whose threads have all ended");
}

/* Dynamic shared memory begins where its declaration is aligned, behind what is static. */
TEST_ON_HOPPER(dynamic_memory_is_aligned_as_it_is_declared) {
    struct bench *bench = *state;
    uint32_t words[2];
    const uint64_t pointer = bench_allocate(bench, NULL, sizeof words);
    bench_must_load(bench, ".extern .shared .align 1024 .b8 more[];\n"
                           ".visible .entry k(.param .u64 a) { .reg .b64 %rd<3>; .reg .b32 %r<5>;\n"
                           ".shared .align 8 .b64 bar; ld.param.u64 %rd1, [a]; mov.u32 %r1, bar;\n"
                           "mov.u32 %r2, more; st.global.v2.u32 [%rd1], {%r1, %r2}; ret; }\n");
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {1, 1, 1},
                                          .block = {1, 1, 1},
                                          .dynamic_shared = 2048,
                                          .parameters = &pointer,
                                          .parameter_bytes = sizeof pointer};
    assert_int_equal(machine_launch(bench->machine, &launch, NULL, NULL), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, words, pointer, sizeof words), MACHINE_OK);
    assert_int_equal(words[0], 0);
    assert_int_equal(words[1], 1024);
}

/* Threads that have ended are not waited for, unless the check wants all. */
TEST_ON_HOPPER(threads_that_end_do_not_hold_the_barrier_unless_checked) {
    static const char text[] =
        KERNEL(OF_TWO, "setp.eq.u32 %p2, %r1, 1; @%p2 exit;\n" SYNC "st.global.u32 [%rd1], 3;");
    struct bench *bench = *state;
    uint32_t word;
    run(bench, text, 2, &word, 1);
    assert_int_equal(word, 3);
    BENCH_SWITCH_ON(bench, check_barrier);
    expect_fault(bench, text, 2, MACHINE_CHECK_FAILED,
                 "the cluster's barrier is not reached by 32");
}

/* Each block touches a sector of its own, and one that all of the grid touch: of two blocks
 * three. */
TEST_ON_HOPPER(the_first_cluster_tells_what_blocks_touch) {
    struct bench *bench = *state;
    static const char text[] = KERNEL(
        OF_TWO, "mov.u32 %r5, %ctaid.x; mul.wide.u32 %rd3, %r5, 32; add.u64 %rd3, %rd3, %rd1;\n"
                "st.global.u32 [%rd3+32], %r5; ld.global.u32 %r6, [%rd1];");
    uint32_t words[2048];
    run(bench, text, 64, words, 2048);
    assert_int_equal(bench->counters.bytes_touched, 65 * 32);
    assert_int_equal(bench->counters.block_bytes_touched, 3 * 32 / 2);
    run(bench, text, 62, words, 2048); /* too few */
    assert_int_equal(bench->counters.block_bytes_touched, 0);
}
