/* NVIDIA's libraries, for those here that stand in front of them under the same names. */
#pragma once

struct nvidia_library {
    const char *name;     /* without a version: "libnvrtc.so" */
    const char *soname;   /* with one: "libnvrtc.so.13" */
    const char *variable; /* of the environment, which may name the file */
};

/*
 * A handle for dlsym, which stays for the process's life. The library is looked for in the folders
 * of LD_LIBRARY_PATH, as the loader finds it by its name without a version, and in
 * /usr/local/cuda. NULL: there is none.
 */
void *nvidia_open(const struct nvidia_library *library);
