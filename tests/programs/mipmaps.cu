/* Mipmapped arrays by the runtime: their levels, and textures that read them. */
#include "check.h"

#include <cstring>
#include <vector>

enum { WIDTH = 8, HEIGHT = 4, LEVELS = 4 };

/* What the texels of a level are. */
static float texel(int level, int x, int y, int layer) {
    return level * 100.0F + layer * 50.0F + y * 8.0F + x;
}

static int half(int size, int level) {
    return size >> level ? size >> level : 1;
}

static cudaMipmappedArray_t make(cudaExtent extent, unsigned flags) {
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    cudaMipmappedArray_t mipmap;
    OK(cudaMallocMipmappedArray(&mipmap, &channels, extent, LEVELS, flags));
    for (int level = 0; level < LEVELS; level++) {
        const int width = half(WIDTH, level), height = half(HEIGHT, level);
        const int layers = extent.depth ? (int)extent.depth : 1;
        std::vector<float> texels;
        cudaMemcpy3DParms copy = {};
        for (int k = 0; k < width * height * layers; k++)
            texels.push_back(texel(level, k % width, k / width % height, k / width / height));
        OK(cudaGetMipmappedArrayLevel(&copy.dstArray, mipmap, level));
        copy.srcPtr = make_cudaPitchedPtr(texels.data(), width * sizeof(float), width, height);
        copy.extent = make_cudaExtent(width, height, layers);
        copy.kind = cudaMemcpyHostToDevice;
        OK(cudaMemcpy3D(&copy));
    }
    return mipmap;
}

static cudaTextureDesc describe(cudaTextureFilterMode between) {
    cudaTextureDesc description = {};
    description.normalizedCoords = 1;
    description.addressMode[0] = description.addressMode[1] = cudaAddressModeClamp;
    description.mipmapFilterMode = between;
    description.maxMipmapLevelClamp = LEVELS - 1;
    return description;
}

