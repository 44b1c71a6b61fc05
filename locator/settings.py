"""Every knob, frozen, read once from the environment and ``locator.toml``; works offline as it is.

The environment wins over the file. ``docs/OPERATIONS.md`` explains each setting; a wrong value is
refused with one line that names it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import platformdirs

from locator.errors import InvalidInput, SettingError
from locator.i18n import LANGS

PREFIX = "LOCATOR_"
CHINA = ZoneInfo("Asia/Shanghai")
LAYER_FILE = "layer.parquet"
"""Where the layer is in the data folder."""
GEOCODERS = ("gazetteer", "nominatim", "photon", "amap", "tianditu", "tencent", "baidu")
ROUTERS = ("auto", "none", "valhalla", "valhalla-http", "osrm", "openrouteservice", "amap")
TILES = ("auto", "ground", "osm", "tianditu", "amap", "none")
LIVE = ("off", "overpass", "amap")
SERVICES = (
    "nominatim", "photon", "amap", "tianditu", "tencent", "baidu",
    "overpass", "valhalla", "osrm", "openrouteservice", "geofabrik",
)  # fmt: skip
"""Names that ``LOCATOR_<NAME>_KEY`` and ``LOCATOR_<NAME>_URL`` may carry."""
_HOST = re.compile(r"(?:[\w.-]|\{s\})+(?::\d+)?|\[[\da-f:.]+\](?::\d+)?", re.ASCII | re.IGNORECASE)
"""Host and port of an address, fit for the policy a browser keeps to; ``{s}`` stands for the subdomains of tiles."""


class Secrets(dict[str, str]):
    """Keys by service name; never shown, not even by ``repr``."""

    def __repr__(self) -> str:
        return f"Secrets({sorted(self)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided; the field ``data`` is ``LOCATOR_DATA`` and so on."""

    data: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("locator")))
    """The folder of everything built or imported: layer, gazetteer, road tiles, service caches."""
    layer: str | None = field(default=None, repr=False)
    """Where the layer is, if not in ``data``: a path, or ``postgresql://…``."""
    geocoders: tuple[str, ...] = ("gazetteer",)
    """Who is asked for a place, in order; every name but ``gazetteer`` is a service elsewhere."""
    places: str = "auto"
    """``auto``: the shipped places are built in the background where they are missing; ``off``: they are not."""
    router: str = "auto"
    """``auto``: the embedded engine where road tiles exist, else none."""
    tiles: str = "auto"
    """The base map: ``auto`` (our own where there are map tiles, else ``osm``), ``ground`` (only our own), ``osm``,
    ``tianditu``, ``amap``, ``none``, or a URL with {z} {x} {y}."""
    tiles_datum: str = "wgs84"
    """The datum of a base map given as a URL."""
    tiles_attribution: str = ""
    lang: str = "zh"
    now: datetime | None = None
    """A fixed clock (aware), for tests and for looking at a holiday; None is the real clock."""
    live: str = "off"
    public_url: str | None = None
    report_url: str | None = None
    """Where "report an error" leads: ``mailto:…`` or ``https://…``, with {id} and {field} filled in."""
    cors: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    rate_limit: int = 120
    """Requests a minute that one client may send to the API; 0 is no limit."""
    trusted_proxy: tuple[str, ...] = ()
    client_connections: int = 200
    """Connections that one client (an address, or a /64 network of IPv6) may hold at once; 0 is no limit."""
    timeout_s: float = 5.0
    """How long a service elsewhere may take before the next in the chain is asked."""
    user_agent: str = "locator/0.1 (service point locator)"
    """What services elsewhere see; put the operator's contact here."""
    postscript_gc: bool = False
    """Whether Streamlit collects garbage after each script run (see docs/OPERATIONS.md)."""
    trace: bool = False
    """Whether the command prints the whole trace of a fault of the program."""
    keys: Secrets = field(default_factory=Secrets)
    urls: Mapping[str, str] = field(default_factory=dict)


@cache
def shipped_dir() -> Path:
    """Return the folder of the data that ships with the program (read only)."""
    installed = Path(__file__).parent / "shipped"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "data"


