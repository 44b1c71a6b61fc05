"""What all sessions of one process share: settings, assets, base map, the one Locator and counts of its layer."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from locator.adcode import prefecture_of
from locator.engines import check_engines
from locator.errors import LocatorError
from locator.ground import Ground, PlaceNames
from locator.ground.archive import MAX_ZOOM
from locator.i18n import choose, text
from locator.model import Query, Task
from locator.outputs.folium_map import TileSource, open_tiles
from locator.service import SearchMetrics
from locator.settings import Settings, load_settings, now_of, shipped_dir
from locator.web.process import collect_on_timer, configure_process
from locator.web.routes import Assets, open_assets
from locator.web.state import to_params

if TYPE_CHECKING:
    from locator.api.limits import ClientLimits
    from locator.service import Locator
    from locator.web.session import Session
    from locator.wording import Translator

log = logging.getLogger(__name__)
MAX_SOURCES = 200
"""How many sources the page lists."""
_lock = threading.Lock()


@cache
def read_settings() -> Settings:
    """Return the settings of this process; wrong ones are refused here, when the server starts."""
    return load_settings()


def start() -> tuple[Settings, Assets]:
    """Return the settings and the assets; a wrong setting ends the process with one line that names it.

    Raises
    ------
    SystemExit
        A setting is wrong.
    """
    try:
        settings = read_settings()
        check_engines(settings)
        read_tiles()
        return settings, read_assets()
    except LocatorError as error:
        sys.stderr.write(f"locator: {error}\n")
        raise SystemExit(error.exit_code) from None


@cache
def read_limits() -> ClientLimits:
    """Return what each client has used of this process; made when the process is set up."""
    return configure_process(read_settings())


def read_peer() -> tuple[str, str]:
    """Return the address that this session's connection comes from, and its ``X-Forwarded-For``."""
    import streamlit as st

    return st.context.ip_address or "127.0.0.1", ",".join(st.context.headers.get_all("X-Forwarded-For"))


def take_turn(what: str) -> bool:
    """Count a request or a report of this session's client; False when it is one too many."""
    limits = read_limits()
    client = limits.client_of(*read_peer())
    return (limits.reports.take(client) if what == "reports" else limits.take_request(client)) == 0


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


def write_address(session: Session) -> None:
    """Put the session's state into the address bar if it is not there already."""
    import streamlit as st

    wanted = to_params(session.state, default_lang=read_settings().lang)
    session.record_url(wanted)
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def read_clock() -> datetime:
    """Return now, in China's time; ``LOCATOR_NOW`` sets it."""
    return now_of(read_settings())


def pack_first_visit() -> None:
    """Compress the files of a first page load in advance, before the first visit."""
    from locator.web.html_middleware import open_packed_files
    from locator.web.streamlit_patches import list_first_files

    open_packed_files().warm_up(list_first_files())


@asynccontextmanager
async def warm_up(_: object) -> AsyncIterator[None]:
    """Open the Locator in the background while the server starts, so that the first person need not wait."""

    def open_all() -> None:
        from locator.stores.parquet import ParquetStore

        try:
            locator = open_locator()
            locator.engines.router  # noqa: B018 - opens it
            # One question reads what is only read when needed, before the memory is frozen and the first person asks.
            locator.find(Query(text=text("page.example1", "zh"), task=Task.APPLY), read_clock())
            if isinstance(locator.engines.store, ParquetStore):
                locator.engines.store.layer().read_ahead()
            locator.engines.gazetteer.warm()
            locator.metrics = SearchMetrics()  # the question above is not a person's search
            log.info("ready")
            # Not streamlit_folium: a component declared before the runtime runs is never served.
            import folium.plugins  # noqa: F401 - the slow part of it
        except LocatorError as error:
            log.error("the data cannot be opened yet: %s", error.code)
        pack_first_visit()
        if not read_settings().postscript_gc:
            collect_on_timer()

    threading.Thread(target=open_all, name="warm-up", daemon=True).start()
    yield


@cache
def read_ground() -> Ground:
    """Return the map's own tiles."""
    return Ground(read_settings().data)


