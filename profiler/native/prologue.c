/* SPDX-License-Identifier: Apache-2.0 */
#include "native/prologue.h"

#include <capstone/capstone.h>
#include <stdlib.h>

struct gw_prologues {
    csh handle;
    cs_insn *insn;
};

struct gw_prologues *gw_prologues_new(void)
{
    struct gw_prologues *prologues = calloc(1, sizeof *prologues);
    if (!prologues)
        return NULL;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &prologues->handle) != CS_ERR_OK) {
        free(prologues);
        return NULL;
    }
    cs_option(prologues->handle, CS_OPT_DETAIL, CS_OPT_ON);
    prologues->insn = cs_malloc(prologues->handle);
    if (!prologues->insn) {
        gw_prologues_free(prologues);
        return NULL;
    }
    return prologues;
}

void gw_prologues_free(struct gw_prologues *prologues)
{
    if (!prologues)
        return;
    if (prologues->insn)
        cs_free(prologues->insn, 1);
    cs_close(&prologues->handle);
    free(prologues);
}

/* What the instructions so far have done. */
struct frame {
    int64_t depth;   /* bytes that the stack has grown since the function began */
    int64_t pointer; /* that depth when the frame pointer was set; 0: not yet */
    bool branched;   /* the prologue is over */
};

static bool is_register(const cs_x86_op *operand, x86_reg reg)
{
    return operand->type == X86_OP_REG && operand->reg == reg;
}

static bool is_branch(const struct gw_prologues *prologues)
{
    return cs_insn_group(prologues->handle, prologues->insn, CS_GRP_JUMP) ||
           cs_insn_group(prologues->handle, prologues->insn, CS_GRP_CALL) ||
           cs_insn_group(prologues->handle, prologues->insn, CS_GRP_RET);
}

/* A jump back in a prologue is a loop that makes room page by page (-fstack-clash-protection). */
static bool take_branch(const cs_insn *insn, struct frame *frame)
{
    const cs_x86_op *target = &insn->detail->x86.operands[0];
    bool known = insn->detail->x86.op_count == 1 && target->type == X86_OP_IMM;
    if (!frame->branched && insn->id != X86_INS_CALL && known &&
        target->imm <= (int64_t)insn->address)
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
static bool take_stack(const cs_insn *insn, struct frame *frame)
{
    const cs_x86 *x86 = &insn->detail->x86;
    bool by_constant = x86->op_count == 2 && x86->operands[1].type == X86_OP_IMM;
    switch (insn->id) {
    case X86_INS_PUSH:
        return take_growth(frame, x86->operands[0].size);
    case X86_INS_POP:
        return take_growth(frame, -(int64_t)x86->operands[0].size);
    case X86_INS_SUB:
        return by_constant && take_growth(frame, x86->operands[1].imm);
    case X86_INS_ADD:
        return by_constant && take_growth(frame, -x86->operands[1].imm);
    case X86_INS_LEAVE:
    case X86_INS_LEA:
    case X86_INS_MOV: /* from the frame pointer, before the end */
        return frame->branched;
    default: /* aligned, or made as large as something says: not known */
        return false;
    }
}

static bool writes_stack_pointer(const struct gw_prologues *prologues)
{
    const cs_insn *insn = prologues->insn;
    const cs_x86_op *first = &insn->detail->x86.operands[0];
    bool is_first = insn->detail->x86.op_count > 0 &&
                    (is_register(first, X86_REG_RSP) || is_register(first, X86_REG_ESP));
    bool compares = insn->id == X86_INS_CMP || insn->id == X86_INS_TEST;
    return (is_first && !compares) || cs_reg_write(prologues->handle, insn, X86_REG_RSP);
}

/* False: the frame pointer cannot be told. */
static bool take(const struct gw_prologues *prologues, struct frame *frame)
{
    const cs_insn *insn = prologues->insn;
    const cs_x86 *x86 = &insn->detail->x86;
    if (is_branch(prologues))
        return take_branch(insn, frame);
    if (insn->id == X86_INS_MOV && is_register(&x86->operands[0], X86_REG_RBP)) {
        bool sets = is_register(&x86->operands[1], X86_REG_RSP) && !frame->pointer &&
                    !frame->branched && frame->depth > 0;
        frame->pointer = frame->depth;
        return sets;
    }
    return !writes_stack_pointer(prologues) || take_stack(insn, frame);
}

bool gw_prologue_frame_pointer(struct gw_prologues *prologues, const uint8_t *code, size_t len,
                               uint64_t *above_sp)
{
    struct frame frame = {0};
    uint64_t address = 0;
    while (len > 0) {
        if (!cs_disasm_iter(prologues->handle, &code, &len, &address, prologues->insn) ||
            !take(prologues, &frame))
            return false;
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
