/* Two devices, as LOCKSTEP_EMULATOR=devices=2 has them; with one only what holds for one. */
#include "check.h"

#include <cstring>

__device__ int counted;

__global__ void count(int *to, int value) {
    atomicAdd(&counted, 1);
    *to += value;
}

static void one() {
    int can = -1;
    EXPECT(cudaErrorInvalidDevice, cudaSetDevice(1));
    EXPECT(cudaErrorInvalidDevice, cudaDeviceCanAccessPeer(&can, 0, 1));
    EXPECT(cudaErrorInvalidDevice, cudaDeviceEnablePeerAccess(1, 0));
    (void)cudaGetLastError();
}

/* Each device has variables, memory and streams of its own. */
static void apart() {
    int *memory[2], current = -1, values[2];
    cudaStream_t streams[2];
    cudaPointerAttributes attributes;
    for (int device = 0; device < 2; device++) {
        OK(cudaSetDevice(device));
        OK(cudaGetDevice(&current));
        CHECK(current == device);
        OK(cudaMalloc(&memory[device], sizeof(int)));
        OK(cudaMemset(memory[device], 0, sizeof(int)));
        OK(cudaStreamCreate(&streams[device]));
        for (int k = 0; k <= device; k++)
            count<<<1, 1, 0, streams[device]>>>(memory[device], 10);
        OK(cudaGetLastError());
    }
    for (int device = 0; device < 2; device++) {
        int times = 0;
        OK(cudaStreamSynchronize(streams[device])); /* whichever device is current */
        OK(cudaPointerGetAttributes(&attributes, memory[device]));
        CHECK(attributes.device == device && attributes.type == cudaMemoryTypeDevice);
        OK(cudaSetDevice(device));
        OK(cudaMemcpy(&values[device], memory[device], sizeof(int), cudaMemcpyDeviceToHost));
        OK(cudaMemcpyFromSymbol(&times, counted, sizeof times));
        CHECK(times == device + 1 && values[device] == 10 * (device + 1));
        OK(cudaStreamDestroy(streams[device]));
        OK(cudaFree(memory[device]));
    }
}

static void copy_box(int *to, int *from) {
    cudaMemcpy3DPeerParms box = {};
    box.srcPtr = make_cudaPitchedPtr(from, sizeof *from, 1, 1);
    box.dstPtr = make_cudaPitchedPtr(to, sizeof *to, 1, 1);
    box.dstDevice = 1;
    box.extent = make_cudaExtent(sizeof *from, 1, 1);
    OK(cudaMemset(to, 0, sizeof *to));
    OK(cudaMemcpy3DPeer(&box));
    OK(cudaMemcpy3DPeerAsync(&box, 0));
    box.srcDevice = 2;
    EXPECT(cudaErrorInvalidDevice, cudaMemcpy3DPeer(&box));
    (void)cudaGetLastError();
}

static void together() {
    int *memory[2], can = 0, value = 7, rank = -1, supported = 0;
    cudaStream_t stream;
    cudaEvent_t event;
    OK(cudaDeviceCanAccessPeer(&can, 0, 1));
    CHECK(can == 1);
    OK(cudaDeviceCanAccessPeer(&can, 1, 1));
    CHECK(can == 0);
    OK(cudaDeviceGetP2PAttribute(&rank, cudaDevP2PAttrPerformanceRank, 0, 1));
    OK(cudaDeviceGetP2PAttribute(&supported, cudaDevP2PAttrAccessSupported, 0, 1));
    CHECK(rank == 0 && supported == 1);
    OK(cudaSetDevice(0));
    EXPECT(cudaErrorPeerAccessNotEnabled, cudaDeviceDisablePeerAccess(1));
    OK(cudaDeviceEnablePeerAccess(1, 0));
    EXPECT(cudaErrorPeerAccessAlreadyEnabled, cudaDeviceEnablePeerAccess(1, 0));
    (void)cudaGetLastError();
    OK(cudaMalloc(&memory[0], sizeof(int)));
    OK(cudaMemcpy(memory[0], &value, sizeof value, cudaMemcpyHostToDevice));
    OK(cudaEventCreate(&event));
    OK(cudaEventRecord(event));
    OK(cudaSetDevice(1));
    OK(cudaMalloc(&memory[1], sizeof(int)));
    OK(cudaStreamCreate(&stream));
    OK(cudaStreamWaitEvent(stream, event, 0));
    OK(cudaMemcpyPeerAsync(memory[1], 1, memory[0], 0, sizeof(int), stream));
    EXPECT(cudaErrorInvalidDevice, cudaMemcpyPeer(memory[1], 1, memory[0], 2, sizeof(int)));
    (void)cudaGetLastError();
    copy_box(memory[1], memory[0]);
    OK(cudaSetDevice(0));
    count<<<1, 1>>>(memory[1], 1);
    OK(cudaMemcpy(&value, memory[1], sizeof value, cudaMemcpyDefault));
    CHECK(value == 8);
    OK(cudaDeviceDisablePeerAccess(1));
    OK(cudaEventDestroy(event));
    OK(cudaStreamDestroy(stream));
    OK(cudaFree(memory[0]));
    OK(cudaFree(memory[1]));
}

/* Resetting one leaves the other's memory alone. */
static void reset() {
    int *kept, value = 5;
    OK(cudaSetDevice(1));
    OK(cudaMalloc(&kept, sizeof(int)));
    OK(cudaMemcpy(kept, &value, sizeof value, cudaMemcpyHostToDevice));
    OK(cudaSetDevice(0));
    OK(cudaDeviceReset());
    OK(cudaSetDevice(1));
    value = 0;
    OK(cudaMemcpy(&value, kept, sizeof value, cudaMemcpyDeviceToHost));
    CHECK(value == 5);
    OK(cudaFree(kept));
}

int main() {
    cudaDeviceProp first, second;
    int devices = 0;
    OK(cudaGetDeviceCount(&devices));
    if (devices == 1) {
        one();
        return 0;
    }
    OK(cudaGetDeviceProperties(&first, 0));
    OK(cudaGetDeviceProperties(&second, 1));
    CHECK(first.pciBusID != second.pciBusID && memcmp(&first.uuid, &second.uuid, 16) != 0);
    apart();
    together();
    reset();
    return 0;
}
