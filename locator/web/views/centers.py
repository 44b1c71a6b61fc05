"""The centers on record of a city or of a name: filtered, sorted, as a table, on a map and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from locator.adcode import is_inside
from locator.datum import distance_m
from locator.errors import LocatorError
from locator.hours.telling import describe
from locator.model import Kind, Place, ServicePoint
from locator.outputs.html_document import Markup, button, join, mark_chinese, tag
from locator.outputs.shapes import region_of, say_pinyin
from locator.web import shared
from locator.web.card import SIGNS, render_english, render_phone
from locator.web.components import render_choice, show_panel, show_static_html
from locator.web.map_component import build_overview_map, show_map
from locator.web.session import ORDERS, Session
from locator.web.state import city_of
from locator.wording import Translator

if TYPE_CHECKING:
    from locator.service import Locator

PAGE_ROWS = 20
MAX_ROWS = 2000
"""How many the page lists and draws; the CSV has them all."""


def show_centers(session: Session) -> None:
    """Draw the page of all centers: of a city or of a name, never of everything at once."""
    words = Translator(session.state.lang)
    region = _region_of(session)
    try:
        overview = shared.read_overview(shared.open_locator())
        found = list(islice(_read_points(session), MAX_ROWS + 1)) if region or session.name else []
        districts = _list_districts(region) if region else []
    except LocatorError:
        show_panel("centers", tag("p", words("trouble.data"), class_="notice", id="main"), session)
        return
    points = sort_points(found[:MAX_ROWS], session.sort, _place_of(session))
    pages = max(1, -(-len(points) // PAGE_ROWS))
    session.page = min(max(session.page, 0), pages - 1)
    lang = words.lang
    cities = [(code, shared.name_both(code, name, lang)) for code, name, _ in overview.cities]
    districts = [(code, shared.name_both(code, name, lang)) for code, name in districts]
    chosen = bool(region or session.name)
    head = tag(
        "div",
        tag("h2", words("centers.heading"), id="main", tabindex="-1"),
        tag("p", words("centers.intro", n=overview.total), class_="soft"),
        _render_filters(session, region, cities, districts, words),
        tag("p", _say_count(found, words), role="status") if chosen else None,
        class_="stack",
    )
    show_panel("centers-head", head, session)
    if not chosen:
        show_panel("centers", _render_cities(overview, words), session)
        return
    if not points:
        none = join(tag("p", words("centers.none"), class_="notice"), _render_cities(overview, words))
        show_panel("centers", none, session)
        return
    _show_table(session, found, points, pages)


def _show_table(session: Session, found: Sequence[ServicePoint], points: Sequence[ServicePoint], pages: int) -> None:
    """Draw the rows of this page, the file of all of them, and the map."""
    words = Translator(session.state.lang)
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
    said = [_say_count(found, words)]
    if pages > 1:
        said.append(words("centers.page", page=session.page + 1, pages=pages))
    focus, session.focus = session.focus, None
    page = {"announce": words("comma").join(said), "focus": focus}
    content = join(table, _render_pager(session.page, pages, words))
    show_panel("centers", content, session, page=page)
    show_static_html("map-head", tag("h2", words("centers.map"), id="map", tabindex="-1"))
    show_map(build_overview_map(points, session.state))


def _region_of(session: Session) -> str | None:
    """Return the region to list: the one chosen, else the city of the last answer."""
    return session.state.region or (None if session.name else city_of(session.state.area))


def _place_of(session: Session) -> Place | None:
    place = session.answer.place if session.answer else None
    return place if place and place.lon is not None else None


def _read_points(session: Session) -> Iterator[ServicePoint]:
    """Yield the centers that the filters let through."""
    state, region = session.state, _region_of(session)
    locator = shared.open_locator()
    if not session.name:
        kinds = frozenset({state.kind}) if state.kind else None
        yield from locator.points(region=region, kinds=kinds, hours_known=True if state.hours else None)
        return
    for point in _find_named(locator, session.name):
        fits = (not state.kind or point.kind == state.kind) and (not state.hours or point.hours)
        if fits and (not region or is_inside(point.adcode or "", region)):
            yield point


def _find_named(locator: Locator, name: str) -> Iterator[ServicePoint]:
    """Yield the points whose name holds a text; looked up in the column, not point by point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    layer = locator.engines.store.layer()
    holds = pc.match_substring(layer.table.column("name").cast(pa.string()), name, ignore_case=True)
    for row in pc.indices_nonzero(holds).to_pylist():
        point = layer.point(row)
        if point.status != "vanished":
            yield point


def _list_districts(region: str) -> list[tuple[str, str]]:
    """Return the districts of a region's city that have a center, by adcode."""
    points = shared.open_locator().points(region=city_of(region))
    found = {point.adcode: point.district for point in islice(points, MAX_ROWS) if point.adcode and point.district}
    return sorted((code, name) for code, name in found.items() if not code.endswith("00"))


def sort_points(points: Sequence[ServicePoint], order: str, place: Place | None) -> list[ServicePoint]:
    """Return points by ``name`` (as it is read), ``district``, ``age`` (newest first) or ``distance``."""
    if order == "district":
        return sorted(points, key=lambda point: (point.adcode or "~", say_pinyin(point.name)))
    if order == "age":
        return sorted(points, key=lambda point: point.provenance.date or "", reverse=True)
    if order == "distance" and place is not None:
        exact = [point for point in points if point.pin]
        away = distance_m(
            place.lon or 0.0, place.lat or 0.0, [p.lon or 0.0 for p in exact], [p.lat or 0.0 for p in exact]
        )
        near = [p for _, p in sorted(zip(away, exact, strict=True), key=lambda pair: float(pair[0]))]
        return [*near, *(point for point in points if not point.pin)]
    return sorted(points, key=lambda point: say_pinyin(point.name))


