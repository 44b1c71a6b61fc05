"""Every file of the data folder lost or damaged, at the start and under a running service: answers, or one clear line.

What an answer may be then: what is left of it, or one sentence that names no path and no exception. Never a reply
``500``, never a trace, never an office or a place that is not there. What can be made again is made again.
"""

from __future__ import annotations

import logging
import shutil
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from locator.api import build_api
from locator.cli import main
from locator.errors import LocatorError
from locator.geocode.index_files import _note, places_file
from locator.model import Query
from locator.service import Locator
from locator.settings import Settings
from locator.web import shared
from locator.web.components import Event
from locator.web.event_handlers import handle
from locator.web.plain import plain_routes
from locator.web.routes import open_assets
from locator.web.session import Session

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
ADDRESS = "济南市槐荫区经四路478号"
WULIGOU = "五里沟街道人社中心"
WAYS = ("deleted", "cut", "emptied", "zeroed", "flipped")
READ = ("layer.parquet", "gazetteer.sqlite", "places-")
"""The beginnings of the names of the files that every search reads."""
BESIDE = ("guide.json", "gazetteer.stamp", "unchanged.stamp", "places.stamp", "districts", "divisions", "shipped")
"""Those of the other files that a service leaves in its folder; the lock files are empty."""
CASES = [(kind, how) for kind in READ for how in WAYS] + [
    (kind, how) for kind in BESIDE for how in ("deleted", "flipped")
]
ASKED = (
    ("POST", "/v1/find", {"text": ADDRESS, "task": "apply"}),
    ("POST", "/v1/geocode", {"text": "大连市沙河口区"}),
    ("POST", "/v1/suggest", {"text": "深圳"}),
    ("GET", "/v1/find?at=116.97,36.65", None),
    ("GET", "/v1/points?region=济南市", None),
    ("GET", "/v1/guide?task=apply&region=370100", None),
    ("GET", "/v1/hours?expr=Mo-Fr 09:00-17:00&at=2026-11-23T10:00", None),
)


