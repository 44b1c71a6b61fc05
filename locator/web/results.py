"""The result list: an ordered list with headings, the same numbers as on the map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from locator.hours import describe, week_of, week_text
from locator.i18n import choose, text
from locator.model import Answer, Hit, Route, ServicePoint
from locator.outputs.html_document import Markup, hide, join, lang_of, link_out, mark_chinese, tag
from locator.outputs.shapes import GROUPS, group_of, say_hit_distance
from locator.web.send_page import render_sheet
from locator.web.session import MAX_REPORT, is_pinned
from locator.web.state import PageState
from locator.web.translator import OLD_YEARS, Translator, age_years

SIGNS = {"open": "●", "closed": "■", "unknown": "?"}
"""The sign beside a state's words: nothing is told by colour alone."""
ROW = "row"
"""The field of a report about an office: any column of its row."""
SAME_SPOT_M = 1.0
"""Two positions so near are one and the same: the middle of the same township, which says nothing of the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListContext:
    """What every card of one list needs."""

    words: Translator
    state: PageState
    at: datetime
    """The moment open and closed were told at."""
    chosen: str | None
    guide: Mapping[str, Any] | None
    report: Callable[[str], str | None] | None = None
    """Gives the address where an error in a point's row is reported; None where the page takes it itself."""
    reported: str | None = None
    """The point whose error was just reported."""
    ranks: Mapping[str, int]
    """The number of each point in this list, by id."""
    share: str
    """The address that a copied link carries, without the point's id."""
    route: Route | None = None
    """The way to the chosen point, for its print sheet."""


def group_hits(hits: Sequence[Hit], *, open_only: bool = False) -> list[tuple[str, list[Hit]]]:
    """Return the hits under their headings: those of :func:`group_of`, then ``other`` (the other authority)."""
    groups: dict[str, list[Hit]] = {name: [] for name in (*GROUPS, "other")}
    for hit in hits:
        groups["other" if hit.tier != 1 else group_of(hit, open_only=open_only)].append(hit)
    return [(name, found) for name, found in groups.items() if found]


def render_results(answer: Answer, context: ListContext) -> Markup:
    """Return the whole list."""
    open_only = answer.query.open_now or answer.query.open_at is not None
    words, groups = context.words, group_hits(answer.hits, open_only=open_only)
    parts: list[Markup] = []
    near = sum(len(found) for name, found in groups if name in ("yours", "near", "about"))
    heading, first = ("results.heading", near) if near else ("results.heading_region", len(answer.hits))
    parts.append(
        tag(
            "div",
            tag("h2", words(heading, n=first), id="results"),
            tag("p", words("results.by_distance"), class_="soft"),
            tag("a", words("results.map"), href="#map", data_go="map", class_="to-map"),
            class_="results-head",
        )
    )
    for name, found in groups:
        if name != "near" or groups[0][0] == "yours":
            parts.append(tag("h3", words(f"results.{name}"), class_="group"))
            if name not in ("other", "near"):
                parts.append(tag("p", words(f"results.{name}_hint"), class_="soft"))
        cards = [render_hit(hit, context) for hit in found]
        parts.append(tag("ol", *cards, class_="hits", role="list", start=found[0].rank))
    return tag("section", *parts, aria_labelledby="results", class_="results")


def render_hit(hit: Hit, context: ListContext) -> Markup:
    """Return one card: number, name, distance, kind, address, telephone, states, what to bring, actions."""
    point, words = hit.point, context.words
    chosen = context.chosen == point.id
    heading = tag(
        "h4" if hit.tier != 1 or not is_pinned(hit) else "h3",
        hide(f"{hit.rank}. "),
        tag("bdi", point.name, lang="zh-CN"),
    )
    english = tag("p", point.name_en, class_="english", lang="en") if point.name_en else None
    return tag(
        "li",
        tag(
            "div",
            tag("span", hit.rank, class_="number", aria_hidden="true"),
            tag("div", heading, english, class_="name"),
            _render_distance(hit, words),
            class_="hit-head",
        ),
        tag("div", _render_where(point, context), _render_chips(hit, context), class_="hit-body"),
        _render_bring(context) if chosen else None,
        render_actions(hit, context, chosen=chosen),
        _render_details(point, context),
        class_="hit chosen" if chosen else "hit",
        data_card=point.id,
        data_key=point.id,
        value=hit.rank,
        id=f"hit-{hit.rank}",
    )


