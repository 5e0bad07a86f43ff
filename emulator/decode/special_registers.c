/* The special registers by name (PTX ISA 9.0, chapter 10). */
#include "emulator/decode/special_registers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned special;
    unsigned bits;
} specials[] = {
    {"%tid.x", SPECIAL_TID_X, 32},
    {"%tid.y", SPECIAL_TID_Y, 32},
    {"%tid.z", SPECIAL_TID_Z, 32},
    {"%tid.w", SPECIAL_ZERO, 32},
    {"%ntid.x", SPECIAL_NTID_X, 32},
    {"%ntid.y", SPECIAL_NTID_Y, 32},
    {"%ntid.z", SPECIAL_NTID_Z, 32},
    {"%ntid.w", SPECIAL_ZERO, 32},
    {"%ctaid.x", SPECIAL_CTAID_X, 32},
    {"%ctaid.y", SPECIAL_CTAID_Y, 32},
    {"%ctaid.z", SPECIAL_CTAID_Z, 32},
    {"%ctaid.w", SPECIAL_ZERO, 32},
    {"%nctaid.x", SPECIAL_NCTAID_X, 32},
    {"%nctaid.y", SPECIAL_NCTAID_Y, 32},
    {"%nctaid.z", SPECIAL_NCTAID_Z, 32},
    {"%nctaid.w", SPECIAL_ZERO, 32},
    {"%laneid", SPECIAL_LANEID, 32},
    {"%warpid", SPECIAL_WARPID, 32},
    {"%nwarpid", SPECIAL_NWARPID, 32},
    {"%smid", SPECIAL_SMID, 32},
    {"%nsmid", SPECIAL_NSMID, 32},
    {"%gridid", SPECIAL_GRIDID, 64},
    {"%lanemask_eq", SPECIAL_LANEMASK_EQ, 32},
    {"%lanemask_le", SPECIAL_LANEMASK_LE, 32},
    {"%lanemask_lt", SPECIAL_LANEMASK_LT, 32},
    {"%lanemask_ge", SPECIAL_LANEMASK_GE, 32},
    {"%lanemask_gt", SPECIAL_LANEMASK_GT, 32},
    {"%dynamic_smem_size", SPECIAL_DYNAMIC_SMEM_SIZE, 32},
    {"%total_smem_size", SPECIAL_TOTAL_SMEM_SIZE, 32},
    {"%aggr_smem_size", SPECIAL_AGGR_SMEM_SIZE, 32},
    {"%reserved_smem_offset_begin", SPECIAL_RESERVED_SMEM, 32},
    {"%reserved_smem_offset_end", SPECIAL_RESERVED_SMEM_END, 32},
    {"%reserved_smem_offset_cap", SPECIAL_RESERVED_SMEM_SIZE, 32},
    {"%reserved_smem_offset_0", SPECIAL_RESERVED_SMEM, 32},
    {"%reserved_smem_offset_1", SPECIAL_RESERVED_SMEM, 32},
    {"%envreg1", SPECIAL_ENVREG1, 32},
    {"%envreg2", SPECIAL_ENVREG2, 32},
    {"%clusterid.x", SPECIAL_CLUSTERID_X, 32},
    {"%clusterid.y", SPECIAL_CLUSTERID_Y, 32},
    {"%clusterid.z", SPECIAL_CLUSTERID_Z, 32},
    {"%clusterid.w", SPECIAL_ZERO, 32},
    {"%nclusterid.x", SPECIAL_NCLUSTERID_X, 32},
    {"%nclusterid.y", SPECIAL_NCLUSTERID_Y, 32},
    {"%nclusterid.z", SPECIAL_NCLUSTERID_Z, 32},
    {"%nclusterid.w", SPECIAL_ZERO, 32},
    {"%cluster_ctaid.x", SPECIAL_CLUSTER_CTAID_X, 32},
    {"%cluster_ctaid.y", SPECIAL_CLUSTER_CTAID_Y, 32},
    {"%cluster_ctaid.z", SPECIAL_CLUSTER_CTAID_Z, 32},
    {"%cluster_ctaid.w", SPECIAL_ZERO, 32},
    {"%cluster_nctaid.x", SPECIAL_CLUSTER_NCTAID_X, 32},
    {"%cluster_nctaid.y", SPECIAL_CLUSTER_NCTAID_Y, 32},
    {"%cluster_nctaid.z", SPECIAL_CLUSTER_NCTAID_Z, 32},
    {"%cluster_nctaid.w", SPECIAL_ZERO, 32},
    {"%cluster_ctarank", SPECIAL_CLUSTER_CTARANK, 32},
    {"%cluster_nctarank", SPECIAL_CLUSTER_NCTARANK, 32},
    {"%is_explicit_cluster", SPECIAL_IS_EXPLICIT_CLUSTER, 1},
    /* Nothing is counted while a kernel runs. */
    {"%pm0", SPECIAL_ZERO, 32},
    {"%pm1", SPECIAL_ZERO, 32},
    {"%pm2", SPECIAL_ZERO, 32},
    {"%pm3", SPECIAL_ZERO, 32},
    {"%pm4", SPECIAL_ZERO, 32},
    {"%pm5", SPECIAL_ZERO, 32},
    {"%pm6", SPECIAL_ZERO, 32},
    {"%pm7", SPECIAL_ZERO, 32},
    {"%pm0_64", SPECIAL_ZERO, 64},
    {"%pm1_64", SPECIAL_ZERO, 64},
    {"%pm2_64", SPECIAL_ZERO, 64},
    {"%pm3_64", SPECIAL_ZERO, 64},
    {"%pm4_64", SPECIAL_ZERO, 64},
    {"%pm5_64", SPECIAL_ZERO, 64},
    {"%pm6_64", SPECIAL_ZERO, 64},
    {"%pm7_64", SPECIAL_ZERO, 64},
    /* Kernels launch no graphs here. */
    {"%current_graph_exec", SPECIAL_ZERO, 64},
    {"%clock", SPECIAL_CLOCK, 32},
    {"%clock64", SPECIAL_CLOCK64, 64},
    {"%clock_hi", SPECIAL_CLOCK_HI, 32},
    {"%globaltimer", SPECIAL_GLOBALTIMER, 64},
    {"%globaltimer_lo", SPECIAL_GLOBALTIMER_LO, 32},
    {"%globaltimer_hi", SPECIAL_GLOBALTIMER_HI, 32},
};

