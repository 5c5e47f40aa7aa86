/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main for a fuzzer that is built without libFuzzer: runs each file named on the command line
 * once. This lets gcc builds run the seeds, and reproduces a crash found elsewhere.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's own default for the longest input. */
#define MAX_INPUT ((size_t)1 << 20)

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    uint8_t *room = malloc(MAX_INPUT);
    size_t size = room ? fread(room, 1, MAX_INPUT, file) : 0;
    fclose(file);
    /* An allocation of the exact size lets a sanitizer see one byte read too many. */
    uint8_t *data = room && size > 0 ? realloc(room, size) : room;
    if (!data) {
        free(room);
        perror(path);
        return 1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        if (run_file(argv[i]) != 0)
            return 1;
    printf("%d inputs run\n", argc - 1);
    return 0;
}
