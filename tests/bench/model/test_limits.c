/* Which unit limits a launch, on counts whose clocks are known. */
#include "bench/model/limits_file.h"
#include "bench/model/residence.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct temporary folder;

/* So many of all that is counted that the launch itself takes nothing beside it. */
enum { MANY = 10000 };

/* 108 blocks: one a multiprocessor of an A100. */
static struct counters_row row_of(const char *grid) {
    struct counters_row row = {
        .launches = 1, .warp_instructions = 4000 * MANY, .machine_instructions = 4000 * MANY};
    snprintf(row.kernel, sizeof row.kernel, "kernel");
    snprintf(row.grid, sizeof row.grid, "%s", grid);
    return row;
}

static struct limits limits_of(const struct counters_row *row, const char *gpu) {
    struct message message = {{0}};
    struct limits limits;
    if (limits_find(row, model_gpu_find(gpu), &limits, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    return limits;
}

static void check_share(const struct limits *limits, enum limit_unit unit, double share) {
    if (!(limits->share[unit] > share - 1e-9 && limits->share[unit] < share + 1e-9))
        fail_msg("%s: %.9g, should be %.9g", limit_unit_name(unit), limits->share[unit], share);
}

TEST(shares_are_those_of_the_units_clocks) {
    struct counters_row row = row_of("108x1x1");
    row.fma_warp_instructions = 1000 * MANY; /* 500 clocks of 2 a clock beside 1,000 of 4 */
    row.shared_load_requests = 100 * MANY;   /* 100 clocks of 32 threads a clock */
    row.global_load_sectors = 400 * MANY;    /* 100 clocks of 128 bytes */
    row.shared_wavefronts = 2000 * MANY;     /* 2,000 clocks of 128 bytes */
    row.barriers = 900 * MANY;               /* 2,000 of other instructions, 2 a clock */
    struct limits limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_SHARED);
    check_share(&limits, LIMIT_SHARED, 1);
    check_share(&limits, LIMIT_ISSUE, 0.5);
    check_share(&limits, LIMIT_FMA, 0.25);
    check_share(&limits, LIMIT_ALU, 0.5);
    check_share(&limits, LIMIT_LSU, 0.05);
    check_share(&limits, LIMIT_CACHE, 0.05);
    check_share(&limits, LIMIT_TENSOR, 0);
    /* Of Turing's half as wide paths. */
    limits = limits_of(&row, "t4");
    check_share(&limits, LIMIT_ISSUE, 0.25);
    check_share(&limits, LIMIT_LSU, 0.05);
}

TEST(a_matrix_instruction_is_4096_flops) {
    struct counters_row row = row_of("108x1x1");
    row.tensor_warp_instructions = 1000 * MANY; /* 2,000 clocks of 2,048 flops beside 1,000 */
    struct limits limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_TENSOR);
    check_share(&limits, LIMIT_ISSUE, 0.5);
}

/* One m64n256k16 of four warps is 524,288 flops, 128 clocks of 4,096: 16,000 beside 1,000. */
TEST(a_warpgroup_instruction_has_its_own_flops) {
    struct counters_row row = row_of("132x1x1");
    row.tensor_warp_instructions = row.wgmma_warp_instructions = 500 * MANY;
    row.wgmma_multiply_adds = 125LL * 64 * 256 * 16 * MANY;
    struct limits limits = limits_of(&row, "h100");
    assert_int_equal(limits.busiest, LIMIT_TENSOR);
    check_share(&limits, LIMIT_ISSUE, 1.0 / 16);
    row.tcgen05_multiply_adds = row.wgmma_multiply_adds;
    row.wgmma_multiply_adds = 0;
    limits = limits_of(&row, "h100");
    check_share(&limits, LIMIT_ISSUE, 1.0 / 16);
    row.tensor_warp_instructions += 1000 * MANY; /* 1,000 clocks of `mma` more */
    limits = limits_of(&row, "h100");
    check_share(&limits, LIMIT_ISSUE, 1.0 / 17);
}

