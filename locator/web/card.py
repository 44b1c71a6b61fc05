"""One office in full: name, distance, one line of status, two buttons, what to bring, small actions, its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from locator.hours.clock import HoursClock
from locator.hours.telling import describe, say_usual, week_of, week_text
from locator.i18n import choose, text
from locator.model import Hit, ServicePoint
from locator.outputs.html_document import Markup, button, hide, join, lang_of, link_out, mark_chinese, tag
from locator.outputs.shapes import guide_hotline, name_beside, say_hit_distance, split_phones
from locator.routing.route import Route
from locator.web.send_page import address_to_send, render_print_button
from locator.web.session import MAX_REPORT, ROW
from locator.web.state import PageState
from locator.wording import OLD_YEARS, Translator, age_years

SIGNS = {"open": "●", "closed": "■", "unknown": "?"}
"""The sign beside a state's words: nothing is told by colour alone."""
SAME_SPOT_M = 1.0
"""Positions this near to each other are the same: the middle of a township, which says nothing about the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListContext:
    """What every card and row of one list needs."""

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
    report_kept: bool = True
    """Whether that report was written down."""
    ranks: Mapping[str, int]
    """The number of each point in this list, by id."""
    public_url: str | None = None
    """Where the page is known by, for addresses to send."""
    route: Route | None = None
    """The way to the chosen point, for its print page."""
    clock: HoursClock | None = None
    """Whose calendar the week's hours go by; the shipped one when None."""


def list_cautions(hit: Hit, context: ListContext) -> dict[str, str]:
    """Return what a person should be careful about in a hit: sentences by a code that equal cautions share."""
    words, source = context.words, hit.point.provenance
    found: dict[str, str] = {}
    if hit.status.state == "unknown" and hit.status.reason == "hours_unknown":
        found["hours_unknown"] = words("hit.hours_unknown")
    age = age_years(source.date, context.at)
    if age is None or source.date is None:
        found["age_unknown"] = words("hit.age_unknown")
    elif age >= 1:
        year = source.date[:4] if age >= OLD_YEARS else source.date
        found[f"age {year}"] = words("hit.age_old" if age >= OLD_YEARS else "hit.age", date=words.date(year))
    if hit.can_do is False:
        found["cannot"] = words("hit.cannot")
    if hit.may_not_handle:
        found["may_not_handle"] = text("fallback.may_not_handle", words.lang)
    if hit.serves_why and not hit.serves_you:
        found[hit.serves_why] = words(f"serves.{hit.serves_why}")
    if source.confidence == "L":
        found["confidence"] = words("hit.confidence_low")
    if hit.point.status == "live":
        found["live"] = words("hit.live")
    return found


def heading_of(hit: Hit) -> str:
    """Return the heading element of a hit: one level down where it has no pin or is of the other authority."""
    return "h4" if hit.tier != 1 or not hit.point.pin else "h3"


def join_facts(facts: Iterable[Markup | str | None]) -> Markup:
    """Return facts in one line, with a dot between them; None is left out."""
    kept = [fact for fact in facts if fact]
    dot = tag("span", " · ", aria_hidden="true")
    return join(*(part for n, fact in enumerate(kept) for part in ((dot, fact) if n else (fact,))))


def say_how_far(hit: Hit, words: Translator) -> str | None:
    """Return the distance and, where known, the time in words; None where no distance is known."""
    if hit.distance_m is not None and hit.distance_m < SAME_SPOT_M and not hit.point.pin:
        return words("hit.same_area")
    distance = say_hit_distance(hit, words.lang)
    if distance and hit.duration_s is not None and hit.point.pin:
        return f"{distance} · {words.duration(hit.duration_s)}"
    return distance


def render_english(point: ServicePoint, words: Translator) -> Markup | None:
    """Return, on the English page, the name a source prints in English, else how the Chinese one is read."""
    beside = name_beside(point, words.lang)
    return tag("p", beside.said, class_="english", lang=beside.lang) if beside else None


def render_card(hit: Hit, context: ListContext) -> Markup:
    """Return the chosen office in full."""
    point, words = hit.point, context.words
    name = tag(heading_of(hit), hide(f"{hit.rank}. "), tag("bdi", point.name, lang="zh-CN"))
    head = tag(
        "div",
        tag("span", hit.rank, class_="number", aria_hidden="true"),
        tag("div", name, render_english(point, words), class_="name"),
        _render_distance(hit, words),
        class_="hit-head",
    )
    return join(
        head,
        _render_where(hit, context),
        _render_status(hit, context),
        _render_buttons(hit, context),
        tag("p", usual, class_="soft usual") if (usual := say_usual(hit.status, words.lang)) else None,
        _render_bring(context),
        _render_actions(hit, context),
    )


