"""The page beside plain Streamlit with the same answer, in one run: CPU a search, visits at the knee, memory a visit.

    python benchmarks/bench_peer.py
    python benchmarks/bench_peer.py --searches 100 --sessions 10 20 40 80 160 320 --seconds 20

The peer is ``plain_peer.py``: a text box, a table and ``st_folium`` with a marker for each office. Beside both a page
with a text box alone (``empty_peer.py``) says what a run costs Streamlit itself. All servers run at the same time and
are asked in turn once they have opened their data, so that a slow hour is slow for all. The knee is the last number of
visits whose p95 stays under a second, each searching every ``--think`` seconds. No browser takes part: ``st_folium``
would make a browser ask for one more run, which is not counted against it here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import tempfile
import time
from pathlib import Path

from bench_load import rank, read_addresses
from page_server import read_cpu_ms, read_memory_mb, run_server, settle
from page_visitor import Reply, Visitor
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


def _run_page(name: str) -> tuple[str, ...]:
    return ("-m", "streamlit", "run", str(Path(__file__).with_name(name)), "--server.headless", "true")


PEER, EMPTY = _run_page("plain_peer.py"), _run_page("empty_peer.py")
ENOUGH_MS = 1000.0
OPENING_S = 0.05
"""Between two visits that open: all come from one address, which may open 200 at once and ten a second."""


class PlainVisitor(Visitor):
    """A tab on the plain page."""

    box = ""

    def _take_delta(self, forward: ForwardMsg, reply: Reply) -> None:
        element = forward.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "text_input":
            self.box = element.text_input.id
        elif kind == "exception":
            reply.faults.append(f"{element.exception.type}: {element.exception.message}"[:200])
        elif kind in ("component_instance", "arrow_data_frame"):
            reply.panels[kind] = "shown"

    async def search(self, text: str, **_: str) -> Reply:
        """Type an address and press Enter."""
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.string_value = self.box, text
        return await self._run(message)


Side = tuple[str, int, type[Visitor], str | None]
"""An address, a process id, who visits it, and the panel that a search must show."""


async def count_cpu(sides: list[Side], searches: int) -> list[float]:
    """Return each side's CPU a search, in milliseconds, asked in turn."""
    addresses, used = read_addresses(), [0.0] * len(sides)
    visitors = [await made.connect(url) for url, _, made, _ in sides]
    for visitor in visitors:
        await visitor.open()
        for address in addresses[:10]:
            await visitor.search(address)
    for _, pid, _, _ in sides:
        await settle(pid)
    dice, counted = random.Random(1), 0
    while counted < searches:
        address, costs, shown = dice.choice(addresses), list[float](), True
        for number, (_, pid, _, panel) in enumerate(sides):
            before = read_cpu_ms(pid)
            reply = await visitors[number].search(address)
            costs.append(read_cpu_ms(pid) - before)
            if reply.faults:
                raise SystemExit(f"no answer to {address!r}: {reply.faults}")
            shown &= panel is None or panel in reply.panels  # an address that is asked about has no map
        if shown:
            used, counted = [total + cost for total, cost in zip(used, costs, strict=True)], counted + 1
    for visitor in visitors:
        await visitor.close()
    return [total / searches for total in used]


async def load(side: Side, sessions: int, think_s: float, seconds: float) -> tuple[float, int]:
    """Return the p95 in milliseconds of so many visits' searches, and how many faults there were."""
    url, _, made, _ = side
    addresses, times, faults = read_addresses(), list[float](), list[str]()
    end = time.monotonic() + seconds + sessions * OPENING_S

    async def visit(number: int) -> None:
        dice, visitor = random.Random(number), None
        try:
            await asyncio.sleep(number * OPENING_S)
            visitor = await made.connect(url)
            await visitor.open()
            while time.monotonic() < end:
                await asyncio.sleep(think_s * (0.5 + dice.random()))
                reply = await visitor.search(dice.choice(addresses))
                times.append(reply.ms)
                faults.extend(reply.faults)
        except Exception as error:  # a broken visit is a fault of the side
            faults.append(repr(error))
        finally:
            if visitor:
                with contextlib.suppress(Exception):
                    await visitor.close()

    await asyncio.gather(*(visit(number) for number in range(sessions)))
    return rank(times, 0.95), len(faults)


async def find_knees(sides: list[Side], options: argparse.Namespace) -> list[int]:
    """Return for each side the last number of visits that it serves within a second."""
    knees, open_sides = [0] * len(sides), set(range(len(sides)))
    for sessions in options.sessions:
        for number in sorted(open_sides):
            p95, faults = await load(sides[number], sessions, options.think, options.seconds)
            memory = read_memory_mb(sides[number][1])
            name = ("page", "plain")[number]
            print(f"{sessions} visits, {name}: p95 {p95:.0f} ms, faults {faults}, {memory:.0f} MB", flush=True)
            if p95 <= ENOUGH_MS and not faults:
                knees[number] = sessions
            else:
                open_sides.discard(number)
    return knees


async def count_memory(sides: list[Side], visits: int) -> list[float]:
    """Return each side's memory a visit that searched once and stays, in KB."""
    addresses, grown = read_addresses(), list[float]()
    for url, pid, made, _ in sides:
        before, visitors = read_memory_mb(pid), []
        for number in range(visits):
            await asyncio.sleep(OPENING_S)
            visitor = await made.connect(url)
            await visitor.open()
            await visitor.search(addresses[number % len(addresses)])
            visitors.append(visitor)
        grown.append((read_memory_mb(pid) - before) * 1024 / visits)
        for visitor in visitors:
            await visitor.close()
    return grown


async def measure(sides: list[Side], options: argparse.Namespace) -> None:
    """Measure and print."""
    own, plain, empty = await count_cpu(sides, options.searches)
    print(
        f"CPU a search: page {own:.1f} ms, plain {plain:.1f} ms, ratio {own / plain:.2f}; empty {empty:.1f} ms",
        flush=True,
    )
    sides = sides[:2]
    mine, theirs = await count_memory(sides, options.visits)
    print(f"memory a visit: page {mine:.0f} KB, plain {theirs:.0f} KB, ratio {mine / theirs:.2f}", flush=True)
    if options.sessions:
        more, less = await find_knees(sides, options)
        print(f"knee (p95 within a second): page {more} visits, plain {less}, ratio {more / less if less else 0:.1f}")


def main() -> None:
    """Start both, measure, end both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=60)
    parser.add_argument("--visits", type=int, default=300)
    parser.add_argument("--sessions", type=int, nargs="*", default=[10, 20, 40, 80, 120, 160, 240, 320])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--think", type=float, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        free = {"LOCATOR_RATE_LIMIT": "0", "LOCATOR_CLIENT_CONNECTIONS": "0", "LOCATOR_PLACES": "off"}
        data = Path(folder) / "data"
        with contextlib.ExitStack() as servers:
            url, pid = servers.enter_context(run_server(data, **free))
            plain, peer = servers.enter_context(run_server(data, program=PEER, **free))
            empty, floor = servers.enter_context(run_server(data, program=EMPTY, **free))
            sides: list[Side] = [
                (url, pid, Visitor, "results"),
                (plain, peer, PlainVisitor, "component_instance"),
                (empty, floor, PlainVisitor, None),
            ]
            asyncio.run(measure(sides, options))


if __name__ == "__main__":
    main()
