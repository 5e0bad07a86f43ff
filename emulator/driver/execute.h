/* Runs what a stream is given to do. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_EXECUTE_H
#define LOCKSTEP_EMULATOR_DRIVER_EXECUTE_H

#include "emulator/driver/graph.h"
#include "emulator/driver/stream.h"

/* Runs the operation, or adds it to the capture of the stream. The caller keeps what it owns. */
CUresult operation_submit(struct driver_stream *stream, const struct driver_operation *operation);

#endif
