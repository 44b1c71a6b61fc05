"""The shipped data, built into ``LOCATOR_DATA`` when it is not there or was made of other files."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from locator.disk import FileMark, digest_file, exclusive_lock, list_modules, write_atomically, write_whole
from locator.errors import DataError
from locator.geocode.index_files import DIVISIONS, GAZETTEER_FILE, PENDING_FILE, open_data_gazetteer, was_interrupted
from locator.settings import LAYER_FILE, Settings, shipped_dir

if TYPE_CHECKING:
    from locator.layer import Layer
    from locator.model import ServicePoint
    from locator.stores import Store

_log = logging.getLogger(__name__)
SHIPPED = "shipped"
"""What the store calls the offices that ship with the program."""
_STAMP_FILE = "gazetteer.stamp"
_LOOK_FILE = "unchanged.stamp"
_BUILDERS = (
    "locator.gazetteer", "locator.ingest.validate", "locator.ingest.tables", "locator.ingest.place",
    "locator.stores.parquet",
)  # fmt: skip
"""The modules that build what is built; another version of one, or of what it imports, builds anew."""
_IMPORT = re.compile(r"^[ \t]*from[ ]+(locator[\w.]*)[ ]+import[ ]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t][^\n]*\n|\n)*", re.MULTILINE)


def ensure_data(settings: Settings) -> None:
    """Make sure that layer and gazetteer are there and made of the shipped files of today.

    The shipped offices are one source among others: imported sources stay. A layer that the operator
    named as a file (``LOCATOR_LAYER``) is the operator's own and gets no shipped offices; a database gets
    them, unless it takes no changes (a replica). The gazetteer is each machine's own, so of a database that
    another machine has filled meanwhile it is built again. Several processes may call this at once; one
    builds, the others wait.

    Raises
    ------
    DataError
        ``LOCATOR_DATA`` cannot be written, or the named layer is broken. One that is
        missing is no fault here: the first import makes it.
    """
    if _looks_unchanged(settings):
        return
    from locator.stores.parquet import ParquetStore

    stamp = shipped_stamp()
    store = open_own_store(settings, fresh=True)
    if not _is_current(settings, store, stamp):
        with _building(settings):
            if isinstance(store, ParquetStore) and _managed(settings, store):
                store.recover()
            if not _is_current(settings, store, stamp):
                _build(settings, store, stamp)
    _write_look(settings)


def _looks_unchanged(settings: Settings) -> bool:
    """Tell whether no file has changed since :func:`ensure_data` last found all in order, by sizes and times alone.

    So a command does not read every shipped file and module to learn that nothing happened. A database is asked.
    """
    if settings.layer is not None and "://" in settings.layer:
        return False
    try:
        seen = (settings.data / _LOOK_FILE).read_text("ascii")
        return seen == _look(settings) and not was_interrupted(settings)
    except (OSError, ValueError):
        return False


def _look(settings: Settings) -> str:
    """Return a hash of names, sizes and times of the program, what it ships, the layer and the gazetteer."""
    shipped, code = shipped_dir(), Path(__file__).parents[1]
    layer = settings.data / LAYER_FILE if settings.layer is None else Path(settings.layer).expanduser()
    own = [layer, settings.data / GAZETTEER_FILE, settings.data / _STAMP_FILE]
    own += sorted(layer.with_suffix(".parts").glob("*.parquet"))
    state = blake2b(digest_size=12)
    for file in own:
        found = file.stat()
        state.update(f"{file.name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    files = {str(file): file.stat() for file in _list_shipped(shipped)} | dict(list_modules(str(code)))
    for name, found in sorted(files.items()):
        changed = found.st_ctime_ns  # an installer may set the time of what it unpacks
        state.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0{changed}\0".encode())
    return state.hexdigest()


def _write_look(settings: Settings) -> None:
    with contextlib.suppress(OSError, DataError):  # a file of it may be on its way: then the next start looks closely
        write_whole(settings.data / _LOOK_FILE, _look(settings))


def open_own_store(settings: Settings, *, fresh: bool = False) -> Store:
    """Return the settings' store, also when its file is still to be made.

    Parameters
    ----------
    fresh
        Whether the file that the operator named may be made too: an import makes it.
    """
    from locator.stores import open_store
    from locator.stores.parquet import ParquetStore

    if settings.layer is None:
        return ParquetStore(settings.data / LAYER_FILE)
    path = Path(settings.layer).expanduser()
    if fresh and "://" not in settings.layer and not path.exists():
        return ParquetStore(path)
    return open_store(settings)


def shipped_stamp() -> str:
    """Return a hash of the shipped offices and gazetteer and of the code that builds from them."""
    return _stamp_of(shipped_dir())


@cache
def _stamp_of(folder: Path) -> str:
    state = blake2b(digest_size=12)
    built_by = find_imported(Path(__file__).parents[1], _BUILDERS)
    for file in (*_list_shipped(folder), *built_by):
        state.update(file.name.encode() + b"\0")
        state.update(file.read_bytes())
    return state.hexdigest()


def _list_shipped(folder: Path) -> list[Path]:
    """Return the shipped files that layer and gazetteer are built from."""
    return [file for part in ("offices/*.csv", "gazetteer/*.csv", "words/*.yaml") for file in sorted(folder.glob(part))]


def find_imported(code: Path, modules: Iterable[str]) -> list[Path]:
    """Return the files of some modules of this package and of every module that they import, however deep.

    Read from the text, imports inside functions too, so that nothing is loaded for it. A room below that is
    imported counts with all its files, for it may load them when it is asked.

    Parameters
    ----------
    code
        The folder of the package.
    modules
        Dotted names, such as ``locator.ingest.tables``.
    """
    found: set[Path] = set()
    ahead = list(modules)
    while ahead:
        for file in _files_of(code, ahead.pop()) - found:
            found.add(file)
            for module, names in _IMPORT.findall(_FOR_TYPES.sub("", file.read_text("utf-8"))):
                ahead += [module, *(f"{module}.{name}" for name in re.findall(r"\w+", names))]
    return sorted(found)


def _files_of(code: Path, module: str) -> set[Path]:
    """Return a module's file and its room's; of a room all, but of this one and of the package its own file alone."""
    path = code.joinpath(*module.split(".")[1:])
    if not path.is_dir():
        return {file for file in (path.with_suffix(".py"), path.parent / "__init__.py") if file.is_file()}
    own = path in (code, Path(__file__).parent)
    return {path / "__init__.py"} if own else set(path.rglob("*.py"))


def _managed(settings: Settings, store: Store) -> bool:
    """Tell whether the shipped offices belong into this layer: not into a file the operator named, nor a replica."""
    return settings.layer is None or ("://" in settings.layer and not store.read_only)


def _shared_version(settings: Settings, store: Store) -> str | None:
    """Return the version of a layer that other machines change too; None for this machine's own layer."""
    return store.version if settings.layer and "://" in settings.layer else None


