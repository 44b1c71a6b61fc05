"""The map's own tiles: making them, beside GDAL's writer and pyosmium; reading them; and a first view's bytes.

    python benchmarks/bench_ground.py build EXTRACT.osm.pbf [--copies N]   seconds, memory and size, beside GDAL's own
    python benchmarks/bench_ground.py tiles EXTRACT.osm.pbf LON,LAT        a tile's p95, a first view's bytes
    python benchmarks/bench_ground.py page EXTRACT.osm.pbf LON,LAT         first map complete, frames while panning

``--copies`` repeats the extract to the east with ids of its own. Each part of ``build`` runs in a process of its own.
"Writer" is GDAL making the same layers and compressing them itself, from the same file of shapes. Prints Markdown.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repeat_extract import repeat

from locator.ground import Ground, build, build_ground, ground_dir
from locator.ground.archive import MAX_ZOOM

PHONE = (366, 386)
"""The map on a phone of 390x844, in CSS pixels."""


def run_child(job: str, extract: Path, work: Path) -> dict[str, float]:
    """Run one part in a process of its own and return its seconds, CPU seconds, peak MB and MB written."""
    command = [sys.executable, __file__, job, str(extract), "--work", str(work)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def work_on(job: str, extract: Path, work: Path) -> None:
    """Do one part and print what it took."""
    started, size = time.perf_counter(), 0
    if job == "child-ours":
        out = work / "ours.mbtiles"
        out.touch()
        build_ground(extract, out, digest="bench")
        size = out.stat().st_size
    elif job == "child-shapes":
        (work / "shapes").mkdir(exist_ok=True)
        build._spill(build.ExtractShapes(extract), work / "shapes")
    elif job == "child-gdal":
        for path in sorted((work / "shapes").glob("*.arrows")):
            size += build._write_layer(work / "shapes", int(path.stem), compress=True).stat().st_size
    else:
        import osmium

        for _ in osmium.FileProcessor(str(extract)).with_areas():
            pass
    usage = resource.getrusage(resource.RUSAGE_SELF)
    took = {"seconds": time.perf_counter() - started, "cpu": usage.ru_utime + usage.ru_stime}
    print(json.dumps(took | {"mb": usage.ru_maxrss / 1024, "size": size / 1e6}))


def bench_build(extract: Path, copies: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work, source = Path(folder), extract
        if copies > 1:
            source = work / "many.osm.pbf"
            repeat(extract, source, copies, 0.3)
        jobs = ("child-ours", "child-shapes", "child-gdal", "child-pyosmium")
        took = {job: run_child(job, source, work) for job in jobs}
    ours, shapes, gdal = took["child-ours"], took["child-shapes"], took["child-gdal"]
    theirs = {"cpu": shapes["cpu"] + gdal["cpu"], "mb": max(shapes["mb"], gdal["mb"]), "size": gdal["size"]}
    print(
        f"| {source.name} ({extract.name} x {copies}) | CPU s | seconds | peak MB | archive MB |\n|---|---|---|---|---|"
    )
    print(f"| ours | {ours['cpu']:.1f} | {ours['seconds']:.1f} | {ours['mb']:.0f} | {ours['size']:.2f} |")
    print(f"| the same shapes by GDAL's writer | {theirs['cpu']:.1f} | | {theirs['mb']:.0f} | {theirs['size']:.2f} |")
    pyosmium = took["child-pyosmium"]
    print(f"| a pass of pyosmium | {pyosmium['cpu']:.1f} | {pyosmium['seconds']:.1f} | {pyosmium['mb']:.0f} | |")
    ratios = {name: ours[name] / theirs[name] for name in theirs}
    print("\nours : GDAL's writer = " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))


def tiles_of_view(lon: float, lat: float, zoom: int) -> list[tuple[int, int, int]]:
    """Return the tiles that a phone's map around a position needs."""
    level = min(MAX_ZOOM, zoom - 1)
    side = 256 * 2 ** (zoom - level)
    x = (lon + 180) / 360 * (1 << level) * side
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * (1 << level) * side
    wide, high = PHONE
    columns = range(int((x - wide / 2) // side), int((x + wide / 2) // side) + 1)
    rows = range(int((y - high / 2) // side), int((y + high / 2) // side) + 1)
    return [(level, column, row) for column in columns for row in rows]


def bench_tiles(extract: Path, lon: float, lat: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ground = make_ground(extract, Path(folder))
        numbers = [
            (archive.cover_zoom, x, y)
            for archive in ground.archives()
            for y, first, last in archive.cover
            for x in range(first, last + 1)
        ]
        times = []
        for number in numbers * max(1, 2000 // len(numbers)):
            before = time.perf_counter()
            ground.tile(*number)
            times.append(1000 * (time.perf_counter() - before))
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"{len(times)} tiles: p50 {statistics.median(times):.2f} ms, p95 {p95:.2f} ms")
        for zoom in (10, 12, 13, 15, 17):
            view = [ground.tile(*number) or b"" for number in tiles_of_view(lon, lat, zoom)]
            plain = sum(len(gzip.decompress(tile)) for tile in view if tile)
            print(
                f"zoom {zoom}: {len(view)} tiles, {sum(map(len, view)) / 1000:.1f} KB (unpacked {plain / 1000:.1f} KB)"
            )


def make_ground(extract: Path, data: Path) -> Ground:
    ground_dir(data).mkdir(parents=True)
    out = ground_dir(data) / "bench.mbtiles"
    out.touch()
    build_ground(extract, out, digest="bench")
    return Ground(data)


_PAN = """() => new Promise((done) => {
  const times = [], map = window.map;
  let moving = true;
  map.on("moveend", () => { moving = false; });
  const step = (now) => { times.push(now); if (moving) requestAnimationFrame(step); else done(times); };
  map.panBy([-250, -150], {animate: false});
  moving = true;
  requestAnimationFrame(step);
  map.panBy([500, 300], {animate: true, duration: 4});
})"""
_PICTURES = """async () => {
  const canvases = [...document.querySelectorAll(".leaflet-ground-pane canvas")];
  const size = (c, type) => new Promise((done) => c.toBlob((blob) => done(blob.size), type, 0.8));
  const sizes = (type) => Promise.all(canvases.map((c) => size(c, type)));
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  return {png: sum(await sizes("image/png")), webp: sum(await sizes("image/webp")), count: canvases.length};
}"""
LINES = {"fast": None, "400 kb/s, 400 ms": {"latency": 400, "throughput": 50_000}}


def bench_page(extract: Path, lon: float, lat: float, runs: int) -> None:
    from bench_slow import ARGUMENTS
    from page_server import run_server
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        make_ground(extract, Path(folder))
        with run_server(Path(folder), LOCATOR_TILES="ground", LOCATOR_PLACES="off") as (url, _):
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            measure_page(browser, url, lon, lat, None)  # the first visit fills the data folder
            for name, line in [item for item in LINES.items() for _ in range(runs)]:
                print(f"{name}: {measure_page(browser, url, lon, lat, line)}")
            browser.close()


def measure_page(browser, url: str, lon: float, lat: float, line: dict | None) -> str:
    """Return how long the map takes that a phone looks at first, what it loads, and how smoothly it is moved."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
    )
    context.set_default_timeout(180_000)
    page = context.new_page()
    sent: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    if line:
        limits = {"downloadThroughput": line["throughput"], "uploadThroughput": line["throughput"]}
        session.send("Network.emulateNetworkConditions", {"offline": False, "latency": line["latency"], **limits})
    session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    page.goto(url)
    page.wait_for_selector("[data-panel=footer] footer", state="attached")
    page.wait_for_load_state("networkidle")  # who types an address takes longer
    page.fill("#ask-text", f"{lon},{lat}")
    asked = time.perf_counter()
    page.press("#ask-text", "Enter")
    page.click(".to-map")
    frame = page.frame_locator("iframe[src*=st_folium]")
    frame.locator('html[data-drawn][data-ground-names][data-ground-waiting="0"]').wait_for(state="attached")
    first_s = time.perf_counter() - asked
    inner = next(f for f in page.frames if "st_folium" in f.url)
    sent.clear()
    started = time.perf_counter()
    inner.evaluate("([lat, lon]) => window.map.setView([lat, lon], 15, {animate: false})", [lat, lon])
    page.wait_for_timeout(100)
    frame.locator('html[data-ground=own][data-ground-waiting="0"]').wait_for(state="attached")
    took = time.perf_counter() - started
    pictures = inner.evaluate(_PICTURES)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = read_cpu(session)
    gaps = [b - a for a, b in itertools.pairwise(inner.evaluate(_PAN))]
    cpu_ms = (read_cpu(session) - before) / len(gaps)
    context.close()
    return (
        f"the answer's map complete {first_s:.2f} s after Enter and a tap on the map's button; "
        f"the view at zoom 15 complete {took:.2f} s after it is asked for, {sum(sent) / 1000:.1f} KB; as pictures "
        f"PNG {pictures['png'] / 1000:.0f} KB, WebP {pictures['webp'] / 1000:.0f} KB ({pictures['count']} squares); "
        f"panning with a processor four times slower: {1000 / statistics.mean(gaps):.0f} frames a second, "
        f"slowest {max(gaps):.0f} ms; each takes the page's own thread {cpu_ms:.1f} ms of the slowed processor"
    )


def read_cpu(session) -> float:
    """Return the milliseconds that the page's main thread has worked by its own clock, however busy the machine is."""
    found = {row["name"]: row["value"] for row in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * found["TaskDuration"]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job")
    parser.add_argument("extract", type=Path)
    parser.add_argument("place", nargs="?", type=lambda text: tuple(map(float, re.split(",", text))))
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="visits on each line")
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    if args.job.startswith("child-"):
        work_on(args.job, args.extract, args.work)
    elif args.job == "build":
        bench_build(args.extract, args.copies)
    elif args.job == "tiles":
        bench_tiles(args.extract, *args.place)
    else:
        bench_page(args.extract, *args.place, args.runs)


if __name__ == "__main__":
    main()