def load_yaml(path: Path) -> Any:
    """Return the content of one of our YAML files, read by the C library where there is one.

    Raises
    ------
    OSError, UnicodeDecodeError, yaml.YAMLError
        The file is missing, no text in UTF-8, or no YAML.
    """
    import yaml

    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def _words(name: str, value: str, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
    words = tuple(word.strip() for word in value.split(",") if word.strip())
    for word in words:
        if allowed and word not in allowed:
            raise _wrong(name, word, "one of " + ", ".join(allowed))
    return words


def _wrong(name: str, value: object, expected: str) -> SettingError:
    return SettingError(
        f"{PREFIX}{name} is {value!r}; expected {expected}",
        code="setting",
        name=PREFIX + name,
        value=value,
        expected=expected,
    )


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise _wrong(name, value, "one of " + ", ".join(allowed))
    return value


def _flag(name: str, value: str) -> bool:
    return _choice(name, value.lower(), ("true", "false")) == "true"


def _number(name: str, value: str, minimum: float) -> float:
    try:
        number = float(value)
    except ValueError:
        raise _wrong(name, value, f"a number, {minimum:g} or more") from None
    if not minimum <= number < float("inf"):
        raise _wrong(name, value, f"a number, {minimum:g} or more")
    return number


def _header(name: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise _wrong(name, value, "printable ASCII text, as in a header of HTTP")
    return value


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):  # half a request would be none, and none is no limit
        raise _wrong(name, value, "a whole number, 0 or more")
    return int(value)


def _origins(name: str, value: str, *, subdomains: bool) -> tuple[str, ...]:
    host = r"(\*\.)?[A-Za-z0-9.-]+" if subdomains else r"[A-Za-z0-9.-]+"
    origins = _words(name, value)
    for origin in origins:
        if origin != "*" and not re.fullmatch(rf"https?://{host}(:[0-9]{{1,5}})?", origin):
            raise _wrong(name, origin, "origins such as https://a.example, separated by commas, without a path")
    return tuple(origin.lower() for origin in origins)


def _networks(name: str, value: str) -> tuple[str, ...]:
    networks = _words(name, value)
    for network in networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise _wrong(name, network, "addresses or networks such as 127.0.0.1 or 10.0.0.0/8") from None
    return networks


def _url(name: str, value: str, schemes: tuple[str, ...]) -> str:
    plain = value.isprintable() and not any(c in " \"'<>`" for c in value)
    _, found, rest = value.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if not value.startswith(schemes) or not plain or (found and not _HOST.fullmatch(host)):
        raise _wrong(name, value, "an address that starts with " + " or ".join(schemes))
    return value


def _public(value: str) -> str:
    if "?" in value or "#" in value:
        raise _wrong("PUBLIC_URL", value, "an address without ? and #, such as https://cards.example.org")
    return _url("PUBLIC_URL", value, ("https://", "http://")).rstrip("/")


def parse_moment(value: str) -> datetime:
    """Return the moment of an ISO text; without a zone it is China's time.

    Raises
    ------
    InvalidInput
        It is no such text, or no such day or hour exists.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidInput(f"{value!r} is no moment such as 2026-11-23T10:00", code="moment", given=value) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def now_of(settings: Settings) -> datetime:
    """Return the moment: the one set, else the clock's, in China's time. Only the page, the API and the command ask."""
    return settings.now or datetime.now(CHINA)


def _now(value: str) -> datetime:
    try:
        return parse_moment(value)
    except InvalidInput:
        raise _wrong("NOW", value, "a moment such as 2026-11-23T10:00") from None


def _layer(value: str) -> str:
    if "://" in value and not value.startswith(("postgresql://", "postgres://")):
        raise _wrong("LAYER", value.split("://", maxsplit=1)[0] + "://…", "a path or postgresql://…")
    return value


def _tiles(value: str) -> str:
    if value in TILES:
        return value
    url = _url("TILES", value, ("https://", "http://127.0.0.1", "http://localhost", "/"))
    if not all(part in url for part in ("{z}", "{x}", "{y}")):
        raise _wrong("TILES", value, ", ".join(TILES) + ", or a URL with {z}, {x} and {y}")
    return url


def load_settings(environ: Mapping[str, str] | None = None, toml: Path | None = None) -> Settings:
    """Return the settings of this process.

    Parameters
    ----------
    environ
        The environment; the process's own when None.
    toml
        A ``locator.toml``; the one in the working folder, if any, when None. Its keys are the
        settings' names in lower case without ``LOCATOR_`` (``data = "/srv/locator"``).

    Raises
    ------
    SettingError
        A value is wrong, or ``LOCATOR_`` carries a name that is no setting.
    """
    found = {
        key.removeprefix(PREFIX): value
        for key, value in (os.environ if environ is None else environ).items()
        if key.startswith(PREFIX) and value != ""
    }
    values = {**_read_toml(toml or Path("locator.toml")), **found}
    keys, urls = Secrets(), dict[str, str]()
    made: dict[str, object] = {"keys": keys, "urls": urls}
    for name, value in values.items():
        service, _, what = name.rpartition("_")
        if service.lower() in SERVICES and what == "KEY":
            keys[service.lower()] = value
        elif service.lower() in SERVICES and what == "URL":
            urls[service.lower()] = _url(name, value, ("https://", "http://")).rstrip("/")
        elif name in _READERS:
            made[name.lower()] = _READERS[name](value)
        else:
            raise _wrong(name, "…", "one of " + ", ".join(PREFIX + known for known in _READERS))
    return Settings(**made)  # type: ignore[arg-type]


def _read_toml(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not a TOML file: {error}", code="setting_file", path=str(path)) from None
    return {
        key.upper(): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in content.items()
    }


_READERS: Mapping[str, Callable[[str], object]] = {
    "DATA": lambda v: Path(v).expanduser(),
    "LAYER": _layer,
    "GEOCODERS": lambda v: _words("GEOCODERS", v, GEOCODERS),
    "PLACES": lambda v: _choice("PLACES", v, ("auto", "off")),
    "ROUTER": lambda v: _choice("ROUTER", v, ROUTERS),
    "TILES": _tiles,
    "TILES_DATUM": lambda v: _choice("TILES_DATUM", v, ("wgs84", "gcj02", "bd09")),
    "TILES_ATTRIBUTION": str,
    "LANG": lambda v: _choice("LANG", v, LANGS),
    "NOW": _now,
    "LIVE": lambda v: _choice("LIVE", v, LIVE),
    "PUBLIC_URL": _public,
    "REPORT_URL": lambda v: _url("REPORT_URL", v, ("https://", "mailto:")),
    "CORS": lambda v: _origins("CORS", v, subdomains=False),
    "FRAME_ANCESTORS": lambda v: _origins("FRAME_ANCESTORS", v, subdomains=True),
    "RATE_LIMIT": lambda v: _whole("RATE_LIMIT", v),
    "CLIENT_CONNECTIONS": lambda v: _whole("CLIENT_CONNECTIONS", v),
    "TRUSTED_PROXY": lambda v: _networks("TRUSTED_PROXY", v),
    "TIMEOUT_S": lambda v: _number("TIMEOUT_S", v, 0.1),
    "USER_AGENT": lambda v: _header("USER_AGENT", v),
    "POSTSCRIPT_GC": lambda v: _flag("POSTSCRIPT_GC", v),
    "TRACE": lambda v: _flag("TRACE", v),
}
