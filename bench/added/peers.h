/* Rows that a process computes: `--add 'python3 mine.py'` (docs/peer-protocol.md). */
#ifndef LOCKSTEP_BENCH_ADDED_PEERS_H
#define LOCKSTEP_BENCH_ADDED_PEERS_H

#include "bench/added/way.h"

/* Takes a command of several words, and a program by its path. It is started at once, for it says
 * which rows it has, and again when it has died: each time costs the row that it was asked for. */
extern const struct added_way added_way_peer;

#endif
