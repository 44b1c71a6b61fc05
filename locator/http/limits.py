"""What keeps the client polite: whose turn it is at a host, and replies that need not be asked for again.

Only :mod:`locator.http` uses this. Turns are shared by all threads and processes of this machine, in one small
SQLite file that holds host names and moments; replies stay in the memory of one process, never on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_LATE_S = 0.09
"""How late a turn may be used; a busy machine wakes sleepers late, and the next turn does not wait for them."""
_LOCK_S = 2.0
_FAR_S = 3600.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS pace (host TEXT PRIMARY KEY, next REAL NOT NULL)"
_OUTDATED = ("ledger.sqlite", "ledger.sqlite-journal", "ledger.broken", "salt")
"""Files in which version 0.1 kept replies on disk; removed where they are found."""
_local_lock = threading.Lock()
_local_turns: dict[str, float] = {}


class Busy(Exception):
    """The next free turn is later than the caller can wait; ``wait_s`` says how much."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"next turn in {wait_s:.1f} s")
        self.wait_s = wait_s


class RateLimiter:
    """Turns at each host.

    Parameters
    ----------
    folder
        Made when needed. Where it cannot be written, turns are kept for this process only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "pace.sqlite"
        self._ready = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if not self._ready:
                self._prepare()
        connection = sqlite3.connect(self._path, timeout=_LOCK_S, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # losing it loses nothing but time
            yield connection
        finally:
            connection.close()

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in _OUTDATED:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
        try:
            self._make()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # not a database (any more): start anew
            self._path.replace(self._path.with_suffix(".broken"))
            self._make()
        self._ready = True

    def _make(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=_LOCK_S, isolation_level=None)) as connection:
            connection.execute(_SCHEMA)
        with contextlib.suppress(OSError):
            self._path.chmod(0o600)

    def take_turn(self, host: str, pace_s: float, patience_s: float) -> None:
        """Wait until it is this caller's turn at ``host``, ``pace_s`` after the turn before.

        Raises
        ------
        Busy
            The wait would be longer than ``patience_s``; no turn was taken and no time was lost.
        """
        give_up = time.monotonic() + patience_s
        while True:
            wait_s = self._reserve(host, pace_s, give_up - time.monotonic())
            start = time.monotonic()
            time.sleep(wait_s)
            if time.monotonic() - start - wait_s < _LATE_S:
                return  # woken too late, this request would come close to the next one: take a later turn

    def _reserve(self, host: str, pace_s: float, patience_s: float) -> float:
        try:
            with self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                row = db.execute("SELECT next FROM pace WHERE host = ?", (host,)).fetchone()
                now = time.time()
                turn = self._turn(row[0] if row else now, now, patience_s)
                db.execute("INSERT OR REPLACE INTO pace VALUES (?, ?)", (host, turn + pace_s))
                db.execute("COMMIT")
                return turn - now
        except (sqlite3.Error, OSError):
            with _local_lock:
                now = time.time()
                turn = self._turn(_local_turns.get(host, now), now, patience_s)
                _local_turns[host] = turn + pace_s
                return turn - now

    @staticmethod
    def _turn(planned: float, now: float, patience_s: float) -> float:
        turn = now if planned > now + _FAR_S else max(now, planned)  # far ahead: the clock was set back
        if turn - now > max(patience_s, 0):
            raise Busy(turn - now)
        return turn

    def check_turn(self, host: str, patience_s: float) -> None:
        """Raise Busy when a turn at ``host`` is further away than ``patience_s``; takes none."""
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as db:
            row = db.execute("SELECT next FROM pace WHERE host = ?", (host,)).fetchone()
            if row:
                self._turn(row[0], time.time(), patience_s)

    def hold_off(self, host: str, seconds: float) -> None:
        """Keep requests from ``host`` for this long after a 429, an hour at most."""
        until = time.time() + min(seconds, _FAR_S - 1)
        with _local_lock:
            _local_turns[host] = max(until, _local_turns.get(host, 0.0))
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as db:
            db.execute(
                "INSERT INTO pace VALUES (?, ?) ON CONFLICT (host) DO UPDATE SET next = max(next, excluded.next)",
                (host, until),
            )


class ResponseCache:
    """Replies in the memory of this process, found by a keyed hash of their request.

    Parameters
    ----------
    max_bytes
        Size of all replies together; those unused for longest are dropped first.
    """

    def __init__(self, max_bytes: int = 16_000_000) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._salt = secrets.token_bytes(32)
        self._replies: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, request: bytes) -> bytes | None:
        """Return the reply kept for ``request``, or None."""
        key = self._key(request)
        with self._lock:
            ends, body = self._replies.get(key, (0.0, b""))
            if ends <= time.monotonic():
                self._drop(key)
                return None
            self._replies.move_to_end(key)
            return body

    def keep(self, request: bytes, body: bytes, seconds: float) -> None:
        """Keep ``body`` as the reply to ``request`` for so long."""
        key = self._key(request)
        with self._lock:
            self._drop(key)
            self._replies[key] = (time.monotonic() + seconds, body)
            self._bytes += len(body)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._replies)))

    def _drop(self, key: bytes) -> None:
        _, body = self._replies.pop(key, (0.0, b""))
        self._bytes -= len(body)

    def _key(self, request: bytes) -> bytes:
        return hmac.digest(self._salt, request, hashlib.sha256)


@cache
def open_cache(data: Path) -> ResponseCache:  # noqa: ARG001 - the key of functools.cache
    """Return the one cache of this process for a data folder."""
    return ResponseCache()
