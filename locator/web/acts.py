"""What each act of a panel changes in a visit. Values come from a browser: each is read through a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from locator.datum import Datum
from locator.i18n import LANGS, text
from locator.model import Kind, Person, Place, Precision, Query, Task
from locator.routing import LinkMode
from locator.web.ask import MAX_TEXT
from locator.web.reports import MAX_REPORT
from locator.web.state import LIMITS, parse_state

if TYPE_CHECKING:
    from locator.web.components import Act
    from locator.web.visit import Visit

PICK_ERROR_M = 50.0
"""How exactly a person points at a map."""


def _read_matter(visit: Visit, act: Act) -> None:
    """Take what for and for whom."""
    task, person, state = act.text("task"), act.text("person"), visit.state
    visit.state = state.with_choice(
        task=Task(task) if task in Task else state.task,
        person=Person(person) if person in Person else state.person,
    )


def _read_choices(visit: Visit, act: Act) -> None:
    """Take the choices of the form."""
    _read_matter(visit, act)
    kind, limit, state = act.text("kind"), act.text("limit"), visit.state
    visit.state = state.with_choice(
        kind=Kind(kind) if kind in Kind else None,
        open_now=act.text("open") == "1",
        limit=int(limit) if limit in map(str, LIMITS) else state.limit,
    )


def _ask(visit: Visit, act: Act) -> None:
    _read_choices(visit, act)
    typed = " ".join(act.text("text").split())
    if not typed or len(typed) > MAX_TEXT:
        visit.query, visit.answer = None, None
        visit.asked += 1
        visit.state = visit.state.with_choice(area=None, chosen=None)
        code = "too_long" if typed else "empty"
        visit.failed = text(f"page.ask.{code}", visit.state.lang, n=len(typed), example=text("page.example1", "zh"))
        return
    datum = act.text("datum")
    visit.start(Query(text=typed, datum=Datum(datum) if datum in Datum else Datum.WGS84))


def _filter(visit: Visit, act: Act) -> None:
    _read_choices(visit, act)
    visit.renew()


def _start_at(visit: Visit, act: Act, label: str, error_m: float | None) -> None:
    lon, lat = act.number("lon"), act.number("lat")
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90:
        return
    place = Place(
        label=text(f"page.ask.{label}", visit.state.lang),
        lon=lon,
        lat=lat,
        precision=Precision.POINT,
        error_m=error_m,
        source="coordinates",
    )
    visit.start(Query(place=place))


def _here(visit: Visit, act: Act) -> None:
    _read_choices(visit, act)
    accuracy = act.number("accuracy")
    _start_at(visit, act, "here_label", min(max(accuracy or 0.0, 5.0), 100_000.0))


def _pick(visit: Visit, act: Act) -> None:
    _start_at(visit, act, "picked_label", PICK_ERROR_M)


def _candidate(visit: Visit, act: Act) -> None:
    index = act.text("id")
    candidates = visit.answer.candidates if visit.answer else ()
    if index.isdecimal() and int(index) < len(candidates):
        visit.start(Query(place=candidates[int(index)]))


def _online(visit: Visit, _: Act) -> None:
    """Ask the services elsewhere that the answer offered."""
    if visit.query is not None and visit.answer is not None and visit.answer.may_ask:
        visit.query, visit.answer = replace(visit.query, online=True), None
        visit.asked += 1


def _live(visit: Visit, _: Act) -> None:
    """Ask the live source that the answer offered, for the surroundings."""
    if visit.answer is not None and visit.answer.may_ask_live:
        visit.live = visit.answer.place
        visit.asked += 1


def _choose(visit: Visit, act: Act) -> None:
    if any(hit.point.id == act.text("id") for hit in visit.hits):
        visit.state = visit.state.with_choice(chosen=act.text("id"))


def _go(visit: Visit, act: Act) -> None:
    _choose(visit, act)
    visit.way = visit.state.chosen
    visit.focus = "way"


def _mode(visit: Visit, act: Act) -> None:
    if act.text("id") in LinkMode:
        visit.state = visit.state.with_choice(mode=LinkMode(act.text("id")))
        visit.way = visit.chosen.point.id if visit.chosen else None


def _page(visit: Visit, act: Act) -> None:
    visit.go = act.text("id")


def _lang(visit: Visit, act: Act) -> None:
    if act.text("id") in LANGS:
        visit.state = visit.state.with_choice(lang=act.text("id"))
        visit.failed = None
        visit.renew()


def _centers(visit: Visit, act: Act) -> None:
    kind, region = act.text("kind"), act.text("region")
    visit.state = visit.state.with_choice(
        kind=Kind(kind) if kind in Kind else None,
        region=region if len(region) == 6 and region.isdecimal() else None,
        hours=act.text("hours") == "1",
    )
    visit.page = 0


def _turn(visit: Visit, act: Act) -> None:
    visit.page += {"1": 1, "-1": -1}.get(act.text("id"), 0)
    visit.focus = "main"


def _open(visit: Visit, act: Act) -> None:
    """Look at a center on the page itself, with those around it."""
    state = parse_state({"id": act.text("id")})
    if state.chosen is not None:
        visit.state = visit.state.with_choice(area=None, kind=None, chosen=state.chosen)
        visit.query, visit.answer, visit.failed = None, None, None
        visit.go, visit.focus = "find", "results"


def _guide(visit: Visit, act: Act) -> None:
    _read_matter(visit, act)
    region = act.text("region")
    visit.state = visit.state.with_choice(region=region if len(region) == 6 and region.isdecimal() else None)
    visit.renew()


def _task(visit: Visit, act: Act) -> None:
    if act.text("id") in Task:
        visit.state = visit.state.with_choice(task=Task(act.text("id")))
        visit.renew()


def _report(visit: Visit, act: Act) -> None:
    """Take a report; the view that shows the entry writes it down, and only if it knows the entry."""
    message = act.text("message").strip()
    if message:
        visit.report = (act.text("id"), act.text("field"), message[:MAX_REPORT])
        visit.focus = "reported"


def _report_open(visit: Visit, act: Act) -> None:
    """Open the form of one line of the guide, or close it."""
    visit.reporting = None if visit.reporting == act.text("id") else act.text("id")
    visit.focus = "report-text" if visit.reporting else None


def _large(visit: Visit, _: Act) -> None:
    visit.state = visit.state.with_choice(large=not visit.state.large)


def _retry(visit: Visit, _: Act) -> None:
    visit.failed = None
    visit.asked += 1


HANDLERS: Mapping[str, Callable[[Visit, Act], None]] = {
    "ask": _ask,
    "filter": _filter,
    "here": _here,
    "pick": _pick,
    "candidate": _candidate,
    "choose": _choose,
    "go": _go,
    "mode": _mode,
    "page": _page,
    "lang": _lang,
    "large": _large,
    "retry": _retry,
    "centers": _centers,
    "turn": _turn,
    "open": _open,
    "guide": _guide,
    "task": _task,
    "report": _report,
    "report-open": _report_open,
    "online": _online,
    "live": _live,
}
"""What each act does, by its name in ``data-act``."""
