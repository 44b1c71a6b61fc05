"""Where points come from: each source yields raw records only and declares its datum.

A source is a class with the attributes and the one method of :class:`Source`; :data:`SOURCES` is the
table of names that ``locator import KIND`` takes. Nothing here judges a value: `locator.validate` alone
makes points, so every reject has file, row, column, code and value.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Protocol, cast

from locator.datum import Datum
from locator.errors import InvalidInput
from locator.validate import RawRecord


class Source(Protocol):
    """One place to read from, opened and ready.

    ``add a source``: write a module with such a class, whose constructor takes ``location`` (a path, a
    place name, a box …) and keyword arguments of its own with defaults; name it in :data:`SOURCES`; pass
    ``tests/sources/test_source_contract.py``; write ``docs/SOURCES.md`` a paragraph with an example that runs.
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
    "table": "locator.sources.tables:TableSource",
    "geojson": "locator.sources.geojson:VectorSource",
    "osm": "locator.sources.osm:OsmSource",
    "overpass": "locator.sources.overpass:OverpassSource",
    "amap": "locator.sources.amap:AmapSource",
}
"""Import kinds and the classes that read them, imported when asked for."""


NETWORKED = frozenset({"overpass", "amap"})
"""Kinds that ask a service elsewhere, and need the settings for its address, key and pace."""


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
    module, _, name = SOURCES[kind].partition(":")
    if kind in NETWORKED:
        options["settings"] = settings
    made = getattr(importlib.import_module(module), name)
    given = {key: value for key, value in options.items() if value is not None}
    strange = sorted(given.keys() - inspect.signature(made).parameters.keys())
    if strange:
        raise InvalidInput(f"--{strange[0]} is not for {kind}", code="option_kind", option=f"--{strange[0]}", kind=kind)
    return cast(Source, made(location, **given))
