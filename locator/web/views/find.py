"""The page itself: ask, understand, list, map, way, downloads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

import streamlit as st

from locator.errors import LocatorError
from locator.ingest.corrections import report_link
from locator.model import EXACT, Answer, Hit, Mode
from locator.outputs.folium_map import MapData, shape_map_data
from locator.outputs.html_document import Markup, button, join, tag
from locator.outputs.shapes import say_notice
from locator.routing.links import LinkMode
from locator.routing.narrative import find_arrival, say_arrival
from locator.routing.route import Route
from locator.routing.router import straight_line
from locator.web import shared
from locator.web.answer import MAX_CANDIDATES, render_fallback, render_results, render_understood
from locator.web.ask_form import render_ask, render_examples, render_welcome
from locator.web.card import ListContext
from locator.web.components import show_panel, show_static_html
from locator.web.map_component import build_map_data, show_map
from locator.web.session import ROW, Session, keep_report
from locator.web.way import is_start_too_coarse, render_way
from locator.wording import Translator

log = logging.getLogger(__name__)


class AnswerParts(NamedTuple):
    """What the page shows of one answer."""

    panels: Mapping[str, Markup]
    """The HTML of each panel that the page has for it, by name; an empty one where it has nothing to say."""
    scene: MapData | None
    """What the map shows; None where the page has no map."""
    page: Mapping[str, str | int | None]


def show_find(session: Session) -> None:
    """Draw the page."""
    words, now = Translator(session.state.lang), shared.read_clock()
    show_panel("ask", render_ask(session.state), session)
    session.run_search(shared.open_locator, now)
    session.runs += 1
    frame = _frame_of(session)
    parts = _finish(session, now)
    others = {"run": session.run}
    if "understood" in parts.panels:
        show_panel("understood", parts.panels["understood"], session, page=others)
    if not session.hits:
        _show_results(session, frame, [parts])
        return
    left, right = st.columns([10, 11], gap="medium")
    with left:
        _show_results(session, frame, [parts])
    with right:
        show_static_html("map-head", _render_map_head(words))
        show_map(None)
        show_static_html("tiles", tag("p", shared.tiles_sentence(words), class_="soft tiles"))
        show_panel("way", parts.panels["way"], session, page=others)
    show_downloads(session, words)
    if parts.panels["fallback"]:
        show_panel("fallback", parts.panels["fallback"], session, page=others)


def _frame_of(session: Session) -> tuple[str, bool]:
    """Return which panels the page has for what there is.

    Those of a list, of an answer without one, or of neither; and whether what helps elsewhere stands beside the list.
    """
    beside = session.answer is not None and bool(session.hits) and session.answer.fallback is not None
    return "hits" if session.hits else "answer" if session.answer else "none", beside


@st.fragment
def _show_results(session: Session, frame: tuple[str, bool], drawn: list[AnswerParts]) -> None:
    """Draw the list. A search or a choice runs only this, and it brings what the other panels and the map show by then.

    Parameters
    ----------
    frame
        What the page around it was drawn for (:func:`_frame_of`); for anything else the whole page is drawn again.
    drawn
        What the whole page's own run has made, to be drawn once.
    """
    brought: dict[str, Markup] = {}
    if drawn:
        parts = drawn.pop()
    else:
        now = shared.read_clock()
        if not session.go:
            session.run_search(shared.open_locator, now)
        if session.go or _frame_of(session) not in (frame, (frame[0], False)):
            st.rerun()
        parts = _finish(session, now)
        brought = {name: html for name, html in parts.panels.items() if name != "results"}
    scene = shape_map_data(parts.scene, shared.read_tiles().datum) if parts.scene else None
    more = {"panels": brought, "scene": scene}
    show_panel("results", parts.panels["results"], session, page=parts.page, more=more)


def _finish(session: Session, now: datetime) -> AnswerParts:
    """Write the address and the report down, and return what the page shows."""
    shared.write_address(session)
    focus, session.focus = session.focus, None
    keep_report(session, shared.read_settings(), now, {hit.point.id for hit in session.hits})
    words, answer = Translator(session.state.lang), session.answer
    page: dict[str, str | int | None] = {
        "announce": _say_outcome(session, words),
        "focus": focus,
        "serial": session.asked,
        "session": session.key,
        "answered": int(answer is not None and answer.place is not None),
        "run": session.run,
        "framed": int(bool(session.hits)),
        "heard": session.heard,
    }
    if answer is None:
        content = render_welcome(words) if session.failed is None else _render_trouble(session, words)
        return AnswerParts({"results": content}, None, page)
    understood = render_understood(answer, session.state, restored=session.restored)
    nothing = None
    if answer.fallback:
        exact = answer.place is not None and answer.place.precision in EXACT
        nothing = render_fallback(answer.fallback, words, exact=exact, beside_hits=bool(answer.hits))
    elif answer.place is None and not answer.candidates:
        nothing = tag("div", render_examples(words), class_="welcome")
    if not answer.hits:
        return AnswerParts({"understood": understood, "results": tag("div", nothing, id="results")}, None, page)
    chosen = session.chosen
    route, failed, asks = _find_route(session, answer, chosen)
    panels = {
        "understood": understood,
        "results": render_results(answer, _describe_list(session, answer, now, route)),
        "way": _render_way(session, answer, chosen, route, failed=failed, asks=asks, now=now) if chosen else join(),
        "fallback": nothing or join(),
    }
    scene = build_map_data(answer.place, answer.hits, chosen=chosen, route=route, state=session.state, at=now)
    return AnswerParts(panels, scene, page)


def _describe_list(session: Session, answer: Answer, now: datetime, route: Route | None) -> ListContext:
    settings, chosen = shared.read_settings(), session.chosen
    return ListContext(
        words=Translator(session.state.lang),
        state=session.state,
        at=now,
        chosen=chosen.point.id if chosen else None,
        guide=answer.guide,
        report=partial(report_link, settings, field=ROW),
        reported=session.reported,
        report_kept=session.report_kept,
        ranks={hit.point.id: hit.rank for hit in answer.hits},
        public_url=settings.public_url,
        route=route,
        clock=shared.open_locator().engines.clock,
    )


def _render_way(
    session: Session, answer: Answer, chosen: Hit, route: Route | None, *, failed: bool, asks: str | None, now: datetime
) -> Markup:
    """Return the way to the chosen office, or how else to get there."""
    words, mode = Translator(session.state.lang), session.state.mode
    return render_way(
        chosen,
        route,
        shared.open_locator().links(None, chosen.point, mode, session.state.lang),
        words,
        mode=mode,
        origin=answer.place,
        failed=failed,
        arrival=_say_arrival(chosen, route, now, words.lang),
        asks=asks,
    )


def _find_route(session: Session, answer: Answer, chosen: Hit | None) -> tuple[Route | None, bool, str | None]:
    """Return the way from the place to the chosen point, whether the engine failed, and whom it would ask.

    An engine elsewhere gets the two positions only once the person asked for the way to this point. There is
    no way by bus: only the apps know the lines; and none from a start that is less exact than the way is long.
    """
    place, lang = answer.place, answer.query.lang
    origin, target = place.lon_lat if place else None, chosen.point.pin if chosen else None
    if chosen is None or place is None or origin is None or target is None:
        return None, False, None
    if session.state.mode == LinkMode.BUS or is_start_too_coarse(place, chosen.point):
        return None, False, None
    mode, locator = Mode(session.state.mode), shared.open_locator()
    asks = locator.engines.router.sent_to if locator.engines.router else None
    if asks and session.way != chosen.point.id:
        return straight_line(origin, target, mode, lang), False, asks
    try:
        return locator.route(origin, target, mode, lang), False, asks
    except LocatorError:
        return straight_line(origin, target, mode, lang), True, asks


def _say_arrival(chosen: Hit, route: Route | None, now: datetime, lang: str) -> str | None:
    """Return when the person gets there and whether it is open then, where both are known."""
    if route is None or chosen.point.hours is None:
        return None
    state_of = partial(shared.open_locator().state_of, chosen.point)
    arrival = find_arrival(route, now, state_of, timezone=chosen.point.timezone)
    return say_arrival(arrival, lang) if arrival else None


def _render_map_head(words: Translator) -> Markup:
    return tag(
        "div",
        tag("h2", words("map.heading"), id="map", tabindex="-1"),
        button("×", data_do="close", class_="close", aria_label=words("way.close")),
        tag("a", words("map.skip"), href="#way", data_go="way", class_="skip-map"),
        class_="map-head",
    )


def _render_trouble(session: Session, words: Translator) -> Markup:
    """Return what went wrong; what has to be typed anew gets the examples, anything else a second try."""
    again = button(words("trouble.retry"), data_act="retry")
    return tag(
        "section",
        tag("p", session.failed, class_="notice", id="results"),
        render_examples(words) if session.to_retype else again,
        class_="trouble",
    )


def _say_outcome(session: Session, words: Translator) -> str:
    """Return what a screen reader hears once the answer is there."""
    answer = session.answer
    if answer is None:
        return f"{session.failed}\0{session.asked}" if session.failed else ""
    if answer.hits:
        said = words.count("results.announce", len(answer.hits), name=answer.hits[0].point.name)
    elif answer.candidates and answer.place is None:
        said = words("results.announce_which", n=min(len(answer.candidates), MAX_CANDIDATES))
    else:
        said = " ".join(say_notice(notice, words.lang) for notice in answer.notices) or words("results.announce_none")
    return f"{said}\0{session.asked}"


def show_downloads(session: Session, words: Translator) -> None:
    """Draw the buttons; a file is made when its button is pressed, and the page does not run again."""
    from locator.outputs.answer_files import hits_to_geojson, hits_to_kml, hits_to_spreadsheet

    def make(write: Callable[..., bytes | str]) -> bytes | str:
        """Return the file of the list as it stands now: a search draws no new buttons."""
        now, clock = session.answered_at or shared.read_clock(), shared.open_locator().engines.clock
        return write(session.hits, at=now, lang=words.lang, clock=clock)

    show_static_html("down-head", tag("h2", words("down.heading")))
    with st.container(horizontal=True, key="downloads"):
        for form, write, mime in (
            ("csv", hits_to_spreadsheet, "text/csv"),
            ("geojson", hits_to_geojson, "application/geo+json"),
            ("kml", hits_to_kml, "application/vnd.google-earth.kml+xml"),
        ):
            st.download_button(
                words(f"down.{form}"),
                data=partial(make, write),
                file_name=f"{words('down.file')}.{form}",
                mime=mime,
                on_click="ignore",
                key=f"down-{form}",
            )
    show_static_html("down-note", tag("p", words("down.privacy"), class_="soft"))
