"""How far a batch has come, kept on disk: the next run continues there, whatever ended the last one.

Output and rejects grow in ``….part`` files; after each block the checkpoint, a small file replaced in
one step, says how long each is and how far the input was read. What lies beyond is cut off on resuming.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Buffer
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from locator.disk import to_data_error, try_lock, write_whole
from locator.errors import InvalidInput

_COPIED = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is done."""

    question: str
    """What the run was asked: file, columns, limit … A checkpoint of another question is not continued."""
    read: int
    """The byte of the input at which the next record begins."""
    written: int = 0
    """How long the output is, in bytes."""
    rejected: int = 0
    """How long the reject file is, in bytes."""
    rows: int = 0
    answered: int = 0
    refused: int = 0
    version: str | None = None
    """The layer's version, known after the first block."""
    done: bool = False


class Checkpoint:
    """The output, the reject file and the record of both, kept in step. Use as a context.

    Raises
    ------
    InvalidInput
        An unfinished run of another question is in the way, or another process is writing.
    DataError
        The files cannot be written.
    """

    def __init__(self, target: Path, rejects: Path, first: Progress, *, fresh: bool) -> None:
        self.target, self.rejects = target, rejects
        self._paths = (_beside(target, ".part"), _beside(rejects, ".part"))
        self._record = _beside(target, ".progress.json")
        self.spool_dir = _beside(target, ".blocks")
        """A folder for answers on their way into the output; gone when a run starts and when it has ended."""
        self._streams: list[IO[bytes]] = []
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            rejects.parent.mkdir(parents=True, exist_ok=True)
            for path in self._paths:
                path.touch()
            self._streams = [path.open("r+b", buffering=0) for path in self._paths]
            self._lock()
            shutil.rmtree(self.spool_dir, ignore_errors=True)
            self.progress = first if fresh else self._resume(first)
            for stream, length in zip(self._streams, (self.progress.written, self.progress.rejected), strict=True):
                if not self.progress.done:
                    stream.truncate(length)
                    stream.seek(length)
        except OSError as error:
            self.close()
            raise to_data_error(error, target, code="not_writable") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lock(self) -> None:
        if not try_lock(self._streams[0].fileno()):
            message = f"another batch is writing {self.target}"
            raise InvalidInput(message, code="batch_running", path=str(self.target))

    def _resume(self, first: Progress) -> Progress:
        try:
            found = Progress(**json.loads(self._record.read_text("utf-8")))
        except FileNotFoundError:
            return first
        except (ValueError, TypeError):
            return first
        if found.question != first.question:
            message = f"{self._record} belongs to an unfinished batch of another question: finish or delete it"
            raise InvalidInput(message, code="batch_other", path=str(self._record))
        lengths = [path.stat().st_size for path in self._paths]
        return found if found.done or (lengths[0] >= found.written and lengths[1] >= found.rejected) else first

    def add(self, lines: Buffer | Path, rejects: bytes, after: Progress) -> None:
        """Append a block's lines (or those of a file, which goes) and rejects, then record that it is done.

        Raises
        ------
        DataError
            The disk is full, or the file cannot be written.
        """
        try:
            for stream, content in zip(self._streams, (lines, rejects), strict=True):
                _append(stream, content)
            written, rejected = (stream.tell() for stream in self._streams)
            self._note(replace(after, written=written, rejected=rejected))
        except OSError as error:
            raise to_data_error(error, self.target, code="not_writable") from error

    def _note(self, progress: Progress) -> None:
        write_whole(self._record, json.dumps(asdict(progress)))
        self.progress = progress

    def finish(self) -> None:
        """Put the whole output and the rejects in their places and drop the checkpoint.

        Raises
        ------
        DataError
            The disk is full, or the file cannot be written.
        """
        try:
            if not self.progress.done:
                for stream in self._streams:
                    os.fsync(stream.fileno())
                self._note(replace(self.progress, done=True))
            for path, final, length in zip(
                self._paths, (self.target, self.rejects), (self.progress.written, self.progress.rejected), strict=True
            ):
                if path.stat().st_size == length:  # else it was moved before, and this is an empty new one
                    path.replace(final)
                else:
                    path.unlink()
            self._record.unlink(missing_ok=True)
        except OSError as error:
            raise to_data_error(error, self.target, code="not_writable") from error

    def close(self) -> None:
        """Close the files; what is recorded stays for the next run."""
        for stream in self._streams:
            stream.close()


def _append(stream: IO[bytes], content: Buffer | Path) -> None:
    if isinstance(content, Path):
        with content.open("rb", buffering=0) as source:
            _copy(source, stream)
        content.unlink()
        return
    left = memoryview(content)
    while left:
        left = left[stream.write(left) :]


def _copy(source: IO[bytes], stream: IO[bytes]) -> None:
    """Append a file without bringing it into this process, as far as the system can."""
    with suppress(AttributeError, OSError):
        while os.copy_file_range(source.fileno(), stream.fileno(), _COPIED):
            pass
    while some := source.read(_COPIED):
        _append(stream, some)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
