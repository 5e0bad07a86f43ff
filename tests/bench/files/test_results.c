/* The files of a run: appended case by case, and resumed after an interruption. */
#include "bench/files/results.h"
#include "bench/files/results_json.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temporary folder;

static struct result row_of(const char *shape, const char *implementation) {
    struct result row = {.key = {.operation = "gemm",
                                 .variant = "nn",
                                 .dtype = "f32",
                                 .device = "cpu",
                                 .threads = 2,
                                 .mode = "hot"},
                         .status = "measured",
                         .samples = 2,
                         .median_s = 0.5,
                         .energy_j = NAN,
                         .verified = "yes"};
    snprintf(row.key.shape, sizeof row.key.shape, "%s", shape);
    snprintf(row.key.implementation, sizeof row.key.implementation, "%s", implementation);
    return row;
}

/* A case with two rows, of two samples, one part and one kernel each. */
enum { CASE_ROWS = 2, CASE_SAMPLES = 4, CASE_PARTS = 2, CASE_COUNTERS = 2 };

static enum status case_append(struct results *results, const char *shape,
                               struct message *message) {
    struct result rows[CASE_ROWS] = {row_of(shape, "cpu-naive"), row_of(shape, "openblas")};
    struct sample_row samples[CASE_SAMPLES];
    struct part_row parts[CASE_PARTS];
    struct counters_row counters[CASE_COUNTERS];
    for (int i = 0; i < CASE_SAMPLES; i++)
        samples[i] =
            (struct sample_row){.key = rows[i / 2].key, .sample = i % 2, .seconds = 0.25 * (i + 1)};
    for (int i = 0; i < CASE_PARTS; i++)
        parts[i] = (struct part_row){
            .key = rows[i].key, .part = 1, .name = "forward gemm 1", .samples = 3, .share = 1.0};
    for (int i = 0; i < CASE_COUNTERS; i++)
        counters[i] = (struct counters_row){
            .key = rows[i].key, .kernel = "gemm_naive", .grid = "1x1x1", .launches = 1};
    const struct case_rows written = {.results = rows,
                                      .samples = samples,
                                      .parts = parts,
                                      .counters = counters,
                                      .result_count = CASE_ROWS,
                                      .sample_count = CASE_SAMPLES,
                                      .part_count = CASE_PARTS,
                                      .counters_count = CASE_COUNTERS};
    return results_append(results, &written, message);
}

