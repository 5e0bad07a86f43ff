/* Arrays, textures and surfaces by the runtime. */
#include "check.h"

#include <cstring>

enum { WIDTH = 8, HEIGHT = 4, DEPTH = 3 };

static cudaTextureObject_t texture_of(cudaArray_t array, cudaTextureFilterMode filter,
                                      bool normalised) {
    cudaResourceDesc resource = {};
    cudaTextureDesc description = {};
    cudaTextureObject_t texture;
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    for (int k = 0; k < 3; k++)
        description.addressMode[k] = normalised ? cudaAddressModeWrap : cudaAddressModeClamp;
    description.filterMode = filter;
    description.readMode = cudaReadModeElementType;
    description.normalizedCoords = normalised;
    OK(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    return texture;
}

/* Results of a kernel of one block. */
template <typename Kernel, typename... Arguments>
static void run(float *results, int count, Kernel kernel, Arguments... arguments) {
    float *device;
    OK(cudaMalloc(&device, count * sizeof *results));
    kernel<<<1, count>>>(device, arguments...);
    OK(cudaDeviceSynchronize());
    OK(cudaMemcpy(results, device, count * sizeof *results, cudaMemcpyDeviceToHost));
    OK(cudaFree(device));
}

__global__ void fetch_plane(float *to, cudaTextureObject_t texture, float dx, float dy) {
    to[threadIdx.x] = tex2D<float>(texture, threadIdx.x % WIDTH + dx, threadIdx.x / WIDTH + dy);
}

/* What was described is read back. */
static void read_back(cudaTextureObject_t texture, cudaArray_t array,
                      cudaTextureFilterMode filter) {
    cudaResourceDesc resource;
    cudaTextureDesc description;
    OK(cudaGetTextureObjectResourceDesc(&resource, texture));
    CHECK(resource.resType == cudaResourceTypeArray && resource.res.array.array == array);
    OK(cudaGetTextureObjectTextureDesc(&description, texture));
    CHECK(description.filterMode == filter && description.addressMode[1] == cudaAddressModeClamp);
    CHECK(description.readMode == cudaReadModeElementType && !description.normalizedCoords);
    EXPECT(cudaErrorInvalidValue, cudaGetTextureObjectTextureDesc(nullptr, texture));
    (void)cudaGetLastError();
}

/* A run goes on in the next row where one ends, in rows of one length and of the other. The call is of old programs. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void runs_between_arrays() {
    enum { OTHER = 5, COUNT = 12, FROM = WIDTH + 3, TO = 2 };
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    float texels[HEIGHT * WIDTH], back[HEIGHT * OTHER];
    cudaArray_t from, to;
    for (int k = 0; k < HEIGHT * WIDTH; k++)
        texels[k] = (float)k;
    OK(cudaMallocArray(&from, &channels, WIDTH, HEIGHT));
    OK(cudaMallocArray(&to, &channels, OTHER, HEIGHT));
    OK(cudaMemcpy2DToArray(from, 0, 0, texels, WIDTH * 4, WIDTH * 4, HEIGHT,
                           cudaMemcpyHostToDevice));
    OK(cudaMemcpyArrayToArray(to, TO * 4, 0, from, FROM % WIDTH * 4, FROM / WIDTH, COUNT * 4,
                              cudaMemcpyDeviceToDevice));
    OK(cudaMemcpy2DFromArray(back, OTHER * 4, to, 0, 0, OTHER * 4, HEIGHT, cudaMemcpyDeviceToHost));
    for (int k = 0; k < COUNT; k++)
        CHECK(back[TO + k] == texels[FROM + k]);
    EXPECT(cudaErrorInvalidValue,
           cudaMemcpyArrayToArray(to, 0, HEIGHT, from, 0, 0, 4, cudaMemcpyDeviceToDevice));
    EXPECT(cudaErrorInvalidMemcpyDirection,
           cudaMemcpyArrayToArray(to, 0, 0, from, 0, 0, 4, (cudaMemcpyKind)17));
    (void)cudaGetLastError();
    OK(cudaFreeArray(to));
    OK(cudaFreeArray(from));
}

static void planes() {
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    float texels[HEIGHT][WIDTH], results[HEIGHT * WIDTH], back[HEIGHT][WIDTH];
    cudaArray_t array;
    cudaChannelFormatDesc read;
    cudaExtent extent;
    unsigned flags;
    for (int k = 0; k < HEIGHT * WIDTH; k++)
        texels[k / WIDTH][k % WIDTH] = (float)(k % WIDTH + 10 * (k / WIDTH));
    OK(cudaMallocArray(&array, &channels, WIDTH, HEIGHT));
    OK(cudaArrayGetInfo(&read, &extent, &flags, array));
    CHECK(read.x == 32 && read.y == 0 && read.f == cudaChannelFormatKindFloat);
    CHECK(extent.width == WIDTH && extent.height == HEIGHT && extent.depth == 0 && flags == 0);
    OK(cudaMemcpy2DToArray(array, 0, 0, texels, sizeof texels[0], sizeof texels[0], HEIGHT,
                           cudaMemcpyHostToDevice));
    OK(cudaMemcpy2DFromArray(back, sizeof back[0], array, 0, 0, sizeof back[0], HEIGHT,
                             cudaMemcpyDeviceToHost));
    CHECK(memcmp(texels, back, sizeof back) == 0);
    EXPECT(cudaErrorInvalidValue,
           cudaMemcpy2DToArray(array, 4, 0, texels, sizeof texels[0], sizeof texels[0], HEIGHT,
                               cudaMemcpyHostToDevice));
    (void)cudaGetLastError();
    const cudaTextureObject_t nearest = texture_of(array, cudaFilterModePoint, false);
    const cudaTextureObject_t linear = texture_of(array, cudaFilterModeLinear, false);
    read_back(linear, array, cudaFilterModeLinear);
    run(results, HEIGHT * WIDTH, fetch_plane, nearest, 0.5F, 0.5F);
    CHECK(memcmp(texels, results, sizeof results) == 0);
    run(results, HEIGHT * WIDTH, fetch_plane, linear, 1.0F, 0.5F);
    CHECK(results[0] == 0.5F && results[WIDTH - 1] == 7 && results[WIDTH + 2] == 12.5F);
    run(results, HEIGHT * WIDTH, fetch_plane, linear, 0.5F, 0.75F);
    CHECK(results[0] == 2.5F);
    OK(cudaDestroyTextureObject(nearest));
    OK(cudaDestroyTextureObject(linear));
    OK(cudaFreeArray(array));
}

__global__ void fetch_run(float *to, cudaTextureObject_t texture) {
    const uchar4 texel = tex1Dfetch<uchar4>(texture, (int)threadIdx.x - 1);
    to[threadIdx.x] = texel.x + 1000 * texel.w;
}

/* Beyond the end of linear memory lie zeros. */
static void linear_memory() {
    const uchar4 texels[4] = {{1, 0, 0, 2}, {3, 0, 0, 4}, {5, 0, 0, 6}, {7, 0, 0, 8}};
    uchar4 *device;
    float results[6];
    cudaResourceDesc resource = {};
    cudaTextureDesc description = {};
    cudaTextureObject_t texture;
    size_t widest = 0;
    const cudaChannelFormatDesc of_float = cudaCreateChannelDesc<float>();
    OK(cudaDeviceGetTexture1DLinearMaxWidth(&widest, &of_float, 0));
    CHECK(widest >= 1 << 27);
    OK(cudaMalloc(&device, sizeof texels));
    OK(cudaMemcpy(device, texels, sizeof texels, cudaMemcpyHostToDevice));
    resource.resType = cudaResourceTypeLinear;
    resource.res.linear.devPtr = device;
    resource.res.linear.desc = cudaCreateChannelDesc<uchar4>();
    resource.res.linear.sizeInBytes = sizeof texels;
    OK(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    run(results, 6, fetch_run, texture);
    CHECK(results[0] == 0 && results[1] == 2001 && results[4] == 8007 && results[5] == 0);
    OK(cudaDestroyTextureObject(texture));
    OK(cudaFree(device));
}

__global__ void fetch_pitched(float *to, cudaTextureObject_t texture) {
    to[threadIdx.x] = tex2D<float>(texture, (threadIdx.x + 0.5F) / WIDTH, 1.25F);
}

static void pitched_memory() {
    float texels[2][WIDTH], results[WIDTH];
    void *device;
    size_t pitch;
    cudaResourceDesc resource = {};
    cudaTextureDesc description = {};
    cudaTextureObject_t texture;
    for (int k = 0; k < 2 * WIDTH; k++)
        texels[k / WIDTH][k % WIDTH] = (float)k;
    OK(cudaMallocPitch(&device, &pitch, sizeof texels[0], 2));
    OK(cudaMemcpy2D(device, pitch, texels, sizeof texels[0], sizeof texels[0], 2,
                    cudaMemcpyHostToDevice));
    resource.resType = cudaResourceTypePitch2D;
    resource.res.pitch2D.devPtr = device;
    resource.res.pitch2D.desc = cudaCreateChannelDesc<float>();
    resource.res.pitch2D.width = WIDTH;
    resource.res.pitch2D.height = 2;
    resource.res.pitch2D.pitchInBytes = pitch;
    description.normalizedCoords = 1;
    description.filterMode = cudaFilterModeLinear;
    OK(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    run(results, WIDTH, fetch_pitched, texture);
    for (int k = 0; k < WIDTH; k++)
        CHECK(results[k] == (float)k);
    OK(cudaDestroyTextureObject(texture));
    OK(cudaFree(device));
}

__global__ void fetch_layer(float *to, cudaTextureObject_t texture) {
    to[threadIdx.x] = tex2DLayered<float>(texture, 1.5F, 2.5F, (int)threadIdx.x);
}

__global__ void fetch_volume(float *to, cudaTextureObject_t texture) {
    to[threadIdx.x] = tex3D<float>(texture, 1.5F, 2.5F, threadIdx.x + 1.0F);
}

/* Layers are apart, planes of a volume are not. */
/* The first layer of a view is its layer 0; beyond the last one lies the last. */
static void views_of_layers(cudaArray_t array) {
    cudaResourceDesc resource = {};
    cudaResourceViewDesc view = {};
    cudaTextureDesc description = {};
    cudaTextureObject_t texture;
    float results[DEPTH];
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    view.firstLayer = 1;
    view.lastLayer = 2;
    OK(cudaCreateTextureObject(&texture, &resource, &description, &view));
    run(results, DEPTH, fetch_layer, texture);
    CHECK(results[0] == 100 && results[1] == 200 && results[2] == 200);
    OK(cudaDestroyTextureObject(texture));
    view.lastLayer = DEPTH;
    EXPECT(cudaErrorInvalidValue,
           cudaCreateTextureObject(&texture, &resource, &description, &view));
    view.lastLayer = 2;
    view.lastMipmapLevel = 1;
    EXPECT(cudaErrorInvalidValue,
           cudaCreateTextureObject(&texture, &resource, &description, &view));
    (void)cudaGetLastError();
}

static void layers_and_volumes() {
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    static float texels[DEPTH][HEIGHT][WIDTH];
    float results[DEPTH];
    for (int k = 0; k < DEPTH * HEIGHT * WIDTH; k++)
        texels[k / (HEIGHT * WIDTH)][k / WIDTH % HEIGHT][k % WIDTH] =
            (float)(100 * (k / (HEIGHT * WIDTH)));
    for (int is_layered = 0; is_layered < 2; is_layered++) {
        cudaArray_t array;
        cudaMemcpy3DParms copy = {};
        OK(cudaMalloc3DArray(&array, &channels, make_cudaExtent(WIDTH, HEIGHT, DEPTH),
                             is_layered ? cudaArrayLayered : cudaArrayDefault));
        copy.srcPtr = make_cudaPitchedPtr(texels, sizeof texels[0][0], WIDTH, HEIGHT);
        copy.dstArray = array;
        copy.extent = make_cudaExtent(WIDTH, HEIGHT, DEPTH);
        copy.kind = cudaMemcpyHostToDevice;
        OK(cudaMemcpy3D(&copy));
        const cudaTextureObject_t texture = texture_of(array, cudaFilterModeLinear, false);
        if (is_layered) {
            run(results, DEPTH, fetch_layer, texture);
            CHECK(results[0] == 0 && results[1] == 100 && results[2] == 200);
            views_of_layers(array);
        } else {
            run(results, DEPTH, fetch_volume, texture);
            CHECK(results[0] == 50 && results[1] == 150 && results[2] == 200);
        }
        OK(cudaDestroyTextureObject(texture));
        OK(cudaFreeArray(array));
    }
}

__global__ void fetch_cube(float *to, cudaTextureObject_t texture) {
    const float side = threadIdx.x % 2 ? -1.0F : 1.0F;
    const unsigned axis = threadIdx.x / 2;
    to[threadIdx.x] = texCubemap<float>(texture, axis == 0 ? side : 0.1F, axis == 1 ? side : 0.1F,
                                        axis == 2 ? side : 0.1F);
}

static void cubes() {
    enum { SIDE = 4, FACES = 6 };
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    static float texels[FACES][SIDE][SIDE];
    float results[FACES];
    cudaArray_t array;
    cudaMemcpy3DParms copy = {};
    for (int k = 0; k < FACES * SIDE * SIDE; k++)
        texels[k / (SIDE * SIDE)][k / SIDE % SIDE][k % SIDE] = (float)(k / (SIDE * SIDE));
    OK(cudaMalloc3DArray(&array, &channels, make_cudaExtent(SIDE, SIDE, FACES), cudaArrayCubemap));
    copy.srcPtr = make_cudaPitchedPtr(texels, sizeof texels[0][0], SIDE, SIDE);
    copy.dstArray = array;
    copy.extent = make_cudaExtent(SIDE, SIDE, FACES);
    copy.kind = cudaMemcpyHostToDevice;
    OK(cudaMemcpy3D(&copy));
    const cudaTextureObject_t texture = texture_of(array, cudaFilterModeLinear, true);
    run(results, FACES, fetch_cube, texture);
    for (int k = 0; k < FACES; k++)
        CHECK(results[k] == (float)k);
    OK(cudaDestroyTextureObject(texture));
    OK(cudaFreeArray(array));
}

__global__ void rotate(cudaSurfaceObject_t surface) {
    const int x = threadIdx.x % WIDTH, y = threadIdx.x / WIDTH;
    const float value = surf2Dread<float>(surface, x * 4, y);
    __syncthreads();
    surf2Dwrite(value, surface, (WIDTH - 1 - x) * 4, HEIGHT - 1 - y);
}

static void surfaces() {
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<float>();
    float texels[HEIGHT * WIDTH], back[HEIGHT * WIDTH];
    cudaArray_t array;
    cudaResourceDesc resource = {};
    cudaSurfaceObject_t surface;
    for (int k = 0; k < HEIGHT * WIDTH; k++)
        texels[k] = (float)k;
    OK(cudaMallocArray(&array, &channels, WIDTH, HEIGHT, cudaArraySurfaceLoadStore));
    OK(cudaMemcpy2DToArray(array, 0, 0, texels, WIDTH * 4, WIDTH * 4, HEIGHT,
                           cudaMemcpyHostToDevice));
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    OK(cudaCreateSurfaceObject(&surface, &resource));
    rotate<<<1, HEIGHT * WIDTH>>>(surface);
    OK(cudaDeviceSynchronize());
    OK(cudaMemcpy2DFromArray(back, WIDTH * 4, array, 0, 0, WIDTH * 4, HEIGHT,
                             cudaMemcpyDeviceToHost));
    for (int k = 0; k < HEIGHT * WIDTH; k++)
        CHECK(back[k] == texels[HEIGHT * WIDTH - 1 - k]);
    OK(cudaDestroySurfaceObject(surface));
    OK(cudaFreeArray(array));
}

/* What the emulator lacks is refused, not read wrongly. */
static void what_is_lacking() {
    const cudaChannelFormatDesc channels = cudaCreateChannelDesc<uchar4>();
    cudaArray_t array;
    cudaResourceDesc resource = {};
    cudaTextureDesc description = {};
    cudaTextureObject_t texture;
    OK(cudaMallocArray(&array, &channels, WIDTH, HEIGHT));
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    description.sRGB = 1;
    EXPECT(cudaErrorNotSupported,
           cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    description.sRGB = 0;
    description.filterMode = cudaFilterModeLinear; /* of integers as they are */
    EXPECT(cudaErrorInvalidValue,
           cudaCreateTextureObject(&texture, &resource, &description, nullptr));
    (void)cudaGetLastError();
    OK(cudaFreeArray(array));
}

int main() {
    planes();
    runs_between_arrays();
    linear_memory();
    pitched_memory();
    layers_and_volumes();
    cubes();
    surfaces();
    what_is_lacking();
    return 0;
}
