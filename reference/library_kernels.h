/* Which kernels the libraries picked, held against this processor. Each picks by the processor, or
 * by a variable that is set: OpenBLAS and BLIS then do not ask whether the processor can run them.
 */
#ifndef LOCKSTEP_REFERENCE_LIBRARY_KERNELS_H
#define LOCKSTEP_REFERENCE_LIBRARY_KERNELS_H

#include "common/instruction_set.h"
#include "reference/libraries.h"

#include <stddef.h>

enum { LIBRARY_KERNELS = 3 };
struct library_kernels {
    const char *library, *variable;
    bool (*absent)(void);        /* from this build; a NULL function: never */
    const char *(*picked)(void); /* begins the library, where that is not done at the start */
    gemm_kernel *product; /* to be tried where the variable is set; NULL: the library looks */
    /* "OPENBLAS_CORETYPE=SkylakeX": what makes it run kernels for an instruction set. NULL: nothing
     * makes it run more than it picks. */
    void (*advise)(enum instruction_set set, char *text, size_t size);
};
extern const struct library_kernels library_kernels[LIBRARY_KERNELS];

/* Whether kernels for `picked` leave an instruction set of `best` unused, as those for "Haswell"
 * leave AVX-512. `text` then says what that costs and what to do; `value` is the variable's, NULL
 * where it is not set. Names that are not known leave nothing unused. */
bool library_kernels_lag(const struct library_kernels *library, const char *picked,
                         enum instruction_set best, const char *value, char *text, size_t size);

/* Tries the kernels that a variable's value chose: small products in a child process, for an
 * instruction that the processor lacks ends the process that meets it. STATUS_INVALID names the
 * variable and the remedy; STATUS_FAILED where there can be no child. */
enum status library_kernels_try(const struct library_kernels *library, const char *value,
                                struct message *message);

/* All libraries of this build whose variable is set. */
enum status library_kernels_check(struct message *message);

#endif
