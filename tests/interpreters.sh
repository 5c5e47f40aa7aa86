#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The CPython interpreters to test against: finds what the machine has and gets the rest from
# Debian, each Debian release unpacked in a folder of its own, never installed over the system.
#
# usage: tests/interpreters.sh [list]              one working interpreter per version
#        tests/interpreters.sh all                 every working one that is here, nothing is fetched
#        tests/interpreters.sh exec VERSION ARG... become that Python, with these arguments
#        tests/interpreters.sh enter ROOT PATH ARG...  the same for one line of a list
#
# A line of the list is VERSION <tab> ROOT <tab> PATH. ROOT is / or the folder of a Debian release,
# PATH is inside ROOT. What was found, and what is missing and why, is told on standard error.
#
# `exec` works alike for all of them, and the process keeps its id through it. An unpacked release
# runs in a mount namespace of its own with the host's proc, dev, sys and tmp and this repository
# bound in; the mounts end with the process, so nothing of the host is ever reachable through the
# folder for a careless rm. As another user than root this needs sudo, and the process started is
# then a child of sudo.
#
# GW_INTERPRETERS="3.11 3.14" limits the versions. GW_CACHE names the folder the releases are kept
# in (default ~/.cache/gilwait); it can be deleted at any time.
set -euo pipefail

known_versions="3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15"
repository=$(cd "$(dirname "$0")/.." && pwd -P)
tab=$'\t'
# chroot and debootstrap are where only root looks.
PATH=$PATH:/usr/sbin:/sbin

# The Debian release that has a version; none has 3.8, 3.10 or 3.12.
release_of() {
  case $1 in
    3.9) echo bullseye ;;
    3.11) echo bookworm ;;
    3.13) echo trixie ;;
    3.14 | 3.15) echo sid ;;
  esac
}

packages_of() {
  case $1 in
    bullseye) echo python3.9 ;;
    bookworm) echo python3.11 ;;
    trixie) echo python3.13 ;;
    sid) echo python3.14,python3.15 ;;
  esac
}

say() {
  echo "interpreters.sh: $*" >&2
}

wanted_versions() {
  local wanted=${GW_INTERPRETERS:-$known_versions} version
  for version in ${wanted//,/ }; do
    case " $known_versions " in
      *" $version "*) echo "$version" ;;
      *) say "GW_INTERPRETERS: \"$version\" is none of $known_versions" && return 2 ;;
    esac
  done
}

