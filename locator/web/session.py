"""One person's session: what was asked, what came back, and what each event changes. No Streamlit in here."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from locator.adcode import level_of
from locator.errors import DataError, InvalidInput, LocatorError, NotFound, ServiceError
from locator.i18n import explain, text
from locator.ingest.corrections import write_correction
from locator.model import Answer, Hit, Place, Precision, Query
from locator.web.state import PageState, parse_state

if TYPE_CHECKING:
    from locator.service import Locator
    from locator.settings import Settings

log = logging.getLogger(__name__)
MAX_TEXT = 200
"""How many characters an address may have."""
MAX_REPORT = 500
"""How many characters a report of an error may have."""
ROW = "row"
"""The field of a report about an office: any column of its row."""
ORDERS = ("name", "district", "age", "distance")
"""What the list of centers can be sorted by."""
MAX_SEEN = 20
"""How many steps back a session remembers exactly; a step back beyond them leads to the county."""
SAME_S = 30.0
"""So long a run waits for one that is finding the same already."""
STALE_S = 60.0
"""After this an answer is made again before it is shown: offices open and close."""


@dataclass(kw_only=True)
class Session:
    """The session's memory. Only ``state`` goes into the address bar."""

    state: PageState
    query: Query | None = None
    answer: Answer | None = None
    answered_at: datetime | None = None
    restored: bool = False
    """The place came from the address bar: no more exact than its adcode."""
    key: str = field(default_factory=lambda: secrets.token_hex(4))
    """Tells a browser whether it speaks to the session it spoke to before; opens nothing."""
    failed: str | None = None
    """A sentence in place of an answer."""
    to_retype: bool = False
    """Nothing was typed, or what cannot be searched for: the same again would fail again."""
    go: str | None = None
    """The view to switch to."""
    focus: str | None = None
    """The element that gets the focus once the next run is drawn."""
    report: tuple[str, str, str] | None = None
    """The id of a point or a line of the guide, its field, and what is wrong with it, to be written down."""
    reported: str | None = None
    """The point or line whose error was reported."""
    report_kept: bool = True
    """Whether that report was written down."""
    heard: int = 0
    """The number of the last event that the browser sent and that was taken."""
    take_turn: Callable[[str], bool] = lambda _what: True
    """Counts what costs the operator (``requests`` or ``reports``) and tells whether this person may do it now."""
    way: str | None = None
    """The point whose way the person asked for: an engine elsewhere is asked only then."""
    live: Place | None = None
    """The place whose surroundings the person asked the live source for."""
    page: int = 0
    """The page of the list of centers."""
    name: str = ""
    """On the list of centers: what their names hold."""
    sort: str = "name"
    """The order of the list of centers, one of :data:`ORDERS`."""
    address: Mapping[str, str] | None = None
    """What the page last wrote into the address bar."""
    arrived: bool = False
    """The browser has said that it shows that address."""
    acted: bool = False
    """The person did something since: the address bar is behind the state, not ahead of it."""
    seen: dict[tuple[tuple[str, str], ...], tuple[Query, bool]] = field(default_factory=dict)
    """What was asked under each address, and whether it came from one: a step back finds the exact question."""
    runs: int = 0
    """How often the whole page with the form was drawn."""
    asked: int = field(default=0)
    """How many searches there were: announced again even when the words are the same."""
    finding: tuple[int, threading.Event] | None = None
    """The search that was begun last, by its number, and whether it has ended."""

    # --- the address bar

    def sync_from_url(self, params: Mapping[str, str], *, default_lang: str, stepped: bool = True) -> None:
        """Go where the address bar says, when the person went there (a step back) and not the page.

        A run that no event began, and that no step back began (``stepped``), may come with an address of before: the
        browser has not heard of the newer one yet.
        """
        if self.address is None or dict(params) == self.address:
            self.arrived = True
            return
        if self.acted or not (stepped or self.arrived):
            return
        before, self.state = self.state, parse_state(params, default_lang=default_lang)
        self.failed = None
        query, restored = self.seen.get(_key_of(params), (None, False))
        if query is None and self.state.area == before.area:
            query, restored = self.query, self.restored
        wanted = _with_choices(query, self.state) if query else None
        if wanted is None or wanted != self.query:
            self.answer = None
            self.asked += 1
        self.query, self.restored = wanted, restored

    def record_url(self, params: Mapping[str, str]) -> None:
        """Note what the page writes into the address bar, and the question that stands behind it."""
        self.arrived = self.arrived and dict(params) == self.address
        self.address, self.acted = dict(params), False
        key = _key_of(params)
        self.seen.pop(key, None)
        if self.query is not None:
            self.seen[key] = (self.query, self.restored)
        while len(self.seen) > MAX_SEEN:
            del self.seen[next(iter(self.seen))]

    # --- the question

    def renew(self) -> None:
        """Ask again with the state's choices."""
        if self.query is not None:
            self.query = _with_choices(self.query, self.state)
            self.answer = None
            self.asked += 1

    def start(self, query: Query, *, restored: bool = False) -> None:
        """Ask something new."""
        self.query = _with_choices(query, self.state)
        self.answer, self.failed, self.restored, self.to_retype = None, None, restored, False
        self.asked += 1
        if not restored:
            # What is not understood, or could be several places, leaves no place in the address.
            self.state = self.state.with_choice(area=None, chosen=None)

    @property
    def run(self) -> str:
        """The name of the run that drew the whole page last, unlike that of any other session."""
        return f"{self.key} {self.runs}"

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The answer's hits."""
        return self.answer.hits if self.answer else ()

    @property
    def chosen(self) -> Hit | None:
        """The hit that is shown in full: the chosen one, else the first."""
        by_id = {hit.point.id: hit for hit in self.hits}
        if self.state.chosen in by_id:
            return by_id[self.state.chosen]
        return self.hits[0] if self.hits else None

    def restore(self, locator: Locator) -> None:
        """Build the question that the address bar stands for, when nothing was asked yet."""
        if self.query is not None or self.failed or not (self.state.area or self.state.chosen):
            return
        place = place_of_area(locator, self.state.area) if self.state.area else None
        if place is None and self.state.chosen:
            place = place_of_point(locator, self.state.chosen)
        if place is not None:
            self.start(Query(place=place), restored=True)

    def _find(self, locator: Locator, query: Query, now: datetime) -> Answer:
        """Return the answer; a chosen point that the address bar names is in it, or the place moves to that point."""
        answer = locator.find(query, now)
        chosen = self.state.chosen
        if not self.restored or chosen is None or any(hit.point.id == chosen for hit in answer.hits):
            return answer
        place = place_of_point(locator, chosen)
        if place is None:
            return answer
        self.query = replace(query, place=place)
        return locator.find(self.query, now)

    def run_search(self, locator: Callable[[], Locator], now: datetime) -> None:
        """Make the answer, if there is a question and the answer is missing or old. Never raises.

        Streamlit begins a new run beside the old one, which goes on to its next drawing: what was asked meanwhile is
        the new run's, and the old run's answer is thrown away. Where both are for the same question, the new run waits
        for the old one's answer: no service is asked twice.
        """
        if self.finding and self.finding[0] == self.asked:
            self.finding[1].wait(SAME_S)
        ended = threading.Event()
        self.finding = (self.asked, ended)
        try:
            self._search(locator, now)
        finally:
            ended.set()

    def _search(self, locator: Callable[[], Locator], now: datetime) -> None:
        lang, asked, retype = self.state.lang, self.asked, self.to_retype
        answer: Answer | None = None
        failed: str | None = None
        try:
            self.restore(locator())
            asked = self.asked
            if self.live is not None:
                place, self.live = self.live, None
                locator().ask_surroundings(place)
                self.answer = None
            if self.query is None or not self._is_stale(now):
                return
            answer = self._find(locator(), self.query, now)
        except (InvalidInput, NotFound) as error:
            failed, retype = explain(error, lang), True
        except (DataError, ServiceError, LocatorError) as error:
            log.warning("a search failed: %s", error.code)
            failed = text(f"page.trouble.{'service' if isinstance(error, ServiceError) else 'data'}", lang)
        except Exception as error:  # the border to the person: one sentence, never a stack trace
            # Only the kind of error is logged: its message may hold what was typed.
            log.error("a search broke: %s", type(error).__name__)
            failed = text("page.trouble.data", lang)
        if self.asked != asked:
            return
        self.answer, self.failed, self.to_retype = answer, failed, retype
        self.answered_at = now if answer else self.answered_at
        if self.answer and self.answer.place:
            nearest = next((hit.point.adcode for hit in self.answer.hits if hit.point.adcode), None)
            self.state = self.state.with_choice(area=self.answer.place.adcode or nearest)

    def _is_stale(self, now: datetime) -> bool:
        if self.answer is None or self.answered_at is None:
            return self.failed is None
        return abs((now - self.answered_at).total_seconds()) > STALE_S


