"""A visit over the shipped data: what each act changes. No browser, no Streamlit."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hostile import CORPUS

from locator.errors import DataError, InvalidInput, ServiceTimeout
from locator.model import Kind, Mode, Person, Task
from locator.web.acts import HANDLERS
from locator.web.components import Act, read_act
from locator.web.state import PageState
from locator.web.visit import STALE_S, Visit

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
JINAN = "济南市槐荫区经四路478号"


def _visit(**state) -> Visit:
    return Visit(state=PageState(**state))


def _do(visit: Visit, locator, name: str, **values) -> Visit:
    visit.take(Act(name, {"act": name, **values}))
    visit.look_up(lambda: locator, NOW)
    return visit


def test_nothing_asked_is_no_answer_and_no_fault(locator):
    visit = _visit()
    visit.look_up(lambda: locator, NOW)
    assert (visit.answer, visit.failed, visit.hits, visit.chosen) == (None, None, (), None)


def test_ask_answers_and_remembers_only_the_county(locator):
    visit = _do(_visit(), locator, "ask", text=f"  {JINAN}\n")
    assert visit.chosen.point.name == "五里沟街道人社中心"
    assert visit.state == PageState(area="370104")


def test_the_form_choices_are_read_and_checked(locator):
    values = {"task": "pin", "person": "child", "kind": "hrss-bureau", "open": "1", "limit": "10"}
    visit = _do(_visit(), locator, "ask", text=JINAN, **values)
    state = visit.state
    assert (state.task, state.person, state.kind, state.open_now, state.limit) == (
        Task.PIN, Person.CHILD, Kind.HRSS_BUREAU, True, 10,
    )  # fmt: skip
    assert {hit.point.kind for hit in visit.hits} <= {Kind.HRSS_BUREAU}
    _do(visit, locator, "filter", task="x", person="x", kind="x", limit="11")
    assert (visit.state.task, visit.state.person, visit.state.kind, visit.state.limit) == (
        Task.PIN,
        Person.CHILD,
        None,
        10,
    )
    assert visit.query.text == JINAN


@pytest.mark.parametrize(("typed", "said"), [("", "写上"), ("\t \n", "写上"), ("字" * 201, "201")])
def test_empty_and_endless_texts_get_a_sentence(locator, typed, said):
    visit = _do(_do(_visit(), locator, "ask", text=JINAN), locator, "ask", text=typed)
    assert visit.answer is None
    assert said in visit.failed
    assert visit.state.area is None
    assert _do(visit, locator, "ask", text=JINAN).hits, "the next search works"


def test_candidates_are_chosen_by_number(locator):
    visit = _do(_visit(), locator, "ask", text="中山")
    assert visit.answer.place is None
    labels = [place.label for place in visit.answer.candidates]
    visit = _do(visit, locator, "candidate", id=str(labels.index("广东省中山市")))
    assert visit.answer.place.label == "广东省中山市"
    assert visit.state.area == "442000"
    for index in ("-1", "99", "x", 0, None):
        before = visit.query
        _do(visit, locator, "candidate", id=index)
        assert visit.query == before


def test_choosing_takes_only_what_is_listed(locator):
    visit = _do(_visit(), locator, "ask", text=JINAN)
    second = visit.hits[1].point.id
    assert _do(visit, locator, "choose", id=second).chosen.point.id == second
    assert _do(visit, locator, "choose", id="nobody").chosen.point.id == second
    visit = _do(visit, locator, "go", id=visit.hits[2].point.id)
    assert (visit.chosen.rank, visit.focus) == (3, "way")
    assert _do(visit, locator, "ask", text=JINAN).chosen.rank == 1, "a new search starts at its first"


def test_a_position_is_used_and_not_remembered(locator):
    visit = _do(_visit(), locator, "here", lon=116.9731, lat=36.6573, accuracy=40.0)
    assert visit.answer.place.label == "我的位置"
    assert visit.answer.place.error_m == 40
    assert visit.hits[0].distance_m < 2000
    assert "116" not in str(visit.state)
    for lon, lat in (("x", 1), (float("nan"), 1), (200, 1), (1, 91), (True, 1), (None, None)):
        before = visit.query
        _do(visit, locator, "pick", lon=lon, lat=lat)
        assert visit.query == before


def test_language_mode_and_size_change_in_place(locator):
    visit = _do(_visit(), locator, "ask", text=JINAN)
    visit = _do(visit, locator, "lang", id="en")
    assert visit.answer.query.lang == "en"
    assert visit.answer.guide["lang"] == "en"
    assert _do(visit, locator, "lang", id="xx").state.lang == "en"
    assert _do(visit, locator, "mode", id="drive").state.mode == Mode.DRIVE
    assert _do(visit, locator, "mode", id="fly").state.mode == Mode.DRIVE
    assert _do(visit, locator, "large").state.large


def test_an_address_bar_rebuilds_an_answer_with_the_chosen_point_in_it(locator):
    asked = _do(_visit(), locator, "ask", text=JINAN)
    for hit in asked.hits:
        again = Visit(state=replace(asked.state, chosen=hit.point.id))
        again.look_up(lambda: locator, NOW)
        assert again.restored
        assert again.chosen.point.id == hit.point.id
    alone = _visit(chosen=asked.hits[0].point.id)
    alone.look_up(lambda: locator, NOW)
    assert alone.chosen.point.id == asked.hits[0].point.id
    unknown = _visit(area="999999", chosen="nobody")
    unknown.look_up(lambda: locator, NOW)
    assert unknown.answer is None


def test_an_answer_is_made_again_after_a_minute(locator):
    visit = _do(_visit(), locator, "ask", text="中山市小榄镇")
    assert visit.hits[0].status.state == "open"
    visit.look_up(lambda: locator, NOW + timedelta(seconds=STALE_S / 2))
    first = visit.answer
    visit.look_up(lambda: locator, NOW.replace(hour=12, minute=30))
    assert visit.answer is not first
    assert visit.hits[0].status.state == "closed"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("the layer at /secret/path broke", code="layer_broken", path="x"), "数据"),
        (ServiceTimeout("no answer", code="service_timeout"), "没有回应"),
        (RuntimeError(f"boom {JINAN}"), "数据"),
        (InvalidInput("limit", code="limit", value=0), ""),
    ],
)
def test_every_fault_becomes_one_sentence_and_no_address_in_the_log(locator, caplog, error, said):
    class Broken:
        def find(self, query, now):
            raise error

    caplog.set_level(logging.DEBUG)
    visit = _visit()
    visit.take(Act("ask", {"act": "ask", "text": JINAN}))
    visit.look_up(Broken, NOW)
    assert visit.answer is None
    assert said in visit.failed
    assert "secret" not in visit.failed and "Traceback" not in visit.failed
    assert "经四路" not in caplog.text
    visit.take(Act("retry", {"act": "retry"}))
    visit.look_up(lambda: locator, NOW)
    assert visit.hits, "nothing is lost"


@pytest.mark.parametrize("word", CORPUS)
def test_a_hostile_act_changes_nothing_it_should_not(word):
    visit = _visit()
    for name in (*HANDLERS, word):
        if name not in ("ask", "page"):
            visit.take(Act(name, dict.fromkeys(("act", "id", "task", "person", "kind", "lon", "lat", "region"), word)))
    state = replace(visit.state, large=False)
    assert state == PageState()


@pytest.mark.parametrize("value", [None, "x", 3, [], {}, {"act": 3}, {"n": 1}])
def test_what_is_no_act_is_none(value):
    assert read_act(value) is None


@pytest.mark.parametrize("text", ["中山", "那个卖包子的对面", "0,0", "   ", "地" * 300])
def test_what_has_no_place_leaves_none_of_an_earlier_answer_in_the_address(locator, text):
    visit = _do(_visit(), locator, "ask", text=JINAN)
    assert visit.state.area == "370104"
    _do(visit, locator, "ask", text=text)
    assert not visit.hits
    assert visit.state == PageState(), "a link to this question must not show Jinan"


def test_every_new_try_is_told_again(locator):
    visit = _do(_visit(), locator, "ask", text="   ")
    before = visit.asked
    _do(visit, locator, "retry")
    assert visit.asked > before, "the page waits for a new answer"
