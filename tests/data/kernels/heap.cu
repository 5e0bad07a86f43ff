// The heap of the device: malloc and free, new and delete.
#include <stdlib.h>
#include <string.h>

struct node {
    int value;
    node *next;
};

// A list on the device's heap, taken down again.
extern "C" __global__ void heap(int *out) {
    node *list = nullptr;
    int sum = 0;
    for (int i = 0; i <= (int)threadIdx.x % 5; i++)
        list = new node{i + (int)threadIdx.x, list};
    while (list) {
        node *rest = list->next;
        sum += list->value;
        delete list;
        list = rest;
    }
    char *bytes = (char *)malloc(100);
    if (bytes) {
        memset(bytes, (int)threadIdx.x, 100);
        sum += bytes[99];
        free(bytes);
    }
    out[threadIdx.x] = sum;
}

// More than the heap holds is refused with a null pointer, and what is given back can be had again.
extern "C" __global__ void heap_limits(int *out) {
    void *too_much = malloc((size_t)1 << 40), *whole = malloc(8 << 20), *none = malloc(16);
    out[0] = !too_much && whole && !none;
    free(whole);
    void *again = malloc(8 << 20);
    out[1] = again == whole;
    free(again);
    free(nullptr);
}

extern "C" __global__ void heap_twice_freed(void) {
    void *memory = malloc(16);
    free(memory);
    free(memory);
}
