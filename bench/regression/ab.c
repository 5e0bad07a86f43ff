/* Two builds side by side. */
#include "bench/regression/ab.h"
#include "bench/regression/ab_match.h"
#include "bench/regression/child.h"
#include "common/clock.h"
#include "common/words.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const size_t looks[] = {12, 16, 24, 32, AB_PAIRS_MAX};
/* The parts of the level that a look before the last and the last one may spend: together with the
 * four before it the whole. */
static const double early_part = 0.15, last_part = 0.4;

/* How a row is sampled in one pair: `turns` times a few samples of each process. */
enum { TURNS = 4, TURNS_LONG = 2, SAMPLES_MAX = 8 };
static const double turn_seconds = 2e-3, long_seconds = 20e-3;

/* --- one pair --------------------------------------------------------------------------------- */

/* Asks one process for samples of a row and keeps the fastest. */
static enum status samples_take(struct child *child, struct ab_row *row, enum ab_side side,
                                size_t count, struct message *message) {
    char request[64], *line;
    snprintf(request, sizeof request, "take %ld %zu", row->row_number[side], count);
    enum status status = child_ask(child, request, &line, message);
    if (status != STATUS_OK)
        return status;
    double *fastest = &row->seconds[side][row->pairs];
    char *at = line + strcspn(line, " "), *end;
    for (size_t i = 0; i < count; i++, at = end) {
        double seconds = strtod(at, &end);
        if (end == at || !(seconds > 0.0) || !isfinite(seconds))
            return message_set(message, STATUS_FAILED, "%s answers \"%.60s\" to \"%s\"",
                               child->name, line, request);
        *fastest = fmin(*fastest, seconds);
    }
    return STATUS_OK;
}

/* As many samples a turn as fit; one for a row of which nothing is known. */
static size_t samples_of(const struct ab_row *row) {
    double seconds = row->seconds[AB_BASELINE][row->pairs];
    if (row->pairs > 0)
        seconds = row->seconds[AB_BASELINE][row->pairs - 1];
    if (isinf(seconds))
        return 1;
    double fitting = turn_seconds / seconds;
    return fitting >= SAMPLES_MAX ? SAMPLES_MAX : fitting < 1.0 ? 1 : (size_t)fitting;
}

/* One row in one pair: A B, B A, B A, A B, so that a steady drift cancels out; beginning with the
 * other build in every second pair. */
static enum status row_play(struct child *children, struct ab_row *row, struct message *message) {
    for (int side = 0; side < AB_SIDES; side++)
        row->seconds[side][row->pairs] = INFINITY;
    enum status status = STATUS_OK;
    int turns = TURNS;
    for (int turn = 0; turn < turns && status == STATUS_OK; turn++) {
        size_t count = samples_of(row);
        for (int i = 0; i < AB_SIDES && status == STATUS_OK; i++) {
            size_t swaps = (size_t)(turn + 1) / 2 + (size_t)i + row->pairs;
            enum ab_side side = swaps % 2 ? AB_NEW : AB_BASELINE;
            status = samples_take(&children[side], row, side, count, message);
        }
        if (row->seconds[AB_BASELINE][row->pairs] > long_seconds)
            turns = TURNS_LONG;
    }
    row->pairs += status == STATUS_OK;
    return status;
}

static enum status case_open(struct child *child, size_t number, struct message *message) {
    char request[64], *line;
    snprintf(request, sizeof request, "open %zu", number);
    enum status status = child_ask(child, request, &line, message);
    long rows = 0;
    if (status == STATUS_OK && sscanf(line, "rows %ld", &rows) != 1)
        status = message_set(message, STATUS_FAILED, "%s answers \"%.60s\" to \"%s\"", child->name,
                             line, request);
    for (long i = 0; i < rows && status == STATUS_OK; i++)
        status = child_next(child, &line, message);
    return status;
}

/* The rows of one case that are not decided; `first` is the case's first row. *next: behind its
 * last. */
