"""Our routes against the same engine over HTTP and against OSRM, on the same extract and the same pairs.

    python benchmarks/bench_routing_peers.py EXTRACT.osm.pbf DATA

DATA has the tiles of that extract (``bench_routing.py build``). Every engine is asked for a pair before the next
pair comes, so that whatever else the machine does slows all of them alike. Prints Markdown; the figures are in
docs/ROUTING.md. OSRM comes with the wheel ``osrm-bindings`` and holds one data set for each mode.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import osrm
from bench_routing import LonLat, nearest, percentile, read_pairs, read_positions, show

from locator.errors import LocatorError
from locator.model import Mode
from locator.routing.roads import find_roads
from locator.routing.router import Router, open_router
from locator.routing.tiles import engine_config, engine_dir
from locator.routing.valhalla import EmbeddedValhalla
from locator.settings import Settings

type Ways = tuple[Callable[[LonLat, LonLat], object], Callable[[LonLat, list[LonLat]], object]]
OSRM = Path(osrm.__file__).parent
PROFILES = {Mode.WALK: ("foot", "foot"), Mode.CYCLE: ("bike", "bicycle"), Mode.DRIVE: ("car", "car")}
_TIMED = (
    "import resource,subprocess,sys,time;t=time.perf_counter();"
    "[subprocess.run(c.split('|'),check=True,stdout=subprocess.DEVNULL) for c in sys.argv[1:]];"
    "r=resource.getrusage(resource.RUSAGE_CHILDREN);"
    "print(time.perf_counter()-t,r.ru_utime+r.ru_stime,r.ru_maxrss/1024)"
)


@contextlib.contextmanager
def serving(command: Sequence[object], url: str, folder: Path) -> Iterator[None]:
    """Run a server of ours on loopback until the block ends."""
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen([str(c) for c in command], cwd=folder, stdout=log, stderr=log)
    try:
        for _ in range(400):
            try:
                urllib.request.urlopen(url, timeout=2).close()
                break
            except urllib.error.HTTPError as error:
                error.close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def valhalla_server(data: Path, folder: Path) -> Iterator[str]:
    """Run the wheel's own server over the same tiles."""
    port, config = free_port(), engine_config()
    config["mjolnir"] |= {"tile_extract": str(find_roads(data).tiles), "tile_dir": ""}
    config["logging"] = {"type": ""}
    service = config["httpd"]["service"]
    service |= {"listen": f"tcp://127.0.0.1:{port}", "loopback": f"ipc://{folder}/l", "interrupt": f"ipc://{folder}/i"}
    for part in ("loki", "thor", "odin", "meili"):
        config[part]["service"] = {"proxy": f"ipc://{folder}/{part}"}
    (folder / "valhalla.json").write_text(json.dumps(config))
    command = [engine_dir() / "bin" / "valhalla_service", folder / "valhalla.json", os.cpu_count()]
    with serving(command, f"http://127.0.0.1:{port}/status", folder):
        yield f"http://127.0.0.1:{port}"


def build_osrm(extract: Path, folder: Path) -> tuple[float, float, float, float]:
    """Build OSRM's three data sets; return seconds, CPU seconds, the peak MB of a builder and MB on disk."""
    took = cpu = peak = 0.0
    for profile, lua in PROFILES.values():
        into = folder / profile
        into.mkdir()
        (into / "map.osm.pbf").symlink_to(extract.resolve())
        extracting = f"{OSRM}/bin/osrm-extract|-p|{OSRM}/share/profiles/{lua}.lua|map.osm.pbf"
        command = [sys.executable, "-c", _TIMED, extracting, f"{OSRM}/bin/osrm-contract|map.osrm"]
        done = subprocess.run(command, cwd=into, capture_output=True, text=True, check=True)
        seconds, busy, most = map(float, done.stdout.split())
        took, cpu, peak = took + seconds, cpu + busy, max(peak, most)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())
    return took, cpu, peak, size / 1e6


