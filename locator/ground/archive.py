"""The tiles in use: every archive in ``<data>/ground``, read from disk one tile at a time.

An archive may be replaced, taken away or damaged while the page is served: then the ground is plain there,
and the log says so once. Reading never raises.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import sqlite3
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from locator.disk import FileMark

log = logging.getLogger(__name__)

FORMAT = 1
"""Raised when what is drawn or how it is kept changes; an archive of another format must be imported again."""
APPLICATION = 0x4D504258
"""What the specification of MBTiles marks a file with."""
MAX_ZOOM = 14
"""The last zoom that is kept; the browser draws larger scales from it."""
_TILE = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One extract's tiles, as they describe themselves."""

    path: Path
    digest: str
    """A hash of the extract."""
    source: str
    """The file name of the extract."""
    date: str
    """The day the extract is of, ISO; empty where it does not say."""
    cover_zoom: int
    cover: tuple[tuple[int, int, int], ...]
    """Where there is something to see: (y, first x, last x) of tiles at ``cover_zoom``."""


def ground_dir(data: Path) -> Path:
    """Return the folder of all archives under ``LOCATOR_DATA``."""
    return data / "ground"


def read_archive(path: Path) -> Archive | None:
    """Return what an archive says about itself; None where it is missing, broken or of another format."""
    try:
        with contextlib.closing(_connect(path)) as connection:
            return _describe(path, connection)
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        return None


def _connect(path: Path) -> sqlite3.Connection:
    """Open an archive to be read, never mapped into memory: a file that is cut short then ends the process."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    connection.execute("PRAGMA mmap_size = 0")
    return connection


def _open_archive(path: Path) -> tuple[Archive, sqlite3.Connection]:
    connection = _connect(path)
    try:
        return _describe(path, connection), connection
    except BaseException:
        connection.close()
        raise


def _describe(path: Path, connection: sqlite3.Connection) -> Archive:
    row = connection.execute("SELECT value FROM metadata WHERE name = 'locator'").fetchone()
    said: dict[str, Any] = json.loads(row[0]) if row else {}
    if said.pop("format", None) != FORMAT:
        raise ValueError("of another format")
    cover = tuple((int(y), int(first), int(last)) for y, first, last in said.pop("cover"))
    return Archive(path=path, cover=cover, **said)


class Ground:
    """The tiles of every extract that was imported.

    Parameters
    ----------
    data
        ``LOCATOR_DATA``; nothing need be there.
    """

    def __init__(self, data: Path) -> None:
        self._folder = ground_dir(data)
        self._lock = threading.Lock()
        self._seen: tuple[object, ...] | None = None
        self._open: list[tuple[Archive, sqlite3.Connection]] = []
        self._version = ""

    @property
    def version(self) -> str:
        """What changes when an archive does; empty where there is none."""
        with self._lock:
            self._look()
            return self._version

    def archives(self) -> Sequence[Archive]:
        """Return the archives in use."""
        with self._lock:
            self._look()
            return tuple(archive for archive, _ in self._open)

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """Return a tile of the web's usual grid (``y`` from the north), gzip-compressed; None where it is empty.

        Also None for numbers that no tile has, and where an archive cannot be read.
        """
        if not is_tile(zoom, x, y):
            return None
        row = (1 << zoom) - 1 - y
        with self._lock:
            self._look()
            found = [
                data for archive, connection in self._open if (data := self._read(archive, connection, zoom, x, row))
            ]
        if len(found) < 2:
            return found[0] if found else None
        return gzip.compress(b"".join(map(gzip.decompress, found)), 6, mtime=0)  # at a border

    def _read(self, archive: Archive, connection: sqlite3.Connection, zoom: int, x: int, row: int) -> bytes | None:
        try:
            found = connection.execute(_TILE, (zoom, x, row)).fetchone()
            if found and not gzip.decompress(found[0]):  # a browser would show what its checksum tells
                raise ValueError("an empty tile")
        except (sqlite3.Error, OSError, EOFError, TypeError, ValueError, zlib.error) as error:
            self._open = [pair for pair in self._open if pair[0] is not archive]
            log.warning("the map tiles of %s cannot be read (%s); import it again", archive.source, error)
            return None
        return bytes(found[0]) if found else None

    def _look(self) -> None:
        """Open what is in the folder now, if that is something else than before."""
        seen = _list(self._folder)
        if seen == self._seen:
            return
        for archive, connection in self._open:
            connection.close()
            if self._seen is not None and not archive.path.exists():
                log.warning("the map tiles of %s are gone", archive.source)
        self._seen, self._open = seen, []
        for path, _ in seen:
            try:
                self._open.append(_open_archive(path))
            except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
                log.warning("the map tiles in %s cannot be used (%s); import the extract again", path.name, error)
        mark = repr([(path.name, mark) for path, mark in seen]) if self._open else ""
        self._version = blake2b(mark.encode(), digest_size=6).hexdigest() if mark else ""


def is_tile(zoom: int, x: int, y: int, most: int = MAX_ZOOM) -> bool:
    """Tell whether these are the numbers of a tile of a zoom up to ``most``."""
    return 0 <= zoom <= most and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom


def _list(folder: Path) -> tuple[tuple[Path, FileMark], ...]:
    """Return the archives in a folder, each with what tells whether it was replaced."""
    try:
        return tuple((path, FileMark.of(path)) for path in sorted(folder.glob("*.mbtiles")))
    except OSError:
        return ()
