/*
 * The toolkit's prototypes with all versions of each function, and the emulator's over them: the
 * compiler refuses what does not agree. That this file compiles is the test.
 */
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#include <cudaProfiler.h>

#define DRIVER_TYPES_FROM_TOOLKIT
#include "emulator/driver/api/api.h"
