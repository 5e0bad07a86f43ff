/* Kernels run to their known results: divergence, forward progress, calls, barriers, atomics,
 * copies; and always the same. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

static void read_back(struct bench *bench, void *to, uint64_t from, size_t bytes) {
    assert_int_equal(machine_read(bench->machine, to, from, bytes), MACHINE_OK);
}

static void expect_done(struct bench *bench, enum machine_status status) {
    if (status != MACHINE_OK)
        print_message("%s\n", bench->diagnostic.message);
    assert_int_equal(status, MACHINE_OK);
}

/* ---- Forward progress ---- */

static void count_under_lock(struct bench *bench, const char *kernel, unsigned grid,
                             unsigned block) {
    int count;
    const uint64_t lock = bench_allocate(bench, NULL, 4), counter = bench_allocate(bench, NULL, 4);
    expect_done(bench, LAUNCH(bench, kernel, grid, block, lock, counter));
    read_back(bench, &count, counter, sizeof count);
    assert_int_equal(count, grid * block);
}

TEST_ON_KERNELS(a_spin_lock_within_a_warp_ends) {
    count_under_lock(*state, "spin_lock", 1, 32);
    count_under_lock(*state, "spin_lock_inner", 1, 32);
}

TEST_ON_KERNELS(a_spin_lock_among_warps_and_blocks_ends) {
    count_under_lock(*state, "spin_lock", 4, 128);
    count_under_lock(*state, "spin_lock_inner", 2, 64);
}

TEST_ON_KERNELS(a_warp_waits_for_another) {
    struct bench *bench = *state;
    int values[64];
    const uint64_t flag = bench_allocate(bench, NULL, 4),
                   to = bench_allocate(bench, NULL, sizeof values);
    expect_done(bench, LAUNCH(bench, "warp_waits_for_warp", 1, 64, flag, to));
    read_back(bench, values, to, sizeof values);
    for (int k = 32; k < 64; k++)
        assert_int_equal(values[k], 42);
}

/* ---- Divergence ---- */

TEST_ON_KERNELS(lanes_loop_for_different_times) {
    struct bench *bench = *state;
    int trips[32], values[32], sums[32];
    unsigned over = 0;
    for (int lane = 0; lane < 32; lane++) {
        trips[lane] = lane * 7 % 13;
        sums[lane] = trips[lane] * (trips[lane] - 1) / 2 * (lane & 1 ? 3 : 1);
        over += lane % 5 != 4 && sums[lane] > 10;
    }
    const uint64_t from = bench_allocate(bench, trips, sizeof trips),
                   to = bench_allocate(bench, NULL, sizeof values);
    expect_done(bench, LAUNCH(bench, "different_loops", 1, 32, from, to));
    read_back(bench, values, to, sizeof values);
    for (int lane = 0; lane < 32; lane++)
        assert_int_equal(values[lane], lane % 5 == 4 ? 0 : sums[lane] + (int)over);
}

TEST_ON_KERNELS(a_switch_takes_each_lane_its_way) {
    static const int expected[] = {5, 3, 9, 2, 13, 1, 60, 99, -1};
    struct bench *bench = *state;
    int values[32];
    for (int lane = 0; lane < 32; lane++)
        values[lane] = lane % 9;
    const uint64_t at = bench_allocate(bench, values, sizeof values);
    expect_done(bench, LAUNCH(bench, "choose", 1, 32, at));
    read_back(bench, values, at, sizeof values);
    for (int lane = 0; lane < 32; lane++)
        assert_int_equal(values[lane], expected[lane % 9]);
}

