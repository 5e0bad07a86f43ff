/* The options of a subcommand as tables. Help is printed from them, values are read and bounded by
 * them. What several commands share stands here once.
 */
#ifndef LOCKSTEP_BENCH_COMMANDS_OPTIONS_H
#define LOCKSTEP_BENCH_COMMANDS_OPTIONS_H

#include "bench/added/added.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_parse;
struct command_option;

/* Reads the value `text` of an option into `member`. Returns 0, or what option_refuse returns. */
typedef int option_reader(struct option_parse *parse, const struct command_option *option,
                          char *text, void *member);

/* A row of a table. The macros below write it, and add the dashes to its name. */
struct command_option {
    const char *name;  /* "--threads" */
    const char *value; /* as help calls it; NULL: the option has none */
    const char *help;
    option_reader *read;
    size_t offset;         /* of its member, in the command's parsed options */
    long long least, most; /* of a whole number; of a format, `least` is it */
};

/* A command line that is being read. The command fills the first part. */
struct option_parse {
    const char *name;      /* of the subcommand: "run" */
    const char *arguments; /* as help shows them: "[OPERATION…]"; NULL: none */
    const char *doc;       /* what stands before and, behind \v, after the options */
    const struct command_option *const *tables; /* ended by NULL; help keeps their order */
    void *parsed;                               /* what the offsets are in */
    int (*argument)(struct option_parse *parse, char *text); /* for each; NULL: there are none */
    /* Told of every option that was read; may be NULL. */
    int (*heard)(struct option_parse *parse, const struct command_option *option, char *text);
    struct message *message;

    bool helped; /* --help or --usage was printed: nothing is left to do */
    enum status status;
};

/* Reads the words behind argv[0] with argp's rules, but returns where argp ends the process.
 * STATUS_INVALID: the call was wrong. --help and --usage print and are STATUS_OK. */
enum status options_parse(struct option_parse *parse, int argc, char **argv);

/* Remembers the message as the reason that the call is wrong. Returns what a reader returns. */
int option_refuse(struct option_parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- readers ---------------------------------------------------------------------------------- */

option_reader option_text;     /* const char *: any text */
option_reader option_list;     /* const char *: words joined by commas, none of them twice */
option_reader option_flag;     /* bool: becomes true; no value */
option_reader option_format;   /* int: becomes `least`, an enum output_format; no value */
option_reader option_whole;    /* int: a whole number from `least` to `most` */
option_reader option_count;    /* int64_t, likewise */
option_reader option_seed;     /* uint64_t, likewise */
option_reader option_positive; /* double: above zero and finite */
option_reader option_share;    /* double: 5% or 0.05 */
option_reader option_added;    /* struct added_list: one more text */

/* The offset of a member; `pointer` is the type of its address. A type has no parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define OPTION_MEMBER(pointer, parsed, member)                                                     \
    _Generic(&((parsed *)0)->member, pointer : offsetof(parsed, member))
/* NOLINTEND(bugprone-macro-parentheses) */

#define OPTION_TEXT(name, value, parsed, member, help)                                             \
    { "--" name, value, help, option_text, OPTION_MEMBER(const char **, parsed, member), 0, 0 }
#define OPTION_LIST(name, parsed, member, help)                                                    \
    { "--" name, "LIST", help, option_list, OPTION_MEMBER(const char **, parsed, member), 0, 0 }
#define OPTION_FLAG(name, parsed, member, help)                                                    \
    { "--" name, NULL, help, option_flag, OPTION_MEMBER(bool *, parsed, member), 0, 0 }
#define OPTION_FORMAT(name, choice, parsed, member, help)                                          \
    { "--" name, NULL, help, option_format, OPTION_MEMBER(int *, parsed, member), choice, 0 }
#define OPTION_WHOLE(name, least, most, parsed, member, help)                                      \
    { "--" name, "N", help, option_whole, OPTION_MEMBER(int *, parsed, member), least, most }
#define OPTION_COUNT(name, least, most, parsed, member, help)                                      \
    { "--" name, "N", help, option_count, OPTION_MEMBER(int64_t *, parsed, member), least, most }
#define OPTION_SHARE(name, parsed, member, help)                                                   \
    { "--" name, "SHARE", help, option_share, OPTION_MEMBER(double *, parsed, member), 0, 0 }
/* A reader of the command's own; `member` is whatever it fills. */
#define OPTION_OWN(name, value, reader, parsed, member, help)                                      \
    { "--" name, value, help, reader, offsetof(parsed, member), 0, 0 }
#define OPTIONS_END                                                                                \
    { NULL, NULL, NULL, NULL, 0, 0, 0 }

/* --- what several commands have --------------------------------------------------------------- */

enum { THREADS_MAX = 4096 };

#define OPTION_THREADS(parsed, member, help)                                                       \
    OPTION_WHOLE("threads", 1, THREADS_MAX, parsed, member, help)
#define OPTION_SEED(parsed, member, help)                                                          \
    { "--seed", "N", help, option_seed, OPTION_MEMBER(uint64_t *, parsed, member), 0, INT64_MAX }
#define OPTION_MAX_TIME(parsed, member, help)                                                      \
    { "--max-time", "S", help, option_positive, OPTION_MEMBER(double *, parsed, member), 0, 0 }
#define OPTION_CORES(parsed, member)                                                               \
    OPTION_TEXT("cores", "WHICH", parsed, member,                                                  \
                "Run on these alone: performance, efficiency, or processors as in 0-3,8")
#define OPTION_GPU(parsed, member)                                                                 \
    OPTION_TEXT("gpu", "WHICH", parsed, member, "auto (default), none, emulated or a number")
#define OPTION_TUNING(parsed, member)                                                              \
    OPTION_TEXT("tuning", "FILE", parsed, member,                                                  \
                "GEMM tiles and splits as `lockstep tune` measured them")
#define OPTION_IMPLEMENTATIONS(parsed, member)                                                     \
    OPTION_LIST("implementation", parsed, member, "Only these, separated by commas")

#define OPTION_ADDED(what, parsed, member, help)                                                   \
    { "--add", what, help, option_added, OPTION_MEMBER(struct added_list *, parsed, member), 0, 0 }
#define OPTION_ADD(parsed, member)                                                                 \
    OPTION_ADDED("WHAT", parsed, member,                                                           \
                 "Rows of your own beside the built-in ones: FILE.cu, FILE.so or a command; "      \
                 "repeatable")

/* In which form a comparison is printed: a choice of one. */
enum output_format { OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON, OUTPUT_MARKDOWN };
#define OPTION_CSV(parsed, member, help) OPTION_FORMAT("csv", OUTPUT_CSV, parsed, member, help)
#define OPTION_JSON(parsed, member, help) OPTION_FORMAT("json", OUTPUT_JSON, parsed, member, help)
#define OPTION_MARKDOWN(parsed, member, help)                                                      \
    OPTION_FORMAT("markdown", OUTPUT_MARKDOWN, parsed, member, help)

#endif
