"""A step back in the browser: the address bar leads, and the exact question is found again. No browser here."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from locator.web.components import Event
from locator.web.event_handlers import handle
from locator.web.session import MAX_SEEN, Session
from locator.web.state import PageState, to_params

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
JINAN, DALIAN = "济南市槐荫区经四路478号", "大连市沙河口区"


@pytest.fixture
def run(locator):
    """One run of the page, as ``main.py`` has it: follow the address, act, answer, write the address."""

    def go(session: Session, params: dict[str, str] | None = None, **event: str) -> dict[str, str]:
        if event:
            handle(session, Event(event["act"], event))
        session.sync_from_url(
            session.address if params is None else params, default_lang="zh"
        ) if session.address else None
        session.run_search(lambda: locator, NOW)
        written = to_params(session.state)
        session.record_url(written)
        return written

    return go


def test_a_step_back_leads_to_the_question_before_exactly(run):
    session = Session(state=PageState())
    run(session)
    first = run(session, act="ask", text=JINAN)
    asked = session.query
    run(session, act="ask", text=DALIAN)
    assert session.state.area == "210204"
    assert run(session, first) == first
    assert session.query == asked
    assert session.chosen.point.name == "五里沟街道人社中心"


def test_a_step_back_from_a_choice_keeps_the_answer(run):
    session = Session(state=PageState())
    run(session)
    first = run(session, act="ask", text=JINAN)
    answer, third = session.answer, session.hits[2].point.id
    assert run(session, act="choose", id=third)["id"] == third
    run(session, first)
    assert session.answer is answer
    assert session.chosen.rank == 1


def test_a_step_back_to_the_start_is_the_first_visit_again(run):
    session = Session(state=PageState())
    start = run(session)
    run(session, act="ask", text=JINAN)
    run(session, start)
    assert (session.query, session.answer, session.failed) == (None, None, None)


def test_an_address_that_lags_behind_what_the_person_did_changes_nothing(run):
    session = Session(state=PageState())
    start = run(session)
    handle(session, Event("ask", {"act": "ask", "text": JINAN}))
    session.sync_from_url(start, default_lang="zh")
    assert session.query.text == JINAN


def test_an_address_that_was_not_seen_is_answered_from_what_it_says(run):
    session = Session(state=PageState())
    run(session)
    run(session, act="ask", text=JINAN)
    run(session, {"area": "210204", "lang": "en"})
    assert session.restored and session.answer.place.adcode == "210204" and session.state.lang == "en"


def test_only_so_many_steps_are_remembered(run):
    session = Session(state=PageState())
    run(session)
    run(session, act="ask", text=JINAN)
    for number in range(MAX_SEEN + 5):
        session.record_url({"area": str(100000 + number)})
    assert len(session.seen) == MAX_SEEN
