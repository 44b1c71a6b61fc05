"""The door: ``streamlit run app.py`` serves the page, its assets and the API from one process and port."""

import streamlit as st
from starlette.middleware import Middleware
from streamlit.config import get_option, set_option

from locator.web import shared
from locator.web.journal import write_json_lines
from locator.web.process import settle_process
from locator.web.routes import build_routes
from locator.web.shell import Shell

write_json_lines()
settings, assets = shared.start()
set_option("runner.postScriptGC", settings.postscript_gc)
settle_process()
base = f"/{path}" if (path := (get_option("server.baseUrlPath") or "").strip("/")) else ""
app = st.App(
    "locator/web/main.py",
    lifespan=shared.warm_up,
    routes=build_routes(settings, assets, base=base),
    middleware=[Middleware(Shell, settings=settings, assets=assets, base=base)],
)
