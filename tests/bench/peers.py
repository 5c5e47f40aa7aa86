# SPDX-License-Identifier: Apache-2.0
"""Gets the other profilers from their registries, each into a folder of its own; tells why not.

py-spy and Austin 4 come from PyPI, Austin 3 and the C library that both Austins need from Debian's
newest release, which tests/interpreters.sh keeps unpacked for its Python. Debian's archive may be
served with a list that is out of date: bench does not mind.
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import harness  # noqa: E402  (found by the line above)


class Missing(Exception):
    """A peer that cannot be had, and why."""


def cache():
    folder = pathlib.Path.home() / ".cache" / "gilwait" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(command, **options):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise Missing(f"{pathlib.Path(command[0]).name}: {last}")


def from_pypi(package, program):
    folder = cache() / package
    path = folder / "bin" / program
    if not path.exists():
        run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, package])
    return path


def newest_debian():
    """An interpreter that lives in an unpacked release which is newer than this machine."""
    for version in ("3.15", "3.14"):
        python = harness.interpreters().get(version)
        if python and python.root != "/":
            return python
    raise Missing("needs a newer C library: tests/interpreters.sh has no newer Debian unpacked")


def under_newer_libc(path):
    root = pathlib.Path(newest_debian().root)
    loader = root / "lib64" / "ld-linux-x86-64.so.2"
    if not loader.exists():
        raise Missing(f"no {loader}")
    return [loader, "--library-path", root / "usr" / "lib" / "x86_64-linux-gnu", path]


def from_debian(package, program):
    path = cache() / package / "usr" / "bin" / program
    if not path.exists():
        root = newest_debian().root
        enter = [harness.INTERPRETERS_SH, "enter", root]
        run(enter + ["/usr/bin/apt-get", "-o", "Acquire::Check-Valid-Until=false", "update"])
        folder = cache() / "download"
        folder.mkdir(exist_ok=True)
        (pathlib.Path(root) / "tmp").mkdir(exist_ok=True)
        script = f"cd /var/cache/apt && apt-get download {package} >&2"
        run(enter + ["/bin/sh", "-c", script])
        for archive in (pathlib.Path(root) / "var" / "cache" / "apt").glob(f"{package}_*.deb"):
            run(["dpkg-deb", "-x", archive, cache() / package])
            archive.unlink()
    return path