TEST(dram_is_shared_by_all_multiprocessors) {
    struct counters_row row = row_of("108x1x1");
    /* 14,100,000 clocks of each, which are 10 ms */
    row.warp_instructions = row.machine_instructions = 4LL * 108 * 1410 * MANY;
    row.fma_warp_instructions = 2LL * 108 * 1410 * MANY; /* half of them */
    row.bytes_touched = 1555000LL * MANY;                /* 10 ms too, at 1,555 GB/s */
    struct limits limits = limits_of(&row, "a100");
    check_share(&limits, LIMIT_ISSUE, 1);
    check_share(&limits, LIMIT_DRAM, 1);
    assert_true(fabs(limits.clocks[LIMIT_ISSUE] - 1410.0 * MANY) < 1e-6);
}

TEST(blocks_that_are_one_too_many_cost_a_turn) {
    struct counters_row row = row_of("109x1x1");
    row.warp_instructions = row.machine_instructions = 4LL * 109 * 1410 * MANY;
    row.fma_warp_instructions = 2LL * 109 * 1410 * MANY;
    row.bytes_touched = 1555000LL * MANY;
    struct limits limits = limits_of(&row, "a100");
    assert_int_equal(limits.blocks_most, 2);
    assert_int_equal(limits.idle, 0);
    check_share(&limits, LIMIT_DRAM, 0.5);
    assert_true(limits.filled > 109.0 / 216 - 1e-9 && limits.filled < 109.0 / 216 + 1e-9);
    row = row_of("2x3x4");
    limits = limits_of(&row, "a100");
    assert_int_equal(limits.blocks, 24);
    assert_int_equal(limits.idle, 84);
}

/* Two launches, a queue's 2.7 microseconds each at 1,410 MHz, beside nothing. */
TEST(small_kernels_wait_for_their_launch) {
    struct counters_row row = row_of("108x1x1");
    row.launches = 2;
    row.machine_instructions = 4 * 108;
    const struct limits limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_LAUNCH);
    check_share(&limits, LIMIT_ISSUE, 1 / (2 * 2.7 * 1410));
}

/* A warp a multiprocessor that loads 1,000 times with a barrier behind each: nothing hides the 572
 * clocks of each load from DRAM, nor the 23 of the barrier. Without barriers six loads are under
 * way at once. */
TEST(one_warp_waits_for_its_loads) {
    struct counters_row row = row_of("108x1x1");
    snprintf(row.block, sizeof row.block, "32x1x1");
    row.machine_instructions = 108LL * 3000;
    row.global_load_requests = row.barriers = 108LL * 1000;
    row.global_load_sectors = 4 * row.global_load_requests;
    row.bytes_touched = 32 * row.global_load_sectors;
    struct limits limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_LATENCY);
    assert_true(limits.clocks[LIMIT_LATENCY] > 571000 && limits.clocks[LIMIT_LATENCY] < 573000);
    check_share(&limits, LIMIT_BARRIERS, 23000 / limits.clocks[LIMIT_LATENCY]);
    const double alone = limits.clocks[LIMIT_LATENCY];
    row.barriers = 0;
    limits = limits_of(&row, "a100");
    assert_true(limits.clocks[LIMIT_LATENCY] < alone / 5.9);
    /* All sectors hit in the second-level cache, after 211 clocks. */
    row.l1_sectors = row.l2_sectors = row.l2_hits = row.global_load_sectors;
    limits = limits_of(&row, "a100");
    assert_true(limits.has_caches);
    assert_true(limits.clocks[LIMIT_LATENCY] > 35166 && limits.clocks[LIMIT_LATENCY] < 35167);
}

TEST(the_second_cache_limits_only_where_it_was_counted) {
    struct counters_row row = row_of("108x1x1");
    row.global_load_sectors = 100000LL * MANY;
    row.machine_instructions = 4LL * 108 * MANY;
    struct limits limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_CACHE);
    check_share(&limits, LIMIT_L2, 1); /* more than that, but it is an upper bound */
    row.l1_sectors = row.l2_sectors = row.l2_hits = row.global_load_sectors;
    limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_L2);
    row.dram_read_bytes = 32 * row.l2_sectors;
    limits = limits_of(&row, "a100");
    assert_int_equal(limits.busiest, LIMIT_DRAM);
}

