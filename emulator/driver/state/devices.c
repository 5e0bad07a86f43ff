/*
 * The devices that the emulator can claim to be: what NVIDIA's data sheets and the CUDA programming
 * guide's table of technical specifications per compute capability say of them.
 */
#include "emulator/driver/state/devices.h"

#include "emulator/ptx/target.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)

/* The same for every device of compute capability 7.5 to 12.0. */
#define COMMON_LIMITS                                                                              \
    .warp_size = 32, .max_threads_per_block = 1024, .max_block = {1024, 1024, 64},                 \
    .max_grid = {INT32_MAX, 65535, 65535}, .registers_per_block = 65536,                           \
    .registers_per_multiprocessor = 65536, .shared_per_block = KIB(48), .constant_memory = KIB(64)

static const struct driver_device devices[] = {
    {
        .key = "ampere",
        .properties = {.name = "lockstep emulated GPU (Ampere, 16 multiprocessors)",
                       .capability_major = 8,
                       .capability_minor = 0,
                       .multiprocessors = 16,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 2048,
                       .max_blocks_per_multiprocessor = 32,
                       .shared_per_block_optin = KIB(163),
                       .shared_per_multiprocessor = KIB(164),
                       .shared_reserved_per_block = KIB(1),
                       .l1_bytes = KIB(192),
                       .l2_bytes = MIB(4),
                       .clock_khz = 1000000,
                       .memory_clock_khz = 1000000,
                       .memory_bus_width = 256},
        .single_to_double_ratio = 2,
        .pci_identifier = 0,
    },
    {
        .key = "t4",
        .properties = {.name = "lockstep emulated GPU (T4)",
                       .capability_major = 7,
                       .capability_minor = 5,
                       .multiprocessors = 40,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 1024,
                       .max_blocks_per_multiprocessor = 16,
                       .shared_per_block_optin = KIB(64),
                       .shared_per_multiprocessor = KIB(64),
                       .l1_bytes = KIB(96),
                       .l2_bytes = MIB(4),
                       .has_inline_ecc = true,
                       .clock_khz = 1590000,
                       .memory_clock_khz = 5001000,
                       .memory_bus_width = 256},
        .single_to_double_ratio = 32,
        .pci_identifier = 0x1EB810DE,
    },
    {
        .key = "a100",
        .properties = {.name = "lockstep emulated GPU (A100)",
                       .capability_major = 8,
                       .capability_minor = 0,
                       .multiprocessors = 108,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 2048,
                       .max_blocks_per_multiprocessor = 32,
                       .shared_per_block_optin = KIB(163),
                       .shared_per_multiprocessor = KIB(164),
                       .shared_reserved_per_block = KIB(1),
                       .l1_bytes = KIB(192),
                       .l2_bytes = MIB(40),
                       .clock_khz = 1410000,
                       .memory_clock_khz = 1215000,
                       .memory_bus_width = 5120},
        .single_to_double_ratio = 2,
        .pci_identifier = 0x20B010DE,
    },
    {
        .key = "rtx3090",
        .properties = {.name = "lockstep emulated GPU (RTX 3090)",
                       .capability_major = 8,
                       .capability_minor = 6,
                       .multiprocessors = 82,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 1536,
                       .max_blocks_per_multiprocessor = 16,
                       .shared_per_block_optin = KIB(99),
                       .shared_per_multiprocessor = KIB(100),
                       .shared_reserved_per_block = KIB(1),
                       .l1_bytes = KIB(128),
                       .l2_bytes = MIB(6),
                       .clock_khz = 1695000,
                       .memory_clock_khz = 9751000,
                       .memory_bus_width = 384},
        .single_to_double_ratio = 32,
        .pci_identifier = 0x220410DE,
    },
    {
        .key = "rtx4060",
        .properties = {.name = "lockstep emulated GPU (RTX 4060)",
                       .capability_major = 8,
                       .capability_minor = 9,
                       .multiprocessors = 24,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 1536,
                       .max_blocks_per_multiprocessor = 24,
                       .shared_per_block_optin = KIB(99),
                       .shared_per_multiprocessor = KIB(100),
                       .shared_reserved_per_block = KIB(1),
                       .l1_bytes = KIB(128),
                       .l2_bytes = MIB(24),
                       .clock_khz = 2460000,
                       .memory_clock_khz = 8501000,
                       .memory_bus_width = 128},
        .single_to_double_ratio = 64,
        .pci_identifier = 0x288210DE,
    },
    {
        .key = "h100",
        .properties = {.name = "lockstep emulated GPU (H100)",
                       .capability_major = 9,
                       .capability_minor = 0,
                       .multiprocessors = 132,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 2048,
                       .max_blocks_per_multiprocessor = 32,
                       .shared_per_block_optin = KIB(227),
                       .shared_per_multiprocessor = KIB(228),
                       .shared_reserved_per_block = KIB(1),
                       .l1_bytes = KIB(256),
                       .l2_bytes = MIB(50),
                       .clock_khz = 1980000,
                       .memory_clock_khz = 2619000,
                       .memory_bus_width = 5120},
        .single_to_double_ratio = 2,
        .pci_identifier = 0x233010DE,
    },
    {
        .key = "b200",
        .properties = {.name = "lockstep emulated GPU (B200)",
                       .capability_major = 10,
                       .capability_minor = 0,
                       .multiprocessors = 148,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 2048,
                       .max_blocks_per_multiprocessor = 32,
                       .shared_per_block_optin = KIB(227),
                       .shared_per_multiprocessor = KIB(228),
                       .shared_reserved_per_block = KIB(1),
                       .tensor_memory_columns = 512,
                       .l1_bytes = KIB(256),
                       .l2_bytes = MIB(126),
                       .clock_khz = 1965000,
                       .memory_clock_khz = 3996000,
                       .memory_bus_width = 8192},
        .single_to_double_ratio = 2,
        .pci_identifier = 0x290110DE,
    },
    {
        .key = "rtx5090",
        .properties = {.name = "lockstep emulated GPU (RTX 5090)",
                       .capability_major = 12,
                       .capability_minor = 0,
                       .multiprocessors = 170,
                       COMMON_LIMITS,
                       .max_threads_per_multiprocessor = 1536,
                       .max_blocks_per_multiprocessor = 24,
                       .shared_per_block_optin = KIB(99),
                       .shared_per_multiprocessor = KIB(100),
                       .shared_reserved_per_block = KIB(1),
                       .l1_bytes = KIB(128),
                       .l2_bytes = MIB(96),
                       .clock_khz = 2407000,
                       .memory_clock_khz = 14001000,
                       .memory_bus_width = 512},
        .single_to_double_ratio = 64,
        .pci_identifier = 0x2B8510DE,
    },
};

const struct driver_device *driver_devices(size_t *count) {
    *count = sizeof devices / sizeof *devices;
    return devices;
}

const struct driver_device *driver_device_find(const char *key) {
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (!strcasecmp(devices[i].key, key))
            return &devices[i];
    return NULL;
}

void driver_device_advise(unsigned target, char features, char *text, size_t size) {
    text[0] = '\0';
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        const struct machine_properties *of = &devices[i].properties;
        const unsigned device = (unsigned)(of->capability_major * 10 + of->capability_minor);
        if (!target_fits(target, features, device))
            continue;
        snprintf(text, size, ", or choose --device %s (LOCKSTEP_EMULATOR=device=%s)",
                 devices[i].key, devices[i].key);
        return;
    }
}

int driver_device_attribute(const struct driver_device *device, const struct machine_properties *of,
                            CUdevice ordinal, CUdevice_attribute attribute, int *value) {
    switch (attribute) {
#define DEVICE_ATTRIBUTE(name, number, answer)                                                     \
    case CU_DEVICE_ATTRIBUTE_##name:                                                               \
        *value = (int)(answer);                                                                    \
        return 1;
#include "emulator/driver/state/attributes.def"
#undef DEVICE_ATTRIBUTE
    }
    return 0;
}
