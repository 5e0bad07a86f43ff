/* Addresses without memory, and memory that is put there. */
#include "emulator/memory/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include "emulator/lanes/space.h"

bool pages_reserve(size_t size, size_t alignment, uint64_t *address) {
    if (alignment < PAGES_GRANULARITY)
        alignment = PAGES_GRANULARITY;
    if (size == 0 || size > SIZE_MAX / 4 || alignment > SIZE_MAX / 4)
        return false;
    unsigned char *start =
        mmap(NULL, size + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return false;
    const size_t before = (alignment - (uintptr_t)start % alignment) % alignment;
    if (before)
        (void)munmap(start, before);
    if (alignment - before)
        (void)munmap(start + before + size, alignment - before);
    *address = (uint64_t)(uintptr_t)(start + before);
    return true;
}

void pages_release(uint64_t address, size_t size) {
    (void)munmap(space_host(address), size);
}

int pages_create(size_t size) {
    const int file = memfd_create("lockstep", MFD_CLOEXEC);
    if (file >= 0 && ftruncate(file, (off_t)size) != 0) {
        (void)close(file);
        return -1;
    }
    return file;
}

bool pages_map(uint64_t address, size_t size, int file, size_t offset) {
    const int how = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
    return mmap(space_host(address), size, PROT_READ | PROT_WRITE, how | MAP_FIXED, file,
                (off_t)offset) != MAP_FAILED;
}

void pages_unmap(uint64_t address, size_t size) {
    (void)mmap(space_host(address), size, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}
