/* Programs that synchronise, communicate and call: reductions, scans, sorts, atomics, warps,
 * groups, calls. */
#include "tests/support/emulator_programs.h"
#include "tests/support/test.h"

/* ---- reduce.cu ---- */

enum { VALUES = 1000 };

static int sum_values(int *values) {
    uint32_t seed = 12345;
    int sum = 0;
    for (int i = 0; i < VALUES; i++)
        sum += values[i] = (int)(random_next(&seed) % 2001) - 1000;
    return sum;
}

TEST_PROGRAM(reductions_add_up, "reduce") {
    static const char *const kernels[] = {"reduce_shuffle", "reduce_tree", "reduce_cub"};
    int values[VALUES], expected = sum_values(values), count = VALUES;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        int sum = 0;
        CUdeviceptr in = device_buffer(values, sizeof values), out = device_buffer(NULL, 4);
        RUN(kernels[k], 8, 128, 512, &in, &count, &out);
        read_buffer(&sum, out, 4);
        assert_int_equal(sum, expected);
    }
}

TEST_PROGRAM(cooperative_groups_reduce, "reduce") {
    int values[VALUES], expected = sum_values(values), count = VALUES, results[3] = {0, -5000, 0};
    int most = values[0];
    for (int i = 0; i < VALUES; i++)
        most = values[i] > most ? values[i] : most;
    CUdeviceptr in = device_buffer(values, sizeof values);
    CUdeviceptr out = device_buffer(results, sizeof results);
    RUN("reduce_groups", 8, 128, 0, &in, &count, &out);
    read_buffer(results, out, sizeof results);
    assert_int_equal(results[0], expected);
    assert_int_equal(results[1], most);
    assert_int_equal(results[2], 8 * 128 / 8);
}

TEST_PROGRAM(scans_are_running_sums, "reduce") {
    int values[512], scanned[512];
    uint32_t seed = 7;
    for (int i = 0; i < 512; i++)
        values[i] = (int)(random_next(&seed) % 100);
    CUdeviceptr in = device_buffer(values, sizeof values), out = device_buffer(NULL, sizeof values);
    for (int k = 0; k < 2; k++) {
        RUN(k ? "scan_tree" : "scan_cub", 1, k ? 256 : 128, 0, &in, &out);
        read_buffer(scanned, out, sizeof scanned);
        for (int i = 0, sum = 0; i < 512; sum += values[i++])
            assert_int_equal(scanned[i], sum);
    }
    RUN("scan_warp", 1, 64, 0, &in, &out);
    read_buffer(scanned, out, sizeof scanned);
    for (int i = 0, sum = 0; i < 64; i++) {
        sum = i % 32 ? sum + values[i] : values[i];
        assert_int_equal(scanned[i], sum);
    }
}

static int compare_integers(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

TEST_PROGRAM(radix_sort_sorts, "reduce") {
    int values[512], sorted[512];
    uint32_t seed = 99;
    for (int i = 0; i < 512; i++)
        values[i] = (int)random_next(&seed);
    CUdeviceptr in = device_buffer(values, sizeof values), out = device_buffer(NULL, sizeof values);
    RUN("sort_cub", 1, 128, 0, &in, &out);
    read_buffer(sorted, out, sizeof sorted);
    qsort(values, 512, sizeof *values, compare_integers);
    assert_memory_equal(sorted, values, sizeof values);
}

TEST_PROGRAM(transposes_swap_rows_and_columns, "reduce") {
    enum { ROWS = 45, COLUMNS = 70 };
    static float values[ROWS][COLUMNS], turned[COLUMNS][ROWS];
    int rows = ROWS, columns = COLUMNS;
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLUMNS; x++)
            values[y][x] = (float)(y * 1000 + x);
    CUdeviceptr in = device_buffer(values, sizeof values), out = device_buffer(NULL, sizeof values);
    void *parameters[] = {&in, &out, &rows, &columns};
    OK(cuLaunchKernel(program_kernel(state, "transpose"), 3, 2, 1, 32, 8, 1, 0, NULL, parameters,
                      NULL));
    read_buffer(turned, out, sizeof turned);
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLUMNS; x++)
            assert_true(turned[x][y] == values[y][x]);
}

