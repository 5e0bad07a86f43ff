/* Energy of the processor packages, as Linux counts it in its powercap folder (RAPL; kernel
 * documentation, "Power Capping Framework"). Usually root alone may read it. */
#ifndef LOCKSTEP_BENCH_DEVICES_POWERCAP_H
#define LOCKSTEP_BENCH_DEVICES_POWERCAP_H

struct powercap;

/* Where Linux has it. */
extern const char *const powercap_folder;

/* The packages found in `folder`; NULL when there is none whose counter may be read. */
struct powercap *powercap_open(const char *folder);
void powercap_close(struct powercap *powercap); /* NULL is allowed */

/* Joules of all packages since powercap_open(), without memory; NAN when a counter can no longer be
 * read. Ask at least once a minute: a counter that wraps twice between two looks loses a round. */
double powercap_energy(struct powercap *powercap);

#endif
