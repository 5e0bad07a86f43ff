/* The files of reports/ that are built into the binary (reports/templates.S). */
#ifndef LOCKSTEP_BENCH_REPORT_DRAWING_TEMPLATES_H
#define LOCKSTEP_BENCH_REPORT_DRAWING_TEMPLATES_H

extern const char template_style[]; /* reports/style.gp: how plots look */
extern const char template_page[];  /* reports/page.html: the frame of the page */

#endif
