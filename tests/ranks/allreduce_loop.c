/* MPI_Allreduce in a bare loop, what the rows of lockstep are set beside: a program without
 * lockstep. Prints the seconds of each sample, of the slowest rank. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* In huge pages, as lockstep's: in small ones the same call takes longer. */
static float *array_of(size_t count) {
    enum { HUGE_PAGE = 2 << 20 };
    const size_t bytes = (count * sizeof(float) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    float *array = aligned_alloc(HUGE_PAGE, bytes);
    if (array && madvise(array, bytes, MADV_HUGEPAGE) == 0)
        memset(array, 0, bytes);
    return array;
}

static double sample(const float *in, float *out, int count) {
    double slowest;
    MPI_Barrier(MPI_COMM_WORLD);
    double seconds = -MPI_Wtime();
    MPI_Allreduce(in, out, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    seconds += MPI_Wtime();
    MPI_Allreduce(&seconds, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return slowest;
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    const int count = argc == 3 ? (int)strtol(argv[1], NULL, 10) : 0;
    const int samples = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
    float *in = array_of((size_t)count), *out = array_of((size_t)count);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (count < 1 || samples < 1 || !in || !out)
        MPI_Abort(MPI_COMM_WORLD, 2);
    for (int i = 0; i < count; i++)
        in[i] = (float)(i % 1000) / 1000.0F;
    (void)sample(in, out, count); /* pages are touched, connections opened */
    for (int i = 0; i < samples; i++) {
        const double seconds = sample(in, out, count);
        if (rank == 0)
            printf("%.9f\n", seconds);
    }
    free(in);
    free(out);
    MPI_Finalize();
    return 0;
}
