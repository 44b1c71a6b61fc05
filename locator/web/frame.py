"""What every view has around it: the header with its switches, and the footer."""

from __future__ import annotations

from urllib.parse import urlencode

from locator.outputs.html_document import Markup, join, tag
from locator.web.state import PageState, to_params
from locator.web.words import Words

PAGES = ("find", "guide", "centers", "about")
"""The views in the order of the header; the first is the page itself."""


def address_of(page: str, state: PageState, *, default_lang: str = "zh") -> str:
    """Return a view's address, relative to any view."""
    query = urlencode(to_params(state, default_lang=default_lang))
    return ("./" if page == PAGES[0] else f"./{page}") + (f"?{query}" if query else "")


def render_header(page: str, state: PageState, words: Words, *, default_lang: str) -> Markup:
    """Return the header (a way past it, the name, the views, large type, the other language) and the lost line."""
    other = state.with_choice(lang="en" if state.lang == "zh" else "zh")
    links = [
        tag(
            "li",
            tag(
                "a",
                words(f"nav.{name}"),
                href=address_of(name, state, default_lang=default_lang),
                data_act="page",
                data_id=name,
                aria_current="page" if name == page else None,
            ),
        )
        for name in PAGES
    ]
    large = tag(
        "button",
        words("switch.large"),
        type="button",
        data_act="large",
        aria_pressed="true" if state.large else "false",
    )
    lang = tag(
        "a",
        words("language"),
        href=address_of(page, other, default_lang=default_lang),
        data_act="lang",
        data_id=other.lang,
        lang="en" if other.lang == "en" else "zh-CN",
    )
    target = "results" if page == "find" else "main"
    lost = tag("p", words("lost"), class_="lost", role="alert", hidden=True, data_own_attributes="hidden")
    header = tag(
        "header",
        tag("a", words("skip"), href=f"#{target}", data_go=target, class_="skip"),
        tag("h1", words("title"), class_="brand"),
        tag("nav", tag("ul", *links, role="list"), aria_label=words("nav")),
        tag("div", large, lang, class_="switches", role="group", aria_label=words("switches")),
        class_="top",
    )
    return join(header, lost)


def render_footer(words: Words) -> Markup:
    """Return the footer: where the data come from and whom to call."""
    return tag("footer", tag("p", words("footer")), class_="bottom")
