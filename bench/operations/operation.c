/* Look-up and text forms of operations and cases, and launching rows. */
#include "bench/operations/operation.h"
#include "common/narrow.h"
#include "common/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const enum values values_usual[4] = {VALUES_LARGE, VALUES_DENORMAL, VALUES_OUTLIERS,
                                     VALUES_SPECIAL};
const char *const operation_awkward_rows[] = {"1x1",  "1x2",   "17x1",   "3x7",     "5x17",
                                              "33x8", "2x129", "3x1025", "2x50257", NULL};

const struct operation *operation_table_find(const struct operation_table *table,
                                             const char *name) {
    for (int i = 0; i < table->count; i++)
        if (strcmp(table->list[i]->name, name) == 0)
            return table->list[i];
    return NULL;
}

int operation_variant_find(const struct operation *operation, const char *name) {
    for (int i = 0; i < operation->variant_count; i++)
        if (strcmp(operation->variants[i], name) == 0)
            return i;
    return -1;
}

int operation_implementation_find(const struct operation *operation, const char *name) {
    for (int i = 0; i < operation->implementation_count; i++)
        if (strcmp(operation->implementations[i].name, name) == 0)
            return i;
    return -1;
}

bool implementation_has_dtype(const struct implementation *implementation, enum dtype dtype) {
    unsigned dtypes = implementation->dtypes ? implementation->dtypes : DTYPE_BIT(DTYPE_F32);
    return (dtypes & DTYPE_BIT(dtype)) != 0;
}

bool implementation_has_variant(const struct implementation *implementation, int variant) {
    return implementation->variants == 0 || (implementation->variants >> variant & 1) != 0;
}

/* A yardstick computes no result. */
bool operation_has_dtype(const struct operation *operation, enum dtype dtype) {
    for (int i = 0; i < operation->implementation_count; i++)
        if (operation->implementations[i].kind != KIND_YARDSTICK &&
            implementation_has_dtype(&operation->implementations[i], dtype))
            return true;
    return false;
}

double operation_element_count(const struct bench_case *c) {
    return (double)c->sizes[0] * (double)c->sizes[1];
}

void implementation_dtypes(const struct implementation *implementation, char *text, size_t size) {
    int left = 0;
    size_t used = 0;
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++)
        left += implementation_has_dtype(implementation, d);
    text[0] = '\0';
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++) {
        if (!implementation_has_dtype(implementation, d))
            continue;
        left--;
        snprintf(text + used, size - used, "%s%s", dtype_name(d),
                 left > 1    ? ", "
                 : left == 1 ? " and "
                             : "");
        used = strlen(text);
    }
}

static const char *availability_of(const struct implementation *implementation,
                                   const struct bench_case *bench_case) {
    return implementation->availability ? implementation->availability(bench_case) : NULL;
}

bool implementation_is_built(const struct implementation *implementation) {
    return !availability_of(implementation, NULL);
}

void implementation_give_up(const struct implementation *implementation,
                            const struct bench_case *bench_case, const char *reason) {
    char name[256];
    struct message why;
    if (!implementation->hung)
        return;
    case_name(bench_case, name, sizeof name);
    (void)message_set(&why, STATUS_ENDLESS, "not tried again, for it hung in %s: %s", name, reason);
    words_fit(implementation->hung, IMPLEMENTATION_HUNG_BYTES, why.text);
}

bool implementation_can_run(const struct implementation *implementation,
                            const struct bench_case *bench_case, char *reason, size_t size) {
    const char *unavailable = availability_of(implementation, NULL);
    char dtypes[40];
    if (implementation->hung && *implementation->hung) {
        words_fit(reason, size, implementation->hung);
        return false;
    }
    if (!unavailable && !implementation_has_dtype(implementation, bench_case->dtype)) {
        implementation_dtypes(implementation, dtypes, sizeof dtypes);
        snprintf(reason, size, "computes %s only", dtypes);
        return false;
    }
    if (!unavailable && !implementation_has_variant(implementation, bench_case->variant)) {
        snprintf(reason, size, "does not compute %s",
                 bench_case->operation->variants[bench_case->variant]);
        return false;
    }
    if (!unavailable && case_batch(bench_case) > 1 && !implementation->batches) {
        const char *advice = implementation->batches_advice;
        snprintf(reason, size, "takes no batches%s%s", advice ? ": " : "", advice ? advice : "");
        return false;
    }
    if (!unavailable)
        unavailable = availability_of(implementation, bench_case);
    snprintf(reason, size, "%s", unavailable ? unavailable : "");
    return !unavailable;
}

static const struct {
    const char *name;
    double unit_roundoff; /* half the distance from 1 to the next number */
} dtypes[] = {
    [DTYPE_F32] = {"f32", 0x1p-24},
    [DTYPE_TF32] = {"tf32", 0x1p-11},
    [DTYPE_BF16] = {"bf16", 0x1p-8},
    [DTYPE_F16] = {"f16", 0x1p-11},
};

