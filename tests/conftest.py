"""What every test may count on: no clock, no key, no outside network, and no silent skip."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from servers import postgis_cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["postgis_cluster"]

ROOT = Path(__file__).parents[1]
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
CHROMIUM_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip
STRICT = os.environ.pop("LOCATOR_TEST_STRICT", "") == "1"

for name in [name for name in os.environ if name.startswith("LOCATOR_")]:
    del os.environ[name]
os.environ["LOCATOR_PLACES"] = "off"  # half a minute of one core: only the tests of places build them

# A busy machine is no fault, and the same code has the same result each time: TEST_RANDOM=1 looks for new examples.
settings.register_profile("locator", deadline=None, print_blob=True, derandomize="TEST_RANDOM" not in os.environ)
settings.load_profile("locator")

_connect = socket.socket.connect


def _connect_to_loopback_only(self: socket.socket, address):
    """Refuse every connection that would leave the machine."""
    host = address[0] if isinstance(address, tuple) else ""
    if self.family in (socket.AF_INET, socket.AF_INET6) and not (
        host.startswith("127.") or host in ("::1", "localhost")
    ):
        raise OSError(f"a test tried to reach {host}: the tests have no outside network")
    return _connect(self, address)


socket.socket.connect = _connect_to_loopback_only


@pytest.fixture(autouse=True, scope="session")
def no_places_in_the_background() -> Iterator[None]:
    """Let no test that opens a locator in a new folder build the shipped places for it."""
    from locator.geocode import index_files as places

    patch = pytest.MonkeyPatch()
    patch.setattr(places, "_spawn", lambda _: None)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def built_data(tmp_path_factory) -> Path:
    """A data folder built from the shipped data, once for all workers; it is copied, and nobody's service runs on it."""
    from locator.disk import exclusive_lock
    from locator.ingest.shipped import ensure_data
    from locator.settings import Settings

    own = tmp_path_factory.getbasetemp()
    built = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "locator-data-built"
    with exclusive_lock(built):
        ensure_data(Settings(data=built))
    return built


@pytest.fixture(scope="session")
def data_folder(built_data, tmp_path_factory) -> Path:
    """A worker's own copy; tests read it and do not import into it, but their services leave what they make."""
    return shutil.copytree(built_data, tmp_path_factory.mktemp("locator-data"), dirs_exist_ok=True)


@pytest.fixture(scope="session")
def locator(data_folder):
    """The one service over the shipped data."""
    from locator.service import Locator
    from locator.settings import Settings

    return Locator(Settings(data=data_folder, tiles="none"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the session: Playwright's sync engine runs once a thread, so nobody opens another."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium on this machine: run `make browser`")
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def in_data_folder(data_folder, tmp_path, monkeypatch) -> Path:
    """A copy of the data folder that the command and the page may write to, named by the environment."""
    copy = tmp_path / "data"
    shutil.copytree(data_folder, copy)
    monkeypatch.setenv("LOCATOR_DATA", str(copy))
    monkeypatch.setenv("LOCATOR_NOW", "2026-11-23T10:00")
    return copy


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of test data that is not committed (beside the checkout)."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no test data at {SHARED_DATA}")
    return SHARED_DATA


SERVERS = frozenset({"postgis_cluster", "chromium", "server", "nominatim_server"})
"""The fixtures that start a server or a browser: what asks for one is left out by ``make quick``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark tests by what they ask for, so that no list of files has to be kept."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if "chromium" in asked:
            item.add_marker(pytest.mark.browser)
        if asked & SERVERS or any(item.get_closest_marker(name) for name in ("postgis", "nominatim", "browser")):
            item.add_marker(pytest.mark.server)
        if item.get_closest_marker("nominatim"):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter, exitstatus):
    """Say loudly what was skipped and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} SKIPPED", sep="!", red=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session, exitstatus):
    """In strict mode a skipped test is a failed run, unless the machine forbids what it needs (a mount)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if STRICT and any("no right to mount" not in str(report.longrepr) for report in skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
