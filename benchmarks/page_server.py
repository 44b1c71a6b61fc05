"""The page's server, started for a benchmark, and what the system says of its process."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
STREAMLIT = ("-m", "streamlit", "run", "app.py")
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
QUIET_MS = 60.0
"""Of CPU in a second: a server that uses less has finished its start."""


@contextmanager
def run_server(
    data: Path, *, log: Path | None = None, program: Sequence[str] = STREAMLIT, **settings: str
) -> Iterator[tuple[str, int]]:
    """Run the page, without a base map, until the block ends; yield its address and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("LOCATOR_")}
    environ |= {"LOCATOR_DATA": str(data), "LOCATOR_TILES": "none", "LOCATOR_NOW": "2026-11-23T10:00", **settings}
    command = [sys.executable, *program, "--server.port", str(port)]
    with (log or Path(os.devnull)).open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            while process.poll() is None:
                try:
                    urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield url, process.pid
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def read_cpu_ms(pid: int) -> float:
    """Return the server's user and system time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


async def settle(pid: int) -> None:
    """Wait, two minutes at most, until a server has done what its first answers started in the background."""
    for _ in range(120):
        before = read_cpu_ms(pid)
        await asyncio.sleep(1)
        if read_cpu_ms(pid) - before < QUIET_MS:
            return


def count_files(pid: int) -> int:
    """Return how many descriptors the server holds."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def read_memory_mb(pid: int) -> float:
    """Return the server's resident memory."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
