/* Reading the machine. */
#include "bench/devices/environment.h"
#include "bench/devices/build_info.h"
#include "common/hash.h"
#include "common/instruction_set.h"
#include "common/words.h"
#include "reference/libraries.h"
#include "reference/library_kernels.h"
#include "reference/simd/cpu.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char cpu_folder[] = "/sys/devices/system/cpu/";

/* The first line of a file, without its newline; false when it cannot be read. */
static bool line_read(const char *path, char *line, size_t size) {
    FILE *file = fopen(path, "r");
    line[0] = '\0';
    if (!file)
        return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return read;
}

static bool cpu_line_read(const char *name, char *line, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s%s", cpu_folder, name);
    return line_read(path, line, size);
}

/* The value of the first line of `path` that starts with `key` and a colon. */
static void value_read(const char *path, const char *key, char *value, size_t size) {
    FILE *file = fopen(path, "r");
    char line[512];
    snprintf(value, size, "unknown");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, strlen(key)) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(value, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        break;
    }
    fclose(file);
}

static size_t cache_bytes(int name) {
    long bytes = sysconf(name);
    return bytes > 0 ? (size_t)bytes : 0;
}

/* How many processors share a core with processor 0. */
static int siblings(void) {
    char list[128];
    if (!cpu_line_read("cpu0/topology/thread_siblings_list", list, sizeof list))
        return 1;
    int count = 1;
    for (const char *c = list; *c; c++)
        count += *c == ',' || *c == '-';
    return count;
}

static void turbo_read(struct environment *environment) {
    char line[32];
    bool boost = cpu_line_read("cpufreq/boost", line, sizeof line);
    bool intel = !boost && cpu_line_read("intel_pstate/no_turbo", line, sizeof line);
    bool on = boost ? line[0] == '1' : line[0] == '0';
    snprintf(environment->turbo, sizeof environment->turbo, "%s",
             boost || intel ? (on ? "on" : "off") : "unknown");
}

static void warn(struct environment *environment, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void warn(struct environment *environment, const char *format, ...) {
    if (environment->warning_count == ENVIRONMENT_WARNINGS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(environment->warnings[environment->warning_count++],
                    sizeof environment->warnings[0], format, arguments);
    va_end(arguments);
}

void environment_warn(struct environment *environment, const char *warning) {
    warn(environment, "%s", warning);
}

/* A container has less than its machine. */
static void memory_warnings_find(struct environment *environment) {
    const struct cgroup_memory *memory = &environment->cgroup_memory;
    if (memory->limit < environment->memory_bytes)
        warn(environment,
             "%s leaves this process %.3g GiB of the machine's %.3g GiB: cases that need more are "
             "skipped",
             memory->file, (double)memory->limit / 0x1p30,
             (double)environment->memory_bytes / 0x1p30);
}

static void quota_warnings_find(struct environment *environment) {
    const struct cgroup_quota *quota = &environment->processors.quota;
    if (quota->processors < 1.0)
        warn(environment,
             "the quota in %s is worth %.3g of a processor: even one thread is held back, and an "
             "iteration of some tenths of a second cannot be timed; raise it to at least 1 (docker "
             "run --cpus 1)",
             quota->file, quota->processors);
    else if (quota->processors < environment->processors.count)
        warn(environment,
             "the quota in %s is worth %.3g of %d processors: samples in which it is used up are "
             "dropped",
             quota->file, quota->processors, environment->processors.count);
}

static void cores_warnings_find(struct environment *environment) {
    char text[sizeof environment->warnings[0]];
    cores_describe_mix(&environment->core_kinds, &environment->processors.set, text, sizeof text);
    if (*text)
        warn(environment, "%s", text);
}

/* A build by clang has two OpenMP libraries: OpenBLAS brings gcc's. */
static void binding_warnings_find(struct environment *environment) {
#ifdef __clang__
    static const char *const names[] = {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]))
            warn(environment,
                 "%s=%s is set: gcc's OpenMP library had bound this process to one place before "
                 "clang's looked where it may run; unset it, or build with gcc",
                 names[i], getenv(names[i]));
#else
    (void)environment;
#endif
}

/* Which kernels a library runs: those that leave some of the processor unused, and those that a
 * variable chose. */
