/*
 * The emulated GPU itself, without the driver's API: device memory, modules of PTX, launches,
 * counters and checks.
 *
 * Everything hangs on a `struct machine`; there is no other state. A machine may be used from
 * several host threads: each function takes the machine's lock as it needs it, launches run one
 * after another. Device addresses are plain numbers; a global address is also the host address of
 * its bytes (unified addressing), so registered host memory is addressed alike. Strings returned
 * live as long as the object they came from.
 */
#ifndef LOCKSTEP_EMULATOR_MACHINE_MACHINE_H
#define LOCKSTEP_EMULATOR_MACHINE_MACHINE_H

#include "emulator/lanes/machine_types.h"

struct machine;
struct machine_module;
struct machine_function;

/* A short English name of the status, such as "misaligned address". */
const char *machine_status_name(enum machine_status status);

/* Memory check on, other checks off, no budget, all cores. */
void machine_options_default(struct machine_options *options);

/* NULL when memory for it cannot be had. Properties and options are copied (properties->name must
 * outlive the machine). */
struct machine *machine_create(const struct machine_properties *properties,
                               const struct machine_options *options);
/* Frees all modules and memory with it. Pointers into it are dead afterwards. */
void machine_destroy(struct machine *machine);
struct machine_options machine_options(const struct machine *machine);
/* Takes effect at the next launch. */
void machine_set_options(struct machine *machine, const struct machine_options *options);

/* ---- Memory. Host-side access is bounds-checked: MACHINE_INVALID_ADDRESS, never a crash. ---- */

struct machine_range {
    uint64_t address;
    size_t size;
    enum machine_memory_kind kind;
    bool is_managed; /* a module's variable, with .attribute(.managed) */
};

/* `size` > 0; the address is aligned to 512 bytes, from 1 MiB on to 4096. MACHINE_OUT_OF_MEMORY
 * beyond properties.memory_bytes. */
enum machine_status machine_allocate(struct machine *machine, size_t size, uint64_t *address);
/* Only the address that machine_allocate gave. */
enum machine_status machine_free(struct machine *machine, uint64_t address);
/* Page-locked host memory: address and host pointer are equal. Does not count against the device's
 * memory. */
enum machine_status machine_allocate_host(struct machine *machine, size_t size, void **memory);
enum machine_status machine_free_host(struct machine *machine, void *memory);
/* The caller's memory becomes visible to kernels; it must stay until it is unregistered. */
enum machine_status machine_register_host(struct machine *machine, void *memory, size_t size);
enum machine_status machine_unregister_host(struct machine *machine, void *memory);
/* Memory that the caller has put at addresses of its own becomes visible to kernels, until it is
 * hidden. It counts as written. Kernels that write to what is read-only are at fault. */
enum machine_status machine_expose(struct machine *machine, uint64_t address, size_t size,
                                   bool is_read_only);
enum machine_status machine_hide(struct machine *machine, uint64_t address);
/* Addresses for instructions of multimem alone. The machine takes the range over. */
struct multicast_range;
void machine_expose_multicast(struct machine *machine, struct multicast_range *range);
void machine_hide_multicast(struct machine *machine, uint64_t address);
/* Counts `size` bytes against the device's memory, or no longer. */
enum machine_status machine_charge(struct machine *machine, size_t size);
void machine_refund(struct machine *machine, size_t size);
/* The range that holds `address`; kind MACHINE_MEMORY_NONE when none does. */
struct machine_range machine_find_range(struct machine *machine, uint64_t address);
/* Device memory: what the device has, and what is allocated now (modules' variables included). */
void machine_memory_info(struct machine *machine, size_t *total, size_t *in_use);
/* Bytes that kernels have from malloc and did not free, in *count allocations. */
size_t machine_heap_in_use(struct machine *machine, size_t *count);

enum machine_status machine_read(struct machine *machine, void *to, uint64_t from, size_t size);
enum machine_status machine_write(struct machine *machine, uint64_t to, const void *from,
                                  size_t size);
/* The bytes keep what they hold, and check=init takes them for never written. */
enum machine_status machine_forget(struct machine *machine, uint64_t address, size_t size);
/* Overlap allowed. */
enum machine_status machine_copy(struct machine *machine, uint64_t to, uint64_t from, size_t size);
/* `count` elements of `width` bytes (1, 2 or 4), each set to the low bytes of `value`. `to` aligned
 * to width. */
enum machine_status machine_set(struct machine *machine, uint64_t to, uint32_t value,
                                unsigned width, size_t count);

/* ---- Textures and surfaces ---- */

/* The handle that kernels are given; 0: no memory. The texels are found to be freed when a kernel
 * comes to them. */
uint64_t machine_texture_create(struct machine *machine, const struct machine_texture *texture);
/* MACHINE_INVALID_VALUE for what is no handle. */
enum machine_status machine_texture_destroy(struct machine *machine, uint64_t handle);

/* ---- Modules ---- */

/*
 * Parses, validates and decodes `length` bytes of PTX (a trailing NUL is allowed). On failure
 * *module is NULL and `diagnostic` says line, column and what. `name` is what messages call the
 * module.
 */
enum machine_status machine_load(struct machine *machine, const char *name, const char *text,
                                 size_t length, struct machine_module **module,
                                 struct machine_diagnostic *diagnostic);
/* Parses alone: what the text needs of others is not looked for, nor are instructions. */
enum machine_status machine_check_syntax(const char *text, size_t length,
                                         struct machine_diagnostic *diagnostic);
