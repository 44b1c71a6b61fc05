"""The page under load: many visits over its real websocket, with Streamlit's own messages.

    python benchmarks/bench_load.py knee --sessions 50 100 150 200 250 300 --seconds 60
    python benchmarks/bench_load.py soak --sessions 20 --seconds 1800
    python benchmarks/bench_load.py idle --sessions 1000 --seconds 30
    python benchmarks/bench_load.py vanish --sessions 100
    python benchmarks/bench_load.py swap --sessions 20
    python benchmarks/bench_load.py siege --sessions 20 --seconds 1800

Each visit searches every ``--think`` seconds (half to one and a half times that), each time another of the shipped
offices' addresses, and after every second search chooses another office of the list. A search runs the whole page, a
choice the part below the form. Measured is the time from sending the request to the run's last message, as the
browser's side of the socket sees it; the driver shares the machine with the server, and its own CPU is said beside.
An error is an exception on the page, a run that failed, a run without results (the sentence that takes their place,
or no panel), or a connection that broke. ``idle`` lets visits come that search once and stay, then ten search beside
them; ``vanish`` cuts a crowd off, twice, and says what memory came back after Streamlit's term and a collection;
``swap`` lets visits search while another process imports a table, five times; ``siege`` is ``soak`` beside one
stranger who attacks without a pause (``flooder.py``), with the limits on as they are by default.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from crowd import stay_idle, swap_layer, vanish
from page_server import ROOT, read_cpu_ms, read_memory_mb, run_server
from page_visitor import Reply, Visitor

JOIN_S = 0.05
"""Visits come one after the other, not all in one moment."""


@dataclass
class Tally:
    """What the visits of one level met."""

    searches: list[float] = field(default_factory=list)
    choices: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    counts: bool = True
    """Whether runs are counted now: not while visits are still coming."""

    def take(self, reply: Reply, times: list[float], *, expect: str) -> None:
        """Count one run."""
        self.faults += reply.faults
        results = reply.panels.get("results")
        if results is None or 'class="trouble"' in results:
            self.faults.append(f"no results after {expect}")
        if self.counts:
            times.append(reply.ms)
            self.sizes.append(reply.size)


def read_addresses() -> list[str]:
    """Return the addresses of the shipped offices, each with its city."""
    found: list[str] = []
    for path in sorted((ROOT / "data" / "offices").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                address = row.get("address") or ""
                city = row.get("city") or ""
                if address:
                    found.append(address if address.startswith(city) else city + address)
    return found


def rank(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


async def visit(url: str, tally: Tally, addresses: list[str], *, think_s: float, end: float, start_s: float) -> None:
    """Be one person until ``end``."""
    dice = random.Random(start_s)
    await asyncio.sleep(start_s)
    visitor = None
    try:
        visitor = await Visitor.connect(url)
        first = await visitor.open()
        tally.faults += first.faults
        number = 0
        while True:
            pause = think_s * (0.5 + dice.random())
            if time.monotonic() + pause > end:
                return
            await asyncio.sleep(pause / 2)
            reply = await visitor.search(dice.choice(addresses))
            tally.take(reply, tally.searches, expect="a search")
            await asyncio.sleep(pause / 2)
            number += 1
            if number % 2 == 0 and reply.cards:
                choice = await visitor.act("results", "choose", id=dice.choice(reply.cards))
                tally.take(choice, tally.choices, expect="a choice")
    except Exception as error:
        tally.faults.append(f"{type(error).__name__}: {error}"[:200])
    finally:
        if visitor:
            await visitor.close()


async def drive(
    url: str, sessions: int, *, think_s: float, seconds: float, watch: Callable[[Tally], Awaitable[None]] | None = None
) -> tuple[Tally, float]:
    """Let visits come, count for ``seconds``, and return what they met and the driver's CPU seconds meanwhile."""
    addresses, tally = read_addresses(), Tally(counts=False)
    joined = sessions * JOIN_S + think_s
    end = time.monotonic() + joined + seconds
    visits = [
        asyncio.create_task(visit(url, tally, addresses, think_s=think_s, end=end, start_s=number * JOIN_S))
        for number in range(sessions)
    ]
    await asyncio.sleep(joined)
    tally.counts, cpu = True, time.process_time()
    if watch:
        await watch(tally)
    await asyncio.sleep(max(0.0, end - time.monotonic()))
    cpu = time.process_time() - cpu
    await asyncio.gather(*visits)
    return tally, cpu


