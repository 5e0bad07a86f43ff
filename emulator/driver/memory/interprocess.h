/*
 * Memory that processes share. Its pages are moved into one file without a name, at their own
 * addresses, which another process opens by this process's number and that of the file. So a handle
 * is good while the process that made it lives.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_INTERPROCESS_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_INTERPROCESS_H

#include "emulator/driver/state/state.h"

struct driver_allocation;
struct driver_pool;

/* Writes of either process are the other's, from now on until this one ends. */
CUresult interprocess_share(const struct driver_allocation *allocation, CUipcMemHandle *handle);
/* Puts another process's memory at an address of this one, as an allocation of the context, or says
 * where it is already. */
CUresult interprocess_open(struct driver_context *context, const CUipcMemHandle *handle,
                           CUdeviceptr *address);
/* Undoes one opening; the last one forgets the memory. */
CUresult interprocess_close(CUdeviceptr address);
/* Likewise for memory of a pool, which is told of apart from the pool itself. */
CUresult interprocess_share_of_pool(const struct driver_allocation *allocation,
                                    CUmemPoolPtrExportData *data);
CUresult interprocess_open_of_pool(struct driver_context *context, struct driver_pool *pool,
                                   const CUmemPoolPtrExportData *data, CUdeviceptr *address);
/* The pool as a file that is the caller's, and the pool of another process's file. */
CUresult interprocess_share_pool(const struct driver_pool *pool, int *file);
CUresult interprocess_open_pool(int file, struct driver_pool **pool);
/* Handles of events have the same place for what tells them from others. */
void interprocess_sign_event(CUipcEventHandle *handle);
bool interprocess_is_event(const CUipcEventHandle *handle);
/* All that was shared. */
void interprocess_close_all(void);

#endif
