"""One hostile stranger: what ``attack.py`` and ``bench_load.py siege`` send to a server.

``python benchmarks/flooder.py URL`` attacks without a pause until it is interrupted, then prints what came back: a
websocket flooded with two-byte messages and opened anew whenever it is closed, half-open connections that are always
kept full, and requests and searches as fast as they are answered. It comes from another address of the loopback
network than the visitors, so that it is another client to the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections import Counter

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

RERUN = b"\x5a\x00"
"""Two bytes that make Streamlit run the page anew."""
PEER = "127.0.0.2"
HALF_OPEN = 150
"""Fewer than one client may hold, so that there is room for its floods and requests beside them."""


def begin(url: str, words: bytes, peer: str) -> socket.socket:
    """Open a connection from ``peer`` and send something."""
    port = int(url.rsplit(":", 1)[1])
    sock = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(peer, 0))
    with contextlib.suppress(OSError):
        sock.sendall(words)
    return sock


def status_of(sock: socket.socket) -> int:
    """Return the status that comes back on a connection, 0 where it is closed without one."""
    with sock:
        try:
            first = sock.recv(65536).split(b" ", 2)
        except OSError:
            return 0
    return int(first[1]) if len(first) > 1 and first[1].isdigit() else 0


async def flood(url: str, messages: int, peer: str) -> str:
    """Send two-byte reruns as fast as they go; return how it ended."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], origin=url, local_addr=(peer, 0), max_size=None) as sock:  # type: ignore[arg-type,list-item]
        drain = asyncio.create_task(_drain(sock))
        try:
            for _ in range(messages):
                await sock.send(RERUN)
            await asyncio.wait_for(drain, 60)
        except (ConnectionClosed, TimeoutError):
            pass
        finally:
            drain.cancel()
        return f"closed {sock.close_code}" if sock.close_code else "left open"


async def _drain(sock: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await sock.recv()


async def keep_flooding(url: str, seen: Counter[str]) -> None:
    """Flood one websocket after the other."""
    while True:
        try:
            seen[f"floods {await flood(url, 3000, PEER)}"] += 1
        except (InvalidStatus, OSError, EOFError, TimeoutError) as error:
            seen[f"floods refused ({type(error).__name__})"] += 1
            await asyncio.sleep(0.1)


async def keep_half_open(url: str, seen: Counter[str]) -> None:
    """Hold so many connections that never finish their headers; begin anew whatever the server ends."""
    while True:
        held = [
            await asyncio.to_thread(begin, url, b"GET / HTTP/1.1\r\nhost: x\r\na: ", PEER) for _ in range(HALF_OPEN)
        ]
        seen["half headers"] += len(held)
        await asyncio.sleep(16)
        for sock in held:
            sock.close()


async def keep_asking(url: str, seen: Counter[str]) -> None:
    """Ask for the plain page, and search through the API, one after the other."""
    body = json.dumps({"text": "济南市槐荫区经四路478号"}).encode()
    head = f"host: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    asked = (
        b"GET /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"POST /api/v1/find HTTP/1.1\r\n" + head.encode() + body,
    )
    while True:
        for words in asked:
            try:
                seen[f"requests {await asyncio.to_thread(lambda w=words: status_of(begin(url, w, PEER)))}"] += 1
            except OSError:
                seen["requests without a reply"] += 1
        await asyncio.sleep(0.05)


async def pester(url: str) -> Counter[str]:
    """Attack until cancelled; return what came of it, counted."""
    seen: Counter[str] = Counter()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(keep_flooding(url, seen), keep_half_open(url, seen), keep_asking(url, seen))
    return seen


async def main() -> None:
    """Attack the server at the address given until Ctrl-C."""
    import signal

    task = asyncio.create_task(pester(sys.argv[1]))
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    seen = await task
    print(", ".join(f"{count:,} {what}" for what, count in sorted(seen.items())))


if __name__ == "__main__":
    asyncio.run(main())
