/* Training with rows of a shared library: `lockstep train --add mine.so`. */
#include "tests/support/calling.h"
#include "tests/support/compiling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "#include <lockstep/implementation.h>\n"
/* As cpu-naive adds up, times `scale`. */
#define PRODUCT(scale)                                                                             \
    "static enum status product(const struct gemm_problem *p, struct execution *e) {\n"            \
    "    const float *a = p->a, *b = p->b;\n"                                                      \
    "    (void)e;\n"                                                                               \
    "    for (int64_t i = 0; i < p->m; i++)\n"                                                     \
    "        for (int64_t j = 0; j < p->n; j++) {\n"                                               \
    "            float sum = 0;\n"                                                                 \
    "            for (int64_t l = 0; l < p->k; l++)\n"                                             \
    "                sum += a[p->variant == GEMM_TN ? l * p->lda + i : i * p->lda + l] *\n"        \
    "                       b[p->variant == GEMM_NT ? j * p->ldb + l : l * p->ldb + j];\n"         \
    "            p->c[i * p->ldc + j] = " scale " * p->alpha * sum;\n"                             \
    "        }\n"                                                                                  \
    "    return STATUS_OK;\n"                                                                      \
    "}\n"
#define ROW(operation, name, function)                                                             \
    "{.operation = \"" operation "\", .name = \"" name "\", .summary = \"s\", .run." operation     \
    " = " function "}"
#define TABLE(rows)                                                                                \
    "static const struct lockstep_row rows[] = {" rows "};\n"                                      \
    "const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);\n"

#define TRAIN                                                                                      \
    "train", "--data", "synthetic", "--layers", "12-8-4", "--epochs", "1", "--threads", "1",       \
        "--implementation", "cpu-naive"

/* The loss of the only epoch. */
static char *loss_of(const char *folder) {
    char name[80];
    snprintf(name, sizeof name, "%s/training.csv", folder);
    char *text = temporary_text(&here.place, name);
    assert_non_null(text);
    const char *line = strchr(text, '\n');
    assert_non_null(line);
    char loss[64] = "";
    assert_int_equal(sscanf(line + 1, "%*[^,],%*[^,],%63[^,]", loss), 1);
    free(text);
    char *copy = strdup(loss);
    assert_non_null(copy);
    return copy;
}

TEST_IN_PLACE(a_row_does_its_part_of_the_network) {
    compile_library_text(&here.place, "mine",
                         HEAD PRODUCT("1.0f") TABLE(ROW("gemm", "mine", "product")));
    compile_library_text(&here.place, "half",
                         HEAD PRODUCT("0.5f") TABLE(ROW("gemm", "half", "product")));
    struct call alone = CALL(TRAIN, "--out", "alone");
    struct call mine = CALL(TRAIN, "--out", "mine", "--add", "mine.so");
    struct call half = CALL(TRAIN, "--out", "half", "--add", "half.so");
    check_status(&alone, 0);
    check_status(&mine, 0);
    check_status(&half, 0);
    check_holds(mine.out, "cpu-naive+mine on ");
    char *losses[] = {loss_of("alone"), loss_of("mine"), loss_of("half")};
    assert_string_equal(losses[1], losses[0]);
    assert_string_not_equal(losses[2], losses[0]);
    for (int i = 0; i < 3; i++)
        free(losses[i]);
    call_free(&alone);
    call_free(&mine);
    call_free(&half);
}

static void check_refused(const char *name, const char *text, const char *words) {
    char file[80];
    compile_library_text(&here.place, name, text);
    snprintf(file, sizeof file, "%s.so", name);
    struct call call = CALL(TRAIN, "--out", "run", "--add", file);
    check_status(&call, 2);
    check_holds(call.err, words);
    check_holds(call.err, file);
    call_free(&call);
}

TEST_IN_PLACE(what_cannot_train_is_refused) {
    check_refused("twice",
                  HEAD PRODUCT("1.0f")
                      TABLE(ROW("gemm", "one", "product") ", " ROW("gemm", "two", "product")),
                  "another row does its part already");
    check_refused("copies",
                  HEAD "static enum status copy(const struct transfer_problem *p,"
                       " struct execution *e) { (void)p; (void)e; return STATUS_OK; }\n" TABLE(
                           ROW("transfer", "copies", "copy")),
                  "no part of a network is transfer");
    check_refused("gpu",
                  HEAD PRODUCT("1.0f")
                      TABLE("{.operation = \"gemm\", .name = \"gpu\", .summary = \"s\","
                            " .gpu = true, .run.gemm = product}"),
                  "it is of the GPU and cpu-naive of the other");
    compile_library_text(&here.place, "mine",
                         HEAD PRODUCT("1.0f") TABLE(ROW("gemm", "mine", "product")));
    check_call(CALL(TRAIN, "--gpu", "emulated", "--out", "run", "--add", "mine.so"), 2, NULL,
               "cpu-naive+mine trains on the CPU, and --gpu emulated names a GPU");
    check_call(CALL(TRAIN, "--dtype", "bf16", "--out", "run", "--add", "mine.so"), 2, NULL,
               "it does not compute bf16");
}

TEST_IN_PLACE(launch_lines_cannot_train) {
    temporary_write(&here.place, "mine.cu",
                    "/* lockstep\n * operation gemm\n * kernel mine\n * grid 1\n * block 1\n"
                    " * args M\n */\n__global__ void mine(int m) {}\n");
    check_call(CALL(TRAIN, "--out", "run", "--add", "mine.cu"), 2, NULL,
               "launch lines and processes have none");
}
