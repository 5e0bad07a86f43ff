/* The page as a whole. */
#include "bench/report/page/page.h"
#include "bench/report/drawing/templates.h"
#include "bench/report/page/part.h"
#include "common/files.h"
#include "common/words.h"

#include <stdlib.h>
#include <string.h>

static bool has_command(const struct page *page) {
    return cJSON_GetArraySize(
               cJSON_GetObjectItemCaseSensitive(page->data->environment, "command")) > 0;
}

static bool always(const struct page *page) {
    (void)page;
    return true;
}

/* In the order of the page. */
static const struct {
    const char *id, *heading;
    bool (*has)(const struct page *);
    void (*write)(const struct page *);
} sections[] = {
    {"warnings", "Warnings", page_has_warnings, page_warnings},
    {"environment", "What was run, where", page_has_environment, page_environment},
    {"speedup", "Speedup", page_has_measured, page_speedups},
    {"plots", "Plots", page_has_plots, page_plots},
    {"ladder", "Ladder: % of the best", page_has_ladder, page_ladder},
    {"parts", "Parts of an iteration", page_has_parts, page_parts},
    {"results", "All results", page_has_results, page_results},
    {"limits", "What would limit each kernel", page_has_limits, page_limits},
    {"predictions", "Predicted times", page_has_predictions, page_predictions},
    {"counters", "Counters of the emulated GPU", page_has_counters, page_counters},
    {"files", "Files", always, page_files},
    {"repeat", "Run it again", has_command, page_repeat},
};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* --- what the template asks for --------------------------------------------------------------- */

static void title_write(const struct page *page) {
    const char *host = report_data_text(page->data, "host", NULL);
    const char *written = report_data_text(page->data, "written", NULL);
    fputs("lockstep", page->file);
    if (host) {
        fputs(" on ", page->file);
        html_text(page->file, host);
    }
    if (written) {
        fputs(", ", page->file);
        html_text(page->file, written);
    }
}

static void lead_write(const struct page *page) {
    static const char *const statuses[] = {"measured", "emulated", "skipped", "failed"};
    const struct report_data *data = page->data;
    char described[400];
    report_data_describe(data, described, sizeof described);
    fputs("<p class=lead>", page->file);
    html_text(page->file, described);
    fprintf(page->file, "</p>\n<p class=lead>%s", COUNTED(data->result_count, "row"));
    for (size_t s = 0; s < sizeof statuses / sizeof statuses[0]; s++) {
        size_t count = 0;
        for (size_t i = 0; i < data->result_count; i++)
            count += strcmp(data->results[i].status, statuses[s]) == 0;
        if (count > 0)
            fprintf(page->file, ", %zu %s", count, statuses[s]);
    }
    if (data->training.row_count > 0)
        fprintf(page->file, "; %s of training", COUNTED(data->training.row_count, "epoch"));
    fputs("</p>\n", page->file);
}

static void navigation_write(const struct page *page) {
    for (int i = 0; i < SECTIONS; i++)
        if (sections[i].has(page))
            fprintf(page->file, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].heading);
}

static void sections_write(const struct page *page) {
    for (int i = 0; i < SECTIONS; i++) {
        if (!sections[i].has(page))
            continue;
        fprintf(page->file, "<section id=%s>\n<h2>%s</h2>\n", sections[i].id, sections[i].heading);
        sections[i].write(page);
        fputs("</section>\n", page->file);
    }
}

static const struct {
    const char *name;
    void (*write)(const struct page *);
} fields[] = {{"{{title}}", title_write},
              {"{{lead}}", lead_write},
              {"{{navigation}}", navigation_write},
              {"{{sections}}", sections_write}};

static void template_fill(const struct page *page) {
    for (const char *c = template_page; *c;) {
        size_t field = 0, count = sizeof fields / sizeof fields[0];
        while (field < count && strncmp(c, fields[field].name, strlen(fields[field].name)) != 0)
            field++;
        if (field < count) {
            fields[field].write(page);
            c += strlen(fields[field].name);
        } else {
            fputc(*c++, page->file);
        }
    }
}

enum status page_write(const struct report_data *data, const struct script *plots,
                       const char *absence, struct message *message) {
    char path[2300], *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/index.html", data->folder);
    struct page page = {
        .file = open_memstream(&text, &size), .data = data, .plots = plots, .absence = absence};
    bool whole = page.file != NULL;
    if (page.file) {
        template_fill(&page);
        whole = ferror(page.file) == 0;
        whole &= fclose(page.file) == 0;
    }
    enum status status = whole ? file_replace(path, text, size, message)
                               : message_set(message, STATUS_NO_MEMORY, "no memory for %s", path);
    free(text);
    return status;
}