def _render_distance(hit: Hit, words: Translator) -> Markup | None:
    if hit.distance_m is None:
        return None  # the heading above says so
    note = None
    if hit.duration_s is not None and hit.point.pin:
        note = words.duration(hit.duration_s)
    elif not hit.point.pin and hit.point.position and hit.distance_m is not None:
        note = words("hit.level", precision=words.name("precision", hit.point.position))
    said = say_how_far(hit, words) if hit.duration_s is None else say_hit_distance(hit, words.lang)
    return tag("p", tag("b", said), tag("small", note) if note else None, class_="distance")


def _render_where(hit: Hit, context: ListContext) -> Markup:
    words, point = context.words, hit.point
    facts: list[Markup | str | None] = [
        tag("span", point.address, lang="zh-CN") if point.address else words("hit.no_address"),
        words(f"serves.{hit.serves_why}") if hit.serves_why and hit.serves_you else words.name("kind", point.kind),
    ]
    return tag("p", join_facts(facts), class_="where")


def _render_status(hit: Hit, context: ListContext) -> Markup:
    """Return the card's one line of status: open or not, what the source says, and what to be careful about."""
    words = context.words
    cautions = list_cautions(hit, context)
    state = hit.status.state if hit.status.state in SIGNS else "unknown"
    facts: list[Markup | str | None] = []
    if cautions.pop("hours_unknown", None) is None:
        facts.append(describe(hit.status, context.at, words.lang))
    else:
        facts.append(words("hit.hours_unknown"))
    if hit.can_do is True:
        facts.append(words("hit.can_do"))
    facts += cautions.values()
    verified = hit.point.provenance.verified
    if verified:
        facts.append(words("hit.verified", date=words.date(verified)))
    sign = tag("span", SIGNS[state], " ", aria_hidden="true", class_="sign")
    return tag("p", sign, join_facts(facts), class_=f"status {state}")


def dialled(number: str) -> str:
    """Return a number as a telephone link takes it."""
    return "".join(c for c in number if c.isdigit() or c in "+,")


def render_phone(number: str, words: Translator, *, label: str | None = None) -> Markup:
    """Return a telephone link that a screen reader names as one."""
    said = tag("span", f" {label}", class_="soft", lang="zh-CN") if label else None
    link = tag("a", number, href=f"tel:{dialled(number)}", aria_label=words("hit.phone", number=number), class_="phone")
    return tag("span", link, said)


def _render_buttons(hit: Hit, context: ListContext) -> Markup:
    """Return the two buttons: call, first wherever hours are unknown or the data old, and the way."""
    words, point = context.words, hit.point
    own, _ = split_phones(point.phones)
    number = own[0].number if own else guide_hotline(context.guide)
    before, _, after = words("hit.call" if own else "hit.call_hotline", number="\n").partition("\n")
    said = tag("span", before, tag("span", number, class_="dial"), after)  # a narrow button breaks before the number
    unsure = hit.status.state == "unknown" or any(code.startswith("age") for code in list_cautions(hit, context))
    call = tag("a", said, href=f"tel:{dialled(number)}", class_="button primary" if unsure else "button")
    way = button(words("hit.go"), data_act="go", data_id=point.id, class_=None if unsure else "primary")
    return tag("div", *((call, way) if unsure else (way, call)), class_="two", data_key="two")


def _render_bring(context: ListContext) -> Markup | None:
    """Return what to bring as one line that unfolds."""
    guide, words = context.guide, context.words
    if not guide:
        return None
    materials = guide.get("materials") or []
    law = guide.get("law") or []
    basis = f"{words('bring.basis')}{law[0]['name']} {law[0]['article']}" if law else None
    link = tag("a", words("bring.more"), href="./guide", data_act="page", data_id="guide")
    marks = {True: "", False: "", None: "*"}
    names = [f"{item['name']}{marks[item.get('required')]}" for item in materials if item.get("required") is not False]
    dot = " · "
    line, after, _ = (words("bring.line", n=len(names), names="\0") if names else words("bring.none")).partition("\0")
    listed = tag("span", mark_chinese(dot.join(names), words.lang), class_="named") if after else None
    return tag(
        "details",
        tag("summary", tag("span", line, listed, class_="clip")),
        _render_materials(materials, words),
        tag("p", basis, " · " if basis else None, link, class_="soft"),
        class_="bring",
        data_key="bring",
    )