static void check_residence(const struct counters_row *row, const char *gpu, int blocks,
                            enum residence_holder holder) {
    const struct residence residence = residence_find(row, model_gpu_find(gpu));
    if (residence.blocks != blocks || residence.held_by != holder)
        fail_msg("%s: %d blocks held by '%s', should be %d by '%s'", gpu, residence.blocks,
                 residence_holder_name(residence.held_by), blocks, residence_holder_name(holder));
}

/* The first of 64 x 32 threads, 65,536 registers and the shared memory that is used up. */
TEST(blocks_are_held_by_what_is_used_up) {
    struct counters_row row = row_of("108x1x1");
    check_residence(&row, "a100", 1, HELD_UNKNOWN); /* an earlier version's counts */
    snprintf(row.block, sizeof row.block, "16x16x1");
    row.occupancy = 0.5;
    check_residence(&row, "a100", 4, HELD_UNKNOWN);
    row.registers = 32;
    check_residence(&row, "a100", 8, HELD_BY_THREADS);
    check_residence(&row, "t4", 4, HELD_BY_THREADS);
    check_residence(&row, "rtx3090", 6, HELD_BY_THREADS);
    row.registers = 128;
    check_residence(&row, "a100", 2, HELD_BY_REGISTERS);
    row.registers = 32;
    row.shared_bytes = 48 << 10; /* and 1 KiB that the system keeps */
    check_residence(&row, "a100", 3, HELD_BY_SHARED);
    check_residence(&row, "rtx3090", 2, HELD_BY_SHARED);
    check_residence(&row, "t4", 1, HELD_BY_SHARED);
    row.shared_bytes = 0;
    snprintf(row.block, sizeof row.block, "32x1x1");
    check_residence(&row, "a100", 32, HELD_BY_BLOCKS);
    check_residence(&row, "rtx3090", 16, HELD_BY_BLOCKS);
    check_residence(&row, "rtx4090", 24, HELD_BY_BLOCKS);
    assert_true(limits_of(&row, "a100").waves > 1.0 / 32 - 1e-9);
}

static void check_unable(const struct counters_row *row, const char *gpu, const char *why) {
    struct message message = {{0}};
    struct limits limits;
    if (limits_find(row, model_gpu_find(gpu), &limits, &message) != STATUS_UNSUPPORTED)
        fail_msg("the %s runs it, which should say: %s", gpu, why);
    assert_string_equal(message.text, why);
}

/* What counts say that a kernel wants: instructions, formats, shared memory. */
TEST(a_gpu_that_cannot_run_the_kernel_has_no_limits) {
    struct counters_row row = row_of("108x1x1");
    row.shared_bytes = 65537;
    check_unable(&row, "t4", "a block wants 65537 bytes of shared memory and it has at most 65536");
    (void)limits_of(&row, "v100");
    row.shared_bytes = 163904;
    check_unable(&row, "rtx4090",
                 "a block wants 163904 bytes of shared memory and it has at most 101376");
    (void)limits_of(&row, "a100");
    row.shared_bytes = 0;
    row.bulk_load_requests = 1;
    check_unable(&row, "a100", "bulk copies want compute capability 9.0");
    (void)limits_of(&row, "b200");
    row.bulk_load_requests = 0;
    row.tensor_warp_instructions = 1;
    (void)limits_of(&row, "t4");
    static const char *const dtypes[] = {"bf16", "tf32"};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        char why[80];
        snprintf(row.key.dtype, sizeof row.key.dtype, "%s", dtypes[i]);
        snprintf(why, sizeof why, "matrix instructions in %s want compute capability 8.0",
                 dtypes[i]);
        check_unable(&row, "t4", why);
        check_unable(&row, "v100", why);
        (void)limits_of(&row, "a100");
    }
    snprintf(row.key.dtype, sizeof row.key.dtype, "f16");
    row.matrix_capability = 80;
    check_unable(&row, "v100", "its matrix instructions in f16 want compute capability 8.0");
    check_unable(&row, "t4", "its matrix instructions in f16 want compute capability 8.0");
    (void)limits_of(&row, "a100");
    row.matrix_capability = 75;
    check_unable(&row, "v100", "its matrix instructions in f16 want compute capability 7.5");
    (void)limits_of(&row, "t4");
    row.wgmma_warp_instructions = 1;
    check_unable(&row, "b200", "wgmma is of compute capability 9.0 alone");
    (void)limits_of(&row, "h100");
    row.wgmma_warp_instructions = 0;
    row.tcgen05_mma_instructions = 1;
    check_unable(&row, "h100", "tcgen05 is of compute capability 10.0 and 10.3 alone");
    (void)limits_of(&row, "b200");
}

