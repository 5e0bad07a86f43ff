/* scripts/arrows on a house of three rooms: which includes and calls it lets pass, and that it
 * names each of the others. */
#include "tests/support/support.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char table[] = "<!-- rooms: begin -->\n"
                            "| room | what it is for | may use |\n"
                            "|---|---|---|\n"
                            "| `cellar` | words | nobody |\n"
                            "| `hall` | words | `cellar` |\n"
                            "| `hall/attic` | words | `hall` |\n"
                            "<!-- rooms: end -->\n";

/* A house without a fault: every arrow points downward. */
static const struct {
    const char *path, *text;
} house[] = {
    {"docs/design.md", table},
    {"cellar/stone.h", "void stone_lay(void);\n"},
    {"cellar/stone.c", "#include \"cellar/stone.h\"\nvoid stone_lay(void) {\n}\n"},
    {"hall/door.h", "#include \"cellar/stone.h\"\nvoid door_open(void);\n"},
    {"hall/door.c", "#include \"hall/door.h\"\nvoid door_open(void) {\n    stone_lay();\n}\n"},
    {"hall/window.h", "#include \"hall/door.h\"\nvoid window_open(void);\n"},
    {"hall/window.c", "#include \"hall/window.h\"\n"
                      "void window_open(void) {\n    door_open();\n}\n"},
    {"hall/attic/roof.h", "void roof_lift(void);\n"},
    {"hall/attic/roof.c", "#include \"cellar/stone.h\"\n#include \"hall/attic/roof.h\"\n"
                          "void roof_lift(void) {\n    stone_lay();\n}\n"},
};

/* Builds the house with one file changed (or added) and gives the script's exit status, and what
 * it printed. */
static int run(const char *path, const char *text, const char *prepare, char *output, size_t size) {
    static const char *const folders[] = {"docs", "cellar", "hall", "hall/attic"};
    struct temporary place;
    char command[2048], here[512];
    assert_non_null(getcwd(here, sizeof here));
    temporary_open(&place);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        assert_int_equal(mkdir(temporary_path(&place, folders[i]), 0700), 0);
    for (size_t i = 0; i < sizeof house / sizeof house[0]; i++)
        temporary_write(&place, house[i].path, house[i].text);
    if (path != NULL)
        temporary_write(&place, path, text);
    snprintf(
        command, sizeof command,
        "cd %s && %s && for f in $(find . -name '*.c'); do mkdir -p build/$(dirname $f) && "
        "cc -w -I. -c $f -o build/${f%%.c}.o || exit 9; done; %s/scripts/arrows build >output 2>&1",
        place.path, prepare, here);
    int status = system(command);
    char *printed = temporary_text(&place, "output");
    assert_non_null(printed);
    snprintf(output, size, "%s", printed);
    free(printed);
    temporary_close(&place);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_offence(const char *path, const char *text, const char *words) {
    char output[4096];
    int status = run(path, text, "true", output, sizeof output);
    if (status != 1 || strstr(output, words) == NULL)
        fail_msg("%s: status %d, '%s' should hold '%s'", path, status, output, words);
}

TEST(arrows_that_point_downward_pass) {
    char output[4096];
    assert_int_equal(run(NULL, NULL, "true", output, sizeof output), 0);
    assert_string_equal(output, "");
}

TEST(an_include_upward_is_named) {
    check_offence("cellar/cave.h", "\n#include \"hall/window.h\"\n",
                  "cellar/cave.h:2: includes hall/window.h: cellar may not use hall");
    check_offence("hall/stair.h", "#include \"hall/attic/roof.h\"\n",
                  "hall/stair.h:1: includes hall/attic/roof.h: hall may not use hall/attic");
}

TEST(a_call_upward_is_named_though_nothing_is_included) {
    check_offence("cellar/stone.c",
                  "void window_open(void);\nvoid stone_lay(void) {\n    window_open();\n}\n",
                  "cellar/stone.c:1: uses window_open of hall/window.c: cellar may not use hall");
}

TEST(a_circle_of_includes_is_named) {
    check_offence("hall/door.h",
                  "#ifndef D\n#define D\n#include \"hall/window.h\"\n#include \"cellar/stone.h\"\n"
                  "void door_open(void);\n#endif\n",
                  "hall/door.h:3: includes hall/window.h, which stands in a circle of includes");
}

TEST(a_circle_of_calls_inside_a_room_is_named) {
    check_offence(
        "hall/door.c",
        "#include \"hall/window.h\"\nvoid door_open(void) {\n    window_open();\n}\n",
        "hall/door.c:3: uses window_open of hall/window.c, which stands in a circle of calls");
}

TEST(a_file_without_a_room_is_named) {
    check_offence("docs/design.md",
                  "<!-- rooms: begin -->\n| `cellar` | words | nobody |\n| `hall/attic` | words | "
                  "`cellar` |\n"
                  "<!-- rooms: end -->\n",
                  "hall/door.h:1: stands in no room");
}

TEST(a_table_that_is_missing_or_upside_down_is_named) {
    check_offence("docs/design.md", "# Nothing\n", "no table of rooms");
    check_offence(
        "docs/design.md",
        "<!-- rooms: begin -->\n| `hall/attic` | words | `hall` |\n| `hall` | words | `cellar` |\n"
        "| `cellar` | words | nobody |\n<!-- rooms: end -->\n",
        "hall/attic names hall, which does not stand above it");
}

TEST(a_room_of_more_than_forty_files_is_named) {
    char output[4096];
    char prepare[100];
    for (int files = 40; files <= 41; files++) {
        snprintf(prepare, sizeof prepare,
                 "touch $(seq -f cellar/%%g.txt 1 $((%d - $(ls cellar | wc -l))))", files);
        assert_int_equal(run(NULL, NULL, prepare, output, sizeof output), files > 40);
    }
    assert_non_null(strstr(output, "cellar: has 41 files, and a room has at most forty"));
}
