/* Runs as the program's users start them: interruptions, a full disk, what a run leaves, and
 * --json. Every run is tiny, and in a folder of its own.
 */
#include "bench/files/results.h"
#include "tests/support/calling.h"
#include "tests/support/refusing.h"
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 120 };

/* Two implementations that every build has: what else there is depends on the machine. */
#define PAIR "--implementation", "cpu-naive,openblas"

/* Four shapes, three variants, two implementations, all on one thread. */
static const char *const sweep[] = {"run", "gemm", "--shape", "8x8x8,9x9x9,16x16x16,17x17x17",
                                    PAIR,  TINY,   NULL};
enum { SWEEP_ROWS = 4 * 3 * 2 };

/* The rows of a file of the run, to be freed. */
static void *rows_read(const char *name, const struct csv_format *format, size_t *count) {
    void *rows;
    struct message message = {""};
    if (csv_read(temporary_path(&here.place, name), format, &rows, count, NULL, &message) !=
        STATUS_OK)
        fail_msg("%s", message.text);
    return rows;
}

/* Every row is there once, measured and verified, with its samples; how many rows. */
static size_t check_rows(void) {
    size_t count, sample_count;
    struct result *rows = rows_read("run/results.csv", &result_format, &count);
    struct sample_row *samples = rows_read("run/samples.csv", &sample_format, &sample_count);
    size_t owned = 0;
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(rows[i].status, "measured");
        assert_string_equal(rows[i].verified, "yes");
        assert_true(rows[i].low_s <= rows[i].median_s && rows[i].median_s <= rows[i].high_s);
        assert_true(rows[i].error <= rows[i].tolerance);
        for (size_t j = 0; j < i; j++)
            assert_false(row_key_equal(&rows[i].key, &rows[j].key));
        int64_t own = 0;
        for (size_t s = 0; s < sample_count; s++)
            if (row_key_equal(&samples[s].key, &rows[i].key))
                assert_int_equal(samples[s].sample, own++);
        assert_int_equal(own, rows[i].samples);
        owned += (size_t)own;
    }
    assert_int_equal(owned, sample_count);
    free(rows);
    free(samples);
    return count;
}

static void check_state(const char *expected) {
    char *text = temporary_text(&here.place, "run/environment.json");
    assert_non_null(text);
    cJSON *json = cJSON_Parse(text);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "state")), expected);
    cJSON_Delete(json);
    free(text);
}

/* Goes on with a run that was ended, and finds every row once. */
static void check_goes_on(const char *const *arguments) {
    size_t kept = check_rows();
    assert_in_range(kept, 2, SWEEP_ROWS - 1);
    assert_int_equal(kept % 2, 0); /* whole cases */
    check_state("unfinished");
    check_call(call_of(&here, arguments), 0, "resuming the unfinished run in run", NULL);
    assert_int_equal(check_rows(), SWEEP_ROWS);
    check_state("finished");
}

/* Reads what the run prints, a packet at a time, until its first rows are on the disk. */
static void first_rows_await(int printed) {
    for (int i = 0; i < PATIENCE_SECONDS * 500; i++) {
        char *text = temporary_text(&here.place, "run/results.csv");
        bool there = text && strstr(text, ",measured,");
        free(text);
        if (there)
            return;
        char packet[PIPE_BUF];
        struct pollfd waiting = {.fd = printed, .events = POLLIN};
        if (poll(&waiting, 1, 2) == 1)
            assert_true(read(printed, packet, sizeof packet) > 0);
    }
    fail_msg("no row after %d s", PATIENCE_SECONDS);
}

/* Sends the signal once the first rows are there. The run cannot have ended by then, however long
 * this process had to wait for a processor: it prints each case into a pipe of packets that has
 * room for one, so it is at most a few cases ahead of what was read. */
static struct call sweep_ended_by(int signal_number) {
    int ends[2];
    char rest[PIPE_BUF];
    assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1) > 0);
    struct call call = call_start(&here, sweep, &(struct call_limits){.output = ends[1]});
    close(ends[1]);
    first_rows_await(ends[0]);
    assert_int_equal(kill(call.process, signal_number), 0);
    while (read(ends[0], rest, sizeof rest) > 0)
        continue;
    close(ends[0]);
    call_wait(&here, &call);
    return call;
}

