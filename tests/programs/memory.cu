/* Memory by the runtime: copies and fills in all forms, variables of the device, what a pointer is. */
#include "check.h"

#include <cstring>

__device__ int numbers[16];
__constant__ float factors[4];
__managed__ int shared_with_host = 5;

__global__ void use_variables(float *out) {
    const int i = threadIdx.x;
    numbers[i] += i;
    out[i] = factors[i % 4];
    if (i == 0)
        shared_with_host *= 2;
}

/* Eleven floats in all: the compiler reads the last three as a vector of four. */
__global__ void add_eleven(float *to, const float *from) {
    const float last = from[10];
    const float4 first = *(const float4 *)from, second = *(const float4 *)(from + 4);
    const float2 third = *(const float2 *)(from + 8);
    *to = first.x + first.y + first.z + first.w + second.x + second.y + second.z + second.w +
          third.x + third.y + last;
}

static void ends_of_allocations() {
    float *from, *to, host[11], sum = 0;
    for (int i = 0; i < 11; i++)
        host[i] = (float)i;
    OK(cudaMalloc(&from, sizeof host));
    OK(cudaMalloc(&to, sizeof sum));
    OK(cudaMemcpy(from, host, sizeof host, cudaMemcpyHostToDevice));
    add_eleven<<<1, 1>>>(to, from);
    OK(cudaMemcpy(&sum, to, sizeof sum, cudaMemcpyDeviceToHost));
    CHECK(sum == 55);
    OK(cudaFree(from));
    OK(cudaFree(to));
}

