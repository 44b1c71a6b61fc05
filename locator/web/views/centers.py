"""Every center on record, with filters, as a table, on a map and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from urllib.parse import quote

import streamlit as st

from locator.errors import LocatorError
from locator.hours import describe
from locator.model import Kind, ServicePoint
from locator.outputs.html_document import Markup, join, lang_of, tag
from locator.outputs.shapes import region_of
from locator.web import shared
from locator.web.components import show_panel, show_static_html
from locator.web.event_handlers import handle
from locator.web.map_component import build_overview_map, show_map
from locator.web.results import SIGNS, render_phone
from locator.web.session import Session
from locator.wording import Translator

PAGE_ROWS = 50
MAX_ROWS = 2000
"""How many the page lists and draws; the CSV has them all."""


def show_centers(session: Session) -> None:
    """Draw the page of all centers."""
    words, version, on_event = Translator(session.state.lang), shared.version(), partial(handle, session)
    try:
        locator = shared.open_locator()
        found = list(islice(_read_points(session), MAX_ROWS + 1))
        overview = shared.read_overview(locator)
    except LocatorError:
        show_panel("centers", tag("p", words("trouble.data"), class_="notice", id="main"), version=version)
        return
    points = found[:MAX_ROWS]
    pages = max(1, -(-len(points) // PAGE_ROWS))
    session.page = min(max(session.page, 0), pages - 1)
    head = tag(
        "div",
        tag("h2", words("centers.heading"), id="main", tabindex="-1"),
        tag("p", words("centers.intro", n=overview.total), class_="soft"),
        _render_filters(session, [(code, name) for code, name, _ in overview.cities], words),
        tag("p", _say_count(found, words), role="status"),
        class_="stack",
    )
    show_panel("centers-head", head, version=version, on_event=on_event)
    if not points:
        show_panel("centers", tag("p", words("centers.none"), class_="notice"), version=version)
        return
    with st.container(horizontal=True, key="downloads"):
        st.download_button(
            words("down.csv"),
            data=lambda: _write_csv(session),
            file_name=f"{words('down.file')}.csv",
            mime="text/csv",
            on_click="ignore",
            key="down-centers",
        )
    rows = points[session.page * PAGE_ROWS : (session.page + 1) * PAGE_ROWS]
    table = _render_table(rows, session, words, shared.read_clock())
    said = [
        _say_count(found, words),
        *([words("centers.page", page=session.page + 1, pages=pages)] if pages > 1 else []),
    ]
    focus, session.focus = session.focus, None
    page = {"announce": words("comma").join(said), "focus": focus}
    show_panel(
        "centers",
        join(table, _render_pager(session.page, pages, words)),
        version=version,
        on_event=on_event,
        page=page,
    )
    show_static_html("map-head", tag("h2", words("centers.map"), id="map", tabindex="-1"))
    show_map(build_overview_map(points, session.state))


def _read_points(session: Session) -> Sequence[ServicePoint]:
    state = session.state
    kinds = frozenset({state.kind}) if state.kind else None
    return shared.open_locator().points(region=state.region, kinds=kinds, hours_known=True if state.hours else None)  # type: ignore[return-value]


def _write_csv(session: Session) -> str:
    from locator.outputs.exports import points_to_csv

    return points_to_csv(_read_points(session), lang=session.state.lang)


def _say_count(found: Sequence[ServicePoint], words: Translator) -> str:
    return words("centers.many", n=MAX_ROWS) if len(found) > MAX_ROWS else words("centers.count", n=len(found))


def _render_filters(session: Session, cities: Sequence[tuple[str, str]], words: Translator) -> Markup:
    state = session.state
    kinds = [("", words("ask.any_kind")), *((k, words.name("kind", k)) for k in Kind)]
    regions = [("", words("centers.region_any")), *cities]
    if state.region and state.region not in dict(cities):
        division = shared.open_locator().engines.gazetteer.division(state.region)
        regions.insert(1, (state.region, division.name if division else state.region))
    hours = tag(
        "input", type="checkbox", name="hours", value="1", checked=state.hours, data_auto="centers", id="centers-hours"
    )
    return tag(
        "form",
        _choice("kind", words("centers.kind"), kinds, state.kind or ""),
        _choice("region", words("centers.region"), regions, state.region or ""),
        tag("label", hours, words("centers.hours"), class_="check"),
        class_="filters",
        data_act="centers",
        aria_label=words("centers.filters"),
    )


def _choice(name: str, said: str, options: Sequence[tuple[str, str]], chosen: str) -> Markup:
    rows = [
        tag("option", label, value=value, selected=value == chosen, lang=lang_of(label)) for value, label in options
    ]
    return tag(
        "span",
        tag("label", said, " ", for_=f"centers-{name}"),
        tag("select", *rows, id=f"centers-{name}", name=name, data_auto="centers"),
    )


_COLUMNS = ("name", "kind", "region", "address", "phone", "state", "date")


def _render_table(rows: Sequence[ServicePoint], session: Session, words: Translator, now: datetime) -> Markup:
    heads = [tag("th", words(f"centers.column.{name}"), scope="col") for name in _COLUMNS]
    body = [_render_row(point, session.state.chosen == point.id, words, now) for point in rows]
    caption = tag("caption", words("centers.heading"), class_="sr")
    return tag("table", caption, tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="table centers")


def _render_row(point: ServicePoint, chosen: bool, words: Translator, now: datetime) -> Markup:
    state = shared.open_locator().state_of(point, now)
    said = state.state if state.state in SIGNS else "unknown"
    phones = [render_phone(phone.number, words, label=phone.label) for phone in point.phones[:3]]
    date = words.date(point.provenance.date) if point.provenance.date else words("hit.age_unknown")
    name = tag("bdi", point.name, lang="zh-CN")
    address = f"./?id={quote(point.id, safe='')}" + (f"&area={point.adcode}" if point.adcode else "")
    cells = [
        ("kind", words.name("kind", point.kind)),
        ("region", _chinese(region_of(point))),
        ("address", _chinese(point.address)),
        ("phone", join(*phones)),
        ("state", tag("span", tag("span", SIGNS[said], aria_hidden="true"), f" {describe(state, now, words.lang)}")),
        ("date", date),
    ]
    return tag(
        "tr",
        tag("th", tag("a", name, href=address, data_act="open", data_id=point.id), scope="row"),
        *(tag("td", content, data_label=words(f"centers.column.{column}")) for column, content in cells),
        class_="chosen" if chosen else None,
        data_key=point.id,
        data_card=point.id,
    )


def _chinese(value: str | None) -> Markup | None:
    return tag("span", value, lang="zh-CN") if value else None


def _render_pager(page: int, pages: int, words: Translator) -> Markup | None:
    if pages == 1:
        return None
    return tag(
        "nav",
        tag("button", words("centers.previous"), type="button", data_act="turn", data_id="-1", disabled=page == 0),
        tag("span", words("centers.page", page=page + 1, pages=pages)),
        tag("button", words("centers.next"), type="button", data_act="turn", data_id="1", disabled=page == pages - 1),
        class_="pager",
        aria_label=words("centers.page", page=page + 1, pages=pages),
    )
