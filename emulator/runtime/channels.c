/* What an element of an array or a texture is. */
#include "emulator/runtime/channels.h"

static const struct channel {
    int kind, bits;
    CUarray_format format;
} known[] = {
    {cudaChannelFormatKindSigned, 8, CU_AD_FORMAT_SIGNED_INT8},
    {cudaChannelFormatKindSigned, 16, CU_AD_FORMAT_SIGNED_INT16},
    {cudaChannelFormatKindSigned, 32, CU_AD_FORMAT_SIGNED_INT32},
    {cudaChannelFormatKindUnsigned, 8, CU_AD_FORMAT_UNSIGNED_INT8},
    {cudaChannelFormatKindUnsigned, 16, CU_AD_FORMAT_UNSIGNED_INT16},
    {cudaChannelFormatKindUnsigned, 32, CU_AD_FORMAT_UNSIGNED_INT32},
    {cudaChannelFormatKindFloat, 16, CU_AD_FORMAT_HALF},
    {cudaChannelFormatKindFloat, 32, CU_AD_FORMAT_FLOAT},
};
enum { KNOWN = sizeof known / sizeof known[0] };

CUresult channels_format(const struct cudaChannelFormatDesc *channels, CUarray_format *format,
                         unsigned *count) {
    *count =
        (unsigned)(channels->x > 0) + (channels->y > 0) + (channels->z > 0) + (channels->w > 0);
    for (size_t k = 0; k < KNOWN; k++) {
        if (known[k].kind != channels->f || known[k].bits != channels->x)
            continue;
        *format = known[k].format;
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

static const struct channel *channel_of(CUarray_format format) {
    size_t k = 0;
    while (k + 1 < KNOWN && known[k].format != format)
        k++;
    return &known[k];
}

struct cudaChannelFormatDesc channels_described(CUarray_format format, unsigned count) {
    const struct channel *channel = channel_of(format);
    const int bits = channel->bits;
    return (struct cudaChannelFormatDesc){bits, count > 1 ? bits : 0, count > 2 ? bits : 0,
                                          count > 2 ? bits : 0, channel->kind};
}

struct cudaChannelFormatDesc channels_of(const CUDA_ARRAY3D_DESCRIPTOR *array) {
    return channels_described(array->Format, array->NumChannels);
}

CUresult channels_bytes(CUarray array, size_t *bytes) {
    CUDA_ARRAY3D_DESCRIPTOR description;
    const CUresult result = cuArray3DGetDescriptor_v2(&description, array);
    if (result == CUDA_SUCCESS)
        *bytes = (size_t)channel_of(description.Format)->bits / 8 * description.NumChannels;
    return result;
}
