# SPDX-License-Identifier: Apache-2.0
"""The examples run unchanged on every Python, and end when they are told to."""
import signal
import subprocess
import urllib.request

from harness import EXAMPLES, Case, per_interpreter


@per_interpreter
class Examples(Case):
    once = True

    def end(self, target):
        """SIGTERM ends it well, and what it started ends with it: the pipe they share closes."""
        target.process.send_signal(signal.SIGTERM)
        self.assertEqual(target.process.wait(20), 0)
        with self.assertRaises(EOFError):
            while True:
                target.readline()

    def test_server_answers_under_load(self):
        server = self.start(EXAMPLES / "server.py")
        url = server.ready_line.split()[-1]
        self.assertIn(f"pid {server.pid},", server.ready_line)
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(url, timeout=20) as answer:
            self.assertIn(b'"cents_per_day"', answer.read())
        command = self.python.command(EXAMPLES / "load.py", url, "--seconds", 2)
        load = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(load.returncode, 0, load.stdout)
        self.assertRegex(load.stdout, r"^[1-9]\d* answers, .* 0 errors\n$")
        self.end(server)

    def test_server_ends_after_its_time(self):
        server = self.start(EXAMPLES / "server.py", "--seconds", "0.5", "--no-report")
        self.assertEqual(server.process.wait(20), 0)

    def test_cpu_pool(self):
        self.end(self.start(EXAMPLES / "cpu_pool.py"))
        self.assertEqual(self.start(EXAMPLES / "cpu_pool.py", "--seconds", "0.5").process.wait(20), 0)

    def test_io_pool(self):
        self.end(self.start(EXAMPLES / "io_pool.py"))
        self.assertEqual(self.start(EXAMPLES / "io_pool.py", "--seconds", "0.5").process.wait(20), 0)

    def test_c_holders(self):
        for library in ("json", "re", "sort", "pickle", "zlib"):
            self.end(self.start(EXAMPLES / "c_holders.py", library))
        holders = self.start(EXAMPLES / "c_holders.py", "--seconds", "0.5", "json")
        self.assertEqual(holders.process.wait(20), 0)


@per_interpreter(versions=("3.12",))
class NamedHolders(Case):
    """What examples/README.md says of them."""

    def check(self, library, call, name, name_of_object):
        target = self.start(EXAMPLES / "c_holders.py", library)
        report = self.report(self.record(target.pid, 2, "--native", "--stop"))
        rows = [row for row in report["native"]["functions"] if row["call"] == call]
        self.assertTrue(rows, report["native"])
        largest = max(rows, key=lambda row: row["held_s"])
        self.assertRegex(largest["object"], name_of_object)
        if not largest["function"].startswith("[+"):  # a stripped interpreter has no names
            self.assertRegex(largest["function"], name)
        self.assertGreater(sum(row["held_s"] for row in rows), 0.5)

    def test_re(self):
        self.check("re", "re.Pattern.search", "^sre_", "python")

    def test_zlib(self):
        self.check("zlib", "zlib.crc32", "^crc32", r"^libz\.so")
