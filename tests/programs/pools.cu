/* Two processes and a pool of memory: the file of the pool goes through a socket, what is told of memory
 * in it through any pipe. */
#include "check.h"

#include <cstdint>
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int COUNT = 1000;

__global__ void add(int *values, int count, int summand) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        values[i] += summand;
}

/* A message of one byte, with room for a descriptor beside it. */
struct Message {
    char byte = 0;
    iovec part = {&byte, 1};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr header = {};
    Message() {
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = room;
        header.msg_controllen = sizeof room;
    }
};

void send_file(int socket, int file) {
    Message message;
    cmsghdr *control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(control), &file, sizeof file);
    CHECK(sendmsg(socket, &message.header, 0) == 1);
}

int receive_file(int socket) {
    Message message;
    int file;
    CHECK(recvmsg(socket, &message.header, 0) == 1);
    memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message.header)), sizeof file);
    return file;
}

template <typename T> void receive(int socket, T &value) {
    CHECK(read(socket, &value, sizeof value) == sizeof value);
}

template <typename T> void send(int socket, const T &value) {
    CHECK(write(socket, &value, sizeof value) == sizeof value);
}

void *handle_of(int file) {
    return reinterpret_cast<void *>(static_cast<intptr_t>(file));
}

int child(int socket) {
    cudaMemPoolPtrExportData told, wrong = {};
    cudaMemPool_t pool, another;
    int *values, *other, last = 0;
    void *pointer;
    const int file = receive_file(socket), another_file = receive_file(socket);
    receive(socket, told);
    EXPECT(cudaErrorInvalidValue,
           cudaMemPoolImportFromShareableHandle(&pool, handle_of(0),
                                                cudaMemHandleTypePosixFileDescriptor, 0));
    OK(cudaMemPoolImportFromShareableHandle(&pool, handle_of(file),
                                            cudaMemHandleTypePosixFileDescriptor, 0));
    OK(cudaMemPoolImportPointer(&pointer, pool, &told));
    values = static_cast<int *>(pointer);
    OK(cudaMemPoolImportFromShareableHandle(&another, handle_of(another_file),
                                            cudaMemHandleTypePosixFileDescriptor, 0));
    EXPECT(cudaErrorInvalidValue, cudaMemPoolImportPointer(&pointer, another, &told));
    EXPECT(cudaErrorInvalidValue, cudaMemPoolImportPointer(&pointer, pool, &wrong));
    EXPECT(cudaErrorInvalidValue,
           cudaMallocFromPoolAsync(reinterpret_cast<void **>(&other), 4, pool, nullptr));
    EXPECT(cudaErrorInvalidValue, cudaDeviceSetMemPool(0, pool));
    (void)cudaGetLastError();
    add<<<(COUNT + 255) / 256, 256>>>(values, COUNT, 1000);
    OK(cudaMemcpy(&last, values + COUNT - 1, sizeof last, cudaMemcpyDeviceToHost));
    CHECK(last == 1007);
    OK(cudaFreeAsync(values, nullptr));
    EXPECT(cudaErrorInvalidValue, cudaFree(values));
    OK(cudaMemPoolDestroy(pool));
    OK(cudaMemPoolDestroy(another));
    send(socket, 'd');
    return 0;
}

void refuse(cudaMemPool_t pool) {
    cudaMemPool_t own;
    cudaMemPoolPtrExportData told;
    int *plain, file;
    OK(cudaMalloc(&plain, 4));
    EXPECT(cudaErrorInvalidValue, cudaMemPoolExportPointer(&told, plain));
    OK(cudaFree(plain));
    OK(cudaDeviceGetDefaultMemPool(&own, 0));
    EXPECT(cudaErrorInvalidValue,
           cudaMemPoolExportToShareableHandle(&file, own, cudaMemHandleTypePosixFileDescriptor, 0));
    EXPECT(cudaErrorInvalidValue, cudaMemPoolExportToShareableHandle(
                                      &file, pool, cudaMemHandleTypePosixFileDescriptor, 1));
    EXPECT(cudaErrorInvalidValue,
           cudaMemPoolExportToShareableHandle(&file, pool, cudaMemHandleTypeNone, 0));
    (void)cudaGetLastError();
}

int parent(int socket) {
    cudaMemPoolProps properties = {};
    cudaMemPoolPtrExportData told;
    cudaMemPool_t pool, another;
    int *values, file = -1, another_file = -1, types = 0, host[COUNT];
    char over;
    OK(cudaDeviceGetAttribute(&types, cudaDevAttrMemoryPoolSupportedHandleTypes, 0));
    CHECK(types & cudaMemHandleTypePosixFileDescriptor);
    properties.allocType = cudaMemAllocationTypePinned;
    properties.handleTypes = cudaMemHandleTypePosixFileDescriptor;
    properties.location.type = cudaMemLocationTypeDevice;
    OK(cudaMemPoolCreate(&pool, &properties));
    OK(cudaMemPoolCreate(&another, &properties));
    refuse(pool);
    OK(cudaMallocFromPoolAsync(reinterpret_cast<void **>(&values), sizeof host, pool, nullptr));
    OK(cudaMemset(values, 0, sizeof host));
    add<<<(COUNT + 255) / 256, 256>>>(values, COUNT, 7);
    OK(cudaDeviceSynchronize());
    OK(cudaMemPoolExportToShareableHandle(&file, pool, cudaMemHandleTypePosixFileDescriptor, 0));
    OK(cudaMemPoolExportToShareableHandle(&another_file, another,
                                          cudaMemHandleTypePosixFileDescriptor, 0));
    OK(cudaMemPoolExportPointer(&told, values));
    send_file(socket, file);
    send_file(socket, another_file);
    send(socket, told);
    receive(socket, over);
    OK(cudaMemcpy(host, values, sizeof host, cudaMemcpyDeviceToHost));
    CHECK(host[0] == 1007 && host[COUNT - 1] == 1007);
    OK(cudaFreeAsync(values, nullptr));
    OK(cudaMemPoolDestroy(pool));
    OK(cudaMemPoolDestroy(another));
    CHECK(close(file) == 0 && close(another_file) == 0);
    return 0;
}

} // namespace

/* The child is there before CUDA is, which is not for children of a process that uses it. */
int main() {
    int sockets[2], state = -1;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    const pid_t process = fork();
    CHECK(process >= 0);
    /* Each has one end alone, so that it learns of the other's end. */
    CHECK(close(sockets[process == 0 ? 0 : 1]) == 0);
    if (process == 0)
        _exit(child(sockets[1]));
    CHECK(parent(sockets[0]) == 0);
    CHECK(waitpid(process, &state, 0) == process);
    CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    return 0;
}
