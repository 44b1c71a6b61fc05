"""The script that Streamlit runs for each session: the frame around the views, and which view is shown."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from locator.i18n import language
from locator.web import shared
from locator.web.components import render_footer, render_header, show_panel, show_static_html
from locator.web.session import Session
from locator.web.state import PAGES, parse_state, to_params
from locator.web.views.about import show_about
from locator.web.views.centers import show_centers
from locator.web.views.find import show_find
from locator.web.views.guide import show_guide
from locator.wording import Translator

VIEWS = {"find": show_find, "guide": show_guide, "centers": show_centers, "about": show_about}


def open_session() -> Session:
    """Return this session's state; a new session starts with what the address bar says."""
    if "session" not in st.session_state:
        default_lang = shared.read_settings().lang
        st.session_state["session"] = Session(
            state=parse_state(st.query_params.to_dict(), default_lang=default_lang), take_turn=shared.take_turn
        )
    session: Session = st.session_state["session"]
    context = get_script_run_ctx(suppress_warning=True)
    stepped = context is None or context.is_history_navigation
    session.sync_from_url(st.query_params.to_dict(), default_lang=shared.read_settings().lang, stepped=stepped)
    return session


def main() -> None:
    """Draw the page."""
    session, default_lang = open_session(), shared.read_settings().lang
    words = Translator(session.state.lang)
    pages = {
        name: st.Page(
            partial(VIEWS[name], session),
            title=words(f"nav.{name}"),
            url_path=None if name == PAGES[0] else name,
            default=name == PAGES[0],
        )
        for name in PAGES
    }
    current = st.navigation(list(pages.values()), position="hidden")
    if session.go in pages:
        target, session.go = pages[session.go], None
        st.switch_page(target, query_params=to_params(session.state, default_lang=default_lang))
    name = current.url_path or PAGES[0]
    title = words("title") if name == PAGES[0] else f"{words(f'nav.{name}')} · {words('title')}"
    st.set_page_config(page_title=title, layout="wide")
    state = session.state
    page = {"lang": language(state.lang).html, "large": state.large, "heard": session.heard}
    show_panel("header", render_header(name, state), session, page=page)
    current.run()
    show_static_html("footer", render_footer(words))
    shared.write_address(session)


main()
