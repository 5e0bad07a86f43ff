/* cuOccupancy*: how many blocks of a function fit a multiprocessor. */
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/code/function.h"
#include "emulator/driver/green.h"

static unsigned occupancy_blocks(const struct driver_function *function, int threads,
                                 size_t dynamic_shared) {
    return machine_occupancy(driver.machine, function->machine, (unsigned)threads, dynamic_shared);
}

static bool occupancy_block_valid(const struct driver_function *function, int threads) {
    return threads > 0 && (unsigned)threads <= function->info->max_threads &&
           (unsigned)threads <= driver.properties.max_threads_per_block;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *count, CUfunction handle,
                                                              int block_size, size_t dynamic_shared,
                                                              unsigned int flags) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS &&
        (!count || block_size <= 0 || flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = occupancy_block_valid(function, block_size)
                     ? (int)occupancy_blocks(function, block_size, dynamic_shared)
                     : 0;
    return driver_end(status);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *count, CUfunction function,
                                                     int block_size, size_t dynamic_shared) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(count, function, block_size,
                                                                dynamic_shared, 0);
}

/* The dynamic shared memory of a block of one warp, of two, and so on. The program's function may
 * call the driver, so this is done without the lock. NULL: no memory. */
static size_t *occupancy_shared(CUoccupancyB2DSize shared_of_block, size_t dynamic_shared,
                                unsigned warps) {
    size_t *shared = calloc(warps + 1, sizeof *shared);
    for (unsigned i = warps; shared && i-- > 0;)
        shared[i] = shared_of_block ? shared_of_block((int)((i + 1) * driver.properties.warp_size))
                                    : dynamic_shared;
    return shared;
}

/* The block size, in whole warps, that keeps most threads resident; the largest of those that do.
 */
static int occupancy_best_block(const struct driver_function *function, const size_t *shared,
                                unsigned warps, unsigned *blocks) {
    unsigned best = 0, best_threads = 0;
    for (unsigned i = warps; i-- > 0;) {
        unsigned size = (i + 1) * driver.properties.warp_size;
        unsigned fit = occupancy_block_valid(function, (int)size)
                           ? occupancy_blocks(function, (int)size, shared[i])
                           : 0;
        if (fit * size > best_threads) {
            best_threads = fit * size;
            best = size;
            *blocks = fit;
        }
    }
    return (int)best;
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *min_grid_size, int *block_size,
                                                   CUfunction handle,
                                                   CUoccupancyB2DSize shared_of_block,
                                                   size_t dynamic_shared, int block_size_limit,
                                                   unsigned int flags) {
    struct driver_function *function;
    unsigned limit = (unsigned)block_size_limit, blocks = 0;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && (!min_grid_size || !block_size || block_size_limit < 0 ||
                                   flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    if (!limit || limit > function->info->max_threads)
        limit = function->info->max_threads;
    pthread_mutex_unlock(&driver.lock);
    const unsigned warps = limit / driver.properties.warp_size;
    size_t *shared = occupancy_shared(shared_of_block, dynamic_shared, warps);
    if (!shared)
        return CUDA_ERROR_OUT_OF_MEMORY;
    status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS) {
        *block_size = occupancy_best_block(function, shared, warps, &blocks);
        *min_grid_size = (int)(blocks * green_multiprocessors(green_of(driver_current())));
    }
    free(shared);
    return driver_end(status);
}

CUresult cuOccupancyMaxPotentialBlockSize(int *min_grid_size, int *block_size, CUfunction function,
                                          CUoccupancyB2DSize shared_of_block, size_t dynamic_shared,
                                          int block_size_limit) {
    return cuOccupancyMaxPotentialBlockSizeWithFlags(
        min_grid_size, block_size, function, shared_of_block, dynamic_shared, block_size_limit, 0);
}

/* The most dynamic shared memory with which `blocks` blocks still fit. */
CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *dynamic_shared, CUfunction handle,
                                                 int blocks, int block_size) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    bool valid = status == CUDA_SUCCESS && dynamic_shared && blocks > 0 &&
                 occupancy_block_valid(function, block_size);
    if (status == CUDA_SUCCESS &&
        (!valid || occupancy_blocks(function, block_size, 0) < (unsigned)blocks))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        size_t low = 0, high = driver.properties.shared_per_block_optin + 1;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (occupancy_blocks(function, block_size, middle) >= (unsigned)blocks)
                low = middle;
            else
                high = middle;
        }
        *dynamic_shared = low;
    }
    return driver_end(status);
}

/* ---- Clusters ---- */

static unsigned occupancy_config_blocks(const struct driver_function *function,
                                        const CUlaunchConfig *config) {
    const unsigned threads = config->blockDimX * config->blockDimY * config->blockDimZ;
    return threads <= driver.properties.max_threads_per_block &&
                   occupancy_block_valid(function, (int)threads)
               ? occupancy_blocks(function, (int)threads, config->sharedMemBytes)
               : 0;
}

/* Blocks of the cluster that the launch would have. */
static unsigned occupancy_cluster(const struct driver_function *function,
                                  const CUlaunchConfig *config) {
    struct machine_launch launch = {.function = function->machine};
    unsigned cluster[3];
    memcpy(launch.cluster, function->cluster, sizeof launch.cluster);
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const CUlaunchAttributeValue *value = &config->attrs[i].value;
        if (config->attrs[i].id != CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
            continue;
        launch.cluster[0] = value->clusterDim.x;
        launch.cluster[1] = value->clusterDim.y;
        launch.cluster[2] = value->clusterDim.z;
    }
    machine_cluster(&launch, cluster);
    return cluster[0] * cluster[1] * cluster[2];
}

static unsigned occupancy_cluster_limit(const struct driver_function *function) {
    const unsigned limit =
        function->allows_large_clusters ? MACHINE_CLUSTER_LIMIT : MACHINE_CLUSTER_PORTABLE;
    const unsigned allowed = function->info->max_cluster_rank;
    return allowed && allowed < limit ? allowed : limit;
}

static CUresult occupancy_begin(const int *answer, CUfunction handle, const CUlaunchConfig *config,
                                struct driver_function **function) {
    const CUresult status = function_begin(handle, function);
    if (status != CUDA_SUCCESS)
        return status;
    if (!answer || !config || (config->numAttrs && !config->attrs))
        return CUDA_ERROR_INVALID_VALUE;
    return driver.properties.capability_major < MACHINE_CLUSTER_CAPABILITY
               ? CUDA_ERROR_NOT_SUPPORTED
               : CUDA_SUCCESS;
}

/* How the multiprocessors are grouped on a GPU may allow fewer. */
CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction handle,
                                      const CUlaunchConfig *config) {
    struct driver_function *function;
    CUresult status = occupancy_begin(clusters, handle, config, &function);
    if (status == CUDA_SUCCESS) {
        const unsigned blocks = occupancy_cluster(function, config);
        if (blocks > occupancy_cluster_limit(function))
            status = CUDA_ERROR_INVALID_CLUSTER_SIZE;
        else
            *clusters = (int)(occupancy_config_blocks(function, config) *
                              green_multiprocessors(green_of(driver_current())) / blocks);
    }
    return driver_end(status);
}

CUresult cuOccupancyMaxPotentialClusterSize(int *blocks, CUfunction handle,
                                            const CUlaunchConfig *config) {
    struct driver_function *function;
    CUresult status = occupancy_begin(blocks, handle, config, &function);
    if (status == CUDA_SUCCESS)
        *blocks =
            occupancy_config_blocks(function, config) ? (int)occupancy_cluster_limit(function) : 0;
    return driver_end(status);
}
