"""How data comes in, stage by stage; a newcomer reads the modules in this order.

1. *sources*: a :class:`Source` yields raw records and declares its datum: ``tables`` (with ``headers`` and ``layout``;
   :mod:`locator.files` opens the file), ``vector``, ``osm``, ``services``; :data:`SOURCES` is the table of names that
   ``locator import KIND`` takes
2. *validate*: ``validate`` alone makes points of records (``fields``, ``values``, ``positions``), so every
   :class:`Issue` has file, row, column, code and value
3. *place*: ``place`` says where the positionless are
4. *merge* and *store*: :mod:`locator.stores` takes all points of a source at once or none

``importing`` runs them for an operator's file, ``shipped`` for the data that ships with the program,
``engines.ask_surroundings`` for a live answer; ``extracts`` keeps what else an extract holds, and
``corrections`` what people report.
"""

from __future__ import annotations

import importlib
import inspect
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from locator.datum import Datum
from locator.errors import InvalidInput
from locator.model import ServicePoint

if TYPE_CHECKING:
    from tqdm import tqdm

SHOWN_CHARACTERS = 120
"""How much of a faulty value a reject repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """One row, feature or answer of a source, in the source's own words."""

    source: str
    """The source's name, as the layer will call it."""
    file: str
    """The file, address or query it was read from."""
    row: int
    """The row's number as a spreadsheet shows it (the header is row 1); for features, from 1."""
    fields: Mapping[str, str]
    """Text by column name of the layer, plus ``datum``. A missing key means that the source has no such
    column; an empty text means that it has the column and leaves it blank."""
    datum: Datum | None = None
    """What this record's position is measured against, when it is not the source's."""
    fault: tuple[str, str, str, str] | None = None
    """What was wrong before any value could be read: column, code, value, reason. The row is refused."""


class Issue(NamedTuple):
    """One value that cannot be taken as it is."""

    file: str
    row: int
    column: str
    code: str
    """What is wrong, e.g. ``position_swapped``; the sentences are in ``locales/*/import.yaml``."""
    value: str
    """The value, cut to :data:`SHOWN_CHARACTERS`, control characters made visible."""
    reason: str
    """An English sentence: what was given, what was expected."""
    severity: str = "row"
    """``row``: the whole row was refused; ``value``: the row was kept without this value; ``doubt``: the
    value was kept, somebody should look."""


class Checked(NamedTuple):
    """The outcome of a check: points, and every fault and doubt in the order of the rows."""

    points: list[ServicePoint]
    rejects: list[Issue]


@dataclass(slots=True)
class Draft:
    """A row while it is being checked: what it gives, and what is wrong with it."""

    record: RawRecord
    values: dict[str, object] = field(default_factory=dict)
    """Checked values by the names of :class:`~locator.model.ServicePoint`'s fields."""
    rejects: list[Issue] = field(default_factory=list)
    refused: bool = False
    own_id: bool = False
    """Whether the id is the row's own, not one that was made."""
    country: str | None = None
    """The country of its telephone numbers, when that is not China."""
    abroad: bool = False
    """Whether its position is outside China."""

    def text(self, name: str) -> str:
        """Return a field's text without the blanks around it, ``""`` when there is none."""
        return self.record.fields.get(name) or ""

    def add_issue(self, column: str, code: str, value: str, reason: str, severity: str = "value") -> None:
        """Note a fault or a doubt; severity ``row`` refuses the row."""
        shown = value[:SHOWN_CHARACTERS]
        if not shown.isprintable():
            shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
        if len(value) > SHOWN_CHARACTERS:
            shown += "…"
        self.rejects.append(Issue(self.record.file, self.record.row, column, code, shown, reason, severity))
        self.refused = self.refused or severity == "row"


class Source(Protocol):
    """One place to read from, opened and ready.

    The constructor takes ``location`` (a path, a place name, a box …) and keyword arguments with defaults.
    """

    name: str
    """What the layer calls this source: importing the same name again replaces its rows."""
    datum: Datum
    """What the positions are measured against (the operator's ``--datum`` wins)."""
    licence: str | None
    """The licence of the rows, when the source knows it."""

    @property
    def total(self) -> int | None:
        """How many records there will be, for the progress bar; None when that is not known."""
        ...

    def records(self) -> Iterator[RawRecord]:
        """Yield every record, in the source's order, with fields named as the layer's columns.

        Raises
        ------
        InvalidInput
            The file cannot be read at all: not this format, no usable header, too large, cut short.
        ServiceError
            The service elsewhere gave no usable answer.
        """
        ...