static struct results *results_opened(bool resume) {
    struct results *results;
    struct message message = {""};
    if (results_open(folder.path, resume, true, &results, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    return results;
}

static void results_closed(struct results *results) {
    struct message message;
    assert_int_equal(results_close(results, &message), STATUS_OK);
}

/* The files with the cases of these shapes. */
static void results_written(const char *const *shapes, size_t count) {
    struct results *results = results_opened(false);
    struct message message;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(case_append(results, shapes[i], &message), STATUS_OK);
    results_closed(results);
}

#define FIRST "8x8x8"
#define SECOND "16x16x16"
#define THIRD "32x32x32"
static const char *const two_shapes[] = {FIRST, SECOND};

static const char *const names[] = {"results.csv", "samples.csv", "parts.csv", "counters.csv",
                                    "cases.csv"};
enum { NAMES = sizeof names / sizeof names[0] };

static char *file_of(const char *name) {
    char *text = temporary_text(&folder, name);
    assert_non_null(text);
    return text;
}

static size_t count_lines(const char *name, const char *words) {
    char *text = file_of(name);
    size_t count = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        count += strstr(line, words) != NULL;
    free(text);
    return count;
}

/* `cases` whole cases of the shape in every file. */
static void check_shape(const char *shape, size_t cases) {
    assert_int_equal(count_lines("results.csv", shape), cases * CASE_ROWS);
    assert_int_equal(count_lines("samples.csv", shape), cases * CASE_SAMPLES);
    assert_int_equal(count_lines("parts.csv", shape), cases * CASE_PARTS);
    assert_int_equal(count_lines("counters.csv", shape), cases * CASE_COUNTERS);
    assert_int_equal(count_lines("cases.csv", shape), cases);
}

/* Cuts the last `bytes` off a file. */
static void file_cut(const char *name, size_t bytes) {
    char *text = file_of(name);
    size_t size = strlen(text);
    assert_true(size > bytes);
    file_write(temporary_path(&folder, name), text, size - bytes);
    free(text);
}

static void file_remove(const char *name) {
    assert_int_equal(remove(temporary_path(&folder, name)), 0);
}

TEST_IN_TEMPORARY(headers_are_the_documented_ones, &folder) {
    results_written(NULL, 0);
    char *text = file_of("results.csv");
    assert_string_equal(
        text, "operation,variant,dtype,shape,implementation,device,threads,mode,status,samples,"
              "iterations,median_s,low_s,high_s,mean_s,min_s,noise,transfer_s,flops,bytes,gflops,"
              "gbps,limit_fraction,speedup,speedup_with_transfer,verified,error,tolerance,"
              "energy_j,reason,speedup_base,limit_doubtful\n");
    free(text);
    text = file_of("samples.csv");
    assert_string_equal(
        text, "operation,variant,dtype,shape,implementation,device,threads,mode,sample,seconds\n");
    free(text);
    text = file_of("parts.csv");
    assert_string_equal(text, "operation,variant,dtype,shape,implementation,device,threads,mode,"
                              "part,name,samples,median_s,low_s,high_s,share\n");
    free(text);
}

/* A case is on the disk as soon as it is appended: the results are still open here. */
TEST_IN_TEMPORARY(rows_are_on_the_disk_at_once, &folder) {
    struct results *results = results_opened(false);
    struct message message;
    assert_int_equal(case_append(results, FIRST, &message), STATUS_OK);
    check_shape(FIRST, 1);
    size_t count;
    const struct result *rows = results_rows(results, &count);
    assert_int_equal(count, CASE_ROWS);
    assert_string_equal(rows[1].key.implementation, "openblas");
    results_closed(results);
}

TEST_IN_TEMPORARY(files_that_are_there_are_not_overwritten, &folder) {
    for (int i = 0; i < NAMES; i++) {
        temporary_write(&folder, names[i], "somebody's\n");
        struct results *results;
        struct message message;
        assert_int_equal(results_open(folder.path, false, true, &results, &message), STATUS_IO);
        assert_null(results);
        assert_non_null(strstr(message.text, names[i]));
        char *text = file_of(names[i]);
        assert_string_equal(text, "somebody's\n");
        free(text);
        for (int j = 0; j < NAMES; j++)
            (void)remove(temporary_path(&folder, names[j]));
    }
}

TEST_IN_TEMPORARY(a_run_goes_on_behind_what_is_there, &folder) {
    results_written(two_shapes, 2);
    struct results *results = results_opened(true);
    size_t count;
    const struct result *rows = results_rows(results, &count);
    assert_int_equal(count, 2 * CASE_ROWS);
    const struct result expected = row_of(SECOND, "cpu-naive");
    assert_true(row_key_equal(&rows[2].key, &expected.key));
    assert_true(rows[2].median_s == 0.5 && isnan(rows[2].energy_j));
    struct message message;
    assert_int_equal(case_append(results, THIRD, &message), STATUS_OK);
    results_closed(results);
    check_shape(FIRST, 1);
    check_shape(SECOND, 1);
    check_shape(THIRD, 1);
    assert_int_equal(count_lines("results.csv", "operation,"), 1);
}

/* A run of a version that named no base of its speedups keeps its rows, under today's header. */
TEST_IN_TEMPORARY(a_run_of_an_earlier_version_goes_on, &folder) {
    results_written(two_shapes, 2);
    for (size_t i = 0; i < result_format.later_columns; i++)
        file_drop_last_column(temporary_path(&folder, "results.csv"));
    assert_int_equal(count_lines("results.csv", "speedup_base"), 0);
    struct results *results = results_opened(true);
    size_t count;
    const struct result *rows = results_rows(results, &count);
    assert_int_equal(count, 2 * CASE_ROWS);
    assert_string_equal(rows[0].speedup_base, "");
    struct message message;
    assert_int_equal(case_append(results, THIRD, &message), STATUS_OK);
    results_closed(results);
    check_shape(FIRST, 1);
    check_shape(THIRD, 1);
    assert_int_equal(count_lines("results.csv", ",speedup_base"), 1);
}

/* However much of the last row is gone, the last case goes, and no other. */
TEST_IN_TEMPORARY(a_cut_line_drops_the_last_case_alone, &folder) {
    static const size_t cuts[] = {1, 2, 30};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        results_written(two_shapes, 2);
        file_cut("results.csv", cuts[i]);
        struct results *results = results_opened(true);
        size_t count;
        (void)results_rows(results, &count);
        assert_int_equal(count, CASE_ROWS);
        check_shape(FIRST, 1);
        check_shape(SECOND, 0);
        struct message message;
        assert_int_equal(case_append(results, SECOND, &message), STATUS_OK);
        results_closed(results);
        check_shape(FIRST, 1);
        check_shape(SECOND, 1);
        for (int j = 0; j < NAMES; j++)
            file_remove(names[j]);
    }
}

/* Cuts off what stands from the first row of the second case on. */
static void second_cut(const char *name) {
    char *text = file_of(name);
    char *second = strstr(text, "gemm,nn,f32," SECOND);
    assert_non_null(second);
    *second = '\0';
    temporary_write(&folder, name, text);
    free(text);
}

/* Killed between the files: the samples of a case are there, its results are not. */
TEST_IN_TEMPORARY(samples_without_results_are_dropped, &folder) {
    results_written(two_shapes, 2);
    second_cut("results.csv");
    second_cut("cases.csv");
    file_cut("samples.csv", 3);
    struct results *results = results_opened(true);
    assert_int_equal(results_lost(results), 0);
    struct message message;
    assert_int_equal(case_append(results, SECOND, &message), STATUS_OK);
    results_closed(results);
    check_shape(FIRST, 1);
    check_shape(SECOND, 1);
}

/* --- damage --- */

/* The files as two whole cases leave them. */
static char *sound[NAMES];

static void sound_write(void) {
    for (int i = 0; i < NAMES; i++)
        temporary_write(&folder, names[i], sound[i]);
}

static bool has_rows_of(const struct results *results, const char *shape) {
    size_t count;
    const struct result *rows = results_rows(results, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].key.shape, shape) == 0)
            return true;
    return false;
}

