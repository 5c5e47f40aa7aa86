/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process is to its host: who runs it, as what program, in which control group, since when.
 * By this an operator says which ones are meant. Formats: proc(5), cgroups(7).
 */
#ifndef GW_TARGET_PROC_FACTS_H
#define GW_TARGET_PROC_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"
#include "base/span.h"
#include "base/text.h"

/* Texts are "" where they may not be seen. */
struct gw_proc_facts {
    pid_t pid, parent_pid;
    uint64_t start_ticks, start_stack; /* as in gw_proc_stat */
    uint64_t age_ns;                   /* since it was started, in steps of a clock tick */
    uid_t uid;                         /* effective */
    bool kernel_thread, zombie;
    char exe[GW_MAX_STRING];      /* path of the executable, without " (deleted)" */
    char command[GW_TEXT_ROOM];   /* its arguments, a space between two, made safe for people */
    char cgroup[GW_MAX_STRING];   /* path of its control group */
    uint8_t argv[GW_MAX_COMMAND]; /* its arguments as they are, each ended by a NUL */
    size_t argv_len;
};

/* 0, -ESRCH, or another -errno. What may not be seen but for the stat file is left "". */
int gw_proc_facts_read(pid_t pid, struct gw_proc_facts *out) __attribute__((warn_unused_result));

/* Effective user out of a status file: the second number behind "Uid:". 0 or -GW_E_BAD_DATA. */
int gw_proc_uid_parse(struct gw_span status, uid_t *out) __attribute__((warn_unused_result));

/* Path of the control group out of a cgroup file, lines "N:CONTROLLERS:PATH": that of version 2
 * ("0::"), else that of systemd ("name=systemd"), else the first. NUL-terminated, cut to cap. False
 * if there is none. */
bool gw_proc_cgroup_parse(struct gw_span text, char *out, size_t cap);

/* The systemd unit in such a path: its last component that ends in ".service". False if there is
 * none. Source: systemd.resource-control(5), the tree of slices, scopes and services. */
bool gw_cgroup_unit(const char *cgroup, char *out, size_t cap);

/* The container in such a path: the 64 hexadecimal digits in its last component that has so many,
 * as docker, containerd, CRI-O and podman name theirs. False if there is none. */
#define GW_CONTAINER_ID 64u
bool gw_cgroup_container(const char *cgroup, char out[GW_CONTAINER_ID + 1]);

/* Value of a variable in the bytes of an environ file ("NAME=VALUE" and a NUL each), made safe by
 * gw_text_from_bytes; cap >= 32. False if it is not there. */
bool gw_environ_find(struct gw_span vars, const char *name, char *out, size_t cap);

/* The same of a process, as its environment was when it was started; up to GW_MAX_ENVIRON bytes of
 * it are looked through. False also if it may not be seen. */
bool gw_proc_env(pid_t pid, const char *name, char *out, size_t cap);

/* Resident memory of a process, from statm; 0 if it may not be seen. */
uint64_t gw_proc_resident_bytes(pid_t pid);

#endif
