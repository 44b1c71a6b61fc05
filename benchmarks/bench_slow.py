"""How long a person on a slow line waits: Chromium held to 400 kb/s and 400 ms, with an empty cache and a full one.

    python benchmarks/bench_slow.py [--kbps 400] [--latency 400] [--list]

Starts the page over the data folder of ``LOCATOR_DATA`` and prints, in seconds from the first request: when a form that
works is on the screen, when the whole page is usable, when the pins of an answer are drawn; the bytes on the wire and
the number of requests; then the same for a reload from the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
FORM = "() => !!document.querySelector('#first-form input[name=text], #ask-text')"
USABLE = "() => !!document.querySelector('[data-panel=ask] #ask-text') && !document.getElementById('opening')"
PINS = """() => [...document.querySelectorAll('iframe')].some((frame) => {
  try { return Number(frame.contentDocument.documentElement.dataset.scene || 0) > 0; } catch { return false; } })"""


@contextmanager
def run_page():
    """Run the page on a free port until the block ends; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
    ]
    environ = {"LOCATOR_TILES": "none", **os.environ}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 180
            while time.monotonic() < end:
                log.seek(0)
                if b'"ready"' in log.read():
                    break
                time.sleep(0.3)
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10).close()
            time.sleep(3)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


class Wire:
    """What went over the line, by the browser's own count."""

    def __init__(self, session) -> None:
        self.bytes, self.requests = 0, 0
        self.rows: dict[str, list] = {}
        session.on("Network.requestWillBeSent", self._begin)
        session.on("Network.loadingFinished", self._end)

    def _begin(self, event) -> None:
        if event["request"]["url"].startswith("http"):
            self.requests += 1
            self.rows[event["requestId"]] = [event["request"]["url"], 0, event["timestamp"], 0.0]

    def _end(self, event) -> None:
        self.bytes += event["encodedDataLength"]
        if event["requestId"] in self.rows:
            row = self.rows[event["requestId"]]
            row[1], row[3] = event["encodedDataLength"], event["timestamp"]


def wait_for(page: Page, condition: str, start: float) -> float:
    """Return the seconds from ``start`` until a condition holds in the page."""
    page.wait_for_function(condition, timeout=180_000, polling=50)
    return time.perf_counter() - start


def visit(context, url: str, kbps: float, latency_ms: float) -> tuple[Page, dict[str, float], Wire]:
    """Open the page once over the slow line."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": latency_ms, "downloadThroughput": kbps * 125, "uploadThroughput": kbps * 125,
    })  # fmt: skip
    wire = Wire(session)
    start = time.perf_counter()
    page.goto(url, wait_until="commit", timeout=180_000)
    times = {"form": wait_for(page, FORM, start), "usable": wait_for(page, USABLE, start)}
    times["pins"] = wait_for(page, PINS, start)
    page.wait_for_timeout(1500)
    return page, times, wire


def describe(times: dict[str, float], wire: Wire) -> dict[str, float]:
    """Return what one visit took."""
    return {name: round(s, 1) for name, s in times.items()} | {
        "kb": round(wire.bytes / 1024),
        "requests": wire.requests,
    }


def main() -> None:
    """Print what was measured as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kbps", type=float, default=400)
    parser.add_argument("--latency", type=float, default=400)
    parser.add_argument("--list", action="store_true", help="every request, the largest first")
    options = parser.parse_args()
    with run_page() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="zh-CN", is_mobile=True, has_touch=True
        )
        address = f"{url}/?area=370104"
        page, first, wire = visit(context, address, options.kbps, options.latency)
        page.close()
        _, again, second = visit(context, address, options.kbps, options.latency)
        browser.close()
    result = {
        "kbps": options.kbps,
        "latency_ms": options.latency,
        "first": describe(first, wire),
        "reload": describe(again, second),
    }
    print(json.dumps(result, indent=1))
    if options.list:
        begin = min(row[2] for row in wire.rows.values())
        for address, size, start, end in sorted(wire.rows.values(), key=lambda row: row[2]):
            print(f"{start - begin:6.2f} {max(end - begin, 0):6.2f} {size:8d} {address.removeprefix(url)}")


if __name__ == "__main__":
    main()
