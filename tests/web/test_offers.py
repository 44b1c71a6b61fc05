"""Services elsewhere are offered by name and asked only by a press; the week and its calendar file are at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.testclient import TestClient

from locator.hours.clock import open_clock
from locator.model import Answer, Place, Precision, Query
from locator.outputs.answer_files import hits_to_csv
from locator.settings import Settings
from locator.web.answer import render_understood
from locator.web.card import ListContext, render_card
from locator.web.components import Event
from locator.web.event_handlers import HANDLERS
from locator.web.send_page import sheet_routes
from locator.web.session import Session
from locator.web.state import PageState
from locator.wording import Translator

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
PLACE = Place(label="拉萨市", lon=91.1, lat=29.6, precision=Precision.CITY, source="gazetteer", adcode="540100")


def session_with(**answer) -> Session:
    """A session with an answer that offers something."""
    session = Session(state=PageState())
    session.start(Query(text="拉萨市某路1号"))
    session.answer = Answer(query=session.query, place=PLACE, **answer)
    return session


def press(session: Session, name: str) -> None:
    HANDLERS[name](session, Event(name=name, values={}))


def test_a_service_is_named_before_it_is_asked():
    html = render_understood(session_with(may_ask=("nominatim", "amap")).answer, PageState(lang="en"), restored=False)
    assert "OpenStreetMap Nominatim" in html and "AMap" in html and 'data-act="online"' in html
    assert 'data-act="online"' not in render_understood(session_with().answer, PageState(lang="en"), restored=False)


def test_only_a_press_goes_online():
    session = session_with(may_ask=("nominatim",))
    assert not session.query.online
    press(session, "online")
    assert session.query.online and session.answer is None
    session.start(Query(text="别处"))
    assert not session.query.online


def test_a_press_that_nothing_offered_changes_nothing():
    session = session_with()
    press(session, "online")
    press(session, "live")
    assert not session.query.online and session.answer is not None and session.live is None


def test_the_live_source_is_asked_once_for_the_place_and_then_searched_again():
    class Fake:
        def __init__(self):
            self.asked = []

        def ask_surroundings(self, place):
            self.asked.append(place)

        def find(self, query, now):
            return Answer(query=query, place=PLACE)

    session, fake = session_with(may_ask_live="overpass"), Fake()
    session.answered_at = NOW
    press(session, "live")
    session.run_search(lambda: fake, NOW)
    session.run_search(lambda: fake, NOW)
    assert fake.asked == [PLACE] and session.answer.may_ask_live is None


def test_the_opening_times_can_be_kept(locator):
    settings = Settings(tiles="none")
    known = next(point for point in locator.points(hours_known=True) if point.name.endswith("小榄分局"))
    with TestClient(Starlette(routes=sheet_routes(lambda: locator, lambda: NOW, settings))) as client:
        reply = client.get("/hours.ics", params={"id": known.id, "lang": "zh"})
        assert reply.headers["content-type"].startswith("text/calendar")
        assert "BEGIN:VEVENT" in reply.text and "DTSTART:20261123T010000Z" in reply.text
        assert client.get("/hours.ics", params={"id": "no-such"}).status_code == 404


def test_the_week_is_in_the_csv(locator):
    hits = locator.find(Query(text="中山市小榄镇", limit=1), NOW).hits
    text = hits_to_csv(hits, at=NOW, lang="en")
    assert "Mon 23 Nov 09:00-12:00" in text
    unreadable = replace(hits[0], point=replace(hits[0].point, hours="whenever"))
    assert "whenever" in hits_to_csv([unreadable], at=NOW, lang="en")


def test_a_day_of_the_operators_own_calendar_is_in_every_week(locator, tmp_path, monkeypatch):
    own = tmp_path / "calendar" / "overrides" / "flood.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(
        "source: a notice\ndays: [{from: 2026-11-24, kind: closed, region: 442000, name: 水淹|flood}]", "utf-8"
    )
    monkeypatch.setitem(locator.engines.__dict__, "clock", open_clock(tmp_path))
    hit = locator.find(Query(text="中山市小榄镇", limit=1), NOW).hits[0]
    clock = locator.engines.clock
    assert "flood" not in hits_to_csv([hit], at=NOW, lang="en")
    assert "flood" in hits_to_csv([hit], at=NOW, lang="en", clock=clock)
    context = ListContext(
        words=Translator("en"),
        state=PageState(lang="en"),
        at=NOW,
        chosen=hit.point.id,
        guide=None,
        ranks={},
        clock=clock,
    )
    assert "flood" in render_card(hit, context)
    with TestClient(Starlette(routes=sheet_routes(lambda: locator, lambda: NOW, Settings(tiles="none")))) as client:
        asked = {"id": hit.point.id, "lang": "en"}
        assert "flood" in client.get(f"/send/{hit.point.id}", params=asked).text
        assert "DTSTART:20261124" not in client.get("/hours.ics", params=asked).text


def test_an_engine_elsewhere_gets_no_position_before_the_way_is_asked_for(locator, monkeypatch):
    from locator.model import Mode
    from locator.routing.route import Route
    from locator.web import shared
    from locator.web.views import find
    from locator.web.way import render_way

    asked = []

    class Elsewhere:
        engines = SimpleNamespace(router=SimpleNamespace(sent_to="routes.example"))

        def route(self, origin, target, mode, lang):
            asked.append(origin)
            return Route(engine="osrm", mode=mode, distance_m=900.0, duration_s=700.0, line=(origin, target))

    monkeypatch.setattr(shared, "open_locator", Elsewhere)
    session = Session(state=PageState())
    session.start(Query(text="济南市槐荫区经四路478号"))
    session.answer = locator.find(session.query, NOW)
    route, failed, asks = find._find_route(session, session.answer, session.chosen)
    assert (route.engine, failed, asks, asked) == ("line", False, "routes.example", [])
    links = locator.links(None, session.chosen.point)
    html = render_way(session.chosen, route, links, Translator("en"), mode=Mode.WALK, asks=asks)
    assert "routes.example" in html and 'data-act="go"' in html
    HANDLERS["go"](session, Event(name="go", values={"id": session.chosen.point.id}))
    route, _, _ = find._find_route(session, session.answer, session.chosen)
    assert route.engine == "osrm" and len(asked) == 1


def test_asked_for_the_open_the_unknown_stand_under_a_heading_of_their_own(locator):
    from locator.web.answer import group_hits

    answer = locator.find(Query(text="中山市小榄镇", open_now=True), NOW)
    groups = group_hits(answer.hits, open_only=True)
    assert [name for name, _ in groups] == ["yours", "unknown"], "it is named after the town"
    assert [hit.point.name for hit in groups[0][1]] == ["中山市人力资源和社会保障局小榄分局"]
    assert all(hit.status.state == "unknown" for hit in groups[1][1])
    ranks = [hit.rank for _, found in groups for hit in found]
    assert ranks == sorted(ranks)
