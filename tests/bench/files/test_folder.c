/* A run's folder: new, resumed, or refused. */
#include "bench/files/folder.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temporary place;
static char home[4096];

/* Each test runs in a folder of its own, since new runs lie below the working directory. */
static int place_enter(void **state) {
    (void)state;
    temporary_open(&place);
    assert_non_null(getcwd(home, sizeof home));
    assert_int_equal(chdir(place.path), 0);
    return 0;
}

static int place_leave(void **state) {
    (void)state;
    assert_int_equal(chdir(home), 0);
    temporary_close(&place);
    return 0;
}

#define TEST_IN_PLACE(test) TEST_BETWEEN(test, place_enter, place_leave)

static struct folder folder_opened(const char *out, const char *settings) {
    struct folder folder;
    struct message message = {""};
    if (folder_open(out, "host", settings, &folder, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    return folder;
}

/* For a folder that is not written into any longer. */
static struct folder folder_left(const char *out, const char *settings) {
    struct folder folder = folder_opened(out, settings);
    folder_close(&folder);
    assert_int_equal(folder.lock, -1);
    return folder;
}

static void check_refused(const char *out, const char *settings, enum status status,
                          const char *words) {
    struct folder folder;
    struct message message = {""};
    assert_int_equal(folder_open(out, "host", settings, &folder, &message), status);
    assert_false(folder.resumed);
    if (!strstr(message.text, words) || !strstr(message.text, "--out"))
        fail_msg("'%s' should hold '%s' and --out", message.text, words);
}

static void environment_written(const struct folder *folder, const char *state,
                                const char *settings) {
    cJSON *object = cJSON_CreateObject();
    assert_non_null(cJSON_AddStringToObject(object, "state", state));
    assert_non_null(cJSON_AddStringToObject(object, "settings", settings));
    struct message message;
    assert_int_equal(folder_write_environment(folder, object, &message), STATUS_OK);
    cJSON_Delete(object);
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void check_latest(const struct folder *folder) {
    char target[512] = "";
    assert_true(readlink("reports/latest", target, sizeof target - 1) > 0);
    assert_string_equal(target, folder->path + strlen("reports/"));
    assert_true(is_folder("reports/latest/"));
}

TEST_IN_PLACE(new_runs_have_folders_of_their_own) {
    struct folder first = folder_left(NULL, "s");
    assert_false(first.resumed);
    assert_true(is_folder(first.path));
    assert_int_equal(strncmp(first.path, "reports/runs/2", 14), 0);
    assert_non_null(strstr(first.path, "Z-host"));
    check_latest(&first);
    for (int i = 0; i < 5; i++) { /* within one second, most likely */
        struct folder next = folder_left(NULL, "s");
        assert_string_not_equal(next.path, first.path);
        check_latest(&next);
    }
}

/* The link is a convenience: whatever is in its place, a run has its folder, and a warning. */
TEST_IN_PLACE(what_stands_in_the_way_of_the_link) {
    assert_int_equal(mkdir("reports", 0777), 0);
    /* Left behind by a process that was killed, and then in a container by one of the same
     * number. */
    assert_int_equal(symlink("runs/gone", "reports/latest.lockstep-part"), 0);
    struct folder folder = folder_left(NULL, "s");
    assert_string_equal(folder.warning.text, "");
    check_latest(&folder);
    struct stat part;
    assert_int_not_equal(lstat("reports/latest.lockstep-part", &part), 0);
    assert_int_equal(unlink("reports/latest"), 0);
    assert_int_equal(mkdir("reports/latest", 0777), 0);
    file_write_text("reports/latest/mine", "");
    folder = folder_left(NULL, "s");
    assert_true(is_folder(folder.path));
    assert_non_null(strstr(folder.warning.text, "reports/latest does not point at runs/2"));
    assert_int_equal(access("reports/latest/mine", F_OK), 0);
    assert_int_not_equal(lstat("reports/latest.lockstep-part", &part), 0);
}

TEST_IN_PLACE(hosts_of_any_name) {
    static const char *const hosts[][2] = {
        {"a/b", "Z-a-b"}, {"../up", "Z-..-up"}, {"two words\n", "Z-two-words-"}, {"", "Z-"}};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct folder folder;
        struct message message = {""};
        assert_int_equal(folder_open(NULL, hosts[i][0], "s", &folder, &message), STATUS_OK);
        folder_close(&folder);
        assert_true(is_folder(folder.path));
        assert_non_null(strstr(folder.path, hosts[i][1]));
        check_latest(&folder);
    }
}

TEST_IN_PLACE(a_named_folder_is_made_with_its_parents) {
    static const char *const names[] = {"one", "two/three/four", "five/", "./six"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct folder folder = folder_left(names[i], "s");
        assert_string_equal(folder.path, names[i]);
        assert_false(folder.resumed);
        assert_true(is_folder(names[i]));
    }
    char absolute[512];
    snprintf(absolute, sizeof absolute, "%s/seven", place.path);
    (void)folder_left(absolute, "s");
    assert_true(is_folder("seven"));
    assert_false(is_folder("reports")); /* no link, no runs */
}

TEST_IN_PLACE(an_empty_folder_is_used) {
    assert_int_equal(mkdir("empty", 0777), 0);
    assert_false(folder_left("empty", "s").resumed);
    /* A run was killed while it wrote its first file. */
    file_write_text("empty/environment.json.lockstep-part", "{");
    assert_false(folder_left("empty", "s").resumed);
}

TEST_IN_PLACE(an_unfinished_run_is_gone_on_with) {
    struct folder folder = folder_left("run", "threads=2 seed=1");
    environment_written(&folder, "unfinished", "threads=2 seed=1");
    struct folder again = folder_left("run", "threads=2 seed=1");
    assert_true(again.resumed);
    assert_string_equal(again.path, "run");
    assert_int_not_equal(access("run/environment.json.lockstep-part", F_OK), 0);
}

TEST_IN_PLACE(other_settings_are_refused) {
    struct folder folder = folder_left("run", "threads=2 seed=1");
    environment_written(&folder, "unfinished", "threads=2 seed=1");
    check_refused("run", "threads=2 seed=12", STATUS_INVALID, "(seed=1, now seed=12)");
    check_refused("run", "threads=4 seed=1", STATUS_INVALID,
                  "(threads=2 seed=1, now threads=4 seed=1)");
    check_refused("run", "threads=2 seed=", STATUS_INVALID, "other settings");
}

/* However long they are: what differs is named, and nothing is cut before it is compared. */
TEST_IN_PLACE(long_settings_that_differ_in_the_end) {
    char before[4000], after[4000];
    memset(before, 'x', sizeof before);
    snprintf(before + 3000, 100, " seed=1");
    snprintf(after, sizeof after, "%.3000s seed=2", before);
    struct folder folder = folder_left("run", before);
    environment_written(&folder, "unfinished", before);
    check_refused("run", after, STATUS_INVALID, "(seed=1, now seed=2)");
    assert_true(folder_left("run", before).resumed);
}

TEST_IN_PLACE(a_folder_that_is_being_written_is_left_alone) {
    struct folder first = folder_opened("run", "s");
    environment_written(&first, "unfinished", "s");
    check_refused("run", "s", STATUS_INVALID, "another process");
    check_refused("./run/", "s", STATUS_INVALID, "another process");
    folder_close(&first);
    assert_true(folder_left("run", "s").resumed);
}

TEST_IN_PLACE(a_finished_run_is_refused) {
    struct folder folder = folder_left("run", "s");
    environment_written(&folder, "finished", "s");
    check_refused("run", "s", STATUS_INVALID, "finished run");
}

TEST_IN_PLACE(what_is_no_run_is_left_alone) {
    static const char *const texts[] = {
        "",    "{", "[]", "null", "{\"state\": \"unfinished\"}", "{\"state\": 1, \"settings\": 2}",
        "\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(mkdir("other", 0777) == 0 || i > 0);
        file_write_text("other/environment.json", texts[i]);
        check_refused("other", "s", STATUS_INVALID, "other/environment.json");
        char *after = file_text("other/environment.json");
        assert_string_equal(after, texts[i]);
        free(after);
    }
}

TEST_IN_PLACE(a_folder_with_other_files_is_left_alone) {
    assert_int_equal(mkdir("thesis", 0777), 0);
    file_write_text("thesis/results.csv", "mine\n");
    check_refused("thesis", "s", STATUS_INVALID, "thesis");
    assert_int_equal(mkdir("hidden", 0777), 0);
    file_write_text("hidden/.config", "mine\n");
    check_refused("hidden", "s", STATUS_INVALID, "hidden");
}

TEST_IN_PLACE(places_that_cannot_be_written) {
    file_write_text("file", "");
    check_refused("file", "s", STATUS_INVALID, "file is no folder");
    check_refused("file/below", "s", STATUS_INVALID, "file is no folder");
    check_refused("/dev/null/below", "s", STATUS_INVALID, "/dev/null is no folder");
    check_refused("/proc/lockstep-run", "s", STATUS_IO, "/proc/lockstep-run");
}

TEST_IN_PLACE(names_that_are_none) {
    check_refused("", "s", STATUS_INVALID, "not ''");
    char endless[3000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    check_refused(endless, "s", STATUS_INVALID, "too long");
}

TEST_IN_PLACE(an_environment_that_cannot_be_written) {
    struct folder folder = folder_left("run", "s");
    assert_int_equal(mkdir("run/environment.json", 0777), 0); /* in the way */
    cJSON *object = cJSON_CreateObject();
    struct message message = {""};
    assert_int_equal(folder_write_environment(&folder, object, &message), STATUS_IO);
    assert_non_null(strstr(message.text, "run/environment.json"));
    assert_int_not_equal(access("run/environment.json.lockstep-part", F_OK), 0);
    cJSON_Delete(object);
}
