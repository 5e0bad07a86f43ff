/* What runs: a launch, its workers, their blocks, and the warps of these. */
#ifndef LOCKSTEP_EMULATOR_WARPS_STATE_H
#define LOCKSTEP_EMULATOR_WARPS_STATE_H

#include "emulator/decode/program.h"
#include "emulator/memory/memory.h"
#include "emulator/memory/texture.h"

#include <pthread.h>

enum { BARRIERS = 16 };

struct caches;

/* Which check has found it, where that matters. */
enum fault_kind { FAULT_ANY, FAULT_RACE, FAULT_UNWRITTEN };

struct fault {
    enum machine_status status;
    enum fault_kind kind;
    uint64_t block;
    struct machine_diagnostic diagnostic;
};

struct output {
    char *text;
    size_t length, capacity;
    uint64_t block;
};

struct launch {
    const struct program *program;
    const struct program_function *function;
    struct memory *memory;
    struct heap *heap;
    struct scratch *scratch;
    const struct texture_table *textures;
    struct machine_options options;
    const struct machine_properties *properties;
    unsigned grid[3], block[3];
    unsigned cluster[3];        /* blocks of a cluster; ones where there are none */
    bool has_explicit_clusters; /* the kernel or its launch says so */
    uint32_t cluster_size;
    uint64_t block_count, cluster_count;
    uint32_t threads, warps;
    size_t shared_bytes, dynamic_shared, static_shared;
    size_t own_shared; /* without what the system keeps for itself, which lies behind */
    size_t local_bytes;
    bool has_calls;
    unsigned char *parameters;
    size_t parameter_bytes;
    bool is_failed;      /* atomic */
    bool is_cooperative; /* all blocks resident together */
    uint64_t workspace;  /* where cooperative groups keep the grid's barrier; 0: no such launch */
    size_t resident_limit;
    bool is_serial; /* blocks see each other's work: one host thread, in the order of the blocks */
    struct race_global *race_global; /* NULL: races between blocks are not looked for */
    bool is_slow;                    /* race or init checks are on */
    bool is_watched; /* the same, or caches are simulated: somebody sees what global memory does */
    struct caches *caches;              /* NULL: not simulated */
    int64_t slice;                      /* instructions of a warp before the next one's turn */
    const uint64_t *chosen;             /* the numbers of the clusters that run; NULL: all */
    struct machine_counters *of_chosen; /* what each of them counts; NULL: nobody asks */
    uint64_t next_cluster;              /* atomic */
    uint64_t instructions;              /* atomic: executed by finished slices, for the budget */
    pthread_mutex_t lock;
    struct fault fault; /* of the lowest block that failed */
    struct output *outputs;
    size_t output_count, output_capacity;
    size_t output_bytes;
    bool output_dropped;
};

struct worker {
    struct launch *launch;
    struct machine_counters counters;
    struct access_site *sites; /* by number */
    size_t site_bytes;
    struct lanes64 scratch[OPERAND_LIMIT], scratch_from[OPERAND_LIMIT];
};

struct barrier {
    uint32_t expected; /* threads; 0: all that live */
    uint32_t arrived;
    uint32_t count, all, any; /* of bar.red */
    uint32_t *waiting;        /* a mask for each warp */
    bool is_open;
};

struct race_shadow;
struct tensor_memory;
struct load_watch;
struct warpgroup_watch;

/* A product of a warpgroup, counted from 1, which its warps have to agree on. */
struct product_entry {
    uint64_t number;
    const struct instruction *instruction;
    uint64_t a, b; /* descriptors */
};

enum { PRODUCTS_KEPT = 64 };

/* Blocks that run together and may reach each other's shared memory. A block of its own is a
 * cluster of one. */
struct cluster {
    struct launch *launch;
    uint64_t slot; /* among those that run together; says which multiprocessors its blocks are on */
    uint64_t number;      /* in the order of their beginning */
    struct block *blocks; /* by rank */
    uint32_t size;
    uint32_t barrier_phase;
    uint32_t idle; /* grows while all wait at mbarriers and nothing happens to these */
    bool has_spun;
    uint64_t spent;             /* warp instructions since the launch last asked */
    struct transfer *transfers; /* copies under way, in the order of their issue */
    size_t transfer_count, transfer_capacity;
};

struct block {
    struct launch *launch;
    struct cluster *cluster;
    struct worker *worker;
    uint32_t rank; /* in the cluster */
    uint64_t index;
    uint32_t coordinates[3];
    unsigned char *shared;
    struct warp *warps;
    uint32_t warp_count, live_threads;
    struct barrier barriers[BARRIERS];
    uint32_t *waiting; /* memory of the barriers' masks */
    struct race_shadow *race;
    uint8_t *shared_written;        /* 1 for each byte; NULL: not checked */
    struct tensor_memory *tensor;   /* NULL: the program has no tcgen05 */
    struct product_entry *products; /* the latest, PRODUCTS_KEPT a warpgroup; NULL: none has any */
    struct fault fault;
    struct output output;
    unsigned char *memory, *stacks, *locals, *specials; /* the first holds all others */
    unsigned char *undefined, *undefined_locals;        /* as large as stacks and locals */
    size_t memory_bytes;
};