/* ---- atomics.cu ---- */

TEST_PROGRAM(histograms_count, "atomics") {
    unsigned char values[5000];
    unsigned expected[256] = {0}, counted[256];
    uint32_t seed = 5;
    int count = sizeof values;
    for (int i = 0; i < count; i++)
        expected[values[i] = (unsigned char)(random_next(&seed) % 37 * 7)]++;
    CUdeviceptr in = device_buffer(values, sizeof values);
    CUdeviceptr out = device_buffer(NULL, sizeof counted);
    RUN("histogram", 4, 192, 0, &in, &count, &out);
    read_buffer(counted, out, sizeof counted);
    assert_memory_equal(counted, expected, sizeof expected);
}

struct atomic_results {
    int minimum, maximum;
    unsigned conjunction, disjunction, parity, wrapped_up, wrapped_down;
    int exchanged;
    unsigned long long wide;
    long long wide_minimum;
    float single_sum;
    float padding;
    double double_sum;
    int swaps;
    unsigned old_sum;
};

TEST_PROGRAM(atomics_of_every_kind, "atomics") {
    struct atomic_results results = {.minimum = 1000, .conjunction = 0xFFFFFFFF};
    CUdeviceptr out = device_buffer(&results, sizeof results);
    unsigned up = 0, old_sum = 0, down = 0, parity = 0;
    RUN("atomics", 1, 256, 0, &out);
    read_buffer(&results, out, sizeof results);
    for (unsigned t = 0; t < 256; t++) {
        old_sum += up;
        up = up >= 99 ? 0 : up + 1;
        down = down == 0 || down > 9 ? 9 : down - 1;
        parity ^= t;
    }
    assert_int_equal(results.minimum, 500 - 255);
    assert_int_equal(results.maximum, 765);
    assert_int_equal(results.conjunction, 0xFFFFFF00);
    assert_int_equal(results.disjunction, 0xFFFF);
    assert_int_equal(results.parity, parity);
    assert_int_equal(results.wrapped_up, up);
    assert_int_equal(results.old_sum, old_sum);
    assert_int_equal(results.wrapped_down, down);
    assert_int_equal(results.exchanged, 7);
    assert_true(results.wide == 256 * ((1ULL << 32) + 1));
    assert_true(results.wide_minimum == -(255LL << 33));
    assert_true(results.single_sum == 128 && results.double_sum == 64);
    assert_int_equal(results.swaps, 255 * 128);
}

TEST_PROGRAM(atomics_reach_shared_memory, "atomics") {
    int results[12];
    float single = 0;
    CUdeviceptr out = device_buffer(NULL, sizeof results), single_out = device_buffer(NULL, 4);
    RUN("atomics_shared", 1, 64, 0, &out, &single_out);
    read_buffer(results, out, sizeof results);
    read_buffer(&single, single_out, 4);
    for (int k = 0; k < 4; k++) {
        int sum = 0;
        for (int t = k; t < 64; t += 4)
            sum += t;
        assert_int_equal(results[k], k % 2 ? sum : 0);
        assert_int_equal(results[8 + k], k % 2 ? 0 : sum);
    }
    assert_int_equal(results[4], 64);
    assert_true(single == 96);
}

TEST_PROGRAM(atomics_add_halves, "atomics") {
    uint16_t pair[2], single = 0;
    CUdeviceptr pair_out = device_buffer(NULL, 4), single_out = device_buffer(NULL, 4);
    RUN("atomics_half", 1, 64, 0, &pair_out, &single_out);
    read_buffer(pair, pair_out, 4);
    read_buffer(&single, single_out, 2);
    assert_int_equal(pair[0], 0x5400); /* 64 */
    assert_int_equal(pair[1], 0x5000); /* 32 */
    assert_int_equal(single, 0x4C00);  /* 16 */
}