TEST_IN_PLACE(an_interrupted_run_goes_on) {
    struct call call = sweep_ended_by(SIGINT);
    check_status(&call, 3);
    size_t kept = check_rows();
    char words[100];
    snprintf(words, sizeof words, "interrupted; %zu row", kept);
    check_holds(call.err, words);
    check_holds(call.err, "--out run goes on");
    call_free(&call);
    check_goes_on(sweep);
}

TEST_IN_PLACE(a_terminated_run_keeps_its_rows) {
    struct call call = sweep_ended_by(SIGTERM);
    check_status(&call, 3);
    assert_in_range(check_rows(), 2, SWEEP_ROWS - 1);
    call_free(&call);
}

TEST_IN_PLACE(a_killed_run_goes_on) {
    struct call call = sweep_ended_by(SIGKILL);
    check_status(&call, 256 + SIGKILL);
    call_free(&call);
    /* Whatever the kill left, here is the worst: a line cut in its middle. */
    char *text = temporary_text(&here.place, "run/results.csv");
    assert_non_null(text);
    assert_true(strlen(text) > 40);
    char *padded = NULL;
    assert_true(asprintf(&padded, "%sgemm,tn,f32,17x1", text) > 0);
    temporary_write(&here.place, "run/results.csv", padded);
    free(padded);
    free(text);
    check_call(call_of(&here, sweep), 0, NULL, NULL);
    assert_int_equal(check_rows(), SWEEP_ROWS);
    check_state("finished");
}

TEST_IN_PLACE(other_settings_do_not_go_on) {
    check_call(sweep_ended_by(SIGINT), 3, NULL, NULL);
    struct call other = CALL("run", "softmax", TINY);
    check_status(&other, 2);
    check_holds(other.err, "other settings");
    call_free(&other);
}

/* Rows of two builds are not of one run. */
TEST_IN_PLACE(another_build_does_not_go_on) {
    check_call(sweep_ended_by(SIGINT), 3, NULL, NULL);
    char path[512];
    snprintf(path, sizeof path, "%s", temporary_path(&here.place, "run/environment.json"));
    char *text = file_text(path);
    assert_non_null(text);
    char *build = strstr(text, " build=");
    assert_non_null(build);
    build[strlen(" build=")] ^= 1;
    file_write_text(path, text);
    check_call(call_of(&here, sweep), 2, NULL, "other settings (build=");
    build[strlen(" build=")] ^= 1;
    file_write_text(path, text);
    free(text);
    check_goes_on(sweep);
}

/* A limit on the size of files stands for a full disk, without a mount. */
TEST_IN_PLACE(a_full_disk_keeps_whole_cases) {
    /* Within 10 ms a row takes its least, ten samples: one case fits, the results of all do not. */
    static const char *const filling[] = {
        "run",       "gemm",    "--shape",    "8x8x8,9x9x9,16x16x16,17x17x17",
        PAIR,        "--quick", "--max-time", "0.01",
        "--threads", "1",       "--gpu",      "none",
        "--out",     "run",     NULL};
    struct call call = call_start(&here, filling, &(struct call_limits){.file_bytes = 5120});
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "cannot write run/");
    check_holds(call.err, "File too large");
    size_t kept = check_rows();
    char words[64];
    snprintf(words, sizeof words, "; %zu row", kept);
    check_holds(call.err, words);
    call_free(&call);
    check_goes_on(filling);
}

TEST_IN_PLACE(a_disk_that_is_full_from_the_start) {
    struct call call = call_start(&here, sweep, &(struct call_limits){.file_bytes = 100});
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "cannot write run/environment.json");
    call_free(&call);
    check_call(CALL("run", "--case", "gemm/nn/f32/8x8x8", PAIR, TINY), 0, NULL, NULL);
    assert_int_equal(check_rows(), 2);
}

/* Too small for the plots' script, large enough for every row. */
TEST_IN_PLACE(a_disk_that_is_full_when_plots_are_drawn) {
    struct call call = call_start(
        &here, (const char *const[]){"run", "--case", "gemm/nn/f32/8x8x8", PAIR, TINY, NULL},
        &(struct call_limits){.file_bytes = 9216});
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "cannot write");
    check_holds(call.err, "2 rows are kept, and `lockstep report run` draws them again");
    call_free(&call);
    check_state("finished");
    assert_int_equal(check_rows(), 2);
}

