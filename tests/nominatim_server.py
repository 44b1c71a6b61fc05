"""A real Nominatim 5 on loopback: import an extract into a database of the tests' own cluster, then serve it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import Cluster, free_port

PROGRAM = Path(sys.executable).parent / "nominatim"


def missing() -> str | None:
    """Return what this machine lacks for a Nominatim, or None."""
    if not PROGRAM.exists():
        return "no nominatim: uv sync --group nominatim (it compiles against ICU: apt-get install g++ libicu-dev pkg-config)"
    if shutil.which("osm2pgsql") is None:
        return "no osm2pgsql: apt-get install osm2pgsql"
    return None


@contextmanager
def run_nominatim(cluster: Cluster, osm_file: Path, *, languages: str = "zh,en") -> Iterator[str]:
    """Import ``osm_file`` (seconds for a small extract), serve it, and give the server's address.

    It runs as whoever runs the tests (only PostgreSQL itself refuses root), and is ended by its own id.
    """
    database = f"nominatim_{free_port()}"
    folder = Path(tempfile.mkdtemp(prefix="locator-nominatim-", dir="/tmp"))
    shutil.copy(osm_file, folder / osm_file.name)
    environment = {
        "PATH": f"{PROGRAM.parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "NOMINATIM_DATABASE_DSN": f"pgsql:host=127.0.0.1;port={cluster.port};user=locator;dbname={database}",
        "NOMINATIM_DATABASE_WEBUSER": "locator",
        "NOMINATIM_LANGUAGES": languages,
        "NOMINATIM_FLATNODE_FILE": "",
    }

    def start(*args: str) -> subprocess.Popen[bytes]:
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [PROGRAM, *args], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def log() -> str:
        return (folder / "log").read_text(errors="replace")[-3000:]

    server = None
    try:
        importing = start("import", "--offline", "--no-updates", "--osm-file", osm_file.name, "--threads", "2")
        if importing.wait(600):
            raise RuntimeError("Nominatim's import failed:\n" + log())
        port = free_port()
        server = start("serve", "--server", f"127.0.0.1:{port}", "--engine", "falcon")
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/status", server, log)
        yield url
    finally:
        if server is not None and server.poll() is None:
            server.terminate()
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url: str, server: subprocess.Popen[bytes], log) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError("Nominatim does not answer:\n" + log())