@contextlib.contextmanager
def osrm_server(folder: Path, profile: str) -> Iterator[str]:
    """Run osrm-routed over one data set."""
    port = free_port()
    command = [OSRM / "bin" / "osrm-routed", "--ip", "127.0.0.1", "--port", port, "--algorithm", "ch", "map.osrm"]
    with serving(command, f"http://127.0.0.1:{port}/nearest/v1/x/1,1", folder / profile):
        yield f"http://127.0.0.1:{port}"


def osrm_in_process(folder: Path, profile: str) -> Ways:
    """Return OSRM's own route and table in this process: without HTTP, words or checks."""
    engine = osrm.OSRM(storage_config=str(folder / profile / "map.osrm"), use_shared_memory=False)
    common = {"geometries": "geojson", "overview": "full", "steps": True}

    def route(a: LonLat, b: LonLat) -> object:
        return engine.Route(osrm.RouteParameters(coordinates=[a, b], radiuses=[2000, 2000], **common))

    def table(a: LonLat, targets: list[LonLat]) -> object:
        ends = list(range(1, len(targets) + 1))
        return engine.Table(osrm.TableParameters(coordinates=[a, *targets], sources=[0], destinations=ends))

    return route, table


def ways_of(router: Router, mode: Mode) -> Ways:
    """Return a router's two questions in one mode."""
    return lambda a, b: router.route(a, b, mode), lambda a, targets: router.matrix(a, targets, mode)


def timed(took: list[float], call: Callable[..., object], *given: object) -> None:
    """Add a call's milliseconds, if it had an answer."""
    began = time.perf_counter()
    with contextlib.suppress(LocatorError, RuntimeError):
        call(*given)
        took.append((time.perf_counter() - began) * 1000)


def compare(
    mode: Mode, engines: Mapping[str, Ways], pairs: Sequence[tuple[LonLat, LonLat]], offices: Sequence[LonLat]
) -> list[tuple[object, ...]]:
    """Ask every engine for a pair's route and for the matrix of its start, then for the next pair's."""
    took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in engines}
    for a, b in pairs:
        many = nearest(a, offices, 20)
        for name, (route, table) in engines.items():
            timed(took[name][0], route, a, b)
            timed(took[name][1], table, a, many)
    own = [percentile(values, 0.5) for values in took[next(iter(engines))]]
    rows = []
    for name, kinds in took.items():
        row: list[object] = [mode, name]
        for values, first in zip(kinds, own, strict=True):
            row += [percentile(values, 0.5), percentile(values, 0.95), f"{percentile(values, 0.5) / first:.2f}"]
        rows.append(tuple(row))
    return rows


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    positions = read_positions(args.extract, 800)
    offices, pairs = positions[:400], read_pairs(positions, 120)
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        built = build_osrm(args.extract, folder)
        embedded = EmbeddedValhalla(args.data)
        url = stack.enter_context(valhalla_server(args.data, folder))
        server = open_router(Settings(router="valhalla-http", data=folder, urls={"valhalla": url}))
        assert server is not None
        for mode, (profile, _) in PROFILES.items():
            url = stack.enter_context(osrm_server(folder, profile))
            other = open_router(Settings(router="osrm", data=folder, urls={"osrm": url}))
            assert other is not None
            engines = {
                "ours, in process": ways_of(embedded, mode),
                "Valhalla over HTTP": ways_of(server, mode),
                "OSRM over HTTP": ways_of(other, mode),
                "OSRM in process, bare": osrm_in_process(folder, profile),
            }
            for route, table in engines.values():
                with contextlib.suppress(LocatorError, RuntimeError):
                    route(*pairs[0])
                    table(pairs[0][0], list(offices[:5]))
            rows += compare(mode, engines, pairs, offices)
    head = ("mode", "engine", "route p50 ms", "p95 ms", "ratio", "1x20 p50 ms", "p95 ms", "ratio")
    show(f"Against others, {args.extract.name}", head, rows)
    took, cpu, peak, size = built
    print(f"\nOSRM's three data sets: {took:.1f} s ({cpu:.1f} s CPU), {peak:.0f} MB at most, {size:.1f} MB on disk.")


if __name__ == "__main__":
    main()