def describe_ground(prefix: str) -> str:
    """Return what ``ground.js`` is to know, as JSON: where tiles and names are, and what the tiles cover.

    Parameters
    ----------
    prefix
        How the map's frame reaches the page's own root.
    """
    names = PlaceNames(shipped_dir() / "gazetteer").version
    said: dict[str, object] = {"names": f"{prefix}ground/names/{names}/{{z}}/{{x}}/{{y}}"}
    ground = read_ground()
    archives = ground.archives() if read_tiles().ground else ()
    if archives:
        oldest = min(archive.date for archive in archives)
        credit = f"© OpenStreetMap contributors {oldest}".rstrip()
        said |= {
            "tiles": f"{prefix}ground/tiles/{ground.version}/{{z}}/{{x}}/{{y}}",
            "draw": read_assets().url("ground_draw.js", prefix=prefix),
            "cover": [[archive.cover_zoom, archive.cover] for archive in archives],
            "attribution": " · ".join(filter(None, [credit, read_settings().tiles_attribution])),
            "max_zoom": MAX_ZOOM,
        }
    return json.dumps(said)


def tiles_sentence(words: Translator) -> str:
    """Return who learns which part of the map is looked at."""
    tiles = read_tiles()
    name = "osm" if tiles.name == "auto" and not read_ground().archives() else tiles.name
    return words(f"tiles.{name}", host=urlsplit(tiles.urls[0]).netloc if tiles.urls else "")


def version() -> str:
    """Return what changes when ``page.js`` does."""
    asset = read_assets().get("page.js")
    return asset.digest if asset else ""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source of the layer."""

    name: str
    count: int
    dates: str
    licence: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of one version of the layer."""

    total: int
    kinds: tuple[tuple[str, int], ...]
    """Kind and count, most first."""
    cities: tuple[tuple[str, str, int], ...]
    """Adcode (six digits, of the prefecture), full name and count, by adcode."""
    sources: tuple[SourceLine, ...]


@lru_cache(maxsize=8192)
def name_both(code: str, name: str, lang: str) -> str:
    """Return a division's name, and behind it the one in the reader's language where it is in another: 济南市 Jinan."""
    known = open_locator().engines.gazetteer.describe(code, "en").partition(",")[0]
    shown = choose({"zh": name, "en": known}, lang)
    return name if shown in (name, None) else f"{name} {shown}"


def read_overview(locator: Locator) -> Overview:
    """Return the counts of the layer as it is now; made once for each version."""
    return _count(locator, locator.engines.store.version)


@lru_cache(maxsize=2)
def _count(locator: Locator, _version: str) -> Overview:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = ("id", "kind", "province", "city", "adcode", "status", "source", "source_date", "licence")
    layer = locator.engines.store.layer().table
    table = pa.table({name: layer.column(name).cast(pa.string()) for name in names})
    table = table.filter(pc.not_equal(table.column("status"), "vanished"))
    kinds = table.group_by("kind").aggregate([("id", "count")]).to_pylist()
    cities: dict[str, tuple[str, int]] = {}
    for row in table.group_by(["province", "city"]).aggregate([("adcode", "min"), ("id", "count")]).to_pylist():
        if row["adcode_min"] and row["city"]:
            code = prefecture_of(row["adcode_min"])
            _, before = cities.get(code, ("", 0))
            cities[code] = (row["city"], before + row["id_count"])
    dates = [("id", "count"), ("source_date", "min"), ("source_date", "max")]
    sources = table.group_by(["source", "licence"]).aggregate(dates).to_pylist()
    sources.sort(key=lambda row: (-row["id_count"], row["source"] or ""))
    return Overview(
        total=table.num_rows,
        kinds=tuple(sorted(((row["kind"], row["id_count"]) for row in kinds), key=lambda pair: (-pair[1], pair[0]))),
        cities=tuple((code, name, count) for code, (name, count) in sorted(cities.items())),
        sources=tuple(
            SourceLine(
                row["source"] or "",
                row["id_count"],
                "–".join(dict.fromkeys(d for d in (row["source_date_min"], row["source_date_max"]) if d)),
                row["licence"] or "",
            )
            for row in sources[:MAX_SOURCES]
        ),
    )
