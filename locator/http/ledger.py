"""What all threads and processes on this machine share about services: whose turn it is, and past replies.

Only :mod:`locator.http` uses this. One SQLite file under ``LOCATOR_DATA``; losing it loses nothing but time.

Notes
-----
A past reply is found by a keyed hash (HMAC-SHA256) of its request and kept under a keystream that is
made from the request, so the file holds neither what a person typed nor what a service answered to it
in readable form: only who asks the same again can read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import sqlite3
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

MAX_ROWS = 50_000
"""Replies kept; the ones that end first go first."""
_LATE_S = 0.09
"""How late a turn may be used; a busy machine wakes sleepers late, and the next turn does not wait for them."""
_LOCK_S = 2.0
_FAR_S = 3600.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pace (host TEXT PRIMARY KEY, next REAL NOT NULL);
CREATE TABLE IF NOT EXISTS reply (id BLOB PRIMARY KEY, ends REAL NOT NULL, nonce BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS reply_ends ON reply (ends);
"""
_local_lock = threading.Lock()
_local_turns: dict[str, float] = {}


class Busy(Exception):
    """The next free turn is later than the caller can wait; ``wait_s`` says how much."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"next turn in {wait_s:.1f} s")
        self.wait_s = wait_s


class Ledger:
    """Turns and replies in ``folder``.

    Parameters
    ----------
    folder
        Made when needed. Where it cannot be written, turns are kept for this process only and
        nothing is cached.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "ledger.sqlite"
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
            connection.executescript(_SCHEMA)
        with contextlib.suppress(OSError):
            self._path.chmod(0o600)

    # ---- turns

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
        """Give nobody a turn at ``host`` for so long (it said 429), an hour at most."""
        until = time.time() + min(seconds, _FAR_S - 1)
        with _local_lock:
            _local_turns[host] = max(until, _local_turns.get(host, 0.0))
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as db:
            db.execute(
                "INSERT INTO pace VALUES (?, ?) ON CONFLICT (host) DO UPDATE SET next = max(next, excluded.next)",
                (host, until),
            )

    # ---- replies

    def recall(self, request: bytes) -> bytes | None:
        """Return the reply kept for ``request``, or None."""
        try:
            key, name = self._keys(request)
            with self._open() as db:
                row = db.execute(
                    "SELECT nonce, body FROM reply WHERE id = ? AND ends > ?", (name, time.time())
                ).fetchone()
            return zlib.decompress(_mix(row[1], key, row[0])) if row else None
        except (sqlite3.Error, OSError, zlib.error):
            return None

    def keep(self, request: bytes, body: bytes, seconds: float) -> None:
        """Keep ``body`` as the reply to ``request`` for so long; a full disk is no error."""
        with contextlib.suppress(sqlite3.Error, OSError):
            key, name = self._keys(request)
            nonce, now = secrets.token_bytes(16), time.time()
            with self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("DELETE FROM reply WHERE ends <= ?", (now,))
                db.execute(
                    "INSERT OR REPLACE INTO reply VALUES (?, ?, ?, ?)",
                    (name, now + seconds, nonce, _mix(zlib.compress(body), key, nonce)),
                )
                db.execute(
                    "DELETE FROM reply WHERE id IN (SELECT id FROM reply ORDER BY ends DESC LIMIT -1 OFFSET ?)",
                    (MAX_ROWS,),
                )
                db.execute("COMMIT")

    def _keys(self, request: bytes) -> tuple[bytes, bytes]:
        salt = self._salt()
        digest = hmac.new(salt, request, hashlib.sha512).digest()
        return digest[:32], digest[32:]

    def _salt(self) -> bytes:
        path = self._folder / "salt"
        with contextlib.suppress(OSError):
            salt = path.read_bytes()
            if len(salt) == 32:
                return salt
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix="salt-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        if path.exists():  # cut short
            Path(name).replace(path)
            return path.read_bytes()
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        Path(name).unlink()
        return path.read_bytes()


def _mix(data: bytes, key: bytes, nonce: bytes) -> bytes:
    """Return ``data`` XOR a keystream; the same call undoes it."""
    stream = hashlib.shake_256(key + nonce).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")