/* A value that a guarded move may leave alone is live through the loop, and keeps its place. */
TEST_ON_KERNELS(a_guarded_move_keeps_the_value_before) {
    struct bench *bench = *state;
    int values[32];
    assert_int_equal(
        bench_load(bench,
                   ".visible .entry k(.param .u64 to) {\n"
                   ".reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p<4>;\n"
                   "mov.u32 %r5, %tid.x; mov.u32 %r1, 5; mov.u32 %r2, 0; mov.u32 %r4, 10;\n"
                   "setp.gt.u32 %p1, %r5, 20;\n"
                   "LOOP: @%p1 mov.u32 %r1, 7; add.u32 %r2, %r2, %r1; mov.u32 %r3, 9;\n"
                   "add.u32 %r2, %r2, %r3; sub.u32 %r4, %r4, 1; setp.ne.u32 %p2, %r4, 0;\n"
                   "@%p2 bra LOOP;\n"
                   "ld.param.u64 %rd1, [to]; mul.wide.u32 %rd2, %r5, 4; add.u64 %rd1, %rd1, %rd2;\n"
                   "st.global.u32 [%rd1], %r2; ret; }\n"),
        MACHINE_OK);
    const uint64_t to = bench_allocate(bench, NULL, sizeof values);
    expect_done(bench, LAUNCH(bench, "k", 1, 32, to));
    read_back(bench, values, to, sizeof values);
    for (int lane = 0; lane < 32; lane++)
        assert_int_equal(values[lane], 10 * (lane > 20 ? 7 + 9 : 5 + 9));
}

/* ---- Calls ---- */