def _write_csv(session: Session) -> str:
    """Return the file of what the filters let through by now, in the list's order."""
    from locator.outputs.exports import points_to_csv

    points = sort_points(list(_read_points(session)), session.sort, _place_of(session))
    return points_to_csv(points, lang=session.state.lang)


def _say_count(found: Sequence[ServicePoint], words: Translator) -> str:
    return words("centers.many", n=MAX_ROWS) if len(found) > MAX_ROWS else words.count("centers.count", len(found))


def _render_cities(overview: shared.Overview, words: Translator) -> Markup:
    """Return the cities to choose from, each with how many are on record there."""
    rows = [
        tag(
            "li",
            button(mark_chinese(f"{said} {count}", words.lang), data_act="region", data_id=code),
        )
        for code, name, count in overview.cities
        for said in (shared.name_both(code, name, words.lang),)
    ]
    return join(tag("h3", words("centers.choose"), id="cities"), tag("ul", *rows, class_="apps", role="list"))


def _render_filters(
    session: Session,
    region: str | None,
    cities: Sequence[tuple[str, str]],
    districts: Sequence[tuple[str, str]],
    words: Translator,
) -> Markup:
    state, city = session.state, city_of(region)
    kinds = [("", words("ask.any_kind")), *((k, words.name("kind", k)) for k in Kind)]
    towns = [("", words("centers.region_choose")), *cities]
    if city and city not in dict(cities):
        division = shared.open_locator().engines.gazetteer.division(city)
        towns.insert(1, (city, shared.name_both(city, division.name, words.lang) if division else city))
    hours = tag(
        "input", type="checkbox", name="hours", value="1", checked=state.hours, data_auto="centers", id="centers-hours"
    )
    name = tag("input", id="centers-name", name="name", type="text", value=session.name or None, maxlength=60)
    orders = [(order, words(f"centers.sort.{order}")) for order in ORDERS if order != "distance" or _place_of(session)]
    chosen = region if region in dict(districts) else ""
    within = render_choice(
        "centers", "district", words("centers.district"), [("", words("centers.district_any")), *districts], chosen
    )
    return tag(
        "form",
        tag("span", tag("label", words("centers.name"), " ", for_="centers-name"), name),
        tag("button", words("ask.submit"), type="submit"),
        render_choice("centers", "region", words("centers.region"), towns, city or ""),
        within if districts else None,
        render_choice("centers", "kind", words("centers.kind"), kinds, state.kind or ""),
        render_choice("centers", "sort", words("centers.sort"), orders, session.sort),
        tag("label", hours, words("centers.hours"), class_="check"),
        class_="filters",
        data_act="centers",
        aria_label=words("centers.filters"),
    )


_COLUMNS = ("kind", "region", "address", "phone", "state", "date")


def _render_table(rows: Sequence[ServicePoint], session: Session, words: Translator, now: datetime) -> Markup:
    """Return the rows; a column that is empty in all of them is left out."""
    cells = [_say_cells(point, words, now) for point in rows]
    columns = [name for name in _COLUMNS if any(row[name] for row in cells)]
    heads = [tag("th", words(f"centers.column.{name}"), scope="col") for name in ("name", *columns)]
    body = [
        _render_row(point, [(name, row[name]) for name in columns], session.state.chosen == point.id, words)
        for point, row in zip(rows, cells, strict=True)
    ]
    caption = tag("caption", words("centers.heading"), class_="sr")
    return tag("table", caption, tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="table centers")


def _say_cells(point: ServicePoint, words: Translator, now: datetime) -> dict[str, Markup | str | None]:
    state = shared.open_locator().state_of(point, now)
    known = state.state in SIGNS and not (state.state == "unknown" and state.reason == "hours_unknown")
    phones = [render_phone(phone.number, words, label=phone.label) for phone in point.phones[:3]]
    sign = tag("span", SIGNS.get(state.state, "?"), aria_hidden="true")
    said = tag("span", sign, f" {describe(state, now, words.lang)}")
    return {
        "kind": words.name("kind", point.kind),
        "region": _chinese(region_of(point)),
        "address": _chinese(point.address),
        "phone": join(*phones) if phones else None,
        "state": said if known else None,
        "date": words.date(point.provenance.date) if point.provenance.date else words("hit.age_unknown"),
    }


def _render_row(
    point: ServicePoint, cells: Sequence[tuple[str, Markup | str | None]], chosen: bool, words: Translator
) -> Markup:
    name = tag("bdi", point.name, lang="zh-CN")
    address = f"./?id={quote(point.id, safe='')}" + (f"&area={point.adcode}" if point.adcode else "")
    return tag(
        "tr",
        tag(
            "th",
            tag("a", name, href=address, data_act="open", data_id=point.id),
            render_english(point, words),
            scope="row",
        ),
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
        button(words("centers.previous"), data_act="turn", data_id="-1", disabled=page == 0),
        tag("span", words("centers.page", page=page + 1, pages=pages)),
        button(words("centers.next"), data_act="turn", data_id="1", disabled=page == pages - 1),
        class_="pager",
        aria_label=words("centers.page", page=page + 1, pages=pages),
    )
