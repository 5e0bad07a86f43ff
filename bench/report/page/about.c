/* What was run where, what was odd about it, and how to run it again. */
#include "bench/report/page/part.h"
#include "common/words.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* --- warnings --------------------------------------------------------------------------------- */

static size_t count_status(const struct report_data *data, const char *status) {
    size_t count = 0;
    for (size_t i = 0; i < data->result_count; i++)
        count += strcmp(data->results[i].status, status) == 0;
    return count;
}

static bool is_unfinished(const struct report_data *data) {
    const char *state = report_data_text(data, "state", NULL);
    return data->cut || (state && strcmp(state, "finished") != 0);
}

/* No cache is so much faster than the next one that data which stays in it explains more. */
static const double limit_believable = 3.0;

static size_t count_unbelievable(const struct report_data *data) {
    size_t count = 0;
    for (size_t i = 0; i < data->result_count; i++)
        count += data->results[i].limit_fraction > limit_believable;
    return count;
}

bool page_has_warnings(const struct page *page) {
    const cJSON *warnings = cJSON_GetObjectItemCaseSensitive(page->data->environment, "warnings");
    return cJSON_GetArraySize(warnings) > 0 || is_unfinished(page->data) ||
           count_unbelievable(page->data) > 0 || count_status(page->data, "failed") > 0 ||
           count_status(page->data, "emulated") > 0;
}

static void failed_rows(const struct page *page) {
    for (size_t i = 0; i < page->data->result_count; i++) {
        const struct result *row = &page->data->results[i];
        const struct row_key *key = &row->key;
        char name[400];
        if (strcmp(row->status, "failed") != 0)
            continue;
        snprintf(name, sizeof name, "%s/%s/%s/%s, %s, %s, %s: ", key->operation, key->variant,
                 key->dtype, key->shape, key->implementation, key->device,
                 COUNTED(key->threads, "thread"));
        fputs("<li><span class=failed>failed</span> ", page->file);
        html_text(page->file, name);
        html_text(page->file, row->reason);
        fputs("</li>\n", page->file);
    }
}

void page_warnings(const struct page *page) {
    FILE *file = page->file;
    size_t emulated = count_status(page->data, "emulated");
    const cJSON *warning;
    fputs("<ul class=warnings>\n", file);
    if (is_unfinished(page->data))
        fputs("<li>The run is not finished: this page shows what it had measured.</li>\n", file);
    cJSON_ArrayForEach(warning,
                       cJSON_GetObjectItemCaseSensitive(page->data->environment, "warnings")) {
        if (!cJSON_IsString(warning))
            continue;
        fputs("<li>", file);
        html_text(file, cJSON_GetStringValue(warning));
        fputs("</li>\n", file);
    }
    size_t unbelievable = count_unbelievable(page->data);
    if (unbelievable)
        fprintf(file,
                "<li>%s %s more than %.0f times as fast as the measured ceilings allow: "
                "something else had the processors while the ceilings were measured.</li>\n",
                COUNTED(unbelievable, "row"), ONE_OR_MORE(unbelievable, "is", "are"),
                limit_believable);
    if (emulated)
        fprintf(file, "<li>%s ran on the emulated GPU: checked and counted, never timed.</li>\n",
                COUNTED(emulated, "row"));
    failed_rows(page);
    fputs("</ul>\n", file);
}

/* --- environment ------------------------------------------------------------------------------ */

