// Two processes and one allocation: what either writes is the other's, and events say that work is over.
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int COUNT = 3000;

__global__ void add(int *values, int count, int summand) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        values[i] += summand;
}

struct Handles {
    cudaIpcMemHandle_t memory, small;
    cudaIpcEventHandle_t event;
};

// What the other process sends; it ends where the pipe does.
template <typename T> void receive(int file, T &value) {
    CHECK(read(file, &value, sizeof value) == sizeof value);
}

template <typename T> void send(int file, const T &value) {
    CHECK(write(file, &value, sizeof value) == sizeof value);
}

int child(int in, int out) {
    Handles handles;
    char over;
    receive(in, handles);
    int *values = nullptr, *one = nullptr;
    cudaEvent_t event;
    void *pointer;
    OK(cudaIpcOpenMemHandle(&pointer, handles.memory, cudaIpcMemLazyEnablePeerAccess));
    values = static_cast<int *>(pointer);
    OK(cudaIpcOpenMemHandle(&pointer, handles.small, cudaIpcMemLazyEnablePeerAccess));
    one = static_cast<int *>(pointer);
    // The same again is the same memory, until it is closed as often.
    OK(cudaIpcOpenMemHandle(&pointer, handles.small, cudaIpcMemLazyEnablePeerAccess));
    CHECK(pointer == one);
    OK(cudaIpcCloseMemHandle(one));
    OK(cudaIpcOpenEventHandle(&event, handles.event));
    OK(cudaStreamWaitEvent(nullptr, event, 0));
    add<<<(COUNT + 255) / 256, 256>>>(values, COUNT, 1000);
    add<<<1, 32>>>(one, 1, 5);
    OK(cudaDeviceSynchronize());
    int last = 0;
    OK(cudaMemcpy(&last, values + COUNT - 1, sizeof last, cudaMemcpyDeviceToHost));
    CHECK(last == COUNT - 1 + 7 + 1000);
    send(out, 'd');
    receive(in, over); // the other process has added once more
    OK(cudaMemcpy(&last, values, sizeof last, cudaMemcpyDeviceToHost));
    CHECK(last == 7 + 1000 + 1);
    EXPECT(cudaErrorInvalidValue, cudaFree(values));
    OK(cudaIpcCloseMemHandle(values));
    OK(cudaIpcCloseMemHandle(one));
    EXPECT(cudaErrorInvalidValue, cudaIpcCloseMemHandle(one));
    OK(cudaEventDestroy(event));
    return 0;
}

int parent(int in, int out) {
    int *values, *small, host[COUNT], before = -3;
    Handles handles;
    cudaEvent_t event;
    char over;
    OK(cudaMalloc(&values, sizeof host));
    OK(cudaMalloc(&small, sizeof *small)); // on the page where the other one ends
    for (int i = 0; i < COUNT; i++)
        host[i] = i;
    OK(cudaMemcpy(values, host, sizeof host, cudaMemcpyHostToDevice));
    OK(cudaMemcpy(small, &before, sizeof before, cudaMemcpyHostToDevice));
    OK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventInterprocess));
    OK(cudaIpcGetMemHandle(&handles.memory, values));
    OK(cudaIpcGetMemHandle(&handles.small, small));
    OK(cudaIpcGetEventHandle(&handles.event, event));
    void *own;
    CHECK(cudaIpcOpenMemHandle(&own, handles.memory, cudaIpcMemLazyEnablePeerAccess) !=
          cudaSuccess);
    add<<<(COUNT + 255) / 256, 256>>>(values, COUNT, 7);
    OK(cudaEventRecord(event));
    send(out, handles);
    receive(in, over);
    OK(cudaMemcpy(host, values, sizeof host, cudaMemcpyDeviceToHost));
    for (int i = 0; i < COUNT; i++)
        CHECK(host[i] == i + 7 + 1000);
    OK(cudaMemcpy(&before, small, sizeof before, cudaMemcpyDeviceToHost));
    CHECK(before == 2);
    add<<<1, 32>>>(values, 1, 1);
    OK(cudaDeviceSynchronize());
    send(out, 'p');
    int status = 0;
    CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    // Nothing stands for what is not memory of cudaMalloc, and a handle of nothing opens nothing.
    EXPECT(cudaErrorInvalidValue, cudaIpcGetMemHandle(&handles.memory, host));
    handles.memory = {};
    EXPECT(cudaErrorInvalidValue,
           cudaIpcOpenMemHandle(&own, handles.memory, cudaIpcMemLazyEnablePeerAccess));
    OK(cudaEventDestroy(event));
    OK(cudaFree(values));
    OK(cudaFree(small));
    std::printf("processes: right\n");
    return 0;
}

} // namespace

int main() {
    int down[2], up[2];
    CHECK(pipe(down) == 0 && pipe(up) == 0);
    const pid_t process = fork();
    CHECK(process >= 0);
    return process == 0 ? child(down[0], up[1]) : parent(up[0], down[1]);
}