/* Skipping is no way to pass. */
TEST_IN_PLACE(where_nothing_was_measured_nothing_passed) {
    CHECK_REFUSED(2, "nothing can be measured: no implementation that was asked for", "run", "gemm",
                  "--shape", "8x8x8", "--implementation", "cuda-naive,cublas", TINY);
    struct call skipped =
        CALL("run", "gemm", "--shape", "8x8x8", "--dtype", "bf16", "--implementation", "openblas",
             "--quick", "--threads", "1", "--gpu", "none", "--out", "other");
    check_status(&skipped, 3);
    check_holds(skipped.err,
                "3 rows were skipped, the last one because: computes f32 and tf32 only");
    call_free(&skipped);
    check_call(
        CALL("verify", "gemm", "--dtype", "bf16", "--implementation", "openblas", "--gpu", "none"),
        3, " 0 passed", " cases were skipped, for the reasons above");
}

TEST_IN_PLACE(a_finished_run_is_left_alone) {
    struct call call = CALL("run", "--case", "transfer/copy/f32/17", TINY);
    check_status(&call, 0);
    check_holds(call.out, "results in run");
    check_holds(call.out, "transfer/copy/f32, hot");
    call_free(&call);
    char *before = temporary_text(&here.place, "run/results.csv");
    check_call(CALL("run", "--case", "transfer/copy/f32/17", TINY), 2, NULL, "finished run");
    char *after = temporary_text(&here.place, "run/results.csv");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* To the last digit: with another seed nobody repeats the run. */
TEST_IN_PLACE(the_environment_has_the_seed) {
    check_call(CALL("run", "--case", "transfer/copy/f32/17", "--seed", "9007199254740993", TINY), 0,
               NULL, NULL);
    char *text = temporary_text(&here.place, "run/environment.json");
    assert_non_null(text);
    check_holds(text, "\"seed\":\t9007199254740993,");
    free(text);
}

TEST_IN_PLACE(json_is_json_and_nothing_else) {
    struct call call = CALL("run", "--case", "gemm/tn/f32/5x6x7", "--json", PAIR, TINY);
    check_status(&call, 0);
    cJSON *json = cJSON_ParseWithOpts(call.out, NULL, 1);
    assert_non_null(json);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    for (int i = 0; i < 2; i++) {
        const cJSON *row = cJSON_GetArrayItem(json, i);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(row, "shape")), "5x6x7");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(row, "verified")), "yes");
        assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(row, "flops")) == 2.0 * 5 * 6 * 7);
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(row, "transfer_s")));
    }
    cJSON_Delete(json);
    check_holds(call.err, "results in run"); /* the table goes there */
    call_free(&call);
}

/* Buffers larger than the caches, and all implementations of a network with its parts. */
TEST_IN_PLACE(a_cold_run_and_the_parts_of_a_network) {
    /* Large enough to be cold beside any cache. */
    check_call(CALL("run", "--case", "mlp/train_step/f32/170-190-110@50", "--cold", "--yardsticks",
                    "--implementation", "openblas,gemms", TINY),
               0, NULL, NULL);
    size_t rows_count, part_count;
    struct result *rows = rows_read("run/results.csv", &result_format, &rows_count);
    struct part_row *parts = rows_read("run/parts.csv", &part_format, &part_count);
    assert_int_equal(rows_count, 2);
    assert_string_equal(rows[0].key.mode, "cold");
    assert_string_equal(rows[0].verified, "yes");
    assert_string_equal(rows[1].key.implementation, "gemms");
    assert_string_equal(rows[1].verified, "");
    double share = 0.0;
    assert_int_equal(part_count, 4 + 1 + 5 + 1);
    for (size_t i = 0; i < part_count; i++) {
        assert_int_equal(parts[i].part, i + 1);
        share += parts[i].share;
    }
    assert_true(share > 0.999 && share < 1.001);
    assert_string_equal(parts[0].name, "forward gemm 1");
    assert_string_equal(parts[part_count - 1].name, "update");
    free(rows);
    free(parts);
}
