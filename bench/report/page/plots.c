/* The plots, inside the page. */
#include "bench/report/page/part.h"
#include "common/files.h"

#include <stdlib.h>
#include <string.h>

enum { FIGURE_BYTES_MAX = 1 << 28 };

bool page_has_plots(const struct page *page) {
    return page->absence || page->plots->figure_count > 0;
}

/* Behind the element `<name>…</name>` where it stands at `text`, else `text`. */
static const char *skip_element(const char *text, const char *name) {
    char opening[16], closing[16];
    snprintf(opening, sizeof opening, "<%s>", name);
    snprintf(closing, sizeof closing, "</%s>", name);
    const char *end = strstr(text, closing);
    return strncmp(text, opening, strlen(opening)) == 0 && end ? end + strlen(closing) : text;
}

/* What gnuplot says in every group of lines, and what holds there anyway, by SVG or by the page's
 * style: a third of the file. Its length where `text` begins with one, else 0. */
static size_t needless_attribute(const char *text) {
    static const char *const needless[] = {" stroke-linecap=\"butt\"", " stroke-linejoin=\"miter\"",
                                           " stroke-width=\"1.00\"", " color=\"black\""};
    for (size_t i = 0; i < sizeof needless / sizeof needless[0]; i++)
        if (strncmp(text, needless[i], strlen(needless[i])) == 0)
            return strlen(needless[i]);
    return 0;
}

/* Every SVG file names its symbols alike; in one page each figure needs names of its own. Writes
 * one tag, from '<' to '>', with the figure's prefix before names and references. */
static const char *tag_write(FILE *file, const char *tag, int figure) {
    static const char *const before_names[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    const char *c = tag;
    while (*c && *c != '>') {
        const size_t needless = needless_attribute(c);
        if (needless > 0) {
            c += needless;
            continue;
        }
        size_t length = 1;
        bool name = false;
        for (size_t i = 0; i < sizeof before_names / sizeof before_names[0] && !name; i++)
            if (strncmp(c, before_names[i], strlen(before_names[i])) == 0) {
                length = strlen(before_names[i]);
                name = true;
            }
        fwrite(c, 1, length, file);
        if (name)
            fprintf(file, "f%d-", figure);
        c += length;
    }
    return c;
}

/* Behind a group that stands at `text` with nothing in it, else `text`. gnuplot writes one for
 * every change of pen, whether it draws with it or not: half of the file. */
static const char *skip_empty_group(const char *text) {
    static const char opening[] = "<g ", closing[] = "</g>";
    const char *end = strncmp(text, opening, strlen(opening)) == 0 ? strchr(text, '>') : NULL;
    if (!end)
        return text;
    end += 1 + strspn(end + 1, " \t\n");
    return strncmp(end, closing, strlen(closing)) == 0 ? end + strlen(closing) : text;
}

static void figure_body(FILE *file, const char *body, int figure) {
    for (const char *c = body; *c;) {
        const char *next = skip_empty_group(skip_element(skip_element(c, "title"), "desc"));
        if (next != c)
            c = next;
        else if (*c == '<')
            c = tag_write(file, c, figure);
        else if (*c == '\n' || *c == '\t')
            c++;
        else
            fputc(*c++, file);
    }
}

/* False when this is not an SVG file. The opening tag is written anew: it takes the width of the
 * page as far as letters stay readable, and in HTML it needs no namespaces. */
static bool figure_write(const struct page *page, const char *svg, int figure) {
    const char *tag = strstr(svg, "<svg");
    const char *end = tag ? strchr(tag, '>') : NULL;
    const char *box = tag ? strstr(tag, "viewBox=\"") : NULL;
    double width, height;
    if (!end || !box || box > end ||
        sscanf(box, "viewBox=\"0 0 %lf %lf\"", &width, &height) != 2) /* NOLINT(cert-err34-c) */
        return false;
    fprintf(page->file,
            "<svg viewBox=\"0 0 %.0f %.0f\" style=\"min-width:%.0fpx;max-width:%.0fpx\" role=img "
            "aria-label=\"",
            width, height, 0.75 * width, 1.1 * width);
    html_text(page->file, page->plots->figures[figure].title);
    fputs("\">", page->file);
    figure_body(page->file, end + 1, figure);
    return true;
}

static void figure_section(const struct page *page, int index) {
    const struct figure *figure = &page->plots->figures[index];
    char path[2300];
    snprintf(path, sizeof path, "%s/%s.svg", page->data->folder, figure->name);
    char *svg = NULL;
    size_t size = 0;
    struct message why = {""};
    bool read = file_read(path, FIGURE_BYTES_MAX, &svg, &size, &why) == STATUS_OK;
    fprintf(page->file, "<figure id=\"figure-%s\">\n<div class=scroll>", figure->name);
    if (!read || !figure_write(page, svg, index)) {
        fputs("<p class=failed>", page->file);
        html_text(page->file,
                  read ? "this is not the SVG that gnuplot should have drawn" : why.text);
        fputs("</p>", page->file);
    }
    free(svg);
    fputs("</div>\n<figcaption>", page->file);
    html_text(page->file, figure->title);
    fprintf(page->file,
            ": <a href=\"%s.svg\">SVG</a>, <a href=\"%s.png\">PNG</a></figcaption>\n</figure>\n",
            figure->name, figure->name);
}

void page_plots(const struct page *page) {
    if (page->absence) {
        fputs("<p class=note>There are no plots: ", page->file);
        html_text(page->file, page->absence);
        fputs(".</p>\n", page->file);
        return;
    }
    fputs(
        "<p class=note>Bars at the points are the 95% intervals of the medians; the ceilings were "
        "measured by the run itself. Open points and dashes: one thread.<span class=narrow> "
        "Figures and "
        "tables that are wider than the window scroll sideways.</span></p>\n",
        page->file);
    for (int i = 0; i < page->plots->figure_count; i++)
        figure_section(page, i);
}
