/* Rows that processes compute: what `--add 'COMMAND …'` takes, and what becomes of peers that die,
 * hang, lie or write where they should not. The peers are shell scripts: all that a peer needs is
 * to read and write lines. */
#include "bench/added/peer.h"
#include "bench/operations/operations.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void script_write(const char *name, const char *text) {
    temporary_write(&here.place, name, text);
    assert_int_equal(chmod(temporary_path(&here.place, name), 0755), 0);
}

#define GREETING(operation, name)                                                                  \
    "echo '{\"lockstep_peer\": 1, \"patience_seconds\": 1, \"rows\": [{\"operation\": "            \
    "\"" operation "\", \"name\": \"" name                                                         \
    "\", \"variants\": [\"copy\"], \"one_thread\": true}]}'\n"

/* What a script may do in `run` and `take`. */
#define COPY "bytes_copy $from $to $((4 * $elements))"
#define ANSWER "echo \"{\\\"ran\\\": $(number run)}\""
#define SAMPLE "sleep 0.003; echo '{\"seconds\": 0.002}'"

/* A peer that copies, but for what it does instead in `run` and in `take`. */
static void copier_write_for(const char *device, const char *name, const char *run,
                             const char *take) {
    static const char format[] =
        "#!/bin/sh\n"
        "%s"
        "number() { printf '%%s' \"$line\" | sed -n \"s/.*\\\"$1\\\":\\([0-9]*\\).*/\\1/p\"; }\n"
        "after() { printf '%%s' \"$line\" | sed -n \"s/.*\\\"name\\\":\\\"$1\\\".*/&/; "
        "s/.*\\\"name\\\":\\\"$1\\\"[^}]*\\\"offset\\\":\\([0-9]*\\).*/\\1/p\"; }\n"
        "bytes_copy() { dd if=\"$file\" of=\"$file\" bs=$3 count=1 skip=$1 seek=$2 "
        "iflag=skip_bytes oflag=seek_bytes conv=notrunc 2>/dev/null; }\n"
        "while read -r line; do\n"
        "    case $line in\n"
        "    '{\"open\"'*)\n"
        "        file=$(printf '%%s' \"$line\" | sed 's/.*\"file\":\"\\([^\"]*\\)\".*/\\1/')\n"
        "        elements=$(number elements); from=$(after a); to=$(after out)\n"
        "        echo \"{\\\"opened\\\": $(number open)}\" ;;\n"
        "    '{\"load\"'*) echo \"{\\\"loaded\\\": $(number load)}\" ;;\n"
        "    '{\"run\"'*) %s ;;\n"
        "    '{\"take\"'*) %s ;;\n"
        "    '{\"close\"'*) echo \"{\\\"closed\\\": $(number close)}\" ;;\n"
        "    esac\n"
        "done\n";
    char greeting[512], text[4096];
    snprintf(greeting, sizeof greeting,
             "echo '{\"lockstep_peer\": 1, \"patience_seconds\": 1, \"rows\": [{\"operation\": "
             "\"transfer\", \"name\": \"%s\", \"variants\": [\"copy\"], \"device\": \"%s\", "
             "\"one_thread\": true}]}'\n",
             name, device);
    assert_in_range(snprintf(text, sizeof text, format, greeting, run, take), 1, sizeof text - 1);
    script_write(name, text);
}

static void copier_write(const char *name, const char *run, const char *take) {
    copier_write_for("cpu", name, run, take);
}

/* --- peers as they should be ------------------------------------------------------------------ */

TEST_IN_PLACE(a_peer_is_verified_and_listed) {
    copier_write("copier", COPY "; " ANSWER, SAMPLE);
    struct call verified = CALL("verify", "transfer", "--gpu", "none", "--add", "./copier");
    check_status(&verified, 0);
    check_holds(verified.out, "copier ");
    check_holds(verified.out, "0 failed");
    call_free(&verified);
    check_call(CALL("list", "implementations", "--add", "./copier"), 0, "added from ./copier",
               NULL);
}

