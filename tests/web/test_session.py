"""A session over the shipped data: what each event changes. No browser, no Streamlit."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hostile import CORPUS, looped

from locator.errors import DataError, InvalidInput, ServiceTimeout
from locator.model import Kind, Mode, Person, Task
from locator.web.components import Event, read_event
from locator.web.event_handlers import HANDLERS, handle
from locator.web.session import STALE_S, Session
from locator.web.state import PageState

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
JINAN = "济南市槐荫区经四路478号"


def _visit(**state) -> Session:
    return Session(state=PageState(**state))


def _do(session: Session, locator, name: str, **values) -> Session:
    handle(session, Event(name, {"act": name, **values}))
    session.run_search(lambda: locator, NOW)
    return session


def test_nothing_asked_is_no_answer_and_no_fault(locator):
    session = _visit()
    session.run_search(lambda: locator, NOW)
    assert (session.answer, session.failed, session.hits, session.chosen) == (None, None, (), None)


def test_ask_answers_and_remembers_only_the_county(locator):
    session = _do(_visit(), locator, "ask", text=f"  {JINAN}\n")
    assert session.chosen.point.name == "五里沟街道人社中心"
    assert session.state == PageState(area="370104")


def test_the_form_choices_are_read_and_checked(locator):
    values = {"task": "pin", "person": "child", "kind": "hrss-bureau", "open": "1", "limit": "10"}
    session = _do(_visit(), locator, "ask", text=JINAN, **values)
    state = session.state
    assert (state.task, state.person, state.kind, state.open_now, state.limit) == (
        Task.PIN, Person.CHILD, Kind.HRSS_BUREAU, True, 10,
    )  # fmt: skip
    assert {hit.point.kind for hit in session.hits} <= {Kind.HRSS_BUREAU}
    _do(session, locator, "filter", task="x", person="x", kind="x", limit="11")
    assert (session.state.task, session.state.person, session.state.kind, session.state.limit) == (
        Task.PIN,
        Person.CHILD,
        None,
        10,
    )
    assert session.query.text == JINAN


@pytest.mark.parametrize("trouble", [None, InvalidInput("x", code="x"), RuntimeError("x")])
def test_a_search_that_is_overtaken_leaves_the_newer_question_alone(locator, trouble):
    """Streamlit runs the newer beside the older, whose answer comes first or last."""

    class Overtaken:
        engines = locator.engines

        def find(self, query, now):
            handle(session, Event("ask", {"act": "ask", "text": JINAN}))
            session.run_search(lambda: locator, now)
            if trouble:
                raise trouble
            return locator.find(query, now)

    session = _visit()
    handle(session, Event("ask", {"act": "ask", "text": "那个卖包子的对面"}))
    session.run_search(Overtaken, NOW)
    assert (session.query.text, session.answer.query.text, session.failed) == (JINAN, JINAN, None)
    assert session.state.area == "370104"


def test_a_run_for_the_same_question_waits_for_the_answer_and_asks_nobody_again(locator):
    """A slow service is being asked when the browser repeats what it has not heard of."""
    asked, begun, go_on = [], threading.Event(), threading.Event()

    class Slow:
        engines = locator.engines

        def find(self, query, now):
            asked.append(query.text)
            begun.set()
            assert go_on.wait(60)
            return locator.find(query, now)

    session = _visit()
    handle(session, Event("ask", {"act": "ask", "text": JINAN}))
    runs = [threading.Thread(target=session.run_search, args=(Slow, NOW)) for _ in range(2)]
    runs[0].start()
    assert begun.wait(60)
    runs[1].start()
    runs[1].join(0.3)
    assert runs[1].is_alive() and asked == [JINAN]
    go_on.set()
    for run in runs:
        run.join(60)
    assert asked == [JINAN] and session.hits


def test_a_run_with_an_address_of_before_takes_no_question_back(locator):
    """A run that the map begins comes with the address that the browser knew then."""
    session = _do(_visit(), locator, "ask", text="那个卖包子的对面")
    session.record_url({})
    before = {}
    _do(session, locator, "ask", text=JINAN)
    session.record_url({"area": "370104"})
    session.sync_from_url(before, default_lang="zh", stepped=False)
    assert session.query.text == JINAN and session.answer is not None
    session.sync_from_url({"area": "370104"}, default_lang="zh", stepped=False)
    session.sync_from_url(before, default_lang="zh", stepped=False)
    assert session.query.text == "那个卖包子的对面", "the browser had shown the newer address: this is a step back"


def test_what_got_lost_on_the_way_comes_with_the_next_event_and_each_counts_once(locator):
    """Of two events that reach Streamlit during one run it keeps the later, and it may call them in the wrong order."""
    session = _visit()
    first = {"act": "ask", "text": JINAN, "n": 1}
    second = {"act": "task", "id": "pin", "n": 2}
    third = {"act": "large", "n": 3}
    handle(session, Event("large", {**third, "earlier": [first, second, {"act": 7}, "x", None]}))
    assert (session.query.text, session.state.task, session.state.large, session.heard) == (JINAN, Task.PIN, True, 3)
    handle(session, Event("large", {"act": "large", "n": 4, "earlier": [first, third]}))
    assert (session.state.large, session.heard) == (False, 4)
    handle(session, Event("ask", {"act": "ask", "text": "北京市", "n": 2}))
    assert session.query.text == JINAN, "it was sent before what was heard already"
    handle(session, Event("large", {"act": "large", "earlier": "x"}))
    assert (session.state.large, session.heard) == (True, 4), "an event without a number is taken as it comes"


@pytest.mark.parametrize(("typed", "said"), [("", "写上"), ("\t \n", "写上"), ("字" * 201, "201")])
def test_empty_and_endless_texts_get_a_sentence(locator, typed, said):
    session = _do(_do(_visit(), locator, "ask", text=JINAN), locator, "ask", text=typed)
    assert session.answer is None
    assert said in session.failed
    assert session.state.area is None
    assert session.to_retype, "the same again would fail again: the page offers examples, not another try"
    session = _do(session, locator, "ask", text=JINAN)
    assert session.hits and not session.to_retype, "the next search works"


def test_candidates_are_chosen_by_number(locator):
    session = _do(_visit(), locator, "ask", text="中山")
    assert session.answer.place is None
    labels = [place.label for place in session.answer.candidates]
    session = _do(session, locator, "candidate", id=str(labels.index("广东省中山市")))
    assert session.answer.place.label == "广东省中山市"
    assert session.state.area == "442000"
    for index in ("-1", "99", "x", 0, None, "9" * 6000, "١"):
        before = session.query
        _do(session, locator, "candidate", id=index)
        assert session.query == before


def test_choosing_takes_only_what_is_listed(locator):
    session = _do(_visit(), locator, "ask", text=JINAN)
    second = session.hits[1].point.id
    assert _do(session, locator, "choose", id=second).chosen.point.id == second
    assert _do(session, locator, "choose", id="nobody").chosen.point.id == second
    session = _do(session, locator, "go", id=session.hits[2].point.id)
    assert (session.chosen.rank, session.focus) == (3, "way")
    assert _do(session, locator, "ask", text=JINAN).chosen.rank == 1, "a new search starts at its first"


def test_a_position_is_used_and_not_remembered(locator):
    session = _do(_visit(), locator, "here", lon=116.9731, lat=36.6573, accuracy=40.0)
    assert "我的位置" in session.answer.place.label
    assert session.answer.place.error_m == 40
    assert session.hits[0].distance_m < 2000
    assert "116.9" not in str(session.state)
    for lon, lat in (("x", 1), (float("nan"), 1), (200, 1), (1, 91), (True, 1), (None, None)):
        before = session.query
        _do(session, locator, "pick", lon=lon, lat=lat)
        assert session.query == before


def test_language_mode_and_size_change_in_place(locator):
    session = _do(_visit(), locator, "ask", text=JINAN)
    session = _do(session, locator, "lang", id="en")
    assert session.answer.query.lang == "en"
    assert session.answer.guide["lang"] == "en"
    assert _do(session, locator, "lang", id="xx").state.lang == "en"
    assert _do(session, locator, "mode", id="drive").state.mode == Mode.DRIVE
    assert _do(session, locator, "mode", id="fly").state.mode == Mode.DRIVE
    assert _do(session, locator, "large").state.large


def test_an_address_bar_rebuilds_an_answer_with_the_chosen_point_in_it(locator):
    asked = _do(_visit(), locator, "ask", text=JINAN)
    for hit in asked.hits:
        again = Session(state=replace(asked.state, chosen=hit.point.id))
        again.run_search(lambda: locator, NOW)
        assert again.restored
        assert again.chosen.point.id == hit.point.id
    alone = _visit(chosen=asked.hits[0].point.id)
    alone.run_search(lambda: locator, NOW)
    assert alone.chosen.point.id == asked.hits[0].point.id
    unknown = _visit(area="999999", chosen="nobody")
    unknown.run_search(lambda: locator, NOW)
    assert unknown.answer is None


def test_an_answer_is_made_again_after_a_minute(locator):
    session = _do(_visit(), locator, "ask", text="中山市小榄镇")
    assert session.hits[0].status.state == "open"
    session.run_search(lambda: locator, NOW + timedelta(seconds=STALE_S / 2))
    first = session.answer
    session.run_search(lambda: locator, NOW.replace(hour=12, minute=30))
    assert session.answer is not first
    assert session.hits[0].status.state == "closed"


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
    session = _visit()
    handle(session, Event("ask", {"act": "ask", "text": JINAN}))
    session.run_search(Broken, NOW)
    assert session.answer is None
    assert said in session.failed
    assert "secret" not in session.failed and "Traceback" not in session.failed
    assert "经四路" not in caplog.text
    handle(session, Event("retry", {"act": "retry"}))
    session.run_search(lambda: locator, NOW)
    assert session.hits, "nothing is lost"


@looped("word", CORPUS)
def test_a_hostile_act_changes_nothing_it_should_not(word):
    session = _visit()
    for name in (*HANDLERS, word):
        if name not in ("ask", "page"):
            handle(
                session,
                Event(name, dict.fromkeys(("act", "id", "task", "person", "kind", "lon", "lat", "region"), word)),
            )
    state = replace(session.state, large=False)
    assert state == PageState()


@pytest.mark.parametrize(
    "odd", [10**400, -(10**400), True, float("nan"), float("inf"), "1", [1], None], ids=lambda odd: str(odd)[:5]
)
def test_what_is_no_number_of_a_place_is_passed_over(odd):
    session = _visit()
    for act in ("here", "pick"):
        for place in ({"lon": odd, "lat": 36.0}, {"lon": 117.0, "lat": odd}):
            handle(session, Event(act, {"act": act, "accuracy": odd, **place}))
    assert session.query is None


@pytest.mark.parametrize("value", [None, "x", 3, [], {}, {"act": 3}, {"n": 1}])
def test_what_is_no_act_is_none(value):
    assert read_event(value) is None


@pytest.mark.parametrize("text", ["中山", "那个卖包子的对面", "0,0", "   ", "地" * 300])
def test_what_has_no_place_leaves_none_of_an_earlier_answer_in_the_address(locator, text):
    session = _do(_visit(), locator, "ask", text=JINAN)
    assert session.state.area == "370104"
    _do(session, locator, "ask", text=text)
    assert not session.hits
    assert session.state == PageState(), "a link to this question must not show Jinan"


def test_every_new_try_is_told_again(locator):
    session = _do(_visit(), locator, "ask", text="   ")
    before = session.asked
    _do(session, locator, "retry")
    assert session.asked > before, "the page waits for a new answer"
