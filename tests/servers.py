"""Real servers on loopback for tests: a PostGIS cluster of the tests' own, and small HTTP servers that answer as told.

Everything runs in a folder of its own, listens on loopback only, and is ended by its own process id.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

# ---- HTTP


class Asked(NamedTuple):
    """One request as it reached the server."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float
    """When it came, on the monotonic clock."""


@dataclass
class Answer:
    """What the server says: ``content`` as JSON, or bytes as they are."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    """Send the body byte by byte with such a pause."""
    cut: int | None = None
    """Close the connection after so many bytes of the body, though more were announced."""


class Loopback:
    """An HTTP server whose ``answer(asked) -> Answer`` can be replaced at any time; ``asked`` lists every request."""

    def __init__(self, answer: Callable[[Asked], Answer | Any]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                outer._handle(self)

            do_GET = do_POST = do_PUT = _serve  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # the client hung up: what several tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {key.lower(): value for key, value in handler.headers.items()}
        asked = Asked(handler.command, parts.path, query, headers, body, time.monotonic())
        self.asked.append(asked)
        answer = self.answer(asked)
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        self._closing.wait(answer.delay_s)
        raw = isinstance(answer.content, bytes)
        content = answer.content if raw else json.dumps(answer.content, ensure_ascii=False).encode()
        handler.send_response(answer.status)
        headers = {"Content-Type": "text/html" if raw else "application/json", "Content-Length": str(len(content))}
        for key, value in {**headers, **answer.headers}.items():
            handler.send_header(key, value)
        handler.end_headers()
        for start in range(0, len(content), 1) if answer.drip_s else (0,):
            if answer.drip_s and self._closing.wait(answer.drip_s):
                return
            handler.wfile.write(content[start : start + 1] if answer.drip_s else content[: answer.cut])
        handler.close_connection = True

    def close(self) -> None:
        self._closing.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(5)


@contextmanager
def loopback(answer: Callable[[Asked], Answer | Any]) -> Iterator[Loopback]:
    """Run a :class:`Loopback` for the length of a ``with``."""
    server = Loopback(answer)
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    """Return a port on loopback that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# ---- PostgreSQL with PostGIS


def postgres_bin() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs that has PostGIS, or None."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        control = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if control.exists() and (folder / "initdb").exists():
            return folder
    return None


def unprivileged() -> dict[str, Any]:
    """Return what ``subprocess`` needs to run as somebody else than root, empty when not root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


class Cluster:
    """A PostgreSQL cluster in ``folder``, on 127.0.0.1 and a socket in ``folder``; superuser ``locator``, no password."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.who = unprivileged()

    def url(self, database: str = "locator") -> str:
        return f"postgresql://locator@127.0.0.1:{self.port}/{database}"

    def run(self, program: str, *args: str) -> str:
        """Run one of PostgreSQL's programs against this cluster and return what it prints."""
        where = () if program == "initdb" else ("-h", "127.0.0.1", "-p", str(self.port), "-U", "locator")
        done = subprocess.run(
            [self.programs / program, *where, *args],
            capture_output=True, text=True, check=False, cwd=self.folder, **self.who,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout

    def create(self) -> None:
        if self.who:
            os.chown(self.folder, self.who["user"], self.who["group"])
        self.run(
            "initdb", "-D", str(self.folder / "data"), "-U", "locator", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder,
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "256MB",
            "max_wal_size": "2GB", "maintenance_work_mem": "256MB", "autovacuum": "off", "jit": "off",
        }  # fmt: skip
        args = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", *args],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, **self.who,
            )  # fmt: skip
        for _ in range(600):
            try:
                self.run("pg_isready", "-q")
                return
            except RuntimeError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server by its own process id (SIGINT: PostgreSQL's fast shutdown)."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def create_database(self, name: str) -> str:
        """Make an empty database with PostGIS and return its address."""
        self.run("psql", "-d", "postgres", "-q", "-c", f'CREATE DATABASE "{name}"')
        self.run("psql", "-d", name, "-q", "-c", "CREATE EXTENSION postgis")
        return self.url(name)


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    """Run a PostGIS cluster of one's own for the length of a ``with``."""
    programs = postgres_bin()
    if programs is None:
        raise RuntimeError("no PostgreSQL with PostGIS here: apt-get install postgresql-15-postgis-3")
    folder = Path(tempfile.mkdtemp(prefix="locator-pg-", dir="/tmp"))
    cluster = Cluster(folder, programs)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_replica(primary: Cluster) -> Iterator[Cluster]:
    """Run a streaming replica of a running cluster (``pg_basebackup -R``) for the length of a ``with``."""
    folder = Path(tempfile.mkdtemp(prefix="locator-pg-", dir="/tmp"))
    replica = Cluster(folder, primary.programs)
    try:
        if replica.who:
            os.chown(folder, replica.who["user"], replica.who["group"])
        primary.run("pg_basebackup", "-D", str(folder / "data"), "-R", "-c", "fast", "--no-sync")
        replica.start()
        yield replica
    finally:
        replica.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgis_cluster() -> Iterator[Cluster]:
    """A running cluster for the whole test session; make a database of your own with ``create_database``."""
    if postgres_bin() is None:
        pytest.skip("no PostgreSQL with PostGIS: apt-get install postgresql-15-postgis-3")
    with run_cluster() as cluster:
        yield cluster