SOURCES: Mapping[str, str] = {
    "table": "locator.ingest.tables:TableSource",
    "geojson": "locator.ingest.vector:VectorSource",
    "osm": "locator.ingest.osm:OsmSource",
    "overpass": "locator.ingest.services:OverpassSource",
    "amap": "locator.ingest.services:AmapSource",
}
"""Import kinds and the classes that read them, imported when asked for."""


FILES = frozenset({"table", "geojson"})
"""Kinds of which the file itself says which one it is; the operator's word decides only where it does not."""
NETWORKED = frozenset({"overpass", "amap"})
"""Kinds that ask a service elsewhere, and need the settings for its address, key and pace."""


_FEATURES = (".geojson", ".gpkg", ".fgb", ".shp", ".kml", ".gpx", ".parquet", ".geoparquet")
_ROWS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".json", ".jsonl", ".ndjson", ".htm", ".html")


def _kind_of_file(kind: str, path: Path) -> str:
    """Return whether a file is one of rows or one of features: by its content, else by its ending."""
    from locator.files import FEATURES, find_format

    ending, form = path.suffix.lower(), find_format(path) if path.is_file() else ""
    if form in FEATURES:
        return "geojson"
    if form in ("json", "xlsx", "ods"):
        return "table"
    return "geojson" if ending in _FEATURES else "table" if ending in _ROWS or form else kind


def open_source(kind: str, location: str, *, settings: object = None, **options: object) -> Source:
    """Return the source of an import kind, opened.

    Parameters
    ----------
    kind
        A key of :data:`SOURCES`.
    location
        What to read: a path, or what the kind's documentation says.
    settings
        The :class:`~locator.settings.Settings` for the kinds of :data:`NETWORKED`; the process's own when None.
    options
        The kind's own keyword arguments; those that are None are left to its defaults.

    Raises
    ------
    InvalidInput
        No such kind, an option that this kind has no use for, or the location cannot be read.
    """
    if kind not in SOURCES:
        raise InvalidInput(
            f"import kind {kind!r}; expected one of {', '.join(SOURCES)}",
            code="import_kind",
            given=kind,
            expected=", ".join(SOURCES),
        )
    folder = None
    if kind in FILES:
        location, folder = _unpack(location)
        kind = _kind_of_file(kind, Path(location))
    module, _, name = SOURCES[kind].partition(":")
    if kind in NETWORKED:
        options["settings"] = settings
    made = getattr(importlib.import_module(module), name)
    given = {key: value for key, value in options.items() if value is not None}
    strange = sorted(given.keys() - inspect.signature(made).parameters.keys())
    if strange:
        raise InvalidInput(f"--{strange[0]} is not for {kind}", code="option_kind", option=f"--{strange[0]}", kind=kind)
    source = cast(Source, made(location, **given))
    if folder is not None:
        weakref.finalize(source, shutil.rmtree, folder, ignore_errors=True)
    return source


def _unpack(location: str) -> tuple[str, str | None]:
    """Return where the one file of an archive is unpacked, and in which folder; any other file is itself."""
    from locator.files import find_format, unpack

    path = Path(location)
    if not path.is_file() or find_format(path) != "zip":
        return location, None
    folder = tempfile.mkdtemp(prefix="locator-")
    try:
        found = unpack(path, Path(folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if found is None:
        shutil.rmtree(folder, ignore_errors=True)
        return location, None
    return str(found), folder


SECONDS_A_LINE = 10.0
"""How often a log is told how far an import is."""


class _LogLines:
    """A stream for logs: each state of a progress bar is a line of its own instead of overwriting the last one."""

    def write(self, state: str) -> None:
        """Write a state of the bar as a line."""
        if line := state.strip("\r\n "):
            sys.stderr.write(line + "\n")

    def flush(self) -> None:
        """Hand the line on."""
        sys.stderr.flush()


def open_progress(items: Iterable[Any] | None = None, *, show: bool, **options: Any) -> tqdm[Any]:
    """Return a progress bar on stderr: with its rate on a terminal, a line every ten seconds in a log.

    Parameters
    ----------
    items
        What is gone through; None where the caller counts.
    show
        False shows none.
    options
        Options of tqdm: ``total``, ``desc``, ``unit`` …
    """
    from tqdm import tqdm

    if not sys.stderr.isatty():
        options |= {"file": _LogLines(), "mininterval": SECONDS_A_LINE, "maxinterval": SECONDS_A_LINE, "ncols": 0}
    return tqdm(items, disable=not show, **options)
