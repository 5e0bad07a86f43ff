/*
 * What all rooms of the emulator say to each other about the machine: how a call ended, what the
 * device claims to be, what is checked, and what went wrong where.
 */
#ifndef LOCKSTEP_EMULATOR_LANES_MACHINE_TYPES_H
#define LOCKSTEP_EMULATOR_LANES_MACHINE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From MACHINE_MISALIGNED_ADDRESS on only a launch ends so. */
enum machine_status {
    MACHINE_OK,
    MACHINE_INVALID_VALUE,
    MACHINE_OUT_OF_MEMORY,         /* device or host memory */
    MACHINE_INVALID_PTX,           /* malformed */
    MACHINE_NOT_FOUND,             /* no such symbol; an external one that nothing defines */
    MACHINE_INVALID_ADDRESS,       /* host: a range that is not allocated; launch: out of bounds */
    MACHINE_MISALIGNED_ADDRESS,    /* not a multiple of what the access asks for */
    MACHINE_INVALID_ADDRESS_SPACE, /* an address in the wrong state space */
    MACHINE_INVALID_PC,            /* a jump through a pointer to no function or label */
    MACHINE_ILLEGAL_INSTRUCTION,   /* operands that the instruction forbids */
    MACHINE_TRAP,                  /* trap or brkpt executed */
    MACHINE_ASSERT,                /* assert() failed */
    MACHINE_STACK_OVERFLOW,        /* recursion beyond the stack */
    MACHINE_DEADLOCK,              /* no thread of a block can go on */
    MACHINE_BUDGET_SPENT,          /* more warp instructions than options.instruction_budget */
    MACHINE_STOPPED,               /* options.stop asked for an end */
    MACHINE_CHECK_FAILED,          /* a race, an uninitialised read, a barrier not all reach */
    MACHINE_TOO_MANY_RESOURCES,    /* a block too large, too much shared memory, or more blocks
                                      than can cooperate */
    MACHINE_NOT_SUPPORTED,         /* a kernel that needs what the emulator lacks */
};

/* Sizes in bytes, clocks in kHz, width in bits. What the device claims to be; nothing here is a
 * measurement. */
struct machine_properties {
    const char *name;
    int capability_major, capability_minor;
    unsigned multiprocessors;
    unsigned warp_size; /* 32 */
    unsigned max_threads_per_block;
    unsigned max_threads_per_multiprocessor;
    unsigned max_blocks_per_multiprocessor;
    unsigned max_block[3];
    unsigned max_grid[3];
    unsigned registers_per_block;
    unsigned registers_per_multiprocessor;
    size_t shared_per_block;       /* without opting in */
    size_t shared_per_block_optin; /* with the function attribute raised */
    size_t shared_per_multiprocessor;
    size_t shared_reserved_per_block;
    unsigned tensor_memory_columns; /* of 128 lanes by 32 bits; 0: there is none */
    size_t constant_memory;
    size_t l1_bytes; /* of a multiprocessor's first-level cache and shared memory together */
    size_t l2_bytes;
    bool has_inline_ecc; /* error correction lies in the memory of the data */
    size_t memory_bytes;
    unsigned clock_khz, memory_clock_khz, memory_bus_width;
};

struct machine_options {
    bool check_memory; /* allocations end to the byte; bounds and alignment are always checked */
    bool check_race;   /* two threads, one shared byte, no barrier between, one of them writing */
    bool check_race_global; /* the same between blocks, in global memory */
    bool check_init;        /* uses of values that nothing has written */
    bool check_barrier;     /* a thread exits while others of its block wait at a barrier for all */
    bool count_ptx; /* what the PTX says, and not what an assembler makes of it; when loading */
    bool simulate_caches;        /* counts hits in them, and what goes to DRAM */
    uint64_t instruction_budget; /* warp instructions a launch; 0: no limit */
    uint64_t sample_blocks;      /* the most equal blocks that a launch executes; 0: all */
    unsigned host_threads;       /* 0: as many as there are cores */
    size_t stack_bytes;          /* local memory a thread for the frames of called functions */
    size_t heap_bytes;           /* what malloc in kernels may give, all launches together */
    size_t printf_bytes;         /* device printf output kept a launch; more is dropped and said */
    /* Each message is one line without its newline. NULL: stderr. Called under the machine's lock,
     * in launch order. */
    void (*log)(void *context, const char *line);
    /* Where device printf goes. NULL: stdout. */
    void (*print)(void *context, const char *text, size_t length);
    void *context;
    /* Asked again and again while a launch runs, by any of its host threads; true ends it. NULL: it
     * runs to its end. */
    int (*stop)(void *context);
    void *stop_context;
};