TEST_IN_PLACE(a_peer_is_sampled_beside_the_others) {
    copier_write("copier", COPY "; " ANSWER, SAMPLE);
    struct call call =
        CALL("run", "--case", "transfer/copy/*", "--shape", "1025", "--gpu", "none", "--quick",
             "--max-time", "0.05", "--out", "run", "--add", "mine=./copier with words");
    check_status(&call, 0);
    check_holds(call.out, "mine ");
    check_holds(call.out, "cpu-simd ");
    call_free(&call);
    char *rows = temporary_text(&here.place, "run/results.csv");
    assert_non_null(rows);
    check_holds(rows, "transfer,copy,f32,1025,mine,cpu,1,hot,measured");
    free(rows);
    char *environment = temporary_text(&here.place, "run/environment.json");
    check_holds(environment, "\"file\":\t\"./copier with words\"");
    free(environment);
}

/* Its tensors come from the GPU and go back there to be verified: the stand-in for a driver has
 * such memory. An emulated GPU is in this process alone. */
TEST_IN_PLACE(a_peer_for_a_gpu) {
    char folder[PATH_MAX], library_path[PATH_MAX + 32];
    assert_non_null(realpath(STAND_IN_FOLDER, folder));
    snprintf(library_path, sizeof library_path, "LD_LIBRARY_PATH=%s", folder);
    const char *const variables[] = {library_path,
                                     "LOCKSTEP_STAND_IN=", "LOCKSTEP_STAND_IN_SILENT=1", NULL};
    copier_write_for("gpu", "copier", COPY "; " ANSWER, SAMPLE);
    struct call call =
        call_start(&here,
                   (const char *const[]){"run", "--case", "transfer/copy/*", "--shape", "1025",
                                         "--quick", "--max-time=0.05", "--gpu=0", "--out=run",
                                         "--add=./copier", "--implementation=copier", NULL},
                   &(struct call_limits){.variables = variables});
    call_wait(&here, &call);
    check_status(&call, 0);
    call_free(&call);
    char *rows = temporary_text(&here.place, "run/results.csv");
    assert_non_null(rows);
    check_holds(rows, "transfer,copy,f32,1025,copier,gpu0,0,hot,measured");
    check_holds(rows, ",yes,");
    free(rows);
    struct call emulated =
        CALL("run", "--case", "transfer/copy/*", "--shape", "17", "--gpu", "emulated", "--out",
             "emulated", "--add", "./copier", "--implementation", "copier");
    check_status(&emulated, 3); /* every row was skipped */
    check_holds(emulated.out, "runs on a GPU in a process of its own, where none is emulated");
    call_free(&emulated);
}

/* --- peers that are not ----------------------------------------------------------------------- */

/* The row of that name has ended as `status` for a reason with those words. */
static void check_row(const char *rows, const char *name, const char *status, const char *words) {
    char key[80];
    snprintf(key, sizeof key, "transfer,copy,f32,1025,%s,cpu,1,hot,%s,", name, status);
    const char *row = strstr(rows, key);
    if (!row)
        fail_msg("no row begins with %s in %s", key, rows);
    char line[2048];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(row, "\n"), row);
    check_holds(line, words);
}

#define PAST                                                                                       \
    "dd if=/dev/zero of=\"$file\" bs=4 count=1 seek=$((to + 4 * elements)) "                       \
    "oflag=seek_bytes conv=notrunc 2>/dev/null"
#define INTO                                                                                       \
    "dd if=/dev/zero of=\"$file\" bs=8 count=1 seek=$from "                                        \
    "oflag=seek_bytes conv=notrunc 2>/dev/null"

