/* The emulated driver's log: what it says of calls that fail, by callback, in memory and in a file
 * (cuLogs*). */
#include <unistd.h>

#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

enum { WHOLE = 25600 };

struct heard {
    CUlogsCallbackHandle handle;
    unsigned lines;
    CUlogLevel level;
    bool is_whole; /* the length is the message's */
    char last[256], before[256];
};

static void listen(void *data, CUlogLevel level, char *message, size_t length) {
    struct heard *heard = data;
    heard->lines++;
    heard->level = level;
    heard->is_whole = length == strlen(message);
    memcpy(heard->before, heard->last, sizeof heard->last);
    snprintf(heard->last, sizeof heard->last, "%s", message);
}

/* A call that fails, without a word of why. */
static void fail_once(void) {
    CUdevice device;
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&device, 9999));
}

TEST(it_is_there_before_the_driver) {
    struct heard heard = {0};
    CUlogIterator place;
    CUdevice device;
    OK(cuLogsCurrent(&place, 0));
    OK(cuLogsRegisterCallback(listen, &heard, &heard.handle));
    EXPECT(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGet(&device, 0));
    assert_int_equal(heard.lines, 1);
    OK(cuLogsUnregisterCallback(heard.handle));
    OK(cuInit(0));
}

TEST_WITH_MODULE(a_callback_hears_of_failures) {
    struct heard heard = {0};
    CUfunction function;
    const struct fixture *fixture = *state;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsRegisterCallback(NULL, &heard, &heard.handle));
    OK(cuLogsRegisterCallback(listen, &heard, &heard.handle));
    fail_once();
    assert_int_equal(heard.lines, 1);
    assert_string_equal(heard.last, "Returning 101 (CUDA_ERROR_INVALID_DEVICE) from cuDeviceGet");
    assert_int_equal(heard.level, CU_LOG_LEVEL_ERROR);
    assert_true(heard.is_whole);
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&function, fixture->module, "nowhere"));
    assert_int_equal(heard.lines, 3);
    assert_non_null(strstr(heard.before, "the module has no kernel 'nowhere'"));
    assert_non_null(strstr(heard.last, "from cuModuleGetFunction"));
    OK(cuCtxSynchronize());
    assert_int_equal(heard.lines, 3);
    lockstepEmulatorFind("of a library on top of the driver");
    assert_int_equal(heard.lines, 4);
    assert_string_equal(heard.last, "of a library on top of the driver");
    OK(cuLogsUnregisterCallback(heard.handle));
    fail_once();
    assert_int_equal(heard.lines, 4);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsUnregisterCallback(heard.handle));
}

static void fail_and_leave(void *data, CUlogLevel level, char *message, size_t length) {
    struct heard *heard = data;
    listen(data, level, message, length);
    fail_once();
    OK(cuLogsUnregisterCallback(heard->handle));
}

/* The failures of a callback are not logged: each would call it again. */
TEST_WITH_CONTEXT(a_callback_may_call_the_driver) {
    struct heard heard = {0};
    OK(cuLogsRegisterCallback(fail_and_leave, &heard, &heard.handle));
    fail_once();
    fail_once();
    assert_int_equal(heard.lines, 1);
}

TEST_WITH_CONTEXT(lines_are_copied_from_a_place_on) {
    char text[WHOLE], level;
    size_t size = sizeof text;
    CUlogIterator place;
    int hours, minutes, seconds, milliseconds, thread, message;
    OK(cuLogsCurrent(&place, 0));
    OK(cuLogsDumpToMemory(&place, text, &size, 0));
    assert_int_equal(size, 0);
    fail_once();
    size = sizeof text;
    OK(cuLogsDumpToMemory(&place, text, &size, 0));
    assert_int_equal(size, strlen(text));
    assert_int_equal(sscanf(text, "[%2d:%2d:%2d.%3d][%d][CUDA][%c] %n", &hours, &minutes, &seconds,
                            &milliseconds, &thread, &level, &message),
                     6);
    assert_int_equal(thread, gettid());
    assert_int_equal(level, 'E');
    assert_string_equal(text + message,
                        "Returning 101 (CUDA_ERROR_INVALID_DEVICE) from cuDeviceGet\n");
    size = sizeof text;
    OK(cuLogsDumpToMemory(&place, text, &size, 0));
    assert_int_equal(size, 0);
}

static unsigned count_lines(const char *text) {
    unsigned lines = 0;
    while ((text = strchr(text, '\n'))) {
        lines++;
        text++;
    }
    return lines;
}

/* Of many lines the last hundred are kept, of those the last that fit are copied; a note tells of
 * either. */
TEST_WITH_CONTEXT(what_does_not_fit_is_told) {
    char text[WHOLE];
    size_t size = sizeof text;
    CUlogIterator place;
    OK(cuLogsCurrent(&place, 0));
    for (unsigned i = 0; i < 150; i++)
        fail_once();
    OK(cuLogsDumpToMemory(NULL, text, &size, 0));
    assert_int_equal(count_lines(text), 101);
    assert_true(strncmp(text, "older lines have been overwritten\n", 34) == 0);
    CUlogIterator from = place + 60;
    size = sizeof text;
    OK(cuLogsDumpToMemory(&from, text, &size, 0));
    assert_int_equal(count_lines(text), 90);
    assert_int_equal(from, place + 150);
    size = 300;
    OK(cuLogsDumpToMemory(NULL, text, &size, 0));
    assert_true(size < 300);
    assert_int_equal(size, strlen(text));
    assert_true(strncmp(text, "older lines do not fit", 22) == 0);
    assert_int_equal(count_lines(text), 3);
    assert_non_null(strstr(text, "from cuDeviceGet\n"));
    size = 60;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsDumpToMemory(NULL, text, &size, 0));
    assert_int_equal(size, 0);
}

TEST_WITH_CONTEXT(wrong_calls_are_refused) {
    char text[WHOLE];
    size_t size = sizeof text;
    CUlogIterator place;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsCurrent(NULL, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsCurrent(&place, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsDumpToMemory(NULL, NULL, &size, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsDumpToMemory(NULL, text, NULL, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsDumpToMemory(NULL, text, &size, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsDumpToFile(NULL, NULL, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLogsDumpToFile(NULL, "/nowhere/log", 0));
}

static void read_and_remove(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_int_equal(remove(path), 0);
}

TEST_WITH_CONTEXT(lines_go_to_files) {
    char path[] = "/tmp/lockstep-log-XXXXXX", text[4096];
    CUlogIterator place;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    OK(cuLogsCurrent(&place, 0));
    fail_once();
    OK(cuLogsDumpToFile(&place, path, 0));
    read_and_remove(path, text, sizeof text);
    assert_int_equal(count_lines(text), 1);
    assert_int_equal(setenv("CUDA_LOG_FILE", path, 1), 0);
    fail_once();
    fail_once();
    assert_int_equal(unsetenv("CUDA_LOG_FILE"), 0);
    fail_once();
    read_and_remove(path, text, sizeof text);
    assert_int_equal(count_lines(text), 2);
    assert_non_null(strstr(text, "from cuDeviceGet\n"));
}
