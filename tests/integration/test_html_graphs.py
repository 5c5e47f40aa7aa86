# SPDX-License-Identifier: Apache-2.0
"""The flame graphs of the HTML page in a real browser: what belongs to what is chosen in them, held
against the pairs of `gilwait report --json`."""
import collections
import json
import re
import time
import unittest
import xml.etree.ElementTree

from browser import CHROMIUM
from harness import REPOSITORY, Case
from test_html import HOSTILE, IMAGE, SCRIPT, HtmlPage, make_capture
from test_html_when import seconds

WORKER_2 = "${alert(2)} \"'&amp;\n\xe2\x80\xae".encode("latin-1").decode()
FRAMES = """[...document.querySelectorAll("#{} g.frame")].map((frame) => [
    frame.querySelector("title").textContent,
    Math.round(frame.getAttribute("transform").split(",")[1].slice(0, -1) / 20),
    frame.querySelector("rect").getAttribute("class") ?? ""])"""
NO_HOLDER = {"handoff": "no holder (handoff)", "unknown": "unknown"}

Frame = collections.namedtuple("Frame", "name where seconds of depth")


class GraphCase(Case):
    once = True  # the data of the page is made in test_html

    open = HtmlPage.open
    show = HtmlPage.show
    text = HtmlPage.text
    count = HtmlPage.count
    box = HtmlPage.box

    def show_capture(self, text, *options):
        self.capture = make_capture(text, self.folder / "x.gilwait")
        self.page = self.open(self.capture, options)
        self.data = self.gilwait("report", "--json", *options, self.capture,
                                 program="gilwait-view").json()

    def frames(self, graph):
        """What a graph shows, from the top."""
        found = []
        for title, depth, _ in self.page.evaluate(FRAMES.format(graph)):
            name, *where, amount = title.replace("\xa0", " ").split(" — ")
            value, share = amount.split(", ")
            found.append(Frame(name, "".join(where), seconds(value), share, depth))
        return sorted(found, key=lambda frame: frame.depth)

    def threads(self, graph):
        """Name -> seconds of what stands below the root."""
        return {frame.name: frame.seconds for frame in self.frames(graph) if frame.depth == 1}

    def click(self, graph, label):
        x, y, width, height = self.box(graph, label)
        self.page.click(x + width / 2, y + height / 2)

    def pairs(self, key, **sides):
        """Seconds of the report's pairs with these (waiter={..}, holder={..}) by thread on a side."""
        sums = collections.Counter()
        for pair in self.data["blame"]:
            if all((pair[side] or {}).get(field) == value
                   for side, fields in sides.items() for field, value in fields.items()):
                sums[pair[key]["name"] if pair[key] else NO_HOLDER[pair["kind"]]] += pair["seconds"]
        return dict(sums)

    def assertSame(self, shown, exact):
        self.assertEqual(set(shown), set(exact))
        for key, value in exact.items():
            self.assertAlmostEqual(shown[key], value, delta=0.001, msg=key)

    def hash(self, key):
        return self.page.evaluate(f"new URLSearchParams(location.hash.slice(1)).get({key!r})")

    def set_hash(self, fragment):
        self.page.evaluate(f"location.hash = {json.dumps(fragment)}")
        self.page.settle()

    def chips(self):
        return self.page.evaluate("[...document.querySelectorAll('#choices .chip')].map((e) => e.textContent)")

    def no_injection(self):
        self.assertEqual(self.count("img, svg svg, body > script:not([id])"), 1)  # the page's own
        self.assertEqual(self.page.dialogs + self.page.complaints, [])


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class LinkedGraphs(GraphCase):
    """What is chosen in one graph is what the other one shows."""

    def setUp(self):
        super().setUp()
        self.show_capture(HOSTILE)

    def test_a_thread_among_the_victims(self):
        before = self.threads("victims")
        self.click("victims", IMAGE)
        self.assertSame(self.threads("culprits"), self.pairs("holder", waiter={"tid": 4712}))
        self.assertSame(self.threads("culprits"), {SCRIPT: 0.9})
        root = self.frames("culprits")[0]
        self.assertEqual((root.name, root.of), ("part of all GIL wait", "60.0 % of all waiting"))
        self.assertEqual(self.chips(), [f"Chosen in victims: {IMAGE}×"])
        self.assertEqual(self.hash("victims"), "t0")
        self.page.evaluate("document.querySelector('#choices .drop').click()")
        self.assertEqual((self.chips(), self.hash("victims")), ([], None))
        self.assertSame(self.threads("culprits"), self.pairs("holder"))
        self.assertSame(self.threads("victims"), before)
        self.no_injection()

    def test_a_function_among_the_culprits(self):
        self.click("culprits", "build (app/server.py:86)")
        self.assertSame(self.threads("victims"), self.pairs("waiter", holder={"function": "build"}))
        self.assertEqual(self.chips(), [f"Chosen in culprits: build (app/server.py:86) in {SCRIPT}×"])

    def test_both_sides_of_a_pair(self):
        """Below the link stands the other side: worker 1, for which worker 2 waits."""
        self.click("victims", WORKER_2)
        self.click("victims", IMAGE)
        self.assertSame(self.threads("culprits"), {IMAGE: 0.08})
        self.assertEqual(self.frames("culprits")[0].seconds, 0.08)
        self.assertEqual(len(self.chips()), 1)
        self.no_injection()

    def test_no_holder(self):
        self.click("culprits", "no holder (handoff)")
        self.assertSame(self.threads("victims"), {WORKER_2: 0.02})

    def test_a_choice_in_each(self):
        """Each graph zooms to its own choice among what belongs to that of the other."""
        self.click("victims", WORKER_2)
        self.assertSame(self.threads("culprits"), self.pairs("holder", waiter={"tid": 4713}))
        self.click("culprits", SCRIPT)
        self.assertEqual(len(self.chips()), 2)
        self.assertEqual(self.frames("victims")[0].seconds, 1.4)  # of all that the builder causes
        self.assertAlmostEqual(self.threads("victims")[WORKER_2], 0.5, delta=0.001)
        fragment = self.page.evaluate("location.hash.slice(1)")
        shown = self.frames("victims"), self.frames("culprits"), self.chips()
        self.page.call("Page.navigate", url="about:blank")
        self.page.call("Page.navigate", url=f"{(self.folder / 'x.gilwait.html').as_uri()}#{fragment}")
        self.page.wait_until('document.documentElement?.dataset.ready === "yes"')
        self.page.settle()
        self.assertEqual((self.frames("victims"), self.frames("culprits"), self.chips()), shown)

    def test_the_keyboard_chooses_and_escape_drops(self):
        self.page.evaluate("document.querySelector('#victims').focus()")
        self.page.press("ArrowDown")
        self.page.press("Enter")
        self.assertEqual(self.hash("victims"), "t0")
        self.assertSame(self.threads("culprits"), {SCRIPT: 0.9})
        self.page.evaluate("document.querySelector('#culprits').focus()")
        self.page.press("Escape")
        self.assertEqual((self.hash("victims"), self.chips()), (None, []))
        self.assertSame(self.threads("culprits"), self.pairs("holder"))
        self.assertEqual(self.page.complaints, [])

    def test_a_choice_in_a_part_of_the_time(self):
        self.click("victims", WORKER_2)
        self.set_hash("victims=t1&range=0.5-0.95")
        self.data = self.gilwait("report", "--json", "--from", 0.5, "--to", 0.95, self.capture,
                                 program="gilwait-view").json()
        shown = self.threads("culprits")
        exact = self.pairs("holder", waiter={"tid": 4713})
        self.assertEqual(set(shown), set(exact))
        for name, value in exact.items():
            self.assertAlmostEqual(shown[name], value, delta=0.005)

    def test_nonsense_in_the_address_chooses_nothing(self):
        whole = self.threads("culprits")
        for path in ("t99", "99-1", "<img src=x>", "t0..", "p7", "t0.1-2-3", "constructor"):
            with self.subTest(path):
                self.set_hash("victims=" + path)
                self.assertEqual((self.chips(), self.threads("culprits")), ([], whole))
        self.set_hash("victims=t0.0-1")  # both are there, but not like this
        self.assertEqual(self.threads("culprits"), {})
        self.assertEqual(self.page.complaints, [])
        self.set_hash("victims=")
        self.assertEqual(self.threads("culprits"), whole)


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class LinkedGraphsOfProcesses(GraphCase):
    def test_a_process_is_chosen(self):
        """In one of the two it is unknown who holds the GIL."""
        text = (REPOSITORY / "tests" / "golden" / "tree.capture.txt").read_text()
        self.show_capture(text.replace("queue=0 0:sleep:1", "queue=0 0:gil-wait:1")
                          .replace("interval=5000 0:nobody", "interval=5000 0:unknown"))
        exact = collections.Counter()
        for pair in self.data["blame"]:
            exact[pair["waiter"]["pid"]] += pair["seconds"]
        self.assertEqual(set(exact), {100, 101})
        for pid in exact:
            self.click("victims", f"process {pid}")
            self.assertEqual(self.chips(), [f"Chosen in victims: process {pid}×"])
            self.assertSame(self.threads("culprits"), {f"process {pid}": exact[pid]})
            self.page.press("Escape")
        self.assertSame(self.threads("culprits"), {f"process {pid}": sum for pid, sum in exact.items()})
        self.assertEqual(self.page.complaints, [])


