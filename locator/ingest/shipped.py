"""The shipped data, built into ``LOCATOR_DATA`` when it is not there or was made of other files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from locator.errors import DataError
from locator.gazetteer import build_gazetteer, open_gazetteer
from locator.ingest.placing import Placer
from locator.layer import Layer
from locator.settings import Settings, shipped_dir
from locator.sources import open_source
from locator.stores import Store, open_store
from locator.stores.files import hold_lock, write_atomically
from locator.stores.parquet import FILE, ParquetStore
from locator.validate import RawRecord, check_records

if TYPE_CHECKING:
    from locator.gazetteer import Gazetteer
    from locator.model import ServicePoint

SHIPPED = "shipped"
"""What the store calls the offices that ship with the program."""
GAZETTEER_FILE = "gazetteer.sqlite"
_STAMP_FILE = "gazetteer.stamp"
_BUILDERS = (
    "gazetteer",
    "ingest",
    "validate",
    "merge.py",
    "layer.py",
    "datum.py",
    "stores/files.py",
    "sources/tables.py",
)
"""The code that what is built depends on: another version of it builds anew."""


def ensure_data(settings: Settings) -> None:
    """Make sure that layer and gazetteer are there and made of the shipped files of today.

    The shipped offices are one source among others: imported sources stay. A layer that the operator
    named as a file (``LOCATOR_LAYER``) is the operator's own and gets no shipped offices. Several
    processes may call this at once; one builds, the others wait.

    Raises
    ------
    DataError
        ``LOCATOR_DATA`` cannot be written, or the named layer is missing or broken.
    """
    stamp = shipped_stamp()
    store = open_own_store(settings)
    if _is_current(settings, store, stamp):
        return
    with hold_lock(settings.data / "build"):
        if isinstance(store, ParquetStore) and _managed(settings):
            store.recover()
        if not _is_current(settings, store, stamp):
            _build(settings, store, stamp)


def open_own_store(settings: Settings) -> Store:
    """Return the settings' store, also when its file is still to be made."""
    return ParquetStore(settings.data / FILE) if settings.layer is None else open_store(settings)


def open_data_gazetteer(settings: Settings) -> Gazetteer:
    """Return the gazetteer that :func:`ensure_data` built.

    Raises
    ------
    DataError
        It is missing or broken.
    """
    return open_gazetteer(settings.data / GAZETTEER_FILE)


def shipped_stamp() -> str:
    """Return a hash of the shipped offices and gazetteer and of the code that builds from them."""
    return _stamp_of(shipped_dir())


@cache
def _stamp_of(folder: Path) -> str:
    state = blake2b(digest_size=12)
    code = Path(__file__).parents[1]
    built_by = [file for name in _BUILDERS for file in _files_of(code / name)]
    for file in (*sorted(folder.glob("offices/*.csv")), *sorted(folder.glob("gazetteer/*.csv")), *built_by):
        state.update(file.name.encode() + b"\0")
        state.update(file.read_bytes())
    return state.hexdigest()


def _files_of(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _managed(settings: Settings) -> bool:
    """Tell whether the shipped offices belong into this layer: not into a file the operator named."""
    return settings.layer is None or "://" in settings.layer


def _is_current(settings: Settings, store: Store, stamp: str) -> bool:
    try:
        layer = not _managed(settings) or store.stamp(SHIPPED) == stamp
    except DataError:
        if not isinstance(store, ParquetStore) or not _managed(settings):
            raise
        return False  # a broken file of ours is made again from its parts
    return (
        layer
        and _gazetteer_mark(settings) == _read_mark(settings).get("mark")
        and _read_mark(settings)["stamp"] == stamp
    )


def _gazetteer_mark(settings: Settings) -> int | None:
    """Return the size of the gazetteer's file: a lost or cut one is built again."""
    try:
        return (settings.data / GAZETTEER_FILE).stat().st_size
    except OSError:
        return None


def _read_mark(settings: Settings) -> dict[str, object]:
    try:
        content = json.loads((settings.data / _STAMP_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {"stamp": None, "mark": -1}
    return content if isinstance(content, dict) else {"stamp": None, "mark": -1}


def _build(settings: Settings, store: Store, stamp: str) -> None:
    """Build gazetteer and layer: the gazetteer first, it says where the positionless offices are."""
    points = load_shipped_points()
    others = [layer for name, layer in store.parts().items() if name != SHIPPED] if _managed(settings) else []
    rebuild_gazetteer(settings, [Layer.from_points(points), *others], stamp=stamp)
    if _managed(settings):
        placer = Placer(open_data_gazetteer(settings))
        store.replace(SHIPPED, [placer.place(point) for point in points], stamp=stamp)


def rebuild_gazetteer(settings: Settings, layers: list[Layer], *, stamp: str | None = None) -> None:
    """Build the gazetteer of the shipped divisions and the given offices, in place of the old one."""
    import pyarrow as pa

    from locator.layer import SCHEMA

    offices = Layer(pa.concat_tables([SCHEMA.empty_table(), *(layer.table.cast(SCHEMA) for layer in layers)]))
    build_gazetteer(settings.data / GAZETTEER_FILE, shipped_dir() / "gazetteer", layer=offices)
    mark = {"stamp": stamp or shipped_stamp(), "mark": _gazetteer_mark(settings)}
    with write_atomically(settings.data / _STAMP_FILE) as draft:
        draft.write_text(json.dumps(mark), "utf-8")


def load_shipped_points() -> list[ServicePoint]:
    """Return the shipped offices as their sources place them.

    Raises
    ------
    DataError
        A shipped row has a fault (the tests would have told).
    """
    checked = check_records(_shipped_records())
    faults = [reject for reject in checked.rejects if reject.severity != "doubt"]
    if faults:
        first = faults[0]
        where = f"{first.file}, row {first.row}, {first.column}: {first.code}"
        raise DataError(f"the shipped offices have a fault: {where}", code="shipped_fault", where=where)
    return checked.points


def _shipped_records() -> Iterator[RawRecord]:
    for path in sorted((shipped_dir() / "offices").glob("*.csv")):
        yield from open_source("table", str(path), name=SHIPPED).records()
