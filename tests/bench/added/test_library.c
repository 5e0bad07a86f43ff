/* Rows of shared libraries: what `--add mine.so` takes, and what it refuses before anything is
 * timed. */
#include "bench/added/added.h"
#include "bench/operations/operations.h"
#include "tests/support/calling.h"
#include "tests/support/compiling.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "#include <lockstep/implementation.h>\n#include <stdlib.h>\n"
#define COPY                                                                                       \
    "static enum status copy(const struct transfer_problem *p, struct execution *e) {\n"           \
    "    (void)e;\n"                                                                               \
    "    for (int64_t i = 0; i < p->count; i++)\n"                                                 \
    "        p->out[i] = p->variant == TRANSFER_COPY ? p->a[i] : p->a[i] + p->scale * p->b[i];\n"  \
    "    return STATUS_OK;\n"                                                                      \
    "}\n"
#define TABLE(operation, name)                                                                     \
    "static const struct lockstep_row rows[] = {{.operation = \"" operation "\", .name = \"" name  \
    "\", .summary = \"s\", .run.transfer = copy}};\n"                                              \
    "const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);\n"

/* The library is refused with that exit status and those words, and nothing was run. */
static void check_refused(const char *name, const char *text, int status, const char *words) {
    char file[80];
    compile_library_text(&here.place, name, text);
    snprintf(file, sizeof file, "%s.so", name);
    struct call call = CALL("run", "transfer", "--shape", "17", "--gpu", "none", "--out", "run",
                            "--quick", "--add", file);
    check_status(&call, status);
    check_holds(call.err, words);
    check_holds(call.err, file);
    assert_string_equal(call.out, "");
    call_free(&call);
}

TEST_IN_PLACE(an_added_row_is_verified_and_listed) {
    compile_library_text(&here.place, "mine", HEAD COPY TABLE("transfer", "mine"));
    struct call verified = CALL("verify", "transfer", "--gpu", "none", "--add", "mine.so");
    check_status(&verified, 0);
    check_holds(verified.out, "mine ");
    assert_null(strstr(verified.out, "cpu-simd"));
    call_free(&verified);
    check_call(CALL("list", "implementations", "--add", "mine.so"), 0, "added from mine.so", NULL);
}

TEST_IN_PLACE(an_added_row_is_run_beside_the_others) {
    compile_library_text(&here.place, "mine", HEAD COPY TABLE("transfer", "mine"));
    struct call call = CALL("run", "transfer", "--shape", "1025", "--gpu", "none", "--quick",
                            "--max-time", "0.05", "--out", "run", "--add", "yours=mine.so");
    check_status(&call, 0);
    check_holds(call.out, "yours ");
    check_holds(call.out, "cpu-simd ");
    call_free(&call);
    char *environment = temporary_text(&here.place, "run/environment.json");
    assert_non_null(environment);
    check_holds(environment, "\"added\"");
    check_holds(environment, "\"file\":\t\"mine.so\"");
    free(environment);
}

/* Only one that says so gets a batch. */
TEST_IN_PLACE(rows_of_batches_say_so) {
    compile_library_text(
        &here.place, "products",
        HEAD "#include \"common/gemm_batch.h\"\n"
             "static enum status one(const struct gemm_problem *p, struct execution *e) {\n"
             "    (void)e;\n"
             "    for (int64_t i = 0; i < p->m; i++)\n"
             "        for (int64_t j = 0; j < p->n; j++) {\n"
             "            float sum = 0;\n"
             "            for (int64_t l = 0; l < p->k; l++)\n"
             "                sum += ((const float *)p->a)[i * p->lda + l] *\n"
             "                       ((const float *)p->b)[l * p->ldb + j];\n"
             "            p->c[i * p->ldc + j] = sum;\n"
             "        }\n"
             "    return STATUS_OK;\n"
             "}\n"
             "static enum status all(const struct gemm_problem *p, struct execution *e) {\n"
             "    return gemm_each(p, one, e);\n"
             "}\n"
             "static const struct lockstep_row rows[] = {\n"
             "    {.operation = \"gemm\", .name = \"one\", .summary = \"s\", .run.gemm = one},\n"
             "    {.operation = \"gemm\", .name = \"all\", .summary = \"s\", .batches = true,\n"
             "     .run.gemm = all}};\n"
             "const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);\n");
    struct call call = CALL("run", "gemm", "--case", "gemm/nn/*", "--shape", "3x4x5x6", "--gpu",
                            "none", "--quick", "--max-time", "0.05", "--threads", "1", "--out",
                            "run", "--implementation", "one,all", "--add", "products.so");
    check_status(&call, 0);
    check_holds(call.out, "skipped: takes no batches");
    check_holds(call.out, "2 rows: 1 measured, 1 skipped, 0 failed; 1 verified");
    call_free(&call);
}

