# SPDX-License-Identifier: Apache-2.0
"""The agent at work: what it samples, serves, and lives through."""
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from agent import AgentCase, wait_for
from harness import PROGRAMS, TARGETS, interpreters, per_interpreter


def profiled(agent, pid):
    return agent.targets().get(pid, {}).get("id")


@per_interpreter
class Sampling(AgentCase):
    def test_wait_and_blame_of_a_service(self):
        """Two threads compute all the time, one of them waits for the other; the main one joins."""
        target = self.start(TARGETS / "workers.py", "prefork", 1, 60, env=self.marked())
        worker = int(target.ready_line.split()[1])
        agent = self.start_agent(self.only_marked())
        wait_for(lambda: profiled(agent, worker))
        wait_for(lambda: (agent.metric("gilwait_gil_wait_seconds_total", service="shop") or 0) > 1.5)
        metrics = agent.metrics()

        def value(name, **labels):
            return metrics[name, frozenset({"service": "shop", **labels}.items())]
        wait = value("gilwait_gil_wait_seconds_total")
        held = sum(value("gilwait_gil_held_seconds_total", state=state)
                   for state in ("running", "queued", "blocked"))
        # Whoever does not wait holds it, but for moments in between.
        self.assertGreater(wait / (wait + held), 0.4)
        self.assertLess(wait / (wait + held), 0.65)
        blame = {dict(labels)["function"]: seconds for (name, labels), seconds in metrics.items()
                 if name == "gilwait_gil_blame_seconds_total"}
        self.assertAlmostEqual(sum(blame.values()), wait, delta=1e-6 * (1 + wait))
        self.assertGreater(blame["compute"], 0.7 * wait)
        self.assertGreater(value("gilwait_gil_switches_total"), 0)
        self.assertEqual(value("gilwait_processes"), 2)
        # At an instant between two holds nobody waits.
        wait_for(lambda: agent.metric("gilwait_gil_waiters", service="shop") == 1)

    def test_profile(self):
        target = self.start(TARGETS / "workers.py", "prefork", 1, 60, env=self.marked())
        worker = int(target.ready_line.split()[1])
        agent = self.start_agent(self.only_marked())
        name = wait_for(lambda: profiled(agent, worker))
        wait_for(lambda: (agent.metric("gilwait_gil_wait_seconds_total", service="shop") or 0) > 0.3)
        profile = gzip.decompress(agent.get(f"/debug/pprof/gil?target={name}&seconds=30"))
        for text in (b"gil_wait", b"compute", b"workers.py"):
            self.assertIn(text, profile)
        self.assertEqual(agent.request("/debug/pprof/gil")[0], 400)
        self.assertEqual(agent.request("/debug/pprof/gil?target=1-1")[0], 404)
        self.assertEqual(agent.request(f"/debug/pprof/gil?target={name}&seconds=61")[0], 400)
        groups = agent.json("/sd")
        self.assertEqual({group["labels"]["__param_target"] for group in groups},
                         {each["id"] for each in agent.targets().values() if "id" in each})


class Case311(AgentCase):
    def setUp(self):
        super().setUp()
        self.python = interpreters()["3.11"]

    def naps(self, **options):
        return self.start(TARGETS / "naps.py", env=self.marked(**options))


