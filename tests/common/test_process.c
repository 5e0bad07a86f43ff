/* Lines to a process and back. */
#include "common/process.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void shell_start(struct process *process, const char *script) {
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    struct message message = {""};
    if (process_start(process, arguments, &message) != STATUS_OK)
        fail_msg("%s", message.text);
}

static void check_answer(struct process *process, const char *expected) {
    char *line;
    assert_int_equal(process_receive(process, 10, &line), PROCESS_LINE);
    assert_string_equal(line, expected);
}

/* Longer than what a socket takes at once; an empty one, too. */
TEST(lines_of_any_length_arrive_with_their_newline) {
    enum { LONG = 1000000 };
    char *text = malloc(LONG + 1);
    assert_non_null(text);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    struct process process;
    shell_start(&process, "head -n 1 | wc -c");
    assert_true(process_send(&process, text));
    check_answer(&process, "1000001");
    process_end(&process);
    shell_start(&process, "read -r a; read -r b; echo \"<$a><$b>\"");
    assert_true(process_send(&process, ""));
    assert_true(process_send(&process, "second"));
    check_answer(&process, "<><second>");
    process_end(&process);
    free(text);
}

TEST(a_process_that_has_gone_takes_no_line) {
    struct process process;
    char *line;
    shell_start(&process, "exit 3");
    assert_int_equal(process_receive(&process, 10, &line), PROCESS_ENDED);
    assert_false(process_send(&process, "late"));
    process_end(&process);
    assert_false(process_send(&process, "later"));
}
