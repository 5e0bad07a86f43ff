/* Folders and files for tests. */
#include "tests/support/temporary.h"
#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void temporary_open(struct temporary *temporary) {
    const char *parent = getenv("TMPDIR");
    snprintf(temporary->path, sizeof temporary->path, "%s/lockstep-test-XXXXXX",
             parent && *parent == '/' ? parent : "/tmp");
    assert_non_null(mkdtemp(temporary->path));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void temporary_close(struct temporary *temporary) {
    assert_int_equal(nftw(temporary->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int temporary_enter(void **state) {
    temporary_open(*state);
    return 0;
}

int temporary_leave(void **state) {
    temporary_close(*state);
    return 0;
}

const char *temporary_path(struct temporary *temporary, const char *name) {
    int length = snprintf(temporary->text, sizeof temporary->text, "%s/%s", temporary->path, name);
    assert_in_range(length, 1, sizeof temporary->text - 1);
    return temporary->text;
}

void file_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void file_write_text(const char *path, const char *text) {
    file_write(path, text, strlen(text));
}

char *file_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    assert_non_null(memory);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        assert_int_equal(fputc(c, memory), c);
    assert_int_equal(fclose(memory), 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

void temporary_write(struct temporary *temporary, const char *name, const char *text) {
    file_write_text(temporary_path(temporary, name), text);
}

char *temporary_text(struct temporary *temporary, const char *name) {
    return file_text(temporary_path(temporary, name));
}

bool temporary_has(struct temporary *temporary, const char *name) {
    return access(temporary_path(temporary, name), F_OK) == 0;
}

bool temporary_holds(struct temporary *temporary, const char *name, const char *words) {
    char *text = temporary_text(temporary, name);
    assert_non_null(text);
    const bool holds = strstr(text, words) != NULL;
    free(text);
    return holds;
}

int command_output(const char *command, char *output, size_t size) {
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, size - 1, pipe)] = '\0';
    return pclose(pipe);
}

void file_drop_last_column(const char *path) {
    char *text = file_text(path);
    assert_non_null(text);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line;) {
        char *comma = strrchr(line, ',');
        assert_non_null(comma);
        assert_true(fprintf(file, "%.*s\n", (int)(comma - line), line) > 0);
    }
    assert_int_equal(fclose(file), 0);
    free(text);
}
