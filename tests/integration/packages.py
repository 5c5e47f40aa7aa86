# SPDX-License-Identifier: Apache-2.0
"""Readers of formats that come as packages, by name and version, kept in the tests' cache."""
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CACHE = pathlib.Path(os.environ.get("GW_CACHE") or pathlib.Path.home() / ".cache" / "gilwait")
NODE = shutil.which("node") or shutil.which("nodejs")


def install(name, command):
    """The folder of that name in the cache; if it is not there, made by the command, which gets a
    path to make it at. Skips the test if that fails."""
    folder = CACHE / name
    if not folder.is_dir():
        # Whole or not at all: two tests may want it at once, and one may be killed.
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=CACHE) as making:
            run = subprocess.run([*command, making + "/made"], stdin=subprocess.DEVNULL, timeout=120,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if run.returncode != 0:
                raise unittest.SkipTest(f"{name} cannot be installed: {run.stderr[-500:]}")
            try:
                os.rename(making + "/made", folder)
            except OSError:
                if not folder.is_dir():
                    raise
    return folder


@functools.lru_cache(maxsize=None)
def npm(*packages):
    """The folder node_modules with these packages (NAME@VERSION)."""
    if NODE is None or shutil.which("npm") is None:
        raise unittest.SkipTest("no npm on this machine")
    name = "npm-" + "-".join(packages).replace("@", "-").replace("/", "-")
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
               "--prefer-offline", "--loglevel=error", *packages, "--prefix"]
    return install(name, command) / "node_modules"


@functools.lru_cache(maxsize=None)
def wheel(name, version):
    """The folder with what is in a package of PyPI; nothing of it is run."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile",
               "--only-binary=:all:", "--disable-pip-version-check", "--root-user-action=ignore",
               f"{name}=={version}", "--target"]
    return install(f"pip-{name}-{version}", command)


def node(script, *args, modules):
    """Runs a script with packages to require(); returns what it printed."""
    run = subprocess.run([NODE, "-e", script, *map(str, args)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True,
                         env=dict(os.environ, NODE_PATH=str(modules)), check=True)
    return run.stdout
