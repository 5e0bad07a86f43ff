/* Calls that the program refuses. */
#include "tests/support/refusing.h"
#include "tests/support/cmocka.h"

#include <string.h>

void check_refused(const char *const *arguments, int status, const char *words) {
    struct call call = call_of(&here, arguments);
    check_status(&call, status);
    check_holds(call.err, words);
    assert_int_equal(strncmp(call.err, "lockstep", 8), 0);
    assert_string_equal(call.out, "");
    call_free(&call);
    assert_null(temporary_text(&here.place, "run/environment.json"));
}
