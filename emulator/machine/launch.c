/* Launches: whether one may run, what it needs, and what it says when it cannot. */
#include "emulator/machine/machine.h"

#include "emulator/checks/race_global.h"
#include "emulator/lanes/space.h"
#include "emulator/machine/equal_blocks.h"
#include "emulator/machine/module.h"
#include "emulator/machine/output.h"
#include "emulator/machine/state.h"
#include "emulator/machine/workers.h"
#include "emulator/memory/caches.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum machine_status refuse(struct machine_diagnostic *diagnostic, enum machine_status status,
                                  const struct machine_function_info *info, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum machine_status refuse(struct machine_diagnostic *diagnostic, enum machine_status status,
                                  const struct machine_function_info *info, const char *format,
                                  ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(diagnostic->kernel, sizeof diagnostic->kernel, "%s", info->name);
    snprintf(diagnostic->message, sizeof diagnostic->message, "launch of kernel %s: %s",
             diagnostic->kernel, what);
    return status;
}

static enum machine_status check_sizes(const struct machine *machine,
                                       const struct machine_launch *launch,
                                       struct machine_diagnostic *diagnostic) {
    const struct machine_properties *properties = &machine->properties;
    const struct machine_function_info *info = machine_function_info(launch->function);
    uint64_t threads = 1;
    for (unsigned k = 0; k < 3; k++) {
        if (launch->block[k] == 0 || launch->block[k] > properties->max_block[k])
            return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                          "block size %u in dimension %u must be from 1 to %u", launch->block[k], k,
                          properties->max_block[k]);
        if (launch->grid[k] == 0 || launch->grid[k] > properties->max_grid[k])
            return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                          "grid size %u in dimension %u must be from 1 to %u", launch->grid[k], k,
                          properties->max_grid[k]);
        if (info->required_block[0] && launch->block[k] != info->required_block[k])
            return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                          "block size %u in dimension %u, .reqntid wants %u", launch->block[k], k,
                          info->required_block[k]);
        threads *= launch->block[k];
    }
    if (threads > properties->max_threads_per_block)
        return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                      "a block of %llu threads, the device takes %u", (unsigned long long)threads,
                      properties->max_threads_per_block);
    if (threads > info->max_threads)
        return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                      "a block of %llu threads, .maxntid allows %u", (unsigned long long)threads,
                      info->max_threads);
    return MACHINE_OK;
}

void machine_cluster(const struct machine_launch *launch, unsigned cluster[3]) {
    const struct machine_function_info *info = machine_function_info(launch->function);
    for (unsigned k = 0; k < 3; k++) {
        cluster[k] = launch->cluster[0] ? launch->cluster[k] : info->required_cluster[k];
        cluster[k] = cluster[k] ? cluster[k] : 1;
    }
}

enum machine_status machine_check_clusters(const struct machine *machine,
                                           const struct machine_launch *launch,
                                           struct machine_diagnostic *diagnostic) {
    const struct machine_function_info *info = machine_function_info(launch->function);
    const unsigned limit =
        launch->allow_large_clusters ? MACHINE_CLUSTER_LIMIT : MACHINE_CLUSTER_PORTABLE;
    unsigned cluster[3];
    uint64_t blocks = 1;
    machine_cluster(launch, cluster);
    for (unsigned k = 0; k < 3; k++) {
        blocks *= cluster[k];
        if (info->required_cluster[0] && cluster[k] != info->required_cluster[k])
            return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                          "clusters of %u blocks in dimension %u, .reqnctapercluster wants %u",
                          cluster[k], k, info->required_cluster[k]);
        if (launch->grid[k] % cluster[k] != 0)
            return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                          "grid size %u in dimension %u is no multiple of the cluster's %u",
                          launch->grid[k], k, cluster[k]);
    }
    if (info->has_explicit_clusters && !launch->cluster[0] && !info->required_cluster[0])
        return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                      ".explicitcluster wants a launch that says how many blocks a cluster has");
    if (blocks > limit || (info->max_cluster_rank && blocks > info->max_cluster_rank))
        return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                      "clusters of %llu blocks, %u are allowed", (unsigned long long)blocks,
                      info->max_cluster_rank && info->max_cluster_rank < limit
                          ? info->max_cluster_rank
                          : limit);
    if (blocks > 1 && machine->properties.capability_major < MACHINE_CLUSTER_CAPABILITY)
        return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                      "clusters need a device of compute capability 9.0");
    return MACHINE_OK;
}

