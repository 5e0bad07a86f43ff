/* Inside a job. For the files of this room alone. */
#ifndef LOCKSTEP_RANKS_STATE_H
#define LOCKSTEP_RANKS_STATE_H

#include "ranks/mpi_api.h"
#include "ranks/ranks.h"

#include <stdatomic.h>
#include <sys/types.h>

/* Who a rank is: for sentences about it, and to see it die. */
struct rank_identity {
    char host[128];
    int64_t process;
    uint64_t kernel; /* equal where process numbers mean the same processes */
};

struct watch;

/* An array in shared memory. */
struct shared_block {
    size_t start, bytes;
};
enum { SHARED_BLOCKS_MAX = 64 };

/* Whether sums that are begun go on while nobody calls MPI. */
enum overlap { OVERLAP_UNKNOWN, OVERLAP_YES, OVERLAP_NO };

/* What MPI sums elements of 16 bits by. */
mpi_add ranks_add_elements;

struct ranks {
    const struct mpi_api *api;
    int number, count;
    struct rank_identity *identities; /* one a rank */
    void (*end)(enum status status, const char *sentence);
    _Atomic(const char *) kept; /* NULL: nothing is kept yet */
    int stopped_seconds;        /* so long a rank may be stopped */
    enum overlap overlap;
    bool overlap_agreed;
    struct ranks_mean waiting; /* that were begun and wait for their end; none of 0 elements */
    bool sharing_found;
    void **segments;     /* that the ranks of this machine share, one each; NULL: none */
    size_t arrays_bytes; /* of each, for arrays */
    /* Of this rank's, in the order of their places. */
    struct shared_block blocks[SHARED_BLOCKS_MAX];
    int block_count;
    unsigned turn;       /* of sums in shared memory */
    bool divided;        /* the last mean */
    struct watch *watch; /* NULL: nobody is watched */
};

/* Whether a launcher started this process, and together with how many; 0: it does not say. */
bool launcher_found(int *count);

/* Loads the library of ranks/mpi. */
enum status mpi_load(const struct mpi_api **api, struct message *message);

/* What LOCKSTEP_OVERLAP says; unknown where it says nothing. */
enum status overlap_read(enum overlap *overlap, struct message *message);

/* MPI's name of a dtype. */
enum mpi_element mpi_element_of(enum dtype dtype);

/* to = from * scale, and to += from * scale. Elements of 16 bits are not multiplied. */
void ranks_take(enum dtype dtype, void *to, const void *from, float scale, int64_t count);
void ranks_add_scaled(enum dtype dtype, void *to, const void *from, float scale, int64_t count);

/* Until arrival_over(), `end` is called where a rank on this machine ends before all have joined.
 * NULL: that cannot be seen here. */
struct arrival *arrival_await(void (*end)(enum status status, const char *sentence));
void arrival_over(struct arrival *arrival); /* NULL is allowed */

/* Watches the other ranks on this machine: where one dies or stays stopped, ranks->end is called
 * with its name. What cannot be watched is left to the launcher. */
void watch_start(struct ranks *ranks);
void watch_stop(struct ranks *ranks);

#endif
