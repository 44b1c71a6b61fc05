"""Everything that changes or reaches into the private parts of Streamlit, streamlit-folium and uvicorn.

Each patch says which release it was read from and how to see that it still fits. ``pyproject.toml`` holds the
upper bounds. :func:`apply_patches` leaves out a patch that no longer fits and says so in the log; the same check
is a test (``tests/web/test_streamlit_patches.py``), so an upgrade names the patch that has to be read again.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import streamlit
import uvicorn.config
import uvicorn.server
from streamlit import net_util
from streamlit.components.v2.bidi_component import main as component
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.web.server import server_util

from locator.api import connections

if TYPE_CHECKING:
    import folium
    from starlette.types import ASGIApp
    from streamlit.runtime.state import SessionState

log = logging.getLogger(__name__)
DOCUMENT_PARTS = (
    '<html lang="en">', "<title>Streamlit</title>", 'href="./favicon.png"', "window.prerenderReady = false",
    'rel="service-desc"', "SourceSans", "<noscript>", "</noscript>", '<div id="root">', "</head>",
    '<link rel="stylesheet"', "</body>",
)  # fmt: skip
"""What :func:`rewrite_document` replaces in Streamlit's HTML document."""
LATE_CHUNKS = (
    "BidiComponent.", "_arrayReduce.", "serialization.", "recordbatch.", "Html.", "purify.es.", "ComponentInstance.",
    "IFrameUtil.", "urls.", "withCalculatedWidth.", "DownloadButton.", "createDownloadLinkElement.",
)  # fmt: skip
"""Parts of Streamlit's script that it asks for only once it draws what our page has: asked for at once instead."""
PRESENTER = "make_bidi_component_presenter"
"""What makes a component's events readable in Streamlit, by its name in there."""
FRONT_END_MARKS = (
    "data-test-connection-state", "stMainBlockContainer", "stVerticalBlock", "stHorizontalBlock", "stColumn",
    "stLayoutWrapper", "stDownloadButton",
)  # fmt: skip
"""What ``static/page.js`` and ``static/page.css`` find in Streamlit's own page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One change to another package's private parts."""

    name: str
    package: str
    read_from: str
    """The release whose source was read."""
    fits: Callable[[], bool]
    """Whether the installed release still has what the patch counts on."""
    apply: Callable[[], None] | None = None
    """Makes the change for the process; None where a function of this module is called each time instead."""


def disable_proxy_headers() -> None:
    """Identify every request by the address it comes from, not by one that a header names.

    uvicorn believes the ``X-Forwarded-For`` of every connection from the machine itself, and Streamlit has no switch
    for it: behind a proxy that passes the header on, anybody could choose who they are. Whom to believe is
    ``LOCATOR_TRUSTED_PROXY``'s to say (:func:`locator.api.limits.read_client`).
    """

    def keep_app(app: ASGIApp, trusted_hosts: object) -> ASGIApp:  # noqa: ARG001 - uvicorn's signature
        return app

    uvicorn.config.ProxyHeadersMiddleware = keep_app  # type: ignore[assignment, attr-defined]


def disable_external_ip_lookup() -> None:
    """Keep Streamlit from asking a service elsewhere for this machine's address.

    It does so for every request with an unknown ``Origin``, which anybody can send, and blocks all others while it
    waits, up to two seconds. The answer would only add the machine's own number to those a page may come from.
    """
    net_util.get_external_ip = lambda: None


def set_server_options(options: Mapping[str, Any]) -> None:
    """Give uvicorn what Streamlit has no setting for; ``app.py`` is read after the server was configured.

    Parameters
    ----------
    options
        Attributes of ``uvicorn.Config``, set right before the server starts to listen.
    """
    start = uvicorn.server.Server.startup

    async def start_with_options(self: uvicorn.Server, *args: Any, **more: Any) -> None:
        for name, value in options.items():
            setattr(self.config, name, value)
        await start(self, *args, **more)

    uvicorn.server.Server.startup = start_with_options  # type: ignore[method-assign]


def _server_options_fit() -> bool:
    listen = inspect.getsource(uvicorn.server.Server.startup)
    end = inspect.getsource(uvicorn.server.Server.shutdown)
    return "config.http_protocol_class(" in listen and "self.config.timeout_graceful_shutdown" in end


def cache_theme() -> None:
    """Write each section of the theme once. Options that are set later are not seen.

    Each run sends the browser the theme, and Streamlit searches all of its 250 options for it six times and fills the
    message field by field: a tenth of a run's time. No option changes once the server runs (``fileWatcherType``).
    """
    write = app_session._populate_theme_msg

    @cache
    def write_once(section: str) -> CustomThemeConfig:
        theme = CustomThemeConfig()
        write(theme, section)
        return theme

    def copy(msg: CustomThemeConfig, section: str = "theme") -> None:
        theme = write_once(section)
        if theme.ListFields():
            msg.MergeFrom(theme)

    app_session._populate_theme_msg = copy


