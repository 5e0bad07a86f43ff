/* Spreads the blocks of a launch over host threads and gathers counters, output and the first
 * fault. */
#include "emulator/machine/workers.h"

#include "emulator/arithmetic/arithmetic.h"
#include "emulator/async/cluster.h"
#include "emulator/machine/machine.h"
#include "emulator/machine/output.h"
#include "emulator/memory/scratch.h"
#include "emulator/warps/access_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- One worker ---- */

/* Only the kernel's own accesses can be executed, unless it calls functions. */
static void forget_sites(struct worker *worker) {
    const struct launch *launch = worker->launch;
    const struct program_function *function = launch->function;
    const uint32_t first = launch->has_calls ? 0 : function->first_site;
    const uint32_t count = launch->has_calls ? launch->program->site_count : function->site_count;
    for (uint32_t k = first; k < first + count; k++)
        worker->sites[k].mask = 0;
}

static int worker_open(struct worker *worker, struct launch *launch) {
    memset(&worker->counters, 0, sizeof worker->counters);
    worker->launch = launch;
    worker->site_bytes = (launch->program->site_count + 1u) * sizeof *worker->sites;
    worker->sites = scratch_take(launch->scratch, worker->site_bytes);
    if (!worker->sites)
        return -1;
    forget_sites(worker);
    return 0;
}

static struct worker *worker_create(struct launch *launch) {
    struct worker *worker = aligned_alloc(64, sizeof *worker);
    if (worker && worker_open(worker, launch) != 0) {
        free(worker);
        return NULL;
    }
    return worker;
}

static void worker_destroy(struct worker *worker) {
    if (worker)
        scratch_give(worker->launch->scratch, worker->sites, worker->site_bytes);
    free(worker);
}

static void launch_fail(struct launch *launch, const struct fault *fault) {
    pthread_mutex_lock(&launch->lock);
    if (launch->fault.status == MACHINE_OK || fault->block < launch->fault.block)
        launch->fault = *fault;
    pthread_mutex_unlock(&launch->lock);
    __atomic_store_n(&launch->is_failed, true, __ATOMIC_RELAXED);
}

void workers_fail_memory(struct launch *launch) {
    struct fault fault = {.status = MACHINE_OUT_OF_MEMORY, .block = UINT64_MAX};
    snprintf(fault.diagnostic.message, sizeof fault.diagnostic.message,
             "kernel %s: no host memory left to run it; use fewer host threads",
             launch->function->name);
    launch_fail(launch, &fault);
}

/* Ends the launch for a reason that is no fault of a block: any fault is told rather. */
static void launch_end(struct launch *launch, enum machine_status status, const char *why) {
    struct fault fault = {.status = status, .block = UINT64_MAX - 1};
    snprintf(fault.diagnostic.message, sizeof fault.diagnostic.message, "kernel %s: %s",
             launch->function->name, why);
    snprintf(fault.diagnostic.kernel, sizeof fault.diagnostic.kernel, "%s", launch->function->name);
    launch_fail(launch, &fault);
}

/* Adds what the cluster has executed; false when the budget is spent. */
static bool charge(struct launch *launch, struct cluster *cluster) {
    const uint64_t budget = launch->options.instruction_budget;
    const uint64_t total =
        __atomic_add_fetch(&launch->instructions, cluster->spent, __ATOMIC_RELAXED);
    cluster->spent = 0;
    if (budget == 0 || total <= budget)
        return true;
    char why[128];
    struct fault fault = {.status = MACHINE_BUDGET_SPENT, .block = UINT64_MAX - 1};
    snprintf(why, sizeof why,
             "the budget of %llu warp instructions is spent (an endless loop, or raise the budget)",
             (unsigned long long)budget);
    cluster_describe(cluster, why, &fault.diagnostic);
    launch_fail(launch, &fault);
    return false;
}

/* False when the program wants an end. */
static bool is_wanted(struct launch *launch) {
    const struct machine_options *options = &launch->options;
    if (!options->stop || !options->stop(options->stop_context))
        return true;
    launch_end(launch, MACHINE_STOPPED, "stopped before its end, as the program asked");
    return false;
}

/* True while the cluster goes on. */
static bool step(struct launch *launch, struct cluster *cluster) {
    const enum block_state state = cluster_step(cluster);
    const bool charged = charge(launch, cluster) && is_wanted(launch);
    if (state == BLOCK_FAULTED)
        launch_fail(launch, cluster_fault(cluster));
    if (state == BLOCK_RUNNING && charged)
        return true;
    for (uint32_t rank = 0; rank < cluster->size; rank++)
        output_keep(launch, &cluster->blocks[rank]);
    return false;
}

/* Clusters that know nothing of each other: whoever is free takes the next one. */
static void run_independent(struct worker *worker) {
    struct launch *launch = worker->launch;
    struct cluster cluster;
    if (cluster_open(&cluster, launch) != 0) {
        workers_fail_memory(launch);
        return;
    }
    while (!__atomic_load_n(&launch->is_failed, __ATOMIC_RELAXED)) {
        const uint64_t number = __atomic_fetch_add(&launch->next_cluster, 1, __ATOMIC_RELAXED);
        if (number >= launch->cluster_count)
            break;
        struct machine_counters before;
        if (launch->of_chosen)
            before = worker->counters;
        cluster_start(&cluster, worker, launch->chosen ? launch->chosen[number] : number);
        while (step(launch, &cluster))
            ;
        if (launch->of_chosen)
            launch->of_chosen[number] = machine_counters_since(&worker->counters, &before);
    }
    cluster_close(&cluster);
}

