"""Another office or another mode, with real routes: the server's time from a rerun's arrival to its last message.

    python benchmarks/bench_way.py ../shared/data/osm/nanjing-center.osm.pbf
    python benchmarks/bench_way.py EXTRACT.osm.pbf --switches 60

Builds road tiles from the extract (one in China), puts twenty made-up offices beside its roads, runs the page's own
server (``timed_server.py``) and presses the page's own buttons in Chromium. CPU is that of the server's process alone;
the browser draws on the same cores meanwhile, so that the wall time has its work in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench_page import ARGUMENTS
from bench_routing import nearest, percentile, read_positions
from page_server import run_server
from playwright.sync_api import Page, sync_playwright

from locator.ingest.shipped import ensure_data
from locator.model import Kind, Precision, Provenance, ServicePoint
from locator.routing.tiles import build_tiles
from locator.settings import Settings
from locator.stores import open_store

LIMIT_MS = 150
WARM_UP = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extract", type=Path)
    parser.add_argument("--switches", type=int, default=40)
    options = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data, log = Path(folder) / "data", Path(folder) / "marks.jsonl"
        origin = make_data(options.extract, data)
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        with run_server(data, program=("benchmarks/timed_server.py", str(log))) as (url, _):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(url)
            page.wait_for_selector(".welcome", timeout=120_000)
            page.fill("#ask-text", f"{origin[0]:.6f},{origin[1]:.6f}")
            page.press("#ask-text", "Enter")
            page.wait_for_selector(".steps", timeout=120_000)
            page.wait_for_timeout(2000)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
            print("| switching | times | wall p50 ms | p95 ms | most | CPU p50 ms | p95 ms | limit |\n|" + "---|" * 8)
            measure("office", page, log, press_office, options.switches)
            measure("mode", page, log, press_mode, options.switches)
        browser.close()


def make_data(extract: Path, data: Path) -> tuple[float, float]:
    """Fill a data folder: the shipped data, road tiles, and offices beside the roads; return where the person is."""
    ensure_data(Settings(data=data))
    build_tiles(extract, data)
    positions = read_positions(extract, 200)
    origin = positions[0]
    points = [
        ServicePoint(
            id=f"bench-{number}",
            name=f"第{number}街道人力资源和社会保障服务中心",
            kind=Kind.CARD_CENTER,
            address=f"示例路{number}号",
            hours="Mo-Fr 09:00-17:00",
            lon=lon,
            lat=lat,
            position=Precision.POI,
            provenance=Provenance(source="bench", date="2026-01"),
        )
        for number, (lon, lat) in enumerate(nearest(origin, positions[1:], 60)[::3])
    ]
    open_store(Settings(data=data)).replace("bench", points)
    return origin


def press_office(page: Page, number: int) -> None:
    """Choose another office of the list."""
    buttons = page.locator(".hit:not(.chosen) [data-act=choose]")
    key = buttons.nth(number % buttons.count()).get_attribute("data-id")
    page.click(f"[data-card='{key}'] [data-act=choose]")
    page.wait_for_selector(f"[data-key^='steps {key} ']", state="attached")


def press_mode(page: Page, number: int) -> None:
    """Travel another way."""
    mode = ("cycle", "drive", "walk")[number % 3]
    page.click(f"[data-act=mode][data-id={mode}]")
    page.wait_for_selector(f"[data-key$=' {mode}']", state="attached")


def measure(name: str, page: Page, log: Path, press: Callable[[Page, int], None], switches: int) -> None:
    """Press again and again and read the server's marks of each press."""
    walls, cpus = [], []
    for number in range(switches + WARM_UP):
        before = log.stat().st_size
        press(page, number)
        page.wait_for_timeout(600)
        with log.open(encoding="utf-8") as lines:
            lines.seek(before)
            marks = [json.loads(line) for line in lines]
        arrived = next(mark for mark in marks if mark["what"] == "in")
        left = [mark for mark in marks if mark["what"] == "out"][-1]
        if number >= WARM_UP:
            walls.append((left["wall"] - arrived["wall"]) * 1000)
            cpus.append((left["cpu"] - arrived["cpu"]) * 1000)
    limit = "kept" if max(walls) < LIMIT_MS else "broken"
    figures = (
        percentile(walls, 0.5),
        percentile(walls, 0.95),
        max(walls),
        percentile(cpus, 0.5),
        percentile(cpus, 0.95),
    )
    print(
        f"| {name} | {len(walls)} | " + " | ".join(f"{figure:.0f}" for figure in figures) + f" | {limit} |", flush=True
    )


if __name__ == "__main__":
    main()
