"""The views as Streamlit runs them, without a browser: what each puts on the page."""

from __future__ import annotations

import gc
import json
import re
import weakref
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from locator.api.limits import ClientLimits
from locator.errors import DataError
from locator.guide.render import field_of, list_lines
from locator.ingest.corrections import read_corrections
from locator.model import Query
from locator.outputs.html_document import escape
from locator.settings import Settings
from locator.web import shared
from locator.web.components import Event
from locator.web.event_handlers import handle
from locator.web.routes import open_assets
from locator.web.session import Session

SCRIPT = Path(shared.__file__).parent / "main.py"
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def page(locator, tmp_path, monkeypatch):
    """A page over the shipped data with a fixed clock and no base map."""
    settings = Settings(data=tmp_path, tiles="none", now=NOW)
    files = open_assets(tmp_path / "assets")
    shared.read_tiles.cache_clear()
    monkeypatch.setattr(shared, "read_settings", lambda: settings)
    monkeypatch.setattr(shared, "read_assets", lambda: files)
    monkeypatch.setattr(shared, "open_locator", lambda: locator)
    limits = ClientLimits(settings)
    monkeypatch.setattr(shared, "read_limits", lambda: limits)
    monkeypatch.setattr(shared, "read_peer", lambda: ("203.0.113.9", ""))
    yield AppTest.from_file(SCRIPT, default_timeout=60)
    shared.read_tiles.cache_clear()


def _panels(app: AppTest) -> dict[str, str]:
    """Return each panel's HTML by name, in the order of the page."""
    found = {}

    def walk(block) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                walk(child)
            proto = getattr(child, "proto", None)
            if proto is not None and getattr(proto, "component_name", "") == "locator.panel":
                data = json.loads(proto.bytes)
                found[data["name"]] = data["html"]
            elif child.type == "html":
                found[re.search(r'data-panel="([^"]+)"', child.value)[1]] = child.value

    walk(app._tree)
    return found


def _ask(app: AppTest, text: str, **values) -> AppTest:
    session: Session = app.session_state["session"]
    handle(session, Event("ask", {"act": "ask", "text": text, **values}))
    return app.run()


def test_first_visit(page):
    panels = _panels(page.run())
    assert not page.exception
    assert list(panels) == ["header", "ask", "results", "footer"]
    assert 'class="welcome"' in panels["results"]


def test_a_visit_that_is_gone_leaves_nothing_behind(page, locator):
    """No cache, count, journal or Locator holds on to what a person asked once Streamlit let go of the session."""
    asked = "济南市槐荫区经四路477号"
    page.run()
    _ask(page, asked)
    session = page.session_state["session"]
    handle(session, Event("results", {"act": "choose", "id": session.answer.hits[1].point.id}))
    page.run()
    held = weakref.ref(session)
    del session

    def queries() -> int:
        return sum(isinstance(thing, Query) and thing.text == asked for thing in gc.get_objects())

    assert held() is not None and queries() > 0
    page.__dict__.clear()  # Streamlit drops the session with all that it holds
    gc.collect()
    assert held() is None and queries() == 0


def test_an_answer_has_its_parts_in_the_order_of_reading(page):
    page.run()
    panels = _panels(_ask(page, "济南市槐荫区经四路478号"))
    assert not page.exception
    assert list(panels) == [
        "header",
        "ask",
        "understood",
        "results",
        "map-head",
        "tiles",
        "way",
        "down-head",
        "down-note",
        "footer",
    ]
    assert panels["results"].index("五里沟") > 0
    assert "478号" not in panels["header"] + panels["ask"].replace("478号&quot;", "").replace('478号"', "")
    assert page.query_params["area"] == "370104"
    assert [element.label for element in page.get("download_button")] == ["下载 CSV", "下载 GeoJSON", "下载 KML"]


def test_the_address_bar_builds_the_answer_again(page):
    page.query_params["area"] = "370104"
    page.query_params["id"] = "jinan-044"
    page.query_params["lang"] = "en"
    panels = _panels(page.run())
    assert not page.exception
    assert 'data-card="jinan-044"' in panels["results"]
    assert "What to bring" in panels["header"]


