/* A stand-in for a profiler: the library that NVTX loads when NVTX_INJECTION64_PATH names it. It
 * records domains, and each range with its depth. */
#include "tests/stand_in/record.h"

#include <nvtx3/nvToolsExt.h>

static nvtxDomainHandle_t domain_create(const char *name) {
    record("domain %s", name);
    return (nvtxDomainHandle_t)1;
}

static void domain_destroy(nvtxDomainHandle_t domain) {
    (void)domain;
    record("domain ends");
}

static int range_push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *attributes) {
    record("%d%s %s", stand_in_live(), domain != NULL ? "" : " outside the domain",
           attributes->message.ascii);
    record_live(1);
    return stand_in_live() - 1;
}

static int range_pop(nvtxDomainHandle_t domain) {
    (void)domain;
    record_live(-1);
    record("%d ends", stand_in_live());
    return stand_in_live();
}

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table);

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table) {
    const NvtxExportTableCallbacks *callbacks =
        (const NvtxExportTableCallbacks *)get_export_table(NVTX_ETID_CALLBACKS);
    if (callbacks == NULL)
        return 0;
    NvtxFunctionTable table = NULL;
    unsigned int size = 0;
    if (!callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) ||
        size <= NVTX_CBID_CORE2_DomainRangePop)
        return 0;
    *table[NVTX_CBID_CORE2_DomainCreateA] = (NvtxFunctionPointer)domain_create;
    *table[NVTX_CBID_CORE2_DomainDestroy] = (NvtxFunctionPointer)domain_destroy;
    *table[NVTX_CBID_CORE2_DomainRangePushEx] = (NvtxFunctionPointer)range_push;
    *table[NVTX_CBID_CORE2_DomainRangePop] = (NvtxFunctionPointer)range_pop;
    return 1;
}