/* Resumes a folder of which the cases that are named were damaged: those are asked for again, and
 * with them all files are as they were. */
static void check_repaired(const char *what, bool first_lost, bool second_lost, size_t lost) {
    struct results *results = results_opened(true);
    struct message message;
    if (has_rows_of(results, FIRST) == first_lost || has_rows_of(results, SECOND) == second_lost ||
        results_lost(results) != lost)
        fail_msg("%s: %zu cases are lost, %s first, %s second", what, results_lost(results),
                 has_rows_of(results, FIRST) ? "not the" : "the",
                 has_rows_of(results, SECOND) ? "not the" : "the");
    for (int i = 0; i < 2; i++)
        if (!has_rows_of(results, two_shapes[i]))
            assert_int_equal(case_append(results, two_shapes[i], &message), STATUS_OK);
    results_closed(results);
    const bool turned = first_lost && !second_lost; /* the second case stands first */
    check_shape(FIRST, 1);
    check_shape(SECOND, 1);
    for (int i = 0; i < NAMES; i++) {
        char *after = file_of(names[i]);
        if (turned ? strlen(after) != strlen(sound[i]) : strcmp(after, sound[i]) != 0)
            fail_msg("%s: %s is '%s'", what, names[i], after);
        free(after);
    }
}

static void sound_begin(void) {
    results_written(two_shapes, 2);
    for (int i = 0; i < NAMES; i++)
        sound[i] = file_of(names[i]);
}

static void sound_end(void) {
    for (int i = 0; i < NAMES; i++)
        free(sound[i]);
}

/* Puts `to` for the first `from` behind the first line of the second case. */
static void second_edit(int file, const char *from, const char *to) {
    char *text = sound[file], *edited = NULL;
    char *at = strstr(strstr(text, SECOND), from);
    assert_non_null(at);
    assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    sound_write();
    temporary_write(&folder, names[file], edited);
    free(edited);
}

