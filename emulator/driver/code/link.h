/* Linking of PTX. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CODE_LINK_H
#define LOCKSTEP_EMULATOR_DRIVER_CODE_LINK_H

#include "emulator/driver/code/jit_log.h"
#include "emulator/driver/state/state.h"

struct driver_link {
    CUlinkState handle;
    struct jit_log log;
    char *text; /* the inputs so far */
    size_t length;
};

CUresult link_find(CUlinkState handle, struct driver_link **link);
CUresult link_open(const struct jit_log *log, CUlinkState *handle);
/* Takes an input whose syntax is right. `name` may be NULL. */
CUresult link_add(struct driver_link *link, CUjitInputType type, const char *data, size_t size,
                  const char *name);
/* Whether all of it can be loaded. */
CUresult link_check(struct driver_link *link);
void link_close(struct driver_link *link);
void link_close_all(void);

#endif
