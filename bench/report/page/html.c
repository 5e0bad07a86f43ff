/* Pieces of HTML. */
#include "bench/report/page/part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void html_text(FILE *file, const char *text) {
    for (const char *c = text; *c; c++)
        switch (*c) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            fputc((unsigned char)*c < ' ' ? ' ' : *c, file);
        }
}

void html_head_cell(FILE *file, const char *text, bool numeric) {
    fputs(numeric ? "<th class=n scope=col>" : "<th scope=col>", file);
    for (const char *c = text; *c; c++) {
        html_text(file, (const char[]){*c, '\0'});
        fputs(*c == '_' ? "<wbr>" : "", file); /* a long name may go on in the next line */
    }
    fputs("</th>", file);
}

void html_cell(FILE *file, const char *text) {
    fputs("<td>", file);
    html_text(file, text);
    fputs("</td>", file);
}

/* Whether the page's script reads the number from the text: half of a table of counts,
 * otherwise. */
static bool reads_as(const char *text, double value) {
    char *end;
    const double read = strtod(text, &end);
    return end != text && *end == '\0' && !(read < value) && !(read > value);
}

/* A cell from behind its class on. */
static void cell_rest(FILE *file, double value, const char *text, const char *title) {
    if (!reads_as(text, value))
        fprintf(file, " data-v=%.6g", value);
    if (title && *title) {
        fputs(" title=\"", file);
        html_text(file, title);
        fputc('"', file);
    }
    fputc('>', file);
    html_text(file, text);
    fputs("</td>", file);
}

void html_number_cell(FILE *file, double value, const char *text, const char *title) {
    if (isnan(value)) {
        fputs("<td class=n></td>", file);
        return;
    }
    fputs("<td class=n", file);
    cell_rest(file, value, text, title);
}

void html_bar_cell(FILE *file, double percent, bool best, const char *text, const char *title) {
    fprintf(file, "<td class=\"n bar%s\" style=\"--w:%.1f%%\"", best ? " best" : "", percent);
    cell_rest(file, percent, text, title);
}

void html_number(double value, int digits, const char *unit, char *text, size_t size) {
    /* Its exponent once it is rounded: 0.9996 has three digits as 1.00. */
    char rounded[64];
    int before_point = 1;
    snprintf(rounded, sizeof rounded, "%.*e", digits - 1, value);
    const char *exponent = strchr(rounded, 'e');
    if (exponent && isfinite(value) && fabs(value) >= 1e-12)
        before_point = (int)strtol(exponent + 1, NULL, 10) + 1;
    int decimals = digits > before_point ? digits - before_point : 0;
    snprintf(text, size, "%.*f%s", decimals, value, unit);
}

void html_interval(const struct result *row, double number, int digits, const char *unit,
                   char *title, size_t size) {
    char low[64], high[64];
    double work = number * row->median_s;
    title[0] = '\0';
    if (!(row->low_s > 0.0) || !(row->high_s > 0.0))
        return;
    html_number(work / row->high_s, digits, unit, low, sizeof low);
    html_number(work / row->low_s, digits, unit, high, sizeof high);
    snprintf(title, size, "95%% interval %s to %s", low, high);
}

void html_speedup_title(const struct result *row, char *title, size_t size) {
    char interval[160];
    html_interval(row, row->speedup, 3, "x", interval, sizeof interval);
    bool both = *row->speedup_base && *interval;
    snprintf(title, size, "%s%s%s%s", *row->speedup_base ? "against " : "", row->speedup_base,
             both ? "; " : "", interval);
}

/* Earlier versions left out rungs for teaching and rows of fewer threads, and named no base. */
const char *page_speedup_note(const struct page *page) {
    const struct report_data *data = page->data;
    bool named = false;
    for (size_t i = 0; i < data->result_count && !named; i++)
        named = *data->results[i].speedup_base != '\0';
    return named ? "against the fastest row of the case on the CPU in this run, whatever its "
                   "threads, marked base"
                 : "against the fastest CPU implementation of the case on all cores";
}
