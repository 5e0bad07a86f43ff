/* Agreeing: one exchange of a few numbers, which says too what each rank asks. */
#include "common/clock.h"
#include "ranks/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum question {
    QUESTION_MEETING,
    QUESTION_STATUS,
    QUESTION_SECONDS,
    QUESTION_ANY,
    QUESTION_LEAST,
    QUESTION_CLOCK,
    QUESTION_SAME,
    QUESTION_BROADCAST,
    QUESTION_GATHER
};
enum { ANSWERS = 4 };

/* The largest of each answer over all ranks. `failure` is what this rank has to say if others ask
 * something else, NULL for nothing. */
static void ask(struct ranks *ranks, enum question question, double answers[ANSWERS],
                const char *failure) {
    double numbers[2 + ANSWERS] = {(double)question, -(double)question};
    memcpy(numbers + 2, answers, ANSWERS * sizeof *answers);
    ranks->api->maximum(numbers, 2 + ANSWERS);
    memcpy(answers, numbers + 2, ANSWERS * sizeof *answers);
    if (numbers[0] == -numbers[1])
        return;
    char sentence[1200];
    snprintf(sentence, sizeof sentence, "rank %d on %s: %s", ranks->number,
             ranks->identities[ranks->number].host,
             failure ? failure : "the ranks are out of step: another one has failed by itself");
    ranks->end(STATUS_FAILED, failure || ranks->number == 0 ? sentence : NULL);
}

static double ask_one(struct ranks *ranks, enum question question, double answer) {
    double answers[ANSWERS] = {answer};
    ask(ranks, question, answers, NULL);
    return answers[0];
}

void ranks_meet(struct ranks *ranks) {
    if (ranks)
        (void)ask_one(ranks, QUESTION_MEETING, 0.0);
}

enum status ranks_agree(struct ranks *ranks, enum status status, struct message *message) {
    if (!ranks)
        return status;
    double answers[ANSWERS] = {(double)status};
    ask(ranks, QUESTION_STATUS, answers, status == STATUS_OK ? NULL : message->text);
    const enum status worst = (enum status)answers[0];
    if (worst == STATUS_OK)
        return STATUS_OK;
    /* The first rank that it is of tells why. */
    answers[0] = status == worst ? -(double)ranks->number : -(double)ranks->count;
    ask(ranks, QUESTION_STATUS, answers, NULL);
    const int teller = -(int)answers[0];
    struct message why = *message;
    ranks->api->broadcast(&why, sizeof why, teller);
    if (teller == 0)
        *message = why;
    else
        (void)message_set(message, worst, "rank %d on %.60s: %.900s", teller,
                          ranks->identities[teller].host, why.text);
    return worst;
}

double ranks_slowest(struct ranks *ranks, double seconds) {
    return ranks ? ask_one(ranks, QUESTION_SECONDS, seconds) : seconds;
}

bool ranks_any(struct ranks *ranks, bool said) {
    return ranks ? ask_one(ranks, QUESTION_ANY, said) > 0.0 : said;
}

int ranks_least(struct ranks *ranks, int number) {
    return ranks ? -(int)ask_one(ranks, QUESTION_LEAST, -number) : number;
}

double ranks_clock(struct ranks *ranks) {
    if (!ranks)
        return clock_seconds();
    return ask_one(ranks, QUESTION_CLOCK, ranks->number == 0 ? clock_seconds() : -INFINITY);
}

/* Either half of the number is exact in a double. */
bool ranks_same(struct ranks *ranks, uint64_t number) {
    if (!ranks)
        return true;
    const double high = (double)(number >> 32), low = (double)(number & UINT32_MAX);
    double answers[ANSWERS] = {high, -high, low, -low};
    ask(ranks, QUESTION_SAME, answers, NULL);
    return answers[0] == -answers[1] && answers[2] == -answers[3];
}

void ranks_broadcast(struct ranks *ranks, void *data, size_t bytes) {
    if (!ranks)
        return;
    (void)ask_one(ranks, QUESTION_BROADCAST, 0.0);
    ranks->api->broadcast(data, bytes, 0);
}

void ranks_gather(struct ranks *ranks, const void *mine, void *all, size_t bytes) {
    if (!ranks) {
        memcpy(all, mine, bytes);
        return;
    }
    (void)ask_one(ranks, QUESTION_GATHER, 0.0);
    ranks->api->gather(mine, all, bytes);
}

enum status ranks_check_alike(struct ranks *ranks, const char *what, const char *text,
                              struct message *message) {
    if (!ranks)
        return STATUS_OK;
    uint64_t size = strlen(text) + 1;
    ranks_broadcast(ranks, &size, sizeof size);
    char *first = malloc((size_t)size);
    enum status status =
        first ? STATUS_OK : message_set(message, STATUS_NO_MEMORY, "no memory to compare ranks");
    status = ranks_agree(ranks, status, message);
    if (status != STATUS_OK || !first) {
        free(first);
        return status;
    }
    if (ranks->number == 0)
        memcpy(first, text, (size_t)size);
    ranks_broadcast(ranks, first, (size_t)size);
    if (strcmp(first, text) != 0)
        status = message_set(message, STATUS_INVALID,
                             "was started with another %s than rank 0: '%.300s' is not '%.300s'; "
                             "give all ranks the same",
                             what, text, first);
    free(first);
    return ranks_agree(ranks, status, message);
}
