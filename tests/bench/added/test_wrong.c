/* Kernels that are wrong, in tests/data/kernels/wrong.cu: each is exit status 1, and what is said
 * names the place. */
#define TESTS_OWN_MAIN
#include "bench/added/compile/compiler.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *words;
} wrong[] = {
    {"off-by-one-row", "sums[0,0] is 0, should be"},
    {"last-left-out", "out[0,0] is nan"},
    {"not-a-number", "out[0,13] is nan"},
    {"out-of-bounds", "kernel copy_too_far, block (0,0,0), thread (0,0,0): out-of-bounds read"},
    {"reads-past-the-end",
     "kernel copy_and_next, block (0,0,0), thread (1,0,0): uninitialised value"},
    {"past-the-end", "wrote past the end of buffer 'out'"},
    {"race", "race in shared memory: thread 32 reads a byte that thread 0 wrote"},
    {"race-between-blocks", "race in global memory: a block reads what block (0,0,0) wrote"},
    {"never-written", "kernel copy_of_nothing, block (0,0,0), thread (0,0,0): uninitialised value"},
    {"writes-its-input", "wrote into its input 'a'"},
    {"leading-dimension", "the leading dimension was not kept to"},
    {"not-precise", "sums[0,0] is 0.780273438, should be"},
    {"misaligned", "misaligned read of 16 bytes"},
    {"no-block-for-the-rest", ".cu:225:16: the grid is 0 along x"},
};
enum { WRONG = sizeof wrong / sizeof wrong[0] };

/* All of them at once, with `variable` in the environment. */
static struct call all_verify(const char *variable) {
    char folder[PATH_MAX], file[PATH_MAX + 40], cache[PATH_MAX];
    assert_non_null(realpath(".", folder));
    snprintf(file, sizeof file, "%s/tests/data/kernels/wrong.cu", folder);
    snprintf(cache, sizeof cache, "XDG_CACHE_HOME=%s", here.place.path);
    const char *const variables[] = {cache, variable, NULL};
    const struct call_limits limits = {.variables = variables};
    const char *const words[] = {"verify", "--gpu", "emulated", "--add", file, NULL};
    struct call call = call_start(&here, words, &limits);
    call_wait(&here, &call);
    return call;
}

/* The row of that number has failed, and for its own reason. */
static void check_found(const struct call *call, int i) {
    char row[80];
    snprintf(row, sizeof row, " %s on emulated", wrong[i].name);
    const char *at = strstr(call->out, row);
    while (at && at > call->out && at[-1] != '\n')
        at--;
    if (!at || strncmp(at, "  FAILED ", strlen("  FAILED ")) != 0)
        fail_msg("%s has not failed: \"%.600s\"", wrong[i].name, call->out);
    if (!strstr(call->out, wrong[i].words) && !strstr(call->err, wrong[i].words))
        fail_msg("%s: \"%.600s\" should hold \"%s\"", wrong[i].name, at, wrong[i].words);
}

TEST(each_is_found) {
    calling_open(&here);
    struct call call = all_verify(NULL);
    assert_int_equal(call.status, 1);
    for (int i = 0; i < WRONG; i++)
        check_found(&call, i);
    call_free(&call);
    calling_close(&here);
}

/* What else is asked of the emulated GPU leaves its checks as they are. */
TEST(races_are_found_on_one_thread) {
    calling_open(&here);
    struct call call = all_verify("LOCKSTEP_EMULATOR=threads=1");
    for (int i = 0; i < WRONG; i++)
        if (strncmp(wrong[i].name, "race", 4) == 0)
            check_found(&call, i);
    call_free(&call);
    calling_close(&here);
}

int main(void) {
    struct compiler compiler;
    struct message message;
    if (compiler_find(&compiler, &message) != STATUS_OK) {
        print_message("skipped: %s\n", message.text);
        return 77;
    }
    return tests_run(NULL, NULL);
}
