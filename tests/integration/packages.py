# SPDX-License-Identifier: Apache-2.0
"""Readers of formats that come as packages of npm, by name and version, kept in the tests' cache."""
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CACHE = pathlib.Path(os.environ.get("GW_CACHE") or pathlib.Path.home() / ".cache" / "gilwait")
NODE = shutil.which("node") or shutil.which("nodejs")


@functools.lru_cache(maxsize=None)
def npm(*packages):
    """The folder node_modules with these packages (NAME@VERSION); skips the test without npm."""
    if NODE is None or shutil.which("npm") is None:
        raise unittest.SkipTest("no npm on this machine")
    folder = CACHE / ("npm-" + "-".join(packages).replace("@", "-").replace("/", "-"))
    if not folder.is_dir():
        # Whole or not at all: two tests may want it at once, and one may be killed.
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="npm-", dir=CACHE) as making:
            run = subprocess.run(["npm", "install", "--prefix", making + "/made", "--ignore-scripts",
                                  "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline",
                                  "--loglevel=error", *packages], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, text=True)
            if run.returncode != 0:
                raise unittest.SkipTest(f"npm cannot install {' '.join(packages)}: {run.stderr[-500:]}")
            try:
                os.rename(making + "/made", folder)
            except OSError:
                if not folder.is_dir():
                    raise
    return folder / "node_modules"


def node(script, *args, modules):
    """Runs a script with packages to require(); returns what it printed."""
    run = subprocess.run([NODE, "-e", script, *map(str, args)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True,
                         env=dict(os.environ, NODE_PATH=str(modules)), check=True)
    return run.stdout
