# SPDX-License-Identifier: Apache-2.0
"""The HTML page, opened in a real browser: what it shows, what it lets one do, and that no name of
a target becomes more than text."""
import pathlib
import subprocess
import unittest

from browser import CHROMIUM, Page
from harness import PROGRAMS, Case

# A builder that hogs the GIL, two workers that wait for it and for each other, one idle thread.
# The names are what a hostile target would choose.
SCRIPT = "</script><script>document.title='pwned'</script>"
IMAGE = "<img src=http://127.0.0.1:9/x onerror=alert(1)>"
HOSTILE = rf"""
header rate=1000 cpus=2 realtime=1790000000000000000 monotonic=1000000000
process 0 pid=4711 python=3.12.1 exe=/usr/bin/python3
thread 0 tid=4711 name="{SCRIPT}" cpu=900000000
thread 1 tid=4712 name="{IMAGE}"
thread 2 tid=4713 name="${{alert(2)}} \"'&amp;\n\xe2\x80\xae"
thread 3 tid=4714 name=idle
gil 0
function 1 build /srv/app/server.py 80
function 2 "<svg/onload=alert(3)>" "/srv/{SCRIPT}.py" 10
function 3 handle /srv/app/handlers.py 10
stack 1 0 1 86
stack 2 0 3 12
stack 3 2 2 14
block process=0 start=1000000000 ticks=1000 dt=1000000
track 0 cpu=900000000 queue=1000000 0:gil-running:1:0 900:io-wait:1
track 1 0:gil-wait:3:0 900:gil-running:2:0
track 2 0:io-wait:2 400:gil-wait:2:0 980:gil-handoff:2:0
track 3 0:sleep:2
holders 0 switches=7 interval=5000 0:0 900:1 980:nobody
quality late=3 torn=1 own_cpu=20000000 rss=8000000 rate=1000
write
end duration
"""

INNOCENT = """
header rate=1000 cpus=2
process 0 pid=4711 python=3.12.1
thread 0 tid=4711 name=MainThread
function 1 poll /srv/app/server.py 80
stack 1 0 1 86
block process=0 start=1000000000 ticks=1000 dt=1000000
track 0 0:io-wait:1
write
end duration
"""

FRAMES = """[...document.querySelectorAll("#{} g.frame")]"""


def make_capture(text, path):
    tool = next(filter(pathlib.Path.exists, (PROGRAMS / "capture_make",
                                             PROGRAMS.parent / "tests" / "capture_make")), None)
    if tool is None:
        raise unittest.SkipTest("capture_make is not built beside the programs under test")
    with open(path, "wb") as out:
        subprocess.run([tool], input=text.encode(), stdout=out, check=True, timeout=30)
    return path


