/* What an A100 has room for, as members of an initialiser of struct machine_properties. */
#ifndef LOCKSTEP_TESTS_SUPPORT_A100_H
#define LOCKSTEP_TESTS_SUPPORT_A100_H

#define A100_LIMITS                                                                                \
    .capability_major = 8, .warp_size = 32, .max_threads_per_block = 1024,                         \
    .max_threads_per_multiprocessor = 2048, .max_blocks_per_multiprocessor = 32,                   \
    .max_block = {1024, 1024, 64}, .max_grid = {2147483647, 65535, 65535},                         \
    .registers_per_block = 65536, .registers_per_multiprocessor = 65536,                           \
    .shared_per_block = 49152, .shared_per_block_optin = 166912,                                   \
    .shared_per_multiprocessor = 167936, .shared_reserved_per_block = 1024,                        \
    .constant_memory = 65536

#endif
