/* The lists of all other rooms. */
#include "common/list.h"
#include "tests/support/list_tests.h"
