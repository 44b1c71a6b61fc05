"""The process under the page: how much it may open, and what it writes down when something breaks."""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.error
import urllib.request

from conftest import run_server
from websockets.asyncio.client import connect

TYPED = "济南市槐荫区经四路478号"
BREAK = """
from locator.service import Locator

def find(self, query, now):
    raise ValueError(f"cannot read {query.text}")

Locator.find = find
"""


def test_more_visits_come_than_the_soft_limit_of_open_files_allows(data_folder, tmp_path):
    few, visits = 128, 50
    shutil.copytree(data_folder, tmp_path / "data")

    async def come(url: str) -> int:
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        people = [await connect(address, subprotocols=["streamlit"], origin=url) for _ in range(visits)]
        alive = [await (await person.ping()) for person in people]
        for person in people:
            await person.close()
        return len(alive)

    with run_server(tmp_path / "data", tmp_path / "log", soft_files=few, LOCATOR_TILES="none") as running:
        assert asyncio.run(come(running.url)) == visits
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