class Life(Case311):
    def test_come_and_go(self):
        agent = self.start_agent()
        self.assertEqual(agent.get("/-/healthy"), b"healthy\n")
        first = self.naps()
        wait_for(lambda: profiled(agent, first.pid))
        second = self.naps()
        wait_for(lambda: profiled(agent, second.pid))
        wait_for(lambda: (agent.metric("gilwait_ticks_total", service="shop") or 0) > 20)
        first.close()
        wait_for(lambda: agent.metric("gilwait_processes", service="shop") == 1)
        ticks = agent.metric("gilwait_ticks_total", service="shop")
        second.close()
        wait_for(lambda: agent.metric("gilwait_processes", service="shop") is None)
        # What was counted stays, and the last seconds of the one that ended are in it.
        self.assertGreaterEqual(agent.metric("gilwait_ticks_total", service="shop"), ticks)
        self.assertEqual(agent.metric("gilwait_agent_targets_opened_total"), 2)
        self.assertEqual(agent.request("/-/ready")[0], 200)

    def test_exec(self):
        code = "import os, sys; print('first', flush=True); sys.stdin.readline(); " \
               "os.execv(sys.executable, [sys.executable] + sys.argv[1:])"
        target = self.start_command(self.python.command("-c", code, TARGETS / "naps.py"),
                                    ready="first", env=self.marked())
        agent = self.start_agent()
        wait_for(lambda: profiled(agent, target.pid))
        target.send("")
        target.wait_for("ready")
        wait_for(lambda: agent.targets()[target.pid].get("threads", 0) > 30)

    def test_end(self):
        target = self.naps()
        for number in (signal.SIGTERM, signal.SIGINT):
            agent = self.start_agent()
            wait_for(lambda: profiled(agent, target.pid))
            self.assertEqual(agent.end(number), 0)
        agent = self.start_agent()
        wait_for(lambda: profiled(agent, target.pid))
        agent.end(signal.SIGKILL)
        self.assertIsNone(target.process.poll())

    def test_nothing_is_left_of_those_that_have_gone(self):
        agent = self.start_agent()

        def descriptors():
            return len(os.listdir(f"/proc/{agent.pid}/fd"))
        wait_for(lambda: agent.metric("gilwait_agent_scans_total"))
        before = descriptors()
        for round in range(3):
            targets = [self.naps() for _ in range(3)]
            for target in targets:
                wait_for(lambda: profiled(agent, target.pid))
            self.assertGreater(descriptors(), before)
            for target in targets:
                target.close()
            wait_for(lambda: agent.metric("gilwait_agent_targets", state="profile") == 0 and
                     descriptors() <= before + 1)

    def test_stopped_target_waits_for_nobody(self):
        target = self.start(TARGETS / "workers.py", "prefork", 1, 60, env=self.marked())
        worker = int(target.ready_line.split()[1])
        agent = self.start_agent(self.only_marked())
        wait_for(lambda: (agent.metric("gilwait_gil_wait_seconds_total", service="shop") or 0) > 0.3)
        os.kill(worker, signal.SIGSTOP)
        time.sleep(2)
        before = agent.metric("gilwait_gil_wait_seconds_total", service="shop")
        time.sleep(2)
        after = agent.metric("gilwait_gil_wait_seconds_total", service="shop")
        self.assertLess(after - before, 0.3)


class Memory(Case311):
    exclusive = True  # a sanitizer keeps what was freed

    def test_given_back_when_targets_have_gone(self):
        agent = self.start_agent()
        wait_for(lambda: agent.metric("gilwait_agent_scans_total"))
        before = agent.metric("gilwait_agent_resident_memory_bytes")
        targets = [self.naps() for _ in range(12)]
        wait_for(lambda: agent.metric("gilwait_processes", service="shop") == 12, 60)
        wait_for(lambda: agent.metric("gilwait_agent_resident_memory_bytes") > before + (12 << 20))
        for target in targets:
            target.close()
        wait_for(lambda: agent.metric("gilwait_agent_resident_memory_bytes") < before + (4 << 20),
                 60)


