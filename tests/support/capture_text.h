/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures written as text, so that a test shows what is in them. One statement a line; `#` begins
 * a comment; words with spaces stand in "quotes" (\" \\ \n \xNN inside). KEY=VALUE in any order,
 * what is missing is 0. Ids are those of the capture, ticks count from 0 (not differences).
 *
 *   header rate=1000 cpus=2 kernel=6.1.0 realtime=NS monotonic=NS max_cpu=0.05
 *   process 0 pid=4711 python=3.12.1 hex=0x030c01f0 exe=/usr/bin/python3 ppid=1 first=NS ended=NS
 *           [ft=1] [skipped="why"]                                   (on one line)
 *   thread 0 process=0 tid=4711 ns_tid=1 name=MainThread main=1 first=NS
 *   gil 0 process=0 interpreter=0
 *   function 1 build /srv/app/server.py 80 [kind=1] (id, name, file, first line; 1: C, 2: native)
 *   stack 1 0 1 86                                  (id, parent, function, line)
 *   block process=0 start=NS ticks=1000 dt=NS       (all ticks alike; begins a block)
 *   gap 17 NS                                       (tick, weight lost; belongs to the block)
 *   native 0 3 at=NS [holds=1]                       (thread, stack; since the block's start: a stop)
 *   track 0 [end=TICK] [cpu=NS queue=NS] 0:io-wait:1 5:gil-wait:2:0   (thread,
 * tick:state:stack:gil) holders 0 switches=3 interval=5000 0:nobody 5:1 9:unknown         (gil,
 * tick:thread) quality late=1 torn=2 dropped=3 own_cpu=NS rss=BYTES rate=998.5 write (definitions
 * and blocks so far go out: DATA) keyframe                         (likewise, as KEYFRAME; with all
 * strings so far once more) reset                                           (the next DATA forgets
 * all ids) end duration|signal|target-ended|output
 */
#ifndef GW_TESTS_CAPTURE_TEXT_H
#define GW_TESTS_CAPTURE_TEXT_H

/* Write the capture described to fd (taken over). Returns 0, or a negative error, said on standard
 * error with its line. */
int capture_text_write(const char *text, int fd);

/* The capture described in a file of memory, at its start. Ends the test program on an error. */
int capture_text_memfd(const char *text);

#endif
