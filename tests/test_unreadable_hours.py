"""Hours that pass every check and fail when they are evaluated are that office's unknown, and the answer stands."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from locator.api import build_api
from locator.api.limits import ClientLimits
from locator.cli import main
from locator.i18n import LANGS, text
from locator.service import Locator
from locator.settings import LAYER_FILE, Settings
from locator.web import shared
from locator.web.plain import plain_routes
from locator.web.routes import open_assets

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
TYPED = "济南市槐荫区经四路478号"
NAME = "五里沟街道人社中心"
BROKEN = ("Mo-Fr 09:00-17:00; Jan 32 off", "no hours at all")


@pytest.fixture(scope="module", params=BROKEN)
def folder(request, data_folder, tmp_path_factory) -> Path:
    """A data folder whose layer holds hours that nothing can evaluate, for the nearest office and its neighbours."""
    copy = tmp_path_factory.mktemp("unreadable") / "data"
    shutil.copytree(data_folder, copy)
    table = pq.read_table(copy / LAYER_FILE)
    mine = pc.equal(pc.utf8_slice_codeunits(table["adcode"].cast(pa.string()), 0, 6), "370104")
    at = table.schema.get_field_index("hours")
    hours = pc.if_else(mine, request.param, table["hours"].cast(pa.string())).cast(table.schema.field(at).type)
    pq.write_table(table.set_column(at, table.schema.field(at), hours), copy / LAYER_FILE)
    return copy


@pytest.fixture(scope="module")
def broken(folder) -> Locator:
    return Locator(Settings(data=folder, tiles="none", now=NOW))


def test_the_api_and_the_command_say_unknown_and_go_on(broken, folder, monkeypatch, capsys):
    settings = Settings(now=NOW, rate_limit=0)
    with TestClient(build_api(lambda: broken, settings), raise_server_exceptions=False) as client:
        reply = client.post("/v1/find", json={"text": TYPED, "task": "apply", "open_now": True})
    assert reply.status_code == 200
    monkeypatch.setenv("LOCATOR_DATA", str(folder))
    monkeypatch.setenv("LOCATOR_NOW", NOW.isoformat())
    assert main(["find", TYPED, "--task", "apply", "--open-now", "--format", "json"]) == 0
    for answer in (reply.json(), json.loads(capsys.readouterr().out)):
        hit = next(hit for hit in answer["hits"] if hit["name"] == NAME)
        assert (hit["status"]["state"], hit["status"]["reason"], hit["hours"]) == (
            "unknown",
            "hours_unknown",
            hit["hours"],
        )
        assert len(answer["hits"]) > 1 and "hours_unknown_kept" in {notice["code"] for notice in answer["notices"]}
    assert main(["find", TYPED, "--lang", "zh"]) == 0
    assert NAME in capsys.readouterr().out


@pytest.mark.parametrize("lang", LANGS)
def test_the_plain_page_shows_the_office_without_a_state(broken, lang):
    with TestClient(Starlette(routes=plain_routes(lambda: broken, lambda: NOW, "zh"))) as client:
        reply = client.post("/plain", data={"text": TYPED, "task": "apply", "lang": lang})
    assert reply.status_code == 200 and NAME in reply.text
    card = reply.text.partition("<ol>")[2].partition("</ol>")[0]
    assert text("hours.unknown_hours_unknown", lang) in card


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_shows_the_answer(broken, folder, tmp_path, monkeypatch, lang):
    settings = Settings(data=folder, tiles="none", now=NOW)
    files, limits = open_assets(tmp_path / "assets"), ClientLimits(settings)
    shared.read_tiles.cache_clear()
    monkeypatch.setattr(shared, "read_settings", lambda: settings)
    monkeypatch.setattr(shared, "read_assets", lambda: files)
    monkeypatch.setattr(shared, "open_locator", lambda: broken)
    monkeypatch.setattr(shared, "read_limits", lambda: limits)
    monkeypatch.setattr(shared, "read_peer", lambda: ("203.0.113.9", ""))
    app = AppTest.from_file(shared.__file__.replace("shared.py", "main.py"), default_timeout=60)
    app.query_params.update({"area": "370104", "id": "jinan-044", "lang": lang})
    app.run()
    assert not app.exception
    panels = {data["name"]: data["html"] for data in map(json.loads, _panel_data(app._tree))}
    assert 'data-card="jinan-044"' in panels["results"] and NAME in panels["results"]
    codes = ("hours.unknown_hours_unknown", "page.hit.hours_unknown")
    said = {text(code, lang).casefold() for code in codes}
    assert any(words in panels["results"].casefold() for words in said), panels["results"]


def _panel_data(block):
    """Yield what each panel of the page was given."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _panel_data(child)
        elif getattr(getattr(child, "proto", None), "component_name", "") == "locator.panel":
            yield child.proto.bytes