/* Whatever is changed in a row, its case is measured again, and no other. */
TEST_IN_TEMPORARY(a_row_that_was_changed, &folder) {
    static const struct {
        int file;
        const char *from, *to;
    } edits[] = {
        {0, ",yes,", ",no,"},
        {0, ",yes,", ",,"},
        {0, ",cpu,", ",gpu0,"},
        {0, "openblas", "\xff"},
        {0, ",0.5,", ",0.25,"},
        {0, SECOND, THIRD},
        {0, "measured", "failed"},
        {0, "\n", ""},
        {0, ",hot,", ",\"hot,"},
        {1, ",0.25\n", ",0.5\n"},
        {1, ",0.25\n", ";0.25\n"},
        {1, "gemm", "gem\x01"},
        {2, "forward", "back"},
        {2, ",3,", ",three,"},
        {3, "gemm_naive", "gemm_tiled"},
        {3, ",1,", ",2,"},
        {4, ",2,", ",3,"},
        {4, ",4,", ",-4,"},
    };
    sound_begin();
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        second_edit(edits[i].file, edits[i].from, edits[i].to);
        check_repaired(edits[i].to, false, true, 1);
    }
    second_edit(4, SECOND, THIRD); /* cases.csv alone names a case that never was */
    check_repaired("a strange case", false, true, 1);
    sound_end();
}

/* A line again, a line less, or one of another case: in any file but cases.csv, of the first
 * case. */
TEST_IN_TEMPORARY(lines_that_come_twice_or_not_at_all, &folder) {
    sound_begin();
    for (int i = 0; i + 1 < NAMES; i++) {
        char *line = strchr(sound[i], '\n') + 1, *next = strchr(line, '\n') + 1, *edited = NULL;
        char *path = strdup(temporary_path(&folder, names[i]));
        assert_true(asprintf(&edited, "%.*s%s", (int)(next - sound[i]), sound[i], line) > 0);
        sound_write();
        file_write_text(path, edited);
        check_repaired("a line comes twice", true, false, 1);
        free(edited);
        assert_true(asprintf(&edited, "%.*s%s", (int)(line - sound[i]), sound[i], next) > 0);
        sound_write();
        file_write_text(path, edited);
        check_repaired("a line is missing", true, false, 1);
        free(edited);
        char *again = strrchr(sound[i], 'g'); /* the last line, behind all others */
        while (again[-1] != '\n')
            again--;
        assert_true(asprintf(&edited, "%s%s", sound[i], again) > 0);
        sound_write();
        file_write_text(path, edited);
        check_repaired("the last line comes twice", false, false, 0);
        free(edited);
        free(path);
    }
    sound_end();
}

/* The files after a crash of the machine: gone, empty, half, or full of zeros. */
TEST_IN_TEMPORARY(whole_files_that_are_damaged, &folder) {
    sound_begin();
    for (int i = 0; i < NAMES; i++) {
        const size_t size = strlen(sound[i]), header = (size_t)(strchr(sound[i], '\n') - sound[i]);
        const size_t lost = i + 1 < NAMES ? 2 : 0; /* what cases.csv does not name is not missed */
        sound_write();
        file_remove(names[i]);
        check_repaired("no file", true, true, lost);
        for (size_t left = 0; left <= header; left += header / 2) {
            sound_write();
            file_write(temporary_path(&folder, names[i]), sound[i], left);
            check_repaired("an empty file", true, true, lost);
        }
        sound_write();
        file_write(temporary_path(&folder, names[i]), sound[i], size - 1);
        check_repaired("a cut line", false, true, lost / 2);
        char *zeros = calloc(1, size);
        file_write(temporary_path(&folder, names[i]), zeros, size);
        check_repaired("zeros", true, true, lost);
        free(zeros);
    }
    sound_end();
}

/* What is no file of ours is not replaced. */
TEST_IN_TEMPORARY(a_folder_in_the_place_of_a_file, &folder) {
    results_written(two_shapes, 1);
    file_remove("samples.csv");
    assert_int_equal(mkdir(temporary_path(&folder, "samples.csv"), 0777), 0);
    struct results *results;
    struct message message;
    assert_int_equal(results_open(folder.path, true, true, &results, &message), STATUS_INVALID);
    assert_null(results);
    assert_non_null(strstr(message.text, "samples.csv: it is a folder"));
    assert_int_equal(count_lines("results.csv", FIRST), CASE_ROWS);
}

