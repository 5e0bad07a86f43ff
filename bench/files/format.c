/* Numbers as people read them. */
#include "bench/files/format.h"

#include <stdio.h>

void format_seconds(double seconds, char *text, size_t size) {
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t last = sizeof units / sizeof units[0] - 1, i = 0;
    while (i < last && seconds < units[i].unit)
        i++;
    double value = seconds / units[i].unit;
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text, size, "%.*f %s", decimals, value, units[i].name);
}