static enum status case_play(struct ab *ab, struct child *children, size_t first, size_t *next,
                             struct message *message) {
    bool is_open = false;
    enum status status = STATUS_OK;
    size_t r = first;
    for (; r < ab->row_count && ab->rows[r].case_number[0] == ab->rows[first].case_number[0]; r++) {
        struct ab_row *row = &ab->rows[r];
        if (row->decided || status != STATUS_OK)
            continue;
        for (int side = 0; side < AB_SIDES && !is_open && status == STATUS_OK; side++)
            status = case_open(&children[side], row->case_number[side], message);
        is_open = true;
        if (status == STATUS_OK)
            status = row_play(children, row, message);
        if (ab->options.stop && ab->options.stop(ab->options.stop_argument))
            status = message_set(message, STATUS_INTERRUPTED, "interrupted after %s of processes",
                                 COUNTED(ab->pairs, "pair"));
    }
    *next = r;
    return status;
}

static bool one_thread_each(const struct ab *ab) {
    for (size_t i = 0; i < ab->row_count; i++)
        if (ab->rows[i].name.threads != 1)
            return false;
    return true;
}

/* The `turn`-th of the processors in `allowed`, counted round. */
static cpu_set_t processor_choose(const cpu_set_t *allowed, size_t turn) {
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    size_t number = 0, wanted = turn % (size_t)CPU_COUNT(allowed);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, allowed) && number++ == wanted)
            CPU_SET(i, &chosen);
    return chosen;
}

/* Starts a process of each build. Where no row has more than one thread, both are on the same
 * processor: a neighbour on one of two would slow down one of two builds. The next pair has the
 * next processor. The processes inherit it from this thread, which gets its own back. */
static enum status pair_start(const struct ab *ab, struct child *children, int *started,
                              struct message *message) {
    cpu_set_t allowed, chosen;
    bool held = one_thread_each(ab) && sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    if (held) {
        chosen = processor_choose(&allowed, ab->pairs);
        held = sched_setaffinity(0, sizeof chosen, &chosen) == 0;
    }
    enum status status = STATUS_OK;
    for (*started = 0; *started < AB_SIDES && status == STATUS_OK; *started += status == STATUS_OK)
        status = ab_child_start(&ab->options, *started, &children[*started], message);
    if (held && sched_setaffinity(0, sizeof allowed, &allowed) != 0 && status == STATUS_OK)
        status = message_set(message, STATUS_FAILED,
                             "cannot go back to the processors that this process had: %s; leave "
                             "its CPU set alone while builds are compared",
                             strerror(errno));
    return status;
}

/* Two fresh processes, every row that is not decided. */
static enum status pair_play(struct ab *ab, struct message *message) {
    struct child *children = calloc(AB_SIDES, sizeof *children);
    if (!children)
        return message_set(message, STATUS_NO_MEMORY, "no memory for two processes");
    int started;
    enum status status = pair_start(ab, children, &started, message);
    for (size_t first = 0; first < ab->row_count && status == STATUS_OK;)
        status = case_play(ab, children, first, &first, message);
    for (int i = 0; i < started; i++)
        child_end(&children[i]);
    free(children);
    ab->pairs += status == STATUS_OK;
    return status;
}

/* --- looks ------------------------------------------------------------------------------------ */

static enum status row_ratio(struct ab_row *row, double threshold, struct message *message) {
    double ratios[AB_PAIRS_MAX];
    for (size_t i = 0; i < row->pairs; i++)
        ratios[i] = row->seconds[AB_NEW][i] / row->seconds[AB_BASELINE][i];
    struct ratio *ratio = &row->judgement.ratio;
    enum status status = ratio_of_pairs(ratios, row->pairs, threshold, ratio, message);
    if (status == STATUS_OK)
        ratio->fast = ratio->ratio; /* there are no others than the fastest samples */
    return status;
}

