/* The emulated driver: what cuTensorMapEncodeTiled takes and refuses, and the rules of clusters. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

/* What the driver is asked for, with one thing wrong at a time. */
struct request {
    CUtensorMapDataType type;
    unsigned rank;
    uint64_t address;
    cuuint64_t sizes[5], strides[5];
    cuuint32_t box[5], steps[5];
    CUtensorMapInterleave interleave;
    CUtensorMapSwizzle swizzle;
    CUtensorMapL2promotion promotion;
    CUtensorMapFloatOOBfill fill;
};

static const struct request sound = {.type = CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
                                     .rank = 2,
                                     .address = 4096,
                                     .sizes = {4096, 512, 1, 1, 1},
                                     .strides = {8192, 8192 * 512, 8192 * 512, 8192 * 512},
                                     .box = {64, 256, 1, 1, 1},
                                     .steps = {1, 1, 1, 1, 1},
                                     .swizzle = CU_TENSOR_MAP_SWIZZLE_128B,
                                     .promotion = CU_TENSOR_MAP_L2_PROMOTION_L2_256B};

static CUresult encode(CUtensorMap *map, const struct request *request) {
    return cuTensorMapEncodeTiled(map, request->type, request->rank, pointer_of(request->address),
                                  request->sizes, request->strides, request->box, request->steps,
                                  request->interleave, request->swizzle, request->promotion,
                                  request->fill);
}

TEST(a_sound_map_is_encoded) {
    static const CUtensorMapSwizzle swizzles[] = {
        CU_TENSOR_MAP_SWIZZLE_NONE,          CU_TENSOR_MAP_SWIZZLE_32B,
        CU_TENSOR_MAP_SWIZZLE_64B,           CU_TENSOR_MAP_SWIZZLE_128B,
        CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B, CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B};
    _Alignas(64) CUtensorMap map, moved;
    for (unsigned rank = 1; rank <= 5; rank++) {
        for (int type = CU_TENSOR_MAP_DATA_TYPE_UINT8; type <= CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ;
             type++) {
            for (size_t k = 0; k < sizeof swizzles / sizeof swizzles[0]; k++) {
                struct request request = sound;
                request.rank = rank;
                request.type = (CUtensorMapDataType)type;
                request.box[0] = 16;
                request.swizzle = swizzles[k];
                const bool is_long = type != CU_TENSOR_MAP_DATA_TYPE_UINT8 && k == 1;
                const CUresult result = encode(&map, &request);
                if (result != CUDA_SUCCESS && !is_long && k != 2)
                    fail_msg("%u dimensions, type %d, swizzle %zu: %s", rank, type, k,
                             error_name(result));
            }
        }
    }
    struct request request = sound;
    request.address += 4096;
    OK(encode(&map, &sound));
    OK(encode(&moved, &request));
    OK(cuTensorMapReplaceAddress(&map, pointer_of(request.address)));
    assert_memory_equal(&map, &moved, sizeof map);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTensorMapReplaceAddress(&map, pointer_of(8)));
    memset(&map, 0, sizeof map);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTensorMapReplaceAddress(&map, pointer_of(4096)));
}

/* CUTLASS clears bit 21 of the second word of a map for a small tensor. Nothing that a map says may
 * depend on it. */
TEST(a_bit_that_programs_clear_says_nothing) {
    _Alignas(64) CUtensorMap map, cleared;
    struct request request = sound;
    request.address = UINT64_MAX & ~UINT64_C(15);
    request.sizes[0] = request.sizes[1] = UINT64_C(1) << 32;
    OK(encode(&map, &request));
    cleared = map;
    cleared.opaque[1] &= ~(UINT64_C(1) << 21);
    assert_memory_equal(&map, &cleared, sizeof map);
}

#define WITH(change)                                                                               \
    do {                                                                                           \
        struct request request = sound;                                                            \
        change;                                                                                    \
        EXPECT(CUDA_ERROR_INVALID_VALUE, encode(&map, &request));                                  \
    } while (0)