/* Waits until a launch that runs has ended. The module and its functions are dead afterwards, so a
 * caller that launches from another thread keeps it from doing so. MACHINE_INVALID_VALUE for what
 * is no module of this machine. */
enum machine_status machine_unload(struct machine *machine, struct machine_module *module);

/* Kernels (.entry) only, in the order of the text. NULL when there is none of that name / at that
 * index. */
struct machine_function *machine_find_function(struct machine_module *module, const char *name);
struct machine_function *machine_function_at(struct machine_module *module, size_t index);
size_t machine_function_count(const struct machine_module *module);

struct machine_parameter {
    size_t offset, size, alignment;
};

struct machine_function_info {
    const char *name;
    size_t parameter_count;
    const struct machine_parameter *parameters;
    size_t parameter_bytes; /* end of the last parameter */
    /*
     * Registers a thread as an estimate from the PTX: 32-bit registers live at once, at most, and
     * never fewer than 16 nor more than .maxnreg, .maxntid and .minnctapersm leave. The real
     * compiler allocates by rules of its own, so occupancy computed from it is an estimate too, and
     * said to be one.
     */
    unsigned registers;
    size_t shared_bytes;          /* static */
    size_t local_bytes;           /* a thread */
    size_t constant_bytes;        /* of the module's .const variables */
    unsigned max_threads;         /* .maxntid or .reqntid product, else the device's */
    unsigned required_block[3];   /* .reqntid; zeros when there is none */
    unsigned min_blocks;          /* .minnctapersm, 0 when absent */
    unsigned required_cluster[3]; /* .reqnctapercluster; zeros when there is none */
    unsigned max_cluster_rank;    /* .maxclusterrank, 0 when absent */
    bool has_grid_of_clusters;    /* .blocksareclusters: a launch's grid is one of clusters */
    bool has_explicit_clusters; /* .explicitcluster: the launch has to say them, if nothing else */
    unsigned ptx_version;       /* 90 for 9.0 */
    unsigned target;            /* 80 for sm_80 */
    char target_features;       /* 'a' of sm_90a, 'f' of sm_100f, NUL for neither */
    const char
        *lacks; /* where the kernel needs what the emulator lacks; NULL: it can be launched */
};

const struct machine_function_info *machine_function_info(const struct machine_function *function);

/* A .global or .const variable by name: MACHINE_NOT_FOUND when there is none. */
enum machine_status machine_find_global(struct machine_module *module, const char *name,
                                        uint64_t *address, size_t *size);
/* A .texref or .surfref by name: where the handle of its texture or surface has to be written, 8
 * bytes that are 0 at first. MACHINE_NOT_FOUND when there is none. */
enum machine_status machine_find_reference(struct machine_module *module, const char *name,
                                           bool is_surface, uint64_t *address);
/* The variables with .attribute(.managed), one after another; false at the end. */
bool machine_managed_variable(const struct machine_module *module, size_t index, uint64_t *address,
                              size_t *size);

/* ---- Launch ---- */

void machine_counters_add(struct machine_counters *total, const struct machine_counters *more);
/* What was counted between the two. */
struct machine_counters machine_counters_since(const struct machine_counters *now,
                                               const struct machine_counters *before);
/* Each count times `all` over `counted`, rounded. */
void machine_counters_scale(struct machine_counters *counters, uint64_t all, uint64_t counted);

/* Name and place of each counter, for tables and CSV files: a uint64_t lies `offset` bytes into
 * machine_counters. */
struct machine_counter_name {
    const char *name;
    size_t offset;
};
const struct machine_counter_name *machine_counter_names(size_t *count);

/* Blocks that a cluster may have: on every device that has clusters, and on those that allow
 * more. */
enum { MACHINE_CLUSTER_PORTABLE = 8, MACHINE_CLUSTER_LIMIT = 16, MACHINE_CLUSTER_CAPABILITY = 9 };

struct machine_launch {
    struct machine_function *function;
    unsigned grid[3], block[3];
    unsigned cluster[3];       /* blocks of a cluster; zeros: what the kernel requires, or one */
    bool allow_large_clusters; /* up to MACHINE_CLUSTER_LIMIT instead of MACHINE_CLUSTER_PORTABLE */
    size_t dynamic_shared;
    bool allow_large_shared; /* up to properties.shared_per_block_optin */
    bool cooperative;
    const void *parameters; /* packed as info.parameters says */
    size_t parameter_bytes;
};

/*
 * Runs the kernel to its end. A launch that faults stops, reports to the log, fills `diagnostic`
 * and returns the status; memory keeps what was written until then. `counters` (may be NULL) are
 * filled even so.
 */
enum machine_status machine_launch(struct machine *machine, const struct machine_launch *launch,
                                   struct machine_counters *counters,
                                   struct machine_diagnostic *diagnostic);

/* Blocks that fit a multiprocessor at once, by threads, shared memory, registers (estimated) and
 * the block limit. */
unsigned machine_occupancy(const struct machine *machine, const struct machine_function *function,
                           unsigned threads, size_t dynamic_shared);
/* Whether the launch's clusters are allowed: MACHINE_OK, or MACHINE_INVALID_VALUE and why. */
enum machine_status machine_check_clusters(const struct machine *machine,
                                           const struct machine_launch *launch,
                                           struct machine_diagnostic *diagnostic);
/* The blocks of the launch's clusters: what it says, else what the kernel requires, else ones. */
void machine_cluster(const struct machine_launch *launch, unsigned cluster[3]);

#endif