cache_folder() {
  local folder=${GW_CACHE:-${HOME:-/nonexistent}/.cache/gilwait}
  # HOME may be unset or not writable, as in a build service.
  mkdir -p "$folder" 2>/dev/null || folder=$repository/build/interpreters
  mkdir -p "$folder"
  (cd "$folder" && pwd -P)
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# ---- Sources: each prints "ROOT <tab> PATH" lines, without knowing yet whether they work. ----

from_pyenv() {
  local path
  for path in "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/*/bin/python"$1"; do
    [ ! -x "$path" ] || printf '/\t%s\n' "$path"
  done
}

from_system() {
  local folder
  for folder in /usr/local/bin /usr/bin; do
    [ ! -x "$folder/python$1" ] || printf '/\t%s\n' "$folder/python$1"
  done
}

from_release() {
  local release
  release=$(release_of "$1")
  [ -z "$release" ] || [ ! -x "$cache/$release/usr/bin/python$1" ] ||
    printf '%s\t%s\n' "$cache/$release" "/usr/bin/python$1"
}

candidates() {
  from_pyenv "$1"
  from_system "$1"
  from_release "$1"
}

# ---- Running one ----

# Becomes PATH inside ROOT. The caller is a subshell or wants to be replaced.
enter() {
  local root=$1 path=$2 become=()
  shift 2
  [ "$root" != / ] || exec "$path" "$@"
  [ "$(id -u)" -eq 0 ] || become=(sudo -n)
  # shellcheck disable=SC2016 # expanded by the inner shell
  exec "${become[@]}" unshare --mount sh -c '
    set -e
    root=$1 repository=$2 folder=$3
    shift 3
    for name in proc dev sys tmp; do
      mount --rbind "/$name" "$root/$name"
    done
    mkdir -p "$root$repository"
    mount --bind "$repository" "$root$repository"
    [ -d "$root$folder" ] || folder=/
    exec chroot "$root" /usr/bin/env --chdir="$folder" "$@"
  ' sh "$root" "$repository" "$PWD" "$path" "$@"
}

# Prints the full version if ROOT, PATH is a Python VERSION with a GIL.
probe() {
  local program='
import sys
if "%d.%d" % sys.version_info[:2] != sys.argv[1]:
    sys.exit("it is Python " + sys.version)
if not getattr(sys, "_is_gil_enabled", lambda: True)():
    sys.exit("it has no GIL")
print(sys.version.split()[0])'
  (enter "$2" "$3" -I -c "$program" "$1" 2>&1 </dev/null)
}

# Prints list lines of the working candidates of VERSION, at most LIMIT.
working() {
  local version=$1 limit=$2 root path full count=0
  while IFS=$tab read -r root path; do
    if full=$(probe "$version" "$root" "$path"); then
      say "$version: $full at ${root%/}$path"
      printf '%s\t%s\t%s\n' "$version" "$root" "$path"
      count=$((count + 1))
      [ "$count" -lt "$limit" ] || break
    else
      say "$version: ${root%/}$path does not work: ${full##*$'\n'}"
    fi
  done < <(candidates "$version")
  [ "$count" -gt 0 ]
}

# ---- Getting more ----

# The archive this machine's own apt configuration uses, in whatever format that is written.
mirror() {
  local uri
  uri=$(apt-get update --print-uris 2>/dev/null |
    sed -n "s|^'\(https\?://[^']*\)/dists/[^']*/InRelease'.*|\1|p" | grep -v security | head -n 1) || true
  [ -n "$uri" ] || echo "no archive in this machine's apt configuration" >&2
  echo "$uri"
}

# Unpacks RELEASE into the cache. It gets its name when it is whole, so a folder is never half made.
# Prints why when it cannot be had.
unpack() {
  local release=$1 room=$cache/$1.new log=$cache/$1.log
  command -v debootstrap >/dev/null || { echo "debootstrap is not installed" && return 1; }
  as_root true 2>/dev/null || { echo "neither root nor sudo without a password" && return 1; }
  # What could not be entered afterwards is not worth getting.
  as_root unshare --mount true 2>&1 || return 1
  say "unpacking Debian $release into $cache/$release"
  as_root rm -rf --one-file-system "$room" "$cache/$release"
  if ! as_root env PATH="$PATH" debootstrap --variant=minbase \
    --include="$(packages_of "$release")" "$release" "$room" "$(mirror)" >"$log" 2>&1; then
    as_root rm -rf --one-file-system "$room"
    echo "debootstrap $release: $(grep -E '^(E|W):' "$log" | tail -n 1) (see $log)"
    return 1
  fi
  as_root rm -rf "$room/var/cache/apt/archives" "$room/var/lib/apt/lists"
  as_root mv "$room" "$cache/$release"
}

# Gets RELEASE unless somebody else has got it meanwhile: VERSIONs are those it is wanted for.
get_release() {
  local release=$1 version
  shift
  (
    flock 9
    for version in "$@"; do
      working "$version" 1 >/dev/null 2>&1 || {
        unpack "$release"
        break
      }
    done
  ) 9>"$cache/$release.lock"
}

# Gets the releases the VERSIONs need, all at once. The reason for a failure is then in
# REASONS/RELEASE.
get_releases() {
  local reasons=$1 release version of_release
  shift
  for release in $(for version in "$@"; do release_of "$version"; done | sort -u); do
    of_release=()
    for version in "$@"; do
      [ "$(release_of "$version")" != "$release" ] || of_release+=("$version")
    done
    get_release "$release" "${of_release[@]}" >"$reasons/$release" &
  done
  wait
}

# ---- Commands ----

list_one_each() {
  local lines reasons version missing=() release
  lines=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder's name is wanted now
  trap "rm -rf '$lines'" EXIT
  reasons=$lines/reasons
  mkdir "$reasons"
  for version in $versions; do
    working "$version" 1 >"$lines/$version" || missing+=("$version")
  done
  [ ${#missing[@]} -eq 0 ] || get_releases "$reasons" "${missing[@]}"
  for version in ${missing[@]+"${missing[@]}"}; do
    release=$(release_of "$version")
    if [ -z "$release" ]; then
      say "$version: missing: no Debian release has it; pyenv install $version would bring it"
    elif ! working "$version" 1 >"$lines/$version"; then
      say "$version: missing: $(grep . "$reasons/$release" || echo "Debian $release as it is now has none that works")"
    fi
  done
  for version in $versions; do
    cat "$lines/$version"
  done
}

list_all() {
  local version
  for version in $versions; do
    working "$version" 99 || say "$version: missing: not on this machine yet"
  done
}

become() {
  local _ root path
  IFS=$tab read -r _ root path < <(working "$1" 1 2>/dev/null) || {
    say "$1: not on this machine; tests/interpreters.sh list would get it"
    exit 1
  }
  shift
  enter "$root" "$path" "$@"
}

versions=$(wanted_versions)
cache=$(cache_folder)
case ${1:-list} in
  list) list_one_each ;;
  all) list_all ;;
  exec)
    [ $# -ge 2 ] || { say "usage: tests/interpreters.sh exec VERSION ARG..." && exit 2; }
    shift
    become "$@"
    ;;
  enter)
    [ $# -ge 3 ] || { say "usage: tests/interpreters.sh enter ROOT PATH ARG..." && exit 2; }
    shift
    enter "$@"
    ;;
  *)
    sed -n 's/^# \(usage: .*\|  *tests.*\)/\1/p' "$0" >&2
    exit 2
    ;;
esac
