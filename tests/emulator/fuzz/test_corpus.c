/* Replays the kept corpora of what the emulated GPU reads with the fuzzer's targets: what they once
 * choked on must neither crash, hang nor leak again (AddressSanitizer sees the rest in `make
 * check`). */
#include "tests/support/fuzzing.h"
#include "tests/support/test.h"

TEST(ptx_is_digested) {
    corpus_replay("ptx", fuzz_ptx);
}

TEST(fat_binaries_are_digested) {
    corpus_replay("fatbin", fuzz_fatbin);
}

TEST(edited_kernels_end) {
    corpus_replay("execution", fuzz_execution);
}
