"""The files of the place index in a data folder: who opens them, who builds them, and what says that they are behind.

Divisions and offices answer at once; the shipped places are built in the background, their names answer a minute later.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from locator import gazetteer
from locator.disk import (
    FileMark,
    digest_file,
    exclusive_lock,
    free_bytes,
    lock_file,
    shared_lock,
    try_lock,
    write_whole,
)
from locator.errors import DataError
from locator.gazetteer.schema import PLACES_FILE, VERSION
from locator.settings import LAYER_FILE, shipped_dir

if TYPE_CHECKING:
    from locator.gazetteer.query import Gazetteer
    from locator.settings import Settings

GAZETTEER_FILE = "gazetteer.sqlite"
"""Divisions, offices and imports."""
DIVISIONS = "divisions"
"""The start of the file that an index of the divisions alone is kept in, so that an import need not make it again."""
NAMES_FOLDER = "extracts"
"""What imports of names have read, one file for each source: the gazetteer is built of them again."""
PENDING_FILE = "gazetteer.pending"
"""The note that :func:`note_pending` keeps."""
_log = logging.getLogger(__name__)
_NICE = 10
"""The build gives way to processes that answer meanwhile."""
_NOTE_FILE = "places.stamp"
"""Size, time and hash of the index as it was built."""
_BUILDERS = ("build.py", "schema.py", "sources.py", "text.py", "deletion_index.py", "divisions.py")
"""The modules of the gazetteer whose change builds the places anew."""


def places_file(data: Path) -> Path:
    """Return where the index of today's shipped places is, or will be, in a data folder."""
    return _file_of(data, shipped_dir())


@cache
def _file_of(data: Path, shipped: Path) -> Path:
    return data / f"places-{_stamp_of(shipped)}.sqlite"


@cache
def _stamp_of(folder: Path) -> str:
    state = blake2b(str(VERSION).encode(), digest_size=12)
    code = Path(gazetteer.__file__).parent
    for file in (folder / "gazetteer" / PLACES_FILE, *(code / name for name in _BUILDERS)):
        state.update(file.read_bytes() if file.is_file() else b"")
    return state.hexdigest()


def built_places(data: Path) -> Path | None:
    """Return the index of the shipped places of a data folder, or None while it is not there."""
    path = places_file(data)
    return path if path.is_file() else None


def ensure_places(data: Path) -> Path | None:
    """Build the index of the shipped places where it is missing; wait for a build that is already running.

    Returns
    -------
    pathlib.Path or None
        None where the program ships no places.

    Raises
    ------
    DataError
        The shipped file is broken, or the folder cannot be written.
    """
    from locator.gazetteer.build import build_places

    path = places_file(data)
    if not (shipped_dir() / "gazetteer" / PLACES_FILE).is_file():
        return None
    with exclusive_lock(data / "places"):
        if not path.is_file():
            build_places(path, shipped_dir() / "gazetteer")
            _note(path)
        for other in data.glob("places-*.sqlite"):
            if other != path:
                other.unlink(missing_ok=True)
    return path


def _note(path: Path) -> None:
    """Record what an index is; if that cannot be written, later damage to it goes unnoticed."""
    mark = FileMark.of(path)
    with contextlib.suppress(DataError):
        write_whole(path.with_name(_NOTE_FILE), json.dumps([mark.size, mark.changed_ns, digest_file(path)]))


def _is_as_built(path: Path) -> bool:
    """Tell whether an index is what was built; it is read only where its size or time have changed."""
    try:
        size, changed_ns, digest = json.loads(path.with_name(_NOTE_FILE).read_text("utf-8"))
    except (OSError, ValueError, TypeError):
        return True
    mark = FileMark.of(path)
    if (mark.size, mark.changed_ns) == (size, changed_ns):
        return True
    if digest_file(path) != digest:
        return False
    _note(path)
    return True


def describe_places(settings: Settings) -> str:
    """Return ``built``, ``not_yet`` (divisions and offices answer meanwhile) or ``off`` for the shipped places."""
    if built_places(settings.data) is not None:
        return "built"
    return "off" if settings.places == "off" else "not_yet"