/* --- a full disk --- */

/* Lets no file grow beyond `bytes`, and a write that would fails with EFBIG: as a full disk does.
 */
static void files_limit(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_true(signal(SIGXFSZ, bytes == RLIM_INFINITY ? SIG_DFL : SIG_IGN) != SIG_ERR);
}

/* Wherever within the second case the disk is full, the first stays whole and alone, and the run
 * can go on. */
TEST_IN_TEMPORARY(a_full_disk_keeps_whole_cases, &folder) {
    results_written(two_shapes, 1);
    char *before[NAMES];
    for (int i = 0; i < NAMES; i++)
        before[i] = file_of(names[i]);
    const size_t whole = strlen(before[0]);
    for (size_t more = 0; more < 150; more += 29) {
        struct results *results = results_opened(true);
        struct message message;
        files_limit(whole + more);
        enum status status = case_append(results, SECOND, &message);
        files_limit(RLIM_INFINITY);
        assert_int_equal(status, STATUS_IO);
        assert_non_null(strstr(message.text, ".csv: File too large"));
        size_t count;
        (void)results_rows(results, &count);
        assert_int_equal(count, CASE_ROWS);
        results_closed(results);
        for (int i = 0; i < NAMES; i++) {
            char *after = file_of(names[i]);
            assert_string_equal(after, before[i]);
            free(after);
        }
    }
    for (int i = 0; i < NAMES; i++)
        free(before[i]);
    struct results *results = results_opened(true);
    struct message message;
    assert_int_equal(case_append(results, SECOND, &message), STATUS_OK);
    results_closed(results);
    check_shape(SECOND, 1);
}

/* A run that could not even begin can be repeated when there is room. */
TEST_IN_TEMPORARY(a_disk_without_room_for_the_headers, &folder) {
    struct results *results;
    struct message message;
    files_limit(5);
    enum status status = results_open(folder.path, false, true, &results, &message);
    files_limit(RLIM_INFINITY);
    assert_int_equal(status, STATUS_IO);
    assert_null(results);
    assert_non_null(strstr(message.text, "samples.csv"));
    assert_false(temporary_has(&folder, "samples.csv.lockstep-part"));
    results_written(two_shapes, 1);
    check_shape(FIRST, 1);
}

/* --- keys and JSON --- */

TEST(keys_differ_in_every_field) {
    const struct row_key key = row_of(FIRST, "openblas").key;
    struct row_key other[9];
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        other[i] = key;
    other[0].operation[0] = other[1].variant[0] = other[2].dtype[0] = other[3].shape[0] = 'X';
    other[4].implementation[0] = other[5].device[0] = other[6].mode[0] = 'X';
    other[7].threads = 1;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        assert_int_equal(row_key_same_case(&key, &other[i]), i >= 4);
        assert_int_equal(row_key_equal(&key, &other[i]), i == 8);
    }
}

TEST(json_has_the_names_of_the_columns) {
    struct result rows[2] = {row_of(FIRST, "openblas"), row_of(SECOND, "cpu-naive")};
    snprintf(rows[1].reason, sizeof rows[1].reason, "a \"quoted\"\nreason, \\ and all");
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    assert_non_null(memory);
    struct message message;
    assert_int_equal(results_print_json(rows, 2, memory, &message), STATUS_OK);
    assert_int_equal(fclose(memory), 0);
    cJSON *json = cJSON_ParseWithLength(text, size);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    for (int i = 0; i < 2; i++)
        for (size_t c = 0; c < result_format.column_count; c++)
            assert_true(
                cJSON_HasObjectItem(cJSON_GetArrayItem(json, i), result_format.columns[c].name));
    const cJSON *last = cJSON_GetArrayItem(json, 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(last, "reason")), rows[1].reason);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(last, "median_s")) == 0.5);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(last, "threads")) == 2.0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(last, "energy_j")));
    cJSON_Delete(json);
    free(text);
}