def _render_materials(materials: Sequence[Mapping[str, Any]], words: Translator) -> Markup:
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
            tag("small", str(item["note"]), class_="soft note-small") if item.get("note") else None,
        )
        for item in materials
    ]
    return tag("ul", *rows, class_="materials", role="list")


def _render_actions(hit: Hit, context: ListContext) -> Markup:
    """Return the small actions: send, print, keep on this device, closed or moved, report an error, the source."""
    words, state, point = context.words, context.state, hit.point
    address = address_to_send(state, point.id, public_url=context.public_url)
    send = {"data_address": address, "data_title": point.name, "data_done": words("hit.sent")}
    keep = {"data_id": point.id, "data_name": point.name, "data_kept": words("hit.kept")}
    parts: list[Markup | None] = [
        button(words("hit.send"), data_do="share", class_="small", **send),
        render_print_button(state, point.id, context.route),
        button(words("hit.keep"), data_do="keep", class_="small", data_own_attributes="aria-pressed",
               aria_pressed="false", **keep),
        *_render_report(point.id, context),
        _render_details(hit, context),
        tag("span", class_="shared soft", data_own=True, role="status"),
    ]  # fmt: skip
    return tag("div", *parts, class_="actions", data_key="actions")


def _render_report(point_id: str, context: ListContext) -> list[Markup]:
    """Return "closed or moved" in one press, and the way to report any other error."""
    words = context.words
    address = context.report(point_id) if context.report else None
    if address:
        said = words("hit.report")
        return [tag("a", said, class_="button small", href=address, target="_blank", rel="noopener noreferrer")]
    if context.reported == point_id:
        said = words("hit.report_done" if context.report_kept else "hit.report_lost")
        return [tag("p", said, class_="soft reported", id="reported")]
    gone = button(words("hit.gone"), class_="small", data_act="gone", data_id=point_id)
    form = tag(
        "details",
        tag("summary", words("hit.report")),
        _render_report_form(point_id, words),
        class_="report",
        data_key="report",
    )
    return [gone, form]


def _render_report_form(point_id: str, words: Translator) -> Markup:
    """Return the form for one sentence about what is wrong."""
    box = tag("textarea", id="report-text", name="message", rows=3, maxlength=MAX_REPORT, required=True)
    return tag(
        "form",
        tag("label", words("hit.report_hint"), for_="report-text"),
        tag("input", type="hidden", name="id", value=point_id),
        tag("input", type="hidden", name="field", value=ROW),
        box,
        tag("button", words("hit.report_send"), type="submit"),
        data_act="report",
        aria_label=words("hit.report"),
    )


def _render_week(point: ServicePoint, context: ListContext) -> Markup | None:
    """Return the week's hours and the exceptions after it, with a calendar file to keep; None where none are known."""
    words, lines = context.words, week_of(point, context.at, context.words.lang, context.clock)
    if not lines:
        return None
    rows = [tag("li", row) for row in week_text(lines, words.lang).split("\n")]
    file = tag("a", words("hit.ics"), href=f"./hours.ics?id={quote(point.id)}&lang={words.lang}")
    return tag("div", tag("p", words("hit.week")), tag("ul", *rows, role="list"), tag("p", file))


def _render_details(hit: Hit, context: ListContext) -> Markup:
    """Return what else is known: further numbers, the week, the source and its words."""
    point, words = hit.point, context.words
    source = point.provenance
    own, others = split_phones(point.phones)
    phones = [render_phone(phone.number, words, label=phone.label) for phone in (*own, *others)[:6]]
    name = link_out(tag("bdi", source.source, lang=lang_of(source.source)), source.url)
    terms = "; ".join(point.licences)
    licence = [" · ", tag("span", terms, lang=lang_of(terms))] if terms else None
    checked = (
        words("hit.verified", date=words.date(source.verified)) if source.verified else words("hit.never_verified")
    )
    date = words("hit.age", date=words.date(source.date)) if source.date else words("hit.age_unknown")
    rows: list[Markup] = []
    if len(phones) > 1 or others:
        rows.append(tag("p", words("hit.phones"), *(join(" ", phone) for phone in phones)))
    rows.append(tag("p", words("hit.source"), name, licence, f" · {date} · {checked}"))
    rows.append(tag("p", words.name("kind", point.kind)))
    ranks = [str(context.ranks[other]) for other in hit.same_building if other in context.ranks]
    if ranks:
        rows.append(tag("p", words("hit.same_building", ranks=words("comma").join(ranks))))
    if point.wheelchair:
        rows.append(tag("p", words("hit.wheelchair")))
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
