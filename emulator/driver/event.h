/* Events. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_EVENT_H
#define LOCKSTEP_EMULATOR_DRIVER_EVENT_H

#include "emulator/driver/state/state.h"

struct driver_node;

struct driver_event {
    CUevent handle;
    struct driver_context *context;
    unsigned flags;
    bool recorded;
    int64_t recorded_at;            /* the host's clock, in nanoseconds */
    struct driver_capture *capture; /* last recorded in a capturing stream */
    struct driver_node **pending;
    size_t pending_count;
};

CUresult event_find(CUevent handle, struct driver_event **event);
CUresult event_open(struct driver_context *context, unsigned flags, CUevent *handle);
/* All that came before is over now. */
void event_record(struct driver_event *event);
void event_close(struct driver_event *event);

#endif