/*
 * What went wrong. `message` is one line: what was tried, what went wrong, what to do.
 *   PTX      line and column, from 1
 *   fault    kernel, block, thread, address, PTX line, source file and line (file empty and line 0
 *            when unknown)
 */
struct machine_diagnostic {
    char message[1024];
    unsigned line, column;
    char kernel[256];
    unsigned block[3], thread[3];
    uint64_t address;
    char source_file[512];
    unsigned source_line;
};

enum machine_memory_kind {
    MACHINE_MEMORY_NONE,
    MACHINE_MEMORY_DEVICE,     /* machine_allocate */
    MACHINE_MEMORY_HOST,       /* machine_allocate_host */
    MACHINE_MEMORY_REGISTERED, /* machine_register_host */
    MACHINE_MEMORY_MODULE,     /* a .global or .const variable */
    MACHINE_MEMORY_EXPOSED,    /* machine_expose */
};

/* What a channel of a texel is. */
enum texel_format {
    TEXEL_U8,
    TEXEL_U16,
    TEXEL_U32,
    TEXEL_S8,
    TEXEL_S16,
    TEXEL_S32,
    TEXEL_F16,
    TEXEL_F32,
};

/* What a place beyond the texels means. */
enum texture_address { TEXTURE_WRAP, TEXTURE_CLAMP, TEXTURE_MIRROR, TEXTURE_BORDER };

/* An image in device memory, as kernels read it through a texture, or read and write it through a
 * surface. */
struct machine_texture {
    uint64_t base;                 /* address of the first texel */
    size_t row_bytes, plane_bytes; /* from a row to the next, from a plane or layer to the next */
    uint32_t size[3];              /* texels a dimension, at least 1; [2]: planes, or layers */
    uint8_t dimensions;            /* 1, 2 or 3, layers not counted */
    uint8_t channels;              /* 1, 2 or 4 */
    enum texel_format format;
    bool is_layered, is_cubemap; /* a cube has six layers */
    uint8_t levels;   /* mipmaps that lie behind one another, each half of the one before; 0: one */
    bool is_surface;  /* what follows is for textures */
    bool is_filtered; /* linear between texels, else the nearest */
    bool is_anisotropic; /* of more texels where gradients differ from axis to axis */
    bool is_normalised;  /* coordinates from 0 to 1 */
    bool reads_elements; /* integers as they are, else as fractions of the largest */
    enum texture_address address[3];
    float border[4];
    bool mixes_levels; /* linear between two levels, else the nearest */
    float level_bias, least_level, most_level;
};

/* Bytes of a texel. */
static inline uint32_t machine_texel_bytes(const struct machine_texture *texture) {
    const bool is_byte = texture->format == TEXEL_U8 || texture->format == TEXEL_S8;
    const bool is_half = texture->format == TEXEL_U16 || texture->format == TEXEL_S16 ||
                         texture->format == TEXEL_F16;
    return (is_byte ? 1U : is_half ? 2U : 4U) * texture->channels;
}

/* Bytes from the first texel to behind the last. */
static inline size_t machine_texture_bytes(const struct machine_texture *texture) {
    return (texture->size[2] - 1) * texture->plane_bytes +
           (texture->size[1] - 1) * texture->row_bytes +
           (size_t)texture->size[0] * machine_texel_bytes(texture);
}

/* Totals over a launch; the same on every machine and for any number of host threads.
 * docs/emulator.md defines each. */
struct machine_counters {
#define COUNTER(name) uint64_t name;
#include "emulator/lanes/counters.def"
#undef COUNTER
};

#endif