/* %envreg0 to %envreg31 say what a driver likes, and this one nothing but by two of them. */
static bool is_environment(const char *name) {
    static const char prefix[] = "%envreg";
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0 || !isdigit((unsigned char)name[length]))
        return false;
    char *end;
    return strtoul(name + length, &end, 10) < 32 && *end == '\0';
}

bool decoder_find_special(struct decoder *decoder, const char *name, unsigned *special) {
    for (size_t k = 0; k < sizeof specials / sizeof specials[0]; k++) {
        if (strcmp(specials[k].name, name) == 0) {
            *special = specials[k].special;
            decoder->program->uses_reserved_shared |=
                *special >= SPECIAL_RESERVED_SMEM && *special <= SPECIAL_RESERVED_SMEM_SIZE;
            return true;
        }
    }
    *special = SPECIAL_ZERO;
    return is_environment(name);
}

bool special_register_has_bits(const char *name, unsigned bits) {
    /* PTX 1 had these in 16 bits. */
    static const char *const old[] = {"%tid.", "%ntid.", "%ctaid.", "%nctaid.", "%gridid"};
    const bool is_grid = strcmp(name, "%gridid") == 0;
    for (size_t k = 0; k < sizeof old / sizeof old[0] && bits == 16; k++) {
        if (strncmp(name, old[k], strlen(old[k])) == 0)
            return true;
    }
    for (size_t k = 0; k < sizeof specials / sizeof specials[0]; k++) {
        if (strcmp(specials[k].name, name) == 0)
            return specials[k].bits == bits || (is_grid && bits == 32);
    }
    return bits == 32;
}
