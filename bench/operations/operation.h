/* What an operation is to the harness: its variants, buffers, flops, bytes, oracle and
 * implementations.
 *
 * Each operation is a file of this room that fills one `struct operation`, and a line of
 * operations.def. Everything above reads that table and knows no operation by name. Adding an
 * implementation is one row in its file's table.
 */
#ifndef LOCKSTEP_BENCH_OPERATIONS_OPERATION_H
#define LOCKSTEP_BENCH_OPERATIONS_OPERATION_H

#include "bench/operations/case.h"

enum device_kind { DEVICE_CPU, DEVICE_GPU };

struct implementation;

/* How a row is run that is no function of its operation's signature: one from outside the build
 * (bench/added). */
struct implementation_methods {
    /* Between launch_open and launch_close. May fill launch->kept and launch->release. A status
     * other than STATUS_OK is the reason of the row, as of a launch. NULL: nothing is kept. */
    enum status (*keep)(const struct bench_case *bench_case,
                        const struct implementation *implementation, void *const buffers[],
                        struct launch *launch, struct message *message);
    enum status (*launch)(const struct implementation *implementation, const struct launch *launch,
                          int64_t iteration, struct execution *execution);
    /* Runs `iterations` from number `first` on, over the launches in turn, and gives the seconds
     * that they took by a clock of its own. NULL: launch is called, and the device's clock
     * asked. */
    enum status (*batch)(const struct implementation *implementation, const struct launch *launches,
                         int launch_count, int64_t first, int64_t iterations, double *seconds,
                         struct execution *execution);
};

/* Sets of dtypes are made of these bits. */
#define DTYPE_BIT(dtype) (1u << (dtype))
#define DTYPES_ALL                                                                                 \
    (DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_TF32) | DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16))
/* Of an implementation in f32: operands that are not rounded are within the tolerance of tf32. */
#define DTYPES_IN_F32 (DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_TF32))

/* What an implementation is in a contest. */
enum implementation_kind {
    KIND_RUNG,    /* this project's own; the default */
    KIND_PLAIN,   /* a rung to be read, for teaching: it gets the case's time and no more */
    KIND_LIBRARY, /* another's; on the emulated GPU it takes part only when it is named */
    /* No implementation of the operation: the part of the work that none can avoid (the copy
     * behind an activation, the GEMMs inside a step), on the same buffers, sampled in turn with
     * the rest. It is run on request, never verified, and never counted in a speedup. */
    KIND_YARDSTICK
};

/* A function of any operation's signature, until its operation's `launch` casts it back. */
typedef void row_function(void);