def damage(path: Path, how: str) -> None:
    """Damage a file where it lies: another process wrote over it, or the disk lost it."""
    content = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how in ("cut", "emptied"):
        with path.open("r+b") as file:
            file.truncate(len(content) // 2 if how == "cut" else 0)
    elif how == "zeroed":
        path.write_bytes(bytes(len(content)))
    else:
        size = max(len(content) // 50, 1)
        spots = range(0, len(content), max(len(content) // 40, 1))
        broken = bytearray(content)
        for at in spots:
            broken[at : at + size // 2 + 1] = bytes(byte ^ 255 for byte in broken[at : at + size // 2 + 1])
        path.write_bytes(broken)


def find_files(folder: Path) -> list[Path]:
    """Return the files of a data folder that hold something."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


@pytest.fixture(scope="module")
def pristine(built_data, tmp_path_factory) -> Path:
    """A folder as a service leaves it that has answered: every file that it ever makes is there.

    The index of the shipped places takes a minute to build: a copy of the other one stands for it.
    """
    folder = shutil.copytree(built_data, tmp_path_factory.mktemp("pristine") / "data")
    shutil.copyfile(folder / "gazetteer.sqlite", places_file(folder))
    _note(places_file(folder))
    Locator(Settings(data=folder)).find(Query(at=(116.97, 36.65)), NOW)
    return folder


def test_no_file_is_left_out(pristine):
    names = [path.name for path in find_files(pristine)]
    assert [name for name in names if not name.startswith((*READ, *BESIDE))] == []
    assert all(any(name.startswith(kind) for name in names) for kind in (*READ, *BESIDE))


@pytest.fixture
def folder(pristine, tmp_path) -> Path:
    return shutil.copytree(pristine, tmp_path / "data")


def ask_everything(client: TestClient, client_of_page: TestClient) -> list[str]:
    """Ask the API and the plain page; return what is wrong with their replies."""
    wrong = []
    for method, path, body in ASKED:
        reply = client.request(method, path, json=body)
        said = reply.json()
        if reply.status_code == 503:
            if not said.get("detail") or "Traceback" in reply.text or "/data" in reply.text:
                wrong.append(f"{path}: {reply.text[:200]}")
        elif reply.status_code != 200:
            wrong.append(f"{path}: {reply.status_code} {reply.text[:200]}")
        elif path == "/v1/find" and said["place"] and said["hits"][0]["name"] != WULIGOU:
            wrong.append(f"{path}: answers {said['hits'][:1]}")
    reply = client_of_page.post("/plain", data={"text": ADDRESS})
    if reply.status_code != 200 or (WULIGOU not in reply.text and 'role="alert"' not in reply.text):
        wrong.append(f"/plain: {reply.status_code} {reply.text[:300]}")
    return wrong


def clients_of(service: Locator) -> tuple[TestClient, TestClient]:
    """Return the API and the plain page of a service."""
    api = build_api(lambda: service, Settings(rate_limit=0, now=NOW))
    page = Starlette(routes=plain_routes(lambda: service, lambda: NOW, "zh"))
    return TestClient(api, raise_server_exceptions=False), TestClient(page, raise_server_exceptions=False)


def answers_again(service: Locator, seconds: float = 120) -> bool:
    """Tell whether a service comes to answer as before by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if service.find(Query(text=ADDRESS), NOW).hits[0].point.name == WULIGOU:
                return True
        except LocatorError:
            pass
        time.sleep(0.2)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "how"), CASES)
def test_under_a_running_service(folder, kind, how, caplog):
    service = Locator(Settings(data=folder))
    assert service.find(Query(text=ADDRESS), NOW).hits[0].point.name == WULIGOU
    service.find(Query(at=(116.97, 36.65)), NOW)
    (path,) = (path for path in find_files(folder) if path.name.startswith(kind))
    damage(path, how)
    caplog.set_level(logging.ERROR)
    assert ask_everything(*clients_of(service)) == []
    assert not [record for record in caplog.records if record.exc_info]
    assert answers_again(service)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "how"), CASES)
def test_at_the_start(folder, kind, how, caplog):
    (path,) = (path for path in find_files(folder) if path.name.startswith(kind))
    damage(path, how)
    caplog.set_level(logging.ERROR)
    service = Locator(Settings(data=folder))
    assert ask_everything(*clients_of(service)) == []
    assert not [record for record in caplog.records if record.exc_info]
    assert service.find(Query(text=ADDRESS), NOW).hits[0].point.name == WULIGOU, "made again, or not needed"


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "how"), [(kind, how) for kind, how in CASES if how in ("cut", "flipped")])
def test_the_command(folder, kind, how, monkeypatch, capsys):
    """Asking and importing: each command is one that starts."""
    monkeypatch.setenv("LOCATOR_DATA", str(folder))
    table = folder.parent / "t.csv"
    table.write_text("名称,地址,经度,纬度\n甲区社会保险中心,济南市槐荫区经四路478号,116.97,36.65\n", "utf-8")
    (path,) = (path for path in find_files(folder) if path.name.startswith(kind))
    damage(path, how)
    for arguments in (["import", "table", str(table)], ["find", ADDRESS], ["info"]):
        code = main(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert code == 0 or (code == 1 and err.splitlines()[-1].startswith("locator: ")), (arguments, err)
        if arguments[0] == "find":
            assert code == 0 and WULIGOU in out


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "how"), [(kind, how) for kind in READ for how in ("deleted", "zeroed")])
def test_the_page(folder, kind, how, monkeypatch, tmp_path):
    settings, files = Settings(data=folder, tiles="none", now=NOW), open_assets(tmp_path / "assets")
    service = Locator(settings)
    service.find(Query(text=ADDRESS), NOW)
    monkeypatch.setattr(shared, "read_settings", lambda: settings)
    monkeypatch.setattr(shared, "read_assets", lambda: files)
    monkeypatch.setattr(shared, "open_locator", lambda: service)
    monkeypatch.setattr(shared, "take_turn", lambda _: True)
    (path,) = (path for path in find_files(folder) if path.name.startswith(kind))
    damage(path, how)
    app = AppTest.from_file(Path(shared.__file__).parent / "main.py", default_timeout=120).run()
    session: Session = app.session_state["session"]
    for view in ("find", "guide", "centers", "about"):
        handle(session, Event("page", {"act": "page", "id": view}))
        assert not app.run().exception
    handle(session, Event("page", {"act": "page", "id": "find"}))
    handle(session, Event("ask", {"act": "ask", "text": ADDRESS}))
    assert not app.run().exception
    if session.answer is None:
        assert "12333" in (session.failed or "")
    else:
        assert session.answer.hits[0].point.name == WULIGOU