static void write_counts(const char *path, const struct counters_row *row, long cut) {
    FILE *counters = fopen(path, "w");
    assert_non_null(counters);
    assert_int_equal(csv_write_header(counters, &counters_format), 0);
    assert_int_equal(csv_write_row(counters, &counters_format, row), 0);
    const long size = ftell(counters);
    assert_int_equal(fclose(counters), 0);
    assert_int_equal(truncate(path, size - cut), 0);
}

/* Such a kernel has no row, and the log says why; a file that is cut off is refused. */
TEST_IN_TEMPORARY(what_cannot_run_is_left_out_of_the_file, &folder) {
    struct temporary *place = *state;
    struct message message = {{0}};
    char *log = NULL, path[600];
    size_t size;
    FILE *file = open_memstream(&log, &size);
    assert_non_null(file);
    struct counters_row row = row_of("108x1x1");
    row.wgmma_warp_instructions = row.tensor_warp_instructions = 1;
    snprintf(path, sizeof path, "%s", temporary_path(place, "counters.csv"));
    write_counts(path, &row, 0);
    assert_int_equal(limits_write(place->path, model_gpu_find("t4"), file, &message), STATUS_OK);
    assert_int_equal(fclose(file), 0);
    assert_non_null(
        strstr(log, " kernel: cannot run there: wgmma is of compute capability 9.0 alone\n"));
    char *text = temporary_text(place, "limits.csv");
    assert_non_null(text);
    assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
    free(text);
    free(log);
    write_counts(path, &row, 2);
    assert_int_equal(limits_write(place->path, model_gpu_find("h100"), stderr, &message),
                     STATUS_INVALID);
    assert_non_null(strstr(message.text, "the last line is cut off"));
}

TEST(what_is_no_launch_is_refused) {
    static const char *const grids[] = {"", "1x1", "0x1x1", "1x1x1x1", "ax1x1"};
    struct message message;
    struct limits limits;
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++) {
        struct counters_row row = row_of(grids[i]);
        assert_int_equal(limits_find(&row, model_gpu_find("a100"), &limits, &message),
                         STATUS_INVALID);
    }
    struct counters_row row = row_of("1x1x1");
    row.warp_instructions = row.machine_instructions = 0;
    assert_int_equal(limits_find(&row, model_gpu_find("a100"), &limits, &message), STATUS_INVALID);
    assert_null(model_gpu_find("a101"));
}

TEST(counts_of_a_version_without_machine_instructions_are_refused) {
    struct message message = {{0}};
    struct limits limits;
    struct counters_row row = row_of("1x1x1");
    row.machine_instructions = CSV_ABSENT;
    assert_int_equal(limits_find(&row, model_gpu_find("a100"), &limits, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "counted by an older version"));
}

/* limits.csv has a row for each of counters.csv, and the log a line. */
TEST_IN_TEMPORARY(limits_are_written_beside_the_counts, &folder) {
    struct temporary *place = *state;
    struct message message;
    char *log = NULL, *text;
    size_t size;
    FILE *file = open_memstream(&log, &size);
    assert_non_null(file);
    assert_int_equal(limits_write(place->path, model_gpu_find("a100"), file, &message), STATUS_OK);
    assert_null(temporary_text(place, "limits.csv")); /* nothing was counted */
    struct counters_row row = row_of("108x1x1");
    row.fma_warp_instructions = 2000 * MANY;
    FILE *counters = fopen(temporary_path(place, "counters.csv"), "w");
    assert_non_null(counters);
    assert_int_equal(csv_write_header(counters, &counters_format), 0);
    assert_int_equal(csv_write_row(counters, &counters_format, &row), 0);
    assert_int_equal(fclose(counters), 0);
    assert_int_equal(limits_write(place->path, model_gpu_find("a100"), file, &message), STATUS_OK);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(log,
                           "kernel: issue 100%, FMA 100%, other ALU 100%, launch 4%; limited by "
                           "issue; 1"));
    assert_non_null(strstr(log, "1 block on the fullest multiprocessor"));
    text = temporary_text(place, "limits.csv");
    assert_non_null(text);
    assert_non_null(
        strstr(text, ",limited_by,blocks_most,idle,filled,blocks_resident,held_by,waves\n"));
    assert_non_null(
        strstr(text, ",kernel,108x1x1,a100,1,1,1,0,0,0,0,0,0,0,0,0.04112,issue,1,0,1,1,,1\n"));
    free(text);
    free(log);
}

