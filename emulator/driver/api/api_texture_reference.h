/* The part of api.h that is about references to textures and surfaces, which api.h includes. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_API_API_TEXTURE_REFERENCE_H
#define LOCKSTEP_EMULATOR_DRIVER_API_API_TEXTURE_REFERENCE_H

#include "emulator/driver/state/entry.h"

DRIVER_API CUresult cuModuleGetTexRef(CUtexref *reference, CUmodule module, const char *name);
DRIVER_API CUresult cuModuleGetSurfRef(CUsurfref *reference, CUmodule module, const char *name);
DRIVER_API CUresult cuTexRefCreate(CUtexref *reference);
DRIVER_API CUresult cuTexRefDestroy(CUtexref reference);
DRIVER_API CUresult cuTexRefSetArray(CUtexref reference, CUarray array, unsigned int flags);
DRIVER_API CUresult cuTexRefSetAddress_v2(size_t *offset, CUtexref reference, CUdeviceptr address,
                                          size_t bytes);
DRIVER_API CUresult cuTexRefSetAddress2D_v3(CUtexref reference,
                                            const CUDA_ARRAY_DESCRIPTOR *description,
                                            CUdeviceptr address, size_t pitch);
DRIVER_API CUresult cuTexRefSetFormat(CUtexref reference, CUarray_format format, int channels);
DRIVER_API CUresult cuTexRefSetAddressMode(CUtexref reference, int dimension, CUaddress_mode mode);
DRIVER_API CUresult cuTexRefSetFilterMode(CUtexref reference, CUfilter_mode mode);
DRIVER_API CUresult cuTexRefSetMaxAnisotropy(CUtexref reference, unsigned int anisotropy);
DRIVER_API CUresult cuTexRefSetBorderColor(CUtexref reference, float *colour);
DRIVER_API CUresult cuTexRefSetFlags(CUtexref reference, unsigned int flags);
DRIVER_API CUresult cuTexRefGetAddress_v2(CUdeviceptr *address, CUtexref reference);
DRIVER_API CUresult cuTexRefGetArray(CUarray *array, CUtexref reference);
DRIVER_API CUresult cuTexRefGetAddressMode(CUaddress_mode *mode, CUtexref reference, int dimension);
DRIVER_API CUresult cuTexRefGetFilterMode(CUfilter_mode *mode, CUtexref reference);
DRIVER_API CUresult cuTexRefGetFormat(CUarray_format *format, int *channels, CUtexref reference);
DRIVER_API CUresult cuTexRefGetMaxAnisotropy(int *anisotropy, CUtexref reference);
DRIVER_API CUresult cuTexRefGetBorderColor(float *colour, CUtexref reference);
DRIVER_API CUresult cuTexRefGetFlags(unsigned int *flags, CUtexref reference);
DRIVER_API CUresult cuSurfRefSetArray(CUsurfref reference, CUarray array, unsigned int flags);
DRIVER_API CUresult cuSurfRefGetArray(CUarray *array, CUsurfref reference);

#endif
