/* Counted nouns, and texts that are cut between words. */
#include "common/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The "ch" of an epoch is spoken as a k. */
static const char *plural_ending(const char *noun) {
    const size_t length = strlen(noun);
    const bool hisses = length > 2 && strcmp(noun + length - 2, "ch") == 0;
    return hisses && strcmp(noun, "epoch") != 0 ? "es" : "s";
}

struct counted counted(long long count, const char *noun) {
    struct counted counted;
    snprintf(counted.text, sizeof counted.text, "%lld %s%s", count, noun,
             count == 1 ? "" : plural_ending(noun));
    return counted;
}

void words_fit(char *text, size_t size, const char *whole) {
    static const char dots[] = " …";
    if (strlen(whole) < size) {
        memcpy(text, whole, strlen(whole) + 1);
        return;
    }
    size_t length = size - sizeof dots;
    while (length > 0 && whole[length] != ' ')
        length--;
    memcpy(text, whole, length);
    memcpy(text + length, dots, sizeof dots);
}

void words_quote(char *text, size_t size, const char *word) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-";
    if (*word && word[strspn(word, plain)] == '\0') {
        snprintf(text, size, "%s", word);
        return;
    }
    size_t used = (size_t)snprintf(text, size, "'");
    for (; *word && used < size; word++)
        used += (size_t)snprintf(text + used, size - used, *word == '\'' ? "'\\''" : "%c", *word);
    if (used < size)
        snprintf(text + used, size - used, "'");
}
