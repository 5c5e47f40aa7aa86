/* SPDX-License-Identifier: Apache-2.0 */
#include "native/prologue.h"

#include <Zydis/Zydis.h>

/* What the instructions so far have done. */
struct frame {
    int64_t depth;   /* bytes that the stack has grown since the function began */
    int64_t pointer; /* that depth when the frame pointer was set; 0: not yet */
    bool branched;   /* the prologue is over */
};

struct instruction {
    ZydisDecodedInstruction head;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]; /* hidden ones too */
};

static bool is_register(const ZydisDecodedOperand *operand, ZydisRegister reg)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == reg;
}

static bool is_constant(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

static bool writes(const struct instruction *instruction, ZydisRegister reg)
{
    for (uint8_t i = 0; i < instruction->head.operand_count; i++) {
        const ZydisDecodedOperand *operand = &instruction->operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
            ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand->reg.value) == reg)
            return true;
    }
    return false;
}

/* A jump back in a prologue is a loop that makes room page by page (-fstack-clash-protection). */
static bool take_jump(const struct instruction *instruction, struct frame *frame)
{
    const ZydisDecodedOperand *target = &instruction->operands[0];
    bool is_back = is_constant(target) && target->imm.is_relative && target->imm.value.s < 0;
    if (is_back && !frame->branched)
        return false;
    frame->branched = true;
    return true;
}

/* Room that is made after the prologue is not there on every way; room that is given back then is
 * at the end of another way through the function. */
static bool take_growth(struct frame *frame, int64_t bytes)
{
    if (bytes > 0 && frame->branched)
        return false;
    if (!frame->branched)
        frame->depth += bytes;
    return true;
}

/* An instruction that writes the stack pointer. */
static bool take_stack(const struct instruction *instruction, struct frame *frame)
{
    const ZydisDecodedOperand *operands = instruction->operands;
    int64_t width = instruction->head.operand_width / 8;
    switch (instruction->head.mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
        return take_growth(frame, width);
    case ZYDIS_MNEMONIC_POP:
        return take_growth(frame, -width);
    case ZYDIS_MNEMONIC_SUB:
        return is_constant(&operands[1]) && take_growth(frame, operands[1].imm.value.s);
    case ZYDIS_MNEMONIC_ADD:
        return is_constant(&operands[1]) && take_growth(frame, -operands[1].imm.value.s);
    case ZYDIS_MNEMONIC_LEAVE:
    case ZYDIS_MNEMONIC_LEA:
    case ZYDIS_MNEMONIC_MOV: /* from the frame pointer, before the end */
        return frame->branched;
    default: /* aligned, or made as large as something says: not known */
        return false;
    }
}

/* An instruction that writes the frame pointer: that sets it, or gives the caller's back. */
static bool take_frame_pointer(const struct instruction *instruction, struct frame *frame)
{
    if (instruction->head.mnemonic == ZYDIS_MNEMONIC_POP ||
        instruction->head.mnemonic == ZYDIS_MNEMONIC_LEAVE)
        return frame->branched && take_stack(instruction, frame);
    bool sets = instruction->head.mnemonic == ZYDIS_MNEMONIC_MOV &&
                is_register(&instruction->operands[1], ZYDIS_REGISTER_RSP) && !frame->pointer &&
                !frame->branched && frame->depth > 0;
    frame->pointer = frame->depth;
    return sets;
}

/* False: the frame pointer cannot be told. */
static bool take(const struct instruction *instruction, struct frame *frame)
{
    switch (instruction->head.meta.category) {
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
        return take_jump(instruction, frame);
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_RET:
        frame->branched = true;
        return true;
    default:
        break;
    }
    if (writes(instruction, ZYDIS_REGISTER_RBP))
        return take_frame_pointer(instruction, frame);
    return !writes(instruction, ZYDIS_REGISTER_RSP) || take_stack(instruction, frame);
}

bool gw_prologue_frame_pointer(const uint8_t *code, size_t len, uint64_t *above_sp)
{
    ZydisDecoder decoder;
    struct frame frame = {0};
    if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        return false;
    while (len > 0) {
        struct instruction instruction;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, len, &instruction.head,
                                                 instruction.operands)) ||
            !take(&instruction, &frame))
            return false;
        code += instruction.head.length;
        len -= instruction.head.length;
    }
    if (!frame.pointer || frame.depth < frame.pointer)
        return false;
    *above_sp = (uint64_t)(frame.depth - frame.pointer);
    return true;
}

/* CALL rel32 (E8), and CALL r/m64 (FF /2) of 2 to 7 bytes, with or without a prefix: Intel 64 and
 * IA-32 Architectures Software Developer's Manual, volume 2. */
bool gw_prologue_ends_in_call(const uint8_t *code, size_t len)
{
    if (len >= 5 && code[len - 5] == 0xe8)
        return true;
    for (size_t n = 2; n <= 7 && n <= len; n++)
        if (code[len - n] == 0xff && (code[len - n + 1] & 0x38) == 0x10)
            return true;
    return false;
}
