/* Branches and calls. */
#include "emulator/decode/forms.h"

#include "emulator/decode/operands.h"
#include "emulator/decode/text.h"

#include <stdio.h>
#include <string.h>

/* ---- Branches ---- */

static uint32_t label_target(struct decoder *decoder, const char *name) {
    unsigned index;
    struct syntax_operand operand = {.kind = OPERAND_NAME, .name = name};
    const struct syntax_symbol *symbol = decoder_find(decoder, &operand, &index);
    if (!symbol || symbol->kind != SYMBOL_LABEL) {
        char what[160];
        snprintf(what, sizeof what, "unknown label %.100s", name);
        decoder_fail(decoder, what);
        return 0;
    }
    return decoder->function->first + symbol->index;
}

void decode_branch(struct decoder *decoder) {
    decoder_reserve_operands(decoder, 0, 0);
    decoder_expect_operands(decoder, 1);
    const struct syntax_operand *operand = decoder_operand(decoder, 0);
    if (operand->kind != OPERAND_NAME)
        decoder_fail(decoder, "a label is needed");
    decoder->instruction->target = label_target(decoder, operand->name);
}

void decode_indexed_branch(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    unsigned index;
    decoder_reserve_operands(decoder, 0, 1);
    decoder_expect_operands(decoder, 2);
    decoder_add_from(decoder, decoder_operand(decoder, 0), 'w');
    const struct syntax_operand *operand = decoder_operand(decoder, 1);
    const struct syntax_symbol *symbol =
        operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (!symbol || symbol->kind != SYMBOL_TARGETS) {
        decoder_fail(decoder, "a list of .branchtargets is needed");
        return;
    }
    detail->target_count = symbol->count;
    detail->targets =
        source_allocate(decoder->source, (symbol->count + 1) * sizeof *detail->targets);
    for (uint32_t k = 0; k < symbol->count; k++)
        detail->targets[k] = label_target(decoder, symbol->targets[k]);
}

/* ---- Calls ---- */

static struct param_copy *call_areas(struct decoder *decoder, const struct syntax_operand *list,
                                     struct syntax_variable *const *formals, size_t count) {
    size_t given = list ? list->item_count : 0;
    struct param_copy *copies = source_allocate(decoder->source, (count + 1) * sizeof *copies);
    if (given != count)
        decoder_fail(decoder, "the call has the wrong number of parameters");
    for (size_t k = 0; k < count; k++) {
        unsigned index;
        const struct syntax_operand *item = &list->items[k];
        const struct syntax_symbol *symbol =
            item->kind == OPERAND_NAME ? decoder_find(decoder, item, &index) : NULL;
        if (!symbol || symbol->kind != SYMBOL_VARIABLE || symbol->variable->space != SPACE_PARAM)
            decoder_fail(decoder, "an argument that is no .param variable, register or constant");
        else if (symbol->variable->size != formals[k]->size)
            decoder_fail(decoder, "an argument's size differs from the parameter's");
        else
            copies[k] = (struct param_copy){.caller = (uint32_t)symbol->variable->address,
                                            .size = (uint32_t)symbol->variable->size,
                                            .stride_caller =
                                                (uint32_t)(symbol->variable->size + 7) / 8 * 8};
    }
    return copies;
}

static const struct syntax_function *call_prototype(struct decoder *decoder,
                                                    const struct syntax_operand *operand) {
    unsigned index;
    const struct syntax_symbol *symbol =
        operand && operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (symbol && symbol->kind == SYMBOL_PROTOTYPE)
        return symbol->function;
    if (symbol && symbol->kind == SYMBOL_TARGETS && symbol->count) {
        struct syntax_operand first = {.kind = OPERAND_NAME, .name = symbol->targets[0]};
        symbol = decoder_find(decoder, &first, &index);
        if (symbol && symbol->kind == SYMBOL_FUNCTION)
            return symbol->function;
    }
    decoder_fail(decoder, "an indirect call needs a .callprototype or .calltargets");
    return NULL;
}

/* Those of CUDA's runtime on devices (cuda_device_runtime_api.h), whose library is machine code. */
static bool launches_kernels(const char *function) {
    static const char *const prefixes[] = {"__cudaCDP2", "cudaGetParameterBuffer",
                                           "cudaLaunchDevice"};
    for (size_t k = 0; k < sizeof prefixes / sizeof prefixes[0]; k++)
        if (strncmp(function, prefixes[k], strlen(prefixes[k])) == 0)
            return true;
    return false;
}

_Noreturn static void refuse_undefined(struct decoder *decoder, const char *name) {
    char what[200];
    if (launches_kernels(name))
        decoder_lack(decoder, "the emulator lacks launches by kernels, which this call is for,");
    snprintf(what, sizeof what, "a call of '%.100s', which nothing defines,", name);
    decoder_fail(decoder, what);
}

static const struct syntax_function *call_target(struct decoder *decoder,
                                                 const struct syntax_operand *operand,
                                                 const struct syntax_operand *prototype) {
    unsigned index;
    const struct syntax_symbol *symbol =
        operand->kind == OPERAND_NAME ? decoder_find(decoder, operand, &index) : NULL;
    if (!symbol) {
        decoder_fail(decoder, "a call of an unknown function");
        return NULL;
    }
    if (symbol->kind == SYMBOL_FUNCTION) {
        decoder->detail->callee = symbol->function->decoded;
        bool runs = decoder->detail->callee && (symbol->function->is_defined ||
                                                decoder->detail->callee->builtin != BUILTIN_NONE);
        if (!runs || symbol->function->is_entry)
            refuse_undefined(decoder, operand->name);
        return symbol->function;
    }
    decoder_add_from(decoder, operand, 'd');
    return call_prototype(decoder, prototype);
}

/* call [(results),] function [, (arguments)] [, prototype] */
void decode_call(struct decoder *decoder) {
    struct detail *detail = decoder->detail;
    const struct syntax_instruction *source = decoder_source(decoder);
    size_t next = 0;
    decoder_reserve_operands(decoder, 0, 1);
    const struct syntax_operand *results = NULL, *arguments = NULL, *prototype = NULL;
    if (decoder_operand(decoder, 0)->kind == OPERAND_LIST)
        results = decoder_operand(decoder, next++);
    const struct syntax_operand *target = decoder_operand(decoder, next++);
    if (next < source->operand_count && source->operands[next].kind == OPERAND_LIST)
        arguments = &source->operands[next++];
    if (next < source->operand_count)
        prototype = &source->operands[next++];
    decoder_expect_operands(decoder, next);
    const struct syntax_function *callee = call_target(decoder, target, prototype);
    decoder->function->has_calls |= !detail->callee || detail->callee->builtin == BUILTIN_NONE;
    detail->copy_count = callee->parameter_count;
    detail->copies = call_areas(decoder, arguments, callee->parameters, callee->parameter_count);
    detail->result_count = callee->result_count;
    detail->results = call_areas(decoder, results, callee->results, callee->result_count);
}
