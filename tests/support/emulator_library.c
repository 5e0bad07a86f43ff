/* Names the emulated GPU to every test program: tests lie deeper in the build's folder than a
 * program looks for it by itself. Without this they would be skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before main(), so that no program can forget it. A name that the caller gave stays. */
__attribute__((constructor)) static void emulator_library_name(void) {
    char program[3072], library[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    char *tests = strstr(program, "/tests/");
    for (char *next = tests; next != NULL; next = strstr(next + 1, "/tests/"))
        tests = next;
    if (tests == NULL)
        return;
    *tests = '\0';
    snprintf(library, sizeof library, "%s/emulator/libcuda.so.1", program);
    if (setenv("LOCKSTEP_EMULATOR_LIBRARY", library, 0) != 0)
        perror("the tests of the emulated GPU will be skipped: setenv");
}
