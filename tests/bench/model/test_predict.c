/* Predicted times: what they grow with, what bounds them, and GPUs that a file describes. */
#include "bench/model/choice.h"
#include "bench/model/predict_file.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct temporary folder;

/* A copy of 64 MiB by words: 256 threads a block, a load and a store of 4 sectors a warp. */
static struct counters_row copy_row(void) {
    enum { BLOCKS = 65536, WARPS = BLOCKS * 8 };
    struct counters_row row = {.launches = 1,
                               .warp_instructions = 12LL * WARPS,
                               .machine_instructions = 12LL * WARPS,
                               .global_load_requests = WARPS,
                               .global_load_sectors = 4LL * WARPS,
                               .global_store_requests = WARPS,
                               .global_store_sectors = 4LL * WARPS,
                               .bytes_touched = 2LL * WARPS * 128,
                               .occupancy = 1};
    snprintf(row.kernel, sizeof row.kernel, "copy");
    snprintf(row.grid, sizeof row.grid, "%dx1x1", BLOCKS);
    snprintf(row.block, sizeof row.block, "256x1x1");
    return row;
}

static struct prediction predicted(const struct counters_row *row, const struct model_gpu *gpu) {
    struct message message = {{0}};
    struct prediction prediction;
    if (predict(row, model_gpu_find("a100"), gpu, &prediction, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    return prediction;
}

/* A copy takes what the memory takes, and a little: published copies reach 78 to 95% of it. */
TEST(a_copy_takes_what_the_memory_takes) {
    const struct counters_row row = copy_row();
    static const char *const names[] = {"v100", "t4", "a100", "a6000", "l4", "h100", "rtx5060ti"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct model_gpu *gpu = model_gpu_find(names[i]);
        const struct prediction prediction = predicted(&row, gpu);
        const double least = (double)row.bytes_touched / (1e9 * gpu->memory);
        if (!(prediction.seconds > least && prediction.seconds < 1.6 * least))
            fail_msg("%s: %g s, %g s at the nominal bandwidth", names[i], prediction.seconds,
                     least);
        assert_string_equal(prediction.limited_by, "DRAM");
        assert_true(prediction.low < prediction.seconds && prediction.seconds < prediction.high);
        assert_true(prediction.gbps < gpu->memory);
    }
}

/* Lanes side by side fill whole lines however wide their accesses are. */
TEST(wide_accesses_take_no_more_lines_than_narrow_ones) {
    const struct model_gpu *gpu = model_gpu_find("a100");
    struct counters_row narrow = copy_row();
    narrow.global_store_requests = narrow.global_store_sectors = 0;
    narrow.global_load_requests *= 256; /* so many that it takes little else */
    narrow.global_load_sectors *= 256;
    narrow.bytes_touched = 1 << 20;
    struct counters_row two = narrow, four = narrow;
    two.global_load_requests = two.global_requests_64 = narrow.global_load_requests / 2;
    four.global_load_requests = four.global_requests_128 = narrow.global_load_requests / 4;
    const double seconds = predicted(&narrow, gpu).seconds;
    assert_true(predicted(&two, gpu).seconds < seconds);
    assert_true(predicted(&four, gpu).seconds < seconds);
}

TEST(more_work_and_more_launches_take_longer) {
    const struct model_gpu *gpu = model_gpu_find("a100");
    struct counters_row row = copy_row();
    const double one = predicted(&row, gpu).seconds;
    row.shared_wavefronts = 100LL * 65536 * 8;
    const struct prediction conflicts = predicted(&row, gpu);
    assert_true(conflicts.seconds > 2 * one);
    assert_string_equal(conflicts.limited_by, "load/store path");
    /* a scattered load takes a line for each lane */
    row = copy_row();
    row.global_load_sectors *= 8;
    const double scattered = predicted(&row, gpu).seconds;
    assert_true(scattered > 1.1 * one);
    /* and stores beside it take lines of their own */
    row.global_store_requests = row.global_store_sectors = 0;
    assert_true(predicted(&row, gpu).seconds < scattered);
    /* twice the launches, twice all counts */
    row = copy_row();
    row.launches = 2;
    row.machine_instructions *= 2;
    row.warp_instructions *= 2;
    row.global_load_requests *= 2;
    row.global_load_sectors *= 2;
    row.global_store_requests *= 2;
    row.global_store_sectors *= 2;
    row.bytes_touched *= 2;
    assert_true(fabs(predicted(&row, gpu).seconds / one - 2) < 1e-9);
}

/* Blocks read 105 KB of their own once, and as much that all of them read, twice: the L2 keeps the
 * latter. */
TEST(what_blocks_share_comes_from_memory_once) {
    enum { BLOCKS = 640 };
    const struct model_gpu *gpu = model_gpu_find("v100");
    struct counters_row row = copy_row();
    snprintf(row.grid, sizeof row.grid, "%dx1x1", BLOCKS);
    row.global_load_requests *= 3;
    row.global_load_sectors *= 3;
    row.block_bytes_touched = row.bytes_touched / BLOCKS;
    const double alone = predicted(&row, gpu).seconds;
    row.block_bytes_touched *= 2;
    assert_true(predicted(&row, gpu).seconds < 0.7 * alone);
}

/* Traffic of simulated caches counts for the GPU that they are of, and for no other. */
TEST(simulated_caches_are_taken_for_their_gpu) {
    const struct model_gpu *gpu = model_gpu_find("a100");
    const struct counters_row row = copy_row();
    struct counters_row cached = row;
    cached.l1_sectors = cached.global_load_sectors + cached.global_store_sectors;
    cached.l2_sectors = cached.l1_sectors;
    cached.dram_read_bytes = cached.dram_write_bytes = row.bytes_touched / 2;
    assert_true(fabs(predicted(&cached, gpu).seconds / predicted(&row, gpu).seconds - 1) < 1e-9);
    cached.dram_read_bytes = 2 * row.bytes_touched;
    assert_true(predicted(&cached, gpu).seconds > 2 * predicted(&row, gpu).seconds);
    const struct model_gpu *other = model_gpu_find("v100");
    assert_true(predicted(&cached, other).seconds == predicted(&row, other).seconds);
}

/* Estimated, error correction takes a ninth of what DRAM moves; simulated, it is among that. */
TEST(error_correction_counts_once) {
    struct message message;
    struct prediction estimated, simulated;
    const struct model_gpu *t4 = model_gpu_find("t4");
    struct counters_row row = copy_row();
    assert_int_equal(predict(&row, t4, t4, &estimated, &message), STATUS_OK);
    row.l2_sectors = row.global_load_sectors + row.global_store_sectors;
    row.dram_read_bytes = row.dram_write_bytes = row.bytes_touched / 2 * 9 / 8;
    assert_int_equal(predict(&row, t4, t4, &simulated, &message), STATUS_OK);
    assert_true(fabs(simulated.seconds / estimated.seconds - 1) < 1e-3);
}

/* Its interval is the square of another's, and its line says why. */
TEST(nothing_was_fitted_to_matrix_instructions) {
    struct message message;
    struct gpu_choice choice;
    char *log = NULL;
    size_t size;
    struct counters_row row = copy_row();
    const struct model_gpu *a100 = model_gpu_find("a100");
    const struct prediction without = predicted(&row, a100);
    row.tensor_warp_instructions = 1;
    const struct prediction with = predicted(&row, a100);
    const double spread = without.high / without.seconds;
    assert_true(fabs(with.high / with.seconds - spread * spread) < 1e-6);
    FILE *file = open_memstream(&log, &size);
    assert_non_null(file);
    assert_int_equal(gpu_choice_read("a100", NULL, &choice, &message), STATUS_OK);
    assert_int_equal(predictions_print(&row, 1, a100, &choice, NULL, file, &message), STATUS_OK);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(log, "; no published time of matrix instructions was fitted\n"));
    free(log);
}

/* A barrier costs where loads come before it; eight of them around two loads cost as two. */
TEST(barriers_wait_for_the_loads_before_them) {
    const struct model_gpu *gpu = model_gpu_find("a100");
    struct counters_row row = copy_row();
    snprintf(row.grid, sizeof row.grid, "108x1x1");
    const double without = predicted(&row, gpu).seconds;
    row.barriers = row.global_load_requests;
    const double one = predicted(&row, gpu).seconds;
    row.barriers *= 8;
    assert_true(one > 1.1 * without);
    assert_true(predicted(&row, gpu).seconds == one);
}

/* Of the memory's time; launch and latency stay. */
TEST(error_correction_takes_a_ninth) {
    struct model_gpu corrected = *model_gpu_find("rtx2080super");
    const struct counters_row row = copy_row();
    const double without = predicted(&row, &corrected).seconds;
    corrected.ecc = 1;
    const double with = predicted(&row, &corrected).seconds;
    assert_true(with > 1.08 * without && with < 1.125 * without);
}

/* One block keeps one multiprocessor busy, and waits for each of its loads. */
TEST(few_blocks_leave_multiprocessors_idle) {
    const struct model_gpu *gpu = model_gpu_find("a100");
    struct counters_row row = copy_row();
    snprintf(row.grid, sizeof row.grid, "1x1x1");
    const struct prediction alone = predicted(&row, gpu);
    assert_int_equal(alone.limits.idle, 107);
    row = copy_row();
    assert_true(alone.seconds > 20 * predicted(&row, gpu).seconds);
    row.machine_instructions = 12;
    row.global_load_requests = row.global_load_sectors = 1;
    row.global_store_requests = row.global_store_sectors = 1;
    row.bytes_touched = 64;
    snprintf(row.grid, sizeof row.grid, "1x1x1");
    const struct prediction least = predicted(&row, gpu);
    assert_string_equal(least.limited_by, "launch");
    assert_true(least.seconds > 1e-6 && least.seconds < 10e-6);
    row.global_load_requests = row.global_load_sectors = 8 * 200; /* in eight warps */
    assert_string_equal(predicted(&row, gpu).limited_by, "latency");
}

TEST(what_cannot_be_predicted_is_refused) {
    struct message message = {{0}};
    struct prediction prediction;
    struct model_gpu unknown = *model_gpu_find("a100");
    const struct model_gpu *a100 = model_gpu_find("a100");
    struct counters_row row = copy_row();
    unknown.family = "fermi";
    assert_int_equal(predict(&row, a100, &unknown, &prediction, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "no constants for the family 'fermi'"));
    snprintf(row.block, sizeof row.block, "256");
    assert_int_equal(predict(&row, a100, a100, &prediction, &message), STATUS_INVALID);
    row = copy_row();
    row.machine_instructions = CSV_ABSENT;
    assert_int_equal(predict(&row, a100, a100, &prediction, &message), STATUS_INVALID);
    for (int i = 0; i < model_gpu_count; i++)
        assert_non_null(model_family_find(model_gpus[i].family));
}

TEST(lists_of_gpus_are_read) {
    struct message message;
    struct gpu_choice choice;
    struct model_gpu mine = *model_gpu_find("a100");
    mine.name = "mine";
    assert_int_equal(gpu_choice_read("t4,a100,t4", NULL, &choice, &message), STATUS_OK);
    assert_int_equal(choice.count, 2);
    assert_string_equal(choice.gpus[1]->name, "a100");
    assert_int_equal(gpu_choice_read("all", &mine, &choice, &message), STATUS_OK);
    assert_int_equal(choice.count, model_gpu_count + 1);
    assert_int_equal(gpu_choice_read("mine", &mine, &choice, &message), STATUS_OK);
    assert_ptr_equal(choice.gpus[0], &mine);
    static const char *const wrong[] = {"", ",", "mine", "a100,a101", "A100"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(gpu_choice_read(wrong[i], NULL, &choice, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "v100, v100-pcie, t4"));
}

static const char description[] =
    "{\"name\": \"mine\", \"family\": \"ada\", \"multiprocessors\": 20, \"clock_mhz\": 2000,"
    " \"issue\": 4, \"fma\": 4, \"alu\": 2, \"lsu\": 16, \"shared\": 128, \"cache\": 128,"
    " \"tensor\": 1024, \"memory\": 300, \"warps\": 48, \"l1\": 128, \"l2\": 24,"
    " \"l2_bytes\": 300, \"sustained_mhz\": 1500, \"capacity\": 8, \"watts\": 100}\n";

TEST_IN_TEMPORARY(a_file_describes_a_gpu, &folder) {
    struct temporary *place = *state;
    struct message message = {{0}};
    struct gpu_description read;
    char path[600];
    snprintf(path, sizeof path, "%s", temporary_path(place, "mine.json"));
    file_write_text(path, description);
    assert_int_equal(gpu_description_read(path, &read, &message), STATUS_OK);
    assert_string_equal(read.gpu.name, "mine");
    assert_string_equal(read.gpu.title, "mine");
    assert_string_equal(read.gpu.family, "ada");
    assert_int_equal(read.gpu.multiprocessors, 20);
    assert_true(read.gpu.watts == 100 && read.gpu.clock_mhz == 2000);
    const struct counters_row row = copy_row();
    assert_true(predicted(&row, &read.gpu).seconds > 134217728 / 300e9);
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"{}", "lacks name, family, multiprocessors, clock_mhz"},
        {"{\"name\": \"a100\"}", "there is a GPU named 'a100' already"},
        {"{\"name\": \"My GPU\"}", "'name' wants"},
        {"{\"name\": \"all\"}", "'name' wants"},
        {"{\"name\": \"mine\", \"family\": \"fermi\"}", "'family' is one of volta, turing"},
        {"{\"multiprocessors\": -1}", "'multiprocessors' wants a whole number from 1"},
        {"{\"multiprocessors\": 2.5}", "'multiprocessors' wants a whole number from 1"},
        {"{\"multiprocessor\": 2}", "'multiprocessor' is no value of a GPU"},
        {"{\"Warps\": 2}", "'Warps' is no value of a GPU"},
        {"{\"clock_mhz\": \"fast\"}", "'clock_mhz' wants a number from 100"},
        {"[1]", "not a JSON object"},
        {"", "not a JSON object"},
        {"{} \n {}", ":2: there is text behind the JSON object"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        file_write_text(path, wrong[i].text);
        assert_int_equal(gpu_description_read(path, &read, &message), STATUS_INVALID);
        if (!strstr(message.text, wrong[i].says))
            fail_msg("%s: %s", wrong[i].text, message.text);
    }
    static const char clock[] = "\"sustained_mhz\": 1500";
    char fast[sizeof description], *at;
    snprintf(fast, sizeof fast, "%s", description);
    at = strstr(fast, clock);
    assert_non_null(at);
    at[sizeof clock - 5] = '9'; /* 9500 MHz */
    file_write_text(path, fast);
    assert_int_equal(gpu_description_read(path, &read, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "'sustained_mhz' is 9500, and may not exceed"));
    assert_int_not_equal(gpu_description_read("/nowhere", &read, &message), STATUS_OK);
}

TEST_IN_TEMPORARY(predictions_are_written_beside_the_counts, &folder) {
    struct temporary *place = *state;
    struct message message = {{0}};
    struct gpu_choice choice;
    char *log = NULL;
    size_t size;
    FILE *file = open_memstream(&log, &size);
    assert_non_null(file);
    assert_int_equal(gpu_choice_read("all", NULL, &choice, &message), STATUS_OK);
    assert_int_equal(predictions_write(place->path, &choice, file, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "no kernel ran on the emulated GPU"));
    assert_null(temporary_text(place, "predictions.csv"));
    const struct counters_row row = copy_row();
    FILE *counters = fopen(temporary_path(place, "counters.csv"), "w");
    assert_non_null(counters);
    assert_int_equal(csv_write_header(counters, &counters_format), 0);
    assert_int_equal(csv_write_row(counters, &counters_format, &row), 0);
    assert_int_equal(fclose(counters), 0);
    assert_int_equal(predictions_write(place->path, &choice, file, &message), STATUS_OK);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(log, "predicted, not measured"));
    assert_non_null(strstr(log, "copy: b200 "));
    assert_non_null(strstr(log, "; … "));
    assert_null(strstr(log, "matrix instructions"));
    char *text = temporary_text(place, "predictions.csv");
    assert_non_null(text);
    int lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, model_gpu_count + 1);
    assert_non_null(strstr(text, ",predicted_s,predicted_low_s,predicted_high_s,"));
    assert_non_null(strstr(text, "copy,65536x1x1,v100,"));
    free(text);
    free(log);
}