TEST_IN_PLACE(a_wrong_result_is_exit_1) {
    compile_library_text(&here.place, "wrong",
                         HEAD "static enum status copy(const struct transfer_problem *p,"
                              " struct execution *e) { (void)e;"
                              " for (int64_t i = 0; i + 1 < p->count; i++) p->out[i] = p->a[i];"
                              " return STATUS_OK; }\n" TABLE("transfer", "wrong"));
    struct call call = CALL("verify", "transfer", "--gpu", "none", "--add", "wrong.so");
    check_status(&call, 1);
    check_holds(call.out, "FAILED transfer/copy/f32/1 wrong on cpu");
    check_holds(call.out, "out[0,0] is nan");
    call_free(&call);
}

TEST_IN_PLACE(names_that_exist_are_refused) {
    check_refused("taken", HEAD COPY TABLE("transfer", "cpu-simd"), 2,
                  "transfer has an implementation 'cpu-simd' already");
    check_refused("comma", HEAD COPY TABLE("transfer", "a,b"), 2, "cannot be a row's name");
    compile_library_text(&here.place, "mine", HEAD COPY TABLE("transfer", "mine"));
    check_call(CALL("list", "--add", "mine.so", "--add", "mine.so"), 2, NULL, "already");
}

TEST_IN_PLACE(tables_that_cannot_be_are_refused) {
    check_refused("missing", "int something;\n", 2, "has no symbol lockstep_library");
    check_refused("version",
                  HEAD "const struct lockstep_library lockstep_library = {.version = 7};\n", 2,
                  "compiled for version 7 of lockstep/implementation.h and this is version 2");
    check_refused("convolution", HEAD COPY TABLE("convolution", "mine"), 2,
                  "there is no operation 'convolution'");
    check_refused("network", HEAD COPY TABLE("mlp", "mine"), 2,
                  "mlp is made of other operations' kernels");
    check_refused("none",
                  HEAD "static const struct lockstep_row rows[] = {{.operation = \"transfer\"}};\n"
                       "const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);\n",
                  2, "row 0 of lockstep_library lacks");
}

#define AT_LOAD(what) HEAD "__attribute__((constructor)) static void load(void) { " what " }\n"

TEST_IN_PLACE(what_happens_at_load_is_named) {
    check_refused("crash", AT_LOAD("*(volatile int *)16 = 1;"), 3,
                  "loading it was ended by signal 11");
    check_refused("abort", AT_LOAD("abort();"), 3, "loading it was ended by signal 6");
    check_refused("exit", AT_LOAD("exit(0);"), 3, "loading it ended its process by exit()");
    check_refused("hang", AT_LOAD("for (;;) ;"), 3, "loading it did not end within");
}

