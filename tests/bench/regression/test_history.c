/* The history: recorded once, kept apart by machine, shared by writers, and never written to when
 * it is damaged, another program's or a newer version's.
 */
#include "bench/regression/history.h"
#include "bench/regression/history_plot.h"
#include "bench/regression/history_print.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    struct temporary folder;
    char path[600];
};

static int place_make(void **state) {
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    temporary_open(&place->folder);
    snprintf(place->path, sizeof place->path, "%s",
             temporary_path(&place->folder, "new/history.sqlite"));
    assert_int_equal(mkdir(temporary_path(&place->folder, "new"), 0777), 0);
    *state = place;
    return 0;
}

static int place_remove(void **state) {
    struct place *place = *state;
    temporary_close(&place->folder);
    free(place);
    return 0;
}

#define TEST_ON_HISTORY(test) TEST_BETWEEN(test, place_make, place_remove)

/* --- runs that never ran ---------------------------------------------------------------------- */

static struct result row_of(const char *implementation, double seconds) {
    struct result row = {.key = {.operation = "gemm",
                                 .variant = "nn",
                                 .dtype = "f32",
                                 .shape = "64x64x64",
                                 .device = "cpu",
                                 .threads = 2,
                                 .mode = "hot"},
                         .status = "measured",
                         .samples = 10,
                         .median_s = seconds,
                         .low_s = 0.99 * seconds,
                         .high_s = 1.01 * seconds,
                         .energy_j = NAN};
    snprintf(row.key.implementation, sizeof row.key.implementation, "%s", implementation);
    return row;
}

/* Two rows of commit c<number>, taken at that hour. */
struct made {
    int number, processors;
    double seconds;
    const char *id, *name; /* of the machine, or NULL */
};

static enum status made_record(const char *path, const struct made *made, bool *fresh,
                               struct message *message) {
    char text[400], id[80] = "";
    if (made->id)
        snprintf(id, sizeof id, "\"machine_id\":\"%s\",", made->id);
    snprintf(text, sizeof text,
             "{\"state\":\"finished\",\"written\":\"2026-01-%02dT%02d:00:00Z\",%s"
             "\"cpu\":{\"model\":\"X\",\"processors\":%d,\"load\":%d},"
             "\"build\":{\"commit\":\"c%d\"}}",
             1 + made->number / 24, made->number % 24, id, made->processors, made->number,
             made->number);
    struct result rows[] = {row_of("openblas", made->seconds),
                            row_of("cpu-naive", 3.0 * made->seconds)};
    struct run_files run = {
        .folder = "made up", .results = rows, .result_count = 2, .environment = cJSON_Parse(text)};
    struct history *history = NULL;
    assert_non_null(run.environment);
    enum status status = history_open(path, true, &history, message);
    if (status == STATUS_OK)
        status = history_record(history, &run, made->name, fresh, message);
    history_close(history);
    cJSON_Delete(run.environment);
    return status;
}

/* On a machine of so many processors that has neither id nor name. */
static enum status record(const char *path, int number, int processors, double seconds, bool *fresh,
                          struct message *message) {
    const struct made made = {number, processors, seconds, NULL, NULL};
    return made_record(path, &made, fresh, message);
}

