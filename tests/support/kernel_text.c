/* Texts of kernels. */
#include "tests/support/kernel_text.h"
#include "tests/support/cmocka.h"

#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(text->at + text->length, sizeof text->at - text->length, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && text->length + (size_t)length < sizeof text->at);
    text->length += (size_t)length;
}
