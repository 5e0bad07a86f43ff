/* The state of one stand-in library. C libraries without a context argument have no other place for
 * it than static memory. */
#include "tests/stand_in/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char log[1 << 16];
    size_t used;
    char order_done[256]; /* the value of LOCKSTEP_STAND_IN that has had its failure */
    int live;
} state;

const char *stand_in_log(void) {
    return state.log;
}

void stand_in_clear(void) {
    state.used = 0;
    state.log[0] = '\0';
}

int stand_in_live(void) {
    return state.live;
}

void record_live(int change) {
    state.live += change;
}

void record(const char *format, ...) {
    if (getenv("LOCKSTEP_STAND_IN_SILENT") != NULL)
        return;
    size_t room = sizeof state.log - state.used;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(state.log + state.used, room, format, arguments);
    va_end(arguments);
    if (written < 0 || (size_t)written + 2 > room)
        abort(); /* a test that records this much is wrong */
    state.used += (size_t)written;
    state.log[state.used++] = '\n';
    state.log[state.used] = '\0';
}

/* Whether the order is for `key`; its value goes to *value. */
static int order_find(const char *order, const char *key, int *value) {
    size_t length = strlen(key);
    if (order == NULL || strncmp(order, key, length) != 0 || order[length] != '=')
        return 0;
    *value = atoi(order + length + 1);
    return 1;
}

int record_setting(const char *key, int otherwise) {
    int value = otherwise;
    (void)order_find(getenv("LOCKSTEP_STAND_IN"), key, &value);
    return value;
}

int record_failure(const char *function) {
    const char *order = getenv("LOCKSTEP_STAND_IN");
    int value = 0;
    if (order == NULL) {
        state.order_done[0] = '\0';
        return 0;
    }
    if (!order_find(order, function, &value) || strcmp(order, state.order_done) == 0)
        return 0;
    snprintf(state.order_done, sizeof state.order_done, "%s", order);
    record("%s fails with %d as ordered", function, value);
    return value;
}
