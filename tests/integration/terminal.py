# SPDX-License-Identifier: Apache-2.0
"""A program on a pseudo-terminal: what it shows, as a person would see it."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import die_with_parent

# One step of a terminal of the kind vt100: an escape sequence, a control character, or text.
TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b([=>78DM])|[\x00-\x1f\x7f]|"
                   r"[^\x00-\x1f\x7f]")


class Screen:
    """As much of a vt100 as ncurses uses."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.y = self.x = 0
        self.top, self.bottom = 0, rows - 1  # what scrolls

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, text):
        """Takes in text; returns the beginning of a sequence that is not complete."""
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                return text[at:]
            if match[2]:
                self.control(match[2], [int(n or 0) for n in match[1].lstrip("?").split(";")])
            elif match[3]:
                self.step(match[3])
            elif len(match[0]) == 1:
                self.put(match[0])
            at = match.end()
        return ""

    def step(self, letter):
        """One line down (D) or up (M); at the edge of what scrolls, that does."""
        edge, out, new = (self.bottom, self.top, self.bottom) if letter == "D" else \
                         (self.top, self.bottom, self.top)
        if letter in "DM" and self.y == edge:
            del self.cells[out]
            self.cells.insert(new, [" "] * self.columns)
        elif letter in "DM":
            self.control("B" if letter == "D" else "A", [1])

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            self.step("D")
        elif character == "\b":
            self.x = max(self.x - 1, 0)
        elif character == "\t":
            self.x = min((self.x // 8 + 1) * 8, self.columns - 1)
        elif character >= " ":
            if self.x == self.columns:
                self.x, self.y = 0, min(self.y + 1, self.rows - 1)
            self.cells[self.y][self.x] = character
            self.x += 1

    def control(self, letter, numbers):
        n = max(numbers[0], 1)
        if letter == "H":
            self.y = min(n, self.rows) - 1
            self.x = min(max((numbers + [1])[1], 1), self.columns) - 1
        elif letter == "r":
            self.top, self.bottom = n - 1, ((numbers + [0])[1] or self.rows) - 1
            self.y = self.x = 0
        elif letter in "AB":
            self.y = min(max(self.y + (n if letter == "B" else -n), 0), self.rows - 1)
        elif letter in "CD":
            self.x = min(max(self.x + (n if letter == "C" else -n), 0), self.columns - 1)
        elif letter in "JK":
            here, size = self.y * self.columns + self.x, self.rows * self.columns
            line = range(self.y * self.columns, (self.y + 1) * self.columns)
            end = size if letter == "J" else line.stop
            span = (range(here, end), range(line.start if letter == "K" else 0, here + 1),
                    range(end))[numbers[0]]
            for cell in span:
                self.cells[cell // self.columns][cell % self.columns] = " "


class Terminal:
    """Runs a command on a terminal of its own; close() ends it."""

    def __init__(self, command, rows=24, columns=80):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""

        def take_terminal():
            die_with_parent()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, start_new_session=True, preexec_fn=take_terminal,
            env=dict(os.environ, TERM="vt100"))
        self.pid = self.process.pid

    def resize(self, rows, columns):
        self.screen = Screen(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys.encode())

    def look(self, seconds):
        """What is shown when nothing more has come for so long."""
        while select.select([self.master], [], [], seconds)[0]:
            try:
                read = os.read(self.master, 65536)
            except OSError:
                break
            self.rest = self.screen.feed(self.rest + self.decoder.decode(read))
        return self.screen.text()

    def wait_for(self, text, seconds=20):
        """Looks until the text is shown; returns the screen. AssertionError if it never is."""
        end = time.monotonic() + seconds
        while text not in self.look(0.1):
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} was not shown in {seconds} s:\n{self.screen.text()}")
        return self.screen.text()

    def wait(self, seconds=20):
        """The exit status; what it writes at the end is read."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.look(0.05)
        return self.process.wait(0.1)

    def settings(self):
        return termios.tcgetattr(self.slave)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait(10)
        os.close(self.master)
        os.close(self.slave)