def convoy(workers):
    """A capture of so many workers that wait for a builder: worker N for N of 1000 ms."""
    lines = ["header rate=1000 cpus=2", "process 0 pid=4711 python=3.12.1", "thread 0 tid=4711 name=builder"]
    lines += [f"thread {n} tid={5000 + n} name=worker-{n}" for n in range(1, workers + 1)]
    lines += ["gil 0", "function 1 build /srv/app/server.py 80", "function 2 handle /srv/app/handlers.py 10",
              "stack 1 0 1 86", "stack 2 0 2 12", "block process=0 start=1000000000 ticks=1000 dt=1000000",
              "track 0 0:gil-running:1:0"]
    lines += [f"track {n} 0:gil-wait:2:0 {n}:sleep:2" for n in range(1, workers + 1)]
    return "\n".join([*lines, "holders 0 switches=0 interval=5000 0:0", "write", "end duration", ""])


MATRIX = """[...document.querySelectorAll("#matrix tr")].map((row) => [...row.children].map(
    (cell) => (cell.querySelector(".name, span:not(:has(span))") ?? cell).textContent))"""


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Matrix(GraphCase):
    """Threads that wait against threads that hold the GIL meanwhile."""

    def matrix(self):
        """(waiter, holder) -> seconds of what has any."""
        (_, *columns), *rows = self.page.evaluate(MATRIX)
        return {(row, column): seconds(cell.replace("\xa0", " "))
                for row, *cells in rows for column, cell in zip(columns, cells) if cell != "–"}

    def press(self, pair):
        self.page.evaluate(f"""document.querySelector('#matrix [data-pair="{pair}"]').click()""")
        self.page.settle()

    def test_its_cells_are_the_pairs_of_the_report(self):
        self.show_capture(HOSTILE)
        exact = collections.Counter()
        for pair in self.data["blame"]:
            waiter = pair["waiter"]["name"]
            holder = pair["holder"]["name"] if pair["holder"] else "no holder"
            for key in ((waiter, holder), (waiter, "all"), ("all", holder), ("all", "all")):
                exact[key] += pair["seconds"]
        self.assertEqual(len(exact), 10)
        self.assertSame(self.matrix(), exact)
        self.set_hash("range=0.5-0.95")
        self.assertAlmostEqual(self.matrix()[IMAGE, SCRIPT], 0.4, delta=0.005)
        self.no_injection()

    def test_a_cell_a_row_and_a_column_filter_both_graphs(self):
        self.show_capture(HOSTILE)
        rows = {thread["name"]: row for row, thread in enumerate(self.data["threads"])}
        worker, builder = rows[WORKER_2], rows[SCRIPT]
        for pair, words, waiter, holder in (
                (f"{worker}.{builder}", f"{WORKER_2} waits for {SCRIPT}", {"tid": 4713}, {"tid": 4711}),
                (f"{worker}.", f"{WORKER_2} waits for any", {"tid": 4713}, {}),
                (f".{builder}", f"all waits for {SCRIPT}", {}, {"tid": 4711})):
            with self.subTest(words):
                self.press(pair)
                self.assertSame(self.threads("victims"), self.pairs("waiter", waiter=waiter, holder=holder))
                self.assertSame(self.threads("culprits"), self.pairs("holder", waiter=waiter, holder=holder))
                self.assertEqual(self.chips(), [f"Pairs: {words}×"])
                self.assertEqual(self.hash("pair"), pair)
                self.press(pair)
                self.assertEqual((self.hash("pair"), self.chips()), (None, []))
        self.no_injection()

    def test_many_threads_are_folded(self):
        self.show_capture(convoy(20))
        names = [row[0] for row in self.page.evaluate(MATRIX)]
        self.assertEqual(names[1:], [*(f"worker-{n}" for n in range(20, 8, -1)), "8 others", "all"])
        self.assertAlmostEqual(self.matrix()["8 others", "builder"], sum(range(1, 9)) / 1000, delta=0.0002)
        self.page.evaluate("document.querySelector('#matrix .below button').click()")
        self.assertEqual(len(self.page.evaluate(MATRIX)), 22)
        self.assertEqual(self.hash("matrix"), "all")

    def test_nonsense_in_the_address_chooses_no_pair(self):
        self.show_capture(HOSTILE)
        whole = self.threads("culprits")
        for pair in ("99.0", "0", ".", "0.1.2", "x.0", "rest.0", ".rest"):
            with self.subTest(pair):
                self.set_hash("pair=" + pair)
                self.assertEqual((self.chips(), self.threads("culprits")), ([], whole))
        self.set_hash("pair=.handoff")
        self.assertSame(self.threads("culprits"), {"no holder (handoff)": 0.02})
        self.assertEqual(self.page.complaints, [])


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Looks(GraphCase):
    """Search, order, filters and names: how one looks at a graph."""

    def setUp(self):
        super().setUp()
        self.show_capture(HOSTILE)

    def at(self, graph):
        """The label of the frame one is at."""
        return self.page.evaluate(f"document.querySelector('#{graph} g.current title').textContent").split(" — ")[0]

    def names(self, graph, depth):
        return [frame.name for frame in self.frames(graph) if frame.depth == depth]

    def again(self):
        """The same address in a new page."""
        fragment = self.page.evaluate("location.hash.slice(1)")
        self.page.call("Page.navigate", url="about:blank")
        self.page.call("Page.navigate", url=f"{(self.folder / 'x.gilwait.html').as_uri()}#{fragment}")
        self.page.wait_until('document.documentElement?.dataset.ready === "yes"')
        self.page.settle()

    def test_search_goes_from_find_to_find(self):
        self.page.press("/", "/")
        self.page.write("build (".split()[0])
        self.assertEqual(self.text("#search-place"), "3 places")
        seen = []
        for _ in range(3):
            self.page.press("Enter")
            pane = self.page.evaluate("document.querySelector('.flame.pointed').id")
            seen.append((self.text("#search-place"), pane, self.at(pane)))
        self.assertEqual(seen, [("1 of 3", "victims", "build (app/server.py:86)"),
                                ("2 of 3", "victims", "build (app/server.py:86)"),
                                ("3 of 3", "culprits", "build (app/server.py:86)")])
        self.page.press("Enter")
        self.assertEqual(self.text("#search-place"), "1 of 3")
        self.page.evaluate("document.querySelector('#victims').focus()")
        for key, place in (("n", "2 of 3"), ("n", "3 of 3")):
            self.page.press(key, key)
            self.assertEqual(self.text("#search-place"), place)
        self.page.call("Input.dispatchKeyEvent", type="keyDown", key="N", text="N", modifiers=8)
        self.assertEqual(self.text("#search-place"), "2 of 3")
        self.assertIsNone(self.hash("victims"))  # to look at is not to choose
        self.page.evaluate("document.querySelector('#search').value = ''")
        self.page.evaluate("document.querySelector('#search').dispatchEvent(new Event('input'))")
        self.assertEqual(self.text("#search-place"), "")

    def test_the_inverted_graph_begins_with_the_leaves(self):
        before = {(frame.name, frame.seconds) for frame in self.frames("culprits")}
        self.page.press("i", "i")
        self.assertEqual(self.hash("invert"), "1")
        suffered = {row["function"]: row["self_s"] for row in self.data["functions_suffered"] if row["self_s"] > 0}
        shown = {frame.name.split(" (")[0]: frame.seconds for frame in self.frames("victims") if frame.depth == 1}
        self.assertSame(shown, suffered)
        self.assertEqual({frame.name for frame in self.frames("victims") if frame.depth == 2},
                         {WORKER_2, "handle (app/handlers.py:12)"})
        self.click("culprits", "build (app/server.py:86)")
        self.assertSame(
            {frame.name.split(" (")[0]: frame.seconds for frame in self.frames("victims") if frame.depth == 1},
            {"<svg/onload=alert(3)>": 0.9, "handle": 0.5})
        shown = self.frames("victims"), self.frames("culprits"), self.chips()
        self.again()
        self.assertEqual((self.frames("victims"), self.frames("culprits"), self.chips()), shown)
        self.page.press("i", "i")
        self.assertEqual((self.hash("invert"), self.hash("culprits"), self.chips()), (None, None, []))
        self.assertEqual({(frame.name, frame.seconds) for frame in self.frames("culprits")}, before)
        self.no_injection()

    def test_focus_and_remove(self):
        """handle is the outermost function of both workers, who wait, and of worker 1 as a holder."""
        whole = self.threads("culprits")
        self.click("culprits", SCRIPT)
        self.page.press("Escape")
        self.click("culprits", "build (app/server.py:86)")
        self.page.press("Escape")
        self.page.evaluate("document.querySelector('#culprits').focus()")
        self.page.press("f", "f")
        self.assertEqual(self.hash("focus"), None)  # one is at the root
        self.page.press("ArrowDown")
        self.page.press("ArrowDown")
        self.assertEqual(self.at("culprits"), "build (app/server.py:86)")
        self.page.press("f", "f")
        self.assertEqual(self.chips(), ["Only with: build (app/server.py)×"])
        build = self.pairs("holder", holder={"function": "build"})
        self.assertSame(self.threads("culprits"), build)
        self.assertSame(self.threads("victims"), self.pairs("waiter", holder={"function": "build"}))
        self.again()
        self.assertSame(self.threads("culprits"), build)
        self.page.evaluate("document.querySelector('#choices .drop').click()")
        self.assertSame(self.threads("culprits"), whole)
        self.page.evaluate("document.querySelector('#culprits').focus()")
        self.page.press("ArrowDown")
        self.page.press("ArrowDown")
        self.page.press("x", "x")
        self.assertEqual(self.chips(), ["Without: build (app/server.py)×"])
        for name in build:
            whole.pop(name)
        self.assertSame(self.threads("culprits"), whole)
        self.page.press("Escape")
        self.assertEqual((self.hash("remove"), self.chips()), (None, []))
        self.no_injection()

    def test_files_as_paths_and_as_modules(self):
        for style, name in (("path", "build (/srv/app/server.py:86)"), ("module", "build (app.server:86)"),
                            ("short", "build (app/server.py:86)")):
            with self.subTest(style):
                self.page.evaluate(f"document.querySelector('#names').value = '{style}'")
                self.page.evaluate("document.querySelector('#names').dispatchEvent(new Event('change'))")
                self.page.settle()
                self.assertIn(name, self.names("culprits", 2))
                self.assertIn(name.split(" ")[1][:-1], self.text("#blame"))
        self.set_hash("names=module")
        self.assertIn("build (app.server:86)", self.names("culprits", 2))
        self.no_injection()

    def test_names_of_modules(self):
        """Of what the path tells."""
        modules = {"/usr/lib/python3.12/json/decoder.py": "json.decoder",
                   "/venv/lib/python3.12/site-packages/flask/app.py": "flask.app",
                   "/usr/lib/python3/dist-packages/yaml/__init__.py": "yaml",
                   "/usr/lib/python3.13t/threading.py": "threading",
                   "<frozen importlib._bootstrap>": "importlib._bootstrap",
                   "/srv/app/server.py": "app.server", "<string>": "<string>"}
        lines = ["header rate=1000 cpus=2", "process 0 pid=1 python=3.12.1", "thread 0 tid=1 name=main"]
        for n, path in enumerate(modules, 1):
            lines += [f'function {n} f{n} "{path}" 1', f"stack {n} {n - 1} {n} {n}"]
        self.show_capture("\n".join([
            *lines, "block process=0 start=1000000000 ticks=1000 dt=1000000", f"track 0 0:native:{len(modules)}",
            "write", "end duration", ""]))
        self.set_hash("names=module")
        for n, module in enumerate(modules.values(), 1):
            self.assertEqual(self.names("stacks", n + 1), [f"f{n} ({module}:{n})"])

    def test_nonsense_in_the_address_changes_nothing(self):
        whole = self.frames("culprits")
        for fragment in ("focus=99", "focus=-1", "remove=0.99", "remove=.", "invert=yes", "names=x", "metric=x",
                         "names=constructor", "metric=constructor"):
            with self.subTest(fragment):
                self.set_hash(fragment)
                self.assertEqual((self.chips(), self.frames("culprits")), ([], whole))
        self.assertEqual(self.page.complaints, [])


