/* SPDX-License-Identifier: Apache-2.0 */
/* The formats there are; gw_exporter_list gives them to everyone else. */
#ifndef GW_EXPORT_EXPORTERS_H
#define GW_EXPORT_EXPORTERS_H

#include "export/export.h"

/*
 * Folded stacks, as flamegraph.pl and its kin read them: one line per stack,
 * "process PID/THREAD;ROOT;...;LEAF N", N being the GIL wait in whole microseconds (rounded; lines
 * of 0 are left out). `;` in names is escaped as \x3b.
 */
extern const struct gw_exporter gw_exporter_collapsed;

/* profile.proto of github.com/google/pprof, gzip'd: pprof.c and pprof_samples.h tell what is in it.
 */
extern const struct gw_exporter gw_exporter_pprof;

/* Lines of JSON (https://jsonlines.org): gilwait-view(1) tells what is in them. Members may be
 * added; the version rises if one goes or means something else. */
#define GW_JSON_LINES_VERSION 1
extern const struct gw_exporter gw_exporter_json_lines;

/* https://www.speedscope.app/file-format-schema.json, as speedscope 1.25.0 has it: its npm package
 * holds the schema. */
extern const struct gw_exporter gw_exporter_speedscope;

/* Chrome's trace events as a JSON object ("Trace Event Format", the document that Chromium's
 * catapult names), as Perfetto 52 reads them. */
extern const struct gw_exporter gw_exporter_chrome_trace;

/* The processed profile of the Firefox Profiler in its version 48, which its upgraders
 * (src/profile-logic/processed-profile-versioning) bring to the one of the day:
 * docs-developer/CHANGELOG-formats.md of github.com/firefox-devtools/profiler has the versions.
 * Perfetto 52 writes the same one (its standard library's export.to_firefox_profile). */
extern const struct gw_exporter gw_exporter_firefox;

#endif