class PanelEvents(dict[str, object]):
    """What a person did in a panel, by event, as an attribute too: what Streamlit gives a component's callback."""

    def __getattr__(self, name: str) -> object:
        return self.get(name)

    def __deepcopy__(self, _: object) -> PanelEvents:
        return self


def share_panel_events() -> None:
    """Present what happened in a component without a class of its own for each component and run.

    Streamlit makes that class so that a script can write into a component's state, which ours have none of. It costs as
    much as sending the component, and each visit keeps one for every panel: a seventh of what it holds.
    """

    def make(aggregator_id: str, *_: object, **__: object) -> Callable[[Any, SessionState], Any]:
        def present(base: Any, session_state: SessionState) -> Any:
            new = session_state._new_widget_state
            kind = new.widget_metadata.get(aggregator_id)
            if not isinstance(base, dict) or kind is None or kind.value_type != "json_trigger_value":
                return base
            try:
                given = new[aggregator_id]
            except KeyError:
                return base
            payloads = [given] if isinstance(given, dict) else given or []
            events = {p["event"]: p.get("value") for p in payloads if isinstance(p, dict) and "event" in p}
            return PanelEvents(events | base) if events else base

        return present

    setattr(component, PRESENTER, make)


def record_map_call(base: folium.Map, layer: folium.FeatureGroup, *, height: int) -> dict[str, Any]:
    """Return the arguments that ``st_folium`` hands to its component for a map and a layer.

    Folium renders and compiles templates anew on each call, a third of the time of a whole run of the page. So
    ``st_folium`` itself runs once, with a recorder in the place of its component; :func:`send_map_call` sends the
    arguments again with another layer.
    """
    from streamlit_folium import st_folium

    sent: dict[str, Any] = {}
    names = {**st_folium.__globals__, "_component_func": lambda **given: sent.update(given)}
    record = FunctionType(st_folium.__code__, names, argdefs=st_folium.__defaults__)
    record(base, key="map", height=height, use_container_width=True, returned_objects=[], feature_group_to_add=layer)
    return sent


def send_map_call(sent: Mapping[str, Any], *, layer: str) -> None:
    """Call streamlit-folium's component as ``st_folium`` would, with ``layer`` as the script of the layer."""
    import streamlit_folium

    streamlit_folium._component_func(**sent, feature_group=layer)


def static_folder() -> Path:
    """Return the folder of the files that Streamlit sends to the browser."""
    return Path(streamlit.__file__).parent / "static"


def component_folder() -> Path:
    """Return the folder of the files of streamlit-folium's component; importing the package would declare it."""
    return Path(str(metadata.distribution("streamlit-folium").locate_file("streamlit_folium"))) / "frontend" / "build"


@cache
def list_late_chunks() -> tuple[str, ...]:
    """Return the addresses of :data:`LATE_CHUNKS`; of one that is no longer there, none."""
    names = sorted(path.name for path in (static_folder() / "static" / "js").glob("*.js"))
    return tuple(f"./static/js/{name}" for name in names if name.startswith(LATE_CHUNKS))


@cache
def list_map_files() -> tuple[str, ...]:
    """Return the addresses of the scripts of streamlit-folium's component."""
    scripts = sorted((component_folder() / "static" / "js").glob("main.*.js"))
    return tuple(f"./component/streamlit_folium.st_folium/static/js/{path.name}" for path in scripts)


def list_first_files() -> list[str]:
    """Return the addresses of the framework's files that a first page load asks for."""
    document = (static_folder() / "index.html").read_text("utf-8")
    return [*re.findall(r'(?:href|src)="(\./static/[^"]+)"', document), *list_late_chunks(), *list_map_files()]


def strip_fonts(css: bytes) -> bytes:
    """Return Streamlit's style sheet without its fonts: the page is set in those of the machine."""
    return re.sub(rb"@font-face\s*\{[^}]*\}", b"", css)


def rewrite_document(
    document: str, *, lang: str, title: str, icon: str, head: str, body: str, end: str, no_script: str
) -> str:
    """Return Streamlit's HTML document with our own words, and without what it loads or tells for its own sake.

    Parameters
    ----------
    document
        The document that Streamlit sends for every address.
    lang
        Value of the ``lang`` attribute.
    title
        The title, escaped.
    icon
        Address of the icon.
    head, body, end, no_script
        HTML at the end of the head, at the start and at the end of the body, and for browsers without JavaScript.
        Style sheets move to the end of the body, so that what stands before them is drawn without waiting for them.
    """
    start, _, rest = document.partition("<noscript>")
    _, _, after = rest.partition("</noscript>")
    document = f"{start}<noscript>{no_script}</noscript>{after}" if after else document
    sheets = "".join(re.findall(r'<link rel="stylesheet"[^>]*>', document))
    document = re.sub(r'\s*<link rel="stylesheet"[^>]*>', "", document).replace("</body>", f"{sheets}{end}</body>", 1)
    document = document.replace('<div id="root">', f'{body}<div id="root">', 1)
    document = document.replace('<html lang="en">', f'<html lang="{lang}">', 1)
    document = document.replace("<title>Streamlit</title>", f"<title>{title}</title>", 1)
    document = document.replace('href="./favicon.png"', f'href="{icon}"', 1)
    document = _drop_element(document, "<script>", "</script>", holding="window.prerenderReady = false")
    document = _drop_element(document, "<link", "/>", holding='rel="service-desc"')
    document = _drop_element(document, "<link", "/>", holding="SourceSans")
    return document.replace("</head>", head + "</head>", 1)


