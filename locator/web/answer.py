"""Above the list: what was understood, what to do first, whether to go at all; and what helps where nothing is near."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from locator.i18n import text
from locator.model import Answer, Fallback, Notice, Place, RegionWithOffices
from locator.outputs.html_document import Markup, join, link_out, mark_chinese, tag
from locator.outputs.shapes import AdviceLine, say_fallback, say_notice
from locator.web.state import PageState, city_of
from locator.wording import Translator

MAX_CANDIDATES = 8
_MINOR = frozenset({"origin_coarse", "travel_time_unavailable"})
"""Notices that the bar or the distances say too: they come last."""
_NUMBER = re.compile(r"(?<!\d)(?:0\d{2,3}-?)?1[0-9]{4}(?!\d)")
"""A hotline in a sentence: 12333, 0531-12333."""
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
    number, call = _NUMBER.search(str(first["text"])), None
    if number:
        said = words("first.call", number=number[0])
        call = tag("a", said, href=f"tel:{number[0]}", class_="button danger")
    return tag("div", tag("p", mark_chinese(str(first["text"]), words.lang)), call, class_="urgent", role="note")


def render_trip(guide: Mapping[str, Any] | None, words: Translator) -> Markup | None:
    """Return whether the matter can be settled without going: one line that unfolds into how."""
    trip = (guide or {}).get("trip")
    if not guide or not trip:
        return None
    answer = trip.get("without_visit")
    heading = words(f"trip.{answer if answer in _TRIP else 'ask'}")
    lines = [tag("p", mark_chinese(str(line["text"]), words.lang)) for line in trip.get("lines", [])]
    channels = [
        tag(
            "li",
            link_out(mark_chinese(str(channel["name"]), words.lang), channel.get("url")),
            tag("small", " ", mark_chinese(str(channel["note"]), words.lang), class_="soft")
            if channel.get("note")
            else None,
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


def render_fallback(fallback: Fallback, words: Translator, *, exact: bool, beside_hits: bool) -> Markup:
    """Return what helps where no office on record is near; what is generally so is said to be so.

    Parameters
    ----------
    exact
        Whether the searches in map apps are around the person's own position.
    beside_hits
        Whether offices that are not near stand above.
    """
    heading = text("fallback.heading_beside" if beside_hits else "fallback.heading", words.lang)
    parts = []
    for title, lines in say_fallback(fallback, words.lang, exact=exact):
        rows = [tag("li", _render_advice(line, words)) for line in lines]
        if title == text("fallback.elsewhere", words.lang):
            rows = [
                tag("li", _render_region(region, line, words))
                for region, line in zip(fallback.elsewhere, lines, strict=True)
            ]
        pressed = all(line.href for line in lines[:1])
        parts.append(
            tag(
                "div",
                tag("h3", title),
                tag("ul", *rows, role="list", class_="apps" if pressed else None),
                class_="card",
            )
        )
    return tag("section", tag("h2", heading), *parts, class_="fallback")


def _render_advice(line: AdviceLine, words: Translator) -> Markup:
    """Return one line of advice: a button where it leads somewhere."""
    said = mark_chinese(line.text, words.lang)
    remark = tag("small", " ", mark_chinese(line.remark, words.lang), class_="soft") if line.remark else None
    if line.href is None:
        return join(tag("span", said), remark)
    if line.href.startswith("tel:"):
        return join(tag("a", said, href=line.href, class_="button"), remark)
    return join(tag("a", said, href=line.href, class_="button", target="_blank", rel="noopener noreferrer"), remark)


def _render_region(region: RegionWithOffices, line: AdviceLine, words: Translator) -> Markup:
    """Return another region with offices: its nearest opens on the page."""
    said = mark_chinese(line.text, words.lang)
    if region.nearest is None:
        return join(said)
    return tag("button", said, type="button", data_act="open", data_id=region.nearest.id, class_="example")
