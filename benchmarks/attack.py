"""Attack a server of our own as a hostile stranger would, and print what others feel of it.

``make attack`` (under five minutes): one visitor floods a websocket, half-open connections, requests that two servers
would read in two ways, foreign pages, more requests than the limit, every file of the data folder cut, zeroed and
deleted under the running server, few open files, the memory after a crowd, and the end in mid-request. Exits 1 where
a bound does not hold. Attackers come from further addresses of the loopback network (127.0.0.2 …), so they are other
clients to the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from flooder import begin, flood, status_of
from page_server import STREAMLIT, read_memory_mb, run_server, settle
from page_visitor import Visitor
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

ADDRESSES = ("济南市槐荫区经四路478号", "深圳市福田区莲花路2006号", "大连市中山区人民路23号", "南京市鼓楼区中山路1号")
FEW_FILES = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.argv[0] = "streamlit"
runpy.run_module("streamlit", run_name="__main__")
"""
FAULTS: list[str] = []


def tell(what: str, figure: str, bound: str, *, good: bool) -> None:
    """Print one row of the table."""
    print(f"| {what} | {figure} | {bound} | {'yes' if good else '**no**'} |", flush=True)
    if not good:
        FAULTS.append(what)


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of all are below."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def ask_health(url: str) -> float:
    """Return the seconds that ``/healthz`` takes."""
    start = time.perf_counter()
    with urllib.request.urlopen(f"{url}/healthz", timeout=120) as reply:
        reply.read()
    return time.perf_counter() - start


def ask_api(url: str, path: str, body: object = None) -> tuple[int, bytes]:
    """Return status and body of a request to the API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=240) as reply:  # the first one waits for the data to be built
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


# ---- stages


async def search_for(url: str, seconds: float, visits: int) -> tuple[list[float], list[float], int]:
    """Let so many people search for a while; return the milliseconds of each, of ``/healthz``, and the faults."""
    took: list[float] = []
    health: list[float] = []
    faults = 0
    end = time.monotonic() + seconds

    async def visit(number: int) -> None:
        nonlocal faults
        person = await Visitor.connect(url)
        await person.open()
        while time.monotonic() < end:
            reply = await person.search(ADDRESSES[number % len(ADDRESSES)])
            took.append(reply.ms)
            faults += bool(reply.faults) or not reply.cards
            await asyncio.sleep(1.0)
        await person.close()

    async def watch() -> None:
        while time.monotonic() < end:
            health.append(1000 * await asyncio.to_thread(ask_health, url))
            await asyncio.sleep(0.25)

    await asyncio.gather(watch(), *(visit(number) for number in range(visits)))
    return took, health, faults


async def run_flood(url: str, pid: int, seconds: float) -> None:
    """Compare searches beside a flood with those before it."""
    await search_for(url, 3, 1)  # what a server does once is no measure of a quiet one
    await settle(pid)
    quiet, quiet_health, faults = await search_for(url, seconds, 3)
    floods = [flood(url, 3000, "127.0.0.2") for _ in range(3)]
    (took, health, more), *ended = await asyncio.gather(search_for(url, seconds, 3), *floods)
    before, during = percentile(quiet, 0.95), percentile(took, 0.95)
    tell("a search, p95, quiet", f"{before:.0f} ms of {len(quiet)}", "", good=not faults)
    tell(
        "a search, p95, beside 3 x 3,000 two-byte messages",
        f"{during:.0f} ms of {len(took)}",
        "at most twice the quiet one; none fails",
        good=during <= 2 * before + 100 and not more,
    )
    tell(
        "`/healthz`, worst, quiet and beside the flood",
        f"{max(quiet_health):.0f} ms, {max(health):.0f} ms",
        "2 s, or half more than the quiet one",
        good=max(health) < max(2000, 1.5 * max(quiet_health)),
    )
    tell("the flooder", ", ".join(ended), "closed 1008", good=all("1008" in end for end in ended))


def run_slow(url: str) -> None:
    """Hold connections half open."""
    half = [begin(url, b"GET / HTTP/1.1\r\nhost: x\r\na: ", "127.0.0.3") for _ in range(300)]
    health = max(ask_health(url) for _ in range(10))
    refused = sum(_is_over(sock) for sock in half)
    time.sleep(17)
    ended = sum(_is_over(sock) for sock in half)
    for sock in half:
        sock.close()
    tell("300 half headers from one address: refused at once", str(refused), "all over 200", good=refused >= 90)
    tell("… gone after 17 s", str(ended), "300", good=ended == 300)
    tell("`/healthz` meanwhile, worst", f"{health * 1000:.0f} ms", "2 s", good=health < 2)


def _is_over(sock: socket.socket) -> bool:
    """Tell whether the other side has answered or hung up."""
    sock.settimeout(0.001)
    try:
        sock.recv(65536, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def run_framing(url: str) -> None:
    """Send what two servers would read in two ways, and lengths that nobody has."""
    post = b"POST /plain HTTP/1.1\r\nhost: x\r\n"
    asked = {
        "Content-Length with Transfer-Encoding": (
            post + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        "a declared length of 1e18": (post + b"content-length: 1000000000000000000\r\n\r\n", 413),
    }
    for what, (words, wanted) in asked.items():
        status = status_of(begin(url, words, "127.0.0.4"))
        tell(what, str(status), str(wanted), good=status == wanted)
    status = ask_api(url, "/api/v1/points?region=999999")[0]
    tell("region 999999", str(status), "404", good=status == 404)


async def run_origins(url: str) -> None:
    """Open the page's websocket as other pages would."""
    address, let_in = url.replace("http", "ws", 1) + "/_stcore/stream", []
    for origin in ("http://localhost:3000", "http://127.0.0.1:1", "null", "https://elsewhere.example"):
        with contextlib.suppress(InvalidStatus):
            async with connect(address, subprotocols=["streamlit"], origin=origin):  # type: ignore[arg-type,list-item]
                let_in.append(origin)
    tell("websockets of four foreign pages", f"{len(let_in)} let in", "0", good=not let_in)


