/*
 * The configuration: LOCKSTEP_EMULATOR in the environment, `key=value` pairs separated by
 * semicolons, read once by cuInit.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_CONFIG_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "emulator/driver/state/devices.h"
#include "emulator/machine/machine.h"

struct driver_config {
    const struct driver_device *device;
    struct machine_options options;
    size_t memory_bytes;  /* what a device has */
    int devices;          /* how many of them there are */
    bool host_time;       /* events tell the time of the host; else they tell none */
    bool check_leak;      /* memory that is still allocated when its context ends */
    char report[4096];    /* file for the counters; empty: none */
    char findings[4096];  /* file for what was found wrong, a line each; empty: none */
    char processes[4096]; /* folder for the journal of each process; empty: none */
};

/* Device memory where memory= does not say otherwise: little enough for any machine that runs
 * tests. */
#define DRIVER_CONFIG_MEMORY ((size_t)4 << 30)

/*
 * Warp instructions a launch where budget= does not say otherwise: minutes on one core, so that a
 * kernel that loops for ever ends, and far beyond what a test of a kernel needs.
 */
#define DRIVER_CONFIG_BUDGET ((uint64_t)10000000000)

/*
 * Reads `text` (NULL and "" mean the defaults). False when a key or a value is unknown: `message`
 * then says which, and lists the known ones.
 */
bool driver_config_read(struct driver_config *config, const char *text, char *message,
                        size_t message_size);

#endif