class HtmlCommand(Case):
    """The command without a browser."""

    def setUp(self):
        super().setUp()
        self.capture = make_capture(HOSTILE, self.folder / "x.gilwait")

    def html(self, *args, **kwargs):
        return self.gilwait("html", *args, program="gilwait-view", **kwargs)

    def test_writes_beside_the_capture(self):
        self.html(self.capture)
        page = self.folder / "x.gilwait.html"
        self.assertIn("</html>", page.read_text())

    def test_output_and_title(self):
        page = self.folder / "out.html"
        self.html(self.capture, "-o", page, "--title", "<i>my server</i>")
        self.assertIn("<title>&lt;i&gt;my server&lt;/i&gt;</title>", page.read_text())

    def test_standard_output(self):
        self.assertIn("</html>", self.html(self.capture, "-o", "-").out)

    def test_an_output_that_cannot_be_written(self):
        result = self.html(self.capture, "-o", self.folder / "no" / "x.html", status=1)
        self.assertIn(str(self.folder / "no" / "x.html"), result.err)
        self.html(self.capture, "-o", "/dev/full", status=1)

    def test_bad_input(self):
        self.html(self.folder / "missing", status=1)
        self.html(status=2)
        self.html(self.capture, "--nonsense", status=2)
        empty = self.folder / "empty"
        empty.touch()
        self.html(empty, status=1)
        self.assertFalse((self.folder / "empty.html").exists())

    def test_a_cut_capture_still_gives_a_page(self):
        whole = self.capture.read_bytes()
        cut = self.folder / "cut"
        cut.write_bytes(whole[:-10])
        self.assertNotEqual(self.html(cut).err, "")
        self.assertIn("</html>", (self.folder / "cut.html").read_text())


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class HtmlPage(Case):
    """The page in a browser."""

    once = True  # HtmlCommand makes pages as well

    def setUp(self):
        super().setUp()
        self.capture = make_capture(HOSTILE, self.folder / "x.gilwait")
        self.page = self.open(self.capture)

    def open(self, capture, options=(), **size):
        path = self.folder / (capture.name + ".html")
        self.gilwait("html", capture, "-o", path, *options, program="gilwait-view")
        return self.show(path, **size)

    def show(self, path, **size):
        """The page of a path in a browser; what looks at it again finds the path in self.shown."""
        page = Page(**size)
        self.addCleanup(page.close)
        page.open(path)
        self.shown = path
        return page

    def text(self, selector):
        return self.page.evaluate(f'document.querySelector("{selector}").textContent')

    def count(self, selector):
        return self.page.evaluate(f'document.querySelectorAll("{selector}").length')

    def labels(self, pane):
        """What stands in the frames of a graph."""
        return self.page.evaluate(FRAMES.format(pane) + '.map((g) => g.querySelector("div").textContent)')

    def box(self, pane, label):
        """Left, top, width and height on the screen of the first frame with the label."""
        return self.page.evaluate(f"""(() => {{
            const frame = {FRAMES.format(pane)}.find(
                (g) => g.querySelector("div").textContent === {label!r});
            frame.scrollIntoView({{ block: "center" }});
            const box = frame.querySelector("rect").getBoundingClientRect();
            return [box.x, box.y, box.width, box.height];
        }})()""")

    def test_words_figures_and_tables(self):
        report = self.gilwait("report", "--json", self.capture, program="gilwait-view").json()
        self.assertEqual(self.text("h1"), report["summary"])
        self.assertEqual(self.count("#figures dt"), 4)
        self.assertIn("98.0\u00a0%", self.text("#figures"))
        self.assertEqual(self.count("#threads .bar"), len(report["threads"]))
        self.assertEqual(self.count("#blame tbody tr"), len(report["blame"]))
        self.assertEqual(self.count("#suffered tbody tr"), len(report["functions_suffered"]))
        self.assertEqual(self.count("#caused tbody tr"), len(report["functions_caused"]))
        self.assertIn("1,000", self.text("#quality"))

    def test_a_part_and_some_threads(self):
        """Worker 4712 waits for the builder; the shares stay those of all waiting."""
        page = self.page
        self.page = self.open(self.capture, ("--from", "0.5", "--thread", "4712"))
        target = self.text("#target")
        self.assertIn("0.500\u00a0s to 1.000\u00a0s of 1.000\u00a0s recorded", target)
        self.assertIn("only threads that match 4712", target)
        self.assertEqual(self.count("#threads .bar"), 1)
        self.assertIn("of these threads together", self.text("#figures"))
        self.assertIn("shared out", self.text("#quality"))
        self.assertIn("Only pairs with one of these threads", self.text("#blame"))
        self.assertIn("44.4\u00a0%", self.text("#suffered"))  # 0.4 s of 0.4 s and 0.5 s
        self.assertEqual(page.complaints + self.page.complaints, [])

    def test_bars_say_their_states_in_words(self):
        words = self.page.evaluate('document.querySelector("#threads .bar").getAttribute("aria-label")')
        self.assertRegex(words, "gil-wait 90.0\u00a0%")

    def test_both_graphs_show_both_sides(self):
        victims, culprits = self.labels("victims"), self.labels("culprits")
        self.assertIn("▼ waits for", victims)
        self.assertIn("build (app/server.py:86)", victims)
        self.assertIn("▼ makes wait", culprits)
        self.assertIn("handle (app/handlers.py:12)", culprits)

    def test_names_stay_text(self):
        labels = self.labels("victims") + self.labels("culprits")
        for name in (SCRIPT, IMAGE):
            self.assertIn(name, labels)
            self.assertIn(name, self.text("#threads"))
            self.assertIn(name, self.text("#blame"))
        self.assertEqual(self.count("img, svg svg, body > script:not([id])"), 1)  # its own script
        self.assertNotEqual(self.page.evaluate("document.title"), "pwned")
        self.assertEqual(self.page.dialogs, [])

    def test_nothing_is_loaded_and_nothing_complains(self):
        self.page.settle()
        self.assertEqual(self.page.requests, [self.shown.as_uri()])
        self.assertEqual(self.page.blocked + self.page.complaints, [])

    def test_the_policy_forbids_scripts_styles_and_requests(self):
        violated = """new Promise((done) => {{
            addEventListener("securitypolicyviolation", (e) => done(e.effectiveDirective));
            setTimeout(() => done("nothing"), 3000);
            {};
        }})"""
        tries = {
            "fetch('http://127.0.0.1:9/').catch(() => 0)": "connect-src",
            "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))": "img-src",
            "document.body.setAttribute('style', 'color: red')": "style-src-attr",
            "document.body.setAttribute('onclick', 'alert(4)')": "script-src-attr",
        }
        for attempt, directive in tries.items():
            with self.subTest(directive):
                self.page.open(self.shown)
                caught = self.page.evaluate(violated.format(f"try {{ {attempt} }} catch (e) {{ }}"))
                self.assertIn(caught, (directive, "require-trusted-types-for"))
        sent = {url for url in self.page.requests if not url.startswith("file:")}
        self.assertEqual(sent - set(self.page.blocked), set())

    def test_a_click_zooms_and_the_button_zooms_out(self):
        name = "build (app/server.py:86)"
        x, y, before, height = self.box("victims", name)
        self.page.click(x + before / 2, y + height / 2)
        self.assertGreater(self.box("victims", name)[2], before * 1.2)
        self.page.evaluate('document.querySelector(".pane button").click()')
        self.assertAlmostEqual(self.box("victims", name)[2], before, delta=1)

    def test_search_says_how_much_it_found(self):
        self.page.press("/", "/")
        self.assertEqual(self.page.evaluate("document.activeElement.id"), "search")
        self.page.write("SERVER.py")
        found = self.page.evaluate('[...document.querySelectorAll(".pane:not([hidden]) .found")].map((e) => e.textContent)')
        # All of worker 1's wait and 500 of 600 ms of worker 2's lie behind server.py.
        self.assertEqual(found, ["found in 93.3\u00a0% of all waiting"] * 2)
        self.page.write("no such thing")
        self.assertEqual(self.text(".found"), "not found")

    def test_the_keyboard_reaches_the_frames(self):
        self.page.evaluate('document.querySelector("#victims").focus()')
        self.page.press("ArrowDown")
        self.assertIn(IMAGE, self.text("#victims-details"))
        self.page.press("ArrowRight")
        self.assertIn("thread 4713", self.text("#victims-details"))
        self.page.press("Enter")
        self.assertFalse(self.page.evaluate('document.querySelector(".pane button").disabled'))
        self.page.press("Escape")
        self.assertTrue(self.page.evaluate('document.querySelector(".pane button").disabled'))

    def test_nothing_jumps_and_nothing_is_wider_than_the_window(self):
        for width, height in ((1280, 900), (1920, 1200), (3840, 2000)):
            with self.subTest(width):
                self.page.resize(width, height)
                self.page.open(self.shown)
                self.assertLessEqual(self.page.evaluate("document.documentElement.scrollWidth"), width)
                shift = self.page.evaluate("""new Promise((done) => {
                    let sum = 0;
                    new PerformanceObserver((list) => list.getEntries().forEach((e) => sum += e.value))
                        .observe({ type: "layout-shift", buffered: true });
                    setTimeout(() => done(sum), 300);
                })""")
                self.assertLess(shift, 0.02)

    def test_dark_and_light_follow_the_system(self):
        pages = set()
        for scheme in ("light", "dark"):
            self.page.call("Emulation.setEmulatedMedia",
                           features=[{"name": "prefers-color-scheme", "value": scheme}])
            pages.add(self.page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        self.assertEqual(len(pages), 2)


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class HtmlPageWithLittle(Case):
    """Pages that have less to show."""

    open = HtmlPage.open
    show = HtmlPage.show
    text = HtmlPage.text

    def test_no_wait(self):
        self.page = self.open(make_capture(INNOCENT, self.folder / "innocent"))
        self.assertIn("nothing to draw", self.text("#flames"))
        self.assertIn("No thread was seen waiting", self.text("#blame"))
        self.assertEqual(self.page.complaints, [])

    def test_a_cut_capture_says_so(self):
        capture = make_capture(HOSTILE, self.folder / "cut")
        capture.write_bytes(capture.read_bytes()[:-10])
        self.page = self.open(capture)
        self.assertIn("not closed properly", self.text("#quality"))

    def test_a_damaged_page_says_so(self):
        self.page = self.open(make_capture(INNOCENT, self.folder / "x"))
        path = self.folder / "x.html"
        html = path.read_text()
        place = html.index('type="application/octet-stream">') + 200
        path.write_text(html[:place] + html[place + 8:])
        self.page.open(path)
        self.assertIn("cannot be shown", self.text("#problem"))

