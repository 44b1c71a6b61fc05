"""The form: what for, for whom, where; and what a first visit reads below it."""

from __future__ import annotations

from collections.abc import Iterable

from locator.datum import Datum
from locator.model import Kind, Person, Task
from locator.outputs.html_document import Markup, join, tag
from locator.web.state import LIMITS, PageState, city_of
from locator.web.translator import Translator

EXAMPLES = ("example1", "example2", "example3")


def _select(name: str, label: Markup, options: Iterable[tuple[str, str]], chosen: str) -> Markup:
    rows = [tag("option", said, value=value, selected=value == chosen) for value, said in options]
    return join(label, tag("select", *rows, id=f"ask-{name}", name=name, data_auto="filter"))


def _label(name: str, said: str, *, class_: str | None = None) -> Markup:
    return tag("label", said, for_=f"ask-{name}", class_=class_)


def render_ask(state: PageState, words: Translator) -> Markup:
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


def _render_box(state: PageState, words: Translator) -> Markup:
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
        data_region=city_of(state.region or state.area),
        data_count=words("ask.options_count", n="{n}"),
        data_own_attributes="aria-expanded aria-activedescendant",
    )
    options = tag("ul", id="ask-options", role="listbox", aria_label=words("ask.text"), hidden=True, data_own=True,
                  data_own_attributes="hidden")  # fmt: skip
    return tag("div", box, options, class_="combo")


def _render_datum(words: Translator) -> Markup:
    rows = [tag("option", words.name("datum", datum), value=datum) for datum in Datum]
    select = tag("select", *rows, id="ask-datum", name="datum")
    return tag("div", _label("datum", words("ask.datum")), select, class_="ask-datum", hidden=True,
               data_own_attributes="hidden")  # fmt: skip


def _render_status(words: Translator) -> Markup:
    said = {
        f"data_{name}": words(f"ask.here_{name}") for name in ("busy", "refused", "timeout", "unavailable", "insecure")
    }
    return tag("p", class_="ask-status", role="alert", hidden=True, data_own=True, data_own_attributes="hidden", **said)


_REMEMBER = tag("input", type="checkbox", id="ask-remember", data_remember=True)
"""Without a name: it never leaves the browser."""


def _render_more(state: PageState, words: Translator) -> Markup:
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


def render_welcome(words: Translator) -> Markup:
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
