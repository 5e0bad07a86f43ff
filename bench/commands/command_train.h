/* The subcommand `lockstep train`: its options, and the way from them to bench/training/train.h. */
#ifndef LOCKSTEP_BENCH_COMMANDS_COMMAND_TRAIN_H
#define LOCKSTEP_BENCH_COMMANDS_COMMAND_TRAIN_H

#include "bench/devices/device.h"
#include "bench/operations/mlp_plan.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A row of the table that --implementation chooses from. */
struct train_implementation {
    const char *name;
    const struct mlp_kernels *kernels;
    bool on_gpu;
    bool graph; /* as in struct train_options */
};

/* What the subcommand cannot know by itself. */
struct train_environment {
    const struct train_implementation *implementations; /* the first is the default */
    size_t implementation_count;
    /* Gives the device that an implementation runs on; `gpu` and `tuning` are the texts of --gpu
     * and
     * --tuning, the latter NULL where it is not given. The device stays the caller's. */
    enum status (*device_find)(void *context, const struct train_implementation *implementation,
                               const char *gpu, const char *tuning, struct device **device,
                               struct message *message);
    bool (*stop)(void *context); /* as in struct train_options; may be NULL */
    void *context;               /* of these functions */
    /* Makes the folder of training.csv where --out is not given; NULL for no file then. */
    enum status (*folder_make)(void *context, const char **folder, struct message *message);
    /* Called when training has ended well, with its folder; may be NULL. */
    enum status (*finish)(void *context, const char *folder, struct message *message);
    FILE *report;
    bool live; /* report is a terminal */
};

/* argv[0] is the name for the usage ("lockstep train"). Prints help to the report and returns
 * STATUS_OK for --help; STATUS_INVALID for a wrong call; else what train_run() returned. Never ends
 * the process. Sets the threads of OpenMP and OpenBLAS. */
enum status command_train_with(int argc, char **argv, const struct train_environment *environment,
                               struct message *message);

#endif