def _is_current(settings: Settings, store: Store, stamp: str) -> bool:
    from locator.stores.parquet import ParquetStore

    try:
        layer = not _managed(settings, store) or (store.stamp(SHIPPED) == stamp and _is_whole(store))
    except DataError:
        if not isinstance(store, ParquetStore) or not _managed(settings, store):
            raise
        return False  # a broken file of ours is made again from its parts
    return (
        layer
        and _gazetteer_mark(settings) == _read_mark(settings).get("mark")
        and _read_mark(settings).get("stamp") == stamp
        and _read_mark(settings).get("layer") == _shared_version(settings, store)
        and not was_interrupted(settings)
    )


def _is_whole(store: Store) -> bool:
    """Tell whether a layer of ours and what the shipped offices gave can be read to their end."""
    from locator.stores.parquet import ParquetStore

    return not isinstance(store, ParquetStore) or (store.is_whole() and store.is_whole(SHIPPED))


def _gazetteer_mark(settings: Settings) -> str | None:
    """Return the hash of the gazetteer's file: one that is lost, cut or written over is built again."""
    return digest_file(settings.data / GAZETTEER_FILE)


def _is_gazetteer(settings: Settings, mark: Mapping[str, object]) -> bool:
    """Tell whether the gazetteer's file is the one that was noted: by its size and time, else by its hash."""
    seen = list(FileMark.of(settings.data / GAZETTEER_FILE))
    return mark.get("seen") == seen or mark.get("mark") == _gazetteer_mark(settings)