def test_licences_and_whom_to_name_stand_in_sight_and_the_long_list_of_sources_is_folded(page, locator):
    page.run()
    handle(page.session_state["session"], Event("page", {"act": "page", "id": "about"}))
    about = _panels(page.run())["about"]
    seen, _, folded = about.partition("<details")
    for line in shared.read_overview(locator).sources:
        assert escape(line.licence) in seen
        assert escape(line.name) in folded
    assert "© OpenStreetMap contributors" in seen and "© GeoNames" in seen


@pytest.mark.parametrize("view", ["guide", "centers", "about"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_view_runs_in_both_languages(page, view, lang):
    page.query_params["lang"] = lang
    page.run()
    handle(page.session_state["session"], Event("page", {"act": "page", "id": view}))
    panels = _panels(page.run())
    assert not page.exception
    assert view in panels
    assert 'id="main"' in "".join(panels.values())


def test_the_list_of_centers_opens_on_a_choice_and_is_narrowed(page):
    page.run()
    session: Session = page.session_state["session"]
    handle(session, Event("page", {"act": "page", "id": "centers"}))
    choice = _panels(page.run())["centers"]
    assert "<tr" not in choice and 'data-act="region" data-id="370100"' in choice
    handle(session, Event("region", {"act": "region", "id": "370100"}))
    everything = _panels(page.run())["centers"]
    assert page.query_params["region"] == "370100"
    assert '<th scope="col">现在</th>' not in everything, "nothing is known of it in any row"
    handle(session, Event("centers", {"act": "centers", "kind": "hrss-bureau", "region": "210200", "hours": ""}))
    some = _panels(page.run())["centers"]
    assert not page.exception
    assert some.count("<tr") > 0 and "济南" not in some


def test_a_reader_of_english_chooses_a_city_by_a_name_that_can_be_read(page):
    page.query_params["lang"] = "en"
    page.run()
    handle(page.session_state["session"], Event("page", {"act": "page", "id": "centers"}))
    panels = _panels(page.run())
    assert ">济南市</span> Jinan " in panels["centers"] and "济南市 Jinan</option>" in panels["centers-head"]


def test_a_name_is_looked_for_everywhere(page):
    page.run()
    session: Session = page.session_state["session"]
    handle(session, Event("page", {"act": "page", "id": "centers"}))
    handle(session, Event("centers", {"act": "centers", "name": "五里沟", "region": ""}))
    found = _panels(page.run())["centers"]
    assert "五里沟街道人社中心" in found and found.count("<tr") == 2
    handle(session, Event("centers", {"act": "centers", "name": "五里沟", "region": "440300"}))
    assert "<tr" not in _panels(page.run())["centers"]


def test_the_list_opens_on_the_persons_city_and_is_sorted_as_asked(page):
    session = _ask(page.run(), "济南市槐荫区经四路478号").session_state["session"]
    handle(session, Event("page", {"act": "page", "id": "centers"}))
    page.run()
    orders = {}
    for order in ("name", "district", "age", "distance"):
        handle(session, Event("centers", {"act": "centers", "region": "370100", "sort": order}))
        orders[order] = re.findall(r'data-card="([^"]+)"', _panels(page.run())["centers"])
    assert len({tuple(ids) for ids in orders.values()}) >= 3
    assert orders["distance"][0] == "jinan-044"


def test_a_broken_layer_is_one_sentence_on_every_view(page, monkeypatch):
    def fail():
        raise DataError("no layer at /secret", code="layer_missing", path="/secret")

    monkeypatch.setattr(shared, "open_locator", fail)
    page.run()
    said = _panels(_ask(page, "济南市"))["results"]
    assert not page.exception
    assert "12333" in said and "secret" not in said
    for view in ("guide", "centers", "about"):
        handle(page.session_state["session"], Event("page", {"act": "page", "id": view}))
        panels = _panels(page.run())
        assert not page.exception
        assert "12333" in "".join(panels.values())


def test_a_report_is_kept_in_the_operators_file(page, tmp_path):
    page.run()
    _ask(page, "济南市槐荫区经四路478号")
    session: Session = page.session_state["session"]
    handle(
        session,
        Event("report", {"act": "report", "id": session.chosen.point.id, "field": "row", "message": "电话变了"}),
    )
    panels = _panels(page.run())
    assert "已记下" in panels["results"]
    (line,) = (tmp_path / "corrections.jsonl").read_text("utf-8").splitlines()
    assert "电话变了" in line
    handle(session, Event("report", {"act": "report", "id": "nobody", "message": "x"}))
    page.run()
    assert len((tmp_path / "corrections.jsonl").read_text("utf-8").splitlines()) == 1


def test_one_person_cannot_fill_the_file_of_reports_and_is_told_what_was_not_kept(page, tmp_path):
    page.run()
    _ask(page, "济南市槐荫区经四路478号")
    session: Session = page.session_state["session"]
    said = {"act": "report", "id": session.chosen.point.id, "field": "row", "message": "电话变了"}
    for _ in range(13):
        handle(session, Event("report", said))
        panels = _panels(page.run())
    assert "没有记下来" in panels["results"] and "已记下" not in panels["results"]
    assert 10 <= len((tmp_path / "corrections.jsonl").read_text("utf-8").splitlines()) <= 12


def test_services_elsewhere_are_not_asked_more_often_than_the_limit_allows(page):
    page.run()
    _ask(page, "济南市槐荫区经四路478号")
    session: Session = page.session_state["session"]
    query, answer = session.query, session.answer
    for act in ("online", "live"):
        asked = []
        session.take_turn = lambda what, asked=asked: asked.append(what) or len(asked) <= 3
        for _ in range(5):
            session.query, session.failed, session.live = query, None, None
            session.answer = replace(answer, may_ask=("nominatim",), may_ask_live="overpass")
            handle(session, Event(act, {"act": act}))
        assert asked == ["requests"] * 5
        assert session.failed and session.answer is None and not session.query.online and session.live is None


def _open_guide(page) -> Session:
    page.query_params["region"] = "440300"
    page.run()
    session: Session = page.session_state["session"]
    handle(session, Event("page", {"act": "page", "id": "guide"}))
    return session


def test_each_line_of_the_guide_can_be_reported_once_in_its_section(page, locator):
    _open_guide(page)
    html = _panels(page.run())["guide"]
    lines = list(list_lines(locator.engines.guide.answer("apply", "adult", "440300", "zh")))
    assert len(lines) > 20
    for line in lines:
        assert len(re.findall(rf'<option [^>]*value="{line["id"]} {field_of(line)}"', html)) == 1
    assert html.count("<textarea") < len(lines) / 2


def test_where_the_operator_takes_reports_each_line_is_a_link_there(page, locator, monkeypatch, tmp_path):
    address = "https://issues.example/new?title={id}%20{field}"
    settings = Settings(data=tmp_path, tiles="none", now=NOW, report_url=address)
    monkeypatch.setattr(shared, "read_settings", lambda: settings)
    _open_guide(page)
    html = _panels(page.run())["guide"]
    for line in list_lines(locator.engines.guide.answer("apply", "adult", "440300", "zh")):
        wanted = f"https://issues.example/new?title={line['id']}%20{field_of(line)}"
        assert f'href="{wanted}" target="_blank" rel="noopener noreferrer"' in html
    assert "<textarea" not in html


def test_a_report_about_a_line_is_kept_with_its_id_and_field(page, tmp_path, locator):
    session = _open_guide(page)
    line = next(list_lines(locator.engines.guide.answer("apply", "adult", "440300", "zh")))
    said = {"act": "report", "id": f"{line['id']} text", "message": "过时了"}
    handle(session, Event("report", said))
    assert "已记下" in _panels(page.run())["guide"]
    (kept,) = read_corrections(Settings(data=tmp_path))
    assert (kept["id"], kept["field"], kept["message"]) == (line["id"], "text", "过时了")
    handle(session, Event("report", said | {"id": "no-such-line text"}))
    page.run()
    assert len(list(read_corrections(Settings(data=tmp_path)))) == 1


def test_an_office_of_the_list_opens_on_the_page(page):
    page.run()
    session: Session = page.session_state["session"]
    handle(session, Event("open", {"act": "open", "id": "jinan-044"}))
    panels = _panels(page.run())
    assert not page.exception
    assert 'class="hit chosen" data-card="jinan-044"' in panels["results"]