def start_places(settings: Settings) -> bool:
    """Have the index of the shipped places built by another process, if it is missing; tell whether it is.

    The other process goes on when this one ends, so that a command that answers in a moment does not wait for it;
    of several only one builds. ``LOCATOR_PLACES=off`` starts none.
    """
    built = built_places(settings.data)
    if built is not None and not _is_as_built(built):
        built.unlink(missing_ok=True)
        built = None
    if settings.places == "off" or built is not None:
        return False
    _spawn(settings.data)
    return True


def _spawn(data: Path) -> None:
    """Start the build, out of this process's session and terminal."""
    import subprocess

    silent = subprocess.DEVNULL
    command = [sys.executable, "-m", __name__, str(data)]
    process = subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True)  # noqa: S603 - our own module
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie in a server


# --- the index of divisions, offices and imports


def gazetteer_version(settings: Settings) -> tuple[FileMark, FileMark]:
    """Return the marks of the gazetteer and of the shipped places, which change after an import or a build."""
    index = os.path.join(settings.data, GAZETTEER_FILE)  # noqa: PTH118 - made for each search
    return FileMark.of(index), FileMark.of(places_file(settings.data))


def open_data_gazetteer(settings: Settings) -> Gazetteer:
    """Return the gazetteer that ``ensure_data`` built, with the shipped places once they are built.

    Raises
    ------
    DataError
        It is missing or broken.
    """
    from locator.gazetteer.query import open_gazetteer

    path, places = settings.data / GAZETTEER_FILE, built_places(settings.data)
    alone = open_gazetteer(path)
    if places is None:
        return alone
    try:
        return open_gazetteer(path, places)
    except DataError as error:
        _log.warning("the shipped places are built again at the next start: %s", error)
        places.unlink(missing_ok=True)
        return alone


@contextlib.contextmanager
def note_pending(settings: Settings) -> Iterator[None]:
    """Keep a note while offices are in the layer that the gazetteer does not know yet.

    A process that is killed in between, or fails with something changed, leaves the note, and the next start builds the
    gazetteer again. Several may be at work at once: each holds the note's lock, which ends with the process, and the
    last takes the note away.

    Raises
    ------
    DataError
        The disk has no room for the gazetteer that will be built: nothing has been changed yet.
    """
    index = settings.data / GAZETTEER_FILE
    if free_bytes(index) < _room_of_build(settings):
        raise DataError(f"{index} cannot be built: the disk is full", code="disk_full", path=str(index))
    note = settings.data / PENDING_FILE
    with shared_lock(note) as handle:
        write_whole(note, str(os.getpid()))
        before, done = _built_of(settings), False
        try:
            yield
            done = True
        finally:
            if (done or _built_of(settings) == before) and try_lock(handle):
                note.unlink(missing_ok=True)


def _built_of(settings: Settings) -> object:
    """Return what the gazetteer would be built of, as it stands; never twice the same for a database's layer."""
    if settings.layer is not None and "://" in settings.layer:
        return object()
    layer = Path(settings.layer) if settings.layer else settings.data / LAYER_FILE
    names = sorted((settings.data / NAMES_FOLDER).glob("*"))
    return FileMark.of(layer), tuple((path.name, FileMark.of(path)) for path in names)


def _room_of_build(settings: Settings) -> int:
    """Return the bytes that the gazetteer of tomorrow takes beside that of today, and the layer beside the old one."""
    index = FileMark.of(settings.data / GAZETTEER_FILE).size
    divisions = 0 if any(settings.data.glob(f"{DIVISIONS}-*.sqlite")) else index
    return index + index // 4 + divisions + 3 * FileMark.of(settings.data / LAYER_FILE).size


def was_interrupted(settings: Settings) -> bool:
    """Tell whether an import left its note and is no longer at work; its number may be another process's by now."""
    note = settings.data / PENDING_FILE
    if not note.is_file():
        return False
    try:
        handle = os.open(lock_file(note), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return try_lock(handle)
    finally:
        os.close(handle)


def main() -> None:
    """Build the shipped places of the data folder that is named."""
    os.nice(_NICE)
    ensure_places(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
