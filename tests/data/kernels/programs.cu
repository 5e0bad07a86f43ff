// How ordinary programs are made: calls, recursion, pointers to functions, virtual functions,
// switches, local arrays.
#include <stdio.h>

typedef int (*operation)(int, int);

__device__ int add(int a, int b) {
    return a + b;
}
__device__ int subtract(int a, int b) {
    return a - b;
}
__device__ __noinline__ int multiply(int a, int b) {
    return a * b;
}

__device__ operation operations[3] = {add, subtract, multiply};

// Lanes of one warp call different functions.
extern "C" __global__ void call_pointers(int *out) {
    int t = threadIdx.x;
    operation chosen = operations[t % 3];
    out[t] = chosen(t, 7);
}

struct shape {
    __device__ virtual float area() const = 0;
};

struct square : shape {
    float side;
    __device__ explicit square(float s) : side(s) {}
    __device__ float area() const override {
        return side * side;
    }
};

struct circle : shape {
    float radius;
    __device__ explicit circle(float r) : radius(r) {}
    __device__ float area() const override {
        return 3.0f * radius * radius;
    }
};

__device__ __noinline__ float area_of(const shape *thing) {
    return thing->area();
}

extern "C" __global__ void call_virtual(float *out) {
    square a((float)threadIdx.x);
    circle b((float)threadIdx.x);
    const shape *chosen = threadIdx.x % 2 ? static_cast<const shape *>(&a) : &b;
    out[threadIdx.x] = area_of(chosen);
}

__device__ __noinline__ int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

extern "C" __global__ void recursion(int *out) {
    out[threadIdx.x] = fibonacci((int)threadIdx.x % 12);
}

extern "C" __global__ void switches(const int *in, int *out) {
    int value = in[threadIdx.x], result;
    switch (value) {
    case 0:
        result = 10;
        break;
    case 1:
        result = value * 77 + 1;
        break;
    case 2:
        result = value ^ 0x55;
        break;
    case 3:
        result = -value;
        break;
    case 4:
        result = value << 9;
        break;
    case 5:
        result = value / 3 + 100;
        break;
    case 6:
        result = ~value;
        break;
    case 7:
        result = value % 5 - 9;
        break;
    default:
        result = 1234;
    }
    out[threadIdx.x] = result;
}

// Local memory with indices that are not known at compile time.
extern "C" __global__ void local_arrays(int *out) {
    int heap[17], t = threadIdx.x;
    for (int i = 0; i < 17; i++)
        heap[(i * 5 + t) % 17] = i;
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum = sum * 3 + heap[(t * 7 + i) % 17];
    out[t] = sum;
}

struct packed {
    char name[5];
    short number;
    double values[2];
    unsigned flags : 3;
    unsigned rest : 29;
};

extern "C" __global__ void structures(packed *items) {
    packed own = items[threadIdx.x];
    own.name[4] = (char)(own.name[0] + 1);
    own.number = (short)(own.number * 3);
    own.values[1] = own.values[0] / 4;
    own.flags = own.rest & 7;
    items[threadIdx.x] = own;
}

extern "C" __global__ void vectors(const float4 *in, float4 *out, const double2 *pairs,
                                   double2 *pairs_out, const uchar4 *bytes, uchar4 *bytes_out) {
    int t = threadIdx.x;
    float4 v = __ldg(&in[t]);
    __stcs(&out[t], make_float4(v.w, v.z, v.y, v.x));
    double2 d = pairs[t];
    pairs_out[t] = make_double2(d.y, d.x);
    uchar4 b = bytes[t];
    bytes_out[t] = make_uchar4(b.w, b.z, b.y, b.x);
}

__constant__ int table[64];

extern "C" __global__ void constants(int *out) {
    out[threadIdx.x] = table[(threadIdx.x * 7) % 64];
}

extern "C" __global__ void print_formats(int number) {
    printf("%d %u %x %c %5.2f|%-6d|%lld %s %% %e %p\n", -number, number, 255, 'z', 3.14159, number,
           1234567890123LL, "text", 12345.678, (void *)0);
}

// Which memory an address lies in: 1 global, 2 shared, 4 local, 8 constant.
__constant__ int somewhere_constant = 1;
__device__ int somewhere_global = 1;

static __device__ __noinline__ int space_of(const void *address) {
    return __isGlobal(address) + 2 * __isShared(address) + 4 * __isLocal(address) +
           8 * __isConstant(address);
}

extern "C" __global__ void spaces(int *out) {
    __shared__ int shared;
    volatile int local[2] = {1, 2};
    shared = local[threadIdx.x & 1];
    out[0] = space_of(&somewhere_global);
    out[1] = space_of(&shared);
    out[2] = space_of((const void *)local);
    out[3] = space_of(&somewhere_constant);
    out[4] = space_of(out);
}

// Adds to 16-bit counters by compare and swap.
extern "C" __global__ void narrow_swaps(unsigned short *out) {
    unsigned short *to = &out[threadIdx.x % 3], seen = *to, assumed;
    do {
        assumed = seen;
        seen = atomicCAS(to, assumed, (unsigned short)(assumed + 1));
    } while (seen != assumed);
}
