/* Pieces of HTML. */
#include "bench/page_part.h"

#include <math.h>

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

void html_number_cell(FILE *file, double value, const char *text, const char *title) {
    if (isnan(value)) {
        fputs("<td class=n></td>", file);
        return;
    }
    fprintf(file, "<td class=n data-v=%.9g", value);
    if (title && *title) {
        fputs(" title=\"", file);
        html_text(file, title);
        fputc('"', file);
    }
    fputc('>', file);
    html_text(file, text);
    fputs("</td>", file);
}

void html_interval(const struct result *row, double number, const char *format, char *title,
                   size_t size) {
    char low[48], high[48];
    double work = number * row->median_s;
    title[0] = '\0';
    if (!(row->low_s > 0.0) || !(row->high_s > 0.0))
        return;
    snprintf(low, sizeof low, format, work / row->high_s);  /* NOLINT: a literal of this house */
    snprintf(high, sizeof high, format, work / row->low_s); /* NOLINT */
    snprintf(title, size, "95%% interval %s to %s", low, high);
}
