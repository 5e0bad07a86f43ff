/* The plots of a run. */
#include "bench/report.h"

enum status report_draw(const char *folder, FILE *log, struct message *message) {
    (void)folder;
    (void)log;
    (void)message;
    return STATUS_OK;
}
