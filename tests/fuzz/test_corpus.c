/* Replays the kept corpora of what lockstep reads with the fuzzer's targets: what they once choked
 * on must neither crash, hang nor leak again (AddressSanitizer sees the rest in `make check`). */
#include "tests/support/fuzzing.h"
#include "tests/support/test.h"

#define REPLAY(name)                                                                               \
    TEST(name##_is_digested) {                                                                     \
        corpus_replay(#name, fuzz_##name);                                                         \
    }
REPLAY(csv)
REPLAY(environment)
REPLAY(history)
REPLAY(tuning)
REPLAY(weights)
REPLAY(idx)
REPLAY(command_line)
