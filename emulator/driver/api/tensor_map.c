/*
 * cuTensorMap*: what bulk copies know of a tensor. The checks are those that the driver API
 * documents; what a map holds is the emulated GPU's own (emulator/lanes/tensor_map.h).
 */
#include "emulator/lanes/tensor_map.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/state/state.h"

#include <string.h>

enum { BOX_LIMIT = 256, STEP_LIMIT = 8, GLOBAL_ALIGNMENT = 16, SPREAD_ALIGNMENT = 32 };

#define SIZE_LIMIT (UINT64_C(1) << 32)
#define STRIDE_LIMIT (UINT64_C(1) << 40)

/* What a program says about a tensor. */
struct request {
    CUtensorMapDataType type;
    unsigned rank;
    uint64_t address;
    const cuuint64_t *sizes, *strides;
    const cuuint32_t *box, *steps; /* the box of im2col: channels, pixels */
    const int *lower, *upper;      /* of im2col alone */
    CUtensorMapInterleave interleave;
    CUtensorMapSwizzle swizzle;
    CUtensorMapFloatOOBfill fill;
};

static const struct {
    uint8_t element, bytes;
    bool is_float;
} types[] = {
    [CU_TENSOR_MAP_DATA_TYPE_UINT8] = {TENSOR_U8, 1, false},
    [CU_TENSOR_MAP_DATA_TYPE_UINT16] = {TENSOR_U16, 2, false},
    [CU_TENSOR_MAP_DATA_TYPE_UINT32] = {TENSOR_U32, 4, false},
    [CU_TENSOR_MAP_DATA_TYPE_INT32] = {TENSOR_S32, 4, false},
    [CU_TENSOR_MAP_DATA_TYPE_UINT64] = {TENSOR_U64, 8, false},
    [CU_TENSOR_MAP_DATA_TYPE_INT64] = {TENSOR_S64, 8, false},
    [CU_TENSOR_MAP_DATA_TYPE_FLOAT16] = {TENSOR_F16, 2, true},
    [CU_TENSOR_MAP_DATA_TYPE_FLOAT32] = {TENSOR_F32, 4, true},
    [CU_TENSOR_MAP_DATA_TYPE_FLOAT64] = {TENSOR_F64, 8, true},
    [CU_TENSOR_MAP_DATA_TYPE_BFLOAT16] = {TENSOR_BF16, 2, true},
    [CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ] = {TENSOR_F32_FLUSHED, 4, true},
    [CU_TENSOR_MAP_DATA_TYPE_TFLOAT32] = {TENSOR_F32, 4, true},
    [CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ] = {TENSOR_F32_FLUSHED, 4, true},
    [CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B] = {TENSOR_U4, 1, false},
    [CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN16B] = {TENSOR_U4_SPREAD, 1, false},
    [CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B] = {TENSOR_U6_SPREAD, 1, false},
};

static const uint8_t spans[] = {[CU_TENSOR_MAP_SWIZZLE_NONE] = 0,
                                [CU_TENSOR_MAP_SWIZZLE_32B] = 32,
                                [CU_TENSOR_MAP_SWIZZLE_64B] = 64,
                                [CU_TENSOR_MAP_SWIZZLE_128B] = 128,
                                [CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B] = 128,
                                [CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B] = 128};

static CUresult refuse(const char *what) {
    driver_find("cuTensorMapEncode: %s", what);
    return CUDA_ERROR_INVALID_VALUE;
}

static unsigned element_of(const struct request *request) {
    return types[request->type].element;
}

