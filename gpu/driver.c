/* Loads the CUDA driver and words its errors; see gpu/driver.h. */
#include "gpu/driver.h"

#include "gpu/gpu.h"
#include "gpu/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a result means for the caller, and what a person can do about it. */
struct driver_advice {
    enum cuda_result result;
    enum status status;
    bool sticky;
    const char *advice;
};

static const char kernel_fault[] =
    "the kernel is wrong: run the same case with --gpu emulated, which names the source line";
static const char hardware_fault[] = "look at `dmesg` and `nvidia-smi -q` for hardware errors";
static const char driver_mismatch[] =
    "update NVIDIA's driver, or build with the toolkit that fits it (`nvidia-smi` shows its CUDA "
    "version)";
static const char ptx_alone[] =
    "there is no machine code for this GPU, and its PTX needs the driver's compiler: install "
    "libnvidia-ptxjitcompiler.so.1 of the driver and unset CUDA_DISABLE_PTX_JIT, or add the GPU's "
    "architecture to ARCHITECTURES and rebuild";

static const struct driver_advice advices[] = {
    {CUDA_ERROR_OUT_OF_MEMORY, STATUS_FAILED, false,
     "choose smaller shapes or end other programs on the GPU (`nvidia-smi`)"},
    {CUDA_ERROR_STUB_LIBRARY, STATUS_NO_GPU, false,
     "the toolkit's stub was loaded for the driver: install NVIDIA's driver and take the stubs "
     "folder out of LD_LIBRARY_PATH"},
    {CUDA_ERROR_DEVICE_UNAVAILABLE, STATUS_NO_GPU, false,
     "another process has the GPU to itself, or its compute mode prohibits work: see `nvidia-smi "
     "-q -d COMPUTE`, and choose another one by --gpu"},
    {CUDA_ERROR_NO_DEVICE, STATUS_NO_GPU, false,
     "check `nvidia-smi` and CUDA_VISIBLE_DEVICES" GPU_ADVICE_EMULATED},
    {CUDA_ERROR_SYSTEM_NOT_READY, STATUS_NO_GPU, false,
     "start the system's fabric manager, or reboot"},
    {CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, STATUS_NO_GPU, false,
     "the kernel module and libcuda.so.1 are of different versions: reboot"},
    {CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, STATUS_NO_GPU, false, driver_mismatch},
    {CUDA_ERROR_UNKNOWN, STATUS_FAILED, false,
     "check that /dev/nvidia* are readable and that `nvidia-smi` works"},
    {CUDA_ERROR_INVALID_IMAGE, STATUS_FAILED, false, driver_mismatch},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, STATUS_FAILED, false,
     "the kernels were built for other GPUs, or by a newer toolkit than the driver knows: see "
     "`lockstep info`, then add the GPU's architecture to ARCHITECTURES and rebuild, or update "
     "NVIDIA's driver"},
    {CUDA_ERROR_INVALID_PTX, STATUS_FAILED, false, driver_mismatch},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, STATUS_FAILED, false, driver_mismatch},
    {CUDA_ERROR_JIT_COMPILER_NOT_FOUND, STATUS_FAILED, false, ptx_alone},
    {CUDA_ERROR_JIT_COMPILATION_DISABLED, STATUS_FAILED, false, ptx_alone},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, STATUS_FAILED, false,
     "the kernel needs more registers or shared memory than this GPU has"},
    {CUDA_ERROR_ECC_UNCORRECTABLE, STATUS_FAILED, true, hardware_fault},
    {CUDA_ERROR_NVLINK_UNCORRECTABLE, STATUS_FAILED, true, hardware_fault},
    {CUDA_ERROR_CONTAINED, STATUS_FAILED, true, hardware_fault},
    {CUDA_ERROR_HARDWARE_STACK_ERROR, STATUS_FAILED, true, hardware_fault},
    {CUDA_ERROR_EXTERNAL_DEVICE, STATUS_FAILED, true, hardware_fault},
    {CUDA_ERROR_ILLEGAL_ADDRESS, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_ASSERT, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_ILLEGAL_INSTRUCTION, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_MISALIGNED_ADDRESS, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_INVALID_ADDRESS_SPACE, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_INVALID_PC, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_LAUNCH_FAILED, STATUS_FAILED, true, kernel_fault},
    {CUDA_ERROR_LAUNCH_TIMEOUT, STATUS_ENDLESS, true,
     "the kernel ran longer than the display's watchdog allows: choose smaller shapes, or a GPU "
     "without a display"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, STATUS_FAILED, true, "the context has to be made again"},
};

static const struct driver_advice *advice_find(enum cuda_result result) {
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (advices[i].result == result)
            return &advices[i];
    return NULL;
}

bool driver_error_sticky(enum cuda_result result) {
    const struct driver_advice *advice = advice_find(result);
    return advice != NULL && advice->sticky;
}

/* The emulator knows block, thread, address and source line of a kernel's fault, and the line of
 * PTX that it refuses. Of other errors it says nothing, and its last sentence is about something
 * else. */
static void emulator_message(const struct driver *driver, enum cuda_result result, char *text,
                             size_t bytes) {
    text[0] = '\0';
    if (driver->emulator.message == NULL ||
        (!driver_error_sticky(result) && result != CUDA_ERROR_INVALID_PTX))
        return;
    driver->emulator.message(text, bytes);
    text[bytes - 1] = '\0';
}

