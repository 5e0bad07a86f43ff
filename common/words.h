/* Texts for people: counts with their nouns, and reasons that fit where they are kept. */
#ifndef LOCKSTEP_COMMON_WORDS_H
#define LOCKSTEP_COMMON_WORDS_H

#include <stddef.h>

struct counted {
    char text[32];
};

/* "1 row", "3 rows", "2 launches". The noun, which is regular, may have words before it. */
struct counted counted(long long count, const char *noun);

/* The text alone, of a count of any type. It lasts up to the end of the full expression. */
#define COUNTED(count, noun) (counted((long long)(count), noun).text)

/* The word that agrees with a count: ONE_OR_MORE(n, "is", "are"). */
#define ONE_OR_MORE(count, one, more) ((count) == 1 ? (one) : (more))

/* Copies `whole`. What has no room is left out from the end of a word on, and "…" says so. */
void words_fit(char *text, size_t size, const char *whole);

/* The word as a shell reads it: in single quotes where it has more than letters, digits and
 * . _ / + - in it. What has no room is cut off. */
void words_quote(char *text, size_t size, const char *word);

#endif