STATES = {
    "holding": ("gil-running", "gil-queued", "gil-blocked"),
    "cpu": ("gil-running", "native", "python-running"),
}


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Metrics(GraphCase):
    """Graphs of something else than pairs."""

    def choose(self, metric):
        self.page.evaluate(f"document.querySelector('#metric-{metric}').click()")
        self.page.settle()

    def panes(self):
        return self.page.evaluate("""[...document.querySelectorAll(".pane:not([hidden]) .flame")].map((e) => e.id)""")

    def exact(self, metric):
        """Thread -> seconds, from the report."""
        sums = collections.Counter()
        for thread in self.data["threads"]:
            sums[thread["name"]] += sum(
                s for state, s in thread["states"].items() if state in STATES.get(metric, [state]))
        return {name: s for name, s in sums.items() if s > 0}

    def test_each_metric_sums_to_what_the_report_says(self):
        self.show_capture(HOSTILE.replace("0:io-wait:2 400", "0:native:2 100:gil-blocked:2 200:cpu-wait:2 400"))
        self.assertEqual(self.panes(), ["victims", "culprits"])
        for metric, exact in (("wait", self.pairs("waiter")), ("blame", self.pairs("holder")),
                              *((metric, self.exact(metric)) for metric in ("holding", "cpu", "wall"))):
            with self.subTest(metric):
                self.choose(metric)
                self.assertEqual((self.panes(), self.hash("metric")), (["stacks"], metric))
                self.assertSame(self.threads("stacks"), exact)
                self.assertAlmostEqual(self.frames("stacks")[0].seconds, sum(exact.values()), delta=0.001)
                self.assertNotIn("▼", "".join(frame.name for frame in self.frames("stacks")))
        self.choose("pairs")
        self.assertEqual(self.panes(), ["victims", "culprits"])
        self.no_injection()

    def test_some_threads_only(self):
        """Of the others there are the waits for these, in the pairs alone."""
        self.show_capture(HOSTILE, "--thread", "4711")
        self.choose("wall")
        self.assertSame(self.threads("stacks"), {SCRIPT: 1.0})
        self.choose("blame")
        self.assertSame(self.threads("stacks"), {SCRIPT: 1.4})
        self.assertTrue(self.page.evaluate("document.querySelector('#metric-wait').disabled"))

    def test_what_is_chosen_among_pairs_filters_both_their_sides(self):
        self.show_capture(HOSTILE)
        self.click("victims", IMAGE)
        self.choose("blame")
        self.assertSame(self.threads("stacks"), self.pairs("holder", waiter={"tid": 4712}))
        self.assertEqual(self.chips(), [f"Chosen in victims: {IMAGE}×"])
        self.choose("cpu")
        self.assertSame(self.threads("stacks"), self.exact("cpu"))
        self.assertEqual(self.chips(), [])

    def test_where_nobody_waits_it_is_all_time(self):
        self.show_capture(HOSTILE.replace("gil-wait:", "sleep:").replace("gil-handoff:", "sleep:"))
        self.assertEqual(self.panes(), ["stacks"])
        self.assertSame(self.threads("stacks"), self.exact("wall"))
        self.set_hash("metric=wait")
        self.assertSame(self.threads("stacks"), self.exact("wall"))
        self.assertEqual(self.page.complaints, [])

    def test_the_address_holds_the_metric_and_the_zoom(self):
        self.show_capture(HOSTILE)
        self.choose("wall")
        self.click("stacks", SCRIPT)
        self.assertEqual((self.hash("metric"), self.hash("stacks")), ("wall", "t2"))
        self.assertEqual(self.chips(), [])
        shown = self.frames("stacks")
        self.page.call("Page.reload")
        self.page.wait_until('document.documentElement?.dataset.ready === "yes"')
        self.page.settle()
        self.assertEqual(self.frames("stacks"), shown)
        self.page.press("Escape")
        self.assertSame(self.threads("stacks"), self.exact("wall"))
        self.assertIsNone(self.hash("stacks"))