def run_requests(url: str) -> None:
    """Ask more often than the limit allows."""
    words = b"GET /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answered = [status_of(begin(url, words, "127.0.0.5")) for _ in range(80)]
    other = status_of(begin(url, words, "127.0.0.6"))
    served, refused = answered.count(200), answered.count(429)
    good = served + refused == 80 and refused > 30 and other == 200
    tell("80 requests to `/plain` at once", f"{served} x 200, {refused} x 429, another client {other}", "", good=good)


def ask_within_limit(url: str) -> tuple[int, bytes]:
    """Search through the API, and wait as long as the limit of requests says."""
    while (asked := ask_api(url, "/api/v1/find", {"text": ADDRESSES[0]}))[0] == 429:
        time.sleep(0.5)
    return asked


def run_files(url: str, data: Path) -> None:
    """Damage every file of the data folder in turn, under the running server."""
    outcomes: dict[int, int] = {}
    broken: list[str] = []
    files = [path for path in sorted(data.rglob("*")) if path.is_file() and "/assets/" not in str(path)]
    for path in files:
        content = path.read_bytes()
        for how in ("cut", "zeroed", "flipped", "deleted"):
            _damage(path, content, how)
            status, body = ask_within_limit(url)
            outcomes[status] = outcomes.get(status, 0) + 1
            if status not in (200, 503) or b"Traceback" in body or not body.startswith(b"{"):
                broken.append(f"{path.name} {how}: {status}")
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".restored")
            part.write_bytes(content)
            part.replace(path)
    end = time.monotonic() + 60  # a damaged gazetteer is built again meanwhile
    while (asked := ask_within_limit(url))[0] == 503 and time.monotonic() < end:
        time.sleep(0.5)
    status, body = asked
    healthy = status == 200 and json.loads(body)["hits"]
    said = ", ".join(f"{count} x {status}" for status, count in sorted(outcomes.items()))
    tell(
        f"{len(files)} files cut, zeroed, flipped, deleted while serving",
        said,
        "answers or one clear line",
        good=not broken,
    )
    tell("… and put back", f"{status}", "200 with offices", good=bool(healthy))
    for fault in broken[:10]:
        print("  ", fault, file=sys.stderr)