static void kernels_warnings_find(struct environment *environment) {
    for (int i = 0; i < LIBRARY_KERNELS; i++) {
        const struct library_kernels *library = &library_kernels[i];
        const char *value = getenv(library->variable);
        char text[sizeof environment->warnings[0]];
        if (library->absent && library->absent())
            continue;
        if (library_kernels_lag(library, library->picked(), instruction_set_best(), value, text,
                                sizeof text))
            warn(environment, "%s", text);
        else if (value)
            warn(environment, "%s=%s is set and was left as it is: %s runs kernels for %s",
                 library->variable, value, library->library, library->picked());
    }
}

static void warnings_find(struct environment *environment) {
    if (strcmp(environment->governor, "performance") != 0 &&
        strcmp(environment->governor, "unknown") != 0)
        warn(environment,
             "the frequency governor is '%s': set 'performance' (cpupower frequency-set -g "
             "performance) for steadier times",
             environment->governor);
    if (environment->load > 0.5 * environment->processors.count)
        warn(environment,
             "the load is %.1f on %s: something else is running, times will be longer "
             "and less steady",
             environment->load, COUNTED(environment->processors.count, "processor"));
    if (environment->threads_per_core > 1)
        warn(environment,
             "cores are shared by %d hardware threads: use --threads %d, or pin with taskset",
             environment->threads_per_core,
             environment->processors.count / environment->threads_per_core);
    if (strcmp(environment->turbo, "on") == 0)
        warn(environment, "turbo is on: the clock depends on temperature and neighbours");
    if (strcmp(openblas_parallel_model(), "openmp") != 0)
        warn(environment,
             "OpenBLAS is its %s build: beside OpenMP code two thread pools spin against each "
             "other; install libopenblas-openmp-dev",
             openblas_parallel_model());
    kernels_warnings_find(environment);
    /* They choose the format that a GPU multiplies f32 in. */
    static const char *const choosing[] = {
        "NVIDIA_TF32_OVERRIDE", "CUBLAS_EMULATE_SINGLE_PRECISION", "CUBLAS_EMULATION_STRATEGY"};
    for (size_t i = 0; i < sizeof choosing / sizeof choosing[0]; i++)
        if (getenv(choosing[i]))
            warn(environment, "%s=%s is set and was left as it is", choosing[i],
                 getenv(choosing[i]));
}

/* machine-id(5) asks not to show the id itself. A systemd that is still starting has words there.
 */
static void machine_id_read(struct environment *environment) {
    char line[64];
    if (!line_read("/etc/machine-id", line, sizeof line) ||
        strspn(line, "0123456789abcdef") != 32 || line[32])
        return;
    snprintf(environment->machine_id, sizeof environment->machine_id, "%016" PRIx64,
             hash_text(hash_text(hash_start, "lockstep "), line));
}

void environment_read(struct environment *environment) {
    memset(environment, 0, sizeof *environment);
    struct utsname name;
    char distribution[128] = "unknown";
    if (gethostname(environment->host, sizeof environment->host - 1) != 0)
        snprintf(environment->host, sizeof environment->host, "unknown");
    FILE *release = fopen("/etc/os-release", "r");
    char line[256];
    while (release && fgets(line, sizeof line, release))
        (void)sscanf(line, "PRETTY_NAME=\"%127[^\"]\"", distribution);
    if (release)
        fclose(release);
    if (uname(&name) == 0)
        snprintf(environment->system, sizeof environment->system, "%s, %s %.60s %s", distribution,
                 name.sysname, name.release, name.machine);
    value_read("/proc/cpuinfo", "model name", environment->cpu, sizeof environment->cpu);
    if (!cpu_line_read("cpu0/cpufreq/scaling_governor", environment->governor,
                       sizeof environment->governor))
        snprintf(environment->governor, sizeof environment->governor, "unknown");
    if (!line_read("/sys/kernel/mm/transparent_hugepage/enabled", environment->huge_pages,
                   sizeof environment->huge_pages))
        snprintf(environment->huge_pages, sizeof environment->huge_pages, "unknown");
    machine_id_read(environment);
    turbo_read(environment);
    processors_read("", &environment->processors);
    core_kinds_read(&environment->core_kinds);
    environment->threads_per_core = siblings();
    environment->memory_bytes = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    environment->l1d_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE);
    environment->l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE);
    environment->l3_bytes = cpu_read_last_level_cache();
    if (getloadavg(&environment->load, 1) != 1)
        environment->load = 0.0;
    struct cgroup cgroup;
    cgroup_find("", &cgroup);
    cgroup_read_memory(&cgroup, &environment->cgroup_memory);
    memory_warnings_find(environment);
}

