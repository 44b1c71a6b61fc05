"""Above the list: what was understood, what to do first, whether to go at all; and what helps where nothing is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from locator.i18n import text
from locator.model import Answer, Notice, Place
from locator.outputs.html_document import Markup, join, link_out, mark_chinese, tag
from locator.outputs.shapes import say_notice
from locator.web.state import PageState, city_of
from locator.wording import Translator

MAX_CANDIDATES = 8
_MINOR = frozenset({"origin_coarse", "travel_time_unavailable"})
"""Notices that the bar or the distances say too: they come last."""
_TRIP = ("yes", "partly", "no", "ask")


def say_place(place: Place, words: Translator) -> str:
    """Return how exactly a place is known, in brackets."""
    precision = words.name("precision", place.precision)
    if place.error_m:
        return words("understood.precision", precision=precision, error=words.length(place.error_m))
    return words("understood.precision_only", precision=precision)


def render_understood(
    answer: Answer, words: Translator, *, restored: bool, area: str | None = None, state: PageState | None = None
) -> Markup:
    """Return the bar that the form folds into, the way to correct it, and what else to know about the answer.

    ``area`` is the adcode of where the answer lies: what is typed next is first looked for in its city.
    """
    parts: list[Markup | None] = []
    place = answer.place
    if place is not None:
        parts.append(_render_bar(place, words, state or PageState(lang=words.lang), restored=restored))
        parts.append(_render_correction(answer.candidates, words))
    elif answer.candidates:
        parts.append(tag("h2", words("which"), id="which"))
        parts.append(_render_candidates(answer.candidates, words, labelled="which"))
        parts.append(tag("p", words("which.none"), class_="soft"))
    parts.append(render_first(answer.guide, words))
    parts.append(render_trip(answer.guide, words))
    parts += _render_notices(answer, words)
    parts += _render_offers(answer, words)
    return tag("section", *parts, class_="understood", id="understood", data_region=city_of(area))


def _render_bar(place: Place, words: Translator, state: PageState, *, restored: bool) -> Markup:
    """Return one line of what was asked, one of where, and the button that unfolds the form again."""
    what = words("bar.what", task=words.name("task", state.task), person=words(f"chip.{state.person}"))
    label = tag("b", place.label, lang="zh-CN")
    if restored:
        code = "understood.point" if place.source == "points" else "understood.region"
        before, _, after = words(code, label="\0").partition("\0")
        where = tag("p", before, label, after, class_="soft")
    else:
        where = tag("p", label, say_place(place, words), class_="soft")
    edit = tag(
        "button", words("bar.edit"), type="button", data_do="edit", class_="edit", aria_label=words("bar.edit_what")
    )
    return tag("div", tag("div", tag("p", what), where), edit, class_="bar", data_key=f"bar {place.label}")


def _render_correction(candidates: Sequence[Place], words: Translator) -> Markup | None:
    """Return other places that may be meant; shown while the form is unfolded."""
    if not candidates:
        return None
    inside = (tag("p", words("understood.wrong_hint")), _render_candidates(candidates, words, labelled=None))
    return tag("div", *inside, class_="correct")


def render_first(guide: Mapping[str, Any] | None, words: Translator) -> Markup | None:
    """Return the one urgent line of a task, with the button to call; None where the task has none."""
    first = (guide or {}).get("first")
    if not first:
        return None
    number = first.get("number")
    call = (
        tag("a", words("first.call", number=number), href=f"tel:{number}", class_="button danger") if number else None
    )
    return tag("div", tag("p", mark_chinese(str(first["text"]), words.lang)), call, class_="urgent", role="note")


def render_trip(guide: Mapping[str, Any] | None, words: Translator) -> Markup | None:
    """Return whether the matter can be settled without going: one line that unfolds into how."""
    trip = (guide or {}).get("trip")
    if not guide or not trip:
        return None
    answer = trip.get("without_visit")
    heading = words(f"trip.{answer if answer in _TRIP else 'ask'}")
    lines = [tag("p", str(line["text"])) for line in trip.get("lines", [])]
    channels = [
        tag(
            "li",
            link_out(mark_chinese(str(channel["name"]), words.lang), channel.get("url")),
            tag("small", f" {channel['note']}", class_="soft") if channel.get("note") else None,
        )
        for channel in guide.get("channels", [])
    ]
    summary = tag("summary", tag("span", heading), tag("span", words("trip.more"), class_="link"))
    listed = tag("ul", *channels, role="list") if channels else None
    return tag("details", summary, *lines, listed, class_="trip", data_key="trip")


def _render_notices(answer: Answer, words: Translator) -> list[Markup]:
    """Return what to know about the answer: the first thing and whom to call in full, the rest to unfold."""
    left_out = {"ambiguous_place"} if answer.candidates else set()
    notices = sorted((n for n in answer.notices if n.code not in left_out), key=lambda n: n.code in _MINOR)
    said = [_render_notice(notice, words) for notice in notices]
    if answer.place is not None and answer.place.note == "number_unknown":
        said.insert(0, tag("p", words("number_unknown"), class_="note"))
    shown = [note for n, note in enumerate(said) if n == 0 or "tel:" in note or not answer.hits]
    folded = [note for note in said if note not in shown]
    if folded:
        summary = tag("summary", words("notices.more", n=len(folded)))
        shown.append(tag("details", summary, *folded, class_="notices", data_key="notices"))
    return shown


def _render_notice(notice: Notice, words: Translator) -> Markup:
    """Return a notice; one that says whom to call is also a telephone link."""
    hotline = notice.params.get("hotline")
    call = tag("a", words("notice.call", number=hotline), href=f"tel:{hotline}", class_="button") if hotline else None
    return tag("div", tag("p", mark_chinese(say_notice(notice, words.lang), words.lang)), call, class_="note")


def _render_offers(answer: Answer, words: Translator) -> list[Markup]:
    """Return the buttons that ask a service elsewhere, each with who then learns what."""
    offers = []
    if answer.may_ask:
        names = text("geocoders.separator", words.lang).join(text(f"geocoders.{n}", words.lang) for n in answer.may_ask)
        offers.append(("online", names))
    if answer.may_ask_live:
        offers.append(("live", text(f"geocoders.{answer.may_ask_live}", words.lang)))
    return [
        tag(
            "p",
            tag("button", words(f"offer.{act}", services=names), type="button", data_act=act),
            " ",
            tag("small", words(f"offer.{act}_note", services=names), class_="soft"),
            class_="offer",
        )
        for act, names in offers
    ]


def _render_candidates(candidates: Sequence[Place], words: Translator, *, labelled: str | None) -> Markup:
    rows = [
        tag(
            "li",
            tag(
                "button",
                tag("span", place.label, lang="zh-CN"),
                " ",
                tag("small", words.name("precision", place.precision)),
                type="button",
                data_act="candidate",
                data_id=index,
                class_="candidate",
            ),
        )
        for index, place in enumerate(candidates[:MAX_CANDIDATES])
    ]
    return tag("ul", *rows, class_="candidates", role="list", aria_labelledby=labelled)


def render_fallback(fallback: Mapping[str, Any], words: Translator, *, beside_hits: bool) -> Markup:
    """Return what helps where no office on record is near (``interfaces.md``, ``fallback``).

    What is generally so is said to be so; nothing in it is an office on record.
    """
    hotlines = [_call(line["number"], line.get("label"), words) for line in fallback.get("hotlines") or []]
    online = [
        link_out(mark_chinese(str(channel["name"]), words.lang), channel.get("url"))
        for channel in fallback.get("online") or []
    ]
    return tag(
        "section",
        _render_general(fallback.get("designated") or [], words, beside_hits=beside_hits),
        _render_searches(fallback.get("searches") or [], words),
        _render_lines("hotlines", hotlines, words),
        _render_lines("online", online, words),
        _render_elsewhere(fallback.get("elsewhere") or [], words),
        class_="fallback",
    )


def _render_general(designated: Sequence[Mapping[str, Any]], words: Translator, *, beside_hits: bool) -> Markup:
    """Return where such things are generally done, with what that rests on."""
    heading = tag("h2", words("fallback.heading_beside" if beside_hits else "fallback.heading"))
    rows, bases = [], {}
    for item in designated:
        what = f" {item['what']}" if item.get("what") else None
        rows.append(tag("li", tag("b", mark_chinese(str(item["name"]), words.lang)), what))
        basis = item.get("basis")
        if basis:
            date = f" {basis['date']}" if basis.get("date") else None
            bases[basis["name"]] = join(" ", link_out(mark_chinese(basis["name"], words.lang), basis.get("url")), date)
    listed = tag("ol", *rows, class_="general", role="list") if rows else None
    note = tag("p", words("fallback.general"), *bases.values(), class_="soft") if rows else None
    return tag("div", heading, listed, note, class_="card")


def _call(number: object, label: object, words: Translator) -> Markup:
    dialled = "".join(c for c in str(number) if c.isdigit() or c == "+")
    said = words("first.call", number=number)
    return tag("a", said, f" {label}" if label else None, href=f"tel:{dialled}", class_="button")


def _render_searches(searches: Sequence[Mapping[str, Any]], words: Translator) -> Markup | None:
    rows = [
        tag(
            "a",
            words("fallback.search", app=text(f"routing.app.{s['app']}", words.lang), keyword="\0").partition("\0")[0],
            tag("span", str(s["keyword"]), lang="zh-CN"),
            href=str(s["url"]),
            class_="button",
            target="_blank",
            rel="noopener noreferrer",
        )
        for s in searches
    ]
    return _render_lines("searches", rows, words)


def _render_lines(name: str, rows: Sequence[Markup], words: Translator) -> Markup | None:
    if not rows:
        return None
    items = [tag("li", row) for row in rows]
    hint = tag("p", words(f"fallback.{name}_hint"), class_="soft") if name != "hotlines" else None
    listed = tag("ul", *items, role="list", class_="apps")
    return tag("div", tag("h2", words(f"fallback.{name}")), hint, listed, class_="card")


def _render_elsewhere(regions: Sequence[Mapping[str, Any]], words: Translator) -> Markup | None:
    rows = []
    for region in regions:
        said = words("fallback.elsewhere_n", region=region["region"], n=region["points"])
        nearest = region.get("nearest")
        button = None
        if nearest:
            metres = nearest.get("distance_m")
            length = words("fallback.away", length=words.length(round(metres, -3))) if metres is not None else ""
            button = tag(
                "button", words("fallback.nearest"), tag("span", nearest["name"], lang="zh-CN"), length,
                type="button", data_act="open", data_id=nearest["id"],
            )  # fmt: skip
        rows.append(tag("li", tag("p", mark_chinese(said, words.lang)), button))
    return tag("ul", *rows, role="list", class_="elsewhere") if rows else None
