"""The page in a real browser: cold start to the first page, Enter to markers, CPU and memory for each search.

    python benchmarks/bench_page.py
    python benchmarks/bench_page.py --searches 20 --only start search shown

``start``: from ``streamlit run app.py`` to the first page drawn, on an empty data folder and on a filled one.
``search``: from Enter to the list, and to the last marker. ``shown``: from choosing a filter on the list of
centers to 10, 100 and 1,000 offices on the map. CPU is the server's (user and system) for one search; the
browser shares the same two cores, so its work is in the wall times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from page_server import read_cpu_ms, read_memory_mb, run_server
from playwright.sync_api import Page, sync_playwright

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync")  # fmt: skip
ADDRESSES = ("济南市槐荫区经四路478号", "大连市沙河口区行政服务大厅", "济南市历下区解放东路", "中山市小榄镇")
SHOWN = {10: "650102", 100: "650103", 1000: "650104"}
"""How many offices of each of two kinds stand in which made-up county."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=["start", "search", "shown"], default=["start", "search", "shown"])
    options = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        data = Path(folder) / "data"
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
        measure_start(context.new_page(), data, say="start" in options.only)
        if "shown" in options.only:
            add_offices(data)
        with run_server(data) as (url, pid):
            if "search" in options.only:
                measure_search(context.new_page(), url, pid, options.searches)
            if "shown" in options.only:
                for count, region in SHOWN.items():
                    measure_shown(context.new_page(), url, pid, count=count, region=region, searches=options.searches)
        browser.close()


def measure_start(page: Page, data: Path, *, say: bool) -> None:
    """Start twice: with nothing, and with the data folder filled; search once, so that everything is open."""
    for name in ("empty data folder", "filled data folder"):
        begun = time.perf_counter()
        with run_server(data) as (url, pid):
            page.goto(url)
            page.wait_for_selector(".welcome", timeout=300_000)
            first = time.perf_counter() - begun
            page.fill("#ask-text", ADDRESSES[0])
            page.press("#ask-text", "Enter")
            page.wait_for_selector(".hit", timeout=600_000)
            if say:
                answered = time.perf_counter() - begun
                print(f"start, {name}: page {first:.1f} s, first answer {answered:.1f} s, {read_memory_mb(pid):.0f} MB")
            page.goto("about:blank")


def measure_search(page: Page, url: str, pid: int, searches: int) -> None:
    """Search again and again in one visit."""
    page.goto(url)
    page.wait_for_selector(".welcome")
    lists, markers, cpus = [], [], []
    for number in range(searches + 2):
        serial = page.evaluate("() => document.querySelector('[data-panel=results]').dataset.serial")
        drawn = _count_drawn(page)
        if not page.is_visible("#ask-text"):
            page.click("[data-do=edit]")  # an answer folds the form
        page.fill("#ask-text", ADDRESSES[number % len(ADDRESSES)])
        cpu, begun = read_cpu_ms(pid), time.perf_counter()
        page.press("#ask-text", "Enter")
        page.wait_for_function(
            "before => ![undefined, before].includes(document.querySelector('[data-panel=results]')?.dataset.serial)",
            arg=serial,
        )
        listed = time.perf_counter() - begun
        _wait_drawn(page, drawn)
        marked = time.perf_counter() - begun
        page.wait_for_timeout(600)
        if number >= 2:
            lists.append(listed * 1000)
            markers.append(marked * 1000)
            cpus.append(read_cpu_ms(pid) - cpu)
    _say("search", lists, markers, cpus, pid)


def _count_drawn(page: Page) -> int:
    frame = next((frame for frame in page.frames if "st_folium" in frame.url), None)
    return int(frame.evaluate("() => document.documentElement.dataset.drawn || 0")) if frame else 0


def _wait_drawn(page: Page, before: int) -> None:
    page.wait_for_selector("iframe[src*=st_folium]", state="attached")
    while True:
        frame = next((frame for frame in page.frames if "st_folium" in frame.url), None)
        if frame is not None:
            frame.wait_for_function(
                "before => Number(document.documentElement.dataset.drawn || 0) > before", arg=before, timeout=60_000
            )
            return
        page.wait_for_timeout(10)


def add_offices(data: Path) -> None:
    """Put made-up offices into the layer: as many of each of two kinds as are to be shown."""
    from locator.model import Kind, Precision, Provenance, ServicePoint
    from locator.settings import Settings
    from locator.stores import open_store

    points = [
        ServicePoint(
            id=f"bench-{region}-{kind}-{number}",
            name=f"第{number}街道人力资源和社会保障服务中心",
            kind=kind,
            province="新疆维吾尔自治区",
            city="乌鲁木齐市",
            adcode=region,
            address=f"示例路{number}号",
            lon=87.6 + 0.002 * (number % 32),
            lat=43.8 + 0.002 * (number // 32),
            position=Precision.POI,
            provenance=Provenance(source="bench", date="2026-01"),
        )
        for count, region in SHOWN.items()
        for kind in (Kind.BANK, Kind.CARD_CENTER)
        for number in range(count)
    ]
    open_store(Settings(data=data)).replace("bench", points)


def measure_shown(page: Page, url: str, pid: int, *, count: int, region: str, searches: int) -> None:
    """Switch between two kinds with the same number of offices on the list of centers."""
    page.goto(f"{url}/centers?region={region}&kind=bank")
    page.wait_for_selector(".table")
    _wait_drawn(page, 0)
    walls, cpus = [], []
    for number in range(searches + 2):
        drawn = _count_drawn(page)
        cpu, begun = read_cpu_ms(pid), time.perf_counter()
        page.select_option("#centers-kind", ("card-center", "bank")[number % 2])
        _wait_drawn(page, drawn)
        wall = time.perf_counter() - begun
        page.wait_for_timeout(600)
        if number >= 2:
            walls.append(wall * 1000)
            cpus.append(read_cpu_ms(pid) - cpu)
    _say(f"{count} offices shown", walls, walls, cpus, pid)
    page.close()


def _say(name: str, lists: list[float], markers: list[float], cpus: list[float], pid: int) -> None:
    median = statistics.median
    print(
        f"{name}: list {median(lists):.0f} ms, markers {median(markers):.0f} ms (max {max(markers):.0f}), "
        f"CPU {median(cpus):.0f} ms, {read_memory_mb(pid):.0f} MB, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
