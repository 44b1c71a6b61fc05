"""The door: ``streamlit run app.py`` serves the page, its assets and the API from one process and port."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.config import get_option, set_option

from locator.api.limits import Guard
from locator.web import shared
from locator.web.html_middleware import HtmlMiddleware, choose_guard
from locator.web.process import configure_json_logging
from locator.web.routes import build_routes

configure_json_logging()
settings, assets = shared.start()
set_option("runner.postScriptGC", settings.postscript_gc)
limits = shared.read_limits()
base = f"/{path}" if (path := (get_option("server.baseUrlPath") or "").strip("/")) else ""
app = st.App(
    Path(shared.__file__).with_name("main.py"),
    lifespan=shared.warm_up,
    routes=build_routes(
        settings,
        assets,
        locate=shared.open_locator,
        clock=shared.read_clock,
        limits=limits,
        ground=shared.read_ground(),
        base=base,
    ),
    middleware=[
        Middleware(HtmlMiddleware, settings=settings, assets=assets, ground=shared.read_ground(), base=base),
        Middleware(Guard, limits=limits, **choose_guard(settings, base)),
    ],
)
