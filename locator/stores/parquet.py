"""The embedded store: one GeoParquet file that is served, and beside it one file for each source.

``layer.parquet`` is what is read; ``layer.parts/`` holds what each source gave. The layer's metadata
names the parts it was made of, so ``os.replace`` of that one file is the whole commit: a reader, or a
machine that loses power, sees the layer of before or the layer of after. Parts nobody names any more
are removed after the next commit.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace as change
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from locator.disk import FileMark, exclusive_lock
from locator.errors import DataError
from locator.layer import SCHEMA, Layer, to_arrow
from locator.model import Filter, Found, ServicePoint
from locator.search import Index
from locator.search.tree import FEW as FEW_PLACES
from locator.search.tree import Placed, PointTree, place_rows
from locator.settings import LAYER_FILE
from locator.stores import BY_ITSELF, EVERY_POINT, Summary
from locator.stores.contents import count_changes, count_listed, is_same, mark_vanished, select_joined, sum_up
from locator.stores.files import (
    Part,
    count_rows,
    find_parts,
    read_layer,
    read_manifest,
    read_positions,
    read_undo,
    remove_strangers,
    write_layer,
    write_part,
    write_undo,
)
from locator.stores.merge import VANISHED, merge_parts

if TYPE_CHECKING:
    from locator.settings import Settings

log = logging.getLogger(__name__)
TRIES = 5
FEW = 500
"""Up to this many points are read one by one and kept."""


class _Loaded(NamedTuple):
    """One state of the file, in memory."""

    mark: FileMark
    layer: Layer
    search: Index
    """The index of the points that have not vanished."""
    parts: tuple[Part, ...]


class ParquetStore:
    """Points in a GeoParquet file, loaded whole; a file that another process replaced is loaded again by itself.

    That happens beside the running queries: until the new layer is there, and its filters are as warm as the old
    one's were, the old one answers, and no query waits. A new file that cannot be read is told in the log.

    Parameters
    ----------
    path
        The layer's file. It need not exist yet: :meth:`replace` makes it.

    Raises
    ------
    DataError
        The file is there and cannot be read (on first use).
    """

    read_only = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loaded: _Loaded | None = None
        self._loading = threading.Lock()
        self._written = False
        self._held: WeakValueDictionary[str, Layer] = WeakValueDictionary()
        self._refused: FileMark | None = None

    @classmethod
    def of(cls, settings: Settings) -> ParquetStore:
        """Return the store of these settings; a file named by the operator has to be there.

        Raises
        ------
        DataError
            The operator names a file that is not there.
        """
        if settings.layer is None:
            return cls(settings.data / LAYER_FILE)
        path = Path(settings.layer).expanduser()
        if not path.is_file():
            raise DataError(f"there is no layer at {path}", code="layer_missing", path=str(path))
        return cls(path)

    # --- reading

    def _mark(self) -> FileMark:
        return FileMark.of(self.path)

    @property
    def damaged(self) -> bool:
        """Whether the file in place is lost or cannot be read, and the layer of before answers."""
        return self._loaded is not None and self._refused is not None and self._refused == self._mark()

    def is_whole(self, source: str | None = None) -> bool:
        """Tell whether the layer's file, or that of one source, can be read to its end."""
        try:
            if source is None:
                read_layer(self.path)
            else:
                self._read_parts(part for part in read_manifest(self.path).parts if part.source == source)
        except DataError:
            return False
        return True

    def _current(self) -> _Loaded:
        mark, loaded = self._mark(), self._loaded
        if loaded is not None and loaded.mark == mark:
            return loaded
        if loaded is not None and not self._written:
            if mark != self._refused and self._loading.acquire(blocking=False):
                self._renew_beside(loaded, mark)
            return loaded
        with self._loading:
            if self._loaded is None or self._loaded.mark != self._mark():
                self._loaded = self._load()
            self._written = False
            return self._loaded

    def _renew_beside(self, old: _Loaded, mark: FileMark) -> None:
        try:
            threading.Thread(target=self._renew, args=(old, mark), name="locator-layer", daemon=True).start()
        except RuntimeError:  # no more threads just now: the next query tries again
            self._loading.release()

    def _renew(self, old: _Loaded, mark: FileMark) -> None:
        """Load what another process put in place, then serve it; the caller holds the lock for this thread."""
        try:
            if self._loaded is not None and self._loaded.mark == self._mark():
                return  # somebody else was first
            if mark == FileMark() and old.mark != mark:
                raise DataError(f"{self.path} is gone", code="layer_missing", path=str(self.path))
            new = self._load()
            for where in old.search.warm_filters():
                new.search.warm(where)
            self._loaded = new
        except Exception as error:  # whatever it is: told once, and the old layer goes on answering
            log.warning("the new layer cannot be read, the old one is kept: %s", getattr(error, "code", type(error)))
            self._refused = mark
        finally:
            self._loading.release()

    def _load(self) -> _Loaded:
        mark = self._mark()
        if mark == FileMark():
            layer = Layer(SCHEMA.empty_table(), version="empty")
            return _Loaded(mark, layer, Index(layer), ())
        if count_rows(self.path) <= FEW_PLACES:
            layer, parts = read_layer(self.path)
            living, tree = _living(layer), None
        else:
            layer, parts, living, tree = self._load_many()
        if self._mark() != mark:
            return self._load()  # replaced between the two readings
        listed = layer if living.all() else Layer(layer.table.filter(to_arrow(living)), version=layer.version)
        return _Loaded(mark, layer, Index(listed, tree=tree), parts)

    def _load_many(self) -> tuple[Layer, tuple[Part, ...], NDArray[np.bool_], PointTree]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as reader:  # Arrow reads while Python imports, and while the tree grows
            placing = reader.submit(_place_living, self.path)
            reading = reader.submit(read_layer, self.path)
            importlib.import_module("scipy.spatial")
            living, placed = placing.result()
            tree = PointTree(**placed._asdict())
            return *reading.result(), living, tree

    @property
    def version(self) -> str:
        """What changes when the content does."""
        return self._current().layer.version

    def layer(self) -> Layer:
        """Return every point, vanished ones too, as columns."""
        return self._current().layer

    def index(self) -> Index:
        """Return the nearest-neighbour index of the points that have not vanished, for batches."""
        return self._current().search

    def nearest(
        self, lon: float, lat: float, *, limit: int = 5, within_m: float | None = None, where: Filter = EVERY_POINT
    ) -> list[Found]:
        """Return the nearest points that pass, by WGS-84 geodesic; see :class:`locator.stores.Store`."""
        index = self._current().search
        found = index.nearest(lon, lat, limit=limit, within_m=within_m, where=where)
        return [Found(index.layer.point(row), metres) for row, metres in found]

    def point(self, point_id: str) -> ServicePoint | None:
        """Return the point of an id, vanished ones too; None when there is none."""
        layer = self._current().layer
        row = layer.row_of(point_id)
        return None if row is None else layer.point(row)

    def points(self, where: Filter = EVERY_POINT) -> Iterator[ServicePoint]:
        """Yield the points that pass, but for the vanished ones, in the layer's order."""
        index = self._current().search
        layer, rows = index.layer, index.rows_passing(where)
        for point in _read_rows(layer, rows):
            if where.predicate is None or where.predicate(point):
                yield point

    def count_by_city(self) -> Mapping[str, int]:
        """Return how many points each city has, but for the vanished ones, by the city's full name."""
        numbers, words = self._current().search.layer.codes("city")
        counts = Counter(numbers.tolist())
        return {word: counts[code] for code, word in enumerate(words) if word and counts[code]}

    def parts(self, *, without: Collection[str] = ()) -> Mapping[str, Layer]:
        """Return what each source gave, unmerged, by source name, in the order in which they came."""
        for _ in range(TRIES):
            parts = read_manifest(self.path).parts if self.path.is_file() else ()
            wanted = [part for part in parts if part.source not in without]
            if all((self._folder / part.file).is_file() for part in wanted):
                break  # else an import has replaced one of them between the two looks
        return self._read_parts(wanted)

    def stamp(self, source: str) -> str | None:
        """Return the stamp of the last :meth:`replace` of a source, or None when it has none."""
        if not self.path.is_file():
            return None
        return next((part.stamp for part in read_manifest(self.path).parts if part.source == source), None)

    def part_files(self) -> dict[str, str]:
        """Return the file of each source, by source name: another content has another file."""
        return {part.source: part.file for part in read_manifest(self.path).parts} if self.path.is_file() else {}

    def read_files(self, files: Mapping[str, str]) -> dict[str, Layer] | None:
        """Return what sources gave once, by the files of :meth:`part_files`; None where one of them is gone."""
        try:
            return {source: self._read_part(file) for source, file in files.items()}
        except DataError:
            return None

    def _read_parts(self, parts: Iterable[Part]) -> dict[str, Layer]:
        return {part.source: self._read_part(part.file) for part in parts}

    def _read_part(self, file: str) -> Layer:
        """Return a part; its file is named by its content, so who still holds it need not read it again."""
        layer = self._held.get(file)
        if layer is None:
            layer = self._held[file] = read_layer(self._folder / file)[0]
        return layer

    # --- writing

    @property
    def _folder(self) -> Path:
        return self.path.with_suffix(".parts")

    def replace(
        self, source: str, points: Iterable[ServicePoint] | Layer, *, stamp: str = "", partial: bool = False
    ) -> Summary:
        """Put a source's points in place of those it gave before; see :class:`locator.stores.Store`."""
        new = points if isinstance(points, Layer) else Layer.from_points(points)
        with exclusive_lock(self.path):
            before = read_manifest(self.path).parts if self.path.is_file() else ()
            layers = self._read_parts(part for part in before if part.source != source)
            old = self._read_own(before, source)
            kept = mark_vanished(old, new, partial=partial)
            summary = count_changes(old, new, kept, partial=partial)
            known = next((part for part in before if part.source == source), None)
            if known and old is not None and known.stamp == stamp and is_same(kept, old):
                layer, merged = read_layer(self.path)[0], self._merged(source)
                several = select_joined(layer) if merged else None
                total = count_listed(layer)
                return change(summary, total=total, version=layer.version, merged=merged, several=several)
            part = write_part(self._folder, source, kept, stamp)
            layers[source] = kept
            parts = tuple(part if p.source == source else p for p in before)
            return self._commit(parts if known else (*parts, part), layers, source, summary)

    def _read_own(self, parts: Iterable[Part], source: str) -> Layer | None:
        """Return what a source gave before it gives anew; None where it gave nothing, or that is broken."""
        try:
            return self._read_parts(part for part in parts if part.source == source).get(source)
        except DataError as error:
            log.warning("what %s gave before cannot be read: %s", source, error.code)
            return None

    def remove(self, source: str) -> None:
        """Forget a source and every point that only it gave."""
        with exclusive_lock(self.path):
            before = read_manifest(self.path).parts if self.path.is_file() else ()
            parts = tuple(part for part in before if part.source != source)
            if parts != before:
                self._commit(parts, self._read_parts(parts), source, Summary())

    def undo(self) -> str | None:
        """Bring back what the source that changed last gave before; undoing twice brings the change back.

        Returns
        -------
        str or None
            The source that changed; None when there is nothing to undo.
        """
        with exclusive_lock(self.path):
            before = read_undo(self.path)
            if before is None:
                return None
            parts = {part.source: part for part in read_manifest(self.path).parts} if self.path.is_file() else {}
            order = dict.fromkeys((*(part.source for part in before.parts), *parts))
            parts.pop(before.source, None)
            parts |= {part.source: part for part in before.parts if part.source == before.source}
            kept = tuple(parts[source] for source in order if source in parts)
            if any(not (self._folder / part.file).is_file() for part in kept):
                return None
            self._commit(kept, self._read_parts(kept), before.source, Summary())
            return before.source

    def recover(self) -> None:
        """Make a layer that is lost or cannot be read again from its parts; a broken file is kept beside it."""
        if not self.path.is_file() and not self._folder.is_dir():
            return
        with exclusive_lock(self.path):
            if self.is_whole():
                return
            if self.path.is_file():
                self.path.replace(self.path.with_suffix(".broken"))
            parts = find_parts(self._folder)
            if parts:
                self._commit(parts, self._read_parts(parts), "", Summary())

    def _commit(self, parts: tuple[Part, ...], layers: Mapping[str, Layer], source: str, summary: Summary) -> Summary:
        merged = merge_parts({part.source: layers[part.source] for part in parts})
        if source and not source.startswith(BY_ITSELF):
            write_undo(self.path, source, read_manifest(self.path).parts if self.path.is_file() else ())
        self._written = True  # who writes reads the new layer next, and waits for it: no query may renew it aside
        version = write_layer(self.path, merged.layer, parts, dict(merged.joined))
        self._written = True  # a foreign file may have been taken up meanwhile
        kept = read_undo(self.path)
        remove_strangers(self.path, self._folder, (*parts, *(kept.parts if kept else ())))
        return sum_up(summary, merged, layers, source, version)

    def _merged(self, source: str) -> int:
        return read_manifest(self.path).joined.get(source, 0)


def _place_living(path: Path) -> tuple[NDArray[np.bool_], Placed]:
    """Return which rows of a layer's file have not vanished, and their places in the order of a tree."""
    layer = read_positions(path)
    living = _living(layer)
    return living, place_rows(layer.lon[living], layer.lat[living])


def _living(layer: Layer) -> NDArray[np.bool_]:
    status, words = layer.codes("status")
    return status != words.index(VANISHED) if VANISHED in words else np.ones(len(layer), bool)


def _read_rows(layer: Layer, rows: NDArray[np.int64]) -> Iterator[ServicePoint]:
    """Return the points of rows: from those the layer keeps, where they are few or it keeps all; else read in bulk."""
    if len(rows) <= FEW or layer.read_ahead():
        return map(layer.point, rows.tolist())
    return (layer if len(rows) == len(layer) else Layer(layer.table.take(to_arrow(rows)))).points()
