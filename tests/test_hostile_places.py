"""Names of the place index are text wherever they are shown: the two hundred, as cities, places, streets and doors."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
from datetime import datetime
from functools import partial
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from hostile import CORPUS, looped
from hostile_places import alias, city_code, make_hostile, shown, way_to, ways_to
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from locator.api import build_api
from locator.batch import open_engine, run_batch
from locator.cli.places import _lines, place_line
from locator.datum import Datum
from locator.files.text_files import unescape_formula
from locator.i18n import LANGS, text
from locator.model import Query
from locator.outputs.folium_map import encode_map_data
from locator.outputs.shapes import say_notice
from locator.service import Locator
from locator.settings import Settings
from locator.web.answer import render_understood
from locator.web.map_component import build_map_data
from locator.web.plain import plain_routes
from locator.web.session import Session
from locator.web.state import PageState
from locator.web.way import _say_origin
from locator.wording import Translator

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
EVERY = looped("number", range(len(CORPUS)))


@pytest.fixture(scope="module")
def folder(data_folder, tmp_path_factory):
    return make_hostile(data_folder, tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="module")
def hostile(folder):
    return Locator(Settings(data=folder, tiles="none"))


class _Reader(HTMLParser):
    """What a browser makes of a page: its elements, their attributes, its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attrs):
        self.tags.add(name)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def _read_safely(page: str) -> _Reader:
    reader = _Reader(page)
    assert {"script", "img", "svg", "iframe", "math", "body"}.isdisjoint(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name == "srcdoc"]
    assert not [value for name, value in reader.attributes if name == "href" and "script:" in (value or "")]
    assert not set("{}$`\\") & set(page), "no template engine and no template literal would read it either"
    return reader


@EVERY
def test_a_name_is_one_line_without_anything_unseen(hostile, number):
    for typed in ways_to(number):
        (place, *_) = hostile.engines.gazetteer.find(typed)
        assert shown(CORPUS[number]) in place.label == shown(place.label)
        assert typed.startswith("济") or any(place.label == s.text for s in hostile.suggest(typed))


@EVERY
@pytest.mark.parametrize("lang", LANGS)
def test_the_page_shows_it_as_what_was_understood_as_a_candidate_and_on_the_map(hostile, number, lang):
    words = Translator(lang)
    for typed in ways_to(number):
        answer = hostile.find(Query(text=typed, lang=lang), NOW)
        place = answer.place
        assert place is not None
        page = _read_safely(render_understood(answer, PageState(lang=words.lang, area=place.adcode), restored=False))
        assert place.label in page.text
        assert place.label in (_say_origin(place, words) or place.label)
        scene = build_map_data(place, (), chosen=None, route=None, state=PageState(lang=lang), at=NOW)
        payload = json.loads(base64.b64decode(encode_map_data(scene, Datum.GCJ02)))
        assert payload["origin"]["label"] == text("page.map.origin", lang, label=place.label)


@EVERY
def test_each_of_two_that_share_a_name_is_a_button(hostile, number):
    answer = hostile.find(Query(text=alias("双", number)), NOW)
    labels = [place.label for place in answer.candidates]
    assert len(labels) == 2
    page = _read_safely(render_understood(answer, PageState(), restored=False))
    assert all(label in page.text for label in labels)


@EVERY
def test_an_address_bar_that_names_a_hostile_city_shows_it_and_says_that_nothing_is_near(hostile, number):
    session = Session(state=PageState(area=city_code(number)))
    session.run_search(lambda: hostile, NOW)
    assert session.answer is not None and session.restored
    page = _read_safely(render_understood(session.answer, PageState(), restored=True))
    assert page.text.count(shown(CORPUS[number])) >= 2, "as the place, and in the sentence about it"
    (notice,) = [notice for notice in session.answer.notices if notice.code == "nothing_near"]
    assert shown(CORPUS[number]) in say_notice(notice, "en")
    for lang in LANGS:
        assert hostile.engines.gazetteer.describe(city_code(number), lang) == shown(CORPUS[number])


def test_the_api_hands_it_out_as_a_string(hostile):
    with TestClient(build_api(lambda: hostile, Settings(now=NOW, rate_limit=0))) as client:
        for number, name in enumerate(CORPUS):
            for typed in (way_to(number), alias("双", number)):
                body = {"text": typed, "limit": 5}
                found, placed, offered = (
                    client.post(f"/v1/{way}", json=body) for way in ("find", "geocode", "suggest")
                )
                for reply in (found, placed, offered):
                    assert reply.headers["content-type"] == "application/json"
                labels = [place["label"] for place in (found.json()["place"], *found.json()["candidates"]) if place]
                assert labels and all(shown(name) in label for label in labels)
                assert labels == [place["label"] for place in placed.json()["places"]][: len(labels)]
                assert typed.startswith("济") or shown(name) in offered.json()["suggestions"][0]["text"]


def test_the_page_without_javascript_shows_it(hostile):
    routes = plain_routes(lambda: hostile, lambda: NOW, "zh")

    async def post_all() -> None:
        async with AsyncClient(transport=ASGITransport(Starlette(routes=routes)), base_url="http://t") as client:
            for number, name in enumerate(CORPUS):
                reply = await client.post("/plain", data={"text": way_to(number)})
                body = reply.text[reply.text.index("<main") :]
                assert shown(name) in _read_safely(body).text

    asyncio.run(post_all())


def test_the_command_prints_lines_that_a_terminal_does_not_obey(hostile):
    for number, name in enumerate(CORPUS):
        answer = hostile.find(Query(text=way_to(number)), NOW)
        line = place_line(answer.place, "zh")
        assert shown(name) in line and line == shown(line)
        assert any(shown(name) in said for said in _lines(answer, "zh", NOW))


def test_no_cell_of_a_batch_is_a_formula(folder, tmp_path):
    typed = [way for number in range(len(CORPUS)) for way in ways_to(number)]
    (tmp_path / "in.csv").write_text("where\n" + "".join(f"{way}\n" for way in typed), "utf-8")
    settings = Settings(data=folder, tiles="none")
    opener = partial(open_engine, settings)
    run_batch(settings, tmp_path / "in.csv", tmp_path / "out.csv", address="where", limit=1, opener=opener,
              progress=False, threads=1)  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(typed)
    assert not [cell for row in rows for cell in row.values() if cell.lstrip()[:1] in ("=", "+", "@")]
    for at, row in enumerate(rows):
        label, name = row["origin_label"], shown(CORPUS[at // len(ways_to(0))])
        assert name in unescape_formula(label)
        assert label[:1] != "-"