/* Even where all pairs agree, one of so many rows may move by accident this often. */
static double least_chance(const struct ab *ab) {
    return (double)ab->row_count * ldexp(2.0, -(int)ab->pairs);
}

/* The look's pairs are too few for any row to have moved; it may be the same. */
static void doubt_few_pairs(const struct ab *ab, const struct verdict_rule *rule,
                            struct judgement *row) {
    row->doubt[0] = '\0';
    if (least_chance(ab) > rule->level)
        snprintf(row->doubt, sizeof row->doubt,
                 "%s of processes cannot decide %s; give more with --pairs",
                 COUNTED(ab->pairs, "pair"), COUNTED(ab->row_count, "row"));
}

/* Judges all rows at a look. What is decided stays: a row that is the same is not a candidate for
 * an alarm any more, and one that moved still counts in the correction. */
static enum status rows_judge(struct ab *ab, struct message *message) {
    struct judgement *judged = calloc(ab->row_count, sizeof *judged);
    if (!judged)
        return message_set(message, STATUS_NO_MEMORY, "no memory to judge %zu rows", ab->row_count);
    struct verdict_rule rule = {.threshold = ab->options.threshold,
                                .level =
                                    verdict_rule_default().level *
                                    (ab->pairs == ab->options.pairs_max ? last_part : early_part)};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ab->row_count && status == STATUS_OK; i++) {
        struct ab_row *row = &ab->rows[i];
        if (!row->decided) {
            status = row_ratio(row, rule.threshold, message);
            doubt_few_pairs(ab, &rule, &row->judgement);
        }
        judged[i] = row->judgement;
        if (row->decided && row->judgement.verdict == VERDICT_SAME)
            judged[i].ratio.p_slower = judged[i].ratio.p_faster = 1.0;
    }
    if (status == STATUS_OK)
        status = verdicts_judge(&rule, judged, ab->row_count, message);
    for (size_t i = 0; i < ab->row_count && status == STATUS_OK; i++)
        if (!ab->rows[i].decided) {
            ab->rows[i].judgement = judged[i];
            ab->rows[i].decided = judged[i].verdict != VERDICT_CANNOT_TELL;
        }
    free(judged);
    return status;
}

static bool is_look(const struct ab *ab) {
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        if (ab->pairs == looks[i])
            return true;
    return ab->pairs == ab->options.pairs_max;
}

static size_t decided_count(const struct ab *ab) {
    size_t count = 0;
    for (size_t i = 0; i < ab->row_count; i++)
        count += ab->rows[i].decided;
    return count;
}

enum status ab_open(struct ab *ab, const struct ab_options *options, struct message *message) {
    *ab = (struct ab){.options = *options};
    for (int side = 0; side < AB_SIDES; side++)
        if (!ab->options.names[side])
            ab->options.names[side] = options->binaries[side];
    struct progress progress;
    progress_start(&progress, AB_SIDES);
    enum status status = ab_match(ab, &progress, message);
    progress_clear(&progress);
    if (status != STATUS_OK)
        ab_close(ab);
    return status;
}

enum status ab_play(struct ab *ab, struct message *message) {
    struct progress progress;
    double start = clock_seconds();
    progress_start(&progress, ab->options.pairs_max);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && ab->pairs < ab->options.pairs_max &&
           decided_count(ab) < ab->row_count) {
        char words[80];
        snprintf(words, sizeof words, "%zu of %s decided", decided_count(ab),
                 COUNTED(ab->row_count, "row"));
        progress_show(&progress, words, "sampling");
        status = pair_play(ab, message);
        progress_done(&progress);
        if (status == STATUS_OK && is_look(ab))
            status = rows_judge(ab, message);
    }
    progress_clear(&progress);
    ab->seconds = clock_seconds() - start;
    return status;
}

void ab_close(struct ab *ab) {
    free(ab->rows);
    free(ab->absences);
    ab->rows = NULL;
    ab->absences = NULL;
}
