/*
 * What a program has registered. Constructors that nvcc writes register every fat binary, and each
 * kernel and variable by the address that it has in the host's code. Nothing is loaded until it is
 * asked for, but for managed variables, which the host reads by itself.
 */
#include "emulator/runtime/registry.h"

#include "emulator/runtime/runtime.h"

#include <stdlib.h>

struct runtime_fatbin {
    struct runtime_fatbin *next;
    const void *wrapper; /* as nvcc writes it beside the code of the host */
    CUlibrary
        libraries[RUNTIME_DEVICES]; /* of each device, for all its contexts; NULL: not loaded */
};

struct runtime_kernel {
    struct runtime_kernel *next;
    const void *host;
    const char *name;
    struct runtime_fatbin *fatbin;
    CUkernel functions[RUNTIME_DEVICES]; /* NULL: not looked up */
};

struct runtime_variable {
    struct runtime_variable *next;
    const void *host;
    const char *name;
    struct runtime_fatbin *fatbin;
    void **managed; /* where the host keeps the address of a managed variable; NULL for others */
};

enum { BUCKETS = 1024 };

static struct {
    pthread_mutex_t lock;
    struct runtime_fatbin *fatbins;
    struct runtime_kernel *kernels[BUCKETS];
    struct runtime_variable *variables[BUCKETS];
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t bucket_of(const void *host) {
    return ((uintptr_t)host >> 4) % BUCKETS;
}

void registry_forget_modules(int device) {
    pthread_mutex_lock(&registry.lock);
    for (struct runtime_fatbin *fatbin = registry.fatbins; fatbin; fatbin = fatbin->next)
        if (fatbin->libraries[device]) {
            (void)cuLibraryUnload(fatbin->libraries[device]);
            fatbin->libraries[device] = NULL;
        }
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct runtime_kernel *kernel = registry.kernels[i]; kernel; kernel = kernel->next)
            kernel->functions[device] = NULL;
    pthread_mutex_unlock(&registry.lock);
}

/* ---- Looking up; the lock is held ---- */

static CUresult fatbin_load(struct runtime_fatbin *fatbin, int device) {
    CUlibrary *library = &fatbin->libraries[device];
    return *library ? CUDA_SUCCESS
                    : cuLibraryLoadData(library, fatbin->wrapper, NULL, NULL, 0, NULL, NULL, 0);
}

static struct runtime_variable *find_variable(const void *host) {
    struct runtime_variable *variable = registry.variables[bucket_of(host)];
    while (variable && variable->host != host)
        variable = variable->next;
    return variable;
}

/* ---- Looking up ---- */

/* A handle is the address of a kernel here, and no address of a function. */
struct runtime_kernel *registry_kernel(const void *host) {
    struct runtime_kernel *found = NULL;
    pthread_mutex_lock(&registry.lock);
    for (struct runtime_kernel *kernel = registry.kernels[bucket_of(host)]; kernel;
         kernel = kernel->next)
        if (kernel->host == host)
            found = kernel;
    for (size_t i = 0; i < BUCKETS && !found; i++)
        for (struct runtime_kernel *kernel = registry.kernels[i]; kernel; kernel = kernel->next)
            if (kernel == host)
                found = kernel;
    pthread_mutex_unlock(&registry.lock);
    return found;
}

CUresult registry_function(struct runtime_kernel *kernel, CUfunction *function) {
    int device = 0;
    CUresult result = runtime_device(&device);
    pthread_mutex_lock(&registry.lock);
    if (result == CUDA_SUCCESS && !kernel->functions[device]) {
        result = fatbin_load(kernel->fatbin, device);
        if (result == CUDA_SUCCESS)
            result = cuLibraryGetKernel(&kernel->functions[device],
                                        kernel->fatbin->libraries[device], kernel->name);
    }
    *function = (CUfunction)kernel->functions[device];
    pthread_mutex_unlock(&registry.lock);
    return result;
}

CUresult registry_find(const void *host, CUfunction *function) {
    struct runtime_kernel *kernel = registry_kernel(host);
    if (kernel)
        return registry_function(kernel, function);
    return cuKernelGetFunction(function, (CUkernel)host); /* one that a library gave */
}

CUresult registry_find_on(const void *host, int device, CUfunction *function) {
    int current = 0;
    CUresult result = runtime_device(&current);
    if (result == CUDA_SUCCESS)
        result = runtime_set_device(device);
    if (result == CUDA_SUCCESS)
        result = registry_find(host, function);
    const CUresult back = runtime_set_device(current);
    return result == CUDA_SUCCESS ? back : result;
}

static bool is_of_kernel(const struct runtime_kernel *kernel, CUfunction function) {
    for (int device = 0; device < RUNTIME_DEVICES; device++)
        if (kernel->functions[device] == (CUkernel)function)
            return true;
    return false;
}

const void *registry_name(CUfunction function) {
    const void *name = function;
    pthread_mutex_lock(&registry.lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct runtime_kernel *kernel = registry.kernels[i]; kernel; kernel = kernel->next)
            if (is_of_kernel(kernel, function))
                name = kernel->host;
    pthread_mutex_unlock(&registry.lock);
    return name;
}

