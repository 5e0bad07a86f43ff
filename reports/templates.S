/* The templates of a report, inside the binary, so that it draws from any folder. Each ends with a
 * NUL byte; bench/report/drawing/templates.h declares them. */
    .section .rodata

    .global template_style
template_style:
    .incbin "reports/style.gp"
    .byte 0

    .global template_page
template_page:
    .incbin "reports/page.html"
    .byte 0

    .section .note.GNU-stack, "", %progbits
