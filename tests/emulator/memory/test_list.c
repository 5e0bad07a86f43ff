/* The lists of the emulator. */
#include "emulator/memory/list.h"
#include "tests/support/list_tests.h"