static void record_well(const char *path, int number, int processors, double seconds) {
    bool fresh = false;
    struct message message = {""};
    if (record(path, number, processors, seconds, &fresh, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_true(fresh);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void run_count(const struct history_run *run, void *context) {
    assert_int_equal(run->rows, 2);
    ++*(size_t *)context;
}

static size_t runs_of(const char *path) {
    struct history *history = NULL;
    struct message message = {""};
    size_t count = 0;
    assert_int_equal(history_open(path, false, &history, &message), STATUS_OK);
    assert_int_equal(history_each_run(history, run_count, &count, &message), STATUS_OK);
    history_close(history);
    return count;
}

/* What `show` prints, to be freed. */
static char *shown(const char *path, const char *pattern, const char *machine) {
    struct history *history = NULL;
    struct message message = {""};
    char *text = NULL;
    size_t size = 0;
    struct history_view view = {.file = open_memstream(&text, &size), .machine = machine};
    assert_non_null(view.file);
    assert_int_equal(history_open(path, false, &history, &message), STATUS_OK);
    assert_int_equal(history_each_series(history, pattern, history_print_series, &view, &message),
                     STATUS_OK);
    assert_int_equal(fclose(view.file), 0);
    history_close(history);
    return text;
}

static void check_holds(const char *text, const char *words) {
    if (!strstr(text, words))
        fail_msg("\"%s\" should hold \"%s\"", text, words);
}

TEST_ON_HISTORY(a_run_is_recorded_once) {
    const struct place *place = *state;
    bool fresh = true;
    struct message message = {""};
    record_well(place->path, 1, 2, 1e-3);
    assert_int_equal(record(place->path, 1, 2, 1e-3, &fresh, &message), STATUS_OK);
    assert_false(fresh);
    assert_int_equal(runs_of(place->path), 1);
    record_well(place->path, 1, 2, 2e-3); /* the same commit and time, other rows */
    assert_int_equal(runs_of(place->path), 2);
}

/* One that was interrupted and went on wrote its rows in another order, and another version more
 * columns. */
TEST_ON_HISTORY(the_order_of_rows_makes_no_run) {
    const struct place *place = *state;
    struct result rows[] = {row_of("openblas", 1e-3), row_of("cpu-naive", 3e-3)};
    struct result turned[] = {rows[1], rows[0]}, named[] = {rows[0], rows[1]},
                  other[] = {rows[1], row_of("openblas", 2e-3)};
    struct run_files run = {.folder = "made up",
                            .result_count = 2,
                            .environment = cJSON_Parse("{\"written\":\"2026-01-01T00:00:00Z\","
                                                       "\"build\":{\"commit\":\"c\"}}")};
    row_key_base(&rows[0].key, named[1].speedup_base); /* as a later version writes it */
    struct result *const orders[] = {rows, turned, named, other};
    struct history *history = NULL;
    struct message message = {""};
    assert_int_equal(history_open(place->path, true, &history, &message), STATUS_OK);
    for (size_t i = 0; i < 4; i++) {
        bool first = i == 0 || i == 3, fresh = !first;
        run.results = orders[i];
        assert_int_equal(history_record(history, &run, NULL, &fresh, &message), STATUS_OK);
        assert_int_equal(fresh, first);
    }
    history_close(history);
    cJSON_Delete(run.environment);
    assert_int_equal(runs_of(place->path), 2);
}

/* A run's folder may come from anybody, and gnuplot's language has a command for the shell. */
TEST_ON_HISTORY(no_commit_is_a_command_of_gnuplot) {
    struct place *place = *state;
    struct history *history = NULL;
    struct message message = {""};
    bool fresh;
    size_t panels;
    struct result rows[] = {row_of("openblas", 1e-3)};
    snprintf(rows[0].key.operation, sizeof rows[0].key.operation, "o'\n!true\n'");
    assert_int_equal(history_open(place->path, true, &history, &message), STATUS_OK);
    for (int i = 0; i < 24; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"written\":\"2026-01-01T%02d:00:00Z\","
                 "\"build\":{\"commit\":\"c'\\nsystem('true')\\n#`true`\"}}",
                 i);
        rows[0].median_s = i < 12 ? 1e-3 : 2e-3;
        struct run_files run = {.folder = "made up",
                                .results = rows,
                                .result_count = 1,
                                .environment = cJSON_Parse(text)};
        assert_int_equal(history_record(history, &run, NULL, &fresh, &message), STATUS_OK);
        cJSON_Delete(run.environment);
    }
    enum status status = history_plot(history, "*", NULL, place->folder.path, &panels, &message);
    history_close(history);
    if (status != STATUS_OK && status != STATUS_UNSUPPORTED) /* there is no gnuplot */
        fail_msg("%s", message.text);
    assert_int_equal(panels, 1);
    char *script = temporary_text(&place->folder, "history.gp");
    assert_non_null(script);
    check_holds(script, "set label 'c");
    assert_null(strstr(script, "\nsystem"));
    assert_null(strstr(script, "\n!"));
    assert_null(strstr(script, "`true`"));
    free(script);
}

TEST_ON_HISTORY(a_step_names_its_commit) {
    const struct place *place = *state;
    for (int i = 0; i < 24; i++)
        record_well(place->path, i, 2, (i < 12 ? 1e-3 : 1.2e-3) * (1.0 + 0.001 * (i * 7 % 24)));
    char *text = shown(place->path, "gemm/nn/f32/64x64x64", NULL);
    check_holds(text, "since c0 ");
    check_holds(text, "since c12 ");
    check_holds(text, "12 runs; slower by +2");
    check_holds(text, "the last 10 of 24 runs");
    free(text);
    text = shown(place->path, "gemm/*", NULL);
    check_holds(text, "cpu-naive");
    free(text);
}

TEST_ON_HISTORY(machines_are_kept_apart) {
    const struct place *place = *state;
    for (int i = 0; i < 24; i++)
        record_well(place->path, i, i < 12 ? 2 : 64, i < 12 ? 1e-3 : 1e-4);
    char *text = shown(place->path, "*", NULL);
    assert_null(strstr(text, "faster by"));
    const char *first = strstr(text, "machine "), *second = strstr(first + 1, "machine ");
    assert_non_null(second);
    assert_null(strstr(second + 1, "machine "));
    char fingerprint[9];
    snprintf(fingerprint, sizeof fingerprint, "%.8s", second + strlen("machine "));
    free(text);
    text = shown(place->path, "*", fingerprint);
    check_holds(text, "processors 64");
    assert_null(strstr(text, "processors 2;"));
    free(text);
}

static size_t count_of(const char *text, const char *words) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
        count++;
    return count;
}

/* How many machines `show` knows, and how many rows of theirs, after these runs were recorded. */
static void check_machines(const char *path, const struct made *made, size_t count, size_t machines,
                           size_t series) {
    for (size_t i = 0; i < count; i++) {
        bool fresh = false;
        struct message message = {""};
        assert_int_equal(made_record(path, &made[i], &fresh, &message), STATUS_OK);
        assert_true(fresh);
    }
    char *text = shown(path, "*", NULL);
    assert_int_equal(count_of(text, "machine "), machines);
    assert_int_equal(count_of(text, "gemm/nn/f32/64x64x64"), series);
    free(text);
}

/* Two boards of one kind; then one of them without its id, as a container is. */
TEST_ON_HISTORY(machines_alike_have_ids) {
    const struct place *place = *state;
    const struct made made[] = {{1, 2, 1e-3, "00000000000000aa", NULL},
                                {2, 2, 1e-3, "00000000000000bb", NULL},
                                {3, 2, 1e-3, "00000000000000aa", NULL},
                                {4, 2, 1e-3, NULL, NULL}};
    check_machines(place->path, made, 3, 2, 4);
    check_machines(place->path, made + 3, 1, 3, 6);
}

/* A fleet: new machines each day, alike but for their ids, and one that is not like the others. */
TEST_ON_HISTORY(a_name_unites_machines_alike) {
    const struct place *place = *state;
    const struct made made[] = {{1, 2, 1e-3, "00000000000000aa", "small"},
                                {2, 2, 1e-3, "00000000000000bb", "small"},
                                {3, 64, 1e-3, "00000000000000cc", "small"},
                                {4, 2, 1e-3, "00000000000000aa", "smaller"}};
    check_machines(place->path, made, 4, 3, 6);
    char *text = shown(place->path, "*", "small");
    check_holds(text, "; named small\n");
    check_holds(text, "since c1 "); /* c1 and c2 are of one machine */
    assert_null(strstr(text, "since c2 "));
    check_holds(text, "since c3 ");
    assert_null(strstr(text, "smaller"));
    free(text);
}

TEST_ON_HISTORY(a_case_that_is_not_there) {
    const struct place *place = *state;
    struct history *history = NULL;
    struct message message = {""};
    struct history_view view = {.file = stdout};
    record_well(place->path, 1, 2, 1e-3);
    assert_int_equal(history_open(place->path, false, &history, &message), STATUS_OK);
    assert_int_equal(
        history_each_series(history, "gemm/tn/*", history_print_series, &view, &message),
        STATUS_INVALID);
    check_holds(message.text, "no measured row");
    history_close(history);
}

/* --- several writers -------------------------------------------------------------------------- */

enum { WRITERS = 3, RUNS_EACH = 12 };

/* From a file that is not there yet: all of them want to make it. */
TEST_ON_HISTORY(writers_at_once) {
    const struct place *place = *state;
    pid_t writers[WRITERS];
    for (int w = 0; w < WRITERS; w++) {
        writers[w] = fork();
        assert_true(writers[w] >= 0);
        if (writers[w] != 0)
            continue;
        int failed = 0;
        for (int i = 0; i < RUNS_EACH; i++) {
            bool fresh = false;
            struct message message = {""};
            enum status status = record(place->path, RUNS_EACH * w + i, 2, 1e-3, &fresh, &message);
            if (status != STATUS_OK)
                fprintf(stderr, "%s\n", message.text);
            failed |= status != STATUS_OK || !fresh;
        }
        _exit(failed);
    }
    for (int w = 0; w < WRITERS; w++) {
        int status = 0;
        assert_int_equal(waitpid(writers[w], &status, 0), writers[w]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(runs_of(place->path), WRITERS * RUNS_EACH);
}

/* --- files that are refused ------------------------------------------------------------------- */

struct bytes {
    unsigned char *data;
    size_t size;
};

static struct bytes bytes_of(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct bytes bytes = {malloc(1 << 20), 0};
    assert_non_null(bytes.data);
    bytes.size = fread(bytes.data, 1, 1 << 20, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

/* Neither recording nor reading changes a byte. */
static void check_refused(const char *path, const char *words) {
    struct bytes before = bytes_of(path);
    bool fresh = false;
    struct message message = {""};
    assert_int_equal(record(path, 90, 2, 1e-3, &fresh, &message), STATUS_INVALID);
    check_holds(message.text, words);
    check_holds(message.text, path);
    struct bytes after = bytes_of(path);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.data, before.data, before.size);
    free(before.data);
    free(after.data);
}

/* Also where nothing is to be added. */
static void check_unreadable(const char *path, const char *words) {
    struct history *history = NULL;
    struct message message = {""};
    assert_int_equal(history_open(path, false, &history, &message), STATUS_INVALID);
    assert_null(history);
    check_holds(message.text, words);
}

static void sql_run(const char *path, const char *sql) {
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

TEST_ON_HISTORY(a_newer_version_is_refused) {
    const struct place *place = *state;
    record_well(place->path, 1, 2, 1e-3);
    sql_run(place->path, "PRAGMA user_version=2");
    check_refused(place->path, "schema version 2, and this lockstep knows version 1");
}

TEST_ON_HISTORY(another_database_is_refused) {
    struct place *place = *state;
    const char *path = temporary_path(&place->folder, "other.sqlite");
    sql_run(path, "CREATE TABLE letters(text)");
    check_refused(path, "no history of lockstep");
}

TEST_ON_HISTORY(what_is_no_database_is_refused) {
    struct place *place = *state;
    const char *path = temporary_path(&place->folder, "notes.txt");
    file_write_text(path, "Dear diary, today I timed a matrix product. It took its time.\n");
    check_refused(path, "not a database");
}

TEST_ON_HISTORY(what_is_no_file_is_refused) {
    struct place *place = *state;
    const char *fifo = temporary_path(&place->folder, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    check_unreadable(fifo, "it is a FIFO; name a regular file");
    check_unreadable("/dev/zero", "it is a device");
    check_unreadable(place->folder.path, "it is a folder");
}

static const size_t page_bytes = 4096; /* bytes, of SQLite's files */

/* A tree page full of noise, and a file that ends early. */
TEST_ON_HISTORY(a_damaged_history_is_refused) {
    const struct place *place = *state;
    for (int i = 0; i < 20; i++)
        record_well(place->path, i, 2, 1e-3);
    sql_run(place->path, "PRAGMA wal_checkpoint(TRUNCATE)");
    struct bytes whole = bytes_of(place->path);
    assert_true(whole.size > 8 * page_bytes);
    file_write(place->path, whole.data, whole.size - 3 * page_bytes);
    check_refused(place->path, "left as it is");
    for (size_t i = 0; i < page_bytes; i++)
        whole.data[4 * page_bytes + i] ^= (unsigned char)(i * 37 + 11);
    file_write(place->path, whole.data, whole.size);
    check_refused(place->path, "left as it is");
    free(whole.data);
}

/* The pages are whole, and what they say is not. */
TEST_ON_HISTORY(a_history_without_its_runs_is_refused) {
    const struct place *place = *state;
    record_well(place->path, 1, 2, 1e-3);
    sql_run(place->path, "DELETE FROM run");
    check_refused(place->path, "a row of value refers to a row of run that is not there");
}

TEST_ON_HISTORY(other_columns_and_times_are_refused) {
    const struct place *place = *state;
    static const char *const changes[][2] = {
        {"ALTER TABLE value ADD COLUMN rhyme TEXT", "the columns of its table value"},
        {"ALTER TABLE run RENAME COLUMN written TO at", "the columns of its table run"},
        {"ALTER TABLE machine RENAME TO device", "the columns of its table machine"},
        {"DROP TABLE value", "the columns of its table value are not those of this version: none"},
        {"UPDATE run SET written = 'yesterday'", "a run was written 'yesterday'"},
        {"UPDATE run SET written = '2026-02-30T00:00:00Z'", "a run was written '2026-02-30"},
        {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET"
         " sql = replace(sql, 'written TEXT NOT NULL', 'written TEXT');"
         " PRAGMA writable_schema = RESET; UPDATE run SET written = NULL",
         "a run was written ''"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        record_well(place->path, 1, 2, 1e-3);
        sql_run(place->path, changes[i][0]);
        check_refused(place->path, changes[i][1]);
        check_unreadable(place->path, changes[i][1]);
        assert_int_equal(remove(place->path), 0);
    }
}

TEST_ON_HISTORY(a_time_that_is_none_is_named) {
    const struct place *place = *state;
    static const char *const values[][2] = {
        {"median_s", "'abc'"}, {"low_s", "-1"}, {"high_s", "0"}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char sql[100];
        struct history *history = NULL;
        struct message message = {""};
        struct history_view view = {.file = stdout};
        record_well(place->path, 1, 2, 1e-3);
        snprintf(sql, sizeof sql, "UPDATE value SET %s = %s", values[i][0], values[i][1]);
        sql_run(place->path, sql);
        assert_int_equal(history_open(place->path, false, &history, &message), STATUS_OK);
        assert_int_equal(history_each_series(history, "*", history_print_series, &view, &message),
                         STATUS_INVALID);
        check_holds(message.text, values[i][0]);
        check_holds(message.text, "not a time above 0");
        history_close(history);
        assert_int_equal(remove(place->path), 0);
    }
}

/* Runs are put in order by it. */
TEST_ON_HISTORY(when_a_run_was_written_is_a_time) {
    const struct place *place = *state;
    static const char *const times[] = {
        "yesterday",           "2026-01-31",         "2026-02-30T00:00:00Z",
        "2026-01-01T00:00:00", "2026-1-1T00:00:00Z", "2026-01-01T00:00:00Z, about"};
    struct result rows[] = {row_of("openblas", 1e-3)};
    struct history *history = NULL;
    struct message message = {""};
    bool fresh = false;
    assert_int_equal(history_open(place->path, true, &history, &message), STATUS_OK);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"written\":\"%s\",\"build\":{\"commit\":\"c\"}}", times[i]);
        struct run_files run = {.folder = "made up",
                                .results = rows,
                                .result_count = 1,
                                .environment = cJSON_Parse(text)};
        assert_int_equal(history_record(history, &run, NULL, &fresh, &message), STATUS_INVALID);
        check_holds(message.text, times[i]);
        check_holds(message.text, "not a time like");
        cJSON_Delete(run.environment);
    }
    history_close(history);
    assert_int_equal(runs_of(place->path), 0);
}

/* A user who may read the file and write nothing, neither it nor beside it. */
TEST_ON_HISTORY(a_history_that_may_only_be_read) {
    struct place *place = *state;
    char folder[600];
    record_well(place->path, 1, 2, 1e-3);
    snprintf(folder, sizeof folder, "%s", temporary_path(&place->folder, "new"));
    assert_int_equal(chmod(place->folder.path, 0755), 0);
    assert_int_equal(chmod(place->path, 0444), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        enum { NOBODY = 65534 };
        if (geteuid() == 0 && seteuid(NOBODY) != 0)
            _exit(2);
        struct history *history = NULL;
        struct message message = {""};
        size_t count = 0;
        enum status status = history_open(place->path, false, &history, &message);
        if (status == STATUS_OK)
            status = history_each_run(history, run_count, &count, &message);
        if (status != STATUS_OK)
            fprintf(stderr, "%s\n", message.text);
        history_close(history);
        _exit(status != STATUS_OK || count != 1);
    }
    int ended = 0;
    assert_int_equal(waitpid(reader, &ended, 0), reader);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
}

TEST_ON_HISTORY(reading_makes_no_file) {
    const struct place *place = *state;
    struct history *history = NULL;
    struct message message = {""};
    assert_int_equal(history_open(place->path, false, &history, &message), STATUS_INVALID);
    check_holds(message.text, "there is no history");
    assert_int_not_equal(access(place->path, F_OK), 0);
}

/* A slip in its name would begin a history that nobody finds again. */
TEST_ON_HISTORY(the_folder_of_a_history_must_be_there) {
    struct place *place = *state;
    char path[600];
    struct history *history = NULL;
    struct message message = {""};
    snprintf(path, sizeof path, "%s", temporary_path(&place->folder, "tpyo/history.sqlite"));
    assert_int_equal(history_open(path, true, &history, &message), STATUS_INVALID);
    assert_null(history);
    check_holds(message.text, "/tpyo: No such file or directory; make its folder, or name another");
    assert_false(temporary_has(&place->folder, "tpyo"));
}

TEST_ON_HISTORY(unfinished_runs_are_not_recorded) {
    const struct place *place = *state;
    struct result rows[] = {row_of("openblas", 1e-3)};
    struct run_files run = {.folder = "made up",
                            .results = rows,
                            .result_count = 1,
                            .unfinished = true,
                            .environment = cJSON_Parse("{\"written\":\"2026-01-01T00:00:00Z\","
                                                       "\"build\":{\"commit\":\"c\"}}")};
    struct history *history = NULL;
    struct message message = {""};
    bool fresh = false;
    assert_int_equal(history_open(place->path, true, &history, &message), STATUS_OK);
    assert_int_equal(history_record(history, &run, NULL, &fresh, &message), STATUS_INVALID);
    check_holds(message.text, "unfinished");
    history_close(history);
    cJSON_Delete(run.environment);
    assert_int_equal(runs_of(place->path), 0);
}