enum status driver_error(const struct driver *driver, enum cuda_result result, const char *what,
                         struct message *message) {
    const char *name = NULL, *meaning = NULL;
    if (driver->cuGetErrorName == NULL || driver->cuGetErrorName(result, &name) != CUDA_SUCCESS)
        name = NULL;
    if (driver->cuGetErrorString == NULL ||
        driver->cuGetErrorString(result, &meaning) != CUDA_SUCCESS)
        meaning = NULL;
    char number[32];
    snprintf(number, sizeof number, "CUDA error %d", (int)result);
    const struct driver_advice *advice = advice_find(result);
    char emulator[640] = "";
    emulator_message(driver, result, emulator, sizeof emulator);
    const char *remedy = advice != NULL ? advice->advice : "see the CUDA driver API's manual";
    if (emulator[0] != '\0')
        remedy = emulator;
    return message_set(message, advice != NULL ? advice->status : STATUS_FAILED,
                       "%s failed: %s (%s); %s", what, name != NULL ? name : number,
                       meaning != NULL ? meaning : "no description", remedy);
}

static const struct library_symbol driver_symbols[] = {
#define DRIVER_SYMBOL(member, name, parameters) {#name, offsetof(struct driver, member)},
    CUDA_DRIVER_FUNCTIONS(DRIVER_SYMBOL)
#undef DRIVER_SYMBOL
};

static const struct library_symbol known_symbols[] = {
#define KNOWN_SYMBOL(member, name, parameters) {#name, offsetof(struct driver, member)},
    CUDA_DRIVER_FUNCTIONS_KNOWN(KNOWN_SYMBOL)
#undef KNOWN_SYMBOL
};

static const struct library_symbol emulator_symbols[] = {
#define EMULATOR_SYMBOL(member, name, result, parameters)                                          \
    {#name, offsetof(struct emulator_functions, member)},
    EMULATOR_FUNCTIONS(EMULATOR_SYMBOL)
#undef EMULATOR_SYMBOL
};

/* Asked before the table has to be whole, because what an old driver lacks is told best together
 * with its version. */
static enum status version_check(struct driver *driver, const char *path, struct message *message) {
    const enum cuda_result result = driver->cuDriverGetVersion(&driver->version);
    if (result != CUDA_SUCCESS)
        return driver_error(driver, result, "cuDriverGetVersion", message);
    if (driver->version >= DRIVER_VERSION_OLDEST)
        return STATUS_OK;
    return message_set(
        message, STATUS_UNSUPPORTED,
        "the driver %s offers CUDA %d.%d and %d.%d is needed: update NVIDIA's driver", path,
        driver->version / 1000, driver->version % 1000 / 10, DRIVER_VERSION_OLDEST / 1000,
        DRIVER_VERSION_OLDEST % 1000 / 10);
}

static enum status driver_bind(struct driver *driver, const char *path, struct message *message) {
    struct message missing;
    library_bind_known(driver->library, driver_symbols,
                       sizeof driver_symbols / sizeof driver_symbols[0], driver);
    enum status status = STATUS_OK;
    if (driver->cuDriverGetVersion != NULL)
        status = version_check(driver, path, message);
    if (status != STATUS_OK)
        return status;
    if (library_bind(driver->library, driver_symbols,
                     sizeof driver_symbols / sizeof driver_symbols[0], driver,
                     &missing) != STATUS_OK)
        return message_set(message, STATUS_UNSUPPORTED,
                           "the driver %s cannot be used, %s: update NVIDIA's driver to one for "
                           "CUDA %d.%d or newer",
                           path, missing.text, DRIVER_VERSION_OLDEST / 1000,
                           DRIVER_VERSION_OLDEST % 1000 / 10);
    library_bind_known(driver->library, known_symbols,
                       sizeof known_symbols / sizeof known_symbols[0], driver);
    driver->emulated = library_find(driver->library, "lockstepEmulatorVersion") != NULL;
    if (driver->emulated && library_bind(driver->library, emulator_symbols,
                                         sizeof emulator_symbols / sizeof emulator_symbols[0],
                                         &driver->emulator, &missing) != STATUS_OK)
        return message_set(message, STATUS_UNSUPPORTED,
                           "the emulator %s is of another version, %s: build it again", path,
                           missing.text);
    return STATUS_OK;
}

/* CUDA_VISIBLE_DEVICES is about the machine's GPUs: it does not hide an emulated one that was asked
 * for by name. */
static enum cuda_result driver_start(const struct driver *driver, bool is_named) {
    static const char variable[] = "CUDA_VISIBLE_DEVICES";
    const char *visible = driver->emulated && is_named ? getenv(variable) : NULL;
    if (visible == NULL)
        return driver->cuInit(0);
    char *kept = strdup(visible);
    if (kept == NULL || unsetenv(variable) != 0) {
        free(kept);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    enum cuda_result result = driver->cuInit(0);
    if (setenv(variable, kept, 1) != 0)
        result = CUDA_ERROR_OUT_OF_MEMORY;
    free(kept);
    return result;
}

enum status driver_load(struct driver *driver, const char *path, struct message *message) {
    const char *names[] = {path != NULL ? path : "libcuda.so.1", NULL};
    struct message reason;
    memset(driver, 0, sizeof *driver);
    if (library_open(names, &driver->library, &reason) != STATUS_OK)
        return message_set(message, STATUS_NO_GPU,
                           "no GPU: the CUDA driver could not be loaded (%s); install NVIDIA's "
                           "driver" GPU_ADVICE_EMULATED,
                           reason.text);
    enum status status = driver_bind(driver, names[0], message);
    if (status != STATUS_OK)
        return status;
    enum cuda_result result = driver_start(driver, path != NULL);
    if (result == CUDA_SUCCESS)
        return STATUS_OK;
    /* The emulator says what is wrong with its configuration. */
    char said[640] = "";
    if (driver->emulator.message != NULL)
        driver->emulator.message(said, sizeof said);
    said[sizeof said - 1] = '\0';
    status = driver_error(driver, result, "no CUDA device: cuInit", message);
    return said[0] != '\0' ? message_set(message, status, "%s", said) : status;
}