TEST_PROGRAM(blocks_wait_for_each_other, "atomics") {
    int order[16], zero[2] = {0, 0};
    CUdeviceptr state_at = device_buffer(zero, 8), data = state_at + 4;
    CUdeviceptr out = device_buffer(NULL, sizeof order);
    program_kernel(state, "tickets");
    void *parameters[] = {&state_at, &out, &data};
    OK(cuLaunchCooperativeKernel(program_kernel(state, "tickets"), 16, 1, 1, 32, 1, 1, 0, NULL,
                                 parameters));
    read_buffer(order, out, sizeof order);
    for (int i = 0; i < 16; i++)
        assert_int_equal(order[i], i + 1);
}

TEST_PROGRAM(last_block_finishes, "atomics") {
    int values[320], sum = 0, expected = 0;
    for (int i = 0; i < 320; i++)
        expected += values[i] = i * i;
    CUdeviceptr in = device_buffer(values, sizeof values), partial = device_buffer(NULL, 40);
    CUdeviceptr arrived = device_buffer(NULL, 4), out = device_buffer(NULL, 4);
    RUN("last_block", 10, 32, 0, &in, &partial, &arrived, &out);
    read_buffer(&sum, out, 4);
    assert_int_equal(sum, expected);
}

TEST_PROGRAM(locks_are_taken_by_one, "atomics") {
    static const char *const kernels[] = {"spin_lock", "spin_lock_plain"};
    for (int k = 0; k < 2; k++) {
        int counter = 0;
        CUdeviceptr lock = device_buffer(NULL, 4), out = device_buffer(NULL, 4);
        RUN(kernels[k], 2, 64, 0, &lock, &out);
        read_buffer(&counter, out, 4);
        assert_int_equal(counter, 128);
    }
}

/* ---- warps.cu ---- */

