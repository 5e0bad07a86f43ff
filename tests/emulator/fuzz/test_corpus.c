/* Replays the kept corpora of what the emulated GPU reads with the fuzzer's targets: what they once
 * choked on must neither crash, hang nor leak again (AddressSanitizer sees the rest in `make
 * check`). */
#include "tests/support/cmocka.h"
#include "tests/support/fuzzing.h"

static void ptx_is_digested(void **state) {
    (void)state;
    corpus_replay("ptx", fuzz_ptx);
}

static void fat_binaries_are_digested(void **state) {
    (void)state;
    corpus_replay("fatbin", fuzz_fatbin);
}

static void edited_kernels_end(void **state) {
    (void)state;
    corpus_replay("execution", fuzz_execution);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ptx_is_digested),
                                       cmocka_unit_test(fat_binaries_are_digested),
                                       cmocka_unit_test(edited_kernels_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
