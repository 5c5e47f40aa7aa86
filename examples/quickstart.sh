#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh checkout to a report: installs what is missing, builds, starts the example server
# with load on it, records it for 10 seconds by its pid and shows who waited for whom.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$PWD/build/quickstart
gilwait=$build/bin/gilwait
capture=$build/server.gilwait
page=$PWD/gilwait-report.html
started=()

stop_all() {
  [ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true
  wait
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() {
  printf '\n== %s\n' "$1"
}

step "Building (log: $build.log)"
tests/deps.sh build
mkdir -p build
if ! { cmake --preset release -B "$build" && cmake --build "$build"; } >"$build.log" 2>&1; then
  tail -n 30 "$build.log"
  exit 1
fi

step "Starting the example server with load on it"
# Both end by themselves as well, should this script be killed.
mkfifo "$build/ready.$$"
/usr/bin/python3 examples/server.py --seconds 120 >"$build/ready.$$" &
pid=$!
started+=("$pid")
read -r ready <"$build/ready.$$" || true
rm "$build/ready.$$"
[ -n "$ready" ] || { echo "the server did not start" && exit 1; }
echo "$ready"
/usr/bin/python3 examples/load.py "${ready##* }" --seconds 60 >"$build/load.log" &
started+=("$!")
sleep 1

step "Recording process $pid for 10 seconds"
# Reading a process that is no child of ours takes root where Yama is strict about it.
become=()
scope=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)
if [ "$scope" -ne 0 ] && [ "$(id -u)" -ne 0 ]; then become=(sudo); fi
"${become[@]}" "$gilwait" record -p "$pid" -d 10 -o "$capture"

step "What it says"
"$gilwait" report "$capture"
"$gilwait" html "$capture" -o "$page"

step "The same for a process of yours"
cat <<EOT
The page with the flame graphs: $page

  ${become[*]+${become[*]} }$gilwait record -p PID -o my.gilwait
  $gilwait report my.gilwait
  $gilwait html my.gilwait -o my.html

As the user the process runs as, or with sudo. If it is refused: $gilwait doctor -p PID
EOT
