"""What all visits of one process share: the settings, the assets, the one Locator, the base map's pictures."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from locator.errors import LocatorError
from locator.i18n import text
from locator.model import Query, Task
from locator.outputs.folium_map import TileSource, open_tiles
from locator.parts import check_parts
from locator.settings import Settings, load_settings
from locator.tally import Tally
from locator.web.assets import Assets, open_assets
from locator.web.memory import collect_on_timer
from locator.web.state import to_params

if TYPE_CHECKING:
    from locator.service import Locator
    from locator.web.visit import Visit

log = logging.getLogger(__name__)
CHINA = ZoneInfo("Asia/Shanghai")
_lock = threading.Lock()


@cache
def read_settings() -> Settings:
    """Return the settings of this process; wrong ones are refused here, when the server starts."""
    return load_settings()


def start() -> tuple[Settings, Assets]:
    """Return the settings and the assets; a wrong setting ends the process with one line that names it."""
    try:
        settings = read_settings()
        check_parts(settings)
        read_tiles()
        return settings, read_assets()
    except LocatorError as error:
        sys.stderr.write(f"locator: {error}\n")
        raise SystemExit(error.exit_code) from None


@cache
def read_assets() -> Assets:
    """Return the files for the browser."""
    return open_assets(read_settings().data / "assets")


@cache
def read_tiles() -> TileSource:
    """Return the base map."""
    return open_tiles(read_settings())


@cache
def _make_locator() -> Locator:
    from locator.service import Locator

    return Locator(read_settings())


def open_locator() -> Locator:
    """Return the process's one Locator; the first call fills the data folder if it must be.

    Raises
    ------
    DataError
        The data folder cannot be filled or read. The next call tries again.
    """
    with _lock:
        return _make_locator()


def write_address(visit: Visit) -> None:
    """Put a visit's state into the address bar, when it is not there already."""
    import streamlit as st

    wanted = to_params(visit.state, default_lang=read_settings().lang)
    visit.arrive(wanted)
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def read_clock() -> datetime:
    """Return now, in China's time; ``LOCATOR_NOW`` sets it."""
    return read_settings().now or datetime.now(CHINA)


@asynccontextmanager
async def warm_up(_: object) -> AsyncIterator[None]:
    """Open the Locator in the background while the server starts, so that the first person need not wait."""

    def open_all() -> None:
        try:
            locator = open_locator()
            locator.router  # noqa: B018 - opens it
            # One question reads what is only read when needed, before the memory is frozen and the first person asks.
            locator.find(Query(text=text("page.example1", "zh"), task=Task.APPLY), read_clock())
            locator.tally = Tally()  # our own question is nobody's search
            log.info("ready")
            # Not streamlit_folium: a component declared before the runtime runs is never served.
            import folium.plugins  # noqa: F401 - the slow part of it
        except LocatorError as error:
            log.error("the data cannot be opened yet: %s", error.code)
        if not read_settings().postscript_gc:
            collect_on_timer()

    threading.Thread(target=open_all, name="warm-up", daemon=True).start()
    yield


def tile_host() -> str:
    """Return the host that a base map of the operator's own comes from; empty where there is none."""
    tiles = read_tiles()
    return urlsplit(tiles.urls[0]).netloc if tiles.urls else ""


def version() -> str:
    """Return what changes when ``page.js`` does."""
    asset = read_assets().get("page.js")
    return asset.digest if asset else ""