# A worker that waits in leaf, called from a and b and from leaf itself, behind a holder in build.
CALLS = """
header rate=1000 cpus=2
process 0 pid=4711 python=3.12.1
thread 0 tid=4711 name=builder
thread 1 tid=4712 name=worker
gil 0
function 1 build /srv/app/server.py 80
function 2 "<b>a</b>" /srv/app/a.py 10
function 3 b /srv/app/b.py 10
function 4 leaf /srv/app/leaf.py 10
stack 1 0 1 86
stack 2 0 2 12
stack 3 2 4 14
stack 4 0 3 12
stack 5 4 4 14
stack 6 5 4 15
block process=0 start=1000000000 ticks=1000 dt=1000000
track 0 0:gil-running:1:0
track 1 0:gil-wait:3:0 500:gil-wait:6:0 800:gil-wait:5:0 900:native:3 950:sleep:2
holders 0 switches=7 interval=5000 0:0
write
end duration
"""


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Sandwich(GraphCase):
    """Callers and callees."""

    def table(self, selector):
        """First column -> the others, as seconds."""
        rows = self.page.evaluate(f"""[...document.querySelectorAll("{selector} tbody tr")].map((row) => [
            (row.querySelector(".function") ?? row.firstChild).textContent,
            ...[...row.children].slice(1).map((cell) => cell.textContent)])""")
        return {name: [0 if cell == "–" else seconds(cell.replace("\xa0", " ")) if cell.endswith("s") else cell
                       for cell in cells] for name, *cells in rows}

    def pick(self, name, inside="#functions"):
        self.page.evaluate(f"""[...document.querySelectorAll("{inside} .pick")].find(
            (button) => button.querySelector(".function").textContent === {json.dumps(name)}).click()""")
        self.page.settle()

    def neighbours(self, side):
        return self.table(f"#neighbours .scroll[aria-label={side}]")

    def test_functions_are_those_of_the_report(self):
        self.show_capture(HOSTILE)
        for metric, key in (("wait", "functions_suffered"), ("blame", "functions_caused")):
            self.set_hash("metric=" + metric)
            shown = self.table("#functions")
            self.assertEqual(set(shown), {row["function"] for row in self.data[key]})
            for row in self.data[key]:
                self.assertAlmostEqual(shown[row["function"]][0], row["self_s"], delta=0.001)
                self.assertAlmostEqual(shown[row["function"]][1], row["total_s"], delta=0.001)
        self.no_injection()

    def test_callers_and_callees(self):
        """Columns are wait, blame, holding, CPU and wall."""
        self.show_capture(CALLS)
        self.pick("leaf")
        leaf = self.hash("function")
        self.assertEqual(self.neighbours("Callers"), {"<b>a</b>": [0.5, 0, 0, 0.05, 0.55], "b": [0.4, 0, 0, 0, 0.4]})
        self.assertEqual(self.neighbours("Callees"), {"itself": [0.9, 0, 0, 0.05, 0.95]})
        self.pick("<b>a</b>", "#neighbours")
        self.assertEqual(self.neighbours("Callers"), {"nothing: it is the outermost": [0.5, 0, 0, 0.05, 0.6]})
        self.assertEqual(self.neighbours("Callees"), {"leaf": [0.5, 0, 0, 0.05, 0.55], "itself": [0, 0, 0, 0, 0.05]})
        self.set_hash(f"function={leaf}&range=0.5-0.8")
        self.assertEqual(set(self.neighbours("Callers")), {"b"})
        self.page.evaluate("document.querySelector('#neighbours .drop').click()")
        self.assertEqual(self.count("#neighbours table"), 0)
        self.no_injection()

    def test_a_frame_leads_to_its_callers(self):
        self.show_capture(CALLS)
        self.page.evaluate("document.querySelector('#culprits').focus()")
        for key in ("ArrowDown", "ArrowDown", "c"):
            self.page.press(key)
        self.assertIn("build", self.text("#neighbours h3"))
        self.assertEqual(self.neighbours("Callees"), {"itself": [0, 0.9, 1, 1, 1]})
        self.assertLess(self.page.evaluate("document.querySelector('#sandwich').getBoundingClientRect().top"), 200)

    def test_nonsense_in_the_address(self):
        self.show_capture(CALLS)
        for fn in ("99", "-1", "x", "1.2"):
            self.set_hash("function=" + fn)
            self.assertEqual(self.count("#neighbours table"), 0)
        self.assertEqual(self.page.complaints, [])


