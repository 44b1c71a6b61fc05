"""The form: what for, for whom, where; and what was understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from locator.adcode import prefecture_of
from locator.datum import Datum
from locator.i18n import text
from locator.model import Answer, Kind, Notice, Person, Place, Task
from locator.outputs.html_document import Markup, join, mark_chinese, tag
from locator.outputs.shapes import say_notice
from locator.web.state import LIMITS, PageState
from locator.web.words import Words

MAX_TEXT = 200
"""How many characters an address may have."""
EXAMPLES = ("example1", "example2", "example3")
MAX_CANDIDATES = 8


def _select(name: str, label: Markup, options: Iterable[tuple[str, str]], chosen: str) -> Markup:
    rows = [tag("option", said, value=value, selected=value == chosen) for value, said in options]
    return join(label, tag("select", *rows, id=f"ask-{name}", name=name, data_auto="filter"))


def _label(name: str, said: str, *, class_: str | None = None) -> Markup:
    return tag("label", said, for_=f"ask-{name}", class_=class_)


def render_ask(state: PageState, words: Words) -> Markup:
    """Return the form. What was typed is not in it: it stays in the browser."""
    task = _select("task", _label("task", words("ask.task")), ((t, words.name("task", t)) for t in Task), state.task)
    person = _select(
        "person", _label("person", words("ask.person")), ((p, words.name("person", p)) for p in Person), state.person
    )
    return tag(
        "form",
        tag("div", task, person, _render_more(state, words), class_="ask-what"),
        _label("text", words("ask.text"), class_="ask-where"),
        tag(
            "div",
            _render_box(state, words),
            tag("button", words("ask.submit"), type="submit", class_="primary"),
            tag("button", words("ask.here"), type="button", data_do="here", class_="here"),
            class_="ask-box",
        ),
        _render_datum(words),
        _render_status(words),
        tag("p", words("ask.wait"), class_="ask-wait soft", role="status", hidden=True, data_own_attributes="hidden"),
        class_="ask",
        data_act="ask",
        role="search",
        aria_label=words("ask.label"),
    )


def _render_box(state: PageState, words: Words) -> Markup:
    box = tag(
        "input",
        id="ask-text",
        name="text",
        type="text",
        autocomplete="off",
        autocapitalize="off",
        spellcheck="false",
        enterkeyhint="search",
        placeholder=words("ask.placeholder", example=words("example1")),
        role="combobox",
        aria_autocomplete="list",
        aria_expanded="false",
        aria_controls="ask-options",
        data_lang=words.lang,
        data_region=_city_of(state.region or state.area),
        data_count=words("ask.options_count", n="{n}"),
        data_own_attributes="aria-expanded aria-activedescendant",
    )
    options = tag("ul", id="ask-options", role="listbox", aria_label=words("ask.text"), hidden=True, data_own=True,
                  data_own_attributes="hidden")  # fmt: skip
    return tag("div", box, options, class_="combo")


def _city_of(adcode: str | None) -> str | None:
    return prefecture_of(adcode) if adcode else None


def _render_datum(words: Words) -> Markup:
    rows = [tag("option", words.name("datum", datum), value=datum) for datum in Datum]
    select = tag("select", *rows, id="ask-datum", name="datum")
    return tag("div", _label("datum", words("ask.datum")), select, class_="ask-datum", hidden=True,
               data_own_attributes="hidden")  # fmt: skip


def _render_status(words: Words) -> Markup:
    said = {
        f"data_{name}": words(f"ask.here_{name}") for name in ("busy", "refused", "timeout", "unavailable", "insecure")
    }
    return tag("p", class_="ask-status", role="alert", hidden=True, data_own=True, data_own_attributes="hidden", **said)


_REMEMBER = tag("input", type="checkbox", id="ask-remember", data_remember=True)
"""Without a name: it never leaves the browser."""


def _render_more(state: PageState, words: Words) -> Markup:
    kinds = [("", words("ask.any_kind")), *((k, words.name("kind", k)) for k in Kind)]
    limits = [(str(n), words("ask.limit_n", n=n)) for n in LIMITS]
    box = tag(
        "input", type="checkbox", name="open", value="1", id="ask-open", checked=state.open_now, data_auto="filter"
    )
    return tag(
        "details",
        tag("summary", words("ask.more")),
        tag("div", tag("label", box, words("ask.open"), class_="check"), class_="ask-row"),
        tag("div", _select("kind", _label("kind", words("ask.kind")), kinds, state.kind or ""), class_="ask-row"),
        tag("div", tag("label", _REMEMBER, words("ask.remember"), class_="check"), class_="ask-row"),
        tag("div", _select("limit", _label("limit", words("ask.limit")), limits, str(state.limit)), class_="ask-row"),
        class_="more",
        open=bool(state.open_now or state.kind),
    )


def render_welcome(words: Words) -> Markup:
    """Return what a first visit reads: one sentence and three example addresses."""
    examples = [
        tag("li", tag("button", words(key), type="button", data_do="example", class_="example", lang="zh-CN"))
        for key in EXAMPLES
    ]
    return tag(
        "section",
        tag("p", words("welcome"), class_="lead"),
        tag("p", words("welcome.try"), id="try", class_="soft"),
        tag("ul", *examples, class_="examples", role="list", aria_labelledby="try"),
        tag("p", words("welcome.privacy"), class_="soft"),
        class_="welcome",
        id="results",
    )


def say_place(place: Place, words: Words) -> str:
    """Return how exactly a place is known, in brackets."""
    precision = words.name("precision", place.precision)
    if place.error_m:
        return words("understood.precision", precision=precision, error=words.length(place.error_m))
    return words("understood.precision_only", precision=precision)


def _render_notice(notice: Notice, words: Words) -> Markup:
    """Return a notice; one that says whom to call is also a telephone link."""
    hotline = notice.params.get("hotline")
    call = tag("a", words("notice.call", number=hotline), href=f"tel:{hotline}", class_="button") if hotline else None
    return tag("div", tag("p", mark_chinese(say_notice(notice, words.lang), words.lang)), call, class_="notice")


def render_understood(answer: Answer, words: Words, *, restored: bool, area: str | None = None) -> Markup:
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
    return tag("section", *parts, class_="understood", id="understood", data_region=_city_of(area))


def _render_offers(answer: Answer, words: Words) -> list[Markup]:
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


def _render_place(place: Place, words: Words, *, restored: bool) -> Markup:
    label = tag("b", place.label, lang="zh-CN")
    if restored:
        code = "understood.point" if place.source == "points" else "understood.region"
        before, _, after = words(code, label="\0").partition("\0")
        return tag("p", before, label, after)
    return tag("p", words("understood"), " ", label, tag("span", say_place(place, words), class_="soft"))


def _render_correction(place: Place, candidates: Sequence[Place], words: Words) -> Markup:
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


def _render_candidates(candidates: Sequence[Place], words: Words, *, labelled: str | None) -> Markup:
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
