/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native stacks over an ELF file that may say anything: 2 bytes of where the thread is in it, 256
 * bytes of its stack, the file. It is mapped as code of this process, which is the one looked at.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "native/names.h"
#include "native/objects.h"
#include "native/unwind.h"

#define PLACE_BYTES 2u
#define STACK_BYTES 256u
#define MAX_FILE (1u << 16)

struct seen {
    gw_raddr pcs[GW_MAX_NATIVE_FRAMES];
    size_t n;
};

static bool see(void *context, gw_raddr pc)
{
    struct seen *seen = context;
    if (seen->n == GW_MAX_NATIVE_FRAMES)
        abort(); /* more frames than there may be */
    seen->pcs[seen->n++] = pc;
    return true;
}

static void take_name(void *context, gw_raddr pc, const struct gw_native_name *name)
{
    (void)pc;
    *(size_t *)context += strlen(name->function) + strlen(name->object) + strlen(name->path);
}

static void look(const uint8_t *code, size_t at, const uint8_t *stack)
{
    struct gw_rmem memory = gw_rmem_of(getpid());
    struct gw_objects *objects = gw_objects_new(getpid());
    struct gw_unwinder *unwinder = objects ? gw_unwinder_new(objects, &memory) : NULL;
    struct gw_registers registers = {.n = 17};
    memcpy(registers.values, stack, registers.n * sizeof registers.values[0]);
    for (int round = 0; unwinder && round < 4; round++) {
        struct seen seen = {.n = 0};
        size_t len = 0;
        struct gw_native_place place = {.sp = (gw_raddr)(uintptr_t)stack,
                                        .pc = (gw_raddr)(uintptr_t)(code + at),
                                        .registers = round > 1 ? &registers : NULL};
        gw_unwind(unwinder, &place, see, &seen);
        gw_objects_tend(objects, (uint64_t)round << 32);
        gw_native_name(objects, seen.pcs, seen.n, take_name, &len);
    }
    gw_unwinder_free(unwinder);
    gw_objects_free(objects);
}

/* The return addresses in a stack of a file are of its own code: it cannot know where it will be.
 */
static void place_stack(uint8_t *stack, const uint8_t *input, const uint8_t *code)
{
    memcpy(stack, input, STACK_BYTES);
    for (size_t i = 0; i < STACK_BYTES; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, stack + i, sizeof word);
        word += word < MAX_FILE ? (uintptr_t)code : 0;
        memcpy(stack + i, &word, sizeof word);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/gilwait-fuzz-XXXXXX";
    size_t head = PLACE_BYTES + STACK_BYTES;
    if (size <= head || size - head > MAX_FILE)
        return 0;
    size_t len = size - head;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return 0;
    uint8_t *code = MAP_FAILED, stack[STACK_BYTES];
    if (write(fd, data + head, len) == (ssize_t)len)
        code = mmap(NULL, len, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (code != MAP_FAILED) {
        place_stack(stack, data + PLACE_BYTES, code);
        look(code, (data[0] | (size_t)data[1] << 8) % len, stack);
        munmap(code, len);
    }
    close(fd);
    unlink(path);
    return 0;
}
