# SPDX-License-Identifier: Apache-2.0
"""The page of what changed between two captures: the command, and the page in a real browser, held
against `gilwait diff --json` of the same captures. No name of a target becomes more than text."""
import contextlib
import resource
import unittest

from browser import CHROMIUM
from harness import Case
from test_html import FRAMES, IMAGE, INNOCENT, SCRIPT, HtmlPage, make_capture

# Names are what a hostile target would choose. Before: IMAGE and worker 1 wait for SCRIPT, which
# builds. After: SCRIPT builds less, and a newcomer is what two workers wait for.
COMMON = rf"""
header rate=1000 cpus=2
process 0 pid=4711 python=3.12.1
thread 0 tid=4711 name="{SCRIPT}"
thread 1 tid=4712 name="{IMAGE}"
thread 2 tid=4713 name=worker-1
thread 3 tid=4714 name=worker-2
thread 4 tid=4715 name=newcomer
gil 0
function 1 build /srv/app/server.py 80
function 2 "<svg/onload=alert(3)>" "/srv/{SCRIPT}.py" 10
function 3 handle /srv/app/handlers.py 10
function 4 legacy /srv/app/handlers.py 90
function 5 index /srv/app/search.py 5
stack 1 0 1 86
stack 2 0 2 12
stack 3 0 3 14
stack 4 3 4 91
stack 5 0 5 6
"""
BEFORE = COMMON + """
block start=1000000000 ticks=1000 dt=1000000
track 0 cpu=900000000 queue=0 0:gil-running:1 900:io-wait:1
track 1 cpu=1000000 queue=0 0:gil-wait:2 900:io-wait:2
track 2 cpu=20000000 queue=0 0:gil-wait:3 50:gil-wait:4 100:io-wait:3
holders 0 0:0 900:nobody
write
end duration
"""
AFTER = COMMON + """
block start=1000000000 ticks=2000 dt=1000000
track 0 cpu=200000000 queue=0 0:gil-running:1 200:io-wait:1
track 1 cpu=2000000 queue=0 0:gil-wait:2 200:io-wait:2
track 2 cpu=88000000 queue=0 0:gil-wait:3 1000:io-wait:3
track 3 cpu=0 queue=0 0:io-wait:3
track 4 cpu=800000000 queue=0 0:io-wait:5 200:gil-running:5 1000:io-wait:5
holders 0 0:0 200:4 1000:nobody
write
end duration
"""
IMAGES = IMAGE.replace("1)", "*)")  # the group of threads with such names
OTHER_PYTHON = BEFORE.replace("python=3.12.1", "python=3.14.0")
STRANGER = INNOCENT.replace("name=MainThread", "name=stranger")

ROWS = """[...document.querySelectorAll("#{} tbody tr")].map(
    (row) => [...row.children].map((cell) => cell.textContent))"""
COLOURS = """Object.fromEntries([...document.querySelectorAll("#{} g.frame")].map((g) =>
    [g.querySelector("div").textContent.replace(/^\\S+\\s\\S+\\s/, ""),
     getComputedStyle(g.querySelector("rect")).fill]))"""


@contextlib.contextmanager
def full_disk():
    """No file that is written meanwhile gets longer than 16 KiB. (Python ignores SIGXFSZ.)"""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16384, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def number(text):
    """The value of "−487 ±16", and of what has no figure nothing."""
    return None if text == "–" else float(text.split()[0].replace("−", "-"))


class Captures(Case):
    """Both captures, and the command on them."""

    def setUp(self):
        super().setUp()
        self.before = make_capture(BEFORE, self.folder / "old.gilwait")
        self.after = make_capture(AFTER, self.folder / "new.gilwait")

    def diff(self, *args, **kwargs):
        return self.gilwait("diff", *args, program="gilwait-view", **kwargs)


