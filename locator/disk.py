"""Writing a file so that it is there whole or not at all, one writer at a time, and saying why when it cannot be.

Everything the program keeps is written through here: beside its final name first, brought to the disk, then
put in place in one step. A reader sees the old file or the new one, also while it is written and after a loss of power.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from locator.errors import DataError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a system says when there is no room: on the disk, in the person's share of it, or for a file that large."""
_SQLITE_FULL = 13
"""``sqlite3.SQLITE_FULL``, without the library."""
_NO_ROOM = 1 << 20
"""Bytes: with less a library that does not say why it could not write had none."""
ABANDONED_S = 86_400.0
"""A draft that was not written to for a day is left from a killed process."""
READABLE = 0o644
"""Everybody may read, the owner may write."""


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that there is no room, as the system or SQLite says it."""
    full = isinstance(error, OSError) and error.errno in FULL
    return full or getattr(error, "sqlite_errorcode", None) == _SQLITE_FULL


def free_bytes(path: Path) -> int:
    """Return the free bytes on the disk of a file, which need not exist; ``sys.maxsize`` where that is not known."""
    folder = next((above for above in (path, *path.parents) if above.is_dir()), None)
    try:
        return shutil.disk_usage(folder).free if folder else sys.maxsize
    except OSError:
        return sys.maxsize


def to_data_error(error: BaseException, path: Path, *, code: str = "data_write") -> DataError:
    """Return what to tell of a failed write: no room on the disk, or the reason the system gives.

    Parameters
    ----------
    code
        The sentence for every reason but a full disk: ``data_write`` where what was there before is untouched,
        ``not_writable`` where there was nothing.
    """
    if is_full(error) or (getattr(error, "errno", None) is None and free_bytes(path) < _NO_ROOM):
        return DataError(f"{path} cannot be written: the disk is full", code="disk_full", path=str(path))
    why = getattr(error, "strerror", None) or error
    return DataError(f"{path} cannot be written: {why}", code=code, path=str(path))


@contextlib.contextmanager
def wrap_os_errors(path: Path, *, code: str = "data_write", also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn what the system says of a write into one :class:`DataError` that names the file.

    Parameters
    ----------
    code
        As in :func:`to_data_error`.
    also
        Errors of a library that writes files and has classes of its own for it.

    Raises
    ------
    DataError
        Something in the block could not be written.
    """
    caught: tuple[type[Exception], ...] = (OSError, *also)
    try:
        yield
    except caught as error:
        if isinstance(error, OSError) and error.errno is None and not isinstance(error, also):
            raise  # no system's error: raised by a library for reasons of its own
        raise to_data_error(error, path, code=code) from error


def try_lock(handle: int) -> bool:
    """Lock an open file against every other process, and tell whether that was possible at once.

    The lock ends when the handle is closed, or with the process.
    """
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold a file's lock against every other process and thread; wait until it is free.

    The lock is a file of its own beside ``path`` and is released when the process ends, however it ends.

    Raises
    ------
    DataError
        The lock's file cannot be made.
    """
    import fcntl

    with _lock(path, fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def shared_lock(path: Path) -> Iterator[int]:
    """Hold a file's lock together with others who share it; give its handle, which :func:`try_lock` takes.

    Raises
    ------
    DataError
        The lock's file cannot be made.
    """
    import fcntl

    with _lock(path, fcntl.LOCK_SH) as handle:
        yield handle


@contextlib.contextmanager
def _lock(path: Path, how: int) -> Iterator[int]:
    import fcntl

    with wrap_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, READABLE)
    try:
        fcntl.flock(handle, how)
        yield handle
    finally:
        os.close(handle)


def lock_file(path: Path) -> Path:
    """Return the file beside another whose lock stands for it."""
    return path.with_name(path.name + ".lock")


@contextlib.contextmanager
def write_atomically(
    path: Path,
    *,
    name: Callable[[Path], Path] | None = None,
    mode: int = READABLE,
    code: str = "data_write",
    also: tuple[type[Exception], ...] = (),
) -> Iterator[Path]:
    """Give a file to write beside ``path``, and put it in ``path``'s place when all of it is on the disk.

    Parameters
    ----------
    name
        Returns from what was written where it goes, when that is not ``path`` itself.
    mode
        The rights of the file.
    code, also
        As in :func:`wrap_os_errors`.

    Raises
    ------
    DataError
        Nothing could be written (disk full, no right); what was at ``path`` is untouched.
    """
    with wrap_os_errors(path, code=code):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_drafts(path, older_than_s=ABANDONED_S)
        handle, made = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
    draft = Path(made)
    try:
        with wrap_os_errors(path, code=code, also=also):
            yield draft
            sync(draft)
            draft.chmod(mode)
            draft.replace(name(draft) if name else path)
            sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(path: Path, *, older_than_s: float = -math.inf) -> None:
    """Remove what killed processes left of writing a file; all of it only where a lock keeps other writers out.

    Parameters
    ----------
    older_than_s
        Only drafts that were not written to for so many seconds.
    """
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with contextlib.suppress(OSError):  # its writer has just put it in place, or it is somebody else's
            if time.time() - draft.stat().st_mtime > older_than_s:
                draft.unlink()


def write_whole(path: Path, content: bytes | str, *, mode: int = READABLE) -> None:
    """Write a file's whole content (text as UTF-8), in place in one step.

    Raises
    ------
    DataError
        It could not be written; what was at ``path`` is untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with write_atomically(path, mode=mode) as draft:
        draft.write_bytes(data)


def digest_file(path: Path) -> str | None:
    """Return a hash of a file's content, by which it is known again; None for a file that is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=12)).hexdigest()
    except OSError:
        return None


class FileMark(NamedTuple):
    """What tells a file from another at the same place, without reading it."""

    inode: int = 0
    size: int = 0
    changed_ns: int = 0

    @classmethod
    def of(cls, path: Path | str | None) -> FileMark:
        """Return the mark of a file; all zeros where there is none."""
        try:
            stat = os.stat(path) if path else None  # noqa: PTH116 - a Path would be taken apart for each search
        except OSError:
            stat = None
        return cls(stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat else cls()

    def overwritten_as(self, now: FileMark) -> bool:
        """Tell whether the file was written over where it lies, as nothing in this program does: it is damaged."""
        return now != self and now.inode == self.inode and bool(now.inode)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def list_modules(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the modules in a folder and below: every command looks at them, and pathlib takes ten times as long."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat()
            elif "." not in entry.name and not entry.name.startswith("__") and entry.is_dir():
                yield from list_modules(entry.path)