TEST(what_is_wrong_with_a_map_is_refused) {
    _Alignas(64) CUtensorMap map;
    WITH(request.rank = 0);
    WITH(request.rank = 6);
    WITH(request.address = 0);
    WITH(request.address = 4104);
    WITH(request.sizes[0] = 0);
    WITH(request.sizes[1] = (UINT64_C(1) << 32) + 1);
    WITH(request.strides[0] = 8200);
    WITH(request.strides[0] = UINT64_C(1) << 40);
    WITH(request.box[0] = 0);
    WITH(request.box[1] = 257);
    WITH(request.box[0] = 12);  /* 24 bytes */
    WITH(request.box[0] = 128); /* 256 bytes, of which a swizzle of 128 is too short */
    WITH(request.box[0] = 64; request.swizzle = CU_TENSOR_MAP_SWIZZLE_64B);
    WITH(request.steps[1] = 0);
    WITH(request.steps[1] = 9);
    WITH(request.type = (CUtensorMapDataType)99);
    WITH(request.swizzle = (CUtensorMapSwizzle)99);
    WITH(request.promotion = (CUtensorMapL2promotion)99);
    WITH(request.type = CU_TENSOR_MAP_DATA_TYPE_UINT16;
         request.fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA);
    EXPECT(CUDA_ERROR_INVALID_VALUE, encode(NULL, &sound));
    EXPECT(CUDA_ERROR_INVALID_VALUE, encode(pointer_of((uintptr_t)&map + 8), &sound));
    struct request request = sound;
    request.interleave = CU_TENSOR_MAP_INTERLEAVE_16B;
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, encode(&map, &request));
    request = sound;
    request.swizzle = CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B_FLIP_8B;
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, encode(&map, &request));
}

#define PACKED_WITH(change)                                                                        \
    do {                                                                                           \
        struct request request = packed;                                                           \
        change;                                                                                    \
        EXPECT(CUDA_ERROR_INVALID_VALUE, encode(&map, &request));                                  \
    } while (0)

TEST(packed_types_are_encoded_and_checked) {
    _Alignas(64) CUtensorMap map;
    struct request packed = sound;
    packed.type = CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B;
    packed.sizes[0] = 4098;
    packed.box[0] = 256; /* 128 bytes */
    OK(encode(&map, &packed));
    PACKED_WITH(request.sizes[0] = 4097);
    PACKED_WITH(request.box[0] = 48); /* 24 bytes */
    PACKED_WITH(request.swizzle = CU_TENSOR_MAP_SWIZZLE_64B);
    PACKED_WITH(request.fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA);
    for (int type = CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN16B;
         type <= CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B; type++) {
        packed = sound;
        packed.type = (CUtensorMapDataType)type;
        packed.box[0] = 128;
        OK(encode(&map, &packed));
        PACKED_WITH(request.address += 16);
        PACKED_WITH(request.strides[0] += 16);
        PACKED_WITH(request.sizes[0] += 64);
        PACKED_WITH(request.box[0] = 64);
        PACKED_WITH(request.swizzle = CU_TENSOR_MAP_SWIZZLE_64B);
        packed.swizzle = CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B;
        EXPECT(type == CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B ? CUDA_SUCCESS
                                                             : CUDA_ERROR_INVALID_VALUE,
               encode(&map, &packed));
    }
}

/* An image of 64 channels, 56 x 56 pixels, and a filter of 3 x 3. */
struct image {
    unsigned rank;
    int lower[3], upper[3];
    cuuint32_t channels, pixels;
};