class DiffHtmlCommand(Captures):
    def test_writes_beside_the_capture_of_after(self):
        self.diff("--html", self.before, self.after)
        self.assertIn("</html>", (self.folder / "new.gilwait.diff.html").read_text())

    def test_output_title_and_standard_output(self):
        page = self.folder / "out.html"
        self.diff("--html", "-o", page, "--title", "<i>my server</i>", self.before, self.after)
        self.assertIn("<title>&lt;i&gt;my server&lt;/i&gt;</title>", page.read_text())
        self.assertIn("</html>", self.diff("--html", "-o", "-", self.before, self.after).out)

    def test_an_output_that_cannot_be_written(self):
        missing = self.folder / "no" / "x.html"
        result = self.diff("--html", "-o", missing, self.before, self.after, status=1)
        self.assertIn(str(missing), result.err)
        self.diff("--html", "-o", "/dev/full", self.before, self.after, status=1)

    def test_a_page_is_replaced_by_a_whole_one_only(self):
        page = self.folder / "page.html"
        link = self.folder / "link.html"
        page.write_text("the page of yesterday")
        link.symlink_to(page)
        for command in (("diff", "--html", self.before, self.after), ("html", self.after)):
            with self.subTest(command[0]), full_disk():
                result = self.gilwait(*command, "-o", page, program="gilwait-view", status=1,
                                      restore_signals=False)
                self.assertIn(str(page), result.err)
                self.assertEqual(page.read_text(), "the page of yesterday")
                self.assertEqual(list(self.folder.glob("*.part")), [])
        self.diff("--html", "-o", link, self.before, self.after)
        self.assertIn("</html>", page.read_text())
        self.assertTrue(link.is_symlink())

    def test_captures_that_cannot_be_compared(self):
        for name, text, words in (("other", OTHER_PYTHON, ("3.14.0", "record both")),
                                  ("stranger", STRANGER, ("no thread", "record the same program"))):
            with self.subTest(name):
                other = make_capture(text, self.folder / name)
                page = self.folder / "page.html"
                result = self.diff("--html", "-o", page, self.before, other, status=5)
                in_words = self.diff(self.before, other, status=5)
                self.assertEqual(result.err, in_words.err)
                for word in words:
                    self.assertIn(word, result.err)
                self.assertFalse(page.exists())

    def test_options_that_do_not_go_together(self):
        whole = self.after.read_bytes()
        for args in (("--html", "--json"), ("-o", "x.html"), ("--title", "x"), ("--html", "--top", "x"),
                     ("--html", "-o", self.after), ("--html", "-o", self.before)):
            with self.subTest(args):
                self.diff(*args, self.before, self.after, status=2)
        self.assertIn("-o", self.diff("--html", self.before, "-", status=2).err)
        self.assertEqual(self.after.read_bytes(), whole)

    def test_a_cut_capture_still_gives_a_page(self):
        cut = self.folder / "cut.gilwait"
        cut.write_bytes(self.after.read_bytes()[:-10])
        page = self.folder / "page.html"
        for pair in ((self.before, cut), (cut, self.before)):
            with self.subTest(pair):
                self.assertIn("cut.gilwait", self.diff("--html", "-o", page, *pair).err)
                self.diff("--html", "--strict", "-o", page, *pair, status=3)
                self.assertIn("</html>", page.read_text())

    def test_a_page_is_small(self):
        innocent = make_capture(INNOCENT, self.folder / "innocent")
        page = self.folder / "page.html"
        self.diff("--html", "-o", page, innocent, innocent)
        self.assertLess(page.stat().st_size, 250_000)


