/* cmocka.h, and what it wants to be included before it. */
#ifndef LOCKSTEP_TESTS_SUPPORT_CMOCKA_H
#define LOCKSTEP_TESTS_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