def _render_distance(hit: Hit, words: Translator) -> Markup:
    distance = say_hit_distance(hit, words.lang)
    if hit.distance_m is not None and hit.distance_m < SAME_SPOT_M and not is_pinned(hit):
        distance = words("hit.same_area")
    if distance is None:
        return tag("p", words("hit.no_distance"), class_="distance soft")
    if not is_pinned(hit) and hit.point.position:
        note = words("hit.level", precision=words.name("precision", hit.point.position))
    elif hit.duration_s is not None:
        note = words.duration(hit.duration_s)
    else:
        note = words("hit.straight")
    return tag("p", tag("b", distance), tag("small", note), class_="distance")


def _render_where(point: ServicePoint, context: ListContext) -> Markup:
    words = context.words
    address = tag("span", point.address, lang="zh-CN") if point.address else words("hit.no_address")
    kind = words.name("kind", point.kind)
    return join(
        tag("p", kind, tag("span", " · ", aria_hidden="true"), address, class_="where"),
        tag("p", *_render_phones(point, context), class_="phones"),
    )


def render_phone(number: str, words: Translator, *, label: str | None = None) -> Markup:
    """Return a telephone link that a screen reader names as one."""
    dialled = "".join(c for c in number if c.isdigit() or c in "+,")
    said = tag("span", f" {label}", class_="soft", lang="zh-CN") if label else None
    return tag(
        "span",
        tag("a", number, href=f"tel:{dialled}", aria_label=words("hit.call", number=number), class_="phone"),
        said,
    )


def _render_phones(point: ServicePoint, context: ListContext) -> Iterable[Markup | str]:
    words = context.words
    if point.phones:
        return [render_phone(phone.number, words, label=phone.label) for phone in point.phones[:4]]
    lines = (context.guide or {}).get("hotlines") or []
    numbers = [str(line["number"]) for line in lines[:1]] or ["12333"]
    return [tag("span", words("hit.no_phone"), " ", class_="soft"), *(render_phone(n, words) for n in numbers)]


def _chip(sign: str, said: str, name: str) -> Markup:
    return tag("li", tag("span", sign, aria_hidden="true", class_="sign"), said, class_=f"chip {name}")


def _render_chips(hit: Hit, context: ListContext) -> Markup:
    """Return the states in words, each with a sign."""
    words, point = context.words, hit.point
    state = hit.status.state if hit.status.state in SIGNS else "unknown"
    chips = [_chip(SIGNS[state], describe(hit.status, context.at, words.lang), state)]
    if hit.can_do is True:
        chips.append(_chip("✓", words("hit.can_do"), "good"))
    if hit.can_do is False:
        chips.append(_chip("!", words("hit.cannot"), "old"))
    if hit.serves_why:
        sign, name = ("✓", "good") if hit.serves_you else ("!", "old")
        chips.append(_chip(sign, text(f"serving.{hit.serves_why}", words.lang), name))
    chips += age_chips(point, words, context.at)
    ranks = [str(context.ranks[other]) for other in hit.same_building if other in context.ranks]
    if ranks:
        chips.append(_chip("=", words("hit.same_building", ranks=words("comma").join(ranks)), "plain"))
    if point.wheelchair:
        chips.append(_chip("♿", words("hit.wheelchair"), "plain"))
    if point.status == "live":
        chips.append(_chip("!", words("hit.live"), "old"))
    return tag("ul", *chips, class_="chips", role="list")


def age_chips(point: ServicePoint, words: Translator, now: datetime) -> list[Markup]:
    """Return how old a row is, who checked it and how sure its source is."""
    source, chips = point.provenance, []
    age = age_years(source.date, now)
    if age is None or source.date is None:
        chips.append(_chip("!", words("hit.age_unknown"), "old"))
    elif age >= OLD_YEARS:
        chips.append(_chip("!", words("hit.age_old", date=words.date(source.date)), "old"))
    else:
        chips.append(
            _chip(
                "!" if age >= 1 else "i", words("hit.age", date=words.date(source.date)), "old" if age >= 1 else "plain"
            )
        )
    if source.verified:
        chips.append(_chip("✓", words("hit.verified", date=words.date(source.verified)), "plain"))
    if source.confidence == "L":
        chips.append(_chip("!", words("hit.confidence_low"), "old"))
    return chips


def _render_bring(context: ListContext) -> Markup | None:
    guide, words = context.guide, context.words
    if not guide:
        return None
    materials = guide.get("materials") or []
    law = guide.get("law") or []
    basis = f"{words('bring.basis')}{law[0]['name']} {law[0]['article']}" if law else None
    link = tag("a", words("bring.more"), href="./guide", data_act="page", data_id="guide")
    return tag(
        "div",
        tag("h4", words("bring")),
        render_materials(materials, words),
        tag("p", basis, " · " if basis else None, link, class_="soft"),
        class_="bring",
        data_key="bring",
    )


