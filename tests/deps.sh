#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that are missing, and does nothing when none is.
# usage: tests/deps.sh build    what building the programs needs
#        tests/deps.sh test     the same and what the tests need
set -euo pipefail

build=(gcc libc6-dev cmake ninja-build pkg-config python3 libelf-dev libunwind-dev libiberty-dev libzydis-dev libprotobuf-c-dev
  protobuf-c-compiler libzstd-dev zlib1g-dev libjansson-dev
  libncurses-dev libyaml-dev libmicrohttpd-dev libpcre2-dev)
# clang only recommends its sanitizer run time, and recommended packages are not installed.
test=(clang libclang-rt-dev libcmocka-dev chromium debootstrap debian-archive-keyring procps python3-pip
  util-linux prometheus)

case ${1:-} in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  *)
    sed -n 's/^# \(usage\|  *tests\)/\1/p' "$0" >&2
    exit 2
    ;;
esac
# Node also comes from elsewhere than Debian's packages, and then brings its own npm.
command -v npm >/dev/null || wanted+=(nodejs npm)

if ! command -v dpkg-query >/dev/null; then
  echo "deps.sh: not a Debian system; these have to be there under whatever name: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  # A package of several architectures prints its status once for each.
  case $status in installed*) ;; *) missing+=("$package") ;; esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "deps.sh: neither root nor sudo; ask for these to be installed: ${missing[*]}" >&2
    exit 1
  }
  root=(sudo)
fi
echo "installing: ${missing[*]}" >&2
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
# Standard output belongs to the script that called this one.
"${root[@]}" "${apt[@]}" update >&2 || echo "deps.sh: apt-get update failed, going on with the old lists" >&2
"${root[@]}" "${apt[@]}" install --no-install-recommends "${missing[@]}" >&2