TEST_IN_TEMPORARY(the_emulated_gpu_is_that_of_the_environment, &folder) {
    struct temporary *place = *state;
    static const char *const gpus[][2] = {{"RTX 3090", "rtx3090"},
                                          {"H100", "h100"},
                                          {"T4", "t4"},
                                          {"Ampere, 16 multiprocessors", "a100"},
                                          {"", "a100"}};
    assert_string_equal(limits_gpu_of_run(place->path)->name, "a100");
    for (size_t i = 0; i < sizeof gpus / sizeof gpus[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"gpu\": {\"name\": \"lockstep emulated GPU (%s)\"}}\n",
                 gpus[i][0]);
        temporary_write(place, "environment.json", text);
        assert_string_equal(limits_gpu_of_run(place->path)->name, gpus[i][1]);
    }
    temporary_write(place, "environment.json", "{\"gpu\": 1}\n");
    assert_string_equal(limits_gpu_of_run(place->path)->name, "a100");
}

TEST_IN_TEMPORARY(a_damaged_environment_is_refused, &folder) {
    struct temporary *place = *state;
    struct message message;
    assert_int_equal(limits_environment_check(place->path, &message), STATUS_OK);
    temporary_write(place, "environment.json", "{}\n");
    assert_int_equal(limits_environment_check(place->path, &message), STATUS_OK);
    temporary_write(place, "environment.json", "{\n");
    assert_int_equal(limits_environment_check(place->path, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "environment.json"));
}

/* Whoever reads limits of sampled launches is told. */
TEST_IN_TEMPORARY(counts_of_sampled_blocks_are_said_to_be_so, &folder) {
    struct temporary *place = *state;
    struct message message = {{0}};
    struct counters_row row = row_of("108x1x1");
    char path[600];
    snprintf(path, sizeof path, "%s", temporary_path(place, "counters.csv"));
    write_counts(path, &row, 0);
    static const struct {
        const char *environment;
        bool is_said;
    } runs[] = {{"{}\n", false}, {"{\"sample_blocks\": 64}\n", true}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        char *log = NULL;
        size_t size;
        FILE *file = open_memstream(&log, &size);
        assert_non_null(file);
        temporary_write(place, "environment.json", runs[i].environment);
        assert_int_equal(limits_write(place->path, model_gpu_find("a100"), file, &message),
                         STATUS_OK);
        assert_int_equal(fclose(file), 0);
        assert_true(!strstr(log, "at most 64 of equal ones ran") == !runs[i].is_said);
        free(log);
    }
}

TEST(figures_are_plausible) {
    for (int i = 0; i < model_gpu_count; i++) {
        const struct model_gpu *gpu = &model_gpus[i];
        assert_ptr_equal(model_gpu_find(gpu->name), gpu);
        assert_in_range(gpu->multiprocessors, 16, 200);
        assert_true(gpu->clock_mhz > 1000 && gpu->clock_mhz < 3000);
        assert_true(gpu->fma <= gpu->issue && gpu->memory >= 250 && gpu->memory <= 8000);
        assert_true(gpu->sustained_mhz >= 500 && gpu->sustained_mhz <= gpu->clock_mhz);
        assert_true(gpu->warps >= 32 && gpu->warps <= 64 && gpu->l1 >= 64 && gpu->l1 <= 256);
        /* the second-level cache serves more than the memory does */
        assert_true(gpu->l2 > 1 && gpu->l2_bytes * gpu->clock_mhz > 1000 * gpu->memory);
        assert_true(gpu->capacity >= 6 && gpu->watts >= 70);
    }
}