def _key_of(params: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(params.items()))


def say_text_fault(typed: str, lang: str) -> str | None:
    """Return what is wrong with a text that is empty or too long; None where nothing is."""
    if typed and len(typed) <= MAX_TEXT:
        return None
    code = "too_long" if typed else "empty"
    return text(f"page.ask.{code}", lang, n=len(typed), example=text("page.example1", lang))


def _with_choices(query: Query, state: PageState) -> Query:
    return replace(
        query,
        task=state.task,
        person=state.person,
        kinds=frozenset({state.kind}) if state.kind else None,
        open_now=state.open_now,
        limit=state.limit,
        lang=state.lang,
    )


def place_of_area(locator: Locator, adcode: str) -> Place | None:
    """Return a division as a place, or None when there is no such division or no position of it."""
    division = locator.engines.gazetteer.division(adcode)
    if division is None or division.lon is None or division.lat is None:
        return None
    precision = Precision(level_of(adcode))
    return Place(
        label=division.name, lon=division.lon, lat=division.lat, precision=precision, source="gazetteer", adcode=adcode
    )


def place_of_point(locator: Locator, point_id: str) -> Place | None:
    """Return a point as a place, or its county when its position is not known; None when neither is."""
    try:
        point = locator.point(point_id)
    except LocatorError:
        return None
    if point.lon_lat is None or point.position is None:
        return place_of_area(locator, point.adcode) if point.adcode else None
    return Place(
        label=point.name,
        lon=point.lon,
        lat=point.lat,
        precision=point.position,
        error_m=point.error_m,
        source="points",
        adcode=point.adcode,
    )


def keep_report(session: Session, settings: Settings, now: datetime, known: Container[str]) -> None:
    """Write down what a person reported about one of the ``known`` entries, if anything."""
    if session.report is None:
        return
    (entry_id, field, message), session.report = session.report, None
    if entry_id not in known:
        return
    session.reported, session.report_kept = entry_id, False
    if not session.take_turn("reports"):
        log.warning("a report was not kept: too many from one client")
        return
    try:
        write_correction(settings, entry_id=entry_id, field=field, message=message, now=now)
    except LocatorError as error:
        log.warning("a report was not kept: %s", error.code)
        return
    session.report_kept = True
