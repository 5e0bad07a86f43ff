#include "reference/libraries.h"
enum status gemm_onednn(const struct gemm_problem *p, struct execution *e) {
    (void)p;
    return message_set(e->message, STATUS_UNSUPPORTED, "absent");
}
enum status activation_onednn(const struct activation_problem *p, struct execution *e) {
    (void)p;
    return message_set(e->message, STATUS_UNSUPPORTED, "absent");
}
enum status softmax_onednn(const struct softmax_problem *p, struct execution *e) {
    (void)p;
    return message_set(e->message, STATUS_UNSUPPORTED, "absent");
}
const char *onednn_version(void) {
    return 0;
}
bool onednn_absent(void) {
    return true;
}