def _drop_element(document: str, start: str, end: str, *, holding: str) -> str:
    """Return the document without the element that holds a word, or as it is when there is none."""
    middle = document.find(holding)
    if middle < 0:
        return document
    first = document.rfind(start, 0, middle)
    last = document.find(end, middle)
    return document if first < 0 or last < 0 else document[:first] + document[last + len(end) :]


def rewrite_host_config(document: str) -> str:
    """Return Streamlit's host configuration: no other site may control the page, and no dialog about lost connections.

    The page says in its own words when the server does not answer (``.lost``, shown by ``page.js``).
    """
    return json.dumps({**json.loads(document), "allowedOrigins": [], "blockErrorDialogs": True})


def _reads(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a function's code uses a global or attribute of that name."""
    return name in inspect.unwrap(function).__code__.co_names


def _map_component_fits() -> bool:
    from streamlit_folium import st_folium

    return _reads(st_folium, "_component_func") and "feature_group_to_add" in inspect.signature(st_folium).parameters


def _document_fits() -> bool:
    document = (static_folder() / "index.html").read_text("utf-8")
    return all(part in document for part in DOCUMENT_PARTS)


def _late_chunks_fit() -> bool:
    found = [address.rsplit("/", 1)[-1] for address in list_late_chunks()]
    return all(any(name.startswith(prefix) for name in found) for prefix in LATE_CHUNKS)


def _host_config_fits() -> bool:
    from streamlit.web.server.starlette import starlette_routes

    source = inspect.getsource(starlette_routes)
    return all(f'"{name}"' in source for name in ("allowedOrigins", "blockErrorDialogs"))


PATCHES = (
    Patch(
        name="proxy headers",
        package="uvicorn",
        read_from="0.54.0",
        fits=lambda: _reads(uvicorn.config.Config.load, "ProxyHeadersMiddleware"),
        apply=disable_proxy_headers,
    ),
    Patch(name="server options", package="uvicorn", read_from="0.54.0", fits=_server_options_fit),
    Patch(name="connections", package="uvicorn", read_from=connections.READ_FROM, fits=connections.protocol_fits),
    Patch(
        name="external address",
        package="streamlit",
        read_from="1.67.0",
        fits=lambda: "net_util.get_external_ip" in inspect.getsource(server_util),
        apply=disable_external_ip_lookup,
    ),
    Patch(
        name="theme",
        package="streamlit",
        read_from="1.67.0",
        fits=lambda: list(inspect.signature(app_session._populate_theme_msg).parameters) == ["msg", "section"],
        apply=cache_theme,
    ),
    Patch(
        name="panel events",
        package="streamlit",
        read_from="1.67.0",
        fits=lambda: (
            _reads(component.BidiComponentMixin._bidi_component, PRESENTER)
            and next(iter(inspect.signature(getattr(component, PRESENTER)).parameters)) == "aggregator_id"
        ),
        apply=share_panel_events,
    ),
    Patch(name="map component", package="streamlit-folium", read_from="0.27.4", fits=_map_component_fits),
    Patch(name="HTML document", package="streamlit", read_from="1.67.0", fits=_document_fits),
    Patch(name="late chunks", package="streamlit", read_from="1.67.0", fits=_late_chunks_fit),
    Patch(name="map files", package="streamlit-folium", read_from="0.27.4", fits=lambda: len(list_map_files()) == 1),
    Patch(name="host config", package="streamlit", read_from="1.67.0", fits=_host_config_fits),
)
"""All of them, in the order in which they are applied."""


def check_patch(patch: Patch) -> str | None:
    """Return what is wrong with a patch in one sentence, or None when it fits the installed release."""
    try:
        fits = patch.fits()
    except (AttributeError, ImportError, OSError, TypeError) as error:
        fits, why = False, f" ({type(error).__name__})"
    else:
        why = ""
    if fits:
        return None
    installed = metadata.version(patch.package)
    return f"{patch.package} {installed}: the patch “{patch.name}”, read from {patch.read_from}, no longer fits{why}"


def apply_patches() -> None:
    """Apply every patch that changes the process and fits; say in the log which do not fit."""
    for patch in PATCHES:
        # The map's is checked when the map is first drawn: its package must not be imported before the server runs.
        fault = check_patch(patch) if patch.package != "streamlit-folium" else None
        if fault:
            log.error(fault)
        elif patch.apply is not None:
            patch.apply()