/* A row that does `what` ends `verify` with 3, and a sentence that holds `words`. */
static void check_ends(const char *name, const char *what, const char *words) {
    char text[1024], file[64];
    snprintf(text, sizeof text,
             HEAD "static enum status copy(const struct transfer_problem *p, struct execution *e) "
                  "{ (void)p; (void)e; %s }\n" TABLE("transfer", "ends"),
             what);
    snprintf(file, sizeof file, "%s.so", name);
    compile_library_text(&here.place, name, text);
    struct call call = CALL("verify", "transfer", "--gpu", "none", "--add", file);
    check_status(&call, 3);
    check_holds(call.err, words);
    check_holds(call.err, file);
    call_free(&call);
}

TEST_IN_PLACE(a_row_that_ends_the_process_is_told) {
    check_ends("exit", "exit(0);", "has ended the process by exit(0)");
    check_ends("exit", "exit(0);", "the process has ended with status 0 of its own");
    check_ends("unseen", "extern void _exit(int); _exit(0);", "has ended with status 0 of its own");
    check_ends("crash", "*(volatile int *)16 = 1; return STATUS_OK;", "ended by signal 11");
}

static void errors_join_output(void) {
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        abort();
}

/* As of `lockstep … 2>&1`, where rows that fail say something, and the output takes more than a
 * buffer. */
TEST_IN_PLACE(messages_stand_between_lines) {
    enum { ROWS = 16, BUFFER = 4096 };
    char text[4096] = HEAD "#include <stdio.h>\n"
                           "static enum status copy(const struct transfer_problem *p, "
                           "struct execution *e) { (void)p; (void)e; fputs(\"said\\n\", stderr); "
                           "return STATUS_OK; }\nstatic const struct lockstep_row rows[] = {\n";
    for (int i = 0; i < ROWS; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used,
                 "{.operation = \"transfer\", .name = \"says-%d\", .summary = \"s\", "
                 ".run.transfer = copy},\n",
                 i);
    }
    const size_t used = strlen(text);
    snprintf(text + used, sizeof text - used,
             "};\nconst struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);\n");
    compile_library_text(&here.place, "says", text);
    static const char *const words[] = {"verify", "transfer", "--gpu",   "none", "--threads",
                                        "1",      "--add",    "says.so", NULL};
    struct call call =
        call_start(&here, words, &(struct call_limits){.prepare = errors_join_output});
    call_wait(&here, &call);
    check_status(&call, 1);
    assert_true(strlen(call.err) > (size_t)2 * BUFFER);
    assert_true(text_count(call.err, "said\n") > ROWS);
    for (const char *at = strstr(call.err, "said\n"); at; at = strstr(at + 1, "said\n"))
        assert_true(at == call.err || at[-1] == '\n');
    call_free(&call);
}

/* As of `lockstep … | head -1`. */
TEST_IN_PLACE(a_reader_that_has_gone_is_no_fault_of_a_row) {
    compile_library_text(&here.place, "mine", HEAD COPY TABLE("transfer", "mine"));
    char command[2 * PATH_MAX];
    snprintf(
        command, sizeof command,
        "cd %s && %s verify transfer --gpu none --add mine.so 2>said | true; ! grep -q row said",
        here.place.path, here.program);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) of a test's own words */
}

TEST_IN_PLACE(a_status_that_is_none_is_named) {
    compile_library_text(
        &here.place, "none",
        HEAD "static enum status copy(const struct transfer_problem *p,"
             " struct execution *e) { (void)p; (void)e; return 99; }\n" TABLE("transfer", "none"));
    check_call(CALL("verify", "transfer", "--gpu", "none", "--add", "none.so"), 1,
               "it returned 99, which is no status", NULL);
}

