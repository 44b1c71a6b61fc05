"""The script that Streamlit runs for each visit: the frame around the views, and which view it is."""

from __future__ import annotations

import streamlit as st

from locator.web import shared
from locator.web.components import show_panel
from locator.web.frame import PAGES, render_footer, render_header
from locator.web.shell import HTML_LANG
from locator.web.state import parse_state, to_params
from locator.web.views.find import show_find
from locator.web.visit import Visit
from locator.web.words import Words


def open_visit() -> Visit:
    """Return this session's visit; a new one starts with what the address bar says."""
    if "visit" not in st.session_state:
        default_lang = shared.read_settings().lang
        st.session_state["visit"] = Visit(state=parse_state(st.query_params.to_dict(), default_lang=default_lang))
    visit: Visit = st.session_state["visit"]
    return visit


def main() -> None:
    """Draw the page."""
    visit = open_visit()
    words = Words(visit.state.lang)
    st.set_page_config(page_title=words("title"), layout="wide")
    views = {"find": lambda: show_find(visit)}
    pages = {
        name: st.Page(
            views.get(name, lambda: None),
            title=words(f"nav.{name}"),
            url_path=None if name == "find" else name,
            default=name == "find",
        )
        for name in PAGES
    }
    current = st.navigation(list(pages.values()), position="hidden")
    if visit.go in pages:
        target, visit.go = pages[visit.go], None
        st.switch_page(target, query_params=to_params(visit.state, default_lang=shared.read_settings().lang))
    name = next(name for name, page in pages.items() if page is current or page.url_path == current.url_path)
    state = visit.state
    page = {"lang": HTML_LANG[state.lang], "large": state.large, "embed": state.embed}
    header = render_header(name, state, words, default_lang=shared.read_settings().lang)
    show_panel("header", header, version=shared.version(), on_act=visit.take, page=page)
    current.run()
    show_panel("footer", render_footer(words), version=shared.version())
    shared.write_address(visit.state)


main()
