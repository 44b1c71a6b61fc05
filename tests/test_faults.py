"""What happens to a machine that serves: the disk fills, several processes write at once, the clock jumps, it is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from servers import free_port

from locator.errors import LocatorError
from locator.model import Query
from locator.service import Locator
from locator.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mount, limits, /proc")]
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
ROOT = Path(__file__).parents[1]
ADDRESS = "济南市槐荫区经四路478号"
WULIGOU = "五里沟街道人社中心"


def environ_of(data: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "LOCATOR_DATA": str(data), "LOCATOR_NOW": "2026-11-23T10:00", "LOCATOR_PLACES": "off", **more}


def command(data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    line = [sys.executable, "-m", "locator", *arguments]
    return subprocess.run(
        line, check=False, capture_output=True, text=True, cwd=ROOT, env=environ_of(data, **more), timeout=300
    )


def write_table(
    path: Path, count: int, name: str = "甲区社会保险中心", *, road: str = "经四路", lon: float = 116.9
) -> Path:
    rows = "\n".join(f"{name}{n},济南市槐荫区{road}{n + 1}号,{lon + n / 1e3:.5f},36.65" for n in range(count))
    path.write_text("名称,地址,经度,纬度\n" + rows + "\n", "utf-8")
    return path


def first_of(data: Path) -> str:
    """Return the first office of an answer by a service that opens the folder now."""
    return Locator(Settings(data=data)).find(Query(text=ADDRESS), NOW).hits[0].point.name


# --- a full disk

SIZE_MB = 180
"""An import takes a copy of the gazetteer, which has 36 MB, beside the old one and the one before."""


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A small disk of our own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("no right to mount a tmpfs here: this test needs root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, *, leave: int) -> Path:
    """Fill a disk but for so many bytes."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free - leave
    with ballast.open("wb") as file:
        for _ in range(max(free, 0) >> 20):
            file.write(bytes(1 << 20))
        file.write(bytes(max(free, 0) & 0xFFFFF))
    return ballast


def copy_folder(source: Path, disk: Path) -> Path:
    """Copy a data folder, but for what is only kept to be quicker."""
    return shutil.copytree(source, disk / "data", ignore=shutil.ignore_patterns("divisions-*"))


WRITES = {
    "import": lambda table, out: ["import", "table", str(table), "--yes"],
    "remove": lambda table, out: ["remove", "jinan-044"],
    "edit": lambda table, out: ["edit", "jinan-044", "hours=Mo-Fr 09:00-17:00", "--source", "https://jinan.gov.cn/"],
    "export": lambda table, out: ["export", "-o", str(out / "o.csv")],
    "export gpkg": lambda table, out: ["export", "-o", str(out / "o.gpkg")],
    "batch": lambda table, out: ["batch", str(table), "-o", str(out / "b.csv"), "--address", "地址"],
}  # fmt: skip


@pytest.mark.parametrize("left", [0, 40_000, 2_000_000])
@pytest.mark.parametrize("what", WRITES)
def test_a_disk_that_is_full_at_a_write_is_named_and_the_old_state_answers(
    data_folder, small_disk, tmp_path, what, left
):
    data = copy_folder(data_folder, small_disk)
    table = write_table(tmp_path / "t.csv", 5000 if what == "import" else 400)
    before = (data / "layer.parquet").read_bytes()
    ballast = fill(small_disk, leave=left)
    done = command(data, *WRITES[what](table, small_disk), LOCATOR_LANG="en")
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert done.returncode == 1 and "disk is full" in done.stderr.splitlines()[-1], done.stderr[-400:]
        assert (data / "layer.parquet").read_bytes() == before, "the old state is there"
    litter = [p.name for p in small_disk.rglob(".*") if p.is_file()]
    assert litter == [], "no half file takes the room that is left"
    assert first_of(data) == WULIGOU, "the old state answers, on the full disk"
    ballast.unlink()
    again = command(data, *WRITES[what](table, small_disk), LOCATOR_LANG="en")
    assert again.returncode == 0 or done.returncode == 0, again.stderr[-400:]
    assert first_of(data)


