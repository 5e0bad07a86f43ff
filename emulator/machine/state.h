/* What a machine is made of. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_STATE_H
#define LOCKSTEP_EMULATOR_MACHINE_STATE_H

#include "emulator/memory/heap.h"
#include "emulator/memory/memory.h"
#include "emulator/memory/scratch.h"
#include "emulator/memory/texture.h"

#include <pthread.h>

struct machine {
    pthread_mutex_t lock;
    struct machine_properties properties;
    struct machine_options options;
    struct memory memory;
    struct heap heap;
    struct scratch scratch;
    struct texture_table textures;
    struct machine_module *modules;
};

#endif
