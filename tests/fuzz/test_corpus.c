/* Replays the kept corpora of what lockstep reads with the fuzzer's targets: what they once choked
 * on must neither crash, hang nor leak again (AddressSanitizer sees the rest in `make check`). */
#include "tests/support/cmocka.h"
#include "tests/support/fuzzing.h"

#define REPLAY(name)                                                                               \
    static void name##_is_digested(void **state) {                                                 \
        (void)state;                                                                               \
        corpus_replay(#name, fuzz_##name);                                                         \
    }
REPLAY(csv)
REPLAY(environment)
REPLAY(history)
REPLAY(tuning)
REPLAY(weights)
REPLAY(idx)
REPLAY(command_line)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_digested),          cmocka_unit_test(environment_is_digested),
        cmocka_unit_test(history_is_digested),      cmocka_unit_test(tuning_is_digested),
        cmocka_unit_test(weights_is_digested),      cmocka_unit_test(idx_is_digested),
        cmocka_unit_test(command_line_is_digested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