const char *dtype_name(enum dtype dtype) {
    return dtypes[dtype].name;
}

bool dtype_find(const char *name, enum dtype *dtype) {
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++)
        if (strcmp(dtype_name(d), name) == 0) {
            *dtype = d;
            return true;
        }
    return false;
}

double dtype_unit_roundoff(enum dtype dtype) {
    return dtypes[dtype].unit_roundoff;
}

const char *values_name(enum values values) {
    static const char *const names[VALUES_COUNT] = {"uniform",  "large",   "denormal",
                                                    "outliers", "special", "masked"};
    return names[values];
}

bool values_are_finite(enum values values) {
    return values != VALUES_SPECIAL && values != VALUES_MASKED;
}

size_t element_bytes(enum element element) {
    return element == ELEMENT_BF16 || element == ELEMENT_F16 ? 2 : 4;
}

enum element dtype_element_kind(enum dtype dtype) {
    return dtype == DTYPE_BF16  ? ELEMENT_BF16
           : dtype == DTYPE_F16 ? ELEMENT_F16
                                : ELEMENT_F32; /* tf32 too */
}

bool buffer_is_output(const struct buffer_spec *spec) {
    return spec->elements > 0 && (spec->role == BUFFER_OUTPUT || spec->role == BUFFER_IN_OUT);
}

float element_read(const void *data, enum element element, int64_t i) {
    switch (element) {
    case ELEMENT_BF16:
        return bf16_widen(((const uint16_t *)data)[i]);
    case ELEMENT_F16:
        return f16_widen(((const uint16_t *)data)[i]);
    case ELEMENT_F32:
    case ELEMENT_I32: /* never an output */
        break;
    }
    return ((const float *)data)[i];
}

int64_t buffer_row_start(const struct buffer_spec *spec, int64_t row) {
    const int64_t gaps = spec->matrix_rows > 0 ? row / spec->matrix_rows : 0;
    return row * spec->stride + gaps * spec->matrix_gap;
}

struct buffer_spec buffer_matrices(const char *name, enum buffer_role role, int64_t count,
                                   int64_t rows, int64_t columns, int64_t padding) {
    struct buffer_spec spec = {.name = name,
                               .role = role,
                               .element = ELEMENT_F32,
                               .rows = count * rows,
                               .columns = columns,
                               .stride = columns + padding,
                               .matrix_rows = rows,
                               .matrix_gap = padding,
                               .pattern = true};
    spec.elements = buffer_row_start(&spec, spec.rows - 1) + columns;
    return spec;
}

struct buffer_spec buffer_matrix(const char *name, enum buffer_role role, int64_t rows,
                                 int64_t columns, int64_t padding) {
    return buffer_matrices(name, role, 1, rows, columns, padding);
}

enum { PIECE = 4096 };

int64_t buffer_flat_range(int64_t count, int64_t first_row, int64_t rows, int64_t *first) {
    *first = first_row * PIECE;
    int64_t end = (first_row + rows) * PIECE;
    return (end < count ? end : count) - *first;
}

struct buffer_spec buffer_flat(const char *name, enum buffer_role role, int64_t count) {
    return (struct buffer_spec){.name = name,
                                .role = role,
                                .element = ELEMENT_F32,
                                .elements = count,
                                .rows = (count + PIECE - 1) / PIECE,
                                .columns = PIECE,
                                .stride = PIECE,
                                .pattern = true,
                                .is_flat = true};
}

/* The sizes of a text that are joined by x: "MxNxK" has three. */
static int sizes_in(const char *text) {
    int sizes = 1;
    for (const char *c = text; *c; c++)
        sizes += *c == 'x';
    return sizes;
}

static bool has_batch(const struct bench_case *bench_case) {
    const struct operation *operation = bench_case->operation;
    return operation->batches && bench_case->size_count > sizes_in(operation->shape_form);
}

int64_t case_batch(const struct bench_case *bench_case) {
    return has_batch(bench_case) ? bench_case->sizes[bench_case->size_count - 1] : 1;
}

/* A shape as a message shows it: the last, and so the largest, of the first that a preset has. */
static const char *shape_example(const struct operation *operation) {
    if (!operation->preset_lines || !operation->preset_lines[0].preset)
        return operation->awkward_shapes[0];
    const char *shapes = operation->preset_lines[0].shapes;
    const char *last = strrchr(shapes, ' ');
    return last ? last + 1 : shapes;
}

