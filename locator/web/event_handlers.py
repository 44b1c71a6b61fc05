"""What each event of a panel changes in a session. Values come from a browser, so each is checked before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from locator.datum import Datum
from locator.i18n import LANGS, text
from locator.model import Kind, Person, Place, Precision, Query, Task
from locator.routing.links import LinkMode
from locator.web.session import MAX_REPORT, ORDERS, ROW, say_text_fault
from locator.web.state import LIMITS, parse_state

if TYPE_CHECKING:
    from locator.web.components import Event
    from locator.web.session import Session

PICK_ERROR_M = 50.0
"""How exactly a person points at a map."""


def _read_matter(session: Session, event: Event) -> None:
    """Take what for and for whom."""
    task, person, state = event.text("task"), event.text("person"), session.state
    session.state = state.with_choice(
        task=Task(task) if task in Task else state.task,
        person=Person(person) if person in Person else state.person,
    )


def _read_choices(session: Session, event: Event) -> None:
    """Take the choices of the form."""
    _read_matter(session, event)
    kind, limit, state = event.text("kind"), event.text("limit"), session.state
    session.state = state.with_choice(
        kind=Kind(kind) if kind in Kind else None,
        open_now=event.text("open") == "1",
        limit=int(limit) if limit in map(str, LIMITS) else state.limit,
    )


def _ask(session: Session, event: Event) -> None:
    _read_choices(session, event)
    typed = " ".join(event.text("text").split())
    fault = say_text_fault(typed, session.state.lang)
    if fault:
        session.query, session.answer = None, None
        session.asked += 1
        session.state = session.state.with_choice(area=None, chosen=None)
        session.to_retype, session.failed = True, fault
        return
    datum = event.text("datum")
    session.start(Query(text=typed, datum=Datum(datum) if datum in Datum else Datum.WGS84))


def _filter(session: Session, event: Event) -> None:
    _read_choices(session, event)
    session.renew()


def _start_at(session: Session, event: Event, label: str, error_m: float | None) -> None:
    lon, lat = event.number("lon"), event.number("lat")
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90:
        return
    place = Place(
        label=text(f"page.ask.{label}", session.state.lang),
        lon=lon,
        lat=lat,
        precision=Precision.POINT,
        error_m=error_m,
        source="coordinates",
    )
    session.start(Query(place=place))


def _here(session: Session, event: Event) -> None:
    _read_choices(session, event)
    accuracy = event.number("accuracy")
    _start_at(session, event, "here_label", min(max(accuracy or 0.0, 5.0), 100_000.0))


def _pick(session: Session, event: Event) -> None:
    _start_at(session, event, "picked_label", PICK_ERROR_M)


def _candidate(session: Session, event: Event) -> None:
    index = event.text("id")
    candidates = session.answer.candidates if session.answer else ()
    for number, place in enumerate(candidates):
        if index == str(number):
            session.start(Query(place=place))


def _may_spend(session: Session) -> bool:
    """Tell whether a service elsewhere may be asked for this person now: requests to it are shared by all."""
    if session.take_turn("requests"):
        return True
    session.answer, session.failed = None, text("page.trouble.often", session.state.lang)
    session.asked += 1
    return False


def _online(session: Session, _: Event) -> None:
    """Ask the services elsewhere that the answer offered."""
    if session.query is not None and session.answer is not None and session.answer.may_ask and _may_spend(session):
        session.query, session.answer = replace(session.query, online=True), None
        session.asked += 1


def _live(session: Session, _: Event) -> None:
    """Ask the live source that the answer offered, for the surroundings."""
    if session.answer is not None and session.answer.may_ask_live and _may_spend(session):
        session.live = session.answer.place
        session.asked += 1


def _choose(session: Session, event: Event) -> None:
    if any(hit.point.id == event.text("id") for hit in session.hits):
        session.state = session.state.with_choice(chosen=event.text("id"))


def _go(session: Session, event: Event) -> None:
    _choose(session, event)
    session.way = session.state.chosen
    session.focus = "way"


def _mode(session: Session, event: Event) -> None:
    if event.text("id") in LinkMode:
        session.state = session.state.with_choice(mode=LinkMode(event.text("id")))
        session.way = session.chosen.point.id if session.chosen else None


def _page(session: Session, event: Event) -> None:
    session.go = event.text("id")


def _lang(session: Session, event: Event) -> None:
    if event.text("id") in LANGS:
        session.state = session.state.with_choice(lang=event.text("id"))
        session.failed = None
        session.renew()


def _centers(session: Session, event: Event) -> None:
    kind, city, district = event.text("kind"), event.text("region"), event.text("district")
    within = district if district[:4] == city[:4] else ""
    session.state = session.state.with_choice(
        kind=Kind(kind) if kind in Kind else None,
        region=_read_region(within or city),
        hours=event.text("hours") == "1",
    )
    session.name = " ".join(event.text("name").split())[:60]
    session.sort = event.text("sort") if event.text("sort") in ORDERS else session.sort
    session.page = 0


def _region(session: Session, event: Event) -> None:
    session.state = session.state.with_choice(region=_read_region(event.text("id")))
    session.page, session.focus = 0, "main"


def _read_region(code: str) -> str | None:
    return code if len(code) == 6 and code.isdecimal() else None


def _turn(session: Session, event: Event) -> None:
    session.page += {"1": 1, "-1": -1}.get(event.text("id"), 0)
    session.focus = "main"


def _open(session: Session, event: Event) -> None:
    """Look at a center on the page itself, with those around it."""
    state = parse_state({"id": event.text("id")})
    if state.chosen is not None:
        session.state = session.state.with_choice(area=None, kind=None, chosen=state.chosen)
        session.query, session.answer, session.failed = None, None, None
        session.go, session.focus = "find", "results"


def _guide(session: Session, event: Event) -> None:
    _read_matter(session, event)
    session.state = session.state.with_choice(region=_read_region(event.text("region")))
    session.renew()


def _task(session: Session, event: Event) -> None:
    if event.text("id") in Task:
        session.state = session.state.with_choice(task=Task(event.text("id")))
        session.renew()


def _report(session: Session, event: Event) -> None:
    """Take a report; the view that shows the entry writes it down, and only if it knows the entry."""
    message = event.text("message").strip()
    if message:
        # A line of the guide is chosen with its field: both stand in one option.
        entry, _, field = event.text("id").partition(" ")
        session.report = (entry, event.text("field") or field, message[:MAX_REPORT])
        session.focus = "reported"


def _gone(session: Session, event: Event) -> None:
    """Take "closed or moved", said with one press."""
    session.report = (event.text("id"), ROW, text("page.hit.gone_message", "zh"))
    session.focus = "reported"


def _large(session: Session, _: Event) -> None:
    session.state = session.state.with_choice(large=not session.state.large)


def _retry(session: Session, _: Event) -> None:
    session.failed = None
    session.asked += 1


HANDLERS: Mapping[str, Callable[[Session, Event], None]] = {
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
    "region": _region,
    "turn": _turn,
    "open": _open,
    "guide": _guide,
    "task": _task,
    "report": _report,
    "gone": _gone,
    "online": _online,
    "live": _live,
}
"""The handler of each event, by its name in ``data-act``."""


def handle(session: Session, event: Event) -> None:
    """Apply an event to the session, after those before it that got lost on the way; each once, in their order."""
    for said in (*event.earlier(), event):
        number = said.number("n")
        if number is None or number > session.heard:
            session.heard = session.heard if number is None else int(number)
            _apply(session, said)


def _apply(session: Session, event: Event) -> None:
    """Apply one event; an unknown one changes nothing."""
    handler = HANDLERS.get(event.name)
    if handler is not None:
        session.acted = True
        chosen = session.state.chosen
        handler(session, event)
        if event.text("resumed") == "1":
            # The browser asks again what it asked before a reload: the office chosen then stays chosen.
            session.state = session.state.with_choice(chosen=chosen)
