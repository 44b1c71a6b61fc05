"""A reply written to a file, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from locator.errors import DataError

if TYPE_CHECKING:
    from locator.http.call import Call
    from locator.http.transport import Reply

type Progress = Callable[[int, int | None], None]
"""Told the bytes so far, and the total (None when the service does not say)."""


def store(call: Call, reply: Reply, path: Path, progress: Progress, checksum: str | None) -> Path:
    """Write the reply beside ``path``, compare it, and put it in place."""
    algorithm, _, expected = (checksum or "sha256:").partition(":")
    seen = hashlib.new(algorithm, usedforsecurity=False)
    announced = reply.headers.get("content-length", "")
    total, done = int(announced) if announced.isdigit() else None, 0
    with _disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in reply.pieces(call.max_bytes):
                with _disk(path):
                    file.write(piece)
                seen.update(piece)
                done += len(piece)
                progress(done, total)
        if expected and seen.hexdigest() != expected.lower():
            raise call.reply_error("a file that is not what its checksum says", "service_checksum")
        with _disk(path):
            part.chmod(0o644)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}", code="not_writable", path=str(path)) from error
