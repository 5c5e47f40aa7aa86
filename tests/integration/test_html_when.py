# SPDX-License-Identifier: Apache-2.0
"""The timeline of the HTML page in a real browser, and the rest of the page for a part of the time,
held against what `gilwait report` says about that part."""
import re
import unittest

from browser import CHROMIUM
from harness import Case
from test_html import HOSTILE, IMAGE, INNOCENT, SCRIPT, HtmlPage, make_capture

OVERLAY = "document.querySelector('.overlay').getBoundingClientRect()"
WAITS = """[...document.querySelectorAll("#threads > .scroll tbody tr")].map(
    (row) => [row.querySelector(".name").textContent, row.children[2].textContent])"""


def seconds(text):
    """Of "0.405 s" or "12.3 ms"."""
    value, unit = text.split()
    return float(value) / {"s": 1, "ms": 1000}[unit]


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class When(Case):
    once = True

    open = HtmlPage.open
    show = HtmlPage.show
    text = HtmlPage.text
    count = HtmlPage.count

    def setUp(self):
        super().setUp()
        self.capture = make_capture(HOSTILE, self.folder / "x.gilwait")
        self.page = self.open(self.capture)
        self.page.evaluate("document.querySelector('#when').scrollIntoView()")

    def mouse(self, kind, x, y, buttons=0):
        self.page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, buttons=buttons,
                       button="left" if buttons or kind == "mouseReleased" else "none", clickCount=1)

    def at(self, part, lane):
        """The point of the screen at a part of the time and in a lane; 0 is that of the GIL."""
        x, y, width, height = self.page.evaluate(f"(({{x, y, width, height}}) => [x, y, width, height])({OVERLAY})")
        return x + part * width, y + (lane + 0.5) * height / self.count(".lane")

    def point(self, part, lane):
        self.mouse("mouseMoved", *self.at(part, lane))
        return [self.text(f"#timeline-details span:nth-child({i})") for i in (1, 2, 3)]

    def drag(self, begin, end, lane=1):
        self.mouse("mousePressed", *self.at(begin, lane), buttons=1)
        self.mouse("mouseMoved", *self.at((begin + end) / 2, lane), buttons=1)
        self.mouse("mouseMoved", *self.at(end, lane), buttons=1)
        self.mouse("mouseReleased", *self.at(end, lane))
        self.page.settle()  # the graphs follow the tables

    def range(self):
        """The chosen seconds, as the address has them."""
        words = self.page.evaluate("new URLSearchParams(location.hash.slice(1)).get('range')")
        return words and [float(word) for word in words.split("-")]

    def pixel(self, lane, part, height):
        """The colour at a part of the width and of the height of a lane."""
        return self.page.evaluate(f"""(() => {{
            const canvas = document.querySelectorAll(".lane canvas")[{lane}];
            const at = [Math.floor({part} * canvas.width), Math.floor({height} * canvas.height)];
            return "rgb(" + [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3).join(", ") + ")";
        }})()""")

    def colour(self, state):
        return self.page.evaluate(f"""getComputedStyle(document.querySelector(
            "#when .legend .state-{state}")).backgroundColor""")

    def test_a_lane_for_the_gil_and_each_thread(self):
        names = self.page.evaluate("[...document.querySelectorAll('.lane-name')].map((e) => e.textContent)")
        self.assertEqual(len(names), 5)
        self.assertEqual(names[0], "holds the GIL")
        self.assertLessEqual({SCRIPT, IMAGE, "idle"}, set(names))
        builder = names.index(SCRIPT)
        worker = names.index(IMAGE)
        self.assertEqual(self.pixel(builder, 0.5, 0.9), self.colour("gil-running"))
        self.assertEqual(self.pixel(builder, 0.95, 0.9), self.colour("io-wait"))
        self.assertEqual(self.pixel(worker, 0.5, 0.1), self.colour("gil-wait"))
        self.assertEqual(self.pixel(worker, 0.95, 0.9), self.colour("gil-running"))
        self.assertNotEqual(self.pixel(0, 0.5, 0.5), self.pixel(0, 0.95, 0.5))  # two holders

    def test_what_waits_hangs_from_the_top(self):
        """A bucket is 1/600 of a second; in one of them worker 2 begins to wait."""
        text = HOSTILE.replace("400:gil-wait", "401:gil-wait")
        self.page = self.open(make_capture(text, self.folder / "y.gilwait"))
        worker = 1 + self.page.evaluate(WAITS + '.findIndex(([name]) => name.startsWith("${alert"))')
        self.assertEqual(self.pixel(worker, 240.5 / 600, 0.1), self.colour("gil-wait"))
        self.assertEqual(self.pixel(worker, 240.5 / 600, 0.9), self.colour("io-wait"))

    def test_pointing_tells_the_stack_and_the_holders(self):
        when, stack, holder = self.point(0.5, 1)
        self.assertIn(f"{IMAGE} · gil-wait 100", when)
        self.assertIn("gil-wait in <svg/onload=alert(3)>", stack)
        self.assertIn("handle (app/handlers.py:12)", stack)
        self.assertEqual(holder, f"waits for {SCRIPT} in build (app/server.py:86)")
        self.assertIn(f"{SCRIPT} 100", self.point(0.5, 0)[1])
        self.assertEqual(self.page.dialogs + self.page.complaints, [])

    def test_a_range_is_what_the_report_says_of_it(self):
        self.drag(0.3, 0.7)
        begin, end = self.range()
        self.assertAlmostEqual(begin, 0.3, delta=0.004)
        self.assertAlmostEqual(end, 0.7, delta=0.004)
        report = self.gilwait("report", "--json", "--from", begin, "--to", end, self.capture,
                              program="gilwait-view").json()
        exact = {thread["name"]: thread["gil_wait_s"] for thread in report["threads"]}
        shown = dict(self.page.evaluate(WAITS))
        self.assertEqual(len(shown), 4)
        for thread in report["threads"]:
            name = next(name for name in shown if name.strip() == thread["name"].strip())
            self.assertAlmostEqual(float(shown[name].split()[0]), exact[thread["name"]], delta=0.004)
        self.assertGreater(max(exact.values()), 0.35)
        total = sum(exact.values())
        self.assertAlmostEqual(float(self.text("#figures .figure:nth-child(2) .value").split()[0]),
                               total, delta=0.008)
        detail = self.text("#victims-details")
        self.assertRegex(detail, r"^all GIL wait")
        self.assertAlmostEqual(float(detail.split("—")[1].split()[0]), total, delta=0.008)
        for place, key in (("suffered", "functions_suffered"), ("caused", "functions_caused")):
            rows = dict(self.page.evaluate(f"""[...document.querySelectorAll("#{place} tbody tr")].map(
                (row) => [row.querySelector(".function").textContent, row.children[1].textContent])"""))
            self.assertEqual(set(rows), {row["function"] for row in report[key]})
            for row in report[key]:
                self.assertAlmostEqual(seconds(rows[row["function"]]), row["self_s"], delta=0.006)
        self.assertIn("Shown: 0.", self.text("#range"))
        self.page.evaluate("document.querySelector('#range button').click()")
        self.page.settle()
        self.assertIsNone(self.range())
        self.assertIn("all GIL wait — 1.500", self.text("#victims-details").replace("\xa0", " "))
        self.assertEqual(self.page.complaints, [])

    def test_unknown_time_is_no_part_of_how_busy_the_gil_was(self):
        text = HOSTILE.replace("900:1", "900:unknown")
        capture = make_capture(text, self.folder / "y.gilwait")
        self.page = self.open(capture)
        self.page.evaluate("location.hash = 'range=0.8-1'")
        self.page.settle()
        begin, end = (seconds(text) for text in re.findall(r"[\d.]+\s\w+", self.text("#range"))[:2])
        report = self.gilwait("report", "--json", "--from", begin, "--to", end, capture,
                              program="gilwait-view").json()
        busy = report["gil"]["busy_share"]
        self.assertAlmostEqual(busy, 0.1 / 0.12, delta=0.01)
        self.assertAlmostEqual(float(self.text("#figures .value").split()[0]), 100 * busy, delta=1)

    def test_a_range_without_waits(self):
        """Worker 2 does not wait any more at the end."""
        text = HOSTILE.replace("980:gil-handoff:2:0", "950:io-wait:2")
        self.page = self.open(make_capture(text, self.folder / "y.gilwait"))
        self.page.evaluate("location.hash = 'range=0.96-0.99'")
        self.page.settle()
        self.assertEqual(self.text("#victims"), "No GIL wait here.")
        self.assertIn("No thread was seen waiting", self.text("#blame"))
        self.page.evaluate("location.hash = 'search=server'")
        self.page.settle()
        self.assertIsNone(self.range())
        self.assertRegex(self.text(".found"), "found in")
        self.assertEqual(self.page.complaints, [])

    def test_the_address_holds_the_view(self):
        self.drag(0.3, 0.7)
        self.page.press("/", "/")
        self.page.write("server")
        fragment = self.page.evaluate("location.hash")
        waits = self.page.evaluate(WAITS)
        found = self.text(".found")
        self.page.open(self.folder / "x.gilwait.html")
        self.assertNotEqual(self.page.evaluate(WAITS), waits)
        self.page.evaluate(f"location.hash = {fragment!r}")
        self.page.settle()
        self.assertEqual(self.page.evaluate(WAITS), waits)
        self.assertEqual(self.text(".found"), found)
        self.assertEqual(self.page.evaluate("document.querySelector('#search').value"), "server")

    def test_nonsense_in_the_address_is_the_whole(self):
        waits = self.page.evaluate(WAITS)
        for fragment in ("range=2-1", "range=x", "range=-1--2", "%&=", "threads", "range=50-60"):
            with self.subTest(fragment):
                self.page.evaluate(f"location.hash = {fragment!r}")
                self.page.settle()
                self.assertEqual(self.page.evaluate(WAITS), waits)
        self.assertEqual(self.page.complaints, [])

    def test_the_keyboard_chooses_a_range(self):
        self.page.evaluate("document.querySelector('#timeline').focus()")
        for key in ("ArrowRight", "ArrowDown"):
            self.page.press(key)
        self.assertIn(IMAGE, self.text("#timeline-details"))
        self.assertIsNone(self.range())
        self.page.evaluate("""for (let i = 0; i < 60; i++) document.querySelector("#timeline").dispatchEvent(
            new KeyboardEvent("keydown", { key: "ArrowRight", shiftKey: true, cancelable: true }))""")
        begin, end = self.range()
        self.assertAlmostEqual(begin, 1 / 500, delta=0.002)
        self.assertAlmostEqual(end - begin, 61 / 500, delta=0.03)
        self.page.press("Escape")
        self.assertIsNone(self.range())

    def test_the_longest_waits_lead_to_their_place(self):
        report = self.gilwait("report", "--json", self.capture, program="gilwait-view").json()
        longest = max(report["waits"]["longest"], key=lambda wait: wait["seconds"])
        self.assertIn(f"{1000 * longest['seconds']:.0f}", self.text("#longest-waits tbody td"))
        self.page.evaluate("document.querySelector('#longest-waits .show').click()")
        begin, end = self.range()
        self.assertLessEqual(begin, longest["start_s"])
        self.assertGreaterEqual(end, min(longest["start_s"] + longest["seconds"], 1.0) - 0.004)
        self.assertFalse(self.page.evaluate("document.querySelector('#range').hidden"))
        bar, heading = self.page.evaluate("""["#range", "#when h2"].map((selector) => {
            const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
            return { top, bottom };
        })""")
        self.assertGreaterEqual(heading["top"], bar["bottom"])

    def test_headings_sort(self):
        def names():
            return [name for name, _ in self.page.evaluate(WAITS)]

        def press(heading):
            self.page.evaluate(f"""[...document.querySelectorAll("#threads .sort")].find(
                (button) => button.textContent === {heading!r}).click()""")

        by_wait = names()
        press("Thread")
        self.assertNotEqual(names(), by_wait)
        self.assertEqual(sorted(names()), sorted(by_wait))
        press("GIL wait")
        self.assertEqual(names()[:2], by_wait[:2])
        press("GIL wait")
        self.assertEqual(names()[-1], by_wait[0])
        self.assertEqual(self.page.evaluate(
            "document.querySelector('#threads [aria-sort]').getAttribute('aria-sort')"), "ascending")

    def test_lanes_where_nobody_waits(self):
        self.page = self.open(make_capture(INNOCENT, self.folder / "innocent"))
        self.assertEqual(self.count(".lane"), 1)
        self.assertEqual(self.count("#longest-waits"), 0)
        self.page.evaluate("location.hash = 'range=0.2-0.4'")
        self.page.settle()
        self.assertIn("Shown: 0.200", self.text("#range"))
        self.assertIn("nothing to draw", self.text("#flames"))
        self.assertEqual(self.page.complaints, [])