CUresult registry_variable(const void *host, CUdeviceptr *address, size_t *size) {
    int device = 0;
    CUresult result = runtime_device(&device);
    pthread_mutex_lock(&registry.lock);
    struct runtime_variable *variable = find_variable(host);
    if (result == CUDA_SUCCESS)
        result = variable ? fatbin_load(variable->fatbin, device) : CUDA_ERROR_NOT_FOUND;
    if (result == CUDA_SUCCESS)
        result =
            cuLibraryGetGlobal(address, size, variable->fatbin->libraries[device], variable->name);
    pthread_mutex_unlock(&registry.lock);
    return result;
}

/* ---- Registering, as nvcc's code of the host does ---- */

/* Where there is no memory, what was to be registered is not found later. */

/* The handle of a fat binary is its address; a program only hands it back. */
RUNTIME_API void **__cudaRegisterFatBinary(void *wrapper) {
    pthread_mutex_lock(&registry.lock);
    struct runtime_fatbin *fatbin = calloc(1, sizeof *fatbin);
    if (fatbin) {
        fatbin->wrapper = wrapper;
        fatbin->next = registry.fatbins;
        registry.fatbins = fatbin;
    }
    pthread_mutex_unlock(&registry.lock);
    return (void **)fatbin;
}

RUNTIME_API void __cudaRegisterFatBinaryEnd(void **handle) {
    (void)handle;
}

RUNTIME_API void __cudaRegisterFunction(void **handle, const char *host, char *device,
                                        const char *name, int thread_limit, void *thread,
                                        void *block, dim3 *block_size, dim3 *grid_size,
                                        int *warp_size) {
    (void)device, (void)thread_limit, (void)thread, (void)block;
    (void)block_size, (void)grid_size, (void)warp_size;
    pthread_mutex_lock(&registry.lock);
    struct runtime_kernel *kernel = handle ? calloc(1, sizeof *kernel) : NULL;
    if (kernel) {
        const size_t bucket = bucket_of(host);
        *kernel = (struct runtime_kernel){
            registry.kernels[bucket], host, name, (struct runtime_fatbin *)handle, {NULL}};
        registry.kernels[bucket] = kernel;
    }
    pthread_mutex_unlock(&registry.lock);
}

static void register_variable(void **handle, const void *host, const char *name, void **managed) {
    pthread_mutex_lock(&registry.lock);
    struct runtime_variable *variable = handle ? calloc(1, sizeof *variable) : NULL;
    if (variable) {
        const size_t bucket = bucket_of(host);
        *variable = (struct runtime_variable){registry.variables[bucket], host, name,
                                              (struct runtime_fatbin *)handle, managed};
        registry.variables[bucket] = variable;
    }
    pthread_mutex_unlock(&registry.lock);
}

RUNTIME_API void __cudaRegisterVar(void **handle, char *host, char *device, const char *name,
                                   int is_extern, size_t size, int is_constant, int is_global) {
    (void)device, (void)is_extern, (void)size, (void)is_constant, (void)is_global;
    register_variable(handle, host, name, NULL);
}

/* The host reads a managed variable through the pointer at `host`, by whose address it is known
 * too. */
RUNTIME_API void __cudaRegisterManagedVar(void **handle, void **host, char *device,
                                          const char *name, int is_extern, size_t size,
                                          int is_constant, int is_global) {
    (void)device, (void)is_extern, (void)size, (void)is_constant, (void)is_global;
    register_variable(handle, host, name, host);
}

/* Called before the host first reads a managed variable: all pointers to them are set. */
RUNTIME_API char __cudaInitModule(void **handle) {
    CUdeviceptr address;
    size_t size;
    if (runtime_begin() != CUDA_SUCCESS)
        return 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct runtime_variable *variable = registry.variables[i]; variable;
             variable = variable->next)
            if (variable->managed && variable->fatbin == (struct runtime_fatbin *)handle &&
                registry_variable(variable->host, &address, &size) == CUDA_SUCCESS)
                *variable->managed =
                    (void *)(uintptr_t)address; // NOLINT(performance-no-int-to-ptr)
    return 1;
}

/* ---- What ends with a fat binary: a library may be unloaded ---- */

static void kernels_remove(const struct runtime_fatbin *fatbin) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct runtime_kernel **link = &registry.kernels[i]; *link;) {
            struct runtime_kernel *kernel = *link;
            if (kernel->fatbin != fatbin) {
                link = &kernel->next;
                continue;
            }
            *link = kernel->next;
            free(kernel);
        }
}

static void variables_remove(const struct runtime_fatbin *fatbin) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct runtime_variable **link = &registry.variables[i]; *link;) {
            struct runtime_variable *variable = *link;
            if (variable->fatbin != fatbin) {
                link = &variable->next;
                continue;
            }
            *link = variable->next;
            free(variable);
        }
}

RUNTIME_API void __cudaUnregisterFatBinary(void **handle) {
    pthread_mutex_lock(&registry.lock);
    for (struct runtime_fatbin **link = &registry.fatbins; *link; link = &(*link)->next) {
        struct runtime_fatbin *fatbin = *link;
        if (fatbin != (struct runtime_fatbin *)handle)
            continue;
        *link = fatbin->next;
        kernels_remove(fatbin);
        variables_remove(fatbin);
        for (int device = 0; device < RUNTIME_DEVICES; device++)
            if (fatbin->libraries[device])
                (void)cuLibraryUnload(fatbin->libraries[device]);
        free(fatbin);
        break;
    }
    pthread_mutex_unlock(&registry.lock);
}