def render_materials(materials: Sequence[Mapping[str, Any]], words: Translator) -> Markup:
    """Return the materials as a list, each with whether it is required."""
    if not materials:
        return tag("p", words("bring.none"))
    said = {True: "bring.required", False: "bring.optional", None: "bring.ask"}
    rows = [
        tag(
            "li",
            tag("span", "☐ ", aria_hidden="true"),
            str(item["name"]),
            " ",
            tag("small", words(said[item.get("required")]), class_="need" if item.get("required") else "soft"),
            tag("small", str(item["note"]), class_="soft note") if item.get("note") else None,
        )
        for item in materials
    ]
    return tag("ul", *rows, class_="materials", role="list")


def _render_week(point: ServicePoint, context: ListContext) -> Markup | None:
    """Return the week's hours and the exceptions after it, with a calendar file to keep; None where none are known."""
    words, lines = context.words, week_of(point, context.at, context.words.lang)
    if not lines:
        return None
    rows = [tag("li", row, class_="week-day") for row in week_text(lines, words.lang).split("\n")]
    file = tag("a", words("hit.ics"), href=f"./hours.ics?id={quote(point.id)}&lang={words.lang}")
    return tag("div", tag("p", words("hit.week")), tag("ul", *rows, class_="week", role="list"), tag("p", file))


def _render_details(point: ServicePoint, context: ListContext) -> Markup:
    source, words = point.provenance, context.words
    name = link_out(tag("bdi", source.source, lang=lang_of(source.source)), source.url)
    licence = [" · ", tag("span", source.licence, lang=lang_of(source.licence))] if source.licence else None
    rows = [tag("p", words("hit.source"), name, licence)]
    notes = choose({"zh": point.notes, "en": point.notes_en}, words.lang)
    for key, value in (("services", point.services), ("hours_text", point.hours_text), ("note", notes)):
        if value:
            lang = "en" if value is point.notes_en else lang_of(value)
            rows.append(tag("p", words(f"hit.{key}"), tag("bdi", mark_chinese(value, lang[:2]), lang=lang)))
    return tag(
        "details",
        tag("summary", words("hit.details")),
        _render_week(point, context),
        *rows,
        class_="details",
        data_key="details",
    )


def render_actions(hit: Hit, context: ListContext, *, chosen: bool) -> Markup:
    """Return the buttons of a card; the chosen one has all of them."""
    words, point = context.words, hit.point
    named = hide(" ", tag("span", point.name, lang="zh-CN"))
    parts = [tag("button", words("hit.go"), named, type="button", class_="primary", data_act="go", data_id=point.id)]
    if is_pinned(hit):
        said, pressed = words("hit.chosen" if chosen else "hit.choose"), "true" if chosen else "false"
        parts.append(
            tag("button", said, named, type="button", data_act="choose", data_id=point.id, aria_pressed=pressed)
        )
    if chosen:
        parts.append(_render_share(point.id, context))
        parts.append(render_sheet(context.state, point.id, context.route))
        parts.append(tag("span", class_="shared soft", data_own=True))
        parts.append(_render_report(point.id, context))
    return tag("div", *parts, class_="actions", data_key="actions")


def _render_share(point_id: str, context: ListContext) -> Markup:
    address = f"{context.share}{'&' if '?' in context.share else '?'}id={point_id}"
    done = context.words("hit.shared")
    return tag(
        "button", context.words("hit.share"), type="button", data_do="share", data_address=address, data_done=done
    )


def _render_report(point_id: str, context: ListContext) -> Markup:
    """Return the way to report an error: where the operator says, else a form of the page itself."""
    words = context.words
    address = context.report(point_id) if context.report else None
    if address:
        return tag("a", words("hit.report"), class_="button", href=address, target="_blank", rel="noopener noreferrer")
    if context.reported == point_id:
        return tag("p", words("hit.report_done"), class_="soft reported", id="reported")
    return tag(
        "details",
        tag("summary", words("hit.report")),
        render_report_form(point_id, ROW, words),
        class_="report",
        data_key="report",
    )


def render_report_form(entry_id: str, field: str, words: Translator) -> Markup:
    """Return the form for one sentence about what is wrong."""
    box = tag("textarea", id="report-text", name="message", rows=3, maxlength=MAX_REPORT, required=True)
    return tag(
        "form",
        tag("label", words("hit.report_hint"), for_="report-text"),
        tag("input", type="hidden", name="id", value=entry_id),
        tag("input", type="hidden", name="field", value=field),
        box,
        tag("button", words("hit.report_send"), type="submit"),
        data_act="report",
        aria_label=words("hit.report"),
    )