async def find_knee(url: str, pid: int, options: argparse.Namespace) -> None:
    """Raise the number of visits step by step."""
    await drive(url, 5, think_s=2, seconds=5)
    for sessions in options.sessions:
        begun: list[float] = []

        async def note(_: Tally, begun: list[float] = begun) -> None:
            begun.append(read_cpu_ms(pid))

        tally, cpu = await drive(url, sessions, think_s=options.think, seconds=options.seconds, watch=note)
        used = read_cpu_ms(pid) - begun[0]
        runs = tally.searches + tally.choices
        print(
            f"{sessions} visits: {len(runs) / options.seconds:.1f} runs/s, p50 {rank(runs, 0.5):.0f} ms, "
            f"p95 {rank(runs, 0.95):.0f} ms, max {max(runs):.0f} ms (searches p95 {rank(tally.searches, 0.95):.0f}, "
            f"choices p95 {rank(tally.choices, 0.95):.0f}); server {used / options.seconds / 10:.0f} % of a core, "
            f"{used / len(runs):.1f} ms CPU a run, driver {cpu / options.seconds * 100:.0f} %; "
            f"{sum(tally.sizes) / len(runs) / 1024:.0f} KB a run, {read_memory_mb(pid):.0f} MB, "
            f"errors {len(tally.faults)} {tally.faults[:1] or ''}, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


async def soak(url: str, pid: int, options: argparse.Namespace) -> None:
    """Keep a steady load and watch the memory."""
    samples: list[tuple[float, float]] = []

    async def watch(tally: Tally) -> None:
        begun = time.monotonic()
        while (at := time.monotonic() - begun) < options.seconds:
            samples.append((at, read_memory_mb(pid)))
            if len(samples) % 3 == 1:
                runs = len(tally.searches) + len(tally.choices)
                print(
                    f"{at / 60:5.1f} min  {samples[-1][1]:.1f} MB  {runs} runs  errors {len(tally.faults)}", flush=True
                )
            await asyncio.sleep(10)

    tally, _ = await drive(url, options.sessions[0], think_s=options.think, seconds=options.seconds, watch=watch)
    runs = tally.searches + tally.choices
    for name, part in (("whole", samples), ("second half", samples[len(samples) // 2 :])):
        print(f"{name}: {_slope(part) * 60:+.2f} MB/min")
    print(f"{len(runs)} runs, p95 {rank(runs, 0.95):.0f} ms, errors {len(tally.faults)} {tally.faults[:2]}")


async def besiege(url: str, pid: int, options: argparse.Namespace) -> None:
    """Keep a steady load and watch the memory, while somebody attacks."""
    command = (sys.executable, str(Path(__file__).with_name("flooder.py")), url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        await soak(url, pid, options)
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = await process.communicate()
    print(f"the stranger: {said.decode().strip()}; limits on", flush=True)


def _slope(samples: list[tuple[float, float]]) -> float:
    """Return the least-squares slope of (x, y) pairs."""
    n = len(samples)
    mean_x, mean_y = sum(x for x, _ in samples) / n, sum(y for _, y in samples) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / (sum((x - mean_x) ** 2 for x, _ in samples) or 1)


async def be_idle(url: str, pid: int, options: argparse.Namespace) -> None:
    """Let a crowd sit there, and ten visits search beside it."""
    crowd = await stay_idle(url, pid, options, read_addresses())
    tally, _ = await drive(url, 10, think_s=options.think, seconds=options.seconds)
    _tell("10 active visits beside them", tally)
    for visitor in crowd:
        visitor.cut()


async def cut_off(url: str, pid: int, options: argparse.Namespace) -> None:
    """Let crowds vanish."""
    await vanish(url, pid, options, read_addresses())


async def swap(url: str, _: int, options: argparse.Namespace) -> None:
    """Search while another process replaces the layer."""
    failed: list[int] = []

    async def watch(_: Tally) -> None:
        failed.append(await swap_layer(options.data))

    tally, _cpu = await drive(url, options.sessions[0], think_s=options.think, seconds=options.seconds, watch=watch)
    _tell(f"{options.sessions[0]} visits while the layer was replaced (imports that failed: {failed[0]})", tally)


def _tell(what: str, tally: Tally) -> None:
    runs = tally.searches + tally.choices
    print(
        f"{what}: {len(runs)} runs, p50 {rank(runs, 0.5):.0f} ms, p95 {rank(runs, 0.95):.0f} ms, "
        f"max {max(runs):.0f} ms, errors {len(tally.faults)} {tally.faults[:2]}, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


MODES = {"knee": find_knee, "soak": soak, "idle": be_idle, "vanish": cut_off, "swap": swap, "siege": besiege}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=list(MODES))
    parser.add_argument("--sessions", type=int, nargs="+", default=[50, 100, 150, 200, 250, 300])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=10)
    parser.add_argument("--data", type=Path, help="a data folder that is filled already; a new one otherwise")
    parser.add_argument("--log", type=Path, help="where the server's output goes")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="locator-load-"))
    try:
        options.data = options.data or folder
        settings = {} if options.mode == "siege" else {"LOCATOR_RATE_LIMIT": "0", "LOCATOR_CLIENT_CONNECTIONS": "0"}
        with run_server(options.data, log=options.log, **settings) as (url, pid):
            asyncio.run(MODES[options.mode](url, pid, options))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
