/* Selectors and signs of the operands of video instructions. */
#ifndef LOCKSTEP_EMULATOR_DECODE_VIDEO_H
#define LOCKSTEP_EMULATOR_DECODE_VIDEO_H

#include "emulator/decode/decoder.h"

/* Whether a letter of lanes.h stands for an operand that may have a selector. */
bool video_takes_selector(char letter);

/* Operand number `index` without selector and sign, which are checked as the letter says and added
 * to *selectors (emulator/lanes/video.h). */
struct syntax_operand video_operand(struct decoder *decoder, size_t index, char letter,
                                    uint64_t *selectors);

#endif
