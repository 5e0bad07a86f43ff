/* Two builds side by side: what is sampled in which order, what is decided when, and what becomes
 * of builds that crash, lie or are none. The builds are shell scripts whose times are known. */
#include "bench/regression/ab.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

static struct temporary place;

/* A build of two cases with one row each. The scripts know: $case, $row, $count; they set $seconds
 * of every sample. `rows` is what the second line of an answer to `open` says of the row's state.
 */
static void build_write(const char *name, const char *seconds, const char *state) {
    char text[2048];
    snprintf(
        text, sizeof text,
        "#!/bin/sh\n"
        "cd \"$(dirname \"$0\")\"\n"
        "echo 'lockstep-samples 1 2'\n"
        "while read -r what number count; do\n"
        "    case $what in\n"
        "    open) case=$number\n"
        "        printf 'rows 1 gemm/nn/f32/%%s\\n' \"${number}x8x8\"\n"
        "        printf 'fast\\tcpu\\t1\\thot\\t%s\\n' ;;\n"
        "    take) %s\n"
        "        echo \"%s $case\" >>log\n"
        "        line=times\n"
        "        while [ $count -gt 0 ]; do line=\"$line $seconds\"; count=$((count - 1)); done\n"
        "        echo \"$line\" ;;\n"
        "    esac\n"
        "done\n",
        state, seconds, name);
    temporary_write(&place, name, text);
    assert_int_equal(chmod(temporary_path(&place, name), 0755), 0);
}

/* A whole script of its own. */
static void script_write(const char *name, const char *text) {
    temporary_write(&place, name, text);
    assert_int_equal(chmod(temporary_path(&place, name), 0755), 0);
}

#define READY "ready\\t"

struct contestants {
    char paths[AB_SIDES][512];
    struct ab_options options;
};

static void contestants_name(struct contestants *c, const char *baseline, const char *changed) {
    *c = (struct contestants){.options = {.threshold = 0.02, .pairs_max = AB_PAIRS_MAX}};
    snprintf(c->paths[AB_BASELINE], sizeof c->paths[0], "%s", temporary_path(&place, baseline));
    snprintf(c->paths[AB_NEW], sizeof c->paths[0], "%s", temporary_path(&place, changed));
    for (int i = 0; i < AB_SIDES; i++)
        c->options.binaries[i] = c->paths[i];
}

static void compare(struct contestants *c, struct ab *ab) {
    struct message message = {""};
    if (ab_open(ab, &c->options, &message) != STATUS_OK || ab_play(ab, &message) != STATUS_OK)
        fail_msg("%s", message.text);
}

static void check_refused(const char *baseline, const char *changed, enum status expected,
                          const char *words) {
    struct contestants c;
    struct ab ab;
    struct message message = {""};
    contestants_name(&c, baseline, changed);
    enum status status = ab_open(&ab, &c.options, &message);
    if (status == STATUS_OK) {
        status = ab_play(&ab, &message);
        ab_close(&ab);
    }
    if (status != expected || !strstr(message.text, words))
        fail_msg("status %d with \"%s\" instead of %d with \"%s\"", status, message.text, expected,
                 words);
}

/* --- verdicts --------------------------------------------------------------------------------- */

static void check_verdict(const struct ab *ab, size_t row, enum verdict verdict, double ratio) {
    const struct judgement *judgement = &ab->rows[row].judgement;
    if (judgement->verdict != verdict)
        fail_msg("row %zu is %s: %s", row, verdict_word(judgement->verdict), judgement->reason);
    assert_true(fabs(judgement->ratio.ratio - ratio) < 1e-9);
}