/* Those that cannot run it have no row, and stand once a reason at the end of the line. */
TEST(gpus_that_cannot_run_it_are_named) {
    struct message message = {{0}};
    struct gpu_choice choice;
    char *log = NULL, *csv = NULL;
    size_t size;
    FILE *log_file = open_memstream(&log, &size), *csv_file = open_memstream(&csv, &size);
    assert_true(log_file && csv_file);
    struct counters_row row = copy_row();
    row.shared_bytes = 163904;
    row.bulk_load_requests = 1;
    assert_int_equal(gpu_choice_read("t4,a100,v100,h100,a40", NULL, &choice, &message), STATUS_OK);
    assert_int_equal(
        predictions_print(&row, 1, model_gpu_find("h100"), &choice, csv_file, log_file, &message),
        STATUS_OK);
    row.wgmma_warp_instructions = 1;
    assert_int_equal(gpu_choice_read("t4,b200", NULL, &choice, &message), STATUS_OK);
    assert_int_equal(
        predictions_print(&row, 1, model_gpu_find("h100"), &choice, csv_file, log_file, &message),
        STATUS_OK);
    assert_int_equal(fclose(csv_file) | fclose(log_file), 0);
    assert_non_null(strstr(csv, ",h100,"));
    static const char *const unable[] = {",t4,", ",v100,", ",a100,", ",a40,", ",b200,"};
    for (size_t i = 0; i < sizeof unable / sizeof unable[0]; i++)
        assert_null(strstr(csv, unable[i]));
    assert_non_null(strstr(log, " copy: h100 "));
    assert_non_null(strstr(log, "; cannot run on t4, a100, v100, a40: bulk copies want compute "
                                "capability 9.0\n"));
    assert_non_null(
        strstr(log, " copy: cannot run on t4, b200: wgmma is of compute capability 9.0 alone\n"));
    free(csv);
    free(log);
}
