# SPDX-License-Identifier: Apache-2.0
"""A running agent, and what it answers."""
import http.client
import json
import os
import re
import signal
import subprocess
import time

from harness import PROGRAMS, SANITIZER_REPORT, Case, die_with_parent

SERIES = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Agent:
    """gilwait-agent with a configuration, listening on a port of its own."""

    def __init__(self, folder, config, *, listen="127.0.0.1:0"):
        self.config_path = folder / "agent.yaml"
        self.log_path = folder / "agent.log"
        self.listen = listen
        self.configure(config)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([PROGRAMS / "gilwait-agent", "-c", self.config_path],
                                            stderr=log, preexec_fn=die_with_parent)
        self.pid = self.process.pid
        host, self.port = self.wait_for_log(r"listening on http://(\S+):(\d+)/").groups()
        self.host = host.strip("[]")

    def configure(self, config):
        self.config_path.write_text(f"listen: '{self.listen}'\n{config}")

    def log(self):
        return self.log_path.read_text()

    def wait_for_log(self, pattern, timeout=20):
        return wait_for(lambda: re.search(pattern, self.log()), timeout, self.log)

    def reload(self, config):
        """Gives it another configuration, and returns what it says of it."""
        before = len(self.log())
        self.configure(config)
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "\n" in self.log()[before:], 20, self.log)
        time.sleep(0.05)
        return self.log()[before:]

    def request(self, path, method="GET", headers=None, timeout=20):
        """(status, body) of an answer."""
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def get(self, path):
        status, body = self.request(path)
        assert status == 200, (path, status, body)
        return body

    def json(self, path):
        return json.loads(self.get(path))

    def targets(self):
        """pid -> what is said of it."""
        return {each["pid"]: each for each in self.json("/targets")["targets"]}

    def metrics(self):
        """(name, labels as a frozenset of pairs) -> value."""
        found = {}
        for line in self.get("/metrics").decode().splitlines():
            if not line.startswith("#"):
                name, labels, value = SERIES.match(line).groups()
                found[name, frozenset(LABEL.findall(labels or ""))] = float(value)
        return found

    def metric(self, name, **labels):
        """The value of one series, None if it is not there."""
        return self.metrics().get((name, frozenset(labels.items())))

    def end(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


def wait_for(condition, timeout=20, explain=lambda: ""):
    """The first true answer of condition."""
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout} s: {explain()}")
        time.sleep(0.05)


class AgentCase(Case):
    # All targets of a test have this in their environment, and no other process of the host has.
    def setUp(self):
        super().setUp()
        self.mark = f"{os.getpid()}-{self.id()}"

    def marked(self, service="shop"):
        return {"GW_TEST_MARK": self.mark, "OTEL_SERVICE_NAME": service}

    def only_marked(self, more="", rule=""):
        """A configuration that means the targets of this test and nobody else's."""
        return (f"min_age: 0\nscan_interval: 0.2\nmax_cpu: 20%\n{more}\nrules:\n"
                f"  - match: {{env: {{GW_TEST_MARK: '{re.escape(self.mark)}'}}}}\n{rule}"
                "  - action: ignore\n")

    def start_agent(self, config=None, **options):
        agent = Agent(self.folder, self.only_marked() if config is None else config, **options)

        def close():
            agent.process.kill()
            agent.process.wait(10)
            self.assertNotRegex(agent.log(), SANITIZER_REPORT)
        self.addCleanup(close)
        return agent