def _damage(path: Path, content: bytes, how: str) -> None:
    if how == "deleted":
        path.unlink()
    elif how == "cut":
        with path.open("r+b") as file:
            file.truncate(len(content) // 2)
    elif how == "zeroed":
        path.write_bytes(bytes(len(content)))
    else:
        middle = len(content) // 2
        path.write_bytes(
            content[:middle] + bytes(b ^ 255 for b in content[middle : middle + 64]) + content[middle + 64 :]
        )


async def run_crowd(url: str, pid: int, visits: int) -> None:
    """Let a crowd come and go twice, and read the memory."""
    sizes = [read_memory_mb(pid)]
    for _ in range(2):
        people = [await Visitor.connect(url) for _ in range(visits)]
        await asyncio.gather(*(person.open() for person in people))
        await asyncio.gather(*(person.search(ADDRESSES[n % 4]) for n, person in enumerate(people)))
        sizes.append(read_memory_mb(pid))
        for person in people:
            await person.close()
    await asyncio.sleep(100)  # a closed visit is kept for 60 s, memory is given back every 30 s
    sizes.append(read_memory_mb(pid))
    said = " → ".join(f"{size:.0f}" for size in sizes)
    good = sizes[-1] < sizes[0] + 0.5 * (sizes[2] - sizes[0]) + 20
    tell(
        f"memory before {visits} visits, with them, with {visits} more, 100 s after, MB",
        said,
        "half of it back",
        good=good,
    )


async def run_few_files(data: Path) -> None:
    """Serve with very few open files, while somebody takes all there are."""
    program = ("-c", FEW_FILES, *STREAMLIT[2:])
    with run_server(data, program=program, LOCATOR_CLIENT_CONNECTIONS="0") as (url, _):
        held = [begin(url, b"GET / HTTP/1.1\r\nhost: x\r\na: ", "127.0.0.7") for _ in range(120)]
        statuses = [status_of(begin(url, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", "127.0.0.8")) for _ in range(3)]
        for sock in held:
            sock.close()
        time.sleep(1)
        after = status_of(begin(url, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", "127.0.0.8"))
    good = all(status in (200, 503) for status in statuses) and after == 200
    tell(
        "64 open files, 120 half headers: another client",
        f"{statuses}, then {after}",
        "200 or 503, then 200",
        good=good,
    )


async def main() -> int:
    """Run all stages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a data folder to copy; built from the shipped data when not given")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long people search, before and in the flood")
    parser.add_argument("--visits", type=int, default=20, help="people of the crowd")
    args = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="locator-attack-") as folder:
        data = Path(folder) / "data"
        if args.data:
            shutil.copytree(args.data, data)
        print("| what | measured | bound | holds |\n|---|---|---|---|")
        log = Path(folder) / "log"
        with run_server(data, log=log, LOCATOR_PLACES="off") as (url, pid):
            ask_api(url, "/api/v1/find", {"text": ADDRESSES[0]})
            await run_flood(url, pid, args.seconds)
            run_slow(url)
            run_framing(url)
            await run_origins(url)
            run_requests(url)
            await run_crowd(url, pid, args.visits)
            run_files(url, data)
            held = begin(url, b"POST /plain HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc", "127.0.0.9")
            start = time.monotonic()
        tell(
            "told to stop in mid-request: ends after",
            f"{time.monotonic() - start:.1f} s",
            "10 s",
            good=time.monotonic() - start < 10,
        )
        held.close()
        leaked = [word for word in ADDRESSES if word in log.read_text("utf-8", "replace")]
        tell("addresses in the log", str(len(leaked)), "0", good=not leaked)
        await run_few_files(data)
    print(f"\n{time.monotonic() - begun:.0f} s; {len(FAULTS)} bounds do not hold")
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