/* The `run` of a row of that operation; a function of another signature does not compile. */
#define RUN(operation, function)                                                                   \
    _Generic((function), operation##_kernel * : (row_function *)(function))

struct implementation {
    const char *name;
    /* Where to read it, from the repository's root: the kernel of a rung, the file that calls a
     * library, or the file that puts others together. */
    const char *file;
    enum implementation_kind kind;
    const char *summary;
    /* A rung of a ladder (plain to fast): what it adds to the rung before it in the table, in a few
     * words, or NULL. `lockstep list implementations` and the report's ladders show it. */
    const char *adds;
    enum device_kind device;
    /* Bits of the dtypes that it computes; none: f32 alone. In a case of another dtype it takes
     * part only when it is asked for by name, as a skipped row. */
    unsigned dtypes;
    /* Bits of the variants that it computes; none: all. In a case of another one it takes part only
     * when it is asked for by name, as a skipped row. */
    uint64_t variants;
    bool one_thread;            /* runs on one thread whatever is asked */
    bool over_ranks;            /* computes one result together with all ranks of a job */
    bool without_link;          /* and, on one machine, no messages: the link is no ceiling of it */
    bool batches;               /* takes cases of a batch; others skip them */
    const char *batches_advice; /* what would make it take them; NULL: nothing is known */
    row_function *run;          /* RUN(); NULL where `own` says it all */
    const struct implementation_methods *methods; /* instead of `run`; NULL: there are none */
    const void *own; /* what the methods, or the operation, run it by */
    bool added;      /* from outside the build: `file` is where it came from */
    /* Calls the operation's `launch` for the row; NULL: nothing stands between. */
    enum status (*through)(const struct operation *operation,
                           const struct implementation *implementation, const struct launch *launch,
                           int64_t iteration, struct execution *execution);
    /* Of an added row, IMPLEMENTATION_HUNG_BYTES: why it is not tried again; empty: it is. */
    char *hung;
    /* Multiplies what stands in an output by 0 where it should not read it (beta = 0): the poison
     * of a checked launch is finite there, since NaN would survive. */
    bool reads_outputs;
    /* What a library picked for this processor ("haswell"); NULL where there is nothing to pick.
     * Stands in the row's reason. */
    const char *(*configuration)(void);
    /* Why it cannot do the case (a fused bias), or NULL when it can; dtypes are said above. For a
     * NULL case: why it can do none in this build, where it takes part only when it is asked for by
     * name, as a skipped row. A NULL function: it can do all. */
    const char *(*availability)(const struct bench_case *bench_case);
    /* Of a yardstick, instead of all these. */
    enum status (*yardstick)(const struct launch *launch, int64_t iterations,
                             struct execution *execution);
    /* Of a yardstick: what it moves and computes. NULL: as the operation. */
    double (*bytes)(const struct bench_case *bench_case);
    double (*flops)(const struct bench_case *bench_case);
};

/* What an oracle may look at. */
struct oracle_view {
    const struct bench_case *bench_case;
    const struct launch *launch; /* bound to `before`: host memory, as it was before the launch */
    void *const *before;         /* a pointer a buffer */
    void *const *after;          /* what the implementation left, in host memory */
    void *state;                 /* from oracle_open, or NULL */
    int64_t iteration;           /* that was launched */
    const struct implementation *implementation; /* that was launched, and with whom; for … */
    struct ranks *ranks;                         /* … oracle_open, which all ranks call at once */
};

/* A member of the operation's problem, as launch lines of a kernel from outside may name it
 * (docs/own-kernel.md). */
enum argument_kind {
    ARGUMENT_POINTER,
    ARGUMENT_WHOLE, /* int64_t */
    ARGUMENT_REAL,  /* float */
    ARGUMENT_FLAG,  /* bool */
    ARGUMENT_CODE   /* an enum */
};
struct operation_argument {
    const char *name;
    enum argument_kind kind;
    size_t offset; /* in the problem */
};
/* A member of struct NAME_problem, whose type chooses the kind. A type has no parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define ARGUMENT(name, member)                                                                     \
    {                                                                                              \
#        member,                                                                                   \
            _Generic(((struct name##_problem *)0)->member, int64_t                                 \
                     : ARGUMENT_WHOLE, float                                                       \
                     : ARGUMENT_REAL, bool                                                         \
                     : ARGUMENT_FLAG, unsigned                                                     \
                     : ARGUMENT_CODE, default                                                      \
                     : ARGUMENT_POINTER),                                                          \
            offsetof(struct name##_problem, member)                                                \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/* What the rows of an operation are plotted as. */
enum rate_kind {
    RATE_BYTES,        /* GB/s over bytes: memory bounds it */
    RATE_FLOPS,        /* GFLOP/s over the size of square cases */
    RATE_FLOPS_OF_CASE /* GFLOP/s case by case: no size says what a case is */
};

/* Parts of an iteration that are plotted as one. */
struct part_kind {
    const char *label;
    const char *style;     /* in reports/style.gp */
    const char *starts[2]; /* what the names of such parts begin with */
    bool between_ranks;    /* moves data between ranks, and nothing is computed meanwhile */
};
enum { PART_KINDS_MAX = 8, PART_NAME_BYTES = 32 };

/* The parts of one iteration, each one kernel call. */
struct operation_parts {
    int most;          /* that an iteration may have */
    size_t plan_bytes; /* of a plan, which owns nothing */
    /* Fills the plan of an iteration; how many parts it has. */
    int (*plan)(const struct launch *launch, int64_t iteration, void *plan);
    const char *(*name)(const void *plan, int part); /* below PART_NAME_BYTES */
    enum status (*run)(const void *plan, int part, const struct implementation *implementation,
                       struct execution *execution);
    /* In the order in which plots stack them. A part is of the first kind that fits its name. */
    const struct part_kind *kinds;
    int kind_count;
};

/* Cases of a preset (bench/selection/presets.c): the variants as a comma-separated list, the shapes
 * separated by spaces, from small to large: an implementation's time on a shape is predicted from
 * the ones before. */
struct preset_line {
    const char *preset, *variants, *shapes;
};

/* How an operation launches rows that are functions of its signature: NAME_launch(). */
#define OPERATION_LAUNCH(name)                                                                     \
    static enum status name##_launch(const struct implementation *implementation,                  \
                                     const struct launch *launch, int64_t iteration,               \
                                     struct execution *execution) {                                \
        name##_kernel *function = (name##_kernel *)implementation->run;                            \
        (void)iteration;                                                                           \
        return function(name##_problem_of(launch), execution);                                     \
    }

struct operation {
    const char *name;
    const char *summary;
    const char *shape_form;      /* "MxNxK" */
    bool batches;                /* or a batch of them, "BxMxNxK" */
    const char *const *variants; /* names; the index is the operation's own code */
    int variant_count;
    const struct implementation *implementations;
    int implementation_count;

    /* What launch lines may name; none: the operation takes no kernels by launch lines. */
    const struct operation_argument *arguments;
    int argument_count;
    size_t problem_bytes; /* of the struct that they are in */

    const struct preset_line
        *preset_lines; /* the last one without a preset; NULL: there are none */

    /* For `lockstep verify`: shapes (NULL-terminated) and values to go through. */
    const char *const *awkward_shapes;
    const enum values *special_values;
    int special_values_count;
    const struct settings *settings; /* alpha, beta and padding to go through; none: the defaults */
    int settings_count;

    /* Reads the text of a shape into sizes, and back. NULL: sizes joined by x as in shape_form. */
    enum status (*shape_parse)(const char *text, struct bench_case *bench_case,
                               struct message *message);
    void (*shape_format)(const struct bench_case *bench_case, char *text, size_t size);

    /* Fills the specs of the buffers that the case has. The others come zeroed: NULL pointers. */
    void (*describe)(const struct bench_case *bench_case, struct buffer_spec specs[BUFFERS_MAX]);
    /* Fills what the pattern does not (labels, kept outputs, parameters). NULL: nothing is left. */
    void (*prepare)(const struct bench_case *bench_case, void *const buffers[]);
    void (*bind)(const struct bench_case *bench_case, void *const buffers[], struct launch *launch);
    enum status (*launch)(const struct implementation *implementation, const struct launch *launch,
                          int64_t iteration, struct execution *execution);
    /* Makes and frees what an implementation keeps from one launch of the same arguments to the
     * next. Both NULL: nothing. */
    enum status (*keep)(const struct implementation *implementation, struct launch *launch,
                        struct message *message);
    void (*release)(struct launch *launch);
    /* Behind a launch, where all ranks need all outputs: what an implementation over ranks has left
     * in parts. All ranks call it. NULL: nothing is left so. */
    void (*settle)(const struct launch *launch, struct ranks *ranks);
    /* Moves data between ranks: a preset has it for several of them alone, and what bounds it is
     * how fast they pass data on. */
    bool between_ranks;
    /* Makes a shape that is one rank's into that of so many together. NULL: it stays. */
    void (*scale)(struct bench_case *bench_case, int ranks);
    bool restore_each_sample; /* in-out buffers are restored (untimed) before every sample */

    double (*flops)(const struct bench_case *bench_case); /* one iteration */
    double (*bytes)(const struct bench_case *bench_case); /* the least that must move */
    /* What each rank of a row over ranks must at least send to others. NULL: `bytes`. */
    double (*sent)(const struct bench_case *bench_case);

    /* Expected values and tolerances of rows [first_row, first_row + rows) of buffer `buffer`,
     * packed row by row. NaN with an infinite tolerance marks an element of any value. */
    void (*expect)(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                   double *expected, double *tolerance);
    /* Flops of one oracle row; NULL: cheap. */
    double (*row_cost)(const struct bench_case *bench_case);
    /* State that the oracle needs, opened for every launch with what it left; both NULL: no state.
     * A NULL result of oracle_open is out of memory. */
    void *(*oracle_open)(const struct oracle_view *view);
    void (*oracle_close)(void *state);
    /* Checks the whole output when only some rows were compared: the worst error over its bound,
     * which passes up to 1. */
    double (*probe)(const struct oracle_view *view);

    const struct operation_parts *parts; /* NULL where an iteration has no parts */
    enum rate_kind rate;
    const struct tuner *tuner; /* bench/operations/tuner.h; NULL where there is nothing to choose */
};

/* What every operation's table begins with: its name, the lists that its file has under these
 * names, and the functions that are named after it. */
#define OPERATION_OF(operation)                                                                    \
    .name = #operation, .variants = variants,                                                      \
    .variant_count = sizeof variants / sizeof variants[0], .implementations = implementations,     \
    .implementation_count = sizeof implementations / sizeof implementations[0],                    \
    .describe = operation##_describe, .bind = operation##_bind, .launch = operation##_launch,      \
    .flops = operation##_flops, .bytes = operation##_bytes, .expect = operation##_expect

/* Of one whose problem added kernels can be given: its members, by name. */
#define OPERATION_ARGUMENTS(operation)                                                             \
    .arguments = arguments, .argument_count = sizeof arguments / sizeof arguments[0],              \
    .problem_bytes = sizeof(struct operation##_problem)

#define OPERATION_SPECIAL_VALUES(list)                                                             \
    .special_values = (list), .special_values_count = sizeof(list) / sizeof((list)[0])

/* Large, denormal, outliers, and special: what most operations are verified on. */
extern const enum values values_usual[4];
/* Of operations over rows: around what a warp and a block hold, and as wide as a vocabulary. */
extern const char *const operation_awkward_rows[];

/* Operations in the order in which they are listed and run. */
struct operation_table {
    const struct operation *const *list;
    int count;
};
/* NULL where there is none of that name. */
const struct operation *operation_table_find(const struct operation_table *table, const char *name);

int operation_variant_find(const struct operation *operation, const char *name);
int operation_implementation_find(const struct operation *operation, const char *name);
/* Whether it computes that dtype; an operation does when one of its implementations does. */
bool implementation_has_dtype(const struct implementation *implementation, enum dtype dtype);
bool operation_has_dtype(const struct operation *operation, enum dtype dtype);

/* Of a case whose sizes are rows and columns. */
double operation_element_count(const struct bench_case *c);
bool implementation_has_variant(const struct implementation *implementation, int variant);
/* "f32", "tf32 and bf16", "f32, tf32, bf16 and f16"; cut at `size`. */
void implementation_dtypes(const struct implementation *implementation, char *text, size_t size);
/* Says of an added row that it hung in that case. */
enum { IMPLEMENTATION_HUNG_BYTES = 400 };
void implementation_give_up(const struct implementation *implementation,
                            const struct bench_case *bench_case, const char *reason);
/* Whether this build has what it calls. */
bool implementation_is_built(const struct implementation *implementation);
/* Whether it can run the case; else `reason` says why: the build, the dtype, or the case itself. */
bool implementation_can_run(const struct implementation *implementation,
                            const struct bench_case *bench_case, char *reason, size_t size);
/* The arguments of launches of one implementation on these buffers, and what it keeps between
 * them; closed before the device is reset or closed. On failure there is nothing to close. */
enum status launch_open(const struct bench_case *bench_case,
                        const struct implementation *implementation, void *const buffers[],
                        struct launch *launch, struct message *message);
void launch_close(struct launch *launch);
/* One launch of the row: by its own methods, else by the operation. */
enum status launch_run(const struct bench_case *bench_case,
                       const struct implementation *implementation, const struct launch *launch,
                       int64_t iteration, struct execution *execution);

#endif
