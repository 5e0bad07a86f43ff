/* Kinds of cores: which processors --cores means, what a run that mixes kinds is told, and hwloc's
 * kinds of a hybrid processor from a file of its own format. */
#include "bench/devices/cores.h"
#include "bench/devices/processors.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cpu_set_t set_of(unsigned long bits) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < 8 * sizeof bits; i++)
        if (bits >> i & 1)
            CPU_SET(i, &set);
    return set;
}

/* Four fast cores, eight frugal ones, and two between. */
static struct core_kinds three_kinds(void) {
    return (struct core_kinds){
        .count = 3,
        .kinds = {{set_of(0xff0), 0}, {set_of(0x3000), 1}, {set_of(0xf), 2}},
    };
}

static void check_found(const struct core_kinds *kinds, unsigned long allowed, const char *text,
                        unsigned long wanted) {
    const cpu_set_t all = set_of(allowed), expected = set_of(wanted);
    cpu_set_t set;
    struct message message = {""};
    if (cores_find(kinds, &all, text, &set, &message) != STATUS_OK)
        fail_msg("%s: %s", text, message.text);
    if (!CPU_EQUAL(&set, &expected))
        fail_msg("%s means other processors", text);
}

static void check_refused(const struct core_kinds *kinds, unsigned long allowed, const char *text,
                          const char *words) {
    const cpu_set_t all = set_of(allowed);
    cpu_set_t set;
    struct message message = {""};
    assert_int_equal(cores_find(kinds, &all, text, &set, &message), STATUS_INVALID);
    if (!strstr(message.text, words) || !strstr(message.text, text))
        fail_msg("%s: \"%s\" should hold \"%s\"", text, message.text, words);
}

TEST(kinds_and_lists_are_found) {
    const struct core_kinds kinds = three_kinds(), none = {.count = 0};
    check_found(&kinds, 0x3fff, "performance", 0xf);
    check_found(&kinds, 0x3fff, "efficiency", 0xff0);
    check_found(&kinds, 0x3ffe, "performance", 0xe); /* as far as they may be had */
    check_found(&kinds, 0x3fff, "0-2,9", 0x207);
    check_found(&none, 0x3, "1", 0x2);
    check_found(&none, 0x3, "1,0-1,0", 0x3);
}

TEST(what_is_not_there_is_refused) {
    static const char *const bad[] = {"",   "fast", "0-",  "-1", "1-0",
                                      "0,", "0 1",  "0x1", "+1", "99999999999999999999"};
    struct core_kinds kinds = three_kinds(), none = {.count = 0, .absence = "nobody knows"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_refused(&kinds, 0x3fff, bad[i], "0-3,8");
    check_refused(&kinds, 0xf, "2-4", "may run on 0-3");
    check_refused(&kinds, 0x3ff0, "performance", "none of which is of that kind");
    check_refused(&none, 0xf, "performance", "nobody knows");
    kinds.count = 1;
    check_refused(&kinds, 0xff0, "efficiency", "of one kind");
    kinds.count = 2;
    kinds.kinds[1].efficiency = -1;
    check_refused(&kinds, 0xff0, "performance", "cannot say");
}

TEST(a_mix_is_described) {
    const struct core_kinds kinds = three_kinds(), none = {.count = 0};
    const cpu_set_t mixed = set_of(0x1006), alike = set_of(0x30);
    char text[400];
    cores_describe_mix(&kinds, &mixed, text, sizeof text);
    assert_non_null(strstr(text, "(12 and 1-2)"));
    cores_describe_mix(&kinds, &alike, text, sizeof text);
    assert_string_equal(text, "");
    cores_describe_mix(&none, &mixed, text, sizeof text);
    assert_string_equal(text, "");
}

/* --- through hwloc ---------------------------------------------------------------------------- */

/* Even processors fast, odd ones frugal; four in all. */
static const char hybrid[] = "tests/data/topology/hybrid.xml";

TEST(hwlocs_kinds_are_read) {
    struct core_kinds kinds;
    assert_int_equal(setenv("HWLOC_XMLFILE", hybrid, 1), 0);
    core_kinds_read(&kinds);
    assert_int_equal(unsetenv("HWLOC_XMLFILE"), 0);
    if (strstr(kinds.absence, "cannot be asked"))
        skip();
    assert_int_equal(kinds.count, 2);
    check_found(&kinds, 0xf, "performance", 0x5);
    check_found(&kinds, 0xf, "efficiency", 0xa);
}

static char *run_with(const char *cores, const char *out) {
    char path[PATH_MAX], file[PATH_MAX + 16];
    assert_non_null(realpath(hybrid, path));
    snprintf(file, sizeof file, "HWLOC_XMLFILE=%s", path);
    const char *const variables[] = {file, NULL};
    const char *const arguments[] = {"run",
                                     "--case",
                                     "gemm/nn/f32/8x8x8",
                                     "--implementation",
                                     "cpu-naive",
                                     "--gpu",
                                     "none",
                                     "--quick",
                                     "--max-time",
                                     "0.02",
                                     "--out",
                                     out,
                                     cores ? "--cores" : NULL,
                                     cores,
                                     NULL};
    struct call call =
        call_start(&here, arguments, &(struct call_limits){.seconds = 100, .variables = variables});
    call_wait(&here, &call);
    if (call.status != 0)
        fail_msg("--cores %s: status %d, %s", cores ? cores : "", call.status, call.err);
    call_free(&call);
    char name[300];
    snprintf(name, sizeof name, "%s/environment.json", out);
    char *environment = temporary_text(&here.place, name);
    assert_non_null(environment);
    return environment;
}

TEST(a_run_keeps_to_the_cores_it_is_given) {
    struct processors all;
    struct core_kinds kinds;
    processors_read("", &all);
    core_kinds_read(&kinds);
    if (!CPU_ISSET(0, &all.set) || !CPU_ISSET(1, &all.set) || all.count > 4 || all.threads < 2 ||
        strstr(kinds.absence, "cannot be asked"))
        skip(); /* not the processors of the file */
    calling_open(&here);
    char *both = run_with(NULL, "both");
    char *frugal = run_with("efficiency", "frugal");
    char *listed = run_with("0", "listed");
    assert_non_null(strstr(both, "processors of several kinds"));
    assert_non_null(strstr(both, "\"core_kinds\""));
    assert_null(strstr(frugal, "processors of several kinds"));
    assert_non_null(strstr(frugal, "\"processor_numbers\":\t\"1\""));
    assert_null(strstr(listed, "processors of several kinds"));
    assert_non_null(strstr(listed, "\"processor_numbers\":\t\"0\""));
    free(both);
    free(frugal);
    free(listed);
    calling_close(&here);
}

TEST(every_command_refuses_cores_that_are_not_there) {
    static const char *const commands[] = {"run", "verify", "train", "tune"};
    calling_open(&here);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *const arguments[] = {commands[i], "--cores", "1023", NULL};
        struct call call = call_start(&here, arguments, &(struct call_limits){.seconds = 100});
        call_wait(&here, &call);
        if (call.status != 2 || !strstr(call.err, "--cores 1023: this process may run on"))
            fail_msg("%s: status %d, %s", commands[i], call.status, call.err);
        call_free(&call);
    }
    calling_close(&here);
}