static cudaTextureObject_t texture_of(cudaMipmappedArray_t mipmap,
                                      const cudaTextureDesc &description) {
    cudaResourceDesc resource = {}, read;
    cudaTextureObject_t texture;
    resource.resType = cudaResourceTypeMipmappedArray;
    resource.res.mipmap.mipmap = mipmap;
    OK(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    OK(cudaGetTextureObjectResourceDesc(&read, texture));
    CHECK(read.resType == cudaResourceTypeMipmappedArray && read.res.mipmap.mipmap == mipmap);
    return texture;
}

__global__ void read_levels(float *to, cudaTextureObject_t texture, const float *levels) {
    to[threadIdx.x] = tex2DLod<float>(texture, 0.3F, 0.6F, levels[threadIdx.x]);
}

__global__ void read_base(float *to, cudaTextureObject_t texture) {
    *to = tex2D<float>(texture, 0.3F, 0.6F);
}

__global__ void read_layer(float *to, cudaTextureObject_t texture, int layer, float level) {
    *to = tex2DLayeredLod<float>(texture, 0.3F, 0.6F, layer, level);
}

__global__ void read_gradient(float *to, cudaTextureObject_t texture) {
    *to = tex2DGrad<float>(texture, 0.3F, 0.6F, make_float2(0.5F, 0), make_float2(0, 0.5F));
}

__global__ void ask(unsigned *to, cudaTextureObject_t texture) {
    asm("txq.num_mipmap_levels.b32 %0, [%1];" : "=r"(to[0]) : "l"(texture));
    asm("txq.level.width.b32 %0, [%1], %2;" : "=r"(to[1]) : "l"(texture), "r"(2));
    asm("txq.level.height.b32 %0, [%1], %2;" : "=r"(to[2]) : "l"(texture), "r"(1));
}

/* The texel at (0.3, 0.6) of a level, or between two of them. */
static float expected(float level) {
    const int near = (int)level;
    const float weight = level - near;
    float value[2];
    for (int k = 0; k < 2; k++) {
        const int width = half(WIDTH, near + k), height = half(HEIGHT, near + k);
        value[k] = texel(near + k, (int)(0.3F * width), (int)(0.6F * height), 0);
    }
    return weight == 0 ? value[0] : (1 - weight) * value[0] + weight * value[1];
}

enum { COUNT = 8 };

static void check_levels(cudaMipmappedArray_t mipmap, const cudaTextureDesc &description,
                         const float (&levels)[COUNT], const float (&found)[COUNT]) {
    const cudaTextureObject_t texture = texture_of(mipmap, description);
    float *device, *from, results[COUNT];
    OK(cudaMalloc(&device, sizeof results));
    OK(cudaMalloc(&from, sizeof levels));
    OK(cudaMemcpy(from, levels, sizeof levels, cudaMemcpyHostToDevice));
    read_levels<<<1, COUNT>>>(device, texture, from);
    OK(cudaMemcpy(results, device, sizeof results, cudaMemcpyDeviceToHost));
    for (int k = 0; k < COUNT; k++)
        CHECK(results[k] == expected(found[k]));
    OK(cudaFree(from));
    OK(cudaFree(device));
    OK(cudaDestroyTextureObject(texture));
}

static void levels_are_chosen() {
    const cudaMipmappedArray_t mipmap = make(make_cudaExtent(WIDTH, HEIGHT, 0), 0);
    const float asked[COUNT] = {0, 1, 2, 3, 0.25F, 1.75F, -2, 9};
    cudaTextureDesc description = describe(cudaFilterModePoint);
    check_levels(mipmap, description, asked, {0, 1, 2, 3, 0, 2, 0, 3});
    description.mipmapFilterMode = cudaFilterModeLinear;
    check_levels(mipmap, description, asked, {0, 1, 2, 3, 0.25F, 1.75F, 0, 3});
    description.mipmapLevelBias = 0.5F;
    check_levels(mipmap, description, asked, {0.5F, 1.5F, 2.5F, 3, 0.75F, 2.25F, 0, 3});
    description.minMipmapLevelClamp = 1;
    description.maxMipmapLevelClamp = 2;
    check_levels(mipmap, description, asked, {1, 1.5F, 2, 2, 1, 2, 1, 2});
    const cudaTextureDesc plain = describe(cudaFilterModeLinear);
    const cudaTextureObject_t texture = texture_of(mipmap, plain);
    float *device, result;
    unsigned answers[3];
    OK(cudaMalloc(&device, sizeof answers));
    read_base<<<1, 1>>>(device, texture);
    OK(cudaMemcpy(&result, device, sizeof result, cudaMemcpyDeviceToHost));
    CHECK(result == expected(0));
    ask<<<1, 1>>>((unsigned *)device, texture);
    OK(cudaMemcpy(answers, device, sizeof answers, cudaMemcpyDeviceToHost));
    CHECK(answers[0] == LEVELS && answers[1] == WIDTH / 4 && answers[2] == HEIGHT / 2);
    OK(cudaFree(device));
    OK(cudaDestroyTextureObject(texture));
    OK(cudaFreeMipmappedArray(mipmap));
}

/* Levels of a view count from its first. */
static void views_have_some_levels() {
    const cudaMipmappedArray_t mipmap = make(make_cudaExtent(WIDTH, HEIGHT, 0), 0);
    const cudaTextureDesc description = describe(cudaFilterModePoint);
    const float asked[2] = {1, 9};
    cudaResourceDesc resource = {};
    cudaResourceViewDesc view = {};
    cudaTextureObject_t texture;
    float *device, *from, results[2];
    resource.resType = cudaResourceTypeMipmappedArray;
    resource.res.mipmap.mipmap = mipmap;
    view.firstMipmapLevel = 1;
    view.lastMipmapLevel = 2;
    OK(cudaCreateTextureObject(&texture, &resource, &description, &view));
    OK(cudaMalloc(&device, sizeof results));
    OK(cudaMalloc(&from, sizeof asked));
    OK(cudaMemcpy(from, asked, sizeof asked, cudaMemcpyHostToDevice));
    read_levels<<<1, 2>>>(device, texture, from);
    OK(cudaMemcpy(results, device, sizeof results, cudaMemcpyDeviceToHost));
    CHECK(results[0] == expected(2) && results[1] == expected(2));
    read_base<<<1, 1>>>(device, texture);
    OK(cudaMemcpy(results, device, sizeof *results, cudaMemcpyDeviceToHost));
    CHECK(results[0] == expected(1));
    OK(cudaFree(from));
    OK(cudaFree(device));
    OK(cudaDestroyTextureObject(texture));
    OK(cudaFreeMipmappedArray(mipmap));
}

static void layers_stay() {
    enum { LAYERS = 3 };
    const cudaMipmappedArray_t mipmap =
        make(make_cudaExtent(WIDTH, HEIGHT, LAYERS), cudaArrayLayered);
    const cudaTextureObject_t texture = texture_of(mipmap, describe(cudaFilterModePoint));
    float *device, result;
    OK(cudaMalloc(&device, sizeof result));
    read_layer<<<1, 1>>>(device, texture, 2, 1);
    OK(cudaMemcpy(&result, device, sizeof result, cudaMemcpyDeviceToHost));
    CHECK(result == texel(1, 1, 1, 2));
    OK(cudaFree(device));
    OK(cudaDestroyTextureObject(texture));
    OK(cudaFreeMipmappedArray(mipmap));
}

static void levels_are_arrays() {
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    cudaMipmappedArray_t mipmap;
    cudaArray_t level;
    cudaExtent extent;
    /* 8, 4, 2, 1: there are no more. */
    OK(cudaMallocMipmappedArray(&mipmap, &channels, make_cudaExtent(WIDTH, HEIGHT, 0), 20));
    OK(cudaGetMipmappedArrayLevel(&level, mipmap, 3));
    OK(cudaArrayGetInfo(nullptr, &extent, nullptr, level));
    CHECK(extent.width == 1 && extent.height == 1 && extent.depth == 0);
    EXPECT(cudaErrorInvalidValue, cudaGetMipmappedArrayLevel(&level, mipmap, 4));
    EXPECT(cudaErrorInvalidResourceHandle, cudaFreeArray(level));
    OK(cudaFreeMipmappedArray(mipmap));
    EXPECT(cudaErrorInvalidResourceHandle, cudaFreeMipmappedArray(mipmap));
    EXPECT(cudaErrorInvalidResourceHandle, cudaGetMipmappedArrayLevel(&level, mipmap, 0));
    OK(cudaFreeMipmappedArray(nullptr));
    EXPECT(cudaErrorInvalidValue,
           cudaMallocMipmappedArray(&mipmap, &channels, make_cudaExtent(0, 0, 0), 1));
    (void)cudaGetLastError();
}

/* What is not said how to be read is refused. */
static void what_is_lacking() {
    const cudaMipmappedArray_t mipmap = make(make_cudaExtent(WIDTH, HEIGHT, 0), 0);
    cudaResourceDesc resource = {};
    cudaResourceViewDesc view = {};
    cudaTextureDesc description = describe(cudaFilterModePoint);
    cudaTextureObject_t texture;
    float *device;
    resource.resType = cudaResourceTypeMipmappedArray;
    resource.res.mipmap.mipmap = mipmap;
    view.format = cudaResViewFormatFloat1;
    EXPECT(cudaErrorNotSupported,
           cudaCreateTextureObject(&texture, &resource, &description, &view));
    view.format = cudaResViewFormatNone;
    view.lastMipmapLevel = LEVELS;
    EXPECT(cudaErrorInvalidValue,
           cudaCreateTextureObject(&texture, &resource, &description, &view));
    description.normalizedCoords = 0;
    EXPECT(cudaErrorInvalidValue,
           cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    (void)cudaGetLastError();
    texture = texture_of(mipmap, describe(cudaFilterModePoint));
    OK(cudaMalloc(&device, sizeof *device));
    read_gradient<<<1, 1>>>(device, texture);
    EXPECT(cudaErrorNotSupported, cudaDeviceSynchronize());
}

int main() {
    levels_are_chosen();
    views_have_some_levels();
    layers_stay();
    levels_are_arrays();
    what_is_lacking();
    return 0;
}