bool page_has_environment(const struct page *page) {
    return page->data->environment != NULL;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void value_format(const char *name, const cJSON *item, char *text, size_t size) {
    double number = item->valuedouble;
    if (cJSON_IsBool(item))
        snprintf(text, size, "%s", cJSON_IsTrue(item) ? "yes" : "no");
    else if (!cJSON_IsNumber(item))
        snprintf(text, size, "%s", cJSON_IsString(item) ? item->valuestring : "unknown");
    else if (ends_with(name, "_bytes") && number >= 0x1p30)
        snprintf(text, size, "%.1f GiB", number / 0x1p30);
    else if (ends_with(name, "_bytes"))
        snprintf(text, size, "%.0f KiB", number / 0x1p10);
    else
        snprintf(text, size, number == floor(number) ? "%.0f" : "%.4g", number);
}

/* One fact, or those of an object under its name. */
static void fact_write(FILE *file, const char *group, const cJSON *item) {
    char name[128], value[2048];
    const cJSON *member;
    if (cJSON_IsObject(item)) {
        cJSON_ArrayForEach(member, item) {
            if (!cJSON_IsObject(member) && !cJSON_IsArray(member))
                fact_write(file, item->string, member);
        }
        return;
    }
    value_format(item->string, item, value, sizeof value);
    size_t length = strlen(item->string) - (ends_with(item->string, "_bytes") ? 6 : 0);
    snprintf(name, sizeof name, "%s%s%.*s", group, *group ? " " : "", (int)length, item->string);
    for (char *c = strchr(name, '_'); c; c = strchr(c, '_'))
        *c = ' ';
    fputs("<div><dt>", file);
    html_text(file, name);
    fputs("</dt><dd>", file);
    html_text(file, value);
    fputs("</dd></div>\n", file);
}

static void ceilings_table(const struct page *page) {
    static const char at_least[] = "&ge;&nbsp;";
    FILE *file = page->file;
    const struct report_data *data = page->data;
    if (data->ceilings_count == 0)
        return;
    fputs("<h3>Measured ceilings</h3>\n<div class=scroll><table>\n<thead><tr>", file);
    html_head_cell(file, "device", false);
    html_head_cell(file, "threads", true);
    html_head_cell(file, "peak, GFLOP/s", true);
    html_head_cell(file, "bandwidth of a triad, GB/s, and its working set", false);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (int i = 0; i < data->ceilings_count; i++) {
        const struct report_ceilings *c = &data->ceilings[i];
        fputs("<tr>", file);
        html_cell(file, c->device);
        fprintf(file, "<td class=n>%d</td><td class=n>%s%.1f</td><td class=levels>", c->threads,
                c->doubtful ? at_least : "", 1e-9 * c->flops_per_second);
        for (int l = 0; l < c->level_count; l++)
            fprintf(file, "%s%s %s%.1f <small>(%.3g MB)</small>", l ? "; " : "",
                    report_level_name(c, l), c->levels[l].doubtful ? at_least : "",
                    1e-9 * c->levels[l].bytes_per_second, 1e-6 * c->levels[l].working_set);
        fputs("</td></tr>\n", file);
    }
    fputs("</tbody></table></div>\n", file);
}

void page_environment(const struct page *page) {
    static const char *const elsewhere[] = {"command", "settings", "warnings", "ceilings"};
    const cJSON *item;
    fputs("<dl class=facts>\n", page->file);
    cJSON_ArrayForEach(item, page->data->environment) {
        bool shown = !cJSON_IsArray(item);
        for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
            shown &= strcmp(item->string, elsewhere[i]) != 0;
        if (shown)
            fact_write(page->file, "", item);
    }
    fputs("</dl>\n", page->file);
    ceilings_table(page);
}

/* --- files and command ------------------------------------------------------------------------ */

void page_files(const struct page *page) {
    static const struct {
        const char *name, *what;
    } files[] = {{"results.csv", "one row a case, implementation and mode"},
                 {"samples.csv", "every sample, for <code>lockstep compare</code>"},
                 {"parts.csv", "the parts of an iteration"},
                 {"counters.csv", "what the emulated launches did"},
                 {"limits.csv", "what would limit each kernel on a GPU, by its published peaks"},
                 {"predictions.csv", "what each kernel would take on other GPUs, predicted"},
                 {"training.csv", "loss and accuracy, epoch by epoch"},
                 {"environment.json", "the machine, the build, the command"},
                 {"plots.gp", "the plots as a gnuplot script, to be changed and drawn again"},
                 {"scaling.gp", "the plot over ranks, likewise"}};
    fputs("<ul>\n", page->file);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[2300];
        snprintf(path, sizeof path, "%s/%s", page->data->folder, files[i].name);
        if (access(path, F_OK) == 0)
            fprintf(page->file, "<li><a href=\"%s\">%s</a>: %s</li>\n", files[i].name,
                    files[i].name, files[i].what);
    }
    fputs("</ul>\n", page->file);
}

/* An argument as a shell takes it. */
static void argument_write(FILE *file, const char *argument) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./,:=@%+";
    if (*argument && argument[strspn(argument, plain)] == '\0') {
        html_text(file, argument);
        return;
    }
    html_text(file, "'");
    for (const char *c = argument; *c; c++)
        html_text(file, *c == '\'' ? "'\\''" : (const char[]){*c, '\0'});
    html_text(file, "'");
}

/* Without --out: the folder of a finished run is not written again. */
static void command_write(const struct page *page) {
    const cJSON *argument;
    bool first = true, skip = false;
    cJSON_ArrayForEach(argument,
                       cJSON_GetObjectItemCaseSensitive(page->data->environment, "command")) {
        const char *text = cJSON_GetStringValue(argument);
        bool out = text && strcmp(text, "--out") == 0;
        if (text && !out && !skip && strncmp(text, "--out=", 6) != 0) {
            fputs(first ? "" : " ", page->file);
            argument_write(page->file, text);
            first = false;
        }
        skip = out;
    }
}

void page_repeat(const struct page *page) {
    const char *commit = report_data_text(page->data, "build", "commit");
    FILE *file = page->file;
    fputs("<pre>", file);
    command_write(page);
    fputs("</pre>\n<p class=note>", file);
    if (commit) {
        fputs("With lockstep built from commit ", file);
        html_text(file, commit);
        fputs(". ", file);
    }
    fputs("Plots and page are drawn again from this folder's files by <code>lockstep report "
          "DIR</code>.</p>\n",
          file);
}
