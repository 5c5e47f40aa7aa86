# SPDX-License-Identifier: Apache-2.0
"""Which code holds the GIL, on the HTML page in a real browser, held against the report's JSON."""
import unittest

from browser import CHROMIUM
from test_html_graphs import GraphCase

# The name of the C function tries to get into the page.
CAPTURE = """
header rate=1000 cpus=2
process 0 pid=1 python=3.12.1
thread 0 tid=1 name=waiter
thread 1 tid=2 name=holder
gil 0
function 1 main /srv/app/main.py 1
function 2 zlib.compress "" 0 kind=1
function 3 "<img src=x onerror=alert(1)>" libz.so.1 0 kind=2
function 4 crc32 libz.so.1 0 kind=2
function 5 load /v/site-packages/yaml/loader.py 9
stack 1 0 1 2
stack 2 1 2 0
stack 3 2 3 0
stack 4 2 4 0
stack 5 1 5 12
block start=0 ticks=1000 dt=1000000
track 0 0:gil-wait:1
track 1 0:gil-running:2 800:gil-running:5
holders 0 0:1
native 1 3 at=100000000 holds=1
native 1 3 at=200000000 holds=1
native 1 4 at=300000000 holds=1
write
end duration
"""
ROWS = """[...document.querySelectorAll("#{} tbody tr")].map(
    (row) => [...row.children].map((cell) => cell.textContent))"""


@unittest.skipUnless(CHROMIUM, "no chromium on this machine (apt: chromium)")
class Holders(GraphCase):
    def rows(self, section):
        return [[cell.replace("\xa0", " ") for cell in row]
                for row in self.page.evaluate(ROWS.format(section))]

    def test_libraries(self):
        self.show_capture(CAPTURE)
        self.assertEqual(self.rows("libraries"),
                         [["zlib [C]", "0.800 s", "80.0 %", "0.800 s", "80.0 %"],
                          ["yaml", "0.200 s", "20.0 %", "0.200 s", "20.0 %"]])
        self.assertEqual([row["held_s"] for row in self.data["libraries"]], [0.8, 0.2])

    def test_c_functions(self):
        self.show_capture(CAPTURE)
        rows = self.rows("native")
        self.assertEqual([row[0] for row in rows],
                         ["<img src=x onerror=alert(1)>[libz.so.1]", "crc32[libz.so.1]"])
        self.assertEqual([row[1] for row in rows], ["zlib.compress"] * 2)
        for row, told in zip(rows, self.data["native"]["functions"]):
            self.assertEqual(row[2], "%.3f s ±%.3f s" % (told["held_s"], told["margin_s"]))
        self.assertIn("3 times while they held it", self.text("#native .lead"))
        self.assertIn("Of 1.000 s, 0.200 s were in code", self.text("#native .lead").replace("\xa0", " "))
        self.assertEqual(self.page.dialogs, [])

    def test_nothing_recorded(self):
        text = "\n".join(line for line in CAPTURE.splitlines() if not line.startswith("native"))
        self.show_capture(text.replace("holders 0 0:1", "holders 0 0:nobody")
                              .replace("gil-running", "sleep"))
        self.assertEqual((self.count("#native"), self.count("#libraries")), (0, 0))