class Configuration(Case311):
    def test_reload(self):
        target = self.naps()
        agent = self.start_agent()
        wait_for(lambda: profiled(agent, target.pid))
        said = agent.reload("rules: [{actoin: ignore}]")
        self.assertIn(f"{agent.config_path}:2: a rule has no key 'actoin'", said)
        self.assertIn("stays as it was", agent.log())
        self.assertTrue(profiled(agent, target.pid))
        self.assertEqual(agent.metric("gilwait_agent_config_last_reload_successful"), 0)
        agent.reload(self.only_marked(rule="    service: renamed\n    labels: {team: red}\n"))
        wait_for(lambda: agent.metric("gilwait_processes", service="renamed", team="red") == 1)
        self.assertIsNone(agent.metric("gilwait_processes", service="shop"))
        self.assertIsNotNone(agent.metric("gilwait_ticks_total", service="shop"))
        self.assertEqual(agent.metric("gilwait_agent_config_last_reload_successful"), 1)
        agent.reload("min_age: 0\nrules: [{action: ignore}]")
        wait_for(lambda: agent.targets()[target.pid]["state"] == "ignore")
        self.assertEqual(agent.json("/sd"), [])

    def test_another_address(self):
        agent = self.start_agent()
        old = agent.port
        agent.reload(self.only_marked())  # port 0 again is no other address
        self.assertEqual(agent.get("/-/healthy"), b"healthy\n")
        agent.listen = "127.0.0.2:0"
        agent.reload(self.only_marked())
        port = agent.wait_for_log(r"listening on http://127\.0\.0\.2:(\d+)/")[1]
        with self.assertRaises(OSError):
            agent.request("/-/healthy")
        agent.host, agent.port = "127.0.0.2", port
        self.assertEqual(agent.get("/-/healthy"), b"healthy\n")
        self.assertTrue(old)

    def test_token(self):
        token = self.folder / "token"
        token.write_text("0123456789abcdef\n")
        agent = self.start_agent(self.only_marked(f"token_file: {token}"), listen="0.0.0.0:0")
        agent.host = "127.0.0.1"
        self.assertEqual(agent.request("/-/healthy")[0], 200)
        for wrong in ({}, {"Authorization": "Bearer 0123456789abcdeX"},
                      {"Authorization": "Bearer "}, {"Authorization": "Basic 0123456789abcdef"}):
            self.assertEqual(agent.request("/metrics", headers=wrong)[0], 401)
            self.assertEqual(agent.request("/nothing", headers=wrong)[0], 401)
        right = {"Authorization": "Bearer 0123456789abcdef"}
        self.assertEqual(agent.request("/metrics", headers=right)[0], 200)
        token.write_text("another-token-of-ours\n")
        agent.reload(self.only_marked(f"token_file: {token}"))
        agent.port = agent.log().rpartition(":")[2].strip().strip("/")
        self.assertEqual(agent.request("/metrics", headers=right)[0], 401)

    def test_address_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            path = self.folder / "taken.yaml"
            path.write_text(f"listen: 127.0.0.1:{taken.getsockname()[1]}\n")
            result = self.gilwait("-c", path, program="gilwait-agent", status=1)
        self.assertIn("cannot listen on 127.0.0.1 port", result.err)
        self.assertIn("choose another address", result.err)

    def test_elsewhere_needs_a_token(self):
        path = self.folder / "open.yaml"
        path.write_text("listen: 0.0.0.0:0\n")
        result = self.gilwait("-c", path, program="gilwait-agent", status=1)
        self.assertIn(f"{path}:1: listen: 0.0.0.0 can be reached from elsewhere", result.err)


class Service(Case311):
    """The systemd unit: what it grants is little, and enough."""

    def setUp(self):
        super().setUp()
        self.unit = PROGRAMS.parent / "agent" / "gilwait-agent.service"

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze on this machine")
    def test_exposure(self):
        run = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=30",
                              self.unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=60)
        self.assertEqual(run.returncode, 0, run.stdout)

    @unittest.skipUnless(os.getuid() == 0 and shutil.which("setpriv"), "only root can become another")
    def test_its_capabilities_are_enough(self):
        granted = re.search(r"^AmbientCapabilities=(.*)$", self.unit.read_text(), re.M)[1].split()
        capabilities = "-all," + ",".join("+" + each[len("CAP_"):].lower() for each in granted)
        target = self.naps()
        program = self.folder / "gilwait-agent"
        shutil.copy(PROGRAMS / "gilwait-agent", program)
        os.chmod(self.folder, 0o755)
        config = self.folder / "agent.yaml"
        config.write_text(self.only_marked())
        run = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                              f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}",
                              f"--bounding-set={capabilities}", program, "discover", "--json", "-c",
                              config], stdout=subprocess.PIPE, timeout=60, check=True)
        rows = {each["pid"]: each for each in json.loads(run.stdout)["processes"]}
        self.assertEqual(rows[target.pid]["verdict"], "profile", rows[target.pid])


