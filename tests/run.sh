#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, builds with gcc and with clang under sanitizers, and runs every test in
# both builds: the unit tests, the fuzzers, and the integration tests on every interpreter (under
# sanitizers without those of exact figures). The last line counts them: "N passed, M failed, K
# skipped". Exit status 1 if any failed.
#
# FUZZ_SECONDS: how long each fuzzer runs (default 3).    GW_BUILD: the build folder (build/check).
# GW_INTERPRETERS, GW_CACHE: see tests/interpreters.sh.   GW_REQUIRED: versions that must be there.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${GW_BUILD:-$PWD/build/check}
fuzz_seconds=${FUZZ_SECONDS:-3}
passed=0 failed=0 skipped=0
# The system's own Python: one from a version manager may change with the folder or the user.
python=/usr/bin/python3

step() {
  printf '\n==== %s (%d:%02d)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

finish() {
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && exit 0
  exit 1
}

add_counts() { # PASSED FAILED SKIPPED
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

broken() {
  echo "FAIL $1"
  add_counts 0 1 0
}

compile() { # NAME PRESET: builds into $build/NAME
  step "build: $1"
  cmake --fresh --preset "$2" -B "$build/$1" -DPython3_EXECUTABLE=$python >"$build/$1.log" 2>&1 &&
    cmake --build "$build/$1" >>"$build/$1.log" 2>&1 && return
  grep -E -A 12 '^FAILED|CMake Error|error: ' "$build/$1.log" | head -n 100
  broken "build $1, see $build/$1.log"
  return 1
}

# Prints what skipped or never ran, and last PASSED FAILED SKIPPED, from ctest's own record.
count_ctest() {
  $python - "$1" <<'PYTHON'
import sys
import xml.etree.ElementTree as xml
counts = {"passed": 0, "failed": 0, "skipped": 0}
for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
    skip = case.find("skipped")
    outcome = "passed" if case.get("status") == "run" else "failed"
    # A program that is missing is "notrun" as well, but nothing asked for its skip.
    if skip is not None and "SKIP_" in skip.get("message", ""):
        outcome = "skipped"
    if outcome != "passed":
        words = (case.findtext("system-out") or "").strip().splitlines()
        print(outcome, case.get("name"), words[-1] if words else "")
    counts[outcome] += 1
print(*counts.values())
PYTHON
}

unit_tests() { # NAME
  local record=$build/$1-ctest.xml out
  step "ctest: $1"
  rm -f "$record"
  ctest --test-dir "$build/$1" -j "$(nproc)" --timeout 300 --output-on-failure --no-tests=error \
    --output-junit "$record"
  if out=$(count_ctest "$record"); then
    echo "$out" | head -n -1
    # shellcheck disable=SC2046 # three numbers
    add_counts $(echo "$out" | tail -n 1)
  else
    broken "ctest $1 left no record"
  fi
}

fuzz() {
  local program name log new
  step "fuzzers, $fuzz_seconds s each"
  for program in "$build"/sanitized/tests/fuzz/fuzz_*; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
    name=$(basename "$program") log=$build/$name.log new=$build/corpus/$name
    # What it finds new goes to a folder of its own: the seeds in the repository stay as they are.
    mkdir -p "$new"
    if "$program" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$build/$name-" "$new" "tests/fuzz/corpus/${name#fuzz_}" >"$log" 2>&1; then
      echo "ok   $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
      add_counts 1 0 0
    else
      tail -n 40 "$log"
      broken "$name, see $log"
    fi
  done
}

integration() { # NAME [OPTION]
  local counts=$build/$1-integration.counts become=()
  step "integration: $1"
  rm -f "$counts"
  # Interpreters in a root of their own need root, and root may look at any process.
  [ "$(id -u)" -eq 0 ] || become=(sudo)
  "${become[@]}" env PATH="$PATH" GW_BIN="$build/$1/bin" GW_INTERPRETER_LIST="$build/interpreters" \
    GW_CACHE="${GW_CACHE:-${HOME:-/nonexistent}/.cache/gilwait}" GW_INTERPRETERS="${GW_INTERPRETERS:-}" \
    GW_REQUIRED="${GW_REQUIRED:-}" "$python" -B tests/integration/run.py --counts "$counts" "${@:2}"
  # shellcheck disable=SC2046 # three numbers
  if [ -s "$counts" ]; then add_counts $(cat "$counts"); else broken "integration $1 did not end"; fi
}

mkdir -p "$build" || finish
build=$(cd "$build" && pwd)
step "packages"
tests/deps.sh test || { broken "packages cannot be installed" && finish; }

# Unpacking Debian releases waits for the network most of the time: the builds run beside it.
tests/interpreters.sh list >"$build/interpreters" 2>"$build/interpreters.log" &
gathering=$!
# shellcheck disable=SC2064 # this process and no other
trap "kill $gathering 2>/dev/null" INT TERM
compile plain dev && plain=yes
compile sanitized fuzz && sanitized=yes
step "interpreters"
wait "$gathering" || broken "tests/interpreters.sh"
cat "$build/interpreters.log"

[ -z "${plain:-}" ] || unit_tests plain
[ -z "${sanitized:-}" ] || unit_tests sanitized
[ -z "${sanitized:-}" ] || fuzz
[ -z "${plain:-}" ] || integration plain
# Where a figure is right only on a machine that is not busy, a sanitizer keeps it busy.
[ -z "${sanitized:-}" ] || integration sanitized --no-exclusive
finish
