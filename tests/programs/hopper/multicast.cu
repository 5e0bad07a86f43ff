// A sum over all devices by multimem: each device's memory is bound to one multicast object, and
// each sums its share of the elements and stores it to all. One device is a team of its own.
#include "../check.h"

#include <cuda.h>
#include <vector>

constexpr int COUNT = 4096, DEVICES = 8;
constexpr size_t BYTES = COUNT * sizeof(float);

#define DONE(call) CHECK((call) == CUDA_SUCCESS)

template <typename Function> static Function entry(const char *name) {
    void *found = nullptr;
    cudaDriverEntryPointQueryResult result;
    OK(cudaGetDriverEntryPointByVersion(name, &found, 12010, cudaEnableDefault, &result));
    CHECK(found && result == cudaDriverEntryPointSuccess);
    return (Function)found;
}
#define ENTRY(name) entry<decltype(&name)>(#name)

// Four elements a thread, from `first` on.
__global__ void all_reduce(float *object, unsigned *arrivals, int first) {
    const int at = first + 4 * (int)(blockIdx.x * blockDim.x + threadIdx.x);
    float x, y, z, w;
    asm volatile("multimem.ld_reduce.relaxed.sys.global.add.v4.f32 {%0,%1,%2,%3}, [%4];"
                 : "=f"(x), "=f"(y), "=f"(z), "=f"(w)
                 : "l"(object + at)
                 : "memory");
    asm volatile("multimem.st.relaxed.sys.global.v4.f32 [%0], {%1,%2,%3,%4};" ::"l"(object + at),
                 "f"(x), "f"(y), "f"(z), "f"(w)
                 : "memory");
    asm volatile("multimem.red.release.sys.global.add.u32 [%0], 1;" ::"l"(arrivals) : "memory");
}

static CUdeviceptr map(CUmemGenericAllocationHandle handle, size_t size, int devices) {
    CUdeviceptr at = 0;
    DONE(ENTRY(cuMemAddressReserve)(&at, size, 0, 0, 0));
    DONE(ENTRY(cuMemMap)(at, size, 0, handle, 0));
    for (int device = 0; device < devices; device++) {
        CUmemAccessDesc access = {};
        access.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
        access.location.id = device;
        access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        DONE(ENTRY(cuMemSetAccess)(at, size, &access, 1));
    }
    return at;
}

static void unmap(CUdeviceptr at, size_t size) {
    DONE(ENTRY(cuMemUnmap)(at, size));
    DONE(ENTRY(cuMemAddressFree)(at, size));
}

int main() {
    int devices = 0, supported = 0;
    size_t size = 0;
    OK(cudaGetDeviceCount(&devices));
    DONE(ENTRY(cuDeviceGetAttribute)(&supported, CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED, 0));
    CHECK(supported == 1);
    OK(cudaSetDevice(0));
    OK(cudaFree(nullptr));
    CUmulticastObjectProp properties = {};
    properties.numDevices = (unsigned)devices;
    properties.size = 2 * BYTES;
    DONE(ENTRY(cuMulticastGetGranularity)(&size, &properties, CU_MULTICAST_GRANULARITY_MINIMUM));
    properties.size = size;
    CUmemGenericAllocationHandle object, memory[DEVICES];
    CUdeviceptr own[DEVICES];
    DONE(ENTRY(cuMulticastCreate)(&object, &properties));
    for (int device = 0; device < devices; device++)
        DONE(ENTRY(cuMulticastAddDevice)(object, device));
    std::vector<float> values(COUNT);
    for (int device = 0; device < devices; device++) {
        CUmemAllocationProp kind = {};
        kind.type = CU_MEM_ALLOCATION_TYPE_PINNED;
        kind.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
        kind.location.id = device;
        DONE(ENTRY(cuMemCreate)(&memory[device], size, &kind, 0));
        own[device] = map(memory[device], size, devices);
        if (device % 2)
            DONE(ENTRY(cuMulticastBindAddr)(object, 0, own[device], size, 0));
        else
            DONE(ENTRY(cuMulticastBindMem)(object, 0, memory[device], 0, size, 0));
        for (int k = 0; k < COUNT; k++)
            values[k] = (float)(k + device);
        OK(cudaMemcpy((void *)own[device], values.data(), BYTES, cudaMemcpyHostToDevice));
        OK(cudaMemset((void *)(own[device] + BYTES), 0, sizeof(unsigned)));
    }
    const CUdeviceptr all = map(object, size, devices);
    for (int device = 0; device < devices; device++) {
        const int share = COUNT / devices;
        OK(cudaSetDevice(device));
        all_reduce<<<share / 4 / 64, 64>>>((float *)all, (unsigned *)(all + BYTES), device * share);
        OK(cudaDeviceSynchronize());
    }
    for (int device = 0; device < devices; device++) {
        unsigned arrivals = 0;
        OK(cudaMemcpy(values.data(), (void *)own[device], BYTES, cudaMemcpyDeviceToHost));
        OK(cudaMemcpy(&arrivals, (void *)(own[device] + BYTES), sizeof arrivals,
                      cudaMemcpyDeviceToHost));
        CHECK(arrivals == COUNT / 4);
        for (int k = 0; k < COUNT; k++)
            CHECK(values[k] == (float)(devices * k + devices * (devices - 1) / 2));
    }
    unmap(all, size);
    for (int device = 0; device < devices; device++) {
        DONE(ENTRY(cuMulticastUnbind)(object, device, 0, size));
        unmap(own[device], size);
        DONE(ENTRY(cuMemRelease)(memory[device]));
    }
    DONE(ENTRY(cuMemRelease)(object));
    return 0;
}