class Opened(Captures):
    """A page in a browser, and what HtmlPage knows to ask it."""

    once = True  # DiffHtmlCommand makes pages as well

    show = HtmlPage.show
    text = HtmlPage.text
    count = HtmlPage.count
    labels = HtmlPage.labels
    box = HtmlPage.box

    def open(self, before, after, *options):
        path = self.folder / "page.html"
        self.diff("--html", "-o", path, *options, before, after)
        return self.show(path)

    def frame(self, pane, name):
        """What stands in the first frame whose label ends with the name."""
        return next(label for label in self.labels(pane) if label.endswith(name))

    def details(self, pane, name):
        """What the graph says of a frame when the keyboard reaches it."""
        self.page.evaluate(f'document.querySelector("#{pane}").focus()')
        self.page.evaluate(f"""{FRAMES.format(pane)}.find((g) => g.querySelector("div").textContent
            .endsWith({name!r})).dispatchEvent(new MouseEvent("mouseover"))""")
        return self.text(f"#{pane}-details").replace("\xa0", " ")


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class DiffHtmlPage(Opened):
    test_nothing_is_loaded = HtmlPage.test_nothing_is_loaded_and_nothing_complains
    test_the_policy = HtmlPage.test_the_policy_forbids_scripts_styles_and_requests
    test_nothing_jumps = HtmlPage.test_nothing_jumps_and_nothing_is_wider_than_the_window
    test_dark_and_light = HtmlPage.test_dark_and_light_follow_the_system

    def setUp(self):
        super().setUp()
        self.page = self.open(self.before, self.after)
        self.json = self.diff("--json", self.before, self.after).json()

    def assert_figure(self, text, figure):
        """What is printed is the figure in milliseconds, to the decimals that are printed."""
        value = number(text)
        decimals = len(text.split()[0].partition(".")[2])
        self.assertAlmostEqual(value, 1000 * figure["value"], delta=0.5001 * 10 ** -decimals)
        if "±" in text:
            self.assertAlmostEqual(float(text.split("±")[1]), max(0.1, 1000 * figure["margin"]),
                                   delta=0.5001 * 10 ** -decimals)

    def test_words_and_figures(self):
        total = self.json["total_gil_wait"]
        self.assertIn(self.text("h1"), self.diff(self.before, self.after).out)
        self.assertIn("significantly less", self.text("h1"))
        boxes = self.page.evaluate(
            '[...document.querySelectorAll("#figures .value")].map((e) => e.textContent)')
        for text, key in zip(boxes, ("before", "after", "change")):
            self.assert_figure(text, total[key])
        self.assertEqual(boxes[3], "yes")
        self.assertIn("40\u00a0% less", self.text("#figures"))  # 600 of 1000
        self.assertIn("old.gilwait · Python 3.12.1 · 1.000\u00a0s recorded · 3 threads",
                      self.text("#sides"))

    def test_tables_are_those_of_the_json(self):
        for key in ("gil_wait", "caused", "cpu", "functions_suffered", "functions_caused"):
            with self.subTest(key):
                shown = self.page.evaluate(ROWS.format(key))
                self.assertGreater(len(shown), 0)
                self.assertEqual(len(shown), len(self.json[key]))
                for cells, row in zip(shown, self.json[key]):
                    self.assertIn(row.get("threads", row.get("function")), cells[0])
                    for at, side in ((1, "before"), (2, "after")):
                        if row.get("n_threads", (1, 1))[at - 1]:
                            self.assert_figure(cells[at], row[side])
                        else:
                            self.assertEqual(cells[at], "–")
                    self.assert_figure(cells[3], row["change"])
                    if row["significant"] is None:
                        self.assertEqual(len(cells), 5)
                    else:
                        self.assertEqual(cells[5], "yes" if row["significant"] else "no")
                        low, high = cells[4].replace("−", "-").split(" to ")
                        self.assertAlmostEqual((float(low) + float(high)) / 2,
                                               1000 * row["change"]["value"], delta=1)

    def test_changes_are_told_in_one_way(self):
        cpu = {cells[0]: cells[4] for cells in self.page.evaluate(ROWS.format("cpu"))}
        self.assertEqual(cpu[SCRIPT], "89\u00a0% less")                 # 900 to 100
        self.assertEqual(cpu["worker-*1 → 2 threads"], "2.2 times as much")  # 20 to 44
        self.assertEqual(cpu["newcomer0 → 1 thread"], "–")
        self.assertEqual(cpu[IMAGES], "as before")

    def test_tables_sort(self):
        def names():
            return [cells[0] for cells in self.page.evaluate(ROWS.format("gil_wait"))]

        self.assertEqual(names()[0], IMAGES)  # -800 before +400
        self.page.evaluate("""[...document.querySelectorAll("#gil_wait .sort")].find(
            (button) => button.textContent === "change").click()""")
        self.assertEqual(names()[-1], IMAGES)

    def test_the_graph_is_as_wide_as_the_wider_recording(self):
        self.assertTrue(self.page.evaluate('document.querySelector("#width-before").checked'))
        self.page = self.open(self.after, self.before)
        self.assertTrue(self.page.evaluate('document.querySelector("#width-after").checked'))

    def test_a_graph_has_what_was_in_its_recording(self):
        whole = self.box("waiters", "−400 ms/s all GIL wait".replace(" ms/s ", "\u00a0ms/s "))[2]
        image = self.frame("waiters", IMAGES)
        self.assertAlmostEqual(self.box("waiters", image)[2] / whole, 0.9, delta=0.005)
        self.assertIn("legacy", " ".join(self.labels("waiters")))
        self.assertNotIn("newcomer", " ".join(self.labels("holders")))
        self.page.evaluate('document.querySelector("#width-after").click()')
        self.page.settle()
        self.assertAlmostEqual(self.box("waiters", image)[2] / whole, 0.1 / 0.6, delta=0.005)
        self.assertNotIn("legacy", " ".join(self.labels("waiters")))
        self.assertIn("newcomer", " ".join(self.labels("holders")))
        self.assertEqual(self.page.complaints, [])

    def test_colour_and_words_tell_what_grew_and_what_shrank(self):
        swatch = {kind: self.page.evaluate(
            f'getComputedStyle(document.querySelector(".swatch.{kind}")).backgroundColor')
            for kind in ("less-3", "more-3")}
        self.assertNotEqual(swatch["less-3"], swatch["more-3"])
        self.page.evaluate('document.querySelector("#width-after").click()')
        self.page.settle()
        colours = self.page.evaluate(COLOURS.format("waiters"))
        self.assertEqual(colours[IMAGES], swatch["less-3"])
        self.assertEqual(colours["worker-*"], swatch["more-3"])
        self.assertEqual(self.page.evaluate(COLOURS.format("holders"))["newcomer"], swatch["more-3"])
        self.assertTrue(self.frame("waiters", IMAGES).startswith("−800"))
        self.assertTrue(self.frame("waiters", "worker-*").startswith("+400"))
        self.assertIn("100 ms/s → 500 ms/s: +400 ms/s (5.0 times as much; 40.0 % of all waiting)",
                      self.details("waiters", "worker-*"))
        self.assertIn("900 ms/s → 100 ms/s: −800 ms/s (89 % less; 80.0 % of all waiting)",
                      self.details("waiters", IMAGES))
        self.assertIn("(none before; 40.0 % of all waiting)", self.details("holders", "newcomer"))

    def test_a_little_is_not_much(self):
        """50 of 1000 ms in legacy are gone: a light shade."""
        light = self.page.evaluate("""getComputedStyle(document.documentElement)
            .getPropertyValue("--flame-less-2").trim()""")
        colour = self.page.evaluate(COLOURS.format("waiters"))["legacy (app/handlers.py)"]
        self.assertEqual("#" + "".join(f"{int(part):02x}" for part in colour[4:-1].split(",")), light)
        self.assertIn("(none after; 5.0 % of all waiting)", self.details("waiters", "legacy (app/handlers.py)"))

    def test_a_click_zooms_and_the_button_zooms_out(self):
        name = self.frame("waiters", "worker-*")
        x, y, before, height = self.box("waiters", name)
        self.page.click(x + before / 2, y + height / 2)
        self.assertGreater(self.box("waiters", name)[2], before * 5)
        self.page.evaluate('document.querySelector(".pane button").click()')
        self.assertAlmostEqual(self.box("waiters", name)[2], before, delta=1)

    def test_search_goes_with_the_width(self):
        self.page.press("/", "/")
        self.page.write("HANDLERS.py")
        self.assertEqual(self.text(".found"), "found in 10.0\u00a0% of all waiting")
        self.page.evaluate('document.querySelector("#width-after").click()')
        self.page.settle()
        self.assertEqual(self.text(".found"), "found in 83.3\u00a0% of all waiting")

    def test_names_stay_text(self):
        """Those of threads, functions, files and of the captures themselves."""
        named = self.folder / f"{IMAGE.replace('/', '')}.gilwait"
        named.write_bytes(self.before.read_bytes())
        self.page = self.open(named, self.after, "--title", SCRIPT)
        self.assertIn(named.name, self.text("#sides"))
        self.assertIn(named.name, self.text("#target"))
        for pane, names in (("waiters", (IMAGES, "<svg/onload=alert(3)>")), ("holders", (SCRIPT,))):
            labels = " ".join(self.labels(pane))
            for name in names:
                self.assertIn(name, labels)
        for name in (SCRIPT, IMAGES):
            self.assertIn(name, self.text("#cpu"))
        self.assertIn("<svg/onload=alert(3)>", self.text("#functions_suffered"))
        self.assertIn("alert(3)", self.details("waiters", "script>.py)"))
        self.assertEqual(self.count("img, svg svg, body > script:not([id])"), 1)  # its own script
        self.assertEqual(self.page.evaluate("document.title"), SCRIPT)
        self.assertEqual(self.page.dialogs + self.page.complaints, [])
        self.assertEqual(self.page.requests, [self.shown.as_uri()])


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class DiffHtmlPageWithLittle(Opened):
    """Pages that have less to show."""

    def test_no_wait_on_either_side(self):
        innocent = make_capture(INNOCENT, self.folder / "innocent")
        self.page = self.open(innocent, innocent)
        self.assertIn("nothing to draw", self.text("#flames"))
        self.assertIn("Nothing on either side", self.text("#gil_wait"))
        self.assertEqual(self.page.complaints, [])

    def test_no_wait_on_one_side(self):
        innocent = INNOCENT.replace("name=MainThread", f'name="{SCRIPT}"')
        self.page = self.open(self.before, make_capture(innocent, self.folder / "innocent"))
        self.assertIn("none after", self.text("#figures"))
        self.assertTrue(self.frame("waiters", IMAGES).startswith("−900"))
        self.page.evaluate('document.querySelector("#width-after").click()')
        self.page.settle()
        self.assertEqual(self.text("#waiters"), "No GIL wait here.")
        self.page.evaluate('document.querySelector("#width-before").click()')
        self.page.settle()
        self.assertTrue(self.frame("waiters", IMAGES).startswith("−900"))
        self.assertEqual(self.page.complaints, [])

    def test_two_that_are_alike(self):
        self.page = self.open(self.before, self.before)
        self.assertIn("no significant change", self.text("h1"))
        self.assertIn("as before", self.text("#figures"))
        same = self.page.evaluate('getComputedStyle(document.querySelector(".swatch.same")).backgroundColor')
        self.assertEqual(set(self.page.evaluate(COLOURS.format("waiters")).values()), {same})

    def test_rows_that_are_left_out_are_counted(self):
        self.page = self.open(self.before, self.after, "--top", "1")
        self.assertEqual(self.count("#gil_wait tbody tr"), 1)
        self.assertIn("1 more with a smaller change", self.text("#gil_wait"))

    def test_a_cut_capture_says_so(self):
        self.after.write_bytes(self.after.read_bytes()[:-10])
        self.page = self.open(self.before, self.after)
        lines = self.page.evaluate('[...document.querySelectorAll("#sides dd")].map((e) => e.textContent)')
        self.assertNotIn("not closed properly", lines[0])
        self.assertIn("not closed properly", lines[1])

    def test_a_page_that_was_damaged_says_so(self):
        self.page = self.open(self.before, self.after)
        html = self.shown.read_text()
        place = html.index('type="application/octet-stream">') + 200
        self.shown.write_text(html[:place] + html[place + 8:])
        self.page.open(self.shown)
        self.assertIn("cannot be shown", self.text("#problem"))