static void variables() {
    int host[16];
    float out[16], *device, values[4] = {1, 2, 3, 4};
    size_t size = 0;
    void *address = nullptr;
    for (int i = 0; i < 16; i++)
        host[i] = 100;
    CHECK(shared_with_host == 5);
    OK(cudaMalloc(&device, sizeof out));
    OK(cudaMemcpyToSymbol(numbers, host, sizeof host));
    OK(cudaMemcpyToSymbol(factors, values, sizeof values, 0, cudaMemcpyHostToDevice));
    use_variables<<<1, 16>>>(device);
    OK(cudaMemcpyFromSymbol(host, numbers, 4 * sizeof(int), 4 * sizeof(int)));
    OK(cudaMemcpy(out, device, sizeof out, cudaMemcpyDeviceToHost));
    CHECK(host[0] == 104 && host[3] == 107 && out[6] == 3.0f);
    CHECK(shared_with_host == 10);
    OK(cudaGetSymbolSize(&size, numbers));
    CHECK(size == sizeof host);
    OK(cudaGetSymbolAddress(&address, numbers));
    OK(cudaMemcpy(host, (int *)address + 2, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(host[0] == 102);
    EXPECT(cudaErrorInvalidValue, cudaMemcpyToSymbol(numbers, host, sizeof host, 4));
    EXPECT(cudaErrorInvalidSymbol, cudaGetSymbolSize(&size, (const void *)printf));
    OK(cudaFree(device));
}

static void planes_and_boxes() {
    enum { WIDTH = 30, HEIGHT = 7, DEPTH = 3 };
    char *plane, host[HEIGHT][WIDTH], back[HEIGHT][WIDTH];
    size_t pitch;
    memset(host, 3, sizeof host);
    OK(cudaMallocPitch(&plane, &pitch, WIDTH, HEIGHT));
    CHECK(pitch >= WIDTH && pitch % 512 == 0);
    OK(cudaMemset2D(plane, pitch, 9, WIDTH, HEIGHT));
    OK(cudaMemcpy2D(back, WIDTH, plane, pitch, WIDTH, HEIGHT, cudaMemcpyDeviceToHost));
    CHECK(back[6][29] == 9);
    OK(cudaMemcpy2D(plane, pitch, host, WIDTH, WIDTH, HEIGHT - 1, cudaMemcpyHostToDevice));
    OK(cudaMemcpy2D(back, WIDTH, plane, pitch, WIDTH, HEIGHT, cudaMemcpyDefault));
    CHECK(back[5][29] == 3 && back[6][0] == 9);
    EXPECT(cudaErrorInvalidPitchValue,
           cudaMemcpy2D(back, 5, plane, pitch, WIDTH, HEIGHT, cudaMemcpyDeviceToHost));
    OK(cudaFree(plane));
    const cudaExtent extent = make_cudaExtent(WIDTH, HEIGHT, DEPTH);
    static char box[DEPTH][HEIGHT][WIDTH], copy[DEPTH][HEIGHT][WIDTH];
    cudaPitchedPtr pitched;
    for (int z = 0; z < DEPTH; z++)
        memset(box[z], z + 1, sizeof box[z]);
    OK(cudaMalloc3D(&pitched, extent));
    OK(cudaMemset3D(pitched, 0, extent));
    cudaMemcpy3DParms to = {};
    to.srcPtr = make_cudaPitchedPtr(box, WIDTH, WIDTH, HEIGHT);
    to.dstPtr = pitched;
    to.extent = extent;
    to.kind = cudaMemcpyHostToDevice;
    OK(cudaMemcpy3D(&to));
    cudaMemcpy3DParms from = {};
    from.srcPtr = pitched;
    from.dstPtr = make_cudaPitchedPtr(copy, WIDTH, WIDTH, HEIGHT);
    from.extent = extent;
    from.kind = cudaMemcpyDeviceToHost;
    OK(cudaMemcpy3D(&from));
    CHECK(memcmp(box, copy, sizeof box) == 0);
    OK(cudaFree(pitched.ptr));
}

static void pointers() {
    int on_stack, *device, *pinned, *managed;
    void *same = nullptr;
    cudaPointerAttributes attributes;
    OK(cudaMalloc(&device, 64));
    OK(cudaMallocHost(&pinned, 64));
    OK(cudaMallocManaged(&managed, 64));
    OK(cudaPointerGetAttributes(&attributes, device));
    CHECK(attributes.type == cudaMemoryTypeDevice && attributes.devicePointer == device);
    OK(cudaPointerGetAttributes(&attributes, pinned));
    CHECK(attributes.type == cudaMemoryTypeHost && attributes.hostPointer == pinned);
    OK(cudaPointerGetAttributes(&attributes, managed));
    CHECK(attributes.type == cudaMemoryTypeManaged);
    OK(cudaPointerGetAttributes(&attributes, &shared_with_host));
    CHECK(attributes.type == cudaMemoryTypeManaged && attributes.hostPointer == &shared_with_host);
    OK(cudaPointerGetAttributes(&attributes, &on_stack));
    CHECK(attributes.type == cudaMemoryTypeUnregistered);
    OK(cudaHostGetDevicePointer(&same, pinned, 0));
    CHECK(same == pinned);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(managed));
    OK(cudaFree(device));
    EXPECT(cudaErrorInvalidValue, cudaFree(device));
    (void)cudaGetLastError();
    OK(cudaMalloc(&device, 0));
    CHECK(device == nullptr);
    EXPECT(cudaErrorMemoryAllocation, cudaMalloc(&device, (size_t)1 << 50));
    (void)cudaGetLastError();
    EXPECT(cudaErrorInvalidMemcpyDirection, cudaMemcpy(&on_stack, &on_stack, 4, (cudaMemcpyKind)9));
    (void)cudaGetLastError();
}

static void ranges_and_batches() {
    int *managed, on = -1, from[2] = {1, 2}, back[2] = {0};
    cudaStream_t stream;
    OK(cudaStreamCreate(&stream));
    OK(cudaMallocManaged(&managed, sizeof from));
#if CUDART_VERSION >= 13000
    const cudaMemLocation device = {cudaMemLocationTypeDevice, 0};
    OK(cudaMemAdvise(managed, sizeof from, cudaMemAdviseSetReadMostly, device));
    OK(cudaMemPrefetchAsync(managed, sizeof from, device, 0, stream));
    void *to[] = {&managed[0], &managed[1]}, *down[] = {&back[0], &back[1]};
    const void *sources[] = {&from[0], &from[1]}, *up[] = {&managed[0], &managed[1]};
    size_t sizes[] = {4, 4}, first = 0;
    cudaMemcpyAttributes manner = {};
    manner.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
    OK(cudaMemcpyBatchAsync(to, sources, sizes, 2, &manner, &first, 1, stream));
    OK(cudaMemcpyBatchAsync(down, up, sizes, 2, &manner, &first, 1, stream));
    OK(cudaStreamSynchronize(stream));
    CHECK(back[0] == 1 && back[1] == 2);
    EXPECT(cudaErrorInvalidValue,
           cudaMemcpyBatchAsync(to, sources, sizes, 2, &manner, &first, 1, 0));
    (void)cudaGetLastError();
#else
    OK(cudaMemAdvise(managed, sizeof from, cudaMemAdviseSetReadMostly, 0));
    OK(cudaMemPrefetchAsync(managed, sizeof from, 0, stream));
    (void)back;
#endif
    OK(cudaMemRangeGetAttribute(&on, sizeof on, cudaMemRangeAttributeReadMostly, managed,
                                sizeof from));
    CHECK(on == 1);
    OK(cudaMemRangeGetAttribute(&on, sizeof on, cudaMemRangeAttributeLastPrefetchLocation, managed,
                                sizeof from));
    CHECK(on == 0);
    OK(cudaFree(managed));
    OK(cudaStreamDestroy(stream));
}

int main() {
    variables();
    ends_of_allocations();
    planes_and_boxes();
    pointers();
    ranges_and_batches();
    return 0;
}