TEST_IN_PLACE(bad_peers_cost_their_own_rows) {
    copier_write("good", COPY "; " ANSWER, SAMPLE);
    copier_write("dies", "echo 'no more ideas' >&2; exit 3", SAMPLE);
    copier_write("killed", "kill -9 $$", SAMPLE);
    copier_write("hangs", COPY "; " ANSWER, "sleep 30");
    copier_write("nonsense", COPY "; echo '{\"ran\": 77}'", SAMPLE);
    copier_write("prints", COPY "; echo hello; " ANSWER, SAMPLE);
    copier_write("past", COPY "; " PAST "; " ANSWER, SAMPLE);
    copier_write("input", INTO "; " COPY "; " ANSWER, SAMPLE);
    copier_write("idle", ANSWER, SAMPLE);
    copier_write("clock", COPY "; " ANSWER, "echo '{\"seconds\": 7}'");
    copier_write("refuses", "echo '{\"failed\": \"out of luck\"}'", SAMPLE);
    struct call call =
        CALL("run", "--case", "transfer/copy/*", "--shape", "1025", "--quick", "--gpu=none",
             "--out=run", "--add=./good", "--add=./dies", "--add=./killed", "--add=./hangs",
             "--add=./nonsense", "--add=./prints", "--add=./past", "--add=./input", "--add=./idle",
             "--add=./clock", "--add=./refuses");
    check_status(&call, 1); /* the idle one's result is wrong */
    call_free(&call);
    char *rows = temporary_text(&here.place, "run/results.csv");
    assert_non_null(rows);
    check_row(rows, "cpu-simd", "measured", "yes");
    check_row(rows, "good", "measured", "yes");
    check_row(rows, "dies", "failed", "ended with status 3 instead of answering: no more ideas");
    check_row(rows, "killed", "failed", "was ended by signal 9");
    check_row(rows, "hangs", "failed", "did not answer within 1 s");
    check_row(rows, "nonsense", "failed", "answers \"\"ran\"\": 77");
    check_row(rows, "prints", "failed", "prints what is no answer: \"\"hello\"\"");
    check_row(rows, "past", "failed", "wrote past the end of tensor 'out'");
    check_row(rows, "input", "failed", "wrote into its input 'a'");
    check_row(rows, "idle", "failed", "out[0,0] is nan");
    check_row(rows, "clock", "failed", "took 7 seconds");
    check_row(rows, "refuses", "failed", "out of luck");
    free(rows);
}

/* The command is refused with that exit status and those words, and nothing was run. */
static void check_refused(const char *name, const char *text, int status, const char *words) {
    char command[80];
    script_write(name, text);
    snprintf(command, sizeof command, "./%s x", name);
    struct call call = CALL("run", "transfer", "--shape", "17", "--gpu", "none", "--out", "run",
                            "--quick", "--add", command);
    check_status(&call, status);
    check_holds(call.err, words);
    assert_string_equal(call.out, "");
    call_free(&call);
}

TEST_IN_PLACE(what_is_no_peer_is_refused) {
    check_refused("missing", "#!/bin/sh\nno_such_program\n", 3, "not found");
    check_refused("ends", "#!/bin/sh\necho 'wrong module' >&2\nexit 7\n", 3,
                  "ended with status 7 instead of naming its rows: wrong module");
    check_refused("chats", "#!/bin/sh\necho hello\n", 3, "prints what is no answer: \"hello\"");
    check_refused("later", "#!/bin/sh\necho '{\"lockstep_peer\": 2, \"rows\": []}'\n", 2,
                  "does not begin as a peer of version 1");
    check_refused("none", "#!/bin/sh\necho '{\"lockstep_peer\": 1, \"rows\": []}'\n", 2,
                  "has 0 rows");
    check_refused("taken", "#!/bin/sh\n" GREETING("transfer", "cpu-simd"), 2,
                  "transfer has an implementation 'cpu-simd' already");
    check_refused("convolution", "#!/bin/sh\n" GREETING("convolution", "mine"), 2,
                  "there is no operation 'convolution'");
}

TEST(a_peer_that_never_greets_is_given_up) {
    struct peer peer;
    struct message message = {""};
    assert_int_equal(peer_open(&peer, "sleep 30", 0.2, &message), STATUS_ENDLESS);
    check_holds(message.text, "did not answer within 0.2 s instead of naming its rows");
    peer_close(&peer);
}

/* --- peers in Python -------------------------------------------------------------------------- */

/* The Python to call; PYTHON names another one than python3. Skips the test where it cannot import
 * `modules`. */
static const char *python_find(const char *modules) {
    const char *named = getenv("PYTHON");
    const char *python = named && *named ? named : "python3";
    char command[512], path[PATH_MAX], whole[PATH_MAX];
    snprintf(command, sizeof command, "%.200s -c 'import %s' >/dev/null 2>&1", python, modules);
    if (system(command) != 0) { /* NOLINT(cert-env33-c) of a test's own words */
        print_message("skipped: %s cannot import %s; PYTHON=… names another one\n", python,
                      modules);
        skip();
    }
    /* Calls are made from another folder. */
    if (strchr(python, '/') && python[0] != '/') {
        assert_non_null(getcwd(whole, sizeof whole));
        snprintf(path, sizeof path, "%.2000s/%.1000s", whole, python);
        assert_int_equal(setenv("PYTHON", path, 1), 0);
        return getenv("PYTHON");
    }
    return python;
}