/* A cp.async that is under way for one lane: delivered when it is waited for. */
struct async_copy {
    const struct instruction *instruction;
    uint32_t lane, group, to, size;
    uint8_t bytes[16];
    uint16_t undefined; /* a bit for each byte that nothing has written */
};

struct warp {
    unsigned char *bank[BANK_COUNT]; /* what slots are relative to */
    uint32_t mask;                   /* the lanes that execute */
    uint32_t pc, stop;               /* theirs; at `stop` others wait to join them */
    uint32_t base;                   /* of their frame in the stack */
    bool regroup;                    /* who executes is to be chosen anew */
    bool is_faulted;
    bool communicated;     /* since the last jump back something may have seen others' work */
    bool is_spent;         /* a loop seems to wait for others: the slice ends */
    bool gives_way;        /* a copy has come for it: others look at it before it goes on */
    uint32_t live;         /* lanes that have not ended */
    uint32_t sync_wait;    /* lanes that wait for other lanes */
    uint32_t barrier_wait; /* lanes that wait at a barrier of the block */
    uint32_t cluster_arrived, cluster_passed; /* lanes at the cluster's barrier: before and after it
                                                 let go; */
    uint32_t cluster_waiting;                 /* those that wait there */
    uint32_t mbarrier_wait;                   /* lanes that sleep at an mbarrier, */
    uint32_t mbarrier_at[LANES];              /* which lies there in shared memory, */
    uint32_t mbarrier_expired;                /* or have slept for long enough, */
    uint32_t mbarrier_ended;                  /* or whose phase has ended meanwhile */
    uint32_t mbarrier_tested;                 /* lanes that tested one in vain: the slice ends */
    uint32_t yielded;                         /* lanes that let others go first */
    uint32_t spins;    /* jumps back, weighted by whether they communicated */
    int64_t fuel;      /* instructions left of the slice */
    uint64_t executed; /* instructions, for the clocks */
    struct worker *worker;
    struct block *block;
    const struct instruction *code;
    const uint32_t *machine_before;
    uint32_t index, first_thread;
    uint32_t lane_pc[LANES], lane_base[LANES]; /* of lanes that do not execute */
    uint32_t lane_local[LANES];                /* where the frame's local variables begin, */
    uint32_t lane_stack[LANES];                /* and where what alloca took begins */
    unsigned char *stack;
    unsigned char *special;
    unsigned char *local;
    struct async_copy *copies;
    size_t copy_count, copy_capacity;
    uint32_t async_group[LANES]; /* the number of the group that is open */
    uint32_t bulk_group[LANES];  /* the same for bulk copies */
    uint32_t sync_clock;         /* times that lanes have met, for the check of races */
    uint64_t product_count;      /* of wgmma.mma_async */
    uint64_t product_group;      /* of wgmma, the one that is open */
    uint64_t product_wait; /* it waits until its warpgroup has committed so many groups; 0: not */
    struct warpgroup_watch *watch; /* NULL: wgmma is not checked */
    struct load_watch *loads;      /* NULL: loads from tensor memory are not checked */
    instruction_handler *before;   /* sees each instruction first; NULL: nobody does */
    /* Which values nothing has written (undefined.h). NULL: not checked. */
    unsigned char *undefined;       /* as the stack: a mask of lanes at the slot of each register */
    unsigned char *undefined_local; /* a flag for each byte of local memory */
    uint32_t undefined_top;         /* so much of the first is in use */
    instruction_handler *propagate; /* sees each instruction; NULL: no register has such a value */
    const struct instruction *undefined_load; /* that brought the last one */
};

/* The lanes that could execute now. */
static inline uint32_t warp_runnable(const struct warp *warp) {
    return warp->live & ~warp->sync_wait & ~warp->barrier_wait & ~warp->mbarrier_wait;
}

enum { STACK_BYTES = 1 << 24, SPIN_LIMIT = 1024, SLICE = 1 << 14, SLICE_CACHED = 1 << 7 };

static inline void *warp_slot(const struct warp *warp, uint32_t slot) {
    return warp->bank[slot & 3] + (slot & ~UINT32_C(3));
}

/* Four times the machine instructions of the next `count` instructions. */
static inline uint32_t warp_machine_quarters(const struct warp *warp, uint32_t count) {
    return warp->machine_before[warp->pc + count] - warp->machine_before[warp->pc];
}

/* The lanes that an instruction with a guard acts on. */
static inline uint32_t warp_guard(const struct warp *warp, const struct instruction *instruction) {
    if (!instruction->is_guarded)
        return warp->mask;
    uint32_t guard = *(const uint32_t *)warp_slot(warp, instruction->guard);
    return warp->mask & (instruction->guard_negated ? ~guard : guard);
}

#endif
