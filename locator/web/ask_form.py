"""The first screen: what for, where and for whom; and what a newcomer reads below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from locator.datum import Datum
from locator.model import Kind, Person, Task
from locator.outputs.html_document import Markup, button, join, lang_of, tag
from locator.web.state import LIMITS, PageState, city_of
from locator.wording import Translator

EXAMPLES = ("example1", "example2", "example3")
COMMON_TASKS = (Task.REPLACE_LOST, Task.APPLY, Task.ACTIVATE, Task.MEDICAL, Task.PIN)
"""The tasks with a chip of their own; the list behind the last chip has all of them."""


def render_ask(state: PageState) -> Markup:
    """Return the form. What was typed is not in it: it stays in the browser."""
    words = Translator(state.lang)
    return tag(
        "form",
        _render_chips("task", COMMON_TASKS, Task, state.task, words, all_of_them=words("ask.other")),
        tag("label", words("ask.text"), for_="ask-text", class_="question"),
        _render_box(state, words),
        _render_datum(words),
        _render_status(words),
        tag("button", words("ask.submit"), type="submit", class_="primary submit"),
        tag("p", words("ask.wait"), class_="ask-wait soft", role="status", hidden=True, data_own_attributes="hidden"),
        _render_chips("person", tuple(Person), Person, state.person, words),
        _render_more(state, words),
        class_="ask",
        data_act="ask",
        role="search",
        aria_label=words("ask.label"),
    )


def _render_chips(
    name: str,
    common: Sequence[str],
    every: Iterable[str],
    chosen: str,
    words: Translator,
    *,
    all_of_them: str | None = None,
) -> Markup:
    """Return a choice as chips, with the whole list as an ordinary select box in the last one where that is longer."""
    chips = [
        button(
            words(f"chip.{value}"),
            class_="choice",
            data_do="choice",
            data_for=f"ask-{name}",
            data_value=value,
            aria_pressed="true" if value == chosen else "false",
            data_own_attributes="aria-pressed",
        )
        for value in common
    ]
    options = [tag("option", words.name(name, v), value=v, selected=v == chosen) for v in every]
    select = tag("select", *options, id=f"ask-{name}", name=name, data_auto="filter", aria_label=words(f"ask.{name}"))
    if all_of_them is None:
        rest = tag("span", select, class_="choice-list only", hidden=True)
    else:
        shown = all_of_them if chosen in common else words.name(name, chosen)
        said = tag("span", shown, class_="shown", aria_hidden="true", data_own=True, data_other=all_of_them,
                   data_key=f"shown {words.lang}")  # fmt: skip
        on = "choice-list" if chosen in common else "choice-list on"
        rest = tag("span", said, select, class_=on, data_own_attributes="class")
    heading = tag("span", words(f"ask.{name}"), class_="question", id=f"ask-{name}-label")
    return tag(
        "div",
        heading,
        tag("div", *chips, rest, class_="choices", role="group", aria_labelledby=f"ask-{name}-label"),
        class_=f"ask-{name}",
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
        placeholder=words("ask.placeholder"),
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
    here = button(tag("span", "◎", aria_hidden="true"), words("ask.here"), data_do="here", class_="here")  # fmt: skip
    return tag("div", box, here, options, class_="combo")


def _render_datum(words: Translator) -> Markup:
    rows = [tag("option", words.name("datum", datum), value=datum) for datum in Datum]
    select = tag("select", *rows, id="ask-datum", name="datum")
    return tag("div", tag("label", words("ask.datum"), for_="ask-datum"), select, class_="ask-datum", hidden=True,
               data_own_attributes="hidden")  # fmt: skip


def _render_status(words: Translator) -> Markup:
    said = {
        f"data_{name}": words(f"ask.here_{name}") for name in ("busy", "refused", "timeout", "unavailable", "insecure")
    }
    return tag("p", class_="ask-status", role="alert", hidden=True, data_own=True, data_own_attributes="hidden", **said)


_REMEMBER = tag("input", type="checkbox", id="ask-remember", data_remember=True)
"""Without a name: it never leaves the browser."""


def _select(name: str, said: str, options: Iterable[tuple[str, str]], chosen: str) -> Markup:
    rows = [tag("option", label, value=value, selected=value == chosen) for value, label in options]
    select = tag("select", *rows, id=f"ask-{name}", name=name, data_auto="filter")
    return tag("div", tag("label", said, for_=f"ask-{name}"), select, class_="ask-row")


def _render_more(state: PageState, words: Translator) -> Markup:
    kinds = [("", words("ask.any_kind")), *((k, words.name("kind", k)) for k in Kind)]
    limits = [(str(n), words("ask.limit_n", n=n)) for n in LIMITS]
    box = tag(
        "input", type="checkbox", name="open", value="1", id="ask-open", checked=state.open_now, data_auto="filter"
    )
    return tag(
        "details",
        tag("summary", words("ask.more")),
        tag("label", box, words("ask.open"), class_="check"),
        _select("kind", words("ask.kind"), kinds, state.kind or ""),
        _select("limit", words("ask.limit"), limits, str(state.limit)),
        tag("label", _REMEMBER, words("ask.remember"), class_="check"),
        button(words("ask.forget"), data_do="forget", data_done=words("ask.forgotten")),
        tag("span", class_="shared soft", data_own=True, role="status"),
        class_="more",
        open=bool(state.open_now or state.kind),
    )


def render_welcome(words: Translator) -> Markup:
    """Return what a newcomer reads: three example addresses, the person's own places, one sentence on privacy."""
    return tag(
        "section",
        render_examples(words),
        tag("div", class_="mine", data_own=True, data_heading=words("mine.heading"), data_mine=True),
        tag("p", words("welcome.privacy"), class_="soft"),
        class_="welcome",
        id="results",
    )


def render_examples(words: Translator) -> Markup:
    """Return addresses to try with one press."""
    examples = [
        tag("li", button(said, data_do="example", class_="example", lang=lang_of(said)))
        for said in map(words, EXAMPLES)
    ]
    return join(
        tag("p", words("welcome.try"), id="try", class_="soft"),
        tag("ul", *examples, class_="examples", role="list", aria_labelledby="try"),
    )