static void verify_script(const char *python, const char *script, const char *operation,
                          const char *words) {
    char path[PATH_MAX], command[2 * PATH_MAX];
    if (!realpath(script, path))
        snprintf(path, sizeof path, "%s", script);
    snprintf(command, sizeof command, "%s %s", python, path);
    struct call call = CALL("verify", operation, "--gpu", "none", "--add", command);
    check_status(&call, 0);
    check_holds(call.out, words);
    check_holds(call.out, "0 failed");
    call_free(&call);
}

TEST_IN_PLACE(a_function_of_python_becomes_a_row) {
    const char *python = python_find("json");
    temporary_write(&here.place, "mine.py",
                    "from lockstep_peer import Unsupported, peer, serve\n"
                    "@peer('column_sums')\n"
                    "def sums(case):\n"
                    "    x, out = case.memory('x'), case.memory('sums')\n"
                    "    rows, columns = case.sizes\n"
                    "    def iteration(number):\n"
                    "        for c in range(columns):\n"
                    "            out[c] = sum(x[c::columns])\n"
                    "    if rows * columns > 20000:\n"
                    "        raise Unsupported('is too slow')\n"
                    "    return iteration\n"
                    "print('for people')\n"
                    "serve()\n");
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "%s mine.py", python);
    verify_script(python, "mine.py", "column_sums", "mine ");
    check_call(CALL("run", "column_sums", "--shape", "3x4", "--quick", "--gpu", "none",
                    "--max-time", "0.05", "--out", "run", "--add", command),
               0, "mine ", "for people");
}

TEST_IN_PLACE(what_python_raises_is_the_reason) {
    const char *python = python_find("json");
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "%s mine.py", python);
    temporary_write(&here.place, "mine.py",
                    "from lockstep_peer import peer, serve\n"
                    "@peer('column_sums')\n"
                    "def sums(case):\n"
                    "    return lambda number: 1 // 0\n"
                    "serve()\n");
    struct call call = CALL("verify", "column_sums", "--gpu", "none", "--add", command);
    check_status(&call, 1);
    check_holds(call.out, "ZeroDivisionError");
    check_holds(call.out, "(mine.py:4)");
    call_free(&call);
}

TEST_IN_PLACE(a_missing_module_is_named_with_its_remedy) {
    const char *python = python_find("json");
    static const char *const texts[] = {
        "import no_such_module\nfrom lockstep_peer import peer, serve\n",
        "from lockstep_peer import peer, serve\n@peer('column_sums')\ndef sums(case):\n"
        "    import no_such_module\nserve()\n"};
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "%s mine.py", python);
    for (int i = 0; i < 2; i++) {
        temporary_write(&here.place, "mine.py", texts[i]);
        struct call call = CALL("verify", "column_sums", "--gpu", "none", "--add", command);
        check_status(&call, i == 0 ? 3 : 1);
        check_holds(i == 0 ? call.err : call.out, "-m pip install no_such_module` installs it");
        call_free(&call);
    }
}

TEST_IN_PLACE(the_example_verifies) {
    verify_script(python_find("numpy"), "examples/numpy_softmax.py", "softmax", "90 passed");
}

TEST_IN_PLACE(a_new_process_of_each_operation_verifies) {
    const char *python = python_find("numpy");
    for (int o = 0; o < operation_count; o++) {
        const char *operation = operations[o]->name;
        char file[64], command[PATH_MAX];
        if (operations[o]->argument_count == 0)
            continue;
        snprintf(file, sizeof file, "%s.py", operation);
        check_call(CALL("new", operation, file), 0, NULL, NULL);
        snprintf(command, sizeof command, "%s %s", python, file);
        check_call(CALL("verify", operation, "--gpu", "none", "--add", command), 0, " passed",
                   NULL);
    }
}

TEST_IN_PLACE(the_rows_of_numpy_verify) {
    const char *python = python_find("numpy");
    verify_script(python, "peers/numpy_peer.py", "cross_entropy", "135 passed");
    verify_script(python, "peers/numpy_peer.py", "optimizer", "90 passed");
}

TEST_IN_PLACE(the_rows_of_pytorch_verify) {
    char path[PATH_MAX], command[2 * PATH_MAX];
    const char *python = python_find("torch");
    assert_non_null(realpath("peers/pytorch.py", path));
    snprintf(command, sizeof command, "%s %s", python, path);
    struct call call =
        CALL("verify", "mlp", "--gpu=none", "--implementation=pytorch", "--add", command);
    check_status(&call, 0);
    check_holds(call.out, "96 passed");
    call_free(&call);
}