ROWS = """[...document.querySelectorAll("#threads > .scroll tbody tr")].map((row) => [
    row.querySelector(".name").textContent, row.querySelector(".note").textContent, row.children[2].textContent])"""


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class ThreadGroups(GraphCase):
    """Groups in the table of threads."""

    def rows(self):
        """Name -> (note, GIL wait), in the table's order."""
        return {name: (note, seconds(wait.replace("\xa0", " "))) for name, note, wait in self.page.evaluate(ROWS)}

    def turn(self):
        self.page.evaluate("document.querySelector('#threads [data-group]').click()")
        self.page.settle()

    def test_many_threads_are_folded(self):
        self.show_capture(convoy(20))
        exact = sum(thread["gil_wait_s"] for thread in self.data["threads"])
        rows = self.rows()
        self.assertEqual(list(rows), ["▸ worker-*", "builder"])
        self.assertEqual(rows["▸ worker-*"], ("20 threads", round(exact, 3)))
        bar = self.page.evaluate("document.querySelector('#threads .bar').getAttribute('aria-label')")
        self.assertIn(f"gil-wait {100 * exact / 20:.1f}\u00a0%", bar)
        self.turn()
        rows = self.rows()
        self.assertEqual(list(rows), ["▾ worker-*", *(f"worker-{n}" for n in range(20, 0, -1)), "builder"])
        for thread in self.data["threads"]:
            self.assertAlmostEqual(rows[thread["name"]][1], thread["gil_wait_s"], delta=0.0006)
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.group"), self.hash("groups"))
        self.set_hash(f"groups={self.hash('groups')}&range=0-0.01")
        self.assertEqual(len(self.rows()), 22)
        self.set_hash("")
        self.assertEqual(len(self.rows()), 2)
        self.assertEqual(self.page.complaints, [])

    def test_few_threads_are_not(self):
        self.show_capture(convoy(3))
        self.assertEqual(list(self.rows()), ["▾ worker-*", "worker-3", "worker-2", "worker-1", "builder"])
        self.page.evaluate("""[...document.querySelectorAll("#threads .sort")].find(
            (button) => button.textContent === "Thread").click()""")
        self.assertEqual(list(self.rows()), ["builder", "▾ worker-*", "worker-1", "worker-2", "worker-3"])
        self.turn()
        self.assertEqual(list(self.rows()), ["builder", "▸ worker-*"])

    def test_groups_are_those_of_check(self):
        """By the last number of a name; hostile names stay text."""
        text = convoy(8)
        for n, name in enumerate(("7hog", "8hog", "hog", "*hog", "<b>1</b>", "<b>2</b>", "", ""), 1):
            text = text.replace(f"name=worker-{n}\n", f'name="{name}"\n')
        self.show_capture(text)
        self.assertEqual(set(self.rows()), {
            "▾ *hog", "7hog", "8hog", "hog", "*hog", "▾ <b>*</b>", "<b>1</b>", "<b>2</b>",
            "▾ threads without a name", "thread 5007", "thread 5008", "builder"})
        self.no_injection()


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Files(GraphCase):
    """What is shown, as a file that is made in the page."""

    def setUp(self):
        super().setUp()
        self.show_capture(HOSTILE)
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()
        self.page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def save(self, graph, kind):
        """The text of the file that a button of a graph gives."""
        path = self.downloads / f"gilwait-{graph}.{kind}"
        pane = graph if graph in ("victims", "culprits") else "stacks"
        self.page.evaluate(f"""document.querySelector("#{pane}").closest(".pane").querySelector(
            "[data-save={kind}]").click()""")
        end = time.monotonic() + 20
        while not path.exists() and time.monotonic() < end:
            self.page.settle()
        text = path.read_bytes().decode()
        path.unlink()
        return text

    def exported(self, *options):
        return sorted(self.gilwait("export", "--format", "collapsed", *options, self.capture,
                                   program="gilwait-view").out.splitlines())

    def test_collapsed_stacks_are_those_of_export(self):
        self.assertEqual(sorted(self.save("victims", "collapsed").splitlines()), self.exported("--pairs"))
        self.set_hash("metric=wait")
        self.assertEqual(sorted(self.save("wait", "collapsed").splitlines()), self.exported())
        self.set_hash("metric=blame")
        self.assertEqual(sorted(self.save("blame", "collapsed").splitlines()), self.exported("--blame"))
        self.no_injection()

    def test_collapsed_stacks_of_what_is_chosen(self):
        self.click("victims", IMAGE)
        lines = [line for line in self.exported("--pairs") if line.startswith(f"process 4711/{IMAGE};")]
        self.assertEqual(self.save("victims", "collapsed").splitlines(), lines)
        swapped = self.save("culprits", "collapsed")
        self.assertEqual(swapped, f"process 4711/{SCRIPT};build (app/server.py:86);makes wait for GIL;"
                         f"process 4711/{IMAGE};handle (app/handlers.py:12);"
                         + lines[0].split(";waiting for GIL;")[0].rpartition("handlers.py:12);")[2] + " 900000\n")
        self.set_hash("invert=1&metric=wait")
        frames = lines[0].split(";waiting for GIL;")[0].removeprefix(f"process 4711/{IMAGE};")
        outer, inner = frames.split(";", 1)
        self.assertIn(f"{inner};{outer};process 4711/{IMAGE} 900000", self.save("wait", "collapsed").splitlines())

    def test_names_cannot_break_a_line(self):
        self.show_capture(HOSTILE.replace("name=idle", 'name="a;b\\x1b\\n"').replace("0:sleep:2", "0:gil-wait:2:0"))
        self.page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        self.assertEqual(sorted(self.save("victims", "collapsed").splitlines()), self.exported("--pairs"))

    def test_a_picture_says_what_the_graph_says(self):
        shown = {title for title, *_ in self.page.evaluate(FRAMES.format("victims"))}
        text = self.save("victims", "svg")
        picture = xml.etree.ElementTree.fromstring(text)
        name = "{http://www.w3.org/2000/svg}"
        titles = {title.text for title in picture.iter(name + "title")}
        clean = {re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", title) for title in shown}
        self.assertEqual({" ".join(title.split()) for title in titles} - {"Victims: who waits, and for whom"},
                         {" ".join(title.split()) for title in clean})
        self.assertEqual({element.tag.removeprefix(name) for element in picture.iter()},
                         {"svg", "g", "title", "rect", "text"})
        fills = {rect.get("fill") for rect in picture.iter(name + "rect")}
        self.assertGreater(len(fills), 3)
        self.assertNotIn("var(", text)
        self.assertIn("build (app/server.py:86)", {text.text for text in picture.iter(name + "text")})
        (self.folder / "x.svg").write_text(text)
        self.page.call("Page.navigate", url=(self.folder / "x.svg").as_uri())
        self.page.wait_until("document.readyState === 'complete' && document.querySelectorAll('g').length > 5")
        self.assertEqual(self.page.dialogs, [])

    def test_nothing_is_loaded_for_it(self):
        self.save("victims", "collapsed")
        self.save("culprits", "svg")
        self.assertEqual([url for url in self.page.requests if not url.startswith(("file:", "blob:"))], [])
        self.no_injection()


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Access(GraphCase):
    """For the keyboard, for those who listen, and for paper."""

    def setUp(self):
        super().setUp()
        self.show_capture(HOSTILE)

    def test_help(self):
        self.assertFalse(self.page.evaluate("document.querySelector('#help').open"))
        self.page.press("?", "?")
        self.assertTrue(self.page.evaluate("document.querySelector('#help').matches(':modal')"))
        keys = self.page.evaluate("[...document.querySelectorAll('#help kbd')].map((e) => e.textContent)")
        self.assertLessEqual({"?", "/", "n", "m", "i", "f", "x", "c", "Enter", "Esc"}, set(keys))
        self.page.press("i", "i")  # reaches the overlay only
        self.assertIsNone(self.hash("invert"))
        self.page.evaluate("document.querySelector('#help button').click()")
        self.assertFalse(self.page.evaluate("document.querySelector('#help').open"))
        self.page.evaluate("document.querySelector('#help-button').click()")
        self.assertTrue(self.page.evaluate("document.querySelector('#help').open"))
        self.assertEqual(self.page.complaints, [])

    def test_keys_do_nothing_while_one_types(self):
        self.page.press("/", "/")
        for key in ("i", "m", "?", "x"):
            self.page.press(key, key)
        self.assertEqual(self.page.evaluate("document.querySelector('#search').value"), "im?x")
        self.assertEqual((self.hash("invert"), self.hash("metric")), (None, None))
        self.assertFalse(self.page.evaluate("document.querySelector('#help').open"))

    def test_a_key_goes_through_the_metrics(self):
        seen = []
        for _ in range(6):
            self.page.press("m", "m")
            seen.append(self.hash("metric"))
        self.assertEqual(seen, ["wait", "blame", "holding", "cpu", "wall", "pairs"])

    def test_a_graph_as_a_table(self):
        self.page.evaluate("""document.querySelector("#victims").closest(".pane").querySelector(
            ".as-table summary").click()""")
        self.page.settle()
        rows = self.page.evaluate("""[...document.querySelector("#victims").closest(".pane").querySelectorAll(
            ".as-table tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent))""")
        shown = {(frame.name, frame.depth, frame.seconds, frame.of.split(" of")[0]) for frame in self.frames("victims")}
        self.assertEqual({(name, int(level), seconds(time.replace("\xa0", " ")), of.replace("\xa0", " "))
                          for name, level, time, of in rows}, shown)
        self.set_hash("pair=.handoff")
        self.assertEqual(self.page.evaluate("""document.querySelector("#victims").closest(".pane").querySelectorAll(
            ".as-table tbody tr td")[1].textContent""").replace("\xa0", " "), "20.0 ms")
        self.no_injection()

    def test_all_that_can_be_pressed_shows_the_focus(self):
        """And has a name."""
        self.click("victims", IMAGE)
        faults = self.page.evaluate("""[...document.querySelectorAll("button, input, select, summary, [tabindex]")]
            .filter((e) => e.checkVisibility() && !e.disabled).filter((e) => {
                e.focus({ focusVisible: true });
                const style = getComputedStyle(e);
                const named = (e.getAttribute("aria-label") ?? e.textContent).trim() !== "" || e.labels?.length > 0;
                return !named || style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2;
            }).map((e) => e.outerHTML.slice(0, 200))""")
        self.assertEqual(faults, [])

    def test_paper_has_no_controls_and_hides_nothing(self):
        self.page.call("Emulation.setEmulatedMedia", media="print")
        seen = self.page.evaluate("""[...document.querySelectorAll(
            "#search, #metric, .pane-foot, #help-button, .pane-head button, summary")].filter(
            (e) => e.checkVisibility()).length""")
        self.assertEqual(seen, 0)
        cut = self.page.evaluate("""[...document.querySelectorAll(".scroll, .timeline")].filter(
            (e) => e.scrollHeight > e.clientHeight + 1).map((e) => e.className)""")
        self.assertEqual(cut, [])
        self.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        self.page.resize(700, 900)
        width, room = self.page.evaluate("""["svg", "div"].map((tag) => document.querySelector(
            `#victims ${tag === "svg" ? tag : ""}`).getBoundingClientRect().width)""")
        self.assertLessEqual(width, room + 1)
