"""Writing a file so that it is there whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from locator.errors import DataError


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold a file's lock against every other process and thread; wait for whoever has it.

    The lock is a file of its own beside ``path`` and is let go when the process ends, however it ends.
    """
    import fcntl

    lock = path.with_name(path.name + ".lock")
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the disk says into one error that names the file."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno is None and not isinstance(error, pa.ArrowException):
            raise
        raise DataError(f"{path} cannot be written: {error}", code="data_write", path=str(path)) from error


@contextlib.contextmanager
def write_atomically(path: Path, *, name: Callable[[Path], Path] | None = None) -> Iterator[Path]:
    """Give a file to write beside ``path``, and put it in ``path``'s place when all of it is on the disk.

    Parameters
    ----------
    name
        Says from what was written where it goes, when that is not ``path`` itself.

    Raises
    ------
    DataError
        Nothing could be written (disk full, no right); what was at ``path`` is untouched.
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
    draft = Path(made)
    try:
        with _told(path):
            yield draft
            _sync(draft)
            draft.chmod(0o644)
            draft.replace(name(draft) if name else path)
            _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
