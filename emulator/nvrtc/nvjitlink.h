/* Types of nvJitLink's documented interface. */
#pragma once

typedef enum {
    NVJITLINK_SUCCESS = 0,
    NVJITLINK_ERROR_MISSING_ARCH = 2,
    NVJITLINK_ERROR_INVALID_INPUT = 3,
    NVJITLINK_ERROR_INTERNAL = 6,
    NVJITLINK_ERROR_NULL_INPUT = 10,
} nvJitLinkResult;

typedef enum {
    NVJITLINK_INPUT_PTX = 2,
    NVJITLINK_INPUT_LTOIR = 3,
    NVJITLINK_INPUT_LIBRARY = 6,
    NVJITLINK_INPUT_ANY = 10
} nvJitLinkInputType;