TEST_IN_TEMPORARY(equal_builds_are_the_same_at_the_first_look, &place) {
    build_write("a", "seconds=0.001", READY);
    build_write("b", "seconds=0.001", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    compare(&c, &ab);
    assert_int_equal(ab.row_count, 2);
    assert_int_equal(ab.absence_count, 0);
    assert_int_equal(ab.pairs, 12);
    check_verdict(&ab, 0, VERDICT_SAME, 1.0);
    check_verdict(&ab, 1, VERDICT_SAME, 1.0);
    ab_close(&ab);
}

/* A second binary that is none is found before the first one verifies a row. */
TEST_IN_TEMPORARY(both_builds_are_there_before_work_begins, &place) {
    build_write("a", "seconds=0.001", READY);
    script_write("patient", "#!/bin/sh\n"
                            "cd \"$(dirname \"$0\")\"\n"
                            "echo 'lockstep-samples 1 2'\n"
                            "read -r asked && echo \"$asked\" >>asked\n");
    check_refused("patient", "softmax", STATUS_INVALID, "cannot start");
    assert_null(temporary_text(&place, "asked"));
    check_refused("patient", "a", STATUS_FAILED, "patient");
    char *asked = temporary_text(&place, "asked");
    assert_non_null(asked); /* else it would show nothing */
    free(asked);
}

TEST_IN_TEMPORARY(one_row_moves_and_the_other_is_not_blamed, &place) {
    build_write("a", "seconds=0.00100", READY);
    build_write("b", "seconds=0.00100; [ $case = 1 ] && seconds=0.00105", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    compare(&c, &ab);
    check_verdict(&ab, 0, VERDICT_SAME, 1.0);
    check_verdict(&ab, 1, VERDICT_SLOWER, 1.05);
    assert_true(ab.rows[1].judgement.p <= 0.15 * 0.05);
    assert_true(fabs(ab_row_seconds(&ab.rows[1], AB_NEW) - 0.00105) < 1e-12);
    ab_close(&ab);
    contestants_name(&c, "b", "a");
    compare(&c, &ab);
    check_verdict(&ab, 1, VERDICT_FASTER, 1.0 / 1.05);
    ab_close(&ab);
}

TEST_IN_TEMPORARY(the_threshold_decides_what_matters, &place) {
    build_write("a", "seconds=0.0010000", READY);
    build_write("b", "seconds=0.0010150", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    compare(&c, &ab);
    check_verdict(&ab, 0, VERDICT_SAME, 1.015);
    ab_close(&ab);
    c.options.threshold = 0.01;
    compare(&c, &ab);
    check_verdict(&ab, 0, VERDICT_SLOWER, 1.015);
    ab_close(&ab);
}

/* Six that all agree leave a chance of 3% that it is an accident, which is too much. */
TEST_IN_TEMPORARY(too_few_pairs_are_named_as_the_reason, &place) {
    build_write("a", "seconds=0.001", READY);
    build_write("b", "seconds=0.0015", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    c.options.pairs_max = AB_PAIRS_MIN;
    compare(&c, &ab);
    for (size_t i = 0; i < ab.row_count; i++) {
        assert_int_equal(ab.rows[i].judgement.verdict, VERDICT_CANNOT_TELL);
        assert_string_equal(ab.rows[i].judgement.reason,
                            "6 pairs of processes cannot decide 2 rows; give more with --pairs");
    }
    ab_close(&ab);
}

/* Every second process of the new build takes half as long again. */
TEST_IN_TEMPORARY(what_changes_from_process_to_process_is_no_verdict, &place) {
    build_write("a", "seconds=0.001", READY);
    build_write("b", "seconds=0.001; [ $(($$ % 4)) -lt 2 ] || seconds=0.0015", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    c.options.pairs_max = AB_PAIRS_MIN;
    /* Even six pairs that all agree are too few for any claim that something moved. */
    compare(&c, &ab);
    assert_int_equal(ab.pairs, AB_PAIRS_MIN);
    for (size_t i = 0; i < ab.row_count; i++)
        assert_true(ab.rows[i].judgement.verdict == VERDICT_CANNOT_TELL ||
                    ab.rows[i].judgement.verdict == VERDICT_SAME);
    ab_close(&ab);
}

/* --- order ------------------------------------------------------------------------------------ */

/* The numbers that so many lines begin with. */
static void lines_read(const char *text, int *numbers, int count) {
    assert_non_null(text);
    for (int i = 0; i < count; i++) {
        char *end;
        numbers[i] = (int)strtol(text, &end, 10);
        assert_true(end > text);
        text = end + strcspn(end, "\n");
    }
}

TEST_IN_TEMPORARY(processes_are_sampled_in_turn, &place) {
    build_write("a", "seconds=0.01; [ $case = 1 ] && seconds=0.1", READY);
    build_write("b", "seconds=0.01; [ $case = 1 ] && seconds=0.1", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    compare(&c, &ab);
    ab_close(&ab);
    char *log = temporary_text(&place, "log");
    assert_non_null(log);
    /* Two pairs: four turns of a row that is quick, two of one that takes long. */
    static const char expected[] = "a 0\nb 0\nb 0\na 0\nb 0\na 0\na 0\nb 0\n"
                                   "a 1\nb 1\nb 1\na 1\n"
                                   "b 0\na 0\na 0\nb 0\na 0\nb 0\nb 0\na 0\n"
                                   "b 1\na 1\na 1\nb 1\n";
    assert_memory_equal(log, expected, sizeof expected - 1);
    assert_int_equal(strlen(log), 6 * (sizeof expected - 1));
    free(log);
}

/* Both processes of a pair are on one processor, and pairs take turns on all that there are; a row
 * of two threads may use them all. */
TEST_IN_TEMPORARY(a_pair_shares_a_processor, &place) {
    static const char *const threads[] = {"1", "2"};
    cpu_set_t allowed;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    const int processors = CPU_COUNT(&allowed);
    for (int i = 0; i < 2; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "#!/bin/sh\n"
                 "nproc >>\"$(dirname \"$0\")\"/processors%s\n"
                 "sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status "
                 ">>\"$(dirname \"$0\")\"/which%s\n"
                 "echo 'lockstep-samples 1 1'\n"
                 "while read -r what number count; do\n"
                 "    [ $what = open ] && printf 'rows 1 gemm/nn/f32/8x8x8\\n"
                 "fast\\tcpu\\t%s\\thot\\tready\\t\\n' && continue\n"
                 "    line=times; while [ $count -gt 0 ]; do line=\"$line 0.001\"; "
                 "count=$((count - 1)); done; echo \"$line\"\n"
                 "done\n",
                 threads[i], threads[i], threads[i]);
        script_write("a", text);
        struct contestants c;
        struct ab ab;
        contestants_name(&c, "a", "a");
        compare(&c, &ab);
        assert_int_equal(ab.pairs, 12);
        ab_close(&ab);
    }
    /* Two processes were opened to see what they have, before the pairs. */
    char *count = temporary_text(&place, "processors1");
    char *which = temporary_text(&place, "which1");
    char *free_count = temporary_text(&place, "processors2");
    int numbers[26], places[26], of_two[26];
    lines_read(count, numbers, 26);
    lines_read(which, places, 26);
    lines_read(free_count, of_two, 26);
    for (int i = 2; i < 26; i++) {
        assert_int_equal(numbers[i], 1);
        assert_int_equal(of_two[i], processors);
    }
    for (int pair = 1; pair < 13; pair++) {
        assert_int_equal(places[2 * pair], places[2 * pair + 1]);
        if (pair > 1)
            assert_int_equal(places[2 * pair] == places[2 * pair - 2], processors == 1);
    }
    free(count);
    free(which);
    free(free_count);
}

TEST_IN_TEMPORARY(a_row_that_is_decided_is_sampled_no_further, &place) {
    build_write("a", "seconds=0.001", READY);
    /* The first case never settles: each process differs by 30% from the one before. */
    build_write("b",
                "seconds=0.001; if [ $case = 0 ]; then [ -e odd$$ ] || { touch odd$$; "
                "ls odd* | wc -l >many; }; [ $(($(cat many) % 2)) = 0 ] || seconds=0.0013; fi",
                READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    c.options.pairs_max = 16;
    compare(&c, &ab);
    assert_int_equal(ab.pairs, 16);
    check_verdict(&ab, 1, VERDICT_SAME, 1.0);
    assert_int_equal(ab.rows[0].judgement.verdict, VERDICT_CANNOT_TELL);
    assert_int_equal(ab.rows[0].pairs, 16);
    assert_int_equal(ab.rows[1].pairs, 12);
    ab_close(&ab);
}

/* --- rows that cannot be compared ------------------------------------------------------------- */

TEST_IN_TEMPORARY(rows_of_one_side_are_listed, &place) {
    build_write("a", "seconds=0.001", READY);
    build_write("b", "seconds=0.001", "skipped\\ttoo large");
    check_refused("a", "b", STATUS_INVALID, "no row in common");
    script_write(
        "more",
        "#!/bin/sh\n"
        "echo 'lockstep-samples 1 1'\n"
        "while read -r what number count; do\n"
        "    case $what in\n"
        "    open) printf 'rows 3 gemm/nn/f32/0x8x8\\nnew\\tcpu\\t1\\thot\\tready\\t\\n"
        "fast\\tcpu\\t1\\thot\\tready\\t\\nfast\\tcpu\\t2\\thot\\tskipped\\tno core\\n' ;;\n"
        "    take) [ $number = 1 ] || exit 1\n"
        "        line=times; while [ $count -gt 0 ]; do line=\"$line 0.001\"; "
        "count=$((count - 1)); done; echo \"$line\" ;;\n"
        "    esac\n"
        "done\n");
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "more");
    compare(&c, &ab);
    assert_int_equal(ab.row_count, 1);
    assert_int_equal(ab.absence_count, 3);
    assert_string_equal(ab.absences[0].name.bench_case, "gemm/nn/f32/1x8x8");
    assert_int_equal(strncmp(ab.absences[0].reason, "only in ", 8), 0);
    assert_string_equal(ab.absences[1].name.implementation, "new");
    assert_int_equal(ab.absences[2].name.threads, 2);
    check_verdict(&ab, 0, VERDICT_SAME, 1.0);
    ab_close(&ab);
}

TEST_IN_TEMPORARY(a_wrong_result_ends_the_comparison, &place) {
    build_write("a", "seconds=0.001", READY);
    build_write("b", "seconds=0.001", "wrong\\telement 7 is 2 instead of 3");
    check_refused("a", "b", STATUS_WRONG, "gemm/nn/f32/0x8x8 by fast: element 7 is 2 instead of 3");
    check_refused("b", "a", STATUS_WRONG, "/b: gemm/nn/f32/0x8x8");
}

/* --- builds that are none --------------------------------------------------------------------- */

TEST_IN_TEMPORARY(programs_that_are_no_lockstep, &place) {
    build_write("a", "seconds=0.001", READY);
    script_write("silent", "#!/bin/sh\n");
    script_write("polite", "#!/bin/sh\necho 'lockstep: there is no command sample' >&2; exit 2\n");
    script_write("chatty", "#!/bin/sh\necho hello; exec sleep 100\n");
    script_write("newer", "#!/bin/sh\necho 'lockstep-samples 2 5'; exec sleep 100\n");
    script_write("endless", "#!/bin/sh\nexec tr '\\0' x </dev/zero\n");
    script_write("without", "#!/bin/sh\necho 'lockstep: no GPU' >&2; exit 77\n");
    script_write("crash", "#!/bin/sh\nkill -SEGV $$\n");
    check_refused("a", "missing", STATUS_INVALID, "No such file");
    check_refused("missing", "a", STATUS_INVALID, "No such file");
    check_refused("a", "silent", STATUS_INVALID, "said nothing (is it a lockstep");
    check_refused("a", "polite", STATUS_INVALID, "polite: there is no command sample");
    check_refused("a", "chatty", STATUS_INVALID, "it says \"hello\"");
    check_refused("a", "newer", STATUS_INVALID, "lockstep-samples 2 5");
    check_refused("a", "endless", STATUS_INVALID, "a lockstep never says");
    check_refused("a", "without", STATUS_NO_GPU, "no GPU");
    check_refused("a", "crash", STATUS_FAILED, "signal 11");
}

TEST_IN_TEMPORARY(builds_that_break, &place) {
    build_write("a", "seconds=0.001", READY);
    build_write("crash", "kill -KILL $$", READY);
    build_write("leave", "echo 'lockstep: out of paper' >&2; exit 3", READY);
    build_write("broke", "echo 'broke the device was lost'; continue", READY);
    build_write("words", "seconds=soon", READY);
    build_write("negative", "seconds=-0.001", READY);
    build_write("nan", "seconds=nan", READY);
    build_write("few", "seconds=0.001; count=0", READY);
    build_write("closed", "exec >&- </dev/null; exec sleep 100", READY);
    check_refused("a", "crash", STATUS_FAILED, "signal 9");
    check_refused("a", "leave", STATUS_FAILED,
                  "status 3 while samples were asked of it: out of paper");
    check_refused("a", "broke", STATUS_FAILED, "the device was lost");
    check_refused("a", "words", STATUS_FAILED, "answers \"times soon");
    check_refused("negative", "a", STATUS_FAILED, "answers");
    check_refused("a", "nan", STATUS_FAILED, "answers");
    check_refused("a", "few", STATUS_FAILED, "answers \"times\"");
    check_refused("a", "closed", STATUS_FAILED, "signal 9");
}

/* --- printing --------------------------------------------------------------------------------- */

typedef enum status print_function(const struct ab *, FILE *, struct message *);

static char *printed(const struct ab *ab, print_function *print) {
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    struct message message;
    assert_non_null(file);
    assert_int_equal(print(ab, file, &message), STATUS_OK);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void check_holds(const char *text, const char *words) {
    if (!strstr(text, words))
        fail_msg("\"%s\" should hold \"%s\"", text, words);
}

TEST_IN_TEMPORARY(what_is_printed, &place) {
    build_write("a", "seconds=0.00100", READY);
    build_write("b", "seconds=0.00100; [ $case = 1 ] && seconds=0.00110", READY);
    struct contestants c;
    struct ab ab;
    contestants_name(&c, "a", "b");
    compare(&c, &ab);
    char *table = printed(&ab, ab_print_table), *csv = printed(&ab, ab_print_csv);
    char *markdown = printed(&ab, ab_print_markdown), *json = printed(&ab, ab_print_json);
    check_holds(table, "1 slower, 0 faster, 1 same, 0 cannot tell");
    check_holds(csv, "\ngemm/nn/f32/1x8x8,fast,cpu,1,hot,12,0.001,0.0011,1.1,1.1,1.1,");
    check_holds(csv, ",slower,\n");
    check_holds(markdown, "| `gemm/nn/f32/1x8x8` | fast | 1 | 1.00 ms | 1.10 ms | 1.100 |");
    check_holds(markdown, "**slower**");
    check_holds(markdown, "1 row that did not move");
    cJSON *object = cJSON_Parse(json);
    const cJSON *rows = cJSON_GetObjectItem(object, "rows");
    assert_int_equal(cJSON_GetArraySize(rows), 2);
    const cJSON *row = cJSON_GetArrayItem(rows, 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(row, "verdict")), "slower");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(row, "new_s")), 12);
    cJSON_Delete(object);
    free(table);
    free(csv);
    free(markdown);
    free(json);
    ab_close(&ab);
}
