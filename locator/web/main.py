"""The script that Streamlit runs for each visit: the frame around the views, and which view it is."""

from __future__ import annotations

from functools import partial

import streamlit as st

from locator.web import shared
from locator.web.components import show_panel, show_still
from locator.web.frame import PAGES, render_footer, render_header
from locator.web.shell import HTML_LANG
from locator.web.state import parse_state, to_params
from locator.web.views.about import show_about
from locator.web.views.centers import show_centers
from locator.web.views.find import show_find
from locator.web.views.guide import show_guide
from locator.web.visit import Visit
from locator.web.words import Words

VIEWS = {"find": show_find, "guide": show_guide, "centers": show_centers, "about": show_about}


def open_visit() -> Visit:
    """Return this session's visit; a new one starts with what the address bar says."""
    if "visit" not in st.session_state:
        default_lang = shared.read_settings().lang
        st.session_state["visit"] = Visit(state=parse_state(st.query_params.to_dict(), default_lang=default_lang))
    visit: Visit = st.session_state["visit"]
    visit.follow(st.query_params.to_dict(), default_lang=shared.read_settings().lang)
    return visit


def main() -> None:
    """Draw the page."""
    visit, default_lang = open_visit(), shared.read_settings().lang
    words = Words(visit.state.lang)
    pages = {
        name: st.Page(
            partial(VIEWS[name], visit),
            title=words(f"nav.{name}"),
            url_path=None if name == PAGES[0] else name,
            default=name == PAGES[0],
        )
        for name in PAGES
    }
    current = st.navigation(list(pages.values()), position="hidden")
    if visit.go in pages:
        target, visit.go = pages[visit.go], None
        st.switch_page(target, query_params=to_params(visit.state, default_lang=default_lang))
    name = current.url_path or PAGES[0]
    title = words("title") if name == PAGES[0] else f"{words(f'nav.{name}')} · {words('title')}"
    st.set_page_config(page_title=title, layout="wide")
    state = visit.state
    header = render_header(name, state, words, default_lang=default_lang)
    page = {"lang": HTML_LANG[state.lang], "large": state.large}
    show_panel("header", header, version=shared.version(), on_act=visit.take, page=page)
    current.run()
    show_still("footer", render_footer(words))
    shared.write_address(visit)


main()
