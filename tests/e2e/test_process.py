"""The process under the page: how much it may open, and what it writes down when something breaks."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from contextlib import ExitStack

import pytest
from conftest import run_server
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

TYPED = "济南市槐荫区经四路478号"
BREAK = """
from locator.service import Locator

def find(self, query, now):
    raise ValueError(f"cannot read {query.text}")

Locator.find = find
"""

LISTEN = """
import socket, sys

def look_up(host, *rest, known=socket.getaddrinfo, **more):
    if host not in ("127.0.0.1", "localhost", "::1", None):
        print("LOOKED UP", host, file=sys.stderr, flush=True)
        raise socket.gaierror("no network")
    return known(host, *rest, **more)

socket.getaddrinfo = look_up
"""


def come(url: str, origin: str) -> ClientConnection:
    """Open the websocket of the page at ``url``, as a page of ``origin`` would."""
    return connect(url.replace("http", "ws", 1) + "/_stcore/stream", subprotocols=["streamlit"], origin=origin)


def test_more_visits_come_than_the_soft_limit_of_open_files_allows(data_folder, tmp_path):
    few, visits = 128, 50
    shutil.copytree(data_folder, tmp_path / "data")

    with (
        run_server(tmp_path / "data", tmp_path / "log", soft_files=few, LOCATOR_TILES="none") as running,
        ExitStack() as stack,
    ):
        people = [stack.enter_context(come(running.url, running.url)) for _ in range(visits)]
        assert all(person.ping().wait(60) for person in people)
    assert "Too many open files" not in (tmp_path / "log").read_text("utf-8")


def test_whatever_breaks_no_word_of_it_is_logged_or_sent(data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")
    (tmp_path / "sitecustomize.py").write_text(BREAK, "utf-8")
    asked = {
        "/api/v1/find": (json.dumps({"text": TYPED}).encode(), "application/json", "application/problem+json"),
        "/plain": (f"text={urllib.request.quote(TYPED)}".encode(), "application/x-www-form-urlencoded", "text/plain"),
    }
    with run_server(tmp_path / "data", tmp_path / "log", PYTHONPATH=str(tmp_path), LOCATOR_TILES="none") as running:
        for path, (body, kind, answer) in asked.items():
            request = urllib.request.Request(running.url + path, body, {"content-type": kind})
            try:
                urllib.request.urlopen(request, timeout=60)
                raise AssertionError("it was broken")
            except urllib.error.HTTPError as error:
                assert error.code == 500 and error.headers["content-type"].startswith(answer)
                assert TYPED not in error.read().decode()
                assert error.headers["x-content-type-options"] == "nosniff"
    log = (tmp_path / "log").read_text("utf-8")
    told = [json.loads(line) for line in log.splitlines() if "a request broke" in line]
    assert [line["error"] for line in told] == ["ValueError"] * 2 and all(
        "sitecustomize" in line["at"] for line in told
    )
    assert "Traceback" not in log and "经四路" not in log and urllib.request.quote("经四路") not in log


def test_the_server_asks_nobody_whoever_comes(data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")
    (tmp_path / "sitecustomize.py").write_text(LISTEN, "utf-8")

    with run_server(tmp_path / "data", tmp_path / "log", PYTHONPATH=str(tmp_path), LOCATOR_TILES="none") as running:
        with come(running.url, running.url):
            pass
        with pytest.raises(InvalidStatus, match="403"), come(running.url, "https://elsewhere.example"):
            pass
        for path in ("/", "/_stcore/health", "/_stcore/host-config", "/api/v1/points?limit=1", "/healthz"):
            request = urllib.request.Request(running.url + path, headers={"origin": "https://elsewhere.example"})
            with urllib.request.urlopen(request, timeout=60) as reply:
                assert "access-control-allow-origin" not in reply.headers
    assert "LOOKED UP" not in (tmp_path / "log").read_text("utf-8")