TEST_ON_KERNELS(recursion_differs_from_lane_to_lane) {
    static const int fibonacci[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
    struct bench *bench = *state;
    int values[64];
    struct {
        uint64_t to;
        int n;
    } arguments = {bench_allocate(bench, NULL, sizeof values), 3};
    expect_done(bench, bench_launch(bench, "recursion", 1, 64, &arguments, sizeof arguments));
    read_back(bench, values, arguments.to, sizeof values);
    for (int thread = 0; thread < 64; thread++)
        assert_int_equal(values[thread], fibonacci[(thread + 3) % 12]);
}

TEST_ON_KERNELS(indirect_calls_split_the_warp) {
    struct bench *bench = *state;
    int values[32];
    const uint64_t to = bench_allocate(bench, NULL, sizeof values);
    expect_done(bench, LAUNCH(bench, "indirect_calls", 1, 32, to));
    read_back(bench, values, to, sizeof values);
    for (int lane = 0; lane < 32; lane++)
        assert_int_equal(values[lane], lane & 1 ? lane * 2 : lane + 1);
}

TEST_ON_KERNELS(printf_comes_in_the_order_of_the_blocks) {
    struct bench *bench = *state;
    int n = 3;
    expect_done(bench, bench_launch(bench, "print_thread", 3, 32, &n, sizeof n));
    bench->printed[bench->printed_length] = '\0';
    assert_string_equal(bench->printed, "block 0 of 3: text  1.50 123456789012345 c ff%\n"
                                        "block 1 of 3: text  1.50 123456789012345 c ff%\n"
                                        "block 2 of 3: text  1.50 123456789012345 c ff%\n");
}

/* ---- Lanes that see each other ---- */

TEST_ON_KERNELS(shuffles_and_votes) {
    struct bench *bench = *state;
    int in[32], out[256], sum = 0;
    unsigned odd = 0, same[4] = {0};
    for (int lane = 0; lane < 32; lane++) {
        in[lane] = lane * lane - 5 * lane + 1;
        sum += in[lane];
        odd |= (unsigned)(in[lane] & 1) << lane;
        same[in[lane] & 3] |= 1u << lane;
    }
    const uint64_t from = bench_allocate(bench, in, sizeof in),
                   to = bench_allocate(bench, NULL, sizeof out);
    expect_done(bench, LAUNCH(bench, "shuffles", 1, 32, from, to));
    read_back(bench, out, to, sizeof out);
    for (int lane = 0; lane < 32; lane++) {
        const int down = lane % 16 + 5 < 16 ? lane + 5 : lane;
        assert_int_equal(out[lane], in[3]);
        assert_int_equal(out[32 + lane], in[lane >= 2 ? lane - 2 : lane]);
        assert_int_equal(out[64 + lane], in[down]);
        assert_int_equal(out[96 + lane], in[lane ^ 7]);
        assert_int_equal(out[128 + lane], sum);
        assert_int_equal((unsigned)out[160 + lane], odd);
        assert_int_equal((unsigned)out[192 + lane], same[in[lane] & 3]);
        assert_int_equal(out[224 + lane], 0);
    }
}

TEST_ON_KERNELS(barriers_count_and_combine) {
    struct bench *bench = *state;
    int values[96];
    const uint64_t to = bench_allocate(bench, NULL, sizeof values);
    expect_done(bench, LAUNCH(bench, "barrier_counts", 1, 96, to));
    read_back(bench, values, to, sizeof values);
    for (int thread = 0; thread < 96; thread++)
        assert_int_equal(values[thread], 48 * 100 + 10 + 1);
}

TEST_ON_KERNELS(a_named_barrier_lets_producers_go_on) {
    struct bench *bench = *state;
    int values[32];
    const uint64_t to = bench_allocate(bench, NULL, sizeof values);
    expect_done(bench, LAUNCH(bench, "named_barriers", 1, 64, to));
    read_back(bench, values, to, sizeof values);
    for (int lane = 0; lane < 32; lane++)
        assert_int_equal(values[lane], (31 - lane) * 3);
}

TEST_ON_KERNELS(asynchronous_copies_arrive_when_waited_for) {
    struct bench *bench = *state;
    float in[256], out[256];
    for (int k = 0; k < 256; k++)
        in[k] = (float)k;
    const uint64_t from = bench_allocate(bench, in, sizeof in),
                   to = bench_allocate(bench, NULL, sizeof out);
    expect_done(bench, LAUNCH(bench, "pipeline", 1, 32, from, to));
    read_back(bench, out, to, sizeof out);
    for (int k = 0; k < 256; k++) {
        const int half = k / 128, lane = k % 128 / 4;
        assert_true(out[k] == in[half * 128 + (31 - lane) * 4 + k % 4]);
    }
}

TEST_ON_KERNELS(matrix_fragments_multiply) {
    struct bench *bench = *state;
    uint16_t a[256], b[256];
    float c[256];
    for (int k = 0; k < 256; k++) {
        a[k] = (uint16_t)(k % 3 == 0 ? 0x3c00 : 0x4000); /* 1 or 2 */
        b[k] = (uint16_t)(k % 5 == 0 ? 0xbc00 : 0x3800); /* -1 or 0.5 */
    }
    const uint64_t to = bench_allocate(bench, NULL, sizeof c);
    expect_done(bench, LAUNCH(bench, "matrix_product", 1, 32, bench_allocate(bench, a, sizeof a),
                              bench_allocate(bench, b, sizeof b), to));
    assert_int_equal(bench->counters.tensor_warp_instructions, 1);
    read_back(bench, c, to, sizeof c);
    for (int row = 0; row < 16; row++) {
        for (int column = 0; column < 16; column++) {
            float sum = 0;
            for (int k = 0; k < 16; k++)
                sum += ((row * 16 + k) % 3 == 0 ? 1.0f : 2.0f) *
                       ((column * 16 + k) % 5 == 0 ? -1.0f : 0.5f);
            assert_true(c[row * 16 + column] == sum);
        }
    }
}

TEST_ON_KERNELS(integer_atomics_are_exact) {
    struct bench *bench = *state;
    int values[6] = {0, 0, 0, -1, 0, 0};
    unsigned wrap = 0;
    const uint64_t to = bench_allocate(bench, values, sizeof values),
                   at = bench_allocate(bench, &wrap, sizeof wrap);
    expect_done(bench, LAUNCH(bench, "atomics", 7, 64, to, at));
    read_back(bench, values, to, sizeof values);
    read_back(bench, &wrap, at, sizeof wrap);
    assert_int_equal(values[0], 7 * 64 * 63 / 2);
    assert_int_equal(values[1], 63);
    assert_int_equal(values[2], -63);
    assert_int_equal(values[3], 0);
    assert_int_equal(values[4], -1);
    assert_int_equal(values[5], 0);
    assert_int_equal(wrap, 7 * 64 % 10);
}

/* ---- The same for any number of host threads ---- */

enum { SIZE = 96 };

static void fill(float *values, unsigned seed) {
    for (int k = 0; k < SIZE * SIZE; k++) {
        seed = seed * 1664525u + 1013904223u;
        values[k] = (float)(seed >> 8) / (1 << 23) - 1.0f;
    }
}

static void run_gemm(struct bench *bench, const char *kernel, float *c) {
    static float a[SIZE * SIZE], b[SIZE * SIZE];
    fill(a, 1);
    fill(b, 2);
    const struct launch_arguments arguments = {{bench_allocate(bench, a, sizeof a),
                                                bench_allocate(bench, b, sizeof b),
                                                bench_allocate(bench, NULL, sizeof a)},
                                               {SIZE, SIZE, SIZE}};
    const struct machine_launch launch = {.function = machine_find_function(bench->module, kernel),
                                          .grid = {SIZE / 32, SIZE / 32, 1},
                                          .block = {32, 32, 1},
                                          .parameters = &arguments,
                                          .parameter_bytes = sizeof arguments};
    expect_done(bench,
                machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic));
    read_back(bench, c, arguments.pointer[2], sizeof a);
}