static enum machine_status check_launch(const struct machine *machine,
                                        const struct machine_launch *launch,
                                        struct machine_diagnostic *diagnostic) {
    const struct machine_properties *properties = &machine->properties;
    const struct machine_function_info *info = machine_function_info(launch->function);
    if (info->lacks)
        return refuse(diagnostic, MACHINE_NOT_SUPPORTED, info, "%s", info->lacks);
    if (launch->function->module->program->uses_tensor_memory && !properties->tensor_memory_columns)
        return refuse(diagnostic, MACHINE_NOT_SUPPORTED, info,
                      "its module has tcgen05, and the device has no tensor memory");
    enum machine_status status = check_sizes(machine, launch, diagnostic);
    if (status == MACHINE_OK)
        status = machine_check_clusters(machine, launch, diagnostic);
    if (status != MACHINE_OK)
        return status;
    const size_t limit = launch->allow_large_shared ? properties->shared_per_block_optin
                                                    : properties->shared_per_block;
    const size_t shared = info->shared_bytes + launch->dynamic_shared;
    if (launch->dynamic_shared > limit || shared > limit)
        return refuse(diagnostic, MACHINE_TOO_MANY_RESOURCES, info,
                      "%zu bytes of static and %zu of dynamic shared memory, a block may have %zu",
                      info->shared_bytes, launch->dynamic_shared, limit);
    if (launch->parameter_bytes < info->parameter_bytes)
        return refuse(diagnostic, MACHINE_INVALID_VALUE, info,
                      "%zu bytes of parameters, the kernel takes %zu", launch->parameter_bytes,
                      info->parameter_bytes);
    const unsigned threads = launch->block[0] * launch->block[1] * launch->block[2];
    const uint64_t blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
    const uint64_t resident =
        (uint64_t)machine_occupancy(machine, launch->function, threads, launch->dynamic_shared) *
        properties->multiprocessors;
    if (launch->cooperative && blocks > resident)
        return refuse(diagnostic, MACHINE_TOO_MANY_RESOURCES, info,
                      "%llu blocks in a cooperative launch, %llu fit the device at once",
                      (unsigned long long)blocks, (unsigned long long)resident);
    return MACHINE_OK;
}

