"""A step back in the browser: the address bar leads, and the exact question is found again. No browser here."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from locator.web.components import Act
from locator.web.state import PageState, to_params
from locator.web.visit import MAX_SEEN, Visit

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
JINAN, DALIAN = "济南市槐荫区经四路478号", "大连市沙河口区"


@pytest.fixture
def run(locator):
    """One run of the page, as ``main.py`` has it: follow the address, act, answer, write the address."""

    def go(visit: Visit, params: dict[str, str] | None = None, **act: str) -> dict[str, str]:
        if act:
            visit.take(Act(act["act"], act))
        visit.follow(visit.address if params is None else params, default_lang="zh") if visit.address else None
        visit.look_up(lambda: locator, NOW)
        written = to_params(visit.state)
        visit.arrive(written)
        return written

    return go


def test_a_step_back_leads_to_the_question_before_exactly(run):
    visit = Visit(state=PageState())
    run(visit)
    first = run(visit, act="ask", text=JINAN)
    asked = visit.query
    run(visit, act="ask", text=DALIAN)
    assert visit.state.area == "210204"
    assert run(visit, first) == first
    assert visit.query == asked
    assert visit.chosen.point.name == "五里沟街道人社中心"


def test_a_step_back_from_a_choice_keeps_the_answer(run):
    visit = Visit(state=PageState())
    run(visit)
    first = run(visit, act="ask", text=JINAN)
    answer, third = visit.answer, visit.hits[2].point.id
    assert run(visit, act="choose", id=third)["id"] == third
    run(visit, first)
    assert visit.answer is answer
    assert visit.chosen.rank == 1


def test_a_step_back_to_the_start_is_the_first_visit_again(run):
    visit = Visit(state=PageState())
    start = run(visit)
    run(visit, act="ask", text=JINAN)
    run(visit, start)
    assert (visit.query, visit.answer, visit.failed) == (None, None, None)


def test_an_address_that_lags_behind_what_the_person_did_changes_nothing(run):
    visit = Visit(state=PageState())
    start = run(visit)
    visit.take(Act("ask", {"act": "ask", "text": JINAN}))
    visit.follow(start, default_lang="zh")
    assert visit.query.text == JINAN


def test_an_address_that_was_not_seen_is_answered_from_what_it_says(run):
    visit = Visit(state=PageState())
    run(visit)
    run(visit, act="ask", text=JINAN)
    run(visit, {"area": "210204", "lang": "en"})
    assert visit.restored and visit.answer.place.adcode == "210204" and visit.state.lang == "en"


def test_only_so_many_steps_are_remembered(run):
    visit = Visit(state=PageState())
    run(visit)
    run(visit, act="ask", text=JINAN)
    for number in range(MAX_SEEN + 5):
        visit.arrive({"area": str(100000 + number)})
    assert len(visit.seen) == MAX_SEEN
