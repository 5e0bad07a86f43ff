/* One launch line of a block; for line.c and lines.c alone. */
#ifndef LOCKSTEP_BENCH_ADDED_LINE_H
#define LOCKSTEP_BENCH_ADDED_LINE_H

#include "bench/added/lines.h"

/* A block while it is read. */
struct block {
    struct lines *lines;
    struct line_reader reader;
    char copy[1024]; /* the line that the reader reads */
    struct message *message;
    unsigned kinds_read;  /* a bit each of the kinds of lines that there were */
    variant_set variants; /* that the lines are about, since the last `variant` */
};

/* Reads the line that the reader is at the beginning of into block->lines. */
enum status launch_line_read(struct block *block);

#endif