/* Neither what it prints nor what it writes, at any time, is taken for the command's own. */
TEST_IN_PLACE(what_a_library_prints_is_no_answer) {
    compile_library_text(
        &here.place, "chats",
        HEAD "#include <stdio.h>\n#include <unistd.h>\n"
             "__attribute__((constructor)) static void load(void) { printf(\"at load\\n\"); }\n"
             "static enum status copy(const struct transfer_problem *p, struct execution *e) {\n"
             "    (void)e;\n    printf(\"printed\\n\");\n"
             "    if (write(1, \"written\\n\", 8) != 8) return STATUS_FAILED;\n"
             "    for (int64_t i = 0; i < p->count; i++)\n        p->out[i] = p->a[i];\n"
             "    return STATUS_OK;\n}\n" TABLE("transfer", "chats"));
    struct call call = CALL("run", "--case", "transfer/copy/f32/17", "--gpu", "none", "--threads",
                            "1", "--quick", "--max-time", "0.02", "--implementation", "chats",
                            "--out", "run", "--json", "--add", "chats.so");
    check_status(&call, 0);
    assert_int_equal(call.out[0], '[');
    assert_null(strstr(call.out, "printed"));
    assert_null(strstr(call.out, "written"));
    assert_null(strstr(call.out, "at load"));
    check_holds(call.err, "printed\n");
    check_holds(call.err, "written\n");
    check_holds(call.err, "at load\n");
    call_free(&call);
}

TEST_IN_PLACE(what_is_no_library_is_refused) {
    temporary_write(&here.place, "text.so", "not a library");
    check_call(CALL("list", "--add", "text.so"), 2, NULL, "cannot load");
    check_call(CALL("list", "--add", "nowhere.so"), 2, NULL, "nowhere.so");
    check_call(CALL("list", "--add", "mine.rs"), 2, NULL, "cannot add 'mine.rs'");
}

