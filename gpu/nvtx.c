/* NVTX ranges; see gpu/nvtx.h. The nvtx3 headers hold the whole library: it calls a profiler when
 * one has been injected into the process, and nothing otherwise. */
#include "gpu/nvtx.h"

#include <stddef.h>

#if defined(__has_include)
#    if __has_include(<nvtx3/nvToolsExt.h>)
#        define NVTX_HEADERS
#    endif
#endif

#ifdef NVTX_HEADERS

#    include <nvtx3/nvToolsExt.h>

bool nvtx_available(void) {
    return true;
}

void nvtx_open(struct nvtx *nvtx) {
    nvtx->domain = nvtxDomainCreateA("lockstep");
}

void nvtx_close(struct nvtx *nvtx) {
    if (nvtx->domain != NULL)
        nvtxDomainDestroy(nvtx->domain);
    nvtx->domain = NULL;
}

void nvtx_push(const struct nvtx *nvtx, const char *name) {
    nvtxEventAttributes_t attributes = {.version = NVTX_VERSION,
                                        .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                        .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                        .message.ascii = name};
    nvtxDomainRangePushEx(nvtx->domain, &attributes);
}

void nvtx_pop(const struct nvtx *nvtx) {
    nvtxDomainRangePop(nvtx->domain);
}

#else

bool nvtx_available(void) {
    return false;
}

void nvtx_open(struct nvtx *nvtx) {
    nvtx->domain = NULL;
}

void nvtx_close(struct nvtx *nvtx) {
    nvtx->domain = NULL;
}

void nvtx_push(const struct nvtx *nvtx, const char *name) {
    (void)nvtx;
    (void)name;
}

void nvtx_pop(const struct nvtx *nvtx) {
    (void)nvtx;
}

#endif