static CUresult check_words(const struct request *request) {
    if ((unsigned)request->type > CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B ||
        (unsigned)request->interleave > CU_TENSOR_MAP_INTERLEAVE_32B ||
        (unsigned)request->swizzle > CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B ||
        (unsigned)request->fill > CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA)
        return refuse("there is no such data type, interleave, swizzle or fill");
    const char *lacks = request->interleave
                            ? "interleaved layouts: which dimension counts slices is not documented"
                        : request->swizzle == CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B_FLIP_8B
                            ? "swizzles that flip 8 bytes: CUDA does not say in which rows"
                            : NULL;
    if (lacks) {
        driver_find("cuTensorMapEncode: the emulator lacks %s", lacks);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (request->fill && !types[request->type].is_float)
        return refuse("NaN stands for elements outside of tensors of floats alone");
    return CUDA_SUCCESS;
}

static CUresult check_memory(const struct request *request) {
    if (request->rank < 1 || request->rank > TENSOR_RANKS)
        return refuse("a tensor has 1 to 5 dimensions");
    if (request->address == 0 || request->address % GLOBAL_ALIGNMENT != 0)
        return refuse("the global address must be a multiple of 16");
    for (unsigned k = 0; k < request->rank; k++) {
        if (request->sizes[k] < 1 || request->sizes[k] > SIZE_LIMIT)
            return refuse("the size of each dimension must be from 1 to 2^32");
    }
    for (unsigned k = 0; k + 1 < request->rank; k++) {
        if (request->strides[k] % GLOBAL_ALIGNMENT != 0 || request->strides[k] >= STRIDE_LIMIT)
            return refuse("global strides must be multiples of 16 bytes and less than 2^40");
    }
    return CUDA_SUCCESS;
}

/* Sizes count the elements of packed types, not their bytes. */
static CUresult check_packed(const struct request *request) {
    enum { PACKED_MAJOR = 10, SPREAD_SPAN = 128 };
    const unsigned element = element_of(request);
    if (element < TENSOR_U4)
        return CUDA_SUCCESS;
    if (driver.properties.capability_major < PACKED_MAJOR) {
        driver_find("cuTensorMapEncode: packed types of 4 and 6 bits need a device of compute "
                    "capability 10.0, such as device=b200");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (element == TENSOR_U4)
        return request->sizes[0] % 2 == 0 ? CUDA_SUCCESS
                                          : refuse("packed elements of 4 bits fill whole bytes");
    if (request->sizes[0] % TENSOR_SPREAD_BOX != 0 || request->box[0] != TENSOR_SPREAD_BOX)
        return refuse("a box of packed types that are aligned to 16 bytes has 128 elements in the "
                      "first dimension, and a tensor whole boxes of them");
    bool is_aligned = request->address % SPREAD_ALIGNMENT == 0;
    for (unsigned k = 0; k + 1 < request->rank; k++)
        is_aligned &= request->strides[k] % SPREAD_ALIGNMENT == 0;
    if (!is_aligned)
        return refuse("the address and the strides of packed types that are aligned to 16 bytes "
                      "must be multiples of 32");
    const unsigned span = spans[request->swizzle];
    const bool is_too_coarse =
        element == TENSOR_U4_SPREAD && request->swizzle == CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B;
    if ((span != 0 && span != SPREAD_SPAN) || is_too_coarse)
        return refuse("packed types that are aligned to 16 bytes have swizzles of 128 bytes, those "
                      "of 4 bits of chunks up to 32");
    return CUDA_SUCCESS;
}

/* What a box, or the channels of a pixel, has in the first dimension. */
static CUresult check_inner(const struct request *request) {
    const unsigned span = spans[request->swizzle];
    const unsigned bits =
        request->box[0] * tensor_element_bits(element_of(request), types[request->type].bytes);
    const unsigned inner = bits / 8;
    if (bits % (GLOBAL_ALIGNMENT * 8) != 0)
        return refuse("the box's inner dimension must be a multiple of 16 bytes");
    if (span && inner > span)
        return refuse("the box's inner dimension is longer than the swizzle's span");
    return CUDA_SUCCESS;
}

static CUresult check_steps(const struct request *request) {
    for (unsigned k = 0; k < request->rank; k++) {
        if (request->steps[k] < 1 || request->steps[k] > STEP_LIMIT)
            return refuse("element strides must be from 1 to 8");
    }
    return CUDA_SUCCESS;
}

static CUresult check_box(const struct request *request) {
    for (unsigned k = 0; k < request->rank; k++) {
        if (request->box[k] < 1 || request->box[k] > BOX_LIMIT)
            return refuse("the box must have 1 to 256 elements along each dimension");
    }
    return CUDA_SUCCESS;
}

/* A copy has 16 bits for the corners along width, height and depth: all for one, 5 each for
 * three. */
static CUresult check_pixels(const struct request *request) {
    enum { PIXELS_LIMIT = 1024 };
    static const int limits[] = {[3] = 1 << 15, [4] = 1 << 7, [5] = 1 << 4};
    if (request->rank < 3)
        return refuse("an image has 3 to 5 dimensions: channels, width and so on, images");
    if (request->box[0] < 1 || request->box[0] > BOX_LIMIT)
        return refuse("a pixel must have 1 to 256 channels");
    if (request->box[1] < 1 || request->box[1] > PIXELS_LIMIT)
        return refuse("a column must have 1 to 1024 pixels");
    for (unsigned k = 0; k + 2 < request->rank; k++) {
        const int limit = limits[request->rank];
        if (request->lower[k] < -limit || request->lower[k] >= limit ||
            request->upper[k] < -limit || request->upper[k] >= limit)
            return refuse("corners must be from -2^15 to 2^15 - 1 in one dimension, in two from "
                          "-2^7 to 2^7 - 1, in three from -2^4 to 2^4 - 1");
    }
    return CUDA_SUCCESS;
}

static uint8_t doubled_of(CUtensorMapSwizzle swizzle) {
    return swizzle == CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B   ? 1
           : swizzle == CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B ? 2
                                                            : 0;
}

static struct tensor_map encode(const struct request *request) {
    struct tensor_map map = {.magic = TENSOR_MAP_MAGIC,
                             .rank = (uint8_t)request->rank,
                             .element = types[request->type].element,
                             .swizzle = spans[request->swizzle],
                             .doubled = doubled_of(request->swizzle),
                             .fills_nan = request->fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
                             .address = request->address,
                             .is_im2col = request->lower != NULL,
                             .stride = {types[request->type].bytes}};
    for (unsigned k = 0; k < request->rank; k++) {
        map.size[k] = request->sizes[k];
        map.step[k] = (uint8_t)request->steps[k];
        if (k < (map.is_im2col ? 2 : request->rank))
            map.box[k] = (uint16_t)request->box[k];
        if (k > 0)
            map.stride[k] = request->strides[k - 1];
    }
    for (unsigned k = 0; map.is_im2col && k + 2 < request->rank; k++) {
        map.lower[k] = (int16_t)request->lower[k];
        map.box[2 + k] = (uint16_t)request->upper[k];
    }
    return map;
}

/* The bytes of a map are the caller's; what is no tensor map stays as it is. */
static CUresult read_map(const CUtensorMap *from, struct tensor_map *map) {
    if (!from || (uintptr_t)from % TENSOR_MAP_ALIGNMENT != 0)
        return CUDA_ERROR_INVALID_VALUE;
    memcpy(map, from, sizeof *map);
    return map->magic == TENSOR_MAP_MAGIC ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult begin(void) {
    enum { FIRST_MAJOR = 9 };
    const CUresult status = driver_begin();
    if (status != CUDA_SUCCESS || driver.properties.capability_major >= FIRST_MAJOR)
        return status;
    driver_say("cuTensorMap*: tensor maps need a device of compute capability 9.0, such as "
               "device=h100");
    return CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult encode_checked(const struct request *request, CUtensorMap *tensor_map,
                               CUtensorMapL2promotion promotion, bool has_arrays) {
    CUresult status = begin();
    if (status == CUDA_SUCCESS &&
        (!tensor_map || (uintptr_t)tensor_map % TENSOR_MAP_ALIGNMENT != 0 || !has_arrays ||
         (unsigned)promotion > CU_TENSOR_MAP_L2_PROMOTION_L2_256B))
        status = refuse("the map must lie at a multiple of 64, and no array may be missing");
    if (status == CUDA_SUCCESS)
        status = check_words(request);
    if (status == CUDA_SUCCESS)
        status = check_memory(request);
    if (status == CUDA_SUCCESS)
        status = check_steps(request);
    if (status == CUDA_SUCCESS)
        status = request->lower ? check_pixels(request) : check_box(request);
    if (status == CUDA_SUCCESS)
        status = check_inner(request);
    if (status == CUDA_SUCCESS)
        status = check_packed(request);
    if (status == CUDA_SUCCESS) {
        const struct tensor_map map = encode(request);
        memcpy(tensor_map, &map, sizeof map);
    }
    return driver_end(status);
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *tensor_map, CUtensorMapDataType type, cuuint32_t rank,
                                void *address, const cuuint64_t *sizes, const cuuint64_t *strides,
                                const cuuint32_t *box, const cuuint32_t *steps,
                                CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill) {
    const struct request request = {.type = type,
                                    .rank = rank,
                                    .address = (uintptr_t)address,
                                    .sizes = sizes,
                                    .strides = strides,
                                    .box = box,
                                    .steps = steps,
                                    .interleave = interleave,
                                    .swizzle = swizzle,
                                    .fill = fill};
    return encode_checked(&request, tensor_map, promotion,
                          sizes && box && steps && (strides || rank < 2));
}

CUresult cuTensorMapEncodeIm2col(CUtensorMap *tensor_map, CUtensorMapDataType type, cuuint32_t rank,
                                 void *address, const cuuint64_t *sizes, const cuuint64_t *strides,
                                 const int *lower, const int *upper, cuuint32_t channels,
                                 cuuint32_t pixels, const cuuint32_t *steps,
                                 CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                 CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill) {
    const struct request request = {.type = type,
                                    .rank = rank,
                                    .address = (uintptr_t)address,
                                    .sizes = sizes,
                                    .strides = strides,
                                    .box = (const cuuint32_t[]){channels, pixels},
                                    .steps = steps,
                                    .lower = lower,
                                    .upper = upper,
                                    .interleave = interleave,
                                    .swizzle = swizzle,
                                    .fill = fill};
    return encode_checked(&request, tensor_map, promotion,
                          sizes && strides && lower && upper && steps);
}

CUresult cuTensorMapReplaceAddress(CUtensorMap *tensor_map, void *address) {
    struct tensor_map map;
    CUresult status = begin();
    if (status == CUDA_SUCCESS)
        status = read_map(tensor_map, &map);
    if (status == CUDA_SUCCESS && (!address || (uintptr_t)address % GLOBAL_ALIGNMENT != 0))
        status = refuse("the global address must be a multiple of 16");
    if (status == CUDA_SUCCESS) {
        map.address = (uintptr_t)address;
        memcpy(tensor_map, &map, sizeof map);
    }
    return driver_end(status);
}
