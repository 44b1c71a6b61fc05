"""Panels: pieces of our own HTML on Streamlit's page, and what a person does in them.

Streamlit's own widgets cannot be an ordered list with headings, telephone links and a native select box. A
panel is escaped HTML (:mod:`locator.outputs.html_document`) that ``static/page.js`` puts on the page, keeping focus and
typed text when it changes; a click on ``data-act`` or a submitted form comes back as an :class:`Event`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from locator.i18n import next_language
from locator.outputs.html_document import Markup, button, join, lang_of, tag
from locator.web import shared
from locator.web.event_handlers import handle
from locator.web.state import PAGES, PageState, address_of
from locator.wording import Translator

if TYPE_CHECKING:
    from locator.web.session import Session

_LOADER = """
export default async function (component) {
  const data = JSON.parse(new TextDecoder().decode(component.data));
  const address = new URL("./assets/page.js?v=" + data.version, document.baseURI);
  const page = await import(address.href);
  return page.mount({ ...component, data });
}
"""

_panel = st.components.v2.component("locator.panel", js=_LOADER, isolate_styles=False)

MAX_EARLIER = 8
"""How many events a browser repeats."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a person did in a panel. It comes from a browser, so every value is read through a check."""

    name: str
    values: Mapping[str, object]

    def text(self, key: str) -> str:
        """Return a text, or an empty one."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> float | None:
        """Return a finite number, or None."""
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    def earlier(self) -> list[Event]:
        """Return what was sent before and may not have arrived, oldest first."""
        given = self.values.get("earlier")
        read = (read_event(value) for value in (given if isinstance(given, list) else [])[:MAX_EARLIER])
        return [event for event in read if event is not None]


def read_event(value: object) -> Event | None:
    """Return what the browser sent as an event, or None when it is something else."""
    if not isinstance(value, Mapping) or not isinstance(value.get("act"), str):
        return None
    return Event(value["act"], value)


def show_panel(
    key: str,
    content: Markup,
    session: Session,
    *,
    page: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Put a panel on the page.

    Parameters
    ----------
    key
        The panel's name; events of the map go to the panel called ``results``.
    content
        Its HTML.
    session
        What the person does in it changes this, before the next run.
    page
        What ``page.js`` does to the document: ``lang``, ``large``, ``title``, ``announce``, ``focus``.
    more
        What the panel brings along: ``panels`` (the HTML of others that a run of the list does not draw, by name) and
        ``scene`` (what the map shows).
    """

    def forward() -> None:
        state = st.session_state.get(key)
        event = read_event(getattr(state, "act", None))
        if event is not None:
            handle(session, event)

    # The version of page.js goes along: a browser never runs an old one.
    data = {"name": key, "html": str(content), "version": shared.version(), "page": dict(page or {}), **(more or {})}
    # As bytes: of anything else Streamlit looks for tables in every value, and writes it as JSON a second time.
    _panel(key=key, data=json.dumps(data, ensure_ascii=False).encode(errors="replace"), on_act_change=forward)


def show_static_html(name: str, content: Markup) -> None:
    """Put HTML on the page that holds no controls but links: a third of a panel's cost.

    Streamlit puts it there as it is, so it is for what does not change while somebody reads it.
    """
    st.html(tag("div", content, class_="panel", data_panel=name))


def render_choice(form: str, name: str, said: str, options: Iterable[tuple[str, str]], chosen: str) -> Markup:
    """Return a labelled select box of a form that is sent whenever something else is chosen."""
    rows = [
        tag("option", label, value=value, selected=value == chosen, lang=lang_of(label)) for value, label in options
    ]
    select = tag("select", *rows, id=f"{form}-{name}", name=name, data_auto=form)
    return tag("span", tag("label", said, " ", for_=f"{form}-{name}"), select)


def render_header(page: str, state: PageState) -> Markup:
    """Return the header (a way past it, the name, the views, large type, the other language) and the lost line."""
    words, target = Translator(state.lang), "results" if page == "find" else "main"
    lost = tag("p", words("lost"), class_="lost", role="alert", hidden=True, data_own_attributes="hidden")
    menu = button(
        tag("span", "☰", aria_hidden="true"),
        class_="menu",
        data_do="menu",
        aria_expanded="false",
        aria_controls="pages",
        aria_label=words("menu"),
        data_own_attributes="aria-expanded",
    )
    header = tag(
        "header",
        tag("a", words("skip"), href=f"#{target}", data_go=target, class_="skip"),
        tag("h1", words("brand"), class_="brand"),
        _render_switches(page, state, words),
        menu,
        tag("nav", _render_pages(page, state, words), aria_label=words("nav"), id="pages"),
        class_="top",
    )
    return join(header, lost)


def _address_of(page: str, state: PageState) -> str:
    return address_of(page, state, default_lang=shared.read_settings().lang)


def _render_pages(page: str, state: PageState, words: Translator) -> Markup:
    """Return the list of the views."""
    links = [
        tag(
            "a",
            words(f"nav.{name}"),
            href=_address_of(name, state),
            data_act="page",
            data_id=name,
            aria_current="page" if name == page else None,
        )
        for name in PAGES
    ]
    return tag("ul", *(tag("li", link) for link in links), role="list")


def _render_switches(page: str, state: PageState, words: Translator) -> Markup:
    """Return the switches of large type and of the next language, which is called by its own name."""
    following = next_language(state.lang)
    pressed = "true" if state.large else "false"
    large = button(words("switch.large"), data_act="large", aria_pressed=pressed)
    lang = tag(
        "a",
        following.own_name,
        href=_address_of(page, state.with_choice(lang=following.code)),
        data_act="lang",
        data_id=following.code,
        lang=following.html,
    )
    return tag("div", large, lang, class_="switches", role="group", aria_label=words("switches"))


def render_footer(words: Translator) -> Markup:
    """Return the footer: where the data come from and which number to call."""
    return tag("footer", tag("p", words("footer")), class_="bottom")