static size_t align_up(size_t value, size_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

static void prepare(struct machine *machine, const struct machine_launch *from,
                    struct launch *launch) {
    const struct program_function *function = from->function->function;
    const struct program *program = from->function->module->program;
    memcpy(launch->grid, from->grid, sizeof launch->grid);
    memcpy(launch->block, from->block, sizeof launch->block);
    launch->program = program;
    launch->function = function;
    launch->memory = &machine->memory;
    launch->heap = &machine->heap;
    launch->scratch = &machine->scratch;
    launch->textures = &machine->textures;
    launch->options = machine->options;
    launch->properties = &machine->properties;
    launch->block_count = (uint64_t)from->grid[0] * from->grid[1] * from->grid[2];
    machine_cluster(from, launch->cluster);
    launch->has_explicit_clusters =
        from->cluster[0] || machine_function_info(from->function)->required_cluster[0];
    launch->cluster_size = launch->cluster[0] * launch->cluster[1] * launch->cluster[2];
    launch->cluster_count = launch->block_count / launch->cluster_size;
    launch->threads = from->block[0] * from->block[1] * from->block[2];
    launch->warps = (launch->threads + LANES - 1) / LANES;
    launch->static_shared =
        align_up(function->shared_bytes,
                 function->dynamic_alignment > 16 ? function->dynamic_alignment : 16);
    launch->dynamic_shared = from->dynamic_shared;
    launch->shared_bytes = launch->dynamic_shared ? launch->static_shared + launch->dynamic_shared
                                                  : function->shared_bytes;
    launch->own_shared = launch->shared_bytes;
    if (program->uses_reserved_shared)
        launch->shared_bytes = align_up(launch->own_shared, 128) + RESERVED_SHARED_BYTES;
    launch->has_calls = function->has_calls;
    const bool has_stack = function->has_calls || function->takes_stack;
    launch->local_bytes =
        align_up(function->local_bytes + (has_stack ? machine->options.stack_bytes : 0), 16);
    launch->parameter_bytes = from->function->info.parameter_bytes;
    launch->is_cooperative = from->cooperative;
    launch->is_serial = from->cooperative || function->communicates ||
                        launch->options.simulate_caches || launch->options.check_race_global;
    launch->is_slow = launch->options.check_race || launch->options.check_race_global ||
                      launch->options.check_init;
    launch->is_watched = launch->is_slow || launch->options.simulate_caches;
    launch->slice = launch->options.simulate_caches ? SLICE_CACHED : SLICE;
    const uint64_t resident = (uint64_t)machine_occupancy(machine, from->function, launch->threads,
                                                          from->dynamic_shared) *
                              machine->properties.multiprocessors;
    launch->resident_limit =
        (size_t)(resident < launch->block_count ? resident : launch->block_count) /
        launch->cluster_size;
    if (launch->resident_limit == 0)
        launch->resident_limit = 1;
}

static void report(const struct machine *machine, const struct machine_diagnostic *diagnostic) {
    if (machine->options.log)
        machine->options.log(machine->options.context, diagnostic->message);
    else
        (void)fprintf(stderr, "emulator: %s\n", diagnostic->message);
}

/* Caches as the blocks that fit a multiprocessor leave them; false when there is no memory. */
static bool open_caches(const struct machine *machine, const struct machine_launch *from,
                        struct launch *launch) {
    const struct machine_properties *properties = &machine->properties;
    if (!launch->options.simulate_caches)
        return true;
    const size_t blocks =
        machine_occupancy(machine, from->function, launch->threads, from->dynamic_shared);
    const size_t shared =
        launch->shared_bytes ? launch->shared_bytes + properties->shared_reserved_per_block : 0;
    launch->caches = caches_create(properties, caches_first_bytes(properties, blocks * shared));
    return launch->caches != NULL;
}

static bool open_race_global(struct launch *launch) {
    if (launch->options.check_race_global)
        launch->race_global = race_global_create(launch->block_count);
    return launch->race_global || !launch->options.check_race_global;
}

/* What the first block or cluster touches tells what they share, so it runs alone where nothing
 * forbids it. */
static void run_all(struct launch *launch, struct machine_counters *counters) {
    const uint64_t clusters = launch->cluster_count;
    if (!launch->is_serial && launch->block_count >= BLOCKS_TO_TELL_FIRST) {
        launch->cluster_count = 1;
        workers_run(launch, counters);
        counters->block_bytes_touched = memory_touched(launch->memory) / launch->cluster_size;
        launch->next_cluster = 1;
        launch->cluster_count = clusters;
    }
    workers_run(launch, counters);
    counters->machine_instructions /= 4; /* blocks count in quarters */
}

static enum machine_status run(struct machine *machine, const struct machine_launch *from,
                               uint64_t workspace, struct machine_counters *counters,
                               struct machine_diagnostic *diagnostic) {
    struct launch launch = {0};
    prepare(machine, from, &launch);
    launch.parameters = calloc(launch.parameter_bytes + 16, 1);
    if (!launch.parameters || !open_caches(machine, from, &launch) || !open_race_global(&launch) ||
        pthread_mutex_init(&launch.lock, NULL) != 0) {
        race_global_destroy(launch.race_global);
        caches_destroy(launch.caches);
        free(launch.parameters);
        return refuse(diagnostic, MACHINE_OUT_OF_MEMORY, machine_function_info(from->function),
                      "no host memory left for it");
    }
    if (launch.parameter_bytes)
        memcpy(launch.parameters, from->parameters, launch.parameter_bytes);
    launch.workspace = workspace;
    if (equal_blocks_are_sampled(&launch)) {
        equal_blocks_run(&launch, counters);
    } else {
        run_all(&launch, counters);
        counters->bytes_touched = memory_collect_touched(launch.memory, 1);
        counters->blocks_executed = counters->blocks;
    }
    counters->matrix_capability = from->function->function->matrix_capability;
    counters->registers = machine_function_info(from->function)->registers;
    counters->shared_bytes = launch.own_shared;
    output_print(&launch);
    pthread_mutex_destroy(&launch.lock);
    race_global_destroy(launch.race_global);
    caches_destroy(launch.caches);
    free(launch.parameters);
    if (launch.fault.status != MACHINE_OK)
        *diagnostic = launch.fault.diagnostic;
    return launch.fault.status;
}

/* Cooperative groups find the barrier of the grid in memory that the driver gives the launch. */
static enum machine_status run_cooperatively(struct machine *machine,
                                             const struct machine_launch *from,
                                             struct machine_counters *counters,
                                             struct machine_diagnostic *diagnostic) {
    enum { WORKSPACE_BYTES = 512 };
    uint64_t workspace;
    if (memory_allocate(&machine->memory, WORKSPACE_BYTES, MACHINE_MEMORY_MODULE, &workspace) !=
        MACHINE_OK)
        return refuse(diagnostic, MACHINE_OUT_OF_MEMORY, machine_function_info(from->function),
                      "no device memory left for the barrier of the grid");
    memset(space_host(workspace), 0, WORKSPACE_BYTES);
    memory_mark_written(memory_find(&machine->memory, workspace), workspace, WORKSPACE_BYTES);
    const enum machine_status status = run(machine, from, workspace, counters, diagnostic);
    (void)memory_free(&machine->memory, workspace, MACHINE_MEMORY_MODULE);
    return status;
}

/* The heap is made when the first kernel comes that may ask for it. */
static enum machine_status open_heap(struct machine *machine, const struct machine_launch *launch,
                                     struct machine_diagnostic *diagnostic) {
    if (!launch->function->module->program->uses_heap || machine->heap.base)
        return MACHINE_OK;
    const enum machine_status status =
        heap_open(&machine->heap, &machine->memory, machine->options.heap_bytes);
    if (status == MACHINE_OK)
        return MACHINE_OK;
    heap_close(&machine->heap);
    return refuse(diagnostic, status, machine_function_info(launch->function),
                  "no memory for the device's heap of %zu bytes", machine->options.heap_bytes);
}

/* The launch with its grid in blocks. */
static struct machine_launch launch_of_blocks(const struct machine_launch *asked) {
    const struct machine_function_info *info = machine_function_info(asked->function);
    struct machine_launch launch = *asked;
    for (unsigned k = 0; k < 3 && info->has_grid_of_clusters; k++) {
        const unsigned blocks = info->required_cluster[k] ? info->required_cluster[k] : 1;
        launch.grid[k] =
            launch.grid[k] > UINT32_MAX / blocks ? UINT32_MAX : launch.grid[k] * blocks;
    }
    return launch;
}

enum machine_status machine_launch(struct machine *machine, const struct machine_launch *asked,
                                   struct machine_counters *counters,
                                   struct machine_diagnostic *diagnostic) {
    const struct machine_launch of_blocks = launch_of_blocks(asked), *launch = &of_blocks;
    struct machine_diagnostic own_diagnostic;
    struct machine_counters own_counters;
    diagnostic = diagnostic ? diagnostic : &own_diagnostic;
    counters = counters ? counters : &own_counters;
    memset(diagnostic, 0, sizeof *diagnostic);
    memset(counters, 0, sizeof *counters);
    pthread_mutex_lock(&machine->lock);
    enum machine_status status = check_launch(machine, launch, diagnostic);
    if (status == MACHINE_OK)
        status = open_heap(machine, launch, diagnostic);
    if (status == MACHINE_OK && launch->cooperative)
        status = run_cooperatively(machine, launch, counters, diagnostic);
    else if (status == MACHINE_OK)
        status = run(machine, launch, 0, counters, diagnostic);
    if (status != MACHINE_OK)
        report(machine, diagnostic);
    pthread_mutex_unlock(&machine->lock);
    return status;
}

static unsigned smaller(unsigned a, uint64_t b) {
    return b < a ? (unsigned)b : a;
}

unsigned machine_occupancy(const struct machine *machine, const struct machine_function *function,
                           unsigned threads, size_t dynamic_shared) {
    enum { REGISTER_UNIT = 256, SHARED_UNIT = 1024 };
    const struct machine_properties *properties = &machine->properties;
    const struct machine_function_info *info = machine_function_info(function);
    if (threads == 0 || threads > properties->max_threads_per_block)
        return 0;
    const unsigned warps = (threads + LANES - 1) / LANES;
    unsigned blocks = properties->max_blocks_per_multiprocessor;
    blocks = smaller(blocks, properties->max_threads_per_multiprocessor / (warps * LANES));
    const size_t registers = align_up((size_t)info->registers * LANES, REGISTER_UNIT) * warps;
    blocks =
        smaller(blocks, registers ? properties->registers_per_multiprocessor / registers : blocks);
    const size_t shared = info->shared_bytes + dynamic_shared;
    if (shared)
        blocks = smaller(blocks,
                         properties->shared_per_multiprocessor /
                             align_up(shared + properties->shared_reserved_per_block, SHARED_UNIT));
    return blocks;
}