TEST_PROGRAM(votes_and_shuffles_agree, "warps") {
    unsigned out[288], thirds = 0;
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("votes", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (unsigned t = 0; t < 32; t += 3)
        thirds |= 1U << t;
    for (unsigned t = 0; t < 32; t++) {
        unsigned fives = 0;
        for (unsigned other = 0; other < 32; other++)
            if (other / 5 == t / 5)
                fives |= 1U << other;
        assert_int_equal(out[t], thirds);
        assert_int_equal(out[32 + t], fives);
        assert_int_equal(out[64 + t], 0xFFFFFFFFU * 2 + 1);
        assert_int_equal(out[96 + t], 6);
        if (t % 2 == 0)
            assert_int_equal(out[128 + t], 0x155);
        else
            assert_true(out[128 + t] >> t & 1);
        assert_int_equal(out[160 + t], t ^ 5);
        assert_int_equal(out[192 + t], t / 8 * 8 + (t + 3) % 8);
        assert_int_equal(out[224 + t], t % 16 + 3 < 16 ? t + 3 : t);
        assert_int_equal(out[256 + t], 19);
    }
}

TEST_PROGRAM(block_barriers_count, "warps") {
    int out[192];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("barriers", 1, 128, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 128; t++)
        assert_int_equal(out[t], 43 * 4 + 3);
    for (int t = 0; t < 64; t++)
        assert_int_equal(out[128 + t], 77);
}

TEST_PROGRAM(named_barriers_hand_over, "warps") {
    int out[192];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("named_barriers", 1, 128, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < 192; i++)
        assert_int_equal(out[i], i / 64 * 100 + i % 64);
}

TEST_PROGRAM(loops_diverge_and_meet, "warps") {
    int out[512];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("different_loops", 1, 256, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 256; t++) {
        int sums[2] = {0, 0};
        for (int which = 0; which < 2; which++)
            for (int i = 0; i < (which ? t ^ 1 : t) && (i % 3 == 0 || sums[which] <= 1000); i++)
                sums[which] += i % 3 ? i : 0;
        assert_int_equal(out[t], sums[0]);
        assert_int_equal(out[256 + t], sums[1]);
    }
}

TEST_PROGRAM(groups_form_by_branch_and_by_label, "warps") {
    int out[192];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("coalesced", 1, 32, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 32; t++) {
        if (t % 3 == 1) {
            assert_int_equal(out[t], 1100 + t / 3);
            assert_int_equal(out[64 + t], 1);
        }
        assert_int_equal(out[128 + t], 800 + t / 4);
    }
}

TEST_PROGRAM(grids_meet, "warps") {
    enum { BLOCKS = 12, ROUNDS = 5 };
    int slots[BLOCKS], expected[BLOCKS] = {0}, rounds = ROUNDS;
    CUdeviceptr at = device_buffer(NULL, sizeof slots);
    void *parameters[] = {&at, &rounds};
    OK(cuLaunchCooperativeKernel(program_kernel(state, "grid_sync"), BLOCKS, 1, 1, 64, 1, 1, 0,
                                 NULL, parameters));
    read_buffer(slots, at, sizeof slots);
    for (int round = 0; round < ROUNDS; round++) {
        int before[BLOCKS];
        memcpy(before, expected, sizeof before);
        for (int b = 0; b < BLOCKS; b++)
            expected[b] += before[(b + 1) % BLOCKS] + 1;
    }
    assert_memory_equal(slots, expected, sizeof slots);
}

TEST_PROGRAM(special_registers_tell_the_lane, "warps") {
    unsigned out[4 * 96];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    void *parameters[] = {&at};
    OK(cuLaunchKernel(program_kernel(state, "special_registers"), 2, 2, 1, 24, 4, 1, 0, NULL,
                      parameters, NULL));
    read_buffer(out, at, sizeof out);
    for (unsigned i = 0; i < sizeof out / sizeof *out; i++)
        assert_int_equal(out[i], i % 96 % 32 + 1100);
}

/* ---- programs.cu ---- */

TEST_PROGRAM(pointers_to_functions_are_called, "programs") {
    int out[64];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("call_pointers", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++)
        assert_int_equal(out[t], t % 3 == 0 ? t + 7 : t % 3 == 1 ? t - 7 : t * 7);
}

TEST_PROGRAM(virtual_functions_are_called, "programs") {
    float out[64];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("call_virtual", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++)
        assert_true(out[t] == (float)((t % 2 ? 1 : 3) * t * t));
}

TEST_PROGRAM(functions_recur, "programs") {
    static const int fibonacci[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
    int out[64];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("recursion", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++)
        assert_int_equal(out[t], fibonacci[t % 12]);
}

TEST_PROGRAM(switches_branch, "programs") {
    static const int expected[] = {10, 78, 2 ^ 0x55, -3, 4 << 9, 101, ~6, 7 % 5 - 9};
    int in[64], out[64];
    for (int t = 0; t < 64; t++)
        in[t] = (t * 5) % 10 - (t == 20);
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("switches", 1, 64, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++)
        assert_int_equal(out[t], in[t] >= 0 && in[t] < 8 ? expected[in[t]] : 1234);
}

TEST_PROGRAM(local_arrays_are_indexed, "programs") {
    int out[64];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("local_arrays", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++) {
        int heap[17];
        unsigned sum = 0;
        for (int i = 0; i < 17; i++)
            heap[(i * 5 + t) % 17] = i;
        for (int i = 0; i < 17; i++)
            sum = sum * 3 + (unsigned)heap[(t * 7 + i) % 17];
        assert_int_equal(out[t], (int)sum);
    }
}

struct packed {
    char name[5];
    short number;
    double values[2];
    unsigned flags : 3;
    unsigned rest : 29;
};

TEST_PROGRAM(structures_keep_their_layout, "programs") {
    struct packed items[40];
    memset(items, 0, sizeof items);
    for (int t = 0; t < 40; t++) {
        memcpy(items[t].name, "kern", 5);
        items[t].name[0] = (char)('a' + t % 20);
        items[t].number = (short)(t * 100);
        items[t].values[0] = t;
        items[t].rest = (unsigned)(t * 3) & 0x1FFFFFFF;
    }
    CUdeviceptr at = device_buffer(items, sizeof items);
    RUN("structures", 1, 40, 0, &at);
    read_buffer(items, at, sizeof items);
    for (int t = 0; t < 40; t++) {
        assert_int_equal(items[t].name[4], 'a' + t % 20 + 1);
        assert_int_equal(items[t].name[1], 'e');
        assert_int_equal(items[t].number, (short)(t * 300));
        assert_true(items[t].values[0] == t && items[t].values[1] == t / 4.0);
        assert_int_equal(items[t].flags, t * 3 & 7);
        assert_int_equal(items[t].rest, t * 3);
    }
}

TEST_PROGRAM(vectors_are_loaded_whole, "programs") {
    float singles[32][4], singles_out[32][4];
    double pairs[32][2], pairs_out[32][2];
    unsigned char bytes[32][4], bytes_out[32][4];
    for (int t = 0; t < 32; t++)
        for (int k = 0; k < 4; k++) {
            singles[t][k] = (float)(t * 4 + k);
            pairs[t][k / 2] = t * 0.5 + k;
            bytes[t][k] = (unsigned char)(t * 8 + k);
        }
    CUdeviceptr a = device_buffer(singles, sizeof singles);
    CUdeviceptr b = device_buffer(NULL, sizeof singles);
    CUdeviceptr c = device_buffer(pairs, sizeof pairs), d = device_buffer(NULL, sizeof pairs);
    CUdeviceptr e = device_buffer(bytes, sizeof bytes), f = device_buffer(NULL, sizeof bytes);
    RUN("vectors", 1, 32, 0, &a, &b, &c, &d, &e, &f);
    read_buffer(singles_out, b, sizeof singles_out);
    read_buffer(pairs_out, d, sizeof pairs_out);
    read_buffer(bytes_out, f, sizeof bytes_out);
    for (int t = 0; t < 32; t++) {
        for (int k = 0; k < 4; k++) {
            assert_true(singles_out[t][k] == singles[t][3 - k]);
            assert_int_equal(bytes_out[t][k], bytes[t][3 - k]);
        }
        assert_true(pairs_out[t][0] == pairs[t][1] && pairs_out[t][1] == pairs[t][0]);
    }
}

TEST_PROGRAM(constants_are_set_by_the_host, "programs") {
    int table[64], out[64];
    CUdeviceptr address, at = device_buffer(NULL, sizeof out);
    program_kernel(state, "constants");
    for (int i = 0; i < 64; i++)
        table[i] = i * i - 5;
    OK(cuModuleGetGlobal_v2(&address, NULL, ((const struct program *)*state)->module, "table"));
    OK(cuMemcpyHtoD_v2(address, table, sizeof table));
    RUN("constants", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++)
        assert_int_equal(out[t], table[t * 7 % 64]);
}

TEST_PROGRAM(printf_knows_its_formats, "programs") {
    int number = 42, ends[2];
    char text[512] = "", expected[512];
    CUfunction kernel = program_kernel(state, "print_formats");
    void *parameters[] = {&number};
    (void)fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    CUresult launched = cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
    CUresult waited = cuCtxSynchronize();
    (void)fflush(stdout);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    close(saved);
    OK(launched);
    OK(waited);
    snprintf(expected, sizeof expected, "%d %u %x %c %5.2f|%-6d|%lld %s %% %e ", -42, 42U, 255U,
             'z', 3.14159, 42, 1234567890123LL, "text", 12345.678);
    assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
}

TEST_PROGRAM(addresses_know_their_memory, "programs") {
    static const int expected[5] = {1, 2, 4, 8, 1};
    int spaces[5];
    CUdeviceptr out = device_buffer(NULL, sizeof spaces);
    RUN("spaces", 1, 1, 0, &out);
    read_buffer(spaces, out, sizeof spaces);
    assert_memory_equal(spaces, expected, sizeof spaces);
}

TEST_PROGRAM(sixteen_bits_are_swapped, "programs") {
    uint16_t counters[4];
    CUdeviceptr out = device_buffer(NULL, sizeof counters);
    RUN("narrow_swaps", 10, 96, 0, &out);
    read_buffer(counters, out, sizeof counters);
    for (int i = 0; i < 4; i++)
        assert_int_equal(counters[i], i < 3 ? 10 * 32 : 0);
}
