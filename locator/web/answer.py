"""What stands above the list: what was understood, how to correct it, and whether the trip can be saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from locator.i18n import text
from locator.model import Answer, Notice, Place
from locator.outputs.html_document import Markup, link_out, mark_chinese, tag
from locator.outputs.shapes import say_notice
from locator.web.state import city_of
from locator.web.translator import Translator

MAX_CANDIDATES = 8
_SIGNS = ("yes", "partly", "no", "ask")


def say_place(place: Place, words: Translator) -> str:
    """Return how exactly a place is known, in brackets."""
    precision = words.name("precision", place.precision)
    if place.error_m:
        return words("understood.precision", precision=precision, error=words.length(place.error_m))
    return words("understood.precision_only", precision=precision)


def _render_notice(notice: Notice, words: Translator) -> Markup:
    """Return a notice; one that says whom to call is also a telephone link."""
    hotline = notice.params.get("hotline")
    call = tag("a", words("notice.call", number=hotline), href=f"tel:{hotline}", class_="button") if hotline else None
    return tag("div", tag("p", mark_chinese(say_notice(notice, words.lang), words.lang)), call, class_="notice")


def render_understood(answer: Answer, words: Translator, *, restored: bool, area: str | None = None) -> Markup:
    """Return what was understood, how exactly, how to correct it, and what else to know about the answer.

    ``area`` is the adcode of where the answer lies: what is typed next is first looked for in its city.
    """
    parts: list[Markup | None] = []
    place = answer.place
    if place is not None:
        parts.append(_render_place(place, words, restored=restored))
        parts.append(_render_correction(place, answer.candidates, words))
    elif answer.candidates:
        parts.append(tag("h2", words("which"), id="which"))
        parts.append(_render_candidates(answer.candidates, words, labelled="which"))
        parts.append(tag("p", words("which.none"), class_="soft"))
    codes = {"ambiguous_place"} if answer.candidates else set()
    if place is not None and place.note == "number_unknown":
        parts.append(tag("p", words("number_unknown"), class_="notice"))
    parts += [_render_notice(notice, words) for notice in answer.notices if notice.code not in codes]
    parts += _render_offers(answer, words)
    return tag("section", *parts, class_="understood", id="understood", data_region=city_of(area))


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
            tag("button", words(f"offer.{event}", services=names), type="button", data_act=event),
            " ",
            tag("small", words(f"offer.{event}_note", services=names), class_="soft"),
            class_="offer",
        )
        for event, names in offers
    ]


def _render_place(place: Place, words: Translator, *, restored: bool) -> Markup:
    label = tag("b", place.label, lang="zh-CN")
    if restored:
        code = "understood.point" if place.source == "points" else "understood.region"
        before, _, after = words(code, label="\0").partition("\0")
        return tag("p", before, label, after)
    return tag("p", words("understood"), " ", label, tag("span", say_place(place, words), class_="soft"))


def _render_correction(place: Place, candidates: Sequence[Place], words: Translator) -> Markup:
    """Return how to correct what was understood; opened for one place, it is closed again for the next."""
    hint = words("understood.wrong_hint" if candidates else "understood.wrong_none")
    inside = [tag("p", hint, class_="soft")]
    if candidates:
        inside.append(_render_candidates(candidates, words, labelled=None))
    return tag(
        "details",
        tag("summary", words("understood.wrong")),
        *inside,
        class_="correct",
        data_key=f"correct {place.label}",
    )


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


def render_trip(guide: Mapping[str, Any] | None, words: Translator) -> Markup | None:
    """Return whether the matter can be settled without going, with the channels that do it."""
    trip = (guide or {}).get("trip")
    if not guide or not trip:
        return None
    answer = trip.get("without_visit")
    heading = words(f"trip.{answer if answer in _SIGNS else 'ask'}")
    lines = [tag("p", str(line["text"])) for line in trip.get("lines", [])]
    channels = [
        tag(
            "li",
            link_out(mark_chinese(str(channel["name"]), words.lang), channel.get("url")),
            tag("small", f" {channel['note']}", class_="soft") if channel.get("note") else None,
        )
        for channel in guide.get("channels", [])
    ]
    more = None
    if channels or lines[1:]:
        more = tag("details", tag("summary", words("trip.more")), *lines[1:], tag("ul", *channels, role="list"))
    return tag("section", tag("h2", heading), *lines[:1], more, class_="trip")
