/* What `lockstep ab` and the builds that it starts say to each other: times on request.
 *
 * A line comes in, a line or more goes out. Two versions of lockstep may talk here. So the first
 * line names the version of this protocol, and it changes with any of the rest:
 *
 *   at the start          lockstep-samples 1 CASES
 *   open CASE [verify]    rows COUNT NAME
 *                         then COUNT lines, with tabs between their fields:
 *                         IMPLEMENTATION DEVICE THREADS MODE STATUS REASON
 *   take ROW COUNT        times SECONDS…            COUNT of them, of one iteration each
 *   anything that fails   broke REASON
 *
 * Cases and rows count from 0. Opening a case closes the one before. With `verify` its rows are
 * checked against the oracle first. A row's status is `ready`, `skipped`, `failed` or `wrong`.
 *
 * The first samples of a row come after a warm-up. The first sample of every request is dropped:
 * another process may have run in between. The end of the input ends the process.
 */
#ifndef LOCKSTEP_BENCH_REGRESSION_PROTOCOL_H
#define LOCKSTEP_BENCH_REGRESSION_PROTOCOL_H

#define PROTOCOL_GREETING "lockstep-samples 1 " /* the number of cases follows */
enum { PROTOCOL_TAKE_MAX = 1000 };              /* samples in one request */

#endif
