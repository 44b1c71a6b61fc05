"""The crowds that ``bench_load.py`` lets come besides the searching one: idle, vanishing, and the layer replaced."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from pathlib import Path

from page_server import ROOT, count_files, read_memory_mb
from page_visitor import Visitor

TTL_S = 60
"""``server.disconnectedSessionTTL`` of ``.streamlit/config.toml``."""
COLLECTED_S = TTL_S + 35
"""After this the session is dropped and the timer of ``locator/web/process.py`` (30 s) has collected."""
TABLE = ROOT / "docs" / "examples" / "offices.csv"
PHONE = "0531-87920528"
SWAPS = 5


async def gather_crowd(url: str, sessions: int, addresses: list[str]) -> list[Visitor]:
    """Return visits that searched once and stay connected, come one after the other."""
    dice, crowd = random.Random(1), []
    for _ in range(sessions):
        visitor = await Visitor.connect(url)
        await visitor.open()
        reply = await visitor.search(dice.choice(addresses))
        if reply.faults or "results" not in reply.panels:
            raise SystemExit(f"a visit of the crowd got no answer: {reply.faults}")
        crowd.append(visitor)
    return crowd


async def stay_idle(url: str, pid: int, options: argparse.Namespace, addresses: list[str]) -> list[Visitor]:
    """Let ``--sessions`` idle visits come, and say what one holds; they are still there afterwards."""
    await gather_crowd(url, 5, addresses)
    before, begun, files = read_memory_mb(pid), time.monotonic(), count_files(pid)
    crowd = await gather_crowd(url, options.sessions[0], addresses)
    held, now_open = read_memory_mb(pid) - before, count_files(pid)
    print(
        f"{len(crowd)} idle visits came in {time.monotonic() - begun:.0f} s: {before:.0f} MB before, "
        f"{before + held:.0f} MB after, {held / len(crowd) * 1024:.0f} KB a visit; "
        f"{now_open} descriptors open, {(now_open - files) / len(crowd):.1f} a visit",
        flush=True,
    )
    return crowd


async def vanish(url: str, pid: int, options: argparse.Namespace, addresses: list[str]) -> None:
    """Cut ``--sessions`` visits off twice: what the first crowd gave back, the second one does not take anew."""
    for number in (1, 2):
        before = read_memory_mb(pid)
        crowd = await gather_crowd(url, options.sessions[0], addresses)
        full = read_memory_mb(pid)
        for visitor in crowd:
            visitor.cut()
        await asyncio.sleep(COLLECTED_S)
        print(
            f"crowd {number} of {len(crowd)}: {before:.0f} MB before, {full:.0f} MB with it, "
            f"{read_memory_mb(pid):.0f} MB {COLLECTED_S} s after the cut",
            flush=True,
        )


async def swap_layer(data: Path) -> int:
    """Import the example table ``SWAPS`` times, each time with another number, each in a process of its own."""
    text, draft, failed = TABLE.read_text("utf-8-sig"), data / "swap.csv", 0
    command = (sys.executable, "-m", "locator", "import", "table", str(draft), "--name", "swap")
    for number in range(SWAPS):
        draft.write_text(text.replace(PHONE, f"{PHONE[:-1]}{number}"), "utf-8")
        begun = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**os.environ, "LOCATOR_DATA": str(data)}, stdout=asyncio.subprocess.DEVNULL
        )
        failed += await process.wait() != 0
        print(f"import {number + 1} took {time.monotonic() - begun:.1f} s", flush=True)
        await asyncio.sleep(2)
    return failed
