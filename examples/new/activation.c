/* ReLU of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify activation --add ./mine.so
 */
#include <lockstep/implementation.h>

static const struct lockstep_calls *calls;

/* Forward: max(input + bias, 0), and a NaN is kept. Backward: dy where the kept y is above 0, and
 * the sums of its columns where there is a bias. */
static enum status mine(const struct activation_problem *p, struct execution *execution) {
    if (p->function != ACTIVATION_RELU)
        return calls->refuse(execution, STATUS_UNSUPPORTED, "computes relu alone");
    for (int64_t c = 0; p->dbias && c < p->columns; c++)
        p->dbias[c] = 0.0f;
    for (int64_t i = 0; i < p->rows * p->columns; i++) {
        const int64_t column = i % p->columns;
        const float z = p->bias && !p->backward ? p->input[i] + p->bias[column] : p->input[i];
        if (p->backward)
            p->output[i] = z > 0.0f ? p->dy[i] : 0.0f;
        else
            p->output[i] = z < 0.0f ? 0.0f : z;
        if (p->dbias)
            p->dbias[column] += p->output[i];
    }
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "activation",
                                            .name = "mine",
                                            .summary = "ReLU, one element after the other",
                                            .one_thread = true,
                                            .run.activation = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY_CALLING(rows, &calls);
