/*
 * Functions of intermediate code that inputs of PTX call. An optimised link drops what no kernel
 * of it needs. So one more input names them in a variable, which keeps them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Intermediate code that keeps what `ptx` declares and does not define, compiled by NVIDIA's
 * NVRTC; the caller's to free. NULL: there is nothing to keep, or no NVRTC. Then the link is as it
 * is without, and loading it says what is missing.
 */
char *callees_keep(const char *ptx, const char *architecture, size_t *size);

/* Whether `ptx` calls a function that it declares and does not define; its name is written then. */
bool callees_lacking(const char *ptx, char *name, size_t room);

/*
 * Drops that variable from the text of an optimised link: a program that links twice would have it
 * twice.
 */
void callees_forget(char *text);