class Requests(Case311):
    def raw(self, agent, data, timeout=20):
        with socket.create_connection((agent.host, int(agent.port)), timeout=timeout) as peer:
            try:
                peer.sendall(data)
                return peer.recv(65536)
            except ConnectionError:
                return b""

    def test_bad_ones_harm_nobody(self):
        agent = self.start_agent()
        idle = [socket.create_connection((agent.host, int(agent.port))) for _ in range(20)]
        self.assertEqual(agent.request("/nothing")[0], 404)
        self.assertEqual(agent.request("/metrics", method="POST")[0], 405)
        self.assertEqual(agent.request("/metrics", method="HEAD")[0], 200)
        self.raw(agent, b"\0\xff garbage\r\n\r\n")
        self.raw(agent, b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n")
        self.raw(agent, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n")
        self.raw(agent, b"GET /debug/pprof/gil?target=%00%ff&seconds=-1 HTTP/1.1\r\nHost: x\r\n\r\n")
        self.raw(agent, b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx")
        for line in (b"GET /../../etc/passwd HTTP/1.1", b"GET /targets/%2e%2e/x HTTP/1.0"):
            self.assertIn(b" 404 ", self.raw(agent, line + b"\r\nHost: x\r\n\r\n"))
        self.assertEqual(agent.get("/-/healthy"), b"healthy\n")
        for peer in idle:
            peer.close()
        self.assertEqual(agent.end(), 0)

    def test_no_more_than_there_is_room_for(self):
        agent = self.start_agent()
        crowd = [socket.create_connection((agent.host, int(agent.port))) for _ in range(100)]
        target = self.naps()
        time.sleep(1)
        for peer in crowd:
            peer.close()
        wait_for(lambda: profiled(agent, target.pid))


class Prometheus(Case311):
    def test_lint(self):
        if shutil.which("promtool") is None:
            self.skipTest("no promtool on this machine (Debian package prometheus)")
        target = self.naps(service='odd "name" \\ \n')
        agent = self.start_agent()
        wait_for(lambda: profiled(agent, target.pid))
        run = subprocess.run(["promtool", "check", "metrics"], input=agent.get("/metrics"),
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual((run.returncode, run.stdout), (0, b""))

    def test_scraped(self):
        if shutil.which("prometheus") is None:
            self.skipTest("no prometheus on this machine (Debian package prometheus)")
        target = self.naps()
        agent = self.start_agent()
        wait_for(lambda: profiled(agent, target.pid))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = self.folder / "prometheus.yaml"
        config.write_text(f"""
scrape_configs:
  - job_name: gilwait
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{{targets: ['{agent.host}:{agent.port}']}}]
  - job_name: found
    scrape_interval: 1h
    http_sd_configs: [{{url: 'http://{agent.host}:{agent.port}/sd', refresh_interval: 1s}}]
""")
        self.start_command(["prometheus", f"--config.file={config}", "--log.level=error",
                            f"--storage.tsdb.path={self.folder}/tsdb",
                            f"--web.listen-address=127.0.0.1:{port}"])
        agent.port, own = port, agent.port

        def ask(path):
            try:
                return agent.json(path)["data"]
            except (OSError, AssertionError):
                return None
        found = wait_for(lambda: (ask("/api/v1/query?query=gilwait_ticks_total") or
                                  {}).get("result"), 40)
        self.assertEqual(found[0]["metric"]["service"], "shop")
        active = wait_for(lambda: [each for each in (ask("/api/v1/targets") or {}).get(
            "activeTargets", []) if each["labels"]["job"] == "found"], 40)
        self.assertEqual(active[0]["labels"]["service_name"], "shop")
        self.assertIn("/debug/pprof/gil?target=", active[0]["scrapeUrl"])
        agent.port = own