def test_a_disk_that_is_full_at_the_first_start_is_named_and_then_filled(small_disk):
    ballast = fill(small_disk, leave=1_000_000)
    done = command(small_disk / "data", "find", ADDRESS, LOCATOR_LANG="en")
    assert done.returncode == 1 and "disk is full" in done.stderr.splitlines()[-1], done.stderr[-400:]
    ballast.unlink()
    done = command(small_disk / "data", "find", ADDRESS)
    assert done.returncode == 0 and WULIGOU in done.stdout, done.stderr[-400:]


# --- a server


@contextlib.contextmanager
def serving(
    data: Path, log: Path, *, before: str = "", **settings: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the page, after some code of a test's own in its process; yield its address and the process."""
    port = free_port()
    run = f'{textwrap.dedent(before)}\nimport runpy, sys\nsys.argv[0] = "streamlit"\nrunpy.run_module("streamlit", run_name="__main__")'
    options = ["--server.address", "127.0.0.1", "--server.port", str(port)]
    line = [sys.executable, "-c", run, "run", "app.py", *options]
    environ = environ_of(data, LOCATOR_TILES="none", LOCATOR_RATE_LIMIT="0", **settings)
    with log.open("wb") as out:
        process = subprocess.Popen(line, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(1200):
                assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{url}/healthz", timeout=30).close()
                    break
                time.sleep(0.1)
            yield url, process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def ask(url: str, timeout: float = 120) -> tuple[int, bytes]:
    """Search through the API; return status and body."""
    body = json.dumps({"text": ADDRESS, "task": "apply"}).encode()
    request = urllib.request.Request(f"{url}/api/v1/find", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


SLOW = """
    import locator.web.shared as shared
    import time
    def slow(made=shared._make_locator):
        one = made()
        def find(query, now, known=one.find):
            if one.__dict__.setdefault("asked", 0):
                print("BEGUN", flush=True)
                time.sleep(SECONDS)
            one.asked += 1
            return known(query, now)
        one.find = find
        return one
    import functools
    shared._make_locator = functools.cache(slow)
"""
"""Every search but the first, which the server itself asks, takes a while."""


def wait_for(log: Path, word: str) -> None:
    """Wait until a server has said a word."""
    end = time.monotonic() + 120
    while word not in log.read_text("utf-8", "replace"):
        assert time.monotonic() < end, log.read_text("utf-8", "replace")[-2000:]
        time.sleep(0.05)


@pytest.mark.parametrize("seconds", [2, 60])
def test_told_to_stop_in_mid_request_it_finishes_or_breaks_off_and_is_gone_within_ten_seconds(
    in_data_folder, tmp_path, seconds
):
    log = tmp_path / "log"
    code = SLOW.replace("SECONDS", str(seconds))
    got: list[tuple[int, bytes] | Exception] = []

    def visit() -> None:
        try:
            got.append(ask(url))
        except OSError as error:
            got.append(error)

    with serving(in_data_folder, log, before=code) as (url, process):
        wait_for(log, '"ready"')
        asking = threading.Thread(target=visit)
        asking.start()
        wait_for(log, "BEGUN")
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        took = time.monotonic() - begun
        asking.join(60)
    assert took < 10 + 5, "ten seconds, and what a busy machine adds"
    (outcome,) = got
    if seconds == 2:
        assert isinstance(outcome, tuple) and outcome[0] in (200, 503), outcome
    else:
        assert isinstance(outcome, Exception) or outcome[0] in (500, 503), "cut off, and not kept waiting"
    assert "Traceback" not in log.read_text("utf-8", "replace")


def test_two_imports_and_a_server_at_once(in_data_folder, tmp_path):
    tables = [
        write_table(tmp_path / "a.csv", 40, "甲区社会保险中心", road="经六路", lon=116.7),
        write_table(tmp_path / "b.csv", 40, "乙区人力资源和社会保障局", road="纬九路", lon=117.2),
    ]
    with serving(in_data_folder, tmp_path / "log") as (url, _):
        status, _ = ask(url)
        assert status == 200
        done: list[subprocess.CompletedProcess[str]] = []
        imports = [
            threading.Thread(
                target=lambda t=table: done.append(command(in_data_folder, "import", "table", str(t), "--yes"))
            )
            for table in tables
        ]
        for thread in imports:
            thread.start()
        statuses: list[int] = []
        while any(thread.is_alive() for thread in imports):
            status, body = ask(url)
            statuses.append(status)
            assert status == 200 and json.loads(body)["hits"], body[:200]
            time.sleep(0.1)
        assert [run.returncode for run in done] == [0, 0], [run.stderr[-300:] for run in done]
        assert statuses
        held = {point.name for point in Locator(Settings(data=in_data_folder)).points()}
        assert {"甲区社会保险中心1", "乙区人力资源和社会保障局39", WULIGOU} <= held
        for at, name in (("116.701,36.65", "甲区社会保险中心1"), ("117.239,36.65", "乙区人力资源和社会保障局39")):
            end, seen = time.monotonic() + 60, set()
            while name not in seen and time.monotonic() < end:
                with urllib.request.urlopen(f"{url}/api/v1/find?at={at}&limit=10", timeout=60) as reply:
                    seen = {hit["name"] for hit in json.load(reply)["hits"]}
            assert name in seen, "the server serves both without a restart"


CLOCK = """
    import datetime, os, time
    from pathlib import Path
    import locator.api.application as application
    import locator.web.shared as shared
    from locator.settings import CHINA
    shift = Path(os.environ["SHIFT_FILE"])
    real = time.time, time.time_ns
    def off():
        return float(shift.read_text()) if shift.exists() else 0.0
    time.time = lambda: real[0]() + off()
    time.time_ns = lambda: real[1]() + int(off() * 1e9)
    shared.now_of = application.now_of = lambda _: datetime.datetime.fromtimestamp(time.time(), CHINA)
"""


def test_a_clock_set_back_a_day_changes_nothing_but_the_hour(in_data_folder, tmp_path):
    shift = tmp_path / "shift"
    with serving(in_data_folder, tmp_path / "log", before=CLOCK, SHIFT_FILE=str(shift), LOCATOR_NOW="") as (
        url,
        _,
    ):
        assert ask(url)[0] == 200
        for seconds in (-86_400, 86_400, -10 * 365 * 86_400):
            shift.write_text(str(seconds), "ascii")
            for _ in range(5):
                status, body = ask(url)
                assert status == 200 and json.loads(body)["hits"][0]["name"] == WULIGOU
            with urllib.request.urlopen(f"{url}/plain", timeout=60) as reply:
                assert reply.status == 200
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8", "replace")


FEW = """
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
"""


def test_with_64_open_files_others_are_served_or_told_and_all_is_well_afterwards(in_data_folder, tmp_path):
    with serving(in_data_folder, tmp_path / "log", before=FEW, LOCATOR_CLIENT_CONNECTIONS="0") as (url, _):
        port, held = int(url.rsplit(":", 1)[1]), []
        for _ in range(100):
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(("127.0.0.1", port), timeout=30, source_address=("127.0.0.7", 0)))
                held[-1].sendall(b"GET / HTTP/1.1\r\nhost: x\r\na: ")
        for _ in range(5):
            # The 503 was said before the request was read: urllib tells that as it comes, or wraps it.
            with contextlib.suppress(ConnectionError, urllib.error.URLError):
                assert ask(url, 30)[0] in (200, 503)
        for sock in held:
            sock.close()
        end, status = time.monotonic() + 60, 0
        while status != 200 and time.monotonic() < end:
            with contextlib.suppress(OSError):
                status, _ = ask(url)
        assert status == 200
    assert "Too many open files" not in (tmp_path / "log").read_text("utf-8", "replace")


def test_a_service_whose_folder_is_taken_away_says_so(in_data_folder):
    """The whole folder, not a file of it: what is open answers, or one sentence is said."""
    service = Locator(Settings(data=in_data_folder))
    assert service.find(Query(text=ADDRESS), NOW).hits
    shutil.move(in_data_folder, in_data_folder.with_name("moved"))
    for _ in range(3):
        with contextlib.suppress(LocatorError):
            assert service.find(Query(text=ADDRESS), NOW).hits[0].point.name == WULIGOU