def _read_mark(settings: Settings) -> dict[str, object]:
    try:
        content = json.loads((settings.data / _STAMP_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {"stamp": None, "mark": -1}
    return content if isinstance(content, dict) else {"stamp": None, "mark": -1}


def _build(settings: Settings, store: Store, stamp: str) -> None:
    """Build gazetteer and layer: the gazetteer first, it says where the positionless offices are."""
    from locator.ingest.place import Placer, merge_placed
    from locator.layer import Layer
    from locator.stores.contents import edit_parts
    from locator.stores.parquet import ParquetStore

    shipped = load_parts()
    points = [point for part in shipped.values() for point in part]
    database = settings.layer is not None and "://" in settings.layer
    version = _shared_version(settings, store)
    parts, files = _read_sources(store, without=(SHIPPED,)) if database or settings.layer is None else ({}, None)
    offices = edit_parts({SHIPPED: Layer.from_points(points), **parts})
    rebuild_gazetteer(settings, list(offices.values()), stamp=stamp)
    if _managed(settings, store) and not (store.stamp(SHIPPED) == stamp and _is_whole(store)):
        placer = Placer(open_data_gazetteer(settings))
        store.replace(SHIPPED, merge_placed(shipped, placer), stamp=stamp)
        version = _shared_version(settings, store)
    if isinstance(store, ParquetStore) and files is not None:
        files |= {SHIPPED: store.part_files()[SHIPPED]}
    _write_mark(settings, stamp, version, indexed=files)
    if was_interrupted(settings):
        (settings.data / PENDING_FILE).unlink(missing_ok=True)


def rebuild_gazetteer(
    settings: Settings,
    layers: list[Layer],
    *,
    stamp: str | None = None,
    version: str | None = None,
    indexed: Mapping[str, str] | None = None,
) -> None:
    """Build the gazetteer of the shipped divisions, the given offices and the extracts, in place of the old one.

    Parameters
    ----------
    stamp
        The stamp of the shipped files it is built from; today's when None.
    version
        The version of the database's layer that the offices come from; None for this machine's own layer.
    indexed
        The files of the sources that the offices are from, where it can be compared with them again.
    """
    import pyarrow as pa

    from locator.gazetteer.build import build_gazetteer
    from locator.ingest.extracts import load_extracts
    from locator.layer import SCHEMA, Layer

    offices = Layer(pa.concat_tables([SCHEMA.empty_table(), *(layer.table.cast(SCHEMA) for layer in layers)]))
    extracts = load_extracts(settings.data)
    stamp = stamp or shipped_stamp()
    kept = settings.data / f"{DIVISIONS}-{stamp}.sqlite"
    if digest_file(kept) != _read_mark(settings).get("divisions"):
        kept.unlink(missing_ok=True)
    build_gazetteer(
        settings.data / GAZETTEER_FILE, shipped_dir() / "gazetteer", layer=offices, extracts=extracts, divisions=kept
    )
    for other in settings.data.glob(f"{DIVISIONS}-*.sqlite"):
        if other != kept:
            other.unlink(missing_ok=True)
    _write_mark(settings, stamp, version, divisions=digest_file(kept), indexed=indexed)


def index_offices(settings: Settings, store: Store, *, anew: bool = False) -> None:
    """Bring the offices of a store's sources into the gazetteer: what has changed of them, or all where that is more.

    What the gazetteer holds is what the sources gave when it was written; as long as the store still has that,
    the two are compared row by row. One process does so at a time: the last finds what all of them have changed.

    Parameters
    ----------
    anew
        Whether more than offices has changed: then all is built anew.
    """
    with _building(settings):
        _index_offices(settings, store, anew=anew)
        _write_look(settings)  # the next command need not look closely at what this one has just written


@contextlib.contextmanager
def _building(settings: Settings) -> Iterator[None]:
    """Let one process build at a time; what one that was killed has begun goes."""
    with exclusive_lock(settings.data / "build"):
        for begun in settings.data.glob(f".{GAZETTEER_FILE}.*.new"):
            begun.unlink(missing_ok=True)
        yield


def _index_offices(settings: Settings, store: Store, *, anew: bool) -> None:
    from locator.gazetteer.build import change_gazetteer
    from locator.gazetteer.sources import INDEXED
    from locator.layer import give_back_memory
    from locator.stores.contents import find_changed
    from locator.stores.parquet import ParquetStore

    give_back_memory()  # what reading and merging took: the index takes as much again
    if anew or not isinstance(store, ParquetStore):
        _index_all(settings, store)
        return
    mark, held = _read_mark(settings), _read_mark(settings).get("indexed")
    whole = mark.get("stamp") == shipped_stamp() and _is_gazetteer(settings, mark)
    before = store.read_files(held) if whole and isinstance(held, dict) else None
    parts, files = _read_sources(store)
    changes = None if before is None or files is None else find_changed(before, parts, INDEXED)
    try:
        if changes is not None:
            change_gazetteer(settings.data / GAZETTEER_FILE, *changes)
            _write_mark(settings, shipped_stamp(), None, indexed=files)
            return
    except DataError as error:
        if error.code != "gazetteer_build":
            raise
        _log.warning("the index is built anew: %s", error)
    _index_all(settings, store)


def _index_all(settings: Settings, store: Store) -> None:
    from locator.stores.contents import edit_parts

    version = _shared_version(settings, store)  # before its offices: what comes later is not among them
    parts, files = _read_sources(store)
    rebuild_gazetteer(settings, list(edit_parts(parts).values()), version=version, indexed=files)


def _read_sources(store: Store, *, without: tuple[str, ...] = ()) -> tuple[Mapping[str, Layer], dict[str, str] | None]:
    """Return what the sources of a store gave and the files that it stands in; None for a database, which has none."""
    from locator.stores.parquet import TRIES, ParquetStore

    if isinstance(store, ParquetStore):
        for _ in range(TRIES):  # an import may replace one of them between the two looks
            files = {source: file for source, file in store.part_files().items() if source not in without}
            parts = store.read_files(files)
            if parts is not None:
                return parts, files
    return store.parts(without=without), None


def _write_mark(settings: Settings, stamp: str, version: str | None, **more: object) -> None:
    """Note what the index was built from; what is not said of the index of the divisions is as it was."""
    more = {"divisions": _read_mark(settings).get("divisions"), **more}
    seen = FileMark.of(settings.data / GAZETTEER_FILE)
    mark = {"stamp": stamp, "mark": _gazetteer_mark(settings), "seen": seen, "layer": version, **more}
    with write_atomically(settings.data / _STAMP_FILE) as draft:
        draft.write_text(json.dumps(mark), "utf-8")


def load_parts() -> dict[str, list[ServicePoint]]:
    """Return the shipped offices by the file they are from: each file is a source of its own.

    Raises
    ------
    DataError
        A shipped row has a fault (the tests would have told).
    """
    from locator.ingest.tables import TableSource
    from locator.ingest.validate import Checker

    checker = Checker()
    files = sorted((shipped_dir() / "offices").glob("*.csv"))
    parts = {file.stem: list(checker.check(TableSource(str(file), name=SHIPPED).records())) for file in files}
    faults = [reject for reject in checker.rejects if reject.severity != "doubt"]
    if faults:
        first = faults[0]
        where = f"{first.file}, row {first.row}, {first.column}: {first.code}"
        raise DataError(f"the shipped offices have a fault: {where}", code="shipped_fault", where=where)
    return parts