static CUresult encode_image(CUtensorMap *map, const struct image *image) {
    static const cuuint64_t sizes[] = {64, 56, 56, 8, 8},
                            strides[] = {128, 128 * 56, 128 * 56 * 56, 128 * 56 * 56 * 8};
    static const cuuint32_t steps[] = {1, 2, 2, 1, 1};
    return cuTensorMapEncodeIm2col(
        map, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, image->rank, pointer_of(4096), sizes, strides,
        image->lower, image->upper, image->channels, image->pixels, steps,
        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_NONE,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

#define IMAGE_WITH(change)                                                                         \
    do {                                                                                           \
        struct image image = image_sound;                                                          \
        change;                                                                                    \
        EXPECT(CUDA_ERROR_INVALID_VALUE, encode_image(&map, &image));                              \
    } while (0)

TEST(images_are_encoded_and_checked) {
    static const struct image image_sound = {4, {-1, -1}, {-1, -1}, 64, 1024};
    _Alignas(64) CUtensorMap map;
    OK(encode_image(&map, &image_sound));
    OK(cuTensorMapReplaceAddress(&map, pointer_of(8192)));
    IMAGE_WITH(image.rank = 2);
    IMAGE_WITH(image.channels = 0);
    IMAGE_WITH(image.channels = 257);
    IMAGE_WITH(image.channels = 4);   /* 8 bytes */
    IMAGE_WITH(image.channels = 128); /* 256 bytes, of which a swizzle of 128 is too short */
    IMAGE_WITH(image.pixels = 0);
    IMAGE_WITH(image.pixels = 1025);
    IMAGE_WITH(image.lower[1] = -129);
    IMAGE_WITH(image.upper[0] = 128);
    IMAGE_WITH(image.rank = 5; image.lower[2] = 16);
    const struct image line = {3, {-32768}, {32767}, 64, 64};
    OK(encode_image(&map, &line));
}

TEST(the_entry_point_is_found_by_name) {
    void *entry = NULL;
    OK(cuGetProcAddress("cuTensorMapEncodeTiled", &entry, 12000, 0));
    assert_true((uintptr_t)entry == (uintptr_t)cuTensorMapEncodeTiled);
}

/* ---- Clusters ---- */

static CUfunction load(CUmodule *module, const char *directives) {
    char text[512];
    CUfunction function;
    snprintf(text, sizeof text,
             ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry k() %s {\n"
             "barrier.cluster.arrive; barrier.cluster.wait; ret; }\n",
             directives);
    OK(cuModuleLoadData(module, text));
    OK(cuModuleGetFunction(&function, *module, "k"));
    return function;
}

static CUresult launch(CUfunction function, unsigned blocks, unsigned cluster) {
    CUlaunchAttribute attribute = {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                                   .value = {.clusterDim = {cluster, 1, 1}}};
    const CUlaunchConfig config = {.gridDimX = blocks,
                                   .gridDimY = 1,
                                   .gridDimZ = 1,
                                   .blockDimX = 64,
                                   .blockDimY = 1,
                                   .blockDimZ = 1,
                                   .attrs = &attribute,
                                   .numAttrs = cluster ? 1 : 0};
    return cuLaunchKernelEx(&config, function, NULL, NULL);
}

TEST(launches_say_how_many_blocks_a_cluster_has) {
    CUmodule module;
    CUfunction function = load(&module, "");
    int value;
    OK(launch(function, 8, 0));
    OK(launch(function, 8, 4));
    OK(launch(function, 8, 8));
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 8, 3));
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 16, 16));
    OK(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1));
    OK(launch(function, 16, 16));
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 32, 32));
    OK(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, 4));
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, function));
    assert_int_equal(value, 4);
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 6, 0));
    OK(cuModuleUnload(module));
    function = load(&module, ".explicitcluster .reqnctapercluster 2, 1, 1");
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, function));
    assert_int_equal(value, 2);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET, function));
    assert_int_equal(value, 1);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, 4));
    OK(launch(function, 8, 0));
    OK(launch(function, 8, 2));
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 8, 4));
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 7, 0));
    OK(cuModuleUnload(module));
    function = load(&module, ".explicitcluster");
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, launch(function, 8, 0));
    OK(launch(function, 8, 2));
    OK(cuCtxSynchronize());
    OK(cuModuleUnload(module));
}

TEST(clusters_have_an_occupancy) {
    CUmodule module;
    CUfunction function = load(&module, "");
    CUlaunchAttribute attribute = {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                                   .value = {.clusterDim = {4, 1, 1}}};
    CUlaunchConfig config = {.gridDimX = 64,
                             .gridDimY = 1,
                             .gridDimZ = 1,
                             .blockDimX = 1024,
                             .blockDimY = 1,
                             .blockDimZ = 1,
                             .attrs = &attribute,
                             .numAttrs = 1};
    int clusters, blocks;
    OK(cuOccupancyMaxActiveClusters(&clusters, function, &config));
    assert_int_equal(clusters, 148 * 2 / 4); /* two blocks of 1024 threads a multiprocessor */
    OK(cuOccupancyMaxPotentialClusterSize(&blocks, function, &config));
    assert_int_equal(blocks, 8);
    attribute.value.clusterDim.x = 16;
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE,
           cuOccupancyMaxActiveClusters(&clusters, function, &config));
    OK(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1));
    OK(cuOccupancyMaxActiveClusters(&clusters, function, &config));
    assert_int_equal(clusters, 148 * 2 / 16);
    config.blockDimX = 2048;
    OK(cuOccupancyMaxPotentialClusterSize(&blocks, function, &config));
    assert_int_equal(blocks, 0);
    OK(cuModuleUnload(module));
}

TEST(the_device_says_that_it_has_both) {
    int value;
    OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 0));
    assert_int_equal(value, 1);
    OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_TENSOR_MAP_ACCESS_SUPPORTED, 0));
    assert_int_equal(value, 1);
}

static int begin(void **state) {
    static CUcontext context;
    *state = &context;
    if (setenv("LOCKSTEP_EMULATOR", "device=b200", 1) != 0 || cuInit(0) != CUDA_SUCCESS)
        return -1;
    return cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS ? 0 : -1;
}

static int end(void **state) {
    return cuCtxDestroy_v2(*(CUcontext *)*state) == CUDA_SUCCESS ? 0 : -1;
}

int main(void) {
    return tests_run(begin, end);
}