/* The compiler contracts sum += a * b to one fused multiply-add, in the order of k. */
TEST_ON_KERNELS(a_gemm_equals_its_model_to_the_bit) {
    static const char *const kernels[] = {"gemm_naive", "gemm_tiled"};
    static float a[SIZE * SIZE], b[SIZE * SIZE], c[SIZE * SIZE];
    fill(a, 1);
    fill(b, 2);
    for (size_t n = 0; n < sizeof kernels / sizeof kernels[0]; n++) {
        run_gemm(*state, kernels[n], c);
        for (int k = 0; k < SIZE * SIZE; k++) {
            float sum = 0;
            for (int i = 0; i < SIZE; i++)
                sum = fmaf(a[k / SIZE * SIZE + i], b[i * SIZE + k % SIZE], sum);
            assert_memory_equal(&c[k], &sum, sizeof sum);
        }
    }
}

static float add_floats(struct bench *bench) {
    float sum;
    const uint64_t to = bench_allocate(bench, NULL, sizeof sum);
    expect_done(bench, LAUNCH(bench, "float_atomics", 16, 64, to));
    read_back(bench, &sum, to, sizeof sum);
    return sum;
}

TEST_ON_KERNELS(host_threads_change_nothing) {
    struct bench *one = *state;
    static float expected[SIZE * SIZE], c[SIZE * SIZE];
    run_gemm(one, "gemm_tiled", expected);
    const struct machine_counters counters = one->counters;
    const float sum = add_floats(one);
    const struct machine_counters atomic_counters = one->counters;
    for (unsigned turn = 0; turn < 10; turn++) {
        struct bench bench;
        bench_open(&bench, 1 + turn % 2);
        bench_load_kernels(&bench);
        run_gemm(&bench, "gemm_tiled", c);
        assert_memory_equal(c, expected, sizeof c);
        assert_memory_equal(&bench.counters, &counters, sizeof counters);
        const float again = add_floats(&bench);
        assert_memory_equal(&again, &sum, sizeof sum);
        assert_memory_equal(&bench.counters, &atomic_counters, sizeof counters);
        bench_close(&bench);
    }
}

/* Blocks that learn the order from an atomic run in order, however many host threads there are. */
TEST_ON_KERNELS(blocks_that_communicate_run_in_order) {
    enum { BLOCKS = 5000 };
    static int order[BLOCKS];
    struct bench bench;
    bench_open(&bench, 2);
    assert_int_equal(
        bench_load(&bench, ".visible .entry k(.param .u64 counter, .param .u64 to) {\n"
                           ".reg .b32 %r<8>; .reg .b64 %rd<4>;\n"
                           "ld.param.u64 %rd1, [counter]; atom.global.add.u32 %r1, [%rd1], 1;\n"
                           "mov.u32 %r2, %ctaid.x; ld.param.u64 %rd2, [to];\n"
                           "mul.wide.u32 %rd3, %r2, 4; add.u64 %rd2, %rd2, %rd3;\n"
                           "st.global.u32 [%rd2], %r1; ret; }\n"),
        MACHINE_OK);
    const uint64_t counter = bench_allocate(&bench, NULL, 4),
                   to = bench_allocate(&bench, NULL, sizeof order);
    expect_done(&bench, LAUNCH(&bench, "k", BLOCKS, 1, counter, to));
    read_back(&bench, order, to, sizeof order);
    for (int block = 0; block < BLOCKS; block++)
        assert_int_equal(order[block], block);
    bench_close(&bench);
}

struct launcher {
    struct bench *bench;
    uint64_t to;
    enum machine_status status;
};

