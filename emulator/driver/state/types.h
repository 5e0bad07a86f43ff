/*
 * The types of the CUDA driver API that the emulated driver needs, written from the documented
 * interface so that the library builds without a CUDA toolkit. Names, values and layouts are those
 * of CUDA 13.0 on 64-bit Linux; where a toolkit is installed tests/emulator/driver/test_api.c
 * compares every one of them with its cuda.h.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_TYPES_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_TYPES_H

#include "emulator/driver/state/types_base.h"
#include "emulator/driver/state/types_code.h"
#include "emulator/driver/state/types_graph.h"
#include "emulator/driver/state/types_memory.h"
#include "emulator/driver/state/types_stream.h"
#include "emulator/driver/state/types_tensor.h"
#include "emulator/driver/state/types_texture.h"

#endif