/* ---- Clusters that see each other: in order, a next one only while those before wait ---- */

struct resident {
    struct cluster *clusters;
    bool *is_running;
    size_t opened, capacity, running;
    uint64_t round;
};

static bool start_next(struct resident *resident, struct worker *worker) {
    struct launch *launch = worker->launch;
    size_t k = 0;
    while (k < resident->opened && resident->is_running[k])
        k++;
    if (k == resident->capacity || launch->next_cluster == launch->cluster_count)
        return false;
    if (k == resident->opened) {
        if (cluster_open(&resident->clusters[k], launch) != 0) {
            workers_fail_memory(launch);
            return false;
        }
        resident->opened++;
    }
    resident->clusters[k].slot = k;
    resident->clusters[k].number = launch->next_cluster;
    cluster_start(&resident->clusters[k], worker, launch->next_cluster++);
    resident->is_running[k] = true;
    resident->running++;
    return true;
}

/* The warp schedulers of a multiprocessor prefer what is older, so its blocks are at different
 * places of the kernel. For the caches the oldest takes each round, the next each second one, and
 * so on. */
static bool has_turn(const struct resident *resident, const struct launch *launch, size_t k) {
    const size_t together = launch->properties->multiprocessors / launch->cluster_size;
    uint64_t older = 0;
    for (size_t j = together ? k % together : 0; launch->caches && j < resident->opened;
         j += together ? together : 1)
        older +=
            resident->is_running[j] && resident->clusters[j].number < resident->clusters[k].number;
    return resident->round % (older + 1) == 0;
}

static void step_residents(struct resident *resident, struct launch *launch, bool *has_spun) {
    *has_spun = false;
    resident->round++;
    for (size_t k = 0; k < resident->opened && !launch->is_failed; k++) {
        if (!resident->is_running[k] || !has_turn(resident, launch, k))
            continue;
        resident->clusters[k].has_spun = false;
        resident->is_running[k] = step(launch, &resident->clusters[k]);
        resident->running -= !resident->is_running[k];
        *has_spun |= resident->clusters[k].has_spun;
    }
}

static void run_communicating(struct worker *worker) {
    struct launch *launch = worker->launch;
    struct resident resident = {.capacity = launch->resident_limit};
    resident.clusters = calloc(resident.capacity, sizeof *resident.clusters);
    resident.is_running = calloc(resident.capacity, sizeof *resident.is_running);
    bool has_spun = launch->is_cooperative;
    const bool is_complete = resident.clusters && resident.is_running;
    if (!is_complete)
        workers_fail_memory(launch);
    while (is_complete && !launch->is_failed) {
        if (launch->is_cooperative || launch->caches) {
            while (start_next(&resident, worker))
                ;
        } else if (resident.running == 0 || has_spun) {
            start_next(&resident, worker);
        }
        if (resident.running == 0 || launch->is_failed)
            break;
        step_residents(&resident, launch, &has_spun);
    }
    for (size_t k = 0; k < resident.opened; k++)
        cluster_close(&resident.clusters[k]);
    free(resident.clusters);
    free(resident.is_running);
}

static void *run_worker(void *context) {
    struct worker *worker = context;
    struct arithmetic_environment environment = arithmetic_enter_environment();
    if (worker->launch->is_serial)
        run_communicating(worker);
    else
        run_independent(worker);
    arithmetic_leave_environment(environment);
    return NULL;
}

/* ---- The launch ---- */

static unsigned worker_count(const struct launch *launch) {
    uint64_t count = launch->options.host_threads;
    if (count == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        count = cores > 0 ? (uint64_t)cores : 1;
    }
    if (launch->is_serial)
        count = 1;
    if (count > launch->cluster_count)
        count = launch->cluster_count;
    return count > 256 ? 256 : (unsigned)count;
}

void workers_run(struct launch *launch, struct machine_counters *counters) {
    enum { WORKERS = 256 };
    struct worker *workers[WORKERS] = {NULL};
    pthread_t threads[WORKERS];
    unsigned count = worker_count(launch), started = 0;
    for (unsigned k = 0; k < count; k++) {
        workers[k] = worker_create(launch);
        if (!workers[k])
            workers_fail_memory(launch);
    }
    for (unsigned k = 1; k < count && workers[k]; k++) {
        if (pthread_create(&threads[k], NULL, run_worker, workers[k]) != 0)
            break; /* the others do its share */
        started = k;
    }
    if (count && workers[0])
        run_worker(workers[0]);
    for (unsigned k = 1; k <= started; k++)
        pthread_join(threads[k], NULL);
    for (unsigned k = 0; k < count; k++) {
        if (workers[k])
            machine_counters_add(counters, &workers[k]->counters);
        worker_destroy(workers[k]);
    }
}