static void *launch_atomics(void *context) {
    struct launcher *launcher = context;
    const struct launch_arguments arguments = {.pointer = {launcher->to, launcher->to + 64}};
    const struct machine_launch launch = {
        .function = machine_find_function(launcher->bench->module, "atomics"),
        .grid = {4, 1, 1},
        .block = {64, 1, 1},
        .parameters = &arguments,
        .parameter_bytes = sizeof arguments};
    for (int turn = 0; turn < 20 && launcher->status == MACHINE_OK; turn++)
        launcher->status = machine_launch(launcher->bench->machine, &launch, NULL, NULL);
    return NULL;
}

TEST_ON_KERNELS(two_threads_may_launch) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 128);
    struct launcher launchers[2] = {{bench, to, MACHINE_OK}, {bench, to, MACHINE_OK}};
    pthread_t threads[2];
    int sum;
    for (int k = 0; k < 2; k++)
        assert_int_equal(pthread_create(&threads[k], NULL, launch_atomics, &launchers[k]), 0);
    for (int k = 0; k < 2; k++)
        assert_int_equal(pthread_join(threads[k], NULL), 0);
    assert_int_equal(launchers[0].status, MACHINE_OK);
    assert_int_equal(launchers[1].status, MACHINE_OK);
    read_back(bench, &sum, to, sizeof sum);
    assert_int_equal(sum, 2 * 20 * 4 * 64 * 63 / 2);
}

/* A conversion may name registers wider than its type: it then takes their low part. */
TEST_ON_KERNELS(a_conversion_takes_the_low_part_of_a_wider_register) {
    struct bench *bench = *state;
    static const struct {
        const char *instruction;
        int64_t expected[3]; /* of %rd2 = 0x80000001 + lane, lanes 0 to 2 */
    } conversions[] = {
        {"cvt.s64.s32 %rd3, %rd2;", {-2147483647, -2147483646, -2147483645}},
        {"cvt.u64.u32 %rd3, %rd2;", {2147483649, 2147483650, 2147483651}},
        {"cvt.s64.s16 %rd3, %rd2;", {1, 2, 3}},
    };
    for (size_t k = 0; k < sizeof conversions / sizeof conversions[0]; k++) {
        char body[640];
        int64_t results[32];
        snprintf(body, sizeof body,
                 ".visible .entry k(.param .u64 p) {\n"
                 " .reg .b64 %%rd<6>; .reg .b32 %%r<2>;\n"
                 " ld.param.u64 %%rd1, [p]; mov.u32 %%r1, %%tid.x; cvt.u64.u32 %%rd5, %%r1;\n"
                 " add.s64 %%rd2, %%rd5, 0x7f80000001; shl.b64 %%rd4, %%rd5, 3;\n"
                 " add.s64 %%rd4, %%rd1, %%rd4; %s st.global.u64 [%%rd4], %%rd3; ret;\n}\n",
                 conversions[k].instruction);
        assert_int_equal(bench_load(bench, body), MACHINE_OK);
        const uint64_t to = bench_allocate(bench, NULL, sizeof results);
        expect_done(bench, LAUNCH(bench, "k", 1, 32, to));
        read_back(bench, results, to, sizeof results);
        for (size_t lane = 0; lane < 3; lane++)
            assert_true(results[lane] == conversions[k].expected[lane]);
    }
}

/* Those that wait for a time by the clock do not go round once a cycle. */
TEST_ON_KERNELS(an_instruction_takes_sixteen_cycles) {
    struct bench *bench = *state;
    uint64_t cycles;
    assert_int_equal(bench_load(bench, ".visible .entry k(.param .u64 p) {\n"
                                       " .reg .b64 %rd<5>; ld.param.u64 %rd1, [p];\n"
                                       " mov.u64 %rd2, %clock64; add.s64 %rd3, %rd1, 1;\n"
                                       " mov.u64 %rd3, %clock64; sub.s64 %rd4, %rd3, %rd2;\n"
                                       " st.global.u64 [%rd1], %rd4; ret;\n}\n"),
                     MACHINE_OK);
    const uint64_t to = bench_allocate(bench, NULL, sizeof cycles);
    expect_done(bench, LAUNCH(bench, "k", 1, 1, to));
    read_back(bench, &cycles, to, sizeof cycles);
    assert_int_equal(cycles, 32);
}
