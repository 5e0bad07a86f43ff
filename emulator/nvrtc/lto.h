/*
 * Link-time optimisation. NVIDIA's nvJitLink does it, for nobody else can read its intermediate
 * code, and hands out PTX. Functions of other inputs that it calls stay external names.
 */
#pragma once

#include "emulator/nvrtc/nvjitlink.h"

#include <stddef.h>
#include <stdint.h>

struct lto; /* such a link of NVIDIA's library */

/*
 * With the options of a link, of which "-lto" is one. `*lto` is the caller's, for lto_end; it is
 * NULL, and the result success, where there is no such library.
 */
nvJitLinkResult lto_begin(struct lto **lto, uint32_t count, const char **options);

nvJitLinkResult lto_add(struct lto *lto, int type, const void *data, size_t size, const char *name);

/*
 * The text of what was added, with its zero, is the caller's to free; NULL where nothing was.
 * `ptx` has the other inputs, which may call functions of it; NULL: there are none.
 */
nvJitLinkResult lto_complete(struct lto *lto, const char *ptx, char **text);

/* What NVIDIA's library says about a failure, as one line; an empty text where it says nothing. */
void lto_error(struct lto *lto, char *text, size_t room);

void lto_end(struct lto *lto);
