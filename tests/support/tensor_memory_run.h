/* A kernel of a block with tensor memory, around statements that a test gives. */
#ifndef LOCKSTEP_TESTS_SUPPORT_TENSOR_MEMORY_RUN_H
#define LOCKSTEP_TESTS_SUPPORT_TENSOR_MEMORY_RUN_H

#include "tests/support/emulator_core.h"

enum { TENSOR_MEMORY_THREADS = 128 }; /* one for each lane of tensor memory */

/*
 * Runs the statements after 128 columns were allocated, from column %r3 on, and the 4096 bytes of
 * shared memory `space` filled with words that count up; `empty` has 1024 bytes that nothing
 * writes. %r4 is as %r3, in the warp's own lanes; %r1 the thread, %rd1 a descriptor of space, %rd2
 * the thread's 32 bytes of `output`. %p5 holds in thread 0.
 */
enum machine_status tensor_memory_run(struct bench *bench, bool checks, const char *statements,
                                      uint64_t output);

#define TENSOR_COMMIT                                                                              \
    "@%p5 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [done];\n"
#define TENSOR_WAIT                                                                                \
    "WAIT: mbarrier.try_wait.parity.shared.b64 %p1, [done], 0; @!%p1 bra WAIT;\n"                  \
    "tcgen05.fence::after_thread_sync;\n"

#endif