/* The sizes of the operation's form, and a batch before them where it takes one. */
static enum status shape_parse_joined(const char *text, struct bench_case *bench_case,
                                      struct message *message) {
    const char *form = bench_case->operation->shape_form;
    const bool batches = bench_case->operation->batches;
    const bool batch = batches && sizes_in(text) == sizes_in(form) + 1;
    const int wanted = sizes_in(form) + batch;
    const char *position = text;
    for (int i = 0; i < wanted; i++) {
        char *end;
        errno = 0;
        long long size = strtoll(position, &end, 10);
        bool last = i == wanted - 1;
        /* strtoll alone would take signs and leading blanks. */
        bool digits = *position >= '0' && *position <= '9';
        if (!digits || *end != (last ? '\0' : 'x'))
            return message_set(message, STATUS_INVALID,
                               "cannot read shape '%s' for %s: it wants the form %s%s%s, as in %s",
                               text, bench_case->operation->name, form, batches ? " or Bx" : "",
                               batches ? form : "", shape_example(bench_case->operation));
        if (size < 1)
            return message_set(message, STATUS_INVALID,
                               "shape '%s' for %s has a size of %lld; every size must be at "
                               "least 1",
                               text, bench_case->operation->name, size);
        if (errno || size > INT32_MAX)
            return message_set(message, STATUS_INVALID,
                               "shape '%s' for %s has a size of %.*s; no size may exceed %d", text,
                               bench_case->operation->name, (int)(end - position), position,
                               INT32_MAX);
        bench_case->sizes[batch ? (i + wanted - 1) % wanted : i] = size;
        position = end + 1;
    }
    bench_case->size_count = wanted;
    if (batch && bench_case->sizes[wanted - 1] == 1) /* the case without a batch */
        bench_case->sizes[--bench_case->size_count] = 0;
    return STATUS_OK;
}

enum status launch_open(const struct bench_case *bench_case,
                        const struct implementation *implementation, void *const buffers[],
                        struct launch *launch, struct message *message) {
    const struct operation *operation = bench_case->operation;
    const struct implementation_methods *methods = implementation->methods;
    *launch = (struct launch){.kept = NULL};
    operation->bind(bench_case, buffers, launch);
    if (methods)
        return methods->keep ? methods->keep(bench_case, implementation, buffers, launch, message)
                             : STATUS_OK;
    launch->release = operation->release;
    return operation->keep ? operation->keep(implementation, launch, message) : STATUS_OK;
}

void launch_close(struct launch *launch) {
    if (launch->release)
        launch->release(launch);
    launch->kept = NULL;
    launch->release = NULL;
}

enum status launch_run(const struct bench_case *bench_case,
                       const struct implementation *implementation, const struct launch *launch,
                       int64_t iteration, struct execution *execution) {
    if (implementation->methods)
        return implementation->methods->launch(implementation, launch, iteration, execution);
    if (implementation->through)
        return implementation->through(bench_case->operation, implementation, launch, iteration,
                                       execution);
    return bench_case->operation->launch(implementation, launch, iteration, execution);
}

enum status case_shape_parse(const char *shape, struct bench_case *bench_case,
                             struct message *message) {
    if (bench_case->operation->shape_parse)
        return bench_case->operation->shape_parse(shape, bench_case, message);
    return shape_parse_joined(shape, bench_case, message);
}

void case_shape(const struct bench_case *bench_case, char *shape, size_t size) {
    if (bench_case->operation->shape_format) {
        bench_case->operation->shape_format(bench_case, shape, size);
        return;
    }
    const int count = bench_case->size_count, first = has_batch(bench_case) ? count - 1 : 0;
    size_t length = 0;
    shape[0] = '\0';
    for (int i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(shape + length, size - length, "%s%lld", i ? "x" : "",
                                   (long long)bench_case->sizes[(first + i) % count]);
}

void case_name(const struct bench_case *bench_case, char *name, size_t size) {
    char shape[160];
    case_shape(bench_case, shape, sizeof shape);
    snprintf(name, size, "%s/%s/%s/%s", bench_case->operation->name,
             bench_case->operation->variants[bench_case->variant], dtype_name(bench_case->dtype),
             shape);
}

void case_buffers(const struct bench_case *bench_case, struct buffer_spec specs[BUFFERS_MAX]) {
    memset(specs, 0, BUFFERS_MAX * sizeof specs[0]);
    bench_case->operation->describe(bench_case, specs);
}

size_t case_bytes(const struct bench_case *bench_case) {
    struct buffer_spec specs[BUFFERS_MAX];
    case_buffers(bench_case, specs);
    size_t total = 0;
    for (int i = 0; i < BUFFERS_MAX; i++) {
        size_t bytes;
        if (specs[i].elements < 0 ||
            __builtin_mul_overflow((size_t)specs[i].elements, element_bytes(specs[i].element),
                                   &bytes) ||
            __builtin_add_overflow(total, bytes, &total))
            return SIZE_MAX;
    }
    return total;
}
