/* `lockstep info` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/devices/devices.h"
#include "bench/devices/environment.h"
#include "gpu/nvtx.h"
#include "kernels/kernels.h"

#include <stdio.h>

static const char doc[] = "Shows the machine, the libraries, the devices and what was built.\v"
                          "Example:\n  lockstep info";

struct parsed {
    const char *tuning;
};

static const struct command_option options[] = {
    OPTION_TEXT("tuning", "FILE", struct parsed, tuning,
                "Also what this file of `lockstep tune` is worth here"),
    OPTIONS_END,
};

static void warnings_print(const struct environment *environment) {
    for (int i = 0; i < environment->warning_count; i++)
        printf("warning    %s\n", environment->warnings[i]);
}

static void devices_print(const struct devices *devices) {
    for (int i = 0; i < devices->count; i++)
        printf("device     %s: last-level cache %zu KiB\n", devices->list[i].name,
               devices->list[i].last_level_cache >> 10);
    if (*devices->gpu_absence)
        printf("device     %s\n", devices->gpu_absence);
    if (devices->tuning)
        printf("           %s\n", devices->tuning->note);
}

enum status command_info(int argc, char **argv, const struct command_context *context,
                         struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.tuning = NULL};
    struct option_parse parse = {
        .name = "info", .doc = doc, .tables = tables, .parsed = &parsed, .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    struct environment environment;
    struct devices devices;
    environment_read(&environment);
    environment_warn_of_times(&environment);
    status = devices_open(&devices, "auto", message);
    if (status != STATUS_OK)
        return status;
    status = devices_tune(&devices, parsed.tuning, message);
    if (status != STATUS_OK)
        return devices_close(&devices, status, message);
    environment_print(&environment, stdout);
    printf("           CUDA kernels built %s\n", kernels_built());
    printf("           NVTX ranges %s\n",
           nvtx_available() ? "built in" : "left out: the build found no nvtx3 headers");
    devices_print(&devices);
    warnings_print(&environment);
    return devices_close(&devices, STATUS_OK, message);
}