TEST_IN_PLACE(a_file_that_changes_is_named) {
    struct message message = {""};
    struct added *added = NULL;
    compile_library_text(&here.place, "mine", HEAD COPY TABLE("transfer", "mine"));
    char path[512];
    snprintf(path, sizeof path, "%s", temporary_path(&here.place, "mine.so"));
    const struct added_list list = {{path}, 1};
    if (added_open(&list, &added, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(added_check_unchanged(added, &message), STATUS_OK);
    compile_library_text(&here.place, "mine", HEAD COPY TABLE("transfer", "other"));
    assert_int_equal(added_check_unchanged(added, &message), STATUS_FAILED);
    check_holds(message.text, "changed while it was in use");
    added_close(added);
}

TEST_IN_PLACE(a_new_library_of_each_operation_verifies) {
    for (int o = 0; o < operation_count; o++) {
        const char *operation = operations[o]->name;
        char source[64], path[512], library[512];
        if (operations[o]->argument_count == 0)
            continue;
        snprintf(source, sizeof source, "%s.c", operation);
        check_call(CALL("new", operation, source), 0, NULL, NULL);
        snprintf(path, sizeof path, "%s", temporary_path(&here.place, source));
        snprintf(library, sizeof library, "%s", temporary_path(&here.place, "new.so"));
        compile_library(path, library);
        check_call(CALL("verify", operation, "--gpu", "none", "--add", "new.so"), 0, " passed",
                   NULL);
    }
}

TEST_IN_PLACE(the_example_verifies) {
    char library[512];
    snprintf(library, sizeof library, "%s", temporary_path(&here.place, "online_softmax.so"));
    compile_library("examples/online_softmax.c", library);
    check_call(CALL("verify", "softmax", "--gpu", "none", "--add", "online_softmax.so"), 0,
               "45 passed", NULL);
}

/* A row of the GPU loads an image, and launches by the calls that it is given. */
TEST_IN_PLACE(a_row_of_the_gpu_launches_by_calls) {
    compile_library_text(
        &here.place, "gpu",
        HEAD
        "static const char ptx[] = \".version 7.0\\n.target sm_75\\n.address_size 64\\n\"\n"
        "    \".visible .entry copy(.param .u64 a, .param .u64 out, .param .u32 n) {\\n\"\n"
        "    \".reg .pred %p; .reg .b32 %r<6>; .reg .b64 %d<6>; .reg .f32 %f;\\n\"\n"
        "    \"mov.u32 %r0, %ctaid.x; mov.u32 %r1, %tid.x; ld.param.u32 %r2, [n];\\n\"\n"
        "    \"mad.lo.u32 %r3, %r0, 64, %r1; setp.ge.u32 %p, %r3, %r2; @%p bra DONE;\\n\"\n"
        "    \"ld.param.u64 %d0, [a]; ld.param.u64 %d1, [out]; mul.wide.u32 %d2, %r3, 4;\\n\"\n"
        "    \"add.u64 %d3, %d0, %d2; add.u64 %d4, %d1, %d2;\\n\"\n"
        "    \"ld.global.f32 %f, [%d3]; st.global.f32 [%d4], %f;\\nDONE: ret; }\\n\";\n"
        "static const struct lockstep_calls *calls;\n"
        "static enum status copy(const struct transfer_problem *p, struct execution *e) {\n"
        "    if (p->variant != TRANSFER_COPY)\n"
        "        return calls->refuse(e, STATUS_UNSUPPORTED, \"copies on %d\",\n"
        "                             calls->gpu_capability(e));\n"
        "    if (!calls->gpu_stream(e) || !calls->gpu_is_emulated(e)) return STATUS_FAILED;\n"
        "    void *scratch;\n"
        "    enum status status = calls->gpu_allocate(e, 1024, &scratch);\n"
        "    if (status != STATUS_OK) return status;\n"
        "    calls->gpu_release(e, scratch);\n"
        "    status = calls->gpu_load(e, \"ours\", ptx, sizeof ptx - 1);\n"
        "    int n = (int)p->count;\n"
        "    void *arguments[] = {(void *)&p->a, (void *)&p->out, &n};\n"
        "    const struct lockstep_launch launch = {\"ours\", \"copy\", {(n + 63) / 64, 1, 1},\n"
        "                                           {64, 1, 1}, 0, arguments};\n"
        "    return status == STATUS_OK ? calls->gpu_launch(e, &launch) : status;\n"
        "}\n"
        "static const struct lockstep_row rows[] = {{.operation = \"transfer\", .name = \"gpu\",\n"
        "    .summary = \"s\", .gpu = true, .run.transfer = copy}};\n"
        "const struct lockstep_library lockstep_library ="
        " LOCKSTEP_LIBRARY_CALLING(rows, &calls);\n");
    check_call(CALL("verify", "--add", "gpu.so"), 0, "24 passed, 24 skipped (copies on 80)", NULL);
}

/* Whatever the verdict is: two files of one row each are one row, by the new one's name. */
TEST_IN_PLACE(two_libraries_are_compared) {
    compile_library_text(&here.place, "before", HEAD COPY TABLE("transfer", "before"));
    compile_library_text(&here.place, "after", HEAD COPY TABLE("transfer", "after"));
    struct call call = CALL("ab", "before.so", "after.so", "--shape", "4096", "--gpu", "none",
                            "--pairs", "6", "--max-time", "0.05");
    assert_in_range(call.status, 0, 1);
    check_holds(call.out, "baseline  before.so\nnew       after.so\n");
    check_holds(call.out, "transfer/copy/f32/4096");
    check_holds(call.out, "after ");
    assert_null(strstr(call.out, "cpu-simd"));
    call_free(&call);
    check_call(CALL("ab", "before.so", here.program), 2, NULL, "not one of each");
    compile_library_text(&here.place, "other",
                         HEAD
                         "static enum status other(const struct softmax_problem *p,"
                         " struct execution *e) { (void)p; (void)e; return STATUS_OK; }\n"
                         "static const struct lockstep_row rows[] = {{.operation = \"softmax\","
                         " .name = \"o\", .summary = \"s\", .run.softmax = other}};\n"
                         "const struct lockstep_library lockstep_library ="
                         " LOCKSTEP_LIBRARY(rows);\n");
    struct call apart = CALL("ab", "before.so", "other.so");
    check_status(&apart, 2);
    check_holds(apart.err, "no row of one name and one operation");
    call_free(&apart);
}
