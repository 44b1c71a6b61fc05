"""A real server, a real Chromium, and a record of everything the browser asked for."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, Request

ROOT = Path(__file__).parents[2]
NOW = "2026-11-23T10:00"
"""A Monday morning."""
SIZES = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
    "narrow": {"width": 320, "height": 640},
    "zoomed": {"width": 640, "height": 400},
}
"""``zoomed`` is what 200 % leaves of a desktop's 1280x800, ``narrow`` what 400 % leaves of it (WCAG 1.4.4, 1.4.10)."""
WAIT_MS = 60_000
"""How long a step may take on a busy machine; no figure of ours comes from here."""


def pytest_collection_modifyitems(items):
    """Every test in this folder drives a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Server:
    """A page that runs for tests."""

    url: str
    log: Path
    data: Path


@contextmanager
def run_server(
    data: Path, log: Path, *, base: str = "", soft_files: int = 0, port: int = 0, **settings: str
) -> Iterator[Server]:
    """Run ``streamlit run app.py`` on a free port, below a base path (``/cards``), until the block ends.

    It listens as the systemd unit has it, and starts with ``soft_files`` as the soft limit of open files if given.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = port or probe.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("LOCATOR_", "STREAMLIT_"))}
    environ |= {"LOCATOR_DATA": str(data), "LOCATOR_NOW": NOW, "LOCATOR_PLACES": "off", "PYTHONUNBUFFERED": "1"}
    environ |= {"LOCATOR_RATE_LIMIT": "0", **settings}  # all browsers here share one address
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
        "--server.baseUrlPath",
        base,
    ]
    if soft_files:
        command = ["sh", "-c", 'ulimit -Sn "$0" && exec "$@"', str(soft_files), *command]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}{base}"
            _wait_for(url, process, log)
            yield Server(url, log, data)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


@pytest.fixture(scope="session")
def server(data_folder, tmp_path_factory) -> Iterator[Server]:
    """The page over the shipped data, base map switched on as by default."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(data_folder, folder / "data")
    # All tests come from one address: the limit for one client is not what they are about.
    with run_server(folder / "data", folder / "server.log") as running:
        yield running


@dataclass
class Visitor:
    """A person in front of the page: the browser finds no other machine, and who else is asked is recorded."""

    context: BrowserContext
    page: Page
    server: Server
    inside: list[str]
    """Patterns of addresses that belong to the test: the server's, and what a test answers itself."""
    outside: list[str] = field(default_factory=list)
    """Addresses of other machines that the page asked for."""
    faults: list[str] = field(default_factory=list)
    """Exceptions and dialogs in the page: nothing may ever cause one."""

    def open(self, path: str = "/") -> Page:
        """Open a view and wait until it is drawn."""
        self.page.goto(self.server.url + path)
        self.page.wait_for_selector("[data-panel=footer] footer", state="attached")
        return self.page

    def search(self, text: str) -> None:
        """Type an address, press Enter, wait for what comes."""
        self.unfold()
        before = self.page.evaluate("document.querySelector('[data-panel=results]')?.dataset.serial || ''")
        self.page.fill("#ask-text", text)
        self.page.press("#ask-text", "Enter")
        self.page.wait_for_function(
            "before => ![undefined, before].includes(document.querySelector('[data-panel=results]')?.dataset.serial)",
            arg=before,
        )

    def unfold(self) -> None:
        """Unfold the form, which an answer folds into one bar."""
        self.page.wait_for_selector("#ask-text", state="attached")
        if not self.page.is_visible("#ask-text"):
            self.page.click("[data-do=edit]")

    def show_map(self) -> None:
        """Look at the map, which lies over the list on a phone."""
        if self.page.locator(".to-map").is_visible():
            self.page.click(".to-map")
            self.page.wait_for_selector("[role=dialog]")

    def go_to(self, view: str) -> None:
        """Go to another view by the links at the top, which on a phone are in a menu."""
        if self.page.is_visible(".top .menu"):
            self.page.click(".top .menu")
        self.page.click(f"nav a[data-id={view}]")

    @property
    def map(self) -> FrameLocator:
        """The map's frame."""
        return self.page.frame_locator("iframe[src*=st_folium]")


@contextmanager
def make_visitor(browser: Browser, server: Server, size: str = "desktop", **options) -> Iterator[Visitor]:
    """Open a fresh browser profile of a size."""
    phone = {"is_mobile": True, "has_touch": True} if size in ("phone", "narrow") else {}
    zoomed = {"device_scale_factor": 2} if size == "zoomed" else {}
    context = browser.new_context(
        viewport=SIZES[size], accept_downloads=True, locale="zh-CN", **phone, **zoomed, **options
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    origin = "{0.scheme}://{0.netloc}/".format(urlsplit(server.url))
    visitor = Visitor(context, page, server, [re.escape(origin)])

    def record(request: Request) -> None:
        web = urlsplit(request.url).scheme in ("http", "https")
        if web and not any(re.match(known, request.url) for known in visitor.inside):
            visitor.outside.append(request.url)

    def forget(request: Request) -> None:
        if request.failure == "csp" and request.url in visitor.outside:  # the page's policy kept it from being sent
            visitor.outside.remove(request.url)

    context.on("request", record)
    context.on("requestfailed", forget)
    page.on("console", lambda line: "Content Security Policy" in line.text and visitor.faults.append(line.text))
    page.on("pageerror", lambda error: visitor.faults.append(str(error)))
    page.on("dialog", lambda dialog: (visitor.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    try:
        yield visitor
    finally:
        context.close()


@pytest.fixture(params=["desktop", "phone"])
def visitor(request, chromium, server) -> Iterator[Visitor]:
    """A person at a desktop and at a phone."""
    with make_visitor(chromium, server, request.param) as person:
        yield person
        assert person.faults == []


@pytest.fixture
def desktop(chromium, server) -> Iterator[Visitor]:
    """A person at a desktop."""
    with make_visitor(chromium, server) as person:
        yield person
        assert person.faults == []