void environment_warn_of_times(struct environment *environment) {
    quota_warnings_find(environment);
    binding_warnings_find(environment);
    cores_warnings_find(environment);
    warnings_find(environment);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static void add_variable(cJSON *object, const char *name) {
    const char *value = getenv(name);
    if (value)
        cJSON_AddStringToObject(object, name, value);
}

static const char *const variable_names[] = {"OPENBLAS_CORETYPE",
                                             "OPENBLAS_NUM_THREADS",
                                             "BLIS_ARCH_TYPE",
                                             "BLIS_NUM_THREADS",
                                             "ONEDNN_MAX_CPU_ISA",
                                             "OMP_NUM_THREADS",
                                             "OMP_THREAD_LIMIT",
                                             "OMP_DYNAMIC",
                                             "OMP_MAX_ACTIVE_LEVELS",
                                             "OMP_WAIT_POLICY",
                                             "OMP_PROC_BIND",
                                             "OMP_PLACES",
                                             "GOMP_SPINCOUNT",
                                             "GOMP_CPU_AFFINITY",
                                             "CUDA_VISIBLE_DEVICES",
                                             "NVIDIA_TF32_OVERRIDE",
                                             "CUBLAS_EMULATE_SINGLE_PRECISION",
                                             "CUBLAS_EMULATION_STRATEGY",
                                             "CUBLAS_WORKSPACE_CONFIG"};

/* Nothing where nothing is bounded. */
static void add_cgroup(const struct environment *e, cJSON *object) {
    const struct cgroup_quota *quota = &e->processors.quota;
    const struct cgroup_memory *memory = &e->cgroup_memory;
    bool bounded = memory->limit < e->memory_bytes;
    cJSON *cgroup =
        isfinite(quota->processors) || bounded ? cJSON_AddObjectToObject(object, "cgroup") : NULL;
    if (isfinite(quota->processors)) {
        cJSON_AddNumberToObject(cgroup, "quota_processors", quota->processors);
        cJSON_AddStringToObject(cgroup, "quota_file", quota->file);
    }
    if (bounded) {
        cJSON_AddNumberToObject(cgroup, "memory_limit_bytes", (double)memory->limit);
        cJSON_AddStringToObject(cgroup, "memory_limit_file", memory->file);
    }
}

/* Nothing where hwloc knows none. */
static void add_core_kinds(const struct core_kinds *kinds, cJSON *cpu) {
    cJSON *list = kinds->count > 0 ? cJSON_AddArrayToObject(cpu, "core_kinds") : NULL;
    for (int i = 0; i < kinds->count; i++) {
        char numbers[256];
        cJSON *kind = cJSON_CreateObject();
        processors_format(&kinds->kinds[i].set, numbers, sizeof numbers);
        cJSON_AddStringToObject(kind, "processor_numbers", numbers);
        if (kinds->kinds[i].efficiency >= 0)
            cJSON_AddNumberToObject(kind, "efficiency", kinds->kinds[i].efficiency);
        cJSON_AddItemToArray(list, kind);
    }
}

void environment_to_json(const struct environment *e, cJSON *object) {
    cJSON_AddStringToObject(object, "host", e->host);
    if (*e->machine_id)
        cJSON_AddStringToObject(object, "machine_id", e->machine_id);
    cJSON_AddStringToObject(object, "system", e->system);
    cJSON *cpu = cJSON_AddObjectToObject(object, "cpu");
    cJSON_AddStringToObject(cpu, "model", e->cpu);
    char allowed[256];
    processors_format(&e->processors.set, allowed, sizeof allowed);
    cJSON_AddNumberToObject(cpu, "processors", e->processors.count);
    cJSON_AddStringToObject(cpu, "processor_numbers", allowed);
    cJSON_AddNumberToObject(cpu, "threads_per_core", e->threads_per_core);
    add_core_kinds(&e->core_kinds, cpu);
    cJSON_AddNumberToObject(cpu, "l1d_bytes", (double)e->l1d_bytes);
    cJSON_AddNumberToObject(cpu, "l2_bytes", (double)e->l2_bytes);
    cJSON_AddNumberToObject(cpu, "l3_bytes", (double)e->l3_bytes);
    cJSON_AddStringToObject(cpu, "governor", e->governor);
    cJSON_AddStringToObject(cpu, "turbo", e->turbo);
    cJSON_AddNumberToObject(cpu, "load", e->load);
    cJSON_AddNumberToObject(object, "memory_bytes", (double)e->memory_bytes);
    add_cgroup(e, object);
    cJSON_AddStringToObject(object, "huge_pages", e->huge_pages);
    cJSON *libraries = cJSON_AddObjectToObject(object, "libraries");
    cJSON_AddStringToObject(libraries, "openblas", openblas_version());
    cJSON_AddStringToObject(libraries, "openblas_core_type", openblas_core_type());
    cJSON_AddStringToObject(libraries, "openblas_parallel_model", openblas_parallel_model());
    if (!blis_absent()) {
        cJSON_AddStringToObject(libraries, "blis", blis_version());
        cJSON_AddStringToObject(libraries, "blis_configuration", blis_configuration());
        cJSON_AddStringToObject(libraries, "blis_parallel_model", blis_parallel_model());
    }
    if (onednn_version())
        cJSON_AddStringToObject(libraries, "onednn", onednn_version());
    cJSON_AddStringToObject(libraries, "cpu_simd", instruction_set_name(instruction_set_best()));
    cJSON *variables = cJSON_AddObjectToObject(object, "variables");
    for (size_t i = 0; i < sizeof variable_names / sizeof variable_names[0]; i++)
        add_variable(variables, variable_names[i]);
    cJSON *build = cJSON_AddObjectToObject(object, "build");
    cJSON_AddStringToObject(build, "version", build_version);
    cJSON_AddStringToObject(build, "commit", build_commit);
    cJSON_AddStringToObject(build, "compiler", build_compiler);
    cJSON_AddStringToObject(build, "flags", build_flags);
    cJSON *warnings = cJSON_AddArrayToObject(object, "warnings");
    for (int i = 0; i < e->warning_count; i++)
        cJSON_AddItemToArray(warnings, cJSON_CreateString(e->warnings[i]));
}

/* --- as text ---------------------------------------------------------------------------------- */

void environment_print(const struct environment *e, FILE *file) {
    fprintf(file, "machine    %s: %s\n", e->host, e->cpu);
    fprintf(file, "           %s, %d a core; governor %s, turbo %s, load %.2f\n",
            COUNTED(e->processors.count, "processor"), e->threads_per_core, e->governor, e->turbo,
            e->load);
    fprintf(file, "           caches %zu KiB L1d, %zu KiB L2, %zu KiB L3; memory %.1f GiB\n",
            e->l1d_bytes >> 10, e->l2_bytes >> 10, e->l3_bytes >> 10,
            (double)e->memory_bytes / 0x1p30);
    fprintf(file, "           %s\n", e->system);
    fprintf(file, "libraries  %s; core type %s, %s threads\n", openblas_version(),
            openblas_core_type(), openblas_parallel_model());
    const char *core_type = getenv("OPENBLAS_CORETYPE");
    fprintf(file, "           OPENBLAS_CORETYPE is %s%s\n", core_type ? core_type : "not set",
            core_type ? " and was left as it is" : "");
    if (blis_absent())
        fprintf(file, "           BLIS is not in this build (make deps PEERS=1)\n");
    else
        fprintf(file, "           BLIS %s; kernels for %s, %s threads\n", blis_version(),
                blis_configuration(), blis_parallel_model());
    if (onednn_absent())
        fprintf(file, "           oneDNN is not in this build (make deps)\n");
    else
        fprintf(file, "           %s; kernels for %s\n", onednn_version(), onednn_configuration());
    fprintf(file, "           cpu-simd runs its %s kernels\n",
            instruction_set_name(instruction_set_best()));
    fprintf(file, "build      lockstep %s, commit %s\n", build_version, build_commit);
    fprintf(file, "           %s, %s\n", build_compiler, build_flags);
}
