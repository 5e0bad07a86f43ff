/* What an element of an array or a texture is, in the runtime's words and in the driver's. */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_CHANNELS_H
#define LOCKSTEP_EMULATOR_RUNTIME_CHANNELS_H

#include "emulator/runtime/types.h"

CUresult channels_format(const struct cudaChannelFormatDesc *channels, CUarray_format *format,
                         unsigned *count);
struct cudaChannelFormatDesc channels_described(CUarray_format format, unsigned count);
struct cudaChannelFormatDesc channels_of(const CUDA_ARRAY3D_DESCRIPTOR *array);
/* Bytes of an array's element. */
CUresult channels_bytes(CUarray array, size_t *bytes);

#endif
