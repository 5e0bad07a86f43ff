/* The list of entry points: cuGetProcAddress, and the calls that the emulator lacks. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/state/state.h"

/* ---- The calls that the emulator lacks ---- */

/* Positions in the list, to remember which calls have been reported. */
enum entry_index {
#define SUPPORTED(name, symbol, version) ENTRY_##symbol,
#define SUPPORTED_PER_THREAD(name, symbol, version, same) ENTRY_##symbol,
#define UNSUPPORTED(name, symbol, version) ENTRY_##symbol,
#define UNSUPPORTED_PER_THREAD(name, symbol, version) ENTRY_##symbol,
#include "emulator/driver/api/entry_points.def"
#undef SUPPORTED
#undef SUPPORTED_PER_THREAD
#undef UNSUPPORTED
#undef UNSUPPORTED_PER_THREAD
    ENTRY_COUNT
};

static CUresult entry_unsupported(enum entry_index index, const char *symbol) {
    static bool said[ENTRY_COUNT];
    pthread_mutex_lock(&driver.lock);
    if (!said[index])
        driver_say("%s is not supported: CUDA_ERROR_NOT_SUPPORTED", symbol);
    said[index] = true;
    return driver_end_of(symbol, CUDA_ERROR_NOT_SUPPORTED);
}

/* Their parameters are never looked at, so these need none. */
#define SUPPORTED(name, symbol, version)
#define SUPPORTED_PER_THREAD(name, symbol, version, same)
#define UNSUPPORTED(name, symbol, version)                                                         \
    DRIVER_API CUresult(symbol)(void);                                                             \
    CUresult(symbol)(void) {                                                                       \
        return entry_unsupported(ENTRY_##symbol, #symbol);                                         \
    }
#define UNSUPPORTED_PER_THREAD(name, symbol, version) UNSUPPORTED(name, symbol, version)
#include "emulator/driver/api/entry_points.def"
#undef SUPPORTED
#undef SUPPORTED_PER_THREAD
#undef UNSUPPORTED
#undef UNSUPPORTED_PER_THREAD

/* ---- cuGetProcAddress ---- */

typedef void (*entry_function)(void);

struct entry_point {
    const char *name;
    int version;
    bool per_thread;
    entry_function function;
};

#define SUPPORTED(name, symbol, version)
#define SUPPORTED_PER_THREAD(name, symbol, version, same)                                          \
    extern DRIVER_API __typeof__(same)(symbol);
#define UNSUPPORTED(name, symbol, version)
#define UNSUPPORTED_PER_THREAD(name, symbol, version)
#include "emulator/driver/api/entry_points.def"
#undef SUPPORTED
#undef SUPPORTED_PER_THREAD
#undef UNSUPPORTED
#undef UNSUPPORTED_PER_THREAD

static const struct entry_point entry_points[] = {
#define SUPPORTED(name, symbol, version) {#name, (version), false, (entry_function)(symbol)},
#define SUPPORTED_PER_THREAD(name, symbol, version, same)                                          \
    {#name, (version), true, (entry_function)(symbol)},
#define UNSUPPORTED(name, symbol, version) {#name, (version), false, (entry_function)(symbol)},
#define UNSUPPORTED_PER_THREAD(name, symbol, version)                                              \
    {#name, (version), true, (entry_function)(symbol)},
#include "emulator/driver/api/entry_points.def"
#undef SUPPORTED
#undef SUPPORTED_PER_THREAD
#undef UNSUPPORTED
#undef UNSUPPORTED_PER_THREAD
};

/*
 * The newest form that is not newer than `version`; with `per_thread` the per-thread form where
 * there is one. *known says whether the name exists at all.
 */
static const struct entry_point *entry_find(const char *name, int version, bool per_thread,
                                            bool *known) {
    const struct entry_point *best = NULL;
    *known = false;
    for (size_t i = 0; i < sizeof entry_points / sizeof *entry_points; i++) {
        const struct entry_point *entry = &entry_points[i];
        if (strcmp(entry->name, name) != 0 || (entry->per_thread && !per_thread))
            continue;
        *known = true;
        if (entry->version > version)
            continue;
        if (!best || (entry->per_thread && !best->per_thread) ||
            (entry->per_thread == best->per_thread && entry->version > best->version))
            best = entry;
    }
    return best;
}

CUresult cuGetProcAddress_v2(const char *symbol, void **function, int version, cuuint64_t flags,
                             CUdriverProcAddressQueryResult *status) {
    enum {
        KNOWN = CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM
    };
    bool known;
    if (!symbol || !function || flags & ~(cuuint64_t)KNOWN || flags == KNOWN)
        return CUDA_ERROR_INVALID_VALUE;
    const struct entry_point *entry =
        entry_find(symbol, version, flags == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, &known);
    *function = NULL;
    if (entry)
        memcpy(function, &entry->function, sizeof *function);
    if (status)
        *status = entry   ? CU_GET_PROC_ADDRESS_SUCCESS
                  : known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                          : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    return entry ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuGetProcAddress(const char *symbol, void **function, int version, cuuint64_t flags) {
    return cuGetProcAddress_v2(symbol, function, version, flags, NULL);
}

/* What is found before cuInit has to know where findings go. */
static void config_read_early(void) {
    char message[512];
    if (!driver.initialised &&
        !driver_config_read(&driver.config, getenv("LOCKSTEP_EMULATOR"), message, sizeof message))
        driver_say("%s", message);
}

/* The file whose code a call comes from. */
static const char *file_of(const void *caller) {
    Dl_info about;
    return dladdr(caller, &about) && about.dli_fname ? about.dli_fname : "";
}

/* The first to ask for tables are told apart; a process may have the runtime in several
 * libraries. */
static bool asks_first(const char *file) {
    enum { FILES = 16 };
    static const char *files[FILES];
    size_t k = 0;
    while (k < FILES && files[k] && files[k] != file)
        k++;
    if (k == FILES || files[k])
        return false;
    files[k] = file;
    return true;
}

/* The tables behind this call are private to NVIDIA's libraries; the emulator has none. The CUDA
 * runtime asks for several, also before cuInit, and then fails with an error that does not tell
 * why. NVIDIA's compiler asks for a table too, as its linker does, and both go on without. */
CUresult cuGetExportTable(const void **table, const CUuuid *identifier) {
    if (!table || !identifier)
        return CUDA_ERROR_INVALID_VALUE;
    const char *file = file_of(__builtin_return_address(0));
    *table = NULL;
    if (strstr(file, "libnvrtc") || strstr(file, "libnvJitLink"))
        return CUDA_ERROR_NOT_FOUND;
    pthread_mutex_lock(&driver.lock);
    if (asks_first(file)) {
        config_read_early();
        driver_find("cuGetExportTable: %s asks for private tables of NVIDIA's driver, which are "
                    "not supported, and fails; where the CUDA runtime was linked into it, link it "
                    "with nvcc -cudart shared, and put the emulator's libcudart in front (lockstep "
                    "emulate --preload, where a program brings its own along), see "
                    "docs/emulator.md",
                    *file ? file : "the program");
    }
    pthread_mutex_unlock(&driver.lock);
    return CUDA_ERROR_NOT_FOUND;
}
