/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit on what foreign data may make gilwait do. Anything sized by the target, by /proc or
 * by a file is held against one of these; reaching one is counted or said, never silent.
 */
#ifndef GW_BASE_LIMITS_H
#define GW_BASE_LIMITS_H

/* The target */
#define GW_MAX_MAPS 65536u              /* lines of /proc/PID/maps (kernel default: 65530) */
#define GW_MAX_MAPS_TEXT (32u << 20)    /* bytes of that file */
#define GW_MAX_ELF_SECTION (512u << 20) /* bytes of one symbol or string table */
#define GW_MAX_THREADS 8192u            /* threads with a thread state, per process */
#define GW_MAX_INTERPRETERS 64u         /* interpreters of one process */
#define GW_MAX_PROCESSES 256u           /* targets in one capture (--children) */
#define GW_MAX_FRAMES 256u              /* frames kept of one stack: leaf half and root half */
#define GW_MAX_WALK 100000u             /* frames followed before a chain counts as endless */
#define GW_MAX_CHUNK_BYTES 65536u       /* part of a data-stack chunk copied in a tick */
#define GW_MAX_TSTATE_BYTES 2048u       /* bytes of a thread state read in a tick */
#define GW_MAX_FRAME_BYTES 128u         /* bytes of a frame read in a tick */
#define GW_MAX_CODE_BYTES 256u          /* bytes of a code object's head */
#define GW_MAX_CODE_UNITS 16384u        /* instructions of a code object looked through for a call */
#define GW_MAX_EXCEPTION_BYTES 65536u   /* bytes of its exception table */
#define GW_MAX_GIL_BYTES 256u           /* bytes of a GIL */
#define GW_MAX_STRING 4096u             /* bytes of UTF-8 kept of one string, then marked */
#define GW_MAX_LINETABLE (1u << 20)     /* bytes of one code object's line table */
#define GW_MAX_NATIVE_FRAMES 128u       /* frames followed of one native stack */
#define GW_MAX_FUNCTION_BYTES 16384u     /* code of a function looked through for its frame */
#define GW_MAX_UNWIND_READS 65536u       /* words read to follow one: a table may loop */
#define GW_MAX_NATIVE_STACK (128u << 10) /* bytes of it that are read */
#define GW_MAX_DICT_ENTRIES 65536u      /* entries of a dict looked through for thread names */

/* The host, as the agent sees it */
#define GW_MAX_HOST_PROCESSES 65536u /* processes looked through in a scan */
#define GW_MAX_COMMAND 4096u         /* bytes of a command line that are looked at */
#define GW_MAX_ENVIRON (256u << 10)  /* bytes of an environment that are looked through */

/* The agent's configuration */
#define GW_MAX_CONFIG_BYTES (1u << 20)
#define GW_MAX_RULES 256u
#define GW_MAX_LABELS 16u    /* of one rule */
#define GW_MAX_VARIABLES 32u /* names of variables in one place */
#define GW_MAX_PATTERN 1024u /* bytes of one regular expression */
#define GW_MAX_PATTERN_STEPS 100000u /* of matching one with one text */
#define GW_MAX_PATTERN_KIB 1024u     /* of memory for that */
#define GW_MAX_SERVICE 128u  /* bytes of a service's name, then cut */
#define GW_MAX_AGENT_RATE_HZ 1000.0

/* What the agent keeps */
#define GW_MAX_TARGETS 1024u       /* sampled at a time */
#define GW_MAX_SERVICES 1024u      /* with sums of their own */
#define GW_MAX_BLAMED 20u          /* functions of a service with a sum of their own */
#define GW_MAX_TARGET_STACKS 50000u /* of a target; then its definitions begin anew */
#define GW_MAX_TARGET_IDS 20000u   /* strings, functions or threads of a target, likewise */
#define GW_MAX_RECENT_S 60.0       /* of each target's past that is kept in memory */
#define GW_MAX_CONNECTIONS 64u     /* of HTTP, at a time */
#define GW_MAX_CONNECTION_BYTES (32u << 10) /* of a request's head */
#define GW_CONNECTION_TIMEOUT_S 10u         /* without a byte */

/* The recording */
#define GW_MAX_RATE_HZ 100000.0
#define GW_MIN_RATE_HZ 0.1
#define GW_MAX_DURATION_S (366.0 * 86400.0)
#define GW_MAX_STOPS 8u /* threads of the target that may be on their way to a stop (--stop) */
#define GW_MAX_STOP_STACK 32768u  /* bytes of a C stack copied during a stop (--native --stop) */
#define GW_MAX_STOP_RANGES 512u   /* other places read meanwhile, */
#define GW_MAX_STOP_BYTES 262144u /* and their bytes */
#define GW_STOPS_AHEAD_NS 100000000u /* stops may use the budget of this much time to come */
#define GW_MAX_NATIVE_SAMPLES 1024u  /* of running threads, kept until they are written */
#define GW_DOUBT_NS 1000000000u      /* a doubtful sample is settled after this at the latest */
#define GW_WEIGHT_CAP_NS 100000000u  /* most a sample weighs, or GW_WEIGHT_CAP_PERIODS */
#define GW_WEIGHT_CAP_PERIODS 10u

/* The capture */
#define GW_MAX_CHUNK_PAYLOAD (1u << 20)   /* a reader refuses more in one, packed or unpacked */
#define GW_MAX_CHUNK_UNPACKED (32u << 20) /* bytes of C structures one payload may become */
#define GW_CHUNK_TARGET (192u << 10)      /* a writer cuts its chunks near this */
#define GW_MAX_IDS (1u << 24)             /* strings, functions, stacks or threads of one capture */
#define GW_MAX_SPARSE_IDS (1u << 20)      /* threads, processes or GILs of one capture */
#define GW_MAX_TICKS_PER_BLOCK 100000u
#define GW_MAX_PAIRS (1u << 20) /* pairs a viewer keeps apart; up to 64 bytes each */
#define GW_MAX_SPANS (1u << 26) /* spans of a timeline; up to 48 bytes each, in a file */
#define GW_MAX_THREAD_PATTERNS 64u        /* --thread on one command line */

/* The live view (top) */
#define GW_MAX_WINDOW_S 300.0             /* longest sliding window */
#define GW_MAX_WINDOW_BYTES (64u << 20)   /* blocks kept for it, packed; the oldest go first */
#define GW_MAX_WINDOW_THREADS (1u << 16)  /* threads, ended ones too, before it begins anew */
#define GW_MAX_TOP_ROWS 2000u             /* rows of one table of the screen */

#endif
