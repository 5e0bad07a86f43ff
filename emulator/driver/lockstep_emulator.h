/*
 * What the emulated driver offers beside the CUDA driver API: proof that it is the emulator, and
 * its counters.
 *
 * Nobody links the emulator. A program that has loaded libcuda.so.1 looks these functions up by
 * name with dlsym; where lockstepEmulatorVersion is missing, the driver is a real one. This header
 * is plain C, includes nothing of the emulator and may be copied.
 *
 *     int (*version)(void) = (int (*)(void))dlsym(libcuda, "lockstepEmulatorVersion");
 *     bool emulated = version && version() >= 1;
 *
 * Every function may be called from any thread, before cuInit too.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_LOCKSTEP_EMULATOR_H
#define LOCKSTEP_EMULATOR_DRIVER_LOCKSTEP_EMULATOR_H

#include <stddef.h>
#include <stdint.h>

#define LOCKSTEP_EMULATOR_VERSION 1

/*
 * Totals over all launches of one kernel with one grid, one block and one amount of dynamic shared
 * memory since the last reset. What each counter counts is defined in docs/emulator.md. New members
 * are added at the end only.
 */
struct lockstep_emulator_counters {
    size_t size; /* the caller sets it to sizeof(struct lockstep_emulator_counters) */
    char kernel[256];
    uint32_t grid[3], block[3];
    uint64_t dynamic_shared; /* bytes */
    uint64_t launches;
    double occupancy; /* theoretical, 0 to 1: warps that fit a multiprocessor over the most it can
                         hold */
    uint64_t warp_instructions;
    uint64_t thread_instructions;
    uint64_t fma_warp_instructions;
    uint64_t tensor_warp_instructions;
    uint64_t branches, divergent_branches;
    uint64_t barriers;
    uint64_t global_load_requests, global_load_sectors;
    uint64_t global_store_requests, global_store_sectors;
    uint64_t global_atomic_requests, global_atomic_sectors;
    uint64_t local_load_requests, local_store_requests;
    uint64_t shared_load_requests, shared_store_requests;
    uint64_t shared_wavefronts, shared_wavefronts_ideal;
    uint64_t bytes_touched; /* summed over the launches */
    uint64_t blocks, warps;
    uint64_t shared_atomic_requests, shared_copy_requests;
    uint64_t bulk_load_requests, bulk_load_bytes, bulk_store_requests, bulk_store_bytes;
    uint64_t wgmma_warp_instructions, wgmma_multiply_adds;
    uint64_t machine_instructions;                    /* of SASS, estimated */
    uint64_t shared_requests_64, shared_requests_128; /* of 8 and of 16 bytes a lane */
    uint64_t global_requests_64, global_requests_128;
    uint64_t l1_sectors, l1_hits, l2_sectors, l2_hits; /* 0 unless caches=on, and so are */
    uint64_t dram_read_bytes, dram_write_bytes;
    uint64_t registers;    /* a thread, estimated from the PTX; no total, and so is the next */
    uint64_t shared_bytes; /* a block, static and dynamic */
    uint64_t tcgen05_mma_instructions, tcgen05_multiply_adds;
    uint64_t tensor_memory_load_bytes, tensor_memory_store_bytes, tensor_memory_copy_bytes;
    uint64_t block_bytes_touched; /* by the first block, no total; 0: not told apart */
    uint64_t matrix_capability;   /* ten times what its products of matrices want, no total; 0: it
                                     has none */
    uint64_t blocks_executed;     /* fewer than `blocks` where equal ones were sampled */
};

/* LOCKSTEP_EMULATOR_VERSION of the library. */
int lockstepEmulatorVersion(void);

/* Forgets all rows. They are still written to the file of report= when the program ends. */
void lockstepEmulatorCountersReset(void);

/* Rows since the last reset, in the order of each kernel's first launch. */
size_t lockstepEmulatorCountersCount(void);

/* Fills `row`, as much as row->size says there is room for. 0 when done; -1 when there is no row of
 * that index. */
int lockstepEmulatorCountersRead(size_t index, struct lockstep_emulator_counters *row);

/*
 * The last line that the emulator said on stderr, such as the fault of a kernel with block, thread,
 * address and source line; empty when it has said nothing. Copies at most `size` bytes with the
 * NUL, returns the whole length without it.
 */
size_t lockstepEmulatorMessage(char *text, size_t size);

/*
 * Says a line on stderr, and appends it to the file of findings=, as the driver does for a call
 * that it refuses: for libraries above it, such as the runtime, that refuse some calls by
 * themselves.
 */
void lockstepEmulatorFind(const char *line);

/*
 * Lets the program end a launch that takes too long: while one runs, `asked` is called again and
 * again, from any thread and without any right to call CUDA. Once it returns another number than 0,
 * the launch stops and breaks its context with CUDA_ERROR_LAUNCH_TIMEOUT. NULL: launches run to
 * their end, as at first. Takes effect at the next launch.
 */
void lockstepEmulatorStopWhen(int (*asked)(void *context), void *context);

/*
 * Takes so many bytes of an allocation for never written, as check=init sees them; their contents
 * stay. So a kernel that uses what lies beyond its data in a larger allocation is told. 0 when
 * done; -1 when no allocation holds all of them.
 */
int lockstepEmulatorForget(uint64_t address, size_t size);

#endif
